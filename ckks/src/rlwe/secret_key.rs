//! The secret key and decryption.

use super::{Ciphertext, CiphertextBatch};
use crate::{Coefficient, Error, Poly, RingContext, SecureRng, Word, sample};
use rayon::prelude::*;
use std::sync::Arc;
use zeroize::Zeroizing;

/// A uniform ternary secret, overwritten on drop.
pub struct SecretKey<W: Word> {
    context: Arc<RingContext<W>>,
    ternary: Zeroizing<Vec<i8>>,
    evaluation: Zeroizing<Vec<W>>,
}

impl<W: Word> std::fmt::Debug for SecretKey<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SecretKey {{ degree: {}, .. }}", self.context.degree())
    }
}

impl<W: Word> SecretKey<W> {
    /// Draws a key.
    pub fn generate(context: &Arc<RingContext<W>>, rng: &mut SecureRng) -> Self {
        let mut ternary = Zeroizing::new(vec![0i8; context.degree()]);
        sample::ternary(rng, &mut ternary);
        Self::from_ternary(context, ternary)
    }

    /// The key of N coefficients in {-1, 0, 1}.
    pub(crate) fn from_ternary(context: &Arc<RingContext<W>>, ternary: Zeroizing<Vec<i8>>) -> Self {
        let mut evaluation = Zeroizing::new(vec![W::default(); context.element_words()]);
        for (ntt, limb) in context
            .limbs()
            .iter()
            .zip(evaluation.chunks_mut(context.degree()))
        {
            for (word, &s) in limb.iter_mut().zip(ternary.iter()) {
                *word = ntt.modulus().lift_small(i32::from(s));
            }
            ntt.transform(limb);
        }
        Self {
            context: Arc::clone(context),
            ternary,
            evaluation,
        }
    }

    /// The ring.
    pub fn context(&self) -> &Arc<RingContext<W>> {
        &self.context
    }

    /// The coefficients, in {-1, 0, 1}.
    pub(crate) fn ternary(&self) -> &[i8] {
        &self.ternary
    }

    /// s in evaluations, limb-major.
    pub(crate) fn evaluation(&self) -> &[W] {
        &self.evaluation
    }

    /// element = element * s, in coefficients.
    pub(crate) fn multiply(&self, element: &mut [W]) -> Result<(), Error> {
        let degree = self.context.degree();
        let limbs = element
            .chunks_mut(degree)
            .zip(self.evaluation.chunks(degree));
        for (ntt, (limb, s)) in self.context.limbs().iter().zip(limbs) {
            ntt.mul_transformed(limb, s)?;
        }
        Ok(())
    }

    /// out = c0 + c1 s for one row c0 | c1.
    fn phase(&self, row: &[W], out: &mut [W]) -> Result<(), Error> {
        let (c0, c1) = row.split_at_checked(out.len()).unwrap_or_default();
        out.copy_from_slice(c1);
        self.multiply(out)?;
        let degree = self.context.degree();
        let limbs = out.chunks_mut(degree).zip(c0.chunks(degree));
        for (modulus, (out, c0)) in self.context.moduli().zip(limbs) {
            for (x, &c) in out.iter_mut().zip(c0) {
                *x = modulus.add(*x, c);
            }
        }
        Ok(())
    }

    /// The message with its noise, m + e.
    ///
    /// # Errors
    /// [`Error::RingMismatch`].
    pub fn decrypt(&self, ciphertext: &Ciphertext<W>) -> Result<Poly<Coefficient, W>, Error> {
        self.context.check_same(ciphertext.context())?;
        let mut out = vec![W::default(); self.context.element_words()];
        self.phase(ciphertext.row(), &mut out)?;
        Ok(Poly::from_trusted(&self.context, out))
    }

    /// The messages with their noise, one element a row.
    ///
    /// # Errors
    /// [`Error::RingMismatch`].
    pub fn decrypt_batch(&self, batch: &CiphertextBatch<W>) -> Result<Vec<W>, Error> {
        self.context.check_same(batch.context())?;
        let words = self.context.element_words();
        let mut out = vec![W::default(); batch.rows() * words];
        out.par_chunks_mut(words)
            .zip(batch.words().par_chunks(2 * words))
            .try_for_each(|(out, row)| self.phase(row, out))?;
        Ok(out)
    }
}
