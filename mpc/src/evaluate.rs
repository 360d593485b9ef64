//! Any circuit between the two parties: evaluator's bits and garbler's known bits in, outputs shared or opened.
//!
//! Instances go in blocks of [`LANES`]: a bit of sixteen instances is one 16-bit word, instance `i` in bit `i`, and words lie
//! `[block][wire]` ([`words`] converts numbers). The last block's spare lanes are computed like the others and mean nothing.
//!
//! **Algebra.** The evaluator's bit `x` of a wire becomes a label by one correlated OT with the free-XOR offset: the garbler has `K`, the
//! evaluator `r` and `M = K xor r Delta`; it sends `d = r xor x`, and `K xor d Delta` is the zero label whose active one it holds. Known bits
//! rename labels ([`crate::circuit`]). After evaluation the colour of an active label and the permute bit of the zero label are an
//! XOR sharing of the output bit; it is *opened* to the evaluator by sending the permute bits.
//!
//! **Flow**, for each segment (as many blocks as have at most [`SEGMENT_LABEL_BYTES`] of input labels, at least one): OT extension while
//! no other message is under way; `e -> g` corrections; `g -> e` tables, streamed, and permute bits where the outputs are opened.
//!
//! **Simulator.** The garbler sees extension messages and corrections, masked by uniform `r`: random strings. The evaluator sees
//! the simulated garbling of [`crate::garble`]; permute bits, where sent, are the colours of the simulated active labels, exclusive-or the
//! outputs, which it may learn. Wires of constants and of known bits have the active label zero, whatever they carry.

mod evaluator;
mod garbler;
#[cfg(test)]
mod tests;
pub mod words;

use crate::Error;
use crate::block::{BLOCK_BYTES, Block};
use crate::channel::{Part, Step};
use crate::circuit::Template;
use crate::garble::LANES;

/// Input labels of a segment, at most, in bytes.
pub const SEGMENT_LABEL_BYTES: usize = 1 << 25;

/// Tables that one thread makes at once, about: in the second-level cache, and two of them a good write.
const CHUNK_TABLE_BYTES: usize = 1 << 18;

/// Blocks that one thread takes at once, at most.
const MAX_CHUNK_BLOCKS: usize = 64;

/// What is computed, and how the channel counts it.
#[derive(Clone, Copy, Debug)]
pub struct Function<'a> {
    /// The circuit.
    pub template: &'a Template,
    /// The layer that the channel's counts are tagged with.
    pub layer: &'a str,
    /// The protocol whose steps the channel counts; the steps are OT, corrections and tables.
    pub part: fn(Step) -> Part,
}

impl Function<'_> {
    /// Blocks of `instances` instances, having checked one party's words against them.
    fn blocks(&self, instances: usize, wires: usize, words: &[u16]) -> Result<usize, Error> {
        let blocks = instances.div_ceil(LANES);
        if blocks.checked_mul(wires) != Some(words.len()) {
            return Err(Error::Length {
                what: "words of a circuit's inputs",
                length: words.len(),
                expected: format!("{blocks} blocks of {wires}"),
            });
        }
        Ok(blocks)
    }

    /// Blocks of a segment.
    fn segment(&self) -> usize {
        let label_bytes = self.template.inputs() * LANES * BLOCK_BYTES;
        (SEGMENT_LABEL_BYTES / label_bytes.max(1)).max(1)
    }

    /// Blocks that one thread takes at once, each with tables of this size.
    pub(crate) fn chunk(block_bytes: usize) -> usize {
        (CHUNK_TABLE_BYTES / block_bytes.max(1)).clamp(1, MAX_CHUNK_BLOCKS)
    }
}

/// The low bits of labels `[block][wire][lane]` as words.
fn colours(labels: &[Block], words: &mut [u16]) {
    for (word, labels) in words.iter_mut().zip(labels.chunks_exact(LANES)) {
        *word = labels
            .iter()
            .enumerate()
            .fold(0, |w, (lane, label)| w | (label.lsb() as u16) << lane);
    }
}
