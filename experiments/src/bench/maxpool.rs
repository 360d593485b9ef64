//! `halfmask bench maxpool`: maxima over windows by either ReLU protocol, for several windows and widths.
//!
//! All bits of the shares are compared. A maximum may lose to a value so close that a comparison cannot tell them apart
//! ([`halfmask_models::bridge::mpc::max_pool`]); every second window therefore holds values next to each other, and results are
//! checked against the stated bound. [`super::layer`] says what is timed.

mod values;
mod window;

pub use window::Window;

use halfmask_models::bridge::mpc;
use halfmask_models::bridge::mpc::channel::Channel;
use halfmask_models::bridge::mpc::garble::Scheme;
use halfmask_models::bridge::mpc::max_pool::{MaxPoolSpec, max_pool};
use halfmask_models::bridge::mpc::ot::CotProtocol;
use halfmask_models::bridge::mpc::planner::Engine;
use halfmask_models::bridge::mpc::relu::{ReluProtocol, ReluSpec, SharedRelu};
use serde::{Deserialize, Serialize};

use super::layer::{self, Layer, Setting};
use super::table::table;
use crate::exit::Error;
use crate::machine::{self, Machine};
use crate::net::Network;

/// Values of a segment of a level.
const SEGMENT: u32 = 1 << 14;

/// What `--json` writes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// `maxpool`.
    pub name: String,
    /// Every window at every width by every engine.
    pub modes: Vec<Mode>,
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

/// Maxima over windows of one kind by one engine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mode {
    /// `gc` or `ot`.
    pub mode: String,
    /// Where correlated OTs come from.
    pub cot: String,
    /// Rows and columns.
    pub window: Window,
    /// Bits of the shares, all of them compared.
    pub value_bits: u32,
    /// Maxima computed.
    pub windows: usize,
    /// With everything after set-up in the time.
    pub windows_per_second: f64,
    /// With what needs no input done ahead, as far as the mode can.
    pub online_windows_per_second: f64,
    /// Both ways.
    pub bytes_per_window: f64,
    /// Of these, from the client to the server.
    pub bytes_up_per_window: f64,
    /// Of these, from the server to the client.
    pub bytes_down_per_window: f64,
    /// Both ways, with what needs no input done ahead.
    pub online_bytes_per_window: f64,
    /// Garbled gates.
    pub and_gates_per_window: f64,
    /// Correlated OTs.
    pub cots_per_window: f64,
    /// Changes of direction of the whole run, as the client counts.
    pub rounds: u64,
    /// How far below the maximum a result may be.
    pub error_bound: u64,
    /// The farthest seen.
    pub error_seen: u64,
}

/// What to measure.
#[derive(Clone, Debug)]
pub struct Options {
    /// Maxima of each kind.
    pub maxima: usize,
    /// Windows.
    pub windows: Vec<Window>,
    /// Bits of the shares.
    pub bits: Vec<u32>,
    /// Where the correlated OTs of `ot` come from: each in turn. `gc` has its default.
    pub cots: Vec<CotProtocol>,
    /// How the parties run.
    pub setting: Setting,
}

fn failed(error: mpc::Error) -> Error {
    Error::Failed(format!("bench maxpool: {error}"))
}

/// Measures everything.
///
/// # Errors
/// Of the parties, or [`Error::Failed`] if a result leaves its bound.
pub fn measure(options: &Options, mut progress: impl FnMut(&str)) -> Result<Record, Error> {
    let garbled = (ReluProtocol::Garbled, CotProtocol::default());
    let look_ups = options.cots.iter().map(|cot| (ReluProtocol::Ot, *cot));
    let engines: Vec<Engine> = std::iter::once(garbled)
        .chain(look_ups)
        .map(|(relu, cot)| Engine {
            relu,
            cot,
            scheme: Scheme::default(),
        })
        .collect();
    let mut modes = Vec::new();
    for &window in &options.windows {
        for &value_bits in &options.bits {
            for &engine in &engines {
                progress(&format!("{engine}, {window} of {value_bits} bits"));
                modes.push(mode(options, engine, window, value_bits)?);
            }
        }
    }
    Ok(Record {
        name: "maxpool".into(),
        modes,
        network: options.setting.network,
        threads: options.setting.threads,
        machine: Machine::here(options.setting.simd.to_string()),
        peak_rss_bytes: machine::peak_memory(),
        commit: machine::commit().hash,
    })
}

/// Maxima of any number of windows.
struct Maxima {
    spec: MaxPoolSpec,
    windows: usize,
}

impl Layer for Maxima {
    fn relus(&self) -> (ReluSpec, usize) {
        (self.spec.relu(), self.windows * self.spec.relus() as usize)
    }

    fn outputs(&self) -> usize {
        self.windows
    }

    fn run(
        &self,
        relu: &mut dyn SharedRelu,
        ch: &mut Channel,
        x: &[u32],
        y: &mut [u32],
    ) -> Result<(), mpc::Error> {
        max_pool(relu, ch, "", &self.spec, x, y)
    }
}

/// One kind of windows by one engine.
fn mode(options: &Options, engine: Engine, window: Window, value_bits: u32) -> Result<Mode, Error> {
    let windows = options.maxima;
    let spec = MaxPoolSpec {
        share_bits: value_bits,
        width: value_bits,
        window: window.values(),
        segment: SEGMENT,
    };
    let values = values::of(&spec, windows);
    let (evaluator, garbler) = values::shares(&spec, &values);
    let layer = Maxima { spec, windows };
    let measured =
        layer::measure(&options.setting, engine, &layer, (&evaluator, &garbler)).map_err(failed)?;
    let outputs = (&*measured.outputs.0, &*measured.outputs.1);
    let error_seen = values::check(&spec, &values, outputs, engine)?;
    let each = |total: u64| total as f64 / windows as f64;
    Ok(Mode {
        mode: engine.relu.to_string(),
        cot: engine.cot.to_string(),
        window,
        value_bits,
        windows,
        windows_per_second: windows as f64 / measured.total.seconds,
        online_windows_per_second: windows as f64 / measured.online.seconds,
        bytes_per_window: each(measured.total.bytes()),
        bytes_up_per_window: each(measured.total.bytes_up),
        bytes_down_per_window: each(measured.total.bytes_down),
        online_bytes_per_window: each(measured.online.bytes()),
        and_gates_per_window: f64::from(spec.relus() * engine.relu.and_gates(&spec.relu())),
        cots_per_window: each(measured.cots),
        rounds: measured.total.rounds,
        error_bound: spec.error_bound(),
        error_seen,
    })
}

/// The record for people.
#[must_use]
pub fn render(record: &Record) -> String {
    let rows = record.modes.iter().map(|m| {
        vec![
            m.mode.clone(),
            m.cot.clone(),
            m.window.to_string(),
            m.value_bits.to_string(),
            format!("{:.3}", m.windows_per_second / 1e6),
            format!("{:.3}", m.online_windows_per_second / 1e6),
            format!("{:.1}", m.bytes_per_window),
            format!("{:.1}", m.online_bytes_per_window),
            format!("{}", m.and_gates_per_window),
            format!("{:.1}", m.cots_per_window),
            m.rounds.to_string(),
            m.error_bound.to_string(),
        ]
    });
    let header = [
        "mode",
        "OT",
        "window",
        "bits",
        "M windows/s",
        "online",
        "bytes",
        "online",
        "AND",
        "COT",
        "rounds",
        "error <=",
    ];
    format!("{}\n", table(&header, rows.collect(), 3))
}
