//! Sum-product networks: rows, evaluation in the clear, inspection, learning.

pub mod answers;
pub mod cost;
pub mod dataset;
pub mod errors;
pub mod eval;
pub mod inspect;
pub mod model;
pub mod plan;
mod region_graph;
pub mod rows;
mod sample;
pub mod source;
pub mod train;
