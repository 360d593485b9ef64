//! Addition and subtraction.
//!
//! The operand of smaller magnitude is shifted until its exponent is the other's, `d` places, and added to it or
//! subtracted from it; the result is shifted back until its leading one is on top, `n` places, or until its exponent is the
//! least one. Three bits below the significand are exact enough: guard, round and sticky, the last whether anything was
//! dropped. If `n > 2` then there was a cancellation, hence `d <= 1`, and round and sticky are zero.

use super::format::Format;
use super::round::{Unrounded, round};
use super::shift::{leading_zeros, shift_right_sticky};
use crate::circuit::compare::Signedness;
use crate::circuit::{Builder, Wire};

/// Bits below the significand: sticky, round, guard.
const BELOW: usize = 3;

/// `x + y`, correctly rounded. Of the exact zero the sign is positive unless both operands are negative.
pub fn add(b: &mut Builder, format: Format, x: &[Wire], y: &[Wire]) -> Vec<Wire> {
    let (x, y) = (format.fields(b, x), format.fields(b, y));
    // Words without sign are ordered like the numbers.
    let magnitude = |f: &super::Fields| [&f.mantissa[..], &f.exponent].concat();
    let (mx, my) = (magnitude(&x), magnitude(&y));
    let smaller = b.less_than(&mx, &my, Signedness::Unsigned);
    let large = b.multiplex(smaller, &mx, &my);
    let swapped = b.xor_word(&mx, &my);
    let small = b.xor_word(&large, &swapped);
    let signs_differ = b.xor(x.sign, y.sign);
    let sign = b.and(smaller, signs_differ);
    let sign = b.xor(x.sign, sign);
    let subtract = signs_differ;
    let ((large, large_exponent), (small, small_exponent)) = (
        large.split_at(format.mantissa),
        small.split_at(format.mantissa),
    );

    let (large_exponent_normal, large_exponent) = effective(b, large_exponent);
    let (small_exponent_normal, small_exponent) = effective(b, small_exponent);
    let distance = b.sub(&large_exponent, &small_exponent);
    let zero = b.constant(false);
    let significand = |mantissa: &[Wire], leading: Wire, below: usize| {
        let below = std::iter::repeat_n(zero, below);
        let bits = below.chain(mantissa.iter().copied()).chain([leading]);
        bits.collect::<Vec<_>>()
    };
    let large_word = significand(large, large_exponent_normal, BELOW);
    let small_word = significand(small, small_exponent_normal, BELOW - 1);
    let (shifted, sticky) = shift_right_sticky(b, &small_word, &distance);
    let mut small_word = vec![sticky];
    small_word.extend(shifted);

    let small_word: Vec<Wire> = small_word.iter().map(|&x| b.xor(x, subtract)).collect();
    let (mut sum, carry) = b.add_with_carry(&large_word, &small_word, subtract);
    sum.push(b.xor(carry, subtract));

    // Round and sticky are never the leading one.
    let upper = sum.get(BELOW - 1..).unwrap_or_default();
    let (n, cancelled) = leading_zeros(b, upper);
    let stages = n.len();
    // Of zero more than every exponent, so that the result is subnormal.
    let mut n = b.resize(&n, stages.max(format.exponent), Signedness::Unsigned);
    for n in &mut n {
        *n = b.xor(*n, cancelled);
    }
    let (exponent, subnormal) = b.sub_with_borrow(&large_exponent, &n, zero);
    let normal = b.not(subnormal);
    let exponent = b.and_word(normal, exponent.get(..format.exponent).unwrap_or(&exponent));
    n.truncate(stages);
    let limit = b.resize(&large_exponent, stages, Signedness::Unsigned);
    let n = b.multiplex(subnormal, &n, &limit);

    // Round and sticky take part in shifts by one and two only.
    let (near, far) = n.split_at(stages.min(2));
    let word = b.shift_left(&sum, near);
    let far: Vec<Wire> = near
        .iter()
        .map(|_| zero)
        .chain(far.iter().copied())
        .collect();
    let (rest, upper) = word.split_at(BELOW - 1);
    let upper = b.shift_left(upper, &far);
    // The leading one is where the carry was, so that there is one bit more below the mantissa.
    let (last, upper) = upper.split_at(1);
    let (guard, upper) = upper.split_at(1);
    let sticky = b.any(&[rest, last].concat());
    let mantissa = upper.iter().copied().take(format.mantissa).collect();

    let infinite = b.all(&large_exponent);
    let fraction = b.any(large);
    let nan = b.or(fraction, cancelled);
    let nan = b.and(infinite, nan);
    let positive_zero = b.and(cancelled, subtract);
    let positive_zero = b.not(positive_zero);
    let sign = b.and(sign, positive_zero);
    round(
        b,
        format,
        Unrounded {
            sign,
            exponent,
            leading: normal,
            carry: zero,
            mantissa,
            guard: guard.first().copied().unwrap_or(zero),
            sticky,
            special: infinite,
            nan,
        },
    )
}

/// `x - y`, correctly rounded: [`add`] with the other sign, for as many gates.
pub fn sub(b: &mut Builder, format: Format, x: &[Wire], y: &[Wire]) -> Vec<Wire> {
    let y = negate(b, format, y);
    add(b, format, x, &y)
}

/// `-x`, free: the sign inverted, of NaN also.
pub fn negate(b: &mut Builder, format: Format, x: &[Wire]) -> Vec<Wire> {
    let mut fields = format.fields(b, x);
    fields.sign = b.not(fields.sign);
    format.word(&fields)
}

/// Whether a number is normal, and its exponent: that of subnormal numbers is stored as 0 and means 1.
pub(super) fn effective(b: &mut Builder, exponent: &[Wire]) -> (Wire, Vec<Wire>) {
    let normal = b.any(exponent);
    let mut effective = exponent.to_vec();
    if let Some(low) = effective.first_mut() {
        let subnormal = b.not(normal);
        *low = b.xor(*low, subnormal);
    }
    (normal, effective)
}
