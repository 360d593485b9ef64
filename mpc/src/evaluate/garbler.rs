//! The garbler's side.
#![expect(
    clippy::indexing_slicing,
    reason = "all slices of a segment are sized from one block count at its start"
)]

use super::{Function, colours};
use crate::Error;
use crate::block::Block;
use crate::channel::{Channel, Phase, Step};
use crate::garble::LANES;
use crate::session::GarblerSession;
use crate::share::{read_words, write_words};
use rayon::prelude::*;
use zeroize::Zeroizing;

/// A chunk for one thread: its first block, its tables, its permute bits.
type Chunk<'a> = (usize, &'a mut [u8], &'a mut [u16]);

impl GarblerSession {
    /// Garbles `instances` instances on this party's bits `known`, `[block][bit]`; returns its share of the output bits,
    /// `[block][output]`, the peer calling [`crate::session::EvaluatorSession::evaluate_shared`].
    ///
    /// Starts by receiving and ends by sending.
    ///
    /// # Errors
    /// Of the channel; [`Error::Length`] if `known` is not as long as the instances need.
    pub fn garble_shared(
        &mut self,
        ch: &mut Channel,
        function: &Function<'_>,
        instances: usize,
        known: &[u16],
    ) -> Result<Vec<u16>, Error> {
        self.garble_function(ch, function, instances, known, false)
    }

    /// As [`GarblerSession::garble_shared`], but the outputs are opened to the evaluator, which calls
    /// [`crate::session::EvaluatorSession::evaluate_opened`]; this party learns nothing.
    ///
    /// # Errors
    /// As there.
    pub fn garble_opened(
        &mut self,
        ch: &mut Channel,
        function: &Function<'_>,
        instances: usize,
        known: &[u16],
    ) -> Result<(), Error> {
        self.garble_function(ch, function, instances, known, true)?;
        Ok(())
    }

    fn garble_function(
        &mut self,
        ch: &mut Channel,
        function: &Function<'_>,
        instances: usize,
        known: &[u16],
        opened: bool,
    ) -> Result<Vec<u16>, Error> {
        let template = function.template;
        let blocks = function.blocks(instances, template.known(), known)?;
        let outputs = template.outputs();
        let mut permute = vec![0u16; blocks * outputs];
        if permute.is_empty() {
            return Ok(permute);
        }
        self.in_step.begin()?;
        let segment = function.segment();
        for (i, permute) in permute.chunks_mut(segment * outputs).enumerate() {
            let known = &known[i * segment * template.known()..];
            self.garble_function_segment(ch, function, known, permute)?;
            if opened {
                ch.send_with(2 * permute.len(), |b| write_words(permute, b))?;
            }
        }
        ch.flush()?;
        self.in_step.finish();
        Ok(permute)
    }

    fn garble_function_segment(
        &mut self,
        ch: &mut Channel,
        function: &Function<'_>,
        known: &[u16],
        permute: &mut [u16],
    ) -> Result<(), Error> {
        let Function {
            template,
            layer,
            part,
        } = *function;
        let (wires, outputs) = (template.inputs(), template.outputs());
        let blocks = permute.len() / outputs;
        ch.enter(Phase::Online, layer, part(Step::Ot));
        let mut keys = self.buffers.take(blocks * wires * LANES);
        if !keys.is_empty() {
            self.labels.extend(ch, &mut keys)?;
        }
        ch.enter(Phase::Online, layer, part(Step::Corrections));
        let mut corrections = vec![0u16; blocks * wires];
        ch.recv_with(2 * corrections.len(), |b| read_words(b, &mut corrections))?;

        ch.enter(Phase::Online, layer, part(Step::Tables));
        let first_gate = self.garbler.reserve(template, blocks)?;
        let garble = |(first, tables, permute): Chunk<'_>| {
            let count = permute.len() / outputs;
            let mut labels = Zeroizing::new(vec![Block::ZERO; permute.len() * LANES]);
            self.garbler.garble_at(
                first_gate + (first * template.and_gates()) as u64,
                template,
                count,
                &keys[first * wires * LANES..][..count * wires * LANES],
                &corrections[first * wires..][..count * wires],
                &known[first * template.known()..][..count * template.known()],
                tables,
                &mut labels,
            )?;
            colours(&labels, permute);
            Ok::<(), Error>(())
        };
        let block_bytes = self.garbler.table_bytes(function.template, 1);
        let chunk = Function::chunk(block_bytes);
        let stride = chunk * rayon::current_num_threads();
        for (i, permute) in permute.chunks_mut(stride * outputs).enumerate() {
            let bytes = permute.len() / outputs * block_bytes;
            ch.send_with(bytes, |mut tables| {
                let mut chunks: Vec<Chunk<'_>> = Vec::new();
                for (j, permute) in permute.chunks_mut(chunk * outputs).enumerate() {
                    let own = tables.split_off_mut(..permute.len() / outputs * block_bytes);
                    let own = own.unwrap_or_default();
                    chunks.push((i * stride + j * chunk, own, permute));
                }
                chunks.into_par_iter().try_for_each(garble)
            })??;
        }
        self.buffers.give(keys);
        Ok(())
    }
}
