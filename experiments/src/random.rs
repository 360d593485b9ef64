//! Where a party's randomness comes from: the operating system, or, in a build for tests alone, a seed.

use halfmask_models::bridge::session::Randomness;

use crate::exit::Error;

/// The source of a process's randomness.
#[derive(Clone, Debug, Default)]
pub struct Source {
    /// A known seed, from which nothing secret comes.
    #[cfg(feature = "test-seed")]
    pub seed: Option<[u8; 32]>,
}

impl Source {
    /// The randomness of one party's session `number`.
    ///
    /// # Errors
    /// If the operating system has none to give.
    pub fn session(&self, role: &str, number: u64) -> Result<Randomness, Error> {
        #[cfg(feature = "test-seed")]
        if let Some(seed) = self.seed {
            use sha2::{Digest, Sha256};
            // The parties and the sessions must not share a stream: masks would cancel.
            let hash = Sha256::new()
                .chain_update(b"halfmask test seed")
                .chain_update(seed)
                .chain_update(number.to_le_bytes())
                .chain_update(role.as_bytes());
            return Ok(Randomness::from_seed(hash.finalize().into()));
        }
        tracing::debug!(role, number, "drawing randomness");
        Randomness::from_os().map_err(|error| Error::Failed(error.to_string()))
    }

    /// Whether the run is one for tests, and nothing in it secret.
    #[must_use]
    pub const fn deterministic(&self) -> bool {
        cfg!(feature = "test-seed")
    }
}
