//! The garbler's coins: `rho` of every gate, by position, so that threads can garble parts of a batch.
#![expect(
    clippy::indexing_slicing,
    reason = "`used` is below AHEAD after a refill"
)]

use crate::aes::{RoundKeys, ctr};
use crate::block::Block;
use crate::simd::Simd;
use zeroize::Zeroize;

/// Gates whose coins are made at once.
const AHEAD: usize = 64;

/// The coins of consecutive gates: gate `g` has the low 32 bits of `AES_k(g)`.
pub(crate) struct Coins<'a> {
    keys: &'a RoundKeys,
    simd: Simd,
    used: usize,
    words: [Block; AHEAD],
}

impl<'a> Coins<'a> {
    pub(crate) fn new(keys: &'a RoundKeys, simd: Simd) -> Self {
        Self {
            keys,
            simd,
            used: AHEAD,
            words: [Block::ZERO; AHEAD],
        }
    }

    /// The coins of gate `number`, which must follow the gate asked for last.
    #[inline(always)]
    pub(crate) fn next(&mut self, number: u64) -> u32 {
        if self.used == AHEAD {
            ctr(self.simd, self.keys, number, &mut self.words);
            self.used = 0;
        }
        let Block([low, _]) = self.words[self.used];
        self.used += 1;
        low as u32
    }
}

impl Drop for Coins<'_> {
    fn drop(&mut self) {
        self.words.zeroize();
    }
}
