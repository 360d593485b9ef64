//! The evaluator's side: it sends the tables.
#![expect(
    clippy::indexing_slicing,
    reason = "all slices of a chunk are sized from its length"
)]

mod correlations;

pub(crate) use correlations::EvaluatorStock;

use super::AHEAD;
use super::layer::{Layer, cut, cut_mut};
use super::lookup::{Lookup, gather, permute};
use super::pads::{correct_sent, send_corrected};
use super::stock::Chunk;
use super::wire::{read_residues, read_word, write_residue};
use crate::Error;
use crate::channel::{Channel, Part, Phase, Step};
use crate::garble::LANES;
use crate::session::EvaluatorSession;
use crate::share::{add_mod, negate_if, select};
use correlations::Correlations;
use rayon::prelude::*;
use std::collections::VecDeque;
use zeroize::Zeroizing;

/// The values of one chunk under way.
struct Work {
    correlations: Correlations,
    /// The share, switched to the width of the comparison.
    bits: Zeroizing<Vec<u32>>,
    /// This party's share of the carry.
    carry: Zeroizing<Vec<u16>>,
    /// `T`, this party's share of the truncated value.
    t: Zeroizing<Vec<u32>>,
    /// The garbler's corrections of the truncation's choices.
    choices: Vec<u16>,
}

struct Segment<'y> {
    works: Vec<Work>,
    /// Tables sent.
    stage: usize,
    y: &'y mut [u32],
}

impl EvaluatorSession {
    /// This party's part of a layer for which correlations are in stock.
    pub(super) fn run(
        &mut self,
        ch: &mut Channel,
        layer: &Layer,
        x: &[u32],
        y: &mut [u32],
    ) -> Result<(), Error> {
        let size = layer.segment(x.len());
        let mut parts = x.chunks(size).zip(y.chunks_mut(size));
        let mut active = VecDeque::new();
        for (x, y) in parts.by_ref().take(AHEAD) {
            active.push_back(self.open(ch, layer, x, y)?);
        }
        while let Some(mut segment) = active.pop_front() {
            if segment.stage < layer.chain.len() {
                segment.look_up(ch, layer)?;
                active.push_back(segment);
                continue;
            }
            segment.close(ch, layer)?;
            let used = segment.works.into_iter().map(|w| w.correlations);
            self.ot_relu.stock.recycle(layer.kind, used);
            if let Some((x, y)) = parts.next() {
                active.push_back(self.open(ch, layer, x, y)?);
            }
        }
        Ok(())
    }

    /// First tables; messages of the truncation and the multiplexer.
    fn open<'y>(
        &mut self,
        ch: &mut Channel,
        layer: &Layer,
        x: &[u32],
        y: &'y mut [u32],
    ) -> Result<Segment<'y>, Error> {
        let mut segment = Segment {
            works: Vec::new(),
            stage: 0,
            y,
        };
        let mut left = x;
        let count = x.len().next_multiple_of(LANES);
        for correlations in self.ot_relu.stock.take(layer.kind, count)? {
            let (x, rest) = left.split_at(correlations.len().min(left.len()));
            left = rest;
            segment.works.push(Work::new(layer, correlations, x));
        }
        segment.look_up_with(ch, layer, |ch, works| {
            if !layer.spec.truncates() {
                return Ok(());
            }
            ch.enter(Phase::Online, layer.name, Part::Relu(Step::Truncation));
            let sizes: Vec<usize> = works.iter().map(|w| 2 * w.carry.len()).collect();
            ch.recv_with(sizes.iter().sum(), |bytes| {
                for (work, bytes) in works.iter_mut().zip(cut(bytes, &sizes)) {
                    let words = bytes.as_chunks::<2>().0;
                    work.choices = words.iter().map(|b| u16::from_le_bytes(*b)).collect();
                }
            })
        })?;
        if layer.spec.truncates() {
            ch.enter(Phase::Online, layer.name, Part::Relu(Step::Truncation));
            segment.send(ch, layer, |work, bytes| work.truncate(layer, bytes))?;
        }
        ch.enter(Phase::Online, layer.name, Part::Relu(Step::Multiplexer));
        segment.send(ch, layer, |work, bytes| work.multiplex(layer, bytes))?;
        Ok(segment)
    }
}

impl Segment<'_> {
    /// Takes indices and answers with tables.
    fn look_up(&mut self, ch: &mut Channel, layer: &Layer) -> Result<(), Error> {
        self.look_up_with(ch, layer, |_, _| Ok(()))
    }

    /// As [`Self::look_up`], with something to receive in between.
    fn look_up_with(
        &mut self,
        ch: &mut Channel,
        layer: &Layer,
        between: impl FnOnce(&mut Channel, &mut [Work]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let (stage, step) = (self.stage, layer.chain[self.stage]);
        ch.enter(Phase::Online, layer.name, Part::Relu(Step::Corrections));
        let sizes = self.sizes(|w| 2 * w.carry.len() * step.choices());
        ch.recv_with(sizes.iter().sum(), |bytes| {
            self.works
                .par_iter_mut()
                .zip(cut(bytes, &sizes))
                .for_each(|(work, bytes)| work.permute(stage, step, bytes));
        })?;
        between(ch, &mut self.works)?;
        ch.enter(Phase::Online, layer.name, Part::Relu(Step::Tables));
        let sizes = self.sizes(|w| w.bits.len() * step.table_bytes());
        ch.send_with(sizes.iter().sum(), |bytes| {
            self.works
                .par_iter_mut()
                .zip(cut_mut(bytes, &sizes))
                .for_each(|(work, bytes)| work.tables(layer, stage, bytes));
        })?;
        self.stage += 1;
        Ok(())
    }

    /// Sends a residue of every value.
    fn send(
        &mut self,
        ch: &mut Channel,
        layer: &Layer,
        write: impl Fn(&mut Work, &mut [u8]) + Sync,
    ) -> Result<(), Error> {
        let sizes = self.sizes(|w| w.bits.len() * layer.kind.residue_bytes());
        ch.send_with(sizes.iter().sum(), |bytes| {
            self.works
                .par_iter_mut()
                .zip(cut_mut(bytes, &sizes))
                .for_each(|(work, bytes)| write(work, bytes));
        })
    }

    fn sizes(&self, size: impl Fn(&Work) -> usize) -> Vec<usize> {
        self.works.iter().map(size).collect()
    }

    /// Takes the garbler's last message and makes the outputs.
    fn close(&mut self, ch: &mut Channel, layer: &Layer) -> Result<(), Error> {
        ch.enter(Phase::Online, layer.name, Part::Relu(Step::Multiplexer));
        let sizes = self.sizes(|w| 2 * w.carry.len() + w.bits.len() * layer.kind.residue_bytes());
        let values = self.sizes(|w| w.bits.len());
        ch.recv_with(sizes.iter().sum(), |bytes| {
            let outputs = cut_mut(std::mem::take(&mut self.y), &values);
            self.works
                .par_iter_mut()
                .zip(cut(bytes, &sizes))
                .zip(outputs)
                .try_for_each(|((work, bytes), y)| work.finish(layer, bytes, y))
        })?
    }
}

impl Work {
    fn new(layer: &Layer, correlations: Correlations, x: &[u32]) -> Self {
        let len = correlations.len();
        let mut bits = Zeroizing::new(Vec::with_capacity(len));
        let mut t = Zeroizing::new(Vec::with_capacity(len));
        for x in x.iter().chain(std::iter::repeat(&0)).take(len) {
            bits.push(layer.spec.evaluator_bits(*x));
            t.push(*x);
        }
        let carry: Vec<u16> = bits
            .as_chunks::<LANES>()
            .0
            .iter()
            .map(|bits| gather(&bits.map(|b| b as u16)))
            .collect();
        Self {
            correlations,
            bits,
            carry: Zeroizing::new(carry),
            t,
            choices: Vec::new(),
        }
    }

    /// Moves the random tables to where the garbler's indices want them.
    fn permute(&mut self, stage: usize, step: Lookup, bytes: &[u8]) {
        let tables = &mut self.correlations.lookups[stage].tables;
        let count = step.choices();
        for (tables, bytes) in tables.iter_mut().zip(bytes.chunks_exact(2 * count)) {
            let mut d = [0u16; 4];
            for (d, b) in d.iter_mut().zip(bytes.as_chunks::<2>().0) {
                *d = u16::from_le_bytes(*b);
            }
            permute(tables, &d[..count]);
        }
    }

    /// Writes the masked tables of a look-up.
    fn tables(&mut self, layer: &Layer, stage: usize, bytes: &mut [u8]) {
        let step = layer.chain[stage];
        let last = stage + 1 == layer.chain.len();
        let Correlations {
            lookups, reverse, ..
        } = &self.correlations;
        let random = &lookups[stage];
        let width = step.table_bytes();
        let blocks = self.bits.as_chunks::<LANES>().0.iter();
        for (i, (bits, bytes)) in blocks
            .zip(bytes.chunks_exact_mut(LANES * width))
            .enumerate()
        {
            let mask = if last {
                // So that this party's share of the sign is its choice in the multiplexer.
                let top = bits.map(|b| (b >> (layer.spec.width - 1)) as u16);
                reverse.choices[i] ^ gather(&top)
            } else {
                random.masks[i]
            };
            let mut tables = step.tables(bits, self.carry[i], mask);
            for (t, p) in tables.iter_mut().zip(&random.tables[i]) {
                *t ^= p;
            }
            self.carry[i] = mask;
            if width == 2 {
                for (b, t) in bytes.as_chunks_mut::<2>().0.iter_mut().zip(tables) {
                    *b = t.to_le_bytes();
                }
            } else {
                // Entries that no index reaches are not sent.
                let entries = ((1u32 << (1 << step.choices())) - 1) as u16;
                for (b, t) in bytes.iter_mut().zip(tables) {
                    *b = (t & entries) as u8;
                }
            }
        }
    }

    /// The product of the top bits: this party's message, and `T`.
    fn truncate(&mut self, layer: &Layer, bytes: &mut [u8]) {
        let (spec, q) = (layer.spec, layer.kind.modulus);
        let Some(pads) = &self.correlations.truncation else {
            return;
        };
        let width = layer.kind.residue_bytes();
        for (i, bytes) in bytes.chunks_exact_mut(LANES * width).enumerate() {
            let at = i * LANES..(i + 1) * LANES;
            let t = &mut self.t[at.clone()];
            let (zero, difference) = (&pads.zero[at.clone()], &pads.difference[at]);
            let mut message = [0u32; LANES];
            for lane in 0..LANES {
                let d = u32::from(self.choices[i] >> lane & 1);
                let x = t[lane];
                let wrap = select(spec.top(x), spec.wrap());
                let (m, own) = send_corrected((zero[lane], difference[lane]), d, wrap, q);
                message[lane] = m;
                t[lane] = add_mod(spec.own_term(x), own, q);
            }
            write_residue(&message, bytes);
        }
    }

    /// The message for this party's number, for choices yet random.
    fn multiplex(&mut self, layer: &Layer, bytes: &mut [u8]) {
        let q = layer.kind.modulus;
        let width = layer.kind.residue_bytes();
        for (i, bytes) in bytes.chunks_exact_mut(LANES * width).enumerate() {
            let at = i * LANES..(i + 1) * LANES;
            let t = &self.t[at.clone()];
            let difference = &self.correlations.multiplexer.difference[at];
            let sign = self.correlations.reverse.choices[i];
            let mut message = [0u32; LANES];
            for lane in 0..LANES {
                let number = negate_if(u32::from(sign >> lane & 1), t[lane], q);
                message[lane] = add_mod(difference[lane], number, q);
            }
            write_residue(&message, bytes);
        }
    }

    /// The outputs.
    fn finish(&mut self, layer: &Layer, bytes: &[u8], y: &mut [u32]) -> Result<(), Error> {
        let q = layer.kind.modulus;
        let (choices, message) = bytes.split_at(2 * self.carry.len());
        let width = layer.kind.residue_bytes();
        let Correlations {
            multiplexer,
            reverse,
            ..
        } = &self.correlations;
        for (i, message) in message.chunks_exact(LANES * width).enumerate() {
            let at = i * LANES..(i + 1) * LANES;
            let message = read_residues("ReLU multiplexer value", message, q)?;
            let word = read_word(choices, i);
            let sign = reverse.choices[i];
            let (t, zero, pads) = (
                &self.t[at.clone()],
                &multiplexer.zero[at.clone()],
                &reverse.pads[at],
            );
            let mut out = [0u32; LANES];
            for lane in 0..LANES {
                let (bit, d) = (u32::from(sign >> lane & 1), u32::from(word >> lane & 1));
                let number = negate_if(bit, t[lane], q);
                let mine = add_mod(
                    select(bit, t[lane]),
                    correct_sent(zero[lane], d, number, q),
                    q,
                );
                let theirs = add_mod(pads[lane], select(bit, message[lane]), q);
                out[lane] = add_mod(mine, theirs, q);
            }
            let first = (i * LANES).min(y.len());
            for (y, out) in y[first..].iter_mut().zip(out) {
                *y = out;
            }
        }
        Ok(())
    }
}
