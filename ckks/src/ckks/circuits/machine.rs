//! What circuits run on.

use super::Schedule;
use crate::ckks::{Context, Error};
use rustfft::num_complex::Complex64;
use std::sync::Arc;

/// Vectors of N/2 slots with a level and a scale, and the operations that circuits are made of.
///
/// Operands of two levels meet at the lower one. A product has the product of the scales; it may be
/// added to other products before [`relinearize`](Machine::relinearize), but not multiplied or rotated.
///
/// # Errors
/// Every operation refuses operands of other parameters, additions at different scales, and to go
/// below level 0.
pub trait Machine {
    /// A vector.
    type Value: Clone;
    /// A public vector to multiply with.
    type Mask;

    /// The parameters.
    fn context(&self) -> &Arc<Context>;
    /// Rescales that are left.
    fn level(&self, x: &Self::Value) -> usize;
    /// The factor between slots and coefficients.
    fn scale(&self, x: &Self::Value) -> f64;

    /// x + y.
    fn add(&self, x: &Self::Value, y: &Self::Value) -> Result<Self::Value, Error>;
    /// x - y.
    fn sub(&self, x: &Self::Value, y: &Self::Value) -> Result<Self::Value, Error>;
    /// x + c in every slot.
    fn add_scalar(&self, x: &Self::Value, c: f64) -> Result<Self::Value, Error>;
    /// c x, with c at `scale`.
    fn multiply_scalar(&self, x: &Self::Value, c: f64, scale: f64) -> Result<Self::Value, Error>;
    /// x y slot by slot, not relinearised.
    fn multiply(&self, x: &Self::Value, y: &Self::Value) -> Result<Self::Value, Error>;
    /// x x slot by slot, not relinearised.
    fn square(&self, x: &Self::Value) -> Result<Self::Value, Error>;
    /// The same vector in two components. One that has two already is left as it is.
    fn relinearize(&self, x: &Self::Value) -> Result<Self::Value, Error>;
    /// The same vector one level lower, its scale divided by the prime that is dropped.
    fn rescale(&self, x: &Self::Value) -> Result<Self::Value, Error>;
    /// The same vector at a level no higher than its own.
    fn drop_to_level(&self, x: &Self::Value, level: usize) -> Result<Self::Value, Error>;
    /// The vector with slot j + steps in slot j, cyclically.
    fn rotate(&self, x: &Self::Value, steps: i64) -> Result<Self::Value, Error>;
    /// sum_g rot_g(sum_b mask_(g, b) * rot_b(x)), not rescaled, for the giant steps g, baby steps b and
    /// masks of the schedule.
    fn rotated_sum(
        &self,
        x: &Self::Value,
        schedule: &Schedule<Self::Mask>,
    ) -> Result<Self::Value, Error>;
}

/// What makes the masks of a [`Machine`].
pub trait MaskEncoder {
    /// [`Machine::Mask`].
    type Mask;

    /// The parameters.
    fn context(&self) -> &Arc<Context>;

    /// `values`, 2^k of them, repeated over all slots.
    ///
    /// # Errors
    /// Too many values, a level that is not there, a scale out of range.
    fn mask(&self, values: &[Complex64], level: usize, scale: f64) -> Result<Self::Mask, Error>;
}
