//! The tables: every segment's Walsh coefficients, as words for the circuit.

use super::design::Design;
use super::exact::{VALUE_BITS, binary_roots, log2_one_plus_exp2};

/// Digits of a segment that are resolved by sampling; below them the function counts as linear.
const SAMPLED_DIGITS: u32 = 6;

/// An interval `[start, start + 2^log_width)` of the distance `e`, in units.
#[derive(Clone, Copy, Debug)]
pub(super) struct Segment {
    pub(super) class: usize,
    pub(super) start: u64,
    pub(super) log_width: u32,
}

/// A sign `(-1)^(sum of the digits in slots)` times a magnitude that depends on the segment.
///
/// The magnitude is `(word + 1/2) 2^-lowest` units for a table word of `bits` bits; so the signed value is
/// `((word xor s) + (1 - s) 2^bits - 2^bits + 1/2) 2^-lowest`, and the last two summands are in the constants.
#[derive(Clone, Debug)]
pub(super) struct Term {
    pub(super) slots: Vec<usize>,
    pub(super) lowest: u32,
    pub(super) bits: usize,
    pub(super) words: Vec<u64>,
}

/// The function's expansion on all segments.
#[derive(Clone, Debug)]
pub(super) struct Table {
    pub(super) segments: Vec<Segment>,
    pub(super) terms: Vec<Term>,
    /// Constants of the segments, in units of `2^-lowest`; beyond the last segment, `beyond`.
    pub(super) constants: Vec<u64>,
    pub(super) beyond: u64,
    pub(super) lowest: u32,
    /// For every class the slots whose digits it takes from its own positions.
    pub(super) selected: Vec<usize>,
}

impl Table {
    pub(super) fn new(fraction: u32, design: &Design) -> Self {
        let roots = binary_roots(fraction + 1);
        let segments = segments(fraction, design);
        let spectra: Vec<Spectrum> = segments
            .iter()
            .map(|segment| Spectrum::new(segment, &roots))
            .collect();
        let lowest = design.guard + design.dither;
        let term = |slots: Vec<usize>, lowest: u32| {
            let shift = VALUE_BITS - fraction - lowest;
            let words: Vec<u64> = spectra
                .iter()
                .map(|spectrum| (spectrum.coefficient(&slots).max(0) >> shift) as u64)
                .collect();
            let bits = words
                .iter()
                .map(|w| w.checked_ilog2().map_or(0, |b| b as usize + 1));
            let bits = bits.max().unwrap_or(0);
            Term {
                slots,
                lowest,
                bits,
                words,
            }
        };
        let mut terms: Vec<Term> = (0..design.digits)
            .map(|slot| term(vec![slot], design.guard))
            .chain(
                design
                    .pairs
                    .iter()
                    .map(|&(i, j)| term(vec![i, j], design.guard)),
            )
            .collect();
        // Single digits below the last: they make the constants' finer columns carry.
        terms.extend((0..design.dither).map(|i| Term {
            slots: vec![design.digits + i as usize],
            lowest: design.guard + 1 + i,
            bits: 0,
            words: vec![0; segments.len()],
        }));
        let offset: i64 = terms
            .iter()
            .map(|t| ((2i64 << t.bits) - 1) << (lowest - t.lowest))
            .sum();
        // Half a unit less half of the finest step, so that cutting off the fraction rounds without bias; all twice.
        let offset = (1i64 << lowest) - 1 - offset;
        let shift = VALUE_BITS - fraction - lowest;
        let constant = |mean: i64| {
            let twice = (mean >> (shift - 1)) + offset;
            ((twice + 1) >> 1) as u64
        };
        let selected = (0..design.classes.len())
            .map(|class| {
                terms
                    .iter()
                    .filter(|t| {
                        let mut words = segments.iter().zip(&t.words);
                        words.any(|(s, &w)| s.class == class && w > 0)
                    })
                    .flat_map(|t| t.slots.iter().map(|s| s + 1))
                    .max()
                    .unwrap_or(0)
            })
            .collect();
        Self {
            constants: spectra.iter().map(|s| constant(s.mean)).collect(),
            beyond: constant(0),
            segments,
            terms,
            lowest,
            selected,
        }
    }
}

fn segments(fraction: u32, design: &Design) -> Vec<Segment> {
    let mut segments = Vec::new();
    let mut start = 0;
    for (class, c) in design.classes.iter().enumerate() {
        let log_width = c.log_width(fraction);
        while start < u64::from(c.end) << fraction {
            segments.push(Segment {
                class,
                start,
                log_width,
            });
            start += 1 << log_width;
        }
    }
    segments
}

/// Samples of a segment and their mean.
struct Spectrum {
    samples: Vec<i64>,
    mean: i64,
}

impl Spectrum {
    fn new(segment: &Segment, roots: &[u64]) -> Self {
        let digits = SAMPLED_DIGITS.min(segment.log_width);
        let step = 1u64 << (segment.log_width - digits);
        // e stands for the distances e and e + 1, so the cell [e, e + step) is centred at e + step / 2.
        let samples: Vec<i64> = (0..1 << digits)
            .map(|i| log2_one_plus_exp2(2 * (segment.start + i * step) + step, roots))
            .collect();
        let mean = samples.iter().sum::<i64>() >> digits;
        Self { samples, mean }
    }

    /// The mean of the function times the sign of the digits in `slots`, slot 0 being the top digit.
    fn coefficient(&self, slots: &[usize]) -> i64 {
        let digits = self.samples.len().ilog2() as usize;
        let below: usize = slots.iter().map(|s| (s + 1).saturating_sub(digits)).sum();
        let mask: usize = slots
            .iter()
            .map(|&s| 1usize << (digits - 1 - s.min(digits - 1)))
            .sum();
        let sum: i64 = self
            .samples
            .iter()
            .enumerate()
            .map(|(i, &v)| {
                if (i & mask).count_ones() % 2 == 1 {
                    -v
                } else {
                    v
                }
            })
            .sum();
        sum >> digits >> below
    }
}
