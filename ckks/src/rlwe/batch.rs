//! Many ciphertexts in one contiguous matrix, one a row: the form that linear layers work on.

use crate::simd::Supported;
use crate::{Error, RingContext, Word, sample};
use rayon::prelude::*;
use std::sync::Arc;

/// Checks that `words` is a whole number of rows and returns their number.
fn count_rows(what: &'static str, row: usize, words: usize) -> Result<usize, Error> {
    if words.is_multiple_of(row) {
        return Ok(words / row);
    }
    Err(Error::PartialRow {
        what,
        row,
        got: words,
    })
}

/// Ciphertexts, a row c0 | c1 each (limb-major within c0 and c1).
#[derive(Clone, Debug, PartialEq)]
pub struct CiphertextBatch<W: Word> {
    context: Arc<RingContext<W>>,
    words: Vec<W>,
}

impl<W: Word> CiphertextBatch<W> {
    /// Takes rows of residues.
    ///
    /// # Errors
    /// Not a whole number of rows, or a residue not below its modulus.
    pub fn from_words(context: &Arc<RingContext<W>>, words: Vec<W>) -> Result<Self, Error> {
        count_rows("ciphertexts", 2 * context.element_words(), words.len())?;
        context.check_residues("ciphertexts", &words)?;
        Ok(Self::from_trusted(context, words))
    }

    /// `rows` trivial encryptions of zero, to be overwritten.
    ///
    /// # Errors
    /// [`Error::TooLarge`].
    pub fn zeros(context: &Arc<RingContext<W>>, rows: usize) -> Result<Self, Error> {
        let row = 2 * context.element_words();
        let words = rows.checked_mul(row).ok_or(Error::TooLarge {
            what: "ciphertexts",
            rows,
            row,
        })?;
        Ok(Self::from_trusted(context, vec![W::default(); words]))
    }

    /// The caller vouches for whole rows of reduced residues.
    pub(crate) fn from_trusted(context: &Arc<RingContext<W>>, words: Vec<W>) -> Self {
        Self {
            context: Arc::clone(context),
            words,
        }
    }

    /// The ring.
    pub fn context(&self) -> &Arc<RingContext<W>> {
        &self.context
    }

    /// Number of ciphertexts.
    pub fn rows(&self) -> usize {
        self.words.len() / self.row_words()
    }

    /// Words a row: twice an element.
    pub fn row_words(&self) -> usize {
        2 * self.context.element_words()
    }

    /// All rows.
    pub fn words(&self) -> &[W] {
        &self.words
    }

    pub(crate) fn words_mut(&mut self) -> &mut [W] {
        &mut self.words
    }

    pub(crate) fn into_words(self) -> Vec<W> {
        self.words
    }

    /// Adds plaintexts in the clear, one element a row, to all rows.
    ///
    /// # Errors
    /// Wrong number of elements, or a residue not below its modulus.
    pub fn add_plain(&mut self, plain: &[W]) -> Result<(), Error> {
        let element = self.context.element_words();
        if plain.len() != self.rows() * element {
            return Err(Error::Length {
                what: "plaintexts",
                expected: self.rows() * element,
                got: plain.len(),
            });
        }
        self.context.check_residues("plaintexts", plain)?;
        let context = &self.context;
        self.words
            .par_chunks_mut(2 * element)
            .zip(plain.par_chunks(element))
            .for_each(|(row, plain)| {
                let degree = context.degree();
                let limbs = row.chunks_mut(degree).zip(plain.chunks(degree));
                for (modulus, (c0, plain)) in context.moduli().zip(limbs) {
                    for (c, &p) in c0.iter_mut().zip(plain) {
                        *c = modulus.add(*c, p);
                    }
                }
            });
        Ok(())
    }

    /// Adds `constants[i]` to every coefficient of row i: a layer's biases.
    ///
    /// # Errors
    /// [`Error::Length`] unless there is one constant a row.
    pub fn add_constants(&mut self, constants: &[i64]) -> Result<(), Error> {
        if constants.len() != self.rows() {
            return Err(Error::Length {
                what: "constants",
                expected: self.rows(),
                got: constants.len(),
            });
        }
        let context = &self.context;
        let row_words = 2 * context.element_words();
        self.words
            .par_chunks_mut(row_words)
            .zip(constants)
            .for_each(|(row, &constant)| {
                for (modulus, limb) in context.moduli().zip(row.chunks_mut(context.degree())) {
                    let constant = modulus.reduce_signed(constant);
                    for c in limb {
                        *c = modulus.add(*c, constant);
                    }
                }
            });
        Ok(())
    }
}

/// Seeded ciphertexts as they travel: c0 of each, one seed, consecutive indices.
#[derive(Clone, Debug, PartialEq)]
pub struct SeededBatch<W: Word> {
    context: Arc<RingContext<W>>,
    seed: [u8; 32],
    first_index: u64,
    c0: Vec<W>,
}

impl<W: Word> SeededBatch<W> {
    /// Takes what has been received: c0, an element a row.
    ///
    /// # Errors
    /// Not a whole number of rows, a residue not below its modulus, or indices beyond 2^64.
    pub fn from_parts(
        context: &Arc<RingContext<W>>,
        seed: [u8; 32],
        first_index: u64,
        c0: Vec<W>,
    ) -> Result<Self, Error> {
        let rows = count_rows("seeded ciphertexts", context.element_words(), c0.len())? as u64;
        if first_index.checked_add(rows).is_none() {
            return Err(Error::SeedExhausted {
                asked: rows,
                used: first_index,
            });
        }
        context.check_residues("seeded ciphertexts", &c0)?;
        Ok(Self::from_trusted(context, seed, first_index, c0))
    }

    pub(crate) fn from_trusted(
        context: &Arc<RingContext<W>>,
        seed: [u8; 32],
        first_index: u64,
        c0: Vec<W>,
    ) -> Self {
        Self {
            context: Arc::clone(context),
            seed,
            first_index,
            c0,
        }
    }

    /// The ring.
    pub fn context(&self) -> &Arc<RingContext<W>> {
        &self.context
    }

    /// Number of ciphertexts.
    pub fn rows(&self) -> usize {
        self.c0.len() / self.context.element_words()
    }

    /// The public seed.
    pub fn seed(&self) -> &[u8; 32] {
        &self.seed
    }

    /// Index of the first row; row i has this plus i.
    pub fn first_index(&self) -> u64 {
        self.first_index
    }

    /// c0 of every row.
    pub fn c0(&self) -> &[W] {
        &self.c0
    }

    /// The ciphertexts with c1 expanded from the seed.
    pub fn expand(&self) -> CiphertextBatch<W> {
        let simd = Supported::detect();
        let element = self.context.element_words();
        let mut words = vec![W::default(); 2 * self.c0.len()];
        words
            .par_chunks_mut(2 * element)
            .zip(self.c0.par_chunks(element))
            .enumerate()
            .for_each(|(i, (row, received))| {
                let (c0, c1) = row.split_at_mut(element);
                c0.copy_from_slice(received);
                let index = self.first_index + i as u64;
                sample::expand_element(simd, &self.seed, index, &self.context, c1);
            });
        CiphertextBatch::from_trusted(&self.context, words)
    }
}
