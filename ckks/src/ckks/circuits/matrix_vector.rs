//! Matrix times encrypted vector.
//!
//! The matrix is padded to powers of two and taken apart into diagonals (`diagonals.rs`), which are
//! summed by baby steps and giant steps (`schedule.rs`): about 2 sqrt(min(rows, columns)) rotations,
//! one level.

use super::{
    MaskEncoder, Schedule,
    diagonals::{Blocks, Diagonals},
    layout::{repeat, take},
};
use crate::ckks::{Context, Error};

/// A plan for y = A x.
#[derive(Clone, Debug)]
pub struct LinearTransform {
    rows: usize,
    columns: usize,
    slots: usize,
    blocks: Blocks,
    schedule: Schedule<Vec<f64>>,
}

impl LinearTransform {
    /// Plans the product with a row-major matrix of shape [rows, columns].
    ///
    /// # Errors
    /// A shape that is not the matrix's, or rows or columns that, rounded up to a power of two, are
    /// more than the slots.
    pub fn plan(context: &Context, matrix: &[f64], shape: [usize; 2]) -> Result<Self, Error> {
        let [rows, columns] = shape;
        let slots = context.slots();
        if rows.checked_mul(columns) != Some(matrix.len()) || matrix.is_empty() {
            return Err(Error::Ring(crate::Error::Length {
                what: "matrix",
                expected: rows.saturating_mul(columns).max(1),
                got: matrix.len(),
            }));
        }
        let blocks = Blocks::covering(columns, rows, 1).filter(|blocks| blocks.period() <= slots);
        let blocks = blocks.ok_or(Error::TooManyValues {
            operation: "matrix-vector product",
            got: rows.max(columns),
            max: slots,
        })?;
        Ok(Self {
            rows,
            columns,
            slots,
            blocks,
            schedule: Schedule::plan(&Diagonals::of_matrix(matrix, columns, blocks)),
        })
    }

    /// Rotations to make keys for.
    pub fn rotations(&self) -> Vec<i64> {
        self.schedule.rotations()
    }

    /// Hoisted rotations and full rotations of one product.
    pub fn rotation_counts(&self) -> (usize, usize) {
        self.schedule.rotation_counts()
    }

    /// Levels it takes.
    pub fn depth(&self) -> usize {
        1
    }

    /// x as the product wants it in the slots: padded with zeros to a power of two, and repeated. The
    /// result of a product with as many rows as this has columns is so already.
    ///
    /// # Errors
    /// A length that is not the number of columns.
    pub fn pack(&self, x: &[f64]) -> Result<Vec<f64>, Error> {
        let mut padded = vec![0.0; self.blocks.input];
        if x.len() != self.columns {
            return Err(Error::Ring(crate::Error::Length {
                what: "vector",
                expected: self.columns,
                got: x.len(),
            }));
        }
        padded.iter_mut().zip(x).for_each(|(slot, &x)| *slot = x);
        Ok(repeat(&padded, self.slots))
    }

    /// y from the slots of the result: the first of its repetitions.
    ///
    /// # Errors
    /// Fewer slots than rows.
    pub fn unpack(&self, slots: &[f64]) -> Result<Vec<f64>, Error> {
        take(slots, 0..self.rows)
    }

    /// Encodes the diagonals for vectors at `level`.
    ///
    /// # Errors
    /// A level that is not there, level 0, or entries too large for the modulus.
    pub fn encode<E: MaskEncoder>(
        &self,
        encoder: &E,
        level: usize,
    ) -> Result<Schedule<E::Mask>, Error> {
        self.schedule.encode(encoder, level)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ckks::circuits::{Twin, fixture};

    fn product(matrix: &[f64], x: &[f64]) -> Vec<f64> {
        let rows = matrix.chunks(x.len());
        rows.map(|row| row.iter().zip(x).map(|(a, x)| a * x).sum())
            .collect()
    }

    fn check(matrix: &[f64], [rows, columns]: [usize; 2]) -> LinearTransform {
        let twin = Twin::new(&fixture::context(128, 3));
        let context = fixture::context(128, 3);
        let plan = LinearTransform::plan(&context, matrix, [rows, columns]).unwrap();
        let x = fixture::values(columns, 5);
        let input = twin.real_vector(&plan.pack(&x).unwrap()).unwrap();
        let y = plan
            .encode(&twin, input.level())
            .unwrap()
            .apply(&twin, &input)
            .unwrap();
        assert_eq!(y.level(), input.level() - plan.depth());
        assert!((y.scale() / input.scale() - 1.0).abs() < 1e-12);
        let got = plan.unpack(&y.real()).unwrap();
        let close = |(x, y): (&f64, &f64)| (x - y).abs() < 1e-12;
        assert!(
            got.iter().zip(&product(matrix, &x)).all(close),
            "{rows} x {columns}"
        );
        // The result is packed as the input of the next product.
        let next = LinearTransform::plan(&context, &vec![1.0; rows], [1, rows]).unwrap();
        let again = next.pack(&got).unwrap();
        assert!(y.real().iter().zip(&again).all(close));
        plan
    }

    #[test]
    fn all_shapes_up_to_the_slots() {
        for rows in [1, 2, 3, 5, 8, 13, 33, 64] {
            for columns in [1, 2, 3, 7, 16, 31, 64] {
                check(&fixture::values(rows * columns, 3), [rows, columns]);
            }
        }
    }

    /// Far fewer rotations than diagonals, and those of the smaller side.
    #[test]
    fn rotations_grow_as_the_root() {
        let full = check(&fixture::values(64 * 64, 1), [64, 64]);
        let (hoisted, single) = full.rotation_counts();
        assert!(hoisted + single <= 18, "{hoisted} hoisted, {single} single");
        assert_eq!(full.rotations().len(), hoisted + single);
        // 4 diagonals and log2(64 / 4) folds.
        let wide = check(&fixture::values(4 * 64, 1), [4, 64]);
        let (hoisted, single) = wide.rotation_counts();
        assert!(hoisted + single <= 3 + 4);
    }

    #[test]
    fn sparse_matrices_skip_diagonals() {
        let diagonal: Vec<f64> = (0..32 * 32)
            .map(|i| if i % 33 == 0 { 2.0 } else { 0.0 })
            .collect();
        assert!(check(&diagonal, [32, 32]).rotations().is_empty());
        assert!(check(&vec![0.0; 32 * 32], [32, 32]).rotations().is_empty());
        let tridiagonal: Vec<f64> = (0..32i32 * 32)
            .map(|i| f64::from((i / 32 - i % 32).abs() < 2))
            .collect();
        assert!(check(&tridiagonal, [32, 32]).rotations().len() <= 3);
    }

    #[test]
    fn refusals_name_the_cause() {
        let context = fixture::context(128, 3);
        let plan = |len: usize, shape| LinearTransform::plan(&context, &vec![1.0; len], shape);
        assert!(matches!(
            plan(65, [1, 65]),
            Err(Error::TooManyValues {
                got: 65,
                max: 64,
                ..
            })
        ));
        assert!(plan(6, [2, 2]).is_err());
        assert!(plan(0, [0, 0]).is_err());
        assert!(plan(4, [usize::MAX, 2]).is_err());
        let plan = plan(4, [2, 2]).unwrap();
        assert!(plan.pack(&[1.0]).is_err());
        assert!(plan.unpack(&[1.0]).is_err());
        let twin = Twin::new(&context);
        assert!(matches!(
            plan.encode(&twin, 0),
            Err(Error::OutOfLevels { needed: 1, .. })
        ));
        let low = twin.vector_at(&[], 0, 1e12).unwrap();
        let encoded = plan.encode(&twin, 1).unwrap();
        assert!(encoded.apply(&twin, &low).is_err());
    }
}
