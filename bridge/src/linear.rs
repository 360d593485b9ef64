//! A secret integer matrix with biases, over batch-packed ciphertexts and in the clear.
//!
//! `y_o = sum_i w_{o,i} x_i + b_o`. Scalars act on ciphertexts coefficient by coefficient, so with one ciphertext an element the
//! layer is a matrix product over residues, without a transform or a rotation; the biases are added to every coefficient
//! of `c_0`. Rows are given in blocks that share their inputs: a convolution has one an output position, a dense layer one in
//! all. Which inputs a block reads is public geometry; weights that are zero are multiplied like any other.

use crate::Error;
use halfmask_ckks::noise::LinearLayer as Norms;
use halfmask_ckks::{CiphertextBatch, Group, Modulus, ResidueGemm, Simd, Weights};
use std::sync::Arc;
use zeroize::Zeroizing;

/// A small matrix, row-major, that blocks may share.
#[derive(Clone, Debug)]
pub struct Matrix {
    terms: usize,
    values: Arc<Zeroizing<Vec<i16>>>,
    packed: Arc<Weights>,
}

impl Matrix {
    /// Takes `outputs * terms` weights, row-major, of absolute value at most `max_weight` (a public bound).
    ///
    /// # Errors
    /// If the number of weights is another, or zero, or a weight passes the bound.
    pub fn new(
        outputs: usize,
        terms: usize,
        max_weight: u16,
        values: &[i16],
    ) -> Result<Self, Error> {
        let packed = Weights::new(outputs, terms, max_weight, values)?;
        Ok(Self {
            terms,
            values: Arc::new(Zeroizing::new(values.to_vec())),
            packed,
        })
    }

    /// Its rows.
    fn rows(&self) -> impl Iterator<Item = &[i16]> {
        self.values.chunks_exact(self.terms)
    }
}

/// Outputs that read the same inputs.
#[derive(Clone, Debug)]
pub struct Block {
    /// Input elements, one a column.
    pub inputs: Vec<u32>,
    /// Output elements, one a row.
    pub outputs: Vec<u32>,
    /// The weights.
    pub matrix: Matrix,
}

/// The layer.
#[derive(Debug)]
pub struct IntegerLinear {
    inputs: usize,
    blocks: Vec<Block>,
    bias: Vec<i64>,
    gemm: ResidueGemm,
}

impl IntegerLinear {
    /// Assembles a layer modulo `modulus` and checks that the blocks write every output once.
    ///
    /// # Errors
    /// A block that does not fit, or a number of biases other than that of outputs.
    pub fn new(
        modulus: u32,
        inputs: usize,
        blocks: Vec<Block>,
        bias: Vec<i64>,
    ) -> Result<Self, Error> {
        let groups = blocks
            .iter()
            .map(|b| Group {
                inputs: b.inputs.clone(),
                weights: Arc::clone(&b.matrix.packed),
                outputs: b.outputs.clone(),
            })
            .collect();
        let gemm = ResidueGemm::new(&Modulus::new(modulus)?, groups, inputs)?;
        if gemm.output_rows() != bias.len() {
            return Err(Error::Linear(format!(
                "{} outputs, {} biases",
                gemm.output_rows(),
                bias.len()
            )));
        }
        Ok(Self {
            inputs,
            blocks,
            bias,
            gemm,
        })
    }

    /// Input elements.
    #[must_use]
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// Output elements.
    #[must_use]
    pub fn outputs(&self) -> usize {
        self.bias.len()
    }

    /// The biases.
    #[must_use]
    pub fn bias(&self) -> &[i64] {
        &self.bias
    }

    /// Multiply-adds for one column.
    #[must_use]
    pub fn multiply_adds(&self) -> usize {
        self.gemm.multiply_adds()
    }

    /// The norms of the worst rows, for noise bounds.
    #[must_use]
    pub fn norms(&self) -> Norms {
        let mut worst = Norms {
            l1_norm: 0,
            l2_norm_squared: 0,
        };
        for block in &self.blocks {
            let norms = Norms::from_weights(&block.matrix.values, block.matrix.terms);
            worst.l1_norm = worst.l1_norm.max(norms.l1_norm);
            worst.l2_norm_squared = worst.l2_norm_squared.max(norms.l2_norm_squared);
        }
        worst
    }

    /// The layer on ciphertexts, biases included.
    ///
    /// # Errors
    /// If the batch has another number of rows or another ring.
    pub fn encrypted(
        &self,
        batch: &CiphertextBatch<u32>,
        simd: Simd,
    ) -> Result<CiphertextBatch<u32>, Error> {
        let mut out = self.gemm.apply_batch(batch, simd)?;
        out.add_constants(&self.bias)?;
        Ok(out)
    }

    /// The layer on plain integers, exactly; they must be below the modulus in absolute value.
    ///
    /// # Errors
    /// [`Error::Linear`] if `x` has another length.
    pub fn plain(&self, x: &[i64]) -> Result<Vec<i64>, Error> {
        self.fold(x, |w, x| i64::from(w) * x).map(|mut y| {
            for (y, b) in y.iter_mut().zip(&self.bias) {
                *y += b;
            }
            y
        })
    }

    /// `sum |w_{o,i}| d_i`: how far outputs move if inputs move by at most `d`.
    ///
    /// # Errors
    /// [`Error::Linear`] if `d` has another length.
    pub fn spread(&self, d: &[f64]) -> Result<Vec<f64>, Error> {
        self.fold(d, |w, d| f64::from(w.unsigned_abs()) * d)
    }

    fn fold<T>(&self, x: &[T], term: impl Fn(i16, T) -> T) -> Result<Vec<T>, Error>
    where
        T: Copy + Default + std::iter::Sum,
    {
        if x.len() != self.inputs {
            return Err(Error::Linear(format!(
                "{} inputs, expected {}",
                x.len(),
                self.inputs
            )));
        }
        let mut y = vec![T::default(); self.outputs()];
        let mut gathered = Vec::new();
        for block in &self.blocks {
            gathered.clear();
            gathered.extend(
                block
                    .inputs
                    .iter()
                    .map(|i| x.get(*i as usize).copied().unwrap_or_default()),
            );
            for (row, o) in block.matrix.rows().zip(&block.outputs) {
                if let Some(y) = y.get_mut(*o as usize) {
                    *y = row.iter().zip(&gathered).map(|(w, x)| term(*w, *x)).sum();
                }
            }
        }
        Ok(y)
    }
}
