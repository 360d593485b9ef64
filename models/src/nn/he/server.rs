//! The party that holds the model.

use super::pass::{DEGREE, Pass};
use super::planner::Planned;
use crate::Error;
use crate::hello;
use halfmask_bridge::ckks::ckks::{
    Ciphertext, Context, EvaluationKeys, Evaluator, PublicKey, SecretPolynomial, SeededCiphertext,
};
use halfmask_bridge::ckks::linear::centred::Strip;
use halfmask_bridge::ckks::{Evaluation, Poly, RngStreams, SecureRng};
use halfmask_bridge::mpc::channel::{Channel, Part, Phase};
use halfmask_bridge::session::{Kernels, Randomness};
use rayon::prelude::*;
use std::sync::Arc;

/// Ciphertexts received before they are expanded together.
const BURST: usize = 32;

/// A planned model, ready for connections.
#[derive(Debug)]
pub struct Server {
    planned: Planned,
    context: Arc<Context>,
    evaluator: Evaluator,
    kernels: Kernels,
}

/// One client's connection.
pub struct ServerConnection<'a> {
    server: &'a Server,
    keys: EvaluationKeys,
    public: PublicKey,
    rng: SecureRng,
}

impl Server {
    /// A server for a planned model.
    ///
    /// # Errors
    /// None for a checked plan.
    pub fn new(planned: Planned, kernels: Kernels) -> Result<Self, Error> {
        let context = Context::new(&planned.plan.check()?)?;
        Ok(Self {
            evaluator: Evaluator::new(&context, Arc::new(EvaluationKeys::none(&context)))?,
            planned,
            context,
            kernels,
        })
    }

    /// The model as planned.
    #[must_use]
    pub fn planned(&self) -> &Planned {
        &self.planned
    }

    /// Opens a connection: hello, plan, keys.
    ///
    /// # Errors
    /// [`Error::Handshake`] if the client does not fit, malformed keys, or the channel's.
    pub fn accept(
        &self,
        ch: &mut Channel,
        random: Randomness,
    ) -> Result<ServerConnection<'_>, Error> {
        hello::present(ch, &self.planned.plan)?;
        ch.enter(Phase::Setup, "", Part::Keys);
        let context = &self.context;
        let limit = super::client::key_bytes(context);
        let public = PublicKey::from_bytes(context, &ch.recv_prefixed(limit)?)?;
        let keys = EvaluationKeys::from_bytes(context, &ch.recv_prefixed(limit)?)?;
        // Refused now, not after a batch was computed.
        keys.relinearization()?;
        keys.conjugation()?;
        let (he, _) = random.into_parts();
        Ok(ServerConnection {
            server: self,
            keys,
            public,
            rng: he.with_simd(self.kernels.he)?,
        })
    }

    /// Every class's score of a whole batch, as a polynomial in the secret and its conjugate.
    fn evaluate(&self, inputs: &[Ciphertext]) -> Result<Vec<SecretPolynomial>, Error> {
        let plan = &self.planned.plan;
        let level = self.context.parameters().max_level();
        let ring = self.context.level_ring(level)?;
        let degree = ring.degree();
        let parts: Vec<[&[u64]; 2]> = inputs
            .iter()
            .filter_map(|c| match c.parts() {
                [c0, c1] => Some([c0.words(), c1.words()]),
                _ => None,
            })
            .collect();
        let passes: Vec<Pass<'_>> = (0..=level)
            .map(|limb| {
                let layers = &self.planned.layers;
                Pass::new(ring, limb, layers, plan.packing, self.kernels.he)
            })
            .collect::<Result<_, _>>()?;
        let strips = Pass::strips(degree);
        let strips: Vec<Vec<Strip>> = (0..passes.len() * strips)
            .into_par_iter()
            .filter_map(|item| {
                let pass = passes.get(item / strips)?;
                Some(pass.evaluate(&parts, item % strips))
            })
            .collect::<Result<_, _>>()?;
        let classes = plan.classes as usize;
        (0..classes)
            .into_par_iter()
            .map(|class| {
                let mut rows = Vec::with_capacity(DEGREE + 1);
                let mut term = 0;
                for power in 0..=DEGREE {
                    let mut row = Vec::with_capacity(DEGREE + 1 - power);
                    for _ in power..=DEGREE {
                        let mut words = vec![0; ring.element_words()];
                        let limbs = words.chunks_mut(degree).zip(&passes);
                        let of_limb = strips.chunks(Pass::strips(degree));
                        for ((limb, pass), strips) in limbs.zip(of_limb) {
                            for (s, strip) in strips.iter().enumerate() {
                                for side in 0..2 {
                                    let at = (2 * term + side) * classes + class;
                                    if let Some(values) = strip.get(at) {
                                        pass.store(s, side, values, limb);
                                    }
                                }
                            }
                        }
                        row.push(Poly::<Evaluation, u64>::from_words(ring, words)?);
                        term += 1;
                    }
                    rows.push(row);
                }
                let scale = plan.output_scale();
                Ok(SecretPolynomial::new(&self.context, level, scale, rows)?)
            })
            .collect()
    }
}

impl ServerConnection<'_> {
    /// Serves the next batch; returns its number of images, or `None` once the client has said goodbye.
    ///
    /// # Errors
    /// [`Error::Peer`] for an impossible batch, malformed ciphertexts, or the channel's.
    pub fn serve_batch(&mut self, ch: &mut Channel) -> Result<Option<usize>, Error> {
        let server = self.server;
        let plan = &server.planned.plan;
        ch.enter(Phase::Online, "", Part::Control);
        let images = ch.recv_u32()? as usize;
        if images == 0 {
            return Ok(None);
        }
        if images > plan.max_batch() {
            return Err(Error::Peer(format!(
                "a batch of {images} images, at most {} are taken",
                plan.max_batch()
            )));
        }
        let inputs = self.receive(ch)?;
        ch.enter(Phase::Online, "network", Part::Ciphertext);
        let scores = server.evaluate(&inputs)?;
        drop(inputs);
        ch.enter(Phase::Online, "scores", Part::Ciphertext);
        let streams = RngStreams::new(&mut self.rng);
        let (keys, public) = (&self.keys, &self.public);
        let answers: Vec<Vec<u8>> = scores
            .into_par_iter()
            .enumerate()
            .map(|(class, score)| {
                let mut rng = streams.stream(class as u64);
                Ok(server.finish(score, keys, public, &mut rng)?.to_bytes())
            })
            .collect::<Result<_, Error>>()?;
        for answer in &answers {
            ch.send_prefixed(answer)?;
        }
        ch.flush()?;
        Ok(Some(images))
    }

    /// One fresh ciphertext a pixel.
    fn receive(&self, ch: &mut Channel) -> Result<Vec<Ciphertext>, Error> {
        ch.enter(Phase::Online, "input", Part::Ciphertext);
        let server = self.server;
        let (plan, context) = (&server.planned.plan, &server.context);
        let limit = super::client::ciphertext_bytes(context);
        let level = context.parameters().max_level();
        let pixels = plan.inputs();
        let mut inputs = Vec::with_capacity(pixels);
        while inputs.len() < pixels {
            let burst = BURST.min(pixels - inputs.len());
            let bytes = (0..burst)
                .map(|_| ch.recv_prefixed(limit))
                .collect::<Result<Vec<_>, _>>()?;
            let expand = |bytes: &Vec<u8>| {
                let sent = SeededCiphertext::from_bytes(context, bytes)?;
                if sent.level() != level || sent.scale().to_bits() != plan.input_scale.to_bits() {
                    return Err(Error::Peer(format!(
                        "a ciphertext of level {} and scale {}, expected {level} and {}",
                        sent.level(),
                        sent.scale(),
                        plan.input_scale
                    )));
                }
                Ok(sent.expand())
            };
            let fresh = bytes
                .par_iter()
                .map(expand)
                .collect::<Result<Vec<_>, _>>()?;
            inputs.extend(fresh);
        }
        Ok(inputs)
    }
}

impl Server {
    /// Switches keys, re-randomises, floods, and divides all primes but the first away.
    fn finish(
        &self,
        score: SecretPolynomial,
        keys: &EvaluationKeys,
        public: &PublicKey,
        rng: &mut SecureRng,
    ) -> Result<Ciphertext, Error> {
        let mut score = score.into_ciphertext(keys)?;
        let bits = self.planned.report.flood_bits;
        let scale = self.planned.plan.output_scale();
        let flood = public.encrypt_flood(score.level(), scale, bits, rng)?;
        self.evaluator.add_assign(&mut score, &flood)?;
        while score.level() > 0 {
            score = self.evaluator.rescale(&score)?;
        }
        Ok(score)
    }
}
