//! One AES kernel per instruction set, behind functions that check for it.

#[cfg(target_arch = "x86_64")]
pub(crate) mod aesni;
#[cfg(target_arch = "x86_64")]
mod hash512;
mod portable;
#[cfg(target_arch = "x86_64")]
pub(crate) mod vaes512;

pub(crate) use portable::encrypt as portable_encrypt;

use super::{LANES, Limbs, RoundKeys};
use crate::block::Block;
use crate::garble::orthomorphism;
use crate::simd::Simd;

pub(super) fn expand(simd: Simd, keys: &[Block], out: &mut [RoundKeys]) {
    debug_assert_eq!(keys.len(), out.len());
    match simd {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the features the function needs have just been found on this machine.
        Simd::Avx512 if simd.supported() => unsafe { vaes512::expand(keys, out) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Simd::Avx2 if simd.supported() => unsafe { aesni::expand(keys, out) },
        _ => portable::expand(keys, out),
    }
}

pub(super) fn ctr(simd: Simd, keys: &RoundKeys, start: u64, out: &mut [Block]) {
    match simd {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the features the function needs have just been found on this machine.
        Simd::Avx512 if simd.supported() => unsafe { vaes512::ctr(keys, start, out) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Simd::Avx2 if simd.supported() => unsafe { aesni::ctr(keys, start, out) },
        _ => portable::ctr(keys, start, out),
    }
}

pub(super) fn encrypt_groups(simd: Simd, base: Block, first: u64, blocks: &mut [Block]) {
    match simd {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the features the function needs have just been found on this machine.
        Simd::Avx512 if simd.supported() => unsafe { vaes512::encrypt_groups(base, first, blocks) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Simd::Avx2 if simd.supported() => unsafe { aesni::encrypt_groups(base, first, blocks) },
        _ => portable::encrypt_groups(base, first, blocks),
    }
}

/// The label hash of whole groups: limbs of `AES_k(y) ^ y` with `y = s(x) ^ lane` and group `i` under `k = base ^ (first + i)`.
pub(super) fn hash(
    simd: Simd,
    base: Block,
    first: u64,
    strings: &[[Block; LANES]],
    out: &mut [Limbs],
) {
    match simd {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the features the function needs have just been found on this machine.
        Simd::Avx512 if simd.supported() => unsafe { hash512::hash(base, first, strings, out) },
        _ => hash_shifted(simd, (base, first), Block::ZERO, strings, out),
    }
}

/// As [`hash`], of `x` and of `x ^ delta` under the same keys.
pub(super) fn hash_pairs(
    simd: Simd,
    base: Block,
    first: u64,
    delta: Block,
    strings: &[[Block; LANES]],
    [zero, one]: [&mut [Limbs]; 2],
) {
    match simd {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the features the function needs have just been found on this machine.
        Simd::Avx512 if simd.supported() => unsafe {
            hash512::hash_pairs(base, first, delta, strings, [zero, one])
        },
        _ => {
            hash_shifted(simd, (base, first), Block::ZERO, strings, zero);
            hash_shifted(simd, (base, first), delta, strings, one);
        }
    }
}

/// In passes of their own; the oracle of the fused kernel.
fn hash_shifted(
    simd: Simd,
    (base, first): (Block, u64),
    delta: Block,
    strings: &[[Block; LANES]],
    out: &mut [Limbs],
) {
    assert!(out.len() == strings.len(), "as many hashes as strings");
    for (i, (strings, Limbs(out))) in strings.iter().zip(out).enumerate() {
        let mut input = *strings;
        for (lane, x) in input.iter_mut().enumerate() {
            *x = orthomorphism(*x ^ delta) ^ Block([lane as u64, 0]);
        }
        let mut hashes = input;
        encrypt_groups(simd, base, first.wrapping_add(i as u64), &mut hashes);
        for (h, x) in hashes.iter_mut().zip(input) {
            *h ^= x;
        }
        for (l, limbs) in out.iter_mut().enumerate() {
            for (limb, h) in limbs.iter_mut().zip(&hashes) {
                *limb = (u128::from_le_bytes(h.to_bytes()) >> (32 * l)) as u32;
            }
        }
    }
}

/// The round constants of the AES-128 key schedule.
pub(crate) const RCON: [u32; 10] = [1, 2, 4, 8, 0x10, 0x20, 0x40, 0x80, 0x1b, 0x36];
