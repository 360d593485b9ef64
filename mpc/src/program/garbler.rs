//! The garbler's side.
#![expect(
    clippy::indexing_slicing,
    reason = "all slices of a segment are sized by its schedule; secrets are checked against the rows at the start"
)]

use super::Program;
use super::labels::Labels;
use super::schedule::{Schedule, Wave};
use crate::Error;
use crate::block::Block;
use crate::channel::{Channel, Part, Phase, Step};
use crate::circuit::Template;
use crate::evaluate::Function;
use crate::garble::{Garbler, LANES};
use crate::session::{GarblerSession, correct};
use crate::share::{read_words, write_words};
use rayon::prelude::*;
use std::ops::Range;
use zeroize::Zeroizing;

/// What the garbler puts in: its words, of one segment.
#[derive(Clone, Copy)]
struct Words<'a> {
    constants: &'a [u64],
    secrets: &'a [u64],
}

/// Blocks for one thread, their tables as they are sent, their output labels.
type Chunk<'a> = (Range<usize>, &'a mut [u8], &'a mut [Block]);

impl GarblerSession {
    /// Garbles `program` in `rows` rows on this party's words, `secrets` being `[row][word]`; of each the low bits count. The peer
    /// calls [`crate::session::EvaluatorSession::evaluate_program`] and gets the opened words; this party learns nothing.
    ///
    /// Starts by receiving and ends by sending. Nothing is sent for no rows.
    ///
    /// # Errors
    /// Of the channel and of OT extension; [`Error::Length`] if there are not as many words as the program and the rows need.
    pub fn garble_program(
        &mut self,
        ch: &mut Channel,
        layer: &str,
        program: &Program,
        constants: &[u64],
        secrets: &[u64],
        rows: usize,
    ) -> Result<(), Error> {
        let each = program.secrets.len();
        Program::check(
            "constants of a program",
            constants.len(),
            program.constants.len(),
            1,
        )?;
        Program::check("secret words of a program", secrets.len(), each, rows)?;
        if rows == 0 {
            return Ok(());
        }
        self.in_step.begin()?;
        let segments: Vec<Range<usize>> = program.segments(rows).collect();
        let mut next = segments.iter().skip(1);
        let mut keys = None;
        for segment in &segments {
            let ours = match keys.take() {
                Some(keys) => keys,
                None => {
                    self.reserve_program_labels(ch, layer, program, segment.len())?;
                    self.program_labels(ch, layer, program, segment.len())?
                }
            };
            let next = next.next().map(Range::len);
            if let Some(next) = next {
                self.reserve_program_labels(ch, layer, program, next)?;
            }
            let words = Words {
                constants,
                secrets: &secrets[segment.start * each..segment.end * each],
            };
            self.garble_program_segment(ch, layer, program, words, &ours, segment.len())?;
            self.buffers.give(ours);
            if let Some(next) = next {
                keys = Some(self.program_labels(ch, layer, program, next)?);
            }
        }
        ch.flush()?;
        self.in_step.finish();
        Ok(())
    }

    /// Sees to it that `rows` rows of `program` need no refill of silent OT, counted under `phase`; of very many rows, the first. A no-op for
    /// SoftSpoken. The peer calls its own with the same arguments, while no other message is under way.
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

    /// The zero labels of the evaluator's words, `[bit][row]`.
    fn program_labels(
        &mut self,
        ch: &mut Channel,
        layer: &str,
        program: &Program,
        rows: usize,
    ) -> Result<Zeroizing<Vec<Block>>, Error> {
        ch.enter(Phase::Online, layer, Part::Function(Step::Ot));
        let mut keys = self.buffers.take(program.segment_ots(rows));
        if !keys.is_empty() {
            self.labels.extend(ch, &mut keys)?;
        }
        ch.enter(Phase::Online, layer, Part::Function(Step::Corrections));
        let mut corrections = vec![0u16; keys.len() / LANES];
        ch.recv_with(2 * corrections.len(), |b| read_words(b, &mut corrections))?;
        correct(&mut keys, &corrections, self.delta());
        Ok(keys)
    }

    fn garble_program_segment(
        &mut self,
        ch: &mut Channel,
        layer: &str,
        program: &Program,
        words: Words<'_>,
        inputs: &[Block],
        rows: usize,
    ) -> Result<(), Error> {
        ch.enter(Phase::Online, layer, Part::Function(Step::Tables));
        let schedule = program.schedule(rows);
        let mut buffer = self.buffers.take(schedule.labels());
        for wave in schedule.waves() {
            self.garble_program_wave(ch, program, &schedule, words, inputs, wave, &mut buffer)?;
        }
        let permute = Labels::all(program, &schedule, inputs, &buffer).opened_colours();
        ch.send_with(2 * permute.len(), |b| write_words(&permute, b))?;
        self.buffers.give(buffer);
        Ok(())
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one segment")]
    fn garble_program_wave(
        &mut self,
        ch: &mut Channel,
        program: &Program,
        schedule: &Schedule,
        words: Words<'_>,
        inputs: &[Block],
        wave: &Wave,
        buffer: &mut [Block],
    ) -> Result<(), Error> {
        let template = &program.templates[wave.template];
        let (labels, own) = Labels::split(program, schedule, inputs, buffer, wave);
        let job = Job {
            first_gate: self.garbler.reserve(template, wave.blocks())?,
            garbler: &self.garbler,
            template,
            wave,
            labels,
            words,
        };
        let scheme = self.garbler.scheme();
        let chunk = Function::chunk(self.garbler.table_bytes(template, 1));
        let stride = chunk * rayon::current_num_threads();
        let block_labels = wave.outputs * LANES;
        for (i, own) in own.chunks_mut(stride * block_labels).enumerate() {
            let blocks = i * stride..i * stride + own.len() / block_labels;
            ch.send_with(wave.block_bytes(scheme, blocks.clone()), |mut tables| {
                let mut chunks: Vec<Chunk<'_>> = Vec::new();
                for own in own.chunks_mut(chunk * block_labels) {
                    let first = blocks.start + chunks.len() * chunk;
                    let blocks = first..first + own.len() / block_labels;
                    let bytes = wave.block_bytes(scheme, blocks.clone());
                    let part = tables.split_off_mut(..bytes).unwrap_or_default();
                    chunks.push((blocks, part, own));
                }
                if chunks.len() == 1 {
                    return chunks.into_iter().try_for_each(|chunk| job.garble(chunk));
                }
                chunks
                    .into_par_iter()
                    .try_for_each(|chunk| job.garble(chunk))
            })??;
        }
        Ok(())
    }
}

/// A wave under way.
struct Job<'a> {
    garbler: &'a Garbler,
    first_gate: u64,
    template: &'a Template,
    wave: &'a Wave,
    labels: Labels<'a>,
    words: Words<'a>,
}

impl Job<'_> {
    fn garble(&self, (blocks, tables, outputs): Chunk<'_>) -> Result<(), Error> {
        let (template, wave) = (self.template, self.wave);
        let wires = template.inputs() * LANES;
        let mut inputs = Zeroizing::new(vec![Block::ZERO; blocks.len() * wires]);
        let mut known = Zeroizing::new(vec![0u16; blocks.len() * template.known()]);
        for (i, block) in blocks.clone().enumerate() {
            self.labels
                .gather(wave, block, &mut inputs[i * wires..][..wires]);
            let Words { constants, secrets } = self.words;
            let known = &mut known[i * template.known()..][..template.known()];
            self.labels.known(wave, block, constants, secrets, known);
        }
        // The zero labels are final: corrections have been made.
        let corrections = vec![0u16; blocks.len() * template.inputs()];
        let first = self.first_gate + (blocks.start * template.and_gates()) as u64;
        let garble = |tables: &mut [u8], range: Range<usize>, outputs: &mut [Block]| {
            self.garbler.garble_at(
                first + (range.start * template.and_gates()) as u64,
                template,
                range.len(),
                &inputs[range.start * wires..range.end * wires],
                &corrections[range.start * template.inputs()..range.end * template.inputs()],
                &known[range.start * template.known()..range.end * template.known()],
                tables,
                outputs,
            )
        };
        let partial = blocks.clone().last().filter(|b| wave.is_partial(*b));
        let Some(last) = partial else {
            return garble(tables, 0..blocks.len(), outputs);
        };
        let whole = blocks.len() - 1;
        let block_bytes = self.garbler.table_bytes(template, 1);
        let (tables, packed) = tables.split_at_mut(whole * block_bytes);
        let (outputs, of_last) = outputs.split_at_mut(whole * wave.outputs * LANES);
        garble(tables, 0..whole, outputs)?;
        let mut tables = vec![0u8; block_bytes];
        garble(&mut tables, whole..whole + 1, of_last)?;
        let lanes = wave.lanes(last);
        self.garbler.scheme().pack(lanes, &tables, packed);
        Ok(())
    }
}
