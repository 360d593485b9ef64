//! The public plan of a private evaluation: all that a client learns of a model, and all it needs.
//!
//! The network as nodes above *leaf groups*. A leaf group is what lies directly under one product, or one leaf, or product of leaves,
//! under a sum: one row of the server's secret matrix over all statistics ([`super::statistics`]). In the plan: which nodes are sums
//! and products and where they lead; which products have a leaf group; how each variable is encoded; the fixed point. Not in
//! it: weights, leaf parameters, which variables a leaf group has, hence the scope of any node.
//!
//! Everything else, widths, circuits and the layout of messages, both parties derive from it by the rules of [`Shape`].

use super::query::QueryKind;
use super::statistics::{Encoding, Scale};
use crate::Error;
use crate::hello::{PlanKind, PublicPlan};
use halfmask_bridge::exact::{ExactSpec, PackingChoice};
use halfmask_bridge::mpc::circuit::log_sum::{Design, LogSum};
use halfmask_bridge::mpc::planner::Engine;
use serde::{Deserialize, Serialize};

mod shape;

pub use super::lower::{PlanOptions, Planned, plan};
#[cfg(test)]
pub(crate) use shape::UNITS;
pub use shape::{Shape, Widths};

/// The most nodes of a plan.
pub const MAX_NODES: usize = 1 << 21;
/// The most edges of a plan.
pub const MAX_EDGES: usize = 1 << 22;
/// The most statistics of a row.
pub const MAX_STATISTICS: usize = 1 << 16;
/// The longest word of a log2-likelihood, in bits.
pub const MAX_WIDTH: u32 = 40;
/// The longest share of a leaf group, in bits.
pub const MAX_SHARE_BITS: u32 = 44;
/// The longest coefficient of the secret matrix, in bits.
pub const MAX_COEFFICIENT_BITS: u32 = 31;
/// The largest plan in bytes.
pub const MAX_PLAN_BYTES: u32 = 1 << 27;

/// The public plan of a sum-product network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// [`crate::nn::plan::PROTOCOL_VERSION`].
    pub version: u32,
    /// The model's name, for people.
    pub model: String,
    /// Where correlated OTs come from and how circuits are garbled.
    pub engine: Engine,
    /// How rows are put into ciphertexts.
    pub packing: PackingChoice,
    /// The fixed point.
    pub scale: Scale,
    /// How sums are approximated.
    pub precision: Precision,
    /// The columns of a row.
    pub variables: Vec<VariablePlan>,
    /// Children before parents; the last one is the root.
    pub nodes: Vec<PlanNode>,
    /// What the classes are, if there are any.
    pub classes: Option<Classes>,
}

/// How sums are approximated: cost and error are those of the log-sum's designs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    /// [`Design::FINE`].
    Fine,
    /// [`Design::MEDIUM`].
    Medium,
    /// [`Design::COARSE`].
    #[default]
    Coarse,
}

impl Precision {
    /// The log-sum's design.
    #[must_use]
    pub const fn design(self) -> Design {
        match self {
            Self::Fine => Design::FINE,
            Self::Medium => Design::MEDIUM,
            Self::Coarse => Design::COARSE,
        }
    }
}

/// A column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VariablePlan {
    /// Its name.
    pub name: String,
    /// How its values become statistics.
    pub encoding: Encoding,
}

/// A node. Leaf groups are numbered in the order of the nodes that have one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum PlanNode {
    /// A leaf group alone.
    Leaves,
    /// A product.
    Product {
        /// Earlier nodes.
        children: Vec<u32>,
        /// Whether a leaf group is a factor, too.
        leaves: bool,
    },
    /// A weighted sum of two nodes or more.
    Sum {
        /// Earlier nodes.
        children: Vec<u32>,
    },
}

impl PlanNode {
    /// The nodes it reads.
    #[must_use]
    pub fn children(&self) -> &[u32] {
        match self {
            Self::Leaves => &[],
            Self::Product { children, .. } | Self::Sum { children } => children,
        }
    }

    /// Whether a leaf group is its value or a factor of it.
    #[must_use]
    pub const fn has_leaves(&self) -> bool {
        matches!(self, Self::Leaves | Self::Product { leaves: true, .. })
    }
}

/// What the classes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Classes {
    /// The children of the root, which is a sum weighted by the prior.
    Roots,
    /// The values of a categorical variable.
    Variable(u32),
}

impl Plan {
    /// The log-sum of the plan's words.
    ///
    /// # Errors
    /// If no design fits the words.
    pub fn log_sum(&self, widths: Widths) -> Result<LogSum, Error> {
        Ok(LogSum::with(
            widths.word,
            self.scale.fraction,
            self.precision.design().fit(self.scale.fraction),
        )?)
    }

    /// Number of classes, 0 without.
    #[must_use]
    pub fn class_count(&self) -> usize {
        match self.classes {
            None => 0,
            Some(Classes::Roots) => self.nodes.last().map_or(0, |root| root.children().len()),
            Some(Classes::Variable(v)) => match self.variables.get(v as usize).map(|v| &v.encoding)
            {
                Some(Encoding::Categorical { values }) => *values as usize,
                _ => 0,
            },
        }
    }

    /// Evaluations of the network that a row of a query takes.
    #[must_use]
    pub fn copies(&self, kind: QueryKind) -> usize {
        match (kind, self.classes) {
            (QueryKind::Conditional, _) => 2,
            (QueryKind::Class, Some(Classes::Variable(_))) => self.class_count(),
            _ => 1,
        }
    }
}

impl PublicPlan for Plan {
    const KIND: PlanKind = PlanKind::Spn;
    const MAX_BYTES: u32 = MAX_PLAN_BYTES;

    fn accept(&self) -> Result<(), Error> {
        self.check().map(drop)
    }

    fn ring_digest(&self) -> Result<[u8; 32], Error> {
        Ok(self.exact_spec(&self.check()?).parameters()?.digest())
    }
}

impl Plan {
    /// The secret matrix's public shape.
    #[must_use]
    pub const fn exact_spec(&self, shape: &Shape) -> ExactSpec {
        ExactSpec {
            share_bits: shape.widths.share,
            inputs: shape.statistics,
            outputs: shape.groups,
            input_bound: shape.widths.statistic,
            coefficient_bits: u64::BITS - shape.widths.coefficient.leading_zeros(),
            packing: self.packing,
        }
    }
}
