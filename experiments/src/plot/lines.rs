//! Series of points over two axes.

use super::axis::{Frame, Side};
use super::canvas::{Area, At, Canvas, Pen};
use super::marks;
use super::model::{Lines, Mark, Sample};
use super::scale::{Origin, Scale};
use super::style::{MARKER, Style};

/// Half of the cross-stroke at the end of a bar of uncertainty.
const CAP: f64 = 6.0;
/// Uncertainty that is drawn, at least: less would hide behind the marker's edge.
const VISIBLE: f64 = 1.0;

/// Every value on the vertical axis.
pub fn heights(lines: &Lines) -> Vec<f64> {
    let samples = lines.series.iter().flat_map(|series| &series.points);
    samples
        .flat_map(|sample| [sample.y, sample.low, sample.high])
        .chain(lines.marks.iter().map(|mark| mark.y))
        .collect()
}

/// Draws a chart into an area; its vertical axis shows these heights.
pub fn draw(canvas: &mut Canvas, area: &Area, lines: &Lines, heights: &[f64]) {
    let samples = || lines.series.iter().flat_map(|series| &series.points);
    let across: Vec<f64> = samples()
        .map(|sample| sample.x)
        .chain(lines.marks.iter().map(|mark| mark.x))
        .collect();
    let x = Scale::new(&lines.x, &across, Origin::Near(0.2));
    let y = Scale::new(&lines.y, heights, Origin::Near(0.6));
    let face = canvas.face;
    let frame = Frame::new(
        face,
        area,
        |width| Side::values_below(face, &lines.x.label, &x, width),
        |height| Side::values_beside(&lines.y.label, &y, height),
    );
    let plot = frame.plot;
    let at = |across: f64, up: f64| At {
        x: plot.left + x.place(across) * plot.width,
        y: plot.bottom() - y.place(up) * plot.height,
    };

    frame.draw_grid(canvas);
    frame.draw_sides(canvas);
    let mut taken = Vec::new();
    for (index, series) in lines.series.iter().enumerate() {
        let style = Style::of(index);
        let points: Vec<At> = series.points.iter().map(|p| at(p.x, p.y)).collect();
        if series.line && points.len() > 1 {
            canvas.polyline(&points, &style.pen());
            taken.extend(marks::along(&points));
        }
        for sample in &series.points {
            taken.extend(whisker(canvas, sample, &at, style.colour));
        }
    }
    for (index, series) in lines.series.iter().enumerate() {
        for sample in &series.points {
            let at = at(sample.x, sample.y);
            Style::of(index).draw_marker(canvas, at);
            taken.push(Area::around(at, 1.3 * MARKER));
        }
    }
    let place = |mark: &Mark| at(mark.x, mark.y);
    marks::draw(canvas, &plot, &lines.marks, place, &taken);
}

/// Draws the uncertainty of a point, if it can be seen. Returns what that covers.
fn whisker(
    canvas: &mut Canvas,
    sample: &Sample,
    at: &impl Fn(f64, f64) -> At,
    colour: &'static str,
) -> Vec<Area> {
    let (low, high) = (at(sample.x, sample.low), at(sample.x, sample.high));
    draw_whisker(canvas, low, high, colour)
}

/// Draws a line with cross-strokes between two points, if they are far enough apart. Returns what it covers.
pub fn draw_whisker(canvas: &mut Canvas, low: At, high: At, colour: &'static str) -> Vec<Area> {
    let length = (high.x - low.x).hypot(high.y - low.y);
    if length < VISIBLE {
        return Vec::new();
    }
    let pen = Pen::solid(colour, 2.0);
    canvas.line(low, high, &pen);
    let (across, down) = (
        CAP * (high.y - low.y) / length,
        CAP * (low.x - high.x) / length,
    );
    for end in [low, high] {
        let from = At {
            x: end.x - across,
            y: end.y - down,
        };
        let to = At {
            x: end.x + across,
            y: end.y + down,
        };
        canvas.line(from, to, &pen);
    }
    marks::along(&[low, high])
}
