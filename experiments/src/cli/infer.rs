//! `halfmask infer`.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::common::{Compute, Link, Seed, Supervised, addresses, digest, seconds};
use crate::exit::Error;
use crate::infer::Options;
use crate::output::check_target;

/// Classify images with a server's model, neither learning the other's data
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  halfmask infer --connect 127.0.0.1:7000 --input t10k-images-idx3-ubyte.gz --output classes.txt
  halfmask infer --connect server:7000 --input images.idx --labels labels.idx --output classes.txt --images 100
  halfmask infer --connect 127.0.0.1:7000 --input images.idx --output classes.txt --network 50mbit,80ms

Each party emulates what it sends: give `serve` and `infer` the same --network.

Writes one predicted class a line, all of them or no file. If the server opens scores (`serve --output logits`), writes them as
CSV instead: the line class_0,class_1,... and then one line of scores an image, in the model's units, rounded as the plan says.")]
pub(super) struct Arguments {
    /// The server (HOST:PORT); tried for a few seconds, so that both can be started at once
    #[arg(long, value_name = "ADDR")]
    connect: String,
    /// Images in IDX format, .gz or not
    #[arg(long, value_name = "FILE")]
    input: PathBuf,
    /// Where the classes go, or the scores if the server opens them
    #[arg(long, value_name = "FILE")]
    output: PathBuf,
    /// True labels in IDX format, to print the accuracy
    #[arg(long, value_name = "FILE")]
    labels: Option<PathBuf>,
    /// Take only the first N images
    #[arg(long, value_name = "N")]
    images: Option<NonZeroUsize>,
    /// Images a batch, at most the plan's ring degree [default: 2048]
    #[arg(long, value_name = "N")]
    batch: Option<NonZeroUsize>,
    /// The longest silence of the server, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = seconds)]
    timeout: Duration,
    /// Accept only a server with this public plan (`halfmask inspect` prints the digest; the engine is part of the plan: name it
    /// with --relu and --ot, there and at the server)
    #[arg(long, value_name = "HEX", value_parser = digest)]
    expect_plan: Option<[u8; 32]>,
    /// Make ahead of each batch, with the server, what needs no input: correlated OTs, look-up tables, encryption randomness;
    /// offline and online are reported apart. Signs by `gc` have nothing but silent OTs to make ahead
    #[arg(long)]
    preprocess: bool,
    /// Write what was counted to this file (JSON)
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Progress as lines on standard error
    #[arg(long, hide = true)]
    progress_lines: bool,
    #[command(flatten)]
    link: Link,
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
        compute.run_in_pool(|| crate::infer::run(&self.resolve()?))
    }

    fn resolve(self) -> Result<Options, Error> {
        let kernels = self.compute.kernels()?;
        let addresses = addresses("--connect", &self.connect)?;
        if let Some(report) = &self.report {
            check_target("--report", report)?;
        }
        Ok(Options {
            connect: self.connect,
            addresses,
            input: self.input,
            output: self.output,
            labels: self.labels,
            images: self.images,
            batch: self.batch,
            timeout: self.timeout,
            network: self.link.network,
            expect_plan: self.expect_plan,
            kernels,
            random: self.seed.source(),
            preprocess: self.preprocess,
            report: self.report,
            progress_lines: self.progress_lines,
        })
    }
}
