//! Random tensorised structures (Peharz et al., UAI 2019, sections 3 and 4).
//!
//! A *region graph* splits the variables into two random halves, these again, and so on to a given depth, several times over from the root. Every
//! lowest region gets a few products of leaves, every other region a few sums over the products of one node each of the two halves, for each
//! of its splits; the root region gets one sum. Regions of the same repetition share nodes, so the network is no tree.

use super::family::{Family, normalise};
use super::network::{Leaf, Network, Part};
use super::random::Random;
use super::{LearnError, Result};
use crate::spn::graph::Distribution;

/// Shape of a random network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RatShape {
    /// How often a region is halved from the root to the lowest.
    pub depth: usize,
    /// Random splits of the root.
    pub repetitions: usize,
    /// Sums in a region between root and lowest.
    pub sums: usize,
    /// Products of leaves in a lowest region.
    pub inputs: usize,
}

impl Default for RatShape {
    fn default() -> Self {
        Self {
            depth: 2,
            repetitions: 8,
            sums: 4,
            inputs: 4,
        }
    }
}

/// Most products that a shape may lead to.
const MOST_PRODUCTS: usize = 1_000_000;

impl RatShape {
    /// A network of this shape, its parameters random around the backgrounds of the families.
    ///
    /// # Errors
    /// If a size is zero, or the network would be far too large.
    pub(super) fn network(self, families: &[Family], seed: u64) -> Result<Network> {
        let Self {
            depth,
            repetitions,
            sums,
            inputs,
        } = self;
        if depth == 0 || repetitions == 0 || sums == 0 || inputs == 0 {
            return Err(LearnError::Settings(
                "depth, repetitions, sums and inputs of a random network are at least 1".into(),
            ));
        }
        let wide = sums.max(inputs);
        let splits = families.len().min(1 << depth.min(20)).max(2);
        let products = wide
            .checked_mul(wide)
            .and_then(|pairs| pairs.checked_mul(splits))
            .and_then(|products| products.checked_mul(repetitions));
        if products.is_none_or(|products| products > MOST_PRODUCTS) {
            return Err(LearnError::Settings(format!(
                "a random network of depth {depth} with {repetitions} repetitions of {sums} sums and {inputs} inputs a \
                 region has more than {MOST_PRODUCTS} products"
            )));
        }
        let mut build = Build {
            network: Network {
                parts: Vec::new(),
                roots: Vec::new(),
            },
            families,
            random: Random::new(seed),
            shape: self,
        };
        let scope: Vec<usize> = (0..families.len()).collect();
        let products = if scope.len() < 2 {
            build.region(scope, 0)
        } else {
            (0..repetitions)
                .flat_map(|_| build.split(scope.clone(), depth))
                .collect()
        };
        let root = build.sum(products);
        build.network.roots = vec![root];
        Ok(build.network)
    }
}

struct Build<'a> {
    network: Network,
    families: &'a [Family],
    random: Random,
    shape: RatShape,
}

impl Build<'_> {
    /// Nodes of a region that is to be halved `depth` times; the recursion is no deeper.
    fn region(&mut self, scope: Vec<usize>, depth: usize) -> Vec<usize> {
        if depth == 0 || scope.len() < 2 {
            return (0..self.shape.inputs).map(|_| self.input(&scope)).collect();
        }
        let products = self.split(scope, depth);
        (0..self.shape.sums)
            .map(|_| self.sum(products.clone()))
            .collect()
    }

    /// Products of a random split of a region in two halves.
    fn split(&mut self, mut scope: Vec<usize>, depth: usize) -> Vec<usize> {
        self.random.shuffle(&mut scope);
        let right = scope.split_off(scope.len() / 2);
        let left = self.region(scope, depth - 1);
        let right = self.region(right, depth - 1);
        left.iter()
            .flat_map(|&l| right.iter().map(move |&r| (l, r)))
            .map(|(l, r)| {
                self.network.push(Part::Product {
                    leaves: Vec::new(),
                    inner: vec![l, r],
                })
            })
            .collect()
    }

    fn sum(&mut self, children: Vec<usize>) -> usize {
        let mut weights: Vec<f64> = children.iter().map(|_| 0.5 + self.random.unit()).collect();
        normalise(&mut weights);
        self.network.push(Part::Sum { children, weights })
    }

    fn input(&mut self, scope: &[usize]) -> usize {
        let leaves = scope
            .iter()
            .map(|&variable| Leaf {
                variable,
                distribution: self.leaf(variable),
            })
            .collect();
        self.network.push(Part::Product {
            leaves,
            inner: Vec::new(),
        })
    }

    /// A leaf some way off the background: equal leaves would stay equal under EM.
    fn leaf(&mut self, variable: usize) -> Distribution {
        let Some(family) = self.families.get(variable) else {
            return Distribution::Bernoulli { p: 0.5 };
        };
        let mut push = || 0.4 + 1.2 * self.random.unit();
        match family.background() {
            Distribution::Bernoulli { p } => {
                let (one, zero) = (p * push(), (1.0 - p) * push());
                Distribution::Bernoulli {
                    p: one / (one + zero),
                }
            }
            Distribution::Categorical { mut p } => {
                p.iter_mut().for_each(|share| *share *= push());
                normalise(&mut p);
                Distribution::Categorical { p }
            }
            Distribution::Gaussian { mean, stdev } => Distribution::Gaussian {
                mean: mean + stdev * (push() - 1.0),
                stdev,
            },
            Distribution::Poisson { rate } => Distribution::Poisson {
                rate: rate * push(),
            },
            Distribution::Histogram { breaks, densities } => {
                let mut shares: Vec<f64> = densities
                    .iter()
                    .zip(breaks.windows(2))
                    .map(|(d, ends)| d * width(ends) * push())
                    .collect();
                normalise(&mut shares);
                let densities = shares
                    .iter()
                    .zip(breaks.windows(2))
                    .map(|(s, ends)| s / width(ends))
                    .collect();
                Distribution::Histogram { breaks, densities }
            }
        }
    }
}

/// Width of a bucket.
fn width(ends: &[f64]) -> f64 {
    match ends {
        [low, high] => high - low,
        _ => 1.0,
    }
}
