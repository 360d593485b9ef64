//! `halfmask inspect`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

use crate::exit::Error;
use crate::inspect::Options;
use crate::model::ModelSource;
use crate::output::check_target;

/// Show how a model would be evaluated: layers, ranges, noise, parameters, predicted bytes
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  halfmask inspect cryptonets-relu
  halfmask inspect model.onnx --json plan.json

For the model's owner: ranges and weights are not in the plan that clients see.")]
pub(super) struct Arguments {
    /// An ONNX file, or `cryptonets-relu` for the built-in model
    model: OsString,
    /// Write the same to this file (JSON)
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

impl Arguments {
    pub fn run(self) -> Result<(), Error> {
        crate::inspect::run(&self.resolve()?)
    }

    fn resolve(self) -> Result<Options, Error> {
        if let Some(json) = &self.json {
            check_target("--json", json)?;
        }
        Ok(Options {
            model: ModelSource::parse(&self.model),
            json: self.json,
        })
    }
}
