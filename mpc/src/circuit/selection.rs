//! Oblivious selection: outputs are copies of inputs, by a map that only the garbler knows.
//!
//! `y_j = x_map(j)` for any map of `v` outputs to `u` inputs, repetitions and unused inputs included. Three networks in a row,
//! each switch one AND a bit under a control bit of the garbler:
//!
//! 1. **Compaction** of the used inputs to the front, in order. An input with `t` unused ones before it moves down by `t`, by the bits of
//!    `t` from the lowest to the highest: with `t <= t'` for inputs `i < i'`, at most `i' - i - 1` apart, no two ever meet. At most `u ceil(log2 u)`
//!    switches, each "own or the one `2^k` above".
//! 2. **Spreading** with copies, in order. Position `j` is to hold the `g(j)`-th used input, `g` growing by 0 or 1 a step; it comes from
//!    `j - g(j)` below, by that number's bits from the highest to the lowest. `g` and `j - g(j)` do not decrease, so two positions whose values
//!    meet on the way want the same value. A switch is needed only where both of its inputs can carry something: about
//!    `v ceil(log2 u)` of them, however far values travel.
//! 3. A **permutation** of `v` words by a Waksman network for any `v` (Beauquier and Darrot, "On arbitrary size Waksman networks and their
//!    vulnerability", 2002), `sum of ceil(log2 i), i <= v` exchanges. The switches are set by the looping algorithm.
//!
//! The second takes the place of the extended permutation network and the copying gates of Kiss, Naderpour, Liu, Asokan and Schneider ("SoK: Modular and efficient private decision
//! tree evaluation", PoPETs 2019, section 4), `sum of ceil(log2 i) + v - 1`; the first is small where `u` is.
//!
//! | inputs, outputs | switches | two Waksman networks and copying |
//! |---|---|---|
//! | 16, 100 | 1,007 | 1,245 |
//! | 17, 200 | 2,196 | 2,889 |
//! | 64, 500 | 7,247 | 8,477 |
//! | 100, 1000 | 16,027 | 18,953 |
//!
//! The wiring depends on `u` and `v` alone, so the garbled circuit tells nothing about the map.

mod waksman;

use super::builder::{Builder, Known, Wire};
use crate::Error;

/// Inputs and outputs a [`Selection`] may have.
pub const MAX_SELECTION: usize = 1 << 16;

/// A switch of the network, on earlier nodes.
#[derive(Clone, Copy, Debug)]
enum Switch {
    /// One node: the second operand where the control is set, else the first.
    Choose(usize, usize),
    /// Two nodes: the operands, exchanged where the control is set.
    Exchange(usize, usize),
}

/// A network that copies inputs to outputs.
#[derive(Clone, Debug)]
pub struct Selection {
    inputs: usize,
    outputs: Vec<usize>,
    /// Switches, and whether an output depends on each; nodes are numbered from the inputs on.
    switches: Vec<(Switch, bool)>,
    /// For every stage of the compaction and of the spreading, the switch at each position.
    compaction: Vec<Stage>,
    spreading: Vec<Stage>,
}

/// Switches of one distance.
#[derive(Clone, Debug)]
struct Stage {
    distance: usize,
    switches: Vec<Option<usize>>,
}

/// The network under construction.
struct Network {
    nodes: usize,
    switches: Vec<(Switch, bool)>,
}

impl Network {
    fn choose(&mut self, own: usize, other: usize) -> usize {
        self.switches.push((Switch::Choose(own, other), false));
        self.nodes += 1;
        self.nodes - 1
    }

    fn exchange(&mut self, a: usize, b: usize) -> (usize, usize) {
        self.switches.push((Switch::Exchange(a, b), false));
        self.nodes += 2;
        (self.nodes - 2, self.nodes - 1)
    }

    /// Every position keeps its node or takes the one at position `from(p)`, if that carries one.
    fn stage(
        &mut self,
        nodes: &mut Vec<Option<usize>>,
        distance: usize,
        from: impl Fn(usize) -> Option<usize>,
    ) -> Stage {
        let mut switches = vec![None; nodes.len()];
        let next = switches
            .iter_mut()
            .enumerate()
            .map(|(p, switch)| {
                let own = nodes.get(p).copied().flatten();
                let other = from(p).and_then(|q| nodes.get(q).copied().flatten());
                match (own, other) {
                    (Some(own), Some(other)) => {
                        *switch = Some(self.switches.len());
                        Some(self.choose(own, other))
                    }
                    _ => own.or(other),
                }
            })
            .collect();
        *nodes = next;
        Stage { distance, switches }
    }

    /// Marks the switches that `outputs` depend on.
    fn mark(&mut self, outputs: &[usize], inputs: usize) {
        let mut needed = vec![false; self.nodes];
        let need = |needed: &mut Vec<bool>, node: usize| {
            if let Some(n) = needed.get_mut(node) {
                *n = true;
            }
        };
        outputs.iter().for_each(|&o| need(&mut needed, o));
        let mut first = self.nodes;
        for (switch, live) in self.switches.iter_mut().rev() {
            let (a, b, made) = match *switch {
                Switch::Choose(a, b) => (a, b, 1),
                Switch::Exchange(a, b) => (a, b, 2),
            };
            let end = first;
            first -= made;
            *live = needed.get(first..end).is_some_and(|n| n.contains(&true));
            if *live {
                need(&mut needed, a);
                need(&mut needed, b);
            }
        }
        debug_assert_eq!(first, inputs);
    }
}

/// The distances 1, 2, 4, ... whose sums reach `most`.
fn distances(most: usize) -> impl DoubleEndedIterator<Item = usize> {
    (0..usize::BITS - most.leading_zeros()).map(|k| 1 << k)
}

impl Selection {
    /// The network from `inputs` to `outputs` words.
    ///
    /// # Errors
    /// [`Error::Circuit`] without inputs or outputs, or with more than [`MAX_SELECTION`] of either.
    pub fn new(inputs: usize, outputs: usize) -> Result<Self, Error> {
        if !(1..=MAX_SELECTION).contains(&inputs) || !(1..=MAX_SELECTION).contains(&outputs) {
            return Err(Error::Circuit {
                what: "a selection has between 1 and 2^16 inputs, and as many outputs",
            });
        }
        if inputs == 1 {
            // Nothing to select.
            return Ok(Self {
                inputs,
                outputs: vec![0; outputs],
                switches: Vec::new(),
                compaction: Vec::new(),
                spreading: Vec::new(),
            });
        }
        let mut network = Network {
            nodes: inputs,
            switches: Vec::new(),
        };
        let mut nodes: Vec<Option<usize>> = (0..inputs).map(Some).collect();
        let compaction = distances(inputs - 1)
            .map(|d| network.stage(&mut nodes, d, |p| p.checked_add(d)))
            .collect();
        nodes.resize(outputs, None);
        let spreading = distances(outputs - 1)
            .rev()
            .map(|d| network.stage(&mut nodes, d, |p| p.checked_sub(d)))
            .collect();
        let outputs = waksman::permute(&mut network, nodes.into_iter().flatten().collect());
        network.mark(&outputs, inputs);
        Ok(Self {
            inputs,
            outputs,
            switches: network.switches,
            compaction,
            spreading,
        })
    }

    /// Words it takes.
    #[must_use]
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// Words it returns.
    #[must_use]
    pub fn outputs(&self) -> usize {
        self.outputs.len()
    }

    /// Switches, which is to say AND gates a bit of a word, and control bits.
    #[must_use]
    pub fn gates(&self) -> usize {
        self.switches.iter().filter(|(_, live)| *live).count()
    }

    /// The control bits by which output `j` is a copy of input `map[j]`. Not constant time: the garbler computes them once, for its model.
    ///
    /// # Errors
    /// [`Error::Length`] unless `map` has an entry for each output; [`Error::Malformed`] if one is not an input.
    pub fn controls(&self, map: &[usize]) -> Result<Vec<bool>, Error> {
        if map.len() != self.outputs.len() {
            return Err(Error::Length {
                what: "the map of a selection",
                length: map.len(),
                expected: format!("{}, one a output", self.outputs.len()),
            });
        }
        let mut used = vec![false; self.inputs];
        for (j, &i) in map.iter().enumerate() {
            *used.get_mut(i).ok_or_else(|| Error::Malformed {
                what: format!("the map of a selection at output {j}"),
                detail: format!("input {i} of {}", self.inputs),
            })? = true;
        }
        let mut controls = vec![false; self.switches.len()];
        let mut set = |stage: &Stage, position: usize| {
            let switch = stage.switches.get(position).copied().flatten();
            if let Some(control) = switch.and_then(|s| controls.get_mut(s)) {
                *control = true;
            }
        };
        // The used inputs move down by the number of unused ones before them.
        let mut unused = 0;
        for (i, &used) in used.iter().enumerate() {
            if !used {
                unused += 1;
                continue;
            }
            let mut position = i;
            for stage in self.compaction.iter().filter(|s| unused & s.distance != 0) {
                position -= stage.distance;
                set(stage, position);
            }
        }
        // Outputs in the order of their inputs, and how far above its input each of them lies.
        let mut order: Vec<(usize, usize)> = map.iter().copied().zip(0..).collect();
        order.sort_unstable();
        let mut rank = 0;
        let mut before = order.first().map(|o| o.0);
        for (j, &(input, _)) in order.iter().enumerate() {
            rank += usize::from(before != Some(input));
            before = Some(input);
            let mut position = rank;
            for stage in self
                .spreading
                .iter()
                .filter(|s| (j - rank) & s.distance != 0)
            {
                position += stage.distance;
                set(stage, position);
            }
        }
        let mut sources = vec![0; order.len()];
        for (j, &(_, output)) in order.iter().enumerate() {
            if let Some(source) = sources.get_mut(output) {
                *source = j;
            }
        }
        let exchanges = waksman::controls(&sources);
        let first = controls.len().saturating_sub(exchanges.len());
        for (control, exchange) in controls.iter_mut().skip(first).zip(exchanges) {
            *control = exchange;
        }
        let live = self.switches.iter().map(|s| s.1);
        Ok(controls
            .into_iter()
            .zip(live)
            .filter_map(|(c, live)| live.then_some(c))
            .collect())
    }

    /// Records the circuit on `words` of equal length under the garbler's `controls`.
    ///
    /// # Errors
    /// [`Error::Length`] unless there are [`Selection::inputs`] words and [`Selection::gates`] controls.
    pub fn circuit(
        &self,
        b: &mut Builder,
        words: &[Vec<Wire>],
        controls: &[Known],
    ) -> Result<Vec<Vec<Wire>>, Error> {
        for (what, length, expected) in [
            ("the words of a selection", words.len(), self.inputs),
            ("the controls of a selection", controls.len(), self.gates()),
        ] {
            if length != expected {
                return Err(Error::Length {
                    what,
                    length,
                    expected: expected.to_string(),
                });
            }
        }
        let mut controls = controls.iter();
        let mut nodes: Vec<Vec<Wire>> = words.to_vec();
        let node = |nodes: &[Vec<Wire>], i: usize| nodes.get(i).cloned().unwrap_or_default();
        for &(switch, live) in &self.switches {
            let control = controls.as_slice().first().filter(|_| live);
            match (switch, control) {
                (Switch::Choose(..), None) => nodes.push(Vec::new()),
                (Switch::Exchange(..), None) => nodes.extend([Vec::new(), Vec::new()]),
                (Switch::Choose(own, other), Some(&control)) => {
                    controls.next();
                    let control = b.known_wire(control);
                    let (own, other) = (node(&nodes, own), node(&nodes, other));
                    nodes.push(b.multiplex(control, &own, &other));
                }
                (Switch::Exchange(x, y), Some(&control)) => {
                    controls.next();
                    let control = b.known_wire(control);
                    let (x, y) = (node(&nodes, x), node(&nodes, y));
                    let first = b.multiplex(control, &x, &y);
                    let both = b.xor_word(&x, &y);
                    let second = b.xor_word(&both, &first);
                    nodes.extend([first, second]);
                }
            }
        }
        Ok(self.outputs.iter().map(|&o| node(&nodes, o)).collect())
    }
}

#[cfg(test)]
mod tests;
