//! `halfmask infer`.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::common::{Compute, Link, Seed, Supervised, addresses, digest, seconds};
use super::eval::Query;
use crate::exit::Error;
use crate::infer::{Ask, Options};
use crate::output::check_target;

/// Classify images with a server's model, or ask its sum-product network, neither learning the other's data
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  halfmask infer --connect 127.0.0.1:7000 --input t10k-images-idx3-ubyte.gz --output classes.txt
  halfmask infer --connect server:7000 --input images.idx --labels labels.idx --output classes.txt --images 100
  halfmask infer --connect 127.0.0.1:7000 --input images.idx --output classes.txt --network 50mbit,80ms
  halfmask infer --connect server:7000 --query likelihood --input rows.csv --output ll.txt
  halfmask infer --connect server:7000 --query conditional --given age,smokes --input rows.csv.gz --output ll.txt
  halfmask infer --connect server:7000 --query mpe --input rows.csv --output completed.csv
  halfmask infer --connect server:7000 --query class --input rows.csv --output classes.txt

Each party emulates what it sends: give `serve` and `infer` the same --network.

Writes one predicted class a line, all of them or no file. If the server opens scores (`serve --output logits`), writes them as
CSV instead: the line class_0,class_1,... and then one line of scores an image, in the model's units, rounded as the plan says.

With --query the server has a sum-product network and the input is rows of evidence: CSV, with or without a header, columns by
name or in order. An empty field is missing evidence (marginalised; completed by mpe), `?` is to be maximised. All rows are checked
before anything about them is sent. Writes one answer a line: a log-likelihood (natural logarithm), a completed row, or a class.")]
pub(super) struct Arguments {
    /// The server (HOST:PORT); tried for a few seconds, so that both can be started at once
    #[arg(long, value_name = "ADDR")]
    connect: String,
    /// Ask a sum-product network about rows of evidence, instead of a neural network about images
    #[arg(long, value_enum, value_name = "QUERY")]
    query: Option<Query>,
    /// What a conditional is given: columns, by name or number from 1
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',')]
    given: Vec<String>,
    /// Images in IDX format, or rows in CSV, .gz or not
    #[arg(long, value_name = "FILE")]
    input: PathBuf,
    /// Where the classes go, or the scores if the server opens them, or the answers about rows
    #[arg(long, value_name = "FILE")]
    output: PathBuf,
    /// True labels in IDX format, to print the accuracy
    #[arg(long, value_name = "FILE")]
    labels: Option<PathBuf>,
    /// Take only the first N images
    #[arg(long, value_name = "N")]
    images: Option<NonZeroUsize>,
    /// Images or rows a batch, at most as many as the plan takes [default: 2048 images, 4096 rows]
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
        let ask = match self.query {
            None if !self.given.is_empty() => {
                return Err(Error::Usage(
                    "--query conditional and --given COLUMNS go together".into(),
                ));
            }
            None => Ask::Images {
                labels: self.labels,
                images: self.images,
            },
            Some(_) if self.labels.is_some() || self.images.is_some() => {
                return Err(Error::Usage(
                    "--labels and --images are for images, --query is for rows".into(),
                ));
            }
            Some(query) => Ask::Rows(query.of(self.given)?),
        };
        Ok(Options {
            connect: self.connect,
            addresses,
            ask,
            input: self.input,
            output: self.output,
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
