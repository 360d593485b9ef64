//! Arithmetic modulo a prime below 2^49 in double precision, sixteen columns at a time.
//!
//! A residue is held as an integer of absolute value at most q/2 or a little more, in a double. Small
//! weights times such residues add up exactly as long as every sum stays below 2^53: one fused
//! multiply-add a term, where integer arithmetic on residues of more than 31 bits needs three
//! instructions. A sum x is reduced by x - q round(x / q). A product of two residues is exact as
//! h + l with h = fl(x y) and l = fma(x, y, -h) (Dekker 1971), and reduced in the same way:
//!
//! ```text
//! k = round(h / q)    r = fma(-k, q, h) + l    |r| <= (1/2 + 3 2^-53 (9/16)^2 q) q < 9/16 q for q < 2^49
//! ```
//!
//! h - k q and l are integers below 2^53, so both steps are exact.
//!
//! Rows are strips of sixteen columns, and terms come in chunks: as many as keep a sum below 2^53. A
//! chunk's rows stay in the first-level cache while all outputs are computed from them.
//!
//! # Timing
//! Weights and residues decide nothing but the operands of additions and multiplications of integers:
//! no branch, no index, no subnormal number.

mod kernel;

use super::layout::check_weights;
use crate::simd::Supported;
use crate::{Error, Modulus, Simd};
use zeroize::Zeroizing;

/// Columns of a strip.
pub const STRIP: usize = 16;

/// Sixteen residues of one row.
pub type Strip = [f64; STRIP];

/// Outputs that the kernel computes at once, at most.
const BLOCK: usize = 6;
/// Terms of a chunk, at most: 16 KB of rows.
const MAX_CHUNK: usize = 128;
/// The widest prime.
const MAX_BITS: u32 = 49;

/// A prime and the instruction set to compute modulo it.
#[derive(Clone, Copy, Debug)]
pub struct Centred {
    modulus: f64,
    inverse: f64,
    simd: Supported,
}

impl Centred {
    /// Prepares a prime below 2^49.
    ///
    /// # Errors
    /// [`Error::ModulusSize`], or an unsupported SIMD level.
    pub fn new(modulus: &Modulus<u64>, simd: Simd) -> Result<Self, Error> {
        if modulus.bits() > MAX_BITS {
            return Err(Error::ModulusSize {
                modulus: modulus.value(),
                max_bits: MAX_BITS,
            });
        }
        let value = modulus.value() as f64;
        Ok(Self {
            modulus: value,
            inverse: value.recip(),
            simd: simd.verify()?,
        })
    }

    /// Residues in [0, q) at `positions` of `words`, centred. Positions past the end read zero.
    pub fn load(&self, words: &[u64], positions: &[u32; STRIP]) -> Strip {
        positions.map(|position| {
            self.constant(words.get(position as usize).copied().unwrap_or_default())
        })
    }

    /// Writes residues in [0, q) to `positions` of `words`; those past the end are left out.
    pub fn store(&self, strip: &Strip, positions: &[u32; STRIP], words: &mut [u64]) {
        for (x, &position) in strip.iter().zip(positions) {
            if let Some(word) = words.get_mut(position as usize) {
                *word = (x + if *x < 0.0 { self.modulus } else { 0.0 }) as u64;
            }
        }
    }

    /// out = x y mod q, row by row.
    pub fn multiply(&self, out: &mut [Strip], x: &[Strip], y: &[Strip]) {
        kernel::multiply(self.simd, self.constants(), out, x, y);
    }

    /// sum = sum + x y mod q, row by row.
    pub fn multiply_add(&self, sum: &mut [Strip], x: &[Strip], y: &[Strip]) {
        kernel::multiply_add(self.simd, self.constants(), sum, x, y);
    }

    /// out = u x + v y mod q for integers u, v of at most [`MAX_COMBINATION`] in absolute value.
    pub fn combine(&self, out: &mut [Strip], (u, x): (f64, &[Strip]), (v, y): (f64, &[Strip])) {
        kernel::combine(self.simd, self.constants(), out, (u, x), (v, y));
    }

    /// x = c x mod q, row by row, for a residue c as [`Centred::constant`] gives it.
    pub fn scale(&self, x: &mut [Strip], c: f64) {
        kernel::scale(self.simd, self.constants(), x, c);
    }

    /// x = x + c mod q in one row.
    pub fn add(&self, x: &mut Strip, c: f64) {
        let row = *x;
        let ones = [1.0; STRIP];
        self.combine(std::slice::from_mut(x), (1.0, &[row]), (c, &[ones]));
    }

    /// A residue in [0, q), centred.
    pub fn constant(&self, residue: u64) -> f64 {
        // Below 2^49: the conversion through a signed word is exact, and one instruction.
        let x = residue as i64 as f64;
        x - if x > 0.5 * self.modulus {
            self.modulus
        } else {
            0.0
        }
    }

    /// sums = sums + W x mod q for the terms of one chunk: `x` has a row a term of the chunk, `sums` a
    /// row an output. Rows that are missing are not computed.
    ///
    /// # Errors
    /// [`Error::Accumulator`] if the matrix was packed for a smaller prime.
    pub fn accumulate(
        &self,
        weights: &CentredWeights,
        chunk: usize,
        x: &[Strip],
        sums: &mut [Strip],
    ) -> Result<(), Error> {
        weights.check(self.modulus)?;
        let packed = weights.chunk(chunk);
        let terms = packed.len() / weights.outputs;
        let mut rest = packed;
        let mut sums = sums;
        for size in blocks(weights.outputs) {
            let (block, tail) = rest.split_at_checked(size * terms).unwrap_or_default();
            let (block_sums, others) = sums.split_at_mut_checked(size).unwrap_or_default();
            kernel::block(self.simd, self.constants(), block, x, block_sums);
            (rest, sums) = (tail, others);
        }
        Ok(())
    }

    fn constants(&self) -> (f64, f64) {
        (self.modulus, self.inverse)
    }
}

/// Bound on the factors of [`Centred::combine`]: |u x + v y| < 2^53.
pub const MAX_COMBINATION: f64 = 8.0;

/// A matrix of small integers, packed for [`Centred::accumulate`] and overwritten on drop: chunk by
/// chunk, in a chunk block by block, in a block term by term.
pub struct CentredWeights {
    outputs: usize,
    terms: usize,
    max_weight: u16,
    /// Terms of a chunk.
    chunk: usize,
    packed: Zeroizing<Vec<f64>>,
}

impl std::fmt::Debug for CentredWeights {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CentredWeights {{ {} x {} }}", self.outputs, self.terms)
    }
}

impl CentredWeights {
    /// Packs `outputs` x `terms` weights, row-major, of absolute values up to the public bound
    /// `max_weight`, for primes of up to `bits` bits.
    ///
    /// # Errors
    /// [`Error::WeightShape`], [`Error::Weight`], or [`Error::Accumulator`] if not even one term's
    /// product fits 53 bits.
    pub fn new(
        outputs: usize,
        terms: usize,
        max_weight: u16,
        bits: u32,
        values: &[i16],
    ) -> Result<Self, Error> {
        check_weights((outputs, terms), max_weight, values)?;
        let chunk = chunk(max_weight, bits);
        if chunk == 0 || bits > MAX_BITS {
            return Err(Error::Accumulator {
                terms,
                max_weight,
                modulus: 1u64.checked_shl(bits).unwrap_or(u64::MAX),
            });
        }
        let mut packed = Zeroizing::new(Vec::with_capacity(values.len()));
        for first in (0..terms).step_by(chunk) {
            let mut rows = values.chunks(terms);
            for size in blocks(outputs) {
                let block: Vec<&[i16]> = rows.by_ref().take(size).collect();
                for term in first..terms.min(first + chunk) {
                    packed.extend(
                        block
                            .iter()
                            .filter_map(|row| row.get(term))
                            .map(|&w| f64::from(w)),
                    );
                }
            }
        }
        Ok(Self {
            outputs,
            terms,
            max_weight,
            chunk,
            packed,
        })
    }

    /// Rows of the matrix.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// Columns of the matrix.
    pub fn terms(&self) -> usize {
        self.terms
    }

    /// Terms of every chunk but the last, which may have fewer.
    pub fn chunk_terms(&self) -> usize {
        self.chunk
    }

    fn chunk(&self, index: usize) -> &[f64] {
        let start = index * self.chunk * self.outputs;
        let rest = self.packed.get(start..).unwrap_or_default();
        rest.get(..self.chunk * self.outputs).unwrap_or(rest)
    }

    /// Refuses a prime that is too large for the chunks.
    fn check(&self, modulus: f64) -> Result<(), Error> {
        if self.chunk <= fitting(self.max_weight, modulus) {
            return Ok(());
        }
        Err(Error::Accumulator {
            terms: self.chunk,
            max_weight: self.max_weight,
            modulus: modulus as u64,
        })
    }
}

/// Terms that may be added to a reduced sum: 9/16 q (1 + K w) < 2^53.
fn fitting(max_weight: u16, modulus: f64) -> usize {
    let sum = 53f64.exp2() / (0.5625 * modulus) - 1.0;
    (sum / f64::from(max_weight.max(1))) as usize
}

/// Terms of a chunk for primes below 2^`bits`.
fn chunk(max_weight: u16, bits: u32) -> usize {
    fitting(max_weight, f64::from(bits).exp2()).min(MAX_CHUNK)
}

/// Splits `outputs` into the fewest blocks of at most [`BLOCK`], as even as possible.
fn blocks(outputs: usize) -> impl Iterator<Item = usize> {
    let count = outputs.div_ceil(BLOCK);
    (0..count).map(move |i| (outputs * (i + 1)) / count - (outputs * i) / count)
}

#[cfg(test)]
mod tests;
