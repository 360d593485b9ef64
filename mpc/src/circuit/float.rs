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
//!
//! | AND gates | [`add`], [`sub`] | [`mul`] | [`square`] | [`less`] | [`equal`] | [`max`] |
//! |---|---|---|---|---|---|---|
//! | binary32 | 560 | 1,560 | 851 | 105 | 71 | 127 |
//! | binary64 | 1,232 | 5,151 | 2,861 | 204 | 138 | 255 |
//!
//! Subnormal numbers are part of it, in and out.
//!
//! ```
//! use halfmask_mpc::circuit::Builder;
//! use halfmask_mpc::circuit::float::{Format, add};
//!
//! let mut b = Builder::new();
//! let (x, y) = (b.inputs(32), b.inputs(32));
//! let sum = add(&mut b, Format::F32, &x, &y);
//! assert_eq!(b.build(&sum)?.and_gates(), 560);
//! # Ok::<(), halfmask_mpc::Error>(())
//! ```

mod add;
mod compare;
mod format;
mod multiply;
mod round;
mod shift;
#[cfg(test)]
mod testing;

pub use add::{add, negate, sub};
pub use compare::{equal, less, max};
pub use format::{Fields, Format};
pub use multiply::{mul, square};
