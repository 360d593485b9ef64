//! Products of ciphertexts.
//!
//! (c0 + c1 s)(d0 + d1 s) = c0 d0 + (c0 d1 + c1 d0) s + c1 d1 s^2: the tensor product, a ciphertext of
//! power 2 (eprint 2016/421, section 3.3). Relinearisation switches the part at s^2 back to s.

use super::{Ciphertext, Error, Evaluator, limbs};
use crate::Poly;
use crate::ckks::key_switch;
use crate::ring::kernel;
use std::sync::Arc;

impl Evaluator {
    /// left times right, slot by slot, as a ciphertext of power 2 at the lower of the two levels. The
    /// scales multiply, so a rescale usually follows.
    ///
    /// # Errors
    /// [`Error::Power`] unless both are of power 1; [`Error::ScaleOverflow`];
    /// [`Error::ContextMismatch`].
    pub fn multiply(&self, left: &Ciphertext, right: &Ciphertext) -> Result<Ciphertext, Error> {
        self.tensor("multiply", left, right)
    }

    /// ciphertext times itself, as [`Evaluator::multiply`].
    ///
    /// # Errors
    /// As [`Evaluator::multiply`].
    pub fn square(&self, ciphertext: &Ciphertext) -> Result<Ciphertext, Error> {
        self.tensor("square", ciphertext, ciphertext)
    }

    /// A ciphertext of power 2 as one of power 1; of power 1 it is returned as it is.
    ///
    /// # Errors
    /// [`Error::MissingRelinearizationKey`], [`Error::ContextMismatch`].
    pub fn relinearize(&self, ciphertext: &Ciphertext) -> Result<Ciphertext, Error> {
        self.check_context("relinearize", &ciphertext.context)?;
        let [c0, c1, c2] = &ciphertext.parts[..] else {
            return Ok(ciphertext.clone());
        };
        let key = self.keys.relinearization()?;
        let parts = key_switch::relinearize([c0, c1, c2], key)?;
        Ok(ciphertext.with_parts(parts.into()))
    }

    /// [`Evaluator::multiply`], then [`Evaluator::relinearize`].
    ///
    /// # Errors
    /// Those of both.
    pub fn multiply_relinearize(
        &self,
        left: &Ciphertext,
        right: &Ciphertext,
    ) -> Result<Ciphertext, Error> {
        self.relinearize(&self.tensor("multiply_relinearize", left, right)?)
    }

    /// [`Evaluator::square`], then [`Evaluator::relinearize`].
    ///
    /// # Errors
    /// Those of both.
    pub fn square_relinearize(&self, ciphertext: &Ciphertext) -> Result<Ciphertext, Error> {
        self.relinearize(&self.tensor("square_relinearize", ciphertext, ciphertext)?)
    }

    fn tensor(
        &self,
        operation: &'static str,
        left: &Ciphertext,
        right: &Ciphertext,
    ) -> Result<Ciphertext, Error> {
        let level = self.meet(operation, left, right)?;
        Self::check_power(operation, left)?;
        Self::check_power(operation, right)?;
        let scale = self.product_scale(operation, level, left.scale, right.scale)?;
        let simd = self.context.simd();
        let ring = self.context.level_ring(level)?;
        let mut parts = [(); 3].map(|()| Poly::unspecified(ring));
        let outputs = parts.each_mut().map(|part| part.words_mut());
        limbs::each(ring, outputs, |i, ntt, out| {
            let x = [0, 1].map(|part| limbs::of_part(left, part, i));
            let y = [0, 1].map(|part| limbs::of_part(right, part, i));
            kernel::tensor(simd, ntt.modulus(), out, x, y);
        });
        Ok(Ciphertext {
            context: Arc::clone(&self.context),
            parts: parts.into(),
            level,
            scale,
        })
    }
}
