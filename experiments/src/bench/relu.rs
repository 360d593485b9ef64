//! `halfmask bench relu`: a layer of ReLUs by every protocol, side by side in one run.
//!
//! Server and client are two threads over TCP on loopback, or over an emulated network. A mode's time begins when both are set up and
//! ends when both hold their shares: OT extension is in it, base OTs are not. `gc` and `ot` run at the planner's width and on full
//! 32-bit values; `mp2ml` is the published circuit on 64-bit words. Every mode's outputs are added up and compared with what a
//! ReLU gives, within the bound that the mode states: a mode that computes something else fails.

mod max_pool;
mod tables;

pub use max_pool::MaxPoolMode;
pub use tables::render;

use halfmask_models::bridge::mpc;
use halfmask_models::bridge::mpc::channel::{Channel, Phase};
use halfmask_models::bridge::mpc::garble::Scheme;
use halfmask_models::bridge::mpc::mp2ml::Mp2mlSpec;
use halfmask_models::bridge::mpc::ot::CotProtocol;
use halfmask_models::bridge::mpc::parties::{self, Bench, Party};
use halfmask_models::bridge::mpc::planner::{CostModel, Engine};
use halfmask_models::bridge::mpc::relu::{ReluProtocol, ReluSpec, SharedRelu, Target};
use halfmask_models::bridge::mpc::rng::SecureRng;
use halfmask_models::bridge::mpc::session::{EvaluatorSession, GarblerSession};
use halfmask_models::bridge::mpc::simd::Simd;
use serde::{Deserialize, Serialize};
use std::time::Instant;

use crate::exit::Error;
use crate::machine::{self, Machine};
use crate::net::Network;

/// The modulus of the throughput parameters: what a ReLU's output is shared by.
const MODULUS: u32 = 998_244_353;

/// What `--json` writes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// `relu`.
    pub name: String,
    /// The modes, two of each of `gc` and `ot` and one of `mp2ml`.
    pub modes: Vec<Mode>,
    /// `gc` and `ot` with every source of correlated OTs.
    pub engines: Vec<Mode>,
    /// Maxima over windows of 2 x 2 of 16-bit shares, by `gc` and `ot`.
    pub max_pools: Vec<MaxPoolMode>,
    /// What the planner's choices rest on, measured in the same run.
    pub costs: CostModel,
    /// What connected the parties.
    pub network: Network,
    /// Threads of each party.
    pub threads: usize,
    /// What it ran on.
    pub machine: Machine,
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
}

/// What to measure.
#[derive(Clone, Debug)]
pub struct Options {
    /// ReLUs a mode; the published circuit runs a 32nd of them.
    pub relus: usize,
    /// Bits compared, and bits of the shares, as the planner has them.
    pub planned: (u32, u32),
    /// Where correlated OTs come from, of `gc` and of `ot`.
    pub cots: (CotProtocol, CotProtocol),
    /// Also run every other source of correlated OTs.
    pub all: bool,
    /// What connects the parties.
    pub network: Network,
    /// Threads of each party.
    pub threads: usize,
    /// Instruction set.
    pub simd: Simd,
}

fn failed(error: mpc::Error) -> Error {
    Error::Failed(format!("bench relu: {error}"))
}

/// Measures everything.
///
/// # Errors
/// Of the parties, or [`Error::Failed`] if a mode's outputs leave its bound.
pub fn measure(options: &Options, mut progress: impl FnMut(&str)) -> Result<Record, Error> {
    let (width, share_bits) = options.planned;
    let planned = ReluSpec {
        share_bits,
        width,
        shift: share_bits - 16,
        target: Target::Modulus(MODULUS),
        segment: 1 << 14,
    };
    let full = ReluSpec {
        share_bits: 32,
        width: 32,
        shift: 0,
        target: Target::SameRing,
        segment: 1 << 14,
    };
    let mut modes = Vec::new();
    let of = |relu| match relu {
        ReluProtocol::Garbled => options.cots.0,
        ReluProtocol::Ot => options.cots.1,
        ReluProtocol::Mp2ml => CotProtocol::default(),
    };
    for relu in ReluProtocol::ALL {
        for spec in [&planned, &full] {
            let engine = Engine {
                relu,
                cot: of(relu),
                scheme: Scheme::default(),
            };
            progress(&format!("{engine}, {} bits", spec.width));
            modes.push(shared(options, engine, spec)?);
        }
    }
    progress("mp2ml, 64 bits");
    modes.push(mp2ml(options, &planned)?);
    let mut engines = Vec::new();
    if options.all {
        for relu in ReluProtocol::ALL {
            for cot in CostModel::COTS {
                let engine = Engine {
                    relu,
                    cot,
                    scheme: Scheme::default(),
                };
                progress(&format!("{engine}, {width} bits"));
                engines.push(shared(options, engine, &planned)?);
            }
        }
    }
    let max_pools = ReluProtocol::ALL
        .map(|relu| {
            progress(&format!("maxima by {relu}"));
            max_pool::measure(options, relu, of(relu))
        })
        .into_iter()
        .collect::<Result<_, _>>()?;
    Ok(Record {
        name: "relu".into(),
        modes,
        engines,
        max_pools,
        costs: CostModel::measure(&planned, options.simd).map_err(failed)?,
        network: options.network,
        threads: options.threads,
        machine: Machine::here(options.simd.to_string()),
        commit: machine::commit().hash,
    })
}

/// Either party's session.
trait Session: Sized + Send {
    fn setup(ch: &mut Channel, engine: Engine, simd: Simd) -> Result<Self, mpc::Error>;
    fn relu_by(&mut self, protocol: ReluProtocol) -> Box<dyn SharedRelu + '_>;
    fn cots(&self) -> u64;
}

macro_rules! sessions {
    ($($session:ty),*) => {$(
        impl Session for $session {
            fn setup(ch: &mut Channel, engine: Engine, simd: Simd) -> Result<Self, mpc::Error> {
                Self::setup_with(ch, engine.cot, engine.scheme, &mut SecureRng::from_os()?, simd)
            }

            fn relu_by(&mut self, protocol: ReluProtocol) -> Box<dyn SharedRelu + '_> {
                self.relu_by(protocol)
            }

            fn cots(&self) -> u64 {
                self.cots().iter().sum()
            }
        }
    )*};
}

sessions!(GarblerSession, EvaluatorSession);

/// What one party sees of a mode.
struct Seen {
    y: Vec<u32>,
    cots: u64,
    all: Run,
    /// What was prepared ahead does not count.
    online: Run,
}

/// One pass over the values.
struct Run {
    seconds: f64,
    /// Both ways.
    bytes: u64,
    /// Changes of direction.
    rounds: u64,
}

impl Run {
    /// Runs `work` and counts it.
    fn of(
        ch: &mut Channel,
        work: impl FnOnce(&mut Channel) -> Result<(), mpc::Error>,
    ) -> Result<Self, mpc::Error> {
        ch.take_meter();
        let start = Instant::now();
        work(ch)?;
        ch.flush()?;
        let seconds = start.elapsed().as_secs_f64();
        let total = ch.take_meter().total();
        Ok(Self {
            seconds,
            bytes: total.bytes_sent + total.bytes_received,
            rounds: total.direction_changes,
        })
    }
}

/// One party of a mode on shared values.
fn party<'a, S: Session + 'a>(
    options: &'a Options,
    engine: Engine,
    spec: &'a ReluSpec,
    x: &'a [u32],
) -> Party<'a, S, Seen> {
    Party::new(
        move |ch| {
            let mut session = S::setup(ch, engine, options.simd)?;
            // Caches, buffers and clocks settle.
            let warm = x.get(..1 << 14).unwrap_or(x);
            let mut y = vec![0; warm.len()];
            session
                .relu_by(engine.relu)
                .relu(ch, "", spec, warm, &mut y)?;
            Ok(session)
        },
        move |ch, mut session| {
            let before = session.cots();
            let mut y = vec![0; x.len()];
            let mut relu = session.relu_by(engine.relu);
            let all = Run::of(ch, |ch| relu.relu(ch, "", spec, x, &mut y))?;
            drop(relu);
            let cots = session.cots() - before;
            let mut relu = session.relu_by(engine.relu);
            relu.prepare(ch, Phase::Offline, "", spec, x.len())?;
            let mut again = vec![0; x.len()];
            let online = Run::of(ch, |ch| relu.relu(ch, "", spec, x, &mut again))?;
            Ok(Seen {
                y,
                cots,
                all,
                online,
            })
        },
    )
}

/// Shares of values all over the range in which the specification states its bound: `(evaluator's, garbler's)`.
fn shares(spec: &ReluSpec, count: usize) -> (Vec<u32>, Vec<u32>) {
    let mask = u32::MAX >> (32 - spec.share_bits);
    let range = u64::from(spec.range());
    (0..count as u64)
        .map(|i| {
            let spread = i.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let x = (spread >> 20) % (2 * range + 1);
            let garbler = (spread.rotate_left(29) as u32) & mask;
            let evaluator = (x as u32).wrapping_sub(range as u32).wrapping_sub(garbler) & mask;
            (evaluator, garbler)
        })
        .unzip()
}

/// The largest difference from `max(x, 0) / 2^h` that a protocol has, in units of the output.
fn error_bound(relu: ReluProtocol, spec: &ReluSpec) -> f64 {
    match relu {
        ReluProtocol::Garbled | ReluProtocol::Ot => spec.error_bound(),
        // Rounded exactly.
        ReluProtocol::Mp2ml => 0.5,
    }
}

/// Largest difference from `max(x, 0) / 2^h`; an error if it exceeds the bound.
fn check(
    spec: &ReluSpec,
    x: (&[u32], &[u32]),
    y: (&[u32], &[u32]),
    engine: Engine,
) -> Result<f64, Error> {
    let bound = error_bound(engine.relu, spec);
    let ring = 1i64 << spec.share_bits;
    let modulus = match spec.target {
        Target::Modulus(q) => i64::from(q),
        Target::SameRing => ring,
    };
    let value = |a: &u32, b: &u32, n: i64| {
        let sum = (i64::from(*a) + i64::from(*b)).rem_euclid(n);
        if sum > n / 2 { sum - n } else { sum }
    };
    let mut worst = 0f64;
    let pairs = x.0.iter().zip(x.1).zip(y.0.iter().zip(y.1));
    for ((x0, x1), (y0, y1)) in pairs {
        let exact = value(x0, x1, ring).max(0) as f64 / f64::from(spec.shift).exp2();
        worst = worst.max((value(y0, y1, modulus) as f64 - exact).abs());
    }
    if worst > bound {
        return Err(Error::Failed(format!(
            "bench relu: {engine}: an output is off by {worst}, the bound is {bound}"
        )));
    }
    Ok(worst)
}

/// A mode on shared values.
fn shared(options: &Options, engine: Engine, spec: &ReluSpec) -> Result<Mode, Error> {
    let count = options.relus;
    let (evaluator, garbler) = shares(spec, count);
    let bench = Bench {
        network: options.network.model(),
        threads: options.threads,
    };
    let outcome = parties::run(
        &bench,
        party::<GarblerSession>(options, engine, spec, &garbler),
        party::<EvaluatorSession>(options, engine, spec, &evaluator),
    )
    .map_err(failed)?;
    let (server, client) = (outcome.first, outcome.second);
    let error_seen = check(spec, (&evaluator, &garbler), (&client.y, &server.y), engine)?;
    let rate = |a: &Run, b: &Run| count as f64 / a.seconds.max(b.seconds);
    let each = |total: u64| total as f64 / count as f64;
    Ok(Mode {
        mode: engine.relu.to_string(),
        width: spec.width,
        value_bits: spec.share_bits,
        cot: engine.cot.to_string(),
        relus: count,
        relus_per_second: rate(&client.all, &server.all),
        online_relus_per_second: rate(&client.online, &server.online),
        bytes_per_relu: each(client.all.bytes),
        online_bytes_per_relu: each(client.online.bytes),
        and_gates_per_relu: f64::from(engine.relu.and_gates(spec)),
        cots_per_relu: each(client.cots),
        rounds: client.all.rounds,
        error_bound: error_bound(engine.relu, spec),
        error_seen,
    })
}

/// The published circuit; slow, so fewer values.
fn mp2ml(options: &Options, spec: &ReluSpec) -> Result<Mode, Error> {
    let options = Options {
        relus: (options.relus / 32).max(16),
        ..options.clone()
    };
    let engine = Engine {
        relu: ReluProtocol::Mp2ml,
        cot: options.cots.0,
        scheme: Scheme::default(),
    };
    let mode = shared(&options, engine, spec)?;
    Ok(Mode {
        width: Mp2mlSpec::PUBLISHED_WORD_BITS,
        value_bits: Mp2mlSpec::PUBLISHED_WORD_BITS,
        ..mode
    })
}

#[cfg(test)]
mod tests;
