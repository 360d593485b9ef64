//! Between vectors of numbers and elements of the ring.
//!
//! Encoding a vector z of N/2 slots at scale D gives m = round(D embed^-1(z)), where embed takes a
//! real polynomial to its values at zeta^(5^j), zeta = exp(i pi / N). Rounding is to
//! nearest, ties to even, and moves a slot by at most N/(2 D), by sqrt(N/12)/D in the root mean square.
//! Since embed is a ring homomorphism, products of elements are products of slots at the product of
//! the scales, and the automorphism X -> X^(5^r) moves slot j + r to slot j.
//!
//! ```text
//! encode   permute, inverse Fourier transform, untwist, round, reduce into every limb, transform
//! decode   inverse transforms, mixed radix digits (Garner), to doubles, twist, Fourier transform, permute
//! ```
//!
//! Doubles carry 53 bits: slots come back to about 2^-50 of the largest one. The Fourier transform
//! picks its instructions at run time, and its last bits may differ between machines.
//!
//! # Side channels
//! Which slots and coefficients are touched does not depend on the values. One thing of their size
//! shows in the timing: in encoding, how many 48-bit words hold the largest coefficient; in decoding, how
//! many primes do. That tells a multiple of 48 bits in which the size lies, hardly more than the scale does.
//!
//! Decoded values carry the noise of their ciphertext: before they are published, see [`rounding`].

mod decode;
mod embedding;
mod exact;
mod kernel;
pub mod rounding;
mod scratch;

use super::{Context, Error, Plaintext};
use crate::ring::kernel::Factor;
use crate::ring::parallel::try_for_each_with;
use crate::{Poly, RingContext};
use embedding::Embedding;
use rustfft::num_complex::Complex64;
use scratch::Pool;
use std::sync::Arc;

/// Largest modulus whose residues a double can hold.
const MAX_MODULUS_BITS: f64 = 1_000.0;

/// Encodes and decodes under one context. Safe to share between threads.
pub struct Encoder {
    context: Arc<Context>,
    embedding: Embedding,
    /// q_j^-1 modulo q_i at \[j\]\[i - j - 1\], i > j.
    inverses: Vec<Vec<Factor>>,
    pool: Pool,
}

impl std::fmt::Debug for Encoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Encoder")
            .field("context", &self.context)
            .finish_non_exhaustive()
    }
}

impl Encoder {
    /// Prepares the tables.
    ///
    /// # Errors
    /// [`Error::MessageTooLarge`] if the data primes have more than 1,000 bits together, where doubles
    /// end.
    pub fn new(context: &Arc<Context>) -> Result<Self, Error> {
        let top = context.parameters().max_level();
        let ring = context.level_ring(top)?;
        let bits = log2_modulus(ring);
        if bits > MAX_MODULUS_BITS {
            return Err(Error::MessageTooLarge {
                operation: "encoder",
                level: top,
                coefficient: bits,
                limit: MAX_MODULUS_BITS,
            });
        }
        let inverses = ring.moduli().enumerate().map(|(j, divisor)| {
            let inverse = |m| Factor::inverse(m, divisor.value());
            ring.moduli().skip(j + 1).map(inverse).collect()
        });
        Ok(Self {
            context: Arc::clone(context),
            embedding: Embedding::new(context.degree(), context.simd()),
            inverses: inverses.collect(),
            pool: Pool::default(),
        })
    }

    /// The shared tables.
    pub fn context(&self) -> &Arc<Context> {
        &self.context
    }

    /// Encodes up to N/2 real numbers at the highest level and the parameters' scale; slots that are
    /// not given are 0.
    ///
    /// # Errors
    /// As [`Encoder::encode_at`].
    pub fn encode(&self, values: &[f64]) -> Result<Plaintext, Error> {
        let parameters = self.context.parameters();
        self.encode_real_at(values, parameters.max_level(), parameters.scale())
    }

    /// Encodes up to N/2 complex numbers at the highest level and the parameters' scale; slots that
    /// are not given are 0.
    ///
    /// # Errors
    /// As [`Encoder::encode_at`].
    pub fn encode_complex(&self, values: &[Complex64]) -> Result<Plaintext, Error> {
        let parameters = self.context.parameters();
        self.encode_at(values, parameters.max_level(), parameters.scale())
    }

    /// Encodes up to N/2 complex numbers; slots that are not given are 0.
    ///
    /// # Errors
    /// [`Error::TooManyValues`], [`Error::NotFinite`], [`Error::BadScale`] below 1,
    /// [`Error::OutOfLevels`], or [`Error::MessageTooLarge`] if a coefficient reaches Q_l/2.
    pub fn encode_at(
        &self,
        values: &[Complex64],
        level: usize,
        scale: f64,
    ) -> Result<Plaintext, Error> {
        self.encode_slots("encode", values, |&z| z, self.context.slots(), level, scale)
    }

    /// Encodes up to N/2 real numbers; slots that are not given are 0.
    ///
    /// # Errors
    /// As [`Encoder::encode_at`].
    pub fn encode_real_at(
        &self,
        values: &[f64],
        level: usize,
        scale: f64,
    ) -> Result<Plaintext, Error> {
        let complex = |&re: &f64| Complex64::new(re, 0.0);
        self.encode_slots(
            "encode",
            values,
            complex,
            self.context.slots(),
            level,
            scale,
        )
    }

    /// Encodes 2^k numbers, repeated over all slots, as a polynomial in X^(N/2^(k+1)).
    ///
    /// # Errors
    /// As [`Encoder::encode_at`], and [`Error::SparseCount`] unless there are a power of two of at most
    /// N/2.
    pub fn encode_sparse(
        &self,
        values: &[Complex64],
        level: usize,
        scale: f64,
    ) -> Result<Plaintext, Error> {
        self.check_sparse("encode sparse", values.len())?;
        self.encode_slots("encode sparse", values, |&z| z, values.len(), level, scale)
    }

    /// Encodes up to N real numbers as coefficients, the constant term first: products are negacyclic
    /// convolutions.
    ///
    /// # Errors
    /// As [`Encoder::encode_at`].
    pub fn encode_coefficients(
        &self,
        values: &[f64],
        level: usize,
        scale: f64,
    ) -> Result<Plaintext, Error> {
        let operation = "encode coefficients";
        let slots = self.context.slots();
        check_count(operation, values.len(), 2 * slots)?;
        check_scale(operation, scale)?;
        let mut buffers = self.pool.take(slots, 0);
        let (low, high) = values.split_at(values.len().min(slots));
        for (folded, &m) in buffers.folded.iter_mut().zip(low) {
            folded.re = m * scale;
        }
        for (folded, &m) in buffers.folded.iter_mut().zip(high) {
            folded.im = m * scale;
        }
        let magnitude = |m: &f64| (m * scale).abs();
        // `f64::max` would forget a NaN.
        let largest = values.iter().map(magnitude).max_by(f64::total_cmp);
        let message = Message {
            operation,
            folded: &buffers.folded,
            largest: largest.unwrap_or_default(),
            not_finite: || values.iter().position(|m| !m.is_finite()),
        };
        self.round(message, level, scale)
    }

    fn encode_slots<T>(
        &self,
        operation: &'static str,
        slots: &[T],
        complex: impl Fn(&T) -> Complex64,
        count: usize,
        level: usize,
        scale: f64,
    ) -> Result<Plaintext, Error> {
        check_count(operation, slots.len(), count)?;
        check_scale(operation, scale)?;
        let embedding = &self.embedding;
        let mut buffers = self.pool.take(self.context.slots(), embedding.scratch());
        let numbers = slots.iter().map(&complex);
        let largest = embedding.to_coefficients(numbers, count, scale, &mut buffers);
        let message = Message {
            operation,
            folded: &buffers.folded,
            largest,
            not_finite: || slots.iter().position(|z| !complex(z).is_finite()),
        };
        self.round(message, level, scale)
    }

    /// Rounds folded coefficients and reduces them into every limb.
    fn round<F: Fn() -> Option<usize>>(
        &self,
        message: Message<'_, F>,
        level: usize,
        scale: f64,
    ) -> Result<Plaintext, Error> {
        let Message {
            operation,
            folded,
            largest,
            not_finite,
        } = message;
        let ring = self.context.level_ring(level)?;
        let limit = half_modulus(ring);
        if !(largest.is_finite() && largest < limit) {
            if let Some(index) = not_finite() {
                return Err(Error::NotFinite { operation, index });
            }
            return Err(Error::MessageTooLarge {
                operation,
                level,
                coefficient: largest.log2(),
                limit: limit.log2(),
            });
        }
        let simd = self.context.simd();
        let degree = ring.degree();
        let extra_words = kernel::words_of(largest);
        let mut poly = Poly::zero(ring);
        let limbs = poly.words_mut().chunks_mut(degree);
        let limbs = ring.limbs().iter().zip(limbs);
        try_for_each_with(
            limbs,
            || (),
            |(), (ntt, limb)| {
                let (low, high) = limb.split_at_mut(degree / 2);
                match extra_words {
                    0 => kernel::reduce(simd, ntt.modulus(), low, high, folded),
                    n => kernel::reduce_wide(simd, ntt.modulus(), n, low, high, folded),
                }
                ntt.forward(limb)
            },
        )?;
        Ok(Plaintext {
            context: Arc::clone(&self.context),
            poly,
            scale,
        })
    }

    fn check_sparse(&self, operation: &'static str, got: usize) -> Result<(), Error> {
        let slots = self.context.slots();
        if got.is_power_of_two() && got <= slots {
            return Ok(());
        }
        Err(Error::SparseCount {
            operation,
            got,
            slots,
        })
    }
}

/// Coefficients before rounding: folded, their largest magnitude, and the index of an input that is not
/// finite.
struct Message<'a, F> {
    operation: &'static str,
    folded: &'a [Complex64],
    largest: f64,
    not_finite: F,
}

/// A little below Q/2. Primes of the smallest degree are at least 97, so that fewer than 152 stay below
/// 2^1000, and their product in doubles errs by less than 152 * 2^-53 of itself.
fn half_modulus(ring: &RingContext<u64>) -> f64 {
    let product: f64 = ring.moduli().map(|m| m.value() as f64).product();
    product * (0.5 - f64::from(-46).exp2())
}

fn log2_modulus(ring: &RingContext<u64>) -> f64 {
    ring.moduli().map(|m| (m.value() as f64).log2()).sum()
}

fn check_count(operation: &'static str, got: usize, max: usize) -> Result<(), Error> {
    if got <= max {
        return Ok(());
    }
    Err(Error::TooManyValues {
        operation,
        got,
        max,
    })
}

/// Refuses scales below 1: no operation makes one, and quotients by them overflow.
pub(super) fn check_scale(operation: &'static str, scale: f64) -> Result<(), Error> {
    if scale.is_finite() && scale >= 1.0 {
        return Ok(());
    }
    Err(Error::BadScale { operation, scale })
}

#[cfg(test)]
mod tests;
