//! Where a block's input labels and known bits come from.
#![expect(
    clippy::indexing_slicing,
    reason = "places are the schedule's, buffers have the sizes that it names; lanes are below LANES"
)]

use super::schedule::{Schedule, Wave};
use super::{KnownWord, Program, Secret, Source, Word};
use crate::block::Block;
use crate::garble::LANES;

/// The labels that exist when a wave is garbled or evaluated: of inputs, `[bit][row]`, and of earlier waves' outputs.
pub(super) struct Labels<'a> {
    pub(super) program: &'a Program,
    pub(super) schedule: &'a Schedule,
    pub(super) inputs: &'a [Block],
    /// The part of the outputs' buffer before the wave's own, and the part behind.
    outputs: [&'a [Block]; 2],
    /// Where the second part begins.
    behind: usize,
}

/// Labels of the bits of a word in a row, and of as many rows more as lie next to it.
struct Run<'a> {
    labels: &'a [Block],
    start: usize,
    /// From bit to bit.
    stride: usize,
    rows: usize,
}

impl<'a> Labels<'a> {
    /// Splits the outputs' buffer into what is there and what `wave` writes.
    pub(super) fn split(
        program: &'a Program,
        schedule: &'a Schedule,
        inputs: &'a [Block],
        buffer: &'a mut [Block],
        wave: &Wave,
    ) -> (Self, &'a mut [Block]) {
        let behind = wave.labels + wave.output_labels();
        let (before, rest) = buffer.split_at_mut(wave.labels);
        let (own, after) = rest.split_at_mut(wave.output_labels());
        let labels = Self {
            program,
            schedule,
            inputs,
            outputs: [before, after],
            behind,
        };
        (labels, own)
    }

    /// All labels, when every wave is done.
    pub(super) fn all(
        program: &'a Program,
        schedule: &'a Schedule,
        inputs: &'a [Block],
        buffer: &'a [Block],
    ) -> Self {
        Self {
            program,
            schedule,
            inputs,
            outputs: [buffer, &[]],
            behind: buffer.len(),
        }
    }

    fn run(&self, source: Source, row: usize) -> Run<'a> {
        let rows = self.schedule.rows();
        match source {
            Source::Input { first } => Run {
                labels: self.inputs,
                start: first * rows + row,
                stride: rows,
                rows: rows - row,
            },
            Source::Operation { operation, first } => {
                let place = self.schedule.place(operation);
                let instance = place.instance + row;
                let (block, lane) = (instance / LANES, instance % LANES);
                let start = place.labels + (block * place.outputs + first) * LANES + lane;
                let [before, after] = self.outputs;
                let (labels, start) = match start.checked_sub(self.behind) {
                    Some(start) => (after, start),
                    None => (before, start),
                };
                Run {
                    labels,
                    start,
                    stride: LANES,
                    rows: (LANES - lane).min(rows - row),
                }
            }
        }
    }

    /// The operations of a block of a wave: of each its number, its first row, the first lane and how many.
    fn pieces(
        &self,
        wave: &Wave,
        block: usize,
    ) -> impl Iterator<Item = (usize, usize, usize, usize)> {
        let (rows, lanes) = (self.schedule.rows(), wave.lanes(block));
        let operations = self.schedule.operations(wave);
        let mut lane = 0;
        std::iter::from_fn(move || {
            let instance = block * LANES + lane;
            let row = instance % rows;
            let count = (lanes - lane).min(rows - row);
            let piece = (count > 0).then(|| (operations[instance / rows], row, lane, count));
            lane += count;
            piece
        })
    }

    /// Writes the input labels of a block, `[wire][lane]`.
    pub(super) fn gather(&self, wave: &Wave, block: usize, to: &mut [Block]) {
        for (operation, row, lane, count) in self.pieces(wave, block) {
            let mut wires = &mut *to;
            for word in self
                .program
                .operands_of(&self.program.operations[operation])
            {
                let (own, rest) = wires.split_at_mut(word.bits * LANES);
                self.copy(word, row, lane, count, own);
                wires = rest;
            }
        }
        let lanes = wave.lanes(block);
        if lanes < LANES {
            for wire in to.chunks_exact_mut(LANES) {
                wire[lanes..].fill(Block::ZERO);
            }
        }
    }

    /// Writes a word's labels in `count` rows from `row` to as many lanes from `lane`.
    fn copy(&self, word: &Word, row: usize, lane: usize, count: usize, to: &mut [Block]) {
        let mut done = 0;
        while done < count {
            let run = self.run(word.source, row + done);
            let rows = run.rows.min(count - done);
            let from = run.labels[run.start..].chunks(run.stride);
            let first = lane + done;
            for (from, to) in from.zip(to.chunks_exact_mut(LANES)) {
                // A copy of one label is worth no call.
                if rows == 1 {
                    to[first] = from[0];
                } else {
                    to[first..first + rows].copy_from_slice(&from[..rows]);
                }
            }
            done += rows;
        }
    }

    /// Writes the bits that the garbler knows in a block, one word of lanes a bit. `secrets` are those of the segment's rows.
    pub(super) fn known(
        &self,
        wave: &Wave,
        block: usize,
        constants: &[u64],
        secrets: &[u64],
        to: &mut [u16],
    ) {
        let each = self.program.secrets.len();
        for (operation, row, lane, count) in self.pieces(wave, block) {
            let mut at = 0;
            for (word, bits) in self.program.known_of(&self.program.operations[operation]) {
                let to = &mut to[at..at + bits];
                match word {
                    KnownWord::Constant(c) => {
                        let lanes = (((1u32 << count) - 1) << lane) as u16;
                        for (bit, to) in to.iter_mut().enumerate() {
                            *to |= lanes & ((constants[c.0] >> bit & 1) as u16).wrapping_neg();
                        }
                    }
                    KnownWord::Secret(Secret(s)) => {
                        for i in 0..count {
                            let value = secrets[(row + i) * each + s];
                            for (bit, to) in to.iter_mut().enumerate() {
                                *to |= ((value >> bit & 1) as u16) << (lane + i);
                            }
                        }
                    }
                }
                at += bits;
            }
        }
    }

    /// The low bits of the labels of all opened words, `[bit][row]`, sixteen to a word.
    pub(super) fn opened_colours(&self) -> Vec<u16> {
        let rows = self.schedule.rows();
        let mut words = vec![0u16; (self.program.opened_wires() * rows).div_ceil(LANES)];
        let mut bits = 0..;
        for word in &self.program.opened {
            let word = self.program.word(*word);
            for bit in 0..word.bits {
                for (row, at) in (0..rows).zip(&mut bits) {
                    let run = self.run(word.source, row);
                    let label = run.labels[run.start + bit * run.stride];
                    words[at / LANES] |= (label.lsb() as u16) << (at % LANES);
                }
            }
        }
        words
    }
}
