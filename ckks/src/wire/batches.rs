//! Batches as bytes. Rows are whole bytes long, since N is a multiple of eight, and are packed in
//! parallel. Seeds, indices, widths and row counts travel in the caller's framing.

use super::bitpack;
use crate::{Coefficient, Error, Modulus, Poly, RingContext, SeededBatch, SwitchedBatch};
use rayon::prelude::*;
use std::sync::Arc;

/// Rows of `row` values each, packed in parallel.
fn pack_rows(values: &[u32], row: usize, bits: u32) -> Result<Vec<u8>, Error> {
    let row_bytes = row / 8 * bits as usize;
    let mut out = vec![0; values.len() / row * row_bytes];
    out.par_chunks_mut(row_bytes.max(1))
        .zip(values.par_chunks(row))
        .try_for_each(|(out, row)| bitpack::pack_into(row, bits, out))?;
    Ok(out)
}

/// `rows` rows of `row` values each, unpacked in parallel.
fn unpack_rows(
    what: &'static str,
    bytes: &[u8],
    rows: usize,
    row: usize,
    bits: u32,
) -> Result<Vec<u32>, Error> {
    let row_bytes = row / 8 * bits as usize;
    let expected = rows
        .checked_mul(row_bytes)
        .ok_or(Error::TooLarge { what, rows, row })?;
    if bytes.len() != expected {
        return Err(Error::Length {
            what,
            expected,
            got: bytes.len(),
        });
    }
    let mut values = vec![0; rows * row]; // at most 32 times the bytes received
    values
        .par_chunks_mut(row)
        .zip(bytes.par_chunks(row_bytes.max(1)))
        .try_for_each(|(values, bytes)| bitpack::unpack_bits_into(bytes, bits, values))?;
    Ok(values)
}

/// The only modulus of a one-limb ring.
fn single(context: &RingContext<u32>) -> Result<&Modulus<u32>, Error> {
    match context.limbs() {
        [limb] => Ok(limb.modulus()),
        limbs => Err(Error::Length {
            what: "limbs of a packed ciphertext",
            expected: 1,
            got: limbs.len(),
        }),
    }
}

impl SeededBatch<u32> {
    /// c0 of every row, packed at the modulus's width.
    ///
    /// # Errors
    /// A ring of more than one limb.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        let bits = single(self.context())?.bits();
        pack_rows(self.c0(), self.context().degree(), bits)
    }

    /// Checks and unpacks `rows` rows.
    ///
    /// # Errors
    /// The wrong number of bytes, a residue not below the modulus, or indices beyond 2^64.
    pub fn from_bytes(
        context: &Arc<RingContext<u32>>,
        seed: [u8; 32],
        first_index: u64,
        rows: usize,
        bytes: &[u8],
    ) -> Result<Self, Error> {
        let bits = single(context)?.bits();
        let c0 = unpack_rows("seeded ciphertexts", bytes, rows, context.degree(), bits)?;
        Self::from_parts(context, seed, first_index, c0)
    }
}

impl SwitchedBatch {
    /// Both halves of every row, packed at k bits.
    ///
    /// # Errors
    /// None for a well-formed batch.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        pack_rows(self.words(), 2 * self.degree(), self.bits())
    }

    /// Checks and unpacks `rows` rows modulo 2^`bits`.
    ///
    /// # Errors
    /// Bad degree or width, or the wrong number of bytes.
    pub fn from_bytes(degree: usize, bits: u32, rows: usize, bytes: &[u8]) -> Result<Self, Error> {
        let empty = Self::from_words(degree, bits, Vec::new())?;
        let row = 2 * empty.degree();
        let words = unpack_rows("switched ciphertexts", bytes, rows, row, bits)?;
        Self::from_words(degree, bits, words)
    }
}

impl Poly<Coefficient, u32> {
    /// The residues, packed at the modulus's width.
    ///
    /// # Errors
    /// A ring of more than one limb.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        bitpack::pack(self.words(), single(self.context())?.bits())
    }

    /// Checks and unpacks one element.
    ///
    /// # Errors
    /// The wrong number of bytes, or a residue not below the modulus.
    pub fn from_bytes(context: &Arc<RingContext<u32>>, bytes: &[u8]) -> Result<Self, Error> {
        let modulus = single(context)?.value();
        let words = bitpack::unpack_residues(bytes, context.degree(), modulus)?;
        Self::from_words(context, words)
    }
}
