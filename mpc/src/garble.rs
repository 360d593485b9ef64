//! Garbling of a circuit template over batches of instances, in one of two schemes ([`Scheme`]): half-gates, described here, or
//! three-halves, described in the private module `three_halves`. Labels, offset, free XOR, colour bits and shapes are the same in both.
//!
//! **Algebra.** Every wire has a label pair `W0`, `W1 = W0 xor Delta` with `lsb(Delta) = 1`: XOR of wires is XOR of labels
//! (free XOR), and the low bit of the label that the evaluator holds is the masked wire value (point and permute).
//! For `c = a and b` with permute bits `p_a = lsb(A0)`, `p_b = lsb(B0)` the garbler sends (Zahur, Rosulek, Evans, eprint
//! 2014/756, figure 2)
//!
//! ```text
//! T_G = H(A0) xor H(A1) xor p_b Delta            W_G = H(A0) xor p_a T_G
//! T_E = H(B0) xor H(B1) xor A0                   W_E = H(B0) xor p_b (T_E xor A0)        C0 = W_G xor W_E
//! ```
//!
//! and the evaluator, with active labels `A`, `B` and their low bits `s_a`, `s_b`, gets
//! `C = H(A) xor s_a T_G xor H(B) xor s_b (T_E xor A)`.
//! `XorKnown` by the garbler's bit `k` swaps the meaning of the two labels, `W0 <- W0 xor k Delta`, and does nothing at the
//! evaluator; the masks are arithmetic, never a branch.
//!
//! **Hash.** `H(x; g, j) = AES_{S xor g}(s(x) xor j) xor s(x) xor j` with the linear orthomorphism `s(L || R) = (L xor R) || L`
//! and a public random `S`, drawn by the garbler after it has drawn `Delta`. `g` numbers AND gates over the whole life of
//! `Delta`, across batches and threads, and never repeats; `j = 2 lane + half` tells the sixteen lanes and two half-gates
//! apart that share one key schedule. Without `j`, lanes that carry the same label would give away `Delta` half the time.
//! This is the re-keyed hash of Guo, Katz, Wang, Weng and Yu (eprint 2019/1168, multi-instance tweakable circular correlation robustness): in the
//! ideal-cipher model, with `mu = 32` uses of a key, an adversary of `t` cipher calls against `G` gates has an advantage of the order of
//! `2 mu t / 2^127 + mu^2 G / 2^127` (`Delta` has 127 free bits): about `2^121` work. Key domains (gates, output labels, the reverse
//! direction) have independent random `S`; two of them meet in a key with probability about `2^(g - 128)` for `2^g` gates.
//!
//! **Simulator.** The evaluator's view is one label a wire, the tables, and (only where the output is for it) decode bits.
//! The simulator draws active labels at random and, gate by gate, programs the row that the evaluator opens; the other
//! row is masked by `H` at a point shifted by the unknown `Delta`, hence pseudorandom. The garbler sees nothing.

mod hash;
mod kernel;
mod live;
mod parties;
mod scheme;
mod three_halves;

pub use crate::aes::LANES;
pub(crate) use crate::aes::Limbs;
pub use hash::{LabelHash, pad_below};
pub(crate) use hash::{orthomorphism, pads_below};
pub use parties::{Evaluator, Garbler};
pub use scheme::Scheme;

/// Bytes of garbled table an AND gate takes in half-gates, for each instance; in general ask [`Scheme::table_bytes`].
pub const TABLE_BYTES: usize = 32;

/// Strings hashed under one key at most, for the bound above: in half-gates two a lane.
const USES_OF_A_KEY: usize = 32;

const _: () = assert!(2 * LANES <= USES_OF_A_KEY);
