//! A network laid out for evaluation in blocks of rows, upwards for values and downwards for flows.

#![expect(
    clippy::indexing_slicing,
    reason = "offsets are laid out by Plan::new for the network and table at hand, whose widths are equal"
)]

use std::ops::Range;

use super::family::{Family, add_log_density};
use super::network::{Network, Part};
use super::table::Table;
use crate::spn::graph::Distribution;

/// Rows evaluated together.
pub(super) const BLOCK: usize = 64;
/// Chunks whose statistics are kept apart.
const CHUNKS: usize = 8;

pub(super) enum Step {
    Product {
        leaves: Range<usize>,
        inner: Range<usize>,
    },
    Sum {
        edges: Range<usize>,
    },
}

/// A network laid out for evaluation.
pub(super) struct Plan<'a> {
    /// In order, children first; step `i` computes slot `i`.
    pub steps: Vec<Step>,
    /// Part of each step.
    pub parts: Vec<usize>,
    pub roots: Vec<usize>,
    /// Slots of the children of products.
    pub inner: Vec<usize>,
    /// Slots and log-weights of the children of sums.
    pub edges: Vec<(usize, f64)>,
    /// Variable, distribution and the offset of the statistics.
    pub leaves: Vec<(usize, &'a Distribution, usize)>,
    /// Base and slope of the log-density of Bernoulli leaves.
    lines: Vec<Option<(f64, f64)>>,
    pub statistics: usize,
}

impl<'a> Plan<'a> {
    pub fn new(network: &'a Network, families: &[Family]) -> Self {
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
    pub fn upward(
        &self,
        table: &Table,
        rows: Range<usize>,
        values: &mut [f64],
        posterior: &mut [f64],
    ) {
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
    pub fn downward(
        &self,
        n: usize,
        labels: Option<&[usize]>,
        posterior: &[f64],
        flows: &mut [f64],
    ) {
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

    pub fn blocks(rows: Range<usize>) -> impl Iterator<Item = Range<usize>> {
        let end = rows.end;
        rows.step_by(BLOCK)
            .map(move |start| start..(start + BLOCK).min(end))
    }

    pub fn log_values(
        &self,
        table: &Table,
        labels: Option<&[usize]>,
        rows: Range<usize>,
    ) -> Vec<f64> {
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
}

/// Rows cut into a fixed number of chunks of whole blocks.
pub(super) fn chunks(rows: usize) -> Vec<Range<usize>> {
    let size = rows.div_ceil(CHUNKS).div_ceil(BLOCK).max(1) * BLOCK;
    (0..rows)
        .step_by(size)
        .map(|start| start..(start + size).min(rows))
        .collect()
}
