//! Figures of a selection as series of a plot.

use crate::experiment::record::Statistic;
use crate::plot::{Sample, Series};

/// Points joined by a line, with their quartiles, all times `scale`.
pub(super) fn line(label: &str, figures: &[(f64, &Statistic)], scale: f64) -> Series {
    Series::line(label, samples(figures, scale))
}

/// Points alone, likewise.
pub(super) fn scatter(label: &str, figures: &[(f64, &Statistic)], scale: f64) -> Series {
    Series::scatter(label, samples(figures, scale))
}

fn samples(figures: &[(f64, &Statistic)], scale: f64) -> Vec<Sample> {
    figures
        .iter()
        .map(|(x, statistic)| sample(*x, statistic, scale))
        .collect()
}

/// A figure at `x`.
pub(super) fn sample(x: f64, statistic: &Statistic, scale: f64) -> Sample {
    Sample {
        x,
        y: scale * statistic.median,
        low: scale * statistic.lower_quartile,
        high: scale * statistic.upper_quartile,
    }
}
