//! From a network to its public plan and the server's words.

use super::arithmetic::Numbers;
use super::circuits::{Circuits, cut};
use super::cost::Cost;
use super::plan::{GarbledPlan, LeafKind, MOST_RATIO_BITS, Node, Profile, Scopes};
use super::rows::{self, Row};
use crate::Error;
use crate::nn::plan::PROTOCOL_VERSION;
use crate::spn::graph::{self, Evidence, NodeId, Spn};
use crate::spn::lower::encodings;
use crate::spn::query::Answer;
use crate::spn::statistics::{Floors, Scale};
use halfmask_bridge::mpc::planner::Engine;
use halfmask_bridge::mpc::program::{MAX_WORD_BITS, Program};
use std::collections::BTreeMap;
use zeroize::Zeroizing;

/// How to plan.
#[derive(Clone, Debug, PartialEq)]
pub struct GarbledOptions {
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
    /// In fixed point probabilities and weights below `2^-floor` count as that.
    pub floor: u32,
}

impl GarbledOptions {
    /// Hidden scopes, missing variables allowed.
    #[must_use]
    pub fn new(profile: Profile) -> Self {
        Self {
            model: "spn".into(),
            engine: Engine::default(),
            profile,
            scopes: Scopes::Hidden,
            missing: true,
            floor: 64,
        }
    }
}

/// A planned network: what is public, what follows from it, and the server's words.
#[derive(Debug)]
pub struct Planned {
    plan: GarbledPlan,
    pub(super) circuits: Circuits,
    /// The program's constants.
    pub(super) constants: Zeroizing<Vec<u64>>,
    floors: Floors,
}

/// Plans a network.
///
/// # Errors
/// [`Error::Plan`] if a variable's leaves cannot be encoded, or values need longer words than are taken.
pub fn plan(spn: &Spn, options: &GarbledOptions) -> Result<Planned, Error> {
    let variables = encodings(spn)?;
    let (nodes, sources) = reached(spn, options.scopes);
    let mut plan = GarbledPlan {
        version: PROTOCOL_VERSION,
        model: options.model.clone(),
        engine: options.engine,
        profile: options.profile,
        scopes: options.scopes,
        missing: options.missing,
        scale: Scale {
            fraction: 16,
            guard: 0,
            floor: options.floor,
            ratio_bits: MOST_RATIO_BITS,
        },
        variables,
        nodes,
    };
    // As narrow leaves as the longest word leaves room for.
    while let Err(error) = plan.check() {
        if plan.scale.ratio_bits <= 4 {
            return Err(error);
        }
        plan.scale.ratio_bits -= 1;
    }
    let circuits = Circuits::new(&plan)?;
    let mut floors = Floors::default();
    let constants = words(spn, &plan, &circuits, &sources, &mut floors)?;
    Ok(Planned {
        plan,
        circuits,
        constants: Zeroizing::new(constants),
        floors,
    })
}

/// Where a plan's node comes from: a node, or the sum over roots.
type Source = Option<NodeId>;

/// The nodes that roots depend on, and a sum over roots if there are several.
fn reached(spn: &Spn, scopes: Scopes) -> (Vec<Node>, Vec<Source>) {
    let mut live = vec![false; spn.nodes().len()];
    let mut open = spn.roots().to_vec();
    while let Some(id) = open.pop() {
        if let (Some(live), Some(node)) = (live.get_mut(id), spn.nodes().get(id))
            && !std::mem::replace(live, true)
        {
            open.extend_from_slice(node.children());
        }
    }
    let mut number = BTreeMap::new();
    let (mut nodes, mut sources) = (Vec::new(), Vec::new());
    let alive = spn.nodes().iter().enumerate().zip(live);
    for ((id, node), _) in alive.filter(|(_, live)| *live) {
        let children = |number: &BTreeMap<NodeId, u32>| {
            let children = node.children().iter();
            children.filter_map(|c| number.get(c).copied()).collect()
        };
        let made = match node {
            graph::Node::Leaf {
                variable,
                distribution,
            } => Node::Leaf {
                kind: kind(distribution),
                variable: (scopes == Scopes::Public).then_some(*variable as u32),
            },
            graph::Node::Product { .. } => Node::Product {
                children: children(&number),
            },
            graph::Node::Sum { .. } => Node::Sum {
                children: children(&number),
            },
        };
        number.insert(id, nodes.len() as u32);
        nodes.push(made);
        sources.push(Some(id));
    }
    // The last node is the root: a root is nobody's child, unless there are several.
    let is_last = |root: &NodeId| {
        number
            .get(root)
            .is_some_and(|n| *n as usize + 1 == nodes.len())
    };
    if !matches!(spn.roots(), [root] if is_last(root)) {
        let roots = spn.roots().iter().filter_map(|r| number.get(r).copied());
        nodes.push(Node::Sum {
            children: roots.collect(),
        });
        sources.push(None);
    }
    (nodes, sources)
}

const fn kind(distribution: &graph::Distribution) -> LeafKind {
    match distribution {
        graph::Distribution::Bernoulli { .. } | graph::Distribution::Categorical { .. } => {
            LeafKind::Categories
        }
        graph::Distribution::Histogram { .. } => LeafKind::Histogram,
        graph::Distribution::Gaussian { .. } => LeafKind::Gaussian,
        graph::Distribution::Poisson { .. } => LeafKind::Poisson,
    }
}

/// The program's constants, in its order.
fn words(
    spn: &Spn,
    plan: &GarbledPlan,
    circuits: &Circuits,
    sources: &[Source],
    floors: &mut Floors,
) -> Result<Vec<u64>, Error> {
    use super::assembly::Slot;
    let numbers = &circuits.numbers;
    let mut words = Vec::new();
    let lost = || Error::Plan("a node without a source".into());
    for slot in &circuits.slots {
        match slot {
            Slot::Node(id) => {
                let node = match sources.get(*id).ok_or_else(lost)? {
                    Some(id) => spn.nodes().get(*id).ok_or_else(lost)?,
                    None => {
                        words.extend(weights(numbers, plan.scale, spn.prior(), floors));
                        continue;
                    }
                };
                match node {
                    graph::Node::Sum { weights: own, .. } => {
                        words.extend(weights(numbers, plan.scale, own, floors));
                    }
                    graph::Node::Leaf {
                        variable,
                        distribution,
                    } => {
                        let leaf = circuits.inputs.get(*variable).copied().flatten();
                        let encoding = plan.variables.get(*variable).map(|v| &v.encoding);
                        let (Some(leaf), Some(encoding)) = (leaf, encoding) else {
                            return Err(lost());
                        };
                        words.extend(leaf.words(numbers, encoding, distribution, floors));
                    }
                    graph::Node::Product { .. } => return Err(lost()),
                }
            }
            Slot::Controls(index) => {
                let this = circuits.moves.get(*index).ok_or_else(lost)?;
                let members: BTreeMap<usize, usize> = plan
                    .members(this.kind)
                    .enumerate()
                    .map(|(i, v)| (v, i))
                    .collect();
                let of = |id: &usize| {
                    let source = sources.get(*id).copied().flatten();
                    match source.and_then(|id| spn.nodes().get(id)) {
                        Some(graph::Node::Leaf { variable, .. }) => members.get(variable).copied(),
                        _ => None,
                    }
                };
                let map: Option<Vec<usize>> = this.leaves.iter().map(of).collect();
                words.extend(pack(&this.network.controls(&map.ok_or_else(lost)?)?));
            }
        }
    }
    Ok(words)
}

/// Logarithms of weights.
fn weights(numbers: &Numbers, scale: Scale, weights: &[f64], floors: &mut Floors) -> Vec<u64> {
    let weights = weights.iter().map(|weight| {
        let (log2, least) = (weight.log2(), -f64::from(scale.floor));
        if matches!(numbers, Numbers::Fixed(_)) && log2 < least {
            floors.weights += 1;
            return numbers.arithmetic().encode(least);
        }
        numbers.arithmetic().encode(log2)
    });
    weights.collect()
}

/// Bits in words as [`cut`] has them.
fn pack(bits: &[bool]) -> Vec<u64> {
    let words = bits.chunks(MAX_WORD_BITS).zip(cut(bits.len()));
    let pack = |bits: &[bool]| {
        let bits = bits.iter().enumerate();
        bits.fold(0, |word, (i, bit)| word | u64::from(*bit) << i)
    };
    words.map(|(bits, _)| pack(bits)).collect()
}

impl Planned {
    /// What is public.
    #[must_use]
    pub const fn plan(&self) -> &GarbledPlan {
        &self.plan
    }

    /// AND gates a row.
    #[must_use]
    pub const fn cost(&self) -> &Cost {
        &self.circuits.cost
    }

    /// The program.
    #[must_use]
    pub const fn program(&self) -> &Program {
        &self.circuits.program
    }

    /// What planning changed; nothing in floating point.
    #[must_use]
    pub const fn floors(&self) -> Floors {
        self.floors
    }

    /// What the protocol opens, computed in the clear: log-likelihoods of rows.
    ///
    /// # Errors
    /// [`crate::spn::RowError`] for the first row that does not fit.
    pub fn evaluate<R: AsRef<[Evidence]>>(&self, rows: &[R]) -> Result<Answer, Error> {
        let encoded = rows
            .iter()
            .enumerate()
            .map(|(r, row)| rows::encode(&self.plan, &self.circuits, r, row.as_ref()))
            .collect::<Result<Vec<Row>, _>>()?;
        let inputs: Vec<u64> = encoded
            .iter()
            .flat_map(|row| row.words.iter().copied())
            .collect();
        let opened =
            self.circuits
                .program
                .evaluate_rows(&self.constants, &[], &inputs, encoded.len())?;
        Ok(rows::answer(&self.circuits, &encoded, &opened))
    }
}
