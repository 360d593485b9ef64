//! The one source of randomness: ChaCha20, seeded by the operating system.

use std::{convert::Infallible, fmt, hint::black_box};

use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng, TryCryptoRng, TryRng};
use zeroize::Zeroizing;

use crate::{
    Error,
    block::{BLOCK_BYTES, Block},
};

/// A cryptographic generator (ChaCha20) seeded from the operating system; its state is wiped when dropped.
///
/// Deterministic construction (`SecureRng::from_seed`) exists only in tests and behind the cargo feature `test-seed`.
pub struct SecureRng {
    // On the heap, so that moving the generator leaves no copy of its key behind.
    state: Box<ChaCha20Rng>,
}

impl SecureRng {
    /// A generator with a fresh 256-bit seed of the operating system.
    ///
    /// # Errors
    /// [`Error::Entropy`] if the system has none to give.
    pub fn from_os() -> Result<Self, Error> {
        let mut seed = Zeroizing::new([0_u8; 32]);
        getrandom::fill(seed.as_mut())?;
        Ok(Self::seeded(&seed))
    }

    /// A generator with a known seed: every secret drawn from it is known too. For tests alone.
    #[cfg(any(test, feature = "test-seed"))]
    #[must_use]
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self::seeded(&Zeroizing::new(seed))
    }

    /// An independent generator, seeded by 256 bits of this one.
    #[must_use]
    pub fn fork(&mut self) -> Self {
        let mut seed = Zeroizing::new([0_u8; 32]);
        self.fill_bytes(seed.as_mut());
        Self::seeded(&seed)
    }

    /// Fills `blocks` with uniform blocks.
    pub fn fill_blocks(&mut self, blocks: &mut [Block]) {
        let mut bytes = Zeroizing::new([0_u8; 64 * BLOCK_BYTES]);
        for chunk in blocks.chunks_mut(64) {
            self.fill_bytes(bytes.as_mut());
            crate::block::blocks_from_bytes(bytes.as_ref(), chunk);
        }
    }

    fn seeded(seed: &[u8; 32]) -> Self {
        Self {
            state: Box::new(ChaCha20Rng::from_seed(*seed)),
        }
    }
}

impl TryRng for SecureRng {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        self.state.try_next_u32()
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.state.try_next_u64()
    }

    fn try_fill_bytes(&mut self, dst: &mut [u8]) -> Result<(), Infallible> {
        self.state.try_fill_bytes(dst)
    }
}

impl TryCryptoRng for SecureRng {}

impl SecureRng {
    /// Replaces key, counter and buffered output by those of the all-zero seed.
    fn wipe(&mut self) {
        *self.state = ChaCha20Rng::from_seed([0; 32]);
        // `ChaCha20Rng` has no `zeroize`; this keeps the overwriting from being removed as dead.
        black_box(&mut self.state);
    }
}

impl Drop for SecureRng {
    fn drop(&mut self) {
        self.wipe();
    }
}

impl fmt::Debug for SecureRng {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecureRng(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn os_seeds_differ() {
        let (mut a, mut b) = (SecureRng::from_os().unwrap(), SecureRng::from_os().unwrap());
        assert_ne!([a.next_u64(), a.next_u64()], [b.next_u64(), b.next_u64()]);
    }

    #[test]
    fn forks_are_independent_and_reproducible() {
        let mut root = SecureRng::from_seed([7; 32]);
        let (mut a, mut b) = (root.fork(), root.fork());
        let mut again = SecureRng::from_seed([7; 32]).fork();
        let x = a.next_u64();
        assert_ne!(x, b.next_u64());
        assert_eq!(x, again.next_u64());
    }

    #[test]
    fn blocks_follow_the_byte_stream() {
        let mut blocks = [Block::ZERO; 65];
        SecureRng::from_seed([3; 32]).fill_blocks(&mut blocks);
        let mut bytes = [0_u8; 16];
        SecureRng::from_seed([3; 32]).fill_bytes(&mut bytes);
        assert_eq!(blocks[0].to_bytes(), bytes);
        assert!(blocks[64] != blocks[0] && blocks[64] != Block::ZERO);
    }

    #[test]
    fn wiping_forgets_the_seed() {
        let mut rng = SecureRng::from_seed([9; 32]);
        rng.wipe();
        assert_eq!(rng.next_u64(), SecureRng::from_seed([0; 32]).next_u64());
    }
}
