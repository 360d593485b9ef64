//! Full products with fewer gates than the schoolbook's.
//!
//! Karatsuba (Doklady 1962): with `a = a1 2^k + a0` and `b = b1 2^k + b0`
//!
//! ```text
//! a b = a1 b1 2^(2k) + ((a0 + a1)(b0 + b1) - a0 b0 - a1 b1) 2^k + a0 b0 ,
//! ```
//!
//! three products of half the length for four. The middle term `a0 b1 + a1 b0` is less than `2^(n+1)`, so that it is
//! computed modulo that. It pays from 14 bits on, for squares from 20 on.

use super::builder::{Builder, Wire};

/// Longest words for which the schoolbook is not beaten.
const SCHOOLBOOK: usize = 13;
const SCHOOLBOOK_SQUARE: usize = 19;

impl Builder {
    /// `a b`, both unsigned, all bits of it.
    ///
    /// 983 gates for 24 by 24 bits, 3,875 for 53 by 53 (the schoolbook's [`Builder::multiply`] takes 1,128 and 5,565). Of
    /// equal words it is the square. Words of unequal length are multiplied by the schoolbook.
    pub fn product(&mut self, x: &[Wire], y: &[Wire]) -> Vec<Wire> {
        let n = x.len();
        let square = x == y;
        let base = if square {
            SCHOOLBOOK_SQUARE
        } else {
            SCHOOLBOOK
        };
        if square && n <= base {
            return self.square(x);
        }
        if n <= base || n != y.len() {
            return self.multiply(x, y, n + y.len());
        }
        let k = n.div_ceil(2);
        let ((x0, x1), (y0, y1)) = (x.split_at(k), y.split_at(k));
        let (low, high) = (self.product(x0, y0), self.product(x1, y1));
        let zero = self.constant(false);
        let sum = |b: &mut Self, low: &[Wire], high: &[Wire]| {
            let (mut sum, carry) = b.add_with_carry(low, high, zero);
            sum.push(carry);
            sum
        };
        let (x, y) = (sum(self, x0, x1), sum(self, y0, y1));
        let mut middle = self.product(&x, &y);
        middle.truncate(n + 1);
        for outer in [&low, &high] {
            let outer: Vec<Wire> = outer.iter().copied().take(n + 1).collect();
            middle = self.sub(&middle, &outer);
        }
        let mut product = low;
        product.extend(high);
        let upper = product.split_off(k);
        product.extend(self.add(&upper, &middle));
        product
    }

    /// `x^2` of an unsigned word of `n` bits, all `2 n` bits of it; `n^2 - n - 1` gates for `n >= 2`.
    ///
    /// Bit by bit from below: `(X + 2^k t)^2 = X^2 + 2^(k+1) (t X + 2^(k-1) t)`, where the sum of `t` and of the product of `t` with
    /// the top bit of `X`, at the same place, is a word of two bits without a gate.
    pub fn square(&mut self, x: &[Wire]) -> Vec<Wire> {
        let zero = self.constant(false);
        let mut square = Vec::with_capacity(2 * x.len());
        for (k, &t) in x.iter().enumerate() {
            let mut row: Vec<Wire> = x.iter().take(k).map(|&x| self.and(t, x)).collect();
            let Some(top) = row.pop() else {
                square.extend([t, zero]);
                continue;
            };
            row.extend([self.xor(t, top), top]);
            // The square so far has 2 k bits, the next one two more.
            let upper = square.split_off(k + 1);
            square.extend(self.add(&upper, &row));
        }
        square
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::circuit::testing::{assert_computes, mask};

    #[test]
    fn products() {
        for (n, gates, squared) in [
            (1, 1, 0),
            (6, 66, 29),
            (13, 325, 155),
            (14, 363, 181),
            (16, 463, 239),
            (19, 655, 341),
            (20, 699, 361),
            (31, 1_562, 835),
            (32, 1_603, 871),
        ] {
            let mut b = Builder::new();
            let (x, y) = (b.inputs(n), b.inputs(n));
            let out = b.product(&x, &y);
            let t = b.build(&out).unwrap();
            assert_eq!((t.outputs(), t.and_gates()), (2 * n, gates));
            assert!(gates <= 2 * n * n - n);
            assert_computes(&t, &[n, n], &[], |e, _| e[0] * e[1]);
            let mut b = Builder::new();
            let x = b.inputs(n);
            let out = b.product(&x, &x);
            let t = b.build(&out).unwrap();
            assert_eq!((t.outputs(), t.and_gates()), (2 * n, squared));
            assert!(squared <= n * n - n);
            assert_computes(&t, &[n], &[], |e, _| e[0] * e[0]);
        }
        let mut b = Builder::new();
        let (x, y) = (b.inputs(7), b.inputs(20));
        let out = b.product(&x, &y);
        let t = b.build(&out).unwrap();
        assert_computes(&t, &[7, 20], &[], |e, _| e[0] * e[1]);
    }

    #[test]
    fn products_of_long_words() {
        for (n, square, gates) in [
            (24, false, 983),
            (24, true, 507),
            (53, false, 3_875),
            (53, true, 2_116),
        ] {
            let product = || {
                let mut b = Builder::new();
                let x = b.inputs(n);
                let y = if square { x.clone() } else { b.inputs(n) };
                let out = b.product(&x, &y);
                (b, out)
            };
            let (b, out) = product();
            assert_eq!(b.build(&out).unwrap().and_gates(), gates);
            for half in [0, n] {
                let (b, out) = product();
                let t = b.build(&out[half..half + n]).unwrap();
                let words = if square { vec![n] } else { vec![n; 2] };
                assert_computes(&t, &words, &[], |e, _| {
                    let y = if square { e[0] } else { e[1] };
                    let p = (u128::from(e[0]) * u128::from(y)) >> half;
                    p as u64 & mask(n)
                });
            }
        }
    }

    #[test]
    fn squares() {
        for n in [0usize, 1, 2, 3, 8, 13, 32] {
            let mut b = Builder::new();
            let x = b.inputs(n);
            let out = b.square(&x);
            let t = b.build(&out).unwrap();
            let gates = if n < 2 { 0 } else { n * n - n - 1 };
            assert_eq!((t.outputs(), t.and_gates()), (2 * n, gates));
            assert_computes(&t, &[n], &[], |e, _| e[0] * e[0]);
        }
    }
}
