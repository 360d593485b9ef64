//! Shifts by constants and by words.

use super::builder::{Builder, Wire};
use super::compare::Signedness;

impl Builder {
    /// `x 2^n mod 2^l`, free.
    pub fn shift_left_by(&mut self, x: &[Wire], n: usize) -> Vec<Wire> {
        let zero = self.constant(false);
        std::iter::repeat_n(zero, n.min(x.len()))
            .chain(x.iter().copied())
            .take(x.len())
            .collect()
    }

    /// `floor(x / 2^n)`, filled up with zeros or with the sign; free.
    pub fn shift_right_by(&mut self, x: &[Wire], n: usize, signedness: Signedness) -> Vec<Wire> {
        let fill = match (signedness, x.last()) {
            (Signedness::Signed, Some(&sign)) => sign,
            _ => self.constant(false),
        };
        x.iter()
            .skip(n)
            .copied()
            .chain(std::iter::repeat(fill))
            .take(x.len())
            .collect()
    }

    /// `x 2^n mod 2^l` for a word `n` of `s` bits; `s l` gates.
    pub fn shift_left(&mut self, x: &[Wire], n: &[Wire]) -> Vec<Wire> {
        self.shift(x, n, |b, x, n| b.shift_left_by(x, n))
    }

    /// `floor(x / 2^n)` for a word `n` of `s` bits; `s l` gates, `s (l - 1)` for signed words.
    pub fn shift_right(&mut self, x: &[Wire], n: &[Wire], signedness: Signedness) -> Vec<Wire> {
        self.shift(x, n, |b, x, n| b.shift_right_by(x, n, signedness))
    }

    /// A multiplexer for every bit of `n`.
    fn shift(
        &mut self,
        x: &[Wire],
        n: &[Wire],
        by: impl Fn(&mut Self, &[Wire], usize) -> Vec<Wire>,
    ) -> Vec<Wire> {
        let mut x = x.to_vec();
        for (i, &bit) in n.iter().enumerate() {
            // Beyond the word's length every shift is the same.
            let distance = u32::try_from(i)
                .ok()
                .and_then(|i| 1usize.checked_shl(i))
                .map_or(x.len(), |d| d.min(x.len()));
            let shifted = by(self, &x, distance);
            x = self.multiplex(bit, &x, &shifted);
        }
        x
    }
}

#[cfg(test)]
mod tests {
    use super::Signedness::{Signed, Unsigned};
    use super::*;
    use crate::circuit::testing::{assert_computes, mask, signed};

    #[test]
    fn by_constants() {
        for l in [1usize, 5, 12] {
            for n in [0usize, 1, 4, 5, 11, 12, 100] {
                let mut b = Builder::new();
                let x = b.inputs(l);
                let mut out = b.shift_left_by(&x, n);
                out.extend(b.shift_right_by(&x, n, Unsigned));
                out.extend(b.shift_right_by(&x, n, Signed));
                let t = b.build(&out).unwrap();
                assert_eq!(t.and_gates(), 0);
                assert_computes(&t, &[l], &[], |e, _| {
                    let n = n.min(40);
                    let left = e[0] << n & mask(l);
                    let right = e[0] >> n;
                    let arithmetic = (signed(e[0], l) >> n) as u64 & mask(l);
                    left | right << l | arithmetic << (2 * l)
                });
            }
        }
    }

    #[test]
    fn by_words() {
        for (l, s) in [(1usize, 1usize), (5, 2), (8, 3), (8, 4), (9, 7), (32, 5)] {
            let run = |op: fn(&mut Builder, &[Wire], &[Wire]) -> Vec<Wire>| {
                let mut b = Builder::new();
                let (x, n) = (b.inputs(l), b.inputs(s));
                let out = op(&mut b, &x, &n);
                b.build(&out).unwrap()
            };
            let t = run(|b, x, n| b.shift_left(x, n));
            assert!(t.and_gates() <= s * l && t.and_depth() <= s);
            assert_computes(&t, &[l, s], &[], |e, _| {
                e[0].checked_shl(e[1] as u32).unwrap_or(0) & mask(l)
            });
            let t = run(|b, x, n| b.shift_right(x, n, Unsigned));
            assert!(t.and_gates() <= s * l);
            if 1 << (s - 1) < l {
                // Every stage fills up at least one bit, and keeps at least one.
                assert_eq!(t.and_gates(), s * l);
            }
            assert_computes(&t, &[l, s], &[], |e, _| {
                e[0].checked_shr(e[1] as u32).unwrap_or(0)
            });
            let t = run(|b, x, n| b.shift_right(x, n, Signed));
            assert!(t.and_gates() <= s * (l - 1));
            assert_computes(&t, &[l, s], &[], |e, _| {
                (signed(e[0], l) >> e[1].min(63)) as u64 & mask(l)
            });
        }
    }
}
