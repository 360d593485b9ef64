//! `log2 x`.
//!
//! With `x = 2^n (1 + d)`, `d` in `[-1/4, 1/2)`, the result is `n + d g(d)` for the smooth `g(d) = log2(1 + d) / d`. For
//! `n = 0` it is a product of two numbers and as precise as they are, however close `x` is to one; for other `n` nothing
//! cancels, `|n + d g(d)| > 0.41`.
//!
//! 1. A subnormal significand moves left to its leading one. Then the mantissa's top bit `t` decides: `1 + d` is the
//!    significand, and if `t` is set half of it. So `d` is the mantissa with a zero behind it, or, in two's complement, the
//!    significand without its leading one.
//! 2. If `n = 0`, `d` moves left to its leading digit, by `z` places.
//! 3. `g(d)` to `m + 9` bits by [`super::tables::log2_quotient`] from the mantissa; `d g` to `m + 10` bits by signed digits
//!    ([`super::signed_digit`]).
//! 4. The sum's sign and magnitude (its one's complement: rounding swallows the unit), its leading one among the top
//!    `e + 2` places, one rounding.
//!
//! Before rounding `d g` is off by half of its `m + 2` rows, units of `2^-(m+10)`, and by [`super::piecewise`]'s error of
//! `g` (18 units of `2^-32` for `F32`, 43 of `2^-61` for `F64`) times `|d| <= 1/2`, after `d` has moved: by less than
//! `2^-27.9` and `2^-55.8` in all. What is rounded there is above 1/4, units of its last place no less than `2^-25` and
//! `2^-54`: so every result is within 0.64 and 0.79 units of its last place, near one from either side as well, and on
//! `[1, 2]` within `3.4e-8` and `7.2e-17`.

use super::elementary::{Special, check, index_bits, is_nan, shift_left, unless_special};
use super::format::Format;
use super::signed_digit::{self, Digit};
use super::tables;
use crate::Error;
use crate::circuit::{Builder, Signedness, Wire};

/// `log2 x`: `-inf` for either zero, NaN for negative numbers and NaN, `+inf` for `+inf`, `+0` for one, exact for powers of
/// two; subnormal arguments count in full.
///
/// Every result is within 0.64 units of its last place for [`Format::F32`], 0.79 for [`Format::F64`]; on `[1, 2]` the
/// absolute error is at most 3.4e-8 and 7.2e-17; the worst of all mantissas of `F32` is off by 3.09e-8. Monotony is not
/// promised.
///
/// # Errors
/// [`Error::Circuit`] if `x` has not the format's length, or the format has fewer than three or more than 52 mantissa bits,
/// or a bias below the mantissa's bits and two.
pub fn log2(b: &mut Builder, format: Format, x: &[Wire]) -> Result<Vec<Wire>, Error> {
    check(format, x)?;
    let (e, m) = (format.exponent, format.mantissa);
    let fields = format.fields(b, x);
    let (zero, one) = (b.constant(false), b.constant(true));

    // The significand with its leading one on top, and the exponent field that a normal number would have.
    let normal = b.any(&fields.exponent);
    let mut significand = fields.mantissa.clone();
    significand.push(normal);
    let (leading, x_is_zero) = b.leading_one(&significand);
    let places = from_the_top(b, &leading);
    let significand = shift_left(b, &significand, &places);
    let (mantissa, _) = significand.split_at(m);
    let mut exponent = fields.exponent.clone();
    if let Some(lowest) = exponent.first_mut() {
        let subnormal = b.not(normal);
        *lowest = b.xor(*lowest, subnormal);
    }
    exponent.push(zero);
    let exponent = b.sub(&exponent, &places);

    // n, and whether it is zero.
    let upper = mantissa.last().copied().unwrap_or(zero);
    let minus_bias = b.constant_word(format.bias().wrapping_neg(), e + 1);
    let (n, _) = b.add_with_carry(&exponent, &minus_bias, upper);
    let n_is_zero = b.is_zero(&n);

    // d 2^(m+1), m + 1 bits with the sign.
    let doubled: Vec<Wire> = std::iter::once(zero)
        .chain(mantissa.iter().copied())
        .collect();
    let mut halved = mantissa.to_vec();
    halved.push(one);
    let d = b.multiplex(upper, &doubled, &halved);
    let (digits, _) = d.split_at(m);
    let signs = vec![upper; m];
    let magnitude = b.xor_word(digits, &signs);
    let (mut leading, none) = b.leading_one(&magnitude);
    leading.insert(0, none);
    let z = from_the_top(b, &leading);
    let z = b.and_word(n_is_zero, &z);
    let d = shift_left(b, &d, &z);

    // d g(d).
    let precision = (m + 9).cast_signed();
    let mut quotient = tables::log2_quotient(index_bits(format), precision);
    quotient.move_centres_down(m + 1);
    let quotient = quotient.evaluate(b, mantissa)?;
    let digits = signed_digits(b, &d);
    let fraction = m + 10;
    let rows = u32::try_from(digits.len()).unwrap_or(0);
    let product = signed_digit::multiply(b, &quotient, &digits, fraction.cast_signed(), rows / 2);
    let product = b.resize(&product.bits, fraction + 1, Signedness::Signed);
    let (low, sign) = product.split_at(fraction);

    // n + d g(d): sign, and magnitude with its leading one on top.
    let sign = b.resize(sign, e + 1, Signedness::Signed);
    let high = b.add(&n, &sign);
    let (high, sign) = high.split_at(e);
    let sign = sign.first().copied().unwrap_or(zero);
    let sum: Vec<Wire> = low.iter().chain(high).map(|&x| b.xor(x, sign)).collect();
    let (_, top) = sum.split_at(fraction - 2);
    let (leading, _) = b.leading_one(top);
    let shift = from_the_top(b, &leading);
    let sum = shift_left(b, &sum, &shift);

    let exponent = b.constant_word(format.bias() + e as u64 - 1, e);
    let exponent = b.sub(&exponent, &shift);
    let exponent = b.sub(&exponent, &z);
    let (_, kept) = sum.split_at(sum.len() - m - 2);
    let (guard, number) = kept.split_at(1);
    let guard = guard.first().copied().unwrap_or(zero);
    let mut number: Vec<Wire> = number.iter().take(m).copied().collect();
    number.extend(exponent);
    let number = b.increment_if(guard, &number);

    // Special arguments; every negative number's result is not a number, and no other's but a NaN's.
    let infinite_exponent = b.all(&fields.exponent);
    let nan = is_nan(b, &fields);
    let nonzero = b.not(x_is_zero);
    let negative = b.and(fields.sign, nonzero);
    let is_one = b.and(n_is_zero, none);
    let not_upper = b.not(upper);
    let is_one = b.and(is_one, not_upper);
    let ordinary = [fields.sign, x_is_zero, infinite_exponent];
    let special = Special {
        zero: is_one,
        special: b.any(&ordinary),
        nan: b.or(nan, negative),
    };
    let mut result = unless_special(b, format, &number, &special);
    let ordinary = b.nor(special.zero, special.special);
    let sign = b.and(ordinary, sign);
    result.push(b.xor(sign, x_is_zero));
    Ok(result)
}

/// The number of places above the one set bit, free.
fn from_the_top(b: &mut Builder, hot: &[Wire]) -> Vec<Wire> {
    let reversed: Vec<Wire> = hot.iter().rev().copied().collect();
    b.encode_one_hot(&reversed)
}

/// The digits of a two's complement number whose sign bit counts `-1/2`. As that bit's digit is inverted, the centre is no
/// more than half a unit below.
fn signed_digits(b: &mut Builder, x: &[Wire]) -> Vec<Digit> {
    let lowest = -1 - x.len().cast_signed();
    let mut digits = vec![Digit {
        negative: b.constant(true),
        exponent: lowest,
    }];
    for (&bit, j) in x.iter().zip(1..) {
        digits.push(Digit {
            negative: if j == x.len() { bit } else { b.not(bit) },
            exponent: lowest + j.cast_signed() - 1,
        });
    }
    digits
}
