//! `halfmask bench`, and the check of its records.

mod ciphertexts;
mod parts;
mod precision;
mod spn;

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};

use super::common::{Compute, Engine, Link, seconds};
use halfmask_models::nn::he::Packing;

use crate::bench::cryptonets::{self, Options, Profile};
use crate::bench::{check, he};
use crate::exit::Error;
use crate::infer::DEFAULT_BATCH;
use crate::machine;
use crate::model::{BUILT_IN, BUILT_IN_SQUARE, ModelSource};
use crate::output::{check_target, print, read_text};
use crate::random::Source;

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
    #[command(name = "maxpool")]
    MaxPool(parts::MaxPoolArguments),
    Garble(parts::GarbleArguments),
    Ot(parts::OtArguments),
    Ckks(ciphertexts::CkksArguments),
    Linear(ciphertexts::LinearArguments),
    Precision(precision::PrecisionArguments),
    Spn(spn::SpnArguments),
    SpnAccuracy(spn::SpnAccuracyArguments),
}

/// CryptoNets on the MNIST test set: throughput, accuracy, bytes, rounds, memory
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
  halfmask bench cryptonets --protocol he
  halfmask bench cryptonets --protocol he --packing real --batch 4096

With --protocol he the network with squares runs under CKKS, the server alone computing; options of garbling and oblivious
transfer do not apply to it. Images are looked for in --data, $HALFMASK_DATA, data/ and ../shared/data, then on a public mirror; without
any, handwritten digits that come with the program stand in, and the output says so.")]
struct CryptonetsArguments {
    /// Ciphertexts and circuits in turn (hybrid, ReLU), or ciphertexts alone (he, squares)
    #[arg(long, value_enum, default_value_t)]
    protocol: Protocol,
    /// With --protocol he: images of a slot, one (real) or two (complex)
    #[arg(long, value_name = "PACKING", default_value = "complex", value_parser = str::parse::<Packing>)]
    packing: Packing,
    /// An ONNX file, or the built-in `cryptonets-relu` (hybrid) or `cryptonets-square` (he)
    #[arg(long, value_name = "FILE")]
    model: Option<OsString>,
    /// Take only the first N images
    #[arg(long, value_name = "N")]
    images: Option<NonZeroUsize>,
    /// Images a batch, at most the ring degree; batches are of equal size [default: 2048; he: the most]
    #[arg(long, value_name = "N")]
    batch: Option<NonZeroUsize>,
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

/// How the network is evaluated.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Protocol {
    /// Linear layers on ciphertexts, ReLU by circuits
    #[default]
    Hybrid,
    /// All of it on ciphertexts
    He,
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
            Command::Cryptonets(arguments) if arguments.protocol == Protocol::He => {
                he::run(&arguments.encrypted()?)
            }
            Command::Cryptonets(arguments) => cryptonets::run(&arguments.resolve()?),
            Command::Relu(arguments) => arguments.run(),
            Command::MaxPool(arguments) => arguments.run(),
            Command::Garble(arguments) => arguments.run(),
            Command::Ot(arguments) => arguments.run(),
            Command::Ckks(arguments) => arguments.run(),
            Command::Linear(arguments) => arguments.run(),
            Command::Precision(arguments) => arguments.run(),
            Command::Spn(arguments) => arguments.run(),
            Command::SpnAccuracy(arguments) => arguments.run(),
        }
    }
}

impl CryptonetsArguments {
    /// Options of a run on ciphertexts alone.
    fn encrypted(self) -> Result<he::Options, Error> {
        let kernels = self.compute.kernels()?;
        if let Some(json) = &self.json {
            check_target("--json", json)?;
        }
        let threads = self.compute.threads.map(NonZeroUsize::get);
        let model = self.model.unwrap_or_else(|| BUILT_IN_SQUARE.into());
        Ok(he::Options {
            model: ModelSource::parse(&model),
            packing: self.packing,
            images: self.images,
            batch: self.batch,
            // The parties take turns: each may have all cores.
            threads: threads.unwrap_or_else(machine::cores),
            data: self.data,
            timeout: self.timeout,
            network: self.link.network,
            kernels,
            random: Source::default(),
            json: self.json,
        })
    }

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
            model: ModelSource::parse(&self.model.unwrap_or_else(|| BUILT_IN.into())),
            images: self.images,
            batch: self.batch.map_or(DEFAULT_BATCH, NonZeroUsize::get),
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
