//! Half-gates on 512-bit registers: sixteen lanes are four registers a label, all hashes of a gate in flight at once.
//!
//! The kernel uses `H(x) xor H(x xor Delta) = E(t) xor E(t xor s(Delta)) xor s(Delta)` with `t = s(x) xor j`, and
//! `t_a xor t_b = s(a xor b) xor 1`, so the feed-forward needs no register of its own.
#![expect(
    clippy::indexing_slicing,
    reason = "fixed-size arrays of registers indexed by constant loop bounds"
)]

use super::interpreter::{self, AndGate, KEYS_AHEAD, Kernel};
use super::{GATE_BYTES, Job, LANES, Lanes, Secrets};
use crate::aes::RoundKeys;
use crate::aes::vaes512::{broadcast, encrypt, expand_counters};
use crate::block::Block;
use core::arch::x86_64::*;

/// The instruction set.
pub(in crate::garble) struct Vaes512;

/// Half-gates on it.
struct HalfGates;

#[inline]
#[target_feature(enable = "avx512f")]
pub(in crate::garble) fn load(x: &Lanes, z: usize) -> __m512i {
    debug_assert!(z < 4);
    // SAFETY: `Lanes` is 256 bytes, aligned to 64; register z < 4 reads bytes 64z to 64z + 63.
    unsafe { _mm512_load_si512(x.0.as_ptr().add(4 * z).cast()) }
}

#[inline]
#[target_feature(enable = "avx512f")]
pub(in crate::garble) fn store(out: &mut Lanes, z: usize, x: __m512i) {
    debug_assert!(z < 4);
    // SAFETY: as in `load`.
    unsafe { _mm512_store_si512(out.0.as_mut_ptr().add(4 * z).cast(), x) }
}

/// `s(L || R) = (L xor R) || L` in every lane.
#[inline]
#[target_feature(enable = "avx512f")]
pub(in crate::garble) fn orthomorphism(x: __m512i) -> __m512i {
    let swapped = _mm512_shuffle_epi32::<0b01_00_11_10>(x);
    _mm512_mask_xor_epi64(swapped, 0b1010_1010, swapped, x)
}

/// All ones in the lanes whose low bit is set, as a mask of 64-bit halves.
#[inline]
#[target_feature(enable = "avx512f")]
pub(in crate::garble) fn low_bits(x: __m512i) -> __mmask8 {
    // Both halves see the low one's bit: no mask has to be widened in a general register.
    _mm512_test_epi64_mask(_mm512_unpacklo_epi64(x, x), _mm512_set1_epi64(1))
}

/// The tweaks `2 lane + half` of the four lanes of register `z`.
#[inline]
#[target_feature(enable = "avx512f")]
fn tweaks(z: usize, half: i64) -> __m512i {
    let first = 8 * z as i64 + half;
    _mm512_set_epi64(0, first + 6, 0, first + 4, 0, first + 2, 0, first)
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,vaes")]
#[inline]
fn garble_and(
    keys: &RoundKeys,
    delta: Block,
    a: &Lanes,
    b: &Lanes,
    table: &mut [u8; GATE_BYTES],
) -> Lanes {
    let delta = broadcast(delta);
    let shift = orthomorphism(delta);
    let mut s = [_mm512_setzero_si512(); 16];
    for z in 0..4 {
        s[z] = _mm512_xor_si512(orthomorphism(load(a, z)), tweaks(z, 0));
        s[4 + z] = _mm512_xor_si512(s[z], shift);
        s[8 + z] = _mm512_xor_si512(orthomorphism(load(b, z)), tweaks(z, 1));
        s[12 + z] = _mm512_xor_si512(s[8 + z], shift);
    }
    encrypt(keys, &mut s);
    let mut out = Lanes([Block::ZERO; LANES]);
    let one = _mm512_set_epi64(0, 1, 0, 1, 0, 1, 0, 1);
    for z in 0..4 {
        let (a0, b0) = (load(a, z), load(b, z));
        let (pa, pb) = (low_bits(a0), low_bits(b0));
        let tg = _mm512_xor_si512(_mm512_xor_si512(s[z], s[4 + z]), shift);
        let tg = _mm512_mask_xor_epi64(tg, pb, tg, delta);
        // T_E xor A0; the table carries T_E.
        let te_a = _mm512_xor_si512(_mm512_xor_si512(s[8 + z], s[12 + z]), shift);
        let te = _mm512_xor_si512(te_a, a0);
        let h = _mm512_xor_si512(
            _mm512_xor_si512(s[z], s[8 + z]),
            _mm512_xor_si512(orthomorphism(_mm512_xor_si512(a0, b0)), one),
        );
        let h = _mm512_mask_xor_epi64(h, pa, h, tg);
        let h = _mm512_mask_xor_epi64(h, pb, h, te_a);
        store(&mut out, z, h);
        // SAFETY: the table has 512 bytes; z < 4 writes 64 bytes in each half.
        unsafe {
            _mm512_storeu_si512(table.as_mut_ptr().add(64 * z).cast(), tg);
            _mm512_storeu_si512(table.as_mut_ptr().add(GATE_BYTES / 2 + 64 * z).cast(), te);
        }
    }
    out
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,vaes")]
#[inline]
fn evaluate_and(keys: &RoundKeys, a: &Lanes, b: &Lanes, table: &[u8; GATE_BYTES]) -> Lanes {
    let mut s = [_mm512_setzero_si512(); 8];
    for z in 0..4 {
        s[z] = _mm512_xor_si512(orthomorphism(load(a, z)), tweaks(z, 0));
        s[4 + z] = _mm512_xor_si512(orthomorphism(load(b, z)), tweaks(z, 1));
    }
    encrypt(keys, &mut s);
    let mut out = Lanes([Block::ZERO; LANES]);
    let one = _mm512_set_epi64(0, 1, 0, 1, 0, 1, 0, 1);
    for z in 0..4 {
        let (a, b) = (load(a, z), load(b, z));
        // SAFETY: the table has 512 bytes; z < 4 reads 64 bytes in each half.
        let (tg, te) = unsafe {
            (
                _mm512_loadu_si512(table.as_ptr().add(64 * z).cast()),
                _mm512_loadu_si512(table.as_ptr().add(GATE_BYTES / 2 + 64 * z).cast()),
            )
        };
        let h = _mm512_xor_si512(
            _mm512_xor_si512(s[z], s[4 + z]),
            _mm512_xor_si512(orthomorphism(_mm512_xor_si512(a, b)), one),
        );
        let h = _mm512_mask_xor_epi64(h, low_bits(a), h, tg);
        let h = _mm512_mask_xor_epi64(h, low_bits(b), h, _mm512_xor_si512(te, a));
        store(&mut out, z, h);
    }
    out
}

#[target_feature(enable = "avx512f")]
#[inline]
fn xor(a: &Lanes, b: &Lanes) -> Lanes {
    let mut out = Lanes([Block::ZERO; LANES]);
    for z in 0..4 {
        store(&mut out, z, _mm512_xor_si512(load(a, z), load(b, z)));
    }
    out
}

#[target_feature(enable = "avx512f")]
#[inline]
fn xor_masked(a: &Lanes, delta: Block, mask: u16) -> Lanes {
    let delta = broadcast(delta);
    // Every 64-bit half looks at its lane's bit of the mask: no branch, for the bits are the garbler's secret.
    let mask = _mm512_set1_epi64(i64::from(mask));
    let mut bits = _mm512_set_epi64(8, 8, 4, 4, 2, 2, 1, 1);
    let mut out = Lanes([Block::ZERO; LANES]);
    for z in 0..4 {
        let x = load(a, z);
        let lanes = _mm512_test_epi64_mask(mask, bits);
        store(&mut out, z, _mm512_mask_xor_epi64(x, lanes, x, delta));
        bits = _mm512_slli_epi64::<4>(bits);
    }
    out
}

impl Kernel for Vaes512 {
    #[inline(always)]
    unsafe fn schedules(base: Block, first: u64, out: &mut [RoundKeys; KEYS_AHEAD]) {
        // SAFETY: the trait's contract: the CPU has this kernel's features.
        unsafe { expand_counters(base, first, out) }
    }

    #[inline(always)]
    unsafe fn xor(a: &Lanes, b: &Lanes) -> Lanes {
        // SAFETY: as above.
        unsafe { xor(a, b) }
    }

    #[inline(always)]
    unsafe fn xor_masked(a: &Lanes, delta: Block, mask: u16) -> Lanes {
        // SAFETY: as above.
        unsafe { xor_masked(a, delta, mask) }
    }
}

impl AndGate for HalfGates {
    type Set = Vaes512;
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

    #[inline(always)]
    unsafe fn garble(
        keys: &RoundKeys,
        _coins: u32,
        delta: Block,
        a: &Lanes,
        b: &Lanes,
        table: &mut [u8; GATE_BYTES],
    ) -> Lanes {
        // SAFETY: as above.
        unsafe { garble_and(keys, delta, a, b, table) }
    }

    #[inline(always)]
    unsafe fn evaluate(keys: &RoundKeys, a: &Lanes, b: &Lanes, table: &[u8; GATE_BYTES]) -> Lanes {
        // SAFETY: as above.
        unsafe { evaluate_and(keys, a, b, table) }
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,vaes,avx2,aes,sse4.1")]
pub(super) fn garble(
    job: &Job<'_>,
    secrets: &Secrets<'_>,
    tables: &mut [u8],
    outputs: &mut [Block],
) {
    // SAFETY: this function enables what `Vaes512` needs.
    unsafe { interpreter::garble::<HalfGates>(job, secrets, |_| 0, tables, outputs) }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,vaes,avx2,aes,sse4.1")]
pub(super) fn evaluate(job: &Job<'_>, inputs: &[Block], tables: &[u8], outputs: &mut [Block]) {
    // SAFETY: this function enables what `Vaes512` needs.
    unsafe { interpreter::evaluate::<HalfGates>(job, inputs, tables, outputs) }
}
