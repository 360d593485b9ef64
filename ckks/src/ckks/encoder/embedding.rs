//! The canonical embedding as one complex Fourier transform of half the ring degree.
//!
//! Slot j of m is m(zeta^(5^j)), zeta = exp(i pi / N); the other N/2 roots are conjugates and give
//! nothing new for real m (eprint 2016/421, section 2.2). 5^j = 4t + 1 modulo 2N for a permutation t of
//! 0..N/2, and zeta^(4t + 1) to the power N/2 is i. Fold m into c_k = m_k + i m_(k + N/2), k < N/2:
//!
//! ```text
//! m(zeta^(4t+1)) = sum_k c_k zeta^k exp(2 pi i k t / (N/2)):
//! ```
//!
//! a twist by zeta^k, a transform of N/2 points, a permutation. Multiplication of the exponent by 5^r
//! rotates the slots by r, which is why they stand in the order of powers of 5.
//!
//! Elements of the subring of X^g, g = N/(2 count), have slots of period count. Their folded
//! coefficients are 0 but for k = g k', and zeta^(g k') is the twist of the smaller ring, so that one
//! table serves all sizes; the permutation is the large one's first entries modulo count.

use super::{kernel, scratch::Buffers};
use crate::simd::Supported;
use rustfft::num_complex::Complex64;
use rustfft::{Fft, FftPlanner};
use std::sync::Arc;

/// The two directions of one size.
struct Transforms {
    /// exp(-2 pi i k t / count): slots to coefficients.
    to_coefficients: Arc<dyn Fft<f64>>,
    /// exp(2 pi i k t / count): coefficients to slots.
    to_slots: Arc<dyn Fft<f64>>,
}

/// Tables of one ring degree.
pub(super) struct Embedding {
    /// t of slot j.
    order: Vec<u32>,
    /// zeta^k for k < N/2.
    twist: Vec<Complex64>,
    /// Those of 2^i points stand at i.
    transforms: Vec<Transforms>,
    scratch: usize,
    simd: Supported,
}

impl Embedding {
    pub(super) fn new(degree: usize, simd: Supported) -> Self {
        let slots = degree / 2;
        let mut planner = FftPlanner::new();
        let transforms: Vec<Transforms> = (0..=slots.ilog2())
            .map(|log2| Transforms {
                to_coefficients: planner.plan_fft_forward(1 << log2),
                to_slots: planner.plan_fft_inverse(1 << log2),
            })
            .collect();
        let needed = transforms.iter().map(|t| {
            let one = t.to_slots.get_outofplace_scratch_len();
            one.max(t.to_coefficients.get_outofplace_scratch_len())
        });
        let powers = std::iter::successors(Some(1), |power| Some(power * 5 % (2 * degree)));
        let angle = |k| Complex64::cis(std::f64::consts::PI * k as f64 / degree as f64);
        Self {
            order: powers.take(slots).map(|power| (power / 4) as u32).collect(),
            twist: (0..slots).map(angle).collect(),
            scratch: needed.max().unwrap_or_default(),
            transforms,
            simd,
        }
    }

    /// Numbers of scratch space that transforms ask for.
    pub(super) fn scratch(&self) -> usize {
        self.scratch
    }

    /// Takes up to `count` numbers, the other slots being 0, to folded coefficients times `scale`.
    /// `count` is a power of two of at most N/2, and the buffers are zero. Returns the largest magnitude
    /// of a coefficient, not finite if any number is not.
    pub(super) fn to_coefficients(
        &self,
        numbers: impl Iterator<Item = Complex64>,
        count: usize,
        scale: f64,
        buffers: &mut Buffers,
    ) -> f64 {
        let Buffers {
            slots, folded, fft, ..
        } = buffers;
        for (number, &t) in numbers.zip(&self.order) {
            if let Some(slot) = slots.get_mut(t as usize & (count - 1)) {
                *slot = number;
            }
        }
        transform(
            self.size(count).map(|t| &t.to_coefficients),
            count,
            slots,
            folded,
            fft,
        );
        // From the top, every coefficient finds a zero in its place.
        let gap = folded.len() / count;
        for k in (1..count).rev().filter(|_| gap > 1) {
            folded.swap(k, k * gap);
        }
        kernel::untwist(self.simd, folded, &self.twist, scale / count as f64)
    }

    /// The inverse: folded coefficients to the slots times `factor`. With `count` < N/2, the mean of the
    /// slots of one residue modulo `count`: coefficients outside the subring are left out.
    pub(super) fn to_slots<'a>(
        &'a self,
        count: usize,
        factor: f64,
        buffers: &'a mut Buffers,
    ) -> impl Iterator<Item = Complex64> + 'a {
        let Buffers {
            slots, folded, fft, ..
        } = buffers;
        kernel::twist(self.simd, folded, &self.twist, factor);
        let gap = folded.len() / count;
        for k in (1..count).filter(|_| gap > 1) {
            folded.swap(k, k * gap);
        }
        transform(
            self.size(count).map(|t| &t.to_slots),
            count,
            folded,
            slots,
            fft,
        );
        let slot = move |&t: &u32| slots.get(t as usize & (count - 1)).copied();
        let order = self.order.iter().take(count);
        order.map(move |t| slot(t).unwrap_or_default())
    }

    fn size(&self, count: usize) -> Option<&Transforms> {
        self.transforms.get(count.ilog2() as usize)
    }
}

/// Transforms the first `count` numbers of `from` into those of `to`; `from` is used up.
fn transform(
    plan: Option<&Arc<dyn Fft<f64>>>,
    count: usize,
    from: &mut [Complex64],
    to: &mut [Complex64],
    scratch: &mut [Complex64],
) {
    if let (Some(plan), Some(from), Some(to)) = (plan, from.get_mut(..count), to.get_mut(..count)) {
        plan.process_outofplace_with_scratch(from, to, scratch);
    }
}

#[cfg(test)]
mod tests {
    use super::super::scratch::{Lent, Pool};
    use super::*;

    fn buffers<'a>(pool: &'a Pool, embedding: &Embedding) -> Lent<'a> {
        pool.take(embedding.order.len(), embedding.scratch())
    }

    /// m(zeta^(5^j)) by definition.
    fn direct(coefficients: &[f64], slot: usize) -> Complex64 {
        let degree = coefficients.len();
        let power = (0..slot).fold(1, |power, _| power * 5 % (2 * degree));
        let term = |(k, &m): (usize, &f64)| {
            let angle = std::f64::consts::PI * (k * power % (2 * degree)) as f64 / degree as f64;
            m * Complex64::cis(angle)
        };
        coefficients.iter().enumerate().map(term).sum()
    }

    fn fold(coefficients: &[f64]) -> Vec<Complex64> {
        let (low, high) = coefficients.split_at(coefficients.len() / 2);
        let pair = |(&re, &im)| Complex64::new(re, im);
        low.iter().zip(high).map(pair).collect()
    }

    #[test]
    fn slots_are_values_at_powers_of_five() {
        for degree in [32, 64, 256] {
            let coefficients: Vec<f64> = (0..degree as u32)
                .map(|k| f64::from(k * k % 37) - 18.0)
                .collect();
            let expected: Vec<Complex64> = (0..degree / 2)
                .map(|slot| direct(&coefficients, slot))
                .collect();
            let folded = fold(&coefficients);
            let embedding = Embedding::new(degree, Supported::detect());
            let pool = Pool::default();

            let mut work = buffers(&pool, &embedding);
            work.folded.copy_from_slice(&folded);
            let slots = embedding.to_slots(degree / 2, 1.0, &mut work);
            for (got, want) in slots.zip(&expected) {
                assert!((got - want).norm() < 1e-10);
            }
            drop(work);

            // The same buffers, and zero again.
            let mut work = buffers(&pool, &embedding);
            let slots = expected.iter().copied();
            let largest = embedding.to_coefficients(slots, degree / 2, 2.0, &mut work);
            assert!((largest - 36.0).abs() < 1e-10);
            for (got, want) in work.folded.iter().zip(&folded) {
                assert!((got - 2.0 * want).norm() < 1e-10);
            }
        }
    }

    #[test]
    fn subrings_repeat_their_slots() {
        let degree = 64;
        let embedding = Embedding::new(degree, Supported::detect());
        let pool = Pool::default();
        for count in [1, 2, 4, 8, 16, 32] {
            let number = |j: usize| Complex64::new(j as f64 + 1.0, 0.5 - j as f64);
            let mut work = buffers(&pool, &embedding);
            embedding.to_coefficients((0..count).map(number), count, 1.0, &mut work);
            let gap = degree / 2 / count;
            let zero = Complex64::default();
            let mut folded = work.folded.clone();
            assert!((0..degree / 2).all(|k| k % gap == 0 || folded[k] == zero));
            let slots = embedding.to_slots(degree / 2, 1.0, &mut work);
            for (j, got) in slots.enumerate() {
                assert!((got - number(j % count)).norm() < 1e-12, "{count}");
            }
            drop(work);
            // What stands outside the subring does not count.
            if gap > 1 {
                folded[1] = Complex64::new(7.0, 7.0);
            }
            let mut work = buffers(&pool, &embedding);
            work.folded.copy_from_slice(&folded);
            for (j, got) in embedding.to_slots(count, 1.0, &mut work).enumerate() {
                assert!((got - number(j)).norm() < 1e-12, "{count}");
            }
        }
    }
}
