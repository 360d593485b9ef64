//! AES on 512-bit registers: four blocks an instruction, sixteen registers in flight.
#![expect(
    clippy::indexing_slicing,
    reason = "fixed-size arrays of registers indexed by constant loop bounds"
)]

use super::super::{LANES, RoundKeys};
use super::{RCON, aesni};
use crate::block::Block;
use core::arch::x86_64::*;

const KEYS_ABREAST: usize = 16;

/// Key schedules, sixteen keys abreast.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,vaes,avx2,aes,sse4.1")]
pub(super) fn expand(keys: &[Block], out: &mut [RoundKeys]) {
    let mut key_chunks = keys.chunks_exact(KEYS_ABREAST);
    let mut out_chunks = out.chunks_exact_mut(KEYS_ABREAST);
    for (k, o) in key_chunks.by_ref().zip(out_chunks.by_ref()) {
        let mut state = [_mm512_setzero_si512(); 4];
        for (z, s) in state.iter_mut().enumerate() {
            // SAFETY: `k` has sixteen blocks of sixteen bytes; register z reads blocks 4z to 4z+3.
            *s = unsafe { _mm512_loadu_si512(k.as_ptr().add(4 * z).cast()) };
        }
        expand_sixteen(state, o);
    }
    aesni::expand(key_chunks.remainder(), out_chunks.into_remainder());
}

/// Schedules for the sixteen keys `base ^ first`, `base ^ (first + 1)`, ….
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,vaes,avx2,aes,sse4.1")]
#[inline]
pub(crate) fn expand_counters(base: Block, first: u64, out: &mut [RoundKeys; KEYS_ABREAST]) {
    let base = broadcast(base);
    let mut state = [_mm512_setzero_si512(); 4];
    let mut counter = _mm512_add_epi64(
        _mm512_maskz_set1_epi64(0b0101_0101, first as i64),
        _mm512_set_epi64(0, 3, 0, 2, 0, 1, 0, 0),
    );
    let step = _mm512_maskz_set1_epi64(0b0101_0101, 4);
    for s in &mut state {
        *s = _mm512_xor_si512(base, counter);
        counter = _mm512_add_epi64(counter, step);
    }
    expand_sixteen(state, out);
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,vaes,avx2,aes,sse4.1")]
#[inline]
fn expand_sixteen(mut state: [__m512i; 4], out: &mut [RoundKeys]) {
    let out = &mut out[..KEYS_ABREAST];
    // The last word, rotated by a byte, in every column: equal columns pass ShiftRows unchanged.
    let rotate = _mm512_set1_epi32(0x0c0f_0e0d);
    for round in 0..=RCON.len() {
        if round > 0 {
            let rcon = _mm512_set1_epi32(RCON[round - 1] as i32);
            for s in &mut state {
                let sub = _mm512_aesenclast_epi128(_mm512_shuffle_epi8(*s, rotate), rcon);
                let mut x = *s;
                x = _mm512_xor_si512(x, _mm512_bslli_epi128::<4>(x));
                x = _mm512_xor_si512(x, _mm512_bslli_epi128::<8>(x));
                *s = _mm512_xor_si512(x, sub);
            }
        }
        for (z, s) in state.iter().enumerate() {
            store_lane::<0>(*s, &mut out[4 * z].0[round]);
            store_lane::<1>(*s, &mut out[4 * z + 1].0[round]);
            store_lane::<2>(*s, &mut out[4 * z + 2].0[round]);
            store_lane::<3>(*s, &mut out[4 * z + 3].0[round]);
        }
    }
}

#[target_feature(enable = "avx512f")]
#[inline]
fn store_lane<const I: i32>(x: __m512i, out: &mut Block) {
    // SAFETY: a block is sixteen writable bytes.
    unsafe {
        _mm_storeu_si128(
            core::ptr::from_mut(out).cast(),
            _mm512_extracti32x4_epi32::<I>(x),
        )
    }
}

/// One block in each of the four lanes.
#[target_feature(enable = "avx512f")]
#[inline]
pub(crate) fn broadcast(b: Block) -> __m512i {
    // SAFETY: a block is sixteen readable bytes.
    let x = unsafe { _mm_loadu_si128(core::ptr::from_ref(&b).cast()) };
    _mm512_broadcast_i32x4(x)
}

/// AES on `Z` registers at once, all under one key.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,vaes")]
#[inline]
pub(crate) fn encrypt<const Z: usize>(keys: &RoundKeys, state: &mut [__m512i; Z]) {
    let k = broadcast(keys.0[0]);
    for s in state.iter_mut() {
        *s = _mm512_xor_si512(*s, k);
    }
    for round in &keys.0[1..10] {
        let k = broadcast(*round);
        for s in state.iter_mut() {
            *s = _mm512_aesenc_epi128(*s, k);
        }
    }
    let k = broadcast(keys.0[10]);
    for s in state.iter_mut() {
        *s = _mm512_aesenclast_epi128(*s, k);
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,vaes,avx2,aes,sse4.1")]
pub(super) fn ctr(keys: &RoundKeys, start: u64, out: &mut [Block]) {
    const BLOCKS: usize = 64;
    let mut counter = _mm512_add_epi64(
        _mm512_maskz_set1_epi64(0b0101_0101, start as i64),
        _mm512_set_epi64(0, 3, 0, 2, 0, 1, 0, 0),
    );
    let step = _mm512_maskz_set1_epi64(0b0101_0101, 4);
    let mut chunks = out.chunks_exact_mut(BLOCKS);
    let mut done = 0u64;
    for chunk in chunks.by_ref() {
        let mut state = [_mm512_setzero_si512(); 16];
        for s in &mut state {
            *s = counter;
            counter = _mm512_add_epi64(counter, step);
        }
        encrypt(keys, &mut state);
        for (z, s) in state.iter().enumerate() {
            // SAFETY: `chunk` has 64 blocks; register z writes blocks 4z to 4z+3.
            unsafe { _mm512_storeu_si512(chunk.as_mut_ptr().add(4 * z).cast(), *s) };
        }
        done += BLOCKS as u64;
    }
    aesni::ctr(keys, start.wrapping_add(done), chunks.into_remainder());
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,vaes,avx2,aes,sse4.1")]
pub(super) fn encrypt_groups(base: Block, first: u64, blocks: &mut [Block]) {
    let mut keys = [RoundKeys::ZERO; KEYS_ABREAST];
    for (i, part) in blocks.chunks_mut(KEYS_ABREAST * LANES).enumerate() {
        expand_counters(
            base,
            first.wrapping_add((i * KEYS_ABREAST) as u64),
            &mut keys,
        );
        // Four groups abreast, each under its own key, hide the latency of a round.
        for (keys, four) in keys.chunks_exact(4).zip(part.chunks_mut(4 * LANES)) {
            if four.len() < 4 * LANES {
                for (key, group) in keys.iter().zip(four.chunks_mut(LANES)) {
                    aesni::encrypt(key, group);
                }
                continue;
            }
            let mut state = [[_mm512_setzero_si512(); 4]; 4];
            for (g, registers) in state.iter_mut().enumerate() {
                let k = broadcast(keys[g].0[0]);
                for (z, s) in registers.iter_mut().enumerate() {
                    // SAFETY: `four` has 64 blocks; this reads blocks 16g + 4z to 16g + 4z + 3.
                    let x = unsafe { _mm512_loadu_si512(four.as_ptr().add(16 * g + 4 * z).cast()) };
                    *s = _mm512_xor_si512(x, k);
                }
            }
            for round in 1..10 {
                for (g, registers) in state.iter_mut().enumerate() {
                    let k = broadcast(keys[g].0[round]);
                    for s in registers.iter_mut() {
                        *s = _mm512_aesenc_epi128(*s, k);
                    }
                }
            }
            for (g, registers) in state.iter_mut().enumerate() {
                let k = broadcast(keys[g].0[10]);
                for (z, s) in registers.iter().enumerate() {
                    let x = _mm512_aesenclast_epi128(*s, k);
                    // SAFETY: as for the load above.
                    unsafe {
                        _mm512_storeu_si512(four.as_mut_ptr().add(16 * g + 4 * z).cast(), x);
                    }
                }
            }
        }
    }
}
