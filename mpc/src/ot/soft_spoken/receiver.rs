//! The receiver: knows every leaf, gets random choices.

use zeroize::Zeroizing;

use super::{CHUNK, GRAIN, LABEL, Progress, STRIDE, WIDTH, check_request, kernel, trees, zeroed};
use crate::{
    Error,
    aes::{RoundKeys, expand_keys},
    block::{BLOCK_BYTES, Block, blocks_to_bytes},
    channel::Channel,
    ot::{
        CotProtocol, base,
        ggm::{self, TreeId},
    },
    rng::SecureRng,
    simd::Simd,
};

/// Words of choices in a chunk.
const WORDS: usize = CHUNK / GRAIN;

/// The party that gets random bits r and M = K + r Δ. One a session and direction.
pub struct Receiver {
    chunks: Chunks,
    pool: Pool,
    position: u64,
    transcript: [u8; 32],
}

/// Makes chunks.
struct Chunks {
    k: usize,
    simd: Simd,
    /// Tree after tree, 2^k schedules each; they wipe themselves.
    leaves: Vec<RoundKeys>,
    progress: Progress,
    /// The 128 rows of v.
    rows: Zeroizing<Vec<Block>>,
    /// u, then the u_i of the tree at hand.
    sums: Zeroizing<Vec<Block>>,
}

/// The last chunk made for the pool, of which the last `left` COTs are not handed out yet.
struct Pool {
    choices: Zeroizing<Vec<u16>>,
    macs: Zeroizing<Vec<Block>>,
    left: usize,
}

impl Receiver {
    /// Sets up with a peer that calls [`super::Sender::setup`] with the same `k` (1, 2, 4 or 8).
    ///
    /// # Errors
    /// A bad `k` or an unsupported `simd`; those of the channel; a malformed point of the peer.
    pub fn setup(
        channel: &mut Channel,
        k: usize,
        rng: &mut SecureRng,
        simd: Simd,
    ) -> Result<Self, Error> {
        let trees = trees(k)?;
        let simd = simd.checked()?;
        CotProtocol::SoftSpoken { k }.announce(channel)?;
        let base::Outcome { keys, transcript } = base::send(channel, LABEL, 128, rng)?;
        let mut seeds = Zeroizing::new(Vec::with_capacity(trees << k));
        for (tree, pairs) in keys.chunks_exact(k).enumerate() {
            let Some((&level_one, lower)) = pairs.split_first() else {
                continue;
            };
            let id = TreeId {
                session: transcript,
                tree: tree as u32,
            };
            let grown = ggm::grow(&id, k, level_one);
            for (pad, sum) in lower.iter().zip(grown.sums.iter()) {
                let ([p0, p1], [s0, s1]) = (*pad, *sum);
                channel.send_blocks(&[p0 ^ s0, p1 ^ s1])?;
            }
            seeds.extend_from_slice(&grown.leaves);
        }
        channel.flush()?;
        let leaves = expand_keys(simd, &seeds);
        tracing::debug!(k, trees, %simd, "COT receiver set up");
        let progress = Progress::new("the COT receiver");
        let chunks = Chunks {
            k,
            simd,
            leaves,
            progress,
            rows: zeroed(128 * STRIDE),
            sums: zeroed(2 * WIDTH),
        };
        let pool = Pool {
            choices: Zeroizing::new(vec![0; WORDS]),
            macs: zeroed(CHUNK),
            left: 0,
        };
        Ok(Self {
            chunks,
            pool,
            position: 0,
            transcript,
        })
    }

    /// The digest of the base OTs, as [`super::Sender::transcript`].
    pub(in crate::ot) const fn transcript(&self) -> &[u8; 32] {
        &self.transcript
    }

    /// COTs handed out so far: the index of the next one, equal on both sides.
    #[must_use]
    pub const fn position(&self) -> u64 {
        self.position
    }

    /// Makes `macs.len()` COTs, a multiple of 16. Bit i of `choices[w]` is the choice of COT 16 w + i of this request.
    ///
    /// Sends (128 / k - 1) · 512 bytes for every [`CHUNK`] begun, and flushes; what is left of a chunk serves the next
    /// request. The peer asks for the same numbers of COTs in the same order.
    ///
    /// # Errors
    /// [`Error::Length`] before anything is done; those of the channel, after which this object refuses to go on;
    /// [`Error::Exhausted`] after 2^47 COTs.
    pub fn extend(
        &mut self,
        channel: &mut Channel,
        choices: &mut [u16],
        macs: &mut [Block],
    ) -> Result<(), Error> {
        check_request("MACs of a COT request", macs.len())?;
        let total = macs.len();
        if choices.len() != total / GRAIN {
            let expected = format!("{} for {total} MACs", total / GRAIN);
            return Err(Error::Length {
                what: "choice words of a COT request",
                length: choices.len(),
                expected,
            });
        }
        self.chunks.progress.check()?;
        let (choices, macs) = self.pool.take(choices, macs);
        let (mut choices, mut macs) = (
            choices.chunks_exact_mut(WORDS),
            macs.chunks_exact_mut(CHUNK),
        );
        for (choices, macs) in choices.by_ref().zip(macs.by_ref()) {
            self.chunks.make(channel, choices, macs)?;
        }
        let (choices, macs) = (choices.into_remainder(), macs.into_remainder());
        if !macs.is_empty() {
            self.chunks
                .make(channel, &mut self.pool.choices, &mut self.pool.macs)?;
            self.pool.left = CHUNK;
            self.pool.take(choices, macs);
        }
        channel.flush()?;
        self.position += total as u64;
        Ok(())
    }
}

impl Pool {
    /// Moves as many COTs as there are to the front of the request, and gives back the rest of the request.
    fn take<'a>(
        &mut self,
        choices: &'a mut [u16],
        macs: &'a mut [Block],
    ) -> (&'a mut [u16], &'a mut [Block]) {
        let taken = self.left.min(macs.len());
        let (c, later_c) = choices.split_at_mut(taken / GRAIN);
        let (m, later_m) = macs.split_at_mut(taken);
        let from = CHUNK - self.left;
        for (to, word) in c.iter_mut().zip(self.choices.iter().skip(from / GRAIN)) {
            *to = *word;
        }
        for (to, mac) in m.iter_mut().zip(self.macs.iter().skip(from)) {
            *to = *mac;
        }
        self.left -= taken;
        (later_c, later_m)
    }
}

impl Chunks {
    /// One chunk: `choices` and `macs` have its size.
    fn make(
        &mut self,
        channel: &mut Channel,
        choices: &mut [u16],
        macs: &mut [Block],
    ) -> Result<(), Error> {
        let start = self.progress.begin()?;
        let (u, u_i) = self.sums.split_at_mut(WIDTH);
        let trees = self
            .leaves
            .chunks_exact(1 << self.k)
            .zip(self.rows.chunks_exact_mut(self.k * STRIDE));
        for (i, (keys, rows)) in trees.enumerate() {
            let leaves = kernel::Leaves {
                keys,
                punctured: false,
                start,
            };
            if i == 0 {
                kernel::fold(self.simd, leaves, rows, STRIDE, u);
                continue;
            }
            kernel::fold(self.simd, leaves, rows, STRIDE, u_i);
            for (c, u) in u_i.iter_mut().zip(u.iter()) {
                *c ^= *u;
            }
            channel.send_with(WIDTH * BLOCK_BYTES, |bytes| blocks_to_bytes(u_i, bytes))?;
        }
        for (words, block) in choices.as_chunks_mut::<8>().0.iter_mut().zip(u.iter()) {
            for (word, bytes) in words.iter_mut().zip(block.to_bytes().as_chunks::<2>().0) {
                *word = u16::from_le_bytes(*bytes);
            }
        }
        kernel::transpose(self.simd, &self.rows, STRIDE, macs);
        self.progress.finish();
        Ok(())
    }
}
