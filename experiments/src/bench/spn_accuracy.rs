//! `halfmask bench spn-accuracy`: what fraction bits and tables of the log-sum cost, and how far they are from float64.
//!
//! Every combination of fraction bits, segment widths and digits is evaluated in the clear on the rows of every model, by the integers that the
//! protocol computes. AND gates are those of the circuits that would compute them.

mod record;
mod table;

pub use record::{Point, Record};
pub use table::render;

use std::path::PathBuf;

use halfmask_models::bridge::mpc::circuit::log_sum::{Class, Design, LogSum};
use halfmask_models::spn::float::Evaluator;
use halfmask_models::spn::lower::{self, PlanOptions, Planned};
use halfmask_models::spn::party;
use halfmask_models::spn::query::{Answer, Query, QueryKind};
use halfmask_models::spn::twin::Twin;

use crate::exit::Error;
use crate::infer::progress_bar;
use crate::output;
use crate::report;
use crate::spn::errors::Errors;
use crate::spn::plan::two_child_sum_ands;
use crate::spn::source::{self, Loaded, Source};

/// What to sweep.
#[derive(Clone, Debug)]
pub struct Options {
    /// Names or files of networks; without any, those of the source tree.
    pub models: Vec<PathBuf>,
    /// Their rows.
    pub source: Source,
    /// Fraction bits of log2-likelihoods.
    pub fractions: Vec<u32>,
    /// Where to write the record.
    pub json: Option<PathBuf>,
    /// Where to write its points as CSV.
    pub csv: Option<PathBuf>,
}

const fn class(end: u32, log2_width: i32) -> Class {
    Class { end, log2_width }
}

/// Widths of segments, narrow ones first: 112, 56, 28 and 14 segments.
const TABLES: [&[Class]; 4] = [
    &[class(4, -4), class(8, -3), class(16, -1)],
    &[class(4, -3), class(8, -2), class(16, 0)],
    &[class(4, -2), class(8, -1), class(16, 1)],
    &[class(4, -1), class(8, 0), class(16, 2)],
];

/// Digits, products of digits and guard bits.
const LEVELS: [(&str, Design); 3] = [
    ("fine", Design::FINE),
    ("medium", Design::MEDIUM),
    ("coarse", Design::COARSE),
];

/// Sweeps, writes record and CSV, and prints a summary.
///
/// # Errors
/// Unusable models or rows, or a file that cannot be written.
pub fn run(options: &Options) -> Result<(), Error> {
    let models = source::load(&options.models, &options.source)?;
    let steps = models.len() * options.fractions.len() * TABLES.len() * LEVELS.len();
    let bar = progress_bar(steps, "evaluations");
    let mut points = Vec::with_capacity(steps);
    for model in &models {
        let float = Evaluator::new(&model.spn).log_likelihood(&model.rows);
        let float = float.map_err(|error| Error::Usage(format!("{}: {error}", model.source)))?;
        for fraction in &options.fractions {
            let swept = sweep(model, &float, *fraction, || bar.inc(1));
            points.extend(swept.map_err(model.failed())?);
        }
    }
    bar.finish_and_clear();
    let record = Record::new(points);
    if let Some(json) = &options.json {
        report::write_json(&record, json)?;
    }
    if let Some(csv) = &options.csv {
        output::write_whole(csv, table::csv(&record.points).as_bytes())?;
    }
    output::print(&render(&record))
}

/// All designs at one number of fraction bits.
fn sweep(
    model: &Loaded,
    float: &[f64],
    fraction: u32,
    mut done: impl FnMut(),
) -> Result<Vec<Point>, halfmask_models::Error> {
    let standard = PlanOptions::default();
    let planned = lower::plan(
        &model.spn,
        &PlanOptions {
            fraction,
            ..standard.clone()
        },
    )?;
    let widths = planned.shape.widths;
    let own = two_child_sum_ands(&planned.plan.log_sum(widths)?)?;
    let others = party::cost(&planned.plan, &planned.shape, QueryKind::Likelihood, 1)?.and_gates
        - planned.shape.log_sums * own;
    let mut points = Vec::with_capacity(TABLES.len() * LEVELS.len());
    for classes in TABLES {
        for (level, design) in LEVELS {
            let design = Design { classes, ..design }.fit(fraction);
            let log_sum = LogSum::with(widths.word, fraction, design)?;
            let sum_ands = two_child_sum_ands(&log_sum)?;
            let answer = answer(&planned, log_sum, model)?;
            let errors = Errors::of(&answer, float);
            points.push(Point {
                model: model.name.clone(),
                data: model.source.clone(),
                rows: model.rows.len(),
                clamped_rows: errors.clamped,
                impossible_rows: errors.impossible,
                fraction_bits: fraction,
                word_bits: widths.word,
                level: level.into(),
                segments: segments(&design),
                digits: design.digits,
                digit_products: design.pairs.len(),
                guard_bits: design.guard,
                dither_bits: design.dither,
                two_child_sum_ands: sum_ands,
                network_ands: others + planned.shape.log_sums * sum_ands,
                max_abs_error_nats: errors.largest(),
                rmse_nats: errors.root_mean_square(),
                mean_error_nats: errors.mean(),
                default: fraction == standard.fraction && design == standard.precision.design(),
            });
            done();
        }
    }
    Ok(points)
}

fn answer(
    planned: &Planned,
    log_sum: LogSum,
    model: &Loaded,
) -> Result<Answer, halfmask_models::Error> {
    Twin::with_log_sum(planned, log_sum).answer(&model.rows, &Query::Likelihood)
}

/// Segments of a design.
fn segments(design: &Design) -> u32 {
    let mut begin = 0;
    let counts = design.classes.iter().map(|class| {
        let length = class.end - begin;
        begin = class.end;
        (f64::from(length) * f64::from(-class.log2_width).exp2()) as u32
    });
    counts.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_have_the_segments_that_they_say() {
        let counts = TABLES.map(|classes| {
            segments(&Design {
                classes,
                ..Design::FINE
            })
        });
        assert_eq!(counts, [112, 56, 28, 14]);
        assert!(LEVELS.iter().any(|(_, design)| design.classes == TABLES[1]));
    }
}
