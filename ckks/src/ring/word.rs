//! The machine word of a residue: `u32` (primes below 2^31, 16 lanes of AVX-512) or `u64` (primes
//! below 2^61; below 2^50 the transforms run on the 52-bit multipliers and are twice as fast).

use concrete_ntt::{prime32, prime64};
use std::fmt::{Debug, Display};
use zeroize::DefaultIsZeroes;

/// Bytes that [`Word::fill`] asks for at once.
pub const FILL_BYTES: usize = 1024;

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
    /// Fills `out` with consecutive little-endian words made by `bytes`, by way of `buffer`.
    fn fill(out: &mut [Self], buffer: &mut [u8; FILL_BYTES], bytes: impl FnMut(&mut [u8]));

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

macro_rules! word {
    ($word:ty, $module:ident, $max_bits:literal) => {
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
            fn fill(
                out: &mut [Self],
                buffer: &mut [u8; FILL_BYTES],
                mut bytes: impl FnMut(&mut [u8]),
            ) {
                const BYTES: usize = size_of::<$word>();
                for part in out.chunks_mut(FILL_BYTES / BYTES) {
                    let buffer = buffer.get_mut(..part.len() * BYTES).unwrap_or_default();
                    bytes(buffer);
                    for (word, chunk) in part.iter_mut().zip(buffer.as_chunks::<BYTES>().0) {
                        *word = <$word>::from_le_bytes(*chunk);
                    }
                }
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

word!(u32, prime32, 31);
word!(u64, prime64, 61);
