//! Schoolbook multiplication.

use super::builder::{Builder, Wire};
use super::compare::Signedness;

impl Builder {
    /// `a b mod 2^bits`, both unsigned.
    ///
    /// For `n >= 2` and `m` bits: `2 n m - n` gates and depth `n + m - 1` for all `n + m` bits of the product; `l^2 - l + 1` gates for the low `l` of `l` by `l`.
    pub fn multiply(&mut self, a: &[Wire], b: &[Wire], bits: usize) -> Vec<Wire> {
        let start = self.constant_word(0, bits);
        self.sum_rows(a, b, start, |_, _| false)
    }

    /// `a b mod 2^bits`, both signed (Baugh and Wooley): for `l` by `l` bits, as many gates as [`Builder::multiply`].
    ///
    /// With `a = A - a' 2^(n-1)`, `b = B - b' 2^(m-1)` the products of one sign bit with the other number are negative; `-2^i p = 2^i (not p) - 2^i`
    /// turns them into inverted bits and the constants `2^(n-1) + 2^(m-1) - 2^(n+m-1)`.
    pub fn multiply_signed(&mut self, a: &[Wire], b: &[Wire], bits: usize) -> Vec<Wire> {
        let (n, m) = (a.len(), b.len());
        if n == 0 || m == 0 {
            return self.constant_word(0, bits);
        }
        let mut constant = vec![false; n + m];
        for position in [n - 1, m - 1, n + m - 1] {
            add_power(&mut constant, position);
        }
        let start = constant.into_iter().map(|c| self.constant(c)).collect();
        let product = self.sum_rows(a, b, start, |i, j| (i + 1 == n) != (j + 1 == m));
        self.resize(&product, bits, Signedness::Signed)
    }

    /// `start` plus `2^(i+j) (a_i b_j xor inverted(i, j))`, modulo two to the length of `start`.
    fn sum_rows(
        &mut self,
        a: &[Wire],
        b: &[Wire],
        start: Vec<Wire>,
        inverted: impl Fn(usize, usize) -> bool,
    ) -> Vec<Wire> {
        let mut sum = start;
        for (j, &bit) in b.iter().enumerate().take(sum.len()) {
            let high = sum.split_off(j);
            let mut row = Vec::with_capacity(a.len());
            for (i, &x) in a.iter().enumerate().take(high.len()) {
                let product = self.and(x, bit);
                row.push(if inverted(i, j) {
                    self.not(product)
                } else {
                    product
                });
            }
            sum.extend(self.add(&high, &row));
        }
        sum
    }
}

/// Adds `2^position` modulo two to the length.
fn add_power(bits: &mut [bool], position: usize) {
    for bit in bits.iter_mut().skip(position) {
        *bit = !*bit;
        if *bit {
            break;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::circuit::Template;
    use crate::circuit::testing::{assert_computes, mask, signed};

    fn product(
        (n, m, bits): (usize, usize, usize),
        op: fn(&mut Builder, &[Wire], &[Wire], usize) -> Vec<Wire>,
    ) -> Template {
        let mut b = Builder::new();
        let (x, y) = (b.inputs(n), b.inputs(m));
        let out = op(&mut b, &x, &y, bits);
        b.build(&out).unwrap()
    }

    #[test]
    fn unsigned_products() {
        for (n, m) in [
            (0, 3),
            (1, 1),
            (1, 5),
            (5, 1),
            (4, 6),
            (8, 8),
            (32, 32),
            (20, 40),
        ] {
            let t = product((n, m, n + m), |b, x, y, l| b.multiply(x, y, l));
            // Of one bit there is nothing to add.
            let want = if n == 1 {
                m
            } else {
                (2 * n * m).saturating_sub(n)
            };
            assert_eq!(t.and_gates(), want);
            if n > 1 && m > 1 {
                assert_eq!(t.and_depth(), n + m - 1);
            }
            assert_computes(&t, &[n, m], &[], |e, _| e[0] * e[1]);
        }
        for l in [1usize, 2, 5, 8, 32] {
            let t = product((l, l, l), |b, x, y, l| b.multiply(x, y, l));
            assert_eq!(t.and_gates(), l * l - l + 1);
            assert!(t.and_depth() <= l);
            assert_computes(&t, &[l, l], &[], |e, _| e[0].wrapping_mul(e[1]) & mask(l));
        }
        let t = product((3, 3, 9), |b, x, y, l| b.multiply(x, y, l));
        assert_computes(&t, &[3, 3], &[], |e, _| e[0] * e[1]);
    }

    #[test]
    fn signed_products() {
        for (n, m, bits) in [
            (1, 1, 2),
            (1, 4, 5),
            (4, 1, 5),
            (3, 5, 8),
            (5, 3, 8),
            (8, 8, 16),
            (8, 8, 20),
            (8, 8, 11),
            (32, 32, 64),
        ] {
            let t = product((n, m, bits), |b, x, y, l| b.multiply_signed(x, y, l));
            if n == m && n > 1 && bits == n + m {
                assert_eq!(t.and_gates(), 2 * n * m - n);
            }
            assert_computes(&t, &[n, m], &[], |e, _| {
                (signed(e[0], n).wrapping_mul(signed(e[1], m))) as u64 & mask(bits)
            });
        }
    }

    #[test]
    fn constant_factors_cost_only_their_additions() {
        let mut b = Builder::new();
        let x = b.inputs(8);
        let ten = b.constant_word(10, 4);
        let out = b.multiply(&x, &ten, 12);
        let t = b.build(&out).unwrap();
        assert!(t.and_gates() <= 10, "{}", t.and_gates());
        assert_computes(&t, &[8], &[], |e, _| e[0] * 10);
    }
}
