//! The party that holds the inputs.

use super::{hello, multiply};
use crate::Error;
use crate::nn::plan::{Activation, Plan};
use halfmask_bridge::ckks::Modulus;
use halfmask_bridge::mpc::channel::{Channel, Part, Phase};
use halfmask_bridge::session::{ClientSession, Kernels, Randomness};

/// A client's connection to a server.
pub struct Client {
    plan: Plan,
    session: ClientSession,
    #[cfg(any(test, feature = "test-seed"))]
    /// Filled if set.
    pub recording: Option<super::Recording>,
}

impl Client {
    /// Opens a connection: hello, plan, keys, base OT. `expected` pins the plan's digest.
    ///
    /// Over TCP the client's channel must be [`Channel::tcp_unblocked`]: segments of a layer overlap, and it sends while the
    /// server may be sending.
    ///
    /// # Errors
    /// [`Error::Handshake`] or [`Error::Plan`] if the server or its plan is not acceptable, or the channel's.
    pub fn connect(
        ch: &mut Channel,
        expected: Option<[u8; 32]>,
        random: Randomness,
        kernels: Kernels,
    ) -> Result<Self, Error> {
        let plan = hello::learn(ch, expected)?;
        let session = ClientSession::setup(ch, &plan.check()?, random, kernels)?;
        Ok(Self {
            plan,
            session,
            #[cfg(any(test, feature = "test-seed"))]
            recording: None,
        })
    }

    /// The server's public plan.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Classifies a batch of images, each its quantised integers ([`crate::nn::plan::InputPlan::quantise`]).
    ///
    /// # Errors
    /// [`Error::Peer`] or those of the sub-protocols; [`Error::Plan`] if images have another size or are too many.
    pub fn classify(&mut self, ch: &mut Channel, images: &[&[i64]]) -> Result<Vec<u32>, Error> {
        let encoded = self.encode(images)?;
        ch.enter(Phase::Online, "", Part::Control);
        ch.send_u32(images.len() as u32)?;
        let (plan, count) = (&self.plan, images.len());
        let mut values = encoded;
        for stage in &plan.stages {
            self.session
                .send_encrypted(ch, &stage.name, &values, count)?;
            let x = self.session.receive_shares(
                ch,
                &stage.name,
                stage.outputs as usize,
                stage.share_bits,
                count,
            )?;
            #[cfg(any(test, feature = "test-seed"))]
            if let Some(recording) = &mut self.recording {
                recording.entered.push(x.clone());
            }
            if let (
                Some(spec),
                Activation::Relu {
                    name, multiplier, ..
                },
            ) = (plan.relu(stage), &stage.then)
            {
                values = vec![0; x.len()];
                self.session
                    .evaluator
                    .relu(ch, name, &spec, &x, &mut values)?;
                multiply(&mut values, *multiplier, plan.modulus())?;
                #[cfg(any(test, feature = "test-seed"))]
                if let Some(recording) = &mut self.recording {
                    recording.left.push(values.clone());
                }
            } else if let Some(spec) = plan.argmax(stage) {
                return Ok(self.session.evaluator.argmax(ch, "argmax", &spec, &x)?);
            }
        }
        Err(Error::Plan("the plan ends without a class".into()))
    }

    /// Says goodbye, so that the server ends its connection in order.
    ///
    /// # Errors
    /// The channel's.
    pub fn finish(self, ch: &mut Channel) -> Result<(), Error> {
        ch.enter(Phase::Online, "", Part::Control);
        ch.send_u32(0)?;
        Ok(ch.flush()?)
    }

    /// Residues `[element][image]`, multiplied by the plan's input multiplier.
    fn encode(&self, images: &[&[i64]]) -> Result<Vec<u32>, Error> {
        let (plan, elements) = (&self.plan, self.plan.inputs());
        if images.is_empty() || images.len() > plan.max_batch() {
            return Err(Error::Plan(format!(
                "a batch of {} images, 1 to {} are taken",
                images.len(),
                plan.max_batch()
            )));
        }
        let modulus = Modulus::new(plan.modulus())?;
        let mut values = vec![0u32; elements * images.len()];
        for (j, image) in images.iter().enumerate() {
            if image.len() != elements {
                return Err(Error::Plan(format!(
                    "image {j} has {} values, the model takes {elements}",
                    image.len()
                )));
            }
            let row = values.iter_mut().skip(j).step_by(images.len());
            for (slot, v) in row.zip(plan.encode(image)) {
                *slot = modulus.reduce_signed(v);
            }
        }
        Ok(values)
    }
}
