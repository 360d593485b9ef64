//! The reference path: coefficients composed exactly with big integers.
//!
//! Slow, and not constant time: an oracle for tests, not for the hot path. It shares no code with the
//! mixed radix digits of the fast path but the number-theoretic transform.

use super::Encoder;
use crate::ckks::{Error, Plaintext};
use crate::ring::rns::RnsBasis;
use num_bigint::BigInt;
use rustfft::num_complex::Complex64;
use rustfft::num_traits::ToPrimitive;

impl Encoder {
    /// The N coefficients in (-Q_l/2, Q_l/2), the constant term first.
    ///
    /// # Errors
    /// [`Error::ContextMismatch`].
    pub fn coefficients_exact(&self, plaintext: &Plaintext) -> Result<Vec<BigInt>, Error> {
        if !self.context.same(&plaintext.context) {
            return Err(Error::ContextMismatch {
                operation: "decode exactly",
            });
        }
        let poly = plaintext.poly.clone().into_coefficient()?;
        let ring = poly.context();
        let primes: Vec<u64> = ring.moduli().map(|m| m.value()).collect();
        let basis = RnsBasis::new(&primes)?;
        let compose = |k| {
            let limbs = poly.words().chunks(ring.degree());
            let residues: Vec<u64> = limbs.filter_map(|limb| limb.get(k).copied()).collect();
            basis.compose_centred(&residues)
        };
        Ok((0..ring.degree()).map(compose).collect::<Result<_, _>>()?)
    }

    /// The N/2 slots of the exact coefficients, each rounded to a double before the Fourier transform.
    ///
    /// # Errors
    /// [`Error::ContextMismatch`].
    pub fn decode_exact(&self, plaintext: &Plaintext) -> Result<Vec<Complex64>, Error> {
        let coefficients = self.coefficients_exact(plaintext)?;
        let slots = self.context.slots();
        let mut buffers = self.pool.take(slots, self.embedding.scratch());
        let double = |x: &BigInt| x.to_f64().unwrap_or(f64::NAN);
        let high = coefficients.iter().skip(slots);
        for ((folded, re), im) in buffers.folded.iter_mut().zip(&coefficients).zip(high) {
            *folded = Complex64::new(double(re), double(im));
        }
        let factor = 1.0 / plaintext.scale;
        let slots = self.embedding.to_slots(slots, factor, &mut buffers);
        Ok(slots.collect())
    }
}
