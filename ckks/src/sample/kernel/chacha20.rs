//! ChaCha20 with AVX-512: sixteen blocks, one a lane, one register a state word; transposed at the end.

use std::arch::x86_64::*;

/// Lane by lane: the 4 x 4 blocks of 128 bits of four registers, transposed.
#[inline]
#[target_feature(enable = "avx512f")]
fn transpose_lanes(r: [__m512i; 4]) -> [__m512i; 4] {
    let low = (
        _mm512_shuffle_i32x4::<0x44>(r[0], r[1]),
        _mm512_shuffle_i32x4::<0x44>(r[2], r[3]),
    );
    let high = (
        _mm512_shuffle_i32x4::<0xee>(r[0], r[1]),
        _mm512_shuffle_i32x4::<0xee>(r[2], r[3]),
    );
    [
        _mm512_shuffle_i32x4::<0x88>(low.0, low.1),
        _mm512_shuffle_i32x4::<0xdd>(low.0, low.1),
        _mm512_shuffle_i32x4::<0x88>(high.0, high.1),
        _mm512_shuffle_i32x4::<0xdd>(high.0, high.1),
    ]
}

/// Four words of sixteen blocks: register k of the result holds, in its 128-bit lane L, those words of block 4 L + k.
#[inline]
#[target_feature(enable = "avx512f")]
fn transpose_words(r: [__m512i; 4]) -> [__m512i; 4] {
    let (a, b) = (
        _mm512_unpacklo_epi32(r[0], r[1]),
        _mm512_unpackhi_epi32(r[0], r[1]),
    );
    let (c, d) = (
        _mm512_unpacklo_epi32(r[2], r[3]),
        _mm512_unpackhi_epi32(r[2], r[3]),
    );
    [
        _mm512_unpacklo_epi64(a, c),
        _mm512_unpackhi_epi64(a, c),
        _mm512_unpacklo_epi64(b, d),
        _mm512_unpackhi_epi64(b, d),
    ]
}

macro_rules! quarter_rounds {
    ($v:ident: $(($a:literal $b:literal $c:literal $d:literal))*) => {
        $($v[$a] = _mm512_add_epi32($v[$a], $v[$b]);)*
        $($v[$d] = _mm512_rol_epi32::<16>(_mm512_xor_si512($v[$d], $v[$a]));)*
        $($v[$c] = _mm512_add_epi32($v[$c], $v[$d]);)*
        $($v[$b] = _mm512_rol_epi32::<12>(_mm512_xor_si512($v[$b], $v[$c]));)*
        $($v[$a] = _mm512_add_epi32($v[$a], $v[$b]);)*
        $($v[$d] = _mm512_rol_epi32::<8>(_mm512_xor_si512($v[$d], $v[$a]));)*
        $($v[$c] = _mm512_add_epi32($v[$c], $v[$d]);)*
        $($v[$b] = _mm512_rol_epi32::<7>(_mm512_xor_si512($v[$b], $v[$c]));)*
    };
}

/// The blocks of counters n to n + 15, n being the state's.
#[target_feature(enable = "avx512f")]
pub(super) fn blocks(state: &[u32; 16], out: &mut [u32; 256]) {
    let mut start = state.map(|word| _mm512_set1_epi32(word as i32));
    let lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    let first = start[12];
    start[12] = _mm512_add_epi32(first, lanes);
    let carried = _mm512_cmplt_epu32_mask(start[12], first);
    start[13] = _mm512_mask_add_epi32(start[13], carried, start[13], _mm512_set1_epi32(1));
    let mut v = start;
    for _ in 0..10 {
        quarter_rounds!(v: (0 4 8 12) (1 5 9 13) (2 6 10 14) (3 7 11 15));
        quarter_rounds!(v: (0 5 10 15) (1 6 11 12) (2 7 8 13) (3 4 9 14));
    }
    for (word, start) in v.iter_mut().zip(start) {
        *word = _mm512_add_epi32(*word, start);
    }
    let [
        v0,
        v1,
        v2,
        v3,
        v4,
        v5,
        v6,
        v7,
        v8,
        v9,
        va,
        vb,
        vc,
        vd,
        ve,
        vf,
    ] = v;
    let w0 = transpose_words([v0, v1, v2, v3]);
    let w1 = transpose_words([v4, v5, v6, v7]);
    let w2 = transpose_words([v8, v9, va, vb]);
    let w3 = transpose_words([vc, vd, ve, vf]);
    let (rows, _) = out.as_chunks_mut::<16>();
    for (k, (((a, b), c), d)) in w0.into_iter().zip(w1).zip(w2).zip(w3).enumerate() {
        let quad = transpose_lanes([a, b, c, d]);
        for (row, block) in rows.iter_mut().skip(k).step_by(4).zip(quad) {
            // SAFETY: a row is 16 writable words, one register.
            unsafe { _mm512_storeu_si512(row.as_mut_ptr().cast(), block) };
        }
    }
}
