//! Correlations in stock: made ahead in chunks, each used once.

use super::lookup::Lookup;
use crate::Error;
use crate::garble::{LANES, LabelHash};
use crate::relu::ReluSpec;
use crate::session::Groups;
use crate::simd::Simd;
use std::collections::VecDeque;

/// Values of a chunk at most: what one thread works on at a time, in the cache.
pub(super) const CHUNK: usize = ReluSpec::CHUNK as usize;

/// Values in stock at most, of all kinds: some hundred megabytes.
const MOST_VALUES: usize = 1 << 24;

/// What correlations are good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kind {
    pub(super) width: u32,
    pub(super) modulus: u32,
    pub(super) truncates: bool,
}

impl Kind {
    pub(super) fn of(spec: &ReluSpec) -> Self {
        Self {
            width: spec.width,
            modulus: spec.modulus(),
            truncates: spec.truncates(),
        }
    }

    /// OTs of a value in which the garbler chooses: those of the look-ups, then the truncation's if there is one, then the
    /// multiplexer's.
    pub(super) fn forward_ots(&self) -> usize {
        let lookups: usize = Lookup::chain(self.width).iter().map(|l| l.choices()).sum();
        lookups + usize::from(self.truncates) + 1
    }

    /// Bytes of a residue on the wire.
    pub(super) const fn residue_bytes(&self) -> usize {
        if self.modulus.wrapping_sub(1) < 1 << 16 {
            2
        } else {
            4
        }
    }
}

/// The sizes of the chunks for `count` values.
pub(super) fn chunk_sizes(count: usize) -> impl Iterator<Item = usize> {
    let count = count.next_multiple_of(LANES);
    (0..count)
        .step_by(CHUNK)
        .map(move |start| CHUNK.min(count - start))
}

/// The hashes of one session, and which of their groups are used up.
pub(super) struct Hashes {
    /// The garbler chooses.
    pub(super) forward: LabelHash,
    pub(super) forward_groups: Groups,
    /// The evaluator chooses.
    pub(super) reverse: LabelHash,
    pub(super) reverse_groups: Groups,
}

impl Hashes {
    pub(super) fn new(seed: &[u8; 32], simd: Simd) -> Self {
        Self {
            forward: LabelHash::new(seed, "OT ReLU, evaluator to garbler", simd),
            forward_groups: Groups::default(),
            reverse: LabelHash::new(seed, "OT ReLU, garbler to evaluator", simd),
            reverse_groups: Groups::default(),
        }
    }
}

/// One party's correlations of up to [`CHUNK`] values, a multiple of sixteen.
pub(super) trait Chunk {
    fn new(kind: &Kind, len: usize) -> Self;
    fn len(&self) -> usize;
    /// Divides the chunk; the values from `at` on, a multiple of sixteen, are returned.
    fn split_off(&mut self, at: usize) -> Self;
    /// Overwrites what has been used, in place.
    fn wipe(&mut self);
}

/// The chunks of one kind.
struct Shelf<C> {
    kind: Kind,
    ready: VecDeque<C>,
    /// Used chunks of full size, to be filled again: allocating and wiping costs as much as a look-up.
    used: Vec<C>,
}

/// All chunks of one party. Both parties' stocks hold the same numbers at all times.
pub(super) struct Stock<C> {
    shelves: Vec<Shelf<C>>,
    torn: bool,
}

impl<C> Default for Stock<C> {
    fn default() -> Self {
        Self {
            shelves: Vec::new(),
            torn: false,
        }
    }
}

impl<C: Chunk> Stock<C> {
    /// Begins a step that changes the stock; without [`Stock::finish`] the parties may differ, and nothing works any more.
    pub(super) fn begin(&mut self) -> Result<(), Error> {
        if self.torn {
            return Err(Error::Poisoned {
                what: "the stock of correlations",
            });
        }
        self.torn = true;
        Ok(())
    }

    pub(super) const fn finish(&mut self) {
        self.torn = false;
    }

    fn shelf(&mut self, kind: Kind) -> Option<&mut Shelf<C>> {
        self.shelves.iter_mut().find(|s| s.kind == kind)
    }

    /// Of `count` values wanted, how many more the stock may take: it is bounded, and what is missing is made in time.
    pub(super) fn room(&self, count: usize) -> usize {
        let chunks = self.shelves.iter().flat_map(|s| &s.ready);
        let held: usize = chunks.map(Chunk::len).sum();
        count.min(MOST_VALUES.saturating_sub(held))
    }

    /// Values ready.
    pub(super) fn ready(&self, kind: Kind) -> usize {
        let shelf = self.shelves.iter().find(|s| s.kind == kind);
        shelf.map_or(0, |s| s.ready.iter().map(Chunk::len).sum())
    }

    /// Empty chunks (of unspecified contents) for `count` values.
    pub(super) fn empty(&mut self, kind: Kind, count: usize) -> Vec<C> {
        let mut used = match self.shelf(kind) {
            Some(shelf) => std::mem::take(&mut shelf.used),
            None => Vec::new(),
        };
        chunk_sizes(count)
            .map(|len| match used.pop() {
                Some(chunk) if chunk.len() == len => chunk,
                _ => C::new(&kind, len),
            })
            .collect()
    }

    /// Puts filled chunks behind those that are ready.
    pub(super) fn store(&mut self, kind: Kind, chunks: Vec<C>) {
        if let Some(shelf) = self.shelf(kind) {
            shelf.ready.extend(chunks);
        } else {
            self.shelves.push(Shelf {
                kind,
                ready: chunks.into(),
                used: Vec::new(),
            });
        }
    }

    /// Chunks for exactly `count` values, a multiple of sixteen, which the caller has made sure of.
    pub(super) fn take(&mut self, kind: Kind, count: usize) -> Result<Vec<C>, Error> {
        let missing = Error::Exhausted {
            what: "the stock of correlations",
            used: count as u64,
        };
        let Some(shelf) = self.shelf(kind) else {
            return if count == 0 {
                Ok(Vec::new())
            } else {
                Err(missing)
            };
        };
        let mut taken = Vec::new();
        let mut left = count;
        while left > 0 {
            let Some(mut chunk) = shelf.ready.pop_front() else {
                return Err(missing);
            };
            if chunk.len() > left {
                let rest = chunk.split_off(left);
                shelf.ready.push_front(rest);
            }
            left -= chunk.len();
            taken.push(chunk);
        }
        Ok(taken)
    }

    /// Takes used chunks back.
    pub(super) fn recycle(&mut self, kind: Kind, chunks: impl Iterator<Item = C>) {
        if let Some(shelf) = self.shelf(kind) {
            let whole = chunks.filter(|c| c.len() == CHUNK);
            shelf.used.extend(whole.map(|mut chunk| {
                chunk.wipe();
                chunk
            }));
        }
    }
}
