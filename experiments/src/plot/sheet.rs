//! The sheet that a figure is drawn on: titles, charts, legends.

use super::axis::label;
use super::canvas::{Area, At, Canvas};
use super::check::check;
use super::error::PlotError;
use super::legend::{self, Entry};
use super::model::Figure;
use super::style::{self, LABEL};
use super::text::{CAPITAL, Face, LEADING};
use super::{bars, lines};

/// Width of a chart in a column of a page.
const WIDTH: f64 = 720.0;
/// Height of a chart with its title and two rows of legend.
const HEIGHT: f64 = 480.0;
const MARGIN: f64 = 8.0;
/// Lying bars that the height has room for.
const ROOMY: f64 = 8.0;
/// Height of another one: a line of its category, and half of one between.
const LYING: f64 = 1.5 * LABEL * LEADING;
/// Between charts side by side.
const GUTTER: f64 = 28.0;

/// The figure as an SVG document. The same figure always gives the same document.
///
/// # Errors
/// [`PlotError::Empty`] without data; [`PlotError::Value`] for values without a place on their axis, by chart and series.
pub fn svg(figure: &Figure) -> Result<String, PlotError> {
    check(figure)?;
    let face = Face::load()?;
    let charts = charts(figure);
    let columns = if charts.len() > 1 { 2.0 } else { 1.0 };
    let (width, count) = (columns * WIDTH, charts.len() as f64);
    let each = (width - 2.0 * MARGIN - (count - 1.0) * GUTTER) / count;

    let titles: Vec<Vec<String>> = charts
        .iter()
        .map(|chart| face.wrap(chart.title(), LABEL, each))
        .collect();
    let title_lines = titles.iter().map(Vec::len).max().unwrap_or(0) as f64;
    let mut legends: Vec<Vec<Entry>> = charts.iter().map(Chart::legend).collect();
    let mut legend_width = each;
    // One legend for all where they are alike.
    if legends
        .iter()
        .all(|entries| legends.first() == Some(entries))
    {
        legends.truncate(1);
        legend_width = width - 2.0 * MARGIN;
    }
    let legend_height = legends
        .iter()
        .map(|entries| legend::height(&face, entries, legend_width))
        .fold(0.0, f64::max);
    // Long legends and many lying bars lengthen the sheet instead of flattening the charts.
    let bars = charts.iter().map(Chart::lying).max().unwrap_or(0) as f64;
    let crowded = (bars - ROOMY) * LYING;
    let height = HEIGHT + (legend_height - 3.0 * LABEL).max(0.0) + crowded.max(0.0);

    let mut canvas = Canvas::new(&face);
    let column = |index: usize, width: f64| Area {
        left: MARGIN + index as f64 * (each + GUTTER),
        top: MARGIN,
        width,
        height: height - 2.0 * MARGIN,
    };
    for (index, (chart, title)) in charts.iter().zip(&titles).enumerate() {
        let area = column(index, each);
        let mut at = At {
            x: area.left + each / 2.0,
            y: area.top + LABEL * CAPITAL,
        };
        for line in title {
            canvas.text(line, at, &label(0.0));
            at.y += LABEL * LEADING;
        }
        let head = title_lines * LABEL * LEADING;
        let area = area.inside(0.0, head, 0.0, legend_height);
        match chart {
            Chart::Lines(lines) => {
                lines::draw(&mut canvas, &area, lines, &heights(&charts, lines));
            }
            Chart::Bars(bars) => bars::draw(&mut canvas, &area, bars),
        }
    }
    for (index, entries) in legends.iter().enumerate() {
        let area = column(index, legend_width);
        let foot = area.inside(0.0, area.height - legend_height, 0.0, 0.0);
        legend::draw(&mut canvas, entries, &foot);
    }
    let hatchings = charts.iter().map(|chart| match chart {
        Chart::Bars(bars) => legend::bar_labels(bars).len(),
        Chart::Lines(_) => 0,
    });
    let definitions = style::definitions(hatchings.max().unwrap_or(0));
    Ok(canvas.finish(width, height, &definitions))
}

/// One chart of a figure.
enum Chart<'a> {
    Lines(&'a super::Lines),
    Bars(&'a super::Bars),
}

fn charts(figure: &Figure) -> Vec<Chart<'_>> {
    match figure {
        Figure::Lines(lines) => vec![Chart::Lines(lines)],
        Figure::Bars(bars) => vec![Chart::Bars(bars)],
        Figure::Panels(panels) => panels.iter().flat_map(charts).collect(),
    }
}

/// What is on the vertical axes of all charts that measure the same as this one, so that they compare.
fn heights(charts: &[Chart], of: &super::Lines) -> Vec<f64> {
    charts
        .iter()
        .filter_map(|chart| match chart {
            Chart::Lines(lines) if lines.y == of.y => Some(lines::heights(lines)),
            Chart::Lines(_) | Chart::Bars(_) => None,
        })
        .flatten()
        .collect()
}

impl Chart<'_> {
    fn title(&self) -> &str {
        match self {
            Self::Lines(lines) => &lines.title,
            Self::Bars(bars) => &bars.title,
        }
    }

    /// Categories one above the other.
    fn lying(&self) -> usize {
        match self {
            Self::Bars(bars) if bars.horizontal => bars.categories.len(),
            Self::Bars(_) | Self::Lines(_) => 0,
        }
    }

    fn legend(&self) -> Vec<Entry> {
        match self {
            Self::Lines(lines) => legend::of_lines(lines),
            Self::Bars(bars) => legend::of_bars(bars),
        }
    }
}
