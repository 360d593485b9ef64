//! The sender: holds Δ, knows every leaf but one a tree.

use zeroize::Zeroizing;

use super::{CHUNK, LABEL, Progress, STRIDE, WIDTH, check_request, kernel, trees, zeroed};
use crate::{
    Error,
    aes::{RoundKeys, expand_keys},
    block::{BLOCK_BYTES, Block, Delta, blocks_from_bytes},
    channel::Channel,
    ot::{
        CotProtocol, base,
        ggm::{self, TreeId},
    },
    rng::SecureRng,
    simd::Simd,
};

/// The party that holds Δ and gets the keys K. One a session and direction.
pub struct Sender {
    chunks: Chunks,
    pool: Pool,
    position: u64,
    transcript: [u8; 32],
}

/// Makes chunks.
struct Chunks {
    k: usize,
    simd: Simd,
    delta: Delta,
    /// Tree after tree, 2^k schedules each in relative order (the first is unused); they wipe themselves.
    leaves: Vec<RoundKeys>,
    progress: Progress,
    /// The 128 rows of w.
    rows: Zeroizing<Vec<Block>>,
    /// A correction c_i. Also takes the sums that this side does not need.
    correction: Zeroizing<Vec<Block>>,
}

/// The last chunk made for the pool, of which the last `left` COTs are not handed out yet.
struct Pool {
    keys: Zeroizing<Vec<Block>>,
    left: usize,
}

impl Sender {
    /// Draws Δ and sets up with a peer that calls [`super::Receiver::setup`] with the same `k` (1, 2, 4 or 8).
    ///
    /// `k` is the width of a piece of Δ: a larger one sends less and computes more.
    ///
    /// # Errors
    /// A bad `k`, or another one at the peer; an unsupported `simd`; those of the channel; a malformed point of the peer.
    pub fn setup(
        channel: &mut Channel,
        k: usize,
        rng: &mut SecureRng,
        simd: Simd,
    ) -> Result<Self, Error> {
        let trees = trees(k)?;
        let simd = simd.checked()?;
        CotProtocol::SoftSpoken { k }.expect_from_peer(channel)?;
        let delta = Delta::random(rng);
        let path: Zeroizing<Vec<u8>> =
            Zeroizing::new((0..128).map(|t| path_bit(&delta, k, t)).collect());
        // In each transfer the key wanted is the one beside the path.
        let choices: Zeroizing<Vec<u8>> = Zeroizing::new(path.iter().map(|&bit| bit ^ 1).collect());
        let base::Outcome { keys, transcript } = base::receive(channel, LABEL, &choices, rng)?;
        let mut seeds = Zeroizing::new(Vec::with_capacity(trees << k));
        for (tree, (pads, path)) in keys.chunks_exact(k).zip(path.chunks_exact(k)).enumerate() {
            let mut known = Zeroizing::new(pads.to_vec());
            for (pad, &bit) in known.iter_mut().zip(path).skip(1) {
                let mut sums = [Block::ZERO; 2];
                channel.recv_blocks(&mut sums)?;
                let [left, right] = sums;
                *pad ^= ggm::select(right, left, bit);
            }
            let id = TreeId {
                session: transcript,
                tree: tree as u32,
            };
            seeds.extend_from_slice(&ggm::rebuild(&id, path, &known));
        }
        let leaves = expand_keys(simd, &seeds);
        tracing::debug!(k, trees, %simd, "COT sender set up");
        let progress = Progress::new("the COT sender");
        let (rows, correction) = (zeroed(128 * STRIDE), zeroed(WIDTH));
        let chunks = Chunks {
            k,
            simd,
            delta,
            leaves,
            progress,
            rows,
            correction,
        };
        Ok(Self {
            chunks,
            pool: Pool {
                keys: zeroed(CHUNK),
                left: 0,
            },
            position: 0,
            transcript,
        })
    }

    /// The correlation. Its lowest bit is 1.
    #[must_use]
    pub const fn delta(&self) -> &Delta {
        &self.chunks.delta
    }

    /// The digest of the base OTs: public, equal on both sides, fresh in every session.
    pub(in crate::ot) const fn transcript(&self) -> &[u8; 32] {
        &self.transcript
    }

    /// COTs handed out so far: the index of the next one, equal on both sides.
    #[must_use]
    pub const fn position(&self) -> u64 {
        self.position
    }

    /// Makes `keys.len()` COTs, a multiple of 16. The peer asks for the same numbers of COTs in the same order.
    ///
    /// # Errors
    /// As [`super::Receiver::extend`].
    pub fn extend(&mut self, channel: &mut Channel, keys: &mut [Block]) -> Result<(), Error> {
        check_request("keys of a COT request", keys.len())?;
        self.chunks.progress.check()?;
        let total = keys.len();
        let mut chunks = self.pool.take(keys).chunks_exact_mut(CHUNK);
        for chunk in chunks.by_ref() {
            self.chunks.make(channel, chunk)?;
        }
        let rest = chunks.into_remainder();
        if !rest.is_empty() {
            self.chunks.make(channel, &mut self.pool.keys)?;
            self.pool.left = CHUNK;
            self.pool.take(rest);
        }
        self.position += total as u64;
        Ok(())
    }
}

impl Pool {
    /// Moves as many COTs as there are to the front of the request, and gives back the rest of the request.
    fn take<'a>(&mut self, keys: &'a mut [Block]) -> &'a mut [Block] {
        let taken = self.left.min(keys.len());
        let (keys, later) = keys.split_at_mut(taken);
        for (to, key) in keys
            .iter_mut()
            .zip(self.keys.iter().skip(CHUNK - self.left))
        {
            *to = *key;
        }
        self.left -= taken;
        later
    }
}

impl Chunks {
    /// One chunk: `keys` has its size.
    fn make(&mut self, channel: &mut Channel, keys: &mut [Block]) -> Result<(), Error> {
        let start = self.progress.begin()?;
        let trees = self
            .leaves
            .chunks_exact(1 << self.k)
            .zip(self.rows.chunks_exact_mut(self.k * STRIDE));
        for (keys, rows) in trees {
            let leaves = kernel::Leaves {
                keys,
                punctured: true,
                start,
            };
            kernel::fold(self.simd, leaves, rows, STRIDE, &mut self.correction);
        }
        // Everything that needs no message is done; tree 0 needs none at all.
        let pieces = self
            .rows
            .chunks_exact_mut(self.k * STRIDE)
            .enumerate()
            .skip(1);
        for (i, rows) in pieces {
            let correction = &mut self.correction;
            channel.recv_with(WIDTH * BLOCK_BYTES, |bytes| {
                blocks_from_bytes(bytes, correction)
            })?;
            for (j, row) in rows.chunks_exact_mut(STRIDE).enumerate() {
                let mask = Block::mask(bit(&self.delta, i * self.k + j));
                kernel::add_masked(self.simd, row, &self.correction, mask);
            }
        }
        kernel::transpose(self.simd, &self.rows, STRIDE, keys);
        self.progress.finish();
        Ok(())
    }
}

/// Bit `index` of Δ, in the lowest bit.
const fn bit(delta: &Delta, index: usize) -> u64 {
    let Block([low, high]) = delta.block();
    (if index < 64 {
        low >> index
    } else {
        high >> (index - 64)
    }) & 1
}

/// The turn of transfer `index`: transfers go tree by tree, each from the highest bit of its piece (level 1) to the lowest.
const fn path_bit(delta: &Delta, k: usize, index: usize) -> u8 {
    let (tree, level) = (index / k, index % k);
    bit(delta, tree * k + (k - 1 - level)) as u8
}
