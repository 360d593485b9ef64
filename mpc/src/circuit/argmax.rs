//! The index of the largest of several shared values; the lowest index wins ties.

use super::builder::Builder;
use super::template::Template;
use crate::Error;

/// Classes an argmax compares at most: sixteen instances take 256 bytes of labels a class and bit.
pub const MAX_CLASSES: usize = 1 << 16;

/// Argmax of `classes` values shared modulo `2^l`.
///
/// Inputs: for every class in turn `l` evaluator bits, likewise known bits, least significant first. Output: the index,
/// `ceil(log2 classes)` bits. The values are read as signed; every difference of two of them must fit `l` bits, that is,
/// each lies in `[-2^(l-2), 2^(l-2))`. Then a comparison is the sign of a difference: for every class after the first
/// `l - 1` gates and `l` for the selection, beside the `l - 1` of every sum and the indices (see [`Builder::argmax`]).
///
/// # Errors
/// [`Error::Circuit`] unless `1 <= classes <= MAX_CLASSES` and `2 <= l <= 32`.
pub fn argmax(classes: usize, l: usize) -> Result<Template, Error> {
    if !(1..=MAX_CLASSES).contains(&classes) || !(2..=32).contains(&l) {
        return Err(Error::Circuit {
            what: "argmax takes 1 to 65536 classes of 2 to 32 bits",
        });
    }
    let mut b = Builder::new();
    let values = (0..classes)
        .map(|_| {
            let (x, k) = (b.inputs(l), b.knowns(l));
            b.add_known(&x, &k)
        })
        .collect();
    let (_, index) = b.argmax_by(values, |b, left, right| {
        b.difference_is_negative(left, right)
    });
    b.build(&index)
}

/// What [`argmax`] computes, on integers: the lowest index of the largest signed `l`-bit value.
#[must_use]
pub fn argmax_reference(l: usize, values: &[u32]) -> usize {
    let shift = 32 - l.clamp(1, 32);
    let signed = |v: u32| ((v << shift) as i32) >> shift;
    let mut best = 0;
    let mut best_value = i32::MIN;
    for (i, v) in values.iter().enumerate() {
        if i == 0 || signed(*v) > best_value {
            best = i;
            best_value = signed(*v);
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn run(l: usize, values: &[u32], masks: &[u32]) -> usize {
        let template = argmax(values.len(), l).unwrap();
        let bits = |v: u32| (0..l).map(move |i| u64::from(v >> i & 1));
        let e: Vec<u64> = values
            .iter()
            .zip(masks)
            .flat_map(|(v, m)| bits(v.wrapping_sub(*m)))
            .collect();
        let g: Vec<u64> = masks.iter().flat_map(|m| bits(*m)).collect();
        template
            .evaluate(&e, &g)
            .iter()
            .enumerate()
            .map(|(i, b)| ((b & 1) as usize) << i)
            .sum()
    }

    #[test]
    fn exhaustive_on_three_small_values() {
        let l = 4;
        for code in 0..8u32.pow(3) {
            let values = [code % 8, code / 8 % 8, code / 64].map(|v| v.wrapping_sub(4) & 0xf);
            for mask in [0u32, 5, 15] {
                let got = run(l, &values, &[mask, mask ^ 3, mask + 1]);
                assert_eq!(got, argmax_reference(l, &values), "{values:?}");
            }
        }
    }

    #[test]
    fn ten_classes_of_fourteen_bits_stay_small() {
        let t = argmax(10, 14).unwrap();
        // Ten adders of 13, nine comparisons of 13 and multiplexers of 14, and the indices.
        assert!(
            t.and_gates() <= 10 * 13 + 9 * (13 + 14) + 4 * 4,
            "{}",
            t.and_gates()
        );
    }

    proptest! {
        #[test]
        fn agrees_with_the_reference(
            values in prop::collection::vec(-(1i32 << 12)..(1 << 12), 2..14),
            masks in prop::collection::vec(any::<u32>(), 14),
        ) {
            let values: Vec<u32> = values.iter().map(|v| *v as u32).collect();
            prop_assert_eq!(run(14, &values, &masks), argmax_reference(14, &values));
        }
    }
}
