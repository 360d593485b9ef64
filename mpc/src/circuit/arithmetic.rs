//! Addition, subtraction, negation: one gate a bit.

use super::builder::{Builder, Known, Wire};

impl Builder {
    /// The majority of three bits, one gate.
    ///
    /// `MAJ(a, b, c) = ((a xor c) and (b xor c)) xor c`.
    pub fn majority(&mut self, a: Wire, b: Wire, c: Wire) -> Wire {
        let (a, b) = (self.xor(a, c), self.xor(b, c));
        let both = self.and(a, b);
        self.xor(both, c)
    }

    /// `MAJ(x, k, c)`, one gate.
    pub fn majority_known(&mut self, x: Wire, k: Known, c: Wire) -> Wire {
        let (x, c) = (self.xor_known(x, k), self.xor_known(c, k));
        let both = self.and(x, c);
        self.xor_known(both, k)
    }

    /// The sum and the carry of three bits, one gate.
    pub fn full_adder(&mut self, a: Wire, b: Wire, c: Wire) -> (Wire, Wire) {
        let half = self.xor(a, b);
        (self.xor(half, c), self.majority(a, b, c))
    }

    /// `a + b + carry` and the carry out; `l` gates.
    pub fn add_with_carry(&mut self, a: &[Wire], b: &[Wire], carry: Wire) -> (Vec<Wire>, Wire) {
        let (a, b) = self.aligned(a, b);
        let mut carry = carry;
        let sum = a
            .into_iter()
            .zip(b)
            .map(|(a, b)| {
                let (sum, next) = self.full_adder(a, b, carry);
                carry = next;
                sum
            })
            .collect();
        (sum, carry)
    }

    /// `(a + b) mod 2^l` for the greater length `l`; `l - 1` gates.
    pub fn add(&mut self, a: &[Wire], b: &[Wire]) -> Vec<Wire> {
        let zero = self.constant(false);
        self.add_with_carry(a, b, zero).0
    }

    /// `(x + k) mod 2^l` for `l` evaluator wires and known bits, `l - 1` gates.
    pub fn add_known(&mut self, x: &[Wire], k: &[Known]) -> Vec<Wire> {
        let k = self.known_word(k);
        self.add(x, &k)
    }

    /// `a - b - borrow mod 2^l` and the borrow out; `l` gates.
    pub fn sub_with_borrow(&mut self, a: &[Wire], b: &[Wire], borrow: Wire) -> (Vec<Wire>, Wire) {
        // a - b - borrow = a + (2^l - 1 - b) + (1 - borrow) - 2^l
        let (a, b) = self.aligned(a, b);
        let (b, carry) = (self.not_word(&b), self.not(borrow));
        let (difference, carry) = self.add_with_carry(&a, &b, carry);
        (difference, self.not(carry))
    }

    /// `(a - b) mod 2^l` for the greater length `l`; `l - 1` gates.
    pub fn sub(&mut self, a: &[Wire], b: &[Wire]) -> Vec<Wire> {
        let zero = self.constant(false);
        self.sub_with_borrow(a, b, zero).0
    }

    /// `(x + s) mod 2^l` for a bit `s`; `l - 1` gates.
    pub fn increment_if(&mut self, s: Wire, x: &[Wire]) -> Vec<Wire> {
        self.add_with_carry(x, &[], s).0
    }

    /// `-x mod 2^l`; `l - 2` gates.
    pub fn negate(&mut self, x: &[Wire]) -> Vec<Wire> {
        let one = self.constant(true);
        self.negate_if(one, x)
    }

    /// `if s { -x } else { x } mod 2^l`; `l - 1` gates.
    pub fn negate_if(&mut self, s: Wire, x: &[Wire]) -> Vec<Wire> {
        let flipped: Vec<Wire> = x.iter().map(|&x| self.xor(s, x)).collect();
        self.increment_if(s, &flipped)
    }

    /// `|x|` of a signed word, as an unsigned one; `l - 1` gates.
    pub fn absolute(&mut self, x: &[Wire]) -> Vec<Wire> {
        match x.last() {
            Some(&sign) => self.negate_if(sign, x),
            None => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::circuit::testing::{assert_computes, mask};

    fn binary(
        la: usize,
        lb: usize,
        op: impl Fn(&mut Builder, &[Wire], &[Wire]) -> Vec<Wire>,
    ) -> crate::circuit::Template {
        let mut b = Builder::new();
        let (x, y) = (b.inputs(la), b.inputs(lb));
        let out = op(&mut b, &x, &y);
        b.build(&out).unwrap()
    }

    #[test]
    fn addition_and_subtraction() {
        for (la, lb) in [(0, 0), (1, 1), (2, 5), (5, 5), (6, 3), (32, 32), (64, 64)] {
            let l = la.max(lb);
            let t = binary(la, lb, |b, x, y| b.add(x, y));
            if la == lb {
                assert_eq!(t.and_gates(), l.saturating_sub(1));
            }
            assert_computes(&t, &[la, lb], &[], |e, _| e[0].wrapping_add(e[1]) & mask(l));
            let t = binary(la, lb, |b, x, y| b.sub(x, y));
            if la == lb {
                assert_eq!(t.and_gates(), l.saturating_sub(1));
            }
            assert_computes(&t, &[la, lb], &[], |e, _| e[0].wrapping_sub(e[1]) & mask(l));
        }
    }

    #[test]
    fn carries_and_borrows() {
        for l in [1usize, 4, 5, 31] {
            let mut b = Builder::new();
            let (x, y, c) = (b.inputs(l), b.inputs(l), b.input());
            let (mut out, carry) = b.add_with_carry(&x, &y, c);
            out.push(carry);
            let t = b.build(&out).unwrap();
            assert_eq!((t.and_gates(), t.and_depth()), (l, l));
            assert_computes(&t, &[l, l, 1], &[], |e, _| e[0] + e[1] + e[2]);

            let mut b = Builder::new();
            let (x, y, c) = (b.inputs(l), b.inputs(l), b.input());
            let (mut out, borrow) = b.sub_with_borrow(&x, &y, c);
            out.push(borrow);
            let t = b.build(&out).unwrap();
            assert_eq!(t.and_gates(), l);
            assert_computes(&t, &[l, l, 1], &[], |e, _| {
                e[0].wrapping_sub(e[1]).wrapping_sub(e[2]) & mask(l + 1)
            });
        }
    }

    #[test]
    fn known_operands_cost_the_same() {
        for l in [1usize, 6, 40] {
            let mut b = Builder::new();
            let (x, k) = (b.inputs(l), b.knowns(l));
            let out = b.add_known(&x, &k);
            let t = b.build(&out).unwrap();
            assert_eq!(t.and_gates(), l - 1);
            assert_computes(&t, &[l], &[l], |e, g| e[0].wrapping_add(g[0]) & mask(l));

            let mut b = Builder::new();
            let (x, k) = (b.inputs(l), b.knowns(l));
            let k = b.known_word(&k);
            let out = b.sub(&k, &x);
            let t = b.build(&out).unwrap();
            assert_eq!(t.and_gates(), l - 1);
            assert_computes(&t, &[l], &[l], |e, g| g[0].wrapping_sub(e[0]) & mask(l));
        }
        let mut b = Builder::new();
        let (x, c, k) = (b.input(), b.input(), b.known());
        let out = b.majority_known(x, k, c);
        let t = b.build(&[out]).unwrap();
        assert_eq!(t.and_gates(), 1);
        assert_computes(&t, &[1, 1], &[1], |e, g| (e[0] + e[1] + g[0]) >> 1);
    }

    #[test]
    fn signs() {
        for l in [1usize, 2, 8, 32] {
            let unary = |op: fn(&mut Builder, &[Wire]) -> Vec<Wire>| {
                let mut b = Builder::new();
                let x = b.inputs(l);
                let out = op(&mut b, &x);
                b.build(&out).unwrap()
            };
            let t = unary(|b, x| b.negate(x));
            assert_eq!(t.and_gates(), l.saturating_sub(2));
            assert_computes(&t, &[l], &[], |e, _| e[0].wrapping_neg() & mask(l));
            let t = unary(|b, x| b.absolute(x));
            assert_eq!(t.and_gates(), l - 1);
            assert_computes(&t, &[l], &[], |e, _| {
                let negative = e[0] >> (l - 1) == 1;
                (if negative { e[0].wrapping_neg() } else { e[0] }) & mask(l)
            });
            let mut b = Builder::new();
            let (s, x) = (b.input(), b.inputs(l));
            let mut out = b.negate_if(s, &x);
            out.extend(b.increment_if(s, &x));
            let t = b.build(&out).unwrap();
            assert_eq!(t.and_gates(), 2 * (l - 1));
            assert_computes(&t, &[1, l], &[], |e, _| {
                let negated = if e[0] == 1 { e[1].wrapping_neg() } else { e[1] } & mask(l);
                negated | ((e[1] + e[0]) & mask(l)) << (l % 64)
            });
        }
    }
}
