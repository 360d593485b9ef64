//! Addition, and multiplication by plaintexts: component by component, limb by limb.

use super::{Ciphertext, Error, Evaluator, Plaintext, limbs};
use crate::ring::kernel;
use crate::simd::Supported;
use crate::{Evaluation, Modulus, Poly};
use std::sync::Arc;

/// A pass x = x op y over one limb.
type Pass = fn(Supported, &Modulus<u64>, &mut [u64], &[u64]);

impl Evaluator {
    /// x = x op y over the limbs of x, which y has as well.
    fn apply(&self, pass: Pass, x: &mut Poly<Evaluation, u64>, y: &Poly<Evaluation, u64>) {
        let simd = self.context.simd();
        let ring = Arc::clone(x.context());
        limbs::each(&ring, [x.words_mut()], |i, ntt, [x]| {
            pass(
                simd,
                ntt.modulus(),
                x,
                limbs::limb(y.words(), ring.degree(), i),
            );
        });
    }

    /// left = left + right, or left - right.
    fn combine(
        &self,
        operation: &'static str,
        left: &mut Ciphertext,
        right: &Ciphertext,
        pass: Pass,
        negate: bool,
    ) -> Result<(), Error> {
        let level = self.meet(operation, left, right)?;
        Self::check_scales(operation, level, left.scale, right.scale)?;
        let ring = self.context.level_ring(level)?;
        limbs::truncate(left, ring, level);
        for (x, y) in left.parts.iter_mut().zip(&right.parts) {
            self.apply(pass, x, y);
        }
        // The left operand has no component at s^2 where only the right one has it.
        for y in right.parts.iter().skip(left.parts.len()) {
            let mut part = limbs::prefix(ring, y);
            if negate {
                part.negate();
            }
            left.parts.push(part);
        }
        Ok(())
    }

    /// left + right, at the lower of the two levels; powers may differ.
    ///
    /// # Errors
    /// [`Error::ScaleMismatch`], [`Error::ContextMismatch`].
    pub fn add(&self, left: &Ciphertext, right: &Ciphertext) -> Result<Ciphertext, Error> {
        let mut sum = self.copy_at(left, self.meet("add", left, right)?)?;
        self.add_assign(&mut sum, right)?;
        Ok(sum)
    }

    /// left = left + right.
    ///
    /// # Errors
    /// As [`Evaluator::add`].
    pub fn add_assign(&self, left: &mut Ciphertext, right: &Ciphertext) -> Result<(), Error> {
        self.combine("add", left, right, kernel::add_assign, false)
    }

    /// left - right, at the lower of the two levels; powers may differ.
    ///
    /// # Errors
    /// As [`Evaluator::add`].
    pub fn sub(&self, left: &Ciphertext, right: &Ciphertext) -> Result<Ciphertext, Error> {
        let mut difference = self.copy_at(left, self.meet("sub", left, right)?)?;
        self.sub_assign(&mut difference, right)?;
        Ok(difference)
    }

    /// left = left - right.
    ///
    /// # Errors
    /// As [`Evaluator::add`].
    pub fn sub_assign(&self, left: &mut Ciphertext, right: &Ciphertext) -> Result<(), Error> {
        self.combine("sub", left, right, kernel::sub_assign, true)
    }

    /// -ciphertext.
    ///
    /// # Errors
    /// [`Error::ContextMismatch`].
    pub fn negate(&self, ciphertext: &Ciphertext) -> Result<Ciphertext, Error> {
        let mut negated = ciphertext.clone();
        self.negate_assign(&mut negated)?;
        Ok(negated)
    }

    /// ciphertext = -ciphertext.
    ///
    /// # Errors
    /// [`Error::ContextMismatch`].
    pub fn negate_assign(&self, ciphertext: &mut Ciphertext) -> Result<(), Error> {
        self.check_context("negate", &ciphertext.context)?;
        let simd = self.context.simd();
        let ring = self.context.level_ring(ciphertext.level)?;
        for part in &mut ciphertext.parts {
            limbs::each(ring, [part.words_mut()], |_, ntt, [x]| {
                kernel::negate(simd, ntt.modulus(), x);
            });
        }
        Ok(())
    }

    /// c_0 = c_0 op plain.
    fn combine_plain(
        &self,
        operation: &'static str,
        left: &mut Ciphertext,
        right: &Plaintext,
        pass: Pass,
    ) -> Result<(), Error> {
        let level = self.meet_plain(operation, left, right)?;
        Self::check_scales(operation, level, left.scale, right.scale)?;
        limbs::truncate(left, self.context.level_ring(level)?, level);
        if let Some(part) = left.parts.first_mut() {
            self.apply(pass, part, &right.poly);
        }
        Ok(())
    }

    /// left + right.
    ///
    /// # Errors
    /// [`Error::ScaleMismatch`], [`Error::ContextMismatch`].
    pub fn add_plain(&self, left: &Ciphertext, right: &Plaintext) -> Result<Ciphertext, Error> {
        let mut sum = self.copy_at(left, self.meet_plain("add_plain", left, right)?)?;
        self.add_plain_assign(&mut sum, right)?;
        Ok(sum)
    }

    /// left = left + right.
    ///
    /// # Errors
    /// As [`Evaluator::add_plain`].
    pub fn add_plain_assign(&self, left: &mut Ciphertext, right: &Plaintext) -> Result<(), Error> {
        self.combine_plain("add_plain", left, right, kernel::add_assign)
    }

    /// left - right.
    ///
    /// # Errors
    /// As [`Evaluator::add_plain`].
    pub fn sub_plain(&self, left: &Ciphertext, right: &Plaintext) -> Result<Ciphertext, Error> {
        let mut difference = self.copy_at(left, self.meet_plain("sub_plain", left, right)?)?;
        self.sub_plain_assign(&mut difference, right)?;
        Ok(difference)
    }

    /// left = left - right.
    ///
    /// # Errors
    /// As [`Evaluator::add_plain`].
    pub fn sub_plain_assign(&self, left: &mut Ciphertext, right: &Plaintext) -> Result<(), Error> {
        self.combine_plain("sub_plain", left, right, kernel::sub_assign)
    }

    /// left times right, slot by slot; the scales multiply, so a rescale usually follows.
    ///
    /// # Errors
    /// [`Error::ScaleOverflow`], [`Error::ContextMismatch`].
    pub fn multiply_plain(
        &self,
        left: &Ciphertext,
        right: &Plaintext,
    ) -> Result<Ciphertext, Error> {
        let operation = "multiply_plain";
        let level = self.meet_plain(operation, left, right)?;
        let scale = self.product_scale(operation, level, left.scale, right.scale)?;
        let (simd, degree) = (self.context.simd(), self.context.degree());
        let ring = self.context.level_ring(level)?;
        let product = |part: &Poly<Evaluation, u64>| {
            let mut out = Poly::unspecified(ring);
            limbs::each(ring, [out.words_mut()], |i, ntt, [out]| {
                let x = limbs::limb(part.words(), degree, i);
                let y = limbs::limb(right.poly.words(), degree, i);
                kernel::mul(simd, ntt.modulus(), out, x, y);
            });
            out
        };
        Ok(Ciphertext {
            context: Arc::clone(&self.context),
            parts: left.parts.iter().map(product).collect(),
            level,
            scale,
        })
    }

    /// left = left times right.
    ///
    /// # Errors
    /// As [`Evaluator::multiply_plain`].
    pub fn multiply_plain_assign(
        &self,
        left: &mut Ciphertext,
        right: &Plaintext,
    ) -> Result<(), Error> {
        let operation = "multiply_plain";
        let level = self.meet_plain(operation, left, right)?;
        left.scale = self.product_scale(operation, level, left.scale, right.scale)?;
        limbs::truncate(left, self.context.level_ring(level)?, level);
        for part in &mut left.parts {
            self.apply(kernel::mul_assign, part, &right.poly);
        }
        Ok(())
    }

    /// The same value over fewer primes: its first `level` + 1 limbs.
    ///
    /// # Errors
    /// [`Error::OutOfLevels`] above the ciphertext's own level; [`Error::ContextMismatch`].
    pub fn drop_to_level(
        &self,
        ciphertext: &Ciphertext,
        level: usize,
    ) -> Result<Ciphertext, Error> {
        let operation = "drop_to_level";
        self.check_context(operation, &ciphertext.context)?;
        if level > ciphertext.level {
            return Err(Error::OutOfLevels {
                operation,
                needed: level,
                left: ciphertext.level,
            });
        }
        self.copy_at(ciphertext, level)
    }

    /// A copy at a level that is not above the ciphertext's.
    fn copy_at(&self, ciphertext: &Ciphertext, level: usize) -> Result<Ciphertext, Error> {
        let ring = self.context.level_ring(level)?;
        let copy = |part: &Poly<Evaluation, u64>| limbs::prefix(ring, part);
        Ok(Ciphertext {
            context: Arc::clone(&self.context),
            parts: ciphertext.parts.iter().map(copy).collect(),
            level,
            scale: ciphertext.scale,
        })
    }
}
