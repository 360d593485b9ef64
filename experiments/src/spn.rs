//! Sum-product networks: rows, evaluation in the clear, inspection, learning, experiments.

pub mod accuracy;
pub mod answers;
pub mod cost;
pub mod dataset;
pub mod eval;
pub mod inspect;
pub mod model;
pub mod plan;
pub mod rows;
mod sample;
pub mod source;
pub mod train;
