//! Order, equality, and the larger of two numbers.
//!
//! Words without their sign are ordered like the magnitudes. One chain of borrows serves both signs: with a borrow coming in
//! it tells `|x| <= |y|`, without one `|x| < |y|`; and of two negative numbers `x < y` unless `|x| <= |y|`.

use super::format::{Fields, Format};
use crate::circuit::{Builder, Wire};

struct Operand {
    magnitude: Vec<Wire>,
    sign: Wire,
    /// Whether the magnitude is not zero.
    nonzero: Wire,
    nan: Wire,
}

fn operand(b: &mut Builder, format: Format, x: &[Wire]) -> Operand {
    let Fields {
        mantissa,
        exponent,
        sign,
    } = format.fields(b, x);
    let fraction = b.any(&mantissa);
    let normal = b.any(&exponent);
    let special = b.all(&exponent);
    Operand {
        nonzero: b.or(fraction, normal),
        nan: b.and(special, fraction),
        magnitude: [mantissa, exponent].concat(),
        sign,
    }
}

/// Whether `x < y` by signs and magnitudes, with `-0 < +0`; and for signs that differ whether `|x| <= |y|`.
fn less_by_sign(b: &mut Builder, x: &Operand, y: &Operand) -> (Wire, Wire) {
    let negative = b.or(x.sign, y.sign);
    let (_, below) = b.sub_with_borrow(&x.magnitude, &y.magnitude, negative);
    let differ = b.xor(x.sign, y.sign);
    let same = b.xor(below, x.sign);
    let less = b.multiplex(differ, &[same], &[x.sign]);
    (less.first().copied().unwrap_or(same), below)
}

/// `x < y`; false if either is NaN, and for zeros of any sign.
pub fn less(b: &mut Builder, format: Format, x: &[Wire], y: &[Wire]) -> Wire {
    let (x, y) = (operand(b, format, x), operand(b, format, y));
    let (less, below) = less_by_sign(b, &x, &y);
    // Of different signs |x| <= |y| = 0 means zeros; of equal ones the chain has said no already.
    let zero = b.not(y.nonzero);
    let nonzero = b.nand(below, zero);
    let less = b.and(less, nonzero);
    let unordered = b.or(x.nan, y.nan);
    let ordered = b.not(unordered);
    b.and(less, ordered)
}

/// `x = y`; false if either is NaN, true for zeros of any signs.
pub fn equal(b: &mut Builder, format: Format, x: &[Wire], y: &[Wire]) -> Wire {
    let (x, y) = (operand(b, format, x), operand(b, format, y));
    // Equal magnitudes: both are zero if x is, and NaN if x is.
    let same = b.equal(&x.magnitude, &y.magnitude);
    let signs_differ = b.xor(x.sign, y.sign);
    let unequal = b.and(signs_differ, x.nonzero);
    let unequal = b.or(unequal, x.nan);
    let equal = b.not(unequal);
    b.and(same, equal)
}

/// The larger number, as IEEE 754-2019 `maximumNumber`: if one operand is NaN, the other, and `-0 < +0`.
///
/// Of two NaNs one comes out as it is.
pub fn max(b: &mut Builder, format: Format, x: &[Wire], y: &[Wire]) -> Vec<Wire> {
    let (p, q) = (operand(b, format, x), operand(b, format, y));
    let (less, _) = less_by_sign(b, &p, &q);
    // NaN of x: y. Else NaN of y: x.
    let number = b.not(q.nan);
    let less = b.and(less, number);
    let second = b.or(less, p.nan);
    b.multiplex(second, x, y)
}
