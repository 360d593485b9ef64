//! From the plan to the program. Both parties do this alike.

use super::arithmetic::Numbers;
use super::assembly::{Assembly, Part, Slot};
use super::cost::{Cost, PublishedCounts};
use super::leaves::Leaf;
use super::plan::{GarbledPlan, LeafKind, Node};
use crate::Error;
use halfmask_bridge::mpc;
use mpc::circuit::selection::Selection;
use mpc::program::{MAX_WORD_BITS, Program, Value};

/// A block of leaves of a kind is as large as costs least, between these.
const BLOCKS: std::ops::RangeInclusive<u32> = 3..=12;

/// A selection network: from all variables of a kind to a block of its leaves.
#[derive(Debug)]
pub(super) struct Move {
    pub(super) kind: LeafKind,
    /// Nodes.
    pub(super) leaves: Vec<usize>,
    pub(super) network: Selection,
}

/// What follows from a plan.
#[derive(Debug)]
pub(super) struct Circuits {
    pub(super) numbers: Numbers,
    pub(super) program: Program,
    pub(super) cost: Cost,
    pub(super) slots: Vec<Slot>,
    pub(super) moves: Vec<Move>,
    /// How the client's words of each variable look.
    pub(super) inputs: Vec<Option<Leaf>>,
}

/// Lengths of the words into which known bits are cut.
pub(super) fn cut(bits: usize) -> Vec<usize> {
    let words = (0..bits).step_by(MAX_WORD_BITS);
    words
        .map(|first| (bits - first).min(MAX_WORD_BITS))
        .collect()
}

impl Circuits {
    /// Builds the program of a checked plan.
    ///
    /// # Errors
    /// Those of the circuits.
    pub(super) fn new(plan: &GarbledPlan) -> Result<Self, Error> {
        let numbers = Numbers::new(plan)?;
        let by_kind = plan.values_by_kind();
        let leaf = |kind: LeafKind, variable: Option<u32>| -> Result<Leaf, Error> {
            let values = match variable {
                Some(_) => plan.values(kind, variable),
                None => by_kind.get(kind as usize).copied().flatten(),
            };
            Ok(Leaf {
                kind,
                values: values.ok_or_else(|| Error::Plan("a leaf without variables".into()))?,
                missing: plan.missing,
            })
        };
        let mut to = Assembly::default();
        let mut inputs = Vec::with_capacity(plan.variables.len());
        let mut words: Vec<Vec<Value>> = Vec::with_capacity(plan.variables.len());
        for (v, variable) in plan.variables.iter().enumerate() {
            let Some(kind) = LeafKind::of(&variable.encoding) else {
                inputs.push(None);
                words.push(Vec::new());
                continue;
            };
            let leaf = leaf(kind, plan.as_long_as(v))?;
            let bits = leaf.input_bits(&numbers);
            words.push(bits.iter().map(|bits| to.builder.input(*bits)).collect());
            inputs.push(Some(leaf));
        }
        let (operands, moves) = operands(plan, &numbers, &mut to, &words, leaf)?;
        let mut values: Vec<Value> = Vec::with_capacity(plan.nodes.len());
        let arithmetic = numbers.arithmetic();
        for (id, (node, operands)) in plan.nodes.iter().zip(&operands).enumerate() {
            let children = node.children().iter();
            let children: Vec<Value> = children
                .filter_map(|c| values.get(*c as usize).copied())
                .collect();
            values.push(match node {
                Node::Leaf { kind, variable } => {
                    let leaf = leaf(*kind, *variable)?;
                    let known = to.constants(Slot::Node(id), &leaf.known_bits(&numbers));
                    leaf.apply(&mut to, &numbers, operands, &known)?
                }
                Node::Sum { .. } => {
                    let bits = vec![arithmetic.bits(); children.len()];
                    let weights = to.constants(Slot::Node(id), &bits);
                    arithmetic.sum(&mut to, &children, &weights)?
                }
                Node::Product { .. } => {
                    let mut children = children.into_iter();
                    let first = children.next();
                    let mut value =
                        first.ok_or_else(|| Error::Plan("a product of nothing".into()))?;
                    for child in children {
                        value = arithmetic.add(&mut to, value, child)?;
                    }
                    value
                }
            });
        }
        let root = values.last().copied();
        let root = root.ok_or_else(|| Error::Plan("no nodes".into()))?;
        let (program, mut cost, slots) = to.finish(root)?;
        cost.switches = moves.iter().map(|m| m.network.gates()).sum();
        cost.published32 = PublishedCounts::BITS32.network(plan, cost.switches);
        cost.published64 = PublishedCounts::BITS64.network(plan, cost.switches);
        Ok(Self {
            numbers,
            program,
            cost,
            slots,
            moves,
            inputs,
        })
    }
}

/// The words of each leaf's variable, through selections where they are hidden.
fn operands(
    plan: &GarbledPlan,
    numbers: &Numbers,
    to: &mut Assembly,
    words: &[Vec<Value>],
    leaf: impl Fn(LeafKind, Option<u32>) -> Result<Leaf, Error>,
) -> Result<(Vec<Vec<Value>>, Vec<Move>), Error> {
    let mut operands = vec![Vec::new(); plan.nodes.len()];
    let mut hidden: [Vec<usize>; 4] = Default::default();
    for (id, (node, operands)) in plan.nodes.iter().zip(&mut operands).enumerate() {
        match node {
            Node::Leaf {
                variable: Some(v), ..
            } => *operands = words.get(*v as usize).cloned().unwrap_or_default(),
            Node::Leaf { kind, .. } => {
                if let Some(hidden) = hidden.get_mut(*kind as usize) {
                    hidden.push(id);
                }
            }
            _ => {}
        }
    }
    let mut moves = Vec::new();
    for (kind, nodes) in LeafKind::ALL.into_iter().zip(hidden) {
        if nodes.is_empty() {
            continue;
        }
        let members: Vec<usize> = plan.members(kind).collect();
        if let [only] = *members {
            // No choice, nothing to hide.
            for id in nodes {
                if let Some(operands) = operands.get_mut(id) {
                    *operands = words.get(only).cloned().unwrap_or_default();
                }
            }
            continue;
        }
        let bits = leaf(kind, None)?.input_bits(numbers);
        for block in nodes.chunks(block(members.len(), nodes.len())?) {
            let network = Selection::new(members.len(), block.len())?;
            let moved: Vec<Value> = members
                .iter()
                .flat_map(|v| words.get(*v).cloned().unwrap_or_default())
                .collect();
            let known = if network.gates() == 0 {
                Vec::new()
            } else {
                to.constants(Slot::Controls(moves.len()), &cut(network.gates()))
            };
            let make = || select(&network, bits.iter().sum());
            let out = bits.repeat(block.len());
            let key = ("select", kind as usize, block.len());
            let out = to.apply(Part::Selection, key, make, &moved, &known, &out)?;
            for (id, own) in block.iter().zip(out.chunks(bits.len().max(1))) {
                if let Some(operands) = operands.get_mut(*id) {
                    *operands = own.to_vec();
                }
            }
            moves.push(Move {
                kind,
                leaves: block.to_vec(),
                network,
            });
        }
    }
    Ok((operands, moves))
}

/// A selection of words of this length.
fn select(network: &Selection, bits: usize) -> Result<mpc::circuit::Template, Error> {
    let mut b = mpc::circuit::Builder::new();
    let words: Vec<_> = (0..network.inputs()).map(|_| b.inputs(bits)).collect();
    let controls = b.knowns(network.gates());
    let out = network.circuit(&mut b, &words, &controls)?;
    Ok(b.build(&out.concat())?)
}

/// Leaves to a selection, so that all together have the fewest switches: a power of two.
fn block(variables: usize, leaves: usize) -> Result<usize, Error> {
    let mut best = (usize::MAX, 1);
    for log in BLOCKS {
        let block = 1usize << log;
        let (whole, rest) = (leaves / block, leaves % block);
        let mut gates = 0;
        if whole > 0 {
            gates += whole * Selection::new(variables, block)?.gates();
        }
        if rest > 0 {
            gates += Selection::new(variables, rest)?.gates();
        }
        best = best.min((gates, block));
        if whole == 0 {
            break;
        }
    }
    Ok(best.1)
}
