//! A network while it is read from a file of SPFlow's: named variables, and parameters that text has rounded.

use std::collections::HashMap;

use super::node_list::numbered;
use crate::spn::check::{EXACT, integral};
use crate::spn::error::{ImportError, SpnError};
use crate::spn::graph::{Distribution, MAX_EDGES, MAX_NODES, Node, NodeId, Spn, Variable};

/// Weights and probabilities in text may miss one by this much: printed with four decimals, or learned in single precision.
const ROUNDED: f64 = 1e-3;

/// Nodes so far.
#[derive(Default)]
pub(super) struct Draft {
    nodes: Vec<Node>,
    edges: usize,
    names: Vec<String>,
    index: HashMap<String, usize>,
    weights: Rounding,
    categorical: Rounding,
    histograms: Rounding,
}

/// How many sums missed one, and the one that missed it most.
#[derive(Default)]
struct Rounding {
    count: usize,
    worst: f64,
}

impl Rounding {
    /// Divides by the sum where it is not one but within `tolerance`. What is further off stays, for the checks to refuse.
    fn divide(&mut self, values: &mut [f64], sum: f64, tolerance: f64) {
        let off = (sum - 1.0).abs();
        if off <= EXACT || !sum.is_finite() || sum <= 0.0 || off > tolerance {
            return;
        }
        values.iter_mut().for_each(|value| *value /= sum);
        self.count += 1;
        if off > (self.worst - 1.0).abs() || self.count == 1 {
            self.worst = sum;
        }
    }

    fn note(&self, what: &str, consequence: &str) -> Option<String> {
        (self.count > 0).then(|| {
            format!(
                "{} {what} added up to other than 1 (the furthest to {}) and were divided by their sum{consequence}",
                self.count, self.worst
            )
        })
    }
}

impl Draft {
    /// Adds a node.
    pub(super) fn push(&mut self, mut node: Node) -> Result<NodeId, ImportError> {
        self.edges += node.children().len();
        let too_large = |what, got, limit| SpnError::TooLarge { what, got, limit };
        if self.nodes.len() == MAX_NODES {
            return Err(too_large("nodes", MAX_NODES + 1, MAX_NODES).into());
        }
        if self.edges > MAX_EDGES {
            return Err(too_large("edges", self.edges, MAX_EDGES).into());
        }
        match &mut node {
            Node::Sum { weights, .. } => {
                let sum = weights.iter().sum();
                self.weights.divide(weights, sum, ROUNDED);
            }
            Node::Leaf { distribution, .. } => match distribution {
                Distribution::Categorical { p } => {
                    let sum = p.iter().sum();
                    self.categorical.divide(p, sum, ROUNDED);
                }
                Distribution::Histogram { breaks, densities } => {
                    let sum = integral(breaks, densities);
                    self.histograms.divide(densities, sum, f64::INFINITY);
                }
                _ => {}
            },
            Node::Product { .. } => {}
        }
        self.nodes.push(node);
        Ok(self.nodes.len() - 1)
    }

    /// A node added before.
    pub(super) fn get(&self, node: NodeId) -> Option<&Node> {
        self.nodes.get(node)
    }

    /// A variable by name: its number in order of appearance.
    pub(super) fn variable(&mut self, name: &str) -> usize {
        if let Some(&known) = self.index.get(name) {
            return known;
        }
        self.names.push(name.into());
        self.index.insert(name.into(), self.names.len() - 1);
        self.names.len() - 1
    }

    /// The network. `name` says what to call a node in an error.
    pub(super) fn finish(
        mut self,
        root: NodeId,
        name: impl Fn(NodeId) -> Option<String>,
    ) -> Result<(Spn, Vec<String>), ImportError> {
        let mut notes: Vec<String> = [
            self.weights.note("sums' weights", ""),
            self.categorical.note("categorical leaves", ""),
            self.histograms.note(
                "histograms",
                ": log-likelihoods differ from those of the library that wrote them",
            ),
        ]
        .into_iter()
        .flatten()
        .collect();
        let variables = match self.columns() {
            Some(columns) => {
                let count = columns
                    .iter()
                    .max()
                    .map_or(0, |last| last.saturating_add(1));
                for node in &mut self.nodes {
                    if let Node::Leaf { variable, .. } = node {
                        *variable = columns.get(*variable).copied().unwrap_or(usize::MAX);
                    }
                }
                numbered(count)
            }
            None => {
                notes.push(format!(
                    "the file names variables but not their order; taken as they first appear: {}",
                    abridged(&self.names)
                ));
                let names = self.names.into_iter();
                names.map(|name| Variable { name }).collect()
            }
        };
        let spn = Spn::new(variables, self.nodes, vec![root], vec![1.0], None)
            .map_err(|error| error.named(name))?;
        Ok((spn, notes))
    }

    /// The column of each variable where all names are `V` and a number.
    fn columns(&self) -> Option<Vec<usize>> {
        let names = self.names.iter();
        let column = |name: &String| {
            let digits = name.strip_prefix('V')?;
            let digits_only = digits.bytes().all(|b| b.is_ascii_digit());
            digits_only.then(|| digits.parse().ok()).flatten()
        };
        names.map(column).collect()
    }
}

/// The first few of many names.
fn abridged(names: &[String]) -> String {
    const SHOWN: usize = 8;
    let mut text = names
        .iter()
        .take(SHOWN)
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(", ");
    if names.len() > SHOWN {
        text.push_str(&format!(" … ({} in all)", names.len()));
    }
    text
}
