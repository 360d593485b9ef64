//! Scalars: the same Gaussian integer in every slot.
//!
//! i is X^(N/2): at zeta^(5^j), zeta = exp(i pi/N), its value is exp(i pi 5^j / 2) = i. So x + iy at scale
//! D is the element a + b X^(N/2) with a = round(x D), b = round(y D), and its evaluations are a +- b w
//! for a square root w of -1 modulo the prime: psi^((2 br(j) + 1) N/2) = w (-1)^br(j), that is + in the
//! first half of the bit-reversed order and - in the second. No transform, no rotation, and no error
//! but the rounding of x and y. Scalars are public: their reduction branches on them.

use super::{Ciphertext, Context, Error, Evaluator, kernel, limbs};
use crate::ckks::Complex64;
use crate::ring::Ntt;
use crate::ring::kernel::{Factor, scale as scale_limb};
use crate::{Evaluation, Modulus, Poly};
use std::sync::Arc;

/// The square root w of -1 in the first half of every data limb.
#[derive(Debug)]
pub(super) struct Constants {
    roots: Vec<u64>,
}

impl Constants {
    /// Reads w off the transform of X^(N/2).
    pub(super) fn new(context: &Context) -> Result<Self, Error> {
        let ring = context.level_ring(context.parameters().max_level())?;
        let root = |ntt: &Arc<Ntt<u64>>| {
            let mut monomial = vec![0; context.degree()];
            if let Some(middle) = monomial.get_mut(context.slots()) {
                *middle = 1;
            }
            ntt.forward(&mut monomial)?;
            Ok(monomial.first().copied().unwrap_or_default())
        };
        let roots = ring
            .limbs()
            .iter()
            .map(root)
            .collect::<Result<_, Error>>()?;
        Ok(Self { roots })
    }

    /// a + b w and a - b w modulo the prime of limb `index`.
    fn halves(&self, modulus: &Modulus<u64>, index: usize, [a, b]: [u64; 2]) -> [u64; 2] {
        let root = self.roots.get(index).copied().unwrap_or_default();
        let turned = modulus.mul(b, root);
        [modulus.add(a, turned), modulus.sub(a, turned)]
    }
}

/// The residue of an integer held in a double: mantissa times a power of two.
fn residue(modulus: &Modulus<u64>, x: f64) -> u64 {
    let magnitude = x.abs();
    // Below 2^53 the integer itself; above, its 53 bits and the exponent that shifts them.
    let biased = magnitude.to_bits() >> (f64::MANTISSA_DIGITS - 1);
    let exponent = biased.saturating_sub(1023 + 52);
    let mantissa = (magnitude / (exponent as f64).exp2()) as u64;
    let power = modulus.pow_vartime(2, exponent);
    let residue = modulus.mul(modulus.reduce(mantissa), power);
    if x < 0.0 {
        modulus.neg(residue)
    } else {
        residue
    }
}

impl Evaluator {
    /// round(value scale), which must stay below Q_l / 2.
    fn scaled(
        &self,
        operation: &'static str,
        value: Complex64,
        scale: f64,
        level: usize,
    ) -> Result<[f64; 2], Error> {
        let parts = [(value.re * scale).round(), (value.im * scale).round()];
        let log2_modulus = self.log2_modulus(level);
        let fits = |x: &f64| x.is_finite() && (*x == 0.0 || x.abs().log2() + 1.0 < log2_modulus);
        if parts.iter().all(fits) && scale >= 1.0 {
            return Ok(parts);
        }
        Err(Error::Scalar {
            operation,
            value,
            log2_scale: scale.log2(),
            log2_modulus,
            level,
        })
    }

    /// Calls `pass` on both halves of every limb of a component with the constant's residue there.
    fn each_half(
        &self,
        part: &mut Poly<Evaluation, u64>,
        constant: [f64; 2],
        pass: impl Fn(&Modulus<u64>, &mut [u64], u64) + Send + Sync,
    ) {
        let ring = Arc::clone(part.context());
        limbs::each(&ring, [part.words_mut()], |i, ntt, [x]| {
            let modulus = ntt.modulus();
            let residues = constant.map(|x| residue(modulus, x));
            let halves = self.constants.halves(modulus, i, residues);
            for (x, c) in x.chunks_exact_mut(self.context.slots()).zip(halves) {
                pass(modulus, x, c);
            }
        });
    }

    /// ciphertext + value in every slot.
    ///
    /// # Errors
    /// [`Error::Scalar`] if the value is not finite or does not fit the modulus at the ciphertext's
    /// scale; [`Error::ContextMismatch`].
    pub fn add_scalar(
        &self,
        ciphertext: &Ciphertext,
        value: impl Into<Complex64>,
    ) -> Result<Ciphertext, Error> {
        let mut sum = ciphertext.clone();
        self.add_scalar_assign(&mut sum, value)?;
        Ok(sum)
    }

    /// ciphertext = ciphertext + value.
    ///
    /// # Errors
    /// As [`Evaluator::add_scalar`].
    pub fn add_scalar_assign(
        &self,
        ciphertext: &mut Ciphertext,
        value: impl Into<Complex64>,
    ) -> Result<(), Error> {
        let operation = "add_scalar";
        self.check_context(operation, &ciphertext.context)?;
        let (scale, level) = (ciphertext.scale, ciphertext.level);
        let constant = self.scaled(operation, value.into(), scale, level)?;
        let simd = self.context.simd();
        if let Some(part) = ciphertext.parts.first_mut() {
            self.each_half(part, constant, |modulus, x, c| {
                kernel::add_constant(simd, modulus, x, c);
            });
        }
        Ok(())
    }

    /// ciphertext times value in every slot, the value rounded to a multiple of 1 / `scale`. With
    /// `scale` = q_l a rescale gives the old scale back.
    ///
    /// # Errors
    /// [`Error::Scalar`], [`Error::ScaleOverflow`], [`Error::ContextMismatch`].
    pub fn multiply_scalar(
        &self,
        ciphertext: &Ciphertext,
        value: impl Into<Complex64>,
        scale: f64,
    ) -> Result<Ciphertext, Error> {
        let mut product = ciphertext.clone();
        self.multiply_scalar_assign(&mut product, value, scale)?;
        Ok(product)
    }

    /// ciphertext = ciphertext times value.
    ///
    /// # Errors
    /// As [`Evaluator::multiply_scalar`].
    pub fn multiply_scalar_assign(
        &self,
        ciphertext: &mut Ciphertext,
        value: impl Into<Complex64>,
        scale: f64,
    ) -> Result<(), Error> {
        let operation = "multiply_scalar";
        self.check_context(operation, &ciphertext.context)?;
        let constant = self.scaled(operation, value.into(), scale, ciphertext.level)?;
        ciphertext.scale =
            self.product_scale(operation, ciphertext.level, ciphertext.scale, scale)?;
        self.multiply_constant(ciphertext, constant);
        Ok(())
    }

    /// ciphertext times an integer: exact, and neither level nor scale change.
    ///
    /// # Errors
    /// [`Error::ContextMismatch`].
    pub fn multiply_integer(
        &self,
        ciphertext: &Ciphertext,
        integer: i64,
    ) -> Result<Ciphertext, Error> {
        let mut product = ciphertext.clone();
        self.multiply_integer_assign(&mut product, integer)?;
        Ok(product)
    }

    /// ciphertext = ciphertext times an integer.
    ///
    /// # Errors
    /// [`Error::ContextMismatch`].
    pub fn multiply_integer_assign(
        &self,
        ciphertext: &mut Ciphertext,
        integer: i64,
    ) -> Result<(), Error> {
        self.check_context("multiply_integer", &ciphertext.context)?;
        let simd = self.context.simd();
        let ring = self.context.level_ring(ciphertext.level)?;
        for part in &mut ciphertext.parts {
            limbs::each(ring, [part.words_mut()], |_, ntt, [x]| {
                let factor = Factor::new(ntt.modulus(), ntt.modulus().reduce_signed(integer));
                scale_limb(simd, ntt.modulus(), x, factor);
            });
        }
        Ok(())
    }

    /// ciphertext times the imaginary unit: exact, and neither level nor scale change.
    ///
    /// # Errors
    /// [`Error::ContextMismatch`].
    pub fn multiply_by_i(&self, ciphertext: &Ciphertext) -> Result<Ciphertext, Error> {
        self.check_context("multiply_by_i", &ciphertext.context)?;
        let mut product = ciphertext.clone();
        self.multiply_constant(&mut product, [0.0, 1.0]);
        Ok(product)
    }

    /// Multiplies every component by a Gaussian integer.
    fn multiply_constant(&self, ciphertext: &mut Ciphertext, constant: [f64; 2]) {
        let simd = self.context.simd();
        for part in &mut ciphertext.parts {
            self.each_half(part, constant, |modulus, x, c| {
                scale_limb(simd, modulus, x, Factor::new(modulus, c));
            });
        }
    }
}
