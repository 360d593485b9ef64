//! The public key.

use super::{SecretKey, secret::mask};
use crate::ckks::{Context, Error};
use crate::{Evaluation, Poly, PublicSeed, SecureRng, sample};
use std::sync::Arc;

/// (b, a) over Q P with b + a s = e. Travels as b and a 32-byte seed.
#[derive(Clone, Debug)]
pub struct PublicKey {
    context: Arc<Context>,
    seed: [u8; 32],
    b: Poly<Evaluation, u64>,
    a: Poly<Evaluation, u64>,
}

impl PublicKey {
    /// Draws a public key for `secret`, under a seed of its own.
    ///
    /// # Errors
    /// None for a well-formed secret key.
    pub fn generate(secret: &SecretKey, rng: &mut SecureRng) -> Result<Self, Error> {
        let context = secret.context();
        let mut seed = PublicSeed::generate(rng);
        seed.take(1)?;
        let a = expand(context, seed.bytes());
        let b = mask(
            context.simd(),
            a.context(),
            a.words(),
            secret.negated(),
            rng,
        );
        Ok(Self {
            context: Arc::clone(context),
            seed: *seed.bytes(),
            b,
            a,
        })
    }

    /// The key from what travels: the seed and b.
    ///
    /// # Errors
    /// [`crate::Error::RingMismatch`] unless b is over Q P.
    pub fn from_seed(
        context: &Arc<Context>,
        seed: [u8; 32],
        b: Poly<Evaluation, u64>,
    ) -> Result<Self, Error> {
        let a = expand(context, &seed);
        a.context().check_same(b.context())?;
        Ok(Self {
            context: Arc::clone(context),
            seed,
            b,
            a,
        })
    }

    /// The shared tables.
    pub fn context(&self) -> &Arc<Context> {
        &self.context
    }

    /// The seed of a.
    pub fn seed(&self) -> &[u8; 32] {
        &self.seed
    }

    /// b.
    pub fn b(&self) -> &Poly<Evaluation, u64> {
        &self.b
    }

    /// a.
    pub fn a(&self) -> &Poly<Evaluation, u64> {
        &self.a
    }
}

/// Element 0 of the seed, over Q P.
fn expand(context: &Context, seed: &[u8; 32]) -> Poly<Evaluation, u64> {
    let ring = context.key_ring();
    let mut a = Poly::zero(ring);
    sample::expand_element(context.simd(), seed, 0, ring, a.words_mut());
    a
}
