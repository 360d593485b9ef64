//! The passes over strips. [`block`] has explicit AVX2 and AVX-512 versions; the others are one loop
//! that the compiler vectorises. All give the same numbers: every operation is exact.
//!
//! Inner loops go over flat slices or by index: an iterator made inside a loop would be a call there,
//! since the compiler does not inline its constructor into code for other instruction sets.
#![expect(
    clippy::indexing_slicing,
    reason = "indices are below the constant length of their array"
)]

use super::{BLOCK, STRIP, Strip};
use crate::simd::{Simd, Supported, versions};
#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::*;

/// x - q round(x / q) for |x| < 2^53.
#[inline(always)]
fn reduce((q, inverse): (f64, f64), x: f64) -> f64 {
    (x * inverse).round_ties_even().mul_add(-q, x)
}

/// x y mod q.
#[inline(always)]
fn product((q, inverse): (f64, f64), x: f64, y: f64) -> f64 {
    let high = x * y;
    let low = x.mul_add(y, -high);
    (high * inverse).round_ties_even().mul_add(-q, high) + low
}

versions! {
    /// out = x y.
    fn multiply(q: (f64, f64), out: &mut [Strip], x: &[Strip], y: &[Strip]) {
        let operands = x.as_flattened().iter().zip(y.as_flattened());
        for (out, (&x, &y)) in out.as_flattened_mut().iter_mut().zip(operands) {
            *out = product(q, x, y);
        }
    }

    /// sum = sum + x y.
    fn multiply_add(q: (f64, f64), sum: &mut [Strip], x: &[Strip], y: &[Strip]) {
        let operands = x.as_flattened().iter().zip(y.as_flattened());
        for (sum, (&x, &y)) in sum.as_flattened_mut().iter_mut().zip(operands) {
            *sum = reduce(q, *sum + product(q, x, y));
        }
    }

    /// x = c x.
    fn scale(q: (f64, f64), x: &mut [Strip], c: f64) {
        for x in x.as_flattened_mut() {
            *x = product(q, *x, c);
        }
    }

    /// out = u x + v y.
    fn combine(q: (f64, f64), out: &mut [Strip], left: (f64, &[Strip]), right: (f64, &[Strip])) {
        let ((u, x), (v, y)) = (left, right);
        let operands = x.as_flattened().iter().zip(y.as_flattened());
        for (out, (&x, &y)) in out.as_flattened_mut().iter_mut().zip(operands) {
            *out = reduce(q, u.mul_add(x, v * y));
        }
    }
}

/// sums = sums + W x for one block of outputs; `weights` is term by term, as many as `x` has rows and
/// `sums` outputs (at most [`BLOCK`]).
pub(super) fn block(
    simd: Supported,
    q: (f64, f64),
    weights: &[f64],
    x: &[Strip],
    sums: &mut [Strip],
) {
    macro_rules! sized {
        ($($size:literal)*) => {
            match sums.len() {
                $($size => {
                    if let Some(sums) = sums.first_chunk_mut::<$size>() {
                        dispatch(simd, q, weights.as_chunks::<$size>().0, x, sums);
                    }
                })*
                _ => {} // `super::blocks` makes no other size
            }
        };
    }
    const { assert!(BLOCK == 6) };
    sized!(1 2 3 4 5 6);
}

#[inline]
fn dispatch<const M: usize>(
    simd: Supported,
    q: (f64, f64),
    weights: &[[f64; M]],
    x: &[Strip],
    sums: &mut [Strip; M],
) {
    match simd.level() {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: a `Supported` level's features are present.
        Simd::Avx512 => unsafe { avx512(q, weights, x, sums) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: a `Supported` level's features are present.
        Simd::Avx2 => unsafe { avx2(q, weights, x, sums) },
        _ => scalar(q, weights, x, sums),
    }
}

fn scalar<const M: usize>(q: (f64, f64), weights: &[[f64; M]], x: &[Strip], sums: &mut [Strip; M]) {
    for (x, weights) in x.iter().zip(weights) {
        for (sum, &w) in sums.iter_mut().zip(weights) {
            for (sum, &x) in sum.iter_mut().zip(x) {
                *sum += w * x;
            }
        }
    }
    for sum in sums.iter_mut().flatten() {
        *sum = reduce(q, *sum);
    }
}

/// Six outputs times eight columns are 12 accumulators of the 16 registers.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn avx2<const M: usize>(q: (f64, f64), weights: &[[f64; M]], x: &[Strip], sums: &mut [Strip; M]) {
    const NEAREST: i32 = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;
    let (modulus, inverse) = (_mm256_set1_pd(q.0), _mm256_set1_pd(q.1));
    for half in 0..2 {
        let mut totals = [[_mm256_setzero_pd(); 2]; M];
        for o in 0..M {
            totals[o] = load(&sums[o], half);
        }
        for (x, weights) in x.iter().zip(weights) {
            let x = load(x, half);
            for o in 0..M {
                let w = _mm256_set1_pd(weights[o]);
                totals[o][0] = _mm256_fmadd_pd(w, x[0], totals[o][0]);
                totals[o][1] = _mm256_fmadd_pd(w, x[1], totals[o][1]);
            }
        }
        for o in 0..M {
            let start = sums[o].as_mut_ptr().wrapping_add(half * STRIP / 2);
            for (v, &x) in totals[o].iter().enumerate() {
                let k = _mm256_round_pd::<NEAREST>(_mm256_mul_pd(x, inverse));
                // SAFETY: half a strip is 64 writable bytes, two registers.
                unsafe { _mm256_storeu_pd(start.add(4 * v), _mm256_fnmadd_pd(k, modulus, x)) };
            }
        }
    }

    #[inline]
    #[target_feature(enable = "avx2,fma")]
    fn load(strip: &Strip, half: usize) -> [__m256d; 2] {
        let start = strip.as_ptr().wrapping_add(half * STRIP / 2);
        // SAFETY: `half` is 0 or 1, and half a strip is 64 readable bytes, two registers.
        unsafe { [_mm256_loadu_pd(start), _mm256_loadu_pd(start.add(4))] }
    }
}

/// Six outputs times sixteen columns are 12 accumulators, enough to hide the latency of both units.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn avx512<const M: usize>(q: (f64, f64), weights: &[[f64; M]], x: &[Strip], sums: &mut [Strip; M]) {
    const NEAREST: i32 = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;
    let (modulus, inverse) = (_mm512_set1_pd(q.0), _mm512_set1_pd(q.1));
    let mut totals = [[_mm512_setzero_pd(); 2]; M];
    for o in 0..M {
        totals[o] = load(&sums[o]);
    }
    for (x, weights) in x.iter().zip(weights) {
        let x = load(x);
        for o in 0..M {
            let w = _mm512_set1_pd(weights[o]);
            totals[o][0] = _mm512_fmadd_pd(w, x[0], totals[o][0]);
            totals[o][1] = _mm512_fmadd_pd(w, x[1], totals[o][1]);
        }
    }
    for o in 0..M {
        let start = sums[o].as_mut_ptr();
        for (v, &x) in totals[o].iter().enumerate() {
            let k = _mm512_roundscale_pd::<NEAREST>(_mm512_mul_pd(x, inverse));
            // SAFETY: a strip is 128 writable bytes, two registers.
            unsafe { _mm512_storeu_pd(start.add(8 * v), _mm512_fnmadd_pd(k, modulus, x)) };
        }
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    fn load(strip: &Strip) -> [__m512d; 2] {
        let start = strip.as_ptr();
        // SAFETY: a strip is 128 readable bytes, two registers.
        unsafe { [_mm512_loadu_pd(start), _mm512_loadu_pd(start.add(8))] }
    }
}
