//! `2^x`.
//!
//! With `x = n + u`, `n` an integer and `u` in `[0, 1)`, the result is `2^u` with `n` added to its exponent.
//!
//! 1. The significand, at the top of a word of `e` integer bits and `p = m + 5` fraction bits, moves right by
//!    `bias + e - 1 - E`. Where that is negative, `|x| >= 2^e` is out of range. Of a negative number the one's complement
//!    is taken, free: so either sign rounds towards minus infinity, and a negative integer `-n` becomes `-n - 1` and a
//!    fraction of ones, which rounds back.
//! 2. `2^u` to `P = m + 8` bits by [`super::tables::power_of_two`], expanded half a unit of `p` above `u`.
//! 3. Below the normal range it moves right (gradual underflow); then it is rounded once, the carry entering the exponent.
//!
//! Relative error, `F32` and `F64`: `2^-24` and `2^-53` from rounding; `2^-29 ln 2` and `2^-58 ln 2` from the argument;
//! [`super::piecewise`]'s bound, 20 units of `2^-31` and 45 of `2^-60`. Together below `7.1e-8` and `1.53e-16`. A subnormal
//! result is within half a unit of the last place and that.

use super::elementary::{Special, check, index_bits, is_nan, shift_right_or_clear, unless_special};
use super::format::Format;
use super::tables;
use crate::Error;
use crate::circuit::{Builder, Wire};

/// `2^x`: `+inf` on overflow, gradual underflow, `0` for minus infinity, NaN for NaN, exact for integers.
///
/// The relative error of a normal result is at most 7.1e-8 for [`Format::F32`] and 1.53e-16 for [`Format::F64`]; the worst
/// of 1.5e8 arguments of `F32` was off by 6.33e-8. A subnormal result is within 0.6 and 0.7 units of its last place.
/// Monotony is not promised.
///
/// # Errors
/// [`Error::Circuit`] if `x` has not the format's length, or the format has fewer than three or more than 52 mantissa bits,
/// or a bias below the mantissa's bits and two.
pub fn exp2(b: &mut Builder, format: Format, x: &[Wire]) -> Result<Vec<Wire>, Error> {
    check(format, x)?;
    let (e, m) = (format.exponent, format.mantissa);
    let fields = format.fields(b, x);
    let sign = fields.sign;
    let zero = b.constant(false);

    // |x| in fixed point, then its floor and the rest.
    let fraction_bits = m + 5;
    let top = b.constant_word(format.bias() + e as u64 - 1, e);
    let (distance, huge) = b.sub_with_borrow(&top, &fields.exponent, zero);
    let mut word = b.constant_word(0, e + fraction_bits - m - 1);
    word.extend(&fields.mantissa);
    word.push(b.constant(true));
    let magnitude = shift_right_or_clear(b, &word, &distance, zero);
    let signs = vec![sign; magnitude.len()];
    let argument = b.xor_word(&magnitude, &signs);
    let (fraction, floor) = argument.split_at(fraction_bits);
    let (_, integer) = magnitude.split_at(fraction_bits);

    // The exponent field less one, floor + bias - 1; where that is not positive, zero, and the significand moves by
    // integer - (bias - 2) places.
    let offset = b.constant_word(format.bias() - 1, e);
    let exponent = b.add(floor, &offset);
    let offset = b.constant_word(format.bias() - 2, e);
    let (places, less) = b.sub_with_borrow(integer, &offset, zero);
    let in_range = b.not(huge);
    let below = b.nand(less, in_range);
    let subnormal = b.and(sign, below);
    let normal = b.not(subnormal);
    let exponent = b.and_word(normal, &exponent);
    let places = b.and_word(subnormal, &places);

    // The significand with one bit more than the result's, which rounds.
    let precision = m + 8;
    let table = tables::power_of_two(index_bits(format), precision.cast_signed());
    let power = table.evaluate(b, fraction)?;
    let significand: Vec<Wire> = power.bits.into_iter().skip(precision - m - 1).collect();
    let vanishes = b.and(huge, sign);
    let significand = shift_right_or_clear(b, &significand, &places, vanishes);
    let (guard, significand) = match significand.split_first() {
        Some((&guard, rest)) => (guard, rest.to_vec()),
        None => (zero, Vec::new()),
    };
    let mut base = b.constant_word(0, m);
    base.extend(exponent);
    let (number, _) = b.add_with_carry(&base, &significand, guard);

    let nan = is_nan(b, &fields);
    let large = integer.last().copied().unwrap_or(zero);
    let overflow = b.or(huge, large);
    let positive = b.not(sign);
    let overflow = b.and(positive, overflow);
    let special = Special {
        zero,
        special: b.or(nan, overflow),
        nan,
    };
    let mut result = unless_special(b, format, &number, &special);
    result.push(zero);
    Ok(result)
}
