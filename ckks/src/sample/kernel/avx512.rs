//! The distributions with AVX-512.

#![expect(clippy::indexing_slicing, reason = "a table computed at compile time")]

use std::arch::x86_64::*;

/// See [`super::reject`]; whole registers of words only. Returns words read and residues kept.
///
/// `out` must be as long as `words`.
#[target_feature(enable = "avx512f")]
pub(super) fn reject(words: &[u32], mask: u32, modulus: u32, out: &mut [u32]) -> (usize, usize) {
    debug_assert!(out.len() >= words.len());
    let (chunks, _) = words.as_chunks::<16>();
    let mask = _mm512_set1_epi32(mask as i32);
    let modulus = _mm512_set1_epi32(modulus as i32);
    let mut kept = 0;
    for chunk in chunks {
        // SAFETY: a chunk is 16 readable words.
        let word = unsafe { _mm512_loadu_si512(chunk.as_ptr().cast()) };
        let word = _mm512_and_si512(word, mask);
        let good = _mm512_cmplt_epu32_mask(word, modulus);
        let packed = _mm512_maskz_compress_epi32(good, word);
        // No more words were kept than read, so 16 fit wherever 16 are left to read; the check costs nothing here.
        if let Some(slot) = out.get_mut(kept..kept + 16) {
            // SAFETY: a slot is 16 writable words.
            unsafe { _mm512_storeu_si512(slot.as_mut_ptr().cast(), packed) };
        }
        kept += good.count_ones() as usize;
    }
    (16 * chunks.len(), kept)
}

/// See [`super::ternary`]: 64 candidates a step, while 64 values fit. Returns words read and values kept.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi2")]
pub(super) fn ternary(words: &[u32], out: &mut [i8]) -> (usize, usize) {
    let (mut read, mut kept) = (0, 0);
    let pairs = _mm512_set1_epi32(0x0303_0303);
    for chunk in words.as_chunks::<4>().0 {
        let Some(slot) = out.get_mut(kept..kept + 64) else {
            break;
        };
        // SAFETY: a chunk is 16 readable bytes.
        let bytes = unsafe { _mm_loadu_si128(chunk.as_ptr().cast()) };
        // Byte x to the four bytes of its pairs of bits, lowest first.
        let x = _mm512_cvtepu8_epi32(bytes);
        let near = _mm512_or_si512(x, _mm512_slli_epi32::<6>(x));
        let far = _mm512_or_si512(_mm512_slli_epi32::<12>(x), _mm512_slli_epi32::<18>(x));
        let candidates = _mm512_and_si512(_mm512_or_si512(near, far), pairs);
        let good = _mm512_cmpneq_epi8_mask(candidates, pairs);
        let values = _mm512_sub_epi8(candidates, _mm512_set1_epi8(1));
        let packed = _mm512_maskz_compress_epi8(good, values);
        // SAFETY: a slot is 64 writable bytes.
        unsafe { _mm512_storeu_si512(slot.as_mut_ptr().cast(), packed) };
        read += 4;
        kept += good.count_ones() as usize;
    }
    (read, kept)
}

/// Where the three errors of block i of sixteen stand: byte 8 lane + error, lanes as [`binomial`] leaves them.
const ORDER: [u8; 64] = {
    let mut order = [0; 64];
    let mut i = 0;
    while i < 48 {
        let (block, error) = (i / 3, i % 3);
        // Two loads of four blocks each make one register of low and one of high halves, blocks 0 4 1 5 2 6 3 7.
        let (register, inner) = (block / 8, block % 8);
        let lane = 8 * register + 2 * (inner % 4) + inner / 4;
        order[i] = (8 * lane + error) as u8;
        i += 1;
    }
    order
};

/// See [`super::binomial`]: sixteen blocks, 48 errors, a step.
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,avx512vpopcntdq")]
pub(super) fn binomial(words: &[u32; 256], out: &mut [i8; 192]) {
    let coins = _mm512_set1_epi64(super::COINS as i64);
    // SAFETY: the table is 64 readable bytes.
    let order = unsafe { _mm512_loadu_si512(ORDER.as_ptr().cast()) };
    let eight = |blocks: &[u32; 32]| {
        let start = blocks.as_ptr();
        // SAFETY: 32 words are two registers.
        let (x, y) = unsafe {
            (
                _mm512_loadu_si512(start.cast()),
                _mm512_loadu_si512(start.add(16).cast()),
            )
        };
        let (low, high) = (_mm512_unpacklo_epi64(x, y), _mm512_unpackhi_epi64(x, y));
        let middle = _mm512_or_si512(_mm512_srli_epi64::<42>(low), _mm512_slli_epi64::<22>(high));
        let heads = |c| _mm512_popcnt_epi64(_mm512_and_si512(c, coins));
        let (first, second, third) = (
            heads(low),
            heads(middle),
            heads(_mm512_srli_epi64::<20>(high)),
        );
        let rest = _mm512_or_si512(
            _mm512_slli_epi64::<8>(second),
            _mm512_slli_epi64::<16>(third),
        );
        _mm512_or_si512(first, rest)
    };
    for (blocks, errors) in words
        .as_chunks::<64>()
        .0
        .iter()
        .zip(out.as_chunks_mut::<48>().0)
    {
        let [first, second] = blocks.as_chunks::<32>().0 else {
            continue; // 64 words are two halves
        };
        let heads = _mm512_permutex2var_epi8(eight(first), order, eight(second));
        let centred = _mm512_sub_epi8(heads, _mm512_set1_epi8(21));
        // SAFETY: the mask writes the 48 bytes of `errors`.
        unsafe { _mm512_mask_storeu_epi8(errors.as_mut_ptr(), (1 << 48) - 1, centred) };
    }
}
