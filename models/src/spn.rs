//! Sum-product networks: graph, plaintext evaluation, learning, plan, and the private protocol.
//!
//! * [`graph`]: the network, with its checks in `check` and what its variables may be in [`support`];
//! * [`float`]: float64 evaluation in the log domain;
//! * [`json`]: the project's own file format; [`import`]: others;
//! * [`plan`]: the public plan of the private evaluation, [`lower`]: how it and the secrets are made, [`statistics`]: what clients' rows become;
//! * [`query`]: questions and answers;
//! * [`error`]: what can go wrong.

mod check;
pub mod error;
pub mod float;
pub mod graph;
pub mod import;
pub mod json;
pub mod lower;
pub mod plan;
pub mod query;
pub mod statistics;
pub mod support;

pub use error::{ImportError, RowError, SpnError};
