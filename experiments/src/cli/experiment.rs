//! `halfmask experiment`.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::exit::Error;
use crate::experiment::definition::{Scale, Settings};
use crate::experiment::list::list;
use crate::experiment::run::{self, Options};
use crate::experiment::store::Store;
use crate::experiment::{catalogue, check, doctor, report};
use crate::net::Network;
use crate::output::check_target;

/// Experiments: run them, report what they measured, check it against what is claimed
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  halfmask experiment list
  halfmask experiment run cryptonets-throughput --quick
  halfmask experiment run all --full
  halfmask experiment run cryptonets-latency --network lan --network 50mbit,80ms --reps 20

Records are appended to results/raw/ID.jsonl, a point a line.")]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    List(ListArguments),
    Run(RunArguments),
    Report(ReportArguments),
    Check(CheckArguments),
    Doctor(DoctorArguments),
}

/// All experiments: what each shows, whether it can run here, and what it takes
#[derive(Debug, Args)]
struct ListArguments {
    /// As JSON
    #[arg(long)]
    json: bool,
}

/// Run experiments, and append what they measure to the records
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  halfmask experiment run cryptonets-throughput --quick
  halfmask experiment run relu-cost ot garbling --full --data ../data
  halfmask experiment run all --full

A job that fails costs its own records alone: the others still run, and the exit code is 1.")]
struct RunArguments {
    /// Ids of experiments, or all
    #[arg(required = true, value_name = "ID")]
    ids: Vec<String>,
    /// At most two minutes each [default]
    #[arg(long, conflicts_with = "full")]
    quick: bool,
    /// Everything, as often as quartiles need
    #[arg(long)]
    full: bool,
    /// Repetitions of every job, instead of each experiment's own
    #[arg(long, value_name = "N")]
    reps: Option<NonZeroUsize>,
    /// Over this network instead of the experiment's own: loopback, lan, lan10, wan, or a rate and a round trip such as 50mbit,80ms; may be
    /// repeated. Of no effect where nothing is sent
    #[arg(long, value_name = "NETWORK")]
    network: Vec<Network>,
    /// Seed of inputs that are drawn; keys, masks and labels never come from it
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// The folder with data sets
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The folder of results [default: results of this folder or one above it]
    #[arg(long, value_name = "DIR")]
    results: Option<PathBuf>,
}

impl Arguments {
    pub fn run(self) -> Result<(), Error> {
        match self.command {
            Command::List(arguments) => list(catalogue::ALL, arguments.json),
            Command::Run(arguments) => run::run(&arguments.resolve()?),
            Command::Report(arguments) => report::run(&arguments.resolve()?),
            Command::Check(arguments) => check::run(&arguments.resolve()),
            Command::Doctor(DoctorArguments { data, json }) => {
                doctor::run(&doctor::Options { data, json })
            }
        }
    }
}

impl RunArguments {
    fn resolve(self) -> Result<Options, Error> {
        Ok(Options {
            experiments: catalogue::find(&self.ids)?,
            settings: Settings {
                scale: if self.full { Scale::Full } else { Scale::Quick },
                networks: (!self.network.is_empty()).then_some(self.network),
                seed: self.seed,
                repetitions: self.reps.map(NonZeroUsize::get),
            },
            data: self.data,
            store: Store::find(self.results),
        })
    }
}

/// Write CSV, plots, LaTeX and the generated tables of pages from the newest runs
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  halfmask experiment report                                       all experiments that have records
  halfmask experiment report cryptonets-throughput
  halfmask experiment report --scale full --page README.md --page ARTIFACT.md

Writes ID.csv, plots/NAME.svg and .png, tex/NAME.tex and tex/values.tex into the folder of results. In pages, tables go between markers such as
<!-- headline: begin --> and <!-- headline: end -->.")]
struct ReportArguments {
    /// Ids of experiments [default: all]
    #[arg(value_name = "ID")]
    ids: Vec<String>,
    /// The newest runs of this scale [default: the newest of all]
    #[arg(long, value_enum, value_name = "SCALE")]
    scale: Option<Scale>,
    /// Replace the generated tables of this page; may be repeated
    #[arg(long, value_name = "FILE", visible_alias = "readme")]
    page: Vec<PathBuf>,
    /// The folder of results [default: results of this folder or one above it]
    #[arg(long, value_name = "DIR")]
    results: Option<PathBuf>,
}

/// Compare every claim with the newest records, and fail if one does not hold
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  halfmask experiment check
  halfmask experiment check --scale full        a claim without a record fails too
  halfmask experiment check --json              with reasons, references and their hardware")]
struct CheckArguments {
    /// The newest runs of this scale [default: the newest of all]
    #[arg(long, value_enum, value_name = "SCALE")]
    scale: Option<Scale>,
    /// The folder of results [default: results of this folder or one above it]
    #[arg(long, value_name = "DIR")]
    results: Option<PathBuf>,
    /// As JSON
    #[arg(long)]
    json: bool,
}

/// What this machine can run, and what to install for the rest
#[derive(Debug, Args)]
struct DoctorArguments {
    /// The folder with data sets
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// As JSON
    #[arg(long)]
    json: bool,
}

impl ReportArguments {
    fn resolve(self) -> Result<report::Options, Error> {
        for page in &self.page {
            check_target("--page", page)?;
        }
        Ok(report::Options {
            experiments: match self.ids.as_slice() {
                [] => catalogue::ALL.to_vec(),
                ids => catalogue::find(ids)?,
            },
            scale: self.scale,
            store: Store::find(self.results),
            pages: self.page,
        })
    }
}

impl CheckArguments {
    fn resolve(self) -> check::Options {
        check::Options {
            store: Store::find(self.results),
            scale: self.scale,
            json: self.json,
        }
    }
}
