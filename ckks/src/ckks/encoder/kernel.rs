//! Passes between doubles and residues, each compiled for every instruction set.
//!
//! Doubles are rounded to integers by adding 1.5 * 2^52: the sum has no bits below the units, and its
//! low bits are the integer in two's complement (to nearest, ties to even, for |x| <= 2^51). No pass
//! contracts a product and a sum, so every instruction set gives the same words from the same doubles.

use crate::Modulus;
use crate::ring::kernel::Factor;
use crate::simd::versions;
use rustfft::num_complex::Complex64;

/// 1.5 * 2^52.
const SHIFT: f64 = 6_755_399_441_055_744.0;
/// Magnitudes that one word of [`words_of`] rounds directly.
const DIRECT: f64 = (1u64 << 51) as f64;
/// Further words hold 48 bits each.
const WORD_BITS: i32 = 48;

/// The nearest integer, for |x| <= 2^51.
#[inline(always)]
fn nearest(x: f64) -> f64 {
    (x + SHIFT) - SHIFT
}

/// The double of an integer, |x| <= 2^51.
#[inline(always)]
fn double(x: i64) -> f64 {
    f64::from_bits(x.wrapping_add(SHIFT.to_bits() as i64) as u64) - SHIFT
}

/// x mod q for an integer |x| <= 2^51.
///
/// x/q is computed with an error below 2^51/q * 2^-52, so t = nearest(x/q) leaves |x - t q| <= (q + 1)/2;
/// t q stays below 2^52 and every operation on integers is exact.
#[inline(always)]
fn residue(x: f64, q: i64, q_double: f64, inverse: f64) -> u64 {
    let r = x - nearest(x * inverse) * q_double;
    let r = (r + SHIFT).to_bits().wrapping_sub(SHIFT.to_bits()) as i64;
    r.wrapping_add(q & (r >> 63)) as u64
}

/// Words of 48 bits below one of 51 that hold every integer of at most this magnitude: 0 when the
/// double itself can be rounded and reduced in one step.
pub(super) fn words_of(largest: f64) -> i32 {
    let mut words = 0;
    while largest * f64::from(-WORD_BITS * words).exp2() >= DIRECT {
        words += 1;
    }
    words
}

versions! {
    /// values = values conj(twist) factor; returns the largest magnitude of a real or imaginary part,
    /// not finite if any is not.
    fn untwist(values: &mut [Complex64], twist: &[Complex64], factor: f64) -> f64 {
        // Magnitudes of doubles are ordered as their bits, NaN above infinity.
        let mut largest = 0;
        for (v, w) in values.iter_mut().zip(twist) {
            let re = (v.re * w.re + v.im * w.im) * factor;
            let im = (v.im * w.re - v.re * w.im) * factor;
            let magnitude = |x: f64| x.abs().to_bits() as i64;
            largest = magnitude(re).max(magnitude(im)).max(largest);
            *v = Complex64::new(re, im);
        }
        f64::from_bits(largest as u64)
    }

    /// values = values twist factor.
    fn twist(values: &mut [Complex64], twist: &[Complex64], factor: f64) {
        for (v, w) in values.iter_mut().zip(twist) {
            let re = (v.re * w.re - v.im * w.im) * factor;
            let im = (v.im * w.re + v.re * w.im) * factor;
            *v = Complex64::new(re, im);
        }
    }

    /// low = round(Re values) mod q, high = round(Im values) mod q, for magnitudes below 2^51.
    fn reduce(modulus: &Modulus<u64>, low: &mut [u64], high: &mut [u64], values: &[Complex64]) {
        let q = modulus.value() as i64;
        let (q_double, inverse) = (q as f64, 1.0 / q as f64);
        for ((low, high), v) in low.iter_mut().zip(high).zip(values) {
            *low = residue(nearest(v.re), q, q_double, inverse);
            *high = residue(nearest(v.im), q, q_double, inverse);
        }
    }

    /// [`reduce`] for any magnitude below 2^(51 + 48 `words`).
    ///
    /// Words are peeled off from the top, d = nearest(x / 2^(48 i)) and x = x - d 2^(48 i), exactly: the
    /// difference is a multiple of x's last bit and no larger than x.
    fn reduce_wide(
        modulus: &Modulus<u64>, words: i32, low: &mut [u64], high: &mut [u64], values: &[Complex64],
    ) {
        let q = modulus.value() as i64;
        let (q_double, inverse) = (q as f64, 1.0 / q as f64);
        let shift = Factor::new(modulus, 1 << WORD_BITS);
        let top = f64::from(WORD_BITS * words).exp2();
        let step = f64::from(-WORD_BITS).exp2();
        let one = |mut x: f64| {
            let mut unit = top;
            let mut sum = 0;
            for _ in 0..=words {
                let word = nearest(x / unit);
                x -= word * unit;
                unit *= step;
                let word = residue(word, q, q_double, inverse);
                sum = modulus.add(shift.times(modulus, sum), word);
            }
            sum
        };
        for ((low, high), v) in low.iter_mut().zip(high).zip(values) {
            *low = one(v.re);
            *high = one(v.im);
        }
    }

    /// sum = sum q + centred(digit): a step of Horner's rule.
    fn horner(modulus: &Modulus<u64>, sum: &mut [f64], digits: &[u64]) {
        let modulus = *modulus;
        let q = modulus.value() as f64;
        for (sum, &digit) in sum.iter_mut().zip(digits) {
            *sum = *sum * q + double(modulus.centre(digit));
        }
    }

    /// The union of all bits.
    fn union(words: &[u64]) -> u64 {
        words.iter().fold(0, |all, &x| all | x)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Simd;
    use num_bigint::BigInt;
    use rustfft::num_traits::FromPrimitive;

    const PRIMES: [u64; 4] = [97, 65_537, 1_099_511_480_321, 1_125_899_906_826_241];

    /// Round to nearest, ties to even, and reduce, with big integers.
    fn expected(x: f64, q: u64) -> u64 {
        let rounded = BigInt::from_f64(x.round_ties_even()).unwrap();
        let q = BigInt::from(q);
        let r = ((rounded % &q) + &q) % q;
        r.try_into().unwrap()
    }

    fn edges(limit: i32) -> Vec<f64> {
        let mut values = vec![0.0, -0.0, 0.5, 1.5, -0.5, -1.5, 0.49, -0.51, 1e-300];
        for q in PRIMES {
            for near in [q as f64, q as f64 / 2.0, 3.0 * q as f64] {
                values.extend([near - 0.5, near, near + 0.5, -near, 1.0 - near]);
            }
        }
        for e in 0..limit {
            let power = f64::from(e).exp2();
            let below = f64::from_bits(power.to_bits() - 1);
            values.extend([power, below, -power, -below, 1.37 * power]);
        }
        values.retain(|x| x.abs() < f64::from(limit).exp2());
        values
    }

    fn complex(values: &[f64]) -> Vec<Complex64> {
        let reversed = values.iter().rev();
        let pair = |(&re, &im)| Complex64::new(re, im);
        values.iter().zip(reversed).map(pair).collect()
    }

    #[test]
    fn every_level_rounds_and_reduces_exactly() {
        for level in Simd::supported_levels() {
            let simd = level.verify().unwrap();
            for (limit, words) in [(51, 0), (99, 1), (147, 2), (1023, 21)] {
                let values = complex(&edges(limit));
                assert_eq!(words_of(f64::from(limit).exp2() * 0.999), words);
                for q in PRIMES {
                    let modulus = Modulus::new(q).unwrap();
                    let (mut low, mut high) = (vec![0; values.len()], vec![0; values.len()]);
                    reduce_wide(simd, &modulus, words, &mut low, &mut high, &values);
                    for (v, (&l, &h)) in values.iter().zip(low.iter().zip(&high)) {
                        assert_eq!(l, expected(v.re, q), "{level} {} mod {q}", v.re);
                        assert_eq!(h, expected(v.im, q), "{level} {} mod {q}", v.im);
                    }
                    if words == 0 {
                        let (mut l, mut h) = (vec![0; values.len()], vec![0; values.len()]);
                        reduce(simd, &modulus, &mut l, &mut h, &values);
                        assert_eq!((l, h), (low, high), "{level}");
                    }
                }
            }
        }
    }

    #[test]
    fn every_level_twists_and_folds_alike() {
        let values = complex(&edges(40));
        let length = values.len();
        let angle = |k: usize| Complex64::cis(k as f64 * 0.01);
        let table: Vec<Complex64> = (0..length).map(angle).collect();
        for level in Simd::supported_levels() {
            let simd = level.verify().unwrap();
            let mut there = values.clone();
            twist(simd, &mut there, &table, 4.0);
            for ((got, v), w) in there.iter().zip(&values).zip(&table) {
                let expected = v * w * 4.0;
                assert!((got - expected).norm() <= 1e-15 * v.norm() * 4.0, "{level}");
            }
            let largest = untwist(simd, &mut there, &table, 0.25);
            for (got, v) in there.iter().zip(&values) {
                assert!((got - v).norm() <= 1e-15 * v.norm(), "{level}");
            }
            let parts = there.iter().flat_map(|v| [v.re.abs(), v.im.abs()]);
            assert_eq!(largest, parts.fold(0.0, f64::max));
            for bad in [f64::NAN, -f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
                let mut values = values.clone();
                values[length / 2].im = bad;
                assert!(!untwist(simd, &mut values, &table, 1.0).is_finite());
            }

            let modulus = Modulus::new(PRIMES[3]).unwrap();
            let q = PRIMES[3];
            let digits = [0, 1, q / 2, q / 2 + 1, q - 1, 12_345, q - 12_345];
            let mut sum = [0.0, -1.0, 1.0, 3.0, 2.0, 0.0, 0.0];
            horner(simd, &modulus, &mut sum, &digits);
            let half = (q / 2) as f64;
            let q = q as f64;
            let wanted = [
                0.0,
                1.0 - q,
                q + half,
                3.0 * q - half,
                2.0 * q - 1.0,
                12_345.0,
                -12_345.0,
            ];
            assert_eq!(sum, wanted, "{level}");
            assert_eq!(union(simd, &digits[..2]), 1);
            assert_eq!(union(simd, &[0; 9]), 0);
        }
    }
}
