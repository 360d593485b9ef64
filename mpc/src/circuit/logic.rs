//! Bits and words without arithmetic: constants, the other gates, wide AND and OR.

use super::builder::{Builder, Known, Wire};

/// Plays `items` against their neighbours until one is left: logarithmic depth. `None` without items.
pub(super) fn tournament<T>(mut items: Vec<T>, mut play: impl FnMut(T, T) -> T) -> Option<T> {
    while items.len() > 1 {
        let mut next = Vec::with_capacity(items.len().div_ceil(2));
        let mut players = items.into_iter();
        while let Some(left) = players.next() {
            next.push(match players.next() {
                Some(right) => play(left, right),
                None => left,
            });
        }
        items = next;
    }
    items.pop()
}

impl Builder {
    /// The low `bits` bits of a public number (zeros above bit 63).
    pub fn constant_word(&mut self, value: u64, bits: usize) -> Vec<Wire> {
        (0..bits)
            .map(|i| self.constant(i < 64 && value >> (i % 64) & 1 == 1))
            .collect()
    }

    /// A wire that carries a bit of the garbler, free: its active label is zero, and the garbler renames it. So known bits
    /// may enter every operation; gates of known bits alone still cost what they say, and are better computed by the
    /// garbler beforehand. That label is public: it must not serve as a pad.
    pub fn known_wire(&mut self, k: Known) -> Wire {
        let zero = self.constant(false);
        self.xor_known(zero, k)
    }

    /// [`Builder::known_wire`] of every bit of a word.
    pub fn known_word(&mut self, k: &[Known]) -> Vec<Wire> {
        k.iter().map(|&k| self.known_wire(k)).collect()
    }

    /// `a or b`, one gate.
    pub fn or(&mut self, a: Wire, b: Wire) -> Wire {
        let nor = self.nor(a, b);
        self.not(nor)
    }

    /// `not (a or b)`, one gate.
    pub fn nor(&mut self, a: Wire, b: Wire) -> Wire {
        let (a, b) = (self.not(a), self.not(b));
        self.and(a, b)
    }

    /// `not (a and b)`, one gate.
    pub fn nand(&mut self, a: Wire, b: Wire) -> Wire {
        let and = self.and(a, b);
        self.not(and)
    }

    /// `not (a xor b)`, free.
    pub fn xnor(&mut self, a: Wire, b: Wire) -> Wire {
        let xor = self.xor(a, b);
        self.not(xor)
    }

    /// `x and k`, one gate: no wire is known to be constant, so the garbled table hides `k`.
    pub fn and_known(&mut self, x: Wire, k: Known) -> Wire {
        let k = self.known_wire(k);
        self.and(x, k)
    }

    /// Whether all bits are set (of none: yes). `l - 1` gates, logarithmic depth.
    pub fn all(&mut self, x: &[Wire]) -> Wire {
        match tournament(x.to_vec(), |a, b| self.and(a, b)) {
            Some(all) => all,
            None => self.constant(true),
        }
    }

    /// Whether some bit is set (of none: no). `l - 1` gates, logarithmic depth.
    pub fn any(&mut self, x: &[Wire]) -> Wire {
        let complement = self.not_word(x);
        let none = self.all(&complement);
        self.not(none)
    }

    /// The exclusive-or of all bits, free.
    pub fn parity(&mut self, x: &[Wire]) -> Wire {
        match tournament(x.to_vec(), |a, b| self.xor(a, b)) {
            Some(parity) => parity,
            None => self.constant(false),
        }
    }

    /// Every bit inverted, free.
    pub fn not_word(&mut self, x: &[Wire]) -> Vec<Wire> {
        x.iter().map(|&x| self.not(x)).collect()
    }

    /// `a xor b`, bit by bit, the shorter word extended by zeros; free.
    pub fn xor_word(&mut self, a: &[Wire], b: &[Wire]) -> Vec<Wire> {
        let (a, b) = self.aligned(a, b);
        a.into_iter().zip(b).map(|(a, b)| self.xor(a, b)).collect()
    }

    /// `if s { x } else { 0 }`, one gate a bit.
    pub fn and_word(&mut self, s: Wire, x: &[Wire]) -> Vec<Wire> {
        x.iter().map(|&x| self.and(s, x)).collect()
    }

    /// Both words at the greater length, extended by zeros.
    pub(super) fn aligned(&mut self, a: &[Wire], b: &[Wire]) -> (Vec<Wire>, Vec<Wire>) {
        let zero = self.constant(false);
        let (mut a, mut b) = (a.to_vec(), b.to_vec());
        let bits = a.len().max(b.len());
        a.resize(bits, zero);
        b.resize(bits, zero);
        (a, b)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::circuit::testing::{assert_computes, gates};

    #[test]
    fn two_input_gates() {
        let mut b = Builder::new();
        let (x, y, k) = (b.input(), b.input(), b.known());
        let outputs = [
            b.or(x, y),
            b.nor(x, y),
            b.nand(x, y),
            b.xnor(x, y),
            b.and_known(x, k),
        ];
        let t = b.build(&outputs).unwrap();
        // NOR and OR share a gate; NAND and AND-with-known have one each.
        assert_eq!(gates(&t), (3, 1));
        assert_computes(&t, &[1, 1], &[1], |e, g| {
            let (x, y, k) = (e[0], e[1], g[0]);
            (x | y) | (1 ^ (x | y)) << 1 | (1 ^ (x & y)) << 2 | (1 ^ x ^ y) << 3 | (x & k) << 4
        });
    }

    #[test]
    fn wide_gates() {
        for l in [0usize, 1, 2, 3, 7, 12] {
            let mut b = Builder::new();
            let x = b.inputs(l);
            let outputs = [b.all(&x), b.any(&x), b.parity(&x)];
            let t = b.build(&outputs).unwrap();
            assert_eq!(t.and_gates(), 2 * l.saturating_sub(1));
            let depth = l.max(1).next_power_of_two().ilog2() as usize;
            assert_eq!(t.and_depth(), depth);
            assert_computes(&t, &[l], &[], |e, _| {
                let all = e[0] == (1 << l) - 1;
                let parity = u64::from(e[0].count_ones() % 2);
                u64::from(all) | u64::from(e[0] != 0) << 1 | parity << 2
            });
        }
    }

    #[test]
    fn words() {
        let mut b = Builder::new();
        let (x, y, s) = (b.inputs(5), b.inputs(3), b.input());
        let k = b.knowns(5);
        let wires = b.known_word(&k);
        let seven = b.constant_word(7, 5);
        let mut outputs = b.xor_word(&x, &y);
        outputs.extend(b.and_word(s, &x));
        outputs.extend(b.xor_word(&wires, &seven));
        let t = b.build(&outputs).unwrap();
        assert_eq!(t.and_gates(), 5);
        assert_computes(&t, &[5, 3, 1], &[5], |e, g| {
            (e[0] ^ e[1]) | (e[0] * e[2]) << 5 | (g[0] ^ 7) << 10
        });
    }
}
