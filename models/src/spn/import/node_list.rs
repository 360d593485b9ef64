//! JSON lists of nodes with SPFlow's names, `"format": "nodes-v1"`.
//!
//! `{"format": "nodes-v1", "root": 0, "nodes": [{"id": 0, "type": "sum", "children": [1, 2], "weights": [0.5, 0.5]}, {"id": 1, "type":
//! "Bernoulli", "var": 0, "p": 0.25}, …]}`. Ids are any distinct numbers. Variables are numbers; there are as many as the largest
//! says.

use std::collections::HashMap;

use serde::Deserialize;

use crate::spn::error::ImportError;
use crate::spn::graph::{Distribution, MAX_VARIABLES, Node, Spn, Variable};

/// What `format` says.
pub const FORMAT: &str = "nodes-v1";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: String,
    root: u64,
    nodes: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(tag = "type", deny_unknown_fields)]
enum Entry {
    #[serde(rename = "sum")]
    Sum {
        id: u64,
        children: Vec<u64>,
        weights: Vec<f64>,
    },
    #[serde(rename = "product")]
    Product {
        id: u64,
        children: Vec<u64>,
    },
    Bernoulli {
        id: u64,
        var: usize,
        p: f64,
    },
    Categorical {
        id: u64,
        var: usize,
        p: Vec<f64>,
    },
    Gaussian {
        id: u64,
        var: usize,
        mean: f64,
        stdev: f64,
    },
    Poisson {
        id: u64,
        var: usize,
        mean: f64,
    },
    Histogram {
        id: u64,
        var: usize,
        breaks: Vec<f64>,
        densities: Vec<f64>,
    },
}

impl Entry {
    const fn id(&self) -> u64 {
        match self {
            Self::Sum { id, .. }
            | Self::Product { id, .. }
            | Self::Bernoulli { id, .. }
            | Self::Categorical { id, .. }
            | Self::Gaussian { id, .. }
            | Self::Poisson { id, .. }
            | Self::Histogram { id, .. } => *id,
        }
    }
}

/// Reads a list of nodes.
///
/// # Errors
/// [`ImportError`], with the ids of the file.
pub fn read(text: &str) -> Result<Spn, ImportError> {
    let file: File = serde_json::from_str(text).map_err(|source| ImportError::Json {
        format: FORMAT,
        source,
    })?;
    if file.format != FORMAT {
        return Err(ImportError::Unknown(format!("format {:?}", file.format)));
    }
    let ids: Vec<u64> = file.nodes.iter().map(Entry::id).collect();
    let mut index = HashMap::with_capacity(ids.len());
    for (node, &id) in ids.iter().enumerate() {
        if index.insert(id, node).is_some() {
            return Err(ImportError::Inconsistent(format!("two nodes have id {id}")));
        }
    }
    // What does not exist becomes an index that does not exist, which the checks name.
    let find = |parent: u64, id: u64| {
        index.get(&id).copied().ok_or_else(|| {
            ImportError::Inconsistent(format!("node {parent}: child {id} does not exist"))
        })
    };
    let mut nodes = Vec::with_capacity(file.nodes.len());
    let mut variables = 0;
    for entry in file.nodes {
        let children = |parent: u64, children: Vec<u64>| {
            let found = children.into_iter().map(|child| find(parent, child));
            found.collect::<Result<Vec<_>, _>>()
        };
        let (variable, distribution) = match entry {
            Entry::Sum {
                id,
                children: of,
                weights,
            } => {
                let children = children(id, of)?;
                nodes.push(Node::Sum { children, weights });
                continue;
            }
            Entry::Product { id, children: of } => {
                let children = children(id, of)?;
                nodes.push(Node::Product { children });
                continue;
            }
            Entry::Bernoulli { var, p, .. } => (var, Distribution::Bernoulli { p }),
            Entry::Categorical { var, p, .. } => (var, Distribution::Categorical { p }),
            Entry::Gaussian {
                var, mean, stdev, ..
            } => (var, Distribution::Gaussian { mean, stdev }),
            Entry::Poisson { var, mean, .. } => (var, Distribution::Poisson { rate: mean }),
            Entry::Histogram {
                var,
                breaks,
                densities,
                ..
            } => (var, Distribution::Histogram { breaks, densities }),
        };
        variables = variables.max(variable.saturating_add(1));
        nodes.push(Node::Leaf {
            variable,
            distribution,
        });
    }
    let root = index
        .get(&file.root)
        .copied()
        .ok_or_else(|| ImportError::Inconsistent(format!("root {} does not exist", file.root)))?;
    let spn = Spn::new(numbered(variables), nodes, vec![root], vec![1.0], None);
    Ok(spn.map_err(|error| error.named(|node| ids.get(node).map(|id| format!("id {id}"))))?)
}

/// Variables `V0`, `V1` …, one more than can be if there are more: the checks refuse that.
pub(super) fn numbered(count: usize) -> Vec<Variable> {
    (0..count.min(MAX_VARIABLES + 1))
        .map(|v| Variable {
            name: format!("V{v}"),
        })
        .collect()
}
