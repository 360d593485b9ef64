//! `halfmask bench relu | maxpool | garble | ot`: the parts of the engine, each by itself.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use halfmask_models::bridge::mpc::ot::CotProtocol;
use halfmask_models::bridge::mpc::simd::Simd;
use halfmask_models::nn::planner::PlanOptions;
use serde::Serialize;

use crate::bench::layer::Setting;
use crate::bench::maxpool::Window;
use crate::bench::{garble, maxpool, ot, relu};
use crate::cli::common::{Compute, Level, Link};
use crate::exit::Error;
use crate::infer::progress_spinner;
use crate::machine;
use crate::output::{check_target, print};
use crate::report::write_json;

/// Where the record goes.
#[derive(Debug, Args)]
pub(super) struct Target {
    /// Write the record to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

impl Target {
    pub fn check(&self) -> Result<Option<&Path>, Error> {
        if let Some(json) = &self.json {
            check_target("--json", json)?;
        }
        Ok(self.json.as_deref())
    }

    pub fn finish(&self, record: &impl Serialize, table: &str) -> Result<(), Error> {
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
  halfmask bench relu --width 8,12,16,24,32 --ot softspoken-4,silent --json widths.json

Two threads of this process are the parties, joined by TCP on loopback. `gc` is the garbled sign, `ot` the sign by look-ups on
oblivious transfer, `mp2ml` the published circuit on 64-bit words.")]
pub(super) struct ReluArguments {
    /// ReLUs a mode (mp2ml: a 32nd of them)
    #[arg(long, value_name = "N", default_value_t = 1 << 20)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=1 << 26))]
    relus: u32,
    /// Where the correlated OTs of mode ot come from: silent, softspoken-1, -2, -4 or -8. Of several, --width takes each, all else
    /// the first
    #[arg(
        long,
        value_name = "PROTOCOL",
        value_delimiter = ',',
        default_value = "silent"
    )]
    ot: Vec<CotProtocol>,
    /// Also run gc and ot with every source of correlated OTs
    #[arg(long)]
    all: bool,
    /// Also run gc and ot with comparisons of these widths, 3 to 32 bits
    #[arg(long, value_name = "BITS", value_delimiter = ',')]
    #[arg(value_parser = clap::value_parser!(u32).range(3..=32))]
    width: Vec<u32>,
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
        let ot = self.ot.first().copied().unwrap_or(CotProtocol::Silent);
        let options = relu::Options {
            relus: self.relus as usize,
            width: planned.relu_width,
            guard_bits: planned.guard_bits,
            cots: (CotProtocol::default(), ot),
            all: self.all,
            widths: self.width,
            width_cots: self.ot,
            setting: setting(&self.link, &self.compute)?,
        };
        let spinner = progress_spinner();
        let record = relu::measure(&options, |mode| spinner.set_message(mode.to_owned()))?;
        spinner.finish_and_clear();
        self.target.finish(&record, &relu::render(&record))
    }
}

/// Maxima over windows by garbled circuits and by look-ups on oblivious transfer: rate, bytes, gates, error
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  halfmask bench maxpool
  halfmask bench maxpool --window 2x2 --bits 16 --ot softspoken-4,silent --network lan --json maxpool.json

Two threads of this process are the parties, joined by TCP on loopback. All bits of a value are compared.")]
pub(super) struct MaxPoolArguments {
    /// Maxima of each kind
    #[arg(long, value_name = "N", default_value_t = 1 << 18)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=1 << 24))]
    maxima: u32,
    /// Rows and columns of a window
    #[arg(long, value_name = "SHAPE", value_delimiter = ',', default_values_t = Window::USUAL)]
    window: Vec<Window>,
    /// Bits of a value, 4 to 32
    #[arg(
        long,
        value_name = "BITS",
        value_delimiter = ',',
        default_value = "8,16,24,32"
    )]
    #[arg(value_parser = clap::value_parser!(u32).range(4..=32))]
    bits: Vec<u32>,
    /// Where the correlated OTs of mode ot come from, each in turn: silent, softspoken-1, -2, -4 or -8
    #[arg(
        long,
        value_name = "PROTOCOL",
        value_delimiter = ',',
        default_value = "silent"
    )]
    ot: Vec<CotProtocol>,
    #[command(flatten)]
    link: Link,
    #[command(flatten)]
    compute: Compute,
    #[command(flatten)]
    target: Target,
}

impl MaxPoolArguments {
    pub fn run(self) -> Result<(), Error> {
        self.target.check()?;
        let options = maxpool::Options {
            maxima: self.maxima as usize,
            windows: self.window,
            bits: self.bits,
            cots: self.ot,
            setting: setting(&self.link, &self.compute)?,
        };
        let spinner = progress_spinner();
        let record = maxpool::measure(&options, |mode| spinner.set_message(mode.to_owned()))?;
        spinner.finish_and_clear();
        self.target.finish(&record, &maxpool::render(&record))
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

/// How two threads run as parties.
fn setting(link: &Link, compute: &Compute) -> Result<Setting, Error> {
    Ok(Setting {
        network: link.network,
        threads: threads(compute),
        simd: compute.kernels()?.mpc,
    })
}

/// Threads of each of two parties.
pub(super) fn threads(compute: &Compute) -> usize {
    let half = (machine::cores() / 2).max(1);
    compute.threads.map_or(half, NonZeroUsize::get)
}
