//! The garbler's side: it chooses in the tables.
#![expect(
    clippy::indexing_slicing,
    reason = "all slices of a chunk are sized from its length"
)]

mod correlations;

pub(crate) use correlations::GarblerStock;

use super::AHEAD;
use super::layer::{Layer, cut, cut_mut};
use super::lookup::{Lanes, entry};
use super::pads::correct_chosen;
use super::stock::Chunk;
use super::wire::{read_residues, write_residue};
use crate::Error;
use crate::channel::{Channel, Part, Phase, Step};
use crate::garble::LANES;
use crate::session::GarblerSession;
use crate::share::{add_mod, negate_if, select, slice_bits, sub_mod};
use correlations::Correlations;
use rayon::prelude::*;
use std::collections::VecDeque;
use zeroize::Zeroizing;

/// The values of one chunk under way.
struct Work {
    correlations: Correlations,
    /// The share as the comparison takes it: words, a block's side by side.
    bits: Zeroizing<Vec<u16>>,
    /// This party's share of the carry.
    carry: Zeroizing<Vec<u16>>,
    /// `T`, this party's share of the truncated value; before the first answer the share itself.
    t: Zeroizing<Vec<u32>>,
    /// The evaluator's multiplexer message.
    message: Vec<u32>,
}

struct Segment<'y> {
    works: Vec<Work>,
    /// Indices sent.
    stage: usize,
    y: &'y mut [u32],
}

impl GarblerSession {
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
            segment.take_tables(ch, layer)?;
            if segment.stage < layer.chain.len() {
                segment.ask(ch, layer)?;
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

    /// First indices, choices of the truncation.
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
        segment.ask(ch, layer)?;
        if layer.spec.truncates() {
            ch.enter(Phase::Online, layer.name, Part::Relu(Step::Truncation));
            let sizes = segment.sizes(|w| 2 * w.carry.len());
            segment.send(ch, &sizes, |work, bytes| {
                work.truncation_choices(layer, bytes)
            })?;
        }
        Ok(segment)
    }
}

impl Segment<'_> {
    fn sizes(&self, size: impl Fn(&Work) -> usize) -> Vec<usize> {
        self.works.iter().map(size).collect()
    }

    /// Sends a message of which each chunk writes its part.
    fn send(
        &mut self,
        ch: &mut Channel,
        sizes: &[usize],
        write: impl Fn(&mut Work, &mut [u8]) + Sync,
    ) -> Result<(), Error> {
        ch.send_with(sizes.iter().sum(), |bytes| {
            self.works
                .par_iter_mut()
                .zip(cut_mut(bytes, sizes))
                .for_each(|(work, bytes)| write(work, bytes));
        })
    }

    /// Receives a message of which each chunk reads its part.
    fn receive(
        &mut self,
        ch: &mut Channel,
        sizes: &[usize],
        read: impl Fn(&mut Work, &[u8]) -> Result<(), Error> + Sync,
    ) -> Result<(), Error> {
        ch.recv_with(sizes.iter().sum(), |bytes| {
            self.works
                .par_iter_mut()
                .zip(cut(bytes, sizes))
                .try_for_each(|(work, bytes)| read(work, bytes))
        })?
    }

    /// Sends the indices of the next look-up.
    fn ask(&mut self, ch: &mut Channel, layer: &Layer) -> Result<(), Error> {
        let (stage, step) = (self.stage, layer.chain[self.stage]);
        ch.enter(Phase::Online, layer.name, Part::Relu(Step::Corrections));
        let sizes = self.sizes(|w| 2 * w.carry.len() * step.choices());
        self.send(ch, &sizes, |work, bytes| work.indices(layer, stage, bytes))?;
        self.stage += 1;
        Ok(())
    }

    /// Receives the tables of the look-up asked for last; with the first also the truncation's and the multiplexer's message.
    fn take_tables(&mut self, ch: &mut Channel, layer: &Layer) -> Result<(), Error> {
        let stage = self.stage - 1;
        let step = layer.chain[stage];
        ch.enter(Phase::Online, layer.name, Part::Relu(Step::Tables));
        let sizes = self.sizes(|w| w.t.len() * step.table_bytes());
        self.receive(ch, &sizes, |work, bytes| {
            work.look_up(layer, stage, bytes);
            Ok(())
        })?;
        if stage > 0 {
            return Ok(());
        }
        let sizes = self.sizes(|w| w.t.len() * layer.kind.residue_bytes());
        if layer.spec.truncates() {
            ch.enter(Phase::Online, layer.name, Part::Relu(Step::Truncation));
            self.receive(ch, &sizes, |work, bytes| work.truncate(layer, bytes))?;
        }
        ch.enter(Phase::Online, layer.name, Part::Relu(Step::Multiplexer));
        self.receive(ch, &sizes, |work, bytes| work.take_message(layer, bytes))
    }

    /// Sends the last message and makes the outputs.
    fn close(&mut self, ch: &mut Channel, layer: &Layer) -> Result<(), Error> {
        ch.enter(Phase::Online, layer.name, Part::Relu(Step::Multiplexer));
        let sizes = self.sizes(|w| 2 * w.carry.len() + w.t.len() * layer.kind.residue_bytes());
        let outputs = cut_mut(std::mem::take(&mut self.y), &self.sizes(|w| w.t.len()));
        ch.send_with(sizes.iter().sum(), |bytes| {
            self.works
                .par_iter_mut()
                .zip(cut_mut(bytes, &sizes))
                .zip(outputs)
                .for_each(|((work, bytes), y)| work.finish(layer, bytes, y));
        })
    }
}

impl Work {
    fn new(layer: &Layer, correlations: Correlations, x: &[u32]) -> Self {
        let len = correlations.len();
        let width = layer.spec.width as usize;
        let mut t = Zeroizing::new(Vec::with_capacity(len));
        t.extend_from_slice(x);
        t.resize(len, 0);
        let mut bits = Zeroizing::new(vec![0u16; len / LANES * width]);
        for (words, x) in bits.chunks_exact_mut(width).zip(t.as_chunks::<LANES>().0) {
            slice_bits(&x.map(|x| layer.spec.garbler_bits(x)), words);
        }
        Self {
            correlations,
            bits,
            carry: Zeroizing::new(vec![0; len / LANES]),
            t,
            message: Vec::new(),
        }
    }

    /// Writes the differences of the indices from the random ones, and keeps the indices in their place.
    fn indices(&mut self, layer: &Layer, stage: usize, bytes: &mut [u8]) {
        let (step, width) = (layer.chain[stage], layer.spec.width as usize);
        let count = step.choices();
        let random = self.correlations.lookups[stage]
            .indices
            .chunks_exact_mut(count);
        let blocks = random.zip(bytes.chunks_exact_mut(2 * count));
        for (i, (random, bytes)) in blocks.enumerate() {
            let mut index = [0u16; 4];
            let bits = &self.bits[i * width + step.first as usize..][..step.bits as usize];
            index[..bits.len()].copy_from_slice(bits);
            if step.shares_carry() {
                index[bits.len()] = self.carry[i];
            }
            for ((r, index), b) in random
                .iter_mut()
                .zip(index)
                .zip(bytes.as_chunks_mut::<2>().0)
            {
                *b = (*r ^ index).to_le_bytes();
                *r = index;
            }
        }
    }

    /// Takes the entries: this party's shares of the carry.
    fn look_up(&mut self, layer: &Layer, stage: usize, bytes: &[u8]) {
        let step = layer.chain[stage];
        let count = step.choices();
        let (width, lookup) = (step.table_bytes(), &self.correlations.lookups[stage]);
        let blocks = self.carry.iter_mut().zip(bytes.chunks_exact(LANES * width));
        for (i, (carry, bytes)) in blocks.enumerate() {
            let mut tables: Lanes = [0; LANES];
            if width == 2 {
                for (t, b) in tables.iter_mut().zip(bytes.as_chunks::<2>().0) {
                    *t = u16::from_le_bytes(*b);
                }
            } else {
                for (t, b) in tables.iter_mut().zip(bytes) {
                    *t = u16::from(*b);
                }
            }
            let index = &lookup.indices[i * count..][..count];
            *carry = entry(tables, index) ^ lookup.bits[i];
        }
    }

    /// Writes the corrections of the truncation's choices.
    fn truncation_choices(&mut self, layer: &Layer, bytes: &mut [u8]) {
        let Some(pads) = &mut self.correlations.truncation else {
            return;
        };
        let blocks = pads.choices.iter_mut().zip(self.t.as_chunks::<LANES>().0);
        for ((r, x), b) in blocks.zip(bytes.as_chunks_mut::<2>().0) {
            let mut top = [0u16; 1];
            slice_bits(&x.map(|x| layer.spec.top(x)), &mut top);
            *b = (*r ^ top[0]).to_le_bytes();
        }
    }

    /// `T` from the share.
    fn truncate(&mut self, layer: &Layer, bytes: &[u8]) -> Result<(), Error> {
        let (spec, q) = (layer.spec, layer.kind.modulus);
        let Some(pads) = &self.correlations.truncation else {
            return Ok(());
        };
        let parts = bytes.chunks_exact(LANES * layer.kind.residue_bytes());
        for (i, bytes) in parts.enumerate() {
            let message = read_residues("ReLU truncation value", bytes, q)?;
            let at = i * LANES..(i + 1) * LANES;
            let (t, pads) = (&mut self.t[at.clone()], &pads.pads[at]);
            for lane in 0..LANES {
                let x = t[lane];
                let product = add_mod(pads[lane], select(spec.top(x), message[lane]), q);
                t[lane] = add_mod(spec.own_term(x), product, q);
            }
        }
        Ok(())
    }

    fn take_message(&mut self, layer: &Layer, bytes: &[u8]) -> Result<(), Error> {
        self.message.reserve_exact(self.t.len());
        for bytes in bytes.chunks_exact(LANES * layer.kind.residue_bytes()) {
            let message = read_residues("ReLU multiplexer value", bytes, layer.kind.modulus)?;
            self.message.extend_from_slice(&message);
        }
        Ok(())
    }

    /// The last message and the outputs.
    fn finish(&mut self, layer: &Layer, bytes: &mut [u8], y: &mut [u32]) {
        let (q, width) = (layer.kind.modulus, layer.spec.width as usize);
        let (choices, residues) = bytes.split_at_mut(2 * self.carry.len());
        let Correlations {
            multiplexer,
            reverse,
            ..
        } = &self.correlations;
        let parts = choices
            .as_chunks_mut::<2>()
            .0
            .iter_mut()
            .zip(residues.chunks_exact_mut(LANES * layer.kind.residue_bytes()));
        for (i, (choices, residues)) in parts.enumerate() {
            let sign = !(self.bits[(i + 1) * width - 1] ^ self.carry[i]);
            let r = multiplexer.choices[i];
            *choices = (r ^ sign).to_le_bytes();
            let at = i * LANES..(i + 1) * LANES;
            let (t, received) = (&self.t[at.clone()], &self.message[at.clone()]);
            let pads = &multiplexer.pads[at.clone()];
            let (zero, difference) = (&reverse.zero[at.clone()], &reverse.difference[at]);
            let (mut message, mut out) = ([0u32; LANES], [0u32; LANES]);
            for lane in 0..LANES {
                let (bit, r) = (u32::from(sign >> lane & 1), u32::from(r >> lane & 1));
                message[lane] = add_mod(difference[lane], negate_if(bit, t[lane], q), q);
                let product = correct_chosen(pads[lane], r, r ^ bit, received[lane], q);
                let own = sub_mod(select(bit, t[lane]), zero[lane], q);
                out[lane] = add_mod(own, product, q);
            }
            write_residue(&message, residues);
            let first = (i * LANES).min(y.len());
            for (y, out) in y[first..].iter_mut().zip(out) {
                *y = out;
            }
        }
    }
}
