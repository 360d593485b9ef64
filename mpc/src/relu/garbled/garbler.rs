//! The garbler's side of a ReLU layer.
#![expect(
    clippy::indexing_slicing,
    reason = "all slices of a segment are sized from one block count at its start"
)]

use super::AHEAD;
use super::BATCH;
use crate::Error;
use crate::block::Block;
use crate::channel::{Channel, Part, Phase, Step};
use crate::circuit::{Template, drelu};
use crate::garble::{LANES, pad_below};
use crate::relu::{ReluSpec, padded};
use crate::session::GarblerSession;
use crate::share::{
    add_mod, negate_if, read_residues, read_words, select, slice_bits, sub_mod, write_residues,
    write_words,
};
use rayon::prelude::*;
use std::collections::VecDeque;
use zeroize::Zeroizing;

const CHUNK_BLOCKS: usize = ReluSpec::CHUNK as usize / LANES;

/// What the garbler holds of a segment before the evaluator answers: the OTs in which it chooses.
struct Offer {
    /// This party's shares, padded to whole blocks.
    x: Zeroizing<Vec<u32>>,
    /// Hashed strings of the truncation's OTs, if there is one, then of the multiplexer's.
    pads: Zeroizing<Vec<Block>>,
    /// Random choices of the multiplexer's OTs.
    random: Zeroizing<Vec<u16>>,
}

/// What the evaluator sent for a segment.
struct Answer {
    /// Strings of the labels' OTs.
    keys: Zeroizing<Vec<Block>>,
    corrections: Vec<u16>,
    truncation: Vec<u32>,
}

/// What garbling a segment leaves.
struct Garbled {
    /// This party's shares of the signs.
    sign: Zeroizing<Vec<u16>>,
    /// The multiplexer's message for the evaluator.
    message: Vec<u32>,
    /// This party's outputs, still without the evaluator's multiplexer message.
    y: Zeroizing<Vec<u32>>,
}

impl GarblerSession {
    /// Runs a garbled ReLU on shares: `y` receives this party's share of the outputs, in [`ReluSpec::target`].
    ///
    /// Starts by sending and ends by receiving. `layer` tags what the channel counts.
    ///
    /// # Errors
    /// Of the channel; [`Error::Malformed`] for a residue out of range; [`Error::Length`] if `x` and `y` differ in length.
    pub fn relu(
        &mut self,
        ch: &mut Channel,
        layer: &str,
        spec: &ReluSpec,
        x: &[u32],
        y: &mut [u32],
    ) -> Result<(), Error> {
        spec.check_lengths(x, y)?;
        let template = drelu(spec.width as usize)?;
        self.in_step.begin()?;
        for (x, y) in x.chunks(BATCH).zip(y.chunks_mut(BATCH)) {
            self.relu_batch(ch, layer, spec, &template, x, y)?;
        }
        self.in_step.finish();
        Ok(())
    }

    fn relu_batch(
        &mut self,
        ch: &mut Channel,
        layer: &str,
        spec: &ReluSpec,
        template: &Template,
        x: &[u32],
        y: &mut [u32],
    ) -> Result<(), Error> {
        self.begin_garbled(ch, layer, spec, x.len())?;
        let mut inputs = x.chunks(spec.segment as usize);
        let mut outputs = y.chunks_mut(spec.segment as usize);
        // Two offers ahead: the evaluator answers the next segment while this one is garbled.
        let mut offers = VecDeque::new();
        for x in inputs.by_ref().take(AHEAD) {
            offers.push_back(self.offer(ch, layer, spec, x)?);
        }
        let mut answer = match offers.front() {
            Some(offer) => Some(self.receive_answer(ch, layer, spec, template, offer.blocks())?),
            None => None,
        };
        while let (Some(offer), Some(current), Some(y)) =
            (offers.pop_front(), answer.take(), outputs.next())
        {
            let garbled = self.garble_segment(ch, layer, spec, template, &offer, &current)?;
            self.buffers.give(offer.pads);
            self.buffers.give(current.keys);
            // The offer travels with this segment's tables; the answer comes while the evaluator evaluates them.
            if let Some(x) = inputs.next() {
                offers.push_back(self.offer(ch, layer, spec, x)?);
            }
            if let Some(next) = offers.front() {
                answer = Some(self.receive_answer(ch, layer, spec, template, next.blocks())?);
            }
            garbled.finish(ch, layer, spec, y)?;
        }
        Ok(())
    }

    /// Extends the OTs in which this party chooses, and sends the truncation's choices.
    fn offer(
        &mut self,
        ch: &mut Channel,
        layer: &str,
        spec: &ReluSpec,
        x: &[u32],
    ) -> Result<Offer, Error> {
        let blocks = x.len().div_ceil(LANES);
        let truncation = if spec.truncates() { blocks } else { 0 };
        ch.enter(Phase::Online, layer, Part::Relu(Step::Ot));
        let mut random = Zeroizing::new(vec![0u16; truncation + blocks]);
        let mut pads = self.buffers.take((truncation + blocks) * LANES);
        self.choices.extend(ch, &mut random, &mut pads)?;
        let group = self.pads.reverse_groups.take(truncation + blocks)?;
        let chunk = CHUNK_BLOCKS * LANES;
        pads.par_chunks_mut(chunk).enumerate().for_each_init(
            || Zeroizing::new(Vec::with_capacity(chunk)),
            |scratch, (i, pads)| {
                self.pads
                    .reverse
                    .hash(group + (i * CHUNK_BLOCKS) as u64, pads, scratch);
            },
        );

        ch.enter(Phase::Online, layer, Part::Relu(Step::Truncation));
        let x = padded(x);
        // The random choices, corrected to the shares' top bits.
        let mut choices: Vec<u16> = random.drain(..truncation).collect();
        for (word, x) in choices.iter_mut().zip(x.chunks_exact(LANES)) {
            for (lane, x) in x.iter().enumerate() {
                *word ^= (spec.top(*x) as u16) << lane;
            }
        }
        ch.send_with(2 * truncation, |b| write_words(&choices, b))?;
        Ok(Offer { x, pads, random })
    }

    /// Extends the OTs of the labels and takes the evaluator's answer for a segment.
    fn receive_answer(
        &mut self,
        ch: &mut Channel,
        layer: &str,
        spec: &ReluSpec,
        template: &Template,
        blocks: usize,
    ) -> Result<Answer, Error> {
        let wires = template.inputs();
        ch.enter(Phase::Online, layer, Part::Relu(Step::Ot));
        let mut keys = self.buffers.take(blocks * wires * LANES);
        self.labels.extend(ch, &mut keys)?;
        ch.enter(Phase::Online, layer, Part::Relu(Step::Corrections));
        let mut corrections = vec![0u16; blocks * wires];
        ch.recv_with(2 * corrections.len(), |b| read_words(b, &mut corrections))?;
        ch.enter(Phase::Online, layer, Part::Relu(Step::Truncation));
        let values = if spec.truncates() { blocks * LANES } else { 0 };
        let mut truncation = vec![0u32; values];
        ch.recv_with(4 * truncation.len(), |b| {
            read_residues("ReLU truncation value", b, spec.modulus(), &mut truncation)
        })??;
        Ok(Answer {
            keys,
            corrections,
            truncation,
        })
    }

    /// Garbles a segment, and sends tables, multiplexer message and choices.
    fn garble_segment(
        &mut self,
        ch: &mut Channel,
        layer: &str,
        spec: &ReluSpec,
        template: &Template,
        offer: &Offer,
        answer: &Answer,
    ) -> Result<Garbled, Error> {
        let (blocks, wires) = (offer.blocks(), template.inputs());
        let first_gate = self.garbler.reserve(template, blocks)?;
        let first_group = self.pads.output_groups.take(blocks)?;
        let mut garbled = Garbled {
            sign: Zeroizing::new(vec![0; blocks]),
            message: vec![0; blocks * LANES],
            y: Zeroizing::new(vec![0; blocks * LANES]),
        };
        let block_bytes = self.garbler.table_bytes(template, 1);
        // What the threads garble between two writes; it does not show on the wire.
        let stride = CHUNK_BLOCKS * rayon::current_num_threads();
        ch.enter(Phase::Online, layer, Part::Relu(Step::Tables));
        for start in (0..blocks).step_by(stride) {
            let end = blocks.min(start + stride);
            let lanes = start * LANES..end * LANES;
            ch.send_with((end - start) * block_bytes, |tables| {
                answer.keys[lanes.start * wires..lanes.end * wires]
                    .par_chunks(CHUNK_BLOCKS * wires * LANES)
                    .zip(garbled.sign[start..end].par_chunks_mut(CHUNK_BLOCKS))
                    .zip(garbled.message[lanes.clone()].par_chunks_mut(CHUNK_BLOCKS * LANES))
                    .zip(garbled.y[lanes.clone()].par_chunks_mut(CHUNK_BLOCKS * LANES))
                    .zip(tables.par_chunks_mut((CHUNK_BLOCKS * block_bytes).max(1)))
                    .enumerate()
                    .try_for_each(|(i, ((((keys, sign), message), y), tables))| {
                        let part = Chunk {
                            session: self,
                            spec,
                            template,
                            offer,
                            answer,
                        };
                        part.garble(
                            start + i * CHUNK_BLOCKS,
                            (first_gate, first_group),
                            keys,
                            tables,
                            sign,
                            message,
                            y,
                        )
                    })
            })??;
        }

        ch.enter(Phase::Online, layer, Part::Relu(Step::Multiplexer));
        ch.send_with(4 * garbled.message.len(), |b| {
            write_residues(&garbled.message, b)
        })?;
        let choices: Vec<u16> = offer
            .random
            .iter()
            .zip(garbled.sign.iter())
            .map(|(r, s)| r ^ s)
            .collect();
        ch.send_with(2 * blocks, |b| write_words(&choices, b))?;
        Ok(garbled)
    }
}

impl Offer {
    fn blocks(&self) -> usize {
        self.random.len()
    }
}

impl Garbled {
    /// Takes the evaluator's multiplexer message and completes the outputs.
    fn finish(
        self,
        ch: &mut Channel,
        layer: &str,
        spec: &ReluSpec,
        y: &mut [u32],
    ) -> Result<(), Error> {
        ch.enter(Phase::Online, layer, Part::Relu(Step::Multiplexer));
        let mut message = vec![0u32; self.y.len()];
        ch.recv_with(4 * message.len(), |b| {
            read_residues("ReLU multiplexer value", b, spec.modulus(), &mut message)
        })??;
        for (i, (y, (partial, m))) in y.iter_mut().zip(self.y.iter().zip(&message)).enumerate() {
            let bit = u32::from(self.sign[i / LANES] >> (i % LANES) & 1);
            *y = add_mod(*partial, select(bit, *m), spec.modulus());
        }
        Ok(())
    }
}

/// A chunk of a segment, garbled by one thread.
struct Chunk<'a> {
    session: &'a GarblerSession,
    spec: &'a ReluSpec,
    template: &'a Template,
    offer: &'a Offer,
    answer: &'a Answer,
}

impl Chunk<'_> {
    #[expect(
        clippy::too_many_arguments,
        reason = "the outputs of one chunk, each its own slice"
    )]
    fn garble(
        &self,
        first_block: usize,
        (first_gate, first_group): (u64, u64),
        keys: &[Block],
        tables: &mut [u8],
        sign: &mut [u16],
        message: &mut [u32],
        y: &mut [u32],
    ) -> Result<(), Error> {
        let Self {
            session,
            spec,
            template,
            offer,
            answer,
        } = *self;
        let (q, blocks, wires) = (spec.modulus(), sign.len(), template.inputs());
        let delta = session.delta();
        let lanes = first_block * LANES..(first_block + blocks) * LANES;

        let corrections = &answer.corrections[first_block * wires..][..blocks * wires];
        let x = &offer.x[lanes.clone()];
        let mut known = Zeroizing::new(vec![0u16; blocks * template.known()]);
        for (known, x) in known
            .chunks_exact_mut(template.known())
            .zip(x.chunks_exact(LANES))
        {
            let mut bits = [0u32; LANES];
            for (b, x) in bits.iter_mut().zip(x) {
                *b = spec.garbler_bits(*x);
            }
            slice_bits(&bits, known);
        }
        let mut labels = Zeroizing::new(vec![Block::ZERO; blocks * LANES]);
        let gate = first_gate + (first_block * template.and_gates()) as u64;
        session.garbler.garble_at(
            gate,
            template,
            blocks,
            keys,
            corrections,
            &known,
            tables,
            &mut labels,
        )?;

        // The permute bit is this party's share of the sign; pads by colour.
        let mut pads = Zeroizing::new(vec![Block::ZERO; 2 * blocks * LANES]);
        let (zero, one) = pads.split_at_mut(blocks * LANES);
        for (i, ((label, zero), one)) in labels.iter().zip(&mut *zero).zip(&mut *one).enumerate() {
            sign[i / LANES] |= (label.lsb() as u16) << (i % LANES);
            *zero = *label ^ delta.and_mask(label.lsb());
            *one = *zero ^ delta;
        }
        let mut scratch = Zeroizing::new(Vec::new());
        let group = first_group + first_block as u64;
        session.pads.output.hash(group, zero, &mut scratch);
        session.pads.output.hash(group, one, &mut scratch);

        let (truncation, multiplexer) = offer.pads.split_at(offer.pads.len() - offer.x.len());
        for i in 0..blocks * LANES {
            let at = lanes.start + i;
            let bit = u32::from(sign[i / LANES] >> (i % LANES) & 1);
            let mut t = spec.own_term(x[i]);
            if spec.truncates() {
                // Its share of the product of the top bits.
                let message = select(spec.top(x[i]), answer.truncation[at]);
                let product = add_mod(pad_below(truncation[at], q), message, q);
                t = add_mod(t, product, q);
            }
            let (p0, p1) = (pad_below(zero[i], q), pad_below(one[i], q));
            message[i] = sub_mod(add_mod(p0, negate_if(bit, t, q), q), p1, q);
            y[i] = add_mod(
                sub_mod(select(bit, t), p0, q),
                pad_below(multiplexer[at], q),
                q,
            );
        }
        Ok(())
    }
}
