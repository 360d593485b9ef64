//! The public key, whose random half nobody chose.

use super::{Ciphertext, ErrorTerm, SecretKey};
use crate::simd::Supported;
use crate::{Coefficient, Error, Evaluation, Poly, RingContext, SecureRng, Word, sample};
use rand_core::Rng;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use zeroize::Zeroizing;

/// (b, a) with b = e - a s, a expanded from the hash of a seed that both parties contributed to.
#[derive(Clone, Debug, PartialEq)]
pub struct PublicKey<W: Word> {
    a: Poly<Evaluation, W>,
    b: Poly<Evaluation, W>,
}

/// The a of a joint seed. Hashing keeps it apart from every ciphertext's seed.
fn expand_a<W: Word>(context: &Arc<RingContext<W>>, joint_seed: &[u8; 32]) -> Poly<Coefficient, W> {
    let key: [u8; 32] = Sha256::new_with_prefix(b"halfmask/ckks/public-key/1")
        .chain_update(joint_seed)
        .finalize()
        .into();
    let mut a = Poly::zero(context);
    sample::expand_element(Supported::detect(), &key, 0, context, a.words_mut());
    a
}

impl<W: Word> PublicKey<W> {
    /// The key owner's side: b for the a of `joint_seed`. One joint seed serves one public key.
    ///
    /// # Errors
    /// None for a well-formed secret key.
    pub fn generate(
        secret: &SecretKey<W>,
        joint_seed: &[u8; 32],
        rng: &mut SecureRng,
    ) -> Result<Self, Error> {
        let context = secret.context();
        let a = expand_a(context, joint_seed);
        let mut product = Zeroizing::new(a.words().to_vec());
        secret.multiply(&mut product)?;
        let mut error = Zeroizing::new(vec![0i8; context.degree()]);
        sample::centred_binomial(rng, &mut error);
        let mut b = Poly::<Coefficient, W>::zero(context);
        let degree = context.degree();
        let limbs = b.words_mut().chunks_mut(degree).zip(product.chunks(degree));
        for (modulus, (b, product)) in context.moduli().zip(limbs) {
            for ((b, &e), &p) in b.iter_mut().zip(error.iter()).zip(product) {
                *b = modulus.sub(modulus.lift_small(i32::from(e)), p);
            }
        }
        Ok(Self {
            a: a.into_evaluation()?,
            b: b.into_evaluation()?,
        })
    }

    /// The other side: the key from the joint seed and the b that was received.
    ///
    /// # Errors
    /// None for a well-formed b.
    pub fn from_received(joint_seed: &[u8; 32], b: Poly<Coefficient, W>) -> Result<Self, Error> {
        let a = expand_a(b.context(), joint_seed);
        Ok(Self {
            a: a.into_evaluation()?,
            b: b.into_evaluation()?,
        })
    }

    /// b in coefficients, to be sent.
    ///
    /// # Errors
    /// None for a well-formed key.
    pub fn b(&self) -> Result<Poly<Coefficient, W>, Error> {
        self.b.clone().into_coefficient()
    }

    /// The ring.
    pub fn context(&self) -> &Arc<RingContext<W>> {
        self.a.context()
    }

    pub(crate) fn halves(&self) -> (&[W], &[W]) {
        (self.b.words(), self.a.words())
    }

    /// A public-key encryption: (m + b u + e0, a u + e1).
    ///
    /// # Errors
    /// [`Error::RingMismatch`].
    pub fn encrypt(
        &self,
        plain: &Poly<Coefficient, W>,
        rng: &mut SecureRng,
    ) -> Result<Ciphertext<W>, Error> {
        let mut ciphertext = Ciphertext::trivial(plain);
        self.rerandomize(&mut ciphertext.0, ErrorTerm::CentredBinomial, rng)?;
        Ok(ciphertext)
    }

    /// Both parties' contributions, hashed into the joint seed. Whoever speaks last can choose among
    /// hash outputs, but cannot make a, the expansion of a hash of this one, anything but random.
    pub fn joint_seed(first: &[u8; 32], second: &[u8; 32]) -> [u8; 32] {
        Sha256::new_with_prefix(b"halfmask/ckks/joint-seed/1")
            .chain_update(first)
            .chain_update(second)
            .finalize()
            .into()
    }

    /// One party's random contribution to the joint seed.
    pub fn contribution(rng: &mut SecureRng) -> [u8; 32] {
        let mut bytes = [0; 32];
        rng.fill_bytes(&mut bytes);
        bytes
    }
}
