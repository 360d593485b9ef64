//! The inner kernels: up to six outputs times 32 columns over all terms of a group, one kernel an
//! instruction set, all bit-identical to [`scalar`].
//!
//! Residues are read as 32-bit words. A 64-bit lane multiplies its low 32 bits, so the even columns
//! are used as loaded and the odd ones after a shift by 32; sums stay in 64-bit registers to the end.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod scalar;

use super::montgomery::Montgomery;
use crate::simd::{Simd, Supported};

/// Columns of a kernel call.
pub(super) const TILE: usize = 32;

/// What a kernel computes: for each o < M, out\[o\] = sum over terms t of weights\[t\]\[o\] times
/// tiles\[inputs\[t\]\], modulo q.
#[cfg(target_arch = "x86_64")]
#[inline]
fn dispatch<const M: usize>(
    simd: Supported,
    tiles: &[[u32; TILE]],
    inputs: &[u32],
    weights: &[[i32; M]],
    reduction: &Montgomery,
    out: &mut [[u32; TILE]; M],
) {
    match simd.level() {
        // SAFETY: a `Supported` level's features are present.
        Simd::Avx512 => unsafe { avx512::block(tiles, inputs, weights, reduction, out) },
        // SAFETY: a `Supported` level's features are present.
        Simd::Avx2 => unsafe { avx2::block(tiles, inputs, weights, reduction, out) },
        Simd::Scalar => scalar::block(tiles, inputs, weights, reduction, out),
    }
}

#[cfg(not(target_arch = "x86_64"))]
#[inline]
fn dispatch<const M: usize>(
    _: Supported,
    tiles: &[[u32; TILE]],
    inputs: &[u32],
    weights: &[[i32; M]],
    reduction: &Montgomery,
    out: &mut [[u32; TILE]; M],
) {
    scalar::block(tiles, inputs, weights, reduction, out);
}

/// Computes one block and hands output o's 32 residues to `store(o, residues)`. `size` is the number
/// of outputs, 1 to 6; `weights` holds them term by term.
#[inline]
pub(super) fn block(
    simd: Supported,
    size: usize,
    tiles: &[[u32; TILE]],
    inputs: &[u32],
    weights: &[i32],
    reduction: &Montgomery,
    mut store: impl FnMut(usize, &[u32; TILE]),
) {
    macro_rules! sized {
        ($($size:literal)*) => {
            match size {
                $($size => {
                    let mut out = [[0; TILE]; $size];
                    let weights = weights.as_chunks::<$size>().0;
                    dispatch(simd, tiles, inputs, weights, reduction, &mut out);
                    out.iter().enumerate().for_each(|(o, residues)| store(o, residues));
                })*
                _ => {} // `layout::blocks` makes no other size
            }
        };
    }
    sized!(1 2 3 4 5 6);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Modulus;

    /// All kernels against 128-bit arithmetic, at the edges of residues and weights.
    fn check<const M: usize>(q: u32, terms: usize) {
        let reduction = Montgomery::new(&Modulus::new(q).unwrap());
        let mut x = u64::from(q) + terms as u64;
        let mut random = move || {
            x = x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (x >> 33) as u32
        };
        let rows = terms + 3;
        let inputs: Vec<u32> = (0..terms).map(|t| ((t * 7 + 2) % rows) as u32).collect();
        for case in 0..4 {
            let tiles: Vec<[u32; TILE]> = (0..rows)
                .map(|_| match case {
                    0 | 1 => [q - 1; TILE],
                    _ => std::array::from_fn(|_| random() % q),
                })
                .collect();
            let weights: Vec<[i32; M]> = (0..terms)
                .map(|_| match case {
                    0 => [i32::from(i16::MAX); M],
                    1 => [i32::from(i16::MIN); M],
                    _ => std::array::from_fn(|_| i32::from(random() as i16)),
                })
                .collect();
            let expected: [[u32; TILE]; M] = std::array::from_fn(|o| {
                std::array::from_fn(|c| {
                    let product = |(t, &i): (usize, &u32)| {
                        i128::from(weights[t][o]) * i128::from(tiles[i as usize][c])
                    };
                    let sum: i128 = inputs.iter().enumerate().map(product).sum();
                    sum.rem_euclid(i128::from(q)) as u32
                })
            });
            for level in Simd::supported_levels() {
                let mut out = [[u32::MAX; TILE]; M];
                let simd = level.verify().unwrap();
                dispatch(simd, &tiles, &inputs, &weights, &reduction, &mut out);
                assert_eq!(
                    out, expected,
                    "{level} M {M} q {q} terms {terms} case {case}"
                );
            }
        }
    }

    #[test]
    fn all_kernels_agree_with_wide_arithmetic() {
        for q in [12_289, 998_244_353, (1 << 31) - 1] {
            for terms in [1, 2, 3, 24, 25, 845] {
                check::<1>(q, terms);
                check::<2>(q, terms);
                check::<3>(q, terms);
                check::<4>(q, terms);
                check::<5>(q, terms);
                check::<6>(q, terms);
            }
        }
    }

    #[test]
    fn the_largest_allowed_sum_does_not_overflow() {
        // 2^15 terms of 2^15 (2^31 - 2) reach 2^61.
        check::<5>((1 << 31) - 1, 1 << 15);
    }
}
