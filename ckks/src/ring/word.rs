//! The machine word of a residue: `u32` (primes below 2^31, 16 lanes of AVX-512) or `u64` (primes
//! below 2^61; below 2^50 the transforms run on the 52-bit multipliers and are twice as fast).

use crate::sample::kernel;
use crate::simd::Supported;
use concrete_ntt::{prime32, prime64};
use std::fmt::{Debug, Display};
use zeroize::DefaultIsZeroes;

mod sealed {
    pub trait Sealed {}
    impl Sealed for u32 {}
    impl Sealed for u64 {}
}

/// A residue word. Implemented for `u32` and `u64`, and for nothing else.
pub trait Word:
    sealed::Sealed + Copy + Debug + Display + Ord + Default + DefaultIsZeroes + Send + Sync + 'static
{
    /// Bits of the word.
    const BITS: u32;
    /// Bits of the largest modulus.
    const MAX_MODULUS_BITS: u32;
    /// The transform of the word's size.
    type Plan: Clone + Debug + Send + Sync;

    /// The low bits of `x`.
    fn truncate(x: u64) -> Self;
    /// The value.
    fn widen(self) -> u64;
    /// Sum modulo the word.
    fn wrapping_add(self, other: Self) -> Self;
    /// Difference modulo the word.
    fn wrapping_sub(self, other: Self) -> Self;
    /// Reads `words`, one a residue (`u32`) or two, low half first (`u64`), and appends those that are below `modulus`
    /// under `mask` to `out`, which has room for all; returns how many.
    fn reject(simd: Supported, words: &[u32], mask: Self, modulus: Self, out: &mut [Self])
    -> usize;

    /// A transform, where the prime has one.
    fn plan(degree: usize, modulus: Self) -> Option<Self::Plan>;
    /// In-place transform to evaluations, in the plan's own order.
    fn forward(plan: &Self::Plan, values: &mut [Self]);
    /// In-place inverse, N times too large.
    fn inverse(plan: &Self::Plan, values: &mut [Self]);
    /// Division by N.
    fn normalize(plan: &Self::Plan, values: &mut [Self]);
    /// Element-wise product divided by N.
    fn mul_assign_normalize(plan: &Self::Plan, left: &mut [Self], right: &[Self]);
    /// Element-wise multiply and add.
    fn mul_accumulate(plan: &Self::Plan, sum: &mut [Self], left: &[Self], right: &[Self]);
}

/// [`kernel::reject`] on pairs of words.
fn reject_wide(_: Supported, words: &[u32], mask: u64, modulus: u64, out: &mut [u64]) -> usize {
    let mut kept = 0;
    for [low, high] in words.as_chunks::<2>().0 {
        let candidate = (u64::from(*low) | (u64::from(*high) << 32)) & mask;
        if let Some(slot) = out.get_mut(kept) {
            *slot = candidate;
        }
        kept += usize::from(candidate < modulus);
    }
    kept
}

macro_rules! word {
    ($word:ty, $module:ident, $max_bits:literal, $reject:path) => {
        impl Word for $word {
            const BITS: u32 = <$word>::BITS;
            const MAX_MODULUS_BITS: u32 = $max_bits;
            type Plan = $module::Plan;

            #[inline]
            fn truncate(x: u64) -> Self {
                x as $word
            }
            #[inline]
            fn widen(self) -> u64 {
                u64::from(self)
            }
            #[inline]
            fn wrapping_add(self, other: Self) -> Self {
                <$word>::wrapping_add(self, other)
            }
            #[inline]
            fn wrapping_sub(self, other: Self) -> Self {
                <$word>::wrapping_sub(self, other)
            }
            #[inline]
            fn reject(
                simd: Supported,
                words: &[u32],
                mask: Self,
                modulus: Self,
                out: &mut [Self],
            ) -> usize {
                $reject(simd, words, mask, modulus, out)
            }

            fn plan(degree: usize, modulus: Self) -> Option<Self::Plan> {
                $module::Plan::try_new(degree, modulus)
            }
            #[inline]
            fn forward(plan: &Self::Plan, values: &mut [Self]) {
                plan.fwd(values);
            }
            #[inline]
            fn inverse(plan: &Self::Plan, values: &mut [Self]) {
                plan.inv(values);
            }
            #[inline]
            fn normalize(plan: &Self::Plan, values: &mut [Self]) {
                plan.normalize(values);
            }
            #[inline]
            fn mul_assign_normalize(plan: &Self::Plan, left: &mut [Self], right: &[Self]) {
                plan.mul_assign_normalize(left, right);
            }
            #[inline]
            fn mul_accumulate(plan: &Self::Plan, sum: &mut [Self], left: &[Self], right: &[Self]) {
                plan.mul_accumulate(sum, left, right);
            }
        }
    };
}

word!(u32, prime32, 31, kernel::reject);
word!(u64, prime64, 61, reject_wide);
