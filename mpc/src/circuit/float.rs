//! IEEE 754 floating-point numbers as circuits: any binary format, rounded to nearest, ties to even.
//!
//! A number of a [`Format`] with `e` exponent bits and `m` mantissa bits is a word of `1 + e + m` wires: the mantissa
//! first, least significant bit first, then the biased exponent, and the sign on top. With biased exponent `E`, mantissa
//! `M` and bias `B = 2^(e-1) - 1` it is
//!
//! ```text
//! (-1)^s 2^(E - B) (1 + M / 2^m)      0 < E < 2^e - 1   normal
//! (-1)^s 2^(1 - B) M / 2^m            E = 0             zero, subnormal
//! infinity (M = 0), not a number      E = 2^e - 1
//! ```
//!
//! Every pattern goes in, and what comes out is what the processor's own instruction returns; any pattern of a NaN counts
//! as NaN, and the one returned is the quiet one with a clear sign ([`Format::nan`]).

mod format;

pub use format::{Fields, Format};
