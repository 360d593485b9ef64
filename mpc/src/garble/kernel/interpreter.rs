//! Runs a template's gates over a register file, block after block, on the operations of one instruction set.
//!
//! Key schedules are made sixteen gates ahead: gates of consecutive blocks have consecutive numbers, so one refill serves
//! whatever comes next.
#![expect(
    clippy::indexing_slicing,
    reason = "slice lengths are checked by the caller against the template; register numbers are below its count by construction"
)]

use super::{Job, LANES, Lanes, Secrets};
use crate::aes::RoundKeys;
use crate::block::Block;
use crate::circuit::Gate;
use zeroize::Zeroize;

/// Schedules made at once.
pub(in crate::garble) const KEYS_AHEAD: usize = 16;

/// The operations of one instruction set on whole wires.
///
/// # Safety
/// The methods may need CPU features; they are called only inside functions that enable them.
pub(in crate::garble) trait Kernel {
    /// Schedules of the keys `base ^ first`, `base ^ (first + 1)`, ….
    unsafe fn schedules(base: Block, first: u64, out: &mut [RoundKeys; KEYS_AHEAD]);

    /// `a xor b`.
    unsafe fn xor(a: &Lanes, b: &Lanes) -> Lanes;

    /// `a xor delta` in the lanes whose bit of `mask` is set.
    unsafe fn xor_masked(a: &Lanes, delta: Block, mask: u16) -> Lanes;
}

/// The AND gate of one scheme on one instruction set.
///
/// # Safety
/// As for [`Kernel`].
pub(in crate::garble) trait AndGate {
    /// What does everything but AND.
    type Set: Kernel;
    /// The table of a gate in all lanes: an array of bytes.
    type Table;
    /// The key schedules of a gate: as many as [`AndGate::KEYS`].
    type Keys;
    /// Key schedules a gate takes: gate `g` has the keys from `KEYS * g` on.
    const KEYS: usize;

    /// The schedules, gate by gate.
    fn keys(schedules: &[RoundKeys; KEYS_AHEAD]) -> &[Self::Keys];

    /// All whole tables in `bytes`.
    fn tables(bytes: &[u8]) -> &[Self::Table];

    /// All whole tables in `bytes`.
    fn tables_mut(bytes: &mut [u8]) -> &mut [Self::Table];

    /// Garbles `out = a and b`, all zero labels; `coins` are two bits a lane, where the scheme takes them.
    unsafe fn garble(
        keys: &Self::Keys,
        coins: u32,
        delta: Block,
        a: &Lanes,
        b: &Lanes,
        table: &mut Self::Table,
    ) -> Lanes;

    /// Evaluates `out = a and b` on active labels.
    unsafe fn evaluate(keys: &Self::Keys, a: &Lanes, b: &Lanes, table: &Self::Table) -> Lanes;
}

/// Hands out key schedules in the order of gate numbers.
struct Schedules {
    base: Block,
    next: u64,
    used: usize,
    keys: [RoundKeys; KEYS_AHEAD],
}

impl Schedules {
    fn new<G: AndGate>(job: &Job<'_>) -> Self {
        Self {
            base: job.hash_key,
            next: job.first_gate.wrapping_mul(G::KEYS as u64),
            used: KEYS_AHEAD / G::KEYS,
            keys: [RoundKeys::ZERO; KEYS_AHEAD],
        }
    }

    /// The schedules of the next gate.
    ///
    /// # Safety
    /// As for [`Kernel`].
    #[inline(always)]
    unsafe fn next<G: AndGate>(&mut self) -> &G::Keys {
        const { assert!(KEYS_AHEAD.is_multiple_of(G::KEYS)) };
        if self.used == KEYS_AHEAD / G::KEYS {
            // SAFETY: the caller's promise.
            unsafe { G::Set::schedules(self.base, self.next, &mut self.keys) };
            self.next = self.next.wrapping_add(KEYS_AHEAD as u64);
            self.used = 0;
        }
        self.used += 1;
        &G::keys(&self.keys)[self.used - 1]
    }
}

/// `coins` gives the coins of the gate whose number it is asked for; it is asked once a gate, in order.
///
/// # Safety
/// The CPU must have what `G` needs.
#[inline(always)]
pub(in crate::garble) unsafe fn garble<G: AndGate>(
    job: &Job<'_>,
    secrets: &Secrets<'_>,
    mut coins: impl FnMut(u64) -> u32,
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
    let mut schedules = Schedules::new::<G>(job);
    let mut tables = (job.first_gate..).zip(G::tables_mut(tables));
    for block in 0..job.blocks {
        let (inputs, _) = inputs[block * t.inputs() * LANES..].as_chunks::<LANES>();
        let corrections = &corrections[block * t.inputs()..];
        for ((r, labels), d) in t.inputs.iter().zip(inputs).zip(corrections) {
            // SAFETY: the caller's promise.
            file[r.0] = unsafe { G::Set::xor_masked(&Lanes(*labels), delta, *d) };
        }
        let known = &known[block * t.known()..][..t.known()];
        for gate in t.gates() {
            // SAFETY: the caller's promise covers every operation of `G`.
            unsafe {
                match *gate {
                    Gate::Xor { a, b, out } => file[out.0] = G::Set::xor(&file[a.0], &file[b.0]),
                    Gate::Not { a, out } => {
                        file[out.0] = G::Set::xor_masked(&file[a.0], delta, u16::MAX)
                    }
                    Gate::XorKnown { a, k, out } => {
                        file[out.0] = G::Set::xor_masked(&file[a.0], delta, known[k]);
                    }
                    Gate::And { a, b, out } => {
                        let keys = schedules.next::<G>();
                        if let Some((number, table)) = tables.next() {
                            let (a, b) = (&file[a.0], &file[b.0]);
                            file[out.0] = G::garble(keys, coins(number), delta, a, b, table);
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
/// The CPU must have what `G` needs.
#[inline(always)]
pub(in crate::garble) unsafe fn evaluate<G: AndGate>(
    job: &Job<'_>,
    inputs: &[Block],
    tables: &[u8],
    outputs: &mut [Block],
) {
    let t = job.template;
    let mut file = vec![Lanes([Block::ZERO; LANES]); t.registers()];
    let mut schedules = Schedules::new::<G>(job);
    let mut tables = G::tables(tables).iter();
    for block in 0..job.blocks {
        let (inputs, _) = inputs[block * t.inputs() * LANES..].as_chunks::<LANES>();
        for (r, labels) in t.inputs.iter().zip(inputs) {
            file[r.0].0 = *labels;
        }
        for gate in t.gates() {
            // SAFETY: the caller's promise covers every operation of `G`.
            unsafe {
                match *gate {
                    Gate::Xor { a, b, out } => file[out.0] = G::Set::xor(&file[a.0], &file[b.0]),
                    // Renamings of the two labels: nothing changes for who holds one of them.
                    Gate::Not { a, out } | Gate::XorKnown { a, out, .. } => file[out.0] = file[a.0],
                    Gate::And { a, b, out } => {
                        let keys = schedules.next::<G>();
                        if let Some(table) = tables.next() {
                            file[out.0] = G::evaluate(keys, &file[a.0], &file[b.0], table);
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
