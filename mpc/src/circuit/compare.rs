//! Order and equality.

use super::builder::{Builder, Wire};

/// How a word is read as a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signedness {
    /// From 0 to `2^l - 1`.
    Unsigned,
    /// Two's complement, from `-2^(l-1)` to `2^(l-1) - 1`.
    Signed,
}

impl Builder {
    /// `x` at `bits` bits, cut off or extended by its sign or by zeros; free.
    pub fn resize(&mut self, x: &[Wire], bits: usize, signedness: Signedness) -> Vec<Wire> {
        let fill = match (signedness, x.last()) {
            (Signedness::Signed, Some(&sign)) => sign,
            _ => self.constant(false),
        };
        let mut x = x.to_vec();
        x.resize(bits, fill);
        x
    }

    /// `a < b`, the borrow of `a - b`; `l` gates. Shares its gates with [`Builder::sub`] of the same operands.
    pub fn less_than(&mut self, a: &[Wire], b: &[Wire], signedness: Signedness) -> Wire {
        let bits = a.len().max(b.len());
        let mut a = self.resize(a, bits, signedness);
        let mut b = self.resize(b, bits, signedness);
        if let (Signedness::Signed, Some(a), Some(b)) = (signedness, a.last_mut(), b.last_mut()) {
            // x + 2^(l-1) is unsigned, and its top bit is the inverted sign.
            (*a, *b) = (self.not(*a), self.not(*b));
        }
        let zero = self.constant(false);
        self.sub_with_borrow(&a, &b, zero).1
    }

    /// `a < b` for signed words of equal length whose difference fits their length: the sign of the difference.
    /// `l - 1` gates; of empty words, no.
    pub fn difference_is_negative(&mut self, a: &[Wire], b: &[Wire]) -> Wire {
        match self.sub(a, b).last() {
            Some(&sign) => sign,
            None => self.constant(false),
        }
    }

    /// `a = b`, the shorter extended by zeros; `l - 1` gates, logarithmic depth.
    pub fn equal(&mut self, a: &[Wire], b: &[Wire]) -> Wire {
        let difference = self.xor_word(a, b);
        self.is_zero(&difference)
    }

    /// `x = 0`; `l - 1` gates, logarithmic depth.
    pub fn is_zero(&mut self, x: &[Wire]) -> Wire {
        let any = self.any(x);
        self.not(any)
    }
}

#[cfg(test)]
mod tests {
    use super::Signedness::{Signed, Unsigned};
    use super::*;
    use crate::circuit::testing::{assert_computes, gates, signed};

    #[test]
    fn order() {
        for (la, lb) in [
            (0, 0),
            (0, 3),
            (1, 1),
            (4, 4),
            (5, 3),
            (3, 6),
            (8, 8),
            (33, 33),
        ] {
            for signedness in [Unsigned, Signed] {
                let mut b = Builder::new();
                let (x, y) = (b.inputs(la), b.inputs(lb));
                let lt = b.less_than(&x, &y, signedness);
                let t = b.build(&[lt]).unwrap();
                if la == lb {
                    assert_eq!(gates(&t), (la, la));
                }
                assert_computes(&t, &[la, lb], &[], |e, _| {
                    u64::from(match signedness {
                        Unsigned => e[0] < e[1],
                        Signed => signed(e[0], la) < signed(e[1], lb),
                    })
                });
            }
        }
    }

    #[test]
    fn sign_of_a_difference_that_fits() {
        for l in [0usize, 1, 4, 7] {
            let mut b = Builder::new();
            let (x, y) = (b.inputs(l), b.inputs(l));
            let lt = b.difference_is_negative(&x, &y);
            let t = b.build(&[lt]).unwrap();
            assert_eq!(t.and_gates(), l.saturating_sub(1));
            assert_computes(&t, &[l, l], &[], |e, _| {
                let modulus = (l as u32).max(1);
                e[0].wrapping_sub(e[1]) >> (modulus - 1) & u64::from(l > 0)
            });
        }
    }

    #[test]
    fn equality() {
        for (la, lb) in [(0, 0), (1, 1), (5, 5), (8, 4), (40, 40)] {
            let mut b = Builder::new();
            let (x, y) = (b.inputs(la), b.inputs(lb));
            let outputs = [b.equal(&x, &y), b.is_zero(&x)];
            let t = b.build(&outputs).unwrap();
            if la == lb {
                assert_eq!(t.and_gates(), 2 * la.saturating_sub(1));
            }
            assert_computes(&t, &[la, lb], &[], |e, _| {
                u64::from(e[0] == e[1]) | u64::from(e[0] == 0) << 1
            });
        }
    }

    #[test]
    fn comparison_and_subtraction_share_their_gates() {
        let mut b = Builder::new();
        let (x, y) = (b.inputs(12), b.inputs(12));
        let mut out = b.sub(&x, &y);
        out.push(b.less_than(&x, &y, Unsigned));
        assert_eq!(b.build(&out).unwrap().and_gates(), 12);
    }
}
