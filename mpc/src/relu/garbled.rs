//! ReLU with the sign from a garbled circuit.
//!
//! **Sign.** The circuit ([`crate::circuit::drelu`]) has `l - 2` AND gates. Its output label is the XOR sharing `b = b_e xor b_g`
//! (colour bit, permute bit): no message. The same label is the OT of the garbler's number in the multiplexer: the evaluator
//! holds the label of colour `b_e`, the garbler both.
//!
//! **Flow**, for each segment of at most [`super::ReluSpec::segment`] values:
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
mod reserve;

/// Segments under way at once: while the garbler garbles one, the evaluator answers the next.
const AHEAD: usize = 2;

/// Values for which correlated OTs are reserved at once: bounds what silent OT keeps.
const BATCH: usize = 1 << 20;
