//! One half-gates kernel per instruction set behind two functions; the set is looked at once a batch. What is not an AND
//! gate here serves every scheme.

pub(super) mod interpreter;
#[cfg(target_arch = "x86_64")]
pub(super) mod narrow;
pub(super) mod portable;
#[cfg(target_arch = "x86_64")]
pub(super) mod vaes512;

use super::LANES;
use crate::block::Block;
use crate::circuit::Template;
use crate::simd::Simd;

/// The labels of one wire in all lanes of a block.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub(super) struct Lanes(pub(super) [Block; LANES]);

/// Bytes of one gate's table in all lanes: sixteen `T_G`, then sixteen `T_E`.
pub(super) const GATE_BYTES: usize = LANES * super::TABLE_BYTES;

/// A batch: which circuit, how often, and from which gate number on.
pub(super) struct Job<'a> {
    pub(super) template: &'a Template,
    pub(super) hash_key: Block,
    pub(super) first_gate: u64,
    pub(super) blocks: usize,
}

/// What the garbler puts into a batch.
pub(super) struct Secrets<'a> {
    pub(super) delta: Block,
    /// Strings of the inputs' OTs, `[block][wire][lane]`.
    pub(super) inputs: &'a [Block],
    /// Corrections of the inputs' OTs, `[block][wire]`: the zero label is `K xor d Delta`.
    pub(super) corrections: &'a [u16],
    /// The garbler's bits, `[block][bit]`.
    pub(super) known: &'a [u16],
}

pub(super) fn garble(
    simd: Simd,
    job: &Job<'_>,
    secrets: &Secrets<'_>,
    tables: &mut [u8],
    outputs: &mut [Block],
) {
    match simd {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the features the function needs have just been found on this machine.
        Simd::Avx512 if simd.supported() => unsafe {
            vaes512::garble(job, secrets, tables, outputs)
        },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Simd::Vaes if simd.supported() => unsafe {
            narrow::vaes256::garble(job, secrets, tables, outputs)
        },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Simd::Avx2 if simd.supported() => unsafe {
            narrow::aes128::garble(job, secrets, tables, outputs)
        },
        _ => portable::garble(job, secrets, tables, outputs),
    }
}

pub(super) fn evaluate(
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
        Simd::Vaes if simd.supported() => unsafe {
            narrow::vaes256::evaluate(job, inputs, tables, outputs)
        },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Simd::Avx2 if simd.supported() => unsafe {
            narrow::aes128::evaluate(job, inputs, tables, outputs)
        },
        _ => portable::evaluate(job, inputs, tables, outputs),
    }
}
