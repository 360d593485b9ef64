//! Sum-product networks: graph, plaintext evaluation, learning, plan, and the private protocol.
//!
//! * [`graph`]: the network, with its checks in `check` and what its variables may be in [`support`];
//! * [`float`]: float64 evaluation in the log domain;
//! * [`json`]: the project's own file format; [`import`]: others;
//! * [`learn`]: structures and parameters from data;
//! * [`error`]: what can go wrong.

mod check;
pub mod error;
pub mod float;
pub mod graph;
pub mod import;
pub mod json;
pub mod learn;
pub mod support;

pub use error::{ImportError, RowError, SpnError};
