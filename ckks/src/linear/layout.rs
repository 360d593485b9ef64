//! How weights lie in memory, and how rows are grouped.
//!
//! A kernel call computes up to [`MAX_BLOCK`] outputs from one pass over a group's input rows.
//! Weights are therefore packed block by block, and within a block term by term, so that the kernel
//! reads them in order. Blocks are as even as possible: 10 outputs are 5 + 5, not 6 + 4.

use crate::Error;
use std::sync::Arc;
use zeroize::Zeroizing;

/// Outputs that a kernel computes at once, at most: 6 outputs x 32 columns fill the register file.
pub(super) const MAX_BLOCK: usize = 6;

/// Whether there are `outputs` x `terms` > 0 weights of absolute values up to `max_weight`.
pub(super) fn check_weights(
    (outputs, terms): (usize, usize),
    max_weight: u16,
    values: &[i16],
) -> Result<(), Error> {
    if values.is_empty() || outputs.checked_mul(terms) != Some(values.len()) {
        return Err(Error::WeightShape {
            outputs,
            terms,
            got: values.len(),
        });
    }
    if let Some(index) = values.iter().position(|w| w.unsigned_abs() > max_weight) {
        return Err(Error::Weight { index, max_weight });
    }
    Ok(())
}

/// A matrix of signed 16-bit weights, packed for the kernels and overwritten on drop. Groups that use
/// one matrix share it by [`Arc`].
pub struct Weights {
    outputs: usize,
    terms: usize,
    max_weight: u16,
    packed: Zeroizing<Vec<i32>>,
}

impl std::fmt::Debug for Weights {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Weights {{ {} x {} }}", self.outputs, self.terms)
    }
}

impl Weights {
    /// Packs `outputs` x `terms` weights, row-major. `max_weight` bounds their absolute values and is
    /// public: it decides, with the number of terms, which kernel runs.
    ///
    /// # Errors
    /// [`Error::WeightShape`] unless there are outputs * terms > 0 values, [`Error::Weight`] if one
    /// passes the bound.
    pub fn new(
        outputs: usize,
        terms: usize,
        max_weight: u16,
        values: &[i16],
    ) -> Result<Arc<Self>, Error> {
        check_weights((outputs, terms), max_weight, values)?;
        let mut packed = Zeroizing::new(Vec::with_capacity(values.len()));
        let mut rest = values;
        for block in blocks(outputs) {
            let (rows, tail) = rest.split_at_checked(block * terms).unwrap_or_default();
            rest = tail;
            for term in 0..terms {
                packed.extend(rows.iter().skip(term).step_by(terms).map(|&w| i32::from(w)));
            }
        }
        Ok(Arc::new(Self {
            outputs,
            terms,
            max_weight,
            packed,
        }))
    }

    /// Rows of the matrix.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// Columns of the matrix.
    pub fn terms(&self) -> usize {
        self.terms
    }

    /// The bound on the weights' absolute values.
    pub fn max_weight(&self) -> u16 {
        self.max_weight
    }

    /// Each block's size and weights, term by term.
    pub(super) fn blocks(&self) -> impl Iterator<Item = (usize, &[i32])> {
        let mut rest: &[i32] = &self.packed;
        blocks(self.outputs).map(move |block| {
            let (head, tail) = rest
                .split_at_checked(block * self.terms)
                .unwrap_or_default();
            rest = tail;
            (block, head)
        })
    }
}

/// Splits `outputs` into the fewest blocks of at most [`MAX_BLOCK`], as even as possible.
fn blocks(outputs: usize) -> impl Iterator<Item = usize> {
    let count = outputs.div_ceil(MAX_BLOCK);
    (0..count).map(move |i| (outputs * (i + 1)) / count - (outputs * i) / count)
}

/// Outputs that read the same input rows.
#[derive(Clone, Debug)]
pub struct Group {
    /// Input rows, one a column of the weights; a row may serve many groups.
    pub inputs: Vec<u32>,
    /// The matrix.
    pub weights: Arc<Weights>,
    /// Output rows, one a row of the weights; each output row belongs to one group.
    pub outputs: Vec<u32>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_even_and_complete() {
        for (outputs, expected) in [
            (1, vec![1]),
            (6, vec![6]),
            (7, vec![3, 4]),
            (10, vec![5, 5]),
        ] {
            assert_eq!(blocks(outputs).collect::<Vec<_>>(), expected);
        }
        for outputs in 1..200 {
            let sizes: Vec<usize> = blocks(outputs).collect();
            assert_eq!(sizes.iter().sum::<usize>(), outputs);
            assert!(sizes.iter().all(|&s| (1..=MAX_BLOCK).contains(&s)));
        }
    }

    #[test]
    fn packing_is_block_then_term() {
        // 7 outputs x 2 terms: blocks of 3 and 4.
        let values: Vec<i16> = (0..14).collect();
        let weights = Weights::new(7, 2, 13, &values).unwrap();
        let packed: Vec<_> = weights.blocks().map(|(n, w)| (n, w.to_vec())).collect();
        assert_eq!(
            packed,
            vec![
                (3, vec![0, 2, 4, 1, 3, 5]),
                (4, vec![6, 8, 10, 12, 7, 9, 11, 13])
            ]
        );
        assert!(matches!(
            Weights::new(2, 2, 9, &[1, 2, 3]),
            Err(Error::WeightShape { got: 3, .. })
        ));
        assert!(Weights::new(0, 5, 9, &[]).is_err());
        assert!(matches!(
            Weights::new(1, 3, 9, &[9, -9, -10]),
            Err(Error::Weight {
                index: 2,
                max_weight: 9
            })
        ));
        assert_eq!(format!("{weights:?}"), "Weights { 7 x 2 }");
    }
}
