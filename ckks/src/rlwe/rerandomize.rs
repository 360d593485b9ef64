//! Re-randomisation: adding a fresh public-key encryption of zero.

use super::{CiphertextBatch, PublicKey, kernel};
use crate::{Error, RngStreams, SecureRng, Word, sample};
use rayon::prelude::*;
use zeroize::Zeroizing;

/// The distribution of e0, the error on c0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorTerm {
    /// CBD(21), as everywhere.
    CentredBinomial,
    /// Flooding: uniform in [-width/2, width/2), where a value that carries the noise will be opened
    /// after rounding.
    Uniform {
        /// Number of values, 1 to 2^62.
        width: u64,
    },
}

/// Memory of one encryption of zero, reused from row to row and overwritten at the end.
struct Scratch<W: Word> {
    ternary: Zeroizing<Vec<i8>>,
    error: Zeroizing<Vec<i8>>,
    flood: Zeroizing<Vec<i64>>,
    u: Zeroizing<Vec<W>>,
    product: Zeroizing<Vec<W>>,
}

impl<W: Word> PublicKey<W> {
    fn scratch(&self, error0: ErrorTerm) -> Scratch<W> {
        let (degree, words) = (self.context().degree(), self.context().element_words());
        let flood = match error0 {
            ErrorTerm::CentredBinomial => 0,
            ErrorTerm::Uniform { .. } => degree,
        };
        Scratch {
            ternary: Zeroizing::new(vec![0; degree]),
            error: Zeroizing::new(vec![0; degree]),
            flood: Zeroizing::new(vec![0; flood]),
            u: Zeroizing::new(vec![W::default(); words]),
            product: Zeroizing::new(vec![W::default(); degree]),
        }
    }

    /// row += (b u + e0, a u + e1).
    fn add_zero(
        &self,
        row: &mut [W],
        error0: ErrorTerm,
        rng: &mut SecureRng,
        scratch: &mut Scratch<W>,
    ) -> Result<(), Error> {
        let context = self.context();
        let degree = context.degree();
        let simd = rng.simd();
        sample::ternary(rng, &mut scratch.ternary);
        for (ntt, u) in context.limbs().iter().zip(scratch.u.chunks_mut(degree)) {
            kernel::lift(simd, ntt.modulus(), u, &scratch.ternary);
            ntt.forward(u)?;
        }
        let (b, a) = self.halves();
        let (c0, c1) = row.split_at_mut(context.element_words());
        for (half, key, error) in [(c0, b, error0), (c1, a, ErrorTerm::CentredBinomial)] {
            match error {
                ErrorTerm::CentredBinomial => sample::centred_binomial(rng, &mut scratch.error),
                ErrorTerm::Uniform { width } => {
                    sample::uniform_width(rng, width, &mut scratch.flood)?;
                }
            }
            let limbs = half.chunks_mut(degree).zip(key.chunks(degree));
            let limbs = limbs.zip(scratch.u.chunks(degree));
            for (ntt, ((half, key), u)) in context.limbs().iter().zip(limbs) {
                scratch.product.copy_from_slice(u);
                ntt.mul_assign_normalize(&mut scratch.product, key)?;
                ntt.inverse_unscaled(&mut scratch.product)?;
                let modulus = ntt.modulus();
                match error {
                    ErrorTerm::CentredBinomial => {
                        kernel::add_small(simd, modulus, &mut scratch.product, &scratch.error);
                    }
                    ErrorTerm::Uniform { .. } => {
                        kernel::add_signed(simd, modulus, &mut scratch.product, &scratch.flood);
                    }
                }
                kernel::add(simd, modulus, half, &scratch.product);
            }
        }
        Ok(())
    }

    /// Adds a fresh encryption of zero to every row. The message is unchanged; the noise grows by
    /// e u + e0 + e1 s ([`crate::noise`]).
    ///
    /// # Errors
    /// [`Error::RingMismatch`], or a flooding width out of range.
    pub fn rerandomize(
        &self,
        batch: &mut CiphertextBatch<W>,
        error0: ErrorTerm,
        rng: &mut SecureRng,
    ) -> Result<(), Error> {
        self.context().check_same(batch.context())?;
        let streams = RngStreams::new(rng);
        let row_words = batch.row_words();
        batch
            .words_mut()
            .par_chunks_mut(row_words)
            .enumerate()
            .try_for_each_init(
                || self.scratch(error0),
                |scratch, (i, row)| {
                    let mut rng = streams.stream(i as u64);
                    self.add_zero(row, error0, &mut rng, scratch)
                },
            )
    }
}
