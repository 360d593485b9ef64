//! The keys that an evaluator needs: exactly those asked for.

use super::{SecretKey, SwitchingKey};
use crate::ckks::{Context, Error};
use crate::ring::kernel;
use crate::ring::{Automorphism, conjugation_element, rotation_element};
use crate::{PublicSeed, SecureRng};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use zeroize::Zeroizing;

/// The key of one automorphism X -> X^g, from s to s(X^(1/g)): a ciphertext is switched first and
/// permuted after, so that automorphisms of one ciphertext share its decomposition as it is
/// (hoisting; Halevi, Shoup, eprint 2018/244, section 5).
#[derive(Clone, Debug)]
pub struct GaloisKey {
    automorphism: Automorphism,
    key: SwitchingKey,
}

impl GaloisKey {
    fn generate(
        secret: &SecretKey,
        element: u64,
        seed: &mut PublicSeed,
        rng: &mut SecureRng,
    ) -> Result<Self, Error> {
        let context = secret.context();
        let ring = context.key_ring();
        // The inverse of g: the group's order divides N, so that g^(N-1) g = 1 modulo 2N.
        let order = 2 * ring.degree() as u64;
        let inverse = (1..ring.degree()).fold(1, |power, _| power * element % order);
        let backwards = Automorphism::new(ring, inverse)?;
        let mut negated = Zeroizing::new(vec![0; ring.element_words()]);
        let limbs = negated.chunks_mut(ring.degree());
        for (out, limb) in limbs.zip(secret.negated().chunks(ring.degree())) {
            backwards.permute(out, limb);
        }
        let source = secret.evaluation();
        Ok(Self {
            automorphism: Automorphism::new(ring, element)?,
            key: SwitchingKey::generate(context, source, &negated, seed, rng)?,
        })
    }

    /// The key from what travels: the element g and the switching key.
    ///
    /// # Errors
    /// [`crate::Error::GaloisElement`] unless g is odd and below 2N.
    pub fn from_key(element: u64, key: SwitchingKey) -> Result<Self, Error> {
        Ok(Self {
            automorphism: Automorphism::new(key.context().key_ring(), element)?,
            key,
        })
    }

    /// The map.
    pub fn automorphism(&self) -> &Automorphism {
        &self.automorphism
    }

    /// The switching key.
    pub fn switching_key(&self) -> &SwitchingKey {
        &self.key
    }
}

/// Relinearisation and Galois keys. Public.
#[derive(Clone, Debug)]
pub struct EvaluationKeys {
    context: Arc<Context>,
    relinearization: Option<SwitchingKey>,
    /// By element g.
    galois: BTreeMap<u64, GaloisKey>,
}

impl EvaluationKeys {
    /// No keys: enough for additions and products with plaintexts.
    pub fn none(context: &Arc<Context>) -> Self {
        Self {
            context: Arc::clone(context),
            relinearization: None,
            galois: BTreeMap::new(),
        }
    }

    /// Starts to collect what is needed.
    pub fn builder(secret: &SecretKey) -> EvaluationKeysBuilder<'_> {
        EvaluationKeysBuilder {
            secret,
            relinearization: false,
            elements: BTreeSet::new(),
            invalid: None,
        }
    }

    /// The keys from what travels; of two keys of one automorphism the later is kept.
    ///
    /// # Errors
    /// [`Error::ContextMismatch`].
    pub fn from_keys(
        context: &Arc<Context>,
        relinearization: Option<SwitchingKey>,
        galois: Vec<GaloisKey>,
    ) -> Result<Self, Error> {
        let keys = galois.iter().map(GaloisKey::switching_key);
        for key in keys.chain(&relinearization) {
            if !key.context().same(context) {
                return Err(Error::ContextMismatch {
                    operation: "collect evaluation keys",
                });
            }
        }
        let galois = galois.into_iter();
        Ok(Self {
            context: Arc::clone(context),
            relinearization,
            galois: galois
                .map(|key| (key.automorphism.element(), key))
                .collect(),
        })
    }

    /// The shared tables.
    pub fn context(&self) -> &Arc<Context> {
        &self.context
    }

    /// The key from s^2 to s.
    ///
    /// # Errors
    /// [`Error::MissingRelinearizationKey`].
    pub fn relinearization(&self) -> Result<&SwitchingKey, Error> {
        self.relinearization
            .as_ref()
            .ok_or(Error::MissingRelinearizationKey)
    }

    /// The key of the rotation by `steps` towards lower slots; steps that differ by a multiple of N/2
    /// are the same.
    ///
    /// # Errors
    /// [`Error::MissingRotationKey`].
    pub fn rotation(&self, steps: i64) -> Result<&GaloisKey, Error> {
        self.galois
            .get(&rotation_element(self.context.degree(), steps))
            .ok_or(Error::MissingRotationKey { steps })
    }

    /// The key of the conjugation.
    ///
    /// # Errors
    /// [`Error::MissingConjugationKey`].
    pub fn conjugation(&self) -> Result<&GaloisKey, Error> {
        self.galois
            .get(&conjugation_element(self.context.degree()))
            .ok_or(Error::MissingConjugationKey)
    }

    /// All Galois keys, by element.
    pub fn galois(&self) -> impl ExactSizeIterator<Item = &GaloisKey> {
        self.galois.values()
    }
}

/// Collects what is needed; each key is made once, however often it is asked for.
#[derive(Debug)]
#[must_use = "nothing is made before `build`"]
pub struct EvaluationKeysBuilder<'a> {
    secret: &'a SecretKey,
    relinearization: bool,
    elements: BTreeSet<u64>,
    invalid: Option<Error>,
}

impl EvaluationKeysBuilder<'_> {
    /// For products of ciphertexts.
    pub fn relinearization(mut self) -> Self {
        self.relinearization = true;
        self
    }

    /// For rotations by these steps towards lower slots (negative: towards higher ones).
    pub fn rotations(mut self, steps: &[i64]) -> Self {
        let degree = self.secret.context().degree();
        let elements = steps.iter().map(|&steps| rotation_element(degree, steps));
        // A rotation by nothing needs no key.
        self.elements
            .extend(elements.filter(|&element| element != 1));
        self
    }

    /// For complex conjugation.
    pub fn conjugation(mut self) -> Self {
        let degree = self.secret.context().degree();
        self.elements.insert(conjugation_element(degree));
        self
    }

    /// For sums over `count` neighbouring slots, a power of two: rotations by 1, 2, 4 .. count/2.
    pub fn inner_sum(mut self, count: usize) -> Self {
        let slots = self.secret.context().slots();
        if !count.is_power_of_two() || count > slots {
            self.invalid = Some(Error::InnerSum { count, slots });
            return self;
        }
        let steps: Vec<i64> = (0..count.ilog2()).map(|k| 1 << k).collect();
        self.rotations(&steps)
    }

    /// Makes the keys, all under one seed.
    ///
    /// # Errors
    /// [`Error::InnerSum`] for a sum that was asked for over another number of slots,
    /// [`Error::NoSpecialPrimes`] if the parameters know no key switching.
    pub fn build(self, rng: &mut SecureRng) -> Result<EvaluationKeys, Error> {
        if let Some(invalid) = self.invalid {
            return Err(invalid);
        }
        let secret = self.secret;
        let mut seed = PublicSeed::generate(rng);
        let mut keys = EvaluationKeys::none(secret.context());
        if self.relinearization {
            let square = square(secret);
            keys.relinearization = Some(SwitchingKey::generate(
                secret.context(),
                &square,
                secret.negated(),
                &mut seed,
                rng,
            )?);
        }
        for element in self.elements {
            let key = GaloisKey::generate(secret, element, &mut seed, rng)?;
            keys.galois.insert(element, key);
        }
        Ok(keys)
    }
}

/// s^2 in evaluations.
fn square(secret: &SecretKey) -> Zeroizing<Vec<u64>> {
    let context = secret.context();
    let ring = context.key_ring();
    let mut square = Zeroizing::new(secret.evaluation().to_vec());
    let limbs = square.chunks_mut(ring.degree());
    let factors = secret.evaluation().chunks(ring.degree());
    for (modulus, (limb, factor)) in ring.moduli().zip(limbs.zip(factors)) {
        kernel::mul_assign(context.simd(), modulus, limb, factor);
    }
    square
}
