//! The modulus switch compiled for each instruction set: one portable loop, which the compiler
//! vectorises under the features it is given.

use super::ModulusSwitch;
use crate::simd::{Simd, Supported};

#[inline(always)]
fn portable(switch: &ModulusSwitch, residues: &mut [u32]) {
    let switch = *switch;
    for z in residues {
        *z = switch.one(*z);
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn avx512(switch: &ModulusSwitch, residues: &mut [u32]) {
    portable(switch, residues);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn avx2(switch: &ModulusSwitch, residues: &mut [u32]) {
    portable(switch, residues);
}

/// Switches reduced residues in place.
pub(super) fn switch(simd: Supported, switch: &ModulusSwitch, residues: &mut [u32]) {
    match simd.level() {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: a `Supported` level's features are present.
        Simd::Avx512 => unsafe { avx512(switch, residues) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: a `Supported` level's features are present.
        Simd::Avx2 => unsafe { avx2(switch, residues) },
        _ => portable(switch, residues),
    }
}
