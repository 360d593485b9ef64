//! Copying a panel's columns out of the row-major input into contiguous tiles, and finding the
//! largest residue on the way, so that checking the input costs no pass of its own.

use super::TILE;
use crate::simd::{Simd, Supported};
use std::ops::Range;

#[inline(always)]
fn portable(inputs: &[u32], columns: usize, range: Range<usize>, tiles: &mut [[u32; TILE]]) -> u32 {
    let rows = inputs.len() / columns;
    let mut largest = [0; TILE];
    for (r, row) in inputs.chunks_exact(columns).enumerate() {
        let piece = row.get(range.clone()).unwrap_or_default();
        for (part, tile) in piece
            .chunks(TILE)
            .zip(tiles.iter_mut().skip(r).step_by(rows))
        {
            match part.first_chunk::<TILE>() {
                Some(whole) => *tile = *whole,
                None => {
                    *tile = [0; TILE];
                    tile.iter_mut().zip(part).for_each(|(to, &from)| *to = from);
                }
            }
            for (largest, &x) in largest.iter_mut().zip(tile.iter()) {
                *largest = x.max(*largest);
            }
        }
    }
    largest.into_iter().max().unwrap_or_default()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn avx512(i: &[u32], columns: usize, range: Range<usize>, tiles: &mut [[u32; TILE]]) -> u32 {
    portable(i, columns, range, tiles)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn avx2(i: &[u32], columns: usize, range: Range<usize>, tiles: &mut [[u32; TILE]]) -> u32 {
    portable(i, columns, range, tiles)
}

/// Fills `tiles` (tile-column-major: all rows of the first 32 columns, then of the next) from the columns
/// `range` of a matrix of `columns` > 0 columns, padding the last tile of a row with zeros. Returns
/// the largest residue.
pub(in super::super) fn gather(
    simd: Supported,
    inputs: &[u32],
    columns: usize,
    range: Range<usize>,
    tiles: &mut [[u32; TILE]],
) -> u32 {
    match simd.level() {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: a `Supported` level's features are present.
        Simd::Avx512 => unsafe { avx512(inputs, columns, range, tiles) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: a `Supported` level's features are present.
        Simd::Avx2 => unsafe { avx2(inputs, columns, range, tiles) },
        _ => portable(inputs, columns, range, tiles),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_hold_the_columns_and_the_maximum_is_found_wherever_it_is() {
        let (rows, columns) = (3, 100);
        for range in [0..100, 32..100, 64..70, 0..32] {
            for (r, c) in [(0, range.start), (2, range.end - 1), (1, range.start)] {
                let mut inputs: Vec<u32> = (0..300).collect();
                inputs[r * columns + c] = 5_000;
                for level in Simd::supported_levels() {
                    let strips = range.len().div_ceil(TILE);
                    let mut tiles = vec![[9; TILE]; strips * rows];
                    let simd = level.verify().unwrap();
                    let largest = gather(simd, &inputs, columns, range.clone(), &mut tiles);
                    assert_eq!(largest, 5_000);
                    for (i, tile) in tiles.iter().enumerate() {
                        let (strip, row) = (i / rows, i % rows);
                        for (j, &x) in tile.iter().enumerate() {
                            let column = range.start + strip * TILE + j;
                            let inside = column < range.end;
                            let expected = if inside {
                                inputs[row * columns + column]
                            } else {
                                0
                            };
                            assert_eq!(x, expected);
                        }
                    }
                }
            }
        }
    }
}
