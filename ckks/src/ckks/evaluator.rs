//! Operations on ciphertexts, with level and scale carried along.
//!
//! ```text
//! operation                 level                scale            error's factor (see `noise`)
//! add, sub, negate          min                  equal            adds
//! add_plain, add_scalar     min                  equal            rounding of the plaintext
//! multiply, multiply_plain  min                  product          |other operand|
//! multiply_integer, by_i    kept                 kept             |integer|
//! relinearize, rotate, ..   kept                 kept             key switch added
//! rescale                   one less             / q_l            / q_l, rounding added
//! drop_to_level             as asked             kept             kept
//! ```
//!
//! Operands of two levels meet at the lower one: an element over Q_l is also one over Q_k for k < l, its
//! first k + 1 limbs. Scales are never aligned silently: they agree to one part in 2^20, or the
//! operation is refused. A product whose scale alone would fill Q_l is refused as well, since it could
//! not be decrypted.

mod arithmetic;
mod kernel;
mod limbs;
mod multiply;
mod rescale;
mod rotate;
mod rotated_sum;
mod scalar;

use super::{Ciphertext, Context, Error, EvaluationKeys, Plaintext};
use scalar::Constants;
use std::sync::Arc;

/// Largest relative difference of two scales that count as equal.
const SCALE_TOLERANCE: f64 = 1.0 / (1 << 20) as f64;

/// Does the arithmetic of one context.
#[derive(Debug)]
pub struct Evaluator {
    context: Arc<Context>,
    keys: Arc<EvaluationKeys>,
    constants: Constants,
    divisors: Vec<rescale::Divisor>,
    /// log2 Q_l of every level.
    log2_moduli: Vec<f64>,
}

impl Evaluator {
    /// Prepares the constants of every level. Without products of ciphertexts and rotations no keys are
    /// needed: [`EvaluationKeys::none`].
    ///
    /// # Errors
    /// [`Error::ContextMismatch`] for keys of other parameters.
    pub fn new(context: &Arc<Context>, keys: Arc<EvaluationKeys>) -> Result<Self, Error> {
        if !context.same(keys.context()) {
            return Err(Error::ContextMismatch {
                operation: "evaluator",
            });
        }
        let mut log2 = 0.0;
        let mut running = |&q: &u64| {
            log2 += (q as f64).log2();
            log2
        };
        let data = context.parameters().data_moduli();
        Ok(Self {
            context: Arc::clone(context),
            keys,
            constants: Constants::new(context)?,
            divisors: rescale::Divisor::of_levels(context)?,
            log2_moduli: data.iter().map(&mut running).collect(),
        })
    }

    /// The shared tables.
    pub fn context(&self) -> &Arc<Context> {
        &self.context
    }

    /// log2 Q_l.
    fn log2_modulus(&self, level: usize) -> f64 {
        self.log2_moduli.get(level).copied().unwrap_or(0.0)
    }

    /// Refuses an operand of other parameters.
    fn check_context(&self, operation: &'static str, context: &Context) -> Result<(), Error> {
        if self.context.same(context) {
            return Ok(());
        }
        Err(Error::ContextMismatch { operation })
    }

    /// Refuses scales that differ.
    fn check_scales(
        operation: &'static str,
        level: usize,
        left: f64,
        right: f64,
    ) -> Result<(), Error> {
        if (left - right).abs() <= SCALE_TOLERANCE * left.max(right) {
            return Ok(());
        }
        Err(Error::ScaleMismatch {
            operation,
            left: left.log2(),
            right: right.log2(),
            level,
        })
    }

    /// The scale of a product at `level`, which must leave room for values of absolute value one.
    fn product_scale(
        &self,
        operation: &'static str,
        level: usize,
        left: f64,
        right: f64,
    ) -> Result<f64, Error> {
        let (log2_scale, log2_modulus) = (left.log2() + right.log2(), self.log2_modulus(level));
        if log2_scale + 1.0 < log2_modulus {
            return Ok(left * right);
        }
        Err(Error::ScaleOverflow {
            operation,
            log2_scale,
            log2_modulus,
            level,
        })
    }

    /// Refuses a ciphertext that must be relinearised first.
    fn check_power(operation: &'static str, ciphertext: &Ciphertext) -> Result<(), Error> {
        if ciphertext.power() == 1 {
            return Ok(());
        }
        Err(Self::wrong_power(operation, ciphertext))
    }

    fn wrong_power(operation: &'static str, ciphertext: &Ciphertext) -> Error {
        Error::Power {
            operation,
            expected: 1,
            power: ciphertext.power(),
            level: ciphertext.level,
        }
    }

    /// Checks two ciphertexts and returns the level at which they meet.
    fn meet(
        &self,
        operation: &'static str,
        left: &Ciphertext,
        right: &Ciphertext,
    ) -> Result<usize, Error> {
        self.check_context(operation, &left.context)?;
        self.check_context(operation, &right.context)?;
        Ok(left.level.min(right.level))
    }

    /// [`Evaluator::meet`] with a plaintext.
    fn meet_plain(
        &self,
        operation: &'static str,
        left: &Ciphertext,
        right: &Plaintext,
    ) -> Result<usize, Error> {
        self.check_context(operation, &left.context)?;
        self.check_context(operation, &right.context)?;
        Ok(left.level.min(right.level()))
    }
}

#[cfg(test)]
mod tests;
