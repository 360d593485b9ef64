//! AES on 128-bit registers (AES-NI), eight in flight.
#![expect(
    clippy::indexing_slicing,
    reason = "fixed-size arrays of registers indexed by constant loop bounds"
)]

use super::super::RoundKeys;
use super::RCON;
use super::narrow::aes128;
use crate::block::Block;
use core::arch::x86_64::*;

const ABREAST: usize = 8;

#[target_feature(enable = "sse2")]
#[inline]
pub(crate) fn load(b: &Block) -> __m128i {
    // SAFETY: a block is sixteen readable bytes.
    unsafe { _mm_loadu_si128(core::ptr::from_ref(b).cast()) }
}

#[target_feature(enable = "sse2")]
#[inline]
pub(crate) fn store(b: &mut Block, x: __m128i) {
    // SAFETY: a block is sixteen writable bytes.
    unsafe { _mm_storeu_si128(core::ptr::from_mut(b).cast(), x) }
}

/// Schedules one key; `SubWord` by the last-round instruction on equal columns.
#[target_feature(enable = "avx2,aes,sse4.1")]
#[inline]
pub(crate) fn expand_one(key: Block, out: &mut RoundKeys) {
    let rotate = _mm_set1_epi32(0x0c0f_0e0d);
    let mut x = load(&key);
    store(&mut out.0[0], x);
    for round in 1..=RCON.len() {
        let rcon = _mm_set1_epi32(RCON[round - 1] as i32);
        let sub = _mm_aesenclast_si128(_mm_shuffle_epi8(x, rotate), rcon);
        x = _mm_xor_si128(x, _mm_slli_si128::<4>(x));
        x = _mm_xor_si128(x, _mm_slli_si128::<8>(x));
        x = _mm_xor_si128(x, sub);
        store(&mut out.0[round], x);
    }
}

#[target_feature(enable = "avx2,aes,sse4.1")]
pub(super) fn expand(keys: &[Block], out: &mut [RoundKeys]) {
    for (key, schedule) in keys.iter().zip(out) {
        expand_one(*key, schedule);
    }
}

/// Enciphers all blocks under one key, in place.
#[target_feature(enable = "avx2,aes,sse4.1")]
#[inline]
pub(super) fn encrypt(keys: &RoundKeys, blocks: &mut [Block]) {
    for chunk in blocks.chunks_mut(ABREAST) {
        let mut state = [_mm_setzero_si128(); ABREAST];
        for (s, b) in state.iter_mut().zip(chunk.iter()) {
            *s = load(b);
        }
        aes128::encrypt(keys, &mut state);
        for (s, b) in state.iter().zip(chunk.iter_mut()) {
            store(b, *s);
        }
    }
}

#[target_feature(enable = "avx2,aes,sse4.1")]
pub(super) fn ctr(keys: &RoundKeys, start: u64, out: &mut [Block]) {
    for (i, block) in out.iter_mut().enumerate() {
        *block = Block([start.wrapping_add(i as u64), 0]);
    }
    encrypt(keys, out);
}
