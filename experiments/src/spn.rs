//! Sum-product networks: rows, evaluation in the clear, inspection, experiments.

pub mod accuracy;
pub mod answers;
pub mod eval;
pub mod inspect;
pub mod model;
pub mod plan;
pub mod rows;
mod sample;
pub mod source;
