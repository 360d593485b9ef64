//! What both parties do alike: iterations queue up, trees are expanded and encoded one at a time as COTs are asked for.

use std::collections::VecDeque;

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::{LpnParameters, kernel};
use crate::{
    Error,
    aes::{RoundKeys, expand_keys},
    block::Block,
    channel::Channel,
    ot::soft_spoken::{check_request, zeroed},
    simd::Simd,
};

/// Trees that may be made in the life of Δ: 2^40, so that no counter of [`Lpn`] repeats, and none of its keys is likely to.
const TREE_LIMIT: u64 = 1 << 40;

/// The public side of an extension: sizes, and where matrix rows and tree keys come from.
pub(super) struct Lpn {
    pub(super) parameters: &'static LpnParameters,
    pub(super) simd: Simd,
    /// Draws the matrix.
    matrix: RoundKeys,
    /// Tree number i of the session is hashed under `tree_key + i`.
    tree_key: Block,
}

impl Lpn {
    /// `session` is public and fresh in every session; neither party chooses it alone.
    pub(super) fn new(parameters: &'static LpnParameters, session: &[u8; 32], simd: Simd) -> Self {
        let key = |domain: &[u8]| {
            let digest = Sha256::new()
                .chain_update(b"halfmask silent OT v1")
                .chain_update(session)
                .chain_update(domain)
                .finalize();
            let mut bytes = [0; 16];
            for (to, from) in bytes.iter_mut().zip(digest.iter()) {
                *to = *from;
            }
            Block::from_bytes(bytes)
        };
        let matrix = expand_keys(simd, &[key(b"matrix")])
            .pop()
            .unwrap_or(RoundKeys::ZERO);
        Self {
            parameters,
            simd,
            matrix,
            tree_key: key(b"trees"),
        }
    }

    /// The cipher key of a tree's hash.
    pub(super) fn key(&self, tree: u64) -> Block {
        self.tree_key ^ Block([tree, 0])
    }

    /// Adds the tree's rows of the matrix, times the base, to its leaves.
    fn encode(&self, tree: u64, base: &[Block], leaves: &mut [Block]) {
        let blocks = (leaves.len() / kernel::ROWS * kernel::ROW_BLOCKS) as u64;
        kernel::encode(
            self.simd,
            &self.matrix,
            tree.wrapping_mul(blocks),
            base,
            leaves,
        );
    }
}

/// What the parties do differently.
pub(super) trait Party {
    /// An iteration's trees, not expanded.
    type Trees;

    /// The name of this party in errors.
    const NAME: &'static str;

    /// Runs the trees' set-up from `t h` COTs; `first` is the number of the first.
    fn plant(
        &mut self,
        channel: &mut Channel,
        lpn: &Lpn,
        first: u64,
        cots: &[Block],
    ) -> Result<Self::Trees, Error>;

    /// Expands tree `index` of an iteration, which is number `tree` of the session.
    fn leaves(&self, lpn: &Lpn, trees: &Self::Trees, tree: u64, index: usize, leaves: &mut [Block]);
}

/// The COTs of one party, as 128-bit strings with the choice in the lowest bit (the sender's is 0).
pub(super) struct Stream<P: Party> {
    pub(super) party: P,
    lpn: Lpn,
    /// The COTs that the next iteration takes.
    seed: Zeroizing<Vec<Block>>,
    queue: VecDeque<Iteration<P::Trees>>,
    /// Number of the next tree of the session.
    planted: u64,
    /// The tree last expanded for the pool, of which the last `left` COTs are not handed out yet.
    pool: Zeroizing<Vec<Block>>,
    left: usize,
    position: u64,
    /// Set while an iteration's messages are under way, and left set by an error.
    torn: bool,
}

/// The trees of an iteration that are for the caller.
struct Iteration<T> {
    base: Zeroizing<Vec<Block>>,
    trees: T,
    /// Number of its first tree.
    first: u64,
    /// Trees already expanded.
    done: usize,
}

impl<P: Party> Stream<P> {
    /// `seed` holds the first [`LpnParameters::reserved`] COTs.
    pub(super) fn new(party: P, lpn: Lpn, seed: Zeroizing<Vec<Block>>) -> Self {
        let pool = zeroed(lpn.parameters.bin());
        Self {
            party,
            lpn,
            seed,
            queue: VecDeque::new(),
            planted: 0,
            pool,
            left: 0,
            position: 0,
            torn: false,
        }
    }

    /// COTs handed out so far.
    pub(super) const fn position(&self) -> u64 {
        self.position
    }

    /// COTs to be had without a message.
    fn ready(&self) -> u64 {
        let usable = self.lpn.parameters.bins - self.lpn.parameters.reserved_bins();
        let trees: usize = self.queue.iter().map(|it| usable - it.done).sum();
        (trees * self.lpn.parameters.bin() + self.left) as u64
    }

    /// Runs iterations until `count` COTs are ready.
    pub(super) fn reserve(&mut self, channel: &mut Channel, count: u64) -> Result<(), Error> {
        self.check()?;
        while self.ready() < count {
            self.iterate(channel)?;
        }
        Ok(())
    }

    /// Fills `out`, a multiple of 16 blocks.
    pub(super) fn fill(&mut self, channel: &mut Channel, out: &mut [Block]) -> Result<(), Error> {
        check_request("strings of a COT request", out.len())?;
        self.check()?;
        let total = out.len();
        let bin = self.lpn.parameters.bin();
        let mut trees = self.take(out).chunks_exact_mut(bin);
        for leaves in trees.by_ref() {
            self.tree(channel, leaves)?;
        }
        let rest = trees.into_remainder();
        if !rest.is_empty() {
            let mut pool = std::mem::take(&mut self.pool);
            let outcome = self.tree(channel, &mut pool);
            self.pool = pool;
            outcome?;
            self.left = bin;
            self.take(rest);
        }
        self.position += total as u64;
        Ok(())
    }

    /// Moves as many COTs as the pool has to the front of the request, and gives back the rest of the request.
    fn take<'a>(&mut self, out: &'a mut [Block]) -> &'a mut [Block] {
        let taken = self.left.min(out.len());
        let (now, later) = out.split_at_mut(taken);
        let start = self.pool.len() - self.left;
        for (to, from) in now.iter_mut().zip(self.pool.iter().skip(start)) {
            *to = *from;
        }
        self.left -= taken;
        later
    }

    /// The next tree's COTs.
    fn tree(&mut self, channel: &mut Channel, leaves: &mut [Block]) -> Result<(), Error> {
        if self.queue.is_empty() {
            self.iterate(channel)?;
        }
        let Some(iteration) = self.queue.front_mut() else {
            return Err(Error::Poisoned { what: P::NAME });
        };
        iteration.expand(&self.party, &self.lpn, iteration.done, leaves);
        iteration.done += 1;
        let usable = self.lpn.parameters.bins - self.lpn.parameters.reserved_bins();
        if iteration.done == usable {
            self.queue.pop_front();
        }
        Ok(())
    }

    /// Plants the trees of one more iteration, and expands those that the iteration after it starts from.
    fn iterate(&mut self, channel: &mut Channel) -> Result<(), Error> {
        let parameters = self.lpn.parameters;
        let first = self.planted;
        if first + parameters.bins as u64 > TREE_LIMIT {
            return Err(Error::Exhausted {
                what: P::NAME,
                used: first,
            });
        }
        self.torn = true;
        let (base, cots) = self
            .seed
            .split_at_checked(parameters.dimension)
            .ok_or(Error::Poisoned { what: P::NAME })?;
        let trees = self.party.plant(channel, &self.lpn, first, cots)?;
        let iteration = Iteration {
            base: Zeroizing::new(base.to_vec()),
            trees,
            first,
            done: 0,
        };
        let usable = parameters.bins - parameters.reserved_bins();
        for (i, leaves) in self.seed.chunks_exact_mut(parameters.bin()).enumerate() {
            iteration.expand(&self.party, &self.lpn, usable + i, leaves);
        }
        self.queue.push_back(iteration);
        self.planted += parameters.bins as u64;
        self.torn = false;
        Ok(())
    }

    /// Refuses to go on after an error.
    const fn check(&self) -> Result<(), Error> {
        if self.torn {
            Err(Error::Poisoned { what: P::NAME })
        } else {
            Ok(())
        }
    }
}

impl<T> Iteration<T> {
    /// Tree `index`: expanded, then encoded.
    fn expand<P: Party<Trees = T>>(
        &self,
        party: &P,
        lpn: &Lpn,
        index: usize,
        leaves: &mut [Block],
    ) {
        let tree = self.first + index as u64;
        party.leaves(lpn, &self.trees, tree, index, leaves);
        lpn.encode(tree, &self.base, leaves);
    }
}
