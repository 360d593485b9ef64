//! The noise of a computation, bounded before it runs.
//!
//! A ciphertext decrypts to m + e: m the integer element of the exact scaled result, e the noise. An
//! [`NoiseEstimate`] walks along the computation and holds, for the values e(zeta^j) that the slots see and
//! for the coefficients e_k, two parts that are added: one that is random, by its sub-Gaussian
//! deviation, and one that is bounded whatever the message. With M >= |m(zeta^j)|, sigma the deviation,
//! beta the bounded part, e <= tail(sigma) + beta (the rules are those of eprint 2016/421, Lemmas 1 to
//! 3, with tails in place of six standard deviations):
//!
//! ```text
//! encode       beta = N/2 (every coefficient rounds by at most 1/2) + floating-point error
//! encrypt      e (symmetric); (e0 + e u + e1 s) / P, then rounding (public)       Lemma 1
//! rescale      sigma, beta, M / q_l, then rounding: r0 + r1 s (+ r2 s^2)          Lemma 2
//! add          sigma + sigma', beta + beta'                                       Lemma 3
//! multiply     M sigma' + M' sigma, M beta' + M' beta + (bound of e)(bound of e') Lemma 3
//! key switch   sum_d digit_d e_d / P, then rounding: r0 + r1 s       eprint 2019/688, section 3
//! ```
//!
//! # Tails
//! A variable X is sub-Gaussian with proxy v if E exp(tX) <= exp(t^2 v / 2); then P(|X| > x) <=
//! 2 exp(-x^2 / 2v), proxies of independent sums add, and a factor c turns v into c^2 v. The centred
//! binomial error, uniform rounding errors and uniform ternary secrets all have a proxy equal to
//! their variance (10.5, 1/12 and 2/3: compare the series of E exp(tX) with that of the right side
//! term by term). Since the powers of zeta^2 sum to zero, real and imaginary part of e(zeta) =
//! sum_k e_k zeta^k have proxy v N/2 each, in any direction, and |e(zeta)| passes
//! 2 sqrt(V ln 2 (lambda + 2)), V = v N/2, with probability at most 2^-lambda. No central limit is
//! taken. A product of random elements, as e u or digit_d e_d, is bounded given one factor, whose own
//! value is bounded by its tail; 2-norms by Hsu, Kakade and Zhang (2012), theorem 1.
//!
//! # What is assumed
//! That components of ciphertexts, and so digits and rounding errors, are as good as uniform: they are
//! by RLWE, whatever the message. No assumption is made on messages: the rounding of the encoder is
//! bounded, not modelled, and errors of two operands may be dependent (they are in a square), so
//! deviations add; [`NoiseModel::add_independent`] is for sums of separate encryptions.
//! The worst case needs no assumption: it takes |e_k| <= 21, |s_k| <= 1 and every digit and rounding
//! error at its edge. It is a factor of about N above what is ever seen.

mod size;

use super::Parameters;
use crate::sample::{ERROR_BOUND, ERROR_VARIANCE};
use size::Size;
use std::f64::consts::{FRAC_1_SQRT_2, LN_2};

/// Proxy of a rounding error uniform in [-1/2, 1/2].
const ROUNDING_VARIANCE: f64 = 1.0 / 12.0;
/// Proxy of a uniform ternary coefficient.
const TERNARY_VARIANCE: f64 = 2.0 / 3.0;
/// Bits for the random terms of a computation: 2^8 of them may fail, each in every slot.
const TERMS_BITS: f64 = 8.0;

/// Bounds on what one plaintext or ciphertext holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NoiseEstimate {
    /// Level l.
    pub level: usize,
    /// Scale.
    pub scale: f64,
    /// Bound on the absolute value of a slot.
    pub message: f64,
    /// Components less one; 0 for a plaintext.
    power: usize,
    deviation: Size,
    bounded: Size,
    /// Never exceeded, random parts included.
    worst: Size,
}

impl NoiseEstimate {
    /// M = scale |slot|.
    fn element(&self) -> f64 {
        self.message * self.scale
    }
}

/// The rules for one parameter set.
#[derive(Clone, Debug)]
pub struct NoiseModel {
    degree: f64,
    data: Vec<f64>,
    special: Vec<f64>,
    /// lambda.
    failure_bits: f64,
}

impl NoiseModel {
    /// Bounds that hold in all slots at once but for a probability of 2^-40, in a computation of up
    /// to 256 random terms.
    pub fn new(parameters: &Parameters) -> Self {
        let float = |moduli: &[u64]| moduli.iter().map(|&q| q as f64).collect();
        let degree = parameters.degree() as f64;
        Self {
            degree,
            data: float(parameters.data_moduli()),
            special: float(parameters.special_moduli()),
            failure_bits: 40.0 + degree.log2() + TERMS_BITS,
        }
    }

    /// The same rules where one random term may pass its bound in one slot with probability
    /// 2^-`failure_bits`.
    #[must_use]
    pub fn with_failure_bits(mut self, failure_bits: f64) -> Self {
        self.failure_bits = failure_bits;
        self
    }

    /// What |e(zeta)| passes with probability at most 2^-lambda, for deviation sqrt(V) of its parts.
    fn slot_tail(&self, deviation: f64) -> f64 {
        2.0 * deviation * (LN_2 * (self.failure_bits + 2.0)).sqrt()
    }

    /// The same for one coefficient.
    fn coefficient_tail(&self, deviation: f64) -> f64 {
        deviation * (2.0 * LN_2 * (self.failure_bits + 1.0)).sqrt()
    }

    /// Deviations of an element with independent coefficients of proxy `variance`.
    fn independent(&self, variance: f64) -> Size {
        Size {
            slot: (variance * self.degree / 2.0).sqrt(),
            coefficient: variance.sqrt(),
        }
    }

    /// Bound on the 2-norm of such an element, and its tail in a slot.
    fn norm(&self, variance: f64) -> Size {
        let (n, t) = (self.degree, LN_2 * self.failure_bits);
        Size {
            slot: self.slot_tail(self.independent(variance).slot),
            coefficient: (variance * (n + 2.0 * (n * t).sqrt() + 2.0 * t)).sqrt(),
        }
    }

    /// Deviation of x y, x with independent coefficients of proxy `variance`, y within `norm`.
    fn product(&self, variance: f64, norm: Size) -> Size {
        self.independent(variance).zip(norm, |x, y| x * y)
    }

    /// An element all of whose coefficients are at most `size`.
    fn edge(&self, size: f64) -> Size {
        Size {
            slot: size * self.degree,
            coefficient: size * self.degree.sqrt(),
        }
    }

    /// An encoded vector whose slots are at most `message` in absolute value.
    ///
    /// The transform of N/2 points in doubles is backward stable: its error is below 7 log2(N) 2^-53 of
    /// the vector's 2-norm (Higham, Accuracy and Stability, theorem 24.2).
    pub fn encoded(&self, message: f64, scale: f64, level: usize) -> NoiseEstimate {
        let rounding = self.edge(0.5);
        let floating = self.floating(message * scale);
        let bounded = rounding.plus(Size {
            slot: floating,
            coefficient: floating,
        });
        NoiseEstimate {
            level,
            scale,
            message,
            power: 0,
            deviation: Size::default(),
            bounded,
            worst: bounded,
        }
    }

    /// Error of a transform in doubles of slots up to `element`.
    fn floating(&self, element: f64) -> f64 {
        7.0 * self.degree.log2() * f64::EPSILON / 2.0 * (self.degree / 2.0).sqrt() * element
    }

    fn with_noise(plain: &NoiseEstimate, deviation: Size, worst: Size) -> NoiseEstimate {
        NoiseEstimate {
            power: 1,
            deviation: plain.deviation.and(deviation),
            worst: plain.worst.plus(worst),
            ..*plain
        }
    }

    /// An encryption under the secret key: adds e.
    pub fn encrypted_symmetric(&self, plain: &NoiseEstimate) -> NoiseEstimate {
        let worst = self.edge(f64::from(ERROR_BOUND));
        Self::with_noise(plain, self.independent(ERROR_VARIANCE), worst)
    }

    /// An encryption under the public key: adds e0 + e u + e1 s, made over Q P and divided by P.
    pub fn encrypted_public(&self, plain: &NoiseEstimate) -> NoiseEstimate {
        let special = self.special_product();
        let ternary = self.product(ERROR_VARIANCE, self.secret());
        let deviation = self.independent(ERROR_VARIANCE).and(ternary).and(ternary);
        let worst = self
            .edge(f64::from(ERROR_BOUND))
            .times(1.0 + 2.0 * self.degree);
        let (rounding, worst_rounding) = match self.special.len() {
            0 => Default::default(),
            _ => self.rounding(1),
        };
        let deviation = deviation.times(1.0 / special).and(rounding);
        let worst = worst.times(1.0 / special).plus(worst_rounding);
        Self::with_noise(plain, deviation, worst)
    }

    /// P, 1 without special primes.
    fn special_product(&self) -> f64 {
        self.special.iter().product()
    }

    /// The size of s.
    fn secret(&self) -> Size {
        let norm = self.norm(TERNARY_VARIANCE);
        Size {
            coefficient: norm.coefficient.min(self.degree.sqrt()),
            ..norm
        }
    }

    /// The sum of two, however their errors depend on each other.
    pub fn add(&self, left: &NoiseEstimate, right: &NoiseEstimate) -> NoiseEstimate {
        NoiseEstimate {
            deviation: left.deviation.plus(right.deviation),
            ..self.add_independent(left, right)
        }
    }

    /// The sum of two whose errors are independent: other encryptions, or other keys.
    ///
    /// What the scales differ by, within the evaluator's tolerance, is read as part of the right value.
    pub fn add_independent(&self, left: &NoiseEstimate, right: &NoiseEstimate) -> NoiseEstimate {
        let drift = (left.scale - right.scale).abs() * right.message;
        let drift = Size {
            slot: drift,
            coefficient: drift,
        };
        NoiseEstimate {
            level: left.level.min(right.level),
            message: left.message + right.message,
            power: left.power.max(right.power),
            deviation: left.deviation.and(right.deviation),
            bounded: left.bounded.plus(right.bounded).plus(drift),
            worst: left.worst.plus(right.worst).plus(drift),
            ..*left
        }
    }

    /// A scalar of absolute value at most `value`, added or (at `scale`) multiplied: its two
    /// coefficients round by at most 1/2 each.
    pub fn scalar(&self, value: f64, scale: f64, level: usize) -> NoiseEstimate {
        let rounding = Size {
            slot: FRAC_1_SQRT_2,
            coefficient: FRAC_1_SQRT_2,
        };
        NoiseEstimate {
            bounded: rounding,
            worst: rounding,
            ..self.encoded(value, scale, level)
        }
    }

    /// The product of two ciphertexts, or of a ciphertext and a plaintext or scalar.
    pub fn multiply(&self, left: &NoiseEstimate, right: &NoiseEstimate) -> NoiseEstimate {
        let (m, n) = (left.element(), right.element());
        let linear = |x: Size, y: Size| x.times(n).plus(y.times(m));
        // e e': in a slot the product of both bounds; its 2-norm is at most the largest slot of one
        // times the 2-norm of the other.
        let cross = |x: Size, y: Size| y.times(x.slot);
        let bounds = [left, right].map(|x| self.total(x));
        NoiseEstimate {
            level: left.level.min(right.level),
            scale: left.scale * right.scale,
            message: left.message * right.message,
            power: left.power + right.power,
            deviation: linear(left.deviation, right.deviation),
            bounded: linear(left.bounded, right.bounded).plus(cross(bounds[0], bounds[1])),
            worst: linear(left.worst, right.worst).plus(cross(left.worst, right.worst)),
        }
    }

    /// Largest slot and 2-norm of the whole error.
    fn total(&self, estimate: &NoiseEstimate) -> Size {
        let random = Size {
            slot: self.slot_tail(estimate.deviation.slot),
            coefficient: self.coefficient_tail(estimate.deviation.coefficient) * self.degree.sqrt(),
        };
        random.plus(estimate.bounded)
    }

    /// A product with an integer, without scale.
    pub fn multiply_integer(&self, estimate: &NoiseEstimate, integer: i64) -> NoiseEstimate {
        let factor = integer.unsigned_abs() as f64;
        NoiseEstimate {
            message: estimate.message * factor,
            deviation: estimate.deviation.times(factor),
            bounded: estimate.bounded.times(factor),
            worst: estimate.worst.times(factor),
            ..*estimate
        }
    }

    /// r0 + r1 s + .. + r_k s^k for rounding errors r_i: deviation and worst case.
    fn rounding(&self, power: usize) -> (Size, Size) {
        let secret = self.secret();
        let mut deviation = self.independent(ROUNDING_VARIANCE);
        let mut worst = self.edge(0.5);
        let (mut norm, mut l1) = (secret, self.degree);
        for _ in 0..power {
            deviation = deviation.and(self.product(ROUNDING_VARIANCE, norm));
            worst = worst.plus(self.edge(0.5 * l1));
            norm = norm.times(secret.slot);
            l1 *= self.degree;
        }
        (deviation, worst)
    }

    /// The estimate at its level's last prime, divided by it. At level 0 nothing changes: the
    /// operation itself is refused there.
    pub fn rescale(&self, estimate: &NoiseEstimate) -> NoiseEstimate {
        let (Some(&prime), Some(level)) =
            (self.data.get(estimate.level), estimate.level.checked_sub(1))
        else {
            return *estimate;
        };
        let (deviation, worst) = self.rounding(estimate.power);
        NoiseEstimate {
            level,
            scale: estimate.scale / prime,
            deviation: estimate.deviation.times(1.0 / prime).and(deviation),
            bounded: estimate.bounded.times(1.0 / prime),
            worst: estimate.worst.times(1.0 / prime).plus(worst),
            ..*estimate
        }
    }

    /// Relinearisation, rotation or conjugation: one key switch over the primes of the level.
    ///
    /// A digit of primes with product D is uniform in [-D/2, D/2).
    pub fn key_switch(&self, estimate: &NoiseEstimate) -> NoiseEstimate {
        let special = self.special_product();
        let error = self.norm(ERROR_VARIANCE);
        let (mut deviation, mut worst) = self.rounding(1);
        let primes = self.data.get(..=estimate.level).unwrap_or_default();
        for digit in primes.chunks(self.special.len().max(1)) {
            let size = digit.iter().product::<f64>() / special;
            let variance = ROUNDING_VARIANCE * size * size;
            deviation = deviation.and(self.product(variance, error));
            let largest = 0.5 * size * f64::from(ERROR_BOUND) * self.degree;
            worst = worst.plus(self.edge(largest));
        }
        NoiseEstimate {
            power: 1,
            deviation: estimate.deviation.and(deviation),
            worst: estimate.worst.plus(worst),
            ..*estimate
        }
    }

    /// The sum over `count` consecutive slots (a power of two): each step adds a rotation of the sum
    /// so far, whose error is not independent of it.
    pub fn inner_sum(&self, estimate: &NoiseEstimate, count: usize) -> NoiseEstimate {
        let mut sum = *estimate;
        for _ in 0..count.max(1).ilog2() {
            sum = self.add(&sum, &self.key_switch(&sum));
        }
        sum
    }

    /// Bound on |decoded slot - exact slot|, but for the failure probability.
    pub fn slot_error(&self, estimate: &NoiseEstimate) -> f64 {
        let error = self.total(estimate).slot;
        (error + self.floating(estimate.element() + error)) / estimate.scale
    }

    /// log2 of one over [`NoiseModel::slot_error`]: bits after the binary point that are right.
    pub fn bits(&self, estimate: &NoiseEstimate) -> f64 {
        -self.slot_error(estimate).log2()
    }

    /// Bound on |decoded slot - exact slot| that is never exceeded.
    pub fn worst_slot_error(&self, estimate: &NoiseEstimate) -> f64 {
        let error = estimate.worst.slot;
        (error + self.floating(estimate.element() + error)) / estimate.scale
    }

    /// Bound on a coefficient of e, an integer, but for the failure probability.
    pub fn coefficient_error(&self, estimate: &NoiseEstimate) -> f64 {
        let random = self.coefficient_tail(estimate.deviation.coefficient);
        (random + estimate.bounded.coefficient).min(self.total(estimate).slot)
    }

    /// log2 of Q_l / 2 over the largest coefficient of m + e: what is left before values wrap around.
    pub fn headroom_bits(&self, estimate: &NoiseEstimate) -> f64 {
        let primes = self.data.get(..=estimate.level).unwrap_or_default();
        let log2_modulus: f64 = primes.iter().map(|q| q.log2()).sum();
        log2_modulus - 1.0 - (estimate.element() + self.total(estimate).slot).log2()
    }
}
