//! The evaluator's side of a ReLU layer.
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
use crate::session::{EvaluatorSession, correct};
use crate::share::{
    add_mod, negate_if, read_residues, read_words, select, slice_bits, sub_mod, write_residues,
    write_words,
};
use rayon::prelude::*;
use std::collections::VecDeque;
use zeroize::Zeroizing;

const CHUNK_BLOCKS: usize = ReluSpec::CHUNK as usize / LANES;

/// Strings of the OTs in which the garbler chooses, with its choices of the truncation.
struct Offer {
    /// The truncation's strings, already corrected, if there is one; then the multiplexer's, not yet.
    strings: Zeroizing<Vec<Block>>,
    /// Hash group of the first.
    group: u64,
}

/// A segment whose answer has been sent.
struct Answered {
    /// `T`, this party's share of the truncated value.
    t: Zeroizing<Vec<u32>>,
    /// Active labels of the inputs.
    labels: Zeroizing<Vec<Block>>,
    offer: Offer,
}

/// A segment that has been evaluated.
struct Segment {
    /// `T`, this party's share of the truncated value.
    t: Zeroizing<Vec<u32>>,
    /// Shares of the signs: the output labels' colours.
    sign: Zeroizing<Vec<u16>>,
    /// Outputs, still without the garbler's multiplexer message and this party's pads.
    y: Zeroizing<Vec<u32>>,
    /// The multiplexer's OTs.
    offer: Offer,
}

/// The garbler's multiplexer message, and its choices in this party's.
struct Theirs {
    message: Vec<u32>,
    choices: Vec<u16>,
}

impl Theirs {
    fn receive(
        ch: &mut Channel,
        layer: &str,
        spec: &ReluSpec,
        blocks: usize,
    ) -> Result<Self, Error> {
        ch.enter(Phase::Online, layer, Part::Relu(Step::Multiplexer));
        let mut message = vec![0u32; blocks * LANES];
        ch.recv_with(4 * message.len(), |b| {
            read_residues("ReLU multiplexer value", b, spec.modulus(), &mut message)
        })??;
        let mut choices = vec![0u16; blocks];
        ch.recv_with(2 * blocks, |b| read_words(b, &mut choices))?;
        Ok(Self { message, choices })
    }
}

impl EvaluatorSession {
    /// Runs a garbled ReLU on shares: `y` receives this party's share of the outputs, in [`ReluSpec::target`].
    ///
    /// Starts by receiving and ends by sending; the last message is left in the channel's buffer, to travel with what
    /// follows. `layer` tags what the channel counts.
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
        let inputs: Vec<&[u32]> = x.chunks(spec.segment as usize).collect();
        let mut offers = VecDeque::new();
        for x in inputs.iter().take(AHEAD) {
            offers.push_back(self.accept(ch, layer, spec, x.len())?);
        }
        let mut answered = VecDeque::new();
        if let (Some(x), Some(offer)) = (inputs.first(), offers.pop_front()) {
            answered.push_back(self.answer(ch, layer, spec, template, x, offer)?);
        }
        for (i, y) in y.chunks_mut(spec.segment as usize).enumerate() {
            // The next segment's answer goes out first: the garbler works on it while this party evaluates.
            if let (Some(x), Some(offer)) = (inputs.get(i + 1), offers.pop_front()) {
                answered.push_back(self.answer(ch, layer, spec, template, x, offer)?);
            }
            let Some(current) = answered.pop_front() else {
                break;
            };
            let segment = self.evaluate(ch, layer, spec, template, current)?;
            let theirs = Theirs::receive(ch, layer, spec, segment.sign.len())?;
            if let Some(x) = inputs.get(i + AHEAD) {
                offers.push_back(self.accept(ch, layer, spec, x.len())?);
            }
            let mine = self.multiplex(spec, segment, &theirs, y);
            ch.enter(Phase::Online, layer, Part::Relu(Step::Multiplexer));
            ch.send_with(4 * mine.len(), |b| write_residues(&mine, b))?;
        }
        Ok(())
    }

    /// Extends the OTs in which the garbler chooses, and takes its choices of the truncation.
    fn accept(
        &mut self,
        ch: &mut Channel,
        layer: &str,
        spec: &ReluSpec,
        values: usize,
    ) -> Result<Offer, Error> {
        let blocks = values.div_ceil(LANES);
        let truncation = if spec.truncates() { blocks } else { 0 };
        ch.enter(Phase::Online, layer, Part::Relu(Step::Ot));
        let mut strings = self.buffers.take((truncation + blocks) * LANES);
        self.choices.extend(ch, &mut strings)?;
        ch.enter(Phase::Online, layer, Part::Relu(Step::Truncation));
        let mut choices = vec![0u16; truncation];
        ch.recv_with(2 * truncation, |b| read_words(b, &mut choices))?;
        correct(
            &mut strings[..truncation * LANES],
            &choices,
            self.delta().block(),
        );
        let group = self.pads.reverse_groups.take(truncation + blocks)?;
        Ok(Offer { strings, group })
    }

    /// Extends the OTs of the labels; sends corrections and the truncation's message.
    fn answer(
        &mut self,
        ch: &mut Channel,
        layer: &str,
        spec: &ReluSpec,
        template: &Template,
        x: &[u32],
        offer: Offer,
    ) -> Result<Answered, Error> {
        let (x, wires, q) = (padded(x), template.inputs(), spec.modulus());
        let blocks = x.len() / LANES;
        ch.enter(Phase::Online, layer, Part::Relu(Step::Ot));
        let mut corrections = vec![0u16; blocks * wires];
        let mut labels = self.buffers.take(blocks * wires * LANES);
        self.labels.extend(ch, &mut corrections, &mut labels)?;
        ch.enter(Phase::Online, layer, Part::Relu(Step::Corrections));
        for (random, x) in corrections
            .chunks_exact_mut(wires)
            .zip(x.chunks_exact(LANES))
        {
            let mut bits = [0u32; LANES];
            for (b, x) in bits.iter_mut().zip(x) {
                *b = spec.evaluator_bits(*x);
            }
            let mut words = [0u16; 32];
            slice_bits(&bits, &mut words[..wires]);
            for (r, w) in random.iter_mut().zip(words) {
                *r ^= w;
            }
        }
        ch.send_with(2 * corrections.len(), |b| write_words(&corrections, b))?;

        let mut t: Zeroizing<Vec<u32>> =
            Zeroizing::new(x.iter().map(|x| spec.own_term(*x)).collect());
        if spec.truncates() {
            ch.enter(Phase::Online, layer, Part::Relu(Step::Truncation));
            let pads = self.sender_pads(&offer.strings[..x.len()], offer.group, q);
            let mut message = vec![0u32; x.len()];
            for i in 0..x.len() {
                let (p0, p1) = pads[i];
                // The product of the top bits, times 2^(k-h): this party's share is -P0.
                let wrap = select(spec.top(x[i]), spec.wrap());
                message[i] = sub_mod(add_mod(p0, wrap, q), p1, q);
                t[i] = sub_mod(t[i], p0, q);
            }
            ch.send_with(4 * message.len(), |b| write_residues(&message, b))?;
        }
        Ok(Answered { t, labels, offer })
    }

    /// Receives the tables and evaluates them.
    fn evaluate(
        &mut self,
        ch: &mut Channel,
        layer: &str,
        spec: &ReluSpec,
        template: &Template,
        answered: Answered,
    ) -> Result<Segment, Error> {
        let Answered { t, labels, offer } = answered;
        let (blocks, wires, q) = (t.len() / LANES, template.inputs(), spec.modulus());
        let first_gate = self.evaluator.reserve(template, blocks)?;
        let first_group = self.pads.output_groups.take(blocks)?;
        let block_bytes = self.evaluator.table_bytes(template, 1);
        let stride = CHUNK_BLOCKS * rayon::current_num_threads();
        let mut sign = Zeroizing::new(vec![0u16; blocks]);
        let mut y = Zeroizing::new(vec![0u32; blocks * LANES]);
        ch.enter(Phase::Online, layer, Part::Relu(Step::Tables));
        for start in (0..blocks).step_by(stride) {
            let end = blocks.min(start + stride);
            ch.recv_with((end - start) * block_bytes, |tables| {
                sign[start..end]
                    .par_chunks_mut(CHUNK_BLOCKS)
                    .zip(y[start * LANES..end * LANES].par_chunks_mut(CHUNK_BLOCKS * LANES))
                    .zip(tables.par_chunks((CHUNK_BLOCKS * block_bytes).max(1)))
                    .enumerate()
                    .try_for_each(|(i, ((sign, y), tables))| {
                        let first = start + i * CHUNK_BLOCKS;
                        let labels = &labels[first * wires * LANES..][..sign.len() * wires * LANES];
                        let mut out = Zeroizing::new(vec![Block::ZERO; y.len()]);
                        let gate = first_gate + (first * template.and_gates()) as u64;
                        self.evaluator.evaluate_at(
                            gate,
                            template,
                            sign.len(),
                            labels,
                            tables,
                            &mut out,
                        )?;
                        for (i, label) in out.iter().enumerate() {
                            sign[i / LANES] |= (label.lsb() as u16) << (i % LANES);
                        }
                        let group = first_group + first as u64;
                        self.pads
                            .output
                            .hash(group, &mut out, &mut Zeroizing::new(Vec::new()));
                        let t = &t[first * LANES..][..y.len()];
                        for (i, (y, (pad, t))) in y.iter_mut().zip(out.iter().zip(t)).enumerate() {
                            let bit = u32::from(sign[i / LANES] >> (i % LANES) & 1);
                            *y = add_mod(pad_below(*pad, q), select(bit, *t), q);
                        }
                        Ok::<(), Error>(())
                    })
            })??;
        }
        self.buffers.give(labels);
        Ok(Segment { t, sign, y, offer })
    }

    /// Finishes the outputs and makes the multiplexer message for the garbler.
    fn multiplex(
        &mut self,
        spec: &ReluSpec,
        segment: Segment,
        theirs: &Theirs,
        y: &mut [u32],
    ) -> Vec<u32> {
        let q = spec.modulus();
        let Segment {
            t,
            sign,
            y: partial,
            mut offer,
        } = segment;
        let first = offer.strings.len() - partial.len();
        let strings = &mut offer.strings[first..];
        correct(strings, &theirs.choices, self.delta().block());
        let pads = self.sender_pads(strings, offer.group + (first / LANES) as u64, q);
        self.buffers.give(offer.strings);
        let mut message = vec![0u32; partial.len()];
        for (i, m) in message.iter_mut().enumerate() {
            let bit = u32::from(sign[i / LANES] >> (i % LANES) & 1);
            let (p0, p1) = pads[i];
            *m = sub_mod(add_mod(p0, negate_if(bit, t[i], q), q), p1, q);
            if let Some(y) = y.get_mut(i) {
                let sum = add_mod(partial[i], select(bit, theirs.message[i]), q);
                *y = sub_mod(sum, p0, q);
            }
        }
        message
    }

    /// The two pads of every OT in which the garbler chooses: hashes of `K` and of `K xor Delta` as residues.
    pub(crate) fn sender_pads(
        &self,
        keys: &[Block],
        first_group: u64,
        modulus: u32,
    ) -> Zeroizing<Vec<(u32, u32)>> {
        let mut pads = Zeroizing::new(vec![(0, 0); keys.len()]);
        let delta = self.delta().block();
        pads.par_chunks_mut(CHUNK_BLOCKS * LANES)
            .zip(keys.par_chunks(CHUNK_BLOCKS * LANES))
            .enumerate()
            .for_each(|(i, (pads, keys))| {
                let group = first_group + (i * CHUNK_BLOCKS) as u64;
                let mut zero = Zeroizing::new(keys.to_vec());
                let mut one = Zeroizing::new(keys.iter().map(|k| *k ^ delta).collect::<Vec<_>>());
                let mut scratch = Zeroizing::new(Vec::new());
                self.pads.reverse.hash(group, &mut zero, &mut scratch);
                self.pads.reverse.hash(group, &mut one, &mut scratch);
                for (pad, (zero, one)) in pads.iter_mut().zip(zero.iter().zip(one.iter())) {
                    *pad = (pad_below(*zero, modulus), pad_below(*one, modulus));
                }
            });
        pads
    }
}
