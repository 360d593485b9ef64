//! The key that turns a multiple of one secret into an encryption under another.
//!
//! Data primes are grouped into digits of k primes, as many as there are special primes; D_d is the
//! product of digit d. The key from s' to s over Q P is, for every digit,
//!
//! ```text
//! (b_d, a_d)   b_d = e_d - a_d s + g_d s'
//! g_d = P (Q/D_d) ((Q/D_d)^-1 mod D_d):   P modulo the primes of digit d, 0 modulo all others
//! ```
//!
//! (eprint 2019/688, section 3; with one special prime, k = 1, eprint 2018/931, section 4). Since
//! g_d is 0 on foreign primes, the same key serves every level: dropped primes are left out of b_d, a_d
//! and of their digit.

use super::secret::mask;
use crate::ckks::{Context, Error};
use crate::ring::kernel::{self, Factor};
use crate::{Evaluation, Poly, PublicSeed, SecureRng, sample};
use std::sync::Arc;
use zeroize::Zeroizing;

/// One pair (b_d, a_d) over Q P a digit. Travels as the b_d, a seed and the index of a_0.
#[derive(Clone, Debug)]
pub struct SwitchingKey {
    context: Arc<Context>,
    seed: [u8; 32],
    index: u64,
    b: Vec<Poly<Evaluation, u64>>,
    a: Vec<Poly<Evaluation, u64>>,
}

impl SwitchingKey {
    /// Encrypts `source` under the secret whose negative is `negated`, both in evaluations, limb-major
    /// over Q P, taking an index of `seed` a digit.
    pub(super) fn generate(
        context: &Arc<Context>,
        source: &[u64],
        negated: &[u64],
        seed: &mut PublicSeed,
        rng: &mut SecureRng,
    ) -> Result<Self, Error> {
        let ring = context.key_ring();
        let count = digits(context)?;
        let index = seed.take(count)?;
        let a = expand(context, seed.bytes(), index, count);
        let mut b = Vec::with_capacity(count);
        for (digit, a) in a.iter().enumerate() {
            let mut masked = mask(context.simd(), ring, a.words(), negated, rng);
            add_gadget(context, digit, source, masked.words_mut());
            b.push(masked);
        }
        Ok(Self {
            context: Arc::clone(context),
            seed: *seed.bytes(),
            index,
            b,
            a,
        })
    }

    /// The key from what travels.
    ///
    /// # Errors
    /// [`crate::Error::Length`] unless there is one b a digit, [`crate::Error::RingMismatch`] unless
    /// each is over Q P, [`crate::Error::SeedExhausted`] if the indices wrap.
    pub fn from_seed(
        context: &Arc<Context>,
        seed: [u8; 32],
        index: u64,
        b: Vec<Poly<Evaluation, u64>>,
    ) -> Result<Self, Error> {
        let count = digits(context)?;
        if b.len() != count {
            return Err(crate::Error::Length {
                what: "digits of a switching key",
                expected: count,
                got: b.len(),
            }
            .into());
        }
        if index.checked_add(count as u64).is_none() {
            return Err(crate::Error::SeedExhausted {
                asked: count as u64,
                used: index,
            }
            .into());
        }
        for b in &b {
            context.key_ring().check_same(b.context())?;
        }
        Ok(Self {
            context: Arc::clone(context),
            seed,
            index,
            a: expand(context, &seed, index, count),
            b,
        })
    }

    /// The shared tables.
    pub fn context(&self) -> &Arc<Context> {
        &self.context
    }

    /// The seed of the a_d.
    pub fn seed(&self) -> &[u8; 32] {
        &self.seed
    }

    /// The index of a_0 under the seed; a_d has the d-th after it.
    pub fn index(&self) -> u64 {
        self.index
    }

    /// The b_d.
    pub fn b(&self) -> &[Poly<Evaluation, u64>] {
        &self.b
    }

    /// The a_d.
    pub fn a(&self) -> &[Poly<Evaluation, u64>] {
        &self.a
    }
}

/// Digits of Q, which a key has one pair each for.
fn digits(context: &Context) -> Result<usize, Error> {
    let parameters = context.parameters();
    match parameters.digits(parameters.max_level()) {
        0 => Err(Error::NoSpecialPrimes),
        digits => Ok(digits),
    }
}

fn expand(
    context: &Context,
    seed: &[u8; 32],
    index: u64,
    count: usize,
) -> Vec<Poly<Evaluation, u64>> {
    let ring = context.key_ring();
    (index..)
        .take(count)
        .map(|index| {
            let mut a = Poly::zero(ring);
            sample::expand_element(context.simd(), seed, index, ring, a.words_mut());
            a
        })
        .collect()
}

/// b = b + g_d s'.
fn add_gadget(context: &Context, digit: usize, source: &[u64], b: &mut [u64]) {
    let (parameters, ring) = (context.parameters(), context.key_ring());
    let degree = ring.degree();
    let own = parameters.digit(digit, parameters.max_level());
    let mut product = Zeroizing::new(vec![0; degree]);
    let limbs = b.chunks_mut(degree).zip(source.chunks(degree));
    for (modulus, (b, source)) in ring.moduli().zip(limbs).take(own.end).skip(own.start) {
        let special = parameters.special_moduli().iter();
        let p = special.fold(1, |p, &q| modulus.mul(p, modulus.reduce(q)));
        product.copy_from_slice(source);
        kernel::scale(
            context.simd(),
            modulus,
            &mut product,
            Factor::new(modulus, p),
        );
        kernel::add_assign(context.simd(), modulus, b, &product);
    }
}
