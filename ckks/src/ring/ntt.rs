//! The negacyclic number-theoretic transform modulo one prime.
//!
//! forward(f) lists f(psi^(2j+1)) in bit-reversed order; psi is the root that `tfhe-ntt` takes (imported
//! under its family name `concrete_ntt`). No branch depends on the values.
//!
//! | residues | `avx512` with 52-bit multipliers | other `avx512`, `avx2` | `scalar` |
//! |---|---|---|---|
//! | `u64`, q < 2^50 | `tfhe-ntt` | [`doubles`] | `tfhe-ntt` |
//! | all others | `tfhe-ntt` | `tfhe-ntt` | `tfhe-ntt` |
//!
//! `tfhe-ntt` detects its own instructions. All give the same words; the tests compare them, and both with a
//! scalar transform and a schoolbook product that share no code with them.

#[cfg(target_arch = "x86_64")]
mod doubles;
mod plan;

pub use plan::WidePlan;

use super::{Modulus, Word};
use crate::simd::Simd;
use crate::{Error, params};

/// The transform of one limb.
#[derive(Clone, Debug)]
pub struct Ntt<W: Word> {
    plan: W::Plan,
    modulus: Modulus<W>,
    degree: usize,
}

impl<W: Word> Ntt<W> {
    /// Prepares the twiddle factors.
    ///
    /// # Errors
    /// If `degree` is no supported power of two or `modulus` no prime congruent to 1 modulo 2N.
    pub fn new(degree: usize, modulus: W) -> Result<Self, Error> {
        Self::with_simd(Simd::detect(), degree, modulus)
    }

    /// The same for a given instruction set.
    ///
    /// # Errors
    /// As [`Ntt::new`], and [`Error::UnsupportedSimd`].
    pub fn with_simd(simd: Simd, degree: usize, modulus: W) -> Result<Self, Error> {
        let simd = simd.verify()?;
        params::check_degree(degree)?;
        params::check_modulus(modulus.widen(), degree, W::MAX_MODULUS_BITS)?;
        let plan = W::plan(simd, degree, modulus).ok_or(Error::NotNttPrime {
            modulus: modulus.widen(),
            twice_degree: 2 * degree as u64,
        })?;
        Ok(Self {
            plan,
            modulus: Modulus::new(modulus)?,
            degree,
        })
    }

    /// The prime.
    #[inline]
    pub fn modulus(&self) -> &Modulus<W> {
        &self.modulus
    }

    /// N.
    #[inline]
    pub fn degree(&self) -> usize {
        self.degree
    }

    fn check(&self, values: &[W]) -> Result<(), Error> {
        if values.len() == self.degree {
            return Ok(());
        }
        Err(Error::Length {
            what: "limb",
            expected: self.degree,
            got: values.len(),
        })
    }

    /// Coefficients to evaluations, in place.
    ///
    /// # Errors
    /// [`Error::Length`] unless `values` has N elements.
    #[inline]
    pub fn forward(&self, values: &mut [W]) -> Result<(), Error> {
        self.check(values)?;
        W::forward(&self.plan, values);
        Ok(())
    }

    /// [`Ntt::forward`] for a limb whose length the caller has by construction.
    pub(crate) fn transform(&self, limb: &mut [W]) {
        debug_assert_eq!(limb.len(), self.degree);
        W::forward(&self.plan, limb);
    }

    /// [`Ntt::inverse`] for a limb whose length the caller has by construction.
    pub(crate) fn transform_back(&self, limb: &mut [W]) {
        debug_assert_eq!(limb.len(), self.degree);
        W::inverse(&self.plan, limb);
    }

    /// [`Ntt::mul_accumulate`] for limbs whose length the caller has by construction.
    pub(crate) fn accumulate(&self, sum: &mut [W], left: &[W], right: &[W]) {
        debug_assert_eq!(sum.len(), self.degree);
        W::mul_accumulate(&self.plan, sum, left, right);
    }

    /// Evaluations to N times the coefficients, in place.
    ///
    /// # Errors
    /// [`Error::Length`] unless `values` has N elements.
    #[inline]
    pub fn inverse_unscaled(&self, values: &mut [W]) -> Result<(), Error> {
        self.check(values)?;
        W::inverse_unscaled(&self.plan, values);
        Ok(())
    }

    /// Evaluations to coefficients, in place.
    ///
    /// # Errors
    /// [`Error::Length`] unless `values` has N elements.
    #[inline]
    pub fn inverse(&self, values: &mut [W]) -> Result<(), Error> {
        self.check(values)?;
        W::inverse(&self.plan, values);
        Ok(())
    }

    /// Division by N, in place.
    ///
    /// # Errors
    /// [`Error::Length`] unless `values` has N elements.
    #[inline]
    pub fn normalize(&self, values: &mut [W]) -> Result<(), Error> {
        self.check(values)?;
        W::normalize(&self.plan, values);
        Ok(())
    }

    /// left = left * right / N, element by element.
    ///
    /// # Errors
    /// [`Error::Length`] unless both have N elements.
    #[inline]
    pub fn mul_assign_normalize(&self, left: &mut [W], right: &[W]) -> Result<(), Error> {
        self.check(left)?;
        self.check(right)?;
        W::mul_assign_normalize(&self.plan, left, right);
        Ok(())
    }

    /// sum = sum + left * right, element by element.
    ///
    /// # Errors
    /// [`Error::Length`] unless all have N elements.
    #[inline]
    pub fn mul_accumulate(&self, sum: &mut [W], left: &[W], right: &[W]) -> Result<(), Error> {
        self.check(sum)?;
        self.check(left)?;
        self.check(right)?;
        W::mul_accumulate(&self.plan, sum, left, right);
        Ok(())
    }

    /// values = values * factor in the ring, `values` in coefficients and `factor` in evaluations.
    ///
    /// # Errors
    /// [`Error::Length`] unless both have N elements.
    #[inline]
    pub fn mul_transformed(&self, values: &mut [W], factor: &[W]) -> Result<(), Error> {
        self.forward(values)?;
        self.mul_assign_normalize(values, factor)?;
        self.inverse_unscaled(values)
    }
}

#[cfg(test)]
mod tests;
