//! One AES kernel per instruction set, behind functions that check for it.

#[cfg(target_arch = "x86_64")]
pub(crate) mod aesni;
#[cfg(target_arch = "x86_64")]
mod hash512;
#[cfg(target_arch = "x86_64")]
pub(crate) mod narrow;
mod portable;
#[cfg(target_arch = "x86_64")]
pub(crate) mod registers;
#[cfg(target_arch = "x86_64")]
pub(crate) mod vaes512;

pub(crate) use portable::encrypt as portable_encrypt;

#[cfg(target_arch = "x86_64")]
use narrow::{aes128, vaes256};

use super::{LANES, Limbs, RoundKeys};
use crate::block::Block;
use crate::simd::Simd;

pub(super) fn expand(simd: Simd, keys: &[Block], out: &mut [RoundKeys]) {
    debug_assert_eq!(keys.len(), out.len());
    match simd {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the features the function needs have just been found on this machine.
        Simd::Avx512 if simd.supported() => unsafe { vaes512::expand(keys, out) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Simd::Vaes | Simd::Avx2 if simd.supported() => unsafe { aesni::expand(keys, out) },
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
        Simd::Vaes if simd.supported() => unsafe { vaes256::ctr(keys, start, out) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Simd::Avx2 if simd.supported() => unsafe { aes128::ctr(keys, start, out) },
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
        Simd::Vaes if simd.supported() => unsafe { vaes256::encrypt_groups(base, first, blocks) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Simd::Avx2 if simd.supported() => unsafe { aes128::encrypt_groups(base, first, blocks) },
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
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Simd::Vaes if simd.supported() => unsafe { vaes256::hash(base, first, strings, out) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Simd::Avx2 if simd.supported() => unsafe { aes128::hash(base, first, strings, out) },
        _ => portable::hash((base, first), Block::ZERO, strings, out),
    }
}

/// As [`hash`], of `x` and of `x ^ delta` under the same keys.
pub(super) fn hash_pairs(
    simd: Simd,
    base: Block,
    first: u64,
    delta: Block,
    strings: &[[Block; LANES]],
    outs: [&mut [Limbs]; 2],
) {
    match simd {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the features the function needs have just been found on this machine.
        Simd::Avx512 if simd.supported() => unsafe {
            hash512::hash_pairs(base, first, delta, strings, outs)
        },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Simd::Vaes if simd.supported() => unsafe {
            vaes256::hash_pairs(base, first, delta, strings, outs)
        },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Simd::Avx2 if simd.supported() => unsafe {
            aes128::hash_pairs(base, first, delta, strings, outs)
        },
        _ => {
            let [zero, one] = outs;
            portable::hash((base, first), Block::ZERO, strings, zero);
            portable::hash((base, first), delta, strings, one);
        }
    }
}

/// The round constants of the AES-128 key schedule.
pub(crate) const RCON: [u32; 10] = [1, 2, 4, 8, 0x10, 0x20, 0x40, 0x80, 0x1b, 0x36];
