//! `halfmask bench spn`: sum-product networks by every profile, side by side in one run.
//!
//! Server and client are two threads over TCP on loopback, or over an emulated network. After set-up the rows go in one batch, then
//! some again one by one. Every private answer is compared bit for bit with the profile's evaluation in the clear, and a run in which one differs
//! fails; then with float64, over rows that were not clamped.

mod profile;
mod record;
mod session;
mod table;

pub use profile::Profile;
pub use record::{Apart, Circuit, Figures, Ratio, Record};
pub use table::render;

use std::path::PathBuf;

use halfmask_models::bridge::mpc::ot::CotProtocol;
use halfmask_models::bridge::session::Kernels;
use halfmask_models::spn::float::{Classification, Evaluator};
use halfmask_models::spn::query::Results;
use indicatif::ProgressBar;

use crate::exit::Error;
use crate::machine::{self, Machine};
use crate::net::Network;
use crate::output;
use crate::report;
use crate::spn::errors::Errors;
use crate::spn::source::{self, Loaded, Source};
use profile::Measured;

/// Labels may differ where the float64 classes are no further apart, in nats: twice what the fixed point may be off.
pub const LABEL_MARGIN: f64 = 2e-3;

/// What to measure.
#[derive(Clone, Debug)]
pub struct Options {
    /// Names or files of networks; without any, those of the source tree.
    pub models: Vec<PathBuf>,
    /// By what.
    pub profiles: Vec<Profile>,
    /// Over what.
    pub networks: Vec<Network>,
    /// The rows of a batch.
    pub source: Source,
    /// Requests of a single row.
    pub single: usize,
    /// Rows of the batch, and the most requests, of profiles where all is garbled.
    pub baseline_rows: usize,
    /// Where correlated OTs come from.
    pub cot: Option<CotProtocol>,
    /// Threads of each party.
    pub threads: usize,
    /// Instruction set.
    pub kernels: Kernels,
    /// Where to write the record.
    pub json: Option<PathBuf>,
}

/// Runs the benchmark and prints its table.
///
/// # Errors
/// Unusable models or rows; a private answer that differs from the evaluation in the clear, or a failed party.
pub fn run(options: &Options) -> Result<(), Error> {
    // All are read before anything takes time.
    let models = source::load(&options.models, &options.source)?;
    let runs = models.len() * options.profiles.len() * options.networks.len();
    let bar = crate::infer::progress_bar(runs, "runs");
    let mut figures = Vec::with_capacity(runs);
    for model in &models {
        for network in &options.networks {
            for profile in &options.profiles {
                bar.set_message(format!("runs, {} by {profile}, {network}", model.name));
                figures.push(measure(options, model, *profile, *network)?);
                bar.inc(1);
            }
        }
    }
    ProgressBar::finish_and_clear(&bar);
    let commit = machine::commit();
    let record = Record {
        name: "spn".into(),
        ratios: record::ratios(&figures),
        models: figures,
        threads: options.threads,
        machine: Machine::here(machine::kernels_name(options.kernels)),
        peak_rss_bytes: machine::peak_memory(),
        debug_assertions: cfg!(debug_assertions),
        timestamp: machine::timestamp(),
        commit: commit.hash,
        dirty: commit.dirty,
    };
    if let Some(json) = &options.json {
        report::write_json(&record, json)?;
    }
    output::print(&render(&record))
}

/// One model by one profile over one network.
fn measure(
    options: &Options,
    model: &Loaded,
    profile: Profile,
    network: Network,
) -> Result<Figures, Error> {
    let failed =
        |what: String| Error::Failed(format!("{} by {profile}, {network}: {what}", model.name));
    let Measured {
        session,
        expected,
        expected_classes,
        circuit,
        floored,
    } = profile.measure(options, model, network)?;
    let rows = model.first(session.answer.clamped.len());
    let mut pairs = vec![(&session.answer, &expected)];
    pairs.extend(session.classes.as_ref().zip(expected_classes.as_ref()));
    for (private, clear) in pairs {
        if let Some(row) = first_difference(&private.results, &clear.results) {
            return Err(failed(format!(
                "row {} is not what the evaluation in the clear gives",
                row + 1
            )));
        }
    }
    let evaluator = Evaluator::new(&model.spn);
    let unfit = |error| Error::Usage(format!("{}: {error}", model.source));
    let float = evaluator.log_likelihood(rows).map_err(unfit)?;
    let errors = Errors::of(&session.answer, &float);
    let (label_agreement, labels_apart) = match session.classes.as_ref().map(|a| &a.results) {
        Some(Results::Classes(classes)) => {
            let by_float = evaluator.classify(rows).map_err(unfit)?;
            let (agreement, apart) = labels(classes, &by_float);
            (Some(agreement), apart)
        }
        _ => (None, Vec::new()),
    };
    if let Some(apart) = labels_apart
        .iter()
        .find(|apart| apart.margin > LABEL_MARGIN)
    {
        return Err(failed(format!(
            "row {} has another class than in float64, where it leads by {} nats",
            apart.row, apart.margin
        )));
    }
    let counts = model.spn.counts();
    let each = |total: f64| total / rows.len().max(1) as f64;
    Ok(Figures {
        model: model.name.clone(),
        profile,
        network,
        data: model.source.clone(),
        variables: model.spn.variables().len(),
        sums: counts.sums,
        products: counts.products,
        leaves: counts.leaves,
        edges: counts.edges,
        depth: counts.depth,
        circuit,
        bytes_setup: session.bytes_setup,
        bytes_per_row: each(session.batch.bytes as f64),
        bytes_per_row_single: session.single.bytes,
        rounds: session.single.rounds,
        seconds_setup: session.seconds_setup,
        seconds_row_online: session.online.seconds,
        seconds_row_total: session.single.seconds,
        rows_per_second: rows.len() as f64 / session.batch.seconds.max(f64::MIN_POSITIVE),
        rows: rows.len(),
        single_requests: session.requests,
        clamped_rows: errors.clamped,
        floored,
        impossible_rows: errors.impossible,
        max_abs_error_nats: errors.largest(),
        rmse_nats: errors.root_mean_square(),
        mean_error_nats: errors.mean(),
        twin_equal: true,
        label_agreement,
        labels_apart,
    })
}

/// The first row in which two answers differ in any bit.
fn first_difference(a: &Results, b: &Results) -> Option<usize> {
    fn of<T>(a: &[T], b: &[T], same: impl Fn(&T, &T) -> bool) -> Option<usize> {
        if a.len() != b.len() {
            return Some(a.len().min(b.len()));
        }
        a.iter().zip(b).position(|(a, b)| !same(a, b))
    }
    match (a, b) {
        (Results::LogLikelihoods(a), Results::LogLikelihoods(b)) => {
            of(a, b, |a, b| a.to_bits() == b.to_bits())
        }
        (Results::Classes(a), Results::Classes(b)) => of(a, b, |a, b| a == b),
        _ => Some(0),
    }
}

/// The share of labels that are those of float64, and the rows of the others.
fn labels(classes: &[u32], float: &[Classification]) -> (f64, Vec<Apart>) {
    let pairs = classes.iter().zip(float).enumerate();
    let apart = pairs.filter(|(_, (class, float))| **class as usize != float.class);
    let apart: Vec<Apart> = apart
        .map(|(row, (class, float))| Apart {
            row: row + 1,
            class: *class,
            float_class: float.class,
            margin: float.margin,
        })
        .collect();
    let rows = classes.len().max(1) as f64;
    (1.0 - apart.len() as f64 / rows, apart)
}

#[cfg(test)]
mod tests;
