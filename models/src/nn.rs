//! Neural networks.

pub mod float;
pub mod graph;
