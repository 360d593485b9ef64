//! ReLU with the sign by chained look-ups through OT.
//!
//! **Sign.** The carry chain of `x_e' + x_g'` (see [`super`]): the carry into bit 1 is `x_e'[0]`, which the evaluator knows. The
//! evaluator sends tables, the garbler chooses. A first look-up absorbs four bits: the garbler's bits `1..5` are the index, and
//! the table of the evaluator has 16 entries, the carry into bit 5 for each of them, all masked by one random bit, the evaluator's share of that
//! carry. Later look-ups absorb three bits, their fourth index bit is the garbler's share of the carry, and the
//! evaluator's own share goes into the table. The top bits are added to the shares of the last carry:
//! `b_e = x_e'[l-1] xor c_e`, `b_g = 1 xor x_g'[l-1] xor c_g`. So `l - 2` bits take `ceil((l - 3) / 3)` look-ups (at least one),
//! and one OT less than bits and look-ups together (`l = 12`: 3 and 12; `l = 32`: 10 and 39). Tables by OT are SP-LUT (Dessouky et al., NDSS
//! 2017, eprint 2018/486, section 4).
//!
//! **Against the tree** of the millionaires' protocol in CrypTFlow2 (eprint 2020/1002, section 3) and Cheetah (eprint
//! 2022/207, section 4): its leaves are the same 1-of-16 OTs, but all at once and with two bits an entry (less, equal), and pairs are joined
//! by ANDs, two OTs each. For the same `l - 2` bits, flights counted with both parties sending at once in an AND:
//!
//! | | OTs | bytes besides | flights |
//! |---|---|---|---|
//! | `l = 12`: chain, tree | 12, 16 | 7.5, 11.5 | 6, 4 |
//! | `l = 32`: chain, tree | 39, 52 | 24, 38 | 20, 5 |
//!
//! The chain is cheaper and simpler, and no party chooses in the other's direction; the tree answers sooner. Throughput does
//! not suffer, since segments overlap; the delay of one layer does, at full width on a slow link.
//!
//! **Random tables.** A look-up with `n <= 4` index bits takes `n` correlated OTs with strings `K_j`, `K_j + Delta` and random choices `r_j`.
//! Bit `i` of the random table `P` is the sum over `j` of bit `i` of `H(K_j + i_j Delta)`. The chooser knows the strings for
//! `i = r`, so `P[r]`; any other `i` contains a bit of a hash that it cannot compute, and every index uses its own bit of the hash, so all other entries
//! are uniform and independent to it. All this is made ahead (*prepare*). Then the chooser sends `d = index + r`, the sender
//! `T[i] + P[i + d]`, and the chooser takes off `P[index + d] = P[r]`. The sender's mask is bit 16 of `H(K_0) + H(K_0 + Delta)`.
//!
//! **Truncation, multiplexer.** As in [`super`]. The evaluator's share `b_e` of the sign *is* the random choice of its OT on the garbler's number (the last
//! table's mask is chosen so): no correction. The evaluator sends the message for its own number at the start, for
//! the garbler's random choice `r`; once the garbler shows `d = r xor b_g`, both turn shares of `r D` into shares of
//! `b_g D = d D + (1 - 2d) r D` alone. So no message follows the garbler's last.
//!
//! **Flow** for a segment: `g -> e` index of the first look-up, choices of the truncation; `e -> g` tables, truncation and multiplexer
//! message; then for every further look-up `g -> e` indices, `e -> g` tables; at last `g -> e` choices and message of the
//! multiplexer. `2 n + 1` flights for `n` look-ups. [`AHEAD`] segments are under way, each a flight further at every turn, so that both parties are
//! busy and a slow link stays full. The evaluator may send while the garbler sends, as in the garbled protocol.
//!
//! **Bytes** at `l = 12`, 30-bit `q`: indices 1.5, tables 6, truncation 4.125, multiplexer 8.125: 19.75, besides 14 OTs one way and one
//! the other. At `l = 32` in the ring of the input: 4.9 + 19 + 8.1 = 32 bytes, 40 OTs and one. Residues take two bytes up to a modulus of `2^16`, else four.
//!
//! **Simulator.** The evaluator sees `d` (masked by the uniform `r` of OTs it is the sender of), choices `r xor t_g`, `r xor b_g`
//! likewise, and `P_0 + D - P_1` of which it knows one pad. The garbler sees tables, each masked by pads
//! of which it knows one entry, and that entry is masked by a uniform bit of the evaluator which is used nowhere else but as the next
//! share; and `P_0 + D - P_1`. Outputs are shares masked by pads of their own. So either view is a number of uniform bits and
//! residues; nothing is opened. Pads hold under the correlation robustness of the hash ([`crate::garble::LabelHash`]); its group numbers never repeat in a session.

mod evaluator;
mod garbler;
mod layer;
mod lookup;
mod pads;
mod parties;
mod stock;
mod wire;

pub(crate) use evaluator::EvaluatorStock;
pub(crate) use garbler::GarblerStock;

use super::ReluSpec;

/// Segments under way at once.
pub const AHEAD: usize = 4;

/// A layer is divided into [`AHEAD`] segments if they are at least this long.
const LEAST_SEGMENT: usize = 4 * ReluSpec::CHUNK as usize;

/// Values for which correlations are made at once where they were not made ahead: bounds the memory.
const BATCH: usize = 1 << 20;

/// Chunks of values of one OT extension.
const TOGETHER: usize = 2;

/// Blocks of sixteen values hashed at once.
const HASHED_BLOCKS: usize = 4;

/// What a value puts on the wire.
pub(super) struct Sizes {
    /// Index bits of all look-ups.
    pub(super) choices: usize,
    /// Bytes of all tables.
    pub(super) table_bytes: usize,
    /// Bytes of a residue.
    pub(super) residue_bytes: usize,
}

impl Sizes {
    pub(super) fn of(spec: &ReluSpec) -> Self {
        let chain = lookup::Lookup::chain(spec.width);
        Self {
            choices: chain.iter().map(|l| l.choices()).sum(),
            table_bytes: chain.iter().map(|l| l.table_bytes()).sum(),
            residue_bytes: stock::Kind::of(spec).residue_bytes(),
        }
    }
}

/// Messages of a layer that wait for each other.
pub(super) fn flights(spec: &ReluSpec) -> u32 {
    2 * lookup::Lookup::chain(spec.width).len() as u32 + 1
}
