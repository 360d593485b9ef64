//! All-but-one transfer by punctured trees (Goldreich, Goldwasser, Micali; as used in eprint 2022/192, section 6).
//!
//! One party grows a binary tree of depth k from a pseudorandom generator G and has all 2^k leaves r_x. The other learns
//! all of them except r_Δ, for a Δ of its choice, from k one-out-of-two transfers.
//!
//! ```text
//! level 1:       the two keys of a random OT
//! level l + 1:   (r_x0, r_x1) = G(r_x)
//! K_b^l        = sum of all nodes of level l that are children of branch b
//! ```
//!
//! At each level the punctured party gets K^l_b for b = the branch that leaves the path to Δ. It knows all other nodes of
//! that branch, so it solves for the one beside the path. Level 1 is the OT's keys themselves; below, both sums are sent
//! under the keys of that level's OT, 32 bytes.
//!
//! **Relative order.** The punctured party stores leaf x at y = x + Δ (bitwise): the hole is always at y = 0, and Δ only
//! steers constant-time swaps of two children. No index or branch depends on it.
//!
//! **Simulator.** The punctured party's leaves and sums follow from k seeds beside the path; the hole and the seeds on the
//! path stay pseudorandom by G (GGM). Draw the k seeds at random, the withheld halves of the messages too (they are
//! under OT keys it has not). The other party sees nothing but the OT.
//!
//! G is SHA-256 with the session's transcript, the tree and the level as a prefix, so that trees of different sessions
//! share no inputs.

use sha2::{Digest, Sha256};
use subtle::{Choice, ConditionallySelectable};
use zeroize::Zeroizing;

use crate::block::{BLOCK_BYTES, Block};

const DOMAIN: &[u8] = b"halfmask GGM node v1";

/// The tree's place: every pair of session and tree has its own generator.
#[derive(Copy, Clone, Debug)]
pub struct TreeId {
    /// Digest of the session, known to both parties.
    pub session: [u8; 32],
    /// Index of the tree in the session.
    pub tree: u32,
}

impl TreeId {
    /// G(seed) at a level: two children.
    fn children(&self, level: usize, seed: Block) -> [Block; 2] {
        let bytes = Zeroizing::new(seed.to_bytes());
        let digest = Zeroizing::new(<[u8; 32]>::from(
            Sha256::new()
                .chain_update(DOMAIN)
                .chain_update(self.session)
                .chain_update(self.tree.to_le_bytes())
                .chain_update((level as u32).to_le_bytes())
                .chain_update(bytes.as_ref())
                .finalize(),
        ));
        let mut children = [Block::ZERO; 2];
        for (child, half) in children.iter_mut().zip(digest.as_chunks::<BLOCK_BYTES>().0) {
            *child = Block::from_bytes(*half);
        }
        children
    }
}

/// A whole tree.
pub struct FullTree {
    /// The 2^k leaves, in order.
    pub leaves: Zeroizing<Vec<Block>>,
    /// For each level from the second on, the sums of its left and of its right nodes.
    pub sums: Zeroizing<Vec<[Block; 2]>>,
}

/// Grows a tree of `depth` >= 1 from its two nodes of level 1.
#[must_use]
pub fn grow(id: &TreeId, depth: usize, level_one: [Block; 2]) -> FullTree {
    let mut nodes = Zeroizing::new(level_one.to_vec());
    let mut sums = Zeroizing::new(Vec::with_capacity(depth.saturating_sub(1)));
    for level in 1..depth {
        let mut next = Zeroizing::new(Vec::with_capacity(2 * nodes.len()));
        let (mut left, mut right) = (Block::ZERO, Block::ZERO);
        for &node in nodes.iter() {
            let [a, b] = id.children(level, node);
            left ^= a;
            right ^= b;
            next.extend([a, b]);
        }
        sums.push([left, right]);
        nodes = next;
    }
    FullTree {
        leaves: nodes,
        sums,
    }
}

/// Rebuilds all leaves but the one at Δ.
///
/// `path` is Δ from the highest bit (level 1) to the lowest, a bit in the lowest place of each byte; `known` holds, level by level, the key beside the path: at
/// level 1 the node itself, below the sum K^l of the branch that leaves the path.
///
/// Returns 2^k leaves in relative order (leaf x at x + Δ); the hole at 0 is the zero block.
#[must_use]
pub fn rebuild(id: &TreeId, path: &[u8], known: &[Block]) -> Zeroizing<Vec<Block>> {
    let mut nodes = Zeroizing::new(vec![Block::ZERO]);
    for (level, (&on_path, &sum)) in path.iter().zip(known).enumerate() {
        let mut next = Zeroizing::new(Vec::with_capacity(2 * nodes.len()));
        next.extend([Block::ZERO; 2]);
        let mut beside = sum;
        // Node 0 is the hole: of its children only the one beside the path is learnt, from the sum.
        for &node in nodes.iter().skip(1) {
            let [left, right] = id.children(level, node);
            let same = select(left, right, on_path);
            let away = select(right, left, on_path);
            beside ^= away;
            next.extend([same, away]);
        }
        if let Some(slot) = next.get_mut(1) {
            *slot = beside;
        }
        nodes = next;
    }
    nodes
}

/// `zero` if the lowest bit of `bit` is 0, `one` if it is 1, in constant time.
pub(super) fn select(zero: Block, one: Block, bit: u8) -> Block {
    let choice = Choice::from(bit & 1);
    let (Block([a, b]), Block([c, d])) = (zero, one);
    Block([
        u64::conditional_select(&a, &c, choice),
        u64::conditional_select(&b, &d, choice),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::SecureRng;

    fn id(tree: u32) -> TreeId {
        TreeId {
            session: [7; 32],
            tree,
        }
    }

    /// The punctured party's view of `tree` at `delta`.
    fn puncture(
        tree: &FullTree,
        level_one: [Block; 2],
        depth: usize,
        delta: usize,
    ) -> Zeroizing<Vec<Block>> {
        let path: Vec<u8> = (0..depth).rev().map(|j| (delta >> j & 1) as u8).collect();
        let mut known = vec![level_one[1 - usize::from(path[0])]];
        known.extend(
            tree.sums
                .iter()
                .zip(&path[1..])
                .map(|(sums, &bit)| sums[1 - usize::from(bit)]),
        );
        rebuild(&id(3), &path, &known)
    }

    #[test]
    fn every_leaf_but_one_is_rebuilt() {
        let mut rng = SecureRng::from_seed([1; 32]);
        for depth in [1, 2, 4, 8] {
            let level_one = [Block::random(&mut rng), Block::random(&mut rng)];
            let tree = grow(&id(3), depth, level_one);
            assert_eq!(tree.leaves.len(), 1 << depth);
            assert_eq!(tree.sums.len(), depth - 1);
            for delta in (0..1 << depth).step_by(if depth == 8 { 37 } else { 1 }) {
                let leaves = puncture(&tree, level_one, depth, delta);
                assert_eq!(leaves.len(), 1 << depth);
                assert!(leaves[0] == Block::ZERO);
                for y in 1..1 << depth {
                    assert!(
                        leaves[y] == tree.leaves[y ^ delta],
                        "depth {depth}, delta {delta}, leaf {y}"
                    );
                }
            }
        }
    }

    /// The view at Δ is a function of the k nodes beside the path alone: changing a seed on the path, hence the hole,
    /// changes nothing the punctured party computes once its sums are those of the new tree.
    #[test]
    fn the_hole_is_independent_of_the_view() {
        let mut rng = SecureRng::from_seed([2; 32]);
        let (depth, delta) = (4, 0b0101);
        let beside = Block::random(&mut rng);
        // Level 1 beside the path (right, since Δ starts with 0) is equal in both trees; the path's subtree differs.
        let [one, two] = [
            [Block::random(&mut rng), beside],
            [Block::random(&mut rng), beside],
        ];
        let (a, b) = (grow(&id(3), depth, one), grow(&id(3), depth, two));
        let (view_a, view_b) = (
            puncture(&a, one, depth, delta),
            puncture(&b, two, depth, delta),
        );
        for y in 8..16 {
            assert!(
                view_a[y] == view_b[y],
                "leaf {y} hangs on the shared node alone"
            );
        }
        assert!(a.leaves[delta] != b.leaves[delta]);
        // Nothing in the view equals the hole.
        assert!(view_a.iter().all(|leaf| *leaf != a.leaves[delta]));
    }

    #[test]
    fn trees_and_sessions_are_separated() {
        let level_one = [Block([1, 2]), Block([3, 4])];
        let a = grow(&id(0), 4, level_one);
        let b = grow(&id(1), 4, level_one);
        let c = grow(
            &TreeId {
                session: [8; 32],
                tree: 0,
            },
            4,
            level_one,
        );
        assert!(a.leaves[5] != b.leaves[5] && a.leaves[5] != c.leaves[5]);
    }
}
