//! A matrix of integers of up to 31 bits over residues of several limbs, by balanced digits.
//!
//! w = sum_d w_d 2^(15 d) with w_d in [-2^14, 2^14): one digit reaches |w| < 2^14, two 2^29, three 2^44. Digits are small weights,
//! the same for every limb: each digit's product is a [`ResidueGemm`], and Horner's rule modulo q_i joins them. Outputs
//! are cut into chunks, so that memory does not grow with their number.

use super::{Group, ResidueGemm, Weights};
use crate::simd::Supported;
use crate::wide::kernel;
use crate::{Error, RingContext, Simd};
use zeroize::Zeroizing;

const DIGIT: u32 = 15;
const MAX_DIGIT: u16 = 1 << (DIGIT - 1);

/// Outputs of a chunk: eight blocks of the kernels, a few megabytes at N = 4096.
pub const CHUNK: usize = 48;

/// Digits that every |w| < 2^`bits` has, for `bits` up to 31.
fn digits(bits: u32) -> usize {
    match bits {
        0..=14 => 1,
        15..=29 => 2,
        _ => 3,
    }
}

struct Chunk {
    outputs: usize,
    /// One a limb.
    gemms: Vec<ResidueGemm>,
}

/// The matrix, packed for the kernels; overwritten on drop.
pub struct DigitMatrix {
    chunks: Vec<Chunk>,
    digits: usize,
    /// Of each limb: q and floor(2^47 / q).
    limbs: Vec<(u32, u64)>,
}

impl std::fmt::Debug for DigitMatrix {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let outputs: usize = self.chunks.iter().map(|c| c.outputs).sum();
        write!(f, "DigitMatrix {{ outputs: {outputs}, .. }}")
    }
}

impl DigitMatrix {
    /// Takes `values`, row-major with `terms` columns, of absolute values below 2^`bits` (a public bound, 1 to 31).
    ///
    /// # Errors
    /// A width out of range, no values, not a whole number of rows, a value past the bound, or so many terms that a sum could overflow.
    pub fn new(
        context: &RingContext<u32>,
        terms: usize,
        bits: u32,
        values: &[i32],
    ) -> Result<Self, Error> {
        if !(1..=31).contains(&bits) {
            return Err(Error::BitWidth {
                what: "integer weights",
                bits,
                min: 1,
                max: 31,
            });
        }
        if terms == 0 || values.is_empty() || !values.len().is_multiple_of(terms) {
            return Err(Error::WeightShape {
                outputs: values.len() / terms.max(1),
                terms,
                got: values.len(),
            });
        }
        if let Some(index) = values.iter().position(|w| w.unsigned_abs() >> bits != 0) {
            return Err(Error::WideWeight { index, bits });
        }
        let digits = digits(bits);
        let inputs: Vec<u32> = (0..terms as u32).collect();
        let mut chunks = Vec::with_capacity(values.len().div_ceil(CHUNK * terms));
        for rows in values.chunks(CHUNK * terms) {
            let outputs = rows.len() / terms;
            let small = Zeroizing::new(split(rows, digits));
            let weights = Weights::new(digits * outputs, terms, MAX_DIGIT, &small)?;
            let group = Group {
                inputs: inputs.clone(),
                weights,
                outputs: (0..(digits * outputs) as u32).collect(),
            };
            let gemm = |m| ResidueGemm::new(m, vec![group.clone()], terms);
            chunks.push(Chunk {
                outputs,
                gemms: context.moduli().map(gemm).collect::<Result<_, _>>()?,
            });
        }
        let ratio = |q: u32| (q, (1u64 << (32 + DIGIT)) / u64::from(q));
        Ok(Self {
            chunks,
            digits,
            limbs: context.moduli().map(|m| ratio(m.value())).collect(),
        })
    }

    /// The number of outputs of each chunk.
    pub fn chunks(&self) -> impl Iterator<Item = usize> {
        self.chunks.iter().map(|c| c.outputs)
    }

    /// The outputs of one chunk modulo one limb: `inputs` is `[term][column]`, and so is what `out` begins with on return, one row
    /// an output; it is resized to what is needed.
    ///
    /// # Errors
    /// No such chunk or limb, wrong lengths, or a residue not below the modulus.
    pub fn apply(
        &self,
        chunk: usize,
        limb: usize,
        inputs: &[u32],
        columns: usize,
        out: &mut Vec<u32>,
        simd: Simd,
    ) -> Result<(), Error> {
        let level = simd.verify()?;
        let missing = |what, expected| Error::Length {
            what,
            expected,
            got: expected + 1,
        };
        let chunk = self
            .chunks
            .get(chunk)
            .ok_or_else(|| missing("chunks of a matrix", self.chunks.len()))?;
        let (gemm, &(q, ratio)) = chunk
            .gemms
            .get(limb)
            .zip(self.limbs.get(limb))
            .ok_or_else(|| missing("limbs of a matrix", self.limbs.len()))?;
        out.resize(self.digits * chunk.outputs * columns, 0);
        gemm.apply(inputs, columns, out, simd)?;
        let (sum, rest) = out
            .split_at_mut_checked(chunk.outputs * columns)
            .unwrap_or_default();
        join(level, q, ratio, sum, rest);
        Ok(())
    }
}

/// Balanced digits, those of the highest place first: `[digit][row][term]`.
fn split(values: &[i32], digits: usize) -> Vec<i16> {
    let mut out = Vec::with_capacity(digits * values.len());
    let half = 1i64 << (DIGIT - 1);
    for place in (0..digits as u32).rev() {
        // Adding half of every place below turns floors into the rounding that balanced digits need.
        let carry: i64 = (0..place).map(|p| half << (DIGIT * p)).sum();
        out.extend(values.iter().map(|&w| {
            let shifted = (i64::from(w) + carry) >> (DIGIT * place);
            let digit = if place as usize + 1 == digits {
                shifted
            } else {
                ((shifted + half) & (2 * half - 1)) - half
            };
            digit as i16
        }));
    }
    out
}

/// sum = sum 2^15 + next digit, for every digit of `rest`.
fn join(simd: Supported, q: u32, ratio: u64, sum: &mut [u32], rest: &[u32]) {
    for digit in rest.chunks(sum.len().max(1)) {
        kernel::shift_add(simd, q, ratio, sum, digit);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_balanced_and_add_up() {
        let mut values = vec![0, 1, -1, 16383, -16383];
        assert_eq!(split(&values, 1), [0, 1, -1, 16383, -16383]);
        values.extend([16384, -16384, 16385, (1 << 29) - 1, 1 - (1 << 29)]);
        let check = |values: &[i32], digits: usize| {
            let small = split(values, digits);
            for (i, w) in values.iter().enumerate() {
                let mut sum = 0i64;
                for digit in small.iter().skip(i).step_by(values.len()) {
                    assert!(digit.unsigned_abs() <= MAX_DIGIT, "{w}: {digit}");
                    sum = sum * 32768 + i64::from(*digit);
                }
                assert_eq!(sum, i64::from(*w));
            }
        };
        check(&values, 2);
        values.extend([i32::MAX, -i32::MAX, 1 << 29, (1 << 30) + 16384]);
        check(&values, 3);
    }

    #[test]
    fn products_match_plain_integers_modulo_every_limb() {
        let moduli = [1_073_692_673u32, 1_073_668_097];
        let context = RingContext::<u32>::new(4096, &moduli).unwrap();
        let (outputs, terms, columns) = (CHUNK + 3, 7, 33);
        for bits in [14, 29, 31] {
            let largest = ((1i64 << bits) - 1) as i32;
            let mut x = 7u64;
            let mut next = || {
                x = x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                (x >> 32) as u32
            };
            let values: Vec<i32> = (0..outputs * terms)
                .map(|i| match i % 3 {
                    0 => largest,
                    1 => -largest,
                    _ => next() as i32 % largest,
                })
                .collect();
            let matrix = DigitMatrix::new(&context, terms, bits, &values).unwrap();
            assert!(matrix.chunks().eq([CHUNK, 3]));
            for (l, &q) in moduli.iter().enumerate() {
                let inputs: Vec<u32> = (0..terms * columns)
                    .map(|i| if i % 2 == 0 { q - 1 } else { next() % q })
                    .collect();
                let mut out = Vec::new();
                for (c, first) in [0, CHUNK].into_iter().enumerate() {
                    matrix
                        .apply(c, l, &inputs, columns, &mut out, Simd::detect())
                        .unwrap();
                    for (i, got) in out
                        .iter()
                        .take((outputs - first).min(CHUNK) * columns)
                        .enumerate()
                    {
                        let (o, j) = (first + i / columns, i % columns);
                        let want: i128 = (0..terms)
                            .map(|t| {
                                i128::from(values[o * terms + t])
                                    * i128::from(inputs[t * columns + j])
                            })
                            .sum();
                        assert_eq!(i128::from(*got), want.rem_euclid(i128::from(q)));
                    }
                }
            }
            assert!(
                matrix
                    .apply(2, 0, &[], 0, &mut Vec::new(), Simd::detect())
                    .is_err()
            );
        }
        assert!(matches!(
            DigitMatrix::new(&context, 2, 14, &[0, 1 << 15]),
            Err(Error::WideWeight { index: 1, bits: 14 })
        ));
        assert!(DigitMatrix::new(&context, 2, 32, &[0, 1]).is_err());
        assert!(DigitMatrix::new(&context, 2, 14, &[1]).is_err());
    }
}
