//! Three-halves on 512-bit registers: four lanes a register, `L` in the even words, `R` in the odd ones.
//!
//! With the colour-0 labels `a`, `b` and `y = w^2 Z = a + w a + b`, `Z = a + w b`:
//! `D = p_a (y + w^2 Delta) + p_b (Z + w Delta) + rho_L w Delta + rho_R w^2 Delta` and `w^2 rho Z = rho_L y + rho_R Z`.
//! Of the hash `E(t) xor t` the feed-forward `t` is made again from the labels instead of being kept.
#![expect(
    clippy::indexing_slicing,
    reason = "fixed-size arrays of registers indexed by constant loop bounds"
)]

use super::{Coins, Control, G2, GATE_BYTES, KEYS, gather, spread, twice};
use crate::aes::RoundKeys;
use crate::aes::vaes512::{broadcast, encrypt};
use crate::block::Block;
use crate::garble::LANES;
use crate::garble::kernel::interpreter::{self, AndGate, KEYS_AHEAD};
use crate::garble::kernel::vaes512::{Vaes512, load, low_bits, orthomorphism, store};
use crate::garble::kernel::{Job, Lanes, Secrets};
use core::arch::x86_64::*;

struct ThreeHalves;

/// Words of a register that hold `R`.
const ODD: __mmask8 = 0b1010_1010;

/// The tweaks `4 lane + t` of the four lanes of register `z`.
#[inline]
#[target_feature(enable = "avx512f")]
fn tweaks(z: usize, t: i64) -> __m512i {
    let first = 16 * z as i64 + t;
    _mm512_set_epi64(0, first + 12, 0, first + 8, 0, first + 4, 0, first)
}

/// The cipher's inputs of lanes `4 z` to `4 z + 3`: `w x + j` for `a`, `b`, `a + b`.
#[inline]
#[target_feature(enable = "avx512f")]
fn inputs(a: __m512i, b: __m512i, z: usize) -> [__m512i; 3] {
    let (wa, wb) = (orthomorphism(a), orthomorphism(b));
    [
        _mm512_xor_si512(wa, tweaks(z, 0)),
        _mm512_xor_si512(wb, tweaks(z, 1)),
        _mm512_xor_si512(_mm512_xor_si512(wa, wb), tweaks(z, 2)),
    ]
}

#[inline]
#[target_feature(enable = "avx512f")]
fn xor3(a: __m512i, b: __m512i, c: __m512i) -> __m512i {
    _mm512_ternarylogic_epi64::<0x96>(a, b, c)
}

/// `x + y` in the words of the mask.
#[inline]
#[target_feature(enable = "avx512f")]
fn xor_if(x: __m512i, mask: __mmask8, y: __m512i) -> __m512i {
    _mm512_mask_xor_epi64(x, mask, x, y)
}

/// From the hashes of `a`, `b`, `a + b`: the pairs of half-labels `(H(a), H(b)) + (1, 1) H(a + b)`, and the like pairs of
/// control bits.
#[inline]
#[target_feature(enable = "avx512f")]
fn pads(a: __m512i, b: __m512i, ab: __m512i) -> (__m512i, __mmask8) {
    let labels = _mm512_xor_si512(_mm512_unpacklo_epi64(a, b), _mm512_unpacklo_epi64(ab, ab));
    let bits = _mm512_xor_si512(_mm512_unpackhi_epi64(a, b), _mm512_unpackhi_epi64(ab, ab));
    (labels, _mm512_test_epi64_mask(bits, _mm512_set1_epi64(1)))
}

/// Four masks side by side, register 0 lowest.
fn join(masks: [__mmask8; 4]) -> u32 {
    u32::from_le_bytes(masks)
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,vaes")]
#[inline]
fn garble_and(
    keys: &[RoundKeys; KEYS],
    coins: u32,
    delta: Block,
    a: &Lanes,
    b: &Lanes,
    table: &mut [u8; GATE_BYTES],
) -> Lanes {
    let delta = broadcast(delta);
    let wdelta = orthomorphism(delta);
    let w2delta = _mm512_xor_si512(delta, wdelta);
    let one = _mm512_set1_epi64(1);
    let (rho_l, rho_r) = (twice(coins).to_le_bytes(), twice(coins >> 1).to_le_bytes());
    let mut out = Lanes([Block::ZERO; LANES]);
    let (mut c, mut g, mut g2) = ([0; 4], [0; 4], [0; 4]);
    for (half, keys) in keys.iter().enumerate() {
        let mut s = [_mm512_setzero_si512(); 12];
        let mut wires = [(_mm512_setzero_si512(), _mm512_setzero_si512(), 0, 0); 2];
        for (k, wires) in wires.iter_mut().enumerate() {
            let z = 2 * half + k;
            let (a, b) = (load(a, z), load(b, z));
            let (pa, pb) = (low_bits(a), low_bits(b));
            let (a, b) = (xor_if(a, pa, delta), xor_if(b, pb, delta));
            *wires = (a, b, pa, pb);
            for (t, x) in inputs(a, b, z).into_iter().enumerate() {
                s[6 * k + 2 * t] = x;
                s[6 * k + 2 * t + 1] = _mm512_xor_si512(x, wdelta);
            }
        }
        encrypt(keys, &mut s);
        let mut third = [_mm512_setzero_si512(); 2];
        for (k, (a, b, pa, pb)) in wires.into_iter().enumerate() {
            let z = 2 * half + k;
            let [ta, tb, tab] = inputs(a, b, z);
            // d H = E(t) + E(t + w Delta) + w Delta.
            let da = xor3(s[6 * k], s[6 * k + 1], wdelta);
            let db = xor3(s[6 * k + 2], s[6 * k + 3], wdelta);
            let dab = xor3(s[6 * k + 4], s[6 * k + 5], wdelta);

            let zz = _mm512_xor_si512(a, orthomorphism(b));
            let y = xor3(a, orthomorphism(a), b);
            let (rl, rr) = (rho_l[z], rho_r[z]);
            let d = _mm512_maskz_xor_epi64(pa, y, w2delta);
            let d = xor_if(d, pb, _mm512_xor_si512(zz, wdelta));
            let d = xor_if(d, rl, wdelta);
            let d = xor_if(d, rr, w2delta);

            let own = _mm512_mask_mov_epi64(b, ODD, a);
            let g01 = xor3(_mm512_unpacklo_epi64(da, db), d, own);
            // SAFETY: the table has more than 256 bytes; z < 4 writes bytes 64z to 64z + 63.
            unsafe { _mm512_storeu_si512(table.as_mut_ptr().add(64 * z).cast(), g01) };
            let swapped = _mm512_shuffle_epi32::<0b01_00_11_10>(d);
            third[k] = xor3(dab, d, swapped);

            let (pads, bits) = pads(
                _mm512_xor_si512(s[6 * k], ta),
                _mm512_xor_si512(s[6 * k + 2], tb),
                _mm512_xor_si512(s[6 * k + 4], tab),
            );
            let h = xor_if(pads, rl, y);
            let h = xor_if(h, rr, zz);
            store(&mut out, z, xor_if(h, pa & pb, delta));

            c[z] = bits;
            let bits = _mm512_test_epi64_mask(_mm512_unpackhi_epi64(da, db), one);
            g[z] = bits ^ (pa & !ODD) ^ (pb & ODD);
            g2[z] = _mm512_test_epi64_mask(dab, one) ^ pa ^ pb;
        }
        let even = _mm512_set_epi64(14, 12, 10, 8, 6, 4, 2, 0);
        let third = _mm512_permutex2var_epi64(third[0], even, third[1]);
        // SAFETY: G2 + 128 bytes lie before the control bits; half < 2 writes 64 of these.
        unsafe { _mm512_storeu_si512(table.as_mut_ptr().add(G2 + 64 * half).cast(), third) };
    }
    let control = Control {
        c: join(c) ^ coins,
        g: join(g),
        g2: gather(join(g2) >> 1),
    };
    control.write(table);
    out
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,vaes")]
#[inline]
fn evaluate_and(keys: &[RoundKeys; KEYS], a: &Lanes, b: &Lanes, table: &[u8; GATE_BYTES]) -> Lanes {
    let mut s = [[_mm512_setzero_si512(); 6]; 2];
    for (half, s) in s.iter_mut().enumerate() {
        for k in 0..2 {
            let z = 2 * half + k;
            let t = inputs(load(a, z), load(b, z), z);
            s[3 * k..3 * k + 3].copy_from_slice(&t);
        }
    }
    // Both keys abreast: six registers alone would wait for each other's rounds.
    for (s, keys) in s.iter_mut().zip(keys) {
        let k = broadcast(keys.0[0]);
        for x in s.iter_mut() {
            *x = _mm512_xor_si512(*x, k);
        }
    }
    for round in 1..10 {
        for (s, keys) in s.iter_mut().zip(keys) {
            let k = broadcast(keys.0[round]);
            for x in s.iter_mut() {
                *x = _mm512_aesenc_epi128(*x, k);
            }
        }
    }
    for (s, keys) in s.iter_mut().zip(keys) {
        let k = broadcast(keys.0[10]);
        for x in s.iter_mut() {
            *x = _mm512_aesenclast_epi128(*x, k);
        }
    }

    let one = _mm512_set1_epi64(1);
    let mut out = Lanes([Block::ZERO; LANES]);
    let control = Control::read(table);
    let (c, g, g2) = (
        control.c.to_le_bytes(),
        control.g.to_le_bytes(),
        (spread(control.g2) * 3).to_le_bytes(),
    );
    for (half, s) in s.iter().enumerate() {
        // SAFETY: G2 + 128 bytes lie before the control bits; half < 2 reads 64 of these.
        let third = unsafe { _mm512_loadu_si512(table.as_ptr().add(G2 + 64 * half).cast()) };
        for k in 0..2 {
            let z = 2 * half + k;
            let (a, b) = (load(a, z), load(b, z));
            let [ta, tb, tab] = inputs(a, b, z);
            let (h, pad) = pads(
                _mm512_xor_si512(s[3 * k], ta),
                _mm512_xor_si512(s[3 * k + 1], tb),
                _mm512_xor_si512(s[3 * k + 2], tab),
            );
            // `i` in even, `j` in odd words; `i + j` in both.
            let ij = _mm512_test_epi64_mask(_mm512_unpacklo_epi64(a, b), one);
            let sum = low_bits(_mm512_xor_si512(a, b));
            // SAFETY: the table has more than 256 bytes; z < 4 reads bytes 64z to 64z + 63.
            let g01 = unsafe { _mm512_loadu_si512(table.as_ptr().add(64 * z).cast()) };
            let own = _mm512_mask_mov_epi64(b, ODD, a);
            let h = xor_if(h, ij, _mm512_xor_si512(g01, own));
            let first = 4 * k as i64;
            let lanes = _mm512_set_epi64(
                first + 3,
                first + 3,
                first + 2,
                first + 2,
                first + 1,
                first + 1,
                first,
                first,
            );
            let h = xor_if(h, sum, _mm512_permutexvar_epi64(lanes, third));

            let r = c[z] ^ pad ^ (ij & g[z]) ^ (sum & g2[z]);
            let (rl, rr) = (r & !ODD, r & ODD);
            let zz = _mm512_xor_si512(a, orthomorphism(b));
            let y = xor3(a, orthomorphism(a), b);
            let h = xor_if(h, rl | rl << 1, y);
            store(&mut out, z, xor_if(h, rr | rr >> 1, zz));
        }
    }
    out
}

impl AndGate for ThreeHalves {
    type Set = Vaes512;
    type Table = [u8; GATE_BYTES];
    type Keys = [RoundKeys; KEYS];
    const KEYS: usize = KEYS;

    fn keys(schedules: &[RoundKeys; KEYS_AHEAD]) -> &[Self::Keys] {
        schedules.as_chunks().0
    }

    fn tables(bytes: &[u8]) -> &[Self::Table] {
        bytes.as_chunks().0
    }

    fn tables_mut(bytes: &mut [u8]) -> &mut [Self::Table] {
        bytes.as_chunks_mut().0
    }

    #[inline(always)]
    unsafe fn garble(
        keys: &[RoundKeys; KEYS],
        coins: u32,
        delta: Block,
        a: &Lanes,
        b: &Lanes,
        table: &mut [u8; GATE_BYTES],
    ) -> Lanes {
        // SAFETY: the trait's contract: the CPU has this kernel's features.
        unsafe { garble_and(keys, coins, delta, a, b, table) }
    }

    #[inline(always)]
    unsafe fn evaluate(
        keys: &[RoundKeys; KEYS],
        a: &Lanes,
        b: &Lanes,
        table: &[u8; GATE_BYTES],
    ) -> Lanes {
        // SAFETY: as above.
        unsafe { evaluate_and(keys, a, b, table) }
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,vaes,avx2,aes,sse4.1")]
pub(super) fn garble(
    job: &Job<'_>,
    secrets: &Secrets<'_>,
    coins: &mut Coins<'_>,
    tables: &mut [u8],
    outputs: &mut [Block],
) {
    // SAFETY: this function enables what `ThreeHalves` needs.
    unsafe {
        interpreter::garble::<ThreeHalves>(job, secrets, |g| coins.next(g), tables, outputs);
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,vaes,avx2,aes,sse4.1")]
pub(super) fn evaluate(job: &Job<'_>, inputs: &[Block], tables: &[u8], outputs: &mut [Block]) {
    // SAFETY: this function enables what `ThreeHalves` needs.
    unsafe { interpreter::evaluate::<ThreeHalves>(job, inputs, tables, outputs) }
}
