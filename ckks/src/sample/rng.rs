//! The generator of everything secret.

use super::keystream::Keystream;
use crate::Error;
use crate::simd::{Simd, Supported};
use rand_core::{Rng, TryCryptoRng, TryRng};
use sha2::{Digest, Sha256};
use std::convert::Infallible;
use zeroize::Zeroizing;

/// ChaCha20 keyed by the operating system, its state overwritten on drop.
pub struct SecureRng(Box<Keystream>);

impl SecureRng {
    /// A generator with a fresh key from the operating system.
    ///
    /// # Errors
    /// [`Error::Randomness`] if the operating system refuses.
    pub fn from_os() -> Result<Self, Error> {
        let mut key = Zeroizing::new([0u8; 32]);
        getrandom::fill(key.as_mut()).map_err(Error::Randomness)?;
        Ok(Self::keyed(Supported::detect(), &key, 0))
    }

    /// A generator with a known key: for tests alone.
    #[cfg(any(test, feature = "test-seed"))]
    pub fn from_seed(key: [u8; 32]) -> Self {
        Self::keyed(Supported::detect(), &key, 0)
    }

    /// A generator keyed by this one, whose samplers, and those of generators made from it, run on `simd`. What it gives
    /// does not depend on `simd`.
    ///
    /// # Errors
    /// [`Error::UnsupportedSimd`].
    pub fn with_simd(mut self, simd: Simd) -> Result<Self, Error> {
        let simd = simd.verify()?;
        let mut key = Zeroizing::new([0u8; 32]);
        self.fill_bytes(key.as_mut());
        Ok(Self::keyed(simd, &key, 0))
    }

    fn keyed(simd: Supported, key: &[u8; 32], stream: u64) -> Self {
        Self(Box::new(Keystream::new(simd, key, stream)))
    }

    /// The keystream, for samplers.
    pub(super) fn keystream(&mut self) -> &mut Keystream {
        &mut self.0
    }

    /// The instruction set its samplers run on.
    pub(crate) fn simd(&self) -> Supported {
        self.0.simd()
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
        let mut word = [0];
        self.0.fill(&mut word);
        Ok(word[0])
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut words = [0; 2];
        self.0.fill(&mut words);
        Ok(u64::from(words[0]) | (u64::from(words[1]) << 32))
    }

    /// Whole words, little-endian; what is left of the last one is thrown away.
    fn try_fill_bytes(&mut self, mut bytes: &mut [u8]) -> Result<(), Infallible> {
        while !bytes.is_empty() {
            let words = self.0.next(bytes.len().div_ceil(4));
            let length = bytes.len().min(4 * words.len());
            let (head, tail) = bytes.split_at_mut(length);
            for (part, word) in head.chunks_mut(4).zip(words) {
                for (to, from) in part.iter_mut().zip(word.to_le_bytes()) {
                    *to = from;
                }
            }
            bytes = tail;
        }
        Ok(())
    }
}

impl TryCryptoRng for SecureRng {}

/// A family of independent generators, numbered: work item i takes stream i, so that what it draws
/// depends neither on the number of threads nor on their order.
pub struct RngStreams {
    key: Zeroizing<[u8; 32]>,
    simd: Supported,
}

impl RngStreams {
    /// A fresh family, keyed by `rng`.
    pub fn new(rng: &mut SecureRng) -> Self {
        let mut key = Zeroizing::new([0u8; 32]);
        rng.fill_bytes(key.as_mut());
        Self {
            key,
            simd: rng.simd(),
        }
    }

    /// The family of another name under this key, with no stream in common.
    pub(crate) fn family(&self, name: &[u8]) -> Self {
        let key = Sha256::new_with_prefix(b"halfmask/ckks/streams/1")
            .chain_update(self.key.as_ref())
            .chain_update(name)
            .finalize();
        Self {
            key: Zeroizing::new(key.into()),
            simd: self.simd,
        }
    }

    /// Generator `index`. Asking twice for one index gives the same stream twice: each work item has
    /// its own, used once.
    pub fn stream(&self, index: u64) -> SecureRng {
        SecureRng::keyed(self.simd, &self.key, index)
    }

    /// The instruction set its generators run on.
    pub(crate) fn simd(&self) -> Supported {
        self.simd
    }

    /// `rng` becomes generator `index`, without a new allocation.
    pub(crate) fn enter(&self, rng: &mut SecureRng, index: u64) {
        rng.0.rekey(&self.key, index);
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
