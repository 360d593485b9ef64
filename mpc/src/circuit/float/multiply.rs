//! Multiplication.
//!
//! Signs are added, exponents are added, significands multiplied; what costs besides the product is numbers that are not
//! normal. The significand of one operand, of the one that is subnormal if one is, is shifted until its leading one is on
//! top. Then the product of two significands, of `2 (m + 1)` bits, has its leading one on top or one below, or both operands are
//! subnormal. If the exponent comes out as less than 1, as it does in that case, the product is shifted back by the difference, wherever
//! its leading one is.

use super::add::effective;
use super::format::{Fields, Format};
use super::round::{Unrounded, round};
use super::shift::{normalise, shift_right_sticky};
use crate::circuit::compare::Signedness;
use crate::circuit::priority::index_bits;
use crate::circuit::{Builder, Wire};

/// `x y`, correctly rounded.
pub fn mul(b: &mut Builder, format: Format, x: &[Wire], y: &[Wire]) -> Vec<Wire> {
    let (x, y) = (format.fields(b, x), format.fields(b, y));
    let (normal_x, exponent_x) = effective(b, &x.exponent);
    let (normal_y, exponent_y) = effective(b, &y.exponent);
    let zero = b.constant(false);
    let (exponent, carry) = b.add_with_carry(&exponent_x, &exponent_y, zero);
    let exponent = [exponent, vec![carry]].concat();

    // u = y if x is normal, else x; so u is zero if either is, or both are subnormal.
    let mut u = b.multiplex(normal_x, &x.mantissa, &y.mantissa);
    let both_words = b.xor_word(&x.mantissa, &y.mantissa);
    let mut v = b.xor_word(&u, &both_words);
    let both = b.and(normal_x, normal_y);
    let either = b.xor(normal_x, normal_y);
    u.push(both);
    v.push(b.xor(either, both));
    let u = normalise(b, &u);
    let product = b.product(&u.word, &v);

    let (special_x, nan_x) = specials(b, &x);
    let (special_y, nan_y) = specials(b, &y);
    let special = b.or(special_x, special_y);
    let infinity_times_zero = b.and(special, u.zero);
    let nan = b.or(nan_x, nan_y);
    let nan = b.or(nan, infinity_times_zero);
    let product = Product {
        sign: b.xor(x.sign, y.sign),
        word: product,
        exponent,
        shift: u.shift,
        is_zero: u.zero,
        special,
        nan,
    };
    product.finish(b, format)
}

/// `x^2`, correctly rounded: [`mul`] of equal operands, for about half the gates.
pub fn square(b: &mut Builder, format: Format, x: &[Wire]) -> Vec<Wire> {
    let x = format.fields(b, x);
    let (normal, mut exponent) = effective(b, &x.exponent);
    let zero = b.constant(false);
    exponent.insert(0, zero);
    let mut word = x.mantissa.clone();
    word.push(normal);
    // A subnormal need not be shifted up: its square's exponent says that it is to be shifted down.
    let word = b.product(&word, &word);
    let (special, nan) = specials(b, &x);
    let product = Product {
        sign: zero,
        word,
        exponent,
        shift: Vec::new(),
        is_zero: zero,
        special,
        nan,
    };
    product.finish(b, format)
}

/// Whether the number is infinite or NaN, and whether it is NaN.
fn specials(b: &mut Builder, x: &Fields) -> (Wire, Wire) {
    let special = b.all(&x.exponent);
    let fraction = b.any(&x.mantissa);
    (special, b.and(special, fraction))
}

/// A product of significands with what is known of its exponent.
struct Product {
    sign: Wire,
    /// Of `2 (m + 1)` bits; the leading one is on top or one below, or the biased exponent of the top but one is at most 1.
    word: Vec<Wire>,
    /// The sum of the operands' biased exponents.
    exponent: Vec<Wire>,
    /// By how many places operands have been shifted to the left.
    shift: Vec<Wire>,
    /// The product is zero whatever the exponent.
    is_zero: Wire,
    special: Wire,
    nan: Wire,
}

impl Product {
    /// Denormalises and rounds.
    ///
    /// If the leading one is on top the biased exponent is `g + 2` with `g = exponent - shift - B - 1`, else `g + 1`. For
    /// `g >= 0` the significand's top `m + 1` bits are those from the leading one on; for `g < 0` the result is subnormal, or
    /// just normal, and the word is shifted down by `-g = 1 + not g` places, wherever its leading one is.
    fn finish(self, b: &mut Builder, format: Format) -> Vec<Wire> {
        let zero = b.constant(false);
        let bits = 2 + format.exponent.max(index_bits(format.mantissa + 2));
        let bias = b.constant_word(format.bias(), bits);
        let one = b.constant(true);
        let shift = b.resize(&self.shift, bits, Signedness::Unsigned);
        let offset = b.add(&shift, &bias);
        let (mut g, _) = b.sub_with_borrow(&self.exponent, &offset, one);
        let negative = g.pop().unwrap_or(zero);
        let small = b.or(negative, self.is_zero);
        let large = b.not(small);
        let distance = b.not_word(&g);
        let distance = b.and_word(small, &distance);
        let exponent = b.and_word(large, &g);

        let top = self.word.last().copied().unwrap_or(zero);
        let (dropped, kept) = self.word.split_at(format.mantissa.saturating_sub(1));
        let once = b.or(small, top);
        let (last, kept_by_one) = kept.split_at(kept.len().min(1));
        let last_dropped = b.and_word(once, last);
        let kept = b.multiplex(
            once,
            kept.split_last().map_or(&[], |(_, kept)| kept),
            kept_by_one,
        );
        let (kept, sticky) = shift_right_sticky(b, &kept, &distance);
        let sticky = b.any(&[dropped, &last_dropped, &[sticky]].concat());
        let mut kept = kept.into_iter();
        let guard = kept.next().unwrap_or(zero);
        let mantissa = kept.by_ref().take(format.mantissa).collect();
        let leading = kept.next().unwrap_or(zero);

        // A significand with the leading one on top is too small to be rounded up to two: one carry at most.
        let top = b.and(large, top);
        round(
            b,
            format,
            Unrounded {
                sign: self.sign,
                exponent,
                leading,
                carry: top,
                mantissa,
                guard,
                sticky,
                special: self.special,
                nan: self.nan,
            },
        )
    }
}
