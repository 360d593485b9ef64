//! The inner loops of OT extension, one kernel for each instruction set.
//!
//! * [`fold`]: the leaves of a tree, stretched by AES-CTR and summed with their indices as weights;
//! * [`add_masked`]: Δ times a correction, bit by bit;
//! * [`transpose`]: 128 rows of bits into 128-bit columns.
//!
//! The portable kernels are the oracle; all levels give the same bits. The functions here check shapes and support, and
//! are safe to call with any arguments.

#[cfg(target_arch = "x86_64")]
mod correct;
#[cfg(target_arch = "x86_64")]
mod fold;
mod portable;
#[cfg(target_arch = "x86_64")]
mod transpose;

use crate::{aes::RoundKeys, block::Block, simd::Simd};

/// The deepest tree [`fold`] takes.
pub(super) const MAX_DEPTH: usize = 8;

/// What [`fold`] reads: the leaves of one tree, and which part of their streams.
#[derive(Copy, Clone)]
pub(super) struct Leaves<'a> {
    /// The schedules of 2^k leaves, k >= 1.
    pub keys: &'a [RoundKeys],
    /// Whether leaf 0 is the hole, whose stream counts as zero (its schedule is not used).
    pub punctured: bool,
    /// Counter of the first block of each stream.
    pub start: u64,
}

impl Leaves<'_> {
    /// k.
    pub(super) const fn depth(&self) -> usize {
        self.keys.len().ilog2() as usize
    }
}

/// With r_x the stream of leaf x, as many blocks as `sum` has: `sum` = Σ r_x, and row j of `rows` = Σ r_x over the x with
/// bit j set. Row j begins at `rows[j * stride]`.
pub(super) fn fold(
    simd: Simd,
    leaves: Leaves<'_>,
    rows: &mut [Block],
    stride: usize,
    sum: &mut [Block],
) {
    assert!(leaves.keys.len().is_power_of_two(), "a tree has 2^k leaves");
    assert!((1..=MAX_DEPTH).contains(&leaves.depth()), "k from 1 to 8");
    assert!(
        sum.len() <= stride && rows.len() >= (leaves.depth() - 1) * stride + sum.len(),
        "rows hold k sums"
    );
    match simd {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the features the function needs have just been found on this machine.
        Simd::Avx512 if simd.supported() => unsafe {
            fold::avx512::fold(leaves, rows, stride, sum)
        },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Simd::Vaes if simd.supported() => unsafe { fold::vaes256::fold(leaves, rows, stride, sum) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Simd::Avx2 if simd.supported() => unsafe { fold::avx2::fold(leaves, rows, stride, sum) },
        _ => portable::fold(leaves, rows, stride, sum),
    }
}

/// Adds `from & mask` to `to`, block by block, as far as the shorter of the two goes.
pub(super) fn add_masked(simd: Simd, to: &mut [Block], from: &[Block], mask: Block) {
    match simd {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the features the function needs have just been found on this machine.
        Simd::Avx512 if simd.supported() => unsafe { correct::avx512(to, from, mask) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Simd::Vaes | Simd::Avx2 if simd.supported() => unsafe { correct::avx2(to, from, mask) },
        _ => portable::add_masked(to, from, mask),
    }
}

/// Bit r of `columns[c]` becomes bit c of row r; row r begins at `rows[r * stride]`. The number of columns is a multiple of 128.
pub(super) fn transpose(simd: Simd, rows: &[Block], stride: usize, columns: &mut [Block]) {
    let width = columns.len() / 128;
    assert!(columns.len().is_multiple_of(128), "whole blocks of columns");
    assert!(
        width <= stride && rows.len() >= 127 * stride + width,
        "128 rows"
    );
    match simd {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the features the function needs have just been found on this machine.
        Simd::Avx512 if simd.supported() => unsafe {
            transpose::avx512::transpose(rows, stride, columns)
        },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Simd::Vaes | Simd::Avx2 if simd.supported() => unsafe {
            transpose::avx2::transpose(rows, stride, columns)
        },
        _ => portable::transpose(rows, stride, columns),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{aes::expand_keys, rng::SecureRng};

    #[test]
    fn every_level_folds_alike() {
        let mut rng = SecureRng::from_seed([6; 32]);
        for depth in 1..=MAX_DEPTH {
            let mut seeds = vec![Block::ZERO; 1 << depth];
            rng.fill_blocks(&mut seeds);
            for blocks in [1, 2, 3, 15, 16, 17, 32, 37] {
                for punctured in [false, true] {
                    let stride = blocks + 4;
                    let run = |simd: Simd| {
                        let keys = expand_keys(simd, &seeds);
                        let leaves = Leaves {
                            keys: &keys,
                            punctured,
                            start: (1 << 32) - 7,
                        };
                        // Old contents must not matter.
                        let mut rows = vec![Block::mask(1); depth * stride];
                        let mut sum = vec![Block::mask(1); blocks];
                        fold(simd, leaves, &mut rows, stride, &mut sum);
                        (rows, sum)
                    };
                    let (rows, sum) = run(Simd::Scalar);
                    for simd in Simd::all_supported() {
                        let got = run(simd);
                        assert!(got.1 == sum, "{simd}: sum, depth {depth}, {blocks} blocks");
                        assert!(
                            got.0 == rows,
                            "{simd}: rows, depth {depth}, {blocks} blocks"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn every_level_masks_alike() {
        let mut rng = SecureRng::from_seed([7; 32]);
        let (mut to, mut from) = ([Block::ZERO; 37], [Block::ZERO; 37]);
        rng.fill_blocks(&mut to);
        rng.fill_blocks(&mut from);
        for simd in Simd::all_supported() {
            for bit in [0, 1] {
                let mut got = to;
                add_masked(simd, &mut got, &from, Block::mask(bit));
                for i in 0..37 {
                    assert!(got[i] == to[i] ^ from[i].and_mask(bit), "{simd}: block {i}");
                }
            }
        }
    }

    #[test]
    fn the_hole_counts_as_zero() {
        let mut rng = SecureRng::from_seed([8; 32]);
        let mut seeds = [Block::ZERO; 4];
        rng.fill_blocks(&mut seeds);
        for simd in Simd::all_supported() {
            let run = |seeds: &[Block], punctured| {
                let keys = expand_keys(simd, seeds);
                let leaves = Leaves {
                    keys: &keys,
                    punctured,
                    start: 0,
                };
                let (mut rows, mut sum) = (vec![Block::ZERO; 32], vec![Block::ZERO; 16]);
                fold(simd, leaves, &mut rows, 16, &mut sum);
                (rows, sum)
            };
            let whole = run(&seeds, false);
            let holed = run(&seeds, true);
            let other = run(&[Block::ZERO, seeds[1], seeds[2], seeds[3]], true);
            assert!(holed == other, "{simd}: the hole's key must not matter");
            assert!(
                whole.0 == holed.0,
                "{simd}: index 0 has weight 0 in every row"
            );
            assert!(whole.1 != holed.1, "{simd}: but counts in the plain sum");
        }
    }
}
