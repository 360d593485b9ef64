//! `halfmask experiment spn-accuracy`: what fraction bits and tables of the log-sum cost, and how far they are from float64.
//!
//! Every combination of fraction bits, segment widths and digits is evaluated in the clear on the rows of every model, by the integers that the
//! protocol computes. AND gates are those of the circuits that would compute them.

use std::fmt::Write;
use std::path::PathBuf;

use halfmask_models::bridge::mpc::circuit::log_sum::{Class, Design, LogSum};
use halfmask_models::spn::float::Evaluator;
use halfmask_models::spn::lower::{self, PlanOptions, Planned};
use halfmask_models::spn::party;
use halfmask_models::spn::query::{Answer, Query, QueryKind};
use halfmask_models::spn::twin::Twin;

use super::plan::two_child_sum_ands;
use super::source::{self, Loaded, Source};
use crate::bench::table::table;
use crate::exit::Error;
use crate::infer::progress_bar;
use crate::output;

/// What to sweep.
#[derive(Clone, Debug)]
pub struct Options {
    /// Files of networks; without any, those of the source tree.
    pub models: Vec<PathBuf>,
    /// Their rows.
    pub source: Source,
    /// Fraction bits of log2-likelihoods.
    pub fractions: Vec<u32>,
    /// Where the CSV goes.
    pub output: PathBuf,
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

/// One line of the CSV.
struct Point {
    model: String,
    rows: usize,
    errors: Errors,
    fraction: u32,
    word: u32,
    level: &'static str,
    design: Design,
    sum_ands: usize,
    ands: usize,
    /// Whether it is the default.
    default: bool,
}

/// Sweeps, writes the CSV and prints a summary.
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
            points.extend(swept.map_err(|source| Error::Model {
                model: model.name.clone(),
                source,
            })?);
        }
    }
    bar.finish_and_clear();
    output::write_whole(&options.output, csv(&points).as_bytes())?;
    let mut text = String::new();
    for model in &models {
        let of_model: Vec<&Point> = points.iter().filter(|p| p.model == model.name).collect();
        let _ = writeln!(
            text,
            "{}, {} rows ({})",
            model.name,
            model.rows.len(),
            model.source
        );
        let _ = writeln!(text, "{}", summary(&of_model));
    }
    text.push_str("cheapest first, without those that another beats in gates and largest error; * is the default\n");
    output::print(&text)
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
            points.push(Point {
                model: model.name.clone(),
                rows: model.rows.len(),
                errors: Errors::of(&answer, float),
                fraction,
                word: widths.word,
                level,
                design,
                sum_ands,
                ands: others + planned.shape.log_sums * sum_ands,
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

fn csv(points: &[Point]) -> String {
    let mut text = String::from(
        "model,rows,clamped_rows,impossible_rows,fraction_bits,word_bits,level,segments,digits,digit_products,guard_bits,dither_bits,\
         two_child_sum_ands,network_ands,max_abs_error_nats,rmse_nats,mean_error_nats,default\n",
    );
    let number = |error: Option<f64>| error.map_or_else(String::new, |error| error.to_string());
    for point in points {
        let (design, errors) = (&point.design, &point.errors);
        // Names may have anything in them.
        let model = point.model.replace('"', "\"\"");
        let _ = writeln!(
            text,
            "\"{model}\",{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}",
            point.rows,
            errors.clamped,
            errors.impossible,
            point.fraction,
            point.word,
            point.level,
            segments(design),
            design.digits,
            design.pairs.len(),
            design.guard,
            design.dither,
            point.sum_ands,
            point.ands,
            number(errors.largest()),
            number(errors.root_mean_square()),
            number(errors.mean()),
            u8::from(point.default),
        );
    }
    text
}

/// The points of a model that no other beats in both gates and largest error, and the default.
fn summary(points: &[&Point]) -> comfy_table::Table {
    let beaten = |point: &Point| {
        points.iter().any(|other| {
            let gates = other.ands.cmp(&point.ands);
            let error = other.errors.max.total_cmp(&point.errors.max);
            gates.is_le() && error.is_le() && (gates.is_lt() || error.is_lt())
        })
    };
    let mut kept: Vec<&&Point> = points.iter().filter(|p| p.default || !beaten(p)).collect();
    kept.sort_by_key(|point| point.ands);
    let small = |error: Option<f64>| error.map_or_else(|| "-".into(), |e| format!("{e:.1e}"));
    let rows = kept.into_iter().map(|point| {
        let default = if point.default { " *" } else { "" };
        vec![
            format!("{} bits, {}{default}", point.fraction, point.level),
            segments(&point.design).to_string(),
            point.sum_ands.to_string(),
            point.ands.to_string(),
            small(point.errors.largest()),
            small(point.errors.root_mean_square()),
            small(point.errors.mean()),
        ]
    });
    let header = [
        "fraction, level",
        "segments",
        "AND a sum",
        "AND a row",
        "largest error",
        "RMSE",
        "mean error",
    ];
    table(&header, rows.collect(), 1)
}

/// Differences from float64, in nats.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Errors {
    /// Rows compared: not clamped, and possible.
    pub compared: usize,
    /// Rows with values outside their public ranges.
    pub clamped: usize,
    /// Rows of likelihood 0.
    pub impossible: usize,
    /// The largest, without its sign.
    pub max: f64,
    squares: f64,
    sum: f64,
}

impl Errors {
    /// Of an answer from float64's.
    #[must_use]
    pub fn of(answer: &Answer, float: &[f64]) -> Self {
        let mut errors = Self::default();
        let values = answer.log_likelihoods().unwrap_or_default();
        for ((value, clamped), float) in values.iter().zip(&answer.clamped).zip(float) {
            if *clamped {
                errors.clamped += 1;
            } else if *float == f64::NEG_INFINITY {
                errors.impossible += 1;
            } else {
                let error = value - float;
                errors.compared += 1;
                errors.max = errors.max.max(error.abs());
                errors.squares += error * error;
                errors.sum += error;
            }
        }
        errors
    }

    /// The largest; `None` if no row was compared.
    #[must_use]
    pub fn largest(&self) -> Option<f64> {
        (self.compared > 0).then_some(self.max)
    }

    /// Root of the mean square.
    #[must_use]
    pub fn root_mean_square(&self) -> Option<f64> {
        self.each(self.squares).map(f64::sqrt)
    }

    /// Mean.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        self.each(self.sum)
    }

    fn each(&self, total: f64) -> Option<f64> {
        (self.compared > 0).then(|| total / self.compared as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use halfmask_models::spn::query::Results;

    fn likelihoods(values: &[f64], clamped: &[bool]) -> Answer {
        Answer {
            results: Results::LogLikelihoods(values.to_vec()),
            clamped: clamped.to_vec(),
        }
    }

    #[test]
    fn errors_leave_out_clamped_and_impossible_rows() {
        let answer = likelihoods(&[-1.0, -2.0, -3.0, -4.5], &[false, true, false, false]);
        let errors = Errors::of(&answer, &[-1.25, -100.0, f64::NEG_INFINITY, -4.0]);
        assert_eq!(
            (errors.compared, errors.clamped, errors.impossible),
            (2, 1, 1)
        );
        assert_eq!(errors.largest(), Some(0.5));
        assert_eq!(errors.mean(), Some(-0.125));
        assert_eq!(errors.root_mean_square(), Some(0.15625f64.sqrt()));
        let none = Errors::default();
        assert_eq!((none.largest(), none.mean()), (None, None));
    }

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
