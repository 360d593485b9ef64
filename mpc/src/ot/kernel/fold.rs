//! Folding a tree's leaves, fused: the streams are summed in registers and never stored.
//!
//! Leaves come in groups of four (two if k = 1), a few counters each, so that AES has eight or sixteen independent states
//! in flight. A group is summed with weights j = 0, 1 at once; the higher weights follow a binary counter: when subtree
//! sums of equal height meet, the right one is added to that height's row and the two are merged. With 2^k leaves this
//! takes about 2 · 2^k additions, for any k.
//!
//! One text serves both register widths; each module names its width's instructions.

macro_rules! fold_kernel {
    ($features:literal) => {
        /// AES on the counters, under each of `G` keys.
        #[target_feature(enable = $features)]
        #[inline]
        fn encrypt<const G: usize>(
            keys: &[RoundKeys],
            counters: &[Vector; VECTORS],
        ) -> [[Vector; VECTORS]; G] {
            let mut states = [*counters; G];
            for (state, keys) in states.iter_mut().zip(keys) {
                let key = broadcast(&keys.0[0]);
                for s in state {
                    *s = xor(*s, key);
                }
            }
            for r in 1..10 {
                for (state, keys) in states.iter_mut().zip(keys) {
                    let key = broadcast(&keys.0[r]);
                    for s in state {
                        *s = round(*s, key);
                    }
                }
            }
            for (state, keys) in states.iter_mut().zip(keys) {
                let key = broadcast(&keys.0[10]);
                for s in state {
                    *s = last_round(*s, key);
                }
            }
            states
        }

        #[target_feature(enable = $features)]
        #[inline]
        fn add(to: &mut [Vector; VECTORS], from: &[Vector; VECTORS]) {
            for (a, b) in to.iter_mut().zip(from) {
                *a = xor(*a, *b);
            }
        }

        /// `D` is k; `G`, the leaves abreast, is 2 for k = 1, else 4.
        #[target_feature(enable = $features)]
        fn fold_groups<const G: usize, const D: usize>(
            leaves: Leaves<'_>,
            rows: &mut [Block],
            stride: usize,
            sum: &mut [Block],
        ) {
            let whole = sum.len() - sum.len() % PIECE;
            for offset in (0..whole).step_by(PIECE) {
                let counters = counters(leaves.start.wrapping_add(offset as u64));
                let zero = [zero(); VECTORS];
                let mut weighted = [zero; D];
                // One subtree sum a height below the root's.
                let mut partial = [zero; D];
                let mut root = zero;
                for (index, keys) in leaves.keys.chunks_exact(G).enumerate() {
                    let mut streams = encrypt::<G>(keys, &counters);
                    if leaves.punctured && index == 0 {
                        streams[0] = zero;
                    }
                    let mut height = 1;
                    let mut carry = streams[0];
                    add(&mut carry, &streams[1]);
                    add(&mut weighted[0], &streams[1]);
                    if G == 4 {
                        let mut right = streams[2];
                        add(&mut right, &streams[3]);
                        add(&mut weighted[0], &streams[3]);
                        add(&mut weighted[1], &right);
                        add(&mut carry, &right);
                        height = 2;
                    }
                    for _ in 0..index.trailing_ones() {
                        add(&mut weighted[height], &carry);
                        add(&mut carry, &partial[height]);
                        height += 1;
                    }
                    if height == D {
                        root = carry;
                    } else {
                        partial[height] = carry;
                    }
                }
                store(&root, &mut sum[offset..offset + PIECE]);
                for (j, row) in weighted.iter().enumerate() {
                    store(row, &mut rows[j * stride + offset..][..PIECE]);
                }
            }
            if whole < sum.len() {
                let start = leaves.start.wrapping_add(whole as u64);
                portable::fold(
                    Leaves { start, ..leaves },
                    &mut rows[whole..],
                    stride,
                    &mut sum[whole..],
                );
            }
        }

        #[target_feature(enable = $features)]
        pub(in super::super) fn fold(
            leaves: Leaves<'_>,
            rows: &mut [Block],
            stride: usize,
            sum: &mut [Block],
        ) {
            match leaves.depth() {
                1 => fold_groups::<2, 1>(leaves, rows, stride, sum),
                2 => fold_groups::<4, 2>(leaves, rows, stride, sum),
                3 => fold_groups::<4, 3>(leaves, rows, stride, sum),
                4 => fold_groups::<4, 4>(leaves, rows, stride, sum),
                5 => fold_groups::<4, 5>(leaves, rows, stride, sum),
                6 => fold_groups::<4, 6>(leaves, rows, stride, sum),
                7 => fold_groups::<4, 7>(leaves, rows, stride, sum),
                _ => fold_groups::<4, MAX_DEPTH>(leaves, rows, stride, sum),
            }
        }
    };
}

/// What the two narrow widths say alike: two registers by four leaves are the eight in flight.
macro_rules! narrow_registers {
    ($features:literal) => {
        use super::super::{Leaves, MAX_DEPTH, portable};
        use crate::{aes::RoundKeys, block::Block};

        const VECTORS: usize = 2;
        const PIECE: usize = BLOCKS * VECTORS;

        #[target_feature(enable = $features)]
        #[inline]
        fn counters(start: u64) -> [Vector; VECTORS] {
            core::array::from_fn(|v| low_words(start.wrapping_add((BLOCKS * v) as u64), 1))
        }

        #[target_feature(enable = $features)]
        #[inline]
        fn store(from: &[Vector; VECTORS], to: &mut [Block]) {
            for (v, to) in from.iter().zip(to.as_chunks_mut::<BLOCKS>().0) {
                *to = blocks(*v);
            }
        }

        fold_kernel!($features);
    };
}

/// AES-NI: one block a register, two counters by four leaves abreast.
pub(super) mod avx2 {
    #![expect(
        clippy::indexing_slicing,
        reason = "constant indices into arrays of registers; shapes are checked by the caller"
    )]

    use crate::aes::registers::x128::{
        BLOCKS, Vector, blocks, broadcast, last_round, low_words, round, xor, zero,
    };

    narrow_registers!("avx2,aes,sse4.1");
}

/// VAES without AVX-512: two blocks a register, four counters by four leaves abreast.
pub(super) mod vaes256 {
    #![expect(
        clippy::indexing_slicing,
        reason = "constant indices into arrays of registers; shapes are checked by the caller"
    )]

    use crate::aes::registers::x256::{
        BLOCKS, Vector, blocks, broadcast, last_round, low_words, round, xor, zero,
    };

    narrow_registers!("avx2,vaes,aes,sse4.1");
}

/// VAES: four blocks a register, four counters by four leaves abreast.
pub(super) mod avx512 {
    #![expect(
        clippy::indexing_slicing,
        reason = "constant indices into arrays of registers; shapes are checked by the caller"
    )]

    use core::arch::x86_64::{
        __m512i as Vector, _mm_loadu_si128, _mm512_add_epi64, _mm512_aesenc_epi128 as round,
        _mm512_aesenclast_epi128 as last_round, _mm512_broadcast_i32x4, _mm512_maskz_set1_epi64,
        _mm512_set_epi64, _mm512_setzero_si512 as zero, _mm512_storeu_si512,
        _mm512_xor_si512 as xor,
    };

    use super::super::{Leaves, MAX_DEPTH, portable};
    use crate::{aes::RoundKeys, block::Block};

    const VECTORS: usize = 4;
    const PIECE: usize = 4 * VECTORS;

    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,vaes,aes")]
    #[inline]
    fn broadcast(block: &Block) -> Vector {
        // SAFETY: a block is sixteen readable bytes.
        _mm512_broadcast_i32x4(unsafe { _mm_loadu_si128(core::ptr::from_ref(block).cast()) })
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,vaes,aes")]
    #[inline]
    fn counters(start: u64) -> [Vector; VECTORS] {
        let lanes = _mm512_set_epi64(0, 3, 0, 2, 0, 1, 0, 0);
        core::array::from_fn(|v| {
            let first = start.wrapping_add(4 * v as u64);
            _mm512_add_epi64(lanes, _mm512_maskz_set1_epi64(0b0101_0101, first as i64))
        })
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,vaes,aes")]
    #[inline]
    fn store(from: &[Vector; VECTORS], to: &mut [Block]) {
        for (v, blocks) in from.iter().zip(to.as_chunks_mut::<4>().0) {
            // SAFETY: four blocks are sixty-four writable bytes.
            unsafe { _mm512_storeu_si512(blocks.as_mut_ptr().cast(), *v) }
        }
    }

    fold_kernel!("avx512f,avx512bw,avx512vl,avx512dq,vaes,aes");
}
