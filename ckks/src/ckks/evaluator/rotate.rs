//! Automorphisms: rotation of the slots, conjugation, and sums over neighbouring slots.
//!
//! X -> X^g maps (c0, c1) under s to one under s(X^g); a key switch leads back to s. X -> X^(5^k) moves
//! slot j + k to slot j, X -> X^-1 conjugates. The switch comes first and the permutation after, so that
//! automorphisms of one ciphertext share the decomposition of c1 ([`Evaluator::rotate_many`]; hoisting:
//! eprint 2018/244, section 5).

use super::{Ciphertext, Error, Evaluator};
use crate::ckks::key_switch::{self, Digits};
use crate::{Evaluation, Poly};

impl Evaluator {
    /// Moves slot j + `steps` to slot j, cyclically; negative steps move the other way.
    ///
    /// # Errors
    /// [`Error::MissingRotationKey`]; [`Error::Power`] unless of power 1;
    /// [`Error::ContextMismatch`].
    pub fn rotate(&self, ciphertext: &Ciphertext, steps: i64) -> Result<Ciphertext, Error> {
        let operation = "rotate";
        self.check_context(operation, &ciphertext.context)?;
        let pair = Self::pair(operation, ciphertext)?;
        if self.is_identity(steps) {
            return Ok(ciphertext.clone());
        }
        let parts = key_switch::apply_galois(pair, self.keys.rotation(steps)?)?;
        Ok(ciphertext.with_parts(parts.into()))
    }

    /// The complex conjugate of every slot.
    ///
    /// # Errors
    /// [`Error::MissingConjugationKey`]; [`Error::Power`] unless of power 1;
    /// [`Error::ContextMismatch`].
    pub fn conjugate(&self, ciphertext: &Ciphertext) -> Result<Ciphertext, Error> {
        let operation = "conjugate";
        self.check_context(operation, &ciphertext.context)?;
        let pair = Self::pair(operation, ciphertext)?;
        let parts = key_switch::apply_galois(pair, self.keys.conjugation()?)?;
        Ok(ciphertext.with_parts(parts.into()))
    }

    /// [`Evaluator::rotate`] by each of `steps`, with one decomposition for all.
    ///
    /// # Errors
    /// As [`Evaluator::rotate`].
    pub fn rotate_many(
        &self,
        ciphertext: &Ciphertext,
        steps: &[i64],
    ) -> Result<Vec<Ciphertext>, Error> {
        let operation = "rotate_many";
        self.check_context(operation, &ciphertext.context)?;
        let [c0, c1] = Self::pair(operation, ciphertext)?;
        let digits = Digits::decompose(&self.context, c1)?;
        let one = |&steps: &i64| {
            if self.is_identity(steps) {
                return Ok(ciphertext.clone());
            }
            let parts = digits.apply_galois(c0, self.keys.rotation(steps)?)?;
            Ok(ciphertext.with_parts(parts.into()))
        };
        steps.iter().map(one).collect()
    }

    /// In slot j the sum of slots j .. j + `count` - 1, cyclically, in log2(count) rotations.
    ///
    /// # Errors
    /// [`Error::InnerSum`] unless `count` is a power of two within the slots; as
    /// [`Evaluator::rotate`].
    pub fn inner_sum(&self, ciphertext: &Ciphertext, count: usize) -> Result<Ciphertext, Error> {
        let slots = self.context.slots();
        if !count.is_power_of_two() || count > slots {
            return Err(Error::InnerSum { count, slots });
        }
        let mut sum = ciphertext.clone();
        for step in (0..count.ilog2()).map(|k| 1i64 << k) {
            let rotated = self.rotate(&sum, step)?;
            self.add_assign(&mut sum, &rotated)?;
        }
        Ok(sum)
    }

    pub(super) fn is_identity(&self, steps: i64) -> bool {
        steps % self.context.slots() as i64 == 0
    }

    /// c0 and c1.
    pub(super) fn pair<'a>(
        operation: &'static str,
        ciphertext: &'a Ciphertext,
    ) -> Result<[&'a Poly<Evaluation, u64>; 2], Error> {
        match &ciphertext.parts[..] {
            [c0, c1] => Ok([c0, c1]),
            _ => Err(Self::wrong_power(operation, ciphertext)),
        }
    }
}
