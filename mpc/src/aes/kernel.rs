//! One AES kernel per instruction set, behind functions that check for it.

#[cfg(target_arch = "x86_64")]
pub(crate) mod aesni;
mod portable;
#[cfg(target_arch = "x86_64")]
pub(crate) mod vaes512;

pub(crate) use portable::encrypt as portable_encrypt;

use super::RoundKeys;
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

/// The round constants of the AES-128 key schedule.
pub(crate) const RCON: [u32; 10] = [1, 2, 4, 8, 0x10, 0x20, 0x40, 0x80, 0x1b, 0x36];
