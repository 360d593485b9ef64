//! Encryption.
//!
//! ```text
//! symmetric, seeded   c1 = a = expand(seed, index), in evaluations;  c0 = m + e - a s
//! public key          (m, 0) + (b u + e0, a u + e1) / P, rounded, u ternary
//! ```
//!
//! (eprint 2016/421, section 3.4.) Under the public key an encryption of zero over Q_l P is divided by P:
//! its error e u + e0 + e1 s, of variance 10.5 (4N/3 + 1) for ternary u and s of variance 2/3, all but
//! vanishes, and the rounding of variance (1 + 2N/3) / 12 is left ([`super::divide`]): four bits less.
//! Parameters without special primes have P = 1 and the whole error. Symmetric noise has variance 10.5.
//! A plaintext of level l is encrypted over Q_l.

use super::divide::{Extended, Finish, divide, limb};
use super::keys::secret::mask;
use super::{Ciphertext, Context, Error, Plaintext, PublicKey, SecretKey};
use crate::ring::pool::Scratch;
use crate::ring::{Ntt, kernel};
use crate::rlwe::kernel::lift;
use crate::{Evaluation, Poly, PublicSeed, SecureRng, sample};
use std::sync::Arc;
use zeroize::Zeroizing;

/// A symmetric ciphertext as it travels: c0, and the seed and index of c1.
#[derive(Clone, Debug)]
pub struct SeededCiphertext {
    pub(crate) context: Arc<Context>,
    pub(crate) c0: Poly<Evaluation, u64>,
    pub(crate) seed: [u8; 32],
    pub(crate) index: u64,
    pub(crate) scale: f64,
}

impl SeededCiphertext {
    /// The shared tables.
    pub fn context(&self) -> &Arc<Context> {
        &self.context
    }

    /// c0.
    pub fn c0(&self) -> &Poly<Evaluation, u64> {
        &self.c0
    }

    /// The public seed.
    pub fn seed(&self) -> &[u8; 32] {
        &self.seed
    }

    /// The index of c1 under the seed.
    pub fn index(&self) -> u64 {
        self.index
    }

    /// The level l.
    pub fn level(&self) -> usize {
        self.c0.context().limbs().len() - 1
    }

    /// The factor between slots and coefficients.
    pub fn scale(&self) -> f64 {
        self.scale
    }

    /// The ciphertext, with c1 expanded from the seed.
    pub fn expand(self) -> Ciphertext {
        let level = self.level();
        let mut c1 = Poly::unspecified(self.c0.context());
        let simd = self.context.simd();
        sample::expand_element(
            simd,
            &self.seed,
            self.index,
            self.c0.context(),
            c1.words_mut(),
        );
        Ciphertext {
            context: self.context,
            parts: vec![self.c0, c1],
            level,
            scale: self.scale,
        }
    }
}

fn check(operation: &'static str, plain: &Plaintext, context: &Context) -> Result<(), Error> {
    if plain.context.same(context) {
        return Ok(());
    }
    Err(Error::ContextMismatch { operation })
}

impl SecretKey {
    /// Encrypts at the plaintext's level and scale, under the next index of `seed`.
    ///
    /// # Errors
    /// [`Error::ContextMismatch`], or a spent seed.
    pub fn encrypt(
        &self,
        plain: &Plaintext,
        seed: &mut PublicSeed,
        rng: &mut SecureRng,
    ) -> Result<SeededCiphertext, Error> {
        let context = self.context();
        check("encrypt", plain, context)?;
        let ring = plain.poly.context();
        let index = seed.take(1)?;
        let mut a = Scratch::new(ring.element_words());
        sample::expand_element(context.simd(), seed.bytes(), index, ring, &mut a);
        let mut c0 = mask(context.simd(), ring, &a, self.negated(), rng);
        c0.add_assign(&plain.poly)?;
        Ok(SeededCiphertext {
            context: Arc::clone(context),
            c0,
            seed: *seed.bytes(),
            index,
            scale: plain.scale,
        })
    }
}

/// (b u + e0, a u + e1) over Q_l P, limb by limb. Overwritten on drop.
struct Zero<'a> {
    key: &'a PublicKey,
    level: usize,
    u: Zeroizing<Vec<i8>>,
    errors: [Zeroizing<Vec<i8>>; 2],
}

impl<'a> Zero<'a> {
    fn draw(key: &'a PublicKey, level: usize, rng: &mut SecureRng) -> Self {
        let small = || Zeroizing::new(vec![0; key.context().degree()]);
        let (mut u, mut errors) = (small(), [small(), small()]);
        sample::ternary(rng, &mut u);
        for error in &mut errors {
            sample::centred_binomial(rng, error);
        }
        Self {
            key,
            level,
            u,
            errors,
        }
    }
}

impl Extended for Zero<'_> {
    fn context(&self) -> &Context {
        self.key.context()
    }

    fn level(&self) -> usize {
        self.level
    }

    fn scratch(&self) -> usize {
        self.key.context().degree()
    }

    fn at(&self, index: usize, ntt: &Ntt<u64>, scratch: &mut [u64], out: [&mut [u64]; 2]) {
        let (simd, modulus) = (self.key.context().simd(), ntt.modulus());
        lift(simd, modulus, scratch, &self.u);
        ntt.transform(scratch);
        let halves = [self.key.b(), self.key.a()].into_iter().zip(&self.errors);
        for (out, (half, error)) in out.into_iter().zip(halves) {
            lift(simd, modulus, out, error);
            ntt.transform(out);
            let half = limb(half.words(), scratch.len(), index);
            kernel::mul_add(simd, modulus, out, half, scratch);
        }
        sample::wipe(scratch);
    }
}

impl PublicKey {
    /// Encrypts at the plaintext's level and scale.
    ///
    /// # Errors
    /// [`Error::ContextMismatch`].
    pub fn encrypt(&self, plain: &Plaintext, rng: &mut SecureRng) -> Result<Ciphertext, Error> {
        let context = self.context();
        check("encrypt", plain, context)?;
        let zero = Zero::draw(self, plain.level(), rng);
        let finish = Finish {
            onto: [Some(&plain.poly), None],
            automorphism: None,
        };
        Ok(Ciphertext {
            context: Arc::clone(context),
            parts: divide(&zero, &finish)?.into(),
            level: plain.level(),
            scale: plain.scale,
        })
    }
}

#[cfg(test)]
pub(crate) mod tests;
