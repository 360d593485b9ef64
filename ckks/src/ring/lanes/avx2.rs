//! Four doubles: AVX2 and FMA.

use super::Lanes;
use std::arch::x86_64::*;

/// Four doubles.
#[derive(Clone, Copy)]
pub(in crate::ring) struct Avx2(pub(in crate::ring) __m256d);

/// The double 2^52: in the binade [2^52, 2^53) the significand's low bits are the integer's.
const MAGIC: f64 = (1u64 << 52) as f64;

impl Avx2 {
    /// Lane i of row j to lane j of row i.
    ///
    /// # Safety
    /// AVX2 must be present.
    #[inline(always)]
    pub(in crate::ring) unsafe fn transpose(rows: [Self; 4]) -> [Self; 4] {
        let [Self(a), Self(b), Self(c), Self(d)] = rows;
        // SAFETY: the caller's contract.
        unsafe {
            let (ab_even, ab_odd) = (_mm256_unpacklo_pd(a, b), _mm256_unpackhi_pd(a, b));
            let (cd_even, cd_odd) = (_mm256_unpacklo_pd(c, d), _mm256_unpackhi_pd(c, d));
            [
                Self(_mm256_permute2f128_pd::<0x20>(ab_even, cd_even)),
                Self(_mm256_permute2f128_pd::<0x20>(ab_odd, cd_odd)),
                Self(_mm256_permute2f128_pd::<0x31>(ab_even, cd_even)),
                Self(_mm256_permute2f128_pd::<0x31>(ab_odd, cd_odd)),
            ]
        }
    }
}

impl Lanes for Avx2 {
    const COUNT: usize = 4;

    #[inline(always)]
    unsafe fn splat(x: f64) -> Self {
        // SAFETY: the caller's contract, as for every function here.
        Self(unsafe { _mm256_set1_pd(x) })
    }

    #[inline(always)]
    unsafe fn load(from: *const f64) -> Self {
        // SAFETY: as above.
        Self(unsafe { _mm256_loadu_pd(from) })
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f64) {
        // SAFETY: as above.
        unsafe { _mm256_storeu_pd(to, self.0) }
    }

    #[inline(always)]
    unsafe fn load_words(from: *const u64) -> Self {
        // SAFETY: as above.
        unsafe {
            let magic = _mm256_set1_pd(MAGIC);
            let word = _mm256_loadu_pd(from.cast());
            Self(_mm256_sub_pd(_mm256_or_pd(word, magic), magic))
        }
    }

    #[inline(always)]
    unsafe fn store_words(self, to: *mut u64) {
        // SAFETY: as above.
        unsafe {
            let magic = _mm256_set1_pd(MAGIC);
            let word = _mm256_xor_pd(_mm256_add_pd(self.0, magic), magic);
            _mm256_storeu_pd(to.cast(), word);
        }
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        // SAFETY: as above.
        Self(unsafe { _mm256_add_pd(self.0, other.0) })
    }

    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        // SAFETY: as above.
        Self(unsafe { _mm256_sub_pd(self.0, other.0) })
    }

    #[inline(always)]
    unsafe fn mul(self, other: Self) -> Self {
        // SAFETY: as above.
        Self(unsafe { _mm256_mul_pd(self.0, other.0) })
    }

    #[inline(always)]
    unsafe fn product_less(a: Self, b: Self, c: Self) -> Self {
        // SAFETY: as above.
        Self(unsafe { _mm256_fmsub_pd(a.0, b.0, c.0) })
    }

    #[inline(always)]
    unsafe fn less_product(self, a: Self, b: Self) -> Self {
        // SAFETY: as above.
        Self(unsafe { _mm256_fnmadd_pd(a.0, b.0, self.0) })
    }

    #[inline(always)]
    unsafe fn round(self) -> Self {
        // SAFETY: as above.
        Self(unsafe {
            _mm256_round_pd::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(self.0)
        })
    }

    #[inline(always)]
    unsafe fn add_if_negative(self, other: Self) -> Self {
        // SAFETY: as above.
        unsafe {
            let sum = _mm256_add_pd(self.0, other.0);
            Self(_mm256_blendv_pd(self.0, sum, self.0))
        }
    }
}
