//! Sum-product networks: graph, plaintext evaluation, learning, plan, and the private protocol.
//!
//! * [`graph`]: the network, with its checks in `check` and what its variables may be in [`support`];
//! * [`float`]: float64 evaluation in the log domain;
//! * [`json`]: the project's own file format; [`import`]: others;
//! * [`plan`]: the public plan of the private evaluation, [`lower`]: how it and the secrets are made, [`statistics`]: what clients' rows become;
//! * [`query`]: questions and answers; `evaluate`, `circuits`, `rows`: what the protocol computes, on integers in the [`twin`], by two parties in [`party`];
//! * [`learn`]: structures and parameters from data;
//! * [`garbled`]: the whole network in one garbled program, CryptoSPN's route, to compare with;
//! * [`error`]: what can go wrong.

mod check;
mod circuits;
pub mod error;
mod evaluate;
pub mod float;
pub mod garbled;
pub mod graph;
pub mod import;
pub mod json;
pub mod learn;
pub mod lower;
pub mod party;
pub mod plan;
pub mod query;
mod rows;
pub mod statistics;
pub mod support;
#[cfg(test)]
mod testing;
pub mod twin;

pub use error::{ImportError, RowError, SpnError};
