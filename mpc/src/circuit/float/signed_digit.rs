//! Products by signed digits: a factor's digits are `+1` and `-1`, and a signed copy of the other factor is free.
//!
//! A word `v = sum b_j 2^j` of `n` bits, with digits `s_j = 2 b_j - 1`, is
//!
//! ```text
//! v = 2^-1 (2^n - 1) + sum_j s_j 2^(j-1) ,
//! ```
//!
//! so after moving the centre every bit of one factor asks for `+w` or `-w`, not for `w` or `0`: exclusive-ors with the
//! digit's sign, where a product of bits would be a gate. What is left are the adders, one gate a bit, half the price of a
//! schoolbook product. A negative row is the one's complement, a unit below the negative; and a row's bits below the
//! precision asked for are dropped. Both err downwards by at most a unit a row, [`Product::rows`] units in all. Rows wholly
//! below the last place are left out, which amounts to less than two units either way.

use crate::circuit::{Builder, Signedness, Wire};

/// An unsigned fixed-point number.
pub(super) struct Fixed {
    /// Least significant first.
    pub bits: Vec<Wire>,
    /// Fraction bits.
    pub fraction: isize,
    /// No less than any value the bits can take.
    pub max: u128,
}

/// The digit `+2^exponent` or `-2^exponent`.
pub(super) struct Digit {
    /// Whether it is negative.
    pub negative: Wire,
    /// The power of two.
    pub exponent: isize,
}

/// A signed fixed-point number, in two's complement.
pub(super) struct Product {
    /// Least significant first.
    pub bits: Vec<Wire>,
    /// No less than any magnitude.
    pub bound: u128,
    /// Rows summed: the result lies between the product less so many units of its last place, and the product; but for
    /// less than two units either way if rows have been left out.
    pub rows: usize,
}

/// Bits of an unsigned number.
pub(super) fn bit_length(n: u128) -> usize {
    (u128::BITS - n.leading_zeros()) as usize
}

fn shifted(x: u128, by: fn(u128, u32) -> Option<u128>, places: usize) -> u128 {
    let places = u32::try_from(places).ok();
    places.and_then(|places| by(x, places)).unwrap_or(0)
}

/// `value` times the sum of the digits, those in ascending order, to `fraction` bits, plus `units` of its last place.
///
/// A row of `l` bits costs about `l + 1` gates.
pub(super) fn multiply(
    b: &mut Builder,
    value: &Fixed,
    digits: &[Digit],
    fraction: isize,
    units: u32,
) -> Product {
    let length = bit_length(units.into());
    let mut bits = b.constant_word(units.into(), length);
    bits.push(b.constant(false));
    let mut sum = Product {
        bits,
        bound: units.into(),
        rows: 0,
    };
    for digit in digits {
        // Places the row's last bit lies below the last place, or above.
        let below = value.fraction - digit.exponent - fraction;
        let (cut, zeros) = (below.max(0).unsigned_abs(), below.min(0).unsigned_abs());
        let max = shifted(value.max, u128::checked_shr, cut);
        let max = shifted(max, u128::checked_shl, zeros);
        if max == 0 {
            continue;
        }
        let mut row = b.constant_word(0, zeros);
        row.extend(value.bits.iter().skip(cut));
        row.truncate(bit_length(max));
        let signs = vec![digit.negative; row.len()];
        let mut row = b.xor_word(&row, &signs);
        row.push(digit.negative);
        sum.bound += max + 1;
        sum.rows += 1;
        let length = bit_length(sum.bound) + 1;
        let row = b.resize(&row, length, Signedness::Signed);
        let rest = b.resize(&sum.bits, length, Signedness::Signed);
        sum.bits = b.add(&rest, &row);
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::circuit::testing::{assert_computes, mask, signed};

    #[test]
    fn products_err_downwards_by_a_unit_a_row() {
        // Nine bits times the digits of six; four, nine and twelve of sixteen fraction bits are kept.
        for kept in [4, 9, 12] {
            let mut b = Builder::new();
            let (x, y) = (b.inputs(9), b.inputs(6));
            let value = Fixed {
                bits: x,
                fraction: 9,
                max: 511,
            };
            let digits: Vec<Digit> = (-7..)
                .zip(&y)
                .map(|(exponent, &bit)| Digit {
                    negative: b.not(bit),
                    exponent,
                })
                .collect();
            let product = multiply(&mut b, &value, &digits, kept, 3);
            let (bits, rows) = (product.bits.len(), product.rows as i64);
            let t = b.build(&product.bits).unwrap();
            assert!(t.and_gates() <= rows as usize * (kept as usize + 2));
            let left_out = if rows < 6 { 2 } else { 0 };
            assert_computes(&t, &[9, 6], &[], |e, _| {
                // 2 y - 63 in units of 2^-7, times x in units of 2^-9.
                let exact = e[0] as i64 * (2 * e[1] as i64 - 63);
                let got = rows_one_by_one(e[0], e[1], kept);
                let (got, error) = (got + 3, (got << (16 - kept)) - exact);
                assert!(
                    error <= left_out << (16 - kept)
                        && error >= -((rows + left_out) << (16 - kept))
                );
                assert_eq!(signed(got as u64 & mask(bits), bits), got);
                got as u64 & mask(bits)
            });
        }
    }

    /// The sum of the rows, in integers.
    fn rows_one_by_one(x: u64, y: u64, kept: isize) -> i64 {
        (0..6)
            .map(|j| {
                let shifted = |x: u64| ((x << 16) >> (32 - j - kept)) as i64;
                let row = shifted(x);
                match (shifted(511), y >> j & 1) {
                    (0, _) => 0,
                    (_, 1) => row,
                    _ => -row - 1,
                }
            })
            .sum()
    }
}
