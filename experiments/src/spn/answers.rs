//! Queries and answers of the fixed-point evaluations, private or in the clear, as files have them.

use std::fmt::Write;

use halfmask_models::spn::float::maximise_missing;
use halfmask_models::spn::graph::{Evidence, Variable};
use halfmask_models::spn::query::{self, Answer, Results};

use super::eval::Query;
use super::model;
use crate::exit::Error;

/// A query with its columns found.
///
/// # Errors
/// [`Error::Usage`] for a column that does not exist.
pub fn asked(query: &Query, variables: &[Variable]) -> Result<query::Query, Error> {
    Ok(match query {
        Query::Likelihood => query::Query::Likelihood,
        Query::Conditional(columns) => query::Query::Conditional {
            given: columns
                .iter()
                .map(|column| model::column(column, variables))
                .collect::<Result<_, _>>()?,
        },
        Query::Mpe => query::Query::Mpe,
        Query::Class => query::Query::Class,
    })
}

/// Rows as a query takes them: in explanations missing fields are those to complete.
#[must_use]
pub fn prepare(rows: Vec<Vec<Evidence>>, query: &Query) -> Vec<Vec<Evidence>> {
    match query {
        Query::Mpe => rows.iter().map(|row| maximise_missing(row)).collect(),
        _ => rows,
    }
}

/// One line a row: a log probability, a completed row, or a class.
#[must_use]
pub fn render(answer: &Answer, rows: &[Vec<Evidence>]) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    match &answer.results {
        Results::LogLikelihoods(values) => {
            for value in values {
                let _ = writeln!(text, "{value}");
            }
        }
        Results::Classes(classes) => {
            for class in classes {
                let _ = writeln!(text, "{class}");
            }
        }
        Results::Completions(completions) => {
            for (row, completion) in rows.iter().zip(completions) {
                let fields = completed(row, completion).into_iter();
                let fields = fields.map(|field| field.map_or_else(String::new, |v| v.to_string()));
                let _ = writeln!(text, "{}", fields.collect::<Vec<_>>().join(","));
            }
        }
    }
    text
}

/// A row with what was maximised in its place.
#[must_use]
pub fn completed(row: &[Evidence], completion: &[Option<f64>]) -> Vec<Option<f64>> {
    let fields = row.iter().zip(completion).map(|field| match field {
        (Evidence::Observed(value), _) => Some(*value),
        (_, completion) => *completion,
    });
    fields.collect()
}
