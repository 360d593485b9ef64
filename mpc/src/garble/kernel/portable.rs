//! The gates written as the equations of the module's documentation, AES from the `aes` crate: the oracle.
#![expect(
    clippy::indexing_slicing,
    reason = "arrays of LANES entries indexed by lane"
)]

use super::interpreter::{self, AndGate, KEYS_AHEAD, Kernel};
use super::{GATE_BYTES, Job, LANES, Lanes, Secrets};
use crate::aes::{RoundKeys, portable_encrypt};
use crate::block::{Block, blocks_from_bytes, blocks_to_bytes};
use crate::garble::hash::orthomorphism;

/// The instruction set.
pub(in crate::garble) struct Portable;

/// Half-gates on it.
struct HalfGates;

/// `H(x; g, 2 lane + half)` for every lane; `keys` is the schedule of gate `g`.
fn hash(keys: &RoundKeys, x: [Block; LANES], half: u64) -> [Block; LANES] {
    let mut lane = 0;
    let tweaked = x.map(|x| {
        lane += 1;
        orthomorphism(x) ^ Block([2 * (lane - 1) + half, 0])
    });
    let mut out = tweaked;
    portable_encrypt(keys, &mut out);
    core::array::from_fn(|i| out[i] ^ tweaked[i])
}

impl Kernel for Portable {
    unsafe fn schedules(base: Block, first: u64, out: &mut [RoundKeys; KEYS_AHEAD]) {
        // The portable cipher schedules for itself: it only needs the key.
        for (i, keys) in out.iter_mut().enumerate() {
            keys.0[0] = base ^ Block([first.wrapping_add(i as u64), 0]);
        }
    }

    unsafe fn xor(a: &Lanes, b: &Lanes) -> Lanes {
        Lanes(core::array::from_fn(|i| a.0[i] ^ b.0[i]))
    }

    unsafe fn xor_masked(a: &Lanes, delta: Block, mask: u16) -> Lanes {
        Lanes(core::array::from_fn(|i| {
            a.0[i] ^ delta.and_mask(u64::from(mask >> i))
        }))
    }
}

impl AndGate for HalfGates {
    type Set = Portable;
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

    unsafe fn garble(
        keys: &RoundKeys,
        _coins: u32,
        delta: Block,
        a: &Lanes,
        b: &Lanes,
        table: &mut [u8; GATE_BYTES],
    ) -> Lanes {
        let (a, b) = (a.0, b.0);
        let (ha0, ha1) = (hash(keys, a, 0), hash(keys, a.map(|x| x ^ delta), 0));
        let (hb0, hb1) = (hash(keys, b, 1), hash(keys, b.map(|x| x ^ delta), 1));
        let tg: [Block; LANES] =
            core::array::from_fn(|i| ha0[i] ^ ha1[i] ^ delta.and_mask(b[i].lsb()));
        let te: [Block; LANES] = core::array::from_fn(|i| hb0[i] ^ hb1[i] ^ a[i]);
        let (g, e) = table.split_at_mut(GATE_BYTES / 2);
        blocks_to_bytes(&tg, g);
        blocks_to_bytes(&te, e);
        Lanes(core::array::from_fn(|i| {
            let wg = ha0[i] ^ tg[i].and_mask(a[i].lsb());
            let we = hb0[i] ^ (te[i] ^ a[i]).and_mask(b[i].lsb());
            wg ^ we
        }))
    }

    unsafe fn evaluate(keys: &RoundKeys, a: &Lanes, b: &Lanes, table: &[u8; GATE_BYTES]) -> Lanes {
        let (a, b) = (a.0, b.0);
        let (ha, hb) = (hash(keys, a, 0), hash(keys, b, 1));
        let (mut tg, mut te) = ([Block::ZERO; LANES], [Block::ZERO; LANES]);
        let (g, e) = table.split_at(GATE_BYTES / 2);
        blocks_from_bytes(g, &mut tg);
        blocks_from_bytes(e, &mut te);
        Lanes(core::array::from_fn(|i| {
            ha[i] ^ tg[i].and_mask(a[i].lsb()) ^ hb[i] ^ (te[i] ^ a[i]).and_mask(b[i].lsb())
        }))
    }
}

pub(super) fn garble(
    job: &Job<'_>,
    secrets: &Secrets<'_>,
    tables: &mut [u8],
    outputs: &mut [Block],
) {
    // SAFETY: `Portable` needs no CPU feature.
    unsafe { interpreter::garble::<HalfGates>(job, secrets, |_| 0, tables, outputs) }
}

pub(super) fn evaluate(job: &Job<'_>, inputs: &[Block], tables: &[u8], outputs: &mut [Block]) {
    // SAFETY: `Portable` needs no CPU feature.
    unsafe { interpreter::evaluate::<HalfGates>(job, inputs, tables, outputs) }
}
