//! How many bits of a vector are right.
//!
//! A part x of a slot that came back as y has -log2 |x - y| right bits: of an absolute error, so that
//! 20 bits mean 2^-20 whatever the size of x. The worst slot is what a circuit can rely on; the mean and
//! the median show how far it lies from the rest; the mean error, next to its standard deviation, shows a
//! bias that averaging would not remove.

use super::Error;
use rustfft::num_complex::Complex64;
use serde::Serialize;
use std::fmt;

/// Bits of a part that is right or closer than 2^-64.
const MOST_BITS: f64 = 64.0;

/// The precision of a vector of slots.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Precision {
    /// Of the real parts.
    pub real: PartPrecision,
    /// Of the imaginary parts.
    pub imaginary: PartPrecision,
}

/// The precision of the real or the imaginary parts.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PartPrecision {
    /// Right bits, at most 64.
    pub bits: Bits,
    /// What came back less what was expected.
    pub error: Errors,
}

/// Right bits over all slots.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Bits {
    /// Of the worst slot.
    pub worst: f64,
    /// The mean.
    pub mean: f64,
    /// The median; of an even number of slots, the worse of the two in the middle.
    pub median: f64,
    /// Of the best slot.
    pub best: f64,
}

/// Errors over all slots.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Errors {
    /// The largest absolute value.
    pub max: f64,
    /// The slot it is in.
    pub worst_slot: usize,
    /// The signed mean: a bias.
    pub mean: f64,
    /// The standard deviation about the mean.
    pub deviation: f64,
}

impl Precision {
    /// Compares slot by slot.
    ///
    /// # Errors
    /// [`Error::LengthMismatch`] of different or of no slots, [`Error::NotFinite`].
    pub fn compare(expected: &[Complex64], got: &[Complex64]) -> Result<Self, Error> {
        let parts = |part: fn(&Complex64) -> f64| {
            PartPrecision::compare(expected.iter().map(part), got.iter().map(part))
        };
        Ok(Self {
            real: parts(|z| z.re)?,
            imaginary: parts(|z| z.im)?,
        })
    }

    /// Right bits of the worst part of the worst slot.
    pub fn worst(&self) -> f64 {
        self.real.bits.worst.min(self.imaginary.bits.worst)
    }
}

impl PartPrecision {
    /// Compares two vectors of real numbers.
    ///
    /// # Errors
    /// As [`Precision::compare`].
    pub fn compare_real(expected: &[f64], got: &[f64]) -> Result<Self, Error> {
        Self::compare(expected.iter().copied(), got.iter().copied())
    }

    fn compare(
        expected: impl ExactSizeIterator<Item = f64>,
        got: impl ExactSizeIterator<Item = f64>,
    ) -> Result<Self, Error> {
        let operation = "precision";
        if expected.len() != got.len() || got.len() == 0 {
            return Err(Error::LengthMismatch {
                operation,
                left: expected.len(),
                right: got.len(),
            });
        }
        let errors: Vec<f64> = got.zip(expected).map(|(got, want)| got - want).collect();
        if let Some(index) = errors.iter().position(|e| !e.is_finite()) {
            return Err(Error::NotFinite { operation, index });
        }
        let count = errors.len() as f64;
        let mean = errors.iter().sum::<f64>() / count;
        let squares: f64 = errors.iter().map(|e| (e - mean).powi(2)).sum();
        let larger = |a: &(usize, f64), b: &(usize, f64)| a.1.total_cmp(&b.1);
        let sizes = errors.iter().map(|e| e.abs()).enumerate();
        let (worst_slot, max) = sizes.max_by(larger).unwrap_or_default();

        let right = |e: &f64| -e.abs().max((-MOST_BITS).exp2()).log2();
        let mut bits: Vec<f64> = errors.iter().map(right).collect();
        bits.sort_unstable_by(f64::total_cmp);
        let at = |index: usize| bits.get(index).copied().unwrap_or_default();
        Ok(Self {
            bits: Bits {
                worst: at(0),
                mean: bits.iter().sum::<f64>() / count,
                median: at((bits.len() - 1) / 2),
                best: at(bits.len() - 1),
            },
            error: Errors {
                max,
                worst_slot,
                mean,
                deviation: (squares / count).sqrt(),
            },
        })
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<10} {:>7} {:>7} {:>7} {:>7}  {:>10} {:>6} {:>10} {:>10}",
            "bits", "worst", "median", "mean", "best", "max error", "slot", "bias", "deviation"
        )?;
        for (name, part) in [("real", &self.real), ("imaginary", &self.imaginary)] {
            let PartPrecision { bits, error } = part;
            writeln!(
                f,
                "{name:<10} {:>7.2} {:>7.2} {:>7.2} {:>7.2}  {:>10.2e} {:>6} {:>10.2e} {:>10.2e}",
                bits.worst,
                bits.median,
                bits.mean,
                bits.best,
                error.max,
                error.worst_slot,
                error.mean,
                error.deviation
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_slots_by_hand() {
        let expected = [Complex64::new(1.0, 0.0); 4];
        let errors = [0.5, -0.25, 0.0, 0.125];
        let got = errors.map(|e| Complex64::new(1.0 + e, -2.0 * e));
        let precision = Precision::compare(&expected, &got).unwrap();
        let Precision { real, imaginary } = &precision;
        assert_eq!(
            (real.bits.worst, real.bits.median, real.bits.best),
            (1.0, 2.0, 64.0)
        );
        assert_eq!(real.bits.mean, (1.0 + 2.0 + 64.0 + 3.0) / 4.0);
        assert_eq!((real.error.max, real.error.worst_slot), (0.5, 0));
        assert_eq!(real.error.mean, 0.375 / 4.0);
        let second_moment = (0.25 + 0.0625 + 0.015_625) / 4.0;
        let deviation = (second_moment - real.error.mean.powi(2)).sqrt();
        assert!((real.error.deviation - deviation).abs() < 1e-15);
        assert_eq!((imaginary.bits.worst, imaginary.error.max), (0.0, 1.0));
        assert_eq!(precision.worst(), 0.0);
        let reals: Vec<f64> = got.iter().map(|z| z.re).collect();
        assert_eq!(
            &PartPrecision::compare_real(&[1.0; 4], &reals).unwrap(),
            real
        );
    }

    #[test]
    fn the_table_and_the_record_show_the_numbers() {
        let zero = [Complex64::default(); 2];
        let got = [Complex64::new(0.25, 0.0), Complex64::new(-0.25, 0.0)];
        let precision = Precision::compare(&zero, &got).unwrap();
        let table = precision.to_string();
        let row: Vec<&str> = table.lines().nth(1).unwrap().split_whitespace().collect();
        assert_eq!(
            row,
            [
                "real", "2.00", "2.00", "2.00", "2.00", "2.50e-1", "1", "0.00e0", "2.50e-1"
            ]
        );
        let record = serde_json::to_value(&precision).unwrap();
        assert_eq!(record["real"]["bits"]["worst"], 2.0);
        assert_eq!(record["imaginary"]["bits"]["best"], 64.0);
    }

    #[test]
    fn vectors_that_cannot_be_compared_are_refused() {
        let zero = Complex64::default();
        assert!(matches!(
            Precision::compare(&[zero; 3], &[zero; 2]),
            Err(Error::LengthMismatch {
                left: 3,
                right: 2,
                ..
            })
        ));
        assert!(Precision::compare(&[], &[]).is_err());
        assert!(matches!(
            Precision::compare(&[zero; 2], &[zero, Complex64::new(0.0, f64::NAN)]),
            Err(Error::NotFinite { index: 1, .. })
        ));
    }
}
