//! The transform for q < 2^50 on AVX2 and FMA: four residues to a register, exact in double precision
//! ([`crate::ring::lanes`]).
//!
//! With w_k = psi^br(k), br reversing log2(N) bits, the forward transform is the usual one with the negacyclic
//! twist merged in (Longa, Naehrig, eprint 2016/504, algorithms 1 and 2): the node i of m (N/m
//! coefficients wide) takes halves x, y to x + w_(m+i) y and x - w_(m+i) y; the inverse undoes it with
//! w^-1. Two layers make one step, x0 .. x3 being the quarters of a node:
//!
//! ```text
//! a0, a2 = x0 +- w1 x2          y0, y1 = a0 +- w2 a1         w1 = w_(m+i)
//! a1, a3 = x1 +- w1 x3          y2, y3 = a2 +- w3 a3         w2, w3 = w_(2m+2i), w_(2m+2i+1)
//! ```
//!
//! The last two steps stay within a block of 16 coefficients, four registers that are transposed in
//! between. Where the layers above are odd in number, the one next to the blocks stands alone. While a node
//! exceeds the first-level cache its quarters are finished one after the other.
//!
//! # Bounds
//! In units of q, for |x| <= B: factors are centred, so a product stays below 1/2 + 3/16 B.
//! * Forward, with x0 reduced to 1/2 first: |a0|, |a2| <= 1 + 3/16 B and |a1|, |a3| <= 1/2 + 19/16 B,
//!   so |y| <= 1.6 + 0.42 B. Residues have B = 1, and a step never leaves more than B = 2.8; a single layer
//!   makes that 3.9, and the steps after it at most 3.3.
//! * Inverse: |y0| <= 4 B and |y1| <= 1 + 3/4 B, both then reduced to 1/2; |y2| <= 1/2 + 3/4 B and
//!   |y3| <= 0.7 + 0.15 B. From B = 1 it stays below 2. A single layer gives 2 B, reduced to 1/2, and
//!   1/2 + 3/8 B.
//!
//! So all sums stay below 8 q < 2^53: they are exact integers.

mod quarters;
mod transform;

use crate::Modulus;
use crate::ring::kernel::DOUBLE_BITS;
use crate::simd::{Simd, Supported};

/// Coefficients that the last two steps of the forward transform stay within.
const BLOCK: usize = 16;
/// Nodes up to this size stay in the first-level cache.
const CACHED: usize = 2048;

/// Factors of one direction, centred.
#[derive(Clone, Debug)]
struct Twiddles {
    /// w_0 .. w_(N/4 - 1)
    upper: Vec<f64>,
    /// For each block the w1, w2 and w3 of its four smallest nodes.
    lower: Vec<[[f64; 4]; 3]>,
}

impl Twiddles {
    /// From w_k, k < N.
    fn new(modulus: &Modulus<u64>, w: &[u64]) -> Self {
        let centre = |k: usize| modulus.centre(w.get(k).copied().unwrap_or_default()) as f64;
        let quarter = w.len() / 4;
        let lanes = |f: &dyn Fn(usize) -> usize| std::array::from_fn(|lane| centre(f(lane)));
        let block = |first: usize| {
            [
                lanes(&|lane| quarter + first + lane),
                lanes(&|lane| 2 * (quarter + first + lane)),
                lanes(&|lane| 2 * (quarter + first + lane) + 1),
            ]
        };
        Self {
            upper: (0..quarter).map(centre).collect(),
            lower: (0..quarter).step_by(4).map(block).collect(),
        }
    }
}

/// Tables of one limb.
#[derive(Clone, Debug)]
pub(super) struct Tables {
    modulus: Modulus<u64>,
    degree: usize,
    forward: Twiddles,
    inverse: Twiddles,
    /// 1/N, centred.
    scale: f64,
}

impl Tables {
    /// Tables for N >= 32 and the root `psi`, where the level and the modulus have this transform.
    pub(super) fn new(
        simd: Supported,
        modulus: &Modulus<u64>,
        degree: usize,
        psi: u64,
    ) -> Option<Self> {
        if simd.level() != Simd::Avx2 || modulus.bits() > DOUBLE_BITS || degree < 2 * BLOCK {
            return None;
        }
        let shift = usize::BITS - degree.trailing_zeros();
        let powers = |root: u64| {
            let mut table = vec![0; degree];
            let mut power = 1;
            for k in 0..degree {
                if let Some(entry) = table.get_mut(k.reverse_bits() >> shift) {
                    *entry = power;
                }
                power = modulus.mul(power, root);
            }
            table
        };
        let q = modulus.value();
        let invert = |x: u64| modulus.pow_vartime(x, q - 2);
        Some(Self {
            modulus: *modulus,
            degree,
            forward: Twiddles::new(modulus, &powers(psi)),
            inverse: Twiddles::new(modulus, &powers(invert(psi))),
            scale: modulus.centre(invert(modulus.reduce(degree as u64))) as f64,
        })
    }

    /// Coefficients to evaluations. `limb` has N words.
    pub(super) fn forward(&self, limb: &mut [u64]) {
        debug_assert_eq!(limb.len(), self.degree);
        if limb.len() == self.degree {
            // SAFETY: the features were present when the tables were made, and the length is N.
            unsafe { transform::forward(self, limb) }
        }
    }

    /// Evaluations to coefficients. `limb` has N words.
    pub(super) fn inverse(&self, limb: &mut [u64]) {
        self.inverse_times(limb, self.scale);
    }

    /// Evaluations to N times the coefficients. `limb` has N words.
    pub(super) fn inverse_unscaled(&self, limb: &mut [u64]) {
        self.inverse_times(limb, 1.0);
    }

    fn inverse_times(&self, limb: &mut [u64], scale: f64) {
        debug_assert_eq!(limb.len(), self.degree);
        if limb.len() == self.degree {
            // SAFETY: the features were present when the tables were made, and the length is N.
            unsafe { transform::inverse(self, limb, scale) }
        }
    }
}
