//! `halfmask eval`: queries to a sum-product network in the clear.

use std::fmt::Write;
use std::path::PathBuf;

use halfmask_models::bridge::mpc::planner::Engine;
use halfmask_models::spn::error::RowError;
use halfmask_models::spn::float::{Classification, Evaluator, Explanation, maximise_missing};
use halfmask_models::spn::graph::{Evidence, Spn};
use halfmask_models::spn::import::{Format, Imported};
use halfmask_models::spn::query::{Answer, Results};
use halfmask_models::spn::twin::Twin;
use serde::Serialize;

use super::{answers, model, plan, rows};
use crate::exit::Error;
use crate::output;

/// What is asked of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Query {
    /// The log-likelihood; missing variables are summed out.
    Likelihood,
    /// The log probability of a row given some of its columns, by name or number from 1.
    Conditional(Vec<String>),
    /// The most probable explanation: the row with missing and maximised fields completed.
    Mpe,
    /// The most probable class.
    Class,
}

/// How a network is evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Arithmetic {
    /// Float64, log domain.
    Float,
    /// Fixed point: bit for bit what the private evaluation gives.
    Fixed,
}

/// What to evaluate.
#[derive(Clone, Debug)]
pub struct Options {
    /// The network's file.
    pub model: PathBuf,
    /// The variable of the class, by name or number from 1; that of the file if none.
    pub class: Option<String>,
    /// The rows.
    pub input: PathBuf,
    /// What is asked.
    pub query: Query,
    /// How.
    pub arithmetic: Arithmetic,
    /// Where to write answers; standard output if none.
    pub output: Option<PathBuf>,
    /// Where to write an [`Evaluation`].
    pub json: Option<PathBuf>,
}

/// Answers of one query, one a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Answers {
    /// Log probabilities, natural logarithms.
    Values(Vec<f64>),
    /// Completed rows.
    Explanations(Vec<Explanation>),
    /// Classes.
    Classes(Vec<Classification>),
    /// In fixed point, whatever was asked.
    Fixed {
        /// The answers.
        answer: Answer,
        /// The rows, as they were taken.
        rows: Vec<Vec<Evidence>>,
    },
}

/// Answers as a record. A log probability of `-inf` is `null`.
#[derive(Clone, Debug, Serialize)]
pub struct Evaluation {
    /// The network's file.
    pub model: String,
    /// Its format.
    pub format: Format,
    /// What was changed in reading it.
    pub notes: Vec<String>,
    /// The arithmetic.
    pub arithmetic: Arithmetic,
    /// Number of rows.
    pub rows: usize,
    /// Rows with values outside the public ranges of the private evaluation (`fixed`).
    pub clamped: usize,
    /// Mean of `values`, natural logarithms; `null` without.
    pub mean: Option<f64>,
    /// One a row: the log probability asked for; for explanations the max-product value, for classes the log joint probability, both
    /// only in float64.
    pub values: Vec<f64>,
    /// Completed rows (`mpe`); `null` is missing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub explanations: Vec<Vec<Option<f64>>>,
    /// Classes (`class`).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<usize>,
    /// By how much each class's log probability exceeds the second's (`class`); `null` is infinite.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub margins: Vec<f64>,
}

/// Evaluates.
///
/// # Errors
/// An unusable network or row, or a file that cannot be written.
pub fn run(options: &Options) -> Result<(), Error> {
    let imported = model::load(&options.model, options.class.as_deref())?;
    let spn = &imported.spn;
    let rows = rows::read(&options.input, spn.variables())?;
    let count = rows.len();
    let given = match &options.query {
        Query::Conditional(columns) => columns
            .iter()
            .map(|column| model::column(column, spn.variables()))
            .collect::<Result<_, _>>()?,
        _ => Vec::new(),
    };
    let answers = match options.arithmetic {
        Arithmetic::Float => {
            by_float(spn, &rows, &options.query, &given).map_err(|error| unfit(options, error))?
        }
        Arithmetic::Fixed => by_fixed(spn, rows, options)?,
    };
    let text = render(&answers);
    match &options.output {
        None => output::print(&text)?,
        Some(path) => output::write_whole(path, text.as_bytes())?,
    }
    if let Some(path) = &options.json {
        let record = Evaluation::new(options, count, imported, answers);
        let json = serde_json::to_vec_pretty(&record)
            .map_err(|error| Error::Failed(format!("cannot write JSON: {error}")))?;
        output::write_whole(path, &json)?;
    }
    Ok(())
}

/// Rows that do not fit.
fn unfit(options: &Options, error: impl std::fmt::Display) -> Error {
    Error::Usage(format!("{}: {error}", options.input.display()))
}

fn by_fixed(spn: &Spn, rows: Vec<Vec<Evidence>>, options: &Options) -> Result<Answers, Error> {
    let name = options.model.display().to_string();
    let planned = plan::plan(spn, &name, Engine::default())?;
    let rows = answers::prepare(rows, &options.query);
    let asked = answers::asked(&options.query, spn.variables())?;
    let twin = Twin::new(&planned).map_err(|source| Error::Model {
        model: name,
        source,
    })?;
    let answer = twin.answer(&rows, &asked);
    let answer = answer.map_err(|error| unfit(options, error))?;
    Ok(Answers::Fixed { answer, rows })
}

fn by_float(
    spn: &Spn,
    rows: &[Vec<Evidence>],
    query: &Query,
    given: &[usize],
) -> Result<Answers, RowError> {
    let evaluator = Evaluator::new(spn);
    Ok(match query {
        Query::Likelihood => Answers::Values(evaluator.log_likelihood(rows)?),
        Query::Conditional(_) => Answers::Values(evaluator.conditional(rows, given)?),
        Query::Mpe => {
            let rows: Vec<_> = rows.iter().map(|row| maximise_missing(row)).collect();
            Answers::Explanations(evaluator.mpe(&rows)?)
        }
        Query::Class => Answers::Classes(evaluator.classify(rows)?),
    })
}

/// One line a row: a log probability, a completed row, or a class.
fn render(answers: &Answers) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    match answers {
        Answers::Values(values) => {
            for value in values {
                let _ = writeln!(text, "{value}");
            }
        }
        Answers::Explanations(explanations) => {
            for explanation in explanations {
                let fields = explanation.row.iter().map(|field| match field {
                    Evidence::Observed(value) => value.to_string(),
                    _ => String::new(),
                });
                let _ = writeln!(text, "{}", fields.collect::<Vec<_>>().join(","));
            }
        }
        Answers::Classes(classes) => {
            for class in classes {
                let _ = writeln!(text, "{}", class.class);
            }
        }
        Answers::Fixed { answer, rows } => text = answers::render(answer, rows),
    }
    text
}

impl Evaluation {
    fn new(options: &Options, rows: usize, imported: Imported, answers: Answers) -> Self {
        let (mut explanations, mut classes, mut margins) = (Vec::new(), Vec::new(), Vec::new());
        let mut clamped = 0;
        let values: Vec<f64> = match answers {
            Answers::Values(values) => values,
            Answers::Explanations(all) => {
                let field = |field: &Evidence| match field {
                    Evidence::Observed(value) => Some(*value),
                    _ => None,
                };
                let rows = all.iter().map(|e| e.row.iter().map(field).collect());
                explanations = rows.collect();
                all.iter().map(|e| e.value).collect()
            }
            Answers::Classes(all) => {
                classes = all.iter().map(|c| c.class).collect();
                margins = all.iter().map(|c| c.margin).collect();
                all.iter().map(|c| c.value).collect()
            }
            Answers::Fixed { answer, rows } => {
                clamped = answer.clamped.iter().filter(|c| **c).count();
                match answer.results {
                    Results::LogLikelihoods(values) => values,
                    Results::Completions(all) => {
                        let rows = rows.iter().zip(&all);
                        let rows = rows.map(|(row, all)| answers::completed(row, all));
                        explanations = rows.collect();
                        Vec::new()
                    }
                    Results::Classes(all) => {
                        classes = all.into_iter().map(|class| class as usize).collect();
                        Vec::new()
                    }
                }
            }
        };
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        Self {
            model: options.model.display().to_string(),
            format: imported.format,
            notes: imported.notes,
            arithmetic: options.arithmetic,
            rows,
            clamped,
            mean: (!values.is_empty()).then_some(mean),
            values,
            explanations,
            classes,
            margins,
        }
    }
}
