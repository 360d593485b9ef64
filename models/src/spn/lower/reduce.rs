//! The network as the plan shows it: linear nodes gone into leaf groups, nodes of one child gone.

use crate::spn::graph::{Node, NodeId, Spn};
use crate::spn::plan::PlanNode;
use crate::spn::statistics::Floors;

/// Sums that read a leaf group up to which each has its own copy: an adder is needed either way.
const COPIES: usize = 3;

/// A network reduced to what the plan shows, with its weights and leaves.
#[derive(Default)]
pub(super) struct Reduced {
    pub(super) nodes: Vec<PlanNode>,
    /// log2-weights of each sum, else empty.
    pub(super) weights: Vec<Vec<f64>>,
    /// Leaves of each leaf group.
    pub(super) groups: Vec<Vec<NodeId>>,
}

impl Reduced {
    fn push(&mut self, node: PlanNode, weights: Vec<f64>, leaves: Vec<NodeId>) -> u32 {
        if node.has_leaves() {
            self.groups.push(leaves);
        }
        self.nodes.push(node);
        self.weights.push(weights);
        self.nodes.len() as u32 - 1
    }
}

/// The network without what the plan does not show.
#[expect(
    clippy::indexing_slicing,
    reason = "node numbers of a checked network, children before parents"
)]
pub(super) fn reduce(spn: &Spn, floor: u32, floors: &mut Floors) -> Reduced {
    let nodes = spn.nodes();
    // What stands for a node: of one child, that child.
    let mut alias: Vec<NodeId> = Vec::with_capacity(nodes.len());
    let mut linear = vec![false; nodes.len()];
    for (id, node) in nodes.iter().enumerate() {
        alias.push(match node.children() {
            [child] => alias[*child],
            _ => id,
        });
        linear[id] = match node {
            Node::Leaf { .. } => true,
            Node::Product { children } => children.iter().all(|c| linear[alias[*c]]),
            Node::Sum { .. } => false,
        };
    }
    let roots: Vec<NodeId> = spn.roots().iter().map(|r| alias[*r]).collect();
    // Edges from sums, and from products, that remain.
    let (mut of_sums, mut of_products) = (vec![0usize; nodes.len()], vec![0usize; nodes.len()]);
    let mut reached = vec![false; nodes.len()];
    for root in &roots {
        reached[*root] = true;
        of_sums[*root] += usize::from(roots.len() > 1);
    }
    for (id, node) in nodes.iter().enumerate().rev() {
        if !reached[id] || linear[id] {
            continue;
        }
        for child in node.children().iter().map(|c| alias[*c]) {
            reached[child] |= !linear[child];
            match node {
                Node::Sum { .. } => of_sums[child] += 1,
                _ => of_products[child] += 1,
            }
        }
    }
    let is_inner = |id: NodeId| {
        of_products[id] == 1
            && of_sums[id] == 0
            && !linear[id]
            && matches!(nodes[id], Node::Product { .. })
    };
    let mut reduced = Reduced::default();
    let mut made: Vec<Option<u32>> = vec![None; nodes.len()];
    let lone_root = (roots.len() == 1).then(|| roots[0]);
    for (id, node) in nodes.iter().enumerate() {
        if alias[id] != id {
            continue;
        }
        if linear[id] {
            if of_sums[id] > COPIES || lone_root == Some(id) {
                made[id] = Some(reduced.push(
                    PlanNode::Leaves,
                    Vec::new(),
                    factors(nodes, &alias, &linear, id, |_| true).0,
                ));
            }
            continue;
        }
        if !reached[id] || is_inner(id) {
            continue;
        }
        made[id] = Some(match node {
            Node::Sum { children, weights } => {
                let weights = weights
                    .iter()
                    .map(|w| log2_weight(*w, floor, floors))
                    .collect();
                let children = children
                    .iter()
                    .map(|c| operand(&mut reduced, &made, nodes, &alias, &linear, alias[*c]));
                let children = children.collect();
                reduced.push(PlanNode::Sum { children }, weights, Vec::new())
            }
            _ => {
                let (leaves, children) = factors(nodes, &alias, &linear, id, is_inner);
                let children = children.into_iter().filter_map(|c| made[c]).collect();
                let node = PlanNode::Product {
                    children,
                    leaves: !leaves.is_empty(),
                };
                reduced.push(node, Vec::new(), leaves)
            }
        });
    }
    if roots.len() > 1 {
        let weights = spn
            .prior()
            .iter()
            .map(|w| log2_weight(*w, floor, floors))
            .collect();
        let children = roots
            .iter()
            .map(|r| operand(&mut reduced, &made, nodes, &alias, &linear, *r));
        let children = children.collect();
        reduced.push(PlanNode::Sum { children }, weights, Vec::new());
    }
    reduced
}

fn log2_weight(weight: f64, floor: u32, floors: &mut Floors) -> f64 {
    let (log2, least) = (weight.log2(), -f64::from(floor));
    floors.weights += usize::from(log2 < least);
    log2.max(least)
}

/// The plan's node for a sum's child, a new leaf group if it is linear and read by few.
#[expect(clippy::indexing_slicing, reason = "node numbers of a checked network")]
fn operand(
    reduced: &mut Reduced,
    made: &[Option<u32>],
    nodes: &[Node],
    alias: &[NodeId],
    linear: &[bool],
    child: NodeId,
) -> u32 {
    made[child].unwrap_or_else(|| {
        let (leaves, _) = factors(nodes, alias, linear, child, |_| true);
        reduced.push(PlanNode::Leaves, Vec::new(), leaves)
    })
}

/// The leaves below a product by linear nodes and by those products that belong to it, and its other factors.
#[expect(clippy::indexing_slicing, reason = "node numbers of a checked network")]
fn factors(
    nodes: &[Node],
    alias: &[NodeId],
    linear: &[bool],
    top: NodeId,
    is_inner: impl Fn(NodeId) -> bool,
) -> (Vec<NodeId>, Vec<NodeId>) {
    let (mut leaves, mut others) = (Vec::new(), Vec::new());
    let mut open = vec![top];
    while let Some(id) = open.pop() {
        match &nodes[id] {
            Node::Leaf { .. } => leaves.push(id),
            node if id == top || linear[id] || is_inner(id) => {
                open.extend(node.children().iter().rev().map(|c| alias[*c]));
            }
            _ => others.push(id),
        }
    }
    (leaves, others)
}
