//! The party that holds the model.

use super::request::Request;
use super::{check_prepared, nonlinear};
use crate::Error;
use crate::hello;
use crate::nn::plan::{Plan, Stage};
use crate::nn::planner::Planned;
use halfmask_bridge::linear::IntegerLinear;
use halfmask_bridge::mpc::channel::{Channel, Part, Phase};
use halfmask_bridge::session::{Kernels, Randomness, ServerSession};

/// A planned model, ready for connections.
#[derive(Debug)]
pub struct Server {
    planned: Planned,
    kernels: Kernels,
}

/// One client's connection.
pub struct ServerConnection<'a> {
    server: &'a Server,
    session: ServerSession,
    /// Images prepared for and not yet evaluated.
    prepared: usize,
    #[cfg(any(test, feature = "test-seed"))]
    /// Filled if set.
    pub recording: Option<super::Recording>,
}

impl Server {
    /// A server for a planned model.
    #[must_use]
    pub fn new(planned: Planned, kernels: Kernels) -> Self {
        Self { planned, kernels }
    }

    /// The model as planned.
    #[must_use]
    pub fn planned(&self) -> &Planned {
        &self.planned
    }

    fn plan(&self) -> &Plan {
        &self.planned.plan
    }

    /// Opens a connection: hello, plan, keys, base OT.
    ///
    /// # Errors
    /// [`Error::Handshake`] if the client does not fit, or the channel's.
    pub fn accept(
        &self,
        ch: &mut Channel,
        random: Randomness,
    ) -> Result<ServerConnection<'_>, Error> {
        hello::present(ch, self.plan())?;
        let session = ServerSession::setup(
            ch,
            &self.plan().check()?,
            self.plan().engine,
            random,
            self.kernels,
        )?;
        Ok(ServerConnection {
            server: self,
            session,
            prepared: 0,
            #[cfg(any(test, feature = "test-seed"))]
            recording: None,
        })
    }
}

impl ServerConnection<'_> {
    /// Serves the next batch; returns its number of images, or `None` once the client has said goodbye.
    ///
    /// # Errors
    /// [`Error::Peer`] for an impossible batch, or those of the sub-protocols.
    pub fn serve_batch(&mut self, ch: &mut Channel) -> Result<Option<usize>, Error> {
        let plan = self.server.plan();
        let images = loop {
            match Request::receive(ch, plan)? {
                Request::Finish => return Ok(None),
                Request::Prepare(images) => self.prepare(ch, images)?,
                Request::Infer(images) => {
                    self.prepared = self.prepared.saturating_sub(images);
                    break images;
                }
            }
        };
        let mut share: Option<Vec<u32>> = None;
        let layers = self.server.planned.network.layers();
        for (stage, layer) in plan.stages.iter().zip(layers) {
            share = self.stage(ch, stage, &layer.linear, share.as_deref(), images)?;
        }
        Ok(Some(images))
    }

    /// This party's part of [`super::Client::prepare`].
    fn prepare(&mut self, ch: &mut Channel, images: usize) -> Result<(), Error> {
        let plan = self.server.plan();
        let total = self.prepared + images;
        check_prepared(total, plan)?;
        self.prepared = total;
        nonlinear::prepare(&mut self.session.garbler, ch, plan, images)?;
        ch.enter(Phase::Offline, "", Part::Ciphertext);
        let incoming = plan.stages.iter().map(|s| s.inputs as usize).sum();
        let outgoing = plan.stages.iter();
        let outgoing: Vec<_> = outgoing
            .map(|s| (s.outputs as usize, s.then.error0()))
            .collect();
        Ok(self.session.prepare(incoming, &outgoing)?)
    }

    /// One stage: the client's ciphertexts in, this party's share of the activations out.
    fn stage(
        &mut self,
        ch: &mut Channel,
        stage: &Stage,
        linear: &IntegerLinear,
        share: Option<&[u32]>,
        images: usize,
    ) -> Result<Option<Vec<u32>>, Error> {
        let plan = self.server.plan();
        let batch =
            self.session
                .receive_encrypted(ch, &stage.name, linear.inputs(), share, images)?;
        let batch = linear.encrypted(&batch, self.server.kernels.he)?;
        let error0 = stage.then.error0();
        let x = self.session.send_as_shares(
            ch,
            &stage.name,
            &batch,
            stage.share_bits,
            error0,
            images,
        )?;
        drop(batch);
        #[cfg(any(test, feature = "test-seed"))]
        if let Some(recording) = &mut self.recording {
            recording.enter(&x);
        }
        let garbler = &mut self.session.garbler;
        let x = nonlinear::pool(garbler, ch, plan, stage, x, images, |_x| {
            #[cfg(any(test, feature = "test-seed"))]
            if let Some(recording) = &mut self.recording {
                recording.pool(_x);
            }
        })?;
        if let Some(spec) = plan.argmax(stage) {
            garbler.argmax(ch, "argmax", &spec, &x)?;
            return Ok(None);
        }
        if let Some(spec) = plan.logits(stage) {
            garbler.logits(ch, "logits", &spec, &x)?;
            return Ok(None);
        }
        let y = nonlinear::activate(garbler, ch, plan, stage, &x)?;
        #[cfg(any(test, feature = "test-seed"))]
        if let Some(recording) = &mut self.recording {
            recording.left.push(y.clone());
        }
        Ok(Some(y))
    }
}
