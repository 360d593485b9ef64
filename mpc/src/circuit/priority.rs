//! The leading one, and one-hot words as numbers.

use super::builder::{Builder, Wire};

/// Bits of an index below `n`.
pub(super) fn index_bits(n: usize) -> usize {
    (usize::BITS - n.saturating_sub(1).leading_zeros()) as usize
}

/// What [`Builder::priority_encode`] returns.
#[derive(Clone, Debug)]
pub struct Priority {
    /// The index of the highest set bit, zero if none is set.
    pub index: Vec<Wire>,
    /// Whether a bit is set.
    pub valid: Wire,
}

impl Builder {
    /// The highest set bit of `x` as a one-hot word, and whether `x` is zero; `l - 1` gates.
    pub fn leading_one(&mut self, x: &[Wire]) -> (Vec<Wire>, Wire) {
        let mut none = self.constant(true);
        let mut hot: Vec<Wire> = x
            .iter()
            .rev()
            .map(|&x| {
                let first = self.and(x, none);
                // none and not x = none xor (none and x)
                none = self.xor(none, first);
                first
            })
            .collect();
        hot.reverse();
        (hot, none)
    }

    /// The lowest set bit of `x` as a one-hot word, and whether `x` is zero; `l - 1` gates.
    pub fn trailing_one(&mut self, x: &[Wire]) -> (Vec<Wire>, Wire) {
        let reversed: Vec<Wire> = x.iter().rev().copied().collect();
        let (mut hot, none) = self.leading_one(&reversed);
        hot.reverse();
        (hot, none)
    }

    /// The index of the only set bit of a one-hot word, free.
    pub fn encode_one_hot(&mut self, hot: &[Wire]) -> Vec<Wire> {
        (0..index_bits(hot.len()))
            .map(|bit| {
                let set: Vec<Wire> = hot
                    .iter()
                    .enumerate()
                    .filter_map(|(i, &hot)| (i >> bit & 1 == 1).then_some(hot))
                    .collect();
                self.parity(&set)
            })
            .collect()
    }

    /// The index of the highest set bit; `l - 1` gates.
    pub fn priority_encode(&mut self, x: &[Wire]) -> Priority {
        let (hot, none) = self.leading_one(x);
        Priority {
            index: self.encode_one_hot(&hot),
            valid: self.not(none),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::circuit::testing::assert_computes;

    #[test]
    fn leading_and_trailing_ones() {
        for l in [0usize, 1, 2, 5, 13, 31] {
            let mut b = Builder::new();
            let x = b.inputs(l);
            let (mut out, none) = b.leading_one(&x);
            out.push(none);
            let t = b.build(&out).unwrap();
            assert_eq!(t.and_gates(), l.saturating_sub(1));
            assert_eq!(t.and_depth(), l.saturating_sub(1));
            assert_computes(&t, &[l], &[], |e, _| match e[0].checked_ilog2() {
                Some(top) => 1 << top,
                None => 1 << l,
            });
            let mut b = Builder::new();
            let x = b.inputs(l);
            let (out, _) = b.trailing_one(&x);
            let t = b.build(&out).unwrap();
            assert_eq!(t.and_gates(), l.saturating_sub(1));
            assert_computes(&t, &[l], &[], |e, _| e[0] & e[0].wrapping_neg());
        }
    }

    #[test]
    fn priority_encoder() {
        for l in [1usize, 2, 3, 8, 16, 33] {
            let mut b = Builder::new();
            let x = b.inputs(l);
            let Priority { index, valid } = b.priority_encode(&x);
            let bits = index.len();
            assert_eq!(bits, index_bits(l));
            let mut out = index;
            out.push(valid);
            let t = b.build(&out).unwrap();
            assert_eq!(t.and_gates(), l - 1);
            assert_computes(&t, &[l], &[], |e, _| match e[0].checked_ilog2() {
                Some(top) => u64::from(top) | 1 << bits,
                None => 0,
            });
        }
    }
}
