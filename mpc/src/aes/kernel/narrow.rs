//! AES on 128-bit registers (AES-NI) and on 256-bit ones (VAES without AVX-512): one text for both widths.
//!
//! Eight registers are in flight, which hides the latency of a round and leaves the others to keys and inputs. Keys are
//! scheduled sixteen abreast: alone, a schedule is a chain of ten rounds that costs as much as the group it serves.
#![expect(
    clippy::indexing_slicing,
    reason = "fixed-size arrays of registers indexed by constant loop bounds; outputs are checked to be as long as the input"
)]

use super::super::{LANES, Limbs, RoundKeys};
use super::{RCON, aesni};
use crate::block::Block;

/// Registers in flight.
const ABREAST: usize = 8;

macro_rules! narrow_kernel {
    ($features:literal) => {
        /// AES on `Z` registers at once, all under one key.
        #[target_feature(enable = $features)]
        #[inline]
        pub(crate) fn encrypt<const Z: usize>(keys: &RoundKeys, state: &mut [Vector; Z]) {
            let k = broadcast(&keys.0[0]);
            for s in state.iter_mut() {
                *s = xor(*s, k);
            }
            for key in &keys.0[1..10] {
                let k = broadcast(key);
                for s in state.iter_mut() {
                    *s = round(*s, k);
                }
            }
            let k = broadcast(&keys.0[10]);
            for s in state.iter_mut() {
                *s = last_round(*s, k);
            }
        }

        /// Schedules for the sixteen keys `base ^ first`, `base ^ (first + 1)`, ….
        #[target_feature(enable = $features)]
        #[inline]
        pub(crate) fn expand_counters(base: Block, first: u64, out: &mut [RoundKeys; LANES]) {
            // The last word, rotated by a byte, in every column: equal columns pass ShiftRows unchanged.
            let rotate = set32(0x0c0f_0e0d);
            let base = broadcast(&base);
            for start in (0..REGISTERS).step_by(ABREAST) {
                let mut state = [zero(); ABREAST];
                for (z, s) in state.iter_mut().enumerate() {
                    let first = first.wrapping_add((BLOCKS * (start + z)) as u64);
                    *s = xor(base, low_words(first, 1));
                }
                for r in 0..=RCON.len() {
                    if r > 0 {
                        let rcon = set32(RCON[r - 1] as i32);
                        for s in &mut state {
                            let sub = last_round(shuffle8(*s, rotate), rcon);
                            let x = xor(*s, shift_bytes::<4>(*s));
                            *s = xor(xor(x, shift_bytes::<8>(x)), sub);
                        }
                    }
                    for (z, s) in state.iter().enumerate() {
                        let keys = &mut out[BLOCKS * (start + z)..][..BLOCKS];
                        for (keys, block) in keys.iter_mut().zip(blocks(*s)) {
                            keys.0[r] = block;
                        }
                    }
                }
            }
        }

        /// See [`super::super::ctr`].
        #[target_feature(enable = $features)]
        pub(in super::super) fn ctr(keys: &RoundKeys, start: u64, out: &mut [Block]) {
            let (groups, rest) = out.as_chunks_mut::<LANES>();
            let mut next = start;
            for group in groups {
                for part in (0..REGISTERS).step_by(ABREAST) {
                    let mut state = [zero(); ABREAST];
                    for (z, s) in state.iter_mut().enumerate() {
                        *s = low_words(next.wrapping_add((BLOCKS * (part + z)) as u64), 1);
                    }
                    encrypt(keys, &mut state);
                    for (z, s) in state.iter().enumerate() {
                        store(group, part + z, *s);
                    }
                }
                next = next.wrapping_add(LANES as u64);
            }
            aesni::ctr(keys, next, rest);
        }

        /// See [`super::super::encrypt_groups`].
        #[target_feature(enable = $features)]
        pub(in super::super) fn encrypt_groups(base: Block, first: u64, blocks: &mut [Block]) {
            let mut keys = [RoundKeys::ZERO; LANES];
            for (i, part) in blocks.chunks_mut(LANES * LANES).enumerate() {
                expand_counters(base, first.wrapping_add((i * LANES) as u64), &mut keys);
                let (groups, rest) = part.as_chunks_mut::<LANES>();
                for (keys, group) in keys.iter().zip(groups.iter_mut()) {
                    for part in (0..REGISTERS).step_by(ABREAST) {
                        let mut state = [zero(); ABREAST];
                        for (z, s) in state.iter_mut().enumerate() {
                            *s = load(group, part + z);
                        }
                        encrypt(keys, &mut state);
                        for (z, s) in state.iter().enumerate() {
                            store(group, part + z, *s);
                        }
                    }
                }
                if let Some(keys) = keys.get(groups.len()) {
                    aesni::encrypt(keys, rest);
                }
            }
        }

        /// Four registers of hashes, of the blocks from `at` on, as limbs.
        #[target_feature(enable = $features)]
        #[inline]
        fn store_limbs([a, b, c, d]: [Vector; 4], to: &mut Limbs, at: usize) {
            let (ab, cd) = (low32(a, b), low32(c, d));
            let (ab_high, cd_high) = (high32(a, b), high32(c, d));
            store_words(&mut to.0[0], at, low64(ab, cd));
            store_words(&mut to.0[1], at, high64(ab, cd));
            store_words(&mut to.0[2], at, low64(ab_high, cd_high));
            store_words(&mut to.0[3], at, high64(ab_high, cd_high));
        }

        /// The hashes of one group of strings shifted by `offset` (already under the orthomorphism).
        #[target_feature(enable = $features)]
        #[inline]
        fn hash_group(keys: &RoundKeys, offset: Vector, strings: &[Block; LANES], out: &mut Limbs) {
            for part in (0..REGISTERS).step_by(ABREAST) {
                let mut input = [zero(); ABREAST];
                for (z, x) in input.iter_mut().enumerate() {
                    let tweak = low_words((BLOCKS * (part + z)) as u64, 1);
                    *x = xor(orthomorphism(load(strings, part + z)), xor(tweak, offset));
                }
                let mut state = input;
                encrypt(keys, &mut state);
                for (s, x) in state.iter_mut().zip(input) {
                    *s = xor(*s, x);
                }
                for (i, four) in state.as_chunks::<4>().0.iter().enumerate() {
                    store_limbs(*four, out, BLOCKS * (part + 4 * i));
                }
            }
        }

        /// For each of `P` offsets the hashes of the strings shifted by it, under the same keys.
        #[target_feature(enable = $features)]
        #[inline]
        fn hash_all<const P: usize>(
            (base, first): (Block, u64),
            offsets: [Block; P],
            strings: &[[Block; LANES]],
            mut outs: [&mut [Limbs]; P],
        ) {
            assert!(
                outs.iter().all(|out| out.len() == strings.len()),
                "as many hashes as strings"
            );
            let mut shifts = [zero(); P];
            for (shift, offset) in shifts.iter_mut().zip(&offsets) {
                *shift = orthomorphism(broadcast(offset));
            }
            let mut keys = [RoundKeys::ZERO; LANES];
            for (i, groups) in strings.chunks(LANES).enumerate() {
                expand_counters(base, first.wrapping_add((i * LANES) as u64), &mut keys);
                for (j, (keys, group)) in keys.iter().zip(groups).enumerate() {
                    for (out, shift) in outs.iter_mut().zip(shifts) {
                        hash_group(keys, shift, group, &mut out[LANES * i + j]);
                    }
                }
            }
        }

        /// See [`super::super::hash_groups`].
        #[target_feature(enable = $features)]
        pub(in super::super) fn hash(
            base: Block,
            first: u64,
            strings: &[[Block; LANES]],
            out: &mut [Limbs],
        ) {
            hash_all((base, first), [Block::ZERO], strings, [out]);
        }

        /// See [`super::super::hash_pairs`].
        #[target_feature(enable = $features)]
        pub(in super::super) fn hash_pairs(
            base: Block,
            first: u64,
            delta: Block,
            strings: &[[Block; LANES]],
            outs: [&mut [Limbs]; 2],
        ) {
            hash_all((base, first), [Block::ZERO, delta], strings, outs);
        }
    };
}

/// One block a register.
pub(crate) mod aes128 {
    use super::super::registers::x128::*;
    use super::*;

    narrow_kernel!("avx2,aes,sse4.1");
}

/// Two blocks a register.
pub(crate) mod vaes256 {
    use super::super::registers::x256::*;
    use super::*;

    narrow_kernel!("avx2,vaes,aes,sse4.1");
}
