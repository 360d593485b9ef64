//! One walk over a plan for both its readers: the integers of the twin, and the circuits of the protocol. So they agree by
//! construction in everything but the operations themselves.

use super::plan::{Classes, Plan, PlanNode, Shape};
use super::query::QueryKind;
use crate::Error;

/// What values are and how they are computed.
pub(super) trait Algebra {
    /// A log2-likelihood.
    type Word: Copy;
    /// A decision.
    type Bit: Copy;

    /// A leaf group's value in one of the query's evaluations.
    fn leaves(&mut self, copy: usize, group: usize) -> Result<Self::Word, Error>;
    /// A product of two.
    fn add(&mut self, a: Self::Word, b: Self::Word) -> Result<Self::Word, Error>;
    /// Adds a baked constant.
    fn bake(&mut self, a: Self::Word, constant: usize) -> Result<Self::Word, Error>;
    /// A sum of two.
    fn log_sum(&mut self, a: Self::Word, b: Self::Word) -> Result<Self::Word, Error>;
    /// The larger, and whether it is the second and greater.
    fn max(&mut self, a: Self::Word, b: Self::Word) -> Result<(Self::Word, Self::Bit), Error>;
    /// Of an active node's two children the active one: `[active and not second, active and second]`; `None` is always active.
    fn split(
        &mut self,
        active: Option<Self::Bit>,
        second: Self::Bit,
    ) -> Result<[Self::Bit; 2], Error>;
    /// Of two, at most one of which is set, whether one is.
    fn either(&mut self, a: Self::Bit, b: Self::Bit) -> Result<Self::Bit, Error>;
}

/// The values that a query ends in.
pub(super) enum Ends<W, B> {
    /// The root's value in every evaluation.
    Roots(Vec<W>),
    /// A value a class.
    Classes(Vec<W>),
    /// Which leaf groups are active: `None` always.
    Active(Vec<Option<B>>),
}

/// The order in which `n` operands meet: pairs of neighbours, level by level. Operand `i` has number `i`, the result of pair `i` number `n + i`.
pub(super) fn tournament(n: usize) -> Vec<(usize, usize)> {
    let mut pairs = Vec::with_capacity(n.saturating_sub(1));
    let mut level: Vec<usize> = (0..n).collect();
    while level.len() > 1 {
        let next = level.chunks(2).map(|pair| match *pair {
            [a, b] => {
                pairs.push((a, b));
                n + pairs.len() - 1
            }
            _ => pair.first().copied().unwrap_or(0),
        });
        level = next.collect();
    }
    pairs
}

/// Evaluates a plan for a query.
pub(super) fn evaluate<A: Algebra>(
    plan: &Plan,
    shape: &Shape,
    kind: QueryKind,
    algebra: &mut A,
) -> Result<Ends<A::Word, A::Bit>, Error> {
    let mut walk = Walk {
        plan,
        shape,
        algebra,
        values: Vec::with_capacity(plan.nodes.len()),
        baked: first_baked(plan, shape),
    };
    match kind {
        QueryKind::Likelihood | QueryKind::Conditional => {
            let copies = 0..plan.copies(kind);
            Ok(Ends::Roots(
                copies
                    .map(|copy| walk.root(copy))
                    .collect::<Result<_, _>>()?,
            ))
        }
        QueryKind::Class => match plan.classes {
            None => Err(Error::Plan("the network has no classes".into())),
            Some(Classes::Roots) => Ok(Ends::Classes(walk.classes()?)),
            Some(Classes::Variable(_)) => {
                let copies = 0..plan.copies(kind);
                Ok(Ends::Classes(
                    copies
                        .map(|copy| walk.root(copy))
                        .collect::<Result<_, _>>()?,
                ))
            }
        },
        QueryKind::Mpe => Ok(Ends::Active(walk.active()?)),
    }
}

/// The number of each node's first baked constant.
fn first_baked(plan: &Plan, shape: &Shape) -> Vec<usize> {
    let mut count = 0;
    let firsts = plan.nodes.iter().map(|node| {
        let first = count;
        if let PlanNode::Sum { children } = node {
            count += children.iter().filter(|c| !shape.absorbs(**c)).count();
        }
        first
    });
    firsts.collect()
}

/// Which leaf groups take part in every induced tree: those below products alone.
pub(super) fn always_active(plan: &Plan, shape: &Shape) -> Vec<bool> {
    let mut active = vec![false; plan.nodes.len()];
    if let Some(root) = active.last_mut() {
        *root = true;
    }
    let mut groups = vec![false; shape.groups];
    for (id, node) in plan.nodes.iter().enumerate().rev() {
        if !active.get(id).copied().unwrap_or(false) {
            continue;
        }
        if let Some(group) = shape.group_of(id).and_then(|group| groups.get_mut(group)) {
            *group = true;
        }
        if let PlanNode::Product { children, .. } = node {
            for child in children {
                if let Some(child) = active.get_mut(*child as usize) {
                    *child = true;
                }
            }
        }
    }
    groups
}

struct Walk<'a, A: Algebra> {
    plan: &'a Plan,
    shape: &'a Shape,
    algebra: &'a mut A,
    /// Of the nodes so far.
    values: Vec<A::Word>,
    baked: Vec<usize>,
}

#[expect(
    clippy::indexing_slicing,
    reason = "a checked plan: children come before parents"
)]
impl<A: Algebra> Walk<'_, A> {
    /// A sum's weighted children.
    fn operands(&mut self, id: usize, children: &[u32]) -> Result<Vec<A::Word>, Error> {
        let mut constant = self.baked[id];
        let mut operands = Vec::with_capacity(children.len());
        for child in children {
            let value = self.values[*child as usize];
            operands.push(if self.shape.absorbs(*child) {
                value
            } else {
                constant += 1;
                self.algebra.bake(value, constant - 1)?
            });
        }
        Ok(operands)
    }

    /// Joins operands two by two.
    fn join(
        &mut self,
        mut operands: Vec<A::Word>,
        mut meet: impl FnMut(&mut A, A::Word, A::Word) -> Result<A::Word, Error>,
    ) -> Result<A::Word, Error> {
        for (a, b) in tournament(operands.len()) {
            let result = meet(self.algebra, operands[a], operands[b])?;
            operands.push(result);
        }
        operands
            .pop()
            .ok_or_else(|| Error::Plan("a node without operands".into()))
    }

    /// Values of the first `count` nodes; `sum` joins a sum's weighted children.
    fn up(
        &mut self,
        copy: usize,
        count: usize,
        mut sum: impl FnMut(&mut Self, Vec<A::Word>) -> Result<A::Word, Error>,
    ) -> Result<(), Error> {
        self.values.clear();
        for (id, node) in self.plan.nodes.iter().enumerate().take(count) {
            let value = match node {
                PlanNode::Sum { children } => {
                    let operands = self.operands(id, children)?;
                    sum(self, operands)?
                }
                PlanNode::Leaves | PlanNode::Product { .. } => {
                    let mut factors = Vec::with_capacity(node.children().len() + 1);
                    if let Some(group) = self.shape.group_of(id) {
                        factors.push(self.algebra.leaves(copy, group)?);
                    }
                    factors.extend(node.children().iter().map(|c| self.values[*c as usize]));
                    self.join(factors, A::add)?
                }
            };
            self.values.push(value);
        }
        Ok(())
    }

    fn root(&mut self, copy: usize) -> Result<A::Word, Error> {
        self.up(copy, self.plan.nodes.len(), |walk, operands| {
            walk.join(operands, A::log_sum)
        })?;
        let root = self.values.last().copied();
        root.ok_or_else(|| Error::Plan("no nodes".into()))
    }

    /// The weighted children of the root.
    fn classes(&mut self) -> Result<Vec<A::Word>, Error> {
        let last = self.plan.nodes.len() - 1;
        self.up(0, last, |walk, operands| walk.join(operands, A::log_sum))?;
        self.operands(last, self.plan.nodes[last].children())
    }

    /// Up with maxima, then down along them.
    fn active(&mut self) -> Result<Vec<Option<A::Bit>>, Error> {
        // Decisions of all sums, in order.
        let mut decisions = Vec::with_capacity(self.shape.log_sums);
        self.up(0, self.plan.nodes.len(), |walk, operands| {
            walk.join(operands, |algebra, a, b| {
                let (larger, second) = algebra.max(a, b)?;
                decisions.push(second);
                Ok(larger)
            })
        })?;
        let nodes = &self.plan.nodes;
        // `None`: nobody has said; `Some(None)`: always active.
        let mut active: Vec<Option<Option<A::Bit>>> = vec![None; nodes.len()];
        if let Some(root) = active.last_mut() {
            *root = Some(None);
        }
        let mut groups = vec![None; self.shape.groups];
        for (id, node) in nodes.iter().enumerate().rev() {
            // Every node is read by a later one.
            let own = active[id].unwrap_or(None);
            if let Some(group) = self.shape.group_of(id) {
                groups[group] = own;
            }
            if let PlanNode::Sum { children } = node {
                let pairs = tournament(children.len());
                let mut tree: Vec<Option<A::Bit>> = vec![None; children.len() + pairs.len()];
                if let Some(top) = tree.last_mut() {
                    *top = own;
                }
                for (i, (a, b)) in pairs.iter().enumerate().rev() {
                    let second = decisions
                        .pop()
                        .ok_or_else(|| Error::Plan("a sum without decisions".into()))?;
                    let [first, second] = self.algebra.split(tree[children.len() + i], second)?;
                    (tree[*a], tree[*b]) = (Some(first), Some(second));
                }
                for (child, bit) in children.iter().zip(tree) {
                    self.activate(&mut active, *child, bit)?;
                }
            } else {
                for child in node.children() {
                    self.activate(&mut active, *child, own)?;
                }
            }
        }
        Ok(groups)
    }

    fn activate(
        &mut self,
        active: &mut [Option<Option<A::Bit>>],
        child: u32,
        bit: Option<A::Bit>,
    ) -> Result<(), Error> {
        let slot = &mut active[child as usize];
        *slot = Some(match (*slot, bit) {
            (None, bit) => bit,
            // By decomposability at most one edge to a node is active.
            (Some(Some(other)), Some(bit)) => Some(self.algebra.either(other, bit)?),
            (Some(_), _) => {
                return Err(Error::Plan(format!(
                    "node {child} is read twice below products alone"
                )));
            }
        });
        Ok(())
    }
}
