//! Rescaling: division by the last prime, which takes one level (eprint 2018/931, section 3.1; 2016/421,
//! section 3.2).
//!
//! With r the centred residue of c modulo q_l, (c - r) / q_l is an integer, within 1/2 of c / q_l. Modulo
//! q_j it is q_l^-1 (c - r): one inverse transform of the last limb, then for each other limb a
//! reduction of r, a forward transform, a subtraction and a product.

use super::{Ciphertext, Context, Error, Evaluator, limbs};
use crate::ring::kernel::{self, Factor};
use crate::ring::pool::Scratch;
use crate::{Evaluation, Poly};
use std::sync::Arc;

/// Dividing by q_l: -q_l^-1 modulo each prime below it.
#[derive(Debug)]
pub(super) struct Divisor {
    negated_inverses: Vec<Factor>,
}

impl Divisor {
    /// The divisors of levels 0, 1, ..; level 0 has nothing to divide.
    pub(super) fn of_levels(context: &Context) -> Result<Vec<Self>, Error> {
        let top = context.level_ring(context.parameters().max_level())?;
        let of_level = |(level, last): (usize, &crate::Modulus<u64>)| Self {
            negated_inverses: top
                .moduli()
                .take(level)
                .map(|q| {
                    let inverse = q.pow_vartime(q.reduce(last.value()), q.value() - 2);
                    Factor::new(q, q.neg(inverse))
                })
                .collect(),
        };
        Ok(top.moduli().enumerate().map(of_level).collect())
    }
}

impl Evaluator {
    /// Divides values and scale by the last prime q_l and drops it.
    ///
    /// # Errors
    /// [`Error::OutOfLevels`] at level 0; [`Error::ScaleUnderflow`] if the scale would fall below one;
    /// [`Error::ContextMismatch`].
    pub fn rescale(&self, ciphertext: &Ciphertext) -> Result<Ciphertext, Error> {
        let operation = "rescale";
        self.check_context(operation, &ciphertext.context)?;
        let level = Self::level_below(operation, ciphertext)?;
        let scale = ciphertext.scale / self.last_prime(ciphertext)?;
        if scale < 1.0 {
            return Err(Error::ScaleUnderflow {
                operation,
                log2_scale: ciphertext.scale.log2(),
                log2_prime: (ciphertext.scale / scale).log2(),
                level: ciphertext.level,
            });
        }
        let divide = |part: &Poly<Evaluation, u64>| self.divide_by_last(part, level);
        Ok(Ciphertext {
            context: Arc::clone(&self.context),
            parts: ciphertext
                .parts
                .iter()
                .map(divide)
                .collect::<Result<_, _>>()?,
            level,
            scale,
        })
    }

    /// Rescales as long as the scale stays at least half of `scale`: by no prime, one or several.
    ///
    /// # Errors
    /// As [`Evaluator::rescale`]; [`Error::OutOfLevels`] if the primes end before the scale is within
    /// reach of `scale`.
    pub fn rescale_to(&self, ciphertext: &Ciphertext, scale: f64) -> Result<Ciphertext, Error> {
        self.check_context("rescale_to", &ciphertext.context)?;
        let mut result = None;
        loop {
            let current = result.as_ref().unwrap_or(ciphertext);
            if current.scale / self.last_prime(current)? < scale / 2.0 {
                break;
            }
            result = Some(self.rescale(current)?);
        }
        Ok(result.unwrap_or_else(|| ciphertext.clone()))
    }

    /// Brings a ciphertext to exactly the scale `scale` at the price of one level: multiplies by the
    /// integer next to scale q_l / (its scale), then rescales. What the integer's rounding leaves is
    /// below 2^-20 and stays in the scale that is carried along.
    ///
    /// # Errors
    /// As [`Evaluator::rescale`]; [`Error::ScaleReach`] if the integer has too few bits to
    /// meet the scale; [`Error::ScaleOverflow`] if it has too many for the modulus.
    pub fn adjust_scale(&self, ciphertext: &Ciphertext, scale: f64) -> Result<Ciphertext, Error> {
        let operation = "adjust_scale";
        self.check_context(operation, &ciphertext.context)?;
        Self::level_below(operation, ciphertext)?;
        let prime = self.last_prime(ciphertext)?;
        let factor = (scale * prime / ciphertext.scale).round();
        if factor.is_nan() || factor * super::SCALE_TOLERANCE < 1.0 {
            return Err(Error::ScaleReach {
                operation,
                from: ciphertext.scale.log2(),
                to: scale.log2(),
                log2_prime: prime.log2(),
                level: ciphertext.level,
            });
        }
        let scaled = self.multiply_scalar(ciphertext, 1.0, factor)?;
        self.rescale(&scaled)
    }

    /// The level after a rescale.
    fn level_below(operation: &'static str, ciphertext: &Ciphertext) -> Result<usize, Error> {
        ciphertext.level.checked_sub(1).ok_or(Error::OutOfLevels {
            operation,
            needed: 1,
            left: 0,
        })
    }

    /// The prime that the next rescale divides by.
    fn last_prime(&self, ciphertext: &Ciphertext) -> Result<f64, Error> {
        let moduli = self.context.parameters().data_moduli();
        let last = moduli.get(ciphertext.level).ok_or(Error::OutOfLevels {
            operation: "rescale",
            needed: ciphertext.level,
            left: self.context.parameters().max_level(),
        })?;
        Ok(*last as f64)
    }

    /// (part - [part]_{q_l}) / q_l, at level l - 1 = `level`.
    fn divide_by_last(
        &self,
        part: &Poly<Evaluation, u64>,
        level: usize,
    ) -> Result<Poly<Evaluation, u64>, Error> {
        let (simd, degree) = (self.context.simd(), self.context.degree());
        let ring = self.context.level_ring(level)?;
        let (Some(last), Some(divisor)) =
            (part.context().limbs().last(), self.divisors.get(level + 1))
        else {
            return Err(crate::Error::NoModulus.into());
        };
        let mut remainder = Scratch::copy_of(limbs::limb(part.words(), degree, level + 1));
        last.transform_back(&mut remainder);
        let mut quotient = Poly::unspecified(ring);
        limbs::each(ring, [quotient.words_mut()], |i, ntt, [out]| {
            let Some(&factor) = divisor.negated_inverses.get(i) else {
                return;
            };
            kernel::reduce_centred(simd, ntt.modulus(), last.modulus(), out, &remainder);
            ntt.transform(out);
            let x = limbs::limb(part.words(), degree, i);
            kernel::sub_scale(simd, ntt.modulus(), out, x, factor);
        });
        Ok(quotient)
    }
}
