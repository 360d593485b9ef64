//! Words of wires, least significant bit first.

use super::builder::{Builder, Known, Wire};

impl Builder {
    /// `MAJ(x, k, c)`, one gate.
    pub fn majority_known(&mut self, x: Wire, k: Known, c: Wire) -> Wire {
        let (x, c) = (self.xor_known(x, k), self.xor_known(c, k));
        let both = self.and(x, c);
        self.xor_known(both, k)
    }

    /// `x and k`, one gate: no wire is known to be constant, so the garbled table hides `k`.
    pub fn and_known(&mut self, x: Wire, k: Known) -> Wire {
        // x and k = MAJ(x, k, 0) with the constant 0 = x xor x; its label is the same whatever x is.
        let zero = self.xor(x, x);
        self.majority_known(x, k, zero)
    }

    /// `(x + k) mod 2^l` for `l = x.len()` evaluator wires and as many known bits, `l - 1` gates.
    pub fn add_known(&mut self, x: &[Wire], k: &[Known]) -> Vec<Wire> {
        let mut sum = Vec::with_capacity(x.len());
        let mut carry: Option<Wire> = None;
        for (i, (&x, &k)) in x.iter().zip(k).enumerate() {
            let half = self.xor_known(x, k);
            sum.push(match carry {
                None => half,
                Some(c) => self.xor(half, c),
            });
            if i + 1 < sum.capacity() {
                carry = Some(match carry {
                    None => self.and_known(x, k),
                    Some(c) => self.majority_known(x, k, c),
                });
            }
        }
        sum
    }

    /// The sign of `a - b` for signed words of equal length whose difference fits their length: 1 where `a < b`.
    /// `l - 1` gates; `None` for empty words.
    pub fn less_than(&mut self, a: &[Wire], b: &[Wire]) -> Option<Wire> {
        // borrow' = MAJ(not a, b, borrow); the difference's top bit is a xor b xor borrow.
        let mut borrow: Option<Wire> = None;
        let mut pairs = a.iter().zip(b).peekable();
        while let Some((&a, &b)) = pairs.next() {
            if pairs.peek().is_none() {
                let top = self.xor(a, b);
                return Some(match borrow {
                    None => top,
                    Some(c) => self.xor(top, c),
                });
            }
            let na = self.not(a);
            borrow = Some(match borrow {
                None => self.and(na, b),
                Some(c) => {
                    let (x, y) = (self.xor(na, c), self.xor(b, c));
                    let both = self.and(x, y);
                    self.xor(both, c)
                }
            });
        }
        None
    }

    /// `if s { b } else { a }`, one gate a bit.
    pub fn multiplex(&mut self, s: Wire, a: &[Wire], b: &[Wire]) -> Vec<Wire> {
        a.iter()
            .zip(b)
            .map(|(&a, &b)| {
                let d = self.xor(a, b);
                let d = self.and(s, d);
                self.xor(a, d)
            })
            .collect()
    }
}
