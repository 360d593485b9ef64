//! `halfmask spn`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use halfmask_models::spn::learn::{Growth, Kind, Learner, RatShape};

use crate::exit::Error;
use crate::output::check_target;
use crate::spn::dataset::Source;
use crate::spn::train::{Options, run};

/// Sum-product networks
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Train(Box<TrainArguments>),
}

/// Learn a network from complete rows, in the clear
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  halfmask spn train --data nltcs --output nltcs.spn.json
  halfmask spn train --data rows.csv.gz --valid more.csv --test test.csv --output model.spn.json --json record.json
  halfmask spn train --data plants --learner rat --depth 2 --repetitions 10 --output rat.spn.json
  halfmask spn train --data iris.csv --leaves gaussian --class species --output iris.spn.json

A set given by name is looked up as NAME.train.csv.gz, NAME.valid.csv.gz and NAME.test.csv.gz in debd/ under the data
folder. Test rows are only reported on. The same rows, options and seed give the same network.")]
struct TrainArguments {
    /// A CSV file (also .gz), or the name of a set
    #[arg(long, value_name = "NAME|FILE")]
    data: PathBuf,
    /// The folder for sets given by name (or $HALFMASK_DATA, or data/)
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Validation rows; every tenth row of the data where there are none
    #[arg(long, value_name = "FILE")]
    valid: Option<PathBuf>,
    /// Test rows
    #[arg(long, value_name = "FILE")]
    test: Option<PathBuf>,
    /// Test rows that are among the data: learn from the others, and only the columns named there
    #[arg(long, value_name = "FILE", conflicts_with = "test")]
    hold_out: Option<PathBuf>,
    /// Take larger values for this one
    #[arg(long, value_name = "N")]
    clip: Option<u32>,
    /// How the structure is found
    #[arg(long, value_name = "WHICH", default_value = "learnspn")]
    learner: Which,
    /// Leaves of all columns [default: bernoulli for 0 and 1, gaussian otherwise]
    #[arg(long, value_name = "KIND")]
    leaves: Option<LeafKind>,
    /// The column (name or number) that class queries ask for; categorical
    #[arg(long, value_name = "COLUMN")]
    class: Option<String>,
    /// Rows like the whole set that each leaf is taken to have seen; of several the best on the validation rows is kept
    #[arg(
        long,
        value_name = "A,B",
        value_delimiter = ',',
        default_value = "0.5,2"
    )]
    smoothing: Vec<f64>,
    /// Most iterations of EM at the end
    #[arg(long, value_name = "N", default_value_t = 60)]
    iterations: usize,
    /// Of all randomness
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// learnspn: most two-input sums
    #[arg(long, value_name = "N", default_value_t = 2000)]
    max_sums: usize,
    /// learnspn: thresholds of the G-test to try
    #[arg(
        long,
        value_name = "G,G",
        value_delimiter = ',',
        default_value = "10,40,150"
    )]
    thresholds: Vec<f64>,
    /// learnspn: least rows in a region that is split
    #[arg(long, value_name = "N", default_value_t = 20.0)]
    least_rows: f64,
    /// learnspn: the smallest network is taken that comes within this share of the best validation log-likelihood
    #[arg(long, value_name = "SHARE", default_value_t = 0.001)]
    tolerance: f64,
    /// rat: halvings from the root to the lowest regions
    #[arg(long, value_name = "N", default_value_t = 2)]
    depth: usize,
    /// rat: random splits of the root
    #[arg(long, value_name = "N", default_value_t = 8)]
    repetitions: usize,
    /// rat: sums a region
    #[arg(long, value_name = "N", default_value_t = 4)]
    sums: usize,
    /// rat: products of leaves a lowest region
    #[arg(long, value_name = "N", default_value_t = 4)]
    inputs: usize,
    /// Where the network goes
    #[arg(long, value_name = "MODEL.spn.json")]
    output: PathBuf,
    /// Write a record of the run to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// No line an iteration
    #[arg(long)]
    quiet: bool,
}

/// How the structure is found.
#[derive(Copy, Clone, Debug, ValueEnum)]
enum Which {
    /// From the data: tests of independence and clustering
    Learnspn,
    /// A random region graph
    Rat,
}

/// What leaves are.
#[derive(Copy, Clone, Debug, ValueEnum)]
enum LeafKind {
    Bernoulli,
    Categorical,
    Gaussian,
    Poisson,
    Histogram,
}

impl Arguments {
    pub fn run(self) -> Result<(), Error> {
        let Command::Train(arguments) = self.command;
        run(&arguments.resolve()?).map(|_| ())
    }
}

impl TrainArguments {
    fn resolve(self) -> Result<Options, Error> {
        check_target("--output", &self.output)?;
        if let Some(json) = &self.json {
            check_target("--json", json)?;
        }
        let positive = |option: &str, values: &[f64]| {
            let wrong = values.iter().find(|v| !(v.is_finite() && **v >= 0.0));
            wrong.map_or(Ok(()), |v| {
                Err(Error::Usage(format!("{option} {v}: not zero or more")))
            })
        };
        positive("--smoothing", &self.smoothing)?;
        positive("--thresholds", &self.thresholds)?;
        positive("--least-rows", &[self.least_rows])?;
        positive("--tolerance", &[self.tolerance])?;
        let learner = match self.learner {
            Which::Learnspn => Learner::LearnSpn(Growth {
                thresholds: self.thresholds,
                least_rows: self.least_rows,
                sums: self.max_sums,
                tolerance: self.tolerance,
                ..Growth::default()
            }),
            Which::Rat => Learner::Rat(RatShape {
                depth: self.depth,
                repetitions: self.repetitions,
                sums: self.sums,
                inputs: self.inputs,
            }),
        };
        Ok(Options {
            source: Source {
                data: self.data,
                folder: self.data_dir,
                valid: self.valid,
                test: self.test,
                hold_out: self.hold_out,
                clip: self.clip,
            },
            learner,
            kind: self.leaves.map(|kind| match kind {
                LeafKind::Bernoulli => Kind::Bernoulli,
                LeafKind::Categorical => Kind::Categorical,
                LeafKind::Gaussian => Kind::Gaussian,
                LeafKind::Poisson => Kind::Poisson,
                LeafKind::Histogram => Kind::Histogram,
            }),
            class: self.class,
            smoothing: self.smoothing,
            iterations: self.iterations,
            seed: self.seed,
            output: self.output,
            json: self.json,
            quiet: self.quiet,
        })
    }
}
