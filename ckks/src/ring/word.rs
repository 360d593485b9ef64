//! The machine word of a residue: `u32` (primes below 2^31, 16 lanes of AVX-512) or `u64` (primes
//! below 2^61; below 2^50 they run on 52-bit multipliers or in doubles, at least twice as fast).

use super::Modulus;
use super::kernel::Factor;
use super::ntt::WidePlan;
use super::pool;
use crate::sample::kernel;
use crate::simd::Supported;
use concrete_ntt::prime32;
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

    /// x = w x for a residue w.
    fn scale(simd: Supported, modulus: &Modulus<Self>, x: &mut [Self], w: Self);

    /// Memory for `length` words of unspecified value, reused where that pays.
    fn take(length: usize) -> Vec<Self>;
    /// Takes such memory back.
    fn give(words: Vec<Self>);

    /// A transform, where the prime has one.
    fn plan(simd: Supported, degree: usize, modulus: Self) -> Option<Self::Plan>;
    /// In-place transform to evaluations, in the plan's own order.
    fn forward(plan: &Self::Plan, values: &mut [Self]);
    /// In-place inverse.
    fn inverse(plan: &Self::Plan, values: &mut [Self]);
    /// In-place inverse, N times too large.
    fn inverse_unscaled(plan: &Self::Plan, values: &mut [Self]);
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

macro_rules! word_arithmetic {
    () => {
        #[inline]
        fn truncate(x: u64) -> Self {
            x as Self
        }
        #[inline]
        fn widen(self) -> u64 {
            u64::from(self)
        }
        #[inline]
        fn wrapping_add(self, other: Self) -> Self {
            Self::wrapping_add(self, other)
        }
        #[inline]
        fn wrapping_sub(self, other: Self) -> Self {
            Self::wrapping_sub(self, other)
        }
    };
}

impl Word for u32 {
    const BITS: u32 = u32::BITS;
    const MAX_MODULUS_BITS: u32 = 31;
    type Plan = prime32::Plan;

    word_arithmetic!();

    fn reject(simd: Supported, words: &[u32], mask: u32, modulus: u32, out: &mut [u32]) -> usize {
        kernel::reject(simd, words, mask, modulus, out)
    }

    fn scale(simd: Supported, modulus: &Modulus<u32>, x: &mut [u32], w: u32) {
        super::kernel::scale_plain(simd, modulus, x, w);
    }

    fn take(length: usize) -> Vec<u32> {
        vec![0; length]
    }
    fn give(_: Vec<u32>) {}

    fn plan(_: Supported, degree: usize, modulus: u32) -> Option<Self::Plan> {
        prime32::Plan::try_new(degree, modulus)
    }
    fn forward(plan: &Self::Plan, values: &mut [u32]) {
        plan.fwd(values);
    }
    fn inverse(plan: &Self::Plan, values: &mut [u32]) {
        plan.inv(values);
        plan.normalize(values);
    }
    fn inverse_unscaled(plan: &Self::Plan, values: &mut [u32]) {
        plan.inv(values);
    }
    fn normalize(plan: &Self::Plan, values: &mut [u32]) {
        plan.normalize(values);
    }
    fn mul_assign_normalize(plan: &Self::Plan, left: &mut [u32], right: &[u32]) {
        plan.mul_assign_normalize(left, right);
    }
    fn mul_accumulate(plan: &Self::Plan, sum: &mut [u32], left: &[u32], right: &[u32]) {
        plan.mul_accumulate(sum, left, right);
    }
}

impl Word for u64 {
    const BITS: u32 = u64::BITS;
    const MAX_MODULUS_BITS: u32 = 61;
    type Plan = WidePlan;

    word_arithmetic!();

    fn reject(simd: Supported, words: &[u32], mask: u64, modulus: u64, out: &mut [u64]) -> usize {
        reject_wide(simd, words, mask, modulus, out)
    }

    fn scale(simd: Supported, modulus: &Modulus<u64>, x: &mut [u64], w: u64) {
        super::kernel::scale(simd, modulus, x, Factor::new(modulus, w));
    }

    fn take(length: usize) -> Vec<u64> {
        pool::take(length)
    }
    fn give(words: Vec<u64>) {
        pool::give(words);
    }

    fn plan(simd: Supported, degree: usize, modulus: u64) -> Option<Self::Plan> {
        WidePlan::new(simd, degree, modulus)
    }
    fn forward(plan: &Self::Plan, values: &mut [u64]) {
        plan.forward(values);
    }
    fn inverse(plan: &Self::Plan, values: &mut [u64]) {
        plan.inverse(values);
    }
    fn inverse_unscaled(plan: &Self::Plan, values: &mut [u64]) {
        plan.inverse_unscaled(values);
    }
    fn normalize(plan: &Self::Plan, values: &mut [u64]) {
        plan.normalize(values);
    }
    fn mul_assign_normalize(plan: &Self::Plan, left: &mut [u64], right: &[u64]) {
        plan.mul_assign_normalize(left, right);
    }
    fn mul_accumulate(plan: &Self::Plan, sum: &mut [u64], left: &[u64], right: &[u64]) {
        plan.mul_accumulate(sum, left, right);
    }
}
