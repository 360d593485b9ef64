//! AVX-512: 32 columns are two registers of residues, four with the odd columns shifted down; six
//! outputs times four are 24 accumulators, and with a broadcast weight that fits the 32 registers.
#![expect(
    clippy::indexing_slicing,
    reason = "input rows are checked against the number of tiles when the GEMM is built; array indices are constants"
)]

use super::{Montgomery, Product, TILE};
use std::arch::x86_64::*;

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn load(tile: &[u32; TILE]) -> [__m512i; 4] {
    let start = tile.as_ptr();
    // SAFETY: a tile is 128 readable bytes, two registers.
    let (low, high) = unsafe {
        (
            _mm512_loadu_si512(start.cast()),
            _mm512_loadu_si512(start.add(16).cast()),
        )
    };
    [
        low,
        _mm512_srli_epi64::<32>(low),
        high,
        _mm512_srli_epi64::<32>(high),
    ]
}

/// One Montgomery step, its result in the high half of each lane.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn step(x: __m512i, inverse: __m512i, modulus: __m512i) -> __m512i {
    let m = _mm512_mul_epu32(x, inverse);
    _mm512_sub_epi64(x, _mm512_mul_epi32(m, modulus))
}

/// Even and odd columns' sums to 16 residues in column order.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn reduce(even: __m512i, odd: __m512i, r: &Montgomery) -> __m512i {
    let inverse = _mm512_set1_epi64(i64::from(r.inverse));
    let modulus = _mm512_set1_epi32(r.modulus as i32);
    let r2 = _mm512_set1_epi32(r.r2);
    let twice = |x: __m512i| {
        let first = _mm512_srli_epi64::<32>(step(x, inverse, modulus));
        step(_mm512_mul_epi32(first, r2), inverse, modulus)
    };
    let even = _mm512_srli_epi64::<32>(twice(even));
    let signed = _mm512_mask_blend_epi32(0xaaaa, even, twice(odd));
    _mm512_min_epu32(signed, _mm512_add_epi32(signed, modulus))
}

/// Reduces one output's sums (even and odd columns of the first 16, then of the last 16).
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
pub(super) fn store(sum: [__m512i; 4], reduction: &Montgomery, out: &mut [u32; TILE]) {
    let start = out.as_mut_ptr();
    let low = reduce(sum[0], sum[1], reduction);
    let high = reduce(sum[2], sum[3], reduction);
    // SAFETY: an output tile is 128 writable bytes, two registers.
    unsafe {
        _mm512_storeu_si512(start.cast(), low);
        _mm512_storeu_si512(start.add(16).cast(), high);
    }
}

/// See [`super::dispatch`].
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
pub(super) fn block<const M: usize>(product: &Product<'_, [[i32; M]]>, out: &mut [[u32; TILE]; M]) {
    let mut sums = [[_mm512_setzero_si512(); 4]; M];
    for (&input, weights) in product.inputs.iter().zip(product.weights) {
        let x = load(&product.tiles[input as usize]);
        for o in 0..M {
            let w = _mm512_set1_epi32(weights[o]);
            for v in 0..4 {
                sums[o][v] = _mm512_add_epi64(sums[o][v], _mm512_mul_epi32(x[v], w));
            }
        }
    }
    for (out, sum) in out.iter_mut().zip(&sums) {
        store(*sum, product.reduction, out);
    }
}
