//! Where bars and their names lie.

use super::super::axis::{Level, Side};
use super::super::canvas::{Area, At};
use super::super::model::Bars;
use super::super::scale::Scale;
use super::super::style::SMALL;
use super::super::text::{Face, LEADING};
use super::slots::Slot;

/// Share of a category's room that its bars fill.
const FILLED: f64 = 0.8;
/// Widest bar.
const WIDEST: f64 = 72.0;
/// Widest line of a name beside lying bars.
const BESIDE: f64 = 210.0;
/// Degrees by which names rise that have no room side by side: of categories, of groups.
const RISE: (f64, f64) = (35.0, 90.0);

/// Places of bars in a plot.
pub struct Layout {
    /// Of the values.
    pub scale: Scale,
    /// Whether bars lie.
    pub horizontal: bool,
    /// Room of a bar across its length.
    pub room: f64,
    plot: Area,
    categories: f64,
    slots: usize,
}

impl Layout {
    /// Places of so many bars a category.
    pub fn new(bars: &Bars, slots: usize, plot: &Area, scale: Scale) -> Self {
        let length = if bars.horizontal {
            plot.height
        } else {
            plot.width
        };
        let categories = bars.categories.len().max(1) as f64;
        Self {
            scale,
            horizontal: bars.horizontal,
            room: length / categories * FILLED / slots.max(1) as f64,
            plot: *plot,
            categories,
            slots,
        }
    }

    /// Where the middle of a category, counted from zero, lies across bars: from 0 to 1.
    pub fn place(&self, category: f64) -> f64 {
        (category + 0.5) / self.categories
    }

    /// Where the middle of a bar lies across bars: from 0 to 1.
    pub fn middle(&self, category: usize, slot: usize) -> f64 {
        self.place(category as f64 + offset(slot, self.slots))
    }

    /// The point of a value on a line along bars.
    pub fn point(&self, across: f64, value: f64) -> At {
        let place = self.scale.place(value);
        match self.horizontal {
            true => At {
                x: self.plot.left + place * self.plot.width,
                y: self.plot.top + across * self.plot.height,
            },
            false => At {
                x: self.plot.left + across * self.plot.width,
                y: self.plot.bottom() - place * self.plot.height,
            },
        }
    }

    /// The area of a bar between two points on its middle line.
    pub fn bar(&self, from: At, to: At) -> Area {
        let half = (self.room * 0.92).min(WIDEST) / 2.0;
        let (wide, high) = match self.horizontal {
            true => (0.0, half),
            false => (half, 0.0),
        };
        Area {
            left: from.x.min(to.x) - wide,
            top: from.y.min(to.y) - high,
            width: (to.x - from.x).abs() + 2.0 * wide,
            height: (to.y - from.y).abs() + 2.0 * high,
        }
    }
}

/// Where a bar lies in its category: from -1/2 to 1/2.
fn offset(slot: usize, slots: usize) -> f64 {
    FILLED * ((slot as f64 + 0.5) / slots.max(1) as f64 - 0.5)
}

/// Names of categories, and of groups between them and the bars, along a plot of this length.
pub fn categories(face: &Face, bars: &Bars, slots: &[Slot], length: f64) -> Side {
    let count = bars.categories.len().max(1) as f64;
    let place = |category: f64| match bars.horizontal {
        true => 1.0 - (category + 0.5) / count,
        false => (category + 0.5) / count,
    };
    let groups = |category: usize| {
        slots.iter().filter_map(move |slot| {
            let middle = category as f64 + offset(slot.number, slots.len());
            Some((place(middle), vec![slot.group?.to_owned()]))
        })
    };
    let groups: Vec<_> = (0..bars.categories.len()).flat_map(groups).collect();
    let room = if bars.horizontal {
        BESIDE
    } else {
        length / count - SMALL / 2.0
    };
    let names: Vec<_> = bars
        .categories
        .iter()
        .enumerate()
        .map(|(category, name)| {
            let lines = face.wrap(name, SMALL, room);
            // Lying bars that are too close for several lines have one, however long.
            let high = lines.len() as f64 * SMALL * LEADING;
            let lines = match bars.horizontal && high > length / count {
                true => vec![lines.join(" ")],
                false => lines,
            };
            (place(category as f64), lines)
        })
        .collect();
    let crowded = |names: &[(f64, Vec<String>)], room: f64| {
        let wide = |(_, lines): &(f64, Vec<String>)| face.widest(lines, SMALL) > room;
        !bars.horizontal && names.iter().any(wide)
    };

    let mut levels = Vec::new();
    if !groups.is_empty() {
        let room = length / count * FILLED / slots.len().max(1) as f64;
        let angle = if crowded(&groups, room) { RISE.1 } else { 0.0 };
        levels.push(Level {
            names: groups,
            angle,
        });
    }
    levels.push(match crowded(&names, room) {
        true => Level {
            // A slanted name is one line.
            names: names
                .into_iter()
                .map(|(place, lines)| (place, vec![lines.join(" ")]))
                .collect(),
            angle: RISE.0,
        },
        false => Level { names, angle: 0.0 },
    });
    Side {
        label: String::new(),
        levels,
        minor: Vec::new(),
        grid: false,
    }
}
