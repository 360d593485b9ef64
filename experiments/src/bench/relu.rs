//! `halfmask bench relu`: a layer of ReLUs by every protocol, side by side in one run.
//!
//! `gc` and `ot` run at the planner's width and on full 32-bit values; `mp2ml` is the published circuit on 64-bit words. A sweep
//! adds other widths of the comparison: its shares are wider by the planner's guard bits, as far as 32 bits allow, and its
//! outputs keep every bit that the modulus has room for, so that what is lost is lost by the comparison.
//!
//! Every mode's outputs are added up and compared with what a ReLU gives, within the bound that the mode states: a mode that
//! computes something else fails. [`super::layer`] says what is timed.

mod tables;
mod values;

pub use tables::render;

use halfmask_models::bridge::mpc;
use halfmask_models::bridge::mpc::channel::Channel;
use halfmask_models::bridge::mpc::garble::Scheme;
use halfmask_models::bridge::mpc::mp2ml::Mp2mlSpec;
use halfmask_models::bridge::mpc::ot::CotProtocol;
use halfmask_models::bridge::mpc::planner::{CostModel, Engine};
use halfmask_models::bridge::mpc::relu::{ReluProtocol, ReluSpec, SharedRelu, Target};
use serde::{Deserialize, Serialize};

use super::layer::{self, Layer, Setting};
use crate::exit::Error;
use crate::machine::{self, Machine};
use crate::net::Network;

/// The modulus of the throughput parameters: what a ReLU's output is shared by.
const MODULUS: u32 = 998_244_353;
/// Bits of an output for which that modulus has room.
const MOST_OUTPUT_BITS: u32 = MODULUS.ilog2();
/// Bits of an output at the planner's width.
const OUTPUT_BITS: u32 = 16;
/// Bits of the widest shares.
const MOST_SHARE_BITS: u32 = 32;
/// Values of a segment.
const SEGMENT: u32 = 1 << 14;

/// What `--json` writes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// `relu`.
    pub name: String,
    /// The modes, two of each of `gc` and `ot` and one of `mp2ml`.
    pub modes: Vec<Mode>,
    /// `gc` and `ot` with every source of correlated OTs.
    pub engines: Vec<Mode>,
    /// `gc`, and `ot` with every source of correlated OTs that was asked for, at every width of the sweep.
    pub widths: Vec<Mode>,
    /// What the planner's choices rest on, measured in the same run.
    pub costs: CostModel,
    /// What connected the parties.
    pub network: Network,
    /// Threads of each party.
    pub threads: usize,
    /// What it ran on.
    pub machine: Machine,
    /// Largest resident memory of both parties together; null where the system does not tell.
    pub peak_rss_bytes: Option<u64>,
    /// The source's commit, or `unknown`.
    pub commit: String,
}

/// One mode's figures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mode {
    /// `gc`, `ot` or `mp2ml`.
    pub mode: String,
    /// Bits compared.
    pub width: u32,
    /// Bits of the ring of the values.
    pub value_bits: u32,
    /// Where correlated OTs come from.
    pub cot: String,
    /// ReLUs run.
    pub relus: usize,
    /// With everything after set-up in the time.
    pub relus_per_second: f64,
    /// With what needs no input done ahead, as far as the mode can.
    pub online_relus_per_second: f64,
    /// Both ways.
    pub bytes_per_relu: f64,
    /// Of these, from the client to the server.
    pub bytes_up_per_relu: f64,
    /// Of these, from the server to the client.
    pub bytes_down_per_relu: f64,
    /// Both ways, with what needs no input done ahead.
    pub online_bytes_per_relu: f64,
    /// Garbled gates.
    pub and_gates_per_relu: f64,
    /// Correlated OTs.
    pub cots_per_relu: f64,
    /// Changes of direction of the whole run, as the client counts.
    pub rounds: u64,
    /// The largest difference from `max(x, 0) / 2^h`, in units of the output.
    pub error_bound: f64,
    /// The largest difference seen.
    pub error_seen: f64,
    /// The bound as a part of the largest output.
    pub relative_error_bound: f64,
    /// The largest difference seen, likewise.
    pub relative_error_seen: f64,
}

/// What to measure.
#[derive(Clone, Debug)]
pub struct Options {
    /// ReLUs a mode; the published circuit runs a 32nd of them.
    pub relus: usize,
    /// Bits compared as the planner has them.
    pub width: u32,
    /// Bits by which shares are wider, if 32 bits allow.
    pub guard_bits: u32,
    /// Where correlated OTs come from, of `gc` and of `ot`.
    pub cots: (CotProtocol, CotProtocol),
    /// Also run every other source of correlated OTs.
    pub all: bool,
    /// Widths of the sweep, 3 to 32 bits.
    pub widths: Vec<u32>,
    /// Where correlated OTs of the sweep's `ot` come from.
    pub width_cots: Vec<CotProtocol>,
    /// How the parties run.
    pub setting: Setting,
}

impl Options {
    /// Bits of the shares of a comparison of `width` bits.
    fn share_bits(&self, width: u32) -> u32 {
        (width + self.guard_bits).min(MOST_SHARE_BITS)
    }

    /// ReLUs of shares for `width`, with outputs of `output_bits`, or as many as shares have.
    fn truncating(&self, width: u32, output_bits: u32) -> ReluSpec {
        let share_bits = self.share_bits(width);
        ReluSpec {
            share_bits,
            width,
            shift: share_bits.saturating_sub(output_bits),
            target: Target::Modulus(MODULUS),
            segment: SEGMENT,
        }
    }
}

fn failed(error: mpc::Error) -> Error {
    Error::Failed(format!("bench relu: {error}"))
}

/// Measures everything.
///
/// # Errors
/// Of the parties, or [`Error::Failed`] if a mode's outputs leave its bound.
pub fn measure(options: &Options, mut progress: impl FnMut(&str)) -> Result<Record, Error> {
    let planned = options.truncating(options.width, OUTPUT_BITS);
    let full = ReluSpec {
        share_bits: MOST_SHARE_BITS,
        width: MOST_SHARE_BITS,
        shift: 0,
        target: Target::SameRing,
        segment: SEGMENT,
    };
    let mut run = |relu, cot, spec: &ReluSpec| {
        let engine = Engine {
            relu,
            cot,
            scheme: Scheme::default(),
        };
        progress(&format!("{engine}, {} bits", spec.width));
        mode(options, engine, spec)
    };
    let (gc, ot) = (ReluProtocol::Garbled, ReluProtocol::Ot);
    let (gc_cot, ot_cot) = options.cots;

    let mut modes = Vec::new();
    for (relu, cot) in [(gc, gc_cot), (ot, ot_cot)] {
        for spec in [&planned, &full] {
            modes.push(run(relu, cot, spec)?);
        }
    }
    modes.push(run(ReluProtocol::Mp2ml, CotProtocol::default(), &planned)?);

    let mut engines = Vec::new();
    if options.all {
        for relu in [gc, ot] {
            for cot in CostModel::COTS {
                engines.push(run(relu, cot, &planned)?);
            }
        }
    }

    let mut widths = Vec::new();
    for &width in &options.widths {
        let spec = options.truncating(width, MOST_OUTPUT_BITS);
        widths.push(run(gc, gc_cot, &spec)?);
        for &cot in &options.width_cots {
            widths.push(run(ot, cot, &spec)?);
        }
    }

    Ok(Record {
        name: "relu".into(),
        modes,
        engines,
        widths,
        costs: CostModel::measure(&planned, options.setting.simd).map_err(failed)?,
        network: options.setting.network,
        threads: options.setting.threads,
        machine: Machine::here(options.setting.simd.to_string()),
        peak_rss_bytes: machine::peak_memory(),
        commit: machine::commit().hash,
    })
}

/// Any number of ReLUs.
struct Relus {
    spec: ReluSpec,
    count: usize,
}

impl Layer for Relus {
    fn relus(&self) -> (ReluSpec, usize) {
        (self.spec, self.count)
    }

    fn outputs(&self) -> usize {
        self.count
    }

    fn run(
        &self,
        relu: &mut dyn SharedRelu,
        ch: &mut Channel,
        x: &[u32],
        y: &mut [u32],
    ) -> Result<(), mpc::Error> {
        relu.relu(ch, "", &self.spec, x, y)
    }
}

/// One mode. The published circuit is slow, and takes fewer values.
fn mode(options: &Options, engine: Engine, spec: &ReluSpec) -> Result<Mode, Error> {
    let published = engine.relu == ReluProtocol::Mp2ml;
    let count = if published {
        (options.relus / 32).max(16)
    } else {
        options.relus
    };
    let (evaluator, garbler) = values::shares(spec, count);
    let layer = Relus { spec: *spec, count };
    let measured =
        layer::measure(&options.setting, engine, &layer, (&evaluator, &garbler)).map_err(failed)?;
    let error_bound = values::error_bound(engine.relu, spec);
    let error_seen = values::check(
        spec,
        (&evaluator, &garbler),
        (&measured.outputs.0, &measured.outputs.1),
        engine,
    )?;
    // Half of the outputs' ring.
    let largest = f64::from(spec.share_bits - spec.shift - 1).exp2();
    let (width, value_bits) = if published {
        let word = Mp2mlSpec::PUBLISHED_WORD_BITS;
        (word, word)
    } else {
        (spec.width, spec.share_bits)
    };
    let each = |total: u64| total as f64 / count as f64;
    Ok(Mode {
        mode: engine.relu.to_string(),
        width,
        value_bits,
        cot: engine.cot.to_string(),
        relus: count,
        relus_per_second: count as f64 / measured.total.seconds,
        online_relus_per_second: count as f64 / measured.online.seconds,
        bytes_per_relu: each(measured.total.bytes()),
        bytes_up_per_relu: each(measured.total.bytes_up),
        bytes_down_per_relu: each(measured.total.bytes_down),
        online_bytes_per_relu: each(measured.online.bytes()),
        and_gates_per_relu: f64::from(engine.relu.and_gates(spec)),
        cots_per_relu: each(measured.cots),
        rounds: measured.total.rounds,
        error_bound,
        error_seen,
        relative_error_bound: error_bound / largest,
        relative_error_seen: error_seen / largest,
    })
}
