//! Baby steps and giant steps.
//!
//! A map of block diagonals d and shifts s, with d = g b + j, is
//!
//! ```text
//! y = sum_g rot_(g b B)( sum_(j, s) rot_(-g b B)(diag_(d, s)) * rot_(j B + s)(x) )
//! ```
//!
//! (Halevi and Shoup, eprint 2018/244, section 4): the inner rotations, the baby steps, are of x itself
//! and share one decomposition ("hoisting", the same section), and their results are divided by the special
//! primes only in the end (eprint 2020/1203, section 4); the diagonals are rotated in advance; a giant step
//! costs one decomposition each.

use super::{
    Machine, MaskEncoder,
    diagonals::{Diagonals, Offset},
    twin::{prime, wrap},
};
use crate::ckks::{Error, RaisedPlaintext};
use std::collections::{BTreeMap, BTreeSet};

/// Time of one more baby step over that of a giant step, roughly: fitted to the times of a 64 x 64
/// product at five splits, N = 8192, three data primes and one special prime, AVX2. A baby step takes
/// products with a key and a permutation, a giant step 16 transforms more.
const HOISTED_COST: f64 = 0.2;

/// An order of rotations and products, over masks of type `M`: as planned (`Vec<f64>`), or encoded.
#[derive(Clone, Debug)]
pub struct Schedule<M = RaisedPlaintext> {
    /// Steps of the baby rotations.
    babies: Vec<i64>,
    giants: Vec<Giant<M>>,
    /// Rotations of the total, each added to it.
    folds: Vec<i64>,
}

#[derive(Clone, Debug)]
struct Giant<M> {
    steps: i64,
    /// Index of a baby step and the mask for it.
    terms: Vec<(usize, M)>,
}

impl Schedule<Vec<f64>> {
    /// The cheapest order for these diagonals. The zero map gets one mask of zeros.
    pub(super) fn plan(diagonals: &Diagonals) -> Self {
        let counts = std::iter::successors(Some(1usize), |b| b.checked_mul(2));
        let candidates = counts
            .take_while(|&babies| babies <= diagonals.blocks.diagonals())
            .map(|babies| (cost(diagonals, babies), babies));
        let best = candidates.min_by(|(x, _), (y, _)| x.total_cmp(y));
        Self::with_babies(diagonals, best.map_or(1, |(_, babies)| babies))
    }

    fn with_babies(diagonals: &Diagonals, babies: usize) -> Self {
        let (size, period) = (diagonals.blocks.size, diagonals.blocks.period());
        let mut steps: BTreeMap<i64, usize> = BTreeMap::new();
        let mut giants: BTreeMap<i64, Vec<(usize, Vec<f64>)>> = BTreeMap::new();
        for (offset, mask) in &diagonals.masks {
            let (giant, baby) = split(*offset, babies, size, period);
            let next = steps.len();
            let index = *steps.entry(baby).or_insert(next);
            let mut mask = mask.clone();
            mask.rotate_right(wrap(giant, period));
            giants.entry(giant).or_default().push((index, mask));
        }
        if giants.is_empty() {
            steps.insert(0, 0);
            giants.insert(0, vec![(0, vec![0.0; period])]);
        }
        let mut babies = vec![0; steps.len()];
        for (baby, index) in steps {
            if let Some(slot) = babies.get_mut(index) {
                *slot = baby;
            }
        }
        let giants = giants.into_iter();
        Self {
            babies,
            giants: giants
                .map(|(steps, terms)| Giant { steps, terms })
                .collect(),
            folds: diagonals.blocks.folds(),
        }
    }

    /// Encodes the masks for vectors at `level`, at the scale of the prime that the last step divides
    /// by: the scale of the result is that of the input.
    pub(super) fn encode<E: MaskEncoder>(
        &self,
        encoder: &E,
        level: usize,
    ) -> Result<Schedule<E::Mask>, Error> {
        check_level(level)?;
        let scale = prime(encoder.context(), level)?;
        let encode = |mask: &Vec<f64>| {
            let values: Vec<_> = mask.iter().map(|&x| x.into()).collect();
            encoder.mask(&values, level, scale)
        };
        let giant = |giant: &Giant<Vec<f64>>| {
            let terms = giant.terms.iter();
            let terms = terms.map(|(baby, mask)| Ok((*baby, encode(mask)?)));
            Ok(Giant {
                steps: giant.steps,
                terms: terms.collect::<Result<_, Error>>()?,
            })
        };
        Ok(Schedule {
            babies: self.babies.clone(),
            giants: self
                .giants
                .iter()
                .map(giant)
                .collect::<Result<_, Error>>()?,
            folds: self.folds.clone(),
        })
    }
}

impl<M> Schedule<M> {
    /// The rotations that are needed, sorted, without 0.
    pub fn rotations(&self) -> Vec<i64> {
        let giants = self.giants.iter().map(|giant| giant.steps);
        let all = self.babies.iter().copied().chain(giants);
        let all: BTreeSet<i64> = all.chain(self.folds.iter().copied()).collect();
        all.into_iter().filter(|&steps| steps != 0).collect()
    }

    /// Hoisted rotations and full rotations that one application takes.
    pub fn rotation_counts(&self) -> (usize, usize) {
        let nonzero = |steps: &&i64| **steps != 0;
        let hoisted = self.babies.iter().filter(nonzero).count();
        let giants = self.giants.iter().filter(|giant| giant.steps != 0).count();
        (hoisted, giants + self.folds.len())
    }

    /// Steps of the baby rotations.
    pub(in crate::ckks) fn baby_steps(&self) -> &[i64] {
        &self.babies
    }

    /// Steps of the giant rotations, each with its masks and the indices of the baby steps they are for.
    pub(in crate::ckks) fn giant_steps(&self) -> impl Iterator<Item = (i64, &[(usize, M)])> {
        let giants = self.giants.iter();
        giants.map(|giant| (giant.steps, giant.terms.as_slice()))
    }

    /// All masks.
    pub(in crate::ckks) fn masks(&self) -> impl Iterator<Item = &M> {
        let terms = self.giants.iter().flat_map(|giant| &giant.terms);
        terms.map(|(_, mask)| mask)
    }

    /// The map of x, rescaled: one level lower, at the scale of x if x is at the level that the masks
    /// were encoded for.
    ///
    /// # Errors
    /// No level left, or a rotation without its key.
    pub fn apply<K: Machine<Mask = M>>(
        &self,
        machine: &K,
        x: &K::Value,
    ) -> Result<K::Value, Error> {
        check_level(machine.level(x))?;
        let mut total = machine.rotated_sum(x, self)?;
        for &steps in &self.folds {
            total = machine.add(&total, &machine.rotate(&total, steps)?)?;
        }
        machine.rescale(&total)
    }
}

fn check_level(level: usize) -> Result<(), Error> {
    if level > 0 {
        return Ok(());
    }
    Err(Error::OutOfLevels {
        operation: "linear transform",
        needed: 1,
        left: 0,
    })
}

/// Giant and baby step of a diagonal, in [0, period).
fn split(offset: Offset, babies: usize, size: usize, period: usize) -> (i64, i64) {
    let baby = offset.diagonal % babies;
    let giant = (offset.diagonal - baby) * size;
    let baby = (baby * size) as i64 + offset.shift;
    (giant as i64, wrap(baby, period) as i64)
}

/// Cost in full rotations.
fn cost(diagonals: &Diagonals, babies: usize) -> f64 {
    let (size, period) = (diagonals.blocks.size, diagonals.blocks.period());
    let offsets = diagonals.masks.keys();
    let steps = offsets.map(|offset| split(*offset, babies, size, period));
    let (giants, babies): (BTreeSet<i64>, BTreeSet<i64>) = steps.unzip();
    let count = |steps: BTreeSet<i64>| steps.into_iter().filter(|&steps| steps != 0).count() as f64;
    let (giants, babies) = (count(giants), count(babies));
    // The decomposition is paid once, with the first baby step.
    let first = if babies > 0.0 {
        1.0 - HOISTED_COST
    } else {
        0.0
    };
    giants + babies * HOISTED_COST + first
}
