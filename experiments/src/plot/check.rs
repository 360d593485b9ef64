//! Figures that cannot be drawn, told before anything is.

use std::ops::RangeInclusive;

use super::error::PlotError;
use super::model::{Axis, AxisScale, Bars, Figure, Lines};

/// Values that an axis can show, but for zero: far from where floats end, so that margins and ticks are finite too.
const MAGNITUDES: RangeInclusive<f64> = 1e-100..=1e100;

/// Checks that there is something to draw and that every value has a place on its axis.
///
/// # Errors
/// [`PlotError::Empty`], [`PlotError::Value`].
pub fn check(figure: &Figure) -> Result<(), PlotError> {
    match figure {
        Figure::Lines(lines) => check_lines(lines),
        Figure::Bars(bars) => check_bars(bars),
        Figure::Panels(panels) if panels.is_empty() => Err(empty("panels")),
        Figure::Panels(panels) => panels.iter().try_for_each(check),
    }
}

fn check_lines(lines: &Lines) -> Result<(), PlotError> {
    let name = named(&lines.title, || {
        format!("{} against {}", lines.y.label, lines.x.label)
    });
    let at = Place(&name);
    at.range(&lines.x)?;
    at.range(&lines.y)?;
    if lines.series.iter().all(|series| series.points.is_empty()) {
        return Err(empty(&name));
    }
    for series in &lines.series {
        for point in &series.points {
            at.value(&series.label, &lines.x, point.x)?;
            for value in [point.y, point.low, point.high] {
                at.value(&series.label, &lines.y, value)?;
            }
        }
    }
    for mark in &lines.marks {
        at.value(&mark.label, &lines.x, mark.x)?;
        at.value(&mark.label, &lines.y, mark.y)?;
    }
    Ok(())
}

fn check_bars(bars: &Bars) -> Result<(), PlotError> {
    let name = named(&bars.title, || bars.value.label.clone());
    let at = Place(&name);
    at.range(&bars.value)?;
    if bars.stacked && bars.value.scale != AxisScale::Linear {
        return Err(at.wrong("axis", "parts of a bar need a linear axis"));
    }
    let mut values = bars.stacks.iter().flat_map(|stack| &stack.values);
    if values.all(|value| *value == 0.0) {
        return Err(empty(&name));
    }
    for stack in &bars.stacks {
        let count = bars.categories.len();
        let spreads = stack.spread.as_ref().map_or(count, Vec::len);
        if stack.values.len() != count || spreads != count {
            return Err(at.wrong(
                &stack.label,
                &format!("not one value for each of {count} categories"),
            ));
        }
        for (index, value) in stack.values.iter().enumerate() {
            if *value == 0.0 {
                continue;
            }
            at.value(&stack.label, &bars.value, *value)?;
            if bars.stacked && *value < 0.0 {
                return Err(at.wrong(&stack.label, "parts of a bar cannot be negative"));
            }
            if let Some((low, high)) = stack.spread.as_ref().and_then(|spread| spread.get(index)) {
                at.value(&stack.label, &bars.value, *low)?;
                at.value(&stack.label, &bars.value, *high)?;
            }
        }
    }
    for mark in &bars.marks {
        at.value(&mark.label, &bars.value, mark.y)?;
        let last = bars.categories.len() as f64 - 0.5;
        if !(-0.5..=last).contains(&mark.x) {
            return Err(at.wrong(&mark.label, &format!("no category {}", mark.x)));
        }
    }
    Ok(())
}

/// A chart's title, or its axes.
fn named(title: &str, axes: impl Fn() -> String) -> String {
    if title.is_empty() {
        axes()
    } else {
        title.to_owned()
    }
}

fn empty(plot: &str) -> PlotError {
    PlotError::Empty { plot: plot.into() }
}

/// The chart that is checked, by its title.
struct Place<'a>(&'a str);

impl Place<'_> {
    fn wrong(&self, what: &str, why: &str) -> PlotError {
        PlotError::Value {
            plot: self.0.into(),
            what: what.into(),
            why: why.into(),
        }
    }

    fn value(&self, what: &str, axis: &Axis, value: f64) -> Result<(), PlotError> {
        // Infinities and NaN are outside of it too.
        if value != 0.0 && !MAGNITUDES.contains(&value.abs()) {
            return Err(self.wrong(what, &format!("{value} on axis \"{}\"", axis.label)));
        }
        if axis.scale != AxisScale::Linear && value <= 0.0 {
            let why = format!("{value} on logarithmic axis \"{}\"", axis.label);
            return Err(self.wrong(what, &why));
        }
        Ok(())
    }

    fn range(&self, axis: &Axis) -> Result<(), PlotError> {
        let Some((from, to)) = axis.range else {
            return Ok(());
        };
        self.value("range", axis, from)?;
        self.value("range", axis, to)?;
        if from >= to {
            let why = format!("from {from} to {to} on axis \"{}\"", axis.label);
            return Err(self.wrong("range", &why));
        }
        Ok(())
    }
}
