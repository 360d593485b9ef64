//! The evaluator's side.
#![expect(
    clippy::indexing_slicing,
    reason = "all slices of a segment are sized from one block count at its start"
)]

use super::{Function, colours};
use crate::Error;
use crate::block::Block;
use crate::channel::{Channel, Phase, Step};
use crate::garble::LANES;
use crate::session::EvaluatorSession;
use crate::share::{read_words, write_words};
use rayon::prelude::*;
use zeroize::Zeroizing;

impl EvaluatorSession {
    /// Evaluates `instances` instances on this party's bits `inputs`, `[block][wire]`; returns its share of the output bits,
    /// `[block][output]`, the peer calling [`crate::session::GarblerSession::garble_shared`].
    ///
    /// Starts by sending and ends by receiving.
    ///
    /// # Errors
    /// Of the channel; [`Error::Length`] if `inputs` is not as long as the instances need.
    pub fn evaluate_shared(
        &mut self,
        ch: &mut Channel,
        function: &Function<'_>,
        instances: usize,
        inputs: &[u16],
    ) -> Result<Vec<u16>, Error> {
        self.evaluate_function(ch, function, instances, inputs, false)
    }

    /// As [`EvaluatorSession::evaluate_shared`], but returns the output bits themselves, the peer calling
    /// [`crate::session::GarblerSession::garble_opened`].
    ///
    /// # Errors
    /// As there.
    pub fn evaluate_opened(
        &mut self,
        ch: &mut Channel,
        function: &Function<'_>,
        instances: usize,
        inputs: &[u16],
    ) -> Result<Vec<u16>, Error> {
        self.evaluate_function(ch, function, instances, inputs, true)
    }

    fn evaluate_function(
        &mut self,
        ch: &mut Channel,
        function: &Function<'_>,
        instances: usize,
        inputs: &[u16],
        opened: bool,
    ) -> Result<Vec<u16>, Error> {
        let template = function.template;
        let blocks = function.blocks(instances, template.inputs(), inputs)?;
        let outputs = template.outputs();
        let mut bits = vec![0u16; blocks * outputs];
        if bits.is_empty() {
            return Ok(bits);
        }
        self.in_step.begin()?;
        let segment = function.segment();
        for (i, bits) in bits.chunks_mut(segment * outputs).enumerate() {
            let inputs = &inputs[i * segment * template.inputs()..];
            self.evaluate_function_segment(ch, function, inputs, bits)?;
            if opened {
                let mut permute = vec![0u16; bits.len()];
                ch.recv_with(2 * permute.len(), |b| read_words(b, &mut permute))?;
                for (bit, permute) in bits.iter_mut().zip(permute) {
                    *bit ^= permute;
                }
            }
        }
        self.in_step.finish();
        Ok(bits)
    }

    fn evaluate_function_segment(
        &mut self,
        ch: &mut Channel,
        function: &Function<'_>,
        inputs: &[u16],
        colour: &mut [u16],
    ) -> Result<(), Error> {
        let Function {
            template,
            layer,
            part,
        } = *function;
        let (wires, outputs) = (template.inputs(), template.outputs());
        let blocks = colour.len() / outputs;
        ch.enter(Phase::Online, layer, part(Step::Ot));
        let mut corrections = vec![0u16; blocks * wires];
        let mut labels = self.buffers.take(blocks * wires * LANES);
        if !labels.is_empty() {
            self.labels.extend(ch, &mut corrections, &mut labels)?;
        }
        ch.enter(Phase::Online, layer, part(Step::Corrections));
        for (r, x) in corrections.iter_mut().zip(inputs) {
            *r ^= x;
        }
        ch.send_with(2 * corrections.len(), |b| write_words(&corrections, b))?;

        ch.enter(Phase::Online, layer, part(Step::Tables));
        let first_gate = self.evaluator.reserve(template, blocks)?;
        let evaluate = |(first, tables, colour): (usize, &[u8], &mut [u16])| {
            let count = colour.len() / outputs;
            let mut out = Zeroizing::new(vec![Block::ZERO; colour.len() * LANES]);
            self.evaluator.evaluate_at(
                first_gate + (first * template.and_gates()) as u64,
                template,
                count,
                &labels[first * wires * LANES..][..count * wires * LANES],
                tables,
                &mut out,
            )?;
            colours(&out, colour);
            Ok::<(), Error>(())
        };
        let block_bytes = self.evaluator.table_bytes(function.template, 1);
        let chunk = Function::chunk(block_bytes);
        let stride = chunk * rayon::current_num_threads();
        for (i, colour) in colour.chunks_mut(stride * outputs).enumerate() {
            let bytes = colour.len() / outputs * block_bytes;
            ch.recv_with(bytes, |tables| {
                colour
                    .par_chunks_mut(chunk * outputs)
                    .enumerate()
                    .map(|(j, colour)| {
                        let bytes = colour.len() / outputs * block_bytes;
                        let tables = &tables[j * chunk * block_bytes..][..bytes];
                        (i * stride + j * chunk, tables, colour)
                    })
                    .try_for_each(evaluate)
            })??;
        }
        self.buffers.give(labels);
        Ok(())
    }
}
