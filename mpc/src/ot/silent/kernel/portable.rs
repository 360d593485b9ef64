//! Portable code, the oracle of the other kernels.
#![expect(
    clippy::indexing_slicing,
    reason = "the safe wrappers check the lengths; levels and places lie within them"
)]

use super::{CLEAR_LSB, ROW_BLOCKS, ROW_WEIGHT, ROWS, trees};
use crate::{
    aes::{RoundKeys, ctr, expand_keys, portable_encrypt},
    block::Block,
    garble::orthomorphism,
    simd::Simd,
};

fn schedule(key: Block) -> RoundKeys {
    expand_keys(Simd::Scalar, &[key])
        .pop()
        .unwrap_or(RoundKeys::ZERO)
}

/// Expands the `width` nodes at the front of `nodes` to twice as many; the sum of the left children.
fn expand(keys: &RoundKeys, nodes: &mut [Block], width: usize) -> Block {
    let (parents, right) = nodes.split_at_mut(width);
    let mut sum = Block::ZERO;
    for (parents, right) in parents.chunks_mut(64).zip(right.chunks_mut(64)) {
        let mut hashes = [Block::ZERO; 64];
        let hashes = &mut hashes[..parents.len()];
        for (hash, parent) in hashes.iter_mut().zip(parents.iter()) {
            *hash = orthomorphism(*parent);
        }
        portable_encrypt(keys, hashes);
        for ((parent, right), hash) in parents.iter_mut().zip(right).zip(hashes) {
            let left = *hash ^ orthomorphism(*parent);
            *right = left ^ *parent;
            *parent = left;
            sum ^= left;
        }
    }
    sum
}

/// Adds `value` to the node at `place`, touching all nodes.
fn mark(nodes: &mut [Block], place: u32, value: Block) {
    for (i, node) in nodes.iter_mut().enumerate() {
        // 1 where the indices agree: only zero has no bit in x | -x.
        let x = (i as u32) ^ place;
        let differ = (x | x.wrapping_neg()) >> 31;
        *node ^= value.and_mask(u64::from(differ ^ 1));
    }
}

fn clear_lsb(nodes: &mut [Block]) {
    for node in nodes {
        *node = *node & CLEAR_LSB;
    }
}

trees!();

/// See [`super::encode`].
pub(super) fn encode(matrix: &RoundKeys, start: u64, base: &[Block], out: &mut [Block]) {
    let mut words = [Block::ZERO; ROW_BLOCKS];
    for (i, out) in out.chunks_exact_mut(ROWS).enumerate() {
        ctr(
            Simd::Scalar,
            matrix,
            start.wrapping_add((i * ROW_BLOCKS) as u64),
            &mut words,
        );
        let mut places = words
            .iter()
            .flat_map(|block| block.0)
            .flat_map(|pair| [pair & 0xffff_ffff, pair >> 32])
            .map(|word| ((word * base.len() as u64) >> 32) as usize);
        for row in out {
            for place in places.by_ref().take(ROW_WEIGHT) {
                *row ^= base[place];
            }
        }
    }
}
