//! Boolean circuit templates: built once, run over batches of instances.
//!
//! A template has *input* wires (the evaluator's bits, carried by labels) and *known* bits (the garbler's own, which
//! need no wire). Beside XOR, NOT and AND there is `XorKnown`, the exclusive-or of a wire and a known bit: it costs
//! nothing and the evaluator does not see it, for it only renames the two labels of a wire. So every function of one
//! wire pair and known bits is one AND gate between renamings; in particular the carry of an adder,
//!
//! ```text
//! MAJ(x, k, c) = ((x xor k) and (c xor k)) xor k .
//! ```
//!
//! [`Builder`] records gates in single assignment; [`Builder::build`] drops what no output needs and packs wires into
//! few registers by liveness, so that a batch's working set stays in the first-level cache.

mod argmax;
mod arithmetic;
mod builder;
mod drelu;
mod template;

pub use argmax::{argmax, argmax_reference};
pub use builder::{Builder, Known, Wire};
pub use drelu::{drelu, drelu_reference};
pub use template::{Gate, Register, Template};
