//! The generator of everything secret.

use crate::Error;
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng, TryCryptoRng, TryRng};
use std::convert::Infallible;
use zeroize::Zeroizing;

/// ChaCha20 keyed by the operating system, its state overwritten on drop.
pub struct SecureRng(Box<ChaCha20Rng>);

impl SecureRng {
    /// A generator with a fresh key from the operating system.
    ///
    /// # Errors
    /// [`Error::Randomness`] if the operating system refuses.
    pub fn from_os() -> Result<Self, Error> {
        let mut key = Zeroizing::new([0u8; 32]);
        getrandom::fill(key.as_mut()).map_err(Error::Randomness)?;
        Ok(Self::keyed(&key, 0))
    }

    /// A generator with a known key: for tests alone.
    #[cfg(any(test, feature = "test-seed"))]
    pub fn from_seed(key: [u8; 32]) -> Self {
        Self::keyed(&key, 0)
    }

    fn keyed(key: &[u8; 32], stream: u64) -> Self {
        let mut rng = Box::new(ChaCha20Rng::from_seed(*key));
        rng.set_stream(stream);
        Self(rng)
    }
}

impl Drop for SecureRng {
    fn drop(&mut self) {
        // The generator has no way to erase itself: overwrite key, counter and buffered output, and
        // keep the compiler from dropping the write.
        *self.0 = ChaCha20Rng::from_seed([0; 32]);
        std::hint::black_box(&self.0);
    }
}

impl std::fmt::Debug for SecureRng {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecureRng { .. }")
    }
}

impl TryRng for SecureRng {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.0.next_u32())
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.0.next_u64())
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.0.fill_bytes(bytes);
        Ok(())
    }
}

impl TryCryptoRng for SecureRng {}

/// A family of independent generators, numbered: work item i takes stream i, so that what it draws
/// depends neither on the number of threads nor on their order.
pub struct RngStreams {
    key: Zeroizing<[u8; 32]>,
}

impl RngStreams {
    /// A fresh family, keyed by `rng`.
    pub fn new(rng: &mut SecureRng) -> Self {
        let mut key = Zeroizing::new([0u8; 32]);
        rng.fill_bytes(key.as_mut());
        Self { key }
    }

    /// Generator `index`. Asking twice for one index gives the same stream twice: each work item has
    /// its own, used once.
    pub fn stream(&self, index: u64) -> SecureRng {
        SecureRng::keyed(&self.key, index)
    }
}

impl std::fmt::Debug for RngStreams {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RngStreams { .. }")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn streams_and_generators_never_overlap() {
        let mut seen = HashSet::new();
        let mut parent = SecureRng::from_os().unwrap();
        let mut other = SecureRng::from_os().unwrap();
        let families = [
            RngStreams::new(&mut parent),
            RngStreams::new(&mut parent),
            RngStreams::new(&mut other),
        ];
        let mut take = |rng: &mut SecureRng| {
            for _ in 0..64 {
                assert!(seen.insert(rng.next_u64()), "a 64-bit word repeated");
            }
        };
        for family in &families {
            for index in [0, 1, 2, 1 << 32, u64::MAX] {
                take(&mut family.stream(index));
            }
        }
        take(&mut parent);
        take(&mut other);
    }

    #[test]
    fn a_known_key_gives_the_published_chacha20_stream() {
        // First words of ChaCha20 with an all-zero key and nonce (RFC 8439, A.1, vector 1).
        let mut rng = SecureRng::from_seed([0; 32]);
        assert_eq!(rng.next_u32(), 0xade0_b876);
        assert_eq!(rng.next_u32(), 0x903d_f1a0);
    }

    #[test]
    fn debug_output_holds_no_state() {
        let rng = SecureRng::from_seed([0x5a; 32]);
        assert_eq!(format!("{rng:?}"), "SecureRng { .. }");
    }
}
