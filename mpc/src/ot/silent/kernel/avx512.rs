//! 512-bit registers: four blocks each, eight in flight.
#![expect(
    clippy::indexing_slicing,
    reason = "the safe wrappers check the lengths; levels and places lie within them"
)]

use super::{
    CLEAR_LSB, ROW_BLOCKS, ROW_WEIGHT, ROWS,
    avx2::{self, Places, add_rows, schedule},
    trees,
};
use crate::{
    aes::{
        RoundKeys,
        vaes512::{broadcast, encrypt},
    },
    block::Block,
};
use core::arch::x86_64::*;

/// Blocks of a register.
const LANES: usize = 4;

#[target_feature(enable = "avx512f")]
#[inline]
fn load(blocks: &[Block; LANES]) -> __m512i {
    // SAFETY: four blocks are 64 readable bytes.
    unsafe { _mm512_loadu_si512(blocks.as_ptr().cast()) }
}

#[target_feature(enable = "avx512f")]
#[inline]
fn store(blocks: &mut [Block; LANES], x: __m512i) {
    // SAFETY: four blocks are 64 writable bytes.
    unsafe { _mm512_storeu_si512(blocks.as_mut_ptr().cast(), x) }
}

/// The orthomorphism of the hash, in each lane.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq")]
#[inline]
fn orthomorphism(x: __m512i) -> __m512i {
    let swapped = _mm512_shuffle_epi32::<0x4e>(x);
    _mm512_mask_xor_epi64(swapped, 0b1010_1010, swapped, x)
}

/// Expands `4 Z` parents; their left children, summed lane by lane.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,vaes,avx2,aes,sse4.1")]
#[inline]
fn expand_few<const Z: usize>(
    keys: &RoundKeys,
    parents: &mut [[Block; LANES]],
    right: &mut [[Block; LANES]],
) -> __m512i {
    let (mut state, mut inputs) = ([_mm512_setzero_si512(); Z], [_mm512_setzero_si512(); Z]);
    for ((s, x), parents) in state.iter_mut().zip(&mut inputs).zip(parents.iter()) {
        *x = orthomorphism(load(parents));
        *s = *x;
    }
    encrypt(keys, &mut state);
    let mut sum = _mm512_setzero_si512();
    for (((s, x), parents), right) in state.iter().zip(&inputs).zip(parents).zip(right) {
        let left = _mm512_xor_si512(*s, *x);
        store(right, _mm512_xor_si512(left, load(parents)));
        store(parents, left);
        sum = _mm512_xor_si512(sum, left);
    }
    sum
}

/// Expands the `width` nodes (a power of two) at the front of `nodes` to twice as many; the sum of the left children.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,vaes,avx2,aes,sse4.1")]
#[inline]
fn expand(keys: &RoundKeys, nodes: &mut [Block], width: usize) -> Block {
    if width < LANES {
        return avx2::expand(keys, nodes, width);
    }
    let (parents, right) = nodes.split_at_mut(width);
    let (parents, right) = (
        parents.as_chunks_mut::<LANES>().0,
        right.as_chunks_mut::<LANES>().0,
    );
    let sum = match parents.len() {
        1 => expand_few::<1>(keys, parents, right),
        2 => expand_few::<2>(keys, parents, right),
        4 => expand_few::<4>(keys, parents, right),
        _ => {
            let mut sum = _mm512_setzero_si512();
            for (parents, right) in parents.chunks_exact_mut(8).zip(right.chunks_exact_mut(8)) {
                sum = _mm512_xor_si512(sum, expand_few::<8>(keys, parents, right));
            }
            sum
        }
    };
    let mut lanes = [Block::ZERO; LANES];
    store(&mut lanes, sum);
    let [a, b, c, d] = lanes;
    a ^ b ^ c ^ d
}

/// Adds `value` to the node at `place`, touching all nodes.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,vaes,avx2,aes,sse4.1")]
#[inline]
fn mark(nodes: &mut [Block], place: u32, value: Block) {
    if nodes.len() < LANES {
        return avx2::mark(nodes, place, value);
    }
    let (place, value) = (_mm512_set1_epi64(i64::from(place)), broadcast(value));
    let mut index = _mm512_set_epi64(3, 3, 2, 2, 1, 1, 0, 0);
    for nodes in nodes.as_chunks_mut::<LANES>().0 {
        let here = _mm512_cmpeq_epi64_mask(index, place);
        let x = load(nodes);
        store(nodes, _mm512_mask_xor_epi64(x, here, x, value));
        index = _mm512_add_epi64(index, _mm512_set1_epi64(LANES as i64));
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,vaes,avx2,aes,sse4.1")]
#[inline]
fn clear_lsb(nodes: &mut [Block]) {
    let mask = broadcast(CLEAR_LSB);
    for nodes in nodes.as_chunks_mut::<LANES>().0 {
        let x = load(nodes);
        store(nodes, _mm512_and_si512(x, mask));
    }
}

trees!(#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,vaes,avx2,aes,sse4.1")]);

/// See [`super::encode`].
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,vaes,avx2,aes,sse4.1")]
pub(super) fn encode(matrix: &RoundKeys, start: u64, base: &[Block], out: &mut [Block]) {
    const REGISTERS: usize = ROW_BLOCKS / LANES;
    const ABREAST: usize = 10;
    const { assert!(REGISTERS.is_multiple_of(ABREAST)) };
    let size = _mm512_set1_epi64(base.len() as i64);
    let step = _mm512_maskz_set1_epi64(0b0101_0101, LANES as i64);
    let mut counter = _mm512_add_epi64(
        _mm512_maskz_set1_epi64(0b0101_0101, start as i64),
        _mm512_set_epi64(0, 3, 0, 2, 0, 1, 0, 0),
    );
    for out in out.chunks_exact_mut(ROWS) {
        let mut places = Places([0; ROWS * ROW_WEIGHT]);
        for places in places.0.chunks_exact_mut(16 * ABREAST) {
            let mut state = [_mm512_setzero_si512(); ABREAST];
            for s in &mut state {
                *s = counter;
                counter = _mm512_add_epi64(counter, step);
            }
            encrypt(matrix, &mut state);
            for (words, to) in state.iter().zip(places.chunks_exact_mut(16)) {
                let even = _mm512_srli_epi64::<32>(_mm512_mul_epu32(*words, size));
                let odd = _mm512_mul_epu32(_mm512_srli_epi64::<32>(*words), size);
                let scaled = _mm512_mask_blend_epi32(0xaaaa, even, odd);
                // SAFETY: `to` has sixteen words of four writable bytes.
                unsafe { _mm512_storeu_si512(to.as_mut_ptr().cast(), scaled) };
            }
        }
        // SAFETY: every place is floor(w |base| / 2^32) < |base| for a w below 2^32.
        unsafe { add_rows(&places, base, out) };
    }
}
