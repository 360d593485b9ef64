//! Closing a circuit: dropping dead gates, and packing wires into few registers by liveness.

use super::builder::{Builder, Op, Wire};
use super::template::{Gate, Register, Template};
use crate::Error;

impl Builder {
    /// Closes the circuit.
    ///
    /// Gates that no output depends on are dropped; inputs and known bits keep their order and number.
    ///
    /// # Errors
    /// [`Error::Circuit`] if an output or an operand is a wire of another builder.
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
            template.push(*op, first, second, out);
        }
        template.outputs = outputs.iter().map(|w| at(&location, w.0)).collect();
        template.registers = registers.used;
        Ok(template)
    }

    /// For every wire the last gate that reads it (`usize::MAX` for outputs), `None` if nothing needs it.
    fn last_uses(&self, outputs: &[Wire]) -> Result<Vec<Option<usize>>, Error> {
        let foreign = Error::Circuit {
            what: "an output or an operand is no wire of this circuit",
        };
        let mut operands = self.ops.iter().enumerate();
        if operands.any(|(i, op)| op.operands().any(|o| o >= i)) {
            return Err(foreign);
        }
        let mut last = vec![None; self.ops.len()];
        for w in outputs {
            match last.get_mut(w.0) {
                Some(slot) => *slot = Some(usize::MAX),
                None => return Err(foreign),
            }
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

impl Template {
    /// Appends the gates of one operation.
    fn push(&mut self, op: Op, a: Register, b: Register, out: Register) {
        self.gates.push(match op {
            Op::Input => return,
            // Whatever the register holds, its exclusive-or with itself is the zero label.
            Op::Constant(_) => Gate::Xor {
                a: out,
                b: out,
                out,
            },
            Op::Xor(..) => Gate::Xor { a, b, out },
            Op::XorKnown(_, k) => Gate::XorKnown { a, k, out },
            Op::Not(_) => Gate::Not { a, out },
            Op::And(..) => {
                self.and_gates += 1;
                Gate::And { a, b, out }
            }
        });
        if op == Op::Constant(true) {
            self.gates.push(Gate::Not { a: out, out });
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dead_gates_are_dropped_and_registers_reused() {
        let mut b = Builder::new();
        let x = b.inputs(3);
        let mut chain = b.and(x[0], x[1]);
        for _ in 0..100 {
            let flipped = b.not(chain);
            chain = b.and(flipped, x[2]);
            let _dead = b.and(flipped, x[0]);
        }
        let t = b.build(&[chain]).unwrap();
        assert_eq!((t.and_gates(), t.inputs()), (101, 3));
        assert_eq!(t.registers(), 3);
    }

    #[test]
    fn wires_of_another_builder_are_refused() {
        let mut other = Builder::new();
        let foreign = other.inputs(9)[8];
        assert!(Builder::new().build(&[foreign]).is_err());
        let mut b = Builder::new();
        let x = b.input();
        let y = b.and(x, foreign);
        assert!(b.build(&[y]).is_err());
    }
}
