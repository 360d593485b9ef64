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
//! [`Builder`] records gates in single assignment, simplifies them, and knows words; [`Builder::build`] drops what no output
//! needs and packs wires into few registers by liveness, so that a batch's working set stays in the first-level cache.
//!
//! | operation on `l`-bit words | AND gates | AND-depth |
//! |---|---|---|
//! | add, subtract, increment or negate by a bit | `l - 1` | `l - 1` |
//! | the same with the carry out; less than | `l` | `l` |
//! | equal, zero, all, any | `l - 1` | `log2 l` |
//! | multiplex | `l` | 1 |
//! | minimum, maximum of `n` words | `2 l (n - 1)` | `(l + 1) log2 n` |
//! | product of `n` by `m` bits; low `l` bits of `l` by `l` | `2 n m - n`; `l^2 - l + 1` | `n + m - 1`; `l` |
//! | product of 32 by 32 bits by Karatsuba; square of `n` bits | 1,603; `n^2 - n - 1` | |
//! | leading one, priority encoder | `l - 1` | `l - 1` |
//! | shift by a constant; by an `s`-bit word | 0; `s l` | 0; `s` |
//! | one-hot decoder, public table, `k` index bits | `2^k - k - 1` | `k - 1` |
//!
//! The depth is that of ripple-carry chains: garbling pays for gates alone.
//!
//! ```
//! use halfmask_mpc::circuit::{Builder, Signedness};
//!
//! // The larger of the evaluator's byte and the garbler's.
//! let mut b = Builder::new();
//! let (x, k) = (b.inputs(8), b.knowns(8));
//! let k = b.known_word(&k);
//! let larger = b.max(&x, &k, Signedness::Unsigned);
//! let template = b.build(&larger)?;
//! assert_eq!((template.and_gates(), template.and_depth()), (16, 9));
//! # Ok::<(), halfmask_mpc::Error>(())
//! ```
//!
//! [`float`] has IEEE floating-point numbers. [`bristol`] reads and writes the field's exchange formats.

mod argmax;
mod arithmetic;
pub mod bristol;
mod builder;
mod compare;
mod drelu;
pub mod float;
pub mod log_sum;
mod logic;
mod lookup;
mod multiply;
mod priority;
mod product;
mod registers;
mod select;
pub mod selection;
mod shift;
mod template;
#[cfg(test)]
pub(crate) mod testing;

pub use argmax::{MAX_CLASSES, argmax, argmax_reference};
pub use builder::{Builder, Known, Wire};
pub use compare::Signedness;
pub use drelu::{drelu, drelu_reference};
pub use lookup::MAX_INDEX_BITS;
pub use priority::Priority;
pub use template::{Gate, GateCounts, Register, Template};
