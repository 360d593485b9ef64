//! Recording a circuit, and packing its wires into registers.

use super::template::{Gate, Register, Template};
use crate::Error;

/// A wire of the circuit under construction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wire(usize);

/// A bit that the garbler knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known(usize);

#[derive(Clone, Copy)]
enum Op {
    Input,
    Xor(usize, usize),
    XorKnown(usize, usize),
    Not(usize),
    And(usize, usize),
}

impl Op {
    fn operands(self) -> impl Iterator<Item = usize> {
        let (a, b) = match self {
            Self::Input => (None, None),
            Self::Xor(a, b) | Self::And(a, b) => (Some(a), Some(b)),
            Self::XorKnown(a, _) | Self::Not(a) => (Some(a), None),
        };
        a.into_iter().chain(b)
    }
}

/// Records gates in single assignment.
#[derive(Default)]
pub struct Builder {
    ops: Vec<Op>,
    inputs: usize,
    known: usize,
}

impl Builder {
    /// An empty circuit.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn push(&mut self, op: Op) -> Wire {
        self.ops.push(op);
        Wire(self.ops.len() - 1)
    }

    /// The next input wire, a bit of the evaluator.
    pub fn input(&mut self) -> Wire {
        self.inputs += 1;
        self.push(Op::Input)
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

    /// `a xor b`, free.
    pub fn xor(&mut self, a: Wire, b: Wire) -> Wire {
        self.push(Op::Xor(a.0, b.0))
    }

    /// `a xor k`, free.
    pub fn xor_known(&mut self, a: Wire, k: Known) -> Wire {
        self.push(Op::XorKnown(a.0, k.0))
    }

    /// `not a`, free.
    pub fn not(&mut self, a: Wire) -> Wire {
        self.push(Op::Not(a.0))
    }

    /// `a and b`, one gate.
    pub fn and(&mut self, a: Wire, b: Wire) -> Wire {
        self.push(Op::And(a.0, b.0))
    }

    /// Closes the circuit.
    ///
    /// Gates that no output depends on are dropped; inputs keep their order and number.
    ///
    /// # Errors
    /// [`Error::Circuit`] if an output is a wire of another builder.
    pub fn build(self, outputs: &[Wire]) -> Result<Template, Error> {
        let last_use = self.last_uses(outputs)?;
        let mut registers = Allocator::default();
        let mut location = vec![Register(0); self.ops.len()];
        let mut template = Template {
            inputs: Vec::with_capacity(self.inputs),
            known: self.known,
            registers: 0,
            gates: Vec::new(),
            outputs: Vec::new(),
            and_gates: 0,
        };
        // All inputs are live from the start.
        for (i, op) in self.ops.iter().enumerate() {
            if let (Op::Input, Some(slot)) = (op, location.get_mut(i)) {
                *slot = registers.take();
                template.inputs.push(*slot);
            }
        }
        let at = |location: &[Register], i: usize| location.get(i).copied().unwrap_or(Register(0));
        for (i, op) in self.ops.iter().enumerate() {
            if matches!(op, Op::Input) || last_use.get(i).copied().flatten().is_none() {
                continue;
            }
            let [first, second] = {
                let mut operands = op.operands().map(|o| at(&location, o));
                [
                    operands.next().unwrap_or(Register(0)),
                    operands.next().unwrap_or(Register(0)),
                ]
            };
            // An operand that dies here gives its register to the result: gates read before they write.
            let mut dying: Vec<usize> = op
                .operands()
                .filter(|o| last_use.get(*o).copied().flatten() == Some(i))
                .collect();
            dying.dedup();
            for o in dying {
                registers.give(at(&location, o));
            }
            let out = registers.take();
            if let Some(slot) = location.get_mut(i) {
                *slot = out;
            }
            template.gates.push(match *op {
                Op::Xor(..) => Gate::Xor {
                    a: first,
                    b: second,
                    out,
                },
                Op::XorKnown(_, k) => Gate::XorKnown { a: first, k, out },
                Op::Not(_) => Gate::Not { a: first, out },
                Op::And(..) | Op::Input => {
                    template.and_gates += 1;
                    Gate::And {
                        a: first,
                        b: second,
                        out,
                    }
                }
            });
        }
        template.outputs = outputs.iter().map(|w| at(&location, w.0)).collect();
        template.registers = registers.used;
        Ok(template)
    }

    /// For every wire the last gate that reads it (`usize::MAX` for outputs), `None` if nothing needs it.
    fn last_uses(&self, outputs: &[Wire]) -> Result<Vec<Option<usize>>, Error> {
        let mut last = vec![None; self.ops.len()];
        for w in outputs {
            let slot = last.get_mut(w.0).ok_or(Error::Circuit {
                what: "an output is no wire of this circuit",
            })?;
            *slot = Some(usize::MAX);
        }
        for (i, op) in self.ops.iter().enumerate().rev() {
            if last.get(i).copied().flatten().is_none() {
                continue;
            }
            for o in op.operands() {
                if let Some(slot @ None) = last.get_mut(o) {
                    *slot = Some(i);
                }
            }
        }
        Ok(last)
    }
}

#[derive(Default)]
struct Allocator {
    free: Vec<Register>,
    used: usize,
}

impl Allocator {
    fn take(&mut self) -> Register {
        self.free.pop().unwrap_or_else(|| {
            self.used += 1;
            Register(self.used - 1)
        })
    }

    fn give(&mut self, r: Register) {
        self.free.push(r);
    }
}
