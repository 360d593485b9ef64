//! The ChaCha20 keystream, 1,024 bytes at a time.
//!
//! With AVX-512 sixteen blocks are computed abreast ([`super::kernel`]); elsewhere `rand_chacha` makes them. Both are the original
//! ChaCha20: a 64-bit block counter and a 64-bit nonce, which numbers the streams of one key. The words come in the
//! same order either way, so nothing that is drawn depends on the processor.

use super::kernel;
use crate::simd::{Simd, Supported};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};
use zeroize::Zeroize;

/// Words made at once: sixteen blocks.
pub(super) const BATCH: usize = 256;

enum Source {
    /// Constants, key, counter and nonce, for the wide kernel.
    Wide(Supported, [u32; 16]),
    Portable(Box<ChaCha20Rng>),
}

/// One stream of one key. Everything in it is overwritten on drop.
pub(super) struct Keystream {
    source: Source,
    simd: Supported,
    buffer: [u32; BATCH],
    used: usize,
}

/// The initial state of the original ChaCha20.
fn initial(key: &[u8; 32], stream: u64) -> [u32; 16] {
    let mut state = [0; 16];
    let (constants, rest) = state.split_at_mut(4);
    constants.copy_from_slice(&[0x6170_7865, 0x3320_646e, 0x7962_2d32, 0x6b20_6574]);
    let (key_words, rest) = rest.split_at_mut(8);
    for (word, bytes) in key_words.iter_mut().zip(key.as_chunks::<4>().0) {
        *word = u32::from_le_bytes(*bytes);
    }
    let nonce = [0, 0, stream as u32, (stream >> 32) as u32];
    rest.copy_from_slice(&nonce);
    state
}

impl Keystream {
    /// Stream `stream` of `key`, from its start.
    pub(super) fn new(simd: Supported, key: &[u8; 32], stream: u64) -> Self {
        let source = match simd.level() {
            Simd::Avx512 => Source::Wide(simd, initial(key, stream)),
            _ => {
                let mut rng = Box::new(ChaCha20Rng::from_seed(*key));
                rng.set_stream(stream);
                Source::Portable(rng)
            }
        };
        Self {
            source,
            simd,
            buffer: [0; BATCH],
            used: BATCH,
        }
    }

    /// Becomes another stream, in the same memory.
    pub(super) fn rekey(&mut self, key: &[u8; 32], stream: u64) {
        match &mut self.source {
            Source::Wide(_, state) => *state = initial(key, stream),
            Source::Portable(rng) => {
                **rng = ChaCha20Rng::from_seed(*key);
                rng.set_stream(stream);
            }
        }
        self.used = BATCH;
    }

    /// The instruction set it was made for.
    pub(super) fn simd(&self) -> Supported {
        self.simd
    }

    /// Words that [`Keystream::next`] can give at once, at least one.
    pub(super) fn ahead(&self) -> usize {
        match BATCH - self.used {
            0 => BATCH,
            left => left,
        }
    }

    /// The next words, at least one and at most `limit` (which is not 0).
    pub(super) fn next(&mut self, limit: usize) -> &[u32] {
        if self.used == BATCH {
            match &mut self.source {
                Source::Wide(simd, state) => kernel::chacha20(*simd, state, &mut self.buffer),
                Source::Portable(rng) => {
                    self.buffer
                        .iter_mut()
                        .for_each(|word| *word = rng.next_u32());
                }
            }
            self.used = 0;
        }
        let start = self.used;
        self.used = BATCH.min(start + limit);
        self.buffer.get(start..self.used).unwrap_or_default()
    }

    /// Fills `out` with the next words.
    pub(super) fn fill(&mut self, mut out: &mut [u32]) {
        while !out.is_empty() {
            let words = self.next(out.len());
            let (head, tail) = out.split_at_mut_checked(words.len()).unwrap_or_default();
            head.copy_from_slice(words);
            out = tail;
        }
    }
}

impl Drop for Keystream {
    fn drop(&mut self) {
        match &mut self.source {
            Source::Wide(_, state) => state.zeroize(),
            Source::Portable(rng) => {
                // The generator has no way to erase itself: overwrite key, counter and buffered output, and
                // keep the compiler from dropping the write.
                **rng = ChaCha20Rng::from_seed([0; 32]);
                std::hint::black_box(rng);
            }
        }
        super::wipe(&mut self.buffer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_level_gives_the_stream_of_the_reference_crate() {
        let key: [u8; 32] = std::array::from_fn(|i| (7 * i + 3) as u8);
        for stream in [0, 1, 77, 1 << 32, u64::MAX] {
            let mut reference = ChaCha20Rng::from_seed(key);
            reference.set_stream(stream);
            let expected: Vec<u32> = (0..2_000).map(|_| reference.next_u32()).collect();
            for simd in Simd::supported_levels() {
                let mut keystream = Keystream::new(simd.verify().unwrap(), &[1; 32], 5);
                keystream.fill(&mut [0; 10]);
                keystream.rekey(&key, stream);
                let mut words = vec![0; 2_000];
                // Pieces of all lengths, so that every offset into the buffer is met.
                let mut rest = words.as_mut_slice();
                for length in (1..).take_while(|l| l * (l + 1) / 2 <= 1_900) {
                    let (head, tail) = rest.split_at_mut(length);
                    keystream.fill(head);
                    rest = tail;
                }
                keystream.fill(rest);
                assert!(words == expected, "{simd}, stream {stream}");
            }
        }
    }

    #[test]
    fn the_block_counter_carries_into_its_upper_word() {
        // Blocks 2^32 - 8 to 2^32 + 8: the carry falls within one wide batch.
        let key = [9; 32];
        let mut reference = ChaCha20Rng::from_seed(key);
        reference.set_stream(3);
        reference.set_word_pos(((1u128 << 32) - 8) * 16);
        let expected: Vec<u32> = (0..512).map(|_| reference.next_u32()).collect();
        for simd in Simd::supported_levels() {
            let mut keystream = Keystream::new(simd.verify().unwrap(), &key, 3);
            match &mut keystream.source {
                Source::Wide(_, state) => state[12] = u32::MAX - 7,
                Source::Portable(rng) => rng.set_word_pos(((1u128 << 32) - 8) * 16),
            }
            let mut words = vec![0; 512];
            keystream.fill(&mut words);
            assert!(words == expected, "{simd}");
        }
    }
}
