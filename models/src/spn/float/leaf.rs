//! One leaf: its log density at a value, its mode, and the log density there.

use crate::spn::graph::Distribution;
use crate::spn::support::MAX_COUNT;

/// A leaf with its logarithms.
#[derive(Clone, Debug)]
pub(super) struct Leaf<'a> {
    density: Density<'a>,
    mode: f64,
    log_mode: f64,
}

#[derive(Clone, Debug)]
enum Density<'a> {
    /// Log probability of 0, 1, 2 …
    Table(Vec<f64>),
    Gaussian {
        mean: f64,
        stdev: f64,
        /// `-log stdev - log sqrt(2 pi)`.
        constant: f64,
    },
    Poisson {
        rate: f64,
        log_rate: f64,
    },
    Histogram {
        breaks: &'a [f64],
        logs: Vec<f64>,
    },
}

/// `log sqrt(2 pi)`.
const LOG_SQRT_2_PI: f64 = 0.918_938_533_204_672_8;

impl<'a> Leaf<'a> {
    pub(super) fn new(distribution: &'a Distribution) -> Self {
        let logs = |values: &[f64]| values.iter().map(|value| value.ln()).collect();
        let density = match distribution {
            // log(1 - p) by log1p: exact for small p.
            Distribution::Bernoulli { p } => Density::Table(vec![(-p).ln_1p(), p.ln()]),
            Distribution::Categorical { p } => Density::Table(logs(p)),
            Distribution::Gaussian { mean, stdev } => Density::Gaussian {
                mean: *mean,
                stdev: *stdev,
                constant: -stdev.ln() - LOG_SQRT_2_PI,
            },
            Distribution::Poisson { rate } => Density::Poisson {
                rate: *rate,
                log_rate: rate.ln(),
            },
            Distribution::Histogram { breaks, densities } => Density::Histogram {
                breaks,
                logs: logs(densities),
            },
        };
        let mode = distribution.mode();
        let mut leaf = Self {
            density,
            mode,
            log_mode: 0.0,
        };
        leaf.log_mode = leaf.log(mode);
        leaf
    }

    /// Log density at a value; `-inf` outside the leaf's own range.
    pub(super) fn log(&self, value: f64) -> f64 {
        match &self.density {
            Density::Table(logs) => integer(value)
                .and_then(|k| logs.get(k))
                .copied()
                .unwrap_or(f64::NEG_INFINITY),
            Density::Gaussian {
                mean,
                stdev,
                constant,
            } => {
                let z = (value - mean) / stdev;
                constant - 0.5 * z * z
            }
            Density::Poisson { rate, log_rate } => match integer(value) {
                None => f64::NEG_INFINITY,
                Some(_) => value * log_rate - rate - log_factorial(value),
            },
            Density::Histogram { breaks, logs } => {
                // Borders not above the value: one more than its bucket's index.
                let below = breaks.partition_point(|border| *border <= value);
                below
                    .checked_sub(1)
                    .and_then(|bucket| logs.get(bucket))
                    .copied()
                    .unwrap_or(f64::NEG_INFINITY)
            }
        }
    }

    pub(super) const fn mode(&self) -> f64 {
        self.mode
    }

    pub(super) const fn log_mode(&self) -> f64 {
        self.log_mode
    }
}

/// The value as an index, if it is one.
fn integer(value: f64) -> Option<usize> {
    let within = (0.0..=MAX_COUNT).contains(&value) && value.fract() == 0.0;
    within.then_some(value as usize)
}

/// `log k!` for an integer `k` from 0: a sum of logarithms below 32, Stirling's series above.
///
/// The series' first term left out is below 2e-17 there.
#[must_use]
pub fn log_factorial(k: f64) -> f64 {
    if k < 32.0 {
        // 31! has 114 bits, but the product of floats is within 31 ulp; exact below 2^53.
        let product: f64 = (2..=k as u64).map(|i| i as f64).product();
        return product.ln();
    }
    let r = 1.0 / k;
    let r2 = r * r;
    let series = r * (1.0 / 12.0 - r2 * (1.0 / 360.0 - r2 * (1.0 / 1260.0 - r2 / 1680.0)));
    k * k.ln() - k + 0.5 * k.ln() + LOG_SQRT_2_PI + series
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_factorials() {
        let mut sum = 0.0;
        for k in 0..2000u32 {
            if k > 1 {
                sum += f64::from(k).ln();
            }
            let got = log_factorial(f64::from(k));
            assert!(
                (got - sum).abs() <= 1e-13 * sum.max(1.0),
                "{k}: {got} {sum}"
            );
        }
        // scipy.special.gammaln(1e6 + 1)
        assert!((log_factorial(1e6) - 12_815_518.384_658_169).abs() < 1e-8);
    }

    #[test]
    fn densities_at_chosen_points() {
        let at = |d: &Distribution, x: f64| Leaf::new(d).log(x);
        let bernoulli = Distribution::Bernoulli { p: 0.25 };
        assert_eq!(at(&bernoulli, 1.0), 0.25f64.ln());
        assert_eq!(at(&bernoulli, 0.0), (-0.25f64).ln_1p());
        assert_eq!(at(&bernoulli, 2.0), f64::NEG_INFINITY);
        assert_eq!(at(&bernoulli, 0.5), f64::NEG_INFINITY);
        let normal = Distribution::Gaussian {
            mean: 1.0,
            stdev: 2.0,
        };
        assert!((at(&normal, 4.0) - -2.737_085_713_764_618_3).abs() < 1e-14);
        let poisson = Distribution::Poisson { rate: 3.5 };
        let expected = 4.0 * 3.5f64.ln() - 3.5 - 24f64.ln();
        assert!((at(&poisson, 4.0) - expected).abs() < 1e-14);
        let histogram = Distribution::Histogram {
            breaks: vec![0.0, 1.0, 3.0],
            densities: vec![0.5, 0.25],
        };
        assert_eq!(at(&histogram, 1.0), 0.25f64.ln());
        assert_eq!(at(&histogram, 0.999), 0.5f64.ln());
        assert_eq!(at(&histogram, 3.0), f64::NEG_INFINITY);
        assert_eq!(at(&histogram, -0.1), f64::NEG_INFINITY);
    }

    #[test]
    fn modes_are_where_the_density_is_largest() {
        for (distribution, mode) in [
            (Distribution::Bernoulli { p: 0.5 }, 0.0),
            (Distribution::Bernoulli { p: 0.6 }, 1.0),
            (
                Distribution::Categorical {
                    p: vec![0.2, 0.4, 0.4],
                },
                1.0,
            ),
            (Distribution::Poisson { rate: 3.7 }, 3.0),
            (
                Distribution::Histogram {
                    breaks: vec![0.0, 1.0, 2.0],
                    densities: vec![0.3, 0.7],
                },
                1.0,
            ),
            (
                Distribution::Histogram {
                    breaks: vec![0.0, 0.5, 2.0],
                    densities: vec![0.8, 0.4],
                },
                0.25,
            ),
        ] {
            let leaf = Leaf::new(&distribution);
            assert_eq!(leaf.mode(), mode, "{distribution:?}");
            assert_eq!(leaf.log(mode), leaf.log_mode());
            for step in 0..100 {
                assert!(leaf.log(f64::from(step) * 0.25) <= leaf.log_mode());
            }
        }
    }
}
