//! Families of leaves: weighted sufficient statistics, the estimate from them, the log-density.
//!
//! Estimates are maxima a posteriori: `strength` rows distributed like the whole training column are added to the weighted rows, so a
//! leaf that has seen little falls back on the marginal of its variable, and nothing observed in training has probability zero.

#![expect(
    clippy::indexing_slicing,
    reason = "statistics are made with Family::size and values are checked to be in range by Table::check"
)]

use super::table::Kind;
use crate::spn::graph::Distribution;

/// Probabilities of leaves stay this far from 0 and 1.
pub(super) const MARGIN: f64 = 1e-6;
/// A Gaussian leaf is no narrower than this share of its column's standard deviation.
const NARROWEST: f64 = 0.05;
/// A Poisson leaf's mean is at least this.
const LEAST_RATE: f64 = 1e-3;
/// A histogram leaf has at most this many buckets.
const BUCKETS: usize = 16;

/// The leaves of one column, with the column's own estimate.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Family {
    Bernoulli { mean: f64 },
    Categorical { shares: Vec<f64> },
    Gaussian { mean: f64, variance: f64 },
    Poisson { mean: f64 },
    Histogram { breaks: Vec<f64>, shares: Vec<f64> },
}

impl Family {
    /// The family of a kind with the background of a column whose values were checked.
    pub fn of(kind: Kind, column: &[f64]) -> Self {
        let count = column.len().max(1) as f64;
        let mean = column.iter().sum::<f64>() / count;
        match kind {
            Kind::Bernoulli => Self::Bernoulli {
                mean: mean.clamp(MARGIN, 1.0 - MARGIN),
            },
            Kind::Categorical => {
                let values = column.iter().fold(1.0f64, |a, &b| a.max(b)) as usize + 1;
                let mut shares = vec![1.0; values];
                for &value in column {
                    shares[value as usize] += 1.0;
                }
                normalise(&mut shares);
                Self::Categorical { shares }
            }
            Kind::Gaussian => {
                let variance = column.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / count;
                Self::Gaussian {
                    mean,
                    variance: variance.max(1e-12),
                }
            }
            Kind::Poisson => Self::Poisson {
                mean: mean.max(LEAST_RATE),
            },
            Kind::Histogram => {
                let breaks = borders(column);
                let mut shares = vec![1.0; breaks.len() - 1];
                for &value in column {
                    shares[bucket(&breaks, value)] += 1.0;
                }
                normalise(&mut shares);
                Self::Histogram { breaks, shares }
            }
        }
    }

    /// How many statistics a leaf has.
    pub const fn size(&self) -> usize {
        match self {
            Self::Bernoulli { .. } | Self::Poisson { .. } => 2,
            Self::Gaussian { .. } => 3,
            Self::Categorical { shares } | Self::Histogram { shares, .. } => shares.len(),
        }
    }

    /// Adds weighted values, whose weights sum to `mass`, to the statistics.
    pub fn accumulate(&self, values: &[f64], weights: &[f64], mass: f64, statistics: &mut [f64]) {
        match self {
            Self::Bernoulli { .. } | Self::Poisson { .. } => {
                statistics[0] += mass;
                statistics[1] += dot(values, weights);
            }
            // Centred on the column's mean, for the sake of the difference of large squares.
            Self::Gaussian { mean, .. } => {
                let (mut first, mut second) = (0.0, 0.0);
                for (x, w) in values.iter().zip(weights) {
                    let d = x - mean;
                    first += w * d;
                    second += w * d * d;
                }
                statistics[0] += mass;
                statistics[1] += first;
                statistics[2] += second;
            }
            Self::Categorical { .. } => {
                for (&x, w) in values.iter().zip(weights) {
                    // A value that training never saw counts for none.
                    if let Some(count) = statistics.get_mut(x as usize) {
                        *count += w;
                    }
                }
            }
            Self::Histogram { breaks, .. } => {
                for (&x, w) in values.iter().zip(weights) {
                    statistics[bucket(breaks, x)] += w;
                }
            }
        }
    }

    /// The leaf that statistics and `strength` background rows make most likely.
    pub fn estimate(&self, statistics: &[f64], strength: f64) -> Distribution {
        match self {
            Self::Bernoulli { mean } => {
                let mass = (statistics[0] + strength).max(f64::MIN_POSITIVE);
                let p = (statistics[1] + strength * mean) / mass;
                Distribution::Bernoulli {
                    p: p.clamp(MARGIN, 1.0 - MARGIN),
                }
            }
            Self::Poisson { mean } => {
                let mass = (statistics[0] + strength).max(f64::MIN_POSITIVE);
                let rate = (statistics[1] + strength * mean) / mass;
                Distribution::Poisson {
                    rate: rate.max(LEAST_RATE),
                }
            }
            Self::Gaussian { mean, variance } => {
                let mass = (statistics[0] + strength).max(f64::MIN_POSITIVE);
                let shift = statistics[1] / mass;
                let spread = (statistics[2] + strength * variance) / mass - shift * shift;
                Distribution::Gaussian {
                    mean: mean + shift,
                    stdev: spread.max(NARROWEST * NARROWEST * variance).sqrt(),
                }
            }
            Self::Categorical { shares } => Distribution::Categorical {
                p: smoothed(statistics, shares, strength),
            },
            Self::Histogram { breaks, shares } => {
                let densities = smoothed(statistics, shares, strength)
                    .iter()
                    .zip(breaks.windows(2))
                    .map(|(share, ends)| share / (ends[1] - ends[0]))
                    .collect();
                Distribution::Histogram {
                    breaks: breaks.clone(),
                    densities,
                }
            }
        }
    }

    /// The leaf of the whole column.
    pub fn background(&self) -> Distribution {
        self.estimate(&vec![0.0; self.size()], 1.0)
    }
}

/// Adds the log-density (natural) of every value.
pub(super) fn add_log_density(distribution: &Distribution, values: &[f64], sums: &mut [f64]) {
    match distribution {
        Distribution::Bernoulli { p } => {
            let p = p.clamp(f64::MIN_POSITIVE, 1.0);
            let q = (1.0 - p).max(f64::MIN_POSITIVE);
            let (base, slope) = (q.ln(), p.ln() - q.ln());
            for (sum, x) in sums.iter_mut().zip(values) {
                *sum += base + x * slope;
            }
        }
        Distribution::Categorical { p } => {
            for (sum, &x) in sums.iter_mut().zip(values) {
                *sum += p.get(x as usize).copied().unwrap_or(0.0).max(MARGIN).ln();
            }
        }
        Distribution::Gaussian { mean, stdev } => {
            let constant = -stdev.ln() - 0.5 * std::f64::consts::TAU.ln();
            for (sum, x) in sums.iter_mut().zip(values) {
                let z = (x - mean) / stdev;
                *sum += constant - 0.5 * z * z;
            }
        }
        Distribution::Poisson { rate } => {
            for (sum, &x) in sums.iter_mut().zip(values) {
                *sum += x * rate.ln() - rate - log_factorial(x);
            }
        }
        Distribution::Histogram { breaks, densities } => {
            for (sum, &x) in sums.iter_mut().zip(values) {
                *sum += densities[bucket(breaks, x)].max(MARGIN).ln();
            }
        }
    }
}

/// `log x!`
fn log_factorial(x: f64) -> f64 {
    (2..=x as u64).map(|k| (k as f64).ln()).sum()
}

/// The bucket of a value; those outside the borders belong to the first or last.
fn bucket(breaks: &[f64], value: f64) -> usize {
    let at = breaks.partition_point(|&b| b <= value);
    at.saturating_sub(1).min(breaks.len() - 2)
}

/// Borders of buckets of about equal counts; counts that take few values get one bucket a value.
fn borders(column: &[f64]) -> Vec<f64> {
    let mut sorted = column.to_vec();
    sorted.sort_by(f64::total_cmp);
    let mut distinct = sorted.clone();
    distinct.dedup();
    let last = distinct[distinct.len() - 1];
    let mut breaks: Vec<f64> = if distinct.len() <= BUCKETS {
        distinct
    } else {
        (0..BUCKETS)
            .map(|k| sorted[k * sorted.len() / BUCKETS])
            .collect()
    };
    breaks.dedup();
    let first = breaks[0];
    if sorted.iter().all(|x| x.fract() == 0.0) {
        breaks.push(last + 1.0);
    } else {
        // The last bucket holds the largest value, and values not seen before are possible some way outside.
        let range = (last - first).max(1e-6);
        breaks.insert(0, first - 0.5 * range);
        breaks.extend([last + 0.01 * range, last + 0.5 * range]);
    }
    breaks
}

fn smoothed(statistics: &[f64], shares: &[f64], strength: f64) -> Vec<f64> {
    let mut result: Vec<f64> = statistics
        .iter()
        .zip(shares)
        .map(|(count, share)| count + strength * share + MARGIN)
        .collect();
    normalise(&mut result);
    result
}

pub(super) fn normalise(shares: &mut [f64]) {
    let total: f64 = shares.iter().sum();
    shares.iter_mut().for_each(|share| *share /= total);
}

/// Four partial sums, which the compiler turns into vector code.
pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut lanes = [0.0; 8];
    let (left, right) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f64 = left
        .remainder()
        .iter()
        .zip(right.remainder())
        .map(|(x, y)| x * y)
        .sum();
    for (x, y) in left.zip(right) {
        for ((lane, x), y) in lanes.iter_mut().zip(x).zip(y) {
            *lane += x * y;
        }
    }
    rest + lanes.iter().sum::<f64>()
}
