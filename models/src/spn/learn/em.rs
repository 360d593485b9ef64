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

use super::family::{Family, add_log_density, dot, normalise};
use super::network::{Network, Part};
use super::table::Table;
use crate::spn::graph::Distribution;

/// Rows evaluated together.
const BLOCK: usize = 64;
/// Chunks whose statistics are kept apart.
const CHUNKS: usize = 8;

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

enum Step {
    Product {
        leaves: Range<usize>,
        inner: Range<usize>,
    },
    Sum {
        edges: Range<usize>,
    },
}

/// A network laid out for evaluation.
struct Plan<'a> {
    /// In order, children first; step `i` computes slot `i`.
    steps: Vec<Step>,
    /// Part of each step.
    parts: Vec<usize>,
    roots: Vec<usize>,
    /// Slots of the children of products.
    inner: Vec<usize>,
    /// Slots and log-weights of the children of sums.
    edges: Vec<(usize, f64)>,
    /// Variable, distribution and the offset of the statistics.
    leaves: Vec<(usize, &'a Distribution, usize)>,
    /// Base and slope of the log-density of Bernoulli leaves.
    lines: Vec<Option<(f64, f64)>>,
    statistics: usize,
}

impl<'a> Plan<'a> {
    fn new(network: &'a Network, families: &[Family]) -> Self {
        let order = network.order();
        let mut slot = vec![0; network.parts.len()];
        let mut plan = Plan {
            steps: Vec::with_capacity(order.len()),
            roots: Vec::new(),
            inner: Vec::new(),
            edges: Vec::new(),
            leaves: Vec::new(),
            lines: Vec::new(),
            statistics: 0,
            parts: order,
        };
        for (at, &part) in plan.parts.iter().enumerate() {
            slot[part] = at;
            plan.steps.push(match &network.parts[part] {
                Part::Product { leaves, inner } => {
                    let (leaf, below) = (plan.leaves.len(), plan.inner.len());
                    for l in leaves {
                        plan.leaves
                            .push((l.variable, &l.distribution, plan.statistics));
                        plan.lines.push(match l.distribution {
                            Distribution::Bernoulli { p } => {
                                let (q, p) = ((1.0 - p).ln(), p.ln());
                                Some((q, p - q))
                            }
                            _ => None,
                        });
                        plan.statistics += families[l.variable].size();
                    }
                    plan.inner.extend(inner.iter().map(|&c| slot[c]));
                    Step::Product {
                        leaves: leaf..plan.leaves.len(),
                        inner: below..plan.inner.len(),
                    }
                }
                Part::Sum { children, weights } => {
                    let start = plan.edges.len();
                    let edges = children.iter().zip(weights);
                    plan.edges.extend(edges.map(|(&c, w)| (slot[c], w.ln())));
                    Step::Sum {
                        edges: start..plan.edges.len(),
                    }
                }
            });
        }
        plan.roots = network.roots.iter().map(|&root| slot[root]).collect();
        plan
    }

    /// Log-values of all slots for up to [`BLOCK`] rows, and the posterior of each edge of a sum.
    fn upward(&self, table: &Table, rows: Range<usize>, values: &mut [f64], posterior: &mut [f64]) {
        let n = rows.len();
        for (slot, step) in self.steps.iter().enumerate() {
            let (below, from) = values.split_at_mut(slot * BLOCK);
            let value = &mut from[..n];
            match step {
                Step::Product { leaves, inner } => {
                    value.fill(0.0);
                    for leaf in leaves.clone() {
                        let (variable, distribution, _) = self.leaves[leaf];
                        let column = &table.columns[variable][rows.clone()];
                        match self.lines[leaf] {
                            Some((base, slope)) => {
                                for (v, x) in value.iter_mut().zip(column) {
                                    *v += base + x * slope;
                                }
                            }
                            None => add_log_density(distribution, column, value),
                        }
                    }
                    for &child in &self.inner[inner.clone()] {
                        let child = &below[child * BLOCK..][..n];
                        for (v, c) in value.iter_mut().zip(child) {
                            *v += c;
                        }
                    }
                }
                Step::Sum { edges } => {
                    value.fill(f64::NEG_INFINITY);
                    for &(child, weight) in &self.edges[edges.clone()] {
                        let child = &below[child * BLOCK..][..n];
                        for (v, c) in value.iter_mut().zip(child) {
                            *v = v.max(c + weight);
                        }
                    }
                    let mut total = [0.0; BLOCK];
                    for edge in edges.clone() {
                        let (child, weight) = self.edges[edge];
                        let child = &below[child * BLOCK..][..n];
                        let post = &mut posterior[edge * BLOCK..][..n];
                        for (((p, c), v), t) in
                            post.iter_mut().zip(child).zip(&*value).zip(&mut total)
                        {
                            // A sum of nothing possible has no posterior.
                            *p = if v.is_finite() {
                                (c + weight - v).exp()
                            } else {
                                0.0
                            };
                            *t += *p;
                        }
                    }
                    for edge in edges.clone() {
                        let post = &mut posterior[edge * BLOCK..][..n];
                        for (p, t) in post.iter_mut().zip(&total) {
                            *p /= t.max(1.0);
                        }
                    }
                    for (v, t) in value.iter_mut().zip(&total) {
                        *v += t.max(1.0).ln();
                    }
                }
            }
        }
    }

    /// Flows of all slots for the block that `posterior` is of. Label `k` starts at root `k`.
    fn downward(&self, n: usize, labels: Option<&[usize]>, posterior: &[f64], flows: &mut [f64]) {
        flows.fill(0.0);
        for row in 0..n {
            let root = self.roots[labels.map_or(0, |labels| labels[row])];
            flows[root * BLOCK + row] = 1.0;
        }
        for (slot, step) in self.steps.iter().enumerate().rev() {
            let (below, from) = flows.split_at_mut(slot * BLOCK);
            let flow = &from[..n];
            match step {
                Step::Product { inner, .. } => {
                    for &child in &self.inner[inner.clone()] {
                        let child = &mut below[child * BLOCK..][..n];
                        for (c, f) in child.iter_mut().zip(flow) {
                            *c += f;
                        }
                    }
                }
                Step::Sum { edges } => {
                    for edge in edges.clone() {
                        let post = &posterior[edge * BLOCK..][..n];
                        let child = &mut below[self.edges[edge].0 * BLOCK..][..n];
                        for ((c, f), p) in child.iter_mut().zip(flow).zip(post) {
                            *c += f * p;
                        }
                    }
                }
            }
        }
    }

    fn blocks(rows: Range<usize>) -> impl Iterator<Item = Range<usize>> {
        let end = rows.end;
        rows.step_by(BLOCK)
            .map(move |start| start..(start + BLOCK).min(end))
    }

    fn log_values(&self, table: &Table, labels: Option<&[usize]>, rows: Range<usize>) -> Vec<f64> {
        let mut values = vec![0.0; self.steps.len() * BLOCK];
        let mut posterior = vec![0.0; self.edges.len() * BLOCK];
        let mut result = Vec::with_capacity(rows.len());
        for block in Self::blocks(rows) {
            self.upward(table, block.clone(), &mut values, &mut posterior);
            for (i, row) in block.enumerate() {
                let root = self.roots[labels.map_or(0, |labels| labels[row])];
                result.push(values[root * BLOCK + i]);
            }
        }
        result
    }

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

/// Rows cut into a fixed number of chunks of whole blocks.
fn chunks(rows: usize) -> Vec<Range<usize>> {
    let size = rows.div_ceil(CHUNKS).div_ceil(BLOCK).max(1) * BLOCK;
    (0..rows)
        .step_by(size)
        .map(|start| start..(start + size).min(rows))
        .collect()
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
