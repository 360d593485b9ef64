//! Structure learning: LearnSPN (Gens and Domingos, ICML 2013) with soft clusters, best split first.
//!
//! LearnSPN alternates two moves on a set of rows and variables: split the variables into groups that a G-test finds independent (a product),
//! or else cluster the rows (a sum); it stops at single variables or few rows. Here every cluster is of two, as in Vergari, Di Mauro and Esposito
//! (ECML 2015), and three things differ:
//!
//! * rows belong to a region by their *flow*, the posterior probability that they pass through it, not by one hard assignment: the network is at
//!   every moment a fitted model, and EM on all of its parameters runs between rounds;
//! * regions are not split until nothing is left, depth first, but in rounds, those first whose split gains most log-likelihood a sum: a sum costs
//!   a garbled log-sum in private evaluation, a leaf next to nothing, and few good sums are worth more than many poor ones;
//! * a split must gain on the validation rows too, and the size is the smallest that comes within a tolerance of the best.
//!
//! A region is a product with leaves. Replacing leaves `prod_v p_v` of a dependent group by `s prod_v a_v + (1 - s) prod_v b_v` raises the expected
//! complete log-likelihood by `sum_x f(x) (log mixture(x) - log product(x))`, which bounds the gain from below by Jensen's inequality: the score.

#![expect(
    clippy::indexing_slicing,
    reason = "parts come from the network, rows and variables from tables of checked width"
)]

use rayon::prelude::*;

use super::cluster::{Mixture, Sample, components};
use super::em::{Smoothing, expect, flows, maximise, mean_log_likelihood};
use super::family::Family;
use super::network::{Leaf, Network, Part};
use super::random::Random;
use super::table::Table;
use super::{Progress, Stage};

/// How a network grows.
#[derive(Clone, Debug, PartialEq)]
pub struct Growth {
    /// Thresholds of the G-test, tried on each region; a higher one makes smaller groups.
    pub thresholds: Vec<f64>,
    /// A region that fewer rows pass through is left alone.
    pub least_rows: f64,
    /// At most so many two-input sums.
    pub sums: usize,
    /// Least gain of a sum, nats a row.
    pub least_gain: f64,
    /// The smallest network is taken whose validation log-likelihood is within this share of the best.
    pub tolerance: f64,
    /// Of a region's variables, how many pairs of parameters a split must pay for, as a multiple of Akaike's criterion.
    pub penalty: f64,
    /// How much larger a round makes the network, as a share.
    pub pace: f64,
    /// Iterations of EM after each round.
    pub iterations: usize,
    /// Starts of each mixture.
    pub starts: usize,
}

impl Default for Growth {
    fn default() -> Self {
        Self {
            thresholds: vec![10.0, 40.0, 150.0],
            least_rows: 20.0,
            sums: 2000,
            least_gain: 1e-5,
            tolerance: 0.003,
            penalty: 1.0,
            pace: 0.3,
            iterations: 4,
            starts: 3,
        }
    }
}

/// Regions whose flows are held at the same time.
const BATCH: usize = 256;
/// A row whose flow through a region is less is not looked at.
const LEAST_FLOW: f64 = 0.003;

/// A split of some leaves of one product.
struct Split {
    part: usize,
    /// Positions among the leaves of the part.
    scope: Vec<usize>,
    mixture: Mixture,
    /// Nats a row.
    gain: f64,
}

/// What a network is grown on.
pub(super) struct Ground<'a> {
    pub families: &'a [Family],
    pub train: &'a Table,
    pub valid: Option<&'a Table>,
}

/// Grows a network from independent variables.
pub(super) fn grow(
    ground: &Ground<'_>,
    growth: &Growth,
    smoothing: Smoothing,
    seed: u64,
    report: &mut dyn FnMut(Progress),
) -> Network {
    let mut network = Network::independent(ground.families);
    let pass = expect(&network, ground.families, ground.train, None);
    maximise(&mut network, ground.families, &pass, smoothing);
    let mut history = Vec::new();
    let mut exhausted: Vec<bool> = Vec::new();
    for round in 0.. {
        let judged = ground.valid.unwrap_or(ground.train);
        let value = mean_log_likelihood(&network, ground.families, judged, None);
        let sums = network.binary_sums();
        report(Progress {
            stage: Stage::Growing,
            iteration: round,
            sums,
            train: None,
            valid: Some(value),
        });
        history.push((value, network.clone()));
        if sums >= growth.sums || stalled(&history) {
            break;
        }
        exhausted.resize(network.parts.len(), false);
        let mut splits = candidates(ground, growth, smoothing, &network, &exhausted, seed, round);
        for split in &splits {
            exhausted[split.part] = false;
        }
        let promising: std::collections::HashSet<usize> =
            splits.iter().map(|split| split.part).collect();
        for (part, flag) in exhausted.iter_mut().enumerate() {
            *flag = *flag || (round > 2 && !promising.contains(&part));
        }
        splits.sort_by(|a, b| b.gain.total_cmp(&a.gain));
        let room = ((sums as f64 * growth.pace) as usize + 1).min(growth.sums - sums);
        splits.truncate(room);
        if splits.is_empty() {
            break;
        }
        apply(&mut network, splits);
        for _ in 0..growth.iterations {
            let pass = expect(&network, ground.families, ground.train, None);
            maximise(&mut network, ground.families, &pass, smoothing);
        }
    }
    let best = history
        .iter()
        .map(|h| h.0)
        .fold(f64::NEG_INFINITY, f64::max);
    let enough = best - growth.tolerance * best.abs();
    history
        .into_iter()
        .find(|(value, _)| *value >= enough)
        .map_or(network, |(_, network)| network)
}

/// Whether three rounds have brought nothing on the validation rows.
fn stalled(history: &[(f64, Network)]) -> bool {
    let Some(before) = history.len().checked_sub(4) else {
        return false;
    };
    let (old, new) = history.split_at(before + 1);
    let best =
        |rounds: &[(f64, Network)]| rounds.iter().map(|h| h.0).fold(f64::NEG_INFINITY, f64::max);
    best(new) <= best(old)
}

fn candidates(
    ground: &Ground<'_>,
    growth: &Growth,
    smoothing: Smoothing,
    network: &Network,
    exhausted: &[bool],
    seed: u64,
    round: usize,
) -> Vec<Split> {
    let wanted: Vec<usize> = network
        .order()
        .into_iter()
        .filter(|&part| match &network.parts[part] {
            Part::Product { leaves, .. } => leaves.len() > 1 && !exhausted[part],
            Part::Sum { .. } => false,
        })
        .collect();
    let mut result = Vec::new();
    for batch in wanted.chunks(BATCH) {
        let train = flows(network, ground.families, ground.train, batch);
        let valid = ground
            .valid
            .map(|table| flows(network, ground.families, table, batch));
        let found: Vec<Vec<Split>> = batch
            .par_iter()
            .enumerate()
            .map(|(k, &part)| {
                let Part::Product { leaves, .. } = &network.parts[part] else {
                    return Vec::new();
                };
                let stream = seed
                    .wrapping_mul(0x9e37_79b9_7f4a_7c15)
                    .wrapping_add((round as u64) << 32 | part as u64);
                let valid = ground.valid.zip(valid.as_ref());
                Region {
                    ground,
                    growth,
                    smoothing,
                    part,
                    leaves,
                }
                .splits(
                    &train[k],
                    valid.map(|(table, flows)| (table, flows[k].as_slice())),
                    &mut Random::new(stream),
                )
            })
            .collect();
        result.extend(found.into_iter().flatten());
    }
    result
}

/// A product with leaves.
struct Region<'a> {
    ground: &'a Ground<'a>,
    growth: &'a Growth,
    smoothing: Smoothing,
    part: usize,
    leaves: &'a [Leaf],
}

impl Region<'_> {
    fn sample(&self, table: &Table, flow: &[f64]) -> Sample<'_> {
        let rows: Vec<usize> = (0..flow.len()).filter(|&r| flow[r] > LEAST_FLOW).collect();
        let weights: Vec<f64> = rows.iter().map(|&row| flow[row]).collect();
        Sample {
            columns: self
                .leaves
                .iter()
                .map(|leaf| {
                    let column = &table.columns[leaf.variable];
                    rows.iter().map(|&row| column[row]).collect()
                })
                .collect(),
            families: self
                .leaves
                .iter()
                .map(|leaf| &self.ground.families[leaf.variable])
                .collect(),
            mass: weights.iter().sum(),
            weights,
        }
    }

    /// The set of splits of disjoint groups that gains most a sum.
    fn splits(
        &self,
        flow: &[f64],
        valid: Option<(&Table, &[f64])>,
        random: &mut Random,
    ) -> Vec<Split> {
        if flow.iter().sum::<f64>() < self.growth.least_rows {
            return Vec::new();
        }
        let sample = self.sample(self.ground.train, flow);
        let check = valid.map(|(table, flow)| self.sample(table, flow));
        let dependence = sample.dependence();
        let pair = |i: usize, j: usize| dependence[i.max(j)][i.min(j)];
        let (mut best, mut best_gain) = (Vec::new(), 0.0);
        let mut tried: Vec<Vec<usize>> = Vec::new();
        for &threshold in &self.growth.thresholds {
            let mut splits = Vec::new();
            let mut gain = 0.0;
            for scope in components(&dependence, threshold) {
                if scope.len() < 2 || tried.contains(&scope) {
                    continue;
                }
                let mut hints = scope.clone();
                let strength = |i: usize| -> f64 {
                    scope.iter().filter(|&&j| j != i).map(|&j| pair(i, j)).sum()
                };
                let strengths: Vec<f64> = (0..self.leaves.len())
                    .map(|i| if scope.contains(&i) { strength(i) } else { 0.0 })
                    .collect();
                hints.sort_by(|&a, &b| strengths[b].total_cmp(&strengths[a]));
                hints.truncate(2);
                let mixture = sample.mixture(
                    &scope,
                    &hints,
                    self.growth.starts,
                    self.smoothing.leaves,
                    random,
                );
                let score = self.score(&sample, check.as_ref(), &scope, &mixture);
                if score > self.growth.least_gain {
                    gain += score - self.growth.least_gain;
                    splits.push(Split {
                        part: self.part,
                        scope: scope.clone(),
                        mixture,
                        gain: score,
                    });
                }
                tried.push(scope);
            }
            if gain > best_gain {
                (best, best_gain) = (splits, gain);
            }
        }
        best
    }

    /// Expected gain in nats a row; negative if the validation rows lose.
    fn score(
        &self,
        sample: &Sample<'_>,
        check: Option<&Sample<'_>>,
        scope: &[usize],
        mixture: &Mixture,
    ) -> f64 {
        let leaves: Vec<_> = scope
            .iter()
            .map(|&k| self.leaves[k].distribution.clone())
            .collect();
        let parameters = scope.len() as f64 + 1.0;
        let train = sample.gain(scope, &leaves, mixture) - self.growth.penalty * parameters;
        let rows = self.ground.train.rows as f64;
        match (check, self.ground.valid) {
            (Some(check), Some(table)) => {
                let valid = check.gain(scope, &leaves, mixture);
                if valid <= 0.0 {
                    return f64::NEG_INFINITY;
                }
                (train + valid) / (rows + table.rows as f64)
            }
            _ => train / rows,
        }
    }
}

fn apply(network: &mut Network, splits: Vec<Split>) {
    // Positions among leaves are those before any change: leaves are taken out at the end.
    let mut taken: Vec<(usize, usize)> = Vec::new();
    for split in splits {
        let Part::Product { leaves, .. } = &network.parts[split.part] else {
            continue;
        };
        let variables: Vec<usize> = split.scope.iter().map(|&k| leaves[k].variable).collect();
        let children: Vec<usize> = split
            .mixture
            .leaves
            .into_iter()
            .map(|distributions| {
                let leaves = variables
                    .iter()
                    .zip(distributions)
                    .map(|(&variable, distribution)| Leaf {
                        variable,
                        distribution,
                    })
                    .collect();
                network.push(Part::Product {
                    leaves,
                    inner: Vec::new(),
                })
            })
            .collect();
        let share = split.mixture.share;
        let sum = network.push(Part::Sum {
            children,
            weights: vec![share, 1.0 - share],
        });
        if let Part::Product { inner, .. } = &mut network.parts[split.part] {
            inner.push(sum);
        }
        taken.extend(split.scope.iter().map(|&k| (split.part, k)));
    }
    taken.sort_unstable();
    for (part, position) in taken.into_iter().rev() {
        if let Part::Product { leaves, .. } = &mut network.parts[part] {
            leaves.remove(position);
        }
    }
}
