//! What a client asks for next.

use crate::Error;
use crate::nn::plan::Plan;
use halfmask_bridge::mpc::channel::{Channel, Part, Phase};

/// A client's request. Numbers of images are those of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Request {
    /// Goodbye.
    Finish,
    /// Make ahead what a batch needs.
    Prepare(usize),
    /// Evaluate a batch.
    Infer(usize),
}

impl Request {
    pub(super) fn send(self, ch: &mut Channel) -> Result<(), Error> {
        let (code, images) = match self {
            Self::Finish => (0, 0),
            Self::Prepare(images) => (1, images),
            Self::Infer(images) => (2, images),
        };
        // Both parties count the request itself under one scope, whatever it asks for.
        ch.enter(Phase::Online, "", Part::Control);
        ch.send_u32(code)?;
        Ok(ch.send_u32(images as u32)?)
    }

    /// Receives a request; numbers of images are within the plan.
    pub(super) fn receive(ch: &mut Channel, plan: &Plan) -> Result<Self, Error> {
        ch.enter(Phase::Online, "", Part::Control);
        let (code, images) = (ch.recv_u32()?, ch.recv_u32()? as usize);
        if code != 0 && !(1..=plan.max_batch()).contains(&images) {
            return Err(Error::Peer(format!(
                "a batch of {images} images, 1 to {} are taken",
                plan.max_batch()
            )));
        }
        match code {
            0 => Ok(Self::Finish),
            1 => Ok(Self::Prepare(images)),
            2 => Ok(Self::Infer(images)),
            other => Err(Error::Peer(format!("request {other}, expected 0 to 2"))),
        }
    }
}
