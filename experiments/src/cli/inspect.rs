//! `halfmask inspect`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

use super::common::{Engine, Output};
use crate::exit::Error;
use crate::infer::DEFAULT_BATCH;
use crate::inspect::Options;
use crate::model::ModelSource;
use crate::net::Network;
use crate::output::check_target;
use crate::spn::model::is_spn;

/// Show how a model would be evaluated: layers, ranges, noise, parameters, predicted bytes; a sum-product network's sizes
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  halfmask inspect cryptonets-relu
  halfmask inspect model.onnx --json plan.json
  halfmask inspect model.spn.json                      nodes, edges, depth and leaves of a sum-product network
  halfmask inspect cryptonets-relu --output logits     what clients would see of scores
  halfmask inspect cryptonets-relu --plan-for wan     the engine that a server would choose for this link, and why

For the model's owner: ranges and weights are not in the plan that clients see.")]
pub(super) struct Arguments {
    /// An ONNX file, a sum-product network, or `cryptonets-relu` for the built-in model
    model: OsString,
    /// Write the same to this file (JSON)
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    engine: Engine,
    /// Images a batch that the engine is chosen for
    #[arg(long, value_name = "N", default_value_t = DEFAULT_BATCH)]
    batch: usize,
}

impl Arguments {
    pub fn run(self) -> Result<(), Error> {
        let options = self.resolve()?;
        match &options.model {
            ModelSource::File(path) if is_spn(path) => {
                crate::spn::inspect::run(path, options.json.as_ref())
            }
            _ => crate::inspect::run(&options),
        }
    }

    fn resolve(self) -> Result<Options, Error> {
        if let Some(json) = &self.json {
            check_target("--json", json)?;
        }
        Ok(Options {
            model: ModelSource::parse(&self.model),
            output: self.output.output,
            engine: self.engine.options(Network::Loopback, 1),
            batch: self.batch,
            json: self.json,
        })
    }
}
