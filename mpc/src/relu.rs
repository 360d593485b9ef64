//! ReLU of shared values: sign, truncation, arithmetic multiplexer; the sign from a garbled circuit or by OT.
//!
//! Input: `x = x_e + x_g mod 2^k`. Output: `y = y_e + y_g mod q` with `y = round(max(x, 0) / 2^h)` up to the bound below, or
//! `y = max(x, 0)` in the ring of the input ([`Target`]).
//! `e` is the evaluator (the client), `g` the garbler (the server). Both protocols ([`ReluProtocol`]) compute the same function of
//! the two shares, [`relu_reference`], bit for bit; [`garbled`] and [`ot`] differ in bytes, rounds and work:
//!
//! | `l = 12`, truncation, 30-bit `q` | garbled | OT |
//! |---|---|---|
//! | bytes a value, without OT extension | 334 | 20 |
//! | correlated OTs a value | 14 | 15 |
//! | flights until both parties have their shares | 4 | 7 |
//!
//! **Sign.** Both switch to the top `l` bits ([`crate::share`]); the garbler subtracts 2; both protocols compute
//! `b = [x_e' + x_g' - 2 >= 0]` with the lowest carry overestimated by at most one ([`crate::circuit::drelu_reference`]).
//! Write `u = 2^(k-l)` for the unit. The switched sum is `x / u + (-1, 1]`, the carry adds 0 or 1, so before the sign test the
//! value is an integer in `x / u + (-3, 0]`. Hence **no `x < 0` ever passes**, every `x >= 2u` passes, and `0 <= x < 2u` may do
//! either. It needs `|x| <= 2^(k-1) - 3u`. The result is an XOR sharing `b = b_e xor b_g`.
//!
//! **Truncation first.** `T = round(x_e / 2^h) + round(x_g / 2^h) - w 2^(k-h)`, `w = t_e OR t_g = t_e + t_g - t_e t_g` with the top bits; the
//! product `t_e t_g 2^(k-h)` takes one correlated OT. `T` is right within 1 where `x >= 0`, and the sign bit hides it elsewhere.
//! In the ring of the input `T = x`, for nothing.
//!
//! **Multiplexer.** `b T = b_g T_g + b_e (1 - 2 b_g) T_g + b_e T_e + b_g (1 - 2 b_e) T_e`: two products of one party's bit with the other's
//! number, one correlated OT each. A sender with pads `P_0, P_1` (hashes of the two strings) and the
//! correlation `D` sends `P_0 + D - P_1 mod q`; the receiver with bit `c` gets `P_0 + c D`, the sender keeps `-P_0`.
//!
//! **Bound.** `|y - max(x, 0) / 2^h| <= max(1, (2u - 1) / 2^h)`: the first where the sign is right, the second where a value below
//! `2u` is dropped; without truncation the first is 0. [`ReluSpec::error_bound`].

pub mod garbled;
pub mod ot;
mod protocol;
mod spec;
#[cfg(test)]
mod tests;
mod traffic;

use crate::garble::LANES;
use zeroize::Zeroizing;

pub use protocol::{ReluProtocol, SharedRelu};
pub use spec::{ReluSpec, Target, relu_reference};
pub use traffic::Traffic;

/// A segment's values, padded with zeros to whole blocks.
fn padded(x: &[u32]) -> Zeroizing<Vec<u32>> {
    // With room from the start: growing would leave an unwiped copy behind.
    let len = x.len().next_multiple_of(LANES);
    let mut padded = Zeroizing::new(Vec::with_capacity(len));
    padded.extend_from_slice(x);
    padded.resize(len, 0);
    padded
}
