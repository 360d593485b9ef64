//! The party that holds the inputs.

use super::request::Request;
use super::{check_prepared, nonlinear};
use crate::Error;
use crate::hello;
use crate::nn::float::argmax;
use crate::nn::plan::Plan;
use halfmask_bridge::ckks::Modulus;
use halfmask_bridge::mpc::channel::{Channel, Part, Phase};
use halfmask_bridge::session::{ClientSession, Kernels, Randomness};

/// A client's connection to a server.
pub struct Client {
    plan: Plan,
    session: ClientSession,
    /// Images prepared for and not yet evaluated.
    prepared: usize,
    #[cfg(any(test, feature = "test-seed"))]
    /// Filled if set.
    pub recording: Option<super::Recording>,
}

/// What a batch opens to the client, an image an entry.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Results {
    /// Classes.
    Classes(Vec<u32>),
    /// All class scores in the model's units, each a multiple of `step`.
    Logits {
        /// Scores of each image.
        scores: Vec<Vec<f64>>,
        /// The declared precision: scores were rounded to this.
        step: f64,
    },
}

impl Results {
    /// The classes; of equal scores the lowest index.
    #[must_use]
    pub fn classes(self) -> Vec<u32> {
        match self {
            Self::Classes(classes) => classes,
            Self::Logits { scores, .. } => scores
                .iter()
                .map(|scores| argmax(scores).unwrap_or(0) as u32)
                .collect(),
        }
    }
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
        let plan: Plan = hello::learn(ch, expected)?;
        let session = ClientSession::setup(ch, &plan.check()?, plan.engine, random, kernels)?;
        Ok(Self {
            plan,
            session,
            prepared: 0,
            #[cfg(any(test, feature = "test-seed"))]
            recording: None,
        })
    }

    /// The server's public plan.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Makes ahead, with the server, what a batch of `images` images needs and no input decides: correlated OTs and the tables
    /// and pads made of them, encryptions of zero, masks. It is used up by the batches that follow; counted as
    /// [`Phase::Offline`]. The stock is bounded ([`halfmask_bridge::ckks::ahead::PREPARED_BYTES`] a kind): more is made in time.
    ///
    /// # Errors
    /// [`Error::Plan`] if a batch has not so many images, or if as many as [`PREPARED_BATCHES`] full ones are prepared; those of
    /// the sub-protocols.
    ///
    /// [`PREPARED_BATCHES`]: super::PREPARED_BATCHES
    pub fn prepare(&mut self, ch: &mut Channel, images: usize) -> Result<(), Error> {
        self.check_batch(images)?;
        let prepared = self.prepared + images;
        check_prepared(prepared, &self.plan)?;
        self.prepared = prepared;
        Request::Prepare(images).send(ch)?;
        let plan = &self.plan;
        nonlinear::prepare(&mut self.session.evaluator, ch, plan, images)?;
        ch.enter(Phase::Offline, "", Part::Ciphertext);
        let ciphertexts = plan.stages.iter().map(|s| s.inputs as usize).sum();
        self.session.prepare(ciphertexts)?;
        Ok(ch.flush()?)
    }

    fn check_batch(&self, images: usize) -> Result<(), Error> {
        let most = self.plan.max_batch();
        if (1..=most).contains(&images) {
            return Ok(());
        }
        Err(Error::Plan(format!(
            "a batch of {images} images, 1 to {most} are taken"
        )))
    }

    /// Classifies a batch of images, each its quantised integers ([`crate::nn::plan::InputPlan::quantise`]).
    ///
    /// # Errors
    /// As [`Client::infer`].
    pub fn classify(&mut self, ch: &mut Channel, images: &[&[i64]]) -> Result<Vec<u32>, Error> {
        Ok(self.infer(ch, images)?.classes())
    }

    /// Evaluates the model on a batch of images, each its quantised integers ([`crate::nn::plan::InputPlan::quantise`]), and learns
    /// what the plan opens.
    ///
    /// # Errors
    /// [`Error::Peer`] or those of the sub-protocols; [`Error::Plan`] if images have another size or are too many.
    pub fn infer(&mut self, ch: &mut Channel, images: &[&[i64]]) -> Result<Results, Error> {
        let mut values = self.encode(images)?;
        self.prepared = self.prepared.saturating_sub(images.len());
        Request::Infer(images.len()).send(ch)?;
        let (plan, count) = (&self.plan, images.len());
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
                recording.enter(&x);
            }
            let evaluator = &mut self.session.evaluator;
            let x = nonlinear::pool(evaluator, ch, plan, stage, x, count, |_x| {
                #[cfg(any(test, feature = "test-seed"))]
                if let Some(recording) = &mut self.recording {
                    recording.pool(_x);
                }
            })?;
            if let Some(spec) = plan.argmax(stage) {
                let classes = evaluator.argmax(ch, "argmax", &spec, &x)?;
                return Ok(Results::Classes(classes));
            }
            if let Some((spec, step)) = plan.scores().filter(|_| stage.then.opens()) {
                let opened = evaluator.logits(ch, "logits", &spec, &x)?;
                let scores = (0..count)
                    .map(|j| opened.iter().skip(j).step_by(count))
                    .map(|image| image.map(|r| f64::from(*r) * step).collect())
                    .collect();
                return Ok(Results::Logits { scores, step });
            }
            values = nonlinear::activate(evaluator, ch, plan, stage, &x)?;
            #[cfg(any(test, feature = "test-seed"))]
            if let Some(recording) = &mut self.recording {
                recording.left.push(values.clone());
            }
        }
        Err(Error::Plan("the plan ends without a class".into()))
    }

    /// Says goodbye, so that the server ends its connection in order.
    ///
    /// # Errors
    /// The channel's.
    pub fn finish(self, ch: &mut Channel) -> Result<(), Error> {
        Request::Finish.send(ch)?;
        Ok(ch.flush()?)
    }

    /// Residues `[element][image]`, multiplied by the plan's input multiplier.
    fn encode(&self, images: &[&[i64]]) -> Result<Vec<u32>, Error> {
        let (plan, elements) = (&self.plan, self.plan.inputs());
        self.check_batch(images.len())?;
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
