//! The frame of a plot: grid, ticks, names of values and categories along its left and lower side.

use super::canvas::{Anchor, Area, At, Canvas, Pen, Setting};
use super::scale::Scale;
use super::style::{GRID, INK, LABEL, SMALL};
use super::text::{CAPITAL, Face, LEADING};
use super::ticks::Ticks;

const TICK: f64 = 6.0;
const GAP: f64 = 6.0;
/// A plot is never smaller than this, whatever stands beside it.
const LEAST: f64 = 60.0;

/// What stands along one side of the plot.
#[derive(Clone, Debug, PartialEq)]
pub struct Side {
    /// The name of what it measures, or nothing.
    pub label: String,
    /// Rows (columns at the left) of names, the innermost first.
    pub levels: Vec<Level>,
    /// Places of short ticks, from 0 to 1.
    pub minor: Vec<f64>,
    /// Whether ticks and a grid belong to the innermost names.
    pub grid: bool,
}

/// Names in one row.
#[derive(Clone, Debug, PartialEq)]
pub struct Level {
    /// Places from 0 to 1, with the lines of each name.
    pub names: Vec<(f64, Vec<String>)>,
    /// Degrees by which names below the plot rise.
    pub angle: f64,
}

impl Level {
    fn width(&self, face: &Face) -> f64 {
        let widths = self
            .names
            .iter()
            .map(|(_, lines)| face.widest(lines, SMALL));
        widths.fold(0.0, f64::max)
    }

    fn height(&self, face: &Face) -> f64 {
        if self.angle == 0.0 {
            let lines = self.names.iter().map(|(_, lines)| lines.len()).max();
            lines.unwrap_or(0) as f64 * SMALL * LEADING
        } else {
            let (sin, cos) = self.angle.to_radians().sin_cos();
            self.width(face) * sin + SMALL * cos
        }
    }
}

impl Side {
    /// An axis of values with as many ticks as have room.
    pub fn values(label: &str, scale: &Scale, fits: impl Fn(&[(f64, String)]) -> bool) -> Self {
        let ticks = Ticks::new(scale, fits);
        let names = ticks.named.into_iter();
        Self {
            label: label.to_owned(),
            levels: vec![Level {
                names: names
                    .map(|(value, name)| (scale.place(value), vec![name]))
                    .collect(),
                angle: 0.0,
            }],
            minor: ticks
                .minor
                .iter()
                .map(|value| scale.place(*value))
                .collect(),
            grid: true,
        }
    }

    /// An axis of values below a plot `width` units wide.
    pub fn values_below(face: &Face, label: &str, scale: &Scale, width: f64) -> Self {
        Self::values(label, scale, |named| {
            let mut end = f64::NEG_INFINITY;
            named.iter().all(|(value, name)| {
                let half = face.width(name, SMALL) / 2.0;
                let centre = scale.place(*value) * width;
                let free = centre - half > end + 0.6 * SMALL;
                end = centre + half;
                free
            })
        })
    }

    /// An axis of values beside a plot `height` units high.
    pub fn values_beside(label: &str, scale: &Scale, height: f64) -> Self {
        Self::values(label, scale, |named| {
            let mut last = f64::NEG_INFINITY;
            named.iter().all(|(value, _)| {
                let centre = scale.place(*value) * height;
                let free = centre > last + 1.6 * SMALL;
                last = centre;
                free
            })
        })
    }

    fn height_below(&self, face: &Face, width: f64) -> f64 {
        let levels: f64 = self
            .levels
            .iter()
            .map(|level| level.height(face) + GAP)
            .sum();
        TICK + levels + self.label_lines(face, width).len() as f64 * LABEL * LEADING
    }

    fn width_beside(&self, face: &Face, height: f64) -> f64 {
        let levels: f64 = self
            .levels
            .iter()
            .map(|level| level.width(face) + GAP)
            .sum();
        TICK + levels + self.label_lines(face, height).len() as f64 * LABEL * LEADING + GAP
    }

    fn label_lines(&self, face: &Face, room: f64) -> Vec<String> {
        face.wrap(&self.label, LABEL, room)
    }

    /// How far names below the plot reach out of it: to the left, to the right.
    fn reach(&self, face: &Face, width: f64) -> (f64, f64) {
        let mut reach: (f64, f64) = (0.0, 0.0);
        for level in &self.levels {
            for (place, lines) in &level.names {
                let long = face.widest(lines, SMALL);
                let (before, after) = if level.angle == 0.0 {
                    (long / 2.0, long / 2.0)
                } else {
                    (long * level.angle.to_radians().cos(), SMALL / 2.0)
                };
                reach.0 = reach.0.max(before - place * width);
                reach.1 = reach.1.max(after - (1.0 - place) * width);
            }
        }
        reach
    }
}

/// A plot with what stands below and beside it.
pub struct Frame {
    /// Where the data are drawn.
    pub plot: Area,
    below: Side,
    beside: Side,
}

impl Frame {
    /// Fits a plot and its sides, made for a width and a height, into an area.
    pub fn new(
        face: &Face,
        area: &Area,
        below: impl Fn(f64) -> Side,
        beside: impl Fn(f64) -> Side,
    ) -> Self {
        let mut plot = area.inside(area.width * 0.15, 0.0, 0.0, area.height * 0.2);
        // Names decide the margins, and the margins which names have room.
        for _ in 0..3 {
            let (under, left) = (below(plot.width), beside(plot.height));
            let reach = under.reach(face, plot.width);
            plot = area.inside(
                left.width_beside(face, plot.height).max(reach.0),
                SMALL / 2.0,
                reach.1.max(SMALL / 2.0),
                under.height_below(face, plot.width),
            );
            plot.width = plot.width.max(LEAST);
            plot.height = plot.height.max(LEAST);
        }
        Self {
            plot,
            below: below(plot.width),
            beside: beside(plot.height),
        }
    }

    /// Draws the grid: before the data.
    pub fn draw_grid(&self, canvas: &mut Canvas) {
        let plot = &self.plot;
        let pen = Pen::solid(GRID, 1.5);
        for x in grid(&self.below).map(|place| plot.left + place * plot.width) {
            canvas.line(
                At { x, y: plot.top },
                At {
                    x,
                    y: plot.bottom(),
                },
                &pen,
            );
        }
        for y in grid(&self.beside).map(|place| plot.bottom() - place * plot.height) {
            canvas.line(At { x: plot.left, y }, At { x: plot.right(), y }, &pen);
        }
    }

    /// Draws axes, ticks and names.
    pub fn draw_sides(&self, canvas: &mut Canvas) {
        let plot = &self.plot;
        let pen = Pen::solid(INK, 2.0);
        let origin = At {
            x: plot.left,
            y: plot.bottom(),
        };
        let end = At {
            x: plot.right(),
            y: plot.bottom(),
        };
        canvas.line(origin, end, &pen);
        let top = At {
            x: plot.left,
            y: plot.top,
        };
        canvas.line(origin, top, &pen);
        for (place, length) in marks(&self.below) {
            let x = plot.left + place * plot.width;
            let to = At {
                x,
                y: origin.y + length,
            };
            canvas.line(At { x, y: origin.y }, to, &pen);
        }
        for (place, length) in marks(&self.beside) {
            let y = plot.bottom() - place * plot.height;
            let to = At {
                x: plot.left - length,
                y,
            };
            canvas.line(At { x: plot.left, y }, to, &pen);
        }
        self.write_below(canvas);
        self.write_beside(canvas);
    }

    fn write_below(&self, canvas: &mut Canvas) {
        let plot = &self.plot;
        let mut top = plot.bottom() + TICK + GAP;
        for level in &self.below.levels {
            for (place, lines) in &level.names {
                let mut at = At {
                    x: plot.left + place * plot.width,
                    y: top + SMALL * CAPITAL,
                };
                let mut setting = small(Anchor::Middle);
                if level.angle != 0.0 {
                    let (sin, cos) = level.angle.to_radians().sin_cos();
                    setting.anchor = Anchor::End;
                    setting.angle = level.angle;
                    at.x += SMALL * CAPITAL * sin / 2.0;
                    at.y = top + SMALL * CAPITAL * cos;
                }
                for line in lines {
                    canvas.text(line, at, &setting);
                    at.y += SMALL * LEADING;
                }
            }
            top += level.height(canvas.face) + GAP;
        }
        let mut at = At {
            x: plot.left + plot.width / 2.0,
            y: top + LABEL * CAPITAL,
        };
        for line in self.below.label_lines(canvas.face, plot.width) {
            canvas.text(&line, at, &label(0.0));
            at.y += LABEL * LEADING;
        }
    }

    fn write_beside(&self, canvas: &mut Canvas) {
        let plot = &self.plot;
        let mut right = plot.left - TICK - GAP;
        for level in &self.beside.levels {
            for (place, lines) in &level.names {
                let below_first = (lines.len().saturating_sub(1)) as f64 * SMALL * LEADING;
                let centre = plot.bottom() - place * plot.height;
                let mut at = At {
                    x: right,
                    y: centre + (SMALL * CAPITAL - below_first) / 2.0,
                };
                for line in lines {
                    canvas.text(line, at, &small(Anchor::End));
                    at.y += SMALL * LEADING;
                }
            }
            right -= level.width(canvas.face) + GAP;
        }
        let lines = self.beside.label_lines(canvas.face, plot.height);
        let mut at = At {
            x: right - GAP - (lines.len().saturating_sub(1)) as f64 * LABEL * LEADING,
            y: plot.top + plot.height / 2.0,
        };
        for line in lines {
            canvas.text(&line, at, &label(90.0));
            at.x += LABEL * LEADING;
        }
    }
}

fn grid(side: &Side) -> impl Iterator<Item = f64> {
    let names = side
        .levels
        .first()
        .into_iter()
        .flat_map(|level| &level.names);
    names.filter(|_| side.grid).map(|(place, _)| *place)
}

/// Places and lengths of ticks.
fn marks(side: &Side) -> impl Iterator<Item = (f64, f64)> {
    let minor = side.minor.iter().map(|place| (*place, TICK / 2.0));
    grid(side).map(|place| (place, TICK)).chain(minor)
}

/// Text of ticks and legends.
pub const fn small(anchor: Anchor) -> Setting {
    Setting {
        size: SMALL,
        anchor,
        angle: 0.0,
        colour: INK,
        halo: false,
    }
}

/// Titles and names of axes.
pub const fn label(angle: f64) -> Setting {
    Setting {
        size: LABEL,
        anchor: Anchor::Middle,
        angle,
        colour: INK,
        halo: false,
    }
}
