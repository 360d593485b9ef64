//! 128-bit registers: eight parents in flight under AES-NI.
#![expect(
    clippy::indexing_slicing,
    reason = "the safe wrappers check the lengths; levels and places lie within them"
)]

use super::{CLEAR_LSB, ROW_BLOCKS, ROW_WEIGHT, ROWS, trees};
use crate::{
    aes::{
        RoundKeys,
        aesni::{expand_one, load, store},
        narrow::aes128::encrypt,
        registers::x128::orthomorphism,
    },
    block::Block,
};
use core::arch::x86_64::*;

const ABREAST: usize = 8;

#[target_feature(enable = "avx2,aes,sse4.1")]
#[inline]
pub(super) fn schedule(key: Block) -> RoundKeys {
    let mut keys = RoundKeys::ZERO;
    expand_one(key, &mut keys);
    keys
}

/// Expands `Z` parents; their left children's sum.
#[target_feature(enable = "avx2,aes,sse4.1")]
#[inline]
fn expand_few<const Z: usize>(
    keys: &RoundKeys,
    parents: &mut [Block],
    right: &mut [Block],
) -> __m128i {
    let (mut state, mut inputs) = ([_mm_setzero_si128(); Z], [_mm_setzero_si128(); Z]);
    for ((s, x), parent) in state.iter_mut().zip(&mut inputs).zip(parents.iter()) {
        *x = orthomorphism(load(parent));
        *s = *x;
    }
    encrypt(keys, &mut state);
    let mut sum = _mm_setzero_si128();
    for (((s, x), parent), right) in state.iter().zip(&inputs).zip(parents).zip(right) {
        let left = _mm_xor_si128(*s, *x);
        store(right, _mm_xor_si128(left, load(parent)));
        store(parent, left);
        sum = _mm_xor_si128(sum, left);
    }
    sum
}

/// Expands the `width` nodes (a power of two) at the front of `nodes` to twice as many; the sum of the left children.
#[target_feature(enable = "avx2,aes,sse4.1")]
#[inline]
pub(super) fn expand(keys: &RoundKeys, nodes: &mut [Block], width: usize) -> Block {
    let (parents, right) = nodes.split_at_mut(width);
    let sum = match width {
        1 => expand_few::<1>(keys, parents, right),
        2 => expand_few::<2>(keys, parents, right),
        4 => expand_few::<4>(keys, parents, right),
        _ => {
            let mut sum = _mm_setzero_si128();
            for (parents, right) in parents
                .chunks_exact_mut(ABREAST)
                .zip(right.chunks_exact_mut(ABREAST))
            {
                sum = _mm_xor_si128(sum, expand_few::<ABREAST>(keys, parents, right));
            }
            sum
        }
    };
    let mut block = Block::ZERO;
    store(&mut block, sum);
    block
}

/// Adds `value` to the node at `place`, touching all nodes.
#[target_feature(enable = "avx2,aes,sse4.1")]
#[inline]
pub(super) fn mark(nodes: &mut [Block], place: u32, value: Block) {
    let (place, value) = (_mm_set1_epi32(place as i32), load(&value));
    let mut index = _mm_setzero_si128();
    for node in nodes {
        let here = _mm_and_si128(_mm_cmpeq_epi32(index, place), value);
        store(node, _mm_xor_si128(load(node), here));
        index = _mm_add_epi32(index, _mm_set1_epi32(1));
    }
}

#[target_feature(enable = "avx2,aes,sse4.1")]
#[inline]
fn clear_lsb(nodes: &mut [Block]) {
    let mask = load(&CLEAR_LSB);
    for node in nodes {
        store(node, _mm_and_si128(load(node), mask));
    }
}

trees!(#[target_feature(enable = "avx2,aes,sse4.1")]);

/// See [`super::encode`].
#[target_feature(enable = "avx2,aes,sse4.1")]
pub(super) fn encode(matrix: &RoundKeys, start: u64, base: &[Block], out: &mut [Block]) {
    let size = _mm256_set1_epi64x(base.len() as i64);
    for (i, out) in out.chunks_exact_mut(ROWS).enumerate() {
        let first = start.wrapping_add((i * ROW_BLOCKS) as u64);
        let mut places = Places([0; ROWS * ROW_WEIGHT]);
        for (j, eight) in places.0.chunks_exact_mut(32).enumerate() {
            let mut state = [_mm_setzero_si128(); ABREAST];
            for (z, s) in state.iter_mut().enumerate() {
                let counter = first.wrapping_add((ABREAST * j + z) as u64);
                *s = _mm_set_epi64x(0, counter as i64);
            }
            encrypt(matrix, &mut state);
            for (pair, to) in state.chunks_exact(2).zip(eight.chunks_exact_mut(8)) {
                let words = _mm256_set_m128i(pair[1], pair[0]);
                let even = _mm256_srli_epi64::<32>(_mm256_mul_epu32(words, size));
                let odd = _mm256_mul_epu32(_mm256_srli_epi64::<32>(words), size);
                let scaled = _mm256_blend_epi32::<0b1010_1010>(even, odd);
                // SAFETY: `to` has eight words of four writable bytes.
                unsafe { _mm256_storeu_si256(to.as_mut_ptr().cast(), scaled) };
            }
        }
        // SAFETY: every place is floor(w |base| / 2^32) < |base| for a w below 2^32.
        unsafe { add_rows(&places, base, out) };
    }
}

/// Places in the base table, [`ROW_WEIGHT`] a row.
#[repr(align(64))]
pub(super) struct Places(pub(super) [u32; ROWS * ROW_WEIGHT]);

/// Adds to each row the entries at its places.
///
/// # Safety
/// Every place is below `base.len()`.
#[target_feature(enable = "avx2")]
#[inline]
pub(super) unsafe fn add_rows(places: &Places, base: &[Block], out: &mut [Block]) {
    let table = base.as_ptr();
    let entry = |place: u32| {
        // SAFETY: the caller's promise; a block is sixteen readable bytes.
        unsafe { _mm_loadu_si128(table.add(place as usize).cast()) }
    };
    for (row, places) in out.iter_mut().zip(places.0.as_chunks::<ROW_WEIGHT>().0) {
        let [a, b, c, d, e, f, g, h, i, j] = *places;
        let ab = _mm_xor_si128(entry(a), entry(b));
        let cd = _mm_xor_si128(entry(c), entry(d));
        let ef = _mm_xor_si128(entry(e), entry(f));
        let gh = _mm_xor_si128(entry(g), entry(h));
        let ij = _mm_xor_si128(entry(i), entry(j));
        let left = _mm_xor_si128(ab, cd);
        let right = _mm_xor_si128(_mm_xor_si128(ef, gh), ij);
        store(row, _mm_xor_si128(load(row), _mm_xor_si128(left, right)));
    }
}
