//! What can be wrong with a model file.

use std::fmt::{self, Display, Formatter};
use std::io;
use std::path::PathBuf;

use crate::nn::graph::NetworkError;

/// An import failed. Every message is one line and names the node or tensor.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OnnxError {
    /// The file could not be read.
    #[error("cannot read {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// An error in a file, with the file's name.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong in it.
        source: Box<Self>,
    },
    /// The file is larger than the importer takes.
    #[error("the model has {bytes} bytes or more, the limit is {limit}")]
    TooLarge {
        /// Bytes seen.
        bytes: u64,
        /// Bytes allowed.
        limit: u64,
    },
    /// Not ONNX at all, or cut short.
    #[error("not an ONNX model: {0}")]
    NotOnnx(String),
    /// The operator set is one the importer does not know.
    #[error("operator set version {version} is not supported (supported: {min} to {max})")]
    Opset {
        /// The file's version.
        version: i64,
        /// Oldest supported.
        min: i64,
        /// Newest supported.
        max: i64,
    },
    /// Operators or attributes that are not supported: all of them.
    #[error("unsupported: {}", list(.0))]
    Unsupported(Vec<Unsupported>),
    /// The graph is not a single path from one input to one output.
    #[error("the graph is not a chain: {0}")]
    NotAChain(String),
    /// The graph's input is unusable.
    #[error("graph input `{input}`: {reason}")]
    Input {
        /// The input's name.
        input: String,
        /// What is wrong.
        reason: String,
    },
    /// A node cannot be imported as it stands.
    #[error("node `{node}` ({operator}): {reason}")]
    Node {
        /// The node's name.
        node: String,
        /// Its operator.
        operator: String,
        /// What is wrong.
        reason: String,
    },
    /// A metadata entry is unusable.
    #[error("metadata `{key}` = `{value}`: {reason}")]
    Metadata {
        /// The key.
        key: String,
        /// The value.
        value: String,
        /// What is wrong.
        reason: String,
    },
    /// The imported network is inconsistent.
    #[error(transparent)]
    Network(#[from] NetworkError),
}

/// A node the importer does not support.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsupported {
    /// The node's name.
    pub node: String,
    /// Its operator, with the domain if it is not a standard one.
    pub operator: String,
    /// What about it is unsupported; empty if the operator itself.
    pub reasons: Vec<String>,
}

impl Display for Unsupported {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "node `{}` ({})", self.node, self.operator)?;
        if !self.reasons.is_empty() {
            write!(f, ": {}", self.reasons.join(", "))?;
        }
        Ok(())
    }
}

fn list(all: &[Unsupported]) -> String {
    all.iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("; ")
}
