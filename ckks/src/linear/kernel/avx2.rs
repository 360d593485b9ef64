//! AVX2: eight columns at a time, two registers with the odd columns shifted down; six outputs times
//! two are 12 accumulators of the 16 registers.
#![expect(
    clippy::indexing_slicing,
    reason = "input rows are checked against the number of tiles when the GEMM is built; array indices are constants"
)]

use super::{Montgomery, Product, TILE};
use std::arch::x86_64::*;

/// Columns of one strip.
const STRIP: usize = 8;

#[inline]
#[target_feature(enable = "avx2")]
fn load(tile: &[u32; TILE], strip: usize) -> [__m256i; 2] {
    let residues = &tile.as_chunks::<STRIP>().0[strip];
    // SAFETY: a strip is 32 readable bytes, one register.
    let x = unsafe { _mm256_loadu_si256(residues.as_ptr().cast()) };
    [x, _mm256_srli_epi64::<32>(x)]
}

/// One Montgomery step, its result in the high half of each lane.
#[inline]
#[target_feature(enable = "avx2")]
fn step(x: __m256i, inverse: __m256i, modulus: __m256i) -> __m256i {
    let m = _mm256_mul_epu32(x, inverse);
    _mm256_sub_epi64(x, _mm256_mul_epi32(m, modulus))
}

/// Even and odd columns' sums to eight residues in column order.
#[inline]
#[target_feature(enable = "avx2")]
fn reduce(even: __m256i, odd: __m256i, r: &Montgomery) -> __m256i {
    let inverse = _mm256_set1_epi64x(i64::from(r.inverse));
    let modulus = _mm256_set1_epi32(r.modulus as i32);
    let r2 = _mm256_set1_epi32(r.r2);
    let twice = |x: __m256i| {
        let first = _mm256_srli_epi64::<32>(step(x, inverse, modulus));
        step(_mm256_mul_epi32(first, r2), inverse, modulus)
    };
    let even = _mm256_srli_epi64::<32>(twice(even));
    let signed = _mm256_blend_epi32::<0xaa>(even, twice(odd));
    _mm256_min_epu32(signed, _mm256_add_epi32(signed, modulus))
}

/// See [`super::dispatch`].
#[target_feature(enable = "avx2")]
pub(super) fn block<const M: usize>(product: &Product<'_, [[i32; M]]>, out: &mut [[u32; TILE]; M]) {
    for strip in 0..TILE / STRIP {
        let mut sums = [[_mm256_setzero_si256(); 2]; M];
        for (&input, weights) in product.inputs.iter().zip(product.weights) {
            let x = load(&product.tiles[input as usize], strip);
            for o in 0..M {
                let w = _mm256_set1_epi32(weights[o]);
                for v in 0..2 {
                    sums[o][v] = _mm256_add_epi64(sums[o][v], _mm256_mul_epi32(x[v], w));
                }
            }
        }
        for (out, sum) in out.iter_mut().zip(&sums) {
            let residues = &mut out.as_chunks_mut::<STRIP>().0[strip];
            // SAFETY: a strip is 32 writable bytes, one register.
            unsafe {
                _mm256_storeu_si256(
                    residues.as_mut_ptr().cast(),
                    reduce(sum[0], sum[1], product.reduction),
                );
            }
        }
    }
}
