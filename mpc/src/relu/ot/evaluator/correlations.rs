//! The evaluator's correlations, and how they are made.
#![expect(
    clippy::indexing_slicing,
    reason = "slices are cut by the same counts that sized them"
)]

use super::super::lookup::{Lanes, Lookup, random_mask, random_tables};
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

/// Random tables of one step of the chain.
pub(super) struct Tables {
    pub(super) tables: Zeroizing<Vec<Lanes>>,
    /// This party's random share of the carry out.
    pub(super) masks: Zeroizing<Vec<u16>>,
}

/// What the evaluator holds for up to [`CHUNK`] values.
pub(in crate::relu::ot) struct Correlations {
    len: usize,
    pub(super) lookups: Vec<Tables>,
    pub(super) truncation: Option<SentPads>,
    pub(super) multiplexer: SentPads,
    /// The garbler's number; the choice becomes this party's share of the sign.
    pub(super) reverse: ChosenPads,
}

impl Chunk for Correlations {
    fn new(kind: &Kind, len: usize) -> Self {
        let lookups = Lookup::chain(kind.width)
            .iter()
            .map(|_| Tables {
                tables: Zeroizing::new(vec![[0; LANES]; len / LANES]),
                masks: Zeroizing::new(vec![0; len / LANES]),
            })
            .collect();
        Self {
            len,
            lookups,
            truncation: kind.truncates.then(|| SentPads::new(len)),
            multiplexer: SentPads::new(len),
            reverse: ChosenPads::new(len),
        }
    }

    fn len(&self) -> usize {
        self.len
    }

    fn split_off(&mut self, at: usize) -> Self {
        let blocks = at / LANES;
        let lookups = self.lookups.iter_mut().map(|l| Tables {
            tables: Zeroizing::new(l.tables.split_off(blocks)),
            masks: Zeroizing::new(l.masks.split_off(blocks)),
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
            for row in lookup.tables.iter_mut() {
                row.zeroize();
            }
            lookup.masks.as_mut_slice().zeroize();
        }
        if let Some(truncation) = &mut self.truncation {
            truncation.wipe();
        }
        self.multiplexer.wipe();
        self.reverse.wipe();
    }
}

impl Correlations {
    /// Derives what comes of the OTs in which the garbler chooses. `keys`: block by block, OT by OT.
    fn fill(&mut self, kind: &Kind, hashes: &Hashes, group: u64, keys: &[Block], delta: Block) {
        let (chain, ots) = (Lookup::chain(kind.width), kind.forward_ots());
        let mut hashed = Zeroizing::new(vec![Limbs::ZERO; 2 * HASHED_BLOCKS * ots]);
        let keys = keys.as_chunks::<LANES>().0;
        for (i, keys) in keys.chunks(HASHED_BLOCKS * ots).enumerate() {
            let (zero, one) = hashed.split_at_mut(HASHED_BLOCKS * ots);
            let (zero, one) = (&mut zero[..keys.len()], &mut one[..keys.len()]);
            let group = group + (i * HASHED_BLOCKS * ots) as u64;
            hashes.forward.limb_pairs(group, delta, keys, [zero, one]);
            let blocks = zero.chunks_exact(ots).zip(one.chunks_exact(ots));
            for (j, (mut zero, mut one)) in blocks.enumerate() {
                let block = i * HASHED_BLOCKS + j;
                let mut next = |count: usize| {
                    let (z, later_z) = zero.split_at(count);
                    let (o, later_o) = one.split_at(count);
                    (zero, one) = (later_z, later_o);
                    (z, o)
                };
                for (step, lookup) in chain.iter().zip(&mut self.lookups) {
                    let (z, o) = next(step.choices());
                    lookup.tables[block] = random_tables(z, o);
                    lookup.masks[block] = random_mask(&z[0], &o[0]);
                }
                if let Some(truncation) = &mut self.truncation {
                    let (z, o) = next(1);
                    truncation.set(block, &z[0], &o[0], kind.modulus);
                }
                let (z, o) = next(1);
                self.multiplexer.set(block, &z[0], &o[0], kind.modulus);
            }
        }
    }

    /// Derives what comes of the OTs in which this party chooses.
    fn fill_reverse(
        &mut self,
        kind: &Kind,
        hashes: &Hashes,
        group: u64,
        choices: &[u16],
        strings: &[Block],
    ) {
        let strings = strings.as_chunks::<LANES>().0;
        let mut hashed = Zeroizing::new(vec![Limbs::ZERO; strings.len()]);
        hashes.reverse.limbs(group, strings, &mut hashed);
        for (block, (word, hashes)) in choices.iter().zip(hashed.iter()).enumerate() {
            self.reverse.set(block, *word, hashes, kind.modulus);
        }
    }
}

/// The evaluator's stock.
pub(crate) struct EvaluatorStock {
    pub(in crate::relu::ot) stock: Stock<Correlations>,
    hashes: Hashes,
    strings: Zeroizing<Vec<Block>>,
}

impl EvaluatorStock {
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
        (sender, receiver): (&mut CotSender, &mut CotReceiver),
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
        let delta = sender.delta().block();
        for part in chunks.chunks_mut(TOGETHER) {
            let values: usize = part.iter().map(Chunk::len).sum();
            let keys = &mut self.strings[..values * ots];
            sender.extend(ch, keys)?;
            let group = self.hashes.forward_groups.take(values / LANES * ots)?;
            part.par_iter_mut()
                .zip(keys.par_chunks(CHUNK * ots))
                .enumerate()
                .for_each(|(i, (chunk, keys))| {
                    let group = group + (i * CHUNK / LANES * ots) as u64;
                    chunk.fill(&kind, &self.hashes, group, keys, delta);
                });
        }
        let mut choices = Zeroizing::new(vec![0u16; TOGETHER * CHUNK / LANES]);
        for part in chunks.chunks_mut(TOGETHER) {
            let values: usize = part.iter().map(Chunk::len).sum();
            let strings = &mut self.strings[..values];
            let choices = &mut choices[..values / LANES];
            receiver.extend(ch, choices, strings)?;
            let group = self.hashes.reverse_groups.take(values / LANES)?;
            part.par_iter_mut()
                .zip(choices.par_chunks(CHUNK / LANES))
                .zip(strings.par_chunks(CHUNK))
                .enumerate()
                .for_each(|(i, ((chunk, choices), strings))| {
                    let group = group + (i * CHUNK / LANES) as u64;
                    chunk.fill_reverse(&kind, &self.hashes, group, choices, strings);
                });
        }
        self.stock.store(kind, chunks);
        self.stock.finish();
        Ok(())
    }
}
