//! The network as a graph: leaves over one variable each, products, weighted sums.
//!
//! `S(x) = sum_k w_k C_k(x)` for a sum, `P(x) = prod_k C_k(x)` for a product, a density or mass for a leaf. The network is *complete*
//! where the children of a sum have the same scope, *decomposable* where those of a product have disjoint scopes, and normalised where
//! the weights of a sum add up to one: then a root is a distribution, and setting every leaf of a variable to one marginalises it
//! (Poon and Domingos, UAI 2011, section 2).

use std::collections::BTreeSet;

use super::support::{self, Support};

/// The index of a node.
pub type NodeId = usize;

/// The most nodes of a network.
pub const MAX_NODES: usize = 1 << 22;
/// The most edges of a network.
pub const MAX_EDGES: usize = 1 << 24;
/// The most variables of a network.
pub const MAX_VARIABLES: usize = 1 << 16;
/// The most values of a categorical leaf and buckets of a histogram.
pub const MAX_VALUES: usize = 1 << 16;

/// A variable, a column of the data.
#[derive(Clone, Debug, PartialEq)]
pub struct Variable {
    /// Its name; `V3` where the source gives none.
    pub name: String,
}

/// What a leaf says about its variable.
#[derive(Clone, Debug, PartialEq)]
pub enum Distribution {
    /// 1 with probability `p`, else 0.
    Bernoulli {
        /// Probability of 1.
        p: f64,
    },
    /// `k` with probability `p[k]`.
    Categorical {
        /// Probabilities, which add up to one.
        p: Vec<f64>,
    },
    /// A normal density.
    Gaussian {
        /// Mean.
        mean: f64,
        /// Standard deviation, positive.
        stdev: f64,
    },
    /// `k` with probability `rate^k exp(-rate) / k!`.
    Poisson {
        /// Mean, positive.
        rate: f64,
    },
    /// Density `densities[b]` on `[breaks[b], breaks[b + 1])`.
    Histogram {
        /// Borders, increasing; one more than densities.
        breaks: Vec<f64>,
        /// Densities, not negative.
        densities: Vec<f64>,
    },
}

/// A node.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// A weighted sum.
    Sum {
        /// Children, at least one.
        children: Vec<NodeId>,
        /// Weights, one a child, positive or zero, which add up to one.
        weights: Vec<f64>,
    },
    /// A product.
    Product {
        /// Children, at least one.
        children: Vec<NodeId>,
    },
    /// A leaf.
    Leaf {
        /// Index of its variable.
        variable: usize,
        /// Its distribution.
        distribution: Distribution,
    },
}

impl Node {
    /// Its children; none for a leaf.
    #[must_use]
    pub fn children(&self) -> &[NodeId] {
        match self {
            Self::Sum { children, .. } | Self::Product { children } => children,
            Self::Leaf { .. } => &[],
        }
    }
}

impl Distribution {
    /// Its name, as the project's JSON has it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Bernoulli { .. } => "bernoulli",
            Self::Categorical { .. } => "categorical",
            Self::Gaussian { .. } => "gaussian",
            Self::Poisson { .. } => "poisson",
            Self::Histogram { .. } => "histogram",
        }
    }

    /// Its most probable value; among equals the lowest, but the rate itself for a Poisson of integer rate.
    ///
    /// In a histogram, of the bucket with the highest density: its lower border where all borders are integers (buckets of counts),
    /// else its middle.
    #[must_use]
    pub fn mode(&self) -> f64 {
        match self {
            Self::Bernoulli { p } => f64::from(u8::from(*p > 0.5)),
            Self::Categorical { p } => first_largest(p) as f64,
            Self::Gaussian { mean, .. } => *mean,
            Self::Poisson { rate } => rate.floor(),
            Self::Histogram { breaks, densities } => {
                let bucket = first_largest(densities);
                let border = |b: usize| breaks.get(b).copied().unwrap_or_default();
                if breaks.iter().all(|b| b.fract() == 0.0) {
                    border(bucket)
                } else {
                    f64::midpoint(border(bucket), border(bucket + 1))
                }
            }
        }
    }
}

/// Index of the largest value, the first among equals.
fn first_largest(values: &[f64]) -> usize {
    let mut best = (0, f64::NEG_INFINITY);
    for (k, &value) in values.iter().enumerate() {
        if value > best.1 {
            best = (k, value);
        }
    }
    best.0
}

/// A network that has passed [`Spn::new`]: nodes in topological order, children before parents.
#[derive(Clone, Debug, PartialEq)]
pub struct Spn {
    pub(crate) variables: Vec<Variable>,
    pub(crate) nodes: Vec<Node>,
    /// One, or one a class.
    pub(crate) roots: Vec<NodeId>,
    /// Probability of each root's class; `[1.0]` for one root.
    pub(crate) prior: Vec<f64>,
    /// The variable that `class` queries ask for, where classes are not roots.
    pub(crate) class: Option<usize>,
}

/// What is known of one variable in a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Evidence {
    /// Observed.
    Observed(f64),
    /// Marginalised.
    Missing,
    /// To be maximised over.
    Maximised,
}

/// How many leaves of each kind a network has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct LeafCounts {
    /// Bernoulli leaves.
    pub bernoulli: usize,
    /// Categorical leaves.
    pub categorical: usize,
    /// Gaussian leaves.
    pub gaussian: usize,
    /// Poisson leaves.
    pub poisson: usize,
    /// Histograms.
    pub histogram: usize,
}

/// A network's sizes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Counts {
    /// Sums.
    pub sums: usize,
    /// Products.
    pub products: usize,
    /// Leaves of all kinds.
    pub leaves: usize,
    /// Leaves by kind.
    pub leaves_by_kind: LeafCounts,
    /// Edges from sums and products to their children.
    pub edges: usize,
    /// Nodes on the longest path from a root to a leaf.
    pub depth: usize,
    /// Nodes with more than one parent edge.
    pub shared: usize,
}

impl Spn {
    /// The variables, in the order of a row's fields.
    #[must_use]
    pub fn variables(&self) -> &[Variable] {
        &self.variables
    }

    /// The nodes, children before parents.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The roots: one, or one a class.
    #[must_use]
    pub fn roots(&self) -> &[NodeId] {
        &self.roots
    }

    /// The probability of each root's class, one a root.
    #[must_use]
    pub fn prior(&self) -> &[f64] {
        &self.prior
    }

    /// The class variable, where classes are values of a variable.
    #[must_use]
    pub const fn class(&self) -> Option<usize> {
        self.class
    }

    /// How many classes there are: roots, or values of the class variable; `None` where there is neither.
    #[must_use]
    pub fn classes(&self) -> Option<usize> {
        match self.class {
            None => (self.roots.len() > 1).then_some(self.roots.len()),
            Some(class) => match self.supports().get(class) {
                Some(Support::Categorical { values }) => Some(*values),
                _ => None,
            },
        }
    }

    /// What values each variable may take, by its leaves.
    #[must_use]
    pub fn supports(&self) -> Vec<Support> {
        // `Spn::new` has found them consistent.
        support::of(self.variables.len(), &self.nodes).unwrap_or_default()
    }

    /// The variables below a node, in increasing order. Visits all that is below it.
    #[must_use]
    pub fn scope(&self, node: NodeId) -> Vec<usize> {
        let mut scope = BTreeSet::new();
        let mut seen = vec![false; self.nodes.len()];
        let mut open = vec![node];
        while let Some(id) = open.pop() {
            let (Some(node), Some(seen)) = (self.nodes.get(id), seen.get_mut(id)) else {
                continue;
            };
            if std::mem::replace(seen, true) {
                continue;
            }
            if let Node::Leaf { variable, .. } = node {
                scope.insert(*variable);
            }
            open.extend_from_slice(node.children());
        }
        scope.into_iter().collect()
    }

    /// Sizes.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        let mut depth = vec![1usize; self.nodes.len()];
        let mut parents = vec![0usize; self.nodes.len()];
        for (id, node) in self.nodes.iter().enumerate() {
            let children = node.children();
            let below = children.iter().filter_map(|&c| depth.get(c)).max();
            let own = 1 + below.copied().unwrap_or(0);
            if let Some(depth) = depth.get_mut(id) {
                *depth = own;
            }
            for &child in children {
                if let Some(parents) = parents.get_mut(child) {
                    *parents += 1;
                }
            }
            counts.depth = counts.depth.max(own);
            counts.edges += children.len();
            match node {
                Node::Sum { .. } => counts.sums += 1,
                Node::Product { .. } => counts.products += 1,
                Node::Leaf { distribution, .. } => {
                    counts.leaves += 1;
                    let kinds = &mut counts.leaves_by_kind;
                    let kind = match distribution {
                        Distribution::Bernoulli { .. } => &mut kinds.bernoulli,
                        Distribution::Categorical { .. } => &mut kinds.categorical,
                        Distribution::Gaussian { .. } => &mut kinds.gaussian,
                        Distribution::Poisson { .. } => &mut kinds.poisson,
                        Distribution::Histogram { .. } => &mut kinds.histogram,
                    };
                    *kind += 1;
                }
            }
        }
        counts.shared = parents.iter().filter(|&&p| p > 1).count();
        counts
    }
}
