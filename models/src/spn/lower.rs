//! From a network to its public plan and the server's secrets.
//!
//! A node is *linear* if it is a leaf, or a product of linear nodes: its logarithm is linear in the statistics. Linear factors of a product
//! form its leaf group; a linear child of a sum is a leaf group of its own, once for each reading sum up to a few (so that it takes their weights),
//! then once for all. Sums and products of one child are that child; a product that only one product reads is part of it. Then
//! log-weights move down as [`super::plan::Shape`] says.

use super::circuits::{ModeWord, mode_words};
use super::evaluate::always_active;
use super::graph::{Distribution, Node, NodeId, Spn};
use super::plan::{Classes, Plan, PlanNode, Precision, Shape, VariablePlan};
use super::query::QueryKind;
use super::statistics::{Encoding, Floors, Scale};
use crate::Error;
use crate::nn::plan::PROTOCOL_VERSION;
use halfmask_bridge::exact::PackingChoice;
use halfmask_bridge::mpc::planner::Engine;
use reduce::reduce;
use tracing::warn;

mod reduce;

/// The least and largest [`Scale::ratio_bits`] that are tried.
const RATIO_BITS: std::ops::RangeInclusive<u32> = 4..=7;

/// Fraction bits beyond the result's where leaves are sums of digits: each digit's coefficient is rounded.
const GUARD: u32 = 4;

/// How to plan.
#[derive(Clone, Debug, PartialEq)]
pub struct PlanOptions {
    /// The model's name, for people.
    pub model: String,
    /// Where correlated OTs come from and how circuits are garbled.
    pub engine: Engine,
    /// Fraction bits of log2-likelihoods.
    pub fraction: u32,
    /// How sums are approximated.
    pub precision: Precision,
    /// Probabilities and weights below `2^-floor` count as that.
    pub floor: u32,
    /// How rows are put into ciphertexts.
    pub packing: PackingChoice,
}

impl Default for PlanOptions {
    fn default() -> Self {
        Self {
            model: "spn".into(),
            engine: Engine::default(),
            fraction: 16,
            precision: Precision::default(),
            floor: 64,
            packing: PackingChoice::default(),
        }
    }
}

/// A planned network: what is public, and the server's secrets in the plan's order.
#[derive(Clone, Debug, PartialEq)]
pub struct Planned {
    /// The public plan.
    pub plan: Plan,
    /// What follows from it.
    pub shape: Shape,
    /// What planning changed.
    pub floors: Floors,
    pub(crate) groups: Vec<LeafGroup>,
    /// Baked constants with `fraction` bits, in the plan's order.
    pub(crate) baked: Vec<i64>,
}

/// A row of the secret matrix.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct LeafGroup {
    /// Coefficients that are not zero, by statistic; `fraction + guard` fraction bits.
    pub(crate) coefficients: Vec<(usize, i64)>,
    /// Weights from above, with what rounds the guard bits.
    pub(crate) constant: i64,
    /// Variables and their most probable values.
    pub(crate) modes: Vec<(usize, u64)>,
}

/// Plans a network.
///
/// # Errors
/// [`Error::Plan`] if a variable's leaves cannot be encoded, or values need longer words than are taken.
pub fn plan(spn: &Spn, options: &PlanOptions) -> Result<Planned, Error> {
    let variables = encodings(spn)?;
    let mut floors = Floors::default();
    let reduced = reduce(spn, options.floor, &mut floors);
    let wide = variables.iter().any(|v| v.encoding.is_wide());
    let classes = match spn.class() {
        Some(variable) => Some(Classes::Variable(variable as u32)),
        None => (spn.roots().len() > 1).then_some(Classes::Roots),
    };
    let mut plan = Plan {
        version: PROTOCOL_VERSION,
        model: options.model.clone(),
        engine: options.engine,
        packing: options.packing,
        scale: Scale {
            fraction: options.fraction,
            guard: if wide { GUARD } else { 0 },
            floor: options.floor,
            ratio_bits: *RATIO_BITS.end(),
        },
        precision: options.precision,
        variables,
        nodes: reduced.nodes,
        classes,
    };
    // As narrow leaves as the longest share leaves room for.
    let shape = loop {
        match plan.check() {
            Err(_) if wide && plan.scale.ratio_bits > *RATIO_BITS.start() => {
                plan.scale.ratio_bits -= 1
            }
            other => break other?,
        }
    };
    let (constants, baked) = place_weights(&plan, &shape, &reduced.weights);
    let groups = reduced.groups.iter().zip(constants);
    let groups =
        groups.map(|(leaves, constant)| group(spn, &plan, &shape, leaves, constant, &mut floors));
    let planned = Planned {
        groups: groups.collect(),
        baked,
        floors,
        plan,
        shape,
    };
    if planned.floors != Floors::default() {
        let Floors {
            probabilities,
            deviations,
            rates,
            weights,
        } = planned.floors;
        warn!(
            probabilities,
            deviations, rates, weights, "leaves and weights raised to their floors"
        );
    }
    Ok(planned)
}

/// How each variable is encoded.
pub(super) fn encodings(spn: &Spn) -> Result<Vec<VariablePlan>, Error> {
    let mut leaves: Vec<Vec<&Distribution>> = vec![Vec::new(); spn.variables().len()];
    for node in spn.nodes() {
        if let Node::Leaf {
            variable,
            distribution,
        } = node
            && let Some(leaves) = leaves.get_mut(*variable)
        {
            leaves.push(distribution);
        }
    }
    let variables = spn.variables().iter().zip(leaves);
    variables
        .map(|(variable, leaves)| {
            let encoding = Encoding::of_leaves(leaves.iter().copied());
            let encoding = encoding
                .map_err(|why| Error::Plan(format!("variable {}: {why}", variable.name)))?;
            Ok(VariablePlan {
                name: variable.name.clone(),
                encoding,
            })
        })
        .collect()
}

/// Moves log-weights down; returns the constants of leaf groups, in log2, and what is baked.
#[expect(clippy::indexing_slicing, reason = "node numbers of a checked plan")]
fn place_weights(plan: &Plan, shape: &Shape, weights: &[Vec<f64>]) -> (Vec<f64>, Vec<i64>) {
    let mut pending = vec![0.0f64; plan.nodes.len()];
    let mut constants = vec![0.0f64; shape.groups];
    let mut baked = Vec::with_capacity(shape.baked);
    for (id, node) in plan.nodes.iter().enumerate().rev() {
        let own = pending[id];
        if let Some(group) = shape.group_of(id) {
            constants[group] = own;
            continue;
        }
        if let PlanNode::Sum { children } = node {
            // In reverse, since the whole is turned round below.
            for (child, weight) in children.iter().zip(&weights[id]).rev() {
                if shape.absorbs(*child) {
                    pending[*child as usize] = own + weight;
                } else {
                    let units = f64::from(plan.scale.fraction).exp2();
                    baked.push(((own + weight) * units).round() as i64);
                }
            }
        } else if let Some(child) = node.children().iter().find(|c| shape.absorbs(**c)) {
            pending[*child as usize] = own;
        }
    }
    baked.reverse();
    (constants, baked)
}

/// A row of the secret matrix.
#[expect(
    clippy::indexing_slicing,
    reason = "node and variable numbers of a checked network"
)]
fn group(
    spn: &Spn,
    plan: &Plan,
    shape: &Shape,
    leaves: &[NodeId],
    constant: f64,
    floors: &mut Floors,
) -> LeafGroup {
    let scale = plan.scale;
    let rounding = if scale.guard > 0 {
        1 << (scale.guard - 1)
    } else {
        0
    };
    let mut group = LeafGroup {
        constant: scale.fixed(constant) + rounding,
        ..LeafGroup::default()
    };
    for id in leaves {
        let Node::Leaf {
            variable,
            distribution,
        } = &spn.nodes()[*id]
        else {
            continue;
        };
        let encoding = &plan.variables[*variable].encoding;
        let mut block = vec![0i64; encoding.entries(scale)];
        encoding.coefficients(scale, distribution, &mut block, floors);
        let first = shape.blocks[*variable];
        let entries = block.into_iter().enumerate().filter(|(_, c)| *c != 0);
        group
            .coefficients
            .extend(entries.map(|(i, c)| (first + i, c)));
        group.modes.push((*variable, encoding.mode(distribution)));
    }
    group
}

impl Planned {
    /// The garbler's constants of a query's program, in its order.
    pub(crate) fn constants(&self, kind: QueryKind) -> Vec<u64> {
        let mask = u64::MAX >> (u64::BITS - self.shape.widths.word);
        let mut constants: Vec<u64> = self.baked.iter().map(|c| *c as u64 & mask).collect();
        if kind == QueryKind::Mpe {
            let always = always_active(&self.plan, &self.shape);
            for word in mode_words(&self.plan) {
                let of = |group: &LeafGroup| self.pack(&word, &group.modes);
                let groups = || self.groups.iter().zip(&always);
                constants.extend(
                    groups()
                        .filter(|(_, always)| !**always)
                        .map(|(group, _)| of(group)),
                );
                // Scopes of groups that are active together are disjoint.
                let rest = groups()
                    .filter(|(_, always)| **always)
                    .map(|(group, _)| of(group));
                constants.push(rest.fold(0, |a, b| a ^ b));
            }
        }
        constants
    }

    /// Modes of variables of one word, each variable at most once, packed.
    pub(crate) fn pack(&self, word: &ModeWord, modes: &[(usize, u64)]) -> u64 {
        let mut packed = 0;
        for (variable, mode) in modes {
            if let Some(i) = variable.checked_sub(word.variables.start)
                && i < word.bits.len()
            {
                let first: usize = word.bits.iter().take(i).sum();
                packed ^= mode << first;
            }
        }
        packed
    }

    /// The secret matrix, row by row, and its constants.
    #[must_use]
    pub(crate) fn matrix(&self) -> (Vec<i64>, Vec<i64>) {
        let columns = self.shape.statistics;
        let mut dense = vec![0i64; columns * self.groups.len()];
        for (row, group) in dense.chunks_exact_mut(columns.max(1)).zip(&self.groups) {
            for (column, coefficient) in &group.coefficients {
                if let Some(slot) = row.get_mut(*column) {
                    *slot = *coefficient;
                }
            }
        }
        (dense, self.groups.iter().map(|g| g.constant).collect())
    }
}
