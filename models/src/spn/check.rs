//! [`Spn::new`]: the checks that make a list of nodes a network.
//!
//! Everything is iterative: networks may be as deep as they have nodes. Scopes are sorted lists of variables, each distinct one kept
//! once, so that equality of scopes is equality of indices.

use std::collections::HashMap;
use std::rc::Rc;

use super::error::{Problem, SpnError};
use super::graph::{MAX_EDGES, MAX_NODES, MAX_VARIABLES, Node, NodeId, Spn, Variable};
use super::support::{self, Support};

mod distribution;

pub(super) use distribution::integral;

/// Sums of probabilities may differ from one by this much.
pub const TOLERANCE: f64 = 1e-6;
/// Sums this close to one are kept as they are; others are divided by their sum.
pub const EXACT: f64 = 1e-9;
/// The most variables in all distinct scopes together, which bounds the memory of the checks.
const MAX_SCOPES: usize = 1 << 27;

impl Spn {
    /// A network from nodes in any order, checked.
    ///
    /// Nodes that no root reaches are dropped, the others sorted (children first) and numbered anew. Weights, probabilities, priors and
    /// histograms must add up to one within 1e-6; beyond 1e-9 they are divided by their sum. An empty `prior` means equal classes.
    ///
    /// # Errors
    /// [`SpnError`], which names the node by its index in `nodes`.
    pub fn new(
        variables: Vec<Variable>,
        nodes: Vec<Node>,
        roots: Vec<NodeId>,
        prior: Vec<f64>,
        class: Option<usize>,
    ) -> Result<Self, SpnError> {
        bound("variables", variables.len(), MAX_VARIABLES)?;
        bound("nodes", nodes.len(), MAX_NODES)?;
        bound(
            "edges",
            nodes.iter().map(|node| node.children().len()).sum(),
            MAX_EDGES,
        )?;
        let prior = check_prior(prior, roots.len())?;
        let order = sort(&nodes, &roots)?;
        let mut nodes: Vec<Option<Node>> = nodes.into_iter().map(Some).collect();
        let mut sorted = Vec::with_capacity(order.len());
        let mut index = vec![usize::MAX; nodes.len()];
        for &id in &order {
            // Each node is in the order once, after its children.
            let Some(mut node) = nodes.get_mut(id).and_then(Option::take) else {
                continue;
            };
            check_node(&mut node, variables.len()).map_err(|problem| problem.at(id))?;
            if let Node::Sum { children, .. } | Node::Product { children } = &mut node {
                for child in children {
                    *child = index.get(*child).copied().unwrap_or(usize::MAX);
                }
            }
            if let Some(index) = index.get_mut(id) {
                *index = sorted.len();
            }
            sorted.push(node);
        }
        let given = |error: SpnError| at_given(error, &order);
        check_scopes(&sorted, &roots, &index, &order)?;
        let supports = support::of(variables.len(), &sorted).map_err(given)?;
        check_class(class, &supports, roots.len())?;
        let roots = roots
            .iter()
            .filter_map(|&root| index.get(root).copied())
            .collect();
        Ok(Self {
            variables,
            nodes: sorted,
            roots,
            prior,
            class,
        })
    }
}

impl Spn {
    /// The same network with another class variable, or none.
    ///
    /// # Errors
    /// [`SpnError::Class`] if it cannot be one.
    pub fn with_class(self, class: Option<usize>) -> Result<Self, SpnError> {
        check_class(class, &self.supports(), self.roots.len())?;
        Ok(Self { class, ..self })
    }
}

/// The error with the node's index as it was given.
fn at_given(error: SpnError, order: &[NodeId]) -> SpnError {
    match error {
        SpnError::Node {
            node,
            name,
            problem,
        } => SpnError::Node {
            node: order.get(node).copied().unwrap_or(node),
            name,
            problem,
        },
        other => other,
    }
}

const fn bound(what: &'static str, got: usize, limit: usize) -> Result<(), SpnError> {
    if got > limit {
        return Err(SpnError::TooLarge { what, got, limit });
    }
    Ok(())
}

fn check_prior(mut prior: Vec<f64>, roots: usize) -> Result<Vec<f64>, SpnError> {
    if roots == 0 {
        return Err(SpnError::NoRoot);
    }
    if prior.is_empty() {
        prior = vec![1.0 / roots as f64; roots];
    }
    let sum = match prior.iter().all(|&p| p.is_finite() && p >= 0.0) {
        true => prior.iter().sum(),
        false => f64::NAN,
    };
    if prior.len() != roots || !normalise(&mut prior, sum) {
        return Err(SpnError::Prior {
            entries: prior.len(),
            sum,
            roots,
        });
    }
    Ok(prior)
}

/// Divides by the sum if it is not one but nearly. `false` if it is too far from one.
fn normalise(values: &mut [f64], sum: f64) -> bool {
    let off = (sum - 1.0).abs();
    if off > EXACT && off <= TOLERANCE {
        values.iter_mut().for_each(|value| *value /= sum);
    }
    off <= TOLERANCE
}

/// The nodes below the roots, children first: depth first, children in their order.
fn sort(nodes: &[Node], roots: &[NodeId]) -> Result<Vec<NodeId>, SpnError> {
    #[derive(Clone, Copy, PartialEq)]
    enum State {
        New,
        Open,
        Done,
    }
    let mut state = vec![State::New; nodes.len()];
    let mut order = Vec::new();
    // A node and how many of its children have been visited.
    let mut path: Vec<(NodeId, usize)> = Vec::new();
    for &root in roots {
        match state.get(root) {
            None => {
                return Err(SpnError::MissingRoot {
                    root,
                    nodes: nodes.len(),
                });
            }
            Some(State::New) => path.push((root, 0)),
            Some(_) => {}
        }
        while let Some((id, visited)) = path.last_mut() {
            let id = *id;
            let (Some(node), Some(mark)) = (nodes.get(id), state.get_mut(id)) else {
                break;
            };
            let Some(&child) = node.children().get(*visited) else {
                *mark = State::Done;
                order.push(id);
                path.pop();
                continue;
            };
            *mark = State::Open;
            *visited += 1;
            match state.get(child) {
                None => return Err(Problem::MissingChild(child, nodes.len()).at(id)),
                Some(State::New) => path.push((child, 0)),
                Some(State::Open) => return Err(Problem::Cycle.at(child)),
                Some(State::Done) => {}
            }
        }
    }
    Ok(order)
}

fn check_node(node: &mut Node, variables: usize) -> Result<(), Problem> {
    match node {
        Node::Sum { children, weights } => {
            if children.is_empty() {
                return Err(Problem::NoChildren);
            }
            if weights.len() != children.len() {
                return Err(Problem::WeightCount(weights.len(), children.len()));
            }
            let wrong = |weight: &f64| !weight.is_finite() || *weight < 0.0;
            if let Some((k, &weight)) = weights.iter().enumerate().find(|(_, w)| wrong(w)) {
                return Err(Problem::Weight(k, weight));
            }
            let sum = weights.iter().sum();
            match normalise(weights, sum) {
                true => Ok(()),
                false => Err(Problem::Unnormalised(sum)),
            }
        }
        Node::Product { children } => match children.is_empty() {
            true => Err(Problem::NoChildren),
            false => Ok(()),
        },
        Node::Leaf {
            variable,
            distribution,
        } => {
            if *variable >= variables {
                return Err(Problem::Variable(*variable, variables));
            }
            distribution::check(distribution)
        }
    }
}

/// Each distinct scope once: sorted variables.
#[derive(Default)]
struct Scopes {
    all: Vec<Rc<[u32]>>,
    index: HashMap<Rc<[u32]>, usize>,
    entries: usize,
}

impl Scopes {
    fn get(&self, scope: usize) -> &[u32] {
        self.all.get(scope).map_or(&[], |scope| scope)
    }

    fn intern(&mut self, scope: Vec<u32>) -> Result<usize, SpnError> {
        if let Some(&known) = self.index.get(scope.as_slice()) {
            return Ok(known);
        }
        self.entries += scope.len();
        bound("variables in distinct scopes", self.entries, MAX_SCOPES)?;
        let scope: Rc<[u32]> = scope.into();
        self.all.push(Rc::clone(&scope));
        self.index.insert(scope, self.all.len() - 1);
        Ok(self.all.len() - 1)
    }
}

/// Completeness, decomposability, and roots of one scope. `index` leads from given to sorted nodes, `order` back.
fn check_scopes(
    nodes: &[Node],
    roots: &[NodeId],
    index: &[NodeId],
    order: &[NodeId],
) -> Result<(), SpnError> {
    let given = |id: NodeId| order.get(id).copied().unwrap_or(id);
    let mut scopes = Scopes::default();
    let mut of: Vec<usize> = Vec::with_capacity(nodes.len());
    let scope_of = |of: &[usize], id: NodeId| of.get(id).copied().unwrap_or(usize::MAX);
    for (id, node) in nodes.iter().enumerate() {
        let scope = match node {
            // Below MAX_VARIABLES, so 32 bits hold it.
            Node::Leaf { variable, .. } => scopes.intern(vec![*variable as u32])?,
            Node::Sum { children, .. } => {
                let first = children.first().copied().unwrap_or_default();
                let scope = scope_of(&of, first);
                if let Some(&other) = children.iter().find(|&&c| scope_of(&of, c) != scope) {
                    let differs = one_only(scopes.get(scope), scopes.get(scope_of(&of, other)));
                    return Err(Problem::Incomplete {
                        first: given(first),
                        other: given(other),
                        variable: differs.unwrap_or_default() as usize,
                    }
                    .at(given(id)));
                }
                scope
            }
            Node::Product { children } => match children.as_slice() {
                [only] => scope_of(&of, *only),
                _ => {
                    let parts = children.iter().map(|&c| scopes.get(scope_of(&of, c)));
                    // One more than there are variables has one twice.
                    let all = parts.flatten().copied().take(MAX_VARIABLES + 1);
                    let mut union: Vec<u32> = all.collect();
                    union.sort_unstable();
                    let twice = union.iter().zip(union.iter().skip(1)).find(|(a, b)| a == b);
                    if let Some((&variable, _)) = twice {
                        let variable = variable as usize;
                        return Err(Problem::Overlap { variable }.at(given(id)));
                    }
                    scopes.intern(union)?
                }
            },
        };
        of.push(scope);
    }
    let mut of_roots = roots
        .iter()
        .map(|&root| scope_of(&of, index.get(root).copied().unwrap_or(usize::MAX)));
    let first = of_roots.next().ok_or(SpnError::NoRoot)?;
    match of_roots.enumerate().find(|&(_, scope)| scope != first) {
        None => Ok(()),
        Some((k, other)) => Err(SpnError::RootScopes {
            root: k + 1,
            first: scopes.get(first).len(),
            other: scopes.get(other).len(),
        }),
    }
}

/// A variable of one sorted scope that is not in the other.
fn one_only(a: &[u32], b: &[u32]) -> Option<u32> {
    let missing = |from: &[u32], to: &[u32]| {
        from.iter()
            .copied()
            .find(|variable| to.binary_search(variable).is_err())
    };
    missing(a, b).or_else(|| missing(b, a))
}

fn check_class(class: Option<usize>, supports: &[Support], roots: usize) -> Result<(), SpnError> {
    let Some(variable) = class else { return Ok(()) };
    let why = match supports.get(variable) {
        None => "does not exist",
        Some(_) if roots > 1 => "the classes are roots already",
        Some(Support::Categorical { .. }) => return Ok(()),
        Some(_) => "has leaves other than Bernoulli and categorical",
    };
    Err(SpnError::Class { variable, why })
}
