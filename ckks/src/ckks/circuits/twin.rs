//! The clear twin of the evaluator.
//!
//! It computes on the slots themselves, in double precision and without noise, and keeps the books of
//! levels, scales and components as the evaluator does: a circuit that would run out of levels, add at
//! different scales or multiply what was not relinearised fails here too, and without a key.

use super::{Machine, MaskEncoder, Schedule};
use crate::ckks::{Context, Error};
use rustfft::num_complex::Complex64;
use std::sync::Arc;

/// Relative difference of scales that an addition accepts: rounding of their products and quotients
/// alone. Circuits choose scales that agree.
const SCALE_TOLERANCE: f64 = 1e-12;

/// Runs circuits in the clear.
#[derive(Clone, Debug)]
pub struct Twin {
    context: Arc<Context>,
}

/// A vector of N/2 slots in the clear, with the level and scale that its encryption would have.
#[derive(Clone, Debug)]
pub struct TwinVector {
    slots: Vec<Complex64>,
    level: usize,
    scale: f64,
    power: usize,
}

impl TwinVector {
    /// The values.
    pub fn slots(&self) -> &[Complex64] {
        &self.slots
    }

    /// Their real parts.
    pub fn real(&self) -> Vec<f64> {
        self.slots.iter().map(|z| z.re).collect()
    }

    /// Rescales that are left.
    pub fn level(&self) -> usize {
        self.level
    }

    /// The factor between slots and coefficients.
    pub fn scale(&self) -> f64 {
        self.scale
    }

    fn map(&self, f: impl Fn(Complex64) -> Complex64) -> Self {
        Self {
            slots: self.slots.iter().map(|&z| f(z)).collect(),
            ..*self
        }
    }

    fn zip(&self, other: &Self, f: impl Fn(Complex64, Complex64) -> Complex64) -> Vec<Complex64> {
        let pairs = self.slots.iter().zip(&other.slots);
        pairs.map(|(&x, &y)| f(x, y)).collect()
    }
}

impl Twin {
    /// A twin of evaluators under these parameters.
    pub fn new(context: &Arc<Context>) -> Self {
        Self {
            context: Arc::clone(context),
        }
    }

    /// A vector as if freshly encrypted: top level, default scale. Shorter ones are padded with zeros.
    ///
    /// # Errors
    /// More values than slots.
    pub fn vector(&self, values: &[Complex64]) -> Result<TwinVector, Error> {
        let parameters = self.context.parameters();
        self.vector_at(values, parameters.max_level(), parameters.scale())
    }

    /// A vector of real numbers as if freshly encrypted.
    ///
    /// # Errors
    /// More values than slots.
    pub fn real_vector(&self, values: &[f64]) -> Result<TwinVector, Error> {
        let values: Vec<_> = values.iter().map(|&x| x.into()).collect();
        self.vector(&values)
    }

    /// A vector at a level and scale.
    ///
    /// # Errors
    /// More values than slots, or a level that is not there.
    pub fn vector_at(
        &self,
        values: &[Complex64],
        level: usize,
        scale: f64,
    ) -> Result<TwinVector, Error> {
        let slots = self.context.slots();
        if values.len() > slots {
            return Err(Error::TooManyValues {
                operation: "vector of the twin",
                got: values.len(),
                max: slots,
            });
        }
        self.context.level_ring(level)?;
        let mut padded = values.to_vec();
        padded.resize(slots, Complex64::default());
        Ok(TwinVector {
            slots: padded,
            level,
            scale,
            power: 1,
        })
    }

    fn sum(
        &self,
        operation: &'static str,
        x: &TwinVector,
        y: &TwinVector,
        f: impl Fn(Complex64, Complex64) -> Complex64,
    ) -> Result<TwinVector, Error> {
        if (x.scale / y.scale - 1.0).abs() > SCALE_TOLERANCE {
            return Err(Error::ScaleMismatch {
                operation,
                left: x.scale.log2(),
                right: y.scale.log2(),
                level: x.level.min(y.level),
            });
        }
        Ok(TwinVector {
            slots: x.zip(y, f),
            level: x.level.min(y.level),
            scale: x.scale,
            power: x.power.max(y.power),
        })
    }

    fn linear(operation: &'static str, x: &TwinVector) -> Result<(), Error> {
        if x.power == 1 {
            Ok(())
        } else {
            Err(Error::Power {
                operation,
                power: x.power,
                expected: 1,
                level: x.level,
            })
        }
    }
}

impl Machine for Twin {
    type Value = TwinVector;
    type Mask = TwinVector;

    fn context(&self) -> &Arc<Context> {
        &self.context
    }

    fn level(&self, x: &TwinVector) -> usize {
        x.level
    }

    fn scale(&self, x: &TwinVector) -> f64 {
        x.scale
    }

    fn add(&self, x: &TwinVector, y: &TwinVector) -> Result<TwinVector, Error> {
        self.sum("add", x, y, |x, y| x + y)
    }

    fn sub(&self, x: &TwinVector, y: &TwinVector) -> Result<TwinVector, Error> {
        self.sum("sub", x, y, |x, y| x - y)
    }

    fn add_scalar(&self, x: &TwinVector, c: f64) -> Result<TwinVector, Error> {
        Ok(x.map(|z| z + c))
    }

    fn multiply_scalar(&self, x: &TwinVector, c: f64, scale: f64) -> Result<TwinVector, Error> {
        Ok(TwinVector {
            scale: x.scale * scale,
            ..x.map(|z| z * c)
        })
    }

    fn multiply(&self, x: &TwinVector, y: &TwinVector) -> Result<TwinVector, Error> {
        Self::linear("multiply", x)?;
        Self::linear("multiply", y)?;
        Ok(TwinVector {
            slots: x.zip(y, |x, y| x * y),
            level: x.level.min(y.level),
            scale: x.scale * y.scale,
            power: 2,
        })
    }

    fn square(&self, x: &TwinVector) -> Result<TwinVector, Error> {
        self.multiply(x, x)
    }

    fn relinearize(&self, x: &TwinVector) -> Result<TwinVector, Error> {
        Ok(TwinVector {
            power: 1,
            ..x.clone()
        })
    }

    fn rescale(&self, x: &TwinVector) -> Result<TwinVector, Error> {
        let level = x.level.checked_sub(1).ok_or(Error::OutOfLevels {
            operation: "rescale",
            needed: 1,
            left: 0,
        })?;
        Ok(TwinVector {
            scale: x.scale / prime(&self.context, x.level)?,
            level,
            ..x.clone()
        })
    }

    fn drop_to_level(&self, x: &TwinVector, level: usize) -> Result<TwinVector, Error> {
        if level > x.level {
            return Err(Error::OutOfLevels {
                operation: "drop to a level",
                needed: level,
                left: x.level,
            });
        }
        Ok(TwinVector { level, ..x.clone() })
    }

    fn rotate(&self, x: &TwinVector, steps: i64) -> Result<TwinVector, Error> {
        Self::linear("rotate", x)?;
        let mut rotated = x.clone();
        rotated.slots.rotate_left(wrap(steps, x.slots.len()));
        Ok(rotated)
    }

    fn rotated_sum(
        &self,
        x: &TwinVector,
        schedule: &Schedule<TwinVector>,
    ) -> Result<TwinVector, Error> {
        let steps = schedule.baby_steps().iter();
        let babies = steps.map(|&steps| self.rotate(x, steps));
        let babies = babies.collect::<Result<Vec<_>, _>>()?;
        let mut total = None;
        let mut add = |value: TwinVector| -> Result<(), Error> {
            total = Some(match &total {
                None => value,
                Some(total) => self.add(total, &value)?,
            });
            Ok(())
        };
        for (steps, terms) in schedule.giant_steps() {
            for (baby, mask) in terms {
                let baby = babies.get(*baby).unwrap_or(x);
                let product = self.relinearize(&self.multiply(mask, baby)?)?;
                add(self.rotate(&product, steps)?)?;
            }
        }
        Ok(total.unwrap_or_else(|| x.clone()))
    }
}

impl MaskEncoder for Twin {
    type Mask = TwinVector;

    fn context(&self) -> &Arc<Context> {
        &self.context
    }

    fn mask(&self, values: &[Complex64], level: usize, scale: f64) -> Result<TwinVector, Error> {
        let slots = self.context.slots();
        let repeated: Vec<_> = values.iter().copied().cycle().take(slots).collect();
        self.vector_at(&repeated, level, scale)
    }
}

/// q_l as a double: what a rescale from level l divides by.
pub(super) fn prime(context: &Context, level: usize) -> Result<f64, Error> {
    let moduli = context.parameters().data_moduli();
    let prime = moduli.get(level).ok_or(Error::OutOfLevels {
        operation: "prime of a level",
        needed: level,
        left: context.parameters().max_level(),
    })?;
    Ok(*prime as f64)
}

/// `steps` in [0, period).
pub(super) fn wrap(steps: i64, period: usize) -> usize {
    steps.rem_euclid(period.max(1) as i64) as usize
}
