//! Polynomials of an encrypted vector, slot by slot.
//!
//! A polynomial is a sum of c_i x^i, or of c_i T_i(u) with Chebyshev polynomials T_i(cos t) = cos(i t) and
//! u in [-1, 1] (`chebyshev.rs`). The second form keeps coefficients and intermediate values small and is
//! the one to take above degree 5 or so. A degree d takes ceil(log2(d + 1)) levels
//! (`paterson_stockmeyer.rs`).

use super::{
    Machine, chebyshev,
    paterson_stockmeyer::{self, Program},
};
use crate::ckks::Error;
use std::ops::Range;

/// A polynomial with real coefficients, of degree 1 or more.
#[derive(Clone, Debug, PartialEq)]
pub struct Polynomial {
    basis: Basis,
    /// Without zeros at the end.
    coefficients: Vec<f64>,
}

/// What the coefficients multiply.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Basis {
    /// x^i.
    Power,
    /// T_i((2 x - from - to) / (to - from)).
    Chebyshev { from: f64, to: f64 },
}

impl Polynomial {
    /// sum_i c_i x^i.
    ///
    /// # Errors
    /// [`Error::Polynomial`]: no degree, or coefficients that are not finite.
    pub fn power(coefficients: &[f64]) -> Result<Self, Error> {
        Self::new(Basis::Power, coefficients)
    }

    /// sum_i c_i T_i(u), where u maps `interval` to [-1, 1]. Arguments must lie in the interval: outside
    /// it the polynomial grows fast.
    ///
    /// # Errors
    /// [`Error::Polynomial`]: no degree, an empty interval, or what is not finite.
    pub fn chebyshev(coefficients: &[f64], interval: Range<f64>) -> Result<Self, Error> {
        let Range { start, end } = interval;
        let length = end - start;
        if !(length > 0.0 && length.is_finite()) {
            return Err(Error::Polynomial {
                reason: "an interval is from a lower to a higher finite number",
            });
        }
        let basis = Basis::Chebyshev {
            from: start,
            to: end,
        };
        Self::new(basis, coefficients)
    }

    /// The polynomial of this degree that agrees with f at the Chebyshev nodes of the interval: close
    /// to the best approximation there. Coefficients below the rounding of doubles are left out, so
    /// that odd and even functions cost half.
    ///
    /// # Errors
    /// As [`chebyshev`](Self::chebyshev); also where f is constant, or not finite at a node.
    pub fn chebyshev_interpolate(
        f: impl Fn(f64) -> f64,
        degree: usize,
        interval: Range<f64>,
    ) -> Result<Self, Error> {
        let coefficients = chebyshev::interpolate(f, degree, &interval)?;
        Self::chebyshev(&coefficients, interval)
    }

    fn new(basis: Basis, coefficients: &[f64]) -> Result<Self, Error> {
        if coefficients.iter().any(|c| !c.is_finite()) {
            return Err(Error::Polynomial {
                reason: "a coefficient is infinite or not a number",
            });
        }
        let mut coefficients = coefficients.to_vec();
        trim(&mut coefficients);
        if coefficients.len() < 2 {
            return Err(Error::Polynomial {
                reason: "it is constant: encode the constant instead",
            });
        }
        Ok(Self {
            basis,
            coefficients,
        })
    }

    /// Coefficients in its basis, constant first.
    pub fn coefficients(&self) -> &[f64] {
        &self.coefficients
    }

    /// The degree d, at least 1.
    pub fn degree(&self) -> usize {
        self.coefficients.len() - 1
    }

    /// Levels it takes: ceil(log2(d + 1)), and one more where an interval other than [-1, 1] is mapped to
    /// [-1, 1] first.
    pub fn depth(&self) -> usize {
        let mapped =
            matches!(self.basis, Basis::Chebyshev { from, to } if (from, to) != (-1.0, 1.0));
        paterson_stockmeyer::depth(self.degree()) + usize::from(mapped)
    }

    /// Its value at x in double precision.
    pub fn value(&self, x: f64) -> f64 {
        match self.basis {
            Basis::Power => self.coefficients.iter().rev().fold(0.0, |y, c| y * x + c),
            Basis::Chebyshev { from, to } => {
                let u = (2.0 * x - from - to) / (to - from);
                chebyshev::clenshaw(&self.coefficients, u)
            }
        }
    }

    /// Ciphertext products, each with its relinearisation, that an evaluation takes.
    pub fn multiplications(&self) -> usize {
        Program::plan(self.basis, &self.coefficients).relinearizations()
    }

    /// The polynomial of every slot of x, [`depth`](Self::depth) levels lower and at the scale of x.
    ///
    /// # Errors
    /// [`Error::OutOfLevels`] where x has fewer levels than [`depth`](Self::depth), and a missing
    /// relinearisation key.
    pub fn evaluate<K: Machine>(&self, machine: &K, x: &K::Value) -> Result<K::Value, Error> {
        self.evaluate_to_scale(machine, x, machine.scale(x))
    }

    /// As [`evaluate`](Self::evaluate), with a result at this scale exactly.
    ///
    /// # Errors
    /// As [`evaluate`](Self::evaluate).
    pub fn evaluate_to_scale<K: Machine>(
        &self,
        machine: &K,
        x: &K::Value,
        scale: f64,
    ) -> Result<K::Value, Error> {
        let (needed, left) = (self.depth(), machine.level(x));
        if left < needed {
            return Err(Error::OutOfLevels {
                operation: "polynomial evaluation",
                needed,
                left,
            });
        }
        let program = Program::plan(self.basis, &self.coefficients);
        match self.basis {
            Basis::Chebyshev { from, to } if (from, to) != (-1.0, 1.0) => {
                let u = chebyshev::map_interval(machine, x, from, to)?;
                program.run(machine, &u, scale)
            }
            _ => program.run(machine, x, scale),
        }
    }
}

/// Drops zeros at the end.
pub(super) fn trim(coefficients: &mut Vec<f64>) {
    let last = coefficients.iter().rposition(|&c| c != 0.0);
    coefficients.truncate(last.map_or(0, |last| last + 1));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ckks::circuits::{Twin, fixture};

    fn twin() -> Twin {
        Twin::new(&fixture::context(64, 9))
    }

    fn arguments(count: usize, interval: Range<f64>) -> Vec<f64> {
        let step = (interval.end - interval.start) / (count - 1) as f64;
        (0..count)
            .map(|i| interval.start + step * i as f64)
            .collect()
    }

    /// Runs in the clear: values as Horner or Clenshaw has them, depth() levels, the scale of the input.
    fn check(polynomial: &Polynomial, interval: Range<f64>, bound: f64) {
        let twin = twin();
        let x = arguments(32, interval);
        let input = twin.real_vector(&x).unwrap();
        let y = polynomial.evaluate(&twin, &input).unwrap();
        assert_eq!(y.level(), input.level() - polynomial.depth());
        assert!((y.scale() / input.scale() - 1.0).abs() < 1e-12);
        for (x, y) in x.iter().zip(y.real()) {
            let expected = polynomial.value(*x);
            assert!(
                (y - expected).abs() <= bound,
                "at {x}: {y}, expected {expected}"
            );
        }
    }

    #[test]
    fn all_degrees_in_both_bases() {
        for degree in 1..=70 {
            let coefficients = fixture::values(degree + 1, degree as u64);
            check(&Polynomial::power(&coefficients).unwrap(), -1.0..1.0, 1e-11);
            let chebyshev = Polynomial::chebyshev(&coefficients, -1.0..1.0).unwrap();
            check(&chebyshev, -1.0..1.0, 1e-11);
            let mapped = Polynomial::chebyshev(&coefficients, -3.0..8.0).unwrap();
            assert_eq!(mapped.depth(), chebyshev.depth() + 1);
            check(&mapped, -3.0..8.0, 1e-11);
        }
    }

    #[test]
    fn single_terms() {
        for degree in 1..40 {
            let mut coefficients = vec![0.0; degree + 1];
            coefficients[degree] = 1.0;
            let power = Polynomial::power(&coefficients).unwrap();
            assert!((power.value(0.9) - 0.9f64.powi(degree as i32)).abs() < 1e-13);
            check(&power, -1.0..1.0, 1e-13);
            let chebyshev = Polynomial::chebyshev(&coefficients, -1.0..1.0).unwrap();
            let cosine = (degree as f64 * 0.9f64.acos()).cos();
            assert!((chebyshev.value(0.9) - cosine).abs() < 1e-12);
            check(&chebyshev, -1.0..1.0, 1e-11);
        }
    }

    /// Interpolations against the functions themselves.
    #[test]
    fn functions() {
        let logistic = |x: f64| 1.0 / (1.0 + (-x).exp());
        let soft_relu = |x: f64| (x + (x * x + 0.5).sqrt()) / 2.0;
        type Case = (fn(f64) -> f64, usize, Range<f64>, f64);
        let cases: [Case; 4] = [
            (logistic, 31, -8.0..8.0, 2e-5),
            (soft_relu, 31, -4.0..4.0, 1e-3),
            (f64::exp, 15, -2.0..1.0, 1e-12),
            (f64::sin, 23, -6.0..6.0, 1e-9),
        ];
        for (f, degree, interval, bound) in cases {
            let polynomial =
                Polynomial::chebyshev_interpolate(f, degree, interval.clone()).unwrap();
            for x in arguments(100, interval.clone()) {
                assert!(
                    (polynomial.value(x) - f(x)).abs() < bound,
                    "degree {degree} at {x}"
                );
            }
            check(&polynomial, interval, 1e-11);
        }
    }

    /// Of sin, which is odd, no even coefficient is left, and the evaluation is cheaper.
    #[test]
    fn odd_functions_cost_less() {
        let sin = Polynomial::chebyshev_interpolate(f64::sin, 63, -30.0..30.0).unwrap();
        assert!(sin.coefficients().iter().step_by(2).all(|&c| c == 0.0));
        let shifted =
            Polynomial::chebyshev_interpolate(|x| (x + 1.0).sin(), 63, -30.0..30.0).unwrap();
        assert!(sin.multiplications() < shifted.multiplications());
    }

    #[test]
    fn refusals_name_the_cause() {
        for coefficients in [&[][..], &[1.0], &[1.0, 0.0]] {
            let error = Polynomial::power(coefficients).unwrap_err();
            assert!(error.to_string().contains("constant"));
        }
        assert!(Polynomial::power(&[0.0, f64::NAN]).is_err());
        for interval in [1.0..1.0, 2.0..1.0, 0.0..f64::INFINITY] {
            assert!(Polynomial::chebyshev(&[0.0, 1.0], interval).is_err());
        }
        assert!(Polynomial::chebyshev_interpolate(f64::sin, 1 << 13, 0.0..1.0).is_err());
        assert!(Polynomial::chebyshev_interpolate(f64::ln, 8, -1.0..1.0).is_err());

        let twin = twin();
        let low = twin.vector_at(&[], 2, 1e12).unwrap();
        let polynomial = Polynomial::power(&[1.0; 8]).unwrap();
        let error = polynomial.evaluate(&twin, &low).unwrap_err();
        assert!(matches!(
            error,
            Error::OutOfLevels {
                needed: 3,
                left: 2,
                ..
            }
        ));
    }
}
