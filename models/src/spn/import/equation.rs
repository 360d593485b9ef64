//! SPFlow's text equations, as `spn_to_str_equation` writes them.
//!
//! ```text
//! node := "(" node { "*" node } ")"                         a product; of one node, that node
//!       | "(" number "*" node { "+" number "*" node } ")"   a sum
//!       | leaf                                              see `leaf`
//! ```
//!
//! A node that was shared is written again at each place, so the network read is a tree. Read with a stack of open parentheses, not by
//! recursion.

use super::draft::Draft;
use super::leaf;
use super::scan::{Scanner, place};
use crate::spn::error::ImportError;
use crate::spn::graph::{MAX_NODES, Node, NodeId, Spn};

/// An open parenthesis: a sum if it has weights.
struct Open {
    at: usize,
    children: Vec<NodeId>,
    weights: Vec<f64>,
}

/// Reads an equation; the network and notes on what was changed.
///
/// # Errors
/// [`ImportError::Text`] with line and column, or [`ImportError::Network`] with those of the node.
pub fn read(text: &str) -> Result<(Spn, Vec<String>), ImportError> {
    let mut scanner = Scanner::new(text);
    let mut draft = Draft::default();
    let mut places = Vec::new();
    let mut open: Vec<Open> = Vec::new();
    let root = loop {
        let node = match operand(&mut scanner, &mut open)? {
            false => continue,
            true => {
                places.push(scanner.offset());
                let node = leaf::read(&mut scanner, &mut draft)?;
                draft.push(node)?
            }
        };
        if let Some(root) = reduce(node, &mut scanner, &mut open, &mut draft, &mut places)? {
            break root;
        }
    };
    if scanner.peek().is_some() {
        return Err(scanner.expected("the end"));
    }
    draft.finish(root, |node| {
        let (line, column) = place(text, places.get(node).copied()?);
        Some(format!("line {line}, column {column}"))
    })
}

/// Reads a weight and an opening parenthesis, if they come. Whether a leaf comes next.
fn operand(scanner: &mut Scanner<'_>, open: &mut Vec<Open>) -> Result<bool, ImportError> {
    if scanner.number_follows() {
        let Some(sum) = open.last_mut() else {
            return Err(scanner.error("a number outside parentheses"));
        };
        // In a sum, weights and children alternate; in a product that has begun, there are no weights.
        if sum.weights.len() != sum.children.len() {
            return Err(scanner.expected("a node"));
        }
        sum.weights.push(scanner.number()?);
        scanner.expect('*')?;
        if scanner.number_follows() {
            return Err(scanner.expected("a node"));
        }
    } else if open
        .last()
        .is_some_and(|o| !o.weights.is_empty() && o.weights.len() == o.children.len())
    {
        return Err(scanner.expected("a weight"));
    }
    let at = scanner.offset();
    if !scanner.eat('(') {
        scanner.peek();
        return Ok(true);
    }
    if open.len() >= MAX_NODES {
        return Err(scanner.error(&format!("more than {MAX_NODES} open parentheses")));
    }
    open.push(Open {
        at,
        children: Vec::new(),
        weights: Vec::new(),
    });
    Ok(false)
}

/// Gives a finished node to the open parenthesis around it, and closes those that end here. The root, if none is left.
fn reduce(
    mut node: NodeId,
    scanner: &mut Scanner<'_>,
    open: &mut Vec<Open>,
    draft: &mut Draft,
    places: &mut Vec<usize>,
) -> Result<Option<NodeId>, ImportError> {
    while let Some(mut around) = open.pop() {
        around.children.push(node);
        let product = around.weights.is_empty();
        if scanner.eat(if product { '*' } else { '+' }) {
            open.push(around);
            return Ok(None);
        }
        if !scanner.eat(')') {
            return Err(scanner.expected(if product { "`*` or `)`" } else { "`+` or `)`" }));
        }
        let Open {
            at,
            children,
            weights,
        } = around;
        node = match children.as_slice() {
            [only] if product => *only,
            _ => {
                places.push(at);
                draft.push(match product {
                    true => Node::Product { children },
                    false => Node::Sum { children, weights },
                })?
            }
        };
    }
    Ok(Some(node))
}
