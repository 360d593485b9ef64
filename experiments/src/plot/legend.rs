//! The legend, in columns below a chart, where it covers no data.

use super::axis::small;
use super::canvas::{Anchor, Area, At, Canvas};
use super::model::{Bars, Lines, Mark};
use super::style::{SMALL, Style, draw_star};
use super::text::{CAPITAL, Face, LEADING};

const SYMBOL: f64 = 46.0;
const GAP: f64 = 8.0;
const BETWEEN: f64 = 26.0;
const ROW: f64 = SMALL * LEADING * 1.1;

/// One line of a legend.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    label: String,
    symbol: Symbol,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Symbol {
    Line(Style),
    Point(Style),
    Bar(Style),
    Published,
}

/// A legend's entries, one for each label.
pub fn of_lines(lines: &Lines) -> Vec<Entry> {
    let series = lines.series.iter().enumerate().map(|(index, series)| {
        let style = Style::of(index);
        Entry {
            label: series.label.clone(),
            symbol: match series.line {
                true => Symbol::Line(style),
                false => Symbol::Point(style),
            },
        }
    });
    entries(series, &lines.marks)
}

/// A legend's entries, one for each label.
pub fn of_bars(bars: &Bars) -> Vec<Entry> {
    let stacks = bar_labels(bars).into_iter().enumerate();
    let stacks = stacks.map(|(index, label)| Entry {
        label: label.to_owned(),
        symbol: Symbol::Bar(Style::of(index)),
    });
    entries(stacks, &bars.marks)
}

/// The labels of all stacks, each once: their order decides their looks.
pub fn bar_labels(bars: &Bars) -> Vec<&str> {
    let mut labels: Vec<&str> = Vec::new();
    for stack in &bars.stacks {
        if !labels.contains(&stack.label.as_str()) {
            labels.push(&stack.label);
        }
    }
    labels
}

fn entries(measured: impl Iterator<Item = Entry>, marks: &[Mark]) -> Vec<Entry> {
    let label = match only_name(marks) {
        Some(name) => name,
        None if marks.is_empty() => "",
        None => "others",
    };
    let published = Entry {
        label: label.to_owned(),
        symbol: Symbol::Published,
    };
    measured
        .chain([published])
        .filter(|entry| !entry.label.is_empty())
        .collect()
}

/// The name that all named marks have: it stands in the legend instead of beside them.
pub fn only_name(marks: &[Mark]) -> Option<&str> {
    let names = marks.iter().map(|mark| mark.label.as_str());
    let mut names = names.filter(|name| !name.is_empty());
    let first = names.next()?;
    names.all(|name| name == first).then_some(first)
}

/// Height of a legend in an area `width` units wide.
pub fn height(face: &Face, entries: &[Entry], width: f64) -> f64 {
    match entries.len() {
        0 => 0.0,
        count => count.div_ceil(columns(face, entries, width)) as f64 * ROW + GAP,
    }
}

/// Draws a legend, centred, at the top of an area.
pub fn draw(canvas: &mut Canvas, entries: &[Entry], area: &Area) {
    let columns = columns(canvas.face, entries, area.width);
    let widths = widths(canvas.face, entries, columns);
    let margin = ((area.width - total(&widths)) / 2.0).max(0.0);
    for (index, entry) in entries.iter().enumerate() {
        let before: f64 = widths.iter().take(index % columns).sum();
        let at = At {
            x: area.left + margin + before + (index % columns) as f64 * BETWEEN,
            y: area.top + GAP + ((index / columns) as f64 + 0.5) * ROW,
        };
        draw_symbol(canvas, entry.symbol, at);
        let beside = At {
            x: at.x + SYMBOL + GAP,
            y: at.y + SMALL * CAPITAL / 2.0,
        };
        canvas.text(&entry.label, beside, &small(Anchor::Start));
    }
}

/// As many columns as fit, in rows of even length.
fn columns(face: &Face, entries: &[Entry], width: f64) -> usize {
    let fitting = (1..=entries.len())
        .rev()
        .find(|&columns| total(&widths(face, entries, columns)) <= width)
        .unwrap_or(1);
    let rows = entries.len().div_ceil(fitting);
    entries.len().div_ceil(rows.max(1)).max(1)
}

fn widths(face: &Face, entries: &[Entry], columns: usize) -> Vec<f64> {
    let width = |entry: &Entry| SYMBOL + GAP + face.width(&entry.label, SMALL);
    (0..columns)
        .map(|column| {
            let column = entries.iter().skip(column).step_by(columns);
            column.map(width).fold(0.0, f64::max)
        })
        .collect()
}

fn total(widths: &[f64]) -> f64 {
    widths.iter().sum::<f64>() + widths.len().saturating_sub(1) as f64 * BETWEEN
}

fn draw_symbol(canvas: &mut Canvas, symbol: Symbol, at: At) {
    let middle = At {
        x: at.x + SYMBOL / 2.0,
        y: at.y,
    };
    match symbol {
        Symbol::Line(style) => {
            let end = At {
                x: at.x + SYMBOL,
                y: at.y,
            };
            canvas.line(at, end, &style.pen());
            style.draw_marker(canvas, middle);
        }
        Symbol::Point(style) => style.draw_marker(canvas, middle),
        Symbol::Bar(style) => {
            let swatch = Area {
                left: at.x + 4.0,
                top: at.y - 8.0,
                width: SYMBOL - 8.0,
                height: 16.0,
            };
            style.draw_bar(canvas, &swatch);
        }
        Symbol::Published => draw_star(canvas, middle),
    }
}
