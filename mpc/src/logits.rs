//! Rounded values, opened to the evaluator alone: logits on request.
//!
//! `x = x_e + x_g mod 2^k`, signed. The evaluator learns `floor(x / 2^d + 1/2)`, that is `x` at the declared precision `2^d`, and nothing else; the
//! garbler learns nothing. The garbler adds `2^(d-1)` to its share beforehand; then the rounded value is the top `k - d` bits of the
//! sum: an adder of `k - 1` gates whose low output bits nobody reads. It needs `|x| < 2^(k-1) - 2^(d-1)`, else the value wraps.
//!
//! Rounding alone does not hide what lies below: over many queries near the rounding's steps the low bits show through, and with them
//! the noise of a ciphertext, which depends on the weights. So the noise must have been *flooded* before the values were shared: by
//! the homomorphic layer, which knows its size.
//!
//! **Flow and simulator**: those of [`crate::evaluate`]; the outputs are the rounded values.

mod parties;
mod spec;

pub use spec::{LogitsSpec, logits_reference};
