//! Models: import, the network graph, its plaintext evaluations, its plan, and its private evaluation by two parties.

pub mod error;
pub mod hello;
pub mod nn;
pub mod onnx;
pub mod spn;

pub use error::Error;
pub use halfmask_bridge as bridge;
