//! Three-halves on 128-bit registers (AES-NI), twelve hashes in flight: two lanes to garble, four to evaluate. The equations are
//! those of the 512-bit kernel.
#![expect(
    clippy::indexing_slicing,
    reason = "fixed-size arrays indexed by constant loop bounds below LANES"
)]

use super::{Coins, Control, G2, GATE_BYTES, KEYS};
use crate::aes::RoundKeys;
use crate::aes::aesni::{load, store};
use crate::aes::narrow::aes128::encrypt;
use crate::aes::registers::x128::{low_bits, orthomorphism};
use crate::block::Block;
use crate::garble::LANES;
use crate::garble::kernel::interpreter::{self, AndGate, KEYS_AHEAD};
use crate::garble::kernel::narrow::aes128::AesNi;
use crate::garble::kernel::{Job, Lanes, Secrets};
use core::arch::x86_64::*;

struct ThreeHalves;

/// The cipher's inputs of a lane: `w x + j` for `a`, `b`, `a + b`.
#[inline]
#[target_feature(enable = "avx2,aes,sse4.1")]
fn inputs(a: __m128i, b: __m128i, lane: usize) -> [__m128i; 3] {
    let (wa, wb) = (orthomorphism(a), orthomorphism(b));
    let tweak = |t| _mm_set_epi64x(0, 4 * lane as i64 + t);
    [
        _mm_xor_si128(wa, tweak(0)),
        _mm_xor_si128(wb, tweak(1)),
        _mm_xor_si128(_mm_xor_si128(wa, wb), tweak(2)),
    ]
}

/// `(x_L, y_R)`.
#[inline]
#[target_feature(enable = "sse4.1")]
fn cross(x: __m128i, y: __m128i) -> __m128i {
    _mm_blend_epi16::<0b1111_0000>(x, y)
}

/// The lowest bits of the two words.
#[inline]
#[target_feature(enable = "sse2")]
fn bits(x: __m128i) -> u32 {
    _mm_movemask_pd(_mm_castsi128_pd(_mm_slli_epi64::<63>(x))) as u32
}

/// All ones if bit 0 of `bit` is set.
#[inline]
#[target_feature(enable = "sse2")]
fn mask(bit: u32) -> __m128i {
    _mm_set1_epi64x(-i64::from(bit & 1))
}

/// `(H(a), H(b)) + (1, 1) H(a + b)` of half-labels, and of control bits in bits 0 (`L`) and 1 (`R`).
#[inline]
#[target_feature(enable = "sse2")]
fn pads(a: __m128i, b: __m128i, ab: __m128i) -> (__m128i, u32) {
    let labels = _mm_xor_si128(_mm_unpacklo_epi64(a, b), _mm_unpacklo_epi64(ab, ab));
    let control = _mm_xor_si128(_mm_unpackhi_epi64(a, b), _mm_unpackhi_epi64(ab, ab));
    (labels, bits(control))
}

#[target_feature(enable = "avx2,aes,sse4.1")]
fn garble_and(
    keys: &[RoundKeys; KEYS],
    coins: u32,
    delta: Block,
    a: &Lanes,
    b: &Lanes,
    table: &mut [u8; GATE_BYTES],
) -> Lanes {
    let delta = load(&delta);
    let wdelta = orthomorphism(delta);
    let w2delta = _mm_xor_si128(delta, wdelta);
    let mut out = Lanes([Block::ZERO; LANES]);
    let mut control = Control {
        c: coins,
        g: 0,
        g2: 0,
    };
    let colour_0 = |x: &Block| {
        let x = load(x);
        let p = low_bits(x);
        (_mm_xor_si128(x, _mm_and_si128(p, delta)), p)
    };
    for pair in 0..LANES / 2 {
        let mut s = [_mm_setzero_si128(); 12];
        for k in 0..2 {
            let lane = 2 * pair + k;
            let ((a, _), (b, _)) = (colour_0(&a.0[lane]), colour_0(&b.0[lane]));
            for (t, x) in inputs(a, b, lane).into_iter().enumerate() {
                s[6 * k + 2 * t] = x;
                s[6 * k + 2 * t + 1] = _mm_xor_si128(x, wdelta);
            }
        }
        encrypt(&keys[pair / (LANES / 2 / KEYS)], &mut s);
        for k in 0..2 {
            let lane = 2 * pair + k;
            let ((a, pa), (b, pb)) = (colour_0(&a.0[lane]), colour_0(&b.0[lane]));
            let [ta, tb, tab] = inputs(a, b, lane);
            // d H = E(t) + E(t + w Delta) + w Delta.
            let da = _mm_xor_si128(_mm_xor_si128(s[6 * k], s[6 * k + 1]), wdelta);
            let db = _mm_xor_si128(_mm_xor_si128(s[6 * k + 2], s[6 * k + 3]), wdelta);
            let dab = _mm_xor_si128(_mm_xor_si128(s[6 * k + 4], s[6 * k + 5]), wdelta);

            let z = _mm_xor_si128(a, orthomorphism(b));
            let y = _mm_xor_si128(_mm_xor_si128(a, orthomorphism(a)), b);
            let (rl, rr) = (mask(coins >> (2 * lane)), mask(coins >> (2 * lane + 1)));
            let d = _mm_and_si128(pa, _mm_xor_si128(y, w2delta));
            let d = _mm_xor_si128(d, _mm_and_si128(pb, _mm_xor_si128(z, wdelta)));
            let d = _mm_xor_si128(d, _mm_and_si128(rl, wdelta));
            let d = _mm_xor_si128(d, _mm_and_si128(rr, w2delta));

            let g01 = _mm_xor_si128(_mm_unpacklo_epi64(da, db), d);
            let g01 = _mm_xor_si128(g01, cross(b, a));
            let bytes = &mut table[16 * lane..16 * lane + 16];
            // SAFETY: the slice has sixteen bytes.
            unsafe { _mm_storeu_si128(bytes.as_mut_ptr().cast(), g01) };
            let third = _mm_xor_si128(d, _mm_shuffle_epi32::<0b01_00_11_10>(d));
            let third = _mm_cvtsi128_si64(_mm_xor_si128(third, dab));
            table[G2 + 8 * lane..][..8].copy_from_slice(&third.to_le_bytes());

            let (h, pad) = pads(
                _mm_xor_si128(s[6 * k], ta),
                _mm_xor_si128(s[6 * k + 2], tb),
                _mm_xor_si128(s[6 * k + 4], tab),
            );
            let h = _mm_xor_si128(h, _mm_and_si128(rl, y));
            let h = _mm_xor_si128(h, _mm_and_si128(rr, z));
            let both = _mm_and_si128(_mm_and_si128(pa, pb), delta);
            store(&mut out.0[lane], _mm_xor_si128(h, both));

            control.c ^= pad << (2 * lane);
            let masked = _mm_xor_si128(_mm_unpackhi_epi64(da, db), cross(pa, pb));
            control.g |= bits(masked) << (2 * lane);
            let masked = _mm_xor_si128(dab, _mm_xor_si128(pa, pb));
            control.g2 |= ((bits(masked) >> 1) << lane) as u16;
        }
    }
    control.write(table);
    out
}

#[target_feature(enable = "avx2,aes,sse4.1")]
fn evaluate_and(keys: &[RoundKeys; KEYS], a: &Lanes, b: &Lanes, table: &[u8; GATE_BYTES]) -> Lanes {
    let mut out = Lanes([Block::ZERO; LANES]);
    let control = Control::read(table);
    for four in 0..LANES / 4 {
        let mut s = [_mm_setzero_si128(); 12];
        for k in 0..4 {
            let lane = 4 * four + k;
            let t = inputs(load(&a.0[lane]), load(&b.0[lane]), lane);
            s[3 * k..3 * k + 3].copy_from_slice(&t);
        }
        encrypt(&keys[four / (LANES / 4 / KEYS)], &mut s);
        for k in 0..4 {
            let lane = 4 * four + k;
            let (a, b) = (load(&a.0[lane]), load(&b.0[lane]));
            let [ta, tb, tab] = inputs(a, b, lane);
            let (h, pad) = pads(
                _mm_xor_si128(s[3 * k], ta),
                _mm_xor_si128(s[3 * k + 1], tb),
                _mm_xor_si128(s[3 * k + 2], tab),
            );
            let bytes = &table[16 * lane..16 * lane + 16];
            // SAFETY: the slice has sixteen bytes.
            let g01 = unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) };
            let bytes = &table[G2 + 8 * lane..][..8];
            // SAFETY: the slice has eight bytes.
            let third = unsafe { _mm_loadl_epi64(bytes.as_ptr().cast()) };
            let third = _mm_unpacklo_epi64(third, third);

            // `i` in the low, `j` in the high word; `i + j` in both.
            let (i, j) = (low_bits(a), low_bits(b));
            let (ij, sum) = (cross(i, j), _mm_xor_si128(i, j));
            let own = _mm_xor_si128(g01, cross(b, a));
            let h = _mm_xor_si128(h, _mm_and_si128(ij, own));
            let h = _mm_xor_si128(h, _mm_and_si128(sum, third));

            let g = control.g >> (2 * lane) & 3;
            let g2 = (u32::from(control.g2 >> lane) & 1) * 3;
            let r = control.c >> (2 * lane) ^ pad ^ (bits(ij) & g) ^ (bits(sum) & g2);
            let z = _mm_xor_si128(a, orthomorphism(b));
            let y = _mm_xor_si128(_mm_xor_si128(a, orthomorphism(a)), b);
            let h = _mm_xor_si128(h, _mm_and_si128(mask(r), y));
            let h = _mm_xor_si128(h, _mm_and_si128(mask(r >> 1), z));
            store(&mut out.0[lane], h);
        }
    }
    out
}

impl AndGate for ThreeHalves {
    type Set = AesNi;
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

#[target_feature(enable = "avx2,aes,sse4.1")]
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

#[target_feature(enable = "avx2,aes,sse4.1")]
pub(super) fn evaluate(job: &Job<'_>, inputs: &[Block], tables: &[u8], outputs: &mut [Block]) {
    // SAFETY: this function enables what `ThreeHalves` needs.
    unsafe { interpreter::evaluate::<ThreeHalves>(job, inputs, tables, outputs) }
}
