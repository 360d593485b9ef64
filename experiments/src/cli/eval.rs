//! `halfmask eval`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::exit::Error;
use crate::output::check_target;
use crate::spn::eval;

/// Evaluate a sum-product network in the clear, one answer a row
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  halfmask eval model.spn.json --input rows.csv                         one log-likelihood a row (natural log)
  halfmask eval spn.eq.txt --input rows.csv.gz --output ll.txt          SPFlow's text; rows compressed
  halfmask eval model.spn.json --input rows.csv --query conditional --given age,smokes
  halfmask eval model.spn.json --input rows.csv --query mpe             rows with missing fields completed
  halfmask eval model.spn.json --input rows.csv --arithmetic fixed      bit for bit what `serve` and `infer` give
  halfmask eval model.spn.json --input rows.csv --query class --class income --json classes.json

Rows are CSV, with or without a header. A field that is empty or `nan` is missing, one that is `?` is to be maximised.
Networks are the project's JSON, lists of nodes, or what SPFlow 0.0.4x writes: text equations, reference graphs, JSON.")]
pub(super) struct Arguments {
    /// A sum-product network
    model: PathBuf,
    /// The rows: CSV, plain or gzip
    #[arg(long, value_name = "FILE")]
    input: PathBuf,
    /// What is asked of each row
    #[arg(long, value_enum, default_value_t)]
    query: Query,
    /// What a conditional is given: columns, by name or number from 1
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',')]
    given: Vec<String>,
    /// The class variable, by name or number from 1 [default: the file's]
    #[arg(long, value_name = "COLUMN")]
    class: Option<String>,
    /// How to compute
    #[arg(long, value_enum, default_value_t)]
    arithmetic: Arithmetic,
    /// Write answers to this file instead of standard output
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Write answers with more detail to this file (JSON)
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Query {
    /// The log-likelihood; missing fields are summed out
    #[default]
    Likelihood,
    /// The same: the likelihood of what is there
    Marginal,
    /// The log probability of a row given some of its columns
    Conditional,
    /// The most probable explanation: the row completed
    Mpe,
    /// The most probable class
    Class,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Arithmetic {
    /// Float64, log domain
    #[default]
    Float,
    /// Fixed point: bit for bit what the private evaluation gives
    Fixed,
}

impl Query {
    /// The query with the columns that it is given.
    pub(super) fn of(self, given: Vec<String>) -> Result<eval::Query, Error> {
        if given.is_empty() == (self == Self::Conditional) {
            return Err(Error::Usage(
                "--query conditional and --given COLUMNS go together".into(),
            ));
        }
        Ok(match self {
            Self::Likelihood | Self::Marginal => eval::Query::Likelihood,
            Self::Conditional => eval::Query::Conditional(given),
            Self::Mpe => eval::Query::Mpe,
            Self::Class => eval::Query::Class,
        })
    }
}

impl Arguments {
    pub fn run(self) -> Result<(), Error> {
        eval::run(&self.resolve()?)
    }

    fn resolve(self) -> Result<eval::Options, Error> {
        for (option, path) in [("--output", &self.output), ("--json", &self.json)] {
            if let Some(path) = path {
                check_target(option, path)?;
            }
        }
        Ok(eval::Options {
            model: self.model,
            class: self.class,
            input: self.input,
            query: self.query.of(self.given)?,
            arithmetic: match self.arithmetic {
                Arithmetic::Float => eval::Arithmetic::Float,
                Arithmetic::Fixed => eval::Arithmetic::Fixed,
            },
            output: self.output,
            json: self.json,
        })
    }
}
