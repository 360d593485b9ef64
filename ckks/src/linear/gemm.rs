//! The blocked product.
//!
//! Columns are cut into panels, the unit of parallel work. A panel's input rows are copied into one
//! contiguous buffer of 32-column tiles: rows lie a power of two apart, and read in place they would
//! all fall into the same few cache sets. The copy also checks that residues are reduced.

use super::kernel::{self, TILE};
use super::montgomery::Montgomery;
use super::{Group, layout::Weights};
use crate::ring::parallel::try_for_each_with;
use crate::simd::Supported;
use crate::{CiphertextBatch, Error, Modulus, Simd};

/// Columns of a panel: four tiles. 845 rows of it are 430 KB, within a second-level cache.
const PANEL: usize = 4 * TILE;

/// A checked matrix of groups modulo one prime of at most 31 bits.
#[derive(Clone, Debug)]
pub struct ResidueGemm {
    modulus: u32,
    reduction: Montgomery,
    groups: Vec<Group>,
    input_rows: usize,
    output_rows: usize,
}

/// One panel's share of the output: every row's slice of its columns.
type PanelRows<'a> = Vec<&'a mut [u32]>;

impl ResidueGemm {
    /// Checks the groups: every list fits its weights, input rows are below `input_rows`, the groups
    /// together write rows 0..n once each, and no sum can overflow whatever the weights are.
    ///
    /// # Errors
    /// Which group breaks which of these rules.
    pub fn new(
        modulus: &Modulus<u32>,
        groups: Vec<Group>,
        input_rows: usize,
    ) -> Result<Self, Error> {
        let q = modulus.value();
        let output_rows = groups.iter().map(|g| g.outputs.len()).sum();
        let mut written = vec![0usize; output_rows];
        for (group, g) in groups.iter().enumerate() {
            check_list(group, "inputs", &g.inputs, g.weights.terms(), input_rows)?;
            check_list(
                group,
                "outputs",
                &g.outputs,
                g.weights.outputs(),
                output_rows,
            )?;
            if largest_sum(&g.weights, q) >= 1 << 62 {
                return Err(Error::Accumulator {
                    terms: g.weights.terms(),
                    max_weight: g.weights.max_weight(),
                    modulus: u64::from(q),
                });
            }
            for &row in &g.outputs {
                if let Some(times) = written.get_mut(row as usize) {
                    *times += 1;
                }
            }
        }
        if let Some((row, &times)) = written.iter().enumerate().find(|(_, t)| **t != 1) {
            return Err(Error::OutputCover { row, times });
        }
        Ok(Self {
            modulus: q,
            reduction: Montgomery::new(modulus),
            groups,
            input_rows,
            output_rows,
        })
    }

    /// Rows that [`ResidueGemm::apply`] reads.
    pub fn input_rows(&self) -> usize {
        self.input_rows
    }

    /// Rows that [`ResidueGemm::apply`] writes.
    pub fn output_rows(&self) -> usize {
        self.output_rows
    }

    /// Multiply-adds a column.
    pub fn multiply_adds(&self) -> usize {
        let product = |w: &Weights| w.outputs() * w.terms();
        self.groups.iter().map(|g| product(&g.weights)).sum()
    }

    /// out = W inputs mod q. Both matrices are row-major with `columns` residues a row.
    ///
    /// # Errors
    /// Wrong lengths, a residue not below q, or an unsupported SIMD level. `out` is then unspecified.
    pub fn apply(
        &self,
        inputs: &[u32],
        columns: usize,
        out: &mut [u32],
        simd: Simd,
    ) -> Result<(), Error> {
        let simd = simd.verify()?;
        check_matrix("GEMM input", self.input_rows, columns, inputs.len())?;
        check_matrix("GEMM output", self.output_rows, columns, out.len())?;
        if columns == 0 || self.output_rows == 0 {
            return Ok(());
        }
        let mut panels: Vec<PanelRows<'_>> = Vec::with_capacity(columns.div_ceil(PANEL));
        panels.resize_with(columns.div_ceil(PANEL), || {
            Vec::with_capacity(self.output_rows)
        });
        for row in out.chunks_mut(columns) {
            for (panel, piece) in panels.iter_mut().zip(row.chunks_mut(PANEL)) {
                panel.push(piece);
            }
        }
        try_for_each_with(
            panels.into_iter().enumerate(),
            Vec::new,
            |tiles, (i, mut panel)| self.panel(inputs, columns, i * PANEL, &mut panel, tiles, simd),
        )
    }

    /// The layer over a batch of ciphertexts of a one-limb ring.
    ///
    /// # Errors
    /// As [`ResidueGemm::apply`], and if the batch is not modulo this GEMM's prime.
    pub fn apply_batch(
        &self,
        batch: &CiphertextBatch<u32>,
        simd: Simd,
    ) -> Result<CiphertextBatch<u32>, Error> {
        let context = batch.context();
        if !context.moduli().map(Modulus::value).eq([self.modulus]) {
            return Err(Error::RingMismatch {
                left: context.degree(),
                right: context.degree(),
            });
        }
        let columns = batch.row_words();
        let mut out = vec![0; self.output_rows * columns];
        self.apply(batch.words(), columns, &mut out, simd)?;
        Ok(CiphertextBatch::from_trusted(context, out))
    }

    /// Computes the columns from `start` on into the slices of `out`.
    fn panel(
        &self,
        inputs: &[u32],
        columns: usize,
        start: usize,
        out: &mut [&mut [u32]],
        tiles: &mut Vec<[u32; TILE]>,
        simd: Supported,
    ) -> Result<(), Error> {
        let width = out.first().map_or(0, |row| row.len());
        let rows = self.input_rows;
        tiles.resize(width.div_ceil(TILE) * rows, [0; TILE]);
        let columns_read = start..start + width;
        if kernel::gather(simd, inputs, columns, columns_read, tiles) >= self.modulus {
            return crate::ring::check_below("GEMM input", inputs, self.modulus, 0);
        }
        for group in &self.groups {
            let narrow = largest_sum(&group.weights, self.modulus) < 1 << 51;
            for (s, tiles) in tiles.chunks(rows.max(1)).enumerate() {
                let range = s * TILE..(s * TILE + TILE).min(width);
                let mut rows = group.outputs.iter();
                for (size, weights) in group.weights.blocks() {
                    let product = kernel::Product {
                        tiles,
                        inputs: &group.inputs,
                        weights,
                        reduction: &self.reduction,
                        narrow,
                    };
                    kernel::block(simd, size, &product, |residues| {
                        let row = rows.next().and_then(|&r| out.get_mut(r as usize));
                        if let Some(slot) = row.and_then(|row| row.get_mut(range.clone())) {
                            let residues = residues.get(..slot.len()).unwrap_or_default();
                            slot.copy_from_slice(residues);
                        }
                    });
                }
            }
        }
        Ok(())
    }
}

/// Bound on the absolute value of a sum before reduction.
fn largest_sum(weights: &Weights, modulus: u32) -> u128 {
    weights.terms() as u128 * u128::from(weights.max_weight()) * u128::from(modulus - 1)
}

fn check_matrix(what: &'static str, rows: usize, columns: usize, got: usize) -> Result<(), Error> {
    let Some(expected) = rows.checked_mul(columns) else {
        return Err(Error::TooLarge {
            what,
            rows,
            row: columns,
        });
    };
    if got == expected {
        return Ok(());
    }
    Err(Error::Length {
        what,
        expected,
        got,
    })
}

fn check_list(
    group: usize,
    what: &'static str,
    list: &[u32],
    expected: usize,
    rows: usize,
) -> Result<(), Error> {
    if list.len() != expected {
        return Err(Error::GroupShape {
            group,
            what,
            expected,
            got: list.len(),
        });
    }
    match list.iter().find(|&&row| row as usize >= rows) {
        Some(&row) => Err(Error::GroupRow {
            group,
            what,
            row: row as usize,
            rows,
        }),
        None => Ok(()),
    }
}
