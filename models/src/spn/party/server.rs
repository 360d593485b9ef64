//! The party that holds the model.

use super::LAYERS;
use super::request::Request;
use super::rules::{Programs, limit};
use crate::Error;
use crate::hello;
use crate::spn::lower::Planned;
use crate::spn::query::QueryKind;
use halfmask_bridge::exact::{ExactMatrix, ExactServer};
use halfmask_bridge::mpc::channel::{Channel, Phase};
use halfmask_bridge::mpc::session::GarblerSession;
use halfmask_bridge::session::{Kernels, Randomness};

/// A planned network, ready for connections.
pub struct Server {
    planned: Planned,
    matrix: ExactMatrix,
    programs: Programs,
    kernels: Kernels,
}

/// One client's connection.
pub struct ServerConnection<'a> {
    server: &'a Server,
    garbler: GarblerSession,
    exact: ExactServer,
}

impl Server {
    /// A server for a planned network.
    ///
    /// # Errors
    /// If the secret matrix does not keep the plan's bounds.
    pub fn new(planned: Planned, kernels: Kernels) -> Result<Self, Error> {
        let spec = planned.plan.exact_spec(&planned.shape);
        let (coefficients, constants) = planned.matrix();
        let matrix = ExactMatrix::new(&spec, &coefficients, &constants)?;
        // What a single row needs must not wait for the first one.
        matrix.prepare(1)?;
        Ok(Self {
            matrix,
            programs: Programs::default(),
            planned,
            kernels,
        })
    }

    /// The network as planned.
    #[must_use]
    pub const fn planned(&self) -> &Planned {
        &self.planned
    }

    /// Opens a connection: hello, plan, base OT, keys.
    ///
    /// # Errors
    /// [`Error::Handshake`] if the client does not fit, or the channel's.
    pub fn accept(
        &self,
        ch: &mut Channel,
        random: Randomness,
    ) -> Result<ServerConnection<'_>, Error> {
        let plan = &self.planned.plan;
        hello::present(ch, plan)?;
        let (mut he, mut mpc) = random.into_parts();
        let engine = plan.engine;
        let garbler =
            GarblerSession::setup_with(ch, engine.cot, engine.scheme, &mut mpc, self.kernels.mpc)?;
        let spec = plan.exact_spec(&self.planned.shape);
        let exact = ExactServer::setup(ch, &spec, garbler.seed(), &mut he, self.kernels)?;
        Ok(ServerConnection {
            server: self,
            garbler,
            exact,
        })
    }
}

impl ServerConnection<'_> {
    /// Serves the next request; returns its number of rows, or `None` once the client has said goodbye.
    ///
    /// # Errors
    /// [`Error::Peer`] for an impossible request, or those of the sub-protocols.
    pub fn serve(&mut self, ch: &mut Channel) -> Result<Option<usize>, Error> {
        let Planned { plan, shape, .. } = &self.server.planned;
        loop {
            match Request::receive(ch, |kind| limit(plan, shape, kind))? {
                Request::Finish => return Ok(None),
                Request::Prepare(kind, rows) => {
                    let program = self.server.programs.get(plan, shape, kind)?;
                    self.garbler
                        .prepare_program(ch, Phase::Offline, LAYERS[1], program, rows)?;
                    self.server.matrix.prepare(rows * plan.copies(kind))?;
                }
                Request::Infer(kind, rows) => {
                    self.infer(ch, kind, rows)?;
                    return Ok(Some(rows));
                }
            }
        }
    }

    fn infer(&mut self, ch: &mut Channel, kind: QueryKind, rows: usize) -> Result<(), Error> {
        let Server {
            planned,
            matrix,
            programs,
            ..
        } = self.server;
        let Planned { plan, shape, .. } = planned;
        let program = programs.get(plan, shape, kind)?;
        let mut shares = self
            .exact
            .apply(ch, LAYERS[0], matrix, rows * plan.copies(kind))?;
        // The 2 of (client + server + 2) >> 2.
        let mask = u64::MAX >> (u64::BITS - shape.widths.share - 2);
        for share in &mut shares {
            *share = share.wrapping_add(2) & mask;
        }
        let constants = planned.constants(kind);
        Ok(self
            .garbler
            .garble_program(ch, LAYERS[1], program, &constants, &shares, rows)?)
    }
}
