//! The public plan: all that a client learns of a model, and all that the program follows from.

use crate::Error;
use crate::hello::{PlanKind, PublicPlan};
use crate::nn::plan::PROTOCOL_VERSION;
use crate::spn::plan::{MAX_EDGES, MAX_NODES, MAX_PLAN_BYTES, MAX_WIDTH, VariablePlan};
use crate::spn::statistics::{Encoding, MAX_COUNT, Scale};
use halfmask_bridge::mpc::planner::Engine;
use serde::{Deserialize, Serialize};

/// Bits of the count of a Poisson variable, at most.
pub(super) const MOST_COUNT_BITS: u32 = u32::BITS - MAX_COUNT.leading_zeros();
/// Units of the last place that an operation in fixed point may add in error.
const UNITS: u64 = 16;
/// The least width of a word in fixed point.
const MIN_WIDTH: u32 = 26;
/// The narrowest deviation in fixed point, as in [`Scale::ratio_bits`]: what a coefficient of 31 bits has room for.
pub(super) const MOST_RATIO_BITS: u32 = 7;

/// Words and operations of a program, about, at most: plans come from the peer.
const MAX_PARTS: usize = 1 << 25;
/// Gates of one selection network, about, at most.
const MAX_SELECTION_GATES: usize = 1 << 22;
/// Bits of a variable's words, at most.
const MOST_INPUT_BITS: usize = 129;

/// Number format and circuits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Profile {
    /// Fixed point, the protocol's own log-sums.
    #[serde(rename = "garbled")]
    Fixed,
    /// IEEE binary32 in the published order of operations.
    #[serde(rename = "cryptospn-32")]
    Cryptospn32,
    /// IEEE binary64 likewise.
    #[serde(rename = "cryptospn-64")]
    Cryptospn64,
}

impl Profile {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Fixed, Self::Cryptospn32, Self::Cryptospn64];

    /// Its name, as in a plan.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fixed => "garbled",
            Self::Cryptospn32 => "cryptospn-32",
            Self::Cryptospn64 => "cryptospn-64",
        }
    }
}

/// Whether the client may know which variable a leaf has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scopes {
    /// No: selection networks.
    Hidden,
    /// Yes.
    Public,
}

/// Which circuit a leaf takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeafKind {
    /// Bernoulli and categorical leaves.
    Categories,
    /// Histograms.
    Histogram,
    /// Normal densities.
    Gaussian,
    /// Poisson leaves.
    Poisson,
}

impl LeafKind {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Categories,
        Self::Histogram,
        Self::Gaussian,
        Self::Poisson,
    ];

    /// The kind of a variable's leaves; none without leaves.
    #[must_use]
    pub const fn of(encoding: &Encoding) -> Option<Self> {
        match encoding {
            Encoding::Unused => None,
            Encoding::Categorical { .. } => Some(Self::Categories),
            Encoding::Histogram { .. } => Some(Self::Histogram),
            Encoding::Gaussian { .. } => Some(Self::Gaussian),
            Encoding::Poisson { .. } => Some(Self::Poisson),
        }
    }

    /// Whether its leaves choose among constants.
    pub(super) const fn is_table(self) -> bool {
        matches!(self, Self::Categories | Self::Histogram)
    }
}

/// A node; the network's, without what no root depends on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Node {
    /// A leaf.
    Leaf {
        /// Its circuit.
        kind: LeafKind,
        /// Its variable, if scopes are public.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        variable: Option<u32>,
    },
    /// A product.
    Product {
        /// Earlier nodes.
        children: Vec<u32>,
    },
    /// A weighted sum.
    Sum {
        /// Earlier nodes.
        children: Vec<u32>,
    },
}

impl Node {
    /// The nodes it reads.
    #[must_use]
    pub fn children(&self) -> &[u32] {
        match self {
            Self::Leaf { .. } => &[],
            Self::Product { children } | Self::Sum { children } => children,
        }
    }
}

/// The public plan of an all-garbled evaluation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GarbledPlan {
    /// [`PROTOCOL_VERSION`].
    pub version: u32,
    /// The model's name, for people.
    pub model: String,
    /// Where correlated OTs come from and how circuits are garbled.
    pub engine: Engine,
    /// Number format and circuits.
    pub profile: Profile,
    /// Whether leaves' variables are hidden.
    pub scopes: Scopes,
    /// Whether variables may be missing.
    pub missing: bool,
    /// The fixed point; floating-point profiles ignore it.
    pub scale: Scale,
    /// The columns of a row.
    pub variables: Vec<VariablePlan>,
    /// Children before parents; the last one is the root.
    pub nodes: Vec<Node>,
}

fn fail<T>(detail: impl Into<String>) -> Result<T, Error> {
    Err(Error::Plan(detail.into()))
}

impl GarbledPlan {
    /// Variables of a kind, in order.
    pub(super) fn members(&self, kind: LeafKind) -> impl Iterator<Item = usize> {
        let variables = self.variables.iter().enumerate();
        variables
            .filter_map(move |(v, plan)| (LeafKind::of(&plan.encoding) == Some(kind)).then_some(v))
    }

    /// Values or buckets of a leaf, or the largest count: its variable's, or the most of its kind's. `None` if there is no such variable.
    pub(super) fn values(&self, kind: LeafKind, variable: Option<u32>) -> Option<usize> {
        let of = |plan: &VariablePlan| {
            let values = match &plan.encoding {
                Encoding::Categorical { values } => *values as usize,
                Encoding::Histogram { borders } => borders.len().saturating_sub(1),
                Encoding::Poisson { max } => *max as usize,
                Encoding::Unused | Encoding::Gaussian { .. } => 0,
            };
            (LeafKind::of(&plan.encoding) == Some(kind)).then_some(values)
        };
        match variable {
            Some(variable) => self.variables.get(variable as usize).and_then(of),
            None => self.variables.iter().filter_map(of).max(),
        }
    }

    /// [`GarbledPlan::values`] of every kind where scopes are hidden.
    pub(super) fn values_by_kind(&self) -> [Option<usize>; 4] {
        LeafKind::ALL.map(|kind| self.values(kind, None))
    }

    /// The variable whose words a variable's own are as long as: itself, or any of its kind where scopes are hidden.
    pub(super) fn as_long_as(&self, variable: usize) -> Option<u32> {
        match self.scopes {
            Scopes::Public => Some(variable as u32),
            Scopes::Hidden => None,
        }
    }

    /// Bits of a word in fixed point, by the rule of [`crate::spn::plan::Shape`]: every leaf and weight lies in `[-floor, 0]`, Gaussian and Poisson leaves in
    /// `[-depth, 0]`, and an induced tree has each variable at most once.
    ///
    /// # Errors
    /// [`Error::Plan`] if it would have to be longer than is taken.
    pub(super) fn fixed_bits(&self) -> Result<u32, Error> {
        let mut heights: Vec<u64> = Vec::with_capacity(self.nodes.len());
        let mut operations = self.variables.len() as u64;
        for node in &self.nodes {
            let children = node.children().iter();
            let below = children.filter_map(|c| heights.get(*c as usize).copied());
            operations += node.children().len() as u64 + 1;
            heights.push(match node {
                Node::Leaf { .. } => 0,
                Node::Product { .. } => below.fold(0, u64::saturating_add),
                Node::Sum { .. } => below.max().unwrap_or(0).saturating_add(1),
            });
        }
        let sums = heights.last().copied().unwrap_or(0);
        let depths = self.variables.iter().map(|v| v.encoding.depth(self.scale));
        let lowest = (depths.sum::<f64>().ceil() as u64)
            .saturating_add(u64::from(self.scale.floor).saturating_mul(sums));
        let reach = lowest
            .saturating_mul(1 << self.scale.fraction)
            .saturating_add(2 * UNITS * operations);
        let bits = (u64::BITS - reach.leading_zeros() + 1).max(MIN_WIDTH);
        if bits > MAX_WIDTH {
            return fail(format!(
                "values of {bits} bits, at most {MAX_WIDTH} are taken: down to 2^-{lowest}, {sums} sums in a tree"
            ));
        }
        Ok(bits)
    }

    /// Checks a plan, wherever it comes from.
    ///
    /// # Errors
    /// [`Error::Plan`] names the first rule that is broken.
    pub fn check(&self) -> Result<(), Error> {
        if self.version != PROTOCOL_VERSION {
            return fail(format!(
                "version {}, this program speaks {PROTOCOL_VERSION}",
                self.version
            ));
        }
        let names = self.variables.iter().map(|v| &v.name).chain([&self.model]);
        let bad = |name: &&String| name.len() > 256 || name.chars().any(char::is_control);
        if let Some(name) = names.into_iter().find(bad) {
            return fail(format!("unprintable name \"{}\"", name.escape_debug()));
        }
        let Scale {
            fraction,
            guard,
            floor,
            ratio_bits,
        } = self.scale;
        if fraction != 16
            || guard != 0
            || !(16..=1024).contains(&floor)
            || !(3..=MOST_RATIO_BITS).contains(&ratio_bits)
        {
            return fail(format!(
                "fixed point with {fraction} and {guard} bits, floor 2^-{floor}, deviations from 2^-{ratio_bits} of a range"
            ));
        }
        for VariablePlan { name, encoding } in &self.variables {
            if let Err(why) = encoding.check() {
                return fail(format!("variable {name}: {why}"));
            }
        }
        self.check_nodes()?;
        self.check_size()?;
        if self.profile == Profile::Fixed {
            self.fixed_bits()?;
        }
        Ok(())
    }

    /// Refuses a program that would not fit memory.
    fn check_size(&self) -> Result<(), Error> {
        let by_kind = self.values_by_kind();
        let members = LeafKind::ALL.map(|kind| self.members(kind).count());
        let mut parts = self.variables.len();
        for node in &self.nodes {
            parts = parts.saturating_add(match node {
                Node::Leaf { kind, variable } => {
                    let values = match variable {
                        Some(_) if kind.is_table() => self.values(*kind, *variable),
                        None if kind.is_table() => by_kind.get(*kind as usize).copied().flatten(),
                        _ => None,
                    };
                    // A selection reads all variables for at least eight leaves.
                    let moved = match variable {
                        Some(_) => 0,
                        None => members.get(*kind as usize).map_or(0, |m| m / 8),
                    };
                    8 + moved + values.unwrap_or(0)
                }
                // An operation or a few an edge.
                Node::Product { children } => 1 + children.len(),
                Node::Sum { children } => 2 + 8 * children.len(),
            });
        }
        if parts > MAX_PARTS {
            return fail(format!(
                "a program of {parts} parts, at most {MAX_PARTS} are taken"
            ));
        }
        for (kind, members) in LeafKind::ALL.into_iter().zip(members) {
            let bits = if kind.is_table() { 16 } else { MOST_INPUT_BITS };
            let gates = members * bits * (usize::BITS - members.leading_zeros()) as usize;
            if self.scopes == Scopes::Hidden && gates > MAX_SELECTION_GATES {
                return fail(format!(
                    "a selection among {members} variables like {kind:?} takes {gates} gates, at most {MAX_SELECTION_GATES} are taken"
                ));
            }
        }
        Ok(())
    }

    fn check_nodes(&self) -> Result<(), Error> {
        let nodes = &self.nodes;
        if nodes.is_empty() || nodes.len() > MAX_NODES {
            return fail(format!("{} nodes, 1 to {MAX_NODES} are taken", nodes.len()));
        }
        let edges: usize = nodes.iter().map(|n| n.children().len()).sum();
        if edges > MAX_EDGES {
            return fail(format!("{edges} edges, at most {MAX_EDGES} are taken"));
        }
        let by_kind = self.values_by_kind();
        let mut read = vec![false; nodes.len()];
        for (id, node) in nodes.iter().enumerate() {
            match node {
                Node::Leaf { kind, variable } => {
                    if variable.is_some() != (self.scopes == Scopes::Public) {
                        return fail(format!(
                            "node {id}: a leaf's variable is shown if scopes are public"
                        ));
                    }
                    let known = match variable {
                        Some(_) => self.values(*kind, *variable),
                        None => by_kind.get(*kind as usize).copied().flatten(),
                    };
                    if known.is_none() {
                        return fail(format!("node {id}: no variable for a leaf like {kind:?}"));
                    }
                }
                _ if node.children().is_empty() => {
                    return fail(format!("node {id} has no operands"));
                }
                _ => {}
            }
            for child in node.children() {
                match read.get_mut(*child as usize) {
                    Some(read) if (*child as usize) < id => *read = true,
                    _ => {
                        return fail(format!(
                            "node {id} reads node {child}, which does not come before it"
                        ));
                    }
                }
            }
        }
        read.pop();
        match read.iter().position(|read| !read) {
            Some(id) => fail(format!("nobody reads node {id}")),
            None => Ok(()),
        }
    }
}

impl PublicPlan for GarbledPlan {
    const KIND: PlanKind = PlanKind::GarbledSpn;
    const MAX_BYTES: u32 = MAX_PLAN_BYTES;

    fn accept(&self) -> Result<(), Error> {
        self.check().map(drop)
    }

    /// There is no ring.
    fn ring_digest(&self) -> Result<[u8; 32], Error> {
        Ok([0; 32])
    }
}
