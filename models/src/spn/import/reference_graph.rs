//! SPFlow's reference graphs, as `spn_to_str_ref_graph` writes them.
//!
//! ```text
//! definition := name "SumNode(" number "*" name { "," number "*" name } "){" { definition } "}"
//!             | name "ProductNode(" name { "," name } "){" { definition } "}"
//!             | name leaf                                                          see `leaf`
//! ```
//!
//! The first definition is the root. A shared node is defined at each place it is used, each time the same; names lead to one node. SPFlow numbers
//! names by `assign_ids`; a network that was never numbered has one name for many nodes, which is an error here.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::draft::Draft;
use super::leaf;
use super::scan::Scanner;
use crate::spn::error::{ImportError, SpnError};
use crate::spn::graph::{MAX_EDGES, MAX_NODES, Node, Spn};

/// A definition, children by number of name.
#[derive(PartialEq)]
enum Definition {
    Sum(Vec<usize>, Vec<f64>),
    Product(Vec<usize>),
    Leaf(Node),
}

/// Names, in order of appearance, and what defines them.
#[derive(Default)]
struct Names<'a> {
    names: Vec<&'a str>,
    index: HashMap<&'a str, usize>,
    definitions: Vec<Option<Definition>>,
    edges: usize,
}

impl<'a> Names<'a> {
    fn number(&mut self, name: &'a str) -> Result<usize, ImportError> {
        let next = self.names.len();
        Ok(match self.index.entry(name) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(_) if next == MAX_NODES => {
                return Err(ImportError::Network(SpnError::TooLarge {
                    what: "nodes",
                    got: next + 1,
                    limit: MAX_NODES,
                }));
            }
            Entry::Vacant(free) => {
                self.names.push(name);
                self.definitions.push(None);
                *free.insert(next)
            }
        })
    }
}

/// Reads a reference graph; the network and notes on what was changed.
///
/// # Errors
/// [`ImportError::Text`] with line and column, or [`ImportError::Network`] with the node's name.
pub fn read(text: &str) -> Result<(Spn, Vec<String>), ImportError> {
    let mut scanner = Scanner::new(text);
    let mut draft = Draft::default();
    let mut names = Names::default();
    let mut depth = 0usize;
    while scanner.peek().is_some() {
        if depth == 0 && !names.names.is_empty() {
            return Err(scanner.expected("the end"));
        }
        if scanner.eat('}') {
            // Not below 0: a text that begins with `}` has no name before it.
            depth = depth.saturating_sub(1);
            continue;
        }
        let start = scanner.clone();
        let name = name(&mut scanner)?;
        let number = names.number(name)?;
        let definition = definition(&mut scanner, &mut names, &mut draft)?;
        depth += usize::from(!matches!(definition, Definition::Leaf(_)));
        match names.definitions.get_mut(number) {
            Some(slot @ None) => *slot = Some(definition),
            Some(Some(before)) if *before != definition => {
                return Err(start.error(&format!(
                    "`{name}` is defined in two ways; were ids assigned before the export?"
                )));
            }
            _ => {}
        }
    }
    if depth > 0 {
        return Err(scanner.expected("`}`"));
    }
    if names.names.is_empty() {
        return Err(scanner.expected("a node"));
    }
    let Names {
        names, definitions, ..
    } = names;
    for (number, definition) in definitions.into_iter().enumerate() {
        // Numbers of names are indices of nodes.
        draft.push(match definition {
            Some(Definition::Sum(children, weights)) => Node::Sum { children, weights },
            Some(Definition::Product(children)) => Node::Product { children },
            Some(Definition::Leaf(leaf)) => leaf,
            None => {
                let name = names.get(number).copied().unwrap_or_default();
                return Err(ImportError::Inconsistent(format!(
                    "node `{name}` is used but not defined"
                )));
            }
        })?;
    }
    draft.finish(0, |node| names.get(node).map(ToString::to_string))
}

fn name<'a>(scanner: &mut Scanner<'a>) -> Result<&'a str, ImportError> {
    scanner.peek();
    let name = scanner.word();
    match name.is_empty() {
        true => Err(scanner.expected("a node's name")),
        false => Ok(name),
    }
}

fn definition<'a>(
    scanner: &mut Scanner<'a>,
    names: &mut Names<'a>,
    draft: &mut Draft,
) -> Result<Definition, ImportError> {
    scanner.peek();
    let mut ahead = scanner.clone();
    let sum = match ahead.word() {
        "SumNode" => true,
        "ProductNode" => false,
        _ => return Ok(Definition::Leaf(leaf::read(scanner, draft)?)),
    };
    *scanner = ahead;
    scanner.expect('(')?;
    let (mut children, mut weights) = (Vec::new(), Vec::new());
    loop {
        if sum {
            weights.push(scanner.number()?);
            scanner.expect('*')?;
        }
        let child = name(scanner)?;
        children.push(names.number(child)?);
        names.edges += 1;
        if names.edges > MAX_EDGES {
            return Err(scanner.error(&format!("more than {MAX_EDGES} edges")));
        }
        if !scanner.eat(',') {
            break;
        }
    }
    scanner.expect(')')?;
    scanner.expect('{')?;
    Ok(match sum {
        true => Definition::Sum(children, weights),
        false => Definition::Product(children),
    })
}
