//! The two moves of structure learning on weighted rows: which variables depend on each other, and a mixture of two for those that do.

#![expect(
    clippy::indexing_slicing,
    reason = "samples hold as many values in every column as weights"
)]

use super::family::{Family, add_log_density, dot};
use super::random::Random;
use crate::spn::graph::Distribution;

/// Iterations of a mixture from one start.
const ITERATIONS: usize = 12;

/// Rows with weights, of some variables.
pub(super) struct Sample<'a> {
    /// One a variable.
    pub columns: Vec<Vec<f64>>,
    pub families: Vec<&'a Family>,
    pub weights: Vec<f64>,
    pub mass: f64,
}

/// A mixture of two products of leaves.
pub(super) struct Mixture {
    pub share: f64,
    pub leaves: [Vec<Distribution>; 2],
}

impl Sample<'_> {
    /// Statistics `G = 2 n I(X; Y)` of all pairs, `pairs[i][j]` for `j < i`: twice the log-likelihood ratio of dependence, with about one degree
    /// of freedom (Gens and Domingos, ICML 2013, section 4). Exact for binary variables; from the correlation, as for Gaussian ones, for others.
    pub fn dependence(&self) -> Vec<Vec<f64>> {
        let n = self.mass.max(f64::MIN_POSITIVE);
        let means: Vec<f64> = self
            .columns
            .iter()
            .map(|column| dot(column, &self.weights) / n)
            .collect();
        let centred: Vec<Vec<f64>> = self
            .columns
            .iter()
            .zip(&means)
            .map(|(column, mean)| column.iter().map(|x| x - mean).collect())
            .collect();
        let weighted: Vec<Vec<f64>> = centred
            .iter()
            .map(|column| {
                column
                    .iter()
                    .zip(&self.weights)
                    .map(|(x, w)| x * w)
                    .collect()
            })
            .collect();
        let variance: Vec<f64> = centred
            .iter()
            .zip(&weighted)
            .map(|(x, y)| dot(x, y) / n)
            .collect();
        (0..self.columns.len())
            .map(|i| {
                (0..i)
                    .map(|j| {
                        let covariance = dot(&centred[i], &weighted[j]) / n;
                        let binary =
                            |k: usize| matches!(self.families[k], Family::Bernoulli { .. });
                        if binary(i) && binary(j) {
                            2.0 * n * binary_information(means[i], means[j], covariance)
                        } else {
                            let square = covariance * covariance
                                / (variance[i] * variance[j]).max(f64::MIN_POSITIVE);
                            -n * (1.0 - square.min(1.0 - 1e-9)).ln()
                        }
                    })
                    .collect()
            })
            .collect()
    }

    /// The sample with some of its variables.
    fn density(&self, scope: &[usize], leaves: &[Distribution]) -> Vec<f64> {
        let mut sums = vec![0.0; self.weights.len()];
        for (&variable, leaf) in scope.iter().zip(leaves) {
            add_log_density(leaf, &self.columns[variable], &mut sums);
        }
        sums
    }

    fn fit(&self, scope: &[usize], weights: &[f64], strength: f64) -> Vec<Distribution> {
        let mass = weights.iter().sum();
        scope
            .iter()
            .map(|&variable| {
                let family = self.families[variable];
                let mut statistics = vec![0.0; family.size()];
                family.accumulate(&self.columns[variable], weights, mass, &mut statistics);
                family.estimate(&statistics, strength)
            })
            .collect()
    }

    /// The most likely mixture of two on the variables of `scope` that a few starts of EM find: the first splits the rows on the variable
    /// that depends most on the others, `hints` in order, the rest at random.
    pub fn mixture(
        &self,
        scope: &[usize],
        hints: &[usize],
        starts: usize,
        strength: f64,
        random: &mut Random,
    ) -> Mixture {
        let mut best: Option<(f64, Mixture)> = None;
        for start in 0..starts {
            let first: Vec<f64> = match hints.get(start) {
                Some(&hint) => {
                    let column = &self.columns[hint];
                    let mean = dot(column, &self.weights) / self.mass.max(f64::MIN_POSITIVE);
                    column
                        .iter()
                        .map(|&x| if x > mean { 0.9 } else { 0.1 })
                        .collect()
                }
                None => {
                    // A random direction in the space of variables splits the rows.
                    let mut scores = vec![0.0; self.weights.len()];
                    for &variable in scope {
                        let sign = random.unit() - 0.5;
                        let column = &self.columns[variable];
                        let mean = dot(column, &self.weights) / self.mass.max(f64::MIN_POSITIVE);
                        for (score, x) in scores.iter_mut().zip(column) {
                            *score += sign * (x - mean);
                        }
                    }
                    scores
                        .iter()
                        .map(|&score| if score > 0.0 { 0.9 } else { 0.1 })
                        .collect()
                }
            };
            let (value, mixture) = self.refine(scope, first, strength);
            if best.as_ref().is_none_or(|(least, _)| value > *least) {
                best = Some((value, mixture));
            }
        }
        best.map_or_else(
            || Mixture {
                share: 0.5,
                leaves: [
                    self.fit(scope, &self.weights, strength),
                    self.fit(scope, &self.weights, strength),
                ],
            },
            |(_, mixture)| mixture,
        )
    }

    /// EM from responsibilities of the first component.
    fn refine(&self, scope: &[usize], mut first: Vec<f64>, strength: f64) -> (f64, Mixture) {
        let mut mixture = self.maximise(scope, &first, strength);
        let mut value = f64::NEG_INFINITY;
        for _ in 0..ITERATIONS {
            let [a, b] = self.components(scope, &mixture);
            let mut sum = 0.0;
            for (((r, a), b), w) in first.iter_mut().zip(&a).zip(&b).zip(&self.weights) {
                let top = a.max(*b);
                let (ea, eb) = ((a - top).exp(), (b - top).exp());
                *r = ea / (ea + eb);
                sum += w * (top + (ea + eb).ln());
            }
            mixture = self.maximise(scope, &first, strength);
            let gained = sum - value;
            value = sum;
            if gained < 1e-4 * self.mass {
                break;
            }
        }
        (value, mixture)
    }

    fn maximise(&self, scope: &[usize], first: &[f64], strength: f64) -> Mixture {
        let left: Vec<f64> = first
            .iter()
            .zip(&self.weights)
            .map(|(r, w)| r * w)
            .collect();
        let right: Vec<f64> = left.iter().zip(&self.weights).map(|(l, w)| w - l).collect();
        let share = (left.iter().sum::<f64>() + 0.5) / (self.mass + 1.0);
        Mixture {
            share,
            leaves: [
                self.fit(scope, &left, strength),
                self.fit(scope, &right, strength),
            ],
        }
    }

    /// Log of share times density of each component, a row.
    fn components(&self, scope: &[usize], mixture: &Mixture) -> [Vec<f64>; 2] {
        let [mut a, mut b] = [0, 1].map(|k| self.density(scope, &mixture.leaves[k]));
        let (la, lb) = (mixture.share.ln(), (1.0 - mixture.share).ln());
        a.iter_mut().for_each(|x| *x += la);
        b.iter_mut().for_each(|x| *x += lb);
        [a, b]
    }

    /// By how much the mixture's weighted log-likelihood exceeds that of `leaves`.
    pub fn gain(&self, scope: &[usize], leaves: &[Distribution], mixture: &Mixture) -> f64 {
        let [a, b] = self.components(scope, mixture);
        let before = self.density(scope, leaves);
        let terms = a.iter().zip(&b).zip(before).zip(&self.weights);
        terms
            .map(|(((a, b), before), w)| {
                let top = a.max(*b);
                w * (top + ((a - top).exp() + (b - top).exp()).ln() - before)
            })
            .sum()
    }
}

/// Mutual information in nats of two binary variables with means `p`, `q` and a covariance.
fn binary_information(p: f64, q: f64, covariance: f64) -> f64 {
    let cells = [
        (p * q, covariance),
        (p * (1.0 - q), -covariance),
        ((1.0 - p) * q, -covariance),
        ((1.0 - p) * (1.0 - q), covariance),
    ];
    cells
        .iter()
        .map(|(independent, excess)| {
            let joint = independent + excess;
            if joint > 0.0 && *independent > 0.0 {
                joint * (joint / independent).ln()
            } else {
                0.0
            }
        })
        .sum::<f64>()
        .max(0.0)
}

/// Connected components of the graph of pairs whose statistic exceeds a threshold, in order of their first variable.
pub(super) fn components(dependence: &[Vec<f64>], threshold: f64) -> Vec<Vec<usize>> {
    let n = dependence.len();
    let mut label: Vec<usize> = (0..n).collect();
    for i in 0..n {
        for j in 0..i {
            if dependence[i][j] > threshold && label[i] != label[j] {
                let (keep, drop) = (label[i].min(label[j]), label[i].max(label[j]));
                label
                    .iter_mut()
                    .filter(|l| **l == drop)
                    .for_each(|l| *l = keep);
            }
        }
    }
    (0..n)
        .map(|k| (0..n).filter(|&i| label[i] == k).collect::<Vec<_>>())
        .filter(|component| !component.is_empty())
        .collect()
}
