//! What both parties know of a matrix, and what follows from it.

use crate::Error;
use halfmask_ckks::wide::{Widths, noise};
use halfmask_ckks::{Parameters, ParametersLiteral, RingContext, SecurityTable};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Ring degree N.
pub const DEGREE: usize = 4096;
/// Rows that one call takes, at most: a row a coefficient.
pub const MAX_ROWS: usize = DEGREE;
/// The largest primes below 2^30 that are 1 modulo 2N: Q has 90 bits, where 106 are within 128-bit security.
const MODULI: [u64; 3] = [1_073_692_673, 1_073_668_097, 1_073_651_713];
/// Bits of c1 beyond those of values: 2 for the shares, 8 for the roundings of c1.
const SECOND_BITS: u32 = 10;

/// How rows are put into ciphertexts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PackingChoice {
    /// The one that takes fewer bytes for the number of rows.
    #[default]
    Auto,
    /// Coefficient packing, for as many rows a ciphertext as take fewest bytes.
    Coefficient,
    /// Batch packing.
    Batch,
}

/// A packing of a given number of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// Inputs and weights in coefficients, `rows` rows in one polynomial.
    Coefficient {
        /// Rows a polynomial.
        rows: usize,
    },
    /// A ciphertext an input, a row a coefficient.
    Batch,
}

/// The public shape of a secret matrix: what both parties must agree on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExactSpec {
    /// L: results are integers modulo 2^L, shares modulo 2^(L+2). 8 to 44.
    pub share_bits: u32,
    /// n: inputs a row, 1 to 2^16.
    pub inputs: usize,
    /// M: outputs a row, 1 to 2^20.
    pub outputs: usize,
    /// Inputs are 0 to this.
    pub input_bound: u32,
    /// Coefficients are below 2^this in absolute value, 1 to 31.
    pub coefficient_bits: u32,
    /// How rows are put into ciphertexts.
    #[serde(default)]
    pub packing: PackingChoice,
}

/// Refuses a number outside its range.
fn within(what: &'static str, value: u64, min: u64, max: u64) -> Result<(), Error> {
    if (min..=max).contains(&value) {
        return Ok(());
    }
    Err(Error::Range {
        what,
        value,
        min,
        max,
    })
}

impl ExactSpec {
    /// Checks ranges, that no result leaves 63 bits before it is reduced, and that the noise leaves every value exact but with
    /// probability 2^-40 for 2^25 values.
    ///
    /// # Errors
    /// [`Error::Range`] or [`Error::Noise`], with the numbers.
    pub fn check(&self) -> Result<(), Error> {
        within("share bits", u64::from(self.share_bits), 8, 44)?;
        within("inputs", self.inputs as u64, 1, 1 << 16)?;
        within("outputs", self.outputs as u64, 1, 1 << 20)?;
        within("coefficient bits", u64::from(self.coefficient_bits), 1, 31)?;
        let weight = 1u64 << self.coefficient_bits;
        let max = (1 << 62) / (self.inputs as u64 * weight);
        within("input bound", u64::from(self.input_bound), 1, max)?;
        let bound = self.noise(&*self.context()?)?;
        if bound < 1.0 {
            return Ok(());
        }
        Err(Error::Noise {
            quarters: bound,
            inputs: self.inputs,
            coefficient_bits: self.coefficient_bits,
            share_bits: self.share_bits,
        })
    }

    /// The bound on the noise of a shared value in quarters of its unit ([`noise::quarter_units`]): below 1, values are exact.
    ///
    /// # Errors
    /// Widths out of range.
    pub fn noise(&self, context: &RingContext<u32>) -> Result<f64, Error> {
        let shape = noise::Shape {
            terms: self.pieces() * DEGREE,
            max_weight: f64::from(self.coefficient_bits).exp2(),
        };
        Ok(noise::quarter_units(context, self.widths()?, shape))
    }

    /// The ring's parameters: N = 4096 and three primes of 30 bits.
    ///
    /// # Errors
    /// None: they are constants, checked like any others.
    pub fn parameters(&self) -> Result<Parameters, Error> {
        Ok(Parameters::new(&ParametersLiteral {
            degree: DEGREE,
            moduli: MODULI.to_vec(),
            table: SecurityTable::Guidelines2024,
            allow_insecure: false,
        })?)
    }

    pub(super) fn context(&self) -> Result<Arc<RingContext<u32>>, Error> {
        Ok(RingContext::from_parameters(&self.parameters()?)?)
    }

    /// Bits of what travels.
    pub(super) fn widths(&self) -> Result<Widths, Error> {
        let (share, second) = (self.share_bits + 2, self.share_bits + SECOND_BITS);
        Ok(Widths::new(share, second)?)
    }

    /// The numbers that the two parties compare.
    pub(super) fn numbers(&self) -> [u64; 6] {
        let packing = match self.packing {
            PackingChoice::Auto => 0,
            PackingChoice::Coefficient => 1,
            PackingChoice::Batch => 2,
        };
        [
            u64::from(self.share_bits),
            self.inputs as u64,
            self.outputs as u64,
            u64::from(self.input_bound),
            u64::from(self.coefficient_bits),
            packing,
        ]
    }

    /// Polynomials that one row's inputs are cut into.
    pub(super) fn pieces(&self) -> usize {
        self.inputs.div_ceil(DEGREE)
    }

    /// Inputs of a piece.
    pub(super) fn stride(&self) -> usize {
        self.inputs.div_ceil(self.pieces().max(1)).max(1)
    }

    /// Rows times outputs that one answer of coefficient packing carries.
    pub(super) fn slots(&self) -> usize {
        DEGREE / self.stride()
    }

    /// Bytes that `rows` rows take, both ways.
    ///
    /// # Errors
    /// Widths out of range.
    pub fn bytes(&self, packing: Packing, rows: usize) -> Result<u64, Error> {
        let widths = self.widths()?;
        let answer = |values| widths.answer_bytes(DEGREE, values).map(|b| b as u64);
        let upload = |values: usize| (MODULI.len() * (values * 30).div_ceil(8)) as u64;
        Ok(match packing {
            Packing::Batch => {
                self.inputs as u64 * upload(rows) + self.outputs as u64 * answer(rows)?
            }
            Packing::Coefficient { rows: each } => {
                let each = each.clamp(1, self.slots());
                let groups = rows.div_ceil(each) as u64;
                let outputs = (self.slots() / each).min(self.outputs);
                let answers = self.outputs.div_ceil(outputs) as u64;
                let bodies = answers * answer(0)?;
                let values = (rows * self.outputs) as u64 * u64::from(widths.share);
                groups * (self.pieces() as u64 * upload(DEGREE) + bodies) + values.div_ceil(8)
            }
        })
    }

    /// The packing of `rows` rows: as chosen, or the one of fewer bytes. Answers make up both the bytes and, at some 0.1 ms for both
    /// parties each, the time, so that one is the faster one as well.
    ///
    /// # Errors
    /// [`Error::Range`] for no rows or more than [`MAX_ROWS`].
    pub fn packing(&self, rows: usize) -> Result<Packing, Error> {
        within("rows", rows as u64, 1, MAX_ROWS as u64)?;
        if self.packing == PackingChoice::Batch {
            return Ok(Packing::Batch);
        }
        let mut best = (u64::MAX, Packing::Batch);
        if self.packing == PackingChoice::Auto {
            best.0 = self.bytes(Packing::Batch, rows)?;
        }
        for each in 1..=rows.min(self.slots()) {
            let packing = Packing::Coefficient { rows: each };
            let bytes = self.bytes(packing, rows)?;
            if bytes < best.0 {
                best = (bytes, packing);
            }
        }
        Ok(best.1)
    }
}
