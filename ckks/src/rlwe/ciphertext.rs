//! One ciphertext: a batch of one row.

use super::{CiphertextBatch, SeededBatch};
use crate::{Coefficient, Error, Poly, RingContext, Word};
use std::sync::Arc;

/// A pair (c0, c1) with c0 + c1 s = m + e.
#[derive(Clone, Debug, PartialEq)]
pub struct Ciphertext<W: Word>(pub(super) CiphertextBatch<W>);

impl<W: Word> Ciphertext<W> {
    /// The trivial encryption (m, 0), without noise and without secrecy.
    pub fn trivial(plain: &Poly<Coefficient, W>) -> Self {
        let mut words = plain.words().to_vec();
        words.resize(2 * words.len(), W::default());
        Self(CiphertextBatch::from_trusted(plain.context(), words))
    }

    /// The ring.
    pub fn context(&self) -> &Arc<RingContext<W>> {
        self.0.context()
    }

    /// c0 | c1.
    pub fn row(&self) -> &[W] {
        self.0.words()
    }

    fn zip_with(
        &mut self,
        other: &Self,
        op: impl Fn(&mut Poly<Coefficient, W>, &Poly<Coefficient, W>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.context().check_same(other.context())?;
        let context = Arc::clone(self.context());
        let element = context.element_words();
        let halves = self
            .0
            .words_mut()
            .chunks_mut(element)
            .zip(other.row().chunks(element));
        for (mine, theirs) in halves {
            let mut left = Poly::from_trusted(&context, mine.to_vec());
            op(&mut left, &Poly::from_trusted(&context, theirs.to_vec()))?;
            mine.copy_from_slice(left.words());
        }
        Ok(())
    }

    /// Homomorphic addition.
    ///
    /// # Errors
    /// [`Error::RingMismatch`].
    pub fn add_assign(&mut self, other: &Self) -> Result<(), Error> {
        self.zip_with(other, Poly::add_assign)
    }

    /// Homomorphic subtraction.
    ///
    /// # Errors
    /// [`Error::RingMismatch`].
    pub fn sub_assign(&mut self, other: &Self) -> Result<(), Error> {
        self.zip_with(other, Poly::sub_assign)
    }
}

/// A symmetric ciphertext as it travels: c0 and the seed and index of c1.
#[derive(Clone, Debug, PartialEq)]
pub struct SeededCiphertext<W: Word>(pub(super) SeededBatch<W>);

impl<W: Word> SeededCiphertext<W> {
    /// The ciphertext with c1 expanded from the seed.
    pub fn expand(&self) -> Ciphertext<W> {
        Ciphertext(self.0.expand())
    }

    /// c0.
    pub fn c0(&self) -> &[W] {
        self.0.c0()
    }

    /// The public seed.
    pub fn seed(&self) -> &[u8; 32] {
        self.0.seed()
    }

    /// The index under the seed.
    pub fn index(&self) -> u64 {
        self.0.first_index()
    }
}
