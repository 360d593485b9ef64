//! The secret key.

use crate::ckks::Context;
use crate::ring::{kernel, parallel::for_each};
use crate::rlwe::{self, kernel::lift};
use crate::simd::Supported;
use crate::{Evaluation, Poly, RingContext, SecureRng, sample};
use std::sync::Arc;
use zeroize::Zeroizing;

/// A uniform ternary secret s over Q P, overwritten on drop.
pub struct SecretKey {
    context: Arc<Context>,
    key: rlwe::SecretKey<u64>,
    /// -s in evaluations: an encryption of zero is e + a (-s), without an intermediate product that
    /// would have to be overwritten.
    negated: Zeroizing<Vec<u64>>,
}

impl std::fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SecretKey {{ degree: {}, .. }}", self.context.degree())
    }
}

impl SecretKey {
    /// Draws a key.
    pub fn generate(context: &Arc<Context>, rng: &mut SecureRng) -> Self {
        Self::new(context, rlwe::SecretKey::generate(context.key_ring(), rng))
    }

    /// The key of N coefficients in {-1, 0, 1}.
    pub(in crate::ckks) fn from_ternary(
        context: &Arc<Context>,
        ternary: Zeroizing<Vec<i8>>,
    ) -> Self {
        let key = rlwe::SecretKey::from_ternary(context.key_ring(), ternary);
        Self::new(context, key)
    }

    fn new(context: &Arc<Context>, key: rlwe::SecretKey<u64>) -> Self {
        let ring = context.key_ring();
        let mut negated = Zeroizing::new(key.evaluation().to_vec());
        for (modulus, limb) in ring.moduli().zip(negated.chunks_mut(ring.degree())) {
            kernel::negate(context.simd(), modulus, limb);
        }
        Self {
            context: Arc::clone(context),
            key,
            negated,
        }
    }

    /// The shared tables.
    pub fn context(&self) -> &Arc<Context> {
        &self.context
    }

    /// The coefficients, in {-1, 0, 1}.
    pub(in crate::ckks) fn ternary(&self) -> &[i8] {
        self.key.ternary()
    }

    /// s in evaluations, limb-major over Q P.
    pub(in crate::ckks) fn evaluation(&self) -> &[u64] {
        self.key.evaluation()
    }

    /// -s in evaluations, limb-major over Q P.
    pub(in crate::ckks) fn negated(&self) -> &[u64] {
        &self.negated
    }
}

/// e - a s for a fresh error e, over the first limbs of Q P: with `a` an encryption of zero.
pub(in crate::ckks) fn mask(
    simd: Supported,
    ring: &Arc<RingContext<u64>>,
    a: &[u64],
    negated: &[u64],
    rng: &mut SecureRng,
) -> Poly<Evaluation, u64> {
    let degree = ring.degree();
    let mut error = Zeroizing::new(vec![0; degree]);
    sample::centred_binomial(rng, &mut error);
    let mut out = Poly::unspecified(ring);
    let operands = a.chunks(degree).zip(negated.chunks(degree));
    let limbs = out.words_mut().chunks_mut(degree).zip(operands);
    for_each(
        ring.limbs().iter().zip(limbs),
        |(ntt, (out, (a, negated)))| {
            lift(simd, ntt.modulus(), out, &error);
            ntt.transform(out);
            kernel::mul_add(simd, ntt.modulus(), out, a, negated);
        },
    );
    out
}
