//! Bars over categories, standing or lying, side by side or in parts on each other.

mod layout;
mod slots;

use super::AxisScale;
use super::axis::{Frame, Side, small};
use super::canvas::{Anchor, Area, At, Canvas};
use super::legend::bar_labels;
use super::lines::draw_whisker;
use super::marks;
use super::model::{Bars, Mark};
use super::number;
use super::scale::{Origin, Scale};
use super::style::{INK, MARKER, SMALL, Style};
use super::text::{CAPITAL, LEADING};
use layout::Layout;
use slots::Slot;

/// Between the end of a bar and its value.
const GAP: f64 = 7.0;

/// Draws a chart into an area. Values stand at the ends of bars if all have room.
pub fn draw(canvas: &mut Canvas, area: &Area, bars: &Bars) {
    let slots = slots::of(bars);
    let scale = scale(bars, &slots);
    let ends = ends(bars, &slots);
    let widest = canvas.face.widest(ends.iter().map(|end| &end.text), SMALL);
    let beyond = if bars.marks.is_empty() {
        0.0
    } else {
        2.0 * MARKER
    };
    let margin = match bars.horizontal {
        true => area.inside(0.0, 0.0, widest + GAP + beyond, 0.0),
        false => area.inside(0.0, SMALL + beyond, 0.0, 0.0),
    };
    let mut frame = frame(canvas, &margin, bars, &slots, &scale);
    let mut layout = Layout::new(bars, slots.len(), &frame.plot, scale);
    let needed = if bars.horizontal {
        SMALL * CAPITAL
    } else {
        widest
    };
    let written = needed <= layout.room;
    if !written {
        frame = self::frame(canvas, area, bars, &slots, &scale);
        layout = Layout::new(bars, slots.len(), &frame.plot, scale);
    }

    frame.draw_grid(canvas);
    let mut taken = Vec::new();
    for slot in &slots {
        for category in 0..bars.categories.len() {
            taken.extend(draw_bar(canvas, bars, slot, category, &layout));
        }
    }
    let place = |mark: &Mark| layout.point(layout.place(mark.x), mark.y);
    if written {
        let stars: Vec<Area> = bars
            .marks
            .iter()
            .map(|mark| marks::star(place(mark)))
            .collect();
        taken.extend(
            ends.iter()
                .map(|end| write_end(canvas, end, &layout, &stars)),
        );
    }
    frame.draw_sides(canvas);
    marks::draw(canvas, &frame.plot, &bars.marks, place, &taken);
}

fn frame(canvas: &Canvas, area: &Area, bars: &Bars, slots: &[Slot], scale: &Scale) -> Frame {
    let (face, label) = (canvas.face, &bars.value.label);
    let names = |length: f64| layout::categories(face, bars, slots, length);
    if bars.horizontal {
        let values = |width| Side::values_below(face, label, scale, width);
        Frame::new(face, area, values, names)
    } else {
        let values = |height| Side::values_beside(label, scale, height);
        Frame::new(face, area, names, values)
    }
}

fn scale(bars: &Bars, slots: &[Slot]) -> Scale {
    let mut values: Vec<f64> = bars.marks.iter().map(|mark| mark.y).collect();
    for slot in slots {
        for part in (0..bars.categories.len()).flat_map(|category| slot.parts(category)) {
            values.extend([part.to, part.low, part.high]);
        }
    }
    Scale::new(&bars.value, &values, Origin::Base)
}

/// Draws the parts of one bar. Returns what they cover.
fn draw_bar(
    canvas: &mut Canvas,
    bars: &Bars,
    slot: &Slot,
    category: usize,
    layout: &Layout,
) -> Vec<Area> {
    let labels = bar_labels(bars);
    let across = layout.middle(category, slot.number);
    let base = match bars.value.scale {
        AxisScale::Linear => 0.0,
        AxisScale::Log10 | AxisScale::Log2 => layout.scale.bounds().0,
    };
    let mut taken = Vec::new();
    for part in slot.parts(category) {
        let from = layout.point(across, if part.from == 0.0 { base } else { part.from });
        let area = layout.bar(from, layout.point(across, part.to));
        let index = labels.iter().position(|label| *label == part.label);
        Style::of(index.unwrap_or(0)).draw_bar(canvas, &area);
        let (low, high) = (
            layout.point(across, part.low),
            layout.point(across, part.high),
        );
        taken.push(area);
        taken.extend(draw_whisker(canvas, low, high, INK));
    }
    taken
}

/// The end of a bar, and the value that it shows.
struct End {
    category: usize,
    slot: usize,
    reach: f64,
    text: String,
}

fn ends(bars: &Bars, slots: &[Slot]) -> Vec<End> {
    let bars_of = |slot: &Slot| -> Vec<(usize, usize, f64, f64)> {
        let parts = (0..bars.categories.len()).map(|category| (category, slot.parts(category)));
        parts
            .filter_map(|(category, parts)| {
                let last = parts.last()?;
                Some((category, slot.number, last.to, last.to.max(last.high)))
            })
            .collect()
    };
    let ends: Vec<_> = slots.iter().flat_map(bars_of).collect();
    let most = ends
        .iter()
        .fold(0.0, |most: f64, (_, _, value, _)| most.max(value.abs()));
    let write = |value: f64| match bars.value.scale {
        AxisScale::Linear => number::alike(value, most),
        AxisScale::Log10 | AxisScale::Log2 => number::short(value),
    };
    ends.into_iter()
        .map(|(category, slot, value, reach)| End {
            category,
            slot,
            reach,
            text: write(value),
        })
        .collect()
}

/// Writes a bar's value at its end, or beyond the stars that are there. Returns what that covers.
fn write_end(canvas: &mut Canvas, end: &End, layout: &Layout, stars: &[Area]) -> Area {
    let at = layout.point(layout.middle(end.category, end.slot), end.reach);
    let (width, height) = (canvas.face.width(&end.text, SMALL), SMALL * LEADING);
    let mut area = match layout.horizontal {
        true => Area {
            left: at.x + GAP,
            top: at.y - height / 2.0,
            width,
            height,
        },
        false => Area {
            left: at.x - width / 2.0,
            top: at.y - height,
            width,
            height,
        },
    };
    for _ in stars {
        match stars.iter().find(|star| star.overlap(&area) > 0.0) {
            Some(star) if layout.horizontal => area.left = star.right(),
            Some(star) => area.top = star.top - height,
            None => break,
        }
    }
    let baseline = At {
        x: area.left,
        y: area.top + (height + SMALL * CAPITAL) / 2.0,
    };
    canvas.text(&end.text, baseline, &small(Anchor::Start));
    area
}
