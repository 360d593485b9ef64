//! Half-gates on 128-bit registers (AES-NI), two lanes and so eight hashes in flight.
#![expect(
    clippy::indexing_slicing,
    reason = "fixed-size arrays indexed by constant loop bounds below LANES"
)]

use super::interpreter::{self, AndGate, KEYS_AHEAD, Kernel};
use super::{GATE_BYTES, Job, LANES, Lanes, Secrets};
use crate::aes::RoundKeys;
use crate::aes::aesni::{encrypt_registers, expand_one, load, store};
use crate::block::Block;
use core::arch::x86_64::*;

/// The instruction set.
pub(in crate::garble) struct AesNi;

/// Half-gates on it.
struct HalfGates;

/// `s(L || R) = (L xor R) || L`.
#[inline]
#[target_feature(enable = "sse2")]
pub(in crate::garble) fn orthomorphism(x: __m128i) -> __m128i {
    let high = _mm_set_epi64x(-1, 0);
    _mm_xor_si128(
        _mm_shuffle_epi32::<0b01_00_11_10>(x),
        _mm_and_si128(x, high),
    )
}

/// All ones if the low bit is set.
#[inline]
#[target_feature(enable = "sse2")]
pub(in crate::garble) fn low_bit(x: __m128i) -> __m128i {
    let bit = _mm_and_si128(x, _mm_set_epi32(0, 0, 0, 1));
    _mm_sub_epi32(_mm_setzero_si128(), _mm_shuffle_epi32::<0>(bit))
}

#[inline]
#[target_feature(enable = "sse2")]
fn tweak(lane: usize, half: i64) -> __m128i {
    _mm_set_epi64x(0, 2 * lane as i64 + half)
}

#[inline]
#[target_feature(enable = "sse2")]
fn table_entry(table: &[u8; GATE_BYTES], index: usize) -> __m128i {
    let bytes = &table[16 * index..16 * index + 16];
    // SAFETY: the slice has sixteen bytes.
    unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "sse2")]
fn set_table_entry(table: &mut [u8; GATE_BYTES], index: usize, x: __m128i) {
    let bytes = &mut table[16 * index..16 * index + 16];
    // SAFETY: the slice has sixteen bytes.
    unsafe { _mm_storeu_si128(bytes.as_mut_ptr().cast(), x) }
}

#[target_feature(enable = "avx2,aes,sse4.1")]
fn garble_and(
    keys: &RoundKeys,
    delta: Block,
    a: &Lanes,
    b: &Lanes,
    table: &mut [u8; GATE_BYTES],
) -> Lanes {
    let delta = load(&delta);
    let shift = orthomorphism(delta);
    let one = _mm_set_epi64x(0, 1);
    let mut out = Lanes([Block::ZERO; LANES]);
    for pair in 0..LANES / 2 {
        let mut s = [_mm_setzero_si128(); 8];
        for i in 0..2 {
            let lane = 2 * pair + i;
            s[4 * i] = _mm_xor_si128(orthomorphism(load(&a.0[lane])), tweak(lane, 0));
            s[4 * i + 1] = _mm_xor_si128(s[4 * i], shift);
            s[4 * i + 2] = _mm_xor_si128(orthomorphism(load(&b.0[lane])), tweak(lane, 1));
            s[4 * i + 3] = _mm_xor_si128(s[4 * i + 2], shift);
        }
        encrypt_registers(keys, &mut s);
        for i in 0..2 {
            let lane = 2 * pair + i;
            let (a0, b0) = (load(&a.0[lane]), load(&b.0[lane]));
            let (pa, pb) = (low_bit(a0), low_bit(b0));
            let tg = _mm_xor_si128(_mm_xor_si128(s[4 * i], s[4 * i + 1]), shift);
            let tg = _mm_xor_si128(tg, _mm_and_si128(pb, delta));
            let te_a = _mm_xor_si128(_mm_xor_si128(s[4 * i + 2], s[4 * i + 3]), shift);
            let h = _mm_xor_si128(
                _mm_xor_si128(s[4 * i], s[4 * i + 2]),
                _mm_xor_si128(orthomorphism(_mm_xor_si128(a0, b0)), one),
            );
            let h = _mm_xor_si128(h, _mm_and_si128(pa, tg));
            let h = _mm_xor_si128(h, _mm_and_si128(pb, te_a));
            store(&mut out.0[lane], h);
            set_table_entry(table, lane, tg);
            set_table_entry(table, LANES + lane, _mm_xor_si128(te_a, a0));
        }
    }
    out
}

#[target_feature(enable = "avx2,aes,sse4.1")]
fn evaluate_and(keys: &RoundKeys, a: &Lanes, b: &Lanes, table: &[u8; GATE_BYTES]) -> Lanes {
    let one = _mm_set_epi64x(0, 1);
    let mut out = Lanes([Block::ZERO; LANES]);
    for four in 0..LANES / 4 {
        let mut s = [_mm_setzero_si128(); 8];
        for i in 0..4 {
            let lane = 4 * four + i;
            s[2 * i] = _mm_xor_si128(orthomorphism(load(&a.0[lane])), tweak(lane, 0));
            s[2 * i + 1] = _mm_xor_si128(orthomorphism(load(&b.0[lane])), tweak(lane, 1));
        }
        encrypt_registers(keys, &mut s);
        for i in 0..4 {
            let lane = 4 * four + i;
            let (a, b) = (load(&a.0[lane]), load(&b.0[lane]));
            let (tg, te) = (table_entry(table, lane), table_entry(table, LANES + lane));
            let h = _mm_xor_si128(
                _mm_xor_si128(s[2 * i], s[2 * i + 1]),
                _mm_xor_si128(orthomorphism(_mm_xor_si128(a, b)), one),
            );
            let h = _mm_xor_si128(h, _mm_and_si128(low_bit(a), tg));
            let h = _mm_xor_si128(h, _mm_and_si128(low_bit(b), _mm_xor_si128(te, a)));
            store(&mut out.0[lane], h);
        }
    }
    out
}

impl Kernel for AesNi {
    #[inline(always)]
    unsafe fn schedules(base: Block, first: u64, out: &mut [RoundKeys; KEYS_AHEAD]) {
        for (i, keys) in out.iter_mut().enumerate() {
            // SAFETY: the trait's contract: the CPU has this kernel's features.
            unsafe { expand_one(base ^ Block([first.wrapping_add(i as u64), 0]), keys) };
        }
    }

    #[inline(always)]
    unsafe fn xor(a: &Lanes, b: &Lanes) -> Lanes {
        Lanes(core::array::from_fn(|i| a.0[i] ^ b.0[i]))
    }

    #[inline(always)]
    unsafe fn xor_masked(a: &Lanes, delta: Block, mask: u16) -> Lanes {
        Lanes(core::array::from_fn(|i| {
            a.0[i] ^ delta.and_mask(u64::from(mask >> i))
        }))
    }
}

impl AndGate for HalfGates {
    type Set = AesNi;
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

#[target_feature(enable = "avx2,aes,sse4.1")]
pub(super) fn garble(
    job: &Job<'_>,
    secrets: &Secrets<'_>,
    tables: &mut [u8],
    outputs: &mut [Block],
) {
    // SAFETY: this function enables what `AesNi` needs.
    unsafe { interpreter::garble::<HalfGates>(job, secrets, |_| 0, tables, outputs) }
}

#[target_feature(enable = "avx2,aes,sse4.1")]
pub(super) fn evaluate(job: &Job<'_>, inputs: &[Block], tables: &[u8], outputs: &mut [Block]) {
    // SAFETY: this function enables what `AesNi` needs.
    unsafe { interpreter::evaluate::<HalfGates>(job, inputs, tables, outputs) }
}
