//! A layer of shared values between two threads of this process, joined by TCP on loopback or over an emulated network: run as
//! it comes, and again with everything made ahead that needs no input.
//!
//! The garbler is the server, the evaluator the client. Time begins when both have set up and made a small layer, so that base
//! OTs are not in it and OT extension is.

use halfmask_models::bridge::mpc;
use halfmask_models::bridge::mpc::channel::{Channel, Phase};
use halfmask_models::bridge::mpc::parties::{self, Bench, Party};
use halfmask_models::bridge::mpc::planner::Engine;
use halfmask_models::bridge::mpc::relu::{ReluProtocol, ReluSpec, SharedRelu};
use halfmask_models::bridge::mpc::rng::SecureRng;
use halfmask_models::bridge::mpc::session::{EvaluatorSession, GarblerSession};
use halfmask_models::bridge::mpc::simd::Simd;
use std::time::Instant;

use crate::net::Network;

/// Values of the small layer by which caches, buffers and clocks settle.
const WARM: usize = 1 << 14;

/// How the parties run.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// What connects them.
    pub network: Network,
    /// Threads of each.
    pub threads: usize,
    /// Instruction set.
    pub simd: Simd,
}

/// Work on shared values that is made of ReLUs.
pub trait Layer: Sync {
    /// Its ReLUs, and how many.
    fn relus(&self) -> (ReluSpec, usize);

    /// Values that come out.
    fn outputs(&self) -> usize;

    /// One party's part: `y` receives its shares.
    ///
    /// # Errors
    /// As [`SharedRelu::relu`].
    fn run(
        &self,
        relu: &mut dyn SharedRelu,
        ch: &mut Channel,
        x: &[u32],
        y: &mut [u32],
    ) -> Result<(), mpc::Error>;
}

/// What two parties made of a layer, and what it cost.
#[derive(Clone, Debug)]
pub struct Measured {
    /// The evaluator's and the garbler's shares of the outputs.
    pub outputs: (Vec<u32>, Vec<u32>),
    /// Of all work after set-up.
    pub total: Run,
    /// Of what was left to do once the input was there.
    pub online: Run,
    /// Correlated OTs of all work.
    pub cots: u64,
}

/// One pass over a layer, as the client counts; its time is the slower party's.
#[derive(Clone, Copy, Debug, Default)]
pub struct Run {
    /// Seconds.
    pub seconds: f64,
    /// From the client to the server.
    pub bytes_up: u64,
    /// From the server to the client.
    pub bytes_down: u64,
    /// Changes of direction.
    pub rounds: u64,
}

impl Run {
    /// Bytes both ways.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.bytes_up + self.bytes_down
    }

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
            bytes_up: total.bytes_sent,
            bytes_down: total.bytes_received,
            rounds: total.direction_changes,
        })
    }

    /// This client's pass, which was over when the server's was.
    fn with(self, server: &Self) -> Self {
        Self {
            seconds: self.seconds.max(server.seconds),
            ..self
        }
    }
}

/// Runs `layer` by `engine` on the evaluator's and the garbler's shares.
///
/// # Errors
/// Of either party.
pub fn measure(
    setting: &Setting,
    engine: Engine,
    layer: &impl Layer,
    (evaluator, garbler): (&[u32], &[u32]),
) -> Result<Measured, mpc::Error> {
    let bench = Bench {
        network: setting.network.model(),
        threads: setting.threads,
    };
    let outcome = parties::run(
        &bench,
        party::<GarblerSession>(setting.simd, engine, layer, garbler),
        party::<EvaluatorSession>(setting.simd, engine, layer, evaluator),
    )?;
    let (server, client) = (outcome.first, outcome.second);
    Ok(Measured {
        total: client.total.with(&server.total),
        online: client.online.with(&server.online),
        cots: client.cots,
        outputs: (client.y, server.y),
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

/// What one party sees.
struct Seen {
    y: Vec<u32>,
    total: Run,
    online: Run,
    cots: u64,
}

/// One party: a session and a small layer, then the layer twice.
fn party<'a, S: Session + 'a>(
    simd: Simd,
    engine: Engine,
    layer: &'a impl Layer,
    x: &'a [u32],
) -> Party<'a, S, Seen> {
    let (spec, count) = layer.relus();
    Party::new(
        move |ch| {
            let mut session = S::setup(ch, engine, simd)?;
            let warm = x.get(..WARM).unwrap_or(x);
            let mut y = vec![0; warm.len()];
            session
                .relu_by(engine.relu)
                .relu(ch, "", &spec, warm, &mut y)?;
            Ok(session)
        },
        move |ch, mut session| {
            let before = session.cots();
            let mut y = vec![0; layer.outputs()];
            let mut relu = session.relu_by(engine.relu);
            let total = Run::of(ch, |ch| layer.run(&mut *relu, ch, x, &mut y))?;
            drop(relu);
            let cots = session.cots() - before;
            let mut relu = session.relu_by(engine.relu);
            relu.prepare(ch, Phase::Offline, "", &spec, count)?;
            let mut again = vec![0; layer.outputs()];
            let online = Run::of(ch, |ch| layer.run(&mut *relu, ch, x, &mut again))?;
            Ok(Seen {
                y,
                total,
                online,
                cots,
            })
        },
    )
}
