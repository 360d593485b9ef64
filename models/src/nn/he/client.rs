//! The party that holds the images and the secret key.

use super::plan::{Packing, Plan};
use crate::Error;
use crate::hello;
use halfmask_bridge::ckks::ckks::{
    Ciphertext, Complex64, Context, Encoder, EvaluationKeys, PublicKey, SecretKey,
};
use halfmask_bridge::ckks::{PublicSeed, RngStreams, SecureRng};
use halfmask_bridge::mpc::channel::{Channel, Part, Phase};
use halfmask_bridge::session::{Kernels, Randomness};
use rayon::prelude::*;
use std::sync::Arc;

/// Ciphertexts made together before they are sent.
const BURST: usize = 32;

/// A client's connection to a server.
pub struct Client {
    plan: Plan,
    context: Arc<Context>,
    encoder: Encoder,
    secret: SecretKey,
    rng: SecureRng,
}

/// Bytes that a serialised ciphertext of these parameters has at most.
pub(super) fn ciphertext_bytes(context: &Context) -> usize {
    // Two components of whole words, and headers.
    16 * context.key_ring().element_words() + 1024
}

/// Bytes that serialised keys of these parameters have at most.
pub(super) fn key_bytes(context: &Context) -> usize {
    // Two switching keys, of at most as many digits as limbs.
    2 * context.key_ring().limbs().len() * ciphertext_bytes(context)
}

impl Client {
    /// Opens a connection: hello, plan, keys. `expected` pins the plan's digest.
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
        ch.enter(Phase::Setup, "", Part::Keys);
        let context = Context::new(&plan.check()?)?;
        let (he, _) = random.into_parts();
        let mut rng = he.with_simd(kernels.he)?;
        let secret = SecretKey::generate(&context, &mut rng);
        let public = PublicKey::generate(&secret, &mut rng)?;
        let keys = EvaluationKeys::builder(&secret)
            .relinearization()
            .conjugation()
            .build(&mut rng)?;
        ch.send_prefixed(&public.to_bytes())?;
        ch.send_prefixed(&keys.to_bytes())?;
        ch.flush()?;
        Ok(Self {
            plan,
            encoder: Encoder::new(&context)?,
            context,
            secret,
            rng,
        })
    }

    /// The server's public plan.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The class scores of a batch of images, each its pixels.
    ///
    /// # Errors
    /// [`Error::Plan`] if images have another size or are too many, malformed answers, or the channel's.
    pub fn infer(&mut self, ch: &mut Channel, images: &[&[f64]]) -> Result<Vec<Vec<f64>>, Error> {
        let (plan, most) = (&self.plan, self.plan.max_batch());
        if !(1..=most).contains(&images.len()) {
            return Err(Error::Plan(format!(
                "a batch of {} images, 1 to {most} are taken",
                images.len()
            )));
        }
        if let Some(image) = images.iter().find(|image| image.len() != plan.inputs()) {
            return Err(Error::Plan(format!(
                "an image has {} values, the model takes {}",
                image.len(),
                plan.inputs()
            )));
        }
        ch.enter(Phase::Online, "", Part::Control);
        ch.send_u32(images.len() as u32)?;
        self.send(ch, images)?;
        ch.flush()?;
        ch.enter(Phase::Online, "scores", Part::Ciphertext);
        let classes = self.plan.classes as usize;
        let mut scores = vec![Vec::with_capacity(classes); images.len()];
        for _ in 0..classes {
            let bytes = ch.recv_prefixed(ciphertext_bytes(&self.context))?;
            let answer = Ciphertext::from_bytes(&self.context, &bytes)?;
            let plain = self.secret.decrypt(&answer)?;
            let values = self.encoder.decode_complex(&plain)?;
            let slots = self.context.slots();
            for (image, scores) in scores.iter_mut().enumerate() {
                let value = values.get(image % slots).copied().unwrap_or_default();
                scores.push(if image < slots { value.re } else { value.im });
            }
        }
        Ok(scores)
    }

    /// Encrypts every pixel of all images. Image t is in slot t mod N/2, the second half in imaginary parts.
    fn send(&mut self, ch: &mut Channel, images: &[&[f64]]) -> Result<(), Error> {
        ch.enter(Phase::Online, "input", Part::Ciphertext);
        let (slots, level) = (self.context.slots(), self.context.parameters().max_level());
        let streams = RngStreams::new(&mut self.rng);
        let (real, imaginary) = images.split_at(images.len().min(slots));
        debug_assert!(imaginary.is_empty() || self.plan.packing == Packing::Complex);
        let encrypt = |pixel: usize| -> Result<Vec<u8>, Error> {
            let at = |image: &&[f64]| image.get(pixel).copied().unwrap_or_default();
            let values: Vec<Complex64> = real
                .iter()
                .enumerate()
                .map(|(slot, image)| Complex64::new(at(image), imaginary.get(slot).map_or(0.0, at)))
                .collect();
            let plain = self
                .encoder
                .encode_at(&values, level, self.plan.input_scale)?;
            let mut rng = streams.stream(pixel as u64);
            let mut seed = PublicSeed::generate(&mut rng);
            Ok(self.secret.encrypt(&plain, &mut seed, &mut rng)?.to_bytes())
        };
        let pixels = self.plan.inputs();
        for first in (0..pixels).step_by(BURST) {
            let burst = (first..pixels.min(first + BURST)).into_par_iter();
            for bytes in burst.map(encrypt).collect::<Result<Vec<_>, _>>()? {
                ch.send_prefixed(&bytes)?;
            }
        }
        Ok(())
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
}
