//! SPFlow's JSON, as `to_JSON` writes it: nodes inside nodes.
//!
//! `{"Sum": {"children": [{"Bernoulli": {"id": 1, "p": 0.25, "scope": [0]}}, …], "id": 0, "scope": [0], "weights": [0.5, 0.5]}}`.
//! Arrays of numpy's are strings inside it, `"[0.25 0.75]"`. A shared node is written again at each place; nodes of one id and equal
//! content become one node again. Read with a stack of open nodes, not by recursion; what is not needed (`type`, `meta_type`,
//! `bin_repr_points`) is skipped.

use std::collections::HashMap;

use super::draft::Draft;
use super::leaf::Parameters;
use super::scan::{Scanner, place};
use crate::spn::error::ImportError;
use crate::spn::graph::{MAX_NODES, Node, NodeId, Spn};

/// A node whose end has not been read.
#[derive(Default)]
struct Open {
    at: usize,
    kind: String,
    children: Vec<NodeId>,
    weights: Vec<f64>,
    scope: Vec<f64>,
    id: Option<u64>,
    parameters: Parameters,
}

/// Nodes that have been read.
#[derive(Default)]
struct Reader {
    draft: Draft,
    places: Vec<usize>,
    by_id: HashMap<u64, NodeId>,
}

/// Reads a network; it and notes on what was changed.
///
/// # Errors
/// [`ImportError::Text`] with line and column, or [`ImportError::Network`] with those of the node.
pub fn read(text: &str) -> Result<(Spn, Vec<String>), ImportError> {
    let mut scanner = Scanner::new(text);
    let mut reader = Reader::default();
    let mut open = vec![begin(&mut scanner)?];
    let root = loop {
        let Some(node) = open.last_mut() else {
            return Err(scanner.error("no node"));
        };
        if !scanner.eat('}') {
            if fields(&mut scanner, node)? {
                if open.len() >= MAX_NODES {
                    return Err(scanner.error(&format!("more than {MAX_NODES} nodes deep")));
                }
                open.push(begin(&mut scanner)?);
            }
            continue;
        }
        scanner.expect('}')?;
        let Some(node) = open.pop() else { continue };
        let id = reader.end(node, &scanner, text)?;
        let Some(parent) = open.last_mut() else {
            break id;
        };
        parent.children.push(id);
        if scanner.eat(',') {
            open.push(begin(&mut scanner)?);
        } else {
            scanner.expect(']')?;
            separator(&mut scanner)?;
        }
    };
    if scanner.peek().is_some() {
        return Err(scanner.expected("the end"));
    }
    let Reader { draft, places, .. } = reader;
    draft.finish(root, |node| {
        let (line, column) = place(text, places.get(node).copied()?);
        Some(format!("line {line}, column {column}"))
    })
}

/// `{"Kind": {`.
fn begin(scanner: &mut Scanner<'_>) -> Result<Open, ImportError> {
    scanner.expect('{')?;
    scanner.peek();
    let at = scanner.offset();
    let kind = string(scanner)?;
    scanner.expect(':')?;
    scanner.expect('{')?;
    Ok(Open {
        at,
        kind: kind.into(),
        ..Open::default()
    })
}

/// Reads one field of a node. Whether a child begins now.
fn fields(scanner: &mut Scanner<'_>, node: &mut Open) -> Result<bool, ImportError> {
    let start = scanner.clone();
    let key = string(scanner)?;
    scanner.expect(':')?;
    match key {
        "children" => {
            if !node.children.is_empty() {
                return Err(start.error("`children` twice"));
            }
            scanner.expect('[')?;
            if !scanner.eat(']') {
                return Ok(true);
            }
        }
        "id" => {
            let id = scanner.number()?;
            // An id that is no integer is as good as none: it only finds shared nodes again.
            node.id = (id >= 0.0 && id.fract() == 0.0).then_some(id as u64);
        }
        "weights" => node.weights = list(scanner)?,
        "scope" => node.scope = list(scanner)?,
        "type" | "meta_type" | "bin_repr_points" => skip(scanner)?,
        _ => match scanner.peek() {
            Some('[' | '"') => node.parameters.list(key, list(scanner)?),
            _ => node.parameters.number(key, scanner.number()?),
        },
    }
    separator(scanner)?;
    Ok(false)
}

/// A comma, or the end of a node.
fn separator(scanner: &mut Scanner<'_>) -> Result<(), ImportError> {
    if scanner.eat(',') {
        return match scanner.peek() {
            Some('"') => Ok(()),
            _ => Err(scanner.expected("a field")),
        };
    }
    match scanner.peek() {
        Some('}') => Ok(()),
        _ => Err(scanner.expected("`,` or `}`")),
    }
}

/// A string without escapes: names of SPFlow's and lists of numbers have none.
fn string<'a>(scanner: &mut Scanner<'a>) -> Result<&'a str, ImportError> {
    scanner.expect('"')?;
    let text = scanner.until(|c| matches!(c, '"' | '\\'))?;
    scanner.expect('"')?;
    Ok(text)
}

/// A list of numbers, or a string that holds one.
fn list(scanner: &mut Scanner<'_>) -> Result<Vec<f64>, ImportError> {
    if scanner.peek() != Some('"') {
        return scanner.list();
    }
    let start = scanner.clone();
    // numpy breaks long lines, which JSON writes as `\\n`: replaced before reading, so places are those of the string's beginning.
    scanner.expect('"')?;
    let text = scanner.until(|c| c == '"')?.replace("\\n", " ");
    scanner.expect('"')?;
    let mut inner = Scanner::new(&text);
    let values = inner.list().map_err(|error| {
        start.error(&match error {
            ImportError::Text { problem, .. } => problem,
            other => other.to_string(),
        })
    })?;
    match inner.peek() {
        None => Ok(values),
        Some(_) => Err(start.error("text after a list")),
    }
}

/// A string, a number, `null` or a list of numbers, not needed.
fn skip(scanner: &mut Scanner<'_>) -> Result<(), ImportError> {
    match scanner.peek() {
        Some('[') => scanner.list().map(drop),
        Some('"') => {
            scanner.expect('"')?;
            scanner.until(|c| c == '"')?;
            scanner.expect('"')
        }
        Some('n') if scanner.word() == "null" => Ok(()),
        _ => scanner.number().map(drop),
    }
}

impl Reader {
    /// Adds a node that has ended, or finds the equal one of its id.
    fn end(
        &mut self,
        open: Open,
        scanner: &Scanner<'_>,
        text: &str,
    ) -> Result<NodeId, ImportError> {
        let Open {
            at,
            kind,
            children,
            weights,
            scope,
            id,
            parameters,
        } = open;
        let node = match kind.as_str() {
            "Sum" => Node::Sum { children, weights },
            "Product" => Node::Product { children },
            _ => {
                let error = |problem: String| {
                    let (line, column) = place(text, at);
                    ImportError::Text {
                        line,
                        column,
                        problem,
                    }
                };
                let distribution = parameters
                    .distribution(&kind)
                    .ok_or_else(|| error(format!("a node of unknown kind `{kind}`")))?
                    .map_err(error)?;
                let variable = match scope.as_slice() {
                    [variable] if *variable >= 0.0 && variable.fract() == 0.0 => *variable as u64,
                    _ => return Err(error(format!("a leaf of scope {scope:?}"))),
                };
                Node::Leaf {
                    variable: self.draft.variable(&format!("V{variable}")),
                    distribution,
                }
            }
        };
        if let Some(known) = id.and_then(|id| self.by_id.get(&id))
            && self.draft.get(*known) == Some(&node)
        {
            return Ok(*known);
        }
        if self.places.len() == MAX_NODES {
            return Err(scanner.error(&format!("more than {MAX_NODES} nodes")));
        }
        self.places.push(at);
        let node = self.draft.push(node)?;
        if let Some(id) = id {
            self.by_id.insert(id, node);
        }
        Ok(node)
    }
}
