//! What `exp2` and `log2` share: which formats they take, shifts, and the results that are no numbers.

use super::format::{Fields, Format};
use crate::Error;
use crate::circuit::{Builder, Signedness, Wire};

/// Checks a word's length, and that the format's exponents reach far enough: no logarithm is subnormal, and every power of
/// `-2^e` vanishes.
pub(super) fn check(format: Format, x: &[Wire]) -> Result<(), Error> {
    if x.len() != format.bits() {
        return Err(Error::Circuit {
            what: "a floating-point word has the length of its format",
        });
    }
    let wide = format.exponent <= 15 && (3..=52).contains(&format.mantissa);
    if !wide || format.bias() < format.mantissa as u64 + 2 {
        return Err(Error::Circuit {
            what: "exp2 and log2 take 3 to 52 mantissa bits and a bias of at least two more",
        });
    }
    Ok(())
}

/// Index bits of the tables: for [`Format::F32`] and [`Format::F64`] where gates are about fewest. At most eight.
pub(super) fn index_bits(format: Format) -> usize {
    (4 + format.mantissa / 11).min(format.mantissa)
}

/// `x 2^n`, the length kept; stage by stage from the longest distance, so that a result of which only the top is used
/// costs less.
pub(super) fn shift_left(b: &mut Builder, x: &[Wire], n: &[Wire]) -> Vec<Wire> {
    let mut x = x.to_vec();
    for (i, &bit) in n.iter().enumerate().rev() {
        let shifted = b.shift_left_by(&x, 1 << i);
        x = b.multiplex(bit, &x, &shifted);
    }
    x
}

/// `floor(x / 2^n)`, or zero if `clear` is set. The shortest distance first, for `x` with zeros below; where the longest
/// one is decided the word is cleared too.
pub(super) fn shift_right_or_clear(
    b: &mut Builder,
    x: &[Wire],
    n: &[Wire],
    clear: Wire,
) -> Vec<Wire> {
    let stages = x
        .len()
        .saturating_sub(1)
        .checked_ilog2()
        .map_or(0, |top| top as usize + 1);
    let (distances, beyond) = n.split_at(stages.min(n.len()));
    let mut flags = beyond.to_vec();
    flags.push(clear);
    let stays = {
        let cleared = b.any(&flags);
        b.not(cleared)
    };
    let mut x = x.to_vec();
    if let Some((&last, distances)) = distances.split_last() {
        for (i, &bit) in distances.iter().enumerate() {
            let shifted = b.shift_right_by(&x, 1 << i, Signedness::Unsigned);
            x = b.multiplex(bit, &x, &shifted);
        }
        let moved = b.and(stays, last);
        let kept = b.xor(stays, moved);
        let shifted = b.shift_right_by(&x, 1 << distances.len(), Signedness::Unsigned);
        let (moved, kept) = (b.and_word(moved, &shifted), b.and_word(kept, &x));
        return b.xor_word(&moved, &kept);
    }
    b.and_word(stays, &x)
}

/// Whether a word is not a number.
pub(super) fn is_nan(b: &mut Builder, x: &Fields) -> Wire {
    let (ones, nonzero) = (b.all(&x.exponent), b.any(&x.mantissa));
    b.and(ones, nonzero)
}

/// Which results are no numbers.
pub(super) struct Special {
    /// The result is zero, whatever the number is.
    pub zero: Wire,
    /// The result is infinite or not a number.
    pub special: Wire,
    /// The result is not a number; implies `special`.
    pub nan: Wire,
}

/// The magnitude `number`, mantissa and exponent, unless it is one of the special results.
pub(super) fn unless_special(
    b: &mut Builder,
    format: Format,
    number: &[Wire],
    special: &Special,
) -> Vec<Wire> {
    let (mantissa, exponent) = number.split_at(format.mantissa.min(number.len()));
    let empty = b.nor(special.zero, special.special);
    let mut mantissa = b.and_word(empty, mantissa);
    if let Some(top) = mantissa.last_mut() {
        *top = b.xor(*top, special.nan);
    }
    let mut result = mantissa;
    for &x in exponent {
        // Both masks set: the exponent is all ones.
        let kept = b.and(empty, x);
        result.push(b.xor(kept, special.special));
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::circuit::testing::{assert_computes, mask};

    #[test]
    fn shifts() {
        for (l, s) in [(1usize, 2usize), (5, 2), (6, 3), (8, 3), (9, 5)] {
            let mut b = Builder::new();
            let (x, n, clear) = (b.inputs(l), b.inputs(s), b.input());
            let mut out = shift_right_or_clear(&mut b, &x, &n, clear);
            out.extend(shift_left(&mut b, &x, &n));
            let t = b.build(&out).unwrap();
            assert_computes(&t, &[l, s, 1], &[], |e, _| {
                let right = if e[2] == 1 { 0 } else { e[0] >> e[1] };
                right | (e[0] << e[1] & mask(l)) << l
            });
        }
    }

    #[test]
    fn formats_and_lengths_are_checked() {
        let mut b = Builder::new();
        let x = b.inputs(33);
        assert!(check(Format::F32, &x).is_err());
        for (exponent, mantissa) in [(3, 3), (5, 14), (11, 53), (16, 10), (8, 2)] {
            let format = Format { exponent, mantissa };
            let x = b.inputs(format.bits());
            assert!(check(format, &x).is_err(), "{format:?}");
        }
    }
}
