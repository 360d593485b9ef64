//! The party that holds rows of evidence.

use super::LAYERS;
use super::request::Request;
use super::rules::{InStep, Programs, rows_at_once};
use crate::Error;
use crate::hello;
use crate::spn::graph::Evidence;
use crate::spn::plan::{Plan, Shape};
use crate::spn::query::{Answer, Query, QueryKind, Results};
use crate::spn::rows::Encoded;
use halfmask_bridge::exact::ExactClient;
use halfmask_bridge::mpc::channel::{Channel, Phase};
use halfmask_bridge::mpc::session::EvaluatorSession;
use halfmask_bridge::session::{Kernels, Randomness};
use zeroize::Zeroizing;

/// A client's connection to a server.
pub struct Client {
    plan: Plan,
    shape: Shape,
    programs: Programs,
    evaluator: EvaluatorSession,
    exact: ExactClient,
    in_step: InStep,
}

impl Client {
    /// Opens a connection: hello, plan, base OT, keys. `expected` pins the plan's digest.
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
        let plan: Plan = hello::learn(ch, expected)?;
        let shape = plan.check()?;
        let (mut he, mut mpc) = random.into_parts();
        let engine = plan.engine;
        let evaluator =
            EvaluatorSession::setup_with(ch, engine.cot, engine.scheme, &mut mpc, kernels.mpc)?;
        let exact = ExactClient::setup(
            ch,
            &plan.exact_spec(&shape),
            evaluator.seed(),
            &mut he,
            kernels,
        )?;
        Ok(Self {
            plan,
            shape,
            programs: Programs::default(),
            evaluator,
            exact,
            in_step: InStep::default(),
        })
    }

    /// The server's public plan.
    #[must_use]
    pub const fn plan(&self) -> &Plan {
        &self.plan
    }

    /// What follows from the plan.
    #[must_use]
    pub const fn shape(&self) -> &Shape {
        &self.shape
    }

    /// Checks rows of a query as [`Client::infer`] does; nothing is sent.
    ///
    /// # Errors
    /// [`crate::spn::RowError`] for the first row that does not fit, or no classes to ask for.
    pub fn check<R: AsRef<[Evidence]>>(&self, rows: &[R], query: &Query) -> Result<(), Error> {
        Encoded::check(&self.plan, query, rows)
    }

    /// AND gates of a row of a query.
    ///
    /// # Errors
    /// [`Error::Plan`] if the network has no classes to ask for.
    pub fn and_gates(&self, kind: QueryKind) -> Result<usize, Error> {
        Ok(self
            .programs
            .get(&self.plan, &self.shape, kind)?
            .and_gates())
    }

    /// Makes ahead, with the server, the correlated OTs that a request of `rows` rows needs, and on both sides what is
    /// derived from the plan; counted as [`Phase::Offline`].
    ///
    /// # Errors
    /// [`Error::Plan`] for no rows or more than [`rows_at_once`]; those of the channel and the OTs.
    pub fn prepare(&mut self, ch: &mut Channel, kind: QueryKind, rows: usize) -> Result<(), Error> {
        let most = rows_at_once(&self.plan, &self.shape, kind);
        if !(1..=most).contains(&rows) {
            return Err(Error::Plan(format!(
                "{rows} rows prepared for, 1 to {most} are taken"
            )));
        }
        let program = self.programs.get(&self.plan, &self.shape, kind)?;
        self.in_step.begin()?;
        Request::Prepare(kind, rows).send(ch)?;
        self.evaluator
            .prepare_program(ch, Phase::Offline, LAYERS[1], program, rows)?;
        ch.flush()?;
        self.in_step.finish();
        Ok(())
    }

    /// Answers a query about rows.
    ///
    /// # Errors
    /// As [`Client::infer_with`].
    pub fn infer<R: AsRef<[Evidence]>>(
        &mut self,
        ch: &mut Channel,
        rows: &[R],
        query: &Query,
    ) -> Result<Answer, Error> {
        self.infer_with(ch, rows, query, |_| {})
    }

    /// Answers a query about rows, as many at once as memory allows; `progress` gets the number of rows done so far. All rows are checked before
    /// anything is sent.
    ///
    /// # Errors
    /// [`crate::spn::RowError`] for the first row that does not fit, or no classes to ask for; those of the sub-protocols.
    pub fn infer_with<R: AsRef<[Evidence]>>(
        &mut self,
        ch: &mut Channel,
        rows: &[R],
        query: &Query,
        mut progress: impl FnMut(usize),
    ) -> Result<Answer, Error> {
        Encoded::check(&self.plan, query, rows)?;
        let most = rows_at_once(&self.plan, &self.shape, query.kind());
        let mut answer = Answer {
            results: Results::empty(query.kind()),
            clamped: Vec::new(),
        };
        for chunk in rows.chunks(most) {
            answer.append(self.chunk(ch, chunk, query)?);
            progress(answer.clamped.len());
        }
        Ok(answer)
    }

    fn chunk<R: AsRef<[Evidence]>>(
        &mut self,
        ch: &mut Channel,
        rows: &[R],
        query: &Query,
    ) -> Result<Answer, Error> {
        let (plan, shape, kind) = (&self.plan, &self.shape, query.kind());
        let program = self.programs.get(plan, shape, kind)?;
        let encoded = Encoded::new(plan, shape, query, rows)?;
        self.in_step.begin()?;
        Request::Infer(kind, rows.len()).send(ch)?;
        let vectors = rows.len() * plan.copies(kind);
        self.exact
            .send(ch, LAYERS[0], &encoded.statistics, vectors)?;
        let shares = Zeroizing::new(self.exact.receive(ch, LAYERS[0], vectors)?);
        let inputs = encoded.inputs(shares);
        let opened =
            self.evaluator
                .evaluate_program(ch, LAYERS[1], program, &inputs, rows.len())?;
        self.in_step.finish();
        Ok(encoded.answer(plan, shape, rows, &opened))
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
