//! What a log-sum circuit costs and how precise it is: the choice of segments, digits and guard bits.

use crate::Error;

/// Segments of one width: from the end of the class before up to `end`, each `2^log2_width` wide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Class {
    /// Where the class ends, in bits of log2.
    pub end: u32,
    /// log2 of a segment's width.
    pub log2_width: i32,
}

impl Class {
    /// log2 of a segment's width in units of `2^-fraction`.
    pub(super) fn log_width(&self, fraction: u32) -> u32 {
        fraction.saturating_add_signed(self.log2_width)
    }
}

/// The knobs of a [`LogSum`](super::LogSum).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Design {
    /// Widths of the segments, narrow ones first; the last class ends at a power of two, and the function counts as zero
    /// beyond.
    pub classes: &'static [Class],
    /// Digits of the distance within a segment that enter linearly.
    pub digits: usize,
    /// Pairs of digits, counted from the top one, whose products enter.
    pub pairs: &'static [(usize, usize)],
    /// Bits below the unit in every product.
    pub guard: u32,
    /// Further bits of the constants, one more digit each.
    pub dither: u32,
}

/// Classes ending at `end`, each of segments of width `2^log2_width`.
const fn class(end: u32, log2_width: i32) -> Class {
    Class { end, log2_width }
}

const WIDTHS: &[Class] = &[class(4, -3), class(8, -2), class(16, 0)];
const WIDE: &[Class] = &[class(4, -2), class(8, -1), class(16, 1)];
const NARROW: &[Class] = &[class(4, -4), class(8, -3), class(16, -1)];
/// Pairs of digits by weight.
const PAIRS: &[(usize, usize)] = &[
    (0, 1),
    (0, 2),
    (1, 2),
    (0, 3),
    (1, 3),
    (0, 4),
    (2, 3),
    (1, 4),
    (0, 5),
];

const fn first(pairs: usize) -> &'static [(usize, usize)] {
    PAIRS.split_at(pairs).0
}

/// A design and the fraction bits it is meant for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preset {
    /// What it is called.
    pub name: &'static str,
    /// Bits after the point.
    pub fraction: u32,
    /// Cost and precision.
    pub design: Design,
}

const fn preset(name: &'static str, fraction: u32, design: Design) -> Preset {
    Preset {
        name,
        fraction,
        design,
    }
}

/// Designs from the most precise to the cheapest; see the table of [the module](super).
pub const PRESETS: [Preset; 8] = [
    preset("16-finest", 16, Design::new(NARROW, 11, first(4), 2, 1)),
    preset("16-fine", 16, Design::FINE),
    preset("16-medium", 16, Design::MEDIUM),
    preset("16-coarse", 16, Design::COARSE),
    preset("14-fine", 14, Design::new(WIDTHS, 7, first(0), 1, 1)),
    preset("14-coarse", 14, Design::new(WIDE, 7, first(2), 0, 1)),
    preset("12-fine", 12, Design::new(WIDE, 8, first(2), 1, 1)),
    preset("12-coarse", 12, Design::new(WIDE, 7, first(1), 0, 1)),
];

impl Design {
    const fn new(
        classes: &'static [Class],
        digits: usize,
        pairs: &'static [(usize, usize)],
        guard: u32,
        dither: u32,
    ) -> Self {
        Self {
            classes,
            digits,
            pairs,
            guard,
            dither,
        }
    }

    /// The default, errors below 3.5 units of 16 fraction bits.
    pub const FINE: Self = Self::new(WIDTHS, 12, first(9), 2, 1);

    /// One guard bit, for 16 fraction bits.
    pub const MEDIUM: Self = Self::new(WIDTHS, 10, first(7), 1, 1);

    /// One guard bit and one pair, for 16 fraction bits.
    pub const COARSE: Self = Self::new(WIDTHS, 8, first(1), 1, 1);

    /// The design with no more digits than its segments have, at `fraction` bits after the point.
    #[must_use]
    pub fn fit(self, fraction: u32) -> Self {
        let narrowest = self.classes.iter().map(|c| c.log_width(fraction)).min();
        let most = narrowest.unwrap_or(0).saturating_sub(self.dither) as usize;
        Self {
            digits: self.digits.min(most),
            ..self
        }
    }

    /// Checks the design for words of `width` bits with `fraction` of them after the point.
    pub(super) fn check(&self, width: u32, fraction: u32) -> Result<(), Error> {
        let refuse = |what| Err(Error::Circuit { what });
        if !(4..=24).contains(&fraction) || !(fraction + 6..=48).contains(&width) {
            return refuse("a log-sum has 4 to 24 fraction bits, and 6 more up to 48 bits in all");
        }
        let Some(last) = self.classes.last() else {
            return refuse("a log-sum needs segments");
        };
        if !last.end.is_power_of_two() || last.end.ilog2() + fraction >= width - 1 {
            return refuse("a log-sum's segments end at a power of two that its words can hold");
        }
        let mut before = Class {
            end: 0,
            log2_width: i32::MIN,
        };
        for class in self.classes {
            if class.end <= before.end
                || class.log2_width <= before.log2_width
                || fraction
                    .checked_add_signed(class.log2_width)
                    .is_none_or(|w| w > fraction + 5)
            {
                return refuse("a log-sum's classes grow, from one unit to 2^5");
            }
            // Whole segments, aligned to their width.
            let widest = class.log2_width.max(0);
            if before.end.trailing_zeros() < widest as u32
                || class.end.trailing_zeros() < widest as u32
            {
                return refuse("a log-sum's classes begin and end at multiples of their widths");
            }
            before = *class;
        }
        let digits = self
            .classes
            .iter()
            .map(|c| c.log_width(fraction))
            .min()
            .unwrap_or(0);
        if self.digits == 0 || self.digits + self.dither as usize > digits as usize {
            return refuse("a log-sum has one digit or more, and no more than a segment has");
        }
        if self.guard > 6 || self.dither > 6 {
            return refuse("a log-sum has at most 6 guard bits and 6 of dither");
        }
        if self.pairs.len() > 64
            || self
                .pairs
                .iter()
                .any(|&(i, j)| i >= j || j >= self.digits.min(6))
        {
            return refuse("a log-sum's pairs are of different digits among the first six");
        }
        Ok(())
    }
}
