//! `halfmask bench spn` and `halfmask bench spn-accuracy`.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Args;
use halfmask_models::bridge::mpc::ot::CotProtocol;

use super::parts::threads;
use crate::bench::spn::{self, Options, Profile};
use crate::bench::spn_accuracy;
use crate::cli::common::{Auto, Compute, automatic};
use crate::exit::Error;
use crate::net::Network;
use crate::output::check_target;
use crate::spn::source::Source;

/// Sum-product networks by every profile, side by side: gates, bytes, rounds, seconds a row, rows a second, error
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  halfmask bench spn                                            all models of the source tree
  halfmask bench spn nltcs msnbc --profile halfmask,cryptospn-32 --json spn.json
  halfmask bench spn --network loopback,lan,wan --profile halfmask
  halfmask bench spn model.spn.json --input rows.csv.gz --single 100
  halfmask bench spn model.spn.json --network 50mbit,80ms
  halfmask bench spn random-8 random-16 --profile halfmask --rows 32

Two threads of this process are the parties, joined by TCP on loopback or over an emulated network. Rows are those of --input, or a
data set's test split, found by the model's name in --data, $HALFMASK_DATA, data/ and ../shared/data (there in debd/ or directly),
or else drawn from the model; the record says which. Every answer is compared bit for bit with the evaluation in the clear,
and the run fails if one differs; errors are against float64.")]
pub(super) struct SpnArguments {
    #[command(flatten)]
    networks: Networks,
    /// By what, in this order: halfmask; garbled, the same fixed point all in one garbled circuit; cryptospn-32 and cryptospn-64, the published
    /// protocol in floating point, which sends hundreds of megabytes a row of a network of hundreds of sums
    #[arg(
        long,
        value_name = "PROFILES",
        value_delimiter = ',',
        default_values_t = Profile::ALL
    )]
    profile: Vec<Profile>,
    /// Over what: loopback, lan, lan10, wan, or a rate and a round trip such as 50mbit,80ms; several with commas or repeated
    #[arg(long, value_name = "NETWORKS", default_value = "loopback")]
    network: Vec<String>,
    /// Requests of a single row, of which the medians are reported
    #[arg(long, value_name = "N")]
    #[arg(default_value_t = NonZeroUsize::new(20).unwrap_or(NonZeroUsize::MIN))]
    single: NonZeroUsize,
    /// Rows of the batch, and the most requests, of the profiles other than halfmask
    #[arg(long, value_name = "N")]
    #[arg(default_value_t = NonZeroUsize::new(8).unwrap_or(NonZeroUsize::MIN))]
    baseline_rows: NonZeroUsize,
    /// Where correlated oblivious transfers come from: softspoken-1, -2, -4 or -8, silent, or auto
    #[arg(long, value_name = "PROTOCOL", default_value = "auto", value_parser = automatic::<CotProtocol>)]
    ot: Auto<CotProtocol>,
    /// Write the record to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    #[command(flatten)]
    compute: Compute,
}

/// Networks and their rows.
#[derive(Debug, Args)]
struct Networks {
    /// Sum-product networks: files, or names of those in models/spn of this folder or one above it [default: all of these, else
    /// a built-in one of nltcs]; random-N is a random one of about 4,500 N edges
    models: Vec<PathBuf>,
    /// Rows of a model's batch, or as many as there are
    #[arg(long, value_name = "N")]
    #[arg(default_value_t = NonZeroUsize::new(1024).unwrap_or(NonZeroUsize::MIN))]
    rows: NonZeroUsize,
    /// Rows for every model: CSV, plain or gzip
    #[arg(long, value_name = "FILE")]
    input: Option<PathBuf>,
    /// The folder with data sets, in debd/ or directly
    #[arg(long, value_name = "DIR", conflicts_with = "input")]
    data: Option<PathBuf>,
    /// Seed of rows drawn from a model
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

impl Networks {
    fn source(&self) -> Source {
        Source {
            input: self.input.clone(),
            data: self.data.clone(),
            seed: self.seed,
            rows: self.rows.get(),
        }
    }
}

impl SpnArguments {
    pub fn run(self) -> Result<(), Error> {
        spn::run(&self.resolve()?)
    }

    fn resolve(self) -> Result<Options, Error> {
        if let Some(json) = &self.json {
            check_target("--json", json)?;
        }
        let mut chosen = Vec::new();
        for text in &self.network {
            for network in networks(text)? {
                if !chosen.contains(&network) {
                    chosen.push(network);
                }
            }
        }
        Ok(Options {
            source: self.networks.source(),
            models: self.networks.models,
            profiles: self.profile,
            networks: chosen,
            single: self.single.get(),
            baseline_rows: self.baseline_rows.get(),
            cot: self.ot.fixed(),
            threads: threads(&self.compute),
            kernels: self.compute.kernels()?,
            json: self.json,
        })
    }
}

/// Sum-product networks in fixed point: error against float64 and AND gates, by fraction bits and tables of the log-sum
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  halfmask bench spn-accuracy                                             all models of the source tree
  halfmask bench spn-accuracy nltcs --rows 3236 --csv accuracy.csv --json accuracy.json
  halfmask bench spn-accuracy model.spn.json --input rows.csv --fraction 14,16

Evaluates in the clear the integers that the protocol computes. Rows are those of --input, or a data set's test split, found by
the model's name in --data, $HALFMASK_DATA, data/ and ../shared/data (there in debd/ or directly), or else drawn from the model.")]
pub(super) struct SpnAccuracyArguments {
    #[command(flatten)]
    networks: Networks,
    /// Fraction bits of log2-likelihoods, 12 to 20
    #[arg(
        long,
        value_name = "BITS",
        value_delimiter = ',',
        default_value = "12,14,16,18"
    )]
    #[arg(value_parser = clap::value_parser!(u32).range(12..=20))]
    fraction: Vec<u32>,
    /// Write the record to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write its points to this file as CSV
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
}

impl SpnAccuracyArguments {
    pub fn run(self) -> Result<(), Error> {
        for (option, target) in [("--json", &self.json), ("--csv", &self.csv)] {
            if let Some(target) = target {
                check_target(option, target)?;
            }
        }
        spn_accuracy::run(&spn_accuracy::Options {
            source: self.networks.source(),
            models: self.networks.models,
            fractions: self.fraction,
            json: self.json,
            csv: self.csv,
        })
    }
}

/// One network, whose name may have a comma, or several.
fn networks(text: &str) -> Result<Vec<Network>, Error> {
    if let Ok(network) = text.parse() {
        return Ok(vec![network]);
    }
    let names = text.split(',').map(|name| {
        name.parse()
            .map_err(|error| Error::Usage(format!("--network {text}: {error}")))
    });
    names.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_one_or_several() {
        let names =
            |text: &str| networks(text).map(|all| all.iter().map(Network::to_string).collect());
        let several: Vec<String> = names("loopback,lan,wan").unwrap();
        assert_eq!(several, ["loopback", "lan", "wan"]);
        assert_eq!(networks("50mbit,80ms").unwrap().len(), 1);
        assert_eq!(networks("loopback,x").unwrap_err().exit_code(), 2);
    }
}
