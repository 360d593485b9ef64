//! Sum-product networks: rows, evaluation in the clear, inspection.

pub mod eval;
pub mod inspect;
pub mod model;
pub mod rows;
