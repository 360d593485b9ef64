//! The network while it is learned: products of leaves and sums, and the weighted sums over them.

#![expect(
    clippy::indexing_slicing,
    reason = "node numbers are made by Network::push alone"
)]

use super::family::{Family, normalise};
use super::{LearnError, Result};
use crate::spn::graph::{Distribution, Node, Spn, Variable};

/// A leaf under a product.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Leaf {
    pub variable: usize,
    pub distribution: Distribution,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Part {
    /// A product of leaves and other parts.
    Product {
        leaves: Vec<Leaf>,
        inner: Vec<usize>,
    },
    /// A weighted sum of products.
    Sum {
        children: Vec<usize>,
        weights: Vec<f64>,
    },
}

/// A network, one root or one a class, whose parts are in no particular order.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Network {
    pub parts: Vec<Part>,
    pub roots: Vec<usize>,
}

impl Network {
    /// Independent variables.
    pub fn independent(families: &[Family]) -> Self {
        let leaves = families
            .iter()
            .enumerate()
            .map(|(variable, family)| Leaf {
                variable,
                distribution: family.background(),
            })
            .collect();
        Self {
            parts: vec![Part::Product {
                leaves,
                inner: Vec::new(),
            }],
            roots: vec![0],
        }
    }

    pub fn push(&mut self, part: Part) -> usize {
        self.parts.push(part);
        self.parts.len() - 1
    }

    /// The parts that a root reaches, children first.
    pub fn order(&self) -> Vec<usize> {
        let mut seen = vec![false; self.parts.len()];
        let mut order = Vec::with_capacity(self.parts.len());
        for &root in &self.roots {
            let mut stack = vec![(root, false)];
            while let Some((part, done)) = stack.pop() {
                if done {
                    order.push(part);
                } else if !seen[part] {
                    seen[part] = true;
                    stack.push((part, true));
                    stack.extend(self.children(part).iter().rev().map(|&c| (c, false)));
                }
            }
        }
        order
    }

    pub fn children(&self, part: usize) -> &[usize] {
        match &self.parts[part] {
            Part::Product { inner, .. } => inner,
            Part::Sum { children, .. } => children,
        }
    }

    /// How many two-input log-sums its evaluation takes.
    pub fn binary_sums(&self) -> usize {
        self.order()
            .iter()
            .map(|&part| match &self.parts[part] {
                Part::Product { .. } => 0,
                Part::Sum { children, .. } => children.len().saturating_sub(1),
            })
            .sum()
    }

    /// Removes what says nothing: unreachable parts, sums and products of one child, products under products, sums under sums.
    pub fn simplified(&self) -> Self {
        let mut copy = self.clone();
        let order = copy.order();
        let mut parents = vec![0usize; copy.parts.len()];
        for &part in &order {
            for &child in copy.children(part) {
                parents[child] += 1;
            }
        }
        for &root in &copy.roots {
            parents[root] += 1;
        }
        for &part in &order {
            let new = match copy.parts[part].clone() {
                Part::Product { mut leaves, inner } => {
                    let mut kept = Vec::with_capacity(inner.len());
                    for child in inner {
                        match &copy.parts[child] {
                            Part::Product {
                                leaves: more,
                                inner: below,
                            } if parents[child] == 1 => {
                                leaves.extend(more.iter().cloned());
                                kept.extend(below);
                            }
                            Part::Sum { children, .. }
                                if children.len() == 1 && parents[child] == 1 =>
                            {
                                match &copy.parts[children[0]] {
                                    Part::Product {
                                        leaves: more,
                                        inner: below,
                                    } if parents[children[0]] == 1 => {
                                        leaves.extend(more.iter().cloned());
                                        kept.extend(below);
                                    }
                                    _ => kept.push(child),
                                }
                            }
                            _ => kept.push(child),
                        }
                    }
                    leaves.sort_by_key(|leaf| leaf.variable);
                    Part::Product {
                        leaves,
                        inner: kept,
                    }
                }
                Part::Sum { children, weights } => {
                    let (mut kept, mut shares) = (Vec::new(), Vec::new());
                    for (child, weight) in children.into_iter().zip(weights) {
                        let below = match &copy.parts[child] {
                            Part::Product { leaves, inner }
                                if leaves.is_empty() && inner.len() == 1 =>
                            {
                                match &copy.parts[inner[0]] {
                                    Part::Sum { children, weights }
                                        if parents[child] == 1 && parents[inner[0]] == 1 =>
                                    {
                                        Some((children.clone(), weights.clone()))
                                    }
                                    _ => None,
                                }
                            }
                            Part::Sum { children, weights } if parents[child] == 1 => {
                                Some((children.clone(), weights.clone()))
                            }
                            _ => None,
                        };
                        match below {
                            Some((children, weights)) => {
                                kept.extend(children);
                                shares.extend(weights.iter().map(|w| w * weight));
                            }
                            None => {
                                kept.push(child);
                                shares.push(weight);
                            }
                        }
                    }
                    Part::Sum {
                        children: kept,
                        weights: shares,
                    }
                }
            };
            copy.parts[part] = new;
        }
        copy.compact()
    }

    /// Without unreachable parts, children first.
    fn compact(self) -> Self {
        let order = self.order();
        let mut number = vec![usize::MAX; self.parts.len()];
        for (new, &old) in order.iter().enumerate() {
            number[old] = new;
        }
        let parts = order
            .iter()
            .map(|&old| match &self.parts[old] {
                Part::Product { leaves, inner } => Part::Product {
                    leaves: leaves.clone(),
                    inner: inner.iter().map(|&c| number[c]).collect(),
                },
                Part::Sum { children, weights } => Part::Sum {
                    children: children.iter().map(|&c| number[c]).collect(),
                    weights: weights.clone(),
                },
            })
            .collect();
        Self {
            parts,
            roots: self.roots.iter().map(|&root| number[root]).collect(),
        }
    }

    /// With parameters of at most six significant digits: the file is a third of the size, the likelihood the same to five digits.
    pub fn rounded(&self) -> Self {
        let mut copy = self.clone();
        for part in &mut copy.parts {
            match part {
                Part::Product { leaves, .. } => {
                    for leaf in leaves {
                        round_distribution(&mut leaf.distribution);
                    }
                }
                Part::Sum { weights, .. } => round_shares(weights),
            }
        }
        copy
    }

    /// The network as a checked graph.
    ///
    /// # Errors
    /// If it is not complete, decomposable and normalised: a fault of the learner.
    pub fn to_spn(&self, names: &[String], prior: Vec<f64>, class: Option<usize>) -> Result<Spn> {
        let variables = names
            .iter()
            .map(|name| Variable { name: name.clone() })
            .collect();
        let mut nodes = Vec::new();
        let mut number = vec![usize::MAX; self.parts.len()];
        for part in self.order() {
            let node = match &self.parts[part] {
                Part::Product { leaves, inner } => {
                    let mut children = Vec::with_capacity(leaves.len() + inner.len());
                    for leaf in leaves {
                        nodes.push(Node::Leaf {
                            variable: leaf.variable,
                            distribution: leaf.distribution.clone(),
                        });
                        children.push(nodes.len() - 1);
                    }
                    children.extend(inner.iter().map(|&c| number[c]));
                    if let [only] = children[..] {
                        number[part] = only;
                        continue;
                    }
                    Node::Product { children }
                }
                Part::Sum { children, weights } => Node::Sum {
                    children: children.iter().map(|&c| number[c]).collect(),
                    weights: weights.clone(),
                },
            };
            nodes.push(node);
            number[part] = nodes.len() - 1;
        }
        let roots = self.roots.iter().map(|&root| number[root]).collect();
        Spn::new(variables, nodes, roots, prior, class).map_err(LearnError::Graph)
    }
}

fn round_distribution(distribution: &mut Distribution) {
    match distribution {
        Distribution::Bernoulli { p } => *p = significant(*p),
        Distribution::Categorical { p } => round_shares(p),
        Distribution::Gaussian { mean, stdev } => {
            *mean = significant(*mean);
            *stdev = significant(*stdev);
        }
        Distribution::Poisson { rate } => *rate = significant(*rate),
        // Densities stay: they must integrate to one over unequal buckets.
        Distribution::Histogram { .. } => {}
    }
}

/// Six significant digits.
fn significant(value: f64) -> f64 {
    format!("{value:.5e}").parse().unwrap_or(value)
}

/// Millionths that add up to one; none becomes zero.
fn round_shares(shares: &mut [f64]) {
    const UNIT: f64 = 1e6;
    normalise(shares);
    let mut parts: Vec<f64> = shares.iter().map(|s| (s * UNIT).round().max(1.0)).collect();
    let excess = parts.iter().sum::<f64>() - UNIT;
    if let Some(largest) = (0..parts.len()).max_by(|&a, &b| parts[a].total_cmp(&parts[b])) {
        parts[largest] -= excess;
    }
    for (share, part) in shares.iter_mut().zip(parts) {
        *share = part / UNIT;
    }
}
