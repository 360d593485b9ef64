//! The label hash in one pass on 512-bit registers: orthomorphism, tweak, AES, feed-forward, and the cut into 32-bit limbs.
//!
//! AES keeps one port busy; shuffles and stores go to others, so that the passes around the cipher cost next to nothing.
//! Sixteen registers are in flight: four groups, or two groups and their strings shifted by an offset, which share a key schedule.
#![expect(
    clippy::indexing_slicing,
    reason = "fixed-size arrays of registers indexed by constant loop bounds; outputs are checked to be as long as the input"
)]

use super::super::{LANES, Limbs};
use super::{RCON, vaes512::broadcast};
use crate::block::Block;
use core::arch::x86_64::*;

/// Groups whose keys are scheduled abreast.
const KEYS_ABREAST: usize = 16;

/// Round keys of sixteen groups, round by round.
#[repr(C, align(64))]
struct Schedules([[Block; KEYS_ABREAST]; 11]);

/// For the sixteen keys `base ^ first`, `base ^ (first + 1)`, ….
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,vaes")]
#[inline]
fn expand(base: __m512i, first: u64, out: &mut Schedules) {
    let mut state = [_mm512_setzero_si512(); 4];
    for (z, s) in state.iter_mut().enumerate() {
        let first = first.wrapping_add(4 * z as u64);
        let counter = _mm512_add_epi64(
            _mm512_maskz_set1_epi64(0b0101_0101, first as i64),
            _mm512_set_epi64(0, 3, 0, 2, 0, 1, 0, 0),
        );
        *s = _mm512_xor_si512(base, counter);
    }
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
        for (four, s) in out.0[round].as_chunks_mut::<4>().0.iter_mut().zip(state) {
            // SAFETY: four blocks are sixty-four writable bytes.
            unsafe { _mm512_storeu_si512(four.as_mut_ptr().cast(), s) }
        }
    }
}

/// `s(L || R) = (L xor R) || L` in every lane.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,vaes")]
#[inline]
fn orthomorphism(x: __m512i) -> __m512i {
    let swapped = _mm512_shuffle_epi32::<0x4e>(x);
    _mm512_mask_xor_epi64(swapped, 0b1010_1010, swapped, x)
}

/// Sixteen blocks as four vectors of their limbs.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,vaes")]
#[inline]
fn store_limbs([a, b, c, d]: [__m512i; 4], to: &mut Limbs) {
    let (ab, cd) = (_mm512_unpacklo_epi32(a, b), _mm512_unpacklo_epi32(c, d));
    let (ab_high, cd_high) = (_mm512_unpackhi_epi32(a, b), _mm512_unpackhi_epi32(c, d));
    let limbs = [
        _mm512_unpacklo_epi64(ab, cd),
        _mm512_unpackhi_epi64(ab, cd),
        _mm512_unpacklo_epi64(ab_high, cd_high),
        _mm512_unpackhi_epi64(ab_high, cd_high),
    ];
    // Position 4 i + z holds block 4 z + i.
    let order = _mm512_set_epi32(15, 11, 7, 3, 14, 10, 6, 2, 13, 9, 5, 1, 12, 8, 4, 0);
    for (to, limb) in to.0.iter_mut().zip(limbs) {
        let limb = _mm512_permutexvar_epi32(order, limb);
        // SAFETY: sixteen words are sixty-four writable bytes.
        unsafe { _mm512_storeu_si512(to.as_mut_ptr().cast(), limb) }
    }
}

/// `G` groups from `at` on, under the keys from `key` on: for each offset (already under the orthomorphism) the hashes of
/// the strings shifted by it.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,vaes")]
#[inline]
fn hash_groups<const G: usize, const P: usize>(
    (keys, key): (&Schedules, usize),
    offsets: &[__m512i; P],
    (strings, at): (&[[Block; LANES]], usize),
    outs: &mut [&mut [Limbs]; P],
) {
    let mut input = [[[_mm512_setzero_si512(); 4]; P]; G];
    let mut state = input;
    for g in 0..G {
        let k = broadcast(keys.0[0][key + g]);
        for z in 0..4 {
            let j = 4 * z as i64;
            let tweak = _mm512_set_epi64(0, j + 3, 0, j + 2, 0, j + 1, 0, j);
            let four = &strings[at + g][4 * z..][..4];
            // SAFETY: four blocks are sixty-four readable bytes.
            let x = unsafe { _mm512_loadu_si512(four.as_ptr().cast()) };
            let x = _mm512_xor_si512(orthomorphism(x), tweak);
            for p in 0..P {
                input[g][p][z] = _mm512_xor_si512(x, offsets[p]);
                state[g][p][z] = _mm512_xor_si512(input[g][p][z], k);
            }
        }
    }
    for round in 1..10 {
        for (g, state) in state.iter_mut().enumerate() {
            let k = broadcast(keys.0[round][key + g]);
            for s in state.as_flattened_mut() {
                *s = _mm512_aesenc_epi128(*s, k);
            }
        }
    }
    for g in 0..G {
        let k = broadcast(keys.0[10][key + g]);
        for p in 0..P {
            for z in 0..4 {
                let fed = _mm512_xor_si512(k, input[g][p][z]);
                state[g][p][z] = _mm512_aesenclast_epi128(state[g][p][z], fed);
            }
            store_limbs(state[g][p], &mut outs[p][at + g]);
        }
    }
}

/// See [`super::hash_groups`]. `G` groups abreast, `P` offsets.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,vaes")]
fn hash_all<const G: usize, const P: usize>(
    (base, first): (Block, u64),
    offsets: [Block; P],
    strings: &[[Block; LANES]],
    mut outs: [&mut [Limbs]; P],
) {
    assert!(
        outs.iter().all(|out| out.len() == strings.len()),
        "as many hashes as strings"
    );
    let base = broadcast(base);
    let offsets = offsets.map(|x| orthomorphism(broadcast(x)));
    let mut keys = Schedules([[Block::ZERO; KEYS_ABREAST]; 11]);
    for start in (0..strings.len()).step_by(KEYS_ABREAST) {
        expand(base, first.wrapping_add(start as u64), &mut keys);
        let count = KEYS_ABREAST.min(strings.len() - start);
        let whole = count - count % G;
        for key in (0..whole).step_by(G) {
            hash_groups::<G, P>((&keys, key), &offsets, (strings, start + key), &mut outs);
        }
        for key in whole..count {
            hash_groups::<1, P>((&keys, key), &offsets, (strings, start + key), &mut outs);
        }
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,vaes")]
pub(super) fn hash(base: Block, first: u64, strings: &[[Block; LANES]], out: &mut [Limbs]) {
    hash_all::<4, 1>((base, first), [Block::ZERO], strings, [out]);
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,vaes")]
pub(super) fn hash_pairs(
    base: Block,
    first: u64,
    delta: Block,
    strings: &[[Block; LANES]],
    [zero, one]: [&mut [Limbs]; 2],
) {
    hash_all::<2, 2>((base, first), [Block::ZERO, delta], strings, [zero, one]);
}
