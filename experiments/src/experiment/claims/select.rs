//! Figures of a selection, as claims need them.

use crate::experiment::record::Record;
use crate::experiment::selection::Selection;

/// A figure's medians in all these records that have it.
pub(super) fn medians(run: &Selection, figure: &str) -> Vec<f64> {
    let of = |record: &&Record| Some(record.figures.get(figure)?.median);
    run.records().iter().filter_map(of).collect()
}

pub(super) fn largest(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    values.into_iter().max_by(f64::total_cmp)
}

pub(super) fn smallest(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    values.into_iter().min_by(f64::total_cmp)
}

/// One figure over another, in the same record.
pub(super) fn ratio(run: &Selection, over: &str, under: &str) -> Option<f64> {
    Some(run.median(over)? / run.median(under)?)
}
