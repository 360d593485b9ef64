//! Bit transposition by byte interleaving and 8 by 8 squares.
//!
//! A tile is 128 rows by one register of columns. First, eight rows at a time: interleaving bytes, pairs and quadruples
//! puts the eight bytes of one byte column into each 64-bit word, and the word's 8 by 8 bits are transposed in place
//! (one GFNI instruction, or three masked swaps). Then byte g of a column comes from row group g: interleaving sixteen
//! registers, four steps, gathers the sixteen bytes of each column into a 128-bit lane. Lanes are exchanged at the end
//! so that consecutive columns are stored together.

macro_rules! interleave_kernel {
    ($features:literal) => {
        /// Eight rows of bytes; register j of the result holds, in each lane, the words of byte columns 2j and 2j + 1.
        #[target_feature(enable = $features)]
        #[inline]
        fn interleave8(r: [Vector; 8]) -> [Vector; 8] {
            let mut pairs = [[zero(); 2]; 4];
            for (i, pair) in pairs.iter_mut().enumerate() {
                *pair = [low8(r[2 * i], r[2 * i + 1]), high8(r[2 * i], r[2 * i + 1])];
            }
            let mut quads = [[zero(); 4]; 2];
            for (i, quad) in quads.iter_mut().enumerate() {
                for h in 0..2 {
                    quad[2 * h] = low16(pairs[2 * i][h], pairs[2 * i + 1][h]);
                    quad[2 * h + 1] = high16(pairs[2 * i][h], pairs[2 * i + 1][h]);
                }
            }
            let mut words = [zero(); 8];
            for h in 0..4 {
                words[2 * h] = low32(quads[0][h], quads[1][h]);
                words[2 * h + 1] = high32(quads[0][h], quads[1][h]);
            }
            words
        }

        /// Sixteen rows of bytes; register p of the result holds, in each lane, byte p of all sixteen.
        #[target_feature(enable = $features)]
        #[inline]
        fn interleave16(r: &[Vector; 16]) -> [Vector; 16] {
            let halves: [[Vector; 8]; 2] = [
                interleave8([r[0], r[1], r[2], r[3], r[4], r[5], r[6], r[7]]),
                interleave8([r[8], r[9], r[10], r[11], r[12], r[13], r[14], r[15]]),
            ];
            let mut columns = [zero(); 16];
            for h in 0..8 {
                columns[2 * h] = low64(halves[0][h], halves[1][h]);
                columns[2 * h + 1] = high64(halves[0][h], halves[1][h]);
            }
            columns
        }

        #[target_feature(enable = $features)]
        pub(in super::super) fn transpose(rows: &[Block], stride: usize, columns: &mut [Block]) {
            let width = columns.len() / 128;
            let whole = width - width % LANES;
            // Every tile overwrites all of it.
            let mut squares = [[zero(); 16]; 8];
            for w in (0..whole).step_by(LANES) {
                for group in 0..16 {
                    let mut r = [zero(); 8];
                    for (i, v) in r.iter_mut().enumerate() {
                        *v = load(&rows[(8 * group + ROW_ORDER[i]) * stride + w..][..LANES]);
                    }
                    for (j, words) in interleave8(r).into_iter().enumerate() {
                        squares[j][group] = transpose8(words);
                    }
                }
                let tile = &mut columns[128 * w..][..128 * LANES];
                for (j, groups) in squares.iter().enumerate() {
                    store_lanes(interleave16(groups), 16 * j, tile);
                }
            }
            if whole < width {
                portable::transpose(&rows[whole..], stride, &mut columns[128 * whole..]);
            }
        }
    };
}

/// Two lanes; squares by masked swaps.
pub(super) mod avx2 {
    #![expect(
        clippy::indexing_slicing,
        reason = "constant indices into arrays of registers; shapes are checked by the caller"
    )]

    use core::arch::x86_64::{
        __m256i as Vector, _mm256_and_si256, _mm256_loadu_si256, _mm256_permute2x128_si256,
        _mm256_set1_epi64x, _mm256_setzero_si256 as zero, _mm256_slli_epi64, _mm256_srli_epi64,
        _mm256_storeu_si256, _mm256_unpackhi_epi8 as high8, _mm256_unpackhi_epi16 as high16,
        _mm256_unpackhi_epi32 as high32, _mm256_unpackhi_epi64 as high64,
        _mm256_unpacklo_epi8 as low8, _mm256_unpacklo_epi16 as low16,
        _mm256_unpacklo_epi32 as low32, _mm256_unpacklo_epi64 as low64, _mm256_xor_si256,
    };

    use super::super::portable;
    use crate::block::Block;

    const LANES: usize = 2;
    const ROW_ORDER: [usize; 8] = [0, 1, 2, 3, 4, 5, 6, 7];

    #[target_feature(enable = "avx2")]
    #[inline]
    fn load(blocks: &[Block]) -> Vector {
        let blocks = &blocks[..LANES];
        // SAFETY: two blocks are thirty-two readable bytes.
        unsafe { _mm256_loadu_si256(blocks.as_ptr().cast()) }
    }

    #[target_feature(enable = "avx2")]
    #[inline]
    fn swap<const SHIFT: i32>(x: Vector, mask: u64) -> Vector {
        let t = _mm256_xor_si256(x, _mm256_srli_epi64::<SHIFT>(x));
        let t = _mm256_and_si256(t, _mm256_set1_epi64x(mask as i64));
        _mm256_xor_si256(x, _mm256_xor_si256(t, _mm256_slli_epi64::<SHIFT>(t)))
    }

    #[target_feature(enable = "avx2")]
    #[inline]
    fn transpose8(x: Vector) -> Vector {
        let x = swap::<7>(x, 0x00aa_00aa_00aa_00aa);
        let x = swap::<14>(x, 0x0000_cccc_0000_cccc);
        swap::<28>(x, 0x0000_0000_f0f0_f0f0)
    }

    /// Lane L of register p is column 128 L + `first` + p of the tile.
    #[target_feature(enable = "avx2")]
    #[inline]
    fn store_lanes(columns: [Vector; 16], first: usize, tile: &mut [Block]) {
        for (p, [a, b]) in columns.as_chunks::<2>().0.iter().enumerate() {
            let lanes = [
                _mm256_permute2x128_si256::<0x20>(*a, *b),
                _mm256_permute2x128_si256::<0x31>(*a, *b),
            ];
            for (lane, v) in lanes.into_iter().enumerate() {
                let to = &mut tile[128 * lane + first + 2 * p..][..2];
                // SAFETY: two blocks are thirty-two writable bytes.
                unsafe { _mm256_storeu_si256(to.as_mut_ptr().cast(), v) }
            }
        }
    }

    interleave_kernel!("avx2");
}

/// Four lanes; squares by GFNI.
pub(super) mod avx512 {
    #![expect(
        clippy::indexing_slicing,
        reason = "constant indices into arrays of registers; shapes are checked by the caller"
    )]

    use core::arch::x86_64::{
        __m512i as Vector, _mm512_gf2p8affine_epi64_epi8, _mm512_loadu_si512, _mm512_set1_epi64,
        _mm512_setzero_si512 as zero, _mm512_shuffle_i64x2, _mm512_storeu_si512,
        _mm512_unpackhi_epi8 as high8, _mm512_unpackhi_epi16 as high16,
        _mm512_unpackhi_epi32 as high32, _mm512_unpackhi_epi64 as high64,
        _mm512_unpacklo_epi8 as low8, _mm512_unpacklo_epi16 as low16,
        _mm512_unpacklo_epi32 as low32, _mm512_unpacklo_epi64 as low64,
    };

    use super::super::portable;
    use crate::block::Block;

    const LANES: usize = 4;
    /// `gf2p8affineqb` counts the rows of its matrix from the last byte.
    const ROW_ORDER: [usize; 8] = [7, 6, 5, 4, 3, 2, 1, 0];

    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,gfni")]
    #[inline]
    fn load(blocks: &[Block]) -> Vector {
        let blocks = &blocks[..LANES];
        // SAFETY: four blocks are sixty-four readable bytes.
        unsafe { _mm512_loadu_si512(blocks.as_ptr().cast()) }
    }

    /// The matrix in each word, times the unit vector of each byte's index: its columns.
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,gfni")]
    #[inline]
    fn transpose8(x: Vector) -> Vector {
        let units = _mm512_set1_epi64(0x8040_2010_0804_0201_u64 as i64);
        _mm512_gf2p8affine_epi64_epi8::<0>(units, x)
    }

    /// Lane L of register p is column 128 L + `first` + p of the tile.
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,gfni")]
    #[inline]
    fn store_lanes(columns: [Vector; 16], first: usize, tile: &mut [Block]) {
        for (p, [a, b, c, d]) in columns.as_chunks::<4>().0.iter().enumerate() {
            let even_ab = _mm512_shuffle_i64x2::<0x88>(*a, *b);
            let odd_ab = _mm512_shuffle_i64x2::<0xdd>(*a, *b);
            let even_cd = _mm512_shuffle_i64x2::<0x88>(*c, *d);
            let odd_cd = _mm512_shuffle_i64x2::<0xdd>(*c, *d);
            let lanes = [
                _mm512_shuffle_i64x2::<0x88>(even_ab, even_cd),
                _mm512_shuffle_i64x2::<0x88>(odd_ab, odd_cd),
                _mm512_shuffle_i64x2::<0xdd>(even_ab, even_cd),
                _mm512_shuffle_i64x2::<0xdd>(odd_ab, odd_cd),
            ];
            for (lane, v) in lanes.into_iter().enumerate() {
                let to = &mut tile[128 * lane + first + 4 * p..][..4];
                // SAFETY: four blocks are sixty-four writable bytes.
                unsafe { _mm512_storeu_si512(to.as_mut_ptr().cast(), v) }
            }
        }
    }

    interleave_kernel!("avx512f,avx512bw,avx512vl,avx512dq,gfni");
}
