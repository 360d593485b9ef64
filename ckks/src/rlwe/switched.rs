//! Ciphertexts modulo a power of two, and their exact decryption.
//!
//! c0 + c1 s mod 2^k for ternary s: lift c1 to [-2^(k-1), 2^(k-1)); the integer product with s has
//! coefficients of at most N 2^(k-1) in absolute value, so modulo a prime P > N 2^k its centred
//! residue is the integer itself. P is the largest suitable prime below 2^50, where the transform is
//! fastest; N 2^k <= 2^46 for all degrees and k <= 31.

use super::{SecretKey, kernel};
use crate::ring::Ntt;
use crate::ring::parallel::try_for_each_with;
use crate::simd::Supported;
use crate::{Error, Simd, Word, params, rows};
use rayon::prelude::*;
use zeroize::Zeroizing;

/// Ciphertext rows c0 | c1 modulo 2^k.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SwitchedBatch {
    degree: usize,
    bits: u32,
    words: Vec<u32>,
}

impl SwitchedBatch {
    /// Takes rows of 2N integers below 2^`bits`.
    ///
    /// # Errors
    /// Bad degree or width, not a whole number of rows, or a value of more than `bits` bits.
    pub fn from_words(degree: usize, bits: u32, words: Vec<u32>) -> Result<Self, Error> {
        params::check_degree(degree)?;
        check_bits(bits)?;
        if !words.len().is_multiple_of(2 * degree) {
            return Err(Error::PartialRow {
                what: "switched ciphertexts",
                row: 2 * degree,
                got: words.len(),
            });
        }
        crate::ring::check_below("switched ciphertexts", &words, 1u32 << bits, 0)?;
        Ok(Self::from_trusted(degree, bits, words))
    }

    /// The caller vouches for whole rows of values below 2^`bits`.
    pub(super) fn from_trusted(degree: usize, bits: u32, words: Vec<u32>) -> Self {
        Self {
            degree,
            bits,
            words,
        }
    }

    /// N.
    pub fn degree(&self) -> usize {
        self.degree
    }

    /// k of the modulus 2^k.
    pub fn bits(&self) -> u32 {
        self.bits
    }

    /// Number of ciphertexts.
    pub fn rows(&self) -> usize {
        self.words.len() / (2 * self.degree)
    }

    /// All rows, c0 | c1 each.
    pub fn words(&self) -> &[u32] {
        &self.words
    }

    /// Adds masks to c0, N a row, modulo 2^k (only the low k bits of a mask count).
    ///
    /// # Errors
    /// [`Error::Length`] unless there are N masks a row.
    pub fn add_masks(&mut self, masks: &[u32]) -> Result<(), Error> {
        let (degree, mask) = (self.degree, u32::MAX >> (32 - self.bits));
        if masks.len() != self.rows() * degree {
            return Err(Error::Length {
                what: "masks",
                expected: self.rows() * degree,
                got: masks.len(),
            });
        }
        self.words
            .par_chunks_mut(2 * degree)
            .zip(masks.par_chunks(degree))
            .for_each(|(row, masks)| {
                for (c, &r) in row.iter_mut().zip(masks) {
                    *c = c.wrapping_add(r) & mask;
                }
            });
        Ok(())
    }
}

fn check_bits(bits: u32) -> Result<(), Error> {
    if (1..=31).contains(&bits) {
        return Ok(());
    }
    Err(Error::BitWidth {
        what: "switched modulus",
        bits,
        min: 1,
        max: 31,
    })
}

/// The secret key prepared for power-of-two moduli.
pub struct SwitchedDecryptor {
    ntt: Ntt<u64>,
    secret: Zeroizing<Vec<u64>>,
}

impl std::fmt::Debug for SwitchedDecryptor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "SwitchedDecryptor {{ degree: {}, .. }}",
            self.ntt.degree()
        )
    }
}

impl SwitchedDecryptor {
    /// Prepares a secret key.
    ///
    /// # Errors
    /// None for a well-formed key: every supported degree has a prime.
    pub fn new<W: Word>(secret: &SecretKey<W>) -> Result<Self, Error> {
        let degree = secret.context().degree();
        let step = 2 * degree as u64;
        let prime = concrete_ntt::prime::largest_prime_in_arithmetic_progression64(
            step,
            1,
            1 << 49,
            1 << 50,
        );
        let prime = prime.ok_or(Error::NotNttPrime {
            modulus: 1 << 50,
            twice_degree: step,
        })?;
        let ntt = Ntt::<u64>::new(degree, prime)?;
        let lift = |&s: &i8| ntt.modulus().reduce_signed(i64::from(s));
        let mut lifted: Zeroizing<Vec<u64>> =
            Zeroizing::new(secret.ternary().iter().map(lift).collect());
        ntt.transform(&mut lifted);
        Ok(Self {
            ntt,
            secret: lifted,
        })
    }

    /// out = c0 + c1 s mod 2^bits for one row; `out` may be shorter than a row.
    fn phase(
        &self,
        simd: Supported,
        row: &[u32],
        bits: u32,
        out: &mut [u32],
        scratch: &mut [u64],
    ) -> Result<(), Error> {
        let (c0, c1) = row.split_at_checked(self.ntt.degree()).unwrap_or_default();
        let p = self.ntt.modulus().value();
        kernel::centre(simd, 1 << (bits - 1), p, scratch, c1);
        self.ntt.mul_transformed(scratch, &self.secret)?;
        kernel::finish(simd, u32::MAX >> (32 - bits), p, out, c0, scratch);
        Ok(())
    }

    /// Unpacks and decrypts `rows` rows modulo 2^`bits` and appends the first `columns` integers of each to `out`.
    ///
    /// # Errors
    /// A width out of range, more columns than N or none, the wrong number of bytes, or an unsupported SIMD level.
    pub fn decrypt_packed(
        &self,
        bytes: &[u8],
        bits: u32,
        rows: usize,
        columns: usize,
        simd: Simd,
        out: &mut Vec<u32>,
    ) -> Result<(), Error> {
        check_bits(bits)?;
        let (simd, degree) = (simd.verify()?, self.ntt.degree());
        rows::count_rows("columns of a share", columns, columns, degree)?;
        let row_bytes = 2 * degree / 8 * bits as usize;
        rows::check_length("switched ciphertexts", rows, row_bytes, bytes.len())?;
        let start = out.len();
        out.resize(start + rows * columns, 0);
        let out = out.get_mut(start..).unwrap_or_default();
        try_for_each_with(
            bytes
                .chunks_exact(row_bytes)
                .zip(out.chunks_exact_mut(columns)),
            || (vec![0u32; 2 * degree], rows::Wiped::new(degree)),
            |(row, wide), (bytes, out)| {
                crate::wire::unpack_checked(simd, bytes, bits, row);
                self.phase(simd, row, bits, out, &mut wide.0)
            },
        )
    }

    /// Decrypts all rows: N integers below 2^k a row.
    ///
    /// # Errors
    /// [`Error::RingMismatch`] if the degrees differ.
    pub fn decrypt(&self, batch: &SwitchedBatch) -> Result<Vec<u32>, Error> {
        let degree = self.ntt.degree();
        if batch.degree != degree {
            return Err(Error::RingMismatch {
                left: degree,
                right: batch.degree,
            });
        }
        let simd = Supported::detect();
        let mut out = vec![0; batch.rows() * degree];
        out.par_chunks_mut(degree)
            .zip(batch.words.par_chunks(2 * degree))
            .try_for_each_init(
                || Zeroizing::new(vec![0u64; degree]),
                |scratch, (out, row)| self.phase(simd, row, batch.bits, out, scratch),
            )?;
        Ok(out)
    }
}
