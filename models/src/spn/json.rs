//! The project's own file format, which carries full precision.
//!
//! ```json
//! {
//!   "format": "halfmask-spn-1",
//!   "variables": [{"name": "smokes"}, {"name": "age"}],
//!   "nodes": [
//!     {"bernoulli": {"variable": 0, "p": 0.75}},
//!     {"gaussian": {"variable": 1, "mean": 52.5, "stdev": 9.0}},
//!     {"product": {"children": [0, 1]}},
//!     {"bernoulli": {"variable": 0, "p": 0.1}},
//!     {"poisson": {"variable": 1, "rate": 31.0}},
//!     …
//!     {"sum": {"children": [2, 5], "weights": [0.5, 0.5]}}
//!   ],
//!   "roots": [6],
//!   "prior": [1.0],
//!   "class": null
//! }
//! ```
//!
//! A node is one of
//!
//! | node | fields |
//! |---|---|
//! | `sum` | `children` (indices into `nodes`), `weights` (one a child, adding up to 1) |
//! | `product` | `children` |
//! | `bernoulli` | `variable` (index into `variables`), `p`: probability of 1 |
//! | `categorical` | `variable`, `p`: probabilities of 0, 1, 2 … |
//! | `gaussian` | `variable`, `mean`, `stdev` |
//! | `poisson` | `variable`, `rate` |
//! | `histogram` | `variable`, `breaks`: n + 1 increasing borders, `densities`: n, on buckets closed on the left and open on the right |
//!
//! Nodes may come in any order; they are written children first. `roots` has one entry, or one a class, with `prior` their
//! probabilities (optional: equal). `class` (optional) is the variable whose value a class query asks for. All leaves of a variable
//! are of one kind (Bernoulli and categorical count as one). Floats are written with the digits that read back to the same value. Unknown fields are
//! refused. The usual ending is `.spn.json`.

use std::io::Write;

use serde::{Deserialize, Serialize};

use super::error::ImportError;
use super::graph::{Distribution, Node, NodeId, Spn, Variable};

/// What `format` says.
pub const FORMAT: &str = "halfmask-spn-1";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: String,
    variables: Vec<FileVariable>,
    nodes: Vec<FileNode>,
    roots: Vec<NodeId>,
    #[serde(default)]
    prior: Vec<f64>,
    #[serde(default)]
    class: Option<usize>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileVariable {
    name: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
enum FileNode {
    Sum {
        children: Vec<NodeId>,
        weights: Vec<f64>,
    },
    Product {
        children: Vec<NodeId>,
    },
    Bernoulli {
        variable: usize,
        p: f64,
    },
    Categorical {
        variable: usize,
        p: Vec<f64>,
    },
    Gaussian {
        variable: usize,
        mean: f64,
        stdev: f64,
    },
    Poisson {
        variable: usize,
        rate: f64,
    },
    Histogram {
        variable: usize,
        breaks: Vec<f64>,
        densities: Vec<f64>,
    },
}

/// Reads a network from text.
///
/// # Errors
/// [`ImportError::Json`] with line and column, [`ImportError::Unknown`] for another format, [`ImportError::Network`] for an invalid
/// network.
pub fn read(text: &str) -> Result<Spn, ImportError> {
    let file: File = serde_json::from_str(text).map_err(|source| ImportError::Json {
        format: FORMAT,
        source,
    })?;
    if file.format != FORMAT {
        return Err(ImportError::Unknown(format!(
            "format {:?}, expected {FORMAT:?}",
            file.format
        )));
    }
    let variables = file.variables.into_iter();
    Ok(Spn::new(
        variables.map(|v| Variable { name: v.name }).collect(),
        file.nodes.into_iter().map(Node::from).collect(),
        file.roots,
        file.prior,
        file.class,
    )?)
}

/// Writes a network: one node a line.
///
/// # Errors
/// The writer's.
pub fn write(spn: &Spn, to: &mut impl Write) -> std::io::Result<()> {
    let variables: Vec<_> = spn
        .variables
        .iter()
        .map(|v| FileVariable {
            name: v.name.clone(),
        })
        .collect();
    write!(to, "{{\"format\":\"{FORMAT}\",\n\"variables\":")?;
    put(to, &variables)?;
    write!(to, ",\n\"nodes\":[")?;
    for (id, node) in spn.nodes.iter().enumerate() {
        writeln!(to, "{}", if id == 0 { "" } else { "," })?;
        put(to, &FileNode::from(node.clone()))?;
    }
    write!(to, "\n],\n\"roots\":")?;
    put(to, &spn.roots)?;
    write!(to, ",\n\"prior\":")?;
    put(to, &spn.prior)?;
    write!(to, ",\n\"class\":")?;
    put(to, &spn.class)?;
    writeln!(to, "}}")
}

fn put(to: &mut impl Write, value: &impl Serialize) -> std::io::Result<()> {
    Ok(serde_json::to_writer(to, value)?)
}

impl From<FileNode> for Node {
    fn from(node: FileNode) -> Self {
        let (variable, distribution) = match node {
            FileNode::Sum { children, weights } => return Self::Sum { children, weights },
            FileNode::Product { children } => return Self::Product { children },
            FileNode::Bernoulli { variable, p } => (variable, Distribution::Bernoulli { p }),
            FileNode::Categorical { variable, p } => (variable, Distribution::Categorical { p }),
            FileNode::Gaussian {
                variable,
                mean,
                stdev,
            } => (variable, Distribution::Gaussian { mean, stdev }),
            FileNode::Poisson { variable, rate } => (variable, Distribution::Poisson { rate }),
            FileNode::Histogram {
                variable,
                breaks,
                densities,
            } => (variable, Distribution::Histogram { breaks, densities }),
        };
        Self::Leaf {
            variable,
            distribution,
        }
    }
}

impl From<Node> for FileNode {
    fn from(node: Node) -> Self {
        let (variable, distribution) = match node {
            Node::Sum { children, weights } => return Self::Sum { children, weights },
            Node::Product { children } => return Self::Product { children },
            Node::Leaf {
                variable,
                distribution,
            } => (variable, distribution),
        };
        match distribution {
            Distribution::Bernoulli { p } => Self::Bernoulli { variable, p },
            Distribution::Categorical { p } => Self::Categorical { variable, p },
            Distribution::Gaussian { mean, stdev } => Self::Gaussian {
                variable,
                mean,
                stdev,
            },
            Distribution::Poisson { rate } => Self::Poisson { variable, rate },
            Distribution::Histogram { breaks, densities } => Self::Histogram {
                variable,
                breaks,
                densities,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &str = r#"{"format": "halfmask-spn-1", "variables": [{"name": "a"}, {"name": "b"}], "nodes": [
        {"sum": {"children": [4, 1], "weights": [0.1, 0.9]}}, {"product": {"children": [2, 3]}},
        {"bernoulli": {"variable": 0, "p": 0.3}}, {"histogram": {"variable": 1, "breaks": [0, 0.5, 1.5], "densities": [0.2, 0.9]}},
        {"product": {"children": [3, 5]}}, {"categorical": {"variable": 0, "p": [0.25, 0.75]}}],
        "roots": [0]}"#;

    #[test]
    fn what_is_written_reads_back_the_same() {
        let spn = read(SMALL).unwrap();
        assert_eq!(spn.nodes().len(), 6);
        assert_eq!((spn.prior(), spn.roots()), (&[1.0][..], &[5][..]));
        let mut text = Vec::new();
        write(&spn, &mut text).unwrap();
        let text = String::from_utf8(text).unwrap();
        assert_eq!(read(&text).unwrap(), spn, "{text}");
        let mut again = Vec::new();
        write(&read(&text).unwrap(), &mut again).unwrap();
        assert_eq!(text.as_bytes(), again);
    }

    #[test]
    fn wrong_files_are_refused() {
        let refused = |from: &str, to: &str| {
            let text = SMALL.replacen(from, to, 1);
            assert_ne!(text, SMALL);
            read(&text).unwrap_err().to_string()
        };
        assert!(refused("halfmask-spn-1", "halfmask-spn-2").contains("halfmask-spn-2"));
        assert!(refused("\"roots\"", "\"root\"").contains("unknown field `root`"));
        assert!(refused("\"p\": 0.3", "\"p\": 0.3, \"q\": 1").contains("unknown field `q`"));
        assert!(refused("bernoulli", "uniform").contains("unknown variant `uniform`"));
        assert!(refused("0.3", "1.3").contains("node 2: p is 1.3"));
        assert!(refused("[4, 1]", "[9, 1]").contains("node 0: child 9 does not exist"));
        assert!(refused("[0]", "[6]").contains("root 6 does not exist"));
        assert!(refused("0.3", "1e999").contains("out of range"));
        for end in 0..SMALL.len() {
            assert!(read(&SMALL[..end]).is_err());
        }
    }
}
