//! The public seed of seeded ciphertexts.

use crate::{Error, SecureRng};
use rand_core::Rng;

/// 32 public bytes and the indices used so far. Two messages under one (seed, index) would reveal
/// their difference, so indices are handed out once and the type cannot be cloned.
#[derive(Debug)]
pub struct PublicSeed {
    bytes: [u8; 32],
    next: u64,
}

impl PublicSeed {
    /// A fresh seed.
    pub fn generate(rng: &mut SecureRng) -> Self {
        let mut bytes = [0; 32];
        rng.fill_bytes(&mut bytes);
        Self { bytes, next: 0 }
    }

    /// The seed, to be sent.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.bytes
    }

    /// The first index not yet used.
    pub fn next_index(&self) -> u64 {
        self.next
    }

    /// Takes `count` consecutive indices and returns the first.
    pub(crate) fn take(&mut self, count: usize) -> Result<u64, Error> {
        let (first, asked) = (self.next, count as u64);
        self.next = first
            .checked_add(asked)
            .ok_or(Error::SeedExhausted { asked, used: first })?;
        Ok(first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indices_are_handed_out_once() {
        let mut rng = SecureRng::from_seed([1; 32]);
        let mut seed = PublicSeed::generate(&mut rng);
        assert_eq!(seed.take(3).unwrap(), 0);
        assert_eq!(seed.take(1).unwrap(), 3);
        assert_eq!(seed.next_index(), 4);
        seed.next = u64::MAX - 1;
        assert!(matches!(
            seed.take(2),
            Err(Error::SeedExhausted { asked: 2, used }) if used == u64::MAX - 1
        ));
        assert_ne!(PublicSeed::generate(&mut rng).bytes(), seed.bytes());
    }
}
