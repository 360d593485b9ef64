//! In which order a program's instances are garbled, in which blocks, and where their labels lie.
//!
//! List scheduling for full blocks: of the templates with operations that are ready, the next wave takes the one whose last block would
//! waste the fewest AND gates on empty lanes; among those that waste none, the one with the most instances. Operations on the
//! longest way (in AND gates) to an output go first. With a multiple of sixteen rows there is never waste, and this is the order of layers;
//! with a single row lanes are filled by operations, of different layers where need be.
//!
//! A wave's output labels lie together, `[block][wire][lane]` as garbling writes them, and are given up when the last operation
//! that reads any of them is done.
#![expect(
    clippy::indexing_slicing,
    reason = "indices are of the program's own lists, checked when it was built"
)]

use super::regions::Regions;
use super::{Program, Source};
use crate::garble::{LANES, Scheme};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::Range;

/// Operations of one template, in every row of a segment.
#[derive(Clone, Debug)]
pub(super) struct Wave {
    /// Of the program.
    pub(super) template: usize,
    /// Its operations, in [`Schedule::order`].
    operations: Range<usize>,
    pub(super) and_gates: usize,
    pub(super) instances: usize,
    /// Where its output labels begin.
    pub(super) labels: usize,
    /// Output wires of an instance.
    pub(super) outputs: usize,
}

impl Wave {
    pub(super) const fn blocks(&self) -> usize {
        self.instances.div_ceil(LANES)
    }

    /// Lanes of a block that carry an instance.
    pub(super) const fn lanes(&self, block: usize) -> usize {
        let rest = self.instances - block * LANES;
        if rest < LANES { rest } else { LANES }
    }

    /// Whether this block has lanes to spare: the last one may.
    pub(super) const fn is_partial(&self, block: usize) -> bool {
        self.lanes(block) < LANES
    }

    /// Bytes of the tables of some of its blocks, as they are sent.
    pub(super) fn block_bytes(&self, scheme: Scheme, blocks: Range<usize>) -> usize {
        let Some(last) = blocks.clone().last() else {
            return 0;
        };
        let whole = scheme.gate_bytes() * (blocks.len() - 1);
        self.and_gates * (whole + scheme.live_gate_bytes(self.lanes(last)))
    }

    pub(super) fn table_bytes(&self, scheme: Scheme) -> usize {
        self.block_bytes(scheme, 0..self.blocks())
    }

    /// Labels of the outputs of all blocks.
    pub(super) const fn output_labels(&self) -> usize {
        self.blocks() * self.outputs * LANES
    }
}

/// Where the output labels of an operation lie.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Place {
    /// Where those of its wave begin.
    pub(super) labels: usize,
    /// Output wires of an instance.
    pub(super) outputs: usize,
    /// Its first instance in the wave.
    pub(super) instance: usize,
}

/// The work of one segment.
#[derive(Debug)]
pub(super) struct Schedule {
    rows: usize,
    waves: Vec<Wave>,
    /// Operations, wave after wave.
    order: Vec<usize>,
    /// Of every operation.
    places: Vec<Place>,
    labels: usize,
}

impl Schedule {
    pub(super) fn new(program: &Program, rows: usize) -> Self {
        let mut planner = Planner::new(program, rows);
        while let Some((template, count)) = planner.choose() {
            planner.run(template, count);
        }
        planner.schedule.labels = planner.regions.size();
        planner.schedule
    }

    pub(super) const fn rows(&self) -> usize {
        self.rows
    }

    pub(super) fn waves(&self) -> &[Wave] {
        &self.waves
    }

    /// Room for output labels.
    pub(super) const fn labels(&self) -> usize {
        self.labels
    }

    pub(super) fn operations(&self, wave: &Wave) -> &[usize] {
        &self.order[wave.operations.clone()]
    }

    pub(super) fn place(&self, operation: usize) -> Place {
        self.places[operation]
    }
}

/// AND gates from an operation to the farthest output, then the order in which they were applied.
type Urgency = (usize, Reverse<usize>);

struct Planner<'a> {
    program: &'a Program,
    schedule: Schedule,
    /// Operations that read an operation's outputs, once for every word that they read: `readers[first_reader[o]..first_reader[o + 1]]`.
    readers: Vec<usize>,
    first_reader: Vec<usize>,
    /// Words that an operation still waits for.
    missing: Vec<usize>,
    height: Vec<usize>,
    /// Words of an operation that are opened.
    opened: Vec<usize>,
    /// By template.
    ready: Vec<BinaryHeap<Urgency>>,
    /// Readings of a wave's words to come; those that are opened are never given up.
    unread: Vec<usize>,
    /// The wave of an operation.
    wave_of: Vec<usize>,
    regions: Regions,
}

impl<'a> Planner<'a> {
    fn new(program: &'a Program, rows: usize) -> Self {
        let count = program.operations.len();
        let (first_reader, readers, missing) = edges(program);
        // Readers come after what they read.
        let mut height = vec![0usize; count];
        for (i, operation) in program.operations.iter().enumerate().rev() {
            let above = readers[first_reader[i]..first_reader[i + 1]].iter();
            let above = above.map(|reader| height[*reader]).max().unwrap_or(0);
            height[i] = above.saturating_add(program.template_of(operation).and_gates());
        }
        let mut opened = vec![0usize; count];
        for word in &program.opened {
            if let Source::Operation { operation, .. } = program.word(*word).source {
                opened[operation] += 1;
            }
        }
        let mut planner = Self {
            program,
            schedule: Schedule {
                rows,
                waves: Vec::new(),
                order: Vec::new(),
                places: vec![Place::default(); count],
                labels: 0,
            },
            readers,
            first_reader,
            missing,
            height,
            opened,
            ready: vec![BinaryHeap::new(); program.templates.len()],
            unread: Vec::new(),
            wave_of: vec![0; count],
            regions: Regions::default(),
        };
        for (i, operation) in program.operations.iter().enumerate() {
            if operation.live && planner.missing[i] == 0 {
                planner.enqueue(i);
            }
        }
        planner
    }

    fn enqueue(&mut self, operation: usize) {
        let template = self.program.operations[operation].template;
        self.ready[template].push((self.height[operation], Reverse(operation)));
    }

    /// The template of the next wave, and how many operations it takes.
    fn choose(&self) -> Option<(usize, usize)> {
        let rows = self.schedule.rows;
        // So many operations fill whole blocks.
        let step = LANES >> rows.trailing_zeros().min(LANES.ilog2());
        let candidates = self.ready.iter().enumerate().filter(|(_, r)| !r.is_empty());
        let scored = candidates.map(|(template, ready)| {
            let gates = self.program.templates[template].and_gates();
            let whole = ready.len() - ready.len() % step;
            // What is free need not wait.
            let count = if whole == 0 || gates == 0 {
                ready.len()
            } else {
                whole
            };
            let idle = (count * rows).next_multiple_of(LANES) - count * rows;
            (idle * gates, Reverse(count), template)
        });
        let (_, Reverse(count), template) = scored.min()?;
        Some((template, count))
    }

    fn run(&mut self, template: usize, count: usize) {
        let (rows, circuit) = (self.schedule.rows, &self.program.templates[template]);
        let (wave, start) = (self.schedule.waves.len(), self.schedule.order.len());
        let mut new = Wave {
            template,
            operations: start..start + count,
            and_gates: circuit.and_gates(),
            instances: count * rows,
            labels: 0,
            outputs: circuit.outputs(),
        };
        new.labels = self.regions.take(new.output_labels());
        let mut unread = 0;
        for position in 0..count {
            let Some((_, Reverse(operation))) = self.ready[template].pop() else {
                break;
            };
            self.schedule.order.push(operation);
            self.schedule.places[operation] = Place {
                labels: new.labels,
                outputs: new.outputs,
                instance: position * rows,
            };
            self.wave_of[operation] = wave;
            unread += self.first_reader[operation + 1] - self.first_reader[operation];
            unread += self.opened[operation];
        }
        self.unread.push(unread);
        self.schedule.waves.push(new);
        self.release(start);
    }

    /// After the wave whose operations begin at `start`: gives up what they alone still had to read, and queues who waited for them.
    fn release(&mut self, start: usize) {
        for i in start..self.schedule.order.len() {
            let operation = self.schedule.order[i];
            for word in self
                .program
                .operands_of(&self.program.operations[operation])
            {
                let Source::Operation { operation, .. } = word.source else {
                    continue;
                };
                let wave = self.wave_of[operation];
                self.unread[wave] -= 1;
                if self.unread[wave] == 0 {
                    let done = &self.schedule.waves[wave];
                    self.regions.give(done.labels, done.output_labels());
                }
            }
            for reader in self.first_reader[operation]..self.first_reader[operation + 1] {
                let reader = self.readers[reader];
                self.missing[reader] -= 1;
                if self.missing[reader] == 0 {
                    self.enqueue(reader);
                }
            }
        }
    }
}

/// Who reads whose outputs, among live operations, and how many words each waits for.
fn edges(program: &Program) -> (Vec<usize>, Vec<usize>, Vec<usize>) {
    let count = program.operations.len();
    let mut missing = vec![0usize; count];
    let mut edges = Vec::new();
    for (reader, operation) in program.operations.iter().enumerate() {
        if !operation.live {
            continue;
        }
        for word in program.operands_of(operation) {
            if let Source::Operation { operation, .. } = word.source {
                edges.push((operation, reader));
                missing[reader] += 1;
            }
        }
    }
    edges.sort_unstable();
    let mut first = vec![0usize; count + 1];
    for (read, _) in &edges {
        first[read + 1] += 1;
    }
    for i in 0..count {
        first[i + 1] += first[i];
    }
    let readers = edges.into_iter().map(|(_, reader)| reader).collect();
    (first, readers, missing)
}

#[cfg(test)]
mod tests;
