//! The kernels as their definitions say, on any machine.
#![expect(
    clippy::indexing_slicing,
    reason = "the dispatching functions check all shapes; loops run over them"
)]

use super::Leaves;
use crate::{aes, block::Block, simd::Simd};

/// Blocks of a stream made at a time.
const PIECE: usize = 64;

pub(super) fn fold(leaves: Leaves<'_>, rows: &mut [Block], stride: usize, sum: &mut [Block]) {
    let blocks = sum.len();
    sum.fill(Block::ZERO);
    for j in 0..leaves.depth() {
        rows[j * stride..][..blocks].fill(Block::ZERO);
    }
    let mut stream = [Block::ZERO; PIECE];
    for (x, keys) in leaves
        .keys
        .iter()
        .enumerate()
        .skip(usize::from(leaves.punctured))
    {
        for offset in (0..blocks).step_by(PIECE) {
            let piece = offset..blocks.min(offset + PIECE);
            let stream = &mut stream[..piece.len()];
            aes::ctr(
                Simd::Scalar,
                keys,
                leaves.start.wrapping_add(offset as u64),
                stream,
            );
            add(&mut sum[piece.clone()], stream);
            for j in (0..leaves.depth()).filter(|j| x >> j & 1 == 1) {
                add(&mut rows[j * stride..][piece.clone()], stream);
            }
        }
    }
}

fn add(to: &mut [Block], from: &[Block]) {
    add_masked(to, from, Block::mask(1));
}

#[inline(always)]
pub(super) fn add_masked(to: &mut [Block], from: &[Block], mask: Block) {
    for (a, b) in to.iter_mut().zip(from) {
        *a ^= *b & mask;
    }
}

/// Eight rows by eight columns at a time, as one 64-bit word.
pub(super) fn transpose(rows: &[Block], stride: usize, columns: &mut [Block]) {
    for (w, tile) in columns.chunks_exact_mut(128).enumerate() {
        let mut bytes = [[0_u8; 16]; 128];
        for group in 0..16 {
            let rows: [[u8; 16]; 8] =
                core::array::from_fn(|r| rows[(8 * group + r) * stride + w].to_bytes());
            for byte in 0..16 {
                let square = transpose8(u64::from_le_bytes(rows.map(|row| row[byte])));
                for (bit, out) in square.to_le_bytes().into_iter().enumerate() {
                    bytes[8 * byte + bit][group] = out;
                }
            }
        }
        for (column, bytes) in tile.iter_mut().zip(bytes) {
            *column = Block::from_bytes(bytes);
        }
    }
}

/// Transposes an 8 by 8 bit matrix (Warren, Hacker's Delight, section 7-3): swaps 1x1, 2x2, then 4x4 squares across the diagonal.
const fn transpose8(x: u64) -> u64 {
    let x = swap(x, 0x00aa_00aa_00aa_00aa, 7);
    let x = swap(x, 0x0000_cccc_0000_cccc, 14);
    swap(x, 0x0000_0000_f0f0_f0f0, 28)
}

const fn swap(x: u64, mask: u64, shift: u32) -> u64 {
    let t = (x ^ (x >> shift)) & mask;
    x ^ t ^ (t << shift)
}
