//! Symmetric, seeded encryption: c0 = m + e - a s with a expanded from a public seed.

use super::{PublicSeed, SecretKey, SeededBatch, SeededCiphertext, kernel};
use crate::{Coefficient, Error, Poly, RngStreams, SecureRng, Word, sample};
use rayon::prelude::*;
use zeroize::{Zeroize, Zeroizing};

/// Memory of one encryption, reused from row to row and overwritten at the end.
struct Scratch<W: Word> {
    mask: Zeroizing<Vec<W>>,
    error: Zeroizing<Vec<i8>>,
}

impl<W: Word> SecretKey<W> {
    fn scratch(&self) -> Scratch<W> {
        Scratch {
            mask: Zeroizing::new(vec![W::default(); self.context().element_words()]),
            error: Zeroizing::new(vec![0; self.context().degree()]),
        }
    }

    /// Turns m into c0 in place.
    fn encrypt_row(
        &self,
        seed: &[u8; 32],
        index: u64,
        c0: &mut [W],
        rng: &mut SecureRng,
        scratch: &mut Scratch<W>,
    ) -> Result<(), Error> {
        let context = self.context();
        sample::expand_element(rng.simd(), seed, index, context, &mut scratch.mask);
        self.multiply(&mut scratch.mask)?;
        sample::centred_binomial(rng, &mut scratch.error);
        let degree = context.degree();
        let limbs = c0.chunks_mut(degree).zip(scratch.mask.chunks_mut(degree));
        for (modulus, (c0, mask)) in context.moduli().zip(limbs) {
            kernel::small_minus(rng.simd(), modulus, mask, &scratch.error);
            kernel::add(rng.simd(), modulus, c0, mask);
        }
        Ok(())
    }

    /// Encrypts many plaintexts, a ring element each, row by row in `plain`, under consecutive indices of
    /// `seed`. The vector becomes c0: no copy of the plaintext is left behind.
    ///
    /// # Errors
    /// Not a whole number of elements, a residue not below its modulus, or a spent seed; `plain` is
    /// overwritten with zeros then.
    pub fn encrypt_batch(
        &self,
        mut plain: Vec<W>,
        seed: &mut PublicSeed,
        rng: &mut SecureRng,
    ) -> Result<SeededBatch<W>, Error> {
        match self.encrypt_in_place(&mut plain, seed, rng) {
            Ok(first) => Ok(SeededBatch::from_trusted(
                self.context(),
                *seed.bytes(),
                first,
                plain,
            )),
            Err(error) => {
                plain.zeroize();
                Err(error)
            }
        }
    }

    fn encrypt_in_place(
        &self,
        plain: &mut [W],
        seed: &mut PublicSeed,
        rng: &mut SecureRng,
    ) -> Result<u64, Error> {
        let element = self.context().element_words();
        if !plain.len().is_multiple_of(element) {
            return Err(Error::PartialRow {
                what: "plaintexts",
                row: element,
                got: plain.len(),
            });
        }
        self.context().check_residues("plaintexts", plain)?;
        let first = seed.take(plain.len() / element)?;
        let streams = RngStreams::new(rng);
        plain
            .par_chunks_mut(element)
            .enumerate()
            .try_for_each_init(
                || self.scratch(),
                |scratch, (i, c0)| {
                    let row = i as u64;
                    let mut rng = streams.stream(row);
                    self.encrypt_row(seed.bytes(), first + row, c0, &mut rng, scratch)
                },
            )?;
        Ok(first)
    }

    /// Encrypts one plaintext.
    ///
    /// # Errors
    /// [`Error::RingMismatch`], or a spent seed.
    pub fn encrypt(
        &self,
        plain: &Poly<Coefficient, W>,
        seed: &mut PublicSeed,
        rng: &mut SecureRng,
    ) -> Result<SeededCiphertext<W>, Error> {
        self.context().check_same(plain.context())?;
        let batch = self.encrypt_batch(plain.words().to_vec(), seed, rng)?;
        Ok(SeededCiphertext(batch))
    }
}
