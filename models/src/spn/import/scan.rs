//! Reading text by hand: position, numbers, lists, and errors with line and column.

use crate::spn::error::ImportError;
use crate::spn::graph::MAX_VALUES;

/// A place in a text. Never between the bytes of a character where it starts to read one.
#[derive(Clone, Debug)]
pub(super) struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    pub(super) const fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// Bytes read.
    pub(super) const fn offset(&self) -> usize {
        self.at
    }

    /// What is left.
    pub(super) fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Skips white space; what comes then.
    pub(super) fn peek(&mut self) -> Option<char> {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
        self.rest().chars().next()
    }

    /// Skips white space and, if it comes then, `c`.
    pub(super) fn eat(&mut self, c: char) -> bool {
        let found = self.peek() == Some(c);
        if found {
            self.at += c.len_utf8();
        }
        found
    }

    /// Skips white space and `c`.
    pub(super) fn expect(&mut self, c: char) -> Result<(), ImportError> {
        match self.eat(c) {
            true => Ok(()),
            false => Err(self.expected(&format!("`{c}`"))),
        }
    }

    /// Characters up to the first that `stop` names, which must come; they may be none.
    pub(super) fn until(&mut self, stop: impl Fn(char) -> bool) -> Result<&'a str, ImportError> {
        let rest = self.rest();
        let Some(length) = rest.find(stop) else {
            self.at = self.text.len();
            return Err(self.error("the text ends in a name"));
        };
        self.at += length;
        Ok(rest.get(..length).unwrap_or_default())
    }

    /// Letters, digits and underscores; they may be none.
    pub(super) fn word(&mut self) -> &'a str {
        self.peek();
        let rest = self.rest();
        let inside = |c: char| c.is_alphanumeric() || c == '_';
        let length = rest.find(|c| !inside(c)).unwrap_or(rest.len());
        self.at += length;
        rest.get(..length).unwrap_or_default()
    }

    /// Whether a number comes.
    pub(super) fn number_follows(&mut self) -> bool {
        matches!(self.peek(), Some('0'..='9' | '-' | '+' | '.')) || self.rest().starts_with("np.")
    }

    /// A finite number, as Python writes one: also `np.float64(0.5)`.
    pub(super) fn number(&mut self) -> Result<f64, ImportError> {
        self.peek();
        let start = self.clone();
        let wrapped = self.rest().starts_with("np.");
        if wrapped {
            self.until(|c| c == '(')?;
            self.expect('(')?;
            self.peek();
        }
        let rest = self.rest();
        let inside = |c: char| matches!(c, '0'..='9' | '-' | '+' | '.' | 'e' | 'E');
        let length = rest.find(|c| !inside(c)).unwrap_or(rest.len());
        let digits = rest.get(..length).unwrap_or_default();
        let value: Option<f64> = digits.parse().ok().filter(|value: &f64| value.is_finite());
        let Some(value) = value else {
            return Err(start.expected("a finite number"));
        };
        self.at += length;
        if wrapped {
            self.expect(')')?;
        }
        Ok(value)
    }

    /// Numbers in brackets, between commas or (as numpy writes them) white space alone.
    pub(super) fn list(&mut self) -> Result<Vec<f64>, ImportError> {
        self.expect('[')?;
        let mut values = Vec::new();
        while !self.eat(']') {
            if self.rest().starts_with("..") {
                return Err(self.error(
                    "numbers are left out (`...`): numpy shortens long arrays; export JSON with models/spn-export instead",
                ));
            }
            // One border more than values.
            if values.len() > MAX_VALUES {
                return Err(self.error(&format!("more than {MAX_VALUES} numbers in a list")));
            }
            values.push(self.number()?);
            self.eat(',');
        }
        Ok(values)
    }

    /// The error that something else should come here.
    pub(super) fn expected(&self, what: &str) -> ImportError {
        let found = match self.rest().trim_start().chars().next() {
            Some(_) => {
                let text = self.rest().trim_start();
                format!("{:?}", text.chars().take(12).collect::<String>())
            }
            None => "the end".into(),
        };
        self.error(&format!("expected {what}, found {found}"))
    }

    /// An error here.
    pub(super) fn error(&self, problem: &str) -> ImportError {
        let (line, column) = place(self.text, self.at);
        ImportError::Text {
            line,
            column,
            problem: problem.into(),
        }
    }
}

/// Line and column of a byte, from 1.
pub(super) fn place(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line = before
        .rfind('\n')
        .map_or(before, |end| before.get(end + 1..).unwrap_or_default());
    let lines = before.bytes().filter(|&b| b == b'\n').count();
    (lines + 1, line.chars().count() + 1)
}
