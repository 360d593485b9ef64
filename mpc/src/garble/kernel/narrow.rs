//! Half-gates on 128-bit registers (AES-NI) and on 256-bit ones (VAES without AVX-512): one text for both widths, eight
//! registers of hashes in flight. The equations are those of the 512-bit kernel.
#![expect(
    clippy::indexing_slicing,
    reason = "fixed-size arrays indexed by constant loop bounds below REGISTERS"
)]

use super::interpreter::{self, AndGate, KEYS_AHEAD, Kernel};
use super::{GATE_BYTES, Job, LANES, Lanes, Secrets};
use crate::aes::RoundKeys;
use crate::block::Block;

macro_rules! half_gates {
    ($features:literal, $Set:ident) => {
        /// Half-gates on this instruction set.
        struct HalfGates;

        /// The tweaks `2 lane + half` of the lanes of register `z`.
        #[target_feature(enable = $features)]
        #[inline]
        fn tweaks(z: usize, half: u64) -> Vector {
            low_words((2 * BLOCKS * z) as u64 + half, 2)
        }

        #[target_feature(enable = $features)]
        #[inline]
        fn garble_and(
            keys: &RoundKeys,
            delta: Block,
            a: &Lanes,
            b: &Lanes,
            table: &mut [u8; GATE_BYTES],
        ) -> Lanes {
            let delta = broadcast(&delta);
            let shift = orthomorphism(delta);
            let one = low_words(1, 0);
            let mut out = Lanes([Block::ZERO; LANES]);
            let (tgs, tes) = table.as_chunks_mut::<16>().0.split_at_mut(LANES);
            for pair in 0..REGISTERS / 2 {
                let mut s = [zero(); 8];
                for (i, s) in s.as_chunks_mut::<4>().0.iter_mut().enumerate() {
                    let z = 2 * pair + i;
                    s[0] = xor(orthomorphism(load(&a.0, z)), tweaks(z, 0));
                    s[1] = xor(s[0], shift);
                    s[2] = xor(orthomorphism(load(&b.0, z)), tweaks(z, 1));
                    s[3] = xor(s[2], shift);
                }
                encrypt(keys, &mut s);
                for (i, s) in s.as_chunks::<4>().0.iter().enumerate() {
                    let z = 2 * pair + i;
                    let (a0, b0) = (load(&a.0, z), load(&b.0, z));
                    let (pa, pb) = (low_bits(a0), low_bits(b0));
                    let tg = xor(xor(xor(s[0], s[1]), shift), and(pb, delta));
                    // T_E xor A0; the table carries T_E.
                    let te_a = xor(xor(s[2], s[3]), shift);
                    let h = xor(xor(s[0], s[2]), xor(orthomorphism(xor(a0, b0)), one));
                    let h = xor(h, xor(and(pa, tg), and(pb, te_a)));
                    store(&mut out.0, z, h);
                    store_bytes(tgs, z, tg);
                    store_bytes(tes, z, xor(te_a, a0));
                }
            }
            out
        }

        #[target_feature(enable = $features)]
        #[inline]
        fn evaluate_and(keys: &RoundKeys, a: &Lanes, b: &Lanes, table: &[u8; GATE_BYTES]) -> Lanes {
            let one = low_words(1, 0);
            let mut out = Lanes([Block::ZERO; LANES]);
            let (tgs, tes) = table.as_chunks::<16>().0.split_at(LANES);
            for four in 0..REGISTERS / 4 {
                let mut s = [zero(); 8];
                for (i, s) in s.as_chunks_mut::<2>().0.iter_mut().enumerate() {
                    let z = 4 * four + i;
                    s[0] = xor(orthomorphism(load(&a.0, z)), tweaks(z, 0));
                    s[1] = xor(orthomorphism(load(&b.0, z)), tweaks(z, 1));
                }
                encrypt(keys, &mut s);
                for (i, s) in s.as_chunks::<2>().0.iter().enumerate() {
                    let z = 4 * four + i;
                    let (a, b) = (load(&a.0, z), load(&b.0, z));
                    let (tg, te) = (load_bytes(tgs, z), load_bytes(tes, z));
                    let h = xor(xor(s[0], s[1]), xor(orthomorphism(xor(a, b)), one));
                    let te_a = and(low_bits(b), xor(te, a));
                    store(&mut out.0, z, xor(h, xor(and(low_bits(a), tg), te_a)));
                }
            }
            out
        }

        #[target_feature(enable = $features)]
        #[inline]
        fn xor_lanes(a: &Lanes, b: &Lanes) -> Lanes {
            let mut out = Lanes([Block::ZERO; LANES]);
            for z in 0..REGISTERS {
                store(&mut out.0, z, xor(load(&a.0, z), load(&b.0, z)));
            }
            out
        }

        #[target_feature(enable = $features)]
        #[inline]
        fn xor_masked(a: &Lanes, delta: Block, mask: u16) -> Lanes {
            Lanes(core::array::from_fn(|i| {
                a.0[i] ^ delta.and_mask(u64::from(mask >> i))
            }))
        }

        impl Kernel for $Set {
            #[inline(always)]
            unsafe fn schedules(base: Block, first: u64, out: &mut [RoundKeys; KEYS_AHEAD]) {
                // SAFETY: the trait's contract: the CPU has this kernel's features.
                unsafe { expand_counters(base, first, out) }
            }

            #[inline(always)]
            unsafe fn xor(a: &Lanes, b: &Lanes) -> Lanes {
                // SAFETY: as above.
                unsafe { xor_lanes(a, b) }
            }

            #[inline(always)]
            unsafe fn xor_masked(a: &Lanes, delta: Block, mask: u16) -> Lanes {
                // SAFETY: as above.
                unsafe { xor_masked(a, delta, mask) }
            }
        }

        impl AndGate for HalfGates {
            type Set = $Set;
            type Table = [u8; GATE_BYTES];
            type Keys = RoundKeys;
            const KEYS: usize = 1;

            fn keys(schedules: &[RoundKeys; KEYS_AHEAD]) -> &[RoundKeys] {
                schedules
            }

            fn tables(bytes: &[u8]) -> &[Self::Table] {
                bytes.as_chunks().0
            }

            fn tables_mut(bytes: &mut [u8]) -> &mut [Self::Table] {
                bytes.as_chunks_mut().0
            }

            #[inline(always)]
            unsafe fn garble(
                keys: &RoundKeys,
                _coins: u32,
                delta: Block,
                a: &Lanes,
                b: &Lanes,
                table: &mut [u8; GATE_BYTES],
            ) -> Lanes {
                // SAFETY: as above.
                unsafe { garble_and(keys, delta, a, b, table) }
            }

            #[inline(always)]
            unsafe fn evaluate(
                keys: &RoundKeys,
                a: &Lanes,
                b: &Lanes,
                table: &[u8; GATE_BYTES],
            ) -> Lanes {
                // SAFETY: as above.
                unsafe { evaluate_and(keys, a, b, table) }
            }
        }

        #[target_feature(enable = $features)]
        pub(in super::super) fn garble(
            job: &Job<'_>,
            secrets: &Secrets<'_>,
            tables: &mut [u8],
            outputs: &mut [Block],
        ) {
            // SAFETY: this function enables what the kernel needs.
            unsafe { interpreter::garble::<HalfGates>(job, secrets, |_| 0, tables, outputs) }
        }

        #[target_feature(enable = $features)]
        pub(in super::super) fn evaluate(
            job: &Job<'_>,
            inputs: &[Block],
            tables: &[u8],
            outputs: &mut [Block],
        ) {
            // SAFETY: this function enables what the kernel needs.
            unsafe { interpreter::evaluate::<HalfGates>(job, inputs, tables, outputs) }
        }
    };
}

/// One lane a register.
pub(in crate::garble) mod aes128 {
    use super::*;
    use crate::aes::narrow::aes128::{encrypt, expand_counters};
    use crate::aes::registers::x128::*;

    /// The instruction set.
    pub(in crate::garble) struct AesNi;

    half_gates!("avx2,aes,sse4.1", AesNi);
}

/// Two lanes a register.
pub(in crate::garble) mod vaes256 {
    use super::*;
    use crate::aes::narrow::vaes256::{encrypt, expand_counters};
    use crate::aes::registers::x256::*;

    /// The instruction set.
    pub(in crate::garble) struct Vaes256;

    half_gates!("avx2,vaes,aes,sse4.1", Vaes256);
}
