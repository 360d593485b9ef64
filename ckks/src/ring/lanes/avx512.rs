//! Eight doubles: AVX-512 F, DQ and VL.

use super::Lanes;
use std::arch::x86_64::*;

/// Eight doubles.
#[derive(Clone, Copy)]
pub(in crate::ring) struct Avx512(pub(in crate::ring) __m512d);

/// The double 2^52: in the binade [2^52, 2^53) the significand's low bits are the integer's.
const MAGIC: f64 = (1u64 << 52) as f64;

impl Lanes for Avx512 {
    const COUNT: usize = 8;

    #[inline(always)]
    unsafe fn splat(x: f64) -> Self {
        // SAFETY: the caller's contract, as for every function here.
        Self(unsafe { _mm512_set1_pd(x) })
    }

    #[inline(always)]
    unsafe fn load(from: *const f64) -> Self {
        // SAFETY: as above.
        Self(unsafe { _mm512_loadu_pd(from) })
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f64) {
        // SAFETY: as above.
        unsafe { _mm512_storeu_pd(to, self.0) }
    }

    #[inline(always)]
    unsafe fn load_words(from: *const u64) -> Self {
        // SAFETY: as above.
        unsafe {
            let magic = _mm512_set1_pd(MAGIC);
            let word = _mm512_loadu_pd(from.cast());
            Self(_mm512_sub_pd(_mm512_or_pd(word, magic), magic))
        }
    }

    #[inline(always)]
    unsafe fn store_words(self, to: *mut u64) {
        // SAFETY: as above.
        unsafe {
            let magic = _mm512_set1_pd(MAGIC);
            let word = _mm512_xor_pd(_mm512_add_pd(self.0, magic), magic);
            _mm512_storeu_pd(to.cast(), word);
        }
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        // SAFETY: as above.
        Self(unsafe { _mm512_add_pd(self.0, other.0) })
    }

    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        // SAFETY: as above.
        Self(unsafe { _mm512_sub_pd(self.0, other.0) })
    }

    #[inline(always)]
    unsafe fn mul(self, other: Self) -> Self {
        // SAFETY: as above.
        Self(unsafe { _mm512_mul_pd(self.0, other.0) })
    }

    #[inline(always)]
    unsafe fn product_less(a: Self, b: Self, c: Self) -> Self {
        // SAFETY: as above.
        Self(unsafe { _mm512_fmsub_pd(a.0, b.0, c.0) })
    }

    #[inline(always)]
    unsafe fn less_product(self, a: Self, b: Self) -> Self {
        // SAFETY: as above.
        Self(unsafe { _mm512_fnmadd_pd(a.0, b.0, self.0) })
    }

    #[inline(always)]
    unsafe fn round(self) -> Self {
        // SAFETY: as above.
        Self(unsafe {
            _mm512_roundscale_pd::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(self.0)
        })
    }

    #[inline(always)]
    unsafe fn add_if_negative(self, other: Self) -> Self {
        // SAFETY: as above.
        unsafe {
            let negative = _mm512_movepi64_mask(_mm512_castpd_si512(self.0));
            Self(_mm512_mask_add_pd(self.0, negative, self.0, other.0))
        }
    }
}
