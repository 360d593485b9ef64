//! Writing a circuit.

use std::fmt::Write;

use crate::circuit::{Gate, Register, Template};

/// A gate in single assignment, with numbered operands.
enum Line {
    Xor(usize, usize),
    And(usize, usize),
    Inv(usize),
    /// A constant zero.
    Zero,
    Copy(usize),
}

/// Gates in single assignment and where registers stand.
struct Assignment {
    /// Wires before the first gate.
    inputs: usize,
    lines: Vec<Line>,
    /// The wire that a register holds.
    held: Vec<usize>,
}

impl Assignment {
    fn push(&mut self, line: Line) -> usize {
        self.lines.push(line);
        self.inputs + self.lines.len() - 1
    }

    fn at(&self, r: Register) -> usize {
        self.held.get(r.0).copied().unwrap_or(0)
    }
}

impl Template {
    /// The circuit in Bristol Fashion.
    ///
    /// The first input value is the evaluator's bits, the second the garbler's (each left out if it has no bits); one output
    /// value. A round trip through [`super::Imported::parse`] gives a circuit of the same function.
    #[must_use]
    pub fn to_bristol(&self) -> String {
        let inputs = self.inputs() + self.known();
        let mut ssa = Assignment {
            inputs,
            lines: Vec::with_capacity(self.gates().len()),
            held: vec![0; self.registers()],
        };
        for (i, r) in self.inputs.iter().enumerate() {
            if let Some(slot) = ssa.held.get_mut(r.0) {
                *slot = i;
            }
        }
        for gate in self.gates() {
            let (line, out) = match *gate {
                Gate::Xor { a, b, out } if a == b => (Line::Zero, out),
                Gate::Xor { a, b, out } => (Line::Xor(ssa.at(a), ssa.at(b)), out),
                Gate::And { a, b, out } => (Line::And(ssa.at(a), ssa.at(b)), out),
                Gate::Not { a, out } => (Line::Inv(ssa.at(a)), out),
                Gate::XorKnown { a, k, out } => (Line::Xor(ssa.at(a), self.inputs() + k), out),
            };
            let wire = ssa.push(line);
            if let Some(slot) = ssa.held.get_mut(out.0) {
                *slot = wire;
            }
        }
        // Outputs are the last wires, each its own: copies of inputs and of wires that are outputs already.
        let mut outputs = Vec::with_capacity(self.outputs());
        let mut is_output = vec![false; inputs + ssa.lines.len()];
        for r in &self.outputs {
            let wire = ssa.at(*r);
            match is_output.get_mut(wire) {
                Some(taken @ false) if wire >= inputs => {
                    *taken = true;
                    outputs.push(wire);
                }
                _ => outputs.push(ssa.push(Line::Copy(wire))),
            }
        }
        write(self, &ssa, &outputs)
    }
}

/// Numbers the wires so that outputs come last, and prints.
fn write(template: &Template, ssa: &Assignment, outputs: &[usize]) -> String {
    let wires = ssa.inputs + ssa.lines.len();
    let mut number = vec![usize::MAX; wires];
    for (i, &wire) in outputs.iter().enumerate() {
        if let Some(slot) = number.get_mut(wire) {
            *slot = wires - outputs.len() + i;
        }
    }
    let inner = number.iter_mut().filter(|number| **number == usize::MAX);
    for (next, slot) in inner.enumerate() {
        *slot = next;
    }
    let at = |wire: usize| number.get(wire).copied().unwrap_or(0);

    let mut text = format!("{} {wires}\n", ssa.lines.len());
    let lengths = [template.inputs(), template.known()];
    let lengths: Vec<String> = lengths
        .iter()
        .filter(|&&bits| bits > 0)
        .map(usize::to_string)
        .collect();
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{} {}", lengths.len(), lengths.join(" "));
    let _ = writeln!(text, "1 {}\n", template.outputs());
    for (i, line) in ssa.lines.iter().enumerate() {
        let out = at(ssa.inputs + i);
        let _ = match *line {
            Line::Xor(a, b) => writeln!(text, "2 1 {} {} {out} XOR", at(a), at(b)),
            Line::And(a, b) => writeln!(text, "2 1 {} {} {out} AND", at(a), at(b)),
            Line::Inv(a) => writeln!(text, "1 1 {} {out} INV", at(a)),
            Line::Zero => writeln!(text, "1 1 0 {out} EQ"),
            Line::Copy(a) => writeln!(text, "1 1 {} {out} EQW", at(a)),
        };
    }
    text
}
