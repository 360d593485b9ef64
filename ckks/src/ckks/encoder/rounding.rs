//! Values that may leave the key holder: rounded to a declared precision, flooded before that if
//! they must.
//!
//! Decryption returns m + e, and e is as secret as the key. Whoever sees a ciphertext (c_0, c_1) and its
//! decoding to all bits encodes that again and solves a linear equation (Li, Micciancio, eprint 2020/1533,
//! section 3):
//!
//! ```text
//! c_0 + c_1 s = m + e,   s = (m + e - c_0) c_1^-1.
//! ```
//!
//! The gap is between IND-CPA and IND-CPA-D, where an observer also sees decryptions.
//!
//! # When to publish what
//! * Values that stay with the key holder, and whatever is derived from them behind the same door, need
//!   no treatment. A reaction that others observe (a retry, a payment, a class label) is a publication.
//! * **Rounding** to a unit above twice the error bound B: a slot's result is a function of its message
//!   alone unless the message lies within B of a boundary between two units. Enough where messages and
//!   circuits are chosen without the observer, each ciphertext is decrypted once, and the share 2B/unit of
//!   slots whose last bit shows a sign of their error is tolerable: choose the unit with that in mind.
//! * **Flooding** first, where an observer chooses messages or circuits: he would aim at a boundary, and
//!   rounding alone would tell him a bit of the error a slot. Gaussian noise of deviation
//!   sigma = 8 sqrt(q n) 2^(s/2) B on n slots leaves, over q decryptions, a Kullback-Leibler divergence of
//!   q n B^2 / (2 sigma^2) = 2^(-s-7) between the results with errors within B and those without error,
//!   which gives s bits of statistical security (Li, Micciancio, Schultz, Sorrell, eprint 2022/816); in statistical distance,
//!   2^(-s/2-4) (Pinsker). The bound B is then what everything rests on: it must hold for every
//!   message and circuit that the observer may ask for.
//!
//! # What remains
//! The result itself: nothing here hides what the message says. B must be proven, or fail with negligible
//! probability; an error that exceeds it voids the guarantees silently. The sampler is within 2^-52 of the
//! Gaussian a slot, and its logarithm and cosine are not constant-time by contract. Decrypting one
//! ciphertext several times with fresh flooding averages it away: q counts every decryption.

use super::Encoder;
use crate::SecureRng;
use crate::ckks::{Error, Plaintext};
use crate::sample::wipe;
use rand_core::Rng;
use serde::Serialize;

/// No sample of the flooding noise is larger, in deviations: sqrt(2 ln 2^65) = 9.49.
const LARGEST_SAMPLE: f64 = 9.5;

/// What the key holder declares before he publishes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Declared {
    /// Published values are multiples of 2^-bits. -60 to 60.
    pub bits: i32,
    /// A proven bound on the absolute error of every slot, in the unit of the slots; not 0 with flooding.
    pub error_bound: f64,
    /// Noise before rounding.
    pub flooding: Flooding,
}

/// Noise that is added before rounding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flooding {
    /// None: observers choose neither messages nor circuits.
    None,
    /// Gaussian, against observers who do.
    Gaussian {
        /// s, bits of statistical security. 1 to 128.
        statistical_bits: u32,
        /// q, decryptions that are ever published under the key. 1 to 2^32.
        decryptions: u64,
    },
}

impl Declared {
    fn check(&self) -> Result<(), Error> {
        check_range("bits", f64::from(self.bits), -60.0, 60.0)?;
        // Flooding is in proportion to the bound: none would flood nothing, silently.
        let least = match self.flooding {
            Flooding::None => 0.0,
            Flooding::Gaussian { .. } => f64::MIN_POSITIVE,
        };
        check_range("error bound", self.error_bound, least, f64::from(60).exp2())?;
        if let Flooding::Gaussian {
            statistical_bits,
            decryptions,
        } = self.flooding
        {
            check_range("statistical bits", f64::from(statistical_bits), 1.0, 128.0)?;
            let most = f64::from(32).exp2();
            check_range("decryptions", decryptions as f64, 1.0, most)?;
        }
        Ok(())
    }

    /// The unit of published values.
    pub fn unit(&self) -> f64 {
        f64::from(-self.bits).exp2()
    }

    /// The deviation of the flooding noise for `slots` published values: 8 sqrt(q n) 2^(s/2) B.
    pub fn deviation(&self, slots: usize) -> f64 {
        match self.flooding {
            Flooding::None => 0.0,
            Flooding::Gaussian {
                statistical_bits,
                decryptions,
            } => {
                let samples = decryptions as f64 * slots as f64;
                let factor = (f64::from(statistical_bits) / 2.0 + 3.0).exp2();
                samples.sqrt() * factor * self.error_bound
            }
        }
    }
}

/// Real slots that were rounded as declared: what may be sent.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Published(Vec<f64>);

impl Published {
    /// The values, multiples of the declared unit.
    pub fn values(&self) -> &[f64] {
        &self.0
    }
}

impl Encoder {
    /// The real parts of all slots, flooded and rounded as declared: each is within one unit of its
    /// message if the declared bound holds.
    ///
    /// # Errors
    /// [`Error::PrecisionNotReached`] unless error bound, flooding and the rounding of doubles stay below
    /// half the unit together; [`Error::OutOfRange`] of a declared number; [`Error::ContextMismatch`].
    pub fn decode_published(
        &self,
        plaintext: &Plaintext,
        declared: &Declared,
        rng: &mut SecureRng,
    ) -> Result<Published, Error> {
        declared.check()?;
        let mut slots = self.decode(plaintext)?;
        let largest = slots.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
        let deviation = declared.deviation(slots.len());
        let error = declared.error_bound
            + LARGEST_SAMPLE * deviation
            + decoding_error(slots.len(), plaintext.level(), largest);
        let unit = declared.unit();
        // An error that is not a number does not fit.
        let fits = error < unit / 2.0;
        if !fits {
            wipe(&mut slots);
            return Err(Error::PrecisionNotReached {
                operation: "decode for publication",
                error: error.log2(),
                unit: unit.log2(),
            });
        }
        for pair in slots.chunks_mut(2) {
            let noise = match declared.flooding {
                Flooding::None => [0.0; 2],
                Flooding::Gaussian { .. } => gaussian_pair(rng).map(|x| x * deviation),
            };
            for (slot, noise) in pair.iter_mut().zip(noise) {
                // Adding 0 makes one zero of two.
                *slot = ((*slot + noise) / unit).round_ties_even() * unit + 0.0;
            }
        }
        Ok(Published(slots))
    }
}

/// A bound on the error of decoding in doubles, for slots of at most this magnitude: 8 u (log2 n + L) in
/// the Euclidean norm (Higham, Accuracy and Stability of Numerical Algorithms, theorem 24.2; the digits),
/// u = 2^-53, and the norm is at most sqrt(n) times the largest.
fn decoding_error(slots: usize, level: usize, largest: f64) -> f64 {
    let n = slots as f64;
    4.0 * f64::EPSILON * (n.log2() + level as f64 + 1.0) * n.sqrt() * largest
}

/// Two independent standard Gaussians from 128 uniform bits (Box, Muller 1958).
fn gaussian_pair(rng: &mut SecureRng) -> [f64; 2] {
    let scale = f64::from(-64).exp2();
    let uniform = (rng.next_u64() as f64 + 0.5) * scale;
    let radius = (-2.0 * uniform.ln()).max(0.0).sqrt();
    let (sine, cosine) = (std::f64::consts::TAU * (rng.next_u64() as f64 * scale)).sin_cos();
    [radius * cosine, radius * sine]
}

fn check_range(what: &'static str, value: f64, min: f64, max: f64) -> Result<(), Error> {
    if (min..=max).contains(&value) {
        return Ok(());
    }
    Err(Error::OutOfRange {
        operation: "decode for publication",
        what,
        value,
        min,
        max,
    })
}

#[cfg(test)]
mod tests;
