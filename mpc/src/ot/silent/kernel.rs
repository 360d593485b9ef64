//! The inner loops of silent extension, one kernel for each instruction set.
//!
//! * [`grow`], [`rebuild`]: a tree of correlated nodes, whole and punctured;
//! * [`encode`]: the product of the public sparse matrix and the base table.
//!
//! A level of `m` nodes lies at `nodes[..m]`; the left child of node i takes its place, the right child goes to i + m. So
//! bit l of a leaf's index is its turn at level l + 1, and a level is expanded where it lies.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod portable;

use super::{CLEAR_LSB, ROW_WEIGHT};
use crate::{aes::RoundKeys, block::Block, simd::Simd};

/// Rows of the matrix drawn at a time.
pub(super) const ROWS: usize = 32;

/// Blocks of random words for [`ROWS`] rows: four words a block.
pub(super) const ROW_BLOCKS: usize = ROWS * ROW_WEIGHT / 4;

const _: () = assert!((ROWS * ROW_WEIGHT).is_multiple_of(16));

/// The two tree functions over a module's `expand`, `mark` and `clear_lsb`, compiled for that module's features.
macro_rules! trees {
    ($(#[$features:meta])*) => {
        /// See [`super::grow`].
        $(#[$features])*
        pub(super) fn grow(key: Block, first: Block, delta: Block, leaves: &mut [Block], sums: &mut [Block]) {
            let keys = schedule(key);
            leaves[0] = first;
            leaves[1] = first ^ delta;
            let mut width = 2;
            for sum in sums {
                *sum = expand(&keys, &mut leaves[..2 * width], width);
                width *= 2;
            }
            clear_lsb(leaves);
        }

        /// See [`super::rebuild`].
        $(#[$features])*
        pub(super) fn rebuild(key: Block, hole: u32, beside: &[Block], leaves: &mut [Block]) {
            let keys = schedule(key);
            // Both children of the zero block that stands for the node on the path.
            let mut garbage = [Block::ZERO; 2];
            expand(&keys, &mut garbage, 1);
            let [garbage, _] = garbage;

            let mut width = 1;
            let mut total = Block::ZERO;
            leaves[0] = Block::ZERO;
            for (level, &sum) in beside.iter().enumerate() {
                let turn = u64::from(hole >> level);
                let (left, right, junk) = if level == 0 {
                    leaves[1] = Block::ZERO;
                    (Block::ZERO, Block::ZERO, Block::ZERO)
                } else {
                    let left = expand(&keys, &mut leaves[..2 * width], width);
                    (left, left ^ total, garbage)
                };
                // The sums beside and on the path of what has been expanded, garbage included.
                let (near, far) = (
                    right ^ (left ^ right).and_mask(turn),
                    left ^ (left ^ right).and_mask(turn),
                );
                let sibling = sum ^ near ^ junk;
                let fresh = sibling ^ junk;
                // The sibling takes its place, the path's node becomes zero: each differs from the garbage there.
                let path = hole & (width as u32 - 1);
                let (low, high) = leaves[..2 * width].split_at_mut(width);
                mark(low, path, junk ^ (fresh ^ junk).and_mask(turn));
                mark(high, path, fresh ^ (fresh ^ junk).and_mask(turn));
                total = sum ^ far ^ junk;
                width *= 2;
            }
            clear_lsb(leaves);
            // All other leaves together are the missing one plus Δ. Its lowest bit is the choice, 1.
            let leaf = (total & CLEAR_LSB) ^ Block([1, 0]);
            mark(leaves, hole, leaf);
        }
    };
}
use trees;

/// The whole tree over `first` and `first + delta`, of as many leaves as there is room for (a power of two, at least 4).
///
/// `sums[l]` becomes the sum of the left nodes of level l + 2; there are log2(leaves) - 1. Leaves have their lowest bit
/// cleared.
pub(super) fn grow(
    simd: Simd,
    key: Block,
    first: Block,
    delta: Block,
    leaves: &mut [Block],
    sums: &mut [Block],
) {
    assert!(leaves.len().is_power_of_two() && leaves.len() >= 4);
    assert_eq!(sums.len() + 1, leaves.len().ilog2() as usize);
    match simd {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the features the function needs have just been found on this machine.
        Simd::Avx512 if simd.supported() => unsafe {
            avx512::grow(key, first, delta, leaves, sums)
        },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Simd::Vaes | Simd::Avx2 if simd.supported() => unsafe {
            avx2::grow(key, first, delta, leaves, sums)
        },
        _ => portable::grow(key, first, delta, leaves, sums),
    }
}

/// The tree without the leaf at `hole`; `beside[l]` is the sum of the nodes of level l + 1 on the side that the path to the
/// hole leaves there. At the hole stands the sum of all other leaves, its lowest bit 1; the other leaves have theirs
/// cleared. Constant time in `hole`.
pub(super) fn rebuild(simd: Simd, key: Block, hole: u32, beside: &[Block], leaves: &mut [Block]) {
    assert!(leaves.len().is_power_of_two() && leaves.len() >= 4);
    assert_eq!(beside.len(), leaves.len().ilog2() as usize);
    match simd {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the features the function needs have just been found on this machine.
        Simd::Avx512 if simd.supported() => unsafe { avx512::rebuild(key, hole, beside, leaves) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Simd::Vaes | Simd::Avx2 if simd.supported() => unsafe {
            avx2::rebuild(key, hole, beside, leaves)
        },
        _ => portable::rebuild(key, hole, beside, leaves),
    }
}

/// Adds to block i of `out` (a multiple of [`ROWS`] blocks) the sum of [`ROW_WEIGHT`] entries of `base`, at places
/// floor(w |base| / 2^32) for successive 32-bit words w of the stream AES(start), AES(start + 1), ….
pub(super) fn encode(
    simd: Simd,
    matrix: &RoundKeys,
    start: u64,
    base: &[Block],
    out: &mut [Block],
) {
    assert!(out.len().is_multiple_of(ROWS));
    assert!(!base.is_empty() && base.len() <= 1 << 24);
    match simd {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the features the function needs have just been found on this machine.
        Simd::Avx512 if simd.supported() => unsafe { avx512::encode(matrix, start, base, out) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Simd::Vaes | Simd::Avx2 if simd.supported() => unsafe {
            avx2::encode(matrix, start, base, out)
        },
        _ => portable::encode(matrix, start, base, out),
    }
}

#[cfg(test)]
mod tests;
