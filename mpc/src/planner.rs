//! Which way to evaluate ReLUs is cheapest between these two parties, and why.
//!
//! **Model.** A value costs `c` seconds of both parties working side by side, `u` bytes to the garbler and `d` to the
//! evaluator: a part of the ReLU protocol's own, and a part for each correlated OT ([`CostModel::measure`] runs both).
//! Segments overlap, so of `n` values of a layer the slowest resource decides; messages that wait for each other, and the
//! refills of silent OT, come on top:
//!
//! ```text
//! t = max( n c / threads,  8 n u / bandwidth,  8 n d / bandwidth )  +  flights * round trip / 2
//! ```
//!
//! `c` is taken over loopback, so it holds the processor's share of moving the bytes. The layers of a network follow each
//! other, and their times add up.
//!
//! Garbled signs need the fewest flights and the least computing per AND, but 32 bytes a gate; signs by chained look-ups on
//! oblivious transfer need a tenth of the bytes; and the oblivious transfers themselves are cheap to compute and dear to send
//! (SoftSpoken, small `k`) or the reverse (large `k`, silent).

mod choice;
mod measure;
#[cfg(test)]
mod tests;

pub use choice::{Choice, CostModel, CotCost, Engine, EngineCost, Limit, ReluCost, Setting};
