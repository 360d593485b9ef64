//! Sum-product networks: rows, evaluation in the clear, inspection, learning.

pub mod dataset;
pub mod eval;
pub mod inspect;
pub mod model;
pub mod rows;
pub mod train;
