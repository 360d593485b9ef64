//! The garbler's correlations, and how they are made.
#![expect(
    clippy::indexing_slicing,
    reason = "slices are cut by the same counts that sized them"
)]

use super::super::lookup::{Lookup, random_entry};
use super::super::pads::{ChosenPads, SentPads};
use super::super::stock::{CHUNK, Chunk, Hashes, Kind, Stock};
use super::super::{HASHED_BLOCKS, TOGETHER};
use crate::Error;
use crate::block::Block;
use crate::channel::{Channel, Part, Phase, Step};
use crate::garble::{LANES, Limbs};
use crate::ot::{CotReceiver, CotSender};
use crate::simd::Simd;
use rayon::prelude::*;
use zeroize::{Zeroize, Zeroizing};

/// Random entries of one step of the chain.
pub(super) struct Entries {
    /// Bits of the index: words, a block's side by side.
    pub(super) indices: Zeroizing<Vec<u16>>,
    /// The entries there.
    pub(super) bits: Zeroizing<Vec<u16>>,
}

/// What the garbler holds for up to [`CHUNK`] values.
pub(in crate::relu::ot) struct Correlations {
    len: usize,
    pub(super) lookups: Vec<Entries>,
    pub(super) truncation: Option<ChosenPads>,
    pub(super) multiplexer: ChosenPads,
    /// Of this party's number.
    pub(super) reverse: SentPads,
}

impl Chunk for Correlations {
    fn new(kind: &Kind, len: usize) -> Self {
        let lookups = Lookup::chain(kind.width)
            .iter()
            .map(|step| Entries {
                indices: Zeroizing::new(vec![0; len / LANES * step.choices()]),
                bits: Zeroizing::new(vec![0; len / LANES]),
            })
            .collect();
        Self {
            len,
            lookups,
            truncation: kind.truncates.then(|| ChosenPads::new(len)),
            multiplexer: ChosenPads::new(len),
            reverse: SentPads::new(len),
        }
    }

    fn len(&self) -> usize {
        self.len
    }

    fn split_off(&mut self, at: usize) -> Self {
        let (blocks, all) = (at / LANES, self.len / LANES);
        let lookups = self.lookups.iter_mut().map(|l| {
            let indices = l.indices.len() / all * blocks;
            Entries {
                indices: Zeroizing::new(l.indices.split_off(indices)),
                bits: Zeroizing::new(l.bits.split_off(blocks)),
            }
        });
        let rest = Self {
            len: self.len - at,
            lookups: lookups.collect(),
            truncation: self.truncation.as_mut().map(|t| t.split_off(at)),
            multiplexer: self.multiplexer.split_off(at),
            reverse: self.reverse.split_off(at),
        };
        self.len = at;
        rest
    }

    fn wipe(&mut self) {
        for lookup in &mut self.lookups {
            lookup.indices.as_mut_slice().zeroize();
            lookup.bits.as_mut_slice().zeroize();
        }
        if let Some(truncation) = &mut self.truncation {
            truncation.wipe();
        }
        self.multiplexer.wipe();
        self.reverse.wipe();
    }
}

impl Correlations {
    /// Derives what comes of the OTs in which this party chooses. `strings`: block by block, OT by OT.
    fn fill(
        &mut self,
        kind: &Kind,
        hashes: &Hashes,
        group: u64,
        choices: &[u16],
        strings: &[Block],
    ) {
        let (chain, ots) = (Lookup::chain(kind.width), kind.forward_ots());
        let mut hashed = Zeroizing::new(vec![Limbs::ZERO; HASHED_BLOCKS * ots]);
        let strings = strings.as_chunks::<LANES>().0;
        let parts = strings
            .chunks(HASHED_BLOCKS * ots)
            .zip(choices.chunks(HASHED_BLOCKS * ots));
        for (i, (strings, choices)) in parts.enumerate() {
            let group = group + (i * HASHED_BLOCKS * ots) as u64;
            let hashed = &mut hashed[..strings.len()];
            hashes.forward.limbs(group, strings, hashed);
            let blocks = hashed.chunks_exact(ots).zip(choices.chunks_exact(ots));
            for (j, (mut hashes, mut choices)) in blocks.enumerate() {
                let block = i * HASHED_BLOCKS + j;
                let mut next = |count: usize| {
                    let (h, later_h) = hashes.split_at(count);
                    let (c, later_c) = choices.split_at(count);
                    (hashes, choices) = (later_h, later_c);
                    (h, c)
                };
                for (step, lookup) in chain.iter().zip(&mut self.lookups) {
                    let count = step.choices();
                    let (h, c) = next(count);
                    lookup.indices[block * count..][..count].copy_from_slice(c);
                    lookup.bits[block] = random_entry(h, c);
                }
                if let Some(truncation) = &mut self.truncation {
                    let (h, c) = next(1);
                    truncation.set(block, c[0], &h[0], kind.modulus);
                }
                let (h, c) = next(1);
                self.multiplexer.set(block, c[0], &h[0], kind.modulus);
            }
        }
    }

    /// Derives what comes of the OTs in which the evaluator chooses.
    fn fill_reverse(
        &mut self,
        kind: &Kind,
        hashes: &Hashes,
        group: u64,
        keys: &[Block],
        delta: Block,
    ) {
        let keys = keys.as_chunks::<LANES>().0;
        let mut hashed = Zeroizing::new(vec![Limbs::ZERO; 2 * keys.len()]);
        let (zero, one) = hashed.split_at_mut(keys.len());
        hashes.reverse.limb_pairs(group, delta, keys, [zero, one]);
        for (block, (zero, one)) in zero.iter().zip(one.iter()).enumerate() {
            self.reverse.set(block, zero, one, kind.modulus);
        }
    }
}

/// The garbler's stock.
pub(crate) struct GarblerStock {
    pub(in crate::relu::ot) stock: Stock<Correlations>,
    hashes: Hashes,
    strings: Zeroizing<Vec<Block>>,
}

impl GarblerStock {
    /// Of the session with this public seed.
    pub(crate) fn new(seed: &[u8; 32], simd: Simd) -> Self {
        Self {
            stock: Stock::default(),
            hashes: Hashes::new(seed, simd),
            strings: Zeroizing::new(Vec::new()),
        }
    }

    /// Makes correlations for `count` values: all OTs of one direction, then all of the other.
    pub(in crate::relu::ot) fn prepare(
        &mut self,
        ch: &mut Channel,
        (phase, layer): (Phase, &str),
        kind: Kind,
        count: usize,
        (receiver, sender): (&mut CotReceiver, &mut CotSender),
    ) -> Result<(), Error> {
        if count == 0 {
            return Ok(());
        }
        self.stock.begin()?;
        ch.enter(phase, layer, Part::Relu(Step::Ot));
        let mut chunks = self.stock.empty(kind, count);
        let ots = kind.forward_ots();
        let most = TOGETHER * CHUNK * ots;
        if self.strings.len() < most {
            self.strings = Zeroizing::new(vec![Block::ZERO; most]);
        }
        let mut choices = Zeroizing::new(vec![0u16; most / LANES]);
        for part in chunks.chunks_mut(TOGETHER) {
            let values: usize = part.iter().map(Chunk::len).sum();
            let strings = &mut self.strings[..values * ots];
            let choices = &mut choices[..values / LANES * ots];
            receiver.extend(ch, choices, strings)?;
            let group = self.hashes.forward_groups.take(values / LANES * ots)?;
            part.par_iter_mut()
                .zip(choices.par_chunks(CHUNK / LANES * ots))
                .zip(strings.par_chunks(CHUNK * ots))
                .enumerate()
                .for_each(|(i, ((chunk, choices), strings))| {
                    let group = group + (i * CHUNK / LANES * ots) as u64;
                    chunk.fill(&kind, &self.hashes, group, choices, strings);
                });
        }
        let delta = sender.delta().block();
        for part in chunks.chunks_mut(TOGETHER) {
            let values: usize = part.iter().map(Chunk::len).sum();
            let keys = &mut self.strings[..values];
            sender.extend(ch, keys)?;
            let group = self.hashes.reverse_groups.take(values / LANES)?;
            part.par_iter_mut()
                .zip(keys.par_chunks(CHUNK))
                .enumerate()
                .for_each(|(i, (chunk, keys))| {
                    let group = group + (i * CHUNK / LANES) as u64;
                    chunk.fill_reverse(&kind, &self.hashes, group, keys, delta);
                });
        }
        self.stock.store(kind, chunks);
        self.stock.finish();
        Ok(())
    }
}
