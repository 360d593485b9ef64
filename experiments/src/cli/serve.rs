//! `halfmask serve`.

use std::ffi::OsString;
use std::num::NonZeroU64;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use halfmask_models::nn::planner;

use super::common::{Auto, Compute, Engine, Link, Output, Seed, Supervised, addresses, seconds};
use crate::exit::Error;
use crate::infer::DEFAULT_BATCH;
use crate::model::ModelSource;
use crate::output::check_target;
use crate::serve::{Model, Options};
use crate::spn::model::is_spn;

/// Hold a model and evaluate it on the encrypted images, or rows of evidence, of clients
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  halfmask serve cryptonets-relu --listen 127.0.0.1:7000
  halfmask serve model.onnx --listen 0.0.0.0:7000 --sessions 0
  halfmask serve cryptonets-relu --listen 0.0.0.0:7000 --plan-for 1gbit,0.2ms -v     plan for a real link, and say why
  halfmask serve cryptonets-relu --listen 127.0.0.1:7000 --network wan     and infer with the same --network
  halfmask serve model.onnx --listen 0.0.0.0:7000 --output logits:10     scores to clients that may learn so much
  halfmask serve model.spn.json --listen 127.0.0.1:7000     a sum-product network: clients ask with `infer --query`
  halfmask serve spn.eq.txt --listen 127.0.0.1:7000 --class income --ot silent

Sum-product networks are the project's JSON, lists of nodes, or what SPFlow 0.0.4x writes; the file's content tells.

Prints `listening on ADDR` once it listens. TCP is neither encrypted nor authenticated: see SECURITY.md.")]
pub(super) struct Arguments {
    /// An ONNX file, a sum-product network, or `cryptonets-relu` for the built-in model
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
    /// Images a batch that the engine is chosen for [default: 2048]
    #[arg(long, value_name = "N")]
    batch: Option<usize>,
    /// The class variable of a sum-product network, by name or number from 1 [default: the file's]
    #[arg(long, value_name = "COLUMN")]
    class: Option<String>,
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
        let (listen, timeout, report) = (self.listen.clone(), self.timeout, self.report.clone());
        let (network, sessions) = (self.link.network, NonZeroU64::new(self.sessions));
        let random = self.seed.source();
        Ok(Options {
            model: self.model()?,
            listen,
            addresses,
            timeout,
            network,
            sessions,
            kernels,
            random,
            report,
        })
    }

    /// The model, and whether the options that were given make sense for its kind.
    fn model(self) -> Result<Model, Error> {
        let refuse = |option: &str, why: &str| {
            let model = self.model.to_string_lossy();
            Err(Error::Usage(format!("{option}: {model} is {why}")))
        };
        match ModelSource::parse(&self.model) {
            ModelSource::File(path) if is_spn(&path) => {
                let given = [
                    ("--output", self.output.output != planner::Output::Class),
                    ("--relu", self.engine.relu != Auto::Auto),
                    ("--costs", self.engine.costs.is_some()),
                    ("--segment", self.engine.segment.is_some()),
                    ("--batch", self.batch.is_some()),
                ];
                if let Some((option, _)) = given.into_iter().find(|(_, given)| *given) {
                    return refuse(option, "a sum-product network, which has no use for it");
                }
                Ok(Model::Spn {
                    path,
                    class: self.class,
                    cot: self.engine.ot.fixed(),
                    plan_for: self.engine.plan_for.unwrap_or(self.link.network),
                })
            }
            _ if self.class.is_some() => refuse("--class", "no sum-product network"),
            source => Ok(Model::Network {
                source,
                output: self.output.output,
                engine: self
                    .engine
                    .options(self.link.network, rayon::current_num_threads()),
                batch: self.batch.unwrap_or(DEFAULT_BATCH),
            }),
        }
    }
}
