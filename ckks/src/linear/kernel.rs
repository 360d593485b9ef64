//! The inner kernels: up to six outputs times 32 columns over all terms of a group, one kernel an
//! instruction set, all bit-identical to [`scalar`].
//!
//! Residues are read as 32-bit words. A 64-bit lane multiplies its low 32 bits, so the even columns
//! are used as loaded and the odd ones after a shift by 32; sums stay in 64-bit registers to the end.
//!
//! Left out, without a measurement: the 16-bit dot product (VNNI) on 15-bit halves has twice the
//! multipliers of [`ifma`] on paper, but needs pairs of terms interleaved anew for each group of a
//! convolution, and its 32-bit sums widened every 2^15 / w terms.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod gather;
#[cfg(target_arch = "x86_64")]
mod ifma;
mod scalar;

pub(super) use gather::gather;

use super::montgomery::Montgomery;
use crate::simd::{Simd, Supported};

/// Columns of a kernel call.
pub(super) const TILE: usize = 32;

/// One block to compute: for each output o, the sum over terms t of weights\[t\]\[o\] times
/// tiles\[inputs\[t\]\], modulo q. Input rows are below the number of tiles.
pub(super) struct Product<'a, W: ?Sized = [i32]> {
    pub(super) tiles: &'a [[u32; TILE]],
    pub(super) inputs: &'a [u32],
    /// Term by term.
    pub(super) weights: &'a W,
    pub(super) reduction: &'a Montgomery,
    /// No sum reaches 2^51 in absolute value.
    pub(super) narrow: bool,
}

#[inline]
fn dispatch<const M: usize>(
    simd: Supported,
    product: &Product<'_, [[i32; M]]>,
    out: &mut [[u32; TILE]; M],
) {
    match simd.level() {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: a `Supported` level's features are present, and IFMA has just been found.
        Simd::Avx512 if product.narrow && ifma::detected() => unsafe { ifma::block(product, out) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: a `Supported` level's features are present.
        Simd::Avx512 => unsafe { avx512::block(product, out) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: a `Supported` level's features are present.
        Simd::Avx2 => unsafe { avx2::block(product, out) },
        _ => scalar::block(product, out),
    }
}

/// Computes one block of `size` outputs, 1 to 6, and hands their residues to `store` in order.
#[inline]
pub(super) fn block(
    simd: Supported,
    size: usize,
    product: &Product<'_>,
    mut store: impl FnMut(&[u32; TILE]),
) {
    macro_rules! sized {
        ($($size:literal)*) => {
            match size {
                $($size => {
                    let mut out = [[0; TILE]; $size];
                    let product = Product {
                        tiles: product.tiles,
                        inputs: product.inputs,
                        weights: product.weights.as_chunks::<$size>().0,
                        reduction: product.reduction,
                        narrow: product.narrow,
                    };
                    dispatch(simd, &product, &mut out);
                    out.iter().for_each(&mut store);
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
    fn check<const M: usize>(q: u32, terms: usize, max_weight: i32) {
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
                    0 => [max_weight; M],
                    1 => [-max_weight; M],
                    _ => std::array::from_fn(|_| {
                        (random() % (2 * max_weight as u32 + 1)) as i32 - max_weight
                    }),
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
            let product = Product {
                tiles: &tiles,
                inputs: &inputs,
                weights: weights.as_slice(),
                reduction: &reduction,
                narrow: terms as u128 * max_weight as u128 * u128::from(q - 1) < 1 << 51,
            };
            for level in Simd::supported_levels() {
                let mut out = [[u32::MAX; TILE]; M];
                dispatch(level.verify().unwrap(), &product, &mut out);
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
                for max_weight in [255, 1 << 15] {
                    check::<1>(q, terms, max_weight);
                    check::<2>(q, terms, max_weight);
                    check::<3>(q, terms, max_weight);
                    check::<4>(q, terms, max_weight);
                    check::<5>(q, terms, max_weight);
                    check::<6>(q, terms, max_weight);
                }
            }
        }
    }

    #[test]
    fn the_largest_allowed_sums_do_not_overflow() {
        // 2^51 is just above 1,024 terms of 1,024 (2^31 - 2), and 2^62 above 2^16 terms of 2^15.
        check::<5>((1 << 31) - 1, 1 << 10, 1 << 10);
        check::<5>((1 << 31) - 1, (1 << 10) + 1, 1 << 10);
        check::<6>((1 << 31) - 1, 1 << 16, 1 << 15);
    }
}
