//! Multiplexer, minimum, maximum, and the index of the maximum.

use super::builder::{Builder, Wire};
use super::compare::Signedness;
use super::logic::tournament;
use super::priority::index_bits;

impl Builder {
    /// `if s { b } else { a }`, the shorter extended by zeros; one gate a bit.
    pub fn multiplex(&mut self, s: Wire, a: &[Wire], b: &[Wire]) -> Vec<Wire> {
        let (a, b) = self.aligned(a, b);
        a.into_iter()
            .zip(b)
            .map(|(a, b)| {
                let d = self.xor(a, b);
                let d = self.and(s, d);
                self.xor(a, d)
            })
            .collect()
    }

    /// The smaller word; `2 l` gates.
    pub fn min(&mut self, a: &[Wire], b: &[Wire], signedness: Signedness) -> Vec<Wire> {
        let (a, b) = self.comparable(a, b, signedness);
        let less = self.less_than(&a, &b, signedness);
        self.multiplex(less, &b, &a)
    }

    /// The larger word; `2 l` gates.
    pub fn max(&mut self, a: &[Wire], b: &[Wire], signedness: Signedness) -> Vec<Wire> {
        let (a, b) = self.comparable(a, b, signedness);
        let less = self.less_than(&a, &b, signedness);
        self.multiplex(less, &a, &b)
    }

    fn comparable(
        &mut self,
        a: &[Wire],
        b: &[Wire],
        signedness: Signedness,
    ) -> (Vec<Wire>, Vec<Wire>) {
        let bits = a.len().max(b.len());
        (
            self.resize(a, bits, signedness),
            self.resize(b, bits, signedness),
        )
    }

    /// The smallest of `n` words, empty without words; `2 l (n - 1)` gates.
    pub fn min_of(&mut self, words: Vec<Vec<Wire>>, signedness: Signedness) -> Vec<Wire> {
        tournament(words, |a, b| self.min(&a, &b, signedness)).unwrap_or_default()
    }

    /// The largest of `n` words, empty without words; `2 l (n - 1)` gates.
    pub fn max_of(&mut self, words: Vec<Vec<Wire>>, signedness: Signedness) -> Vec<Wire> {
        tournament(words, |a, b| self.max(&a, &b, signedness)).unwrap_or_default()
    }

    /// The largest of `n` words and its index, `ceil(log2 n)` bits; the lowest index wins ties.
    ///
    /// A tournament over neighbours, so that the depth is logarithmic in `n`: the right one wins only if it is greater, and all
    /// its indices are greater. `(n - 1) 2 l` gates, and for the indices at most `n` (those of leaves are constants, and
    /// two neighbours differ in one bit).
    pub fn argmax(
        &mut self,
        words: Vec<Vec<Wire>>,
        signedness: Signedness,
    ) -> (Vec<Wire>, Vec<Wire>) {
        self.argmax_by(words, |b, left, right| b.less_than(left, right, signedness))
    }

    pub(super) fn argmax_by(
        &mut self,
        words: Vec<Vec<Wire>>,
        mut less: impl FnMut(&mut Self, &[Wire], &[Wire]) -> Wire,
    ) -> (Vec<Wire>, Vec<Wire>) {
        let bits = index_bits(words.len());
        let contenders = words
            .into_iter()
            .enumerate()
            .map(|(i, value)| (value, self.constant_word(i as u64, bits)))
            .collect();
        tournament(contenders, |(left, i), (right, j)| {
            let wins = less(self, &left, &right);
            (
                self.multiplex(wins, &left, &right),
                self.multiplex(wins, &i, &j),
            )
        })
        .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::Signedness::{Signed, Unsigned};
    use super::*;
    use crate::circuit::testing::{assert_computes, mask, signed};

    #[test]
    fn multiplexer() {
        for l in [0usize, 1, 7, 20] {
            let mut b = Builder::new();
            let (s, x, y) = (b.input(), b.inputs(l), b.inputs(l));
            let out = b.multiplex(s, &x, &y);
            let t = b.build(&out).unwrap();
            assert_eq!((t.and_gates(), t.and_depth()), (l, usize::from(l > 0)));
            assert_computes(
                &t,
                &[1, l, l],
                &[],
                |e, _| if e[0] == 1 { e[2] } else { e[1] },
            );
        }
        // A word of the garbler's choosing costs the evaluator's select bit one gate a bit.
        let mut b = Builder::new();
        let (s, k, m) = (b.input(), b.knowns(6), b.knowns(6));
        let (k, m) = (b.known_word(&k), b.known_word(&m));
        let out = b.multiplex(s, &k, &m);
        let t = b.build(&out).unwrap();
        assert_eq!(t.and_gates(), 6);
        assert_computes(&t, &[1], &[6, 6], |e, g| g[e[0] as usize]);
    }

    #[test]
    fn extremes_of_two() {
        for (la, lb) in [(1, 1), (5, 5), (6, 3), (24, 24)] {
            for signedness in [Unsigned, Signed] {
                let l = la.max(lb);
                let mut b = Builder::new();
                let (x, y) = (b.inputs(la), b.inputs(lb));
                let min = b.min(&x, &y, signedness);
                let t = b.build(&min).unwrap();
                if la == lb {
                    assert_eq!(t.and_gates(), 2 * l);
                }
                let number = |v: u64, l: usize| match signedness {
                    Unsigned => v as i64,
                    Signed => signed(v, l),
                };
                assert_computes(&t, &[la, lb], &[], |e, _| {
                    number(e[0], la).min(number(e[1], lb)) as u64 & mask(l)
                });
                let mut b = Builder::new();
                let (x, y) = (b.inputs(la), b.inputs(lb));
                let max = b.max(&x, &y, signedness);
                let t = b.build(&max).unwrap();
                assert_computes(&t, &[la, lb], &[], |e, _| {
                    number(e[0], la).max(number(e[1], lb)) as u64 & mask(l)
                });
            }
        }
    }

    #[test]
    fn extremes_of_many() {
        for (n, l) in [(1usize, 4usize), (3, 5), (4, 4), (9, 7)] {
            let mut b = Builder::new();
            let words: Vec<_> = (0..n).map(|_| b.inputs(l)).collect();
            let max = b.max_of(words, Signed);
            let t = b.build(&max).unwrap();
            assert_eq!(t.and_gates(), 2 * l * (n - 1));
            assert!(t.and_depth() <= (l + 1) * index_bits(n));
            assert_computes(&t, &vec![l; n], &[], |e, _| {
                e.iter().map(|v| signed(*v, l)).max().unwrap() as u64 & mask(l)
            });
            let mut b = Builder::new();
            let words: Vec<_> = (0..n).map(|_| b.inputs(l)).collect();
            let min = b.min_of(words, Unsigned);
            let t = b.build(&min).unwrap();
            assert_eq!(t.and_gates(), 2 * l * (n - 1));
            assert_computes(&t, &vec![l; n], &[], |e, _| *e.iter().min().unwrap());
        }
        let mut b = Builder::new();
        assert!(b.max_of(Vec::new(), Signed).is_empty());
    }

    #[test]
    fn index_of_the_largest() {
        for (n, l) in [(1usize, 3usize), (2, 4), (3, 4), (5, 3), (8, 2), (13, 9)] {
            for signedness in [Unsigned, Signed] {
                let mut b = Builder::new();
                let words: Vec<_> = (0..n).map(|_| b.inputs(l)).collect();
                let (mut out, index) = b.argmax(words, signedness);
                assert_eq!(index.len(), index_bits(n));
                out.extend(index);
                let t = b.build(&out).unwrap();
                assert!(t.and_gates() <= 2 * l * (n - 1) + n);
                assert_computes(&t, &vec![l; n], &[], |e, _| {
                    let key = |v: u64| match signedness {
                        Unsigned => v as i64,
                        Signed => signed(v, l),
                    };
                    let best = (1..n).fold(0, |i, j| if key(e[j]) > key(e[i]) { j } else { i });
                    e[best] | (best as u64) << l
                });
            }
        }
    }
}
