//! Two-input log-sums in fixed point: `log2(2^a + 2^c) = max(a, c) + f(|a - c|)` with `f(x) = log2(1 + 2^-x)`.
//!
//! Words are two's complement with `fraction` bits after the point; a *unit* is `2^-fraction`.
//!
//! **Distance.** Let `d = a - c`, and `e` the bits of `d` exclusive-or its sign: `e = d` or `e = -d - 1`. So `e` stands for
//! the distances `e` and `e + 1`, and `f` is taken in the middle, at `e + 1/2`. That is free, where `|d|` is another chain of
//! carries; but the result is not symmetric: exchanging `a` and `c` moves it by up to the error of a sum.
//!
//! **Expansion.** The range of `e` is cut into segments, intervals of a power of two of units, and a tree decodes which
//! one `e` lies in, one AND a split (of an indicator `h` and a bit `x`, the halves are `h x` and `h xor h x`). The bits
//! below, the segment's digits, give signs `s_0, s_1, ... = +1` or `-1`, the top digit first, and products of distinct
//! signs are the Walsh functions, an orthonormal basis of the functions on the segment. Of the expansion of `f` we keep
//!
//! ```text
//! f = m + sum_i t_i s_i + sum_(chosen i < j) q_ij s_i s_j ,
//! ```
//!
//! with `t_i` about `-f' w / 2^(i+2)` and `q_ij` about `f'' w^2 / 2^(i+j+4)` for a segment of width `w`: slope and
//! curvature, the best choice in the mean square, and `m` the mean, so that the error's mean is zero on every segment.
//! The circuit has no multiplication at all: a coefficient's bits are public sums of indicators, hence free; a product of
//! signs is an exclusive-or of digits, hence free; and so is the product of a coefficient and a sign. With `t = (T + 1/2) u`
//! for an integer `0 <= T < 2^n` and a sign bit `s`,
//!
//! ```text
//! (-1)^s t = ((T xor s) + (1 - s) 2^n) u + (1/2 - 2^n) u ,
//! ```
//!
//! where `T xor s` inverts every bit. The last summand is constant and goes into `m`. What costs gates is to add the
//! terms up, column by column.
//!
//! **Wide segments.** Far out `f` is flat and segments are wide (*classes* of segments), so that their digits sit higher
//! up in `e`. One AND a digit and class moves them where the others are; digits whose coefficients vanish there stay.
//!
//! **Rounding.** The sum has `guard` bits below the unit, and the constants `dither` more, each of which meets one more
//! digit there: sums of such signs alone have mean zero, and let the constants' fraction count. Cutting the fraction off
//! would bias the result by half a unit, which the constants make up for. Beyond the last segment the coefficients are
//! zero, but every sign still contributes half a `u`: noise of mean zero, which the tables below show.
//!
//! Coefficients are computed in integers, so garbler and evaluator build the same circuit on any machine.
//!
//! At width 28, errors in units over all distances up to the last segment's end, and far beyond it ([`PRESETS`]; a bit of
//! width costs 4 AND):
//!
//! | preset | segments | AND | largest, root mean square, mean | beyond |
//! |---|---|---|---|---|
//! | 16-finest | 112 | 329 | 2.4, 0.47, 0.00 | 2.0, 0.54, 0.01 |
//! | 16-fine ([`Design::FINE`]) | 56 | 303 | 3.5, 0.53, 0.00 | 3.0, 0.63, 0.01 |
//! | 16-medium ([`Design::MEDIUM`]) | 56 | 276 | 5.0, 0.86, 0.02 | 4.0, 1.06, 0.00 |
//! | 16-coarse ([`Design::COARSE`]) | 56 | 248 | 17.0, 2.08, 0.02 | 2.0, 0.79, 0.00 |
//! | 14-fine | 56 | 225 | 8.2, 1.08, 0.00 | 2.0, 0.71, 0.00 |
//! | 14-coarse | 28 | 202 | 15.6, 1.89, 0.04 | 5.0, 1.58, 0.00 |
//! | 12-fine | 28 | 198 | 3.5, 0.71, 0.00 | 3.0, 0.87, 0.00 |
//! | 12-coarse | 28 | 183 | 5.2, 1.21, 0.01 | 4.0, 1.41, 0.00 |
//!
//! Having mean zero, the errors of many sums grow as the root of their number: in random networks where 255 sums count
//! for the root, all presets of 16 fraction bits stay within 4e-4 nats of floating point.

mod design;
mod exact;
mod table;

use super::builder::{Builder, Wire};
use super::compare::Signedness;
use crate::Error;
use std::collections::VecDeque;

pub use design::{Class, Design, PRESETS, Preset};
use table::{Segment, Table};

/// A two-input log-sum: circuit and integer twin.
#[derive(Clone, Debug)]
pub struct LogSum {
    width: u32,
    fraction: u32,
    design: Design,
    table: Table,
}

impl LogSum {
    /// The default: 16 fraction bits, [`Design::FINE`].
    ///
    /// # Errors
    /// [`Error::Circuit`] unless `22 <= width <= 48`.
    pub fn new(width: u32) -> Result<Self, Error> {
        Self::with(width, 16, Design::FINE)
    }

    /// Words of `width` bits, `fraction` of them after the point, at the cost and precision of `design`.
    ///
    /// # Errors
    /// [`Error::Circuit`] for a design that makes no sense, or does not fit the words.
    pub fn with(width: u32, fraction: u32, design: Design) -> Result<Self, Error> {
        design.check(width, fraction)?;
        Ok(Self {
            width,
            fraction,
            design,
            table: Table::new(fraction, &design),
        })
    }

    /// Bits of a word.
    #[must_use]
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Bits after the point.
    #[must_use]
    pub fn fraction(&self) -> u32 {
        self.fraction
    }

    /// Cost and precision.
    #[must_use]
    pub fn design(&self) -> &Design {
        &self.design
    }

    /// Where class `class` has the digit of a slot.
    fn position(&self, class: usize, slot: usize) -> Option<usize> {
        let class = self.design.classes.get(class)?;
        (class.log_width(self.fraction) as usize).checked_sub(slot + 1)
    }

    /// The end of the last segment, in units.
    fn range_bits(&self) -> usize {
        let end = self.design.classes.last().map_or(1, |c| c.end);
        (end.ilog2() + self.fraction) as usize
    }

    /// What [`LogSum::circuit`] computes, on integers; of `a` and `c` the low `width` bits count. Not constant time.
    #[must_use]
    pub fn reference(&self, a: i64, c: i64) -> i64 {
        let wrap = |x: i64| {
            let cut = 64 - self.width;
            x.wrapping_shl(cut) >> cut
        };
        let (a, c) = (wrap(a), wrap(c));
        let difference = wrap(a.wrapping_sub(c));
        let distance = (difference ^ (difference >> 63)) as u64;
        let max = if difference < 0 { c } else { a };
        let table = &self.table;
        let found = (distance >> self.range_bits() == 0).then(|| {
            table
                .segments
                .partition_point(|s| s.start <= distance)
                .saturating_sub(1)
        });
        let class = found
            .and_then(|i| table.segments.get(i))
            .map_or(0, |s| s.class);
        let selected = table.selected.get(class).copied().unwrap_or(0);
        let digit = |slot: usize| {
            let class = if slot < selected { class } else { 0 };
            self.position(class, slot).map_or(0, |p| distance >> p & 1)
        };
        let mut sum = found
            .and_then(|i| table.constants.get(i))
            .map_or(table.beyond, |&c| c);
        for term in &table.terms {
            let word = found.and_then(|i| term.words.get(i)).map_or(0, |&w| w);
            let sign = term.slots.iter().fold(0, |s, &slot| s ^ digit(slot));
            let mask = (1u64 << term.bits) - 1;
            let value = (word ^ (mask * sign)) + ((1 - sign) << term.bits);
            sum = sum.wrapping_add(value << (table.lowest - term.lowest));
        }
        wrap(max.wrapping_add((sum >> table.lowest) as i64))
    }
}

/// A node of the decision tree over the segments: its indicator wire and its halves, or a segment's index.
struct Node {
    wire: Wire,
    children: Children,
}

enum Children {
    Leaf(usize),
    Halves(Box<(Node, Node)>),
}

impl LogSum {
    /// Records the circuit: `log2(2^a + 2^c)` of words of `width` bits, least significant first, whose difference must lie
    /// inside `(-2^(width - 1), 2^(width - 1))`; the result is modulo `2^width`. Other lengths are cut off or extended by
    /// the sign.
    pub fn circuit(&self, b: &mut Builder, a: &[Wire], c: &[Wire]) -> Vec<Wire> {
        let width = self.width as usize;
        let a = &b.resize(a, width, Signedness::Signed);
        let c = &b.resize(c, width, Signedness::Signed);
        let difference = b.sub(a, c);
        let Some((&negative, magnitude)) = difference.split_last() else {
            return Vec::new();
        };
        let distance: Vec<Wire> = magnitude.iter().map(|&d| b.xor(d, negative)).collect();
        let max = b.multiplex(negative, a, c);
        let (near, far) = distance.split_at(self.range_bits().min(distance.len()));
        let beyond = b.any(far);
        let root = b.not(beyond);
        let tree = self.tree(b, root, near, 0, near.len() as u32);
        let lookup = |b: &mut Builder, word: &dyn Fn(usize) -> u64, bit: usize| {
            select(b, &tree, &|i| word(i) >> bit & 1 == 1).unwrap_or_else(|none| none)
        };

        // Column i has weight 2^(i - lowest) units.
        let table = &self.table;
        let lowest = table.lowest as usize;
        let mut columns = vec![Vec::new(); lowest + width];
        let mut place = |column: usize, wire: Wire| {
            if let Some(c) = columns.get_mut(column) {
                c.push(wire);
            }
        };
        for (i, &wire) in max.iter().enumerate() {
            place(lowest + i, wire);
        }
        let constant_bits = table.constants.iter().fold(table.beyond, |all, c| all | c);
        for bit in 0..64 - constant_bits.leading_zeros() as usize {
            let wire = lookup(
                b,
                &|i| table.constants.get(i).map_or(0, |c| c ^ table.beyond),
                bit,
            );
            let inverted = b.constant(table.beyond >> bit & 1 == 1);
            place(bit, b.xor(wire, inverted));
        }
        let signs: Vec<Wire> = (0..self.design.digits + self.design.dither as usize)
            .map(|slot| self.sign(b, &tree, &distance, slot))
            .collect();
        for term in &table.terms {
            let factors: Vec<Wire> = term
                .slots
                .iter()
                .filter_map(|&s| signs.get(s))
                .copied()
                .collect();
            let sign = b.parity(&factors);
            let column = lowest - term.lowest as usize;
            for bit in 0..term.bits {
                let word = lookup(b, &|i| term.words.get(i).copied().unwrap_or(0), bit);
                place(column + bit, b.xor(word, sign));
            }
            place(column + term.bits, b.not(sign));
        }
        let mut sum = add_columns(b, columns);
        sum.split_off(lowest)
    }

    /// The digit in a slot: the narrowest class's, unless the distance lies in a class that has coefficients for it.
    fn sign(&self, b: &mut Builder, tree: &Node, distance: &[Wire], slot: usize) -> Wire {
        let digit = |b: &mut Builder, class| {
            let wire = self.position(class, slot).and_then(|p| distance.get(p));
            wire.copied().unwrap_or_else(|| b.constant(false))
        };
        let first = digit(b, 0);
        let mut sign = first;
        for (class, &selected) in self.table.selected.iter().enumerate().skip(1) {
            if slot < selected {
                let inside = |i: usize| {
                    self.table
                        .segments
                        .get(i)
                        .is_some_and(|s: &Segment| s.class == class)
                };
                let here = select(b, tree, &inside).unwrap_or_else(|none| none);
                let other = digit(b, class);
                let change = b.xor(first, other);
                let change = b.and(here, change);
                sign = b.xor(sign, change);
            }
        }
        sign
    }

    /// Decodes the segments within `[start, start + 2^log_width)`, where `wire` says whether the distance lies.
    fn tree(&self, b: &mut Builder, wire: Wire, near: &[Wire], start: u64, log_width: u32) -> Node {
        let at = self
            .table
            .segments
            .partition_point(|s| s.start <= start)
            .saturating_sub(1);
        let leaf = self
            .table
            .segments
            .get(at)
            .is_none_or(|s| s.log_width >= log_width);
        let top = log_width
            .checked_sub(1)
            .and_then(|i| near.get(i as usize).map(|&w| (i, w)));
        match top {
            Some((half, bit)) if !leaf => {
                let high = b.and(wire, bit);
                let low = b.xor(wire, high);
                let low = self.tree(b, low, near, start, half);
                let high = self.tree(b, high, near, start + (1 << half), half);
                Node {
                    wire,
                    children: Children::Halves(Box::new((low, high))),
                }
            }
            _ => Node {
                wire,
                children: Children::Leaf(at),
            },
        }
    }
}

/// The sum of the chosen leaves; `Ok` where that is the whole node, which has a wire already. Going by subtrees lets the
/// outputs share their sums.
fn select(b: &mut Builder, node: &Node, chosen: &dyn Fn(usize) -> bool) -> Result<Wire, Wire> {
    match &node.children {
        Children::Leaf(i) if chosen(*i) => Ok(node.wire),
        Children::Leaf(_) => Err(b.constant(false)),
        Children::Halves(halves) => {
            match (select(b, &halves.0, chosen), select(b, &halves.1, chosen)) {
                (Ok(_), Ok(_)) => Ok(node.wire),
                (Ok(x) | Err(x), Ok(y) | Err(y)) => Err(b.xor(x, y)),
            }
        }
    }
}

/// Adds bits of weights 1, 2, 4, ..., modulo the first power of two without a column: every gate takes three bits, or the
/// last two, of a column to one and a carry, so `m` bits cost `m / 2`, rounded down. Oldest bits go first, which keeps
/// the depth low.
fn add_columns(b: &mut Builder, columns: Vec<Vec<Wire>>) -> Vec<Wire> {
    let zero = b.constant(false);
    let mut carries = Vec::new();
    columns
        .into_iter()
        .map(|column| {
            let mut bits = VecDeque::from(column);
            bits.extend(std::mem::take(&mut carries));
            loop {
                let Some(x) = bits.pop_front() else {
                    return zero;
                };
                let Some(y) = bits.pop_front() else { return x };
                let z = bits.pop_front().unwrap_or(zero);
                let (sum, carry) = b.full_adder(x, y, z);
                carries.push(carry);
                bits.push_back(sum);
            }
        })
        .collect()
}

/// The larger of two signed words and whether it is `y`, as `max(x, y)` in place of a log-sum: ties keep `x`. The
/// difference must fit the words' length `l`, as for [`LogSum::circuit`]; `2 l - 1` gates.
pub fn max_select(b: &mut Builder, x: &[Wire], y: &[Wire]) -> (Vec<Wire>, Wire) {
    let bits = x.len().max(y.len());
    let x = b.resize(x, bits, Signedness::Signed);
    let y = b.resize(y, bits, Signedness::Signed);
    let greater = b.difference_is_negative(&x, &y);
    (b.multiplex(greater, &x, &y), greater)
}

#[cfg(test)]
mod tests;
