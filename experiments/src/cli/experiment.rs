//! `halfmask experiment`.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::exit::Error;
use crate::output::check_target;
use crate::spn::accuracy::{Options, run};
use crate::spn::source::Source;

/// Experiments: sweeps of parameters, as CSV
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    SpnAccuracy(SpnAccuracyArguments),
}

/// Sum-product networks in fixed point: error against float64 and AND gates, by fraction bits and tables of the log-sum
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  halfmask experiment spn-accuracy --output accuracy.csv                        all models of the source tree
  halfmask experiment spn-accuracy nltcs.spn.json --output accuracy.csv --rows 3236
  halfmask experiment spn-accuracy model.spn.json --input rows.csv --fraction 14,16 --output accuracy.csv

Evaluates in the clear the integers that the protocol computes. Rows are those of --input, or a data set's test split, found by
the model's name in --data, $HALFMASK_DATA, data/ and ../shared/data (there in debd/ or directly), or else drawn from the model.")]
struct SpnAccuracyArguments {
    /// Sum-product networks [default: models/spn/*/model.spn.json of this folder or one above it, else a built-in one of nltcs]
    models: Vec<PathBuf>,
    /// Where the CSV goes, whole or not at all
    #[arg(long, value_name = "FILE")]
    output: PathBuf,
    /// Fraction bits of log2-likelihoods, 12 to 20
    #[arg(
        long,
        value_name = "BITS",
        value_delimiter = ',',
        default_value = "12,14,16,18"
    )]
    #[arg(value_parser = clap::value_parser!(u32).range(12..=20))]
    fraction: Vec<u32>,
    /// Rows a model, or as many as there are
    #[arg(long, value_name = "N")]
    #[arg(default_value_t = NonZeroUsize::new(1024).unwrap_or(NonZeroUsize::MIN))]
    rows: NonZeroUsize,
    /// Rows for every model: CSV, plain or gzip
    #[arg(long, value_name = "FILE")]
    input: Option<PathBuf>,
    /// The folder with data sets, in debd/ or directly
    #[arg(long, value_name = "DIR", conflicts_with = "input")]
    data: Option<PathBuf>,
    /// Seed of rows drawn from a model
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

impl Arguments {
    pub fn run(self) -> Result<(), Error> {
        match self.command {
            Command::SpnAccuracy(arguments) => run(&arguments.resolve()?),
        }
    }
}

impl SpnAccuracyArguments {
    fn resolve(self) -> Result<Options, Error> {
        check_target("--output", &self.output)?;
        Ok(Options {
            models: self.models,
            source: Source {
                input: self.input,
                data: self.data,
                seed: self.seed,
                rows: self.rows.get(),
            },
            fractions: self.fraction,
            output: self.output,
        })
    }
}
