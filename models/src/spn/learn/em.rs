//! Expectation-maximisation for the parameters of a network.
//!
//! E: with `v_n(x)` the log-value of node `n`, the *flow* is `f_root = 1`, `f_child += f_sum w_k exp(v_child - v_sum)` below a sum and
//! `f_child += f_product` below a product: the posterior probability that the row passes through the node (Peharz et al., IEEE TPAMI
//! 2017, section 4). M: weights are proportional to the flows over their edges, leaves are fitted to the rows weighted by their flows.
//! Without smoothing no iteration lowers the likelihood of the training rows.
//!
//! Rows are worked on in blocks of [`BLOCK`], so that the inner loops run over consecutive rows. Blocks are added up in an order that does not
//! depend on the number of threads: the same data and seed give the same model bit for bit.

#![expect(
    clippy::indexing_slicing,
    reason = "offsets are laid out by Plan::new for the network and table at hand, whose widths are equal"
)]

use std::ops::Range;

use rayon::prelude::*;

use super::family::{Family, dot, normalise};
use super::network::{Network, Part};
use super::plan::{BLOCK, Plan, Step, chunks};
use super::table::Table;

/// How strongly estimates are drawn towards what is believed without data.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Smoothing {
    /// Rows like the whole training set that every leaf is taken to have seen.
    pub leaves: f64,
    /// Rows that every sum is taken to have passed to each child.
    pub weights: f64,
}

/// What a pass over the rows found.
pub(super) struct Pass {
    /// Mean log-likelihood, natural.
    pub mean: f64,
    edges: Vec<f64>,
    leaves: Vec<f64>,
}

impl Plan<'_> {
    fn pass(
        &self,
        families: &[Family],
        table: &Table,
        labels: Option<&[usize]>,
        rows: Range<usize>,
    ) -> Pass {
        let mut values = vec![0.0; self.steps.len() * BLOCK];
        let mut flows = values.clone();
        let mut posterior = vec![0.0; self.edges.len() * BLOCK];
        let mut sums = Pass {
            mean: 0.0,
            edges: vec![0.0; self.edges.len()],
            leaves: vec![0.0; self.statistics],
        };
        for block in Self::blocks(rows) {
            let n = block.len();
            self.upward(table, block.clone(), &mut values, &mut posterior);
            let labels = labels.map(|labels| &labels[block.clone()]);
            self.downward(n, labels, &posterior, &mut flows);
            for row in 0..n {
                let root = self.roots[labels.map_or(0, |labels| labels[row])];
                sums.mean += values[root * BLOCK + row];
            }
            for (slot, step) in self.steps.iter().enumerate() {
                let flow = &flows[slot * BLOCK..][..n];
                match step {
                    Step::Product { leaves, .. } => {
                        let mass: f64 = flow.iter().sum();
                        if mass < 1e-9 {
                            continue;
                        }
                        for &(variable, _, offset) in &self.leaves[leaves.clone()] {
                            let column = &table.columns[variable][block.clone()];
                            let statistics = &mut sums.leaves[offset..];
                            families[variable].accumulate(column, flow, mass, statistics);
                        }
                    }
                    Step::Sum { edges } => {
                        for edge in edges.clone() {
                            let post = &posterior[edge * BLOCK..][..n];
                            sums.edges[edge] += dot(flow, post);
                        }
                    }
                }
            }
        }
        sums
    }
}

/// Log-likelihood (natural) of each row; of the root of its label where there are labels.
pub(super) fn log_likelihoods(
    network: &Network,
    families: &[Family],
    table: &Table,
    labels: Option<&[usize]>,
) -> Vec<f64> {
    let plan = Plan::new(network, families);
    let parts: Vec<Vec<f64>> = chunks(table.rows)
        .into_par_iter()
        .map(|rows| plan.log_values(table, labels, rows))
        .collect();
    parts.concat()
}

/// Mean log-likelihood.
pub(super) fn mean_log_likelihood(
    network: &Network,
    families: &[Family],
    table: &Table,
    labels: Option<&[usize]>,
) -> f64 {
    let all = log_likelihoods(network, families, table, labels);
    all.iter().sum::<f64>() / table.rows.max(1) as f64
}

/// The flow of every row through each part asked for.
pub(super) fn flows(
    network: &Network,
    families: &[Family],
    table: &Table,
    wanted: &[usize],
) -> Vec<Vec<f64>> {
    let plan = Plan::new(network, families);
    let mut slot = vec![0; network.parts.len()];
    for (at, &part) in plan.parts.iter().enumerate() {
        slot[part] = at;
    }
    let pieces: Vec<Vec<Vec<f64>>> = chunks(table.rows)
        .into_par_iter()
        .map(|rows| {
            let mut values = vec![0.0; plan.steps.len() * BLOCK];
            let mut flows = values.clone();
            let mut posterior = vec![0.0; plan.edges.len() * BLOCK];
            let mut result = vec![Vec::with_capacity(rows.len()); wanted.len()];
            for block in Plan::blocks(rows) {
                let n = block.len();
                plan.upward(table, block, &mut values, &mut posterior);
                plan.downward(n, None, &posterior, &mut flows);
                for (&part, column) in wanted.iter().zip(&mut result) {
                    column.extend_from_slice(&flows[slot[part] * BLOCK..][..n]);
                }
            }
            result
        })
        .collect();
    (0..wanted.len())
        .map(|k| pieces.iter().flat_map(|piece| &piece[k]).copied().collect())
        .collect()
}

/// The E step.
pub(super) fn expect(
    network: &Network,
    families: &[Family],
    table: &Table,
    labels: Option<&[usize]>,
) -> Pass {
    let plan = Plan::new(network, families);
    let parts: Vec<Pass> = chunks(table.rows)
        .into_par_iter()
        .map(|rows| plan.pass(families, table, labels, rows))
        .collect();
    let mut total = Pass {
        mean: 0.0,
        edges: vec![0.0; plan.edges.len()],
        leaves: vec![0.0; plan.statistics],
    };
    for part in parts {
        total.mean += part.mean;
        add(&mut total.edges, &part.edges);
        add(&mut total.leaves, &part.leaves);
    }
    total.mean /= table.rows.max(1) as f64;
    total
}

fn add(sums: &mut [f64], terms: &[f64]) {
    for (sum, term) in sums.iter_mut().zip(terms) {
        *sum += term;
    }
}

/// The M step.
pub(super) fn maximise(
    network: &mut Network,
    families: &[Family],
    pass: &Pass,
    smoothing: Smoothing,
) {
    let (mut edge, mut offset) = (0, 0);
    for part in network.order() {
        match &mut network.parts[part] {
            Part::Product { leaves, .. } => {
                for leaf in leaves {
                    let family = &families[leaf.variable];
                    let statistics = &pass.leaves[offset..][..family.size()];
                    leaf.distribution = family.estimate(statistics, smoothing.leaves);
                    offset += family.size();
                }
            }
            Part::Sum { weights, .. } => {
                let flows = &pass.edges[edge..][..weights.len()];
                edge += weights.len();
                // A sum that no row reaches keeps its weights.
                if flows.iter().sum::<f64>() > f64::MIN_POSITIVE {
                    for (weight, flow) in weights.iter_mut().zip(flows) {
                        *weight = (flow + smoothing.weights).max(1e-12);
                    }
                    normalise(weights);
                }
            }
        }
    }
}
