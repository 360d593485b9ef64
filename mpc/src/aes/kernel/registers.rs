//! The instructions of two register widths under common names, for kernels whose one text serves both.
//!
//! [`x128`] has one block a register (AES-NI), [`x256`] two (VAES without AVX-512).

/// What both widths say alike, in terms of the names that a module gives to its instructions.
macro_rules! register_operations {
    ($features:literal) => {
        /// Registers of sixteen blocks.
        pub(crate) const REGISTERS: usize = LANES / BLOCKS;

        /// Register `z` of sixteen blocks.
        #[target_feature(enable = $features)]
        #[inline]
        pub(crate) fn load(blocks: &[Block; LANES], z: usize) -> Vector {
            let from = &blocks[BLOCKS * z..][..BLOCKS];
            // SAFETY: the slice has a register's blocks.
            unsafe { load_unaligned(from.as_ptr().cast()) }
        }

        /// Sets register `z` of sixteen blocks.
        #[target_feature(enable = $features)]
        #[inline]
        pub(crate) fn store(blocks: &mut [Block; LANES], z: usize, x: Vector) {
            let to = &mut blocks[BLOCKS * z..][..BLOCKS];
            // SAFETY: the slice has a register's blocks.
            unsafe { store_unaligned(to.as_mut_ptr().cast(), x) }
        }

        /// The blocks of a register.
        #[target_feature(enable = $features)]
        #[inline]
        pub(crate) fn blocks(x: Vector) -> [Block; BLOCKS] {
            let mut to = [Block::ZERO; BLOCKS];
            // SAFETY: the array has a register's blocks.
            unsafe { store_unaligned(to.as_mut_ptr().cast(), x) }
            to
        }

        /// Register `z` of sixteen blocks of bytes.
        #[target_feature(enable = $features)]
        #[inline]
        pub(crate) fn load_bytes(bytes: &[[u8; 16]], z: usize) -> Vector {
            let from = &bytes[BLOCKS * z..][..BLOCKS];
            // SAFETY: the slice has a register's bytes.
            unsafe { load_unaligned(from.as_ptr().cast()) }
        }

        /// Sets register `z` of sixteen blocks of bytes.
        #[target_feature(enable = $features)]
        #[inline]
        pub(crate) fn store_bytes(bytes: &mut [[u8; 16]], z: usize, x: Vector) {
            let to = &mut bytes[BLOCKS * z..][..BLOCKS];
            // SAFETY: the slice has a register's bytes.
            unsafe { store_unaligned(to.as_mut_ptr().cast(), x) }
        }

        /// `s(L || R) = (L xor R) || L` in every block.
        #[target_feature(enable = $features)]
        #[inline]
        pub(crate) fn orthomorphism(x: Vector) -> Vector {
            xor(shuffle32::<0b01_00_11_10>(x), high_half(x))
        }

        /// All ones in the blocks whose low bit is set.
        #[target_feature(enable = $features)]
        #[inline]
        pub(crate) fn low_bits(x: Vector) -> Vector {
            sub32(zero(), shuffle32::<0>(and(x, low_words(1, 0))))
        }
    };
}

/// One block a register.
pub(crate) mod x128 {
    #![expect(clippy::indexing_slicing, reason = "registers below REGISTERS")]

    pub(crate) use core::arch::x86_64::{
        __m128i as Vector, _mm_aesenc_si128 as round, _mm_aesenclast_si128 as last_round,
        _mm_and_si128 as and, _mm_bslli_si128 as shift_bytes, _mm_set1_epi32 as set32,
        _mm_setzero_si128 as zero, _mm_shuffle_epi8 as shuffle8, _mm_shuffle_epi32 as shuffle32,
        _mm_sub_epi32 as sub32, _mm_unpackhi_epi32 as high32, _mm_unpackhi_epi64 as high64,
        _mm_unpacklo_epi32 as low32, _mm_unpacklo_epi64 as low64, _mm_xor_si128 as xor,
    };
    use core::arch::x86_64::{_mm_blend_epi32, _mm_loadu_si128, _mm_set_epi64x, _mm_storeu_si128};
    use {_mm_loadu_si128 as load_unaligned, _mm_storeu_si128 as store_unaligned};

    use crate::{aes::LANES, block::Block};

    /// Blocks of a register.
    pub(crate) const BLOCKS: usize = 1;

    /// The block in every lane.
    #[target_feature(enable = "avx2,aes,sse4.1")]
    #[inline]
    pub(crate) fn broadcast(block: &Block) -> Vector {
        // SAFETY: a block is sixteen readable bytes.
        unsafe { _mm_loadu_si128(core::ptr::from_ref(block).cast()) }
    }

    /// `first`, `first + step`, … in the low words of the lanes.
    #[target_feature(enable = "avx2,aes,sse4.1")]
    #[inline]
    pub(crate) fn low_words(first: u64, _step: u64) -> Vector {
        _mm_set_epi64x(0, first as i64)
    }

    #[target_feature(enable = "avx2,aes,sse4.1")]
    #[inline]
    fn high_half(x: Vector) -> Vector {
        _mm_blend_epi32::<0b1100>(zero(), x)
    }

    /// Sets the words from `at` on: `x` has word `i` of register `j` of four in place `4 i + j` of each lane.
    #[target_feature(enable = "avx2,aes,sse4.1")]
    #[inline]
    pub(crate) fn store_words(words: &mut [u32; LANES], at: usize, x: Vector) {
        let to = &mut words[at..][..4];
        // SAFETY: four words are sixteen writable bytes.
        unsafe { _mm_storeu_si128(to.as_mut_ptr().cast(), x) }
    }

    register_operations!("avx2,aes,sse4.1");
}

/// Two blocks a register.
pub(crate) mod x256 {
    #![expect(clippy::indexing_slicing, reason = "registers below REGISTERS")]

    pub(crate) use core::arch::x86_64::{
        __m256i as Vector, _mm256_aesenc_epi128 as round, _mm256_aesenclast_epi128 as last_round,
        _mm256_and_si256 as and, _mm256_bslli_epi128 as shift_bytes, _mm256_set1_epi32 as set32,
        _mm256_setzero_si256 as zero, _mm256_shuffle_epi8 as shuffle8,
        _mm256_shuffle_epi32 as shuffle32, _mm256_sub_epi32 as sub32,
        _mm256_unpackhi_epi32 as high32, _mm256_unpackhi_epi64 as high64,
        _mm256_unpacklo_epi32 as low32, _mm256_unpacklo_epi64 as low64, _mm256_xor_si256 as xor,
    };
    use core::arch::x86_64::{
        _mm_loadu_si128, _mm256_blend_epi32, _mm256_broadcastsi128_si256, _mm256_loadu_si256,
        _mm256_permutevar8x32_epi32, _mm256_set_epi32, _mm256_set_epi64x, _mm256_storeu_si256,
    };
    use {_mm256_loadu_si256 as load_unaligned, _mm256_storeu_si256 as store_unaligned};

    use crate::{aes::LANES, block::Block};

    /// Blocks of a register.
    pub(crate) const BLOCKS: usize = 2;

    /// The block in every lane.
    #[target_feature(enable = "avx2,vaes,aes,sse4.1")]
    #[inline]
    pub(crate) fn broadcast(block: &Block) -> Vector {
        // SAFETY: a block is sixteen readable bytes.
        _mm256_broadcastsi128_si256(unsafe { _mm_loadu_si128(core::ptr::from_ref(block).cast()) })
    }

    /// `first`, `first + step`, … in the low words of the lanes.
    #[target_feature(enable = "avx2,vaes,aes,sse4.1")]
    #[inline]
    pub(crate) fn low_words(first: u64, step: u64) -> Vector {
        _mm256_set_epi64x(0, first.wrapping_add(step) as i64, 0, first as i64)
    }

    #[target_feature(enable = "avx2,vaes,aes,sse4.1")]
    #[inline]
    fn high_half(x: Vector) -> Vector {
        _mm256_blend_epi32::<0b1100_1100>(zero(), x)
    }

    /// Sets the words from `at` on: `x` has word `i` of register `j` of four in place `4 i + j`.
    #[target_feature(enable = "avx2,vaes,aes,sse4.1")]
    #[inline]
    pub(crate) fn store_words(words: &mut [u32; LANES], at: usize, x: Vector) {
        let to = &mut words[at..][..8];
        let order = _mm256_set_epi32(7, 3, 6, 2, 5, 1, 4, 0);
        // SAFETY: eight words are thirty-two writable bytes.
        unsafe {
            _mm256_storeu_si256(
                to.as_mut_ptr().cast(),
                _mm256_permutevar8x32_epi32(x, order),
            )
        }
    }

    register_operations!("avx2,vaes,aes,sse4.1");
}
