//! `halfmask bench relu | garble | ot`: the parts of the engine, each by itself.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use halfmask_models::bridge::mpc::ot::CotProtocol;
use halfmask_models::bridge::mpc::simd::Simd;
use halfmask_models::nn::planner::PlanOptions;
use serde::Serialize;

use crate::bench::{garble, ot, relu};
use crate::cli::common::{Compute, Level, Link};
use crate::exit::Error;
use crate::infer::progress_spinner;
use crate::machine;
use crate::output::{check_target, print};
use crate::report::write_json;

/// Where the record goes.
#[derive(Debug, Args)]
struct Target {
    /// Write the record to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

impl Target {
    fn check(&self) -> Result<Option<&Path>, Error> {
        if let Some(json) = &self.json {
            check_target("--json", json)?;
        }
        Ok(self.json.as_deref())
    }

    fn finish(&self, record: &impl Serialize, table: &str) -> Result<(), Error> {
        if let Some(json) = &self.json {
            write_json(record, json)?;
        }
        print(table)
    }
}

/// A layer of ReLUs by every protocol, side by side: rate, bytes, gates, error
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  halfmask bench relu
  halfmask bench relu --relus 100000 --network lan --json relu.json
  halfmask bench relu --ot softspoken-4 --all

Two threads of this process are the parties, joined by TCP on loopback. `gc` is the garbled sign, `ot` the sign by look-ups on
oblivious transfer, `mp2ml` the published circuit on 64-bit words.")]
pub(super) struct ReluArguments {
    /// ReLUs a mode (mp2ml: a 32nd of them)
    #[arg(long, value_name = "N")]
    #[arg(default_value_t = NonZeroUsize::new(1 << 20).unwrap_or(NonZeroUsize::MIN))]
    relus: NonZeroUsize,
    /// Where the correlated OTs of mode ot come from: silent, softspoken-1, -2, -4 or -8
    #[arg(long, value_name = "PROTOCOL", default_value_t = CotProtocol::Silent)]
    ot: CotProtocol,
    /// Also run gc and ot with every source of correlated OTs
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    link: Link,
    #[command(flatten)]
    compute: Compute,
    #[command(flatten)]
    target: Target,
}

impl ReluArguments {
    pub fn run(self) -> Result<(), Error> {
        self.target.check()?;
        let planned = PlanOptions::default();
        let options = relu::Options {
            relus: self.relus.get(),
            planned: (planned.relu_width, planned.relu_width + planned.guard_bits),
            cots: (CotProtocol::default(), self.ot),
            all: self.all,
            network: self.link.network,
            threads: threads(&self.compute),
            simd: self.compute.kernels()?.mpc,
        };
        let spinner = progress_spinner();
        let record = relu::measure(&options, |mode| spinner.set_message(mode.to_owned()))?;
        spinner.finish_and_clear();
        self.target.finish(&record, &relu::render(&record))
    }
}

/// Garbling and evaluation by instruction set and scheme
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  halfmask bench garble
  halfmask bench garble --simd avx2 --seconds 2 --json garble.json")]
pub(super) struct GarbleArguments {
    /// Only this instruction set [default: all that this processor has]
    #[arg(long, value_enum, default_value_t, value_name = "LEVEL")]
    simd: Level,
    /// Seconds for each figure
    #[arg(long, value_name = "SECONDS", default_value = "0.5", value_parser = crate::cli::common::seconds)]
    seconds: Duration,
    #[command(flatten)]
    target: Target,
}

impl GarbleArguments {
    pub fn run(self) -> Result<(), Error> {
        self.target.check()?;
        let kernels = match self.simd {
            Level::Auto => Simd::all_supported(),
            level => vec![level.mpc()?],
        };
        let spinner = progress_spinner();
        let options = garble::Options {
            kernels,
            time: self.seconds,
        };
        let record = garble::measure(&options)?;
        spinner.finish_and_clear();
        self.target.finish(&record, &garble::render(&record))
    }
}

/// Correlated oblivious transfer by protocol
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  halfmask bench ot
  halfmask bench ot --protocol silent --cots 100000000 --json ot.json")]
pub(super) struct OtArguments {
    /// Only this protocol: silent, softspoken-1, -2, -4 or -8 [default: all]
    #[arg(long, value_name = "PROTOCOL")]
    protocol: Option<CotProtocol>,
    /// Correlated OTs with each
    #[arg(long, value_name = "N")]
    #[arg(default_value_t = NonZeroUsize::new(1 << 25).unwrap_or(NonZeroUsize::MIN))]
    cots: NonZeroUsize,
    /// Instruction set of the kernels
    #[arg(long, value_enum, default_value_t, value_name = "LEVEL")]
    simd: Level,
    #[command(flatten)]
    target: Target,
}

impl OtArguments {
    pub fn run(self) -> Result<(), Error> {
        self.target.check()?;
        let protocols = self
            .protocol
            .map_or_else(|| CotProtocol::ALL.to_vec(), |protocol| vec![protocol]);
        let spinner = progress_spinner();
        let record = ot::measure(&ot::Options {
            protocols,
            cots: self.cots.get(),
            simd: self.simd.mpc()?,
        })?;
        spinner.finish_and_clear();
        self.target.finish(&record, &ot::render(&record))
    }
}

/// Threads of each of two parties.
pub(super) fn threads(compute: &Compute) -> usize {
    let half = (machine::cores() / 2).max(1);
    compute.threads.map_or(half, NonZeroUsize::get)
}
