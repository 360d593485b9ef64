//! `halfmask bench ckks | linear`: arithmetic on ciphertexts, by itself.

use std::num::NonZeroUsize;
use std::time::Duration;

use clap::Args;
use halfmask_models::bridge::ckks::ckks::Preset;

use super::parts::Target;
use crate::bench::linear::Packing;
use crate::bench::{ckks, linear};
use crate::cli::common::{Compute, Level};
use crate::exit::Error;
use crate::infer::progress_spinner;

/// Every operation of the CKKS scheme, and the precision of products
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  halfmask bench ckks
  halfmask bench ckks --preset N8192Wide --seconds 1 --json ckks.json

Presets: N4096, N8192, N8192Wide, N16384, N16384Grouped, N16384Wide, N32768. All times are those of one thread.")]
pub(super) struct CkksArguments {
    /// Only this parameter set; may be given several times [default: N8192, N8192Wide, N16384, N16384Wide]
    #[arg(long, value_name = "PRESET", value_parser = ckks::preset)]
    preset: Vec<Preset>,
    /// Seconds for each operation
    #[arg(long, value_name = "SECONDS", default_value = "0.2", value_parser = crate::cli::common::seconds)]
    seconds: Duration,
    #[command(flatten)]
    target: Target,
}

impl CkksArguments {
    pub fn run(self) -> Result<(), Error> {
        self.target.check()?;
        let options = ckks::Options {
            presets: if self.preset.is_empty() {
                ckks::PRESETS.to_vec()
            } else {
                self.preset
            },
            time: self.seconds,
        };
        let record = on_one_thread(|| {
            let spinner = progress_spinner();
            let record = ckks::measure(&options, |preset| spinner.set_message(preset));
            spinner.finish_and_clear();
            record
        })?;
        self.target.finish(&record, &ckks::render(&record))
    }
}

/// A linear layer under encryption: packings by number of images
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  halfmask bench linear
  halfmask bench linear --layer fc1 --images 1,4,16,64
  halfmask bench linear --packing batch-coefficients --images 8192 --json linear.json

Packings: batch-coefficients (an element of all images a ciphertext, modulo one prime: what the private protocol runs), batch-slots (the
same in CKKS slots), image-slots (a CKKS ciphertext an image; at most 64 images are run, each costs the same). The layers are those of
the built-in cryptonets-relu. All times are those of one thread, and every output is compared with the plain product.")]
pub(super) struct LinearArguments {
    /// Only this layer; may be given several times [default: all]
    #[arg(long, value_name = "NAME")]
    layer: Vec<String>,
    /// Only this packing; may be given several times [default: all]
    #[arg(long, value_name = "PACKING")]
    packing: Vec<Packing>,
    /// Numbers of images
    #[arg(
        long,
        value_name = "N,..",
        value_delimiter = ',',
        default_value = "1,16,256,2048"
    )]
    images: Vec<NonZeroUsize>,
    /// Instruction set of the kernels (the number-theoretic transform detects for itself)
    #[arg(long, value_enum, default_value_t, value_name = "LEVEL")]
    simd: Level,
    #[command(flatten)]
    target: Target,
}

impl LinearArguments {
    pub fn run(self) -> Result<(), Error> {
        self.target.check()?;
        let compute = Compute {
            threads: NonZeroUsize::new(1),
            simd: self.simd,
        };
        let options = linear::Options {
            packings: if self.packing.is_empty() {
                Packing::ALL.to_vec()
            } else {
                self.packing
            },
            layers: self.layer,
            images: self.images.into_iter().map(NonZeroUsize::get).collect(),
            simd: compute.kernels()?.he,
        };
        let record = on_one_thread(|| {
            let spinner = progress_spinner();
            let record = linear::measure(&options, |what| spinner.set_message(what));
            spinner.finish_and_clear();
            record
        })?;
        self.target.finish(&record, &linear::render(&record))
    }
}

/// Runs what would share its work among threads on one.
fn on_one_thread<T: Send>(work: impl FnOnce() -> Result<T, Error> + Send) -> Result<T, Error> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build();
    let pool = pool.map_err(|error| Error::Failed(format!("cannot start a thread: {error}")))?;
    pool.install(work)
}
