//! `halfmask bench`, and the check of its records.

mod parts;
mod spn;

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};

use super::common::{Compute, Engine, Link, seconds};
use crate::bench::check;
use crate::bench::cryptonets::{self, Options, Profile};
use crate::exit::Error;
use crate::infer::DEFAULT_BATCH;
use crate::machine;
use crate::model::{BUILT_IN, ModelSource};
use crate::output::{check_target, print, read_text};

/// Measure: the real server and client as two processes
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Cryptonets(CryptonetsArguments),
    Relu(parts::ReluArguments),
    Garble(parts::GarbleArguments),
    Ot(parts::OtArguments),
    Spn(spn::SpnArguments),
}

/// CryptoNets-ReLU on the MNIST test set: throughput, accuracy, bytes, rounds, memory
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  halfmask bench cryptonets
  halfmask bench cryptonets --data ../shared/data --json out.json
  halfmask bench cryptonets --images 256 --threads 1 --simd avx2
  halfmask bench cryptonets --network wan
  halfmask bench cryptonets --relu ot --ot silent --preprocess
  halfmask bench cryptonets --profile mp2ml --images 500
  halfmask bench cryptonets --network 50mbit,80ms

Images are looked for in --data, $HALFMASK_DATA, data/ and ../shared/data, then on a public mirror; without
any, handwritten digits that come with the program stand in, and the output says so.")]
struct CryptonetsArguments {
    /// An ONNX file, or `cryptonets-relu` for the built-in model
    #[arg(long, value_name = "FILE", default_value = BUILT_IN)]
    model: OsString,
    /// Take only the first N images
    #[arg(long, value_name = "N")]
    images: Option<NonZeroUsize>,
    /// Images a batch, at most the ring degree; batches are of equal size
    #[arg(long, value_name = "N")]
    #[arg(default_value_t = NonZeroUsize::new(DEFAULT_BATCH).unwrap_or(NonZeroUsize::MIN))]
    batch: NonZeroUsize,
    /// The folder with the MNIST test set, in mnist/ or directly
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The longest silence between the processes, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = seconds)]
    timeout: Duration,
    /// Write the record of the run to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Whose ReLU runs: this project's, or after it the published circuit on the same images (slow: use --images)
    #[arg(long, value_enum, default_value_t)]
    profile: ProfileName,
    /// Make ahead of each batch what needs no input; offline and online are reported apart
    #[arg(long)]
    preprocess: bool,
    #[command(flatten)]
    link: Link,
    #[command(flatten)]
    engine: Engine,
    #[command(flatten)]
    compute: Compute,
    /// Seed of all randomness: nothing stays secret
    #[cfg(feature = "test-seed")]
    #[arg(long, hide = true, value_name = "HEX")]
    seed: Option<String>,
}

/// Whose ReLU runs.
#[derive(Copy, Clone, Debug, Default, ValueEnum)]
enum ProfileName {
    /// This project's
    #[default]
    Halfmask,
    /// This project's, then the one of MP2ML, side by side
    Mp2ml,
}

impl Arguments {
    pub fn run(self) -> Result<(), Error> {
        match self.command {
            Command::Cryptonets(arguments) => cryptonets::run(&arguments.resolve()?),
            Command::Relu(arguments) => arguments.run(),
            Command::Garble(arguments) => arguments.run(),
            Command::Ot(arguments) => arguments.run(),
            Command::Spn(arguments) => arguments.run(),
        }
    }
}

impl CryptonetsArguments {
    fn resolve(self) -> Result<Options, Error> {
        // Refused here already, by its own name; the processes resolve it again.
        let kernels = self.compute.kernels()?;
        if let Some(json) = &self.json {
            check_target("--json", json)?;
        }
        let threads = self.compute.threads.map(NonZeroUsize::get);
        let threads = threads.unwrap_or_else(|| (machine::cores() / 2).max(1));
        #[cfg_attr(
            not(feature = "test-seed"),
            expect(unused_mut, reason = "seeds are pushed")
        )]
        let mut pass_on = Vec::new();
        #[cfg(feature = "test-seed")]
        if let Some(seed) = self.seed {
            super::common::digest(&seed).map_err(|why| Error::Usage(format!("--seed: {why}")))?;
            pass_on = vec!["--seed".to_owned(), seed];
        }
        Ok(Options {
            model: ModelSource::parse(&self.model),
            images: self.images,
            batch: self.batch.get(),
            threads,
            data: self.data,
            timeout: self.timeout,
            simd: self.compute.simd.name(),
            json: self.json,
            network: self.link.network,
            kernels,
            engine: self.engine.options(self.link.network, threads),
            profile: match self.profile {
                ProfileName::Halfmask => Profile::Halfmask,
                ProfileName::Mp2ml => Profile::Mp2ml,
            },
            preprocess: self.preprocess,
            pass_on,
        })
    }
}

/// Check a record: every key there, every figure possible, and the run as good as it must be
#[derive(Debug, Args)]
#[command(hide = true)]
pub(super) struct CheckArguments {
    /// A record that `bench --json` wrote
    file: PathBuf,
}

impl CheckArguments {
    pub fn run(self) -> Result<(), Error> {
        let place = self.file.display();
        let record = check::parse(&read_text(&self.file)?)
            .map_err(|why| Error::Usage(format!("{place}: {why}")))?;
        let what = record
            .check()
            .map_err(|why| Error::Failed(format!("{place}: {why}")))?;
        print(&format!("{place}: a sane record of {what}\n"))
    }
}
