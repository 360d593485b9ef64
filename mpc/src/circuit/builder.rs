//! Recording a circuit in single assignment, simplified gate by gate.
//!
//! Every gate is looked up before it is recorded, so that equal gates exist once; gates of constants, of equal or of
//! complementary wires fold; NOT moves behind XOR, where two of them cancel. What no output needs goes when the circuit
//! is closed.

use std::collections::HashMap;

/// A wire of the circuit under construction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wire(pub(super) usize);

/// A bit that the garbler knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known(pub(super) usize);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Op {
    Input,
    Constant(bool),
    Xor(usize, usize),
    XorKnown(usize, usize),
    Not(usize),
    And(usize, usize),
}

impl Op {
    pub(super) fn operands(self) -> impl Iterator<Item = usize> {
        let (a, b) = match self {
            Self::Input | Self::Constant(_) => (None, None),
            Self::Xor(a, b) | Self::And(a, b) => (Some(a), Some(b)),
            Self::XorKnown(a, _) | Self::Not(a) => (Some(a), None),
        };
        a.into_iter().chain(b)
    }
}

/// Records gates in single assignment.
///
/// Words are slices of wires, least significant bit first. Of two words of different lengths the shorter one counts as
/// extended, by zeros or by its sign as the operation says. Gate counts are those of AND gates, the only ones that cost
/// traffic, for operands that are neither constant nor equal.
#[derive(Default)]
pub struct Builder {
    pub(super) ops: Vec<Op>,
    pub(super) inputs: usize,
    pub(super) known: usize,
    /// Where an operation has been recorded.
    recorded: HashMap<Op, usize>,
}

impl Builder {
    /// An empty circuit.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The wire of an operation, which is recorded unless it has been.
    fn record(&mut self, op: Op) -> Wire {
        let next = self.ops.len();
        let at = *self.recorded.entry(op).or_insert(next);
        if at == next {
            self.ops.push(op);
        }
        Wire(at)
    }

    fn op(&self, wire: Wire) -> Option<Op> {
        self.ops.get(wire.0).copied()
    }

    /// The next input wire, a bit of the evaluator.
    pub fn input(&mut self) -> Wire {
        self.inputs += 1;
        self.ops.push(Op::Input);
        Wire(self.ops.len() - 1)
    }

    /// The next `n` input wires.
    pub fn inputs(&mut self, n: usize) -> Vec<Wire> {
        (0..n).map(|_| self.input()).collect()
    }

    /// The next known bit, of the garbler.
    pub fn known(&mut self) -> Known {
        self.known += 1;
        Known(self.known - 1)
    }

    /// The next `n` known bits.
    pub fn knowns(&mut self, n: usize) -> Vec<Known> {
        (0..n).map(|_| self.known()).collect()
    }

    /// A public constant. Gates of constants fold; one that reaches an output becomes a wire whose active label is zero.
    pub fn constant(&mut self, value: bool) -> Wire {
        self.record(Op::Constant(value))
    }

    /// `a xor b`, free.
    pub fn xor(&mut self, a: Wire, b: Wire) -> Wire {
        let ((a, not_a), (b, not_b)) = (self.positive(a), self.positive(b));
        let result = self.xor_positive(a, b);
        if not_a == not_b {
            result
        } else {
            self.not(result)
        }
    }

    /// The wire under a NOT, and whether there was one.
    fn positive(&mut self, a: Wire) -> (Wire, bool) {
        match self.op(a) {
            Some(Op::Not(x)) => (Wire(x), true),
            Some(Op::Constant(true)) => (self.constant(false), true),
            _ => (a, false),
        }
    }

    fn xor_positive(&mut self, a: Wire, b: Wire) -> Wire {
        if a == b {
            return self.constant(false);
        }
        match (self.op(a), self.op(b)) {
            (Some(Op::Constant(false)), _) => return b,
            (_, Some(Op::Constant(false))) => return a,
            (Some(Op::Xor(x, y)), _) if x == b.0 => return Wire(y),
            (Some(Op::Xor(x, y)), _) if y == b.0 => return Wire(x),
            (_, Some(Op::Xor(x, y))) if x == a.0 => return Wire(y),
            (_, Some(Op::Xor(x, y))) if y == a.0 => return Wire(x),
            _ => {}
        }
        // A wire that carries nothing but one known bit.
        if let Some(k) = self.bare_known(b) {
            return self.xor_known(a, k);
        }
        if let Some(k) = self.bare_known(a) {
            return self.xor_known(b, k);
        }
        self.record(Op::Xor(a.0.min(b.0), a.0.max(b.0)))
    }

    fn bare_known(&self, a: Wire) -> Option<Known> {
        match self.op(a) {
            Some(Op::XorKnown(x, k)) if self.op(Wire(x)) == Some(Op::Constant(false)) => {
                Some(Known(k))
            }
            _ => None,
        }
    }

    /// `a xor k`, free.
    pub fn xor_known(&mut self, a: Wire, k: Known) -> Wire {
        let (a, not_a) = self.positive(a);
        let result = match self.op(a) {
            Some(Op::XorKnown(x, same)) if same == k.0 => Wire(x),
            _ => self.record(Op::XorKnown(a.0, k.0)),
        };
        if not_a { self.not(result) } else { result }
    }

    /// `not a`, free.
    pub fn not(&mut self, a: Wire) -> Wire {
        match self.op(a) {
            Some(Op::Not(x)) => Wire(x),
            Some(Op::Constant(value)) => self.constant(!value),
            _ => self.record(Op::Not(a.0)),
        }
    }

    /// `a and b`, one gate.
    pub fn and(&mut self, a: Wire, b: Wire) -> Wire {
        if a == b {
            return a;
        }
        match (self.op(a), self.op(b)) {
            (Some(Op::Constant(true)), _) => b,
            (_, Some(Op::Constant(true))) => a,
            (Some(Op::Constant(false)), _) | (_, Some(Op::Constant(false))) => self.constant(false),
            (Some(Op::Not(x)), _) if x == b.0 => self.constant(false),
            (_, Some(Op::Not(x))) if x == a.0 => self.constant(false),
            _ => self.record(Op::And(a.0.min(b.0), a.0.max(b.0))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::circuit::testing::random_circuit;

    #[test]
    fn gates_of_constants_and_of_equal_wires_fold() {
        let mut b = Builder::new();
        let (x, y, k) = (b.input(), b.input(), b.known());
        let (zero, one, not_x) = (b.constant(false), b.constant(true), b.not(x));
        assert_eq!(b.xor(x, x), zero);
        assert_eq!(b.xor(x, not_x), one);
        assert_eq!(b.xor(x, zero), x);
        assert_eq!(b.xor(one, x), not_x);
        assert_eq!(b.not(not_x), x);
        assert_eq!(b.not(one), zero);
        assert_eq!(b.and(x, x), x);
        assert_eq!(b.and(not_x, x), zero);
        assert_eq!(b.and(x, zero), zero);
        assert_eq!(b.and(one, x), x);
        let s = b.xor(x, y);
        assert_eq!(b.xor(y, x), s);
        assert_eq!(b.xor(s, y), x);
        assert_eq!(b.xor(x, s), y);
        let not_y = b.not(y);
        assert_eq!(b.xor(not_x, not_y), s);
        let masked = b.xor_known(x, k);
        assert_eq!(b.xor_known(masked, k), x);
        let wire = b.known_wire(k);
        assert_eq!(b.xor(x, wire), masked);
        assert_eq!(b.xor(wire, x), masked);
        let product = b.and(x, y);
        assert_eq!(b.and(y, x), product);
    }

    #[test]
    fn simplification_keeps_the_function() {
        let inputs = [
            0x0123_4567_89ab_cdef,
            0xfedc_ba98_7654_3210 ^ 0xffff,
            0x5a5a << 7,
        ];
        let known = [0x00ff_00ff_00ff_00ff, 0x3333_cccc_5555_aaaa];
        for seed in 0..=255 {
            let (t, want) = random_circuit(seed, &inputs, &known);
            assert_eq!(t.evaluate(&inputs, &known), want, "seed {seed}");
        }
    }

    #[test]
    fn constants_reach_outputs() {
        let mut b = Builder::new();
        let k = b.known();
        let outputs = [b.constant(false), b.constant(true), b.known_wire(k)];
        let t = b.build(&outputs).unwrap();
        assert_eq!((t.inputs(), t.known(), t.and_gates()), (0, 1, 0));
        assert_eq!(t.evaluate(&[], &[0b01]), [0, u64::MAX, 0b01]);
    }
}
