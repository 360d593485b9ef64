//! `halfmask bench spn`.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Args;
use halfmask_models::bridge::mpc::ot::CotProtocol;

use super::parts::threads;
use crate::bench::spn::{self, Options, Profile};
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
  halfmask bench spn nltcs.spn.json --profile halfmask,cryptospn-32 --json spn.json
  halfmask bench spn models/spn/*/model.spn.json --network loopback,lan,wan --profile halfmask
  halfmask bench spn model.spn.json --input rows.csv.gz --single 100
  halfmask bench spn model.spn.json --network 50mbit,80ms

Two threads of this process are the parties, joined by TCP on loopback or over an emulated network. Rows are those of --input, or a
data set's test split, found by the model's name in --data, $HALFMASK_DATA, data/ and ../shared/data (there in debd/ or directly),
or else drawn from the model; the record says which. Every answer is compared bit for bit with the evaluation in the clear,
and the run fails if one differs; errors are against float64.")]
pub(super) struct SpnArguments {
    /// Sum-product networks [default: models/spn/*/model.spn.json of this folder or one above it, else a built-in one of nltcs]
    models: Vec<PathBuf>,
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
    /// Rows of the batch, or as many as there are
    #[arg(long, value_name = "N")]
    #[arg(default_value_t = NonZeroUsize::new(1024).unwrap_or(NonZeroUsize::MIN))]
    rows: NonZeroUsize,
    /// Requests of a single row, of which the medians are reported
    #[arg(long, value_name = "N")]
    #[arg(default_value_t = NonZeroUsize::new(20).unwrap_or(NonZeroUsize::MIN))]
    single: NonZeroUsize,
    /// Rows of the batch, and the most requests, of the profiles other than halfmask
    #[arg(long, value_name = "N")]
    #[arg(default_value_t = NonZeroUsize::new(8).unwrap_or(NonZeroUsize::MIN))]
    baseline_rows: NonZeroUsize,
    /// Rows for every model: CSV, plain or gzip
    #[arg(long, value_name = "FILE")]
    input: Option<PathBuf>,
    /// The folder with data sets, in debd/ or directly
    #[arg(long, value_name = "DIR", conflicts_with = "input")]
    data: Option<PathBuf>,
    /// Seed of rows drawn from a model
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Where correlated oblivious transfers come from: softspoken-1, -2, -4 or -8, silent, or auto
    #[arg(long, value_name = "PROTOCOL", default_value = "auto", value_parser = automatic::<CotProtocol>)]
    ot: Auto<CotProtocol>,
    /// Write the record to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    #[command(flatten)]
    compute: Compute,
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
            models: self.models,
            profiles: self.profile,
            networks: chosen,
            source: Source {
                input: self.input,
                data: self.data,
                seed: self.seed,
                rows: self.rows.get(),
            },
            single: self.single.get(),
            baseline_rows: self.baseline_rows.get(),
            cot: self.ot.fixed(),
            threads: threads(&self.compute),
            kernels: self.compute.kernels()?,
            json: self.json,
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
