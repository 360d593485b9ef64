//! Alignment: shifts that remember what they drop, and normalisation.

use crate::circuit::compare::Signedness;
use crate::circuit::priority::index_bits;
use crate::circuit::{Builder, Wire};

/// `floor(x / 2^n)` and whether a set bit was dropped, for a word `n` of any length.
///
/// A shift by more than all of `x` is one by all of it, so that `n` is first saturated to as many bits as that takes.
pub(super) fn shift_right_sticky(b: &mut Builder, x: &[Wire], n: &[Wire]) -> (Vec<Wire>, Wire) {
    // 2^stages - 1 must not be less than the length.
    let stages = index_bits(x.len() + 1).min(n.len());
    let (low, high) = n.split_at(stages);
    let far = b.any(high);
    let mut x = x.to_vec();
    let mut sticky = b.constant(false);
    for (i, &bit) in low.iter().enumerate() {
        let bit = b.or(bit, far);
        let dropped: Vec<Wire> = x.iter().take(1 << i).copied().collect();
        let dropped = b.any(&dropped);
        let dropped = b.and(bit, dropped);
        sticky = b.or(sticky, dropped);
        let shifted = b.shift_right_by(&x, 1 << i, Signedness::Unsigned);
        x = b.multiplex(bit, &x, &shifted);
    }
    (x, sticky)
}

/// A word shifted until its leading one is on top.
pub(super) struct Normalised {
    /// The word; zero stays zero.
    pub word: Vec<Wire>,
    /// By how much it was shifted: zeros above the leading one.
    pub shift: Vec<Wire>,
    /// Whether the word is zero, and `shift` means nothing.
    pub zero: Wire,
}

/// Zeros above the leading one, and whether there is none; `l - 1` gates.
pub(super) fn leading_zeros(b: &mut Builder, x: &[Wire]) -> (Vec<Wire>, Wire) {
    let (mut hot, zero) = b.leading_one(x);
    hot.reverse();
    (b.encode_one_hot(&hot), zero)
}

/// `x 2^n` with the leading one on top.
pub(super) fn normalise(b: &mut Builder, x: &[Wire]) -> Normalised {
    let (shift, zero) = leading_zeros(b, x);
    Normalised {
        word: b.shift_left(x, &shift),
        shift,
        zero,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::circuit::testing::{assert_computes, mask};

    #[test]
    fn dropped_bits_stick() {
        for (l, s) in [(1usize, 1usize), (5, 2), (7, 3), (8, 6), (26, 8)] {
            let mut b = Builder::new();
            let (x, n) = (b.inputs(l), b.inputs(s));
            let (mut out, sticky) = shift_right_sticky(&mut b, &x, &n);
            out.push(sticky);
            let t = b.build(&out).unwrap();
            assert_computes(&t, &[l, s], &[], |e, _| {
                let kept = e[0].checked_shr(e[1] as u32).unwrap_or(0);
                let back = kept.checked_shl(e[1] as u32).unwrap_or(0);
                kept | u64::from(back != e[0]) << l
            });
        }
    }

    #[test]
    fn normal_words() {
        for l in [1usize, 2, 3, 11, 24] {
            let mut b = Builder::new();
            let x = b.inputs(l);
            let n = normalise(&mut b, &x);
            let (bits, mut out) = (n.shift.len(), n.word);
            out.extend(n.shift);
            out.push(n.zero);
            let t = b.build(&out).unwrap();
            assert_computes(&t, &[l], &[], |e, _| match e[0].checked_ilog2() {
                None => 1 << (l + bits),
                Some(top) => {
                    let n = l as u64 - 1 - u64::from(top);
                    (e[0] << n & mask(l)) | n << l
                }
            });
        }
    }
}
