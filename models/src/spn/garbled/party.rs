//! The two parties: the shape of [`crate::spn::party`], with likelihood queries alone.

use super::circuits::Circuits;
use super::cost::Cost;
use super::lower::Planned;
use super::plan::GarbledPlan;
use super::rows::{self, Row};
use crate::Error;
use crate::hello;
use crate::spn::graph::Evidence;
use crate::spn::party::Request;
use crate::spn::query::{Answer, QueryKind, Results};
use halfmask_bridge::mpc::channel::{Channel, Phase};
use halfmask_bridge::mpc::program::Program;
use halfmask_bridge::mpc::session::{EvaluatorSession, GarblerSession};
use halfmask_bridge::session::{Kernels, Randomness};
use zeroize::Zeroizing;

/// The layer under which channels count.
pub const LAYER: &str = "program";

/// Words of a row, and gates, that a request may come to.
const MOST_WORDS: usize = 1 << 24;
const MOST_ROWS: usize = 1 << 16;

/// Rows that one request may have; a client splits what is more.
fn rows_at_once(program: &Program) -> usize {
    (MOST_WORDS / program.input_bits().len().max(1)).clamp(1, MOST_ROWS)
}

/// The most rows of a request; likelihoods alone are answered.
fn limit(program: &Program, kind: QueryKind) -> Result<usize, Error> {
    match kind {
        QueryKind::Likelihood => Ok(rows_at_once(program)),
        other => Err(Error::Peer(format!(
            "a {} query; this profile answers likelihoods",
            other.name()
        ))),
    }
}

/// The party that holds the model.
#[derive(Debug)]
pub struct Server {
    planned: Planned,
    kernels: Kernels,
}

/// One client's connection.
pub struct ServerConnection<'a> {
    server: &'a Server,
    garbler: GarblerSession,
}

impl Server {
    /// A server for a planned network.
    #[must_use]
    pub const fn new(planned: Planned, kernels: Kernels) -> Self {
        Self { planned, kernels }
    }

    /// The network as planned.
    #[must_use]
    pub const fn planned(&self) -> &Planned {
        &self.planned
    }

    /// Opens a connection: hello, plan, base OT.
    ///
    /// # Errors
    /// [`Error::Handshake`] if the client does not fit, or the channel's.
    pub fn accept(
        &self,
        ch: &mut Channel,
        random: Randomness,
    ) -> Result<ServerConnection<'_>, Error> {
        let plan = self.planned.plan();
        hello::present(ch, plan)?;
        let (_, mut mpc) = random.into_parts();
        let engine = plan.engine;
        let garbler =
            GarblerSession::setup_with(ch, engine.cot, engine.scheme, &mut mpc, self.kernels.mpc)?;
        Ok(ServerConnection {
            server: self,
            garbler,
        })
    }
}

impl ServerConnection<'_> {
    /// Serves the next request; returns its number of rows, or `None` once the client has said goodbye.
    ///
    /// # Errors
    /// [`Error::Peer`] for an impossible request, or those of the sub-protocols.
    pub fn serve(&mut self, ch: &mut Channel) -> Result<Option<usize>, Error> {
        let planned = &self.server.planned;
        let program = planned.program();
        loop {
            match Request::receive(ch, |kind| limit(program, kind))? {
                Request::Finish => return Ok(None),
                Request::Prepare(_, rows) => {
                    let phase = Phase::Offline;
                    self.garbler
                        .prepare_program(ch, phase, LAYER, program, rows)?;
                }
                Request::Infer(_, rows) => {
                    let constants = &planned.constants;
                    self.garbler
                        .garble_program(ch, LAYER, program, constants, &[], rows)?;
                    return Ok(Some(rows));
                }
            }
        }
    }
}

/// A client's connection to a server.
pub struct Client {
    plan: GarbledPlan,
    circuits: Circuits,
    evaluator: EvaluatorSession,
}

impl Client {
    /// Opens a connection: hello, plan, base OT. `expected` pins the plan's digest.
    ///
    /// Over TCP the client's channel must be [`Channel::tcp_unblocked`]: it sends while the server may be sending.
    ///
    /// # Errors
    /// [`Error::Handshake`] or [`Error::Plan`] if the server or its plan is not acceptable, or the channel's.
    pub fn connect(
        ch: &mut Channel,
        expected: Option<[u8; 32]>,
        random: Randomness,
        kernels: Kernels,
    ) -> Result<Self, Error> {
        let plan: GarbledPlan = hello::learn(ch, expected)?;
        let (_, mut mpc) = random.into_parts();
        let engine = plan.engine;
        let evaluator =
            EvaluatorSession::setup_with(ch, engine.cot, engine.scheme, &mut mpc, kernels.mpc)?;
        Ok(Self {
            circuits: Circuits::new(&plan)?,
            plan,
            evaluator,
        })
    }

    /// The server's public plan.
    #[must_use]
    pub const fn plan(&self) -> &GarbledPlan {
        &self.plan
    }

    /// AND gates of a row.
    #[must_use]
    pub const fn cost(&self) -> &Cost {
        &self.circuits.cost
    }

    /// Makes ahead, with the server, the correlated OTs that a request of `rows` rows needs; counted as [`Phase::Offline`].
    ///
    /// # Errors
    /// [`Error::Plan`] for no rows or too many; those of the channel and the OTs.
    pub fn prepare(&mut self, ch: &mut Channel, rows: usize) -> Result<(), Error> {
        let program = &self.circuits.program;
        let most = rows_at_once(program);
        if !(1..=most).contains(&rows) {
            return Err(Error::Plan(format!(
                "{rows} rows prepared for, 1 to {most} are taken"
            )));
        }
        Request::Prepare(QueryKind::Likelihood, rows).send(ch)?;
        self.evaluator
            .prepare_program(ch, Phase::Offline, LAYER, program, rows)?;
        Ok(ch.flush()?)
    }

    /// Log-likelihoods of rows, which are log marginals where variables are missing. All rows are checked before anything is sent.
    ///
    /// # Errors
    /// As [`Client::infer_with`].
    pub fn infer<R: AsRef<[Evidence]>>(
        &mut self,
        ch: &mut Channel,
        rows: &[R],
    ) -> Result<Answer, Error> {
        self.infer_with(ch, rows, |_| {})
    }

    /// [`Client::infer`]; `progress` gets the number of rows done so far.
    ///
    /// # Errors
    /// [`crate::spn::RowError`] for the first row that does not fit; those of the sub-protocols.
    pub fn infer_with<R: AsRef<[Evidence]>>(
        &mut self,
        ch: &mut Channel,
        rows: &[R],
        mut progress: impl FnMut(usize),
    ) -> Result<Answer, Error> {
        let program = &self.circuits.program;
        let encoded = rows
            .iter()
            .enumerate()
            .map(|(r, row)| rows::encode(&self.plan, &self.circuits, r, row.as_ref()))
            .collect::<Result<Vec<Row>, _>>()?;
        let mut answer = Answer {
            results: Results::LogLikelihoods(Vec::new()),
            clamped: Vec::new(),
        };
        for rows in encoded.chunks(rows_at_once(program)) {
            Request::Infer(QueryKind::Likelihood, rows.len()).send(ch)?;
            let words = rows.iter().flat_map(|row| row.words.iter().copied());
            let inputs: Zeroizing<Vec<u64>> = Zeroizing::new(words.collect());
            let opened =
                self.evaluator
                    .evaluate_program(ch, LAYER, program, &inputs, rows.len())?;
            answer.append(rows::answer(&self.circuits, rows, &opened));
            progress(answer.clamped.len());
        }
        Ok(answer)
    }

    /// Says goodbye, so that the server ends its connection in order.
    ///
    /// # Errors
    /// The channel's.
    pub fn finish(self, ch: &mut Channel) -> Result<(), Error> {
        Request::Finish.send(ch)?;
        Ok(ch.flush()?)
    }
}
