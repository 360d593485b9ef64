//! Models: import, the network graph, and its plaintext evaluation.

pub mod error;
pub mod nn;
pub mod onnx;

pub use error::Error;
