//! `halfmask bench precision`.

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Args;

use crate::bench::precision::{Options, run};
use crate::exit::Error;
use crate::model::{BUILT_IN, ModelSource};
use crate::output::check_target;

/// What bits of comparisons, weights and shares do to a network's answers: accuracy, agreement with float, error of scores
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  halfmask bench precision
  halfmask bench precision --images 1000 --json precision.json
  halfmask bench precision --relu-width 6,8,10 --weight-bits 9 --guard-bits 10
  halfmask bench precision --model mine.onnx --data ../shared/data

Evaluates the test images in the clear by the fixed-point twin, which is what the protocol computes but for its bounded noise. One option
is varied at a time, the others stay at the planner's defaults; what the planner refuses is listed with its reason. Images are looked
for as by `bench cryptonets`.")]
pub(super) struct PrecisionArguments {
    /// Bits of a ReLU's comparison
    #[arg(
        long,
        value_name = "BITS",
        value_delimiter = ',',
        default_value = "4,5,6,7,8,9,10,11,12,13,14,15,16"
    )]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=24))]
    relu_width: Vec<u32>,
    /// Bits of a weight, sign included
    #[arg(
        long,
        value_name = "BITS",
        value_delimiter = ',',
        default_value = "2,3,4,5,6,7,8,9,10,11,12"
    )]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=24))]
    weight_bits: Vec<u32>,
    /// Bits that shares keep below a comparison's unit
    #[arg(
        long,
        value_name = "BITS",
        value_delimiter = ',',
        default_value = "0,2,4,6,8,10,12,14"
    )]
    #[arg(value_parser = clap::value_parser!(u32).range(0..=24))]
    guard_bits: Vec<u32>,
    /// An ONNX file, or the built-in `cryptonets-relu`
    #[arg(long, value_name = "FILE", default_value = BUILT_IN)]
    model: OsString,
    /// Take only the first N images
    #[arg(long, value_name = "N")]
    images: Option<NonZeroUsize>,
    /// The folder with the MNIST test set, in mnist/ or directly
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Write the record to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

impl PrecisionArguments {
    pub fn run(self) -> Result<(), Error> {
        if let Some(json) = &self.json {
            check_target("--json", json)?;
        }
        run(&Options {
            model: ModelSource::parse(&self.model),
            relu_widths: self.relu_width,
            weight_bits: self.weight_bits,
            guard_bits: self.guard_bits,
            data: self.data,
            images: self.images,
            json: self.json,
        })
    }
}
