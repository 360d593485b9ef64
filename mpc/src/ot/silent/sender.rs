//! The sender: holds Δ, knows all leaves.

use zeroize::Zeroizing;

use super::{
    BASE_K, CLEAR_LSB, LpnParameters, kernel,
    stream::{Lpn, Party, Stream},
};
use crate::{
    Error,
    block::{BLOCK_BYTES, Block, Delta, blocks_to_bytes},
    channel::Channel,
    ot::soft_spoken::{self, zeroed},
    rng::SecureRng,
    simd::Simd,
};

/// The party that holds Δ and gets the keys K, whose lowest bit is 0. One a session and direction.
pub struct Sender(Stream<Grower>);

/// Holds Δ.
struct Grower(Delta);

impl Sender {
    /// Draws Δ and sets up with a peer that calls [`super::Receiver::setup`] with the same parameters. The first base COTs
    /// come from SoftSpoken extension.
    ///
    /// # Errors
    /// Unusable `parameters`; those of [`soft_spoken::Sender::setup`].
    pub fn setup(
        channel: &mut Channel,
        parameters: &'static LpnParameters,
        rng: &mut SecureRng,
        simd: Simd,
    ) -> Result<Self, Error> {
        parameters.check()?;
        let mut base = soft_spoken::Sender::setup(channel, BASE_K, rng, simd)?;
        let mut seed = zeroed(parameters.reserved());
        base.extend(channel, &mut seed)?;
        for key in seed.iter_mut() {
            *key = *key & CLEAR_LSB;
        }
        let lpn = Lpn::new(parameters, base.transcript(), simd);
        let party = Grower(base.delta().clone());
        tracing::debug!(?parameters, %simd, "silent COT sender set up");
        Ok(Self(Stream::new(party, lpn, seed)))
    }

    /// The correlation. Its lowest bit is 1.
    #[must_use]
    pub const fn delta(&self) -> &Delta {
        &self.0.party.0
    }

    /// COTs handed out so far: the index of the next one, equal on both sides.
    #[must_use]
    pub const fn position(&self) -> u64 {
        self.0.position()
    }

    /// Makes `keys.len()` COTs, a multiple of 16; sends [`LpnParameters::message_bytes`] whenever none are left.
    ///
    /// # Errors
    /// [`Error::Length`] before anything is done; those of the channel, after which this object refuses to go on;
    /// [`Error::Exhausted`] after 2^40 trees.
    pub fn extend(&mut self, channel: &mut Channel, keys: &mut [Block]) -> Result<(), Error> {
        self.0.fill(channel, keys)
    }

    /// Sends now what the next `count` COTs need.
    ///
    /// # Errors
    /// As [`Sender::extend`].
    pub fn reserve(&mut self, channel: &mut Channel, count: u64) -> Result<(), Error> {
        self.0.reserve(channel, count)
    }
}

impl Party for Grower {
    /// The left node of level 1 of each tree.
    type Trees = Zeroizing<Vec<Block>>;

    const NAME: &'static str = "the silent COT sender";

    fn plant(
        &mut self,
        channel: &mut Channel,
        lpn: &Lpn,
        first: u64,
        cots: &[Block],
    ) -> Result<Self::Trees, Error> {
        let levels = lpn.parameters.log_bin as usize;
        let mut roots = Zeroizing::new(Vec::with_capacity(lpn.parameters.bins));
        let mut leaves = zeroed(lpn.parameters.bin());
        let mut sums = zeroed(levels - 1);
        channel.send_u64(first)?;
        for (tree, keys) in (first..).zip(cots.chunks_exact(levels)) {
            let Some((&root, keys)) = keys.split_first() else {
                continue;
            };
            kernel::grow(
                lpn.simd,
                lpn.key(tree),
                root,
                self.0.block(),
                &mut leaves,
                &mut sums,
            );
            for (sum, key) in sums.iter_mut().zip(keys) {
                *sum ^= *key;
            }
            channel.send_with(sums.len() * BLOCK_BYTES, |bytes| {
                blocks_to_bytes(&sums, bytes);
            })?;
            roots.push(root);
        }
        channel.flush()?;
        Ok(roots)
    }

    fn leaves(
        &self,
        lpn: &Lpn,
        trees: &Self::Trees,
        tree: u64,
        index: usize,
        leaves: &mut [Block],
    ) {
        let root = trees.get(index).copied().unwrap_or(Block::ZERO);
        // No tree is deeper than 16 levels.
        let mut sums = Zeroizing::new([Block::ZERO; 16]);
        let (sums, _) = sums.split_at_mut(lpn.parameters.log_bin as usize - 1);
        kernel::grow(lpn.simd, lpn.key(tree), root, self.0.block(), leaves, sums);
    }
}
