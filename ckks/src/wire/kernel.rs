//! Packing and unpacking with AVX-512, sixteen values a step.
//!
//! Pairs of values are first joined to 2b bits in a 64-bit lane each. Word j of the packed string then consists of bits 64 j to
//! 64 j + 63 of the joined lanes: the tail of one and, as 2b >= 32 and so three lanes hold at least 64 bits from any
//! bit of the first on, at most two more. Shifts by 64 and more give zero, which is what absent parts need.

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::*;

use crate::simd::{Simd, Supported};

/// Packs as many groups of sixteen values below 2^`bits` as there are; returns how many values. May be 0.
pub(super) fn pack(simd: Supported, values: &[u32], bits: u32, out: &mut [u8]) -> usize {
    #[cfg(target_arch = "x86_64")]
    if simd.level() == Simd::Avx512 && (17..=32).contains(&bits) {
        // SAFETY: a `Supported` level's features are present.
        return unsafe { pack_avx512(values, bits, out) };
    }
    let _ = (simd, values, bits, out);
    0
}

/// Unpacks as many groups of sixteen values as lie whole in `bytes`, and fit; returns how many values. May be 0.
pub(super) fn unpack(simd: Supported, bytes: &[u8], bits: u32, values: &mut [u32]) -> usize {
    #[cfg(target_arch = "x86_64")]
    if simd.level() == Simd::Avx512
        && (1..=32).contains(&bits)
        && is_x86_feature_detected!("avx512vbmi")
    {
        // SAFETY: a `Supported` level's features are present, and VBMI has just been found.
        return unsafe { unpack_avx512(bytes, bits, values) };
    }
    let _ = (simd, bytes, bits, values);
    0
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw")]
fn pack_avx512(values: &[u32], bits: u32, out: &mut [u8]) -> usize {
    let pair = i64::from(2 * bits);
    let lanes: [i64; 8] = std::array::from_fn(|j| 64 * j as i64 / pair);
    let offset = |j: usize| 64 * j as i64 % pair;
    let load = |lanes: [i64; 8]| {
        // SAFETY: eight words are one register.
        unsafe { _mm512_loadu_si512(lanes.as_ptr().cast()) }
    };
    let first = load(lanes);
    let second = _mm512_add_epi64(first, _mm512_set1_epi64(1));
    let third = _mm512_add_epi64(first, _mm512_set1_epi64(2));
    let down = load(std::array::from_fn(offset));
    let up = load(std::array::from_fn(|j| pair - offset(j)));
    let further = load(std::array::from_fn(|j| 2 * pair - offset(j)));
    let shift = _mm512_set1_epi64(i64::from(bits));
    let low = _mm512_set1_epi64(0xffff_ffff);
    let bytes = 2 * bits as usize;
    let written = u64::MAX >> (64 - bytes);
    let mut done = 0;
    for (chunk, out) in values
        .as_chunks::<16>()
        .0
        .iter()
        .zip(out.chunks_exact_mut(bytes))
    {
        // SAFETY: a chunk is 16 readable words.
        let x = unsafe { _mm512_loadu_si512(chunk.as_ptr().cast()) };
        let odd = _mm512_sllv_epi64(_mm512_srli_epi64::<32>(x), shift);
        let joined = _mm512_or_si512(_mm512_and_si512(x, low), odd);
        // Lane numbers are taken modulo 8. Where one wraps, its bits lie beyond the 2b bytes written: the first lanes hold 16b bits.
        let a = _mm512_srlv_epi64(_mm512_permutexvar_epi64(first, joined), down);
        let b = _mm512_sllv_epi64(_mm512_permutexvar_epi64(second, joined), up);
        let c = _mm512_sllv_epi64(_mm512_permutexvar_epi64(third, joined), further);
        let words = _mm512_or_si512(_mm512_or_si512(a, b), c);
        // SAFETY: the mask writes the 2 b bytes of `out`.
        unsafe { _mm512_mask_storeu_epi8(out.as_mut_ptr().cast(), written, words) };
        done += 16;
    }
    done
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
fn unpack_avx512(bytes: &[u8], bits: u32, values: &mut [u32]) -> usize {
    let step = 2 * bits as usize;
    let read = u64::MAX >> (64 - step);
    // Value i starts at bit i b: eight bytes from byte i b / 8 on hold it, 7 + 32 bits at most.
    let index = |from: usize| -> [u8; 64] {
        std::array::from_fn(|k| ((from + k / 8) * bits as usize / 8 + k % 8) as u8)
    };
    let shifts = |from: usize| -> [i64; 8] {
        std::array::from_fn(|i| ((from + i) * bits as usize % 8) as i64)
    };
    // SAFETY: all four tables are 64 readable bytes.
    let (first, second, down, down_second) = unsafe {
        (
            _mm512_loadu_si512(index(0).as_ptr().cast()),
            _mm512_loadu_si512(index(8).as_ptr().cast()),
            _mm512_loadu_si512(shifts(0).as_ptr().cast()),
            _mm512_loadu_si512(shifts(8).as_ptr().cast()),
        )
    };
    let mask = _mm512_set1_epi32((u32::MAX >> (32 - bits)) as i32);
    let mut done = 0;
    for (out, chunk) in values
        .as_chunks_mut::<16>()
        .0
        .iter_mut()
        .zip(bytes.chunks_exact(step))
    {
        // SAFETY: the mask reads the 2 b bytes of the chunk. Byte numbers are taken modulo 64, and bytes that wrap lie above
        // the bits of their value.
        let x = unsafe { _mm512_maskz_loadu_epi8(read, chunk.as_ptr().cast()) };
        let low = _mm512_srlv_epi64(_mm512_permutexvar_epi8(first, x), down);
        let high = _mm512_srlv_epi64(_mm512_permutexvar_epi8(second, x), down_second);
        let (low, high) = (_mm512_cvtepi64_epi32(low), _mm512_cvtepi64_epi32(high));
        let joined = _mm512_inserti64x4::<1>(_mm512_castsi256_si512(low), high);
        // SAFETY: a chunk of values is 16 writable words.
        unsafe { _mm512_storeu_si512(out.as_mut_ptr().cast(), _mm512_and_si512(joined, mask)) };
        done += 16;
    }
    done
}
