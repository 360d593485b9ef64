//! Rounding to nearest, and putting words together.

use super::format::{Fields, Format};
use crate::circuit::{Builder, Wire};

/// A result before rounding: `(-1)^sign` times the significand in units of its lowest bit.
pub(super) struct Unrounded {
    pub sign: Wire,
    /// The biased exponent without what the leading one adds to it: `max(E - 1, 0)`, of at least `e` bits.
    pub exponent: Vec<Wire>,
    /// Whether the leading one is there, that is, whether the number is normal.
    pub leading: Wire,
    /// Another one to be added to the exponent, never together with a mantissa that is rounded up to zero.
    pub carry: Wire,
    /// The bits below the leading one.
    pub mantissa: Vec<Wire>,
    /// The first bit below the mantissa.
    pub guard: Wire,
    /// Whether a bit below the guard is set.
    pub sticky: Wire,
    /// Infinity or NaN whatever the exponent.
    pub special: Wire,
    /// NaN; implies `special`.
    pub nan: Wire,
}

/// Rounds to nearest, ties to even, and packs the word.
///
/// The mantissa below the exponent is one number: the carry out of the rounded mantissa, which then is zero, moves on to the
/// exponent, also from the largest subnormal to the least normal number and from the largest finite one to infinity.
/// `2 (e + m) + 5` gates, and one for each bit of the exponent beyond `e`.
pub(super) fn round(b: &mut Builder, format: Format, x: Unrounded) -> Vec<Wire> {
    let up = match x.mantissa.first() {
        Some(&odd) => b.or(odd, x.sticky),
        None => x.sticky,
    };
    let up = b.and(x.guard, up);
    let (mantissa, carry) = b.add_with_carry(&x.mantissa, &[], up);
    let carry = b.xor(carry, x.carry);
    let (mut exponent, _) = b.add_with_carry(&x.exponent, &[x.leading], carry);
    let beyond = exponent.split_off(format.exponent.min(exponent.len()));
    let mut special = b.any(&beyond);
    special = b.or(special, x.special);
    exponent = exponent.into_iter().map(|x| b.or(x, special)).collect();
    let finite = b.all(&exponent);
    let finite = b.not(finite);
    let mut mantissa = b.and_word(finite, &mantissa);
    if let Some(quiet) = mantissa.last_mut() {
        *quiet = b.xor(*quiet, x.nan);
    }
    let number = b.not(x.nan);
    let sign = b.and(x.sign, number);
    format.word(&Fields {
        mantissa,
        exponent,
        sign,
    })
}
