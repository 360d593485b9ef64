//! Runs a template's gates over a register file, block after block, on the operations of one instruction set.
//!
//! Key schedules are made sixteen gates ahead: gates of consecutive blocks have consecutive numbers, so one refill serves
//! whatever comes next.
#![expect(
    clippy::indexing_slicing,
    reason = "slice lengths are checked by the caller against the template; register numbers are below its count by construction"
)]

use super::{GATE_BYTES, Job, LANES, Lanes, Secrets};
use crate::aes::RoundKeys;
use crate::block::Block;
use crate::circuit::Gate;
use zeroize::Zeroize;

/// Schedules made at once.
pub(super) const KEYS_AHEAD: usize = 16;

/// The operations of one instruction set on whole wires.
///
/// # Safety
/// The methods may need CPU features; they are called only inside functions that enable them.
pub(super) trait Kernel {
    /// Schedules of the keys `base ^ first`, `base ^ (first + 1)`, ….
    unsafe fn schedules(base: Block, first: u64, out: &mut [RoundKeys; KEYS_AHEAD]);

    /// Garbles `out = a and b`, all zero labels.
    unsafe fn garble_and(
        keys: &RoundKeys,
        delta: Block,
        a: &Lanes,
        b: &Lanes,
        table: &mut [u8; GATE_BYTES],
    ) -> Lanes;

    /// Evaluates `out = a and b` on active labels.
    unsafe fn evaluate_and(
        keys: &RoundKeys,
        a: &Lanes,
        b: &Lanes,
        table: &[u8; GATE_BYTES],
    ) -> Lanes;

    /// `a xor b`.
    unsafe fn xor(a: &Lanes, b: &Lanes) -> Lanes;

    /// `a xor delta` in the lanes whose bit of `mask` is set.
    unsafe fn xor_masked(a: &Lanes, delta: Block, mask: u16) -> Lanes;
}

/// Hands out key schedules in the order of gate numbers.
struct Schedules {
    base: Block,
    next: u64,
    used: usize,
    keys: [RoundKeys; KEYS_AHEAD],
}

impl Schedules {
    fn new(base: Block, first: u64) -> Self {
        Self {
            base,
            next: first,
            used: KEYS_AHEAD,
            keys: [RoundKeys::ZERO; KEYS_AHEAD],
        }
    }

    /// # Safety
    /// As for [`Kernel`].
    #[inline(always)]
    unsafe fn next<K: Kernel>(&mut self) -> &RoundKeys {
        if self.used == KEYS_AHEAD {
            // SAFETY: the caller's promise.
            unsafe { K::schedules(self.base, self.next, &mut self.keys) };
            self.next = self.next.wrapping_add(KEYS_AHEAD as u64);
            self.used = 0;
        }
        self.used += 1;
        &self.keys[self.used - 1]
    }
}

/// # Safety
/// The CPU must have what `K` needs.
#[inline(always)]
pub(super) unsafe fn garble<K: Kernel>(
    job: &Job<'_>,
    secrets: &Secrets<'_>,
    tables: &mut [u8],
    outputs: &mut [Block],
) {
    let t = job.template;
    let Secrets {
        delta,
        inputs,
        corrections,
        known,
    } = *secrets;
    let mut file = vec![Lanes([Block::ZERO; LANES]); t.registers()];
    let mut schedules = Schedules::new(job.hash_key, job.first_gate);
    let mut tables = tables.as_chunks_mut::<GATE_BYTES>().0.iter_mut();
    for block in 0..job.blocks {
        let (inputs, _) = inputs[block * t.inputs() * LANES..].as_chunks::<LANES>();
        let corrections = &corrections[block * t.inputs()..];
        for ((r, labels), d) in t.inputs.iter().zip(inputs).zip(corrections) {
            // SAFETY: the caller's promise.
            file[r.0] = unsafe { K::xor_masked(&Lanes(*labels), delta, *d) };
        }
        let known = &known[block * t.known()..][..t.known()];
        for gate in t.gates() {
            // SAFETY: the caller's promise covers every operation of `K`.
            unsafe {
                match *gate {
                    Gate::Xor { a, b, out } => file[out.0] = K::xor(&file[a.0], &file[b.0]),
                    Gate::Not { a, out } => {
                        file[out.0] = K::xor_masked(&file[a.0], delta, u16::MAX)
                    }
                    Gate::XorKnown { a, k, out } => {
                        file[out.0] = K::xor_masked(&file[a.0], delta, known[k]);
                    }
                    Gate::And { a, b, out } => {
                        let keys = schedules.next::<K>();
                        if let Some(table) = tables.next() {
                            file[out.0] = K::garble_and(keys, delta, &file[a.0], &file[b.0], table);
                        }
                    }
                }
            }
        }
        let (outputs, _) = outputs[block * t.outputs() * LANES..].as_chunks_mut::<LANES>();
        for (r, labels) in t.outputs.iter().zip(outputs) {
            *labels = file[r.0].0;
        }
    }
    for labels in &mut file {
        labels.0.zeroize();
    }
}

/// # Safety
/// The CPU must have what `K` needs.
#[inline(always)]
pub(super) unsafe fn evaluate<K: Kernel>(
    job: &Job<'_>,
    inputs: &[Block],
    tables: &[u8],
    outputs: &mut [Block],
) {
    let t = job.template;
    let mut file = vec![Lanes([Block::ZERO; LANES]); t.registers()];
    let mut schedules = Schedules::new(job.hash_key, job.first_gate);
    let mut tables = tables.as_chunks::<GATE_BYTES>().0.iter();
    for block in 0..job.blocks {
        let (inputs, _) = inputs[block * t.inputs() * LANES..].as_chunks::<LANES>();
        for (r, labels) in t.inputs.iter().zip(inputs) {
            file[r.0].0 = *labels;
        }
        for gate in t.gates() {
            // SAFETY: the caller's promise covers every operation of `K`.
            unsafe {
                match *gate {
                    Gate::Xor { a, b, out } => file[out.0] = K::xor(&file[a.0], &file[b.0]),
                    // Renamings of the two labels: nothing changes for who holds one of them.
                    Gate::Not { a, out } | Gate::XorKnown { a, out, .. } => file[out.0] = file[a.0],
                    Gate::And { a, b, out } => {
                        let keys = schedules.next::<K>();
                        if let Some(table) = tables.next() {
                            file[out.0] = K::evaluate_and(keys, &file[a.0], &file[b.0], table);
                        }
                    }
                }
            }
        }
        let (outputs, _) = outputs[block * t.outputs() * LANES..].as_chunks_mut::<LANES>();
        for (r, labels) in t.outputs.iter().zip(outputs) {
            *labels = file[r.0].0;
        }
    }
    for labels in &mut file {
        labels.0.zeroize();
    }
}
