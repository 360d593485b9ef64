//! Wiring templates together.

use super::segments::Budget;
use super::{
    Constant, KnownWord, MAX_WORD_BITS, Operation, Program, Secret, Source, TemplateId, Value, Word,
};
use crate::Error;
use crate::circuit::Template;
use std::sync::Mutex;

/// Records what is applied to what. Every word that an operation reads has been made before: so there are no cycles.
#[derive(Debug, Default)]
pub struct ProgramBuilder {
    templates: Vec<Template>,
    words: Vec<Word>,
    operations: Vec<Operation>,
    operands: Vec<usize>,
    known: Vec<KnownWord>,
    inputs: Vec<usize>,
    secrets: Vec<usize>,
    constants: Vec<usize>,
    input_bits: usize,
    wires: usize,
    /// A word whose length is out of range, until [`ProgramBuilder::build`] says so.
    bad_length: Option<usize>,
}

/// Not a word of this program.
const FOREIGN: Error = Error::Circuit {
    what: "a template or word is of another program",
};

impl ProgramBuilder {
    /// An empty program.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a circuit for use in [`ProgramBuilder::apply`]. Equal circuits have one number.
    pub fn template(&mut self, template: Template) -> TemplateId {
        let found = self.templates.iter().position(|t| *t == template);
        TemplateId(found.unwrap_or_else(|| {
            self.templates.push(template);
            self.templates.len() - 1
        }))
    }

    /// The next word of the evaluator: one a row, 1 to [`MAX_WORD_BITS`] bits.
    pub fn input(&mut self, bits: usize) -> Value {
        self.check_length(bits);
        let first = self.input_bits;
        self.inputs.push(bits);
        self.input_bits = first.saturating_add(bits);
        self.push(Source::Input { first }, bits)
    }

    /// The next word of the garbler of a row, 1 to [`MAX_WORD_BITS`] bits.
    pub fn secret(&mut self, bits: usize) -> Secret {
        self.check_length(bits);
        self.secrets.push(bits);
        Secret(self.secrets.len() - 1)
    }

    /// The next word of the garbler that is the same in every row, 1 to [`MAX_WORD_BITS`] bits.
    pub fn constant(&mut self, bits: usize) -> Constant {
        self.check_length(bits);
        self.constants.push(bits);
        Constant(self.constants.len() - 1)
    }

    /// Applies a template: its inputs are the bits of `inputs` one after the other, its known bits those of `known`; its outputs are
    /// cut into words of `output_bits`, which are returned.
    ///
    /// # Errors
    /// [`Error::Length`] if the bits are not as many as the template has, or a word of `output_bits` is empty or too long;
    /// [`Error::Circuit`] if something is of another program.
    pub fn apply(
        &mut self,
        template: TemplateId,
        inputs: &[Value],
        known: &[KnownWord],
        output_bits: &[usize],
    ) -> Result<Vec<Value>, Error> {
        let circuit = self.templates.get(template.0).ok_or(FOREIGN)?;
        let mut bits = 0usize;
        for value in inputs {
            bits += self.words.get(value.0).ok_or(FOREIGN)?.bits;
        }
        let mut known_bits = 0usize;
        for word in known {
            known_bits += match word {
                KnownWord::Secret(s) => self.secrets.get(s.0).ok_or(FOREIGN)?,
                KnownWord::Constant(c) => self.constants.get(c.0).ok_or(FOREIGN)?,
            };
        }
        if let Some(bits) = output_bits.iter().find(|bits| !length_is_good(**bits)) {
            return Err(bad_length(*bits));
        }
        // No overflow: each at most `MAX_WORD_BITS`.
        let outputs: usize = output_bits.iter().sum();
        for (what, length, expected) in [
            ("bits of an operation's inputs", bits, circuit.inputs()),
            ("bits that an operation knows", known_bits, circuit.known()),
            ("bits of an operation's outputs", outputs, circuit.outputs()),
        ] {
            if length != expected {
                return Err(Error::Length {
                    what,
                    length,
                    expected: format!("{expected}, as template {} has", template.0),
                });
            }
        }
        let operation = self.operations.len();
        let (operands, first_known) = (self.operands.len(), self.known.len());
        self.operands.extend(inputs.iter().map(|value| value.0));
        self.known.extend(known);
        self.operations.push(Operation {
            template: template.0,
            operands: operands..self.operands.len(),
            known: first_known..self.known.len(),
            wire: self.wires,
            live: false,
        });
        let mut first = 0;
        let words = output_bits.iter().map(|&bits| {
            let source = Source::Operation { operation, first };
            first += bits;
            self.push(source, bits)
        });
        Ok(words.collect())
    }

    /// Closes the program; `opened` are the words that the evaluator gets to know, in this order. What none of them depends on is left out.
    ///
    /// # Errors
    /// [`Error::Circuit`] if nothing is opened, or something of another program; [`Error::Length`] if a word is empty or too long.
    pub fn build(mut self, opened: &[Value]) -> Result<Program, Error> {
        if let Some(bits) = self.bad_length {
            return Err(bad_length(bits));
        }
        if opened.is_empty() {
            return Err(Error::Circuit {
                what: "a program opens nothing",
            });
        }
        let words = opened.iter().map(|v| self.words.get(v.0).ok_or(FOREIGN));
        let words: Vec<Word> = words.map(|w| w.copied()).collect::<Result<_, Error>>()?;
        self.mark(&words);
        Ok(Program {
            templates: self.templates,
            words: self.words,
            operations: self.operations,
            operands: self.operands,
            known: self.known,
            inputs: self.inputs,
            secrets: self.secrets,
            constants: self.constants,
            opened: opened.iter().map(|value| value.0).collect(),
            opened_bits: words.iter().map(|word| word.bits).collect(),
            input_bits: self.input_bits,
            wires: self.wires,
            budget: Budget::default(),
            schedules: Mutex::default(),
        })
    }

    /// Marks the operations that the given words depend on.
    fn mark(&mut self, words: &[Word]) {
        let mut pending = words.to_vec();
        while let Some(word) = pending.pop() {
            let Source::Operation { operation, .. } = word.source else {
                continue;
            };
            let Some(operation) = self.operations.get_mut(operation) else {
                continue;
            };
            if std::mem::replace(&mut operation.live, true) {
                continue;
            }
            let operands = self.operands.get(operation.operands.clone());
            let read = operands.unwrap_or_default().iter();
            pending.extend(read.filter_map(|index| self.words.get(*index)));
        }
    }

    fn push(&mut self, source: Source, bits: usize) -> Value {
        let wire = self.wires;
        self.wires = wire.saturating_add(bits);
        self.words.push(Word { source, bits, wire });
        Value(self.words.len() - 1)
    }

    fn check_length(&mut self, bits: usize) {
        if !length_is_good(bits) {
            self.bad_length.get_or_insert(bits);
        }
    }
}

const fn length_is_good(bits: usize) -> bool {
    bits >= 1 && bits <= MAX_WORD_BITS
}

fn bad_length(bits: usize) -> Error {
    Error::Length {
        what: "bits of a program's word",
        length: bits,
        expected: format!("1 to {MAX_WORD_BITS}"),
    }
}
