//! Sufficient statistics: how a row of evidence becomes small nonnegative integers, in which every leaf is linear.
//!
//! A leaf's log2-density is `theta . x`, with the server's secret `theta` and the client's `x`, of which each variable has a block:
//!
//! * *categories and buckets*: `x` is one-hot. The borders of a histogram's buckets are public, those of all leaves of the variable
//!   together; entry `b` of `theta` is `log2(density_b width_b) <= 0`, and the client adds `-log2 width_b` itself at the end;
//! * *Gaussian*: the value is clipped to a public range `[low, high]` and becomes an integer `t` of [`POSITION_BITS`] bits,
//!   `u = t - 2^23`; with the leaf's mean `m` and deviation `s` in the same unit
//!
//!   ```text
//!   log2 p = c - k (u - m)^2 = (c - k m^2 - 2^24 k m) 1 + 2 k m t - k u^2 ,   k = log2(e) / (2 s^2),
//!   ```
//!
//!   and `x` holds 1 and the base-16 digits of `t` and `u^2`, so that nothing is lost in the encrypted product. Centring keeps the terms small that
//!   cancel. `c <= 0` is relative to the narrowest leaf allowed; the client adds the public difference;
//! * *Poisson*: `log2 p = k log2 rate - rate log2 e - log2 k!`: `x` holds 1 and the digits of `k` and of `log2 k!` in fixed point.
//!
//! The constant 1 of these comes with a 15, so that large coefficients have two places; a number's topmost digits, where their weight would be too
//! large, are several entries of one weight, at most 15 each (`digits`).
//!
//! A missing variable's block is zero, a factor of one. The last entry of a block is 1, and all others 0, where the variable is
//! *maximised*: `theta` has `log2 max p` there. So the server sees the same of observed, missing and maximised variables.
//!
//! **Public**: kinds, borders, ranges and the narrowest deviation of each variable ([`Encoding`]), which are derived from all leaves
//! of the variable together: `low` and `high` enclose every leaf's mean by [`SPREAD`] deviations, rounded outwards to multiples of a 32nd of their
//! difference or less. **Floors**: probabilities below `2^-floor` count as `2^-floor`, a deviation below `2^-ratio_bits` of
//! the range as that, a rate below [`RATE_FLOOR`] as that; [`Floors`] counts the leaves it happened to.

use super::graph::Distribution;
use digits::{CONSTANTS, POSITION, SQUARE, count_digits, factorial_digits};
use serde::{Deserialize, Serialize};
use std::f64::consts::{LOG2_E, PI};
use std::sync::LazyLock;

mod digits;
mod leaf;
mod place;
#[cfg(test)]
mod tests;

pub(crate) use place::Placed;

/// Bits of a digit.
pub const DIGIT_BITS: u32 = 4;
/// Bits of a Gaussian variable's position in its range.
pub const POSITION_BITS: u32 = 24;
/// Deviations by which a Gaussian variable's range surpasses every leaf's mean.
pub const SPREAD: f64 = 4.5;
/// The same of a Poisson variable's largest count, whose range costs nothing.
const COUNT_SPREAD: f64 = 8.0;
/// The least rate of a Poisson leaf.
pub const RATE_FLOOR: f64 = 1.0 / 65_536.0;
/// The largest count a Poisson variable may have.
pub const MAX_COUNT: u32 = 4095;
/// The most values or buckets of a variable.
pub const MAX_VALUES: usize = 1 << 12;

pub(crate) const HALF: i64 = 1 << (POSITION_BITS - 1);
/// The largest digit.
pub const LARGEST: u32 = (1 << DIGIT_BITS) - 1;

/// The fixed point. Public.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scale {
    /// Fraction bits of log2-likelihoods.
    pub fraction: u32,
    /// Fraction bits beyond these in the leaf layer.
    pub guard: u32,
    /// Probabilities and weights below `2^-floor` count as that.
    pub floor: u32,
    /// The least standard deviation is `2^-ratio_bits` of the range.
    pub ratio_bits: u32,
}

impl Scale {
    /// Fixed point of the leaf layer.
    pub(crate) fn fixed(self, log2: f64) -> i64 {
        (log2 * f64::from(self.fraction + self.guard).exp2()).round() as i64
    }
}

/// What a variable's values become. Public.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Encoding {
    /// No leaf asks for it.
    Unused,
    /// One of so many.
    Categorical {
        /// Values, from 0.
        values: u32,
    },
    /// A bucket between borders.
    Histogram {
        /// Increasing; the last one lies outside.
        borders: Vec<f64>,
    },
    /// A position in a range.
    Gaussian {
        /// Lower end.
        low: f64,
        /// Upper end.
        high: f64,
    },
    /// A count.
    Poisson {
        /// Counts above this are clipped to it.
        max: u32,
    },
}

/// How many leaves do not keep their parameters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Floors {
    /// Leaves with a probability below the floor, zero among them.
    pub probabilities: usize,
    /// Gaussian leaves narrower than the range allows.
    pub deviations: usize,
    /// Poisson leaves with too low a rate.
    pub rates: usize,
    /// Weights of sums below the floor, zero among them.
    pub weights: usize,
}

impl Floors {
    /// How many parameters in all.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.probabilities + self.deviations + self.rates + self.weights
    }
}

/// `log2 k!` of every count that is taken.
static LOG2_FACTORIALS: LazyLock<Vec<f64>> = LazyLock::new(|| {
    let logs = (1..=MAX_COUNT).map(|i| f64::from(i).log2());
    let sums = logs.scan(0.0, |sum, log| {
        *sum += log;
        Some(*sum)
    });
    std::iter::once(0.0).chain(sums).collect()
});

/// `log2 k!` for counts up to [`MAX_COUNT`], infinite beyond. Looked up: sums of logarithms took longer the larger the count, so that the time
/// between two requests would have told of observed counts.
fn log2_factorial(k: u32) -> f64 {
    let known = LOG2_FACTORIALS.get(k as usize).copied();
    known.unwrap_or(f64::INFINITY)
}

/// Rounds a range outwards to multiples of at most a 32nd of its length.
fn outwards(low: f64, high: f64) -> (f64, f64) {
    let quantum = ((high - low).log2().floor() - 5.0).exp2();
    (
        (low / quantum).floor() * quantum,
        (high / quantum).ceil() * quantum,
    )
}

impl Encoding {
    /// The encoding that fits all leaves of a variable; an error says what does not fit.
    ///
    /// # Errors
    /// Leaves of different kinds, or more values than are taken.
    pub fn of_leaves<'a>(
        leaves: impl Iterator<Item = &'a Distribution> + Clone,
    ) -> Result<Self, String> {
        let mut encoding = Self::Unused;
        for leaf in leaves.clone() {
            encoding = match (encoding, leaf) {
                (
                    Self::Unused | Self::Categorical { values: 0..=2 },
                    Distribution::Bernoulli { .. },
                ) => Self::Categorical { values: 2 },
                (Self::Categorical { values }, Distribution::Bernoulli { .. }) => {
                    Self::Categorical { values }
                }
                (Self::Unused, Distribution::Categorical { p }) => Self::Categorical {
                    values: p.len() as u32,
                },
                (Self::Categorical { values }, Distribution::Categorical { p }) => {
                    Self::Categorical {
                        values: values.max(p.len() as u32),
                    }
                }
                (Self::Unused, Distribution::Histogram { breaks, .. }) => Self::Histogram {
                    borders: breaks.clone(),
                },
                (Self::Histogram { mut borders }, Distribution::Histogram { breaks, .. }) => {
                    borders.extend(breaks);
                    borders.sort_by(f64::total_cmp);
                    borders.dedup();
                    Self::Histogram { borders }
                }
                (Self::Unused, Distribution::Gaussian { mean, stdev }) => Self::Gaussian {
                    low: mean - SPREAD * stdev,
                    high: mean + SPREAD * stdev,
                },
                (Self::Gaussian { low, high }, Distribution::Gaussian { mean, stdev }) => {
                    Self::Gaussian {
                        low: low.min(mean - SPREAD * stdev),
                        high: high.max(mean + SPREAD * stdev),
                    }
                }
                (Self::Unused, Distribution::Poisson { rate }) => Self::Poisson {
                    max: largest_count(*rate),
                },
                (Self::Poisson { max }, Distribution::Poisson { rate }) => Self::Poisson {
                    max: max.max(largest_count(*rate)),
                },
                _ => return Err("its leaves are of different kinds".into()),
            };
        }
        if let Self::Gaussian { low, high } = &mut encoding {
            (*low, *high) = outwards(*low, *high);
        }
        encoding.check()?;
        Ok(encoding)
    }

    /// Whether the numbers make sense, wherever they come from.
    ///
    /// # Errors
    /// Says what does not.
    pub fn check(&self) -> Result<(), String> {
        let good = match self {
            Self::Unused => true,
            Self::Categorical { values } => (1..=MAX_VALUES as u32).contains(values),
            Self::Histogram { borders } => {
                (2..=MAX_VALUES + 1).contains(&borders.len())
                    && borders.iter().all(|b| b.is_finite())
                    && borders
                        .iter()
                        .zip(borders.iter().skip(1))
                        .all(|(a, b)| a < b && (b - a).is_normal())
            }
            Self::Gaussian { low, high } => {
                let unit = (high - low) * (-f64::from(POSITION_BITS)).exp2();
                // The ends must be told apart after rounding, and the unit must not vanish.
                low < high && unit.is_normal() && low + unit > *low && high - unit < *high
            }
            Self::Poisson { max } => (1..=MAX_COUNT).contains(max),
        };
        if good {
            return Ok(());
        }
        Err(match self {
            Self::Unused => String::new(),
            Self::Categorical { values } => format!("{values} values, 1 to {MAX_VALUES} are taken"),
            Self::Histogram { borders } => {
                format!(
                    "{} borders; 2 to {} are taken, finite and increasing",
                    borders.len(),
                    MAX_VALUES + 1
                )
            }
            Self::Gaussian { low, high } => {
                format!("the range from {low} to {high} cannot be divided into 2^{POSITION_BITS}")
            }
            Self::Poisson { max } => format!("counts up to {max}, at most {MAX_COUNT} are taken"),
        })
    }

    /// Whether its leaves take more than a small range of values.
    #[must_use]
    pub const fn is_wide(&self) -> bool {
        matches!(self, Self::Gaussian { .. } | Self::Poisson { .. })
    }

    /// Entries of its block of statistics.
    #[must_use]
    pub fn entries(&self, scale: Scale) -> usize {
        match self {
            Self::Unused => 0,
            Self::Categorical { values } => *values as usize + 1,
            Self::Histogram { borders } => borders.len(),
            Self::Gaussian { .. } => POSITION.entries() + SQUARE.entries() + CONSTANTS + 1,
            Self::Poisson { max } => {
                count_digits(*max).entries()
                    + factorial_digits(*max, scale).entries()
                    + CONSTANTS
                    + 1
            }
        }
    }

    /// No leaf is below minus this, in log2, beyond rounding; and none above 0.
    #[must_use]
    pub fn depth(&self, scale: Scale) -> f64 {
        match self {
            Self::Unused => 0.0,
            Self::Categorical { .. } | Self::Histogram { .. } => f64::from(scale.floor),
            // `|u - m| <= 2^24`, `s >= 2^(24 - ratio_bits)`, `s <= 2^24`.
            Self::Gaussian { .. } => {
                let ratio = f64::from(scale.ratio_bits);
                LOG2_E / 2.0 * (2.0 * ratio).exp2() + ratio + 1.0
            }
            Self::Poisson { max } => {
                let k = f64::from(*max);
                -k * RATE_FLOOR.log2() + k * LOG2_E + log2_factorial(*max)
            }
        }
    }

    /// No coefficient of its leaves is larger, in units of the leaf layer.
    #[must_use]
    pub(crate) fn largest_coefficient(&self, scale: Scale) -> u64 {
        let one = f64::from(scale.fraction + scale.guard).exp2();
        let constant = |log2: f64| log2 / f64::from(LARGEST) + f64::from(LARGEST) / one;
        let log2 = match self {
            Self::Unused => 0.0,
            Self::Categorical { .. } | Self::Histogram { .. } => f64::from(scale.floor),
            Self::Gaussian { .. } => {
                // `k <= depth / 2^48` and `|m| <= 2^23`.
                let k = self.depth(scale) * (-2.0 * f64::from(POSITION_BITS)).exp2();
                let position = 2.0 * k * HALF as f64 * POSITION.top();
                constant(self.depth(scale))
                    .max(position)
                    .max(k * SQUARE.top())
                    .max(f64::from(scale.ratio_bits))
            }
            Self::Poisson { max } => {
                let count = -RATE_FLOOR.log2() * count_digits(*max).top();
                let factorial = factorial_digits(*max, scale).top() / one;
                // No mode's probability is below 2^-16.
                constant(f64::from(*max) * LOG2_E)
                    .max(count)
                    .max(factorial)
                    .max(16.0)
            }
        };
        scale.fixed(log2) as u64 + 1
    }

    /// `log2` of the least width to which densities are relative: of the narrowest bucket, or of the narrowest Gaussian.
    fn narrowest(&self, scale: Scale) -> Option<f64> {
        match self {
            Self::Histogram { borders } => {
                let widths = borders
                    .iter()
                    .zip(borders.iter().skip(1))
                    .map(|(a, b)| b - a);
                Some(widths.fold(f64::INFINITY, f64::min).log2())
            }
            Self::Gaussian { low, high } => {
                let stdev = (high - low) * (-f64::from(scale.ratio_bits)).exp2();
                Some((stdev * (2.0 * PI).sqrt()).log2())
            }
            _ => None,
        }
    }

    fn range(&self) -> (f64, f64) {
        match self {
            Self::Gaussian { low, high } => (*low, *high),
            Self::Histogram { borders } => (
                borders.first().copied().unwrap_or(0.0),
                borders.last().copied().unwrap_or(1.0),
            ),
            _ => (0.0, 1.0),
        }
    }
}

/// Counts that a variable with a leaf of this rate may have: eight deviations and a few more, as a power of two minus one.
fn largest_count(rate: f64) -> u32 {
    let reach = rate + COUNT_SPREAD * rate.sqrt() + COUNT_SPREAD;
    // Saturates; what is too large fails the check.
    (reach.ceil() as u32)
        .saturating_add(1)
        .checked_next_power_of_two()
        .map_or(u32::MAX, |p| p - 1)
}
