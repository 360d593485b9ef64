//! One kernel per instruction set behind two functions; the set is looked at once a batch.

#[cfg(target_arch = "x86_64")]
mod aesni;
mod portable;
#[cfg(target_arch = "x86_64")]
mod vaes512;

use super::coins::Coins;
use super::{Control, G2, GATE_BYTES, KEYS, gather, spread, twice};
use crate::aes::RoundKeys;
use crate::block::Block;
use crate::garble::kernel::{Job, Secrets};
use crate::simd::Simd;

pub(in crate::garble) fn garble(
    simd: Simd,
    job: &Job<'_>,
    secrets: &Secrets<'_>,
    coins: &RoundKeys,
    tables: &mut [u8],
    outputs: &mut [Block],
) {
    let mut coins = Coins::new(coins, simd);
    match simd {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the features the function needs have just been found on this machine.
        Simd::Avx512 if simd.supported() => unsafe {
            vaes512::garble(job, secrets, &mut coins, tables, outputs)
        },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Simd::Vaes | Simd::Avx2 if simd.supported() => unsafe {
            aesni::garble(job, secrets, &mut coins, tables, outputs)
        },
        _ => portable::garble(job, secrets, &mut coins, tables, outputs),
    }
}

pub(in crate::garble) fn evaluate(
    simd: Simd,
    job: &Job<'_>,
    inputs: &[Block],
    tables: &[u8],
    outputs: &mut [Block],
) {
    match simd {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the features the function needs have just been found on this machine.
        Simd::Avx512 if simd.supported() => unsafe {
            vaes512::evaluate(job, inputs, tables, outputs)
        },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Simd::Vaes | Simd::Avx2 if simd.supported() => unsafe {
            aesni::evaluate(job, inputs, tables, outputs)
        },
        _ => portable::evaluate(job, inputs, tables, outputs),
    }
}
