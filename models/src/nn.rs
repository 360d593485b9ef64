//! Neural networks: graph, plaintext evaluation, plan, and the private protocol.
//!
//! * [`graph`]: the network as imported; [`float`]: its evaluation in double precision;
//! * [`planner`]: from a network to a public [`plan`] and a secret [`quantised`] network;
//! * [`twin`]: the fixed-point evaluation that the protocol follows;
//! * [`party`]: the protocol's two parties;
//! * [`he`]: networks with squares, on ciphertexts alone.

pub mod float;
pub mod graph;
pub mod he;
pub mod party;
pub mod plan;
pub mod planner;
pub mod quantised;
pub mod twin;
