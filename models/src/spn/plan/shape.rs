//! What follows from a plan: the rules that both parties apply to it, and the checks of a plan from elsewhere.
//!
//! **Where weights go.** A sum adds the logarithm of a weight to each child's value. Where that sum is a child's only reader,
//! the constant moves into the child instead: into a leaf group's constant, where it costs nothing; of a product into its leaf group, else into the first
//! child that takes it; of a sum into all its children, which add a constant anyway. What no child takes is *baked*: an adder of a known
//! constant on that edge. In a tree nothing is baked.
//!
//! **How large values get.** Every leaf is in `[-floor, 0]` and every weight too, in log2. A value of a node is made of one child of each sum and all
//! children of each product below it: in this *induced tree* every variable occurs at most once, since children of products share
//! none, and `s` sums, each adding one weight. So all values, those with weights of sums above in them too, lie within
//! `floor (variables + s)` below zero, with `s` the greatest number of sums of an induced tree from the root, which the plan shows.
//! With Gaussian or Poisson leaves a leaf group may be far lower: its share is wider, and a circuit raises it to `-2^g` if it
//! is below; then a tree's leaf groups count instead of its variables. Rounding and tables add a few units an operation.

use super::{
    Classes, MAX_COEFFICIENT_BITS, MAX_EDGES, MAX_NODES, MAX_SHARE_BITS, MAX_STATISTICS, MAX_WIDTH,
    Plan, PlanNode, VariablePlan,
};
use crate::Error;
use crate::nn::plan::PROTOCOL_VERSION;
use crate::spn::statistics::{Encoding, LARGEST, Scale};

/// The least width of a word.
const MIN_WIDTH: u32 = 26;

/// Units of the last place that one operation or leaf may add in error: at 16 fraction bits a table at most seventeen, with 4 guard bits a leaf half a unit of `2^-guard` times the largest digit
/// for each of its digits.
pub(crate) const UNITS: u64 = 24;

/// What follows from a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Leaf groups: rows of the secret matrix.
    pub groups: usize,
    /// Statistics of a row: its columns.
    pub statistics: usize,
    /// The leaf group of each node that has one.
    pub(crate) group: Vec<Option<usize>>,
    /// Edges to each node.
    pub(crate) uses: Vec<usize>,
    /// Whether a node takes a constant from its only reader.
    pub(crate) absorbs: Vec<bool>,
    /// Constants that are added by circuits, numbered sum after sum.
    pub baked: usize,
    /// Two-input sums.
    pub log_sums: usize,
    /// Widths of words.
    pub widths: Widths,
    /// The first entry of each variable's block of statistics.
    pub(crate) blocks: Vec<usize>,
}

/// Widths of words, in bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Widths {
    /// Of log2-likelihoods, signed, with [`Scale::fraction`] fraction bits.
    pub word: u32,
    /// Of a leaf group before rounding, modulo which it is shared (with two bits more).
    pub share: u32,
    /// A leaf group below `-2^g` counts as that; `None` where none can be.
    pub floor: Option<u32>,
    /// No coefficient of the matrix is larger.
    pub coefficient: u64,
    /// No statistic is larger.
    pub statistic: u32,
}

fn fail<T>(detail: impl Into<String>) -> Result<T, Error> {
    Err(Error::Plan(detail.into()))
}

/// Bits of a signed word for values in `(-bound, bound)`.
const fn signed_bits(bound: u64) -> u32 {
    u64::BITS - bound.leading_zeros() + 1
}

impl Plan {
    /// Checks a plan, wherever it comes from, and derives what follows.
    ///
    /// # Errors
    /// [`Error::Plan`] names the first rule that is broken.
    pub fn check(&self) -> Result<Shape, Error> {
        if self.version != PROTOCOL_VERSION {
            return fail(format!(
                "version {}, this program speaks {PROTOCOL_VERSION}",
                self.version
            ));
        }
        let names = self
            .variables
            .iter()
            .map(|v| v.name.as_str())
            .chain([self.model.as_str()]);
        let printable = |name: &&str| name.len() <= 256 && !name.chars().any(char::is_control);
        if let Some(name) = names.into_iter().find(|name| !printable(name)) {
            return fail(format!("unprintable name \"{}\"", name.escape_debug()));
        }
        self.check_scale()?;
        let (blocks, statistics) = self.check_variables()?;
        let mut shape = self.check_nodes()?;
        shape.blocks = blocks;
        shape.statistics = statistics;
        self.check_classes()?;
        shape.widths = self.widths(&shape)?;
        self.exact_spec(&shape).check()?;
        self.log_sum(shape.widths)?;
        Ok(shape)
    }

    fn is_wide(&self) -> bool {
        self.variables.iter().any(|v| v.encoding.is_wide())
    }

    fn check_scale(&self) -> Result<(), Error> {
        let Scale {
            fraction,
            guard,
            floor,
            ratio_bits,
        } = self.scale;
        if (8..=20).contains(&fraction)
            && guard <= 8
            && (16..=1024).contains(&floor)
            && (3..=12).contains(&ratio_bits)
        {
            return Ok(());
        }
        fail(format!(
            "fixed point with {fraction} and {guard} bits, floor 2^-{floor}, deviations from 2^-{ratio_bits} of a range"
        ))
    }

    fn check_variables(&self) -> Result<(Vec<usize>, usize), Error> {
        let mut blocks = Vec::new();
        let mut statistics = 0usize;
        for VariablePlan { name, encoding } in &self.variables {
            if let Err(why) = encoding.check() {
                return fail(format!("variable {name}: {why}"));
            }
            blocks.push(statistics);
            statistics += encoding.entries(self.scale);
            if statistics > MAX_STATISTICS {
                return fail(format!("more than {MAX_STATISTICS} statistics a row"));
            }
        }
        if statistics == 0 {
            return fail("no statistics");
        }
        Ok((blocks, statistics))
    }

    fn check_classes(&self) -> Result<(), Error> {
        match self.classes {
            None => Ok(()),
            Some(Classes::Roots) if matches!(self.nodes.last(), Some(PlanNode::Sum { .. })) => {
                Ok(())
            }
            Some(Classes::Variable(_)) if self.class_count() >= 1 => Ok(()),
            Some(classes) => fail(format!(
                "classes {classes:?}: no such sum or categorical variable"
            )),
        }
    }

    fn check_nodes(&self) -> Result<Shape, Error> {
        let nodes = &self.nodes;
        if nodes.is_empty() || nodes.len() > MAX_NODES {
            return fail(format!("{} nodes, 1 to {MAX_NODES} are taken", nodes.len()));
        }
        let edges: usize = nodes.iter().map(|n| n.children().len()).sum();
        if edges > MAX_EDGES {
            return fail(format!("{edges} edges, at most {MAX_EDGES} are taken"));
        }
        let mut shape = Shape {
            groups: 0,
            statistics: 0,
            group: Vec::with_capacity(nodes.len()),
            uses: vec![0; nodes.len()],
            absorbs: Vec::with_capacity(nodes.len()),
            baked: 0,
            log_sums: 0,
            widths: Widths {
                word: 0,
                share: 0,
                floor: None,
                coefficient: 0,
                statistic: 0,
            },
            blocks: Vec::new(),
        };
        for (id, node) in nodes.iter().enumerate() {
            let factors = node.children().len() + usize::from(node.has_leaves());
            if !matches!(node, PlanNode::Leaves) && factors < 2 {
                return fail(format!("node {id} has {factors} operands"));
            }
            for child in node.children() {
                match shape.uses.get_mut(*child as usize) {
                    Some(uses) if (*child as usize) < id => *uses += 1,
                    _ => {
                        return fail(format!(
                            "node {id} reads node {child}, which does not come before it"
                        ));
                    }
                }
            }
            shape.group.push(node.has_leaves().then_some(shape.groups));
            shape.groups += usize::from(node.has_leaves());
            if let PlanNode::Sum { children } = node {
                shape.log_sums += children.len() - 1;
            }
        }
        let dangling = shape
            .uses
            .iter()
            .take(nodes.len() - 1)
            .position(|uses| *uses == 0);
        if let Some(id) = dangling {
            return fail(format!("nobody reads node {id}"));
        }
        for node in nodes {
            // Of a node's own: whether it could take a constant; then whether its reader may leave one there.
            let takes = match node {
                PlanNode::Leaves
                | PlanNode::Product { leaves: true, .. }
                | PlanNode::Sum { .. } => true,
                PlanNode::Product { children, .. } => children.iter().any(|c| shape.absorbs(*c)),
            };
            let id = shape.absorbs.len();
            let alone = shape.uses.get(id).is_some_and(|uses| *uses == 1);
            shape.absorbs.push(takes && alone);
        }
        let sums = nodes.iter().filter(|n| matches!(n, PlanNode::Sum { .. }));
        shape.baked = sums
            .flat_map(PlanNode::children)
            .filter(|c| !shape.absorbs(**c))
            .count();
        Ok(shape)
    }

    /// The greatest total over an induced tree of `group` a leaf group and `sum` a sum, from the root.
    fn heaviest(&self, group: u64, sum: u64) -> u64 {
        let mut heights: Vec<u64> = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            let below = node
                .children()
                .iter()
                .filter_map(|c| heights.get(*c as usize).copied());
            heights.push(match node {
                PlanNode::Leaves => group,
                PlanNode::Product { leaves, .. } => {
                    below.fold(if *leaves { group } else { 0 }, u64::saturating_add)
                }
                PlanNode::Sum { .. } => below.max().unwrap_or(0).saturating_add(sum),
            });
        }
        heights.last().copied().unwrap_or(0)
    }

    fn widths(&self, shape: &Shape) -> Result<Widths, Error> {
        let scale = self.scale;
        let one = 1u64 << scale.fraction;
        let floor = u64::from(scale.floor);
        let used = |e: &&Encoding| !matches!(e, Encoding::Unused);
        let encodings = || self.variables.iter().map(|v| &v.encoding);
        let variables = encodings().filter(used).count() as u64;
        let sums = self.heaviest(0, 1);
        // Beyond 16 fraction bits a table's error is that of 16, in smaller units; with few guard bits a wide leaf's digits round in larger ones.
        let rounding = if self.is_wide() {
            4u32.saturating_sub(scale.guard)
        } else {
            0
        };
        let units = UNITS << scale.fraction.saturating_sub(16).max(rounding);
        let slack = units * (self.nodes.len() as u64 + shape.log_sums as u64 + variables);
        let lowest = floor.saturating_mul(variables.saturating_add(sums));
        let coefficient = encodings()
            .map(|e| e.largest_coefficient(scale))
            .max()
            .unwrap_or(0);
        let word = |lowest: u64| {
            let reach = lowest.saturating_mul(one).saturating_add(2 * slack);
            signed_bits(reach).max(MIN_WIDTH)
        };
        let too_long = |what: &str, bits: u32, most: u32| {
            fail(format!(
                "{what} of {bits} bits, at most {most} are taken: {variables} variables of range 2^-{floor}, {sums} sums in a tree"
            ))
        };
        let widths = if self.is_wide() {
            // Two to this, in log2, is below what a leaf group is worth, unless it is negligible.
            let g = scale.fraction + u64::BITS - (floor * variables).leading_zeros();
            let word = word(self.heaviest(1 << (g - scale.fraction).min(40), floor));
            let depth: f64 = encodings().map(|e| e.depth(scale)).sum();
            let reach = (depth.ceil() as u64).saturating_add(floor.saturating_mul(sums));
            let reach = reach
                .saturating_mul(one << scale.guard)
                .saturating_add(slack << scale.guard);
            Widths {
                word,
                share: signed_bits(reach).max(word + scale.guard),
                floor: Some(g),
                coefficient,
                statistic: LARGEST,
            }
        } else {
            let word = word(lowest);
            Widths {
                word,
                share: word + scale.guard,
                floor: None,
                coefficient,
                statistic: 1,
            }
        };
        if coefficient >> MAX_COEFFICIENT_BITS != 0 {
            return fail(format!(
                "coefficients up to {coefficient}, of {MAX_COEFFICIENT_BITS} bits at most"
            ));
        }
        if widths.word > MAX_WIDTH {
            return too_long("values", widths.word, MAX_WIDTH);
        }
        if widths.share > MAX_SHARE_BITS {
            return too_long("shares", widths.share, MAX_SHARE_BITS);
        }
        Ok(widths)
    }
}

impl Shape {
    /// Whether a node takes a constant from its only reader.
    pub(crate) fn absorbs(&self, node: u32) -> bool {
        self.absorbs.get(node as usize).copied().unwrap_or(false)
    }

    /// A node's leaf group.
    pub(crate) fn group_of(&self, node: usize) -> Option<usize> {
        self.group.get(node).copied().flatten()
    }
}
