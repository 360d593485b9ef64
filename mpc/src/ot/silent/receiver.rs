//! The receiver: knows all leaves but one a tree, which it has with Δ added.

use zeroize::Zeroizing;

use super::{
    BASE_K, CLEAR_LSB, LpnParameters, kernel,
    stream::{Lpn, Party, Stream},
};
use crate::{
    Error,
    block::{BLOCK_BYTES, Block, blocks_from_bytes},
    channel::Channel,
    ot::soft_spoken::{self, GRAIN, zeroed},
    rng::SecureRng,
    simd::Simd,
};

/// The party that gets random bits r and M = K + r Δ, with r in the lowest bit of M. One a session and direction.
pub struct Receiver(Stream<Puncturer>);

/// Holds nothing between iterations.
struct Puncturer;

/// An iteration's trees as the receiver knows them.
struct Punctured {
    /// Tree by tree, level by level: the sum of the nodes beside the path.
    beside: Zeroizing<Vec<Block>>,
    /// Place of the missing leaf of each tree.
    holes: Zeroizing<Vec<u32>>,
}

impl Receiver {
    /// Sets up with a peer that calls [`super::Sender::setup`] with the same parameters.
    ///
    /// # Errors
    /// Unusable `parameters`; those of [`soft_spoken::Receiver::setup`].
    pub fn setup(
        channel: &mut Channel,
        parameters: &'static LpnParameters,
        rng: &mut SecureRng,
        simd: Simd,
    ) -> Result<Self, Error> {
        parameters.check()?;
        let mut base = soft_spoken::Receiver::setup(channel, BASE_K, rng, simd)?;
        let mut seed = zeroed(parameters.reserved());
        let mut choices = Zeroizing::new(vec![0_u16; seed.len() / GRAIN]);
        base.extend(channel, &mut choices, &mut seed)?;
        for (macs, word) in seed.chunks_exact_mut(GRAIN).zip(choices.iter()) {
            for (i, mac) in macs.iter_mut().enumerate() {
                *mac = (*mac & CLEAR_LSB) ^ Block([u64::from(word >> i & 1), 0]);
            }
        }
        let lpn = Lpn::new(parameters, base.transcript(), simd);
        tracing::debug!(?parameters, %simd, "silent COT receiver set up");
        Ok(Self(Stream::new(Puncturer, lpn, seed)))
    }

    /// COTs handed out so far: the index of the next one, equal on both sides.
    #[must_use]
    pub const fn position(&self) -> u64 {
        self.0.position()
    }

    /// Makes `macs.len()` COTs, a multiple of 16. Bit i of `choices[w]` is the choice of COT 16 w + i of this request.
    ///
    /// # Errors
    /// As [`super::Sender::extend`]; [`Error::Malformed`] if the peer's message belongs to another iteration.
    pub fn extend(
        &mut self,
        channel: &mut Channel,
        choices: &mut [u16],
        macs: &mut [Block],
    ) -> Result<(), Error> {
        if choices.len() * GRAIN != macs.len() {
            return Err(Error::Length {
                what: "choices of a COT request",
                length: choices.len(),
                expected: format!("{} for {} MACs", macs.len() / GRAIN, macs.len()),
            });
        }
        self.0.fill(channel, macs)?;
        for (word, macs) in choices.iter_mut().zip(macs.chunks_exact(GRAIN)) {
            *word = 0;
            for (i, mac) in macs.iter().enumerate() {
                *word |= (mac.lsb() as u16) << i;
            }
        }
        Ok(())
    }

    /// Receives now what the next `count` COTs need.
    ///
    /// # Errors
    /// As [`Receiver::extend`].
    pub fn reserve(&mut self, channel: &mut Channel, count: u64) -> Result<(), Error> {
        self.0.reserve(channel, count)
    }
}

impl Party for Puncturer {
    type Trees = Punctured;

    const NAME: &'static str = "the silent COT receiver";

    fn plant(
        &mut self,
        channel: &mut Channel,
        lpn: &Lpn,
        first: u64,
        cots: &[Block],
    ) -> Result<Punctured, Error> {
        let levels = lpn.parameters.log_bin as usize;
        let theirs = channel.recv_u64()?;
        if theirs != first {
            return Err(Error::Malformed {
                what: "number of a silent extension's first tree".into(),
                detail: format!("{theirs}, expected {first}"),
            });
        }
        let mut beside = Zeroizing::new(cots.to_vec());
        let mut holes = Zeroizing::new(Vec::with_capacity(lpn.parameters.bins));
        let mut corrections = [Block::ZERO; 16];
        let (corrections, _) = corrections.split_at_mut(levels - 1);
        for macs in beside.chunks_exact_mut(levels) {
            let mut hole = 0;
            for (level, mac) in macs.iter().enumerate() {
                // The COT's choice is the side that is learnt: the path takes the other.
                hole |= ((mac.lsb() ^ 1) as u32) << level;
            }
            holes.push(hole);
            channel.recv_with(corrections.len() * BLOCK_BYTES, |bytes| {
                blocks_from_bytes(bytes, corrections);
            })?;
            for (mac, correction) in macs.iter_mut().skip(1).zip(corrections.iter()) {
                *mac ^= *correction;
            }
        }
        Ok(Punctured { beside, holes })
    }

    fn leaves(&self, lpn: &Lpn, trees: &Punctured, tree: u64, index: usize, leaves: &mut [Block]) {
        let levels = lpn.parameters.log_bin as usize;
        let hole = trees.holes.get(index).copied().unwrap_or(0);
        let beside = trees.beside.chunks_exact(levels).nth(index).unwrap_or(&[]);
        kernel::rebuild(lpn.simd, lpn.key(tree), hole, beside, leaves);
    }
}
