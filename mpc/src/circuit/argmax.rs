//! The index of the largest of several shared values; the lowest index wins ties.

use super::builder::{Builder, Wire};
use super::template::Template;
use crate::Error;

/// Bits of an index below `classes`.
fn index_bits(classes: usize) -> usize {
    (usize::BITS - classes.saturating_sub(1).leading_zeros()) as usize
}

/// Argmax of `classes` values shared modulo `2^l`.
///
/// Inputs: for every class in turn `l` evaluator bits, likewise known bits, least significant first. Output: the index,
/// `ceil(log2 classes)` bits. The values are read as signed; every difference of two of them must fit `l` bits, that is,
/// each lies in `[-2^(l-2), 2^(l-2))`.
///
/// A tournament over neighbours, so that the depth is logarithmic: the right one wins only if it is strictly greater,
/// and all its indices are greater, so the lowest index wins ties.
///
/// # Errors
/// [`Error::Circuit`] unless `2 <= classes <= 4096` and `2 <= l <= 32`.
pub fn argmax(classes: usize, l: usize) -> Result<Template, Error> {
    if !(2..=4096).contains(&classes) || !(2..=32).contains(&l) {
        return Err(Error::Circuit {
            what: "argmax takes 2 to 4096 classes of 2 to 32 bits",
        });
    }
    let bits = index_bits(classes);
    let mut b = Builder::new();
    let mut round: Vec<Contender> = Vec::with_capacity(classes);
    for _ in 0..classes {
        let x = b.inputs(l);
        let k = b.knowns(l);
        round.push(Contender {
            value: b.add_known(&x, &k),
            index: Index::Constant(round.len()),
        });
    }
    while round.len() > 1 {
        let mut next = Vec::with_capacity(round.len().div_ceil(2));
        let mut contenders = round.into_iter();
        while let Some(left) = contenders.next() {
            next.push(match contenders.next() {
                Some(right) => left.play(right, &mut b, bits)?,
                None => left,
            });
        }
        round = next;
    }
    match round.pop() {
        Some(Contender {
            index: Index::Wires(index),
            ..
        }) => b.build(&index),
        _ => Err(Error::Circuit {
            what: "argmax ended without a winner",
        }),
    }
}

struct Contender {
    value: Vec<Wire>,
    index: Index,
}

/// An index that is still a constant costs nothing to select.
enum Index {
    Constant(usize),
    Wires(Vec<Wire>),
}

impl Contender {
    fn play(self, right: Self, b: &mut Builder, bits: usize) -> Result<Self, Error> {
        let wins = b
            .less_than(&self.value, &right.value)
            .ok_or(Error::Circuit {
                what: "argmax of empty words",
            })?;
        let value = b.multiplex(wins, &self.value, &right.value);
        let index = match (self.index, right.index) {
            (Index::Constant(i), Index::Constant(j)) => {
                let zero = b.xor(wins, wins);
                let one = b.not(zero);
                let not_wins = b.not(wins);
                (0..bits)
                    .map(|bit| match (i >> bit & 1, j >> bit & 1) {
                        (0, 0) => zero,
                        (0, _) => wins,
                        (_, 0) => not_wins,
                        _ => one,
                    })
                    .collect()
            }
            (left, right) => {
                let mut wires = |index: Index| match index {
                    Index::Wires(w) => w,
                    Index::Constant(i) => {
                        let zero = b.xor(wins, wins);
                        let one = b.not(zero);
                        (0..bits)
                            .map(|bit| if i >> bit & 1 == 1 { one } else { zero })
                            .collect()
                    }
                };
                let (left, right) = (wires(left), wires(right));
                b.multiplex(wins, &left, &right)
            }
        };
        Ok(Self {
            value,
            index: Index::Wires(index),
        })
    }
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
