//! Piecewise polynomials on wires: a table of coefficients and Horner's rule by signed digits.
//!
//! The argument `u` in `[0, 1)` splits into its top `k` bits, the index of a segment, and a rest. Seen from the middle of
//! what the rest can be, it is `r = sum s_j 2^-(j+1)` with the rest's bits at `2^-j` read as digits `s_j = +-1`
//! ([`super::signed_digit`]), `|r| < 2^-(k+1)`. Horner's rule `A_i = c_i[segment] + r A_(i+1)` takes its coefficients from
//! tables behind one shared one-hot decoder, `2^k - k - 1` gates. `A_i` is kept to `precision - i k` fraction bits, for its
//! error enters the result times `r^i`, so that rows and words narrow fast: the whole costs about
//! `(p - k)^2 / 2 + (p - 2k)^2 / 2 + ...` gates.
//!
//! The error, in units of the last place: half of the rows of every product (their errors are one-sided; the tables'
//! constants hold back the mean) and two if rows were left out, those of the `i`th inner product times `2^-i`; and less than
//! three for the remainder and the roundings of coefficients and of odd numbers of rows.

use super::fixed::FRACTION;
use super::signed_digit::{self, Digit, Fixed, bit_length};
use crate::Error;
use crate::circuit::{Builder, Signedness, Wire};

/// A function on `[0, 1)` by segments.
pub(super) struct Piecewise {
    /// Bits of a segment's index.
    pub index_bits: usize,
    /// Taylor coefficients of every segment about its middle, in ascending order of the power, in [`super::fixed`]'s
    /// units. For every power all are positive, or all negative.
    pub coefficients: Vec<Vec<i128>>,
    /// Fraction bits of the result.
    pub precision: isize,
}

impl Piecewise {
    /// Moves the centres of the expansions down by `2^-bits`.
    pub(super) fn move_centres_down(&mut self, bits: usize) {
        for segment in &mut self.coefficients {
            // Synthetic division by (r - centre), again and again.
            for start in 0..segment.len() {
                let mut above = 0;
                for c in segment.iter_mut().skip(start).rev() {
                    *c -= above >> bits.min(127);
                    above = *c;
                }
            }
        }
    }

    /// The highest power that matters at `precision`.
    fn degree(&self) -> usize {
        let significant = |power: usize| {
            let radius = (self.index_bits + 1) * power;
            self.largest(power)
                .checked_shr(u32::try_from(radius).unwrap_or(u32::MAX))
                .unwrap_or(0)
                >> (FRACTION - 1).saturating_sub_signed(self.precision)
                != 0
        };
        let powers = self.coefficients.first().map_or(0, Vec::len);
        (0..powers)
            .take_while(|&power| significant(power))
            .count()
            .saturating_sub(1)
    }

    fn largest(&self, power: usize) -> u128 {
        let magnitudes = self.column(power).map(i128::unsigned_abs);
        magnitudes.max().unwrap_or(0)
    }

    fn column(&self, power: usize) -> impl Iterator<Item = i128> {
        self.coefficients
            .iter()
            .map(move |segment| segment.get(power).copied().unwrap_or(0))
    }

    fn negative(&self, power: usize) -> bool {
        self.column(power).any(|c| c < 0)
    }

    /// Magnitudes of a power's coefficients to `fraction` bits, plus `units` of the last place.
    fn table(&self, power: usize, fraction: isize, units: usize) -> Vec<u64> {
        let drop = FRACTION.saturating_sub_signed(fraction).clamp(1, 127);
        self.column(power)
            .map(|c| {
                let rounded = (c.unsigned_abs() + (1 << (drop - 1))) >> drop;
                u64::try_from(rounded + units as u128).unwrap_or(u64::MAX)
            })
            .collect()
    }

    /// The value at `argument`, all of whose bits are fraction bits.
    ///
    /// # Errors
    /// [`Error::Circuit`] if a table is too wide.
    pub(super) fn evaluate(&self, b: &mut Builder, argument: &[Wire]) -> Result<Fixed, Error> {
        let (rest, index) = argument.split_at(argument.len().saturating_sub(self.index_bits));
        let length = argument.len().cast_signed();
        let degree = self.degree();
        let fraction = |power: usize| self.precision - (power * self.index_bits).cast_signed();
        let mut value: Option<Fixed> = None;
        for power in (0..=degree).rev() {
            let fraction = fraction(power);
            let product = value.map(|value| {
                // Magnitudes are kept: where signs alternate, the digits change theirs.
                let alternate = self.negative(power) != self.negative(power + 1);
                let digits: Vec<Digit> = (0..)
                    .zip(rest)
                    .map(|(j, &bit)| Digit {
                        negative: if alternate { bit } else { b.not(bit) },
                        exponent: j - length - 1,
                    })
                    .collect();
                signed_digit::multiply(b, &value, &digits, fraction, 0)
            });
            let table = self.table(power, fraction, product.as_ref().map_or(0, |p| p.rows / 2));
            let largest = table.iter().copied().max().unwrap_or(0);
            let max = u128::from(largest) + product.as_ref().map_or(0, |p| p.bound);
            let coefficient = b.lookup(index, &table, bit_length(largest.into()))?;
            let bits = match product {
                Some(product) => {
                    let product = b.resize(&product.bits, bit_length(max), Signedness::Signed);
                    b.add(&coefficient, &product)
                }
                None => coefficient,
            };
            value = Some(Fixed {
                bits,
                fraction,
                max,
            });
        }
        value.ok_or(Error::Circuit {
            what: "a piecewise polynomial needs coefficients",
        })
    }
}
