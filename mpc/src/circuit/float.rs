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
//! [`exp2()`] and [`log2()`] are not rounded to nearest, but within 0.8 units of the last place.
//!
//! | AND gates | binary32 | binary64 |
//! |---|---|---|
//! | [`add()`], [`sub`] | 560 | 1,232 |
//! | [`mul`] | 1,560 | 5,151 |
//! | [`square`] | 851 | 2,861 |
//! | [`less`] | 105 | 204 |
//! | [`equal`] | 71 | 138 |
//! | [`max`] | 127 | 255 |
//! | [`exp2()`] | 1,110 | 4,611 |
//! | [`log2()`] | 1,779 | 7,184 |
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
mod elementary;
#[cfg(test)]
mod elementary_tests;
mod exp2;
mod fixed;
mod format;
mod log2;
mod multiply;
#[cfg(test)]
mod oracle;
mod piecewise;
mod round;
mod shift;
mod signed_digit;
mod tables;
#[cfg(test)]
mod testing;

pub use add::{add, negate, sub};
pub use compare::{equal, less, max};
pub use exp2::exp2;
pub use format::{Fields, Format};
pub use log2::log2;
pub use multiply::{mul, square};
