//! The finished circuit and its plaintext evaluation.

/// A slot of the register file that holds the labels of one live wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Register(pub(crate) usize);

/// One operation of a template; it reads its operands before it writes `out`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// `out = a xor b`.
    Xor {
        /// First operand.
        a: Register,
        /// Second operand.
        b: Register,
        /// Result.
        out: Register,
    },
    /// `out = a xor known[k]`.
    XorKnown {
        /// Operand.
        a: Register,
        /// Index of the garbler's bit.
        k: usize,
        /// Result.
        out: Register,
    },
    /// `out = not a`.
    Not {
        /// Operand.
        a: Register,
        /// Result.
        out: Register,
    },
    /// `out = a and b`: the only gate with a table.
    And {
        /// First operand.
        a: Register,
        /// Second operand.
        b: Register,
        /// Result.
        out: Register,
    },
}

/// Gates of a template by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GateCounts {
    /// AND: the only ones that cost traffic.
    pub and: usize,
    /// XOR of two wires.
    pub xor: usize,
    /// XOR of a wire and a known bit.
    pub xor_known: usize,
    /// NOT.
    pub not: usize,
}

/// A circuit ready for garbling: gates over a small register file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    pub(crate) inputs: Vec<Register>,
    pub(crate) known: usize,
    pub(crate) registers: usize,
    pub(crate) gates: Vec<Gate>,
    pub(crate) outputs: Vec<Register>,
    pub(crate) and_gates: usize,
}

impl Template {
    /// Evaluator bits an instance takes.
    #[must_use]
    pub fn inputs(&self) -> usize {
        self.inputs.len()
    }

    /// Garbler bits an instance takes.
    #[must_use]
    pub fn known(&self) -> usize {
        self.known
    }

    /// Bits an instance returns.
    #[must_use]
    pub fn outputs(&self) -> usize {
        self.outputs.len()
    }

    /// AND gates, each two ciphertexts of sixteen bytes.
    #[must_use]
    pub fn and_gates(&self) -> usize {
        self.and_gates
    }

    /// Gates of every kind.
    #[must_use]
    pub fn gate_counts(&self) -> GateCounts {
        let mut counts = GateCounts::default();
        for gate in &self.gates {
            match gate {
                Gate::And { .. } => counts.and += 1,
                Gate::Xor { .. } => counts.xor += 1,
                Gate::XorKnown { .. } => counts.xor_known += 1,
                Gate::Not { .. } => counts.not += 1,
            }
        }
        counts
    }

    /// AND gates on the longest path from an input to an output.
    #[must_use]
    pub fn and_depth(&self) -> usize {
        let mut depths = vec![0usize; self.registers];
        let get = |depths: &[usize], r: Register| depths.get(r.0).copied().unwrap_or(0);
        for gate in &self.gates {
            let (depth, out) = match *gate {
                Gate::Xor { a, b, out } if a == b => (0, out),
                Gate::Xor { a, b, out } => (get(&depths, a).max(get(&depths, b)), out),
                Gate::And { a, b, out } => (1 + get(&depths, a).max(get(&depths, b)), out),
                Gate::Not { a, out } | Gate::XorKnown { a, out, .. } => (get(&depths, a), out),
            };
            if let Some(slot) = depths.get_mut(out.0) {
                *slot = depth;
            }
        }
        let outputs = self.outputs.iter().map(|r| get(&depths, *r));
        outputs.max().unwrap_or(0)
    }

    /// Size of the register file, in wires.
    #[must_use]
    pub fn registers(&self) -> usize {
        self.registers
    }

    /// The gates in order.
    #[must_use]
    pub fn gates(&self) -> &[Gate] {
        &self.gates
    }

    /// Evaluates 64 instances at once in the clear, instance `i` in bit `i` of every word.
    ///
    /// Missing inputs and known bits count as zero.
    #[must_use]
    pub fn evaluate(&self, inputs: &[u64], known: &[u64]) -> Vec<u64> {
        let mut registers = vec![0u64; self.registers];
        let get = |registers: &[u64], r: Register| registers.get(r.0).copied().unwrap_or(0);
        for (r, value) in self.inputs.iter().zip(inputs) {
            if let Some(slot) = registers.get_mut(r.0) {
                *slot = *value;
            }
        }
        for gate in &self.gates {
            let (value, out) = match *gate {
                Gate::Xor { a, b, out } => (get(&registers, a) ^ get(&registers, b), out),
                Gate::And { a, b, out } => (get(&registers, a) & get(&registers, b), out),
                Gate::Not { a, out } => (!get(&registers, a), out),
                Gate::XorKnown { a, k, out } => {
                    (get(&registers, a) ^ known.get(k).copied().unwrap_or(0), out)
                }
            };
            if let Some(slot) = registers.get_mut(out.0) {
                *slot = value;
            }
        }
        self.outputs.iter().map(|r| get(&registers, *r)).collect()
    }
}
