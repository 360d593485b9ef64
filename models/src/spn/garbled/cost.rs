//! What a network costs, in AND gates a row: ours, and by the counts of the published circuits.

use super::plan::{GarbledPlan, LeafKind, Node};
use serde::Serialize;

/// AND gates a row, by what they are for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Cost {
    /// All of them, as the program has them.
    pub total: usize,
    /// Without [`Cost::shift`].
    pub without_shift: usize,
    /// Of sums, by the published formula.
    pub sums: usize,
    /// Of what keeps sums from underflow.
    pub shift: usize,
    /// Of products.
    pub products: usize,
    /// Of leaves, flags of missing variables among them.
    pub leaves: usize,
    /// Of selection networks.
    pub selection: usize,
    /// Switches of selection networks: gates a bit moved.
    pub switches: usize,
    /// The same network by the published formulas and counts in 32 bits, with as many switches of whole words; no shift, nothing missing.
    pub published32: usize,
    /// In 64 bits.
    pub published64: usize,
}

/// AND gates of the published circuits (`fp_nostatus_*` of CryptoSPN's repository, after ABY; a multiplexer is one AND a bit).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublishedCounts {
    /// Bits of a word.
    pub bits: usize,
    /// Addition.
    pub add: usize,
    /// Subtraction.
    pub sub: usize,
    /// Multiplication.
    pub mul: usize,
    /// Square.
    pub square: usize,
    /// Power of two.
    pub exp2: usize,
    /// Logarithm to base two.
    pub log2: usize,
}

impl PublishedCounts {
    /// In 32 bits.
    pub const BITS32: Self = Self {
        bits: 32,
        add: 1_857,
        sub: 1_820,
        mul: 3_016,
        square: 1_550,
        exp2: 9_740,
        log2: 10_568,
    };
    /// In 64 bits.
    pub const BITS64: Self = Self {
        bits: 64,
        add: 4_363,
        sub: 4_303,
        mul: 11_068,
        square: 6_596,
        exp2: 21_431,
        log2: 19_789,
    };

    /// A sum of `children`.
    #[must_use]
    pub const fn sum(&self, children: usize) -> usize {
        match children {
            0 => 0,
            1 => self.add,
            c => c * (self.add + self.exp2) + (c - 1) * self.add + self.log2,
        }
    }

    /// A product of `children`.
    #[must_use]
    pub const fn product(&self, children: usize) -> usize {
        children.saturating_sub(1) * self.add
    }

    /// A leaf of a variable with so many values or buckets. Categories, which CryptoSPN does not have, are multiplexers between them; a histogram's bucket is
    /// a comparison and a multiplexer.
    #[must_use]
    pub const fn leaf(&self, kind: LeafKind, values: usize) -> usize {
        match kind {
            LeafKind::Categories => values.saturating_sub(1) * self.bits,
            LeafKind::Histogram => 2 * values * self.bits,
            LeafKind::Gaussian => 2 * self.sub + self.square + self.mul,
            LeafKind::Poisson => self.mul + 2 * self.sub,
        }
    }

    /// A network with so many switches in its selections.
    pub(super) fn network(&self, plan: &GarbledPlan, switches: usize) -> usize {
        let by_kind = plan.values_by_kind();
        let values = |kind: LeafKind, variable: Option<u32>| match variable {
            Some(_) => plan.values(kind, variable),
            None => by_kind.get(kind as usize).copied().flatten(),
        };
        let nodes = plan.nodes.iter().map(|node| match node {
            Node::Sum { children } => self.sum(children.len()),
            Node::Product { children } => self.product(children.len()),
            Node::Leaf { kind, variable } => {
                self.leaf(*kind, values(*kind, *variable).unwrap_or(0))
            }
        });
        nodes.sum::<usize>() + switches * self.bits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_give_the_published_sums() {
        let [single, double] = [PublishedCounts::BITS32, PublishedCounts::BITS64];
        assert_eq!(single.sum(2), 35_619);
        assert_eq!(double.sum(2), 75_740);
        assert_eq!(single.leaf(LeafKind::Gaussian, 0), 8_206);
        assert_eq!(double.leaf(LeafKind::Gaussian, 0), 26_270);
        assert_eq!(single.leaf(LeafKind::Poisson, 0), 6_656);
        assert_eq!(double.leaf(LeafKind::Poisson, 0), 19_674);
        assert_eq!(single.leaf(LeafKind::Categories, 2), 32);
    }
}
