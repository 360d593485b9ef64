//! AVX-512 with the 52-bit multiplier: one instruction multiplies and adds, where [`super::avx512`]
//! needs two.
//!
//! The instruction adds the low 52 bits of the product of two *unsigned* 52-bit numbers. With a weight
//! in two's complement modulo 2^52 every term is right modulo 2^52, and 64-bit sums wrap modulo a
//! multiple of that; a sum below 2^51 in absolute value is then read back by extending its 52nd bit.
#![expect(
    clippy::indexing_slicing,
    reason = "input rows are checked against the number of tiles when the GEMM is built; array indices are constants"
)]

use super::avx512::store;
use super::{Product, TILE};
use std::arch::x86_64::*;

/// Whether the processor has the instruction.
pub(super) fn detected() -> bool {
    is_x86_feature_detected!("avx512ifma")
}

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
    let even = _mm512_set1_epi64(0xffff_ffff);
    [
        _mm512_and_si512(low, even),
        _mm512_srli_epi64::<32>(low),
        _mm512_and_si512(high, even),
        _mm512_srli_epi64::<32>(high),
    ]
}

/// See [`super::dispatch`]; for narrow sums.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512ifma")]
pub(super) fn block<const M: usize>(product: &Product<'_, [[i32; M]]>, out: &mut [[u32; TILE]; M]) {
    let mut sums = [[_mm512_setzero_si512(); 4]; M];
    for (&input, weights) in product.inputs.iter().zip(product.weights) {
        let x = load(&product.tiles[input as usize]);
        for o in 0..M {
            let w = _mm512_set1_epi64(i64::from(weights[o]));
            for v in 0..4 {
                sums[o][v] = _mm512_madd52lo_epu64(sums[o][v], x[v], w);
            }
        }
    }
    for (out, sum) in out.iter_mut().zip(&sums) {
        let extend = |x| _mm512_srai_epi64::<12>(_mm512_slli_epi64::<12>(x));
        store(
            [
                extend(sum[0]),
                extend(sum[1]),
                extend(sum[2]),
                extend(sum[3]),
            ],
            product.reduction,
            out,
        );
    }
}
