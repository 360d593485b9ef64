//! `halfmask serve`.

use std::ffi::OsString;
use std::num::NonZeroU64;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::common::{Compute, Engine, Link, Output, Seed, Supervised, addresses, seconds};
use crate::exit::Error;
use crate::infer::DEFAULT_BATCH;
use crate::model::ModelSource;
use crate::output::check_target;
use crate::serve::Options;

/// Hold a model and evaluate it on the encrypted images of clients
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  halfmask serve cryptonets-relu --listen 127.0.0.1:7000
  halfmask serve model.onnx --listen 0.0.0.0:7000 --sessions 0
  halfmask serve cryptonets-relu --listen 0.0.0.0:7000 --plan-for 1gbit,0.2ms -v     plan for a real link, and say why
  halfmask serve cryptonets-relu --listen 127.0.0.1:7000 --network wan     and infer with the same --network
  halfmask serve model.onnx --listen 0.0.0.0:7000 --output logits:10     scores to clients that may learn so much

Prints `listening on ADDR` once it listens. TCP is neither encrypted nor authenticated: see SECURITY.md.")]
pub(super) struct Arguments {
    /// An ONNX file, or `cryptonets-relu` for the built-in model
    model: OsString,
    /// Where to listen (HOST:PORT; port 0 takes a free one)
    #[arg(long, value_name = "ADDR")]
    listen: String,
    /// The longest silence of a client, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = seconds)]
    timeout: Duration,
    /// Sessions to serve, one after another; 0: until stopped
    #[arg(long, value_name = "N", default_value_t = 1)]
    sessions: u64,
    /// Write what was counted to this file (JSON)
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    link: Link,
    #[command(flatten)]
    engine: Engine,
    /// Images a batch that the engine is chosen for
    #[arg(long, value_name = "N", default_value_t = DEFAULT_BATCH)]
    batch: usize,
    #[command(flatten)]
    compute: Compute,
    #[command(flatten)]
    seed: Seed,
    #[command(flatten)]
    supervised: Supervised,
}

impl Arguments {
    pub fn run(self) -> Result<(), Error> {
        self.supervised.watch();
        let compute = self.compute;
        compute.run_in_pool(|| crate::serve::run(&self.resolve()?))
    }

    fn resolve(self) -> Result<Options, Error> {
        let kernels = self.compute.kernels()?;
        let addresses = addresses("--listen", &self.listen)?;
        if let Some(report) = &self.report {
            check_target("--report", report)?;
        }
        Ok(Options {
            model: ModelSource::parse(&self.model),
            output: self.output.output,
            listen: self.listen,
            addresses,
            timeout: self.timeout,
            network: self.link.network,
            engine: self
                .engine
                .options(self.link.network, rayon::current_num_threads()),
            batch: self.batch,
            sessions: NonZeroU64::new(self.sessions),
            kernels,
            random: self.seed.source(),
            report: self.report,
        })
    }
}
