//! Linear maps as generalised diagonals.
//!
//! With rot_d(x)_i = x_(i+d), indices modulo a period L, every linear map on vectors of period L is
//! y = sum_d diag_d * rot_d(x), diag_d\[i\] = A\[i\]\[(i + d) mod L\] (Halevi and Shoup, eprint 2014/106,
//! section 4.3). A vector whose period divides the number of slots is repeated over all of them: then
//! rotations of the slots are rotations of the vector.
//!
//! # Blocks
//! Here x consists of n blocks of B slots and y of m blocks, n and m powers of two, and the map is m n
//! maps between blocks, each of which moves values by few distances ("shifts"). A matrix has blocks of
//! one slot and the shift 0; a convolution has a block for each channel. The map takes min(m, n) block
//! diagonals, not max(m, n): with block o of diagonal d reading block (o + d) mod n of x,
//!
//! ```text
//! m >= n   x has period n B, hence all of it is within n block rotations;
//! m < n    each of the n/m groups of m blocks holds partial sums of all m blocks of y, and adding the
//!          rotations by m B, 2 m B, .. n B / 2 folds them together
//! ```
//!
//! (the hybrid of GAZELLE, eprint 2018/073, section 4.3). y has period m B.

use std::collections::BTreeMap;

/// Block rotation d and shift of one diagonal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Offset {
    /// Blocks.
    pub(super) diagonal: usize,
    /// Slots within a block, either way.
    pub(super) shift: i64,
}

/// Blocks of the input and of the output, both powers of two, and slots in a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Blocks {
    pub(super) input: usize,
    pub(super) output: usize,
    pub(super) size: usize,
}

/// The nonzero diagonals of a map.
#[derive(Clone, Debug)]
pub(super) struct Diagonals {
    pub(super) blocks: Blocks,
    pub(super) masks: BTreeMap<Offset, Vec<f64>>,
}

impl Blocks {
    /// Enough blocks, rounded up to powers of two, or none where that overflows.
    pub(super) fn covering(input: usize, output: usize, size: usize) -> Option<Self> {
        let blocks = Self {
            input: input.checked_next_power_of_two()?,
            output: output.checked_next_power_of_two()?,
            size: size.checked_next_power_of_two()?,
        };
        blocks.input.checked_mul(blocks.size)?;
        blocks.output.checked_mul(blocks.size)?;
        Some(blocks)
    }

    /// Slots of a diagonal.
    pub(super) fn period(self) -> usize {
        self.input.max(self.output) * self.size
    }

    /// Block diagonals.
    pub(super) fn diagonals(self) -> usize {
        self.input.min(self.output)
    }

    /// Rotations that fold partial sums together, each of the sum that the one before left.
    pub(super) fn folds(self) -> Vec<i64> {
        let halves = std::iter::successors(Some(self.input / 2), |blocks| Some(blocks / 2));
        halves
            .take_while(|&blocks| blocks >= self.output)
            .map(|blocks| (blocks * self.size) as i64)
            .collect()
    }
}

impl Diagonals {
    /// The zero map.
    pub(super) fn zero(blocks: Blocks) -> Self {
        Self {
            blocks,
            masks: BTreeMap::new(),
        }
    }

    /// A matrix of `columns` columns, row-major.
    pub(super) fn of_matrix(matrix: &[f64], columns: usize, blocks: Blocks) -> Self {
        let mut all = Self::zero(blocks);
        for (row, values) in matrix.chunks(columns.max(1)).enumerate() {
            for (column, &value) in values.iter().enumerate() {
                all.add(row, column, 0, std::iter::once((0, value)));
            }
        }
        all
    }

    /// Adds to the map from block `input` to block `output`: position p of the output takes w times
    /// position p + shift of the input, for all (p, w) in `weights`.
    pub(super) fn add(
        &mut self,
        output: usize,
        input: usize,
        shift: i64,
        weights: impl Iterator<Item = (usize, f64)>,
    ) {
        let Blocks {
            input: n,
            output: m,
            size,
        } = self.blocks;
        // The block that computes it: congruent to `output` modulo m, and within reach of `input`.
        // For m < n there is one such block; otherwise it is `output` itself.
        let (block, diagonal) = if m < n {
            let diagonal = (input + n - output) % m;
            ((input + n - diagonal) % n, diagonal)
        } else {
            (output, (input + m - output) % n)
        };
        let period = self.blocks.period();
        for (position, weight) in weights.filter(|&(_, weight)| weight != 0.0) {
            let offset = Offset { diagonal, shift };
            let mask = self.masks.entry(offset);
            let mask = mask.or_insert_with(|| vec![0.0; period]);
            if let Some(slot) = mask.get_mut(block * size + position) {
                *slot += weight;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition, read off the map: which diagonals there are, and what each holds.
    #[test]
    fn diagonals_of_small_matrices() {
        let square = Blocks::covering(2, 2, 1).unwrap();
        let all = Diagonals::of_matrix(&[1.0, 2.0, 3.0, 4.0], 2, square);
        let masks: Vec<_> = all
            .masks
            .into_iter()
            .map(|(o, m)| (o.diagonal, m))
            .collect();
        assert_eq!(masks, [(0, vec![1.0, 4.0]), (1, vec![2.0, 3.0])]);

        // 1 x 4: one diagonal, then two folds.
        let wide = Blocks::covering(4, 1, 1).unwrap();
        let all = Diagonals::of_matrix(&[1.0, 2.0, 3.0, 4.0], 4, wide);
        assert_eq!(all.blocks.folds(), [2, 1]);
        let masks: Vec<_> = all.masks.into_values().collect();
        assert_eq!(masks, [vec![1.0, 2.0, 3.0, 4.0]]);

        // 4 x 1: one diagonal, no fold.
        let tall = Blocks::covering(1, 4, 1).unwrap();
        let all = Diagonals::of_matrix(&[1.0, 2.0, 3.0, 4.0], 1, tall);
        assert!(all.blocks.folds().is_empty());
        let masks: Vec<_> = all.masks.into_values().collect();
        assert_eq!(masks, [vec![1.0, 2.0, 3.0, 4.0]]);
    }

    #[test]
    fn zeros_cost_nothing() {
        let blocks = Blocks::covering(8, 8, 1).unwrap();
        let identity: Vec<f64> = (0..64).map(|i| f64::from(i % 9 == 0)).collect();
        let all = Diagonals::of_matrix(&identity, 8, blocks);
        let offset = Offset {
            diagonal: 0,
            shift: 0,
        };
        assert_eq!(all.masks.keys().collect::<Vec<_>>(), [&offset]);
        assert!(Diagonals::zero(blocks).masks.is_empty());
    }

    #[test]
    fn blocks_that_overflow_are_refused() {
        assert!(Blocks::covering(usize::MAX, 1, 1).is_none());
        assert!(Blocks::covering(1 << 40, 1, 1 << 40).is_none());
    }
}
