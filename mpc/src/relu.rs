//! ReLU of shared values: sign in a garbled circuit, truncation, arithmetic multiplexer.
//!
//! Input: `x = x_e + x_g mod 2^k`. Output: `y = y_e + y_g mod q` with `y = round(max(x, 0) / 2^h)` up to the bound below.
//! `e` is the evaluator (the client), `g` the garbler (the server).
//!
//! **Sign.** Both switch to the top `l` bits ([`crate::share`]); the garbler subtracts 2; the circuit
//! ([`crate::circuit::drelu`]) returns `b = [x_e' + x_g' - 2 >= 0]` with its lowest carry overestimated by at most one.
//! Write `u = 2^(k-l)` for the unit. The switched sum is `x / u + (-1, 1]`, the carry adds 0 or 1, so before the sign test the
//! value is an integer in `x / u + (-3, 0]`. Hence **no `x < 0` ever passes**, every `x >= 2u` passes, and `0 <= x < 2u` may do
//! either. It needs `|x| <= 2^(k-1) - 3u`. The circuit's output label is the XOR sharing `b = b_e xor b_g` (colour bit, permute
//! bit): no message.
//!
//! **Truncation first.** `T = round(x_e / 2^h) + round(x_g / 2^h) - w 2^(k-h)`, `w = t_e OR t_g = t_e + t_g - t_e t_g` with the top bits; the
//! product `t_e t_g 2^(k-h)` takes one correlated OT. `T` is right within 1 where `x >= 0`, and the sign bit hides it elsewhere.
//!
//! **Multiplexer.** `b T = b_g T_g + b_e (1 - 2 b_g) T_g + b_e T_e + b_g (1 - 2 b_e) T_e`: two products of one party's bit with the other's
//! number, one correlated OT each. For the garbler's number the circuit's output label itself is the OT: the evaluator
//! holds the label of colour `b_e`, the garbler both. A sender with pads `P_0, P_1` (hashes of the two strings) and the
//! correlation `D` sends `P_0 + D - P_1 mod q`; the receiver with bit `c` gets `P_0 + c D`, the sender keeps `-P_0`.
//!
//! **Bound.** `|y - max(x, 0) / 2^h| <= max(1, 2u / 2^h)`: the first where the sign is right, the second where a value below
//! `2u` is dropped.
//!
//! **Flow**, for each segment of at most [`ReluSpec::segment`] values:
//! `g -> e` *offer*: extension and choice bits for the truncation; `e -> g` *answer*: extension and corrections for the labels,
//! truncation message; `g -> e` tables, multiplexer message, choice bits; `e -> g` multiplexer message. Segments overlap, so that both
//! parties are always busy: the evaluator sends the answer of the next segment before it evaluates this one. Hence it may send
//! while the garbler sends; over sockets it needs a channel whose writes do not block
//! ([`crate::channel::Channel::tcp_unblocked`]).
//!
//! **Simulator.** Every message is either a correction bit (a choice bit masked by a uniform bit of the random OT), an
//! extension row (pseudorandom, see [`crate::ot`]), a garbled table (see [`crate::garble`]) or `P_0 + D - P_1`, where the receiver
//! knows only one of the two pads: uniform modulo `q` within `2^-96`. Outputs are uniform shares. So either view is simulated
//! by random messages of the same lengths; nothing is opened.

mod evaluator;
mod garbler;
mod spec;
#[cfg(test)]
mod tests;

use crate::garble::LANES;

pub use spec::{ReluSpec, relu_reference};

/// Segments under way at once: while the garbler garbles one, the evaluator answers the next.
const AHEAD: usize = 2;

/// A segment's values, padded with zeros to whole blocks.
fn padded(x: &[u32]) -> Vec<u32> {
    let mut x = x.to_vec();
    x.resize(x.len().next_multiple_of(LANES), 0);
    x
}
