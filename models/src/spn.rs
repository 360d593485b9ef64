//! Sum-product networks: graph, plaintext evaluation, learning, plan, and the private protocol.
//!
//! * [`graph`]: the network.

pub mod graph;
