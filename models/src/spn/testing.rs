//! Small random networks for tests.

use super::graph::{Distribution, Evidence, Node, NodeId, Spn, Variable};

/// A repeatable stream of numbers in [0, 1).
pub(crate) struct Noise(u64);

impl Noise {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn unit(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    pub(crate) fn below(&mut self, n: usize) -> usize {
        (self.unit() * n as f64) as usize
    }

    pub(crate) fn simplex(&mut self, n: usize) -> Vec<f64> {
        let raw: Vec<f64> = (0..n).map(|_| 0.02 + self.unit()).collect();
        let sum: f64 = raw.iter().sum();
        raw.iter().map(|w| w / sum).collect()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Bernoulli,
    Categorical,
    Histogram,
    Gaussian,
    Poisson,
}

fn leaf(kind: Kind, r: &mut Noise) -> Distribution {
    match kind {
        Kind::Bernoulli => Distribution::Bernoulli {
            p: if r.below(9) == 0 { 0.0 } else { r.unit() },
        },
        Kind::Categorical => Distribution::Categorical { p: r.simplex(3) },
        Kind::Histogram => {
            let breaks = if r.below(2) == 0 {
                vec![0.0, 1.0, 3.0, 4.0]
            } else {
                vec![0.0, 2.0, 3.5, 4.0]
            };
            let mass = r.simplex(3);
            let densities = mass
                .iter()
                .zip(breaks.windows(2))
                .map(|(m, w)| m / (w[1] - w[0]))
                .collect();
            Distribution::Histogram { breaks, densities }
        }
        Kind::Gaussian => Distribution::Gaussian {
            mean: 4.0 * r.unit() - 2.0,
            stdev: 0.3 + r.unit(),
        },
        Kind::Poisson => Distribution::Poisson {
            rate: 0.2 + 6.0 * r.unit(),
        },
    }
}

/// A network over variables of the given kinds: a tree, or with nodes that several parents share.
pub(crate) struct Recipe<'a> {
    pub(crate) kinds: &'a [Kind],
    pub(crate) shared: bool,
    pub(crate) roots: usize,
    pub(crate) class: Option<usize>,
    pub(crate) seed: u64,
}

impl Recipe<'_> {
    pub(crate) fn build(&self) -> Spn {
        let mut r = Noise::new(self.seed);
        let mut nodes = Vec::new();
        let scope: Vec<usize> = (0..self.kinds.len()).collect();
        let roots = self.region(&mut nodes, &scope, self.roots, &mut r);
        let variables = (0..self.kinds.len()).map(|i| Variable {
            name: format!("V{i}"),
        });
        let prior = if self.roots > 1 {
            r.simplex(self.roots)
        } else {
            vec![1.0]
        };
        Spn::new(variables.collect(), nodes, roots, prior, self.class).unwrap()
    }

    fn push(nodes: &mut Vec<Node>, node: Node) -> NodeId {
        nodes.push(node);
        nodes.len() - 1
    }

    fn region(
        &self,
        nodes: &mut Vec<Node>,
        scope: &[usize],
        count: usize,
        r: &mut Noise,
    ) -> Vec<NodeId> {
        if let [variable] = *scope {
            let leaves = (0..count).map(|_| {
                let distribution = leaf(self.kinds[variable], r);
                Self::push(
                    nodes,
                    Node::Leaf {
                        variable,
                        distribution,
                    },
                )
            });
            return leaves.collect();
        }
        let mut make = |r: &mut Noise| {
            let cut = 1 + r.below(scope.len() - 1);
            let (a, b) = scope.split_at(cut);
            if self.shared {
                let a = self.region(nodes, a, 2, r);
                let b = self.region(nodes, b, 2, r);
                let pairs = a.iter().flat_map(|a| b.iter().map(|b| vec![*a, *b]));
                pairs
                    .map(|children| Self::push(nodes, Node::Product { children }))
                    .collect::<Vec<_>>()
            } else {
                (0..2 + r.below(2))
                    .map(|_| {
                        let mut children = self.region(nodes, a, 1, r);
                        children.extend(self.region(nodes, b, 1, r));
                        Self::push(nodes, Node::Product { children })
                    })
                    .collect()
            }
        };
        let mut products = make(r);
        (0..count)
            .map(|_| {
                if !self.shared {
                    products = make(r);
                }
                let weights = r.simplex(products.len());
                (products.clone(), weights)
            })
            .collect::<Vec<_>>()
            .into_iter()
            .map(|(children, weights)| Self::push(nodes, Node::Sum { children, weights }))
            .collect()
    }
}

/// Rows of evidence of all sorts.
pub(crate) fn rows(kinds: &[Kind], count: usize, seed: u64) -> Vec<Vec<Evidence>> {
    let mut r = Noise::new(seed);
    let mut value = |kind: Kind| {
        let observed = match kind {
            Kind::Bernoulli => r.below(2) as f64,
            Kind::Categorical => r.below(3) as f64,
            Kind::Histogram => 4.0 * r.unit(),
            Kind::Gaussian => 6.0 * r.unit() - 3.0,
            Kind::Poisson => r.below(12) as f64,
        };
        match r.below(4) {
            0 => Evidence::Missing,
            1 => Evidence::Maximised,
            _ => Evidence::Observed(observed),
        }
    };
    (0..count)
        .map(|_| kinds.iter().map(|k| value(*k)).collect())
        .collect()
}

/// The same with nothing maximised.
pub(crate) fn no_maxima(rows: &[Vec<Evidence>]) -> Vec<Vec<Evidence>> {
    let missing = |e: &Evidence| {
        if *e == Evidence::Maximised {
            Evidence::Missing
        } else {
            *e
        }
    };
    rows.iter()
        .map(|row| row.iter().map(missing).collect())
        .collect()
}
