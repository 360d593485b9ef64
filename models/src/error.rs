//! The crate's error: one variant for each part, each part's own enum inside.

use crate::nn::graph::NetworkError;
use crate::onnx::OnnxError;

/// Anything that can go wrong in this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file could not be imported.
    #[error(transparent)]
    Onnx(#[from] OnnxError),
    /// A network is inconsistent, or was given an input of the wrong shape.
    #[error(transparent)]
    Network(#[from] NetworkError),
}
