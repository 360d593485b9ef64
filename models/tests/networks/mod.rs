//! Nodes of networks, short to write.
#![allow(dead_code, reason = "every test file uses its part")]

use halfmask_models::spn::graph::{Distribution, Node, NodeId, Variable};

pub fn variables(count: usize) -> Vec<Variable> {
    let variable = |v| Variable {
        name: format!("V{v}"),
    };
    (0..count).map(variable).collect()
}

pub fn leaf(variable: usize, distribution: Distribution) -> Node {
    Node::Leaf {
        variable,
        distribution,
    }
}

pub fn bernoulli(variable: usize, p: f64) -> Node {
    leaf(variable, Distribution::Bernoulli { p })
}

pub fn sum(children: &[NodeId], weights: &[f64]) -> Node {
    Node::Sum {
        children: children.to_vec(),
        weights: weights.to_vec(),
    }
}

pub fn product(children: &[NodeId]) -> Node {
    Node::Product {
        children: children.to_vec(),
    }
}
