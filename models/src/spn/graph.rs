//! The network as a graph: leaves over one variable each, products, weighted sums.
//!
//! `S(x) = sum_k w_k C_k(x)` for a sum, `P(x) = prod_k C_k(x)` for a product, a density or mass for a leaf. The network is *complete*
//! where the children of a sum have the same scope, *decomposable* where those of a product have disjoint scopes, and normalised where
//! the weights of a sum add up to one: then a root is a distribution, and setting every leaf of a variable to one marginalises it
//! (Poon and Domingos, UAI 2011, section 2).

/// The index of a node.
pub type NodeId = usize;

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
