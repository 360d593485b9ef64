//! The evaluator's side.
#![expect(
    clippy::indexing_slicing,
    reason = "all slices of a segment are sized by its schedule; inputs are checked against the rows at the start"
)]

use super::Program;
use super::labels::Labels;
use super::schedule::{Schedule, Wave};
use crate::Error;
use crate::block::Block;
use crate::channel::{Channel, Part, Phase, Step};
use crate::circuit::Template;
use crate::evaluate::Function;
use crate::garble::{Evaluator, LANES};
use crate::session::EvaluatorSession;
use crate::share::{read_words, write_words};
use rayon::prelude::*;
use std::ops::Range;
use zeroize::Zeroizing;

/// Blocks for one thread, their tables as they came, their output labels.
type Chunk<'a> = (Range<usize>, &'a [u8], &'a mut [Block]);

impl EvaluatorSession {
    /// Evaluates `program` in `rows` rows on this party's words, `inputs` being `[row][word]`; of each the low bits count. Returns the
    /// opened words, `[row][word]`. The peer calls [`crate::session::GarblerSession::garble_program`].
    ///
    /// Starts by sending and ends by receiving. Nothing is sent for no rows. May send while the peer sends: see the module.
    ///
    /// # Errors
    /// Of the channel and of OT extension; [`Error::Length`] if there are not as many words as the program and the rows need.
    pub fn evaluate_program(
        &mut self,
        ch: &mut Channel,
        layer: &str,
        program: &Program,
        inputs: &[u64],
        rows: usize,
    ) -> Result<Vec<u64>, Error> {
        let (each, words) = (program.inputs.len(), program.opened.len());
        Program::check("input words of a program", inputs.len(), each, rows)?;
        let mut opened = vec![0u64; rows * words];
        if rows == 0 {
            return Ok(opened);
        }
        self.in_step.begin()?;
        let segments: Vec<Range<usize>> = program.segments(rows).collect();
        let input_of = |segment: &Range<usize>| &inputs[segment.start * each..segment.end * each];
        let mut ahead = None;
        for (i, segment) in segments.iter().enumerate() {
            let labels = match ahead.take() {
                Some(labels) => labels,
                None => {
                    // The peer reserves before the tables of the segment before, even if this party had to wait for them.
                    if i == 0 {
                        self.reserve_program_labels(ch, layer, program, segment.len())?;
                    }
                    self.program_labels(ch, layer, program, input_of(segment), segment.len())?
                }
            };
            if let Some(next) = segments.get(i + 1) {
                self.reserve_program_labels(ch, layer, program, next.len())?;
                if program.ahead(next.len()) {
                    let input = input_of(next);
                    ahead = Some(self.program_labels(ch, layer, program, input, next.len())?);
                }
            }
            let opened = &mut opened[segment.start * words..segment.end * words];
            self.evaluate_program_segment(ch, layer, program, &labels, segment.len(), opened)?;
            self.buffers.give(labels);
        }
        self.in_step.finish();
        Ok(opened)
    }

    /// The peer's [`crate::session::GarblerSession::prepare_program`].
    ///
    /// # Errors
    /// Of the channel and of OT extension.
    pub fn prepare_program(
        &mut self,
        ch: &mut Channel,
        phase: Phase,
        layer: &str,
        program: &Program,
        rows: usize,
    ) -> Result<(), Error> {
        ch.enter(phase, layer, Part::Function(Step::Ot));
        self.labels.reserve(ch, program.ots_ahead(rows))?;
        ch.flush()
    }

    /// Makes sure that the labels of so many rows need no refill.
    fn reserve_program_labels(
        &mut self,
        ch: &mut Channel,
        layer: &str,
        program: &Program,
        rows: usize,
    ) -> Result<(), Error> {
        ch.enter(Phase::Online, layer, Part::Function(Step::Ot));
        self.labels.reserve(ch, program.segment_ots(rows) as u64)
    }

    /// The active labels of this party's words, `[bit][row]`.
    pub(super) fn program_labels(
        &mut self,
        ch: &mut Channel,
        layer: &str,
        program: &Program,
        inputs: &[u64],
        rows: usize,
    ) -> Result<Zeroizing<Vec<Block>>, Error> {
        ch.enter(Phase::Online, layer, Part::Function(Step::Ot));
        let mut labels = self.buffers.take(program.segment_ots(rows));
        let mut corrections = vec![0u16; labels.len() / LANES];
        if !labels.is_empty() {
            self.labels.extend(ch, &mut corrections, &mut labels)?;
        }
        ch.enter(Phase::Online, layer, Part::Function(Step::Corrections));
        let mut at = 0usize;
        for (word, bits) in program.inputs.iter().enumerate() {
            for bit in 0..*bits {
                for row in inputs.chunks_exact(program.inputs.len()) {
                    corrections[at / LANES] ^= ((row[word] >> bit & 1) as u16) << (at % LANES);
                    at += 1;
                }
            }
        }
        ch.send_with(2 * corrections.len(), |b| write_words(&corrections, b))?;
        Ok(labels)
    }

    fn evaluate_program_segment(
        &mut self,
        ch: &mut Channel,
        layer: &str,
        program: &Program,
        inputs: &[Block],
        rows: usize,
        opened: &mut [u64],
    ) -> Result<(), Error> {
        ch.enter(Phase::Online, layer, Part::Function(Step::Tables));
        let schedule = program.schedule(rows);
        let mut buffer = self.buffers.take(schedule.labels());
        for wave in schedule.waves() {
            self.evaluate_program_wave(ch, program, &schedule, inputs, wave, &mut buffer)?;
        }
        let colours = Labels::all(program, &schedule, inputs, &buffer).opened_colours();
        let mut permute = vec![0u16; colours.len()];
        ch.recv_with(2 * permute.len(), |b| read_words(b, &mut permute))?;
        let mut at = 0usize;
        for (word, bits) in program.opened_bits.iter().enumerate() {
            for bit in 0..*bits {
                for row in opened.chunks_exact_mut(program.opened.len()) {
                    let value = (colours[at / LANES] ^ permute[at / LANES]) >> (at % LANES) & 1;
                    row[word] |= u64::from(value) << bit;
                    at += 1;
                }
            }
        }
        self.buffers.give(buffer);
        Ok(())
    }

    fn evaluate_program_wave(
        &mut self,
        ch: &mut Channel,
        program: &Program,
        schedule: &Schedule,
        inputs: &[Block],
        wave: &Wave,
        buffer: &mut [Block],
    ) -> Result<(), Error> {
        let template = &program.templates[wave.template];
        let (labels, own) = Labels::split(program, schedule, inputs, buffer, wave);
        let job = Job {
            first_gate: self.evaluator.reserve(template, wave.blocks())?,
            evaluator: &self.evaluator,
            template,
            wave,
            labels,
        };
        let scheme = self.evaluator.scheme();
        let chunk = Function::chunk(self.evaluator.table_bytes(template, 1));
        let stride = chunk * rayon::current_num_threads();
        let block_labels = wave.outputs * LANES;
        for (i, own) in own.chunks_mut(stride * block_labels).enumerate() {
            let blocks = i * stride..i * stride + own.len() / block_labels;
            ch.recv_with(wave.block_bytes(scheme, blocks.clone()), |tables| {
                let mut tables = tables;
                let mut chunks: Vec<Chunk<'_>> = Vec::new();
                for own in own.chunks_mut(chunk * block_labels) {
                    let first = blocks.start + chunks.len() * chunk;
                    let blocks = first..first + own.len() / block_labels;
                    let bytes = wave.block_bytes(scheme, blocks.clone());
                    let part = tables.split_off(..bytes).unwrap_or_default();
                    chunks.push((blocks, part, own));
                }
                if chunks.len() == 1 {
                    return chunks.into_iter().try_for_each(|chunk| job.evaluate(chunk));
                }
                chunks
                    .into_par_iter()
                    .try_for_each(|chunk| job.evaluate(chunk))
            })??;
        }
        Ok(())
    }
}

/// A wave under way.
struct Job<'a> {
    evaluator: &'a Evaluator,
    first_gate: u64,
    template: &'a Template,
    wave: &'a Wave,
    labels: Labels<'a>,
}

impl Job<'_> {
    fn evaluate(&self, (blocks, tables, outputs): Chunk<'_>) -> Result<(), Error> {
        let (template, wave) = (self.template, self.wave);
        let wires = template.inputs() * LANES;
        let mut inputs = Zeroizing::new(vec![Block::ZERO; blocks.len() * wires]);
        for (i, block) in blocks.clone().enumerate() {
            self.labels
                .gather(wave, block, &mut inputs[i * wires..][..wires]);
        }
        let first = self.first_gate + (blocks.start * template.and_gates()) as u64;
        let evaluate = |tables: &[u8], range: Range<usize>, outputs: &mut [Block]| {
            self.evaluator.evaluate_at(
                first + (range.start * template.and_gates()) as u64,
                template,
                range.len(),
                &inputs[range.start * wires..range.end * wires],
                tables,
                outputs,
            )
        };
        let partial = blocks.clone().last().filter(|b| wave.is_partial(*b));
        let Some(last) = partial else {
            return evaluate(tables, 0..blocks.len(), outputs);
        };
        let whole = blocks.len() - 1;
        let block_bytes = self.evaluator.table_bytes(template, 1);
        let (tables, packed) = tables.split_at(whole * block_bytes);
        let (outputs, of_last) = outputs.split_at_mut(whole * wave.outputs * LANES);
        evaluate(tables, 0..whole, outputs)?;
        let mut tables = vec![0u8; block_bytes];
        let lanes = wave.lanes(last);
        self.evaluator.scheme().unpack(lanes, packed, &mut tables);
        evaluate(&tables, whole..whole + 1, of_last)
    }
}
