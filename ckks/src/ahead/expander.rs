//! The evaluator's side of seeded ciphertexts.

use super::PREPARED_BYTES;
use crate::ring::parallel::try_for_each_with;
use crate::rlwe::kernel;
use crate::rows::{check_length, count_rows, only_limb};
use crate::simd::Supported;
use crate::{CiphertextBatch, Error, RingContext, Simd, sample, wire};
use std::collections::VecDeque;
use std::sync::Arc;

/// Receives what an [`super::Encryptor`] sends. It holds no secrets: every a is public.
pub struct Expander {
    context: Arc<RingContext<u32>>,
    seed: [u8; 32],
    simd: Supported,
    /// The index after those that are ready.
    next: u64,
    ready: VecDeque<Box<[u32]>>,
}

impl std::fmt::Debug for Expander {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Expander {{ ready: {}, next: {} }}",
            self.ready.len(),
            self.next
        )
    }
}

impl Expander {
    /// For the ciphertexts of `seed`, from index 0.
    ///
    /// # Errors
    /// A ring of more than one limb, or an unsupported SIMD level.
    pub fn new(context: &Arc<RingContext<u32>>, seed: [u8; 32], simd: Simd) -> Result<Self, Error> {
        only_limb(context)?;
        Ok(Self {
            context: Arc::clone(context),
            seed,
            simd: simd.verify()?,
            next: 0,
            ready: VecDeque::new(),
        })
    }

    /// Expansions ready for use.
    pub fn ready(&self) -> usize {
        self.ready.len()
    }

    /// Bytes of a ciphertext as it travels.
    ///
    /// # Errors
    /// None for a ring of one limb.
    pub fn row_bytes(&self) -> Result<usize, Error> {
        let limb = only_limb(&self.context)?;
        Ok(limb.degree() / 8 * limb.modulus().bits() as usize)
    }

    fn take(&mut self, count: usize) -> Result<u64, Error> {
        let (first, asked) = (self.next, count as u64);
        self.next = first
            .checked_add(asked)
            .ok_or(Error::SeedExhausted { asked, used: first })?;
        Ok(first)
    }

    fn fill(&self, index: u64, a: &mut [u32]) {
        sample::expand_element(self.simd, &self.seed, index, &self.context, a);
    }

    /// Expands until `rows` are ready, or as many as [`PREPARED_BYTES`] hold; returns how many are.
    ///
    /// # Errors
    /// Indices beyond 2^64.
    pub fn prepare(&mut self, rows: usize) -> Result<usize, Error> {
        let degree = self.context.degree();
        let missing = rows
            .min(PREPARED_BYTES / (4 * degree))
            .saturating_sub(self.ready.len());
        let first = self.take(missing)?;
        let mut made: Vec<Box<[u32]>> = Vec::new();
        made.resize_with(missing, || vec![0; degree].into());
        try_for_each_with(
            (first..).zip(made.iter_mut()),
            || (),
            |(), (index, a)| {
                self.fill(index, a);
                Ok(())
            },
        )?;
        self.ready.extend(made);
        Ok(self.ready.len())
    }

    /// Checks and unpacks ciphertexts into the rows of `batch` from `first_row` on, as many as `bytes` hold, and adds
    /// `share`, `columns` residues a row, if there is one.
    ///
    /// # Errors
    /// Lengths that do not fit, another ring, or a residue not below the modulus. The indices are used up then.
    pub fn receive_into(
        &mut self,
        bytes: &[u8],
        share: Option<&[u32]>,
        columns: usize,
        batch: &mut CiphertextBatch<u32>,
        first_row: usize,
    ) -> Result<(), Error> {
        self.context.check_same(batch.context())?;
        let row_bytes = self.row_bytes()?;
        let rows = bytes.len() / row_bytes;
        check_length("seeded ciphertexts", rows, row_bytes, bytes.len())?;
        if first_row
            .checked_add(rows)
            .is_none_or(|end| end > batch.rows())
        {
            return Err(Error::Length {
                what: "rows for seeded ciphertexts",
                expected: rows,
                got: batch.rows().saturating_sub(first_row),
            });
        }
        let degree = self.context.degree();
        if let Some(share) = share {
            let got = count_rows("shares", share.len(), columns, degree)?;
            check_length("shares", rows, columns, got * columns)?;
        }
        let modulus = *only_limb(&self.context)?.modulus();
        let q = modulus.value();
        let missing = rows.saturating_sub(self.ready.len());
        let first = self.take(missing)?;
        let ready: Vec<_> = self.ready.drain(..rows - missing).collect();
        let expansions = ready
            .into_iter()
            .map(Ok)
            .chain((0..missing as u64).map(|i| Err(first + i)));
        let (simd, this) = (self.simd, &*self);
        let mut shares = share.map(|share| share.chunks(columns));
        let row_words = batch.row_words();
        let items = batch
            .words_mut()
            .chunks_exact_mut(row_words)
            .skip(first_row)
            .zip(bytes.chunks_exact(row_bytes))
            .zip(expansions)
            .enumerate()
            .map(|(i, item)| (i, item, shares.as_mut().and_then(Iterator::next)));
        try_for_each_with(
            items,
            || (),
            |(), (i, ((row, bytes), expansion), share)| {
                let (c0, c1) = row.split_at_mut(degree);
                wire::unpack_checked(simd, bytes, modulus.bits(), c0);
                if kernel::largest(simd, c0) >= q {
                    crate::ring::check_below("seeded ciphertexts", c0, q, i * degree)?;
                }
                if let Some(share) = share {
                    if kernel::largest(simd, share) >= q {
                        crate::ring::check_below("shares", share, q, i * columns)?;
                    }
                    kernel::add(simd, &modulus, c0, share);
                }
                match expansion {
                    Ok(a) => c1.copy_from_slice(&a),
                    Err(index) => this.fill(index, c1),
                }
                Ok(())
            },
        )
    }
}
