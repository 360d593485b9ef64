//! What can be wrong with a sum-product network, a row of evidence, or a file.

use super::graph::NodeId;

/// A network is not valid.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SpnError {
    /// A node is wrong.
    #[error("node {}: {problem}", label(*.node, .name.as_deref()))]
    Node {
        /// Its index, as it was given.
        node: NodeId,
        /// Its name, where the source has one.
        name: Option<String>,
        /// What is wrong.
        problem: Problem,
    },
    /// There is no root.
    #[error("the network has no root")]
    NoRoot,
    /// A root does not exist.
    #[error("root {root} does not exist: there are {nodes} nodes")]
    MissingRoot {
        /// The index given.
        root: NodeId,
        /// Number of nodes.
        nodes: usize,
    },
    /// Roots of one network have different scopes.
    #[error("roots 0 and {root} have different scopes, of {first} and {other} variables")]
    RootScopes {
        /// Index of the second root among the roots.
        root: usize,
        /// Variables below the first root.
        first: usize,
        /// Variables below the second.
        other: usize,
    },
    /// The prior is not a distribution over the roots.
    #[error("the prior has {entries} entries that add up to {sum}, for {roots} roots")]
    Prior {
        /// Its length.
        entries: usize,
        /// What it adds up to; NaN where an entry is negative or not finite.
        sum: f64,
        /// Number of roots.
        roots: usize,
    },
    /// The class variable cannot be one.
    #[error("class variable {variable}: {why}")]
    Class {
        /// Its index.
        variable: usize,
        /// Why not.
        why: &'static str,
    },
    /// More than can be handled.
    #[error("{got} {what}, more than {limit}")]
    TooLarge {
        /// Of what.
        what: &'static str,
        /// How many.
        got: usize,
        /// How many are allowed.
        limit: usize,
    },
}

/// What is wrong with a node.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// No children.
    #[error("has no children")]
    NoChildren,
    /// A child that does not exist: child, number of nodes.
    #[error("child {0} does not exist: there are {1} nodes")]
    MissingChild(NodeId, usize),
    /// It is below itself.
    #[error("is below itself: the network has a cycle")]
    Cycle,
    /// Numbers of weights and children differ: weights, children.
    #[error("{0} weights for {1} children")]
    WeightCount(usize, usize),
    /// A weight is negative or not finite: its index and value.
    #[error("weight {0} is {1}")]
    Weight(usize, f64),
    /// Weights do not add up to one: what they add up to.
    #[error("weights add up to {0}, not 1")]
    Unnormalised(f64),
    /// The children of a sum have different scopes.
    #[error(
        "children {first} and {other} of the sum have different scopes: variable {variable} is in one only (not complete)"
    )]
    Incomplete {
        /// The first child.
        first: NodeId,
        /// A child that differs.
        other: NodeId,
        /// A variable of one of both.
        variable: usize,
    },
    /// Two children of a product share a variable.
    #[error("variable {variable} is below more than one child of the product (not decomposable)")]
    Overlap {
        /// The variable.
        variable: usize,
    },
    /// A leaf of a variable that does not exist: index, number of variables.
    #[error("variable {0} does not exist: there are {1}")]
    Variable(usize, usize),
    /// Leaves of one variable measure different things.
    #[error("variable {variable} takes {here} here and {before} in a leaf before")]
    MixedKinds {
        /// The variable.
        variable: usize,
        /// What leaves before say.
        before: &'static str,
        /// What this leaf says.
        here: &'static str,
    },
    /// A parameter outside what it may be.
    #[error("{what} is {value}, must be {must}")]
    Parameter {
        /// Which.
        what: &'static str,
        /// Its value.
        value: f64,
        /// What it may be.
        must: &'static str,
    },
    /// Probabilities or densities that do not add up to one.
    #[error("{what} add up to {sum}, not 1")]
    Mass {
        /// Of what.
        what: &'static str,
        /// What they add up to.
        sum: f64,
    },
    /// Borders that do not increase: index and value of the one that is not above its predecessor.
    #[error("border {0} is {1}, not above the one before")]
    Breaks(usize, f64),
    /// Wrong number of borders: borders, densities.
    #[error("{0} borders for {1} densities")]
    BreakCount(usize, usize),
    /// More values than allowed: how many, limit.
    #[error("{0} values, of 1 to {1}")]
    Values(usize, usize),
}

impl Problem {
    /// The error, at a node.
    #[must_use]
    pub const fn at(self, node: NodeId) -> SpnError {
        SpnError::Node {
            node,
            name: None,
            problem: self,
        }
    }
}

impl SpnError {
    /// The same, with the name that the source has for the node.
    #[must_use]
    pub fn named(self, name: impl FnOnce(NodeId) -> Option<String>) -> Self {
        match self {
            Self::Node { node, problem, .. } => Self::Node {
                node,
                name: name(node),
                problem,
            },
            other => other,
        }
    }
}

fn label(node: NodeId, name: Option<&str>) -> String {
    name.map_or_else(|| node.to_string(), |name| format!("{node} ({name})"))
}

/// A row of evidence does not fit the network. Rows and columns count from 1.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RowError {
    /// The wrong number of fields.
    #[error("row {row} has {got} fields, the network {expected} variables")]
    Fields {
        /// The row, from 1.
        row: usize,
        /// Fields it has.
        got: usize,
        /// Variables of the network.
        expected: usize,
    },
    /// A value that the variable cannot take.
    #[error("row {row}, column {column} ({name}): {value} is not {must}")]
    Value {
        /// The row, from 1.
        row: usize,
        /// The column, from 1.
        column: usize,
        /// The variable's name.
        name: String,
        /// The value.
        value: f64,
        /// What it may be.
        must: String,
    },
    /// A conditional's condition has probability zero.
    #[error("row {row}: what is given has probability 0")]
    Impossible {
        /// The row, from 1.
        row: usize,
    },
    /// A column that does not exist is asked for.
    #[error("column {column} does not exist: the network has {expected} variables")]
    Column {
        /// The column, from 1.
        column: usize,
        /// Variables of the network.
        expected: usize,
    },
    /// A class is asked for where the network has none.
    #[error("the network has neither class roots nor a class variable")]
    NoClass,
}

/// A file is no valid network.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// It cannot be read.
    #[error("{source}")]
    Io {
        /// Why.
        #[from]
        source: std::io::Error,
    },
    /// It is larger than any network allowed.
    #[error("{bytes} bytes, more than {limit}")]
    Size {
        /// Its size.
        bytes: u64,
        /// The limit.
        limit: u64,
    },
    /// No known format.
    #[error("not a sum-product network in a known format: {0}")]
    Unknown(String),
    /// JSON that does not parse or has unknown or missing fields.
    #[error("{format}: {source}")]
    Json {
        /// The format.
        format: &'static str,
        /// What is wrong, with line and column.
        source: serde_json::Error,
    },
    /// Text that does not parse. Lines and columns count from 1, columns in characters.
    #[error("line {line}, column {column}: {problem}")]
    Text {
        /// The line.
        line: usize,
        /// The column.
        column: usize,
        /// What is wrong.
        problem: String,
    },
    /// A file that parses but contradicts itself.
    #[error("{0}")]
    Inconsistent(String),
    /// The network in it is not valid.
    #[error(transparent)]
    Network(#[from] SpnError),
}
