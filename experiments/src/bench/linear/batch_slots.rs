//! One element of a batch a ciphertext, in CKKS slots: as CryptoNets packs, two images a slot.
//!
//! Weights are integers, so that one prime without a rescale is enough.

use std::sync::Arc;

use halfmask_models::Error;
use halfmask_models::bridge::ckks::ckks::{
    Ciphertext, Complex64, Context, Encoder, EvaluationKeys, Evaluator, Parameters,
    ParametersLiteral, Plaintext, PublicKey, SecretKey, SeededCiphertext,
};
use halfmask_models::bridge::ckks::linear::centred::{Centred, STRIP, Strip};
use halfmask_models::bridge::ckks::{Poly, PublicSeed, SecureRng, Simd};
use halfmask_models::nn::he;

use super::Setting;
use super::layer::{Layer, MAX_WEIGHT};
use super::packing::{Answer, Packed, Packing, size, timed};

/// Ring degree.
const DEGREE: usize = 2048;
/// Bits of the prime: wider ones leave less room for sums in double precision.
const PRIME_BITS: u32 = 38;
/// log2 of a nominal scale; inputs are encoded at the largest that fits.
const LOG2_SCALE: u32 = 20;
/// The share of the modulus that outputs may fill: two images a slot, rounding of weights and noise are in the rest.
const FILL: f64 = 0.6;

/// The layer and both parties' keys.
pub(super) struct BatchSlots {
    name: String,
    inputs: usize,
    context: Arc<Context>,
    layer: he::Layer,
    field: Centred,
    /// Of encoded inputs and of outputs.
    scales: [f64; 2],
    encoder: Encoder,
    evaluator: Evaluator,
    secret: SecretKey,
    public: PublicKey,
    zero: Plaintext,
    rng: SecureRng,
}

impl BatchSlots {
    pub(super) fn new(layer: &Layer, simd: Simd) -> Result<Self, Error> {
        let literal = ParametersLiteral::from_bits(DEGREE, &[PRIME_BITS], &[], LOG2_SCALE)?;
        let context = Context::new(&Parameters::new(&literal)?)?;
        let missing = || Error::Plan("a ring without a prime".to_owned());
        let modulus = context.key_ring().moduli().next().ok_or_else(missing)?;
        let mut rng = SecureRng::from_os()?.with_simd(simd)?;
        let secret = SecretKey::generate(&context, &mut rng);
        let encoder = Encoder::new(&context)?;

        let weight_scale = f64::from(MAX_WEIGHT) / he::Layer::largest(layer.linear());
        let largest = weight_scale * layer.bound()?;
        let input_scale = (FILL * modulus.value() as f64 / 2.0 / largest).floor();
        let output_scale = input_scale * weight_scale;
        Ok(Self {
            name: layer.name().to_owned(),
            inputs: layer.linear().inputs(),
            layer: he::Layer::new(
                layer.linear(),
                weight_scale,
                output_scale,
                MAX_WEIGHT,
                PRIME_BITS,
            )?,
            field: Centred::new(modulus, simd)?,
            scales: [input_scale, output_scale],
            zero: encoder.encode_real_at(&[], 0, output_scale)?,
            evaluator: Evaluator::new(&context, Arc::new(EvaluationKeys::none(&context)))?,
            public: PublicKey::generate(&secret, &mut rng)?,
            encoder,
            secret,
            context,
            rng,
        })
    }

    /// One ciphertext an element. Image t is in slot t mod N/2, the second half in imaginary parts.
    fn encrypt(&mut self, images: &[Vec<f64>]) -> Result<Vec<Vec<u8>>, Error> {
        let (real, imaginary) = images.split_at(images.len().min(self.context.slots()));
        let mut seed = PublicSeed::generate(&mut self.rng);
        let [scale, _] = self.scales;
        (0..self.inputs)
            .map(|element| {
                let at = |image: &Vec<f64>| image.get(element).copied().unwrap_or_default();
                let values: Vec<Complex64> = { real.iter().enumerate() }
                    .map(|(slot, image)| {
                        Complex64::new(at(image), imaginary.get(slot).map_or(0.0, at))
                    })
                    .collect();
                let plain = self.encoder.encode_at(&values, 0, scale)?;
                let sent = self.secret.encrypt(&plain, &mut seed, &mut self.rng)?;
                Ok(sent.to_bytes())
            })
            .collect()
    }

    /// One ciphertext an output.
    fn evaluate(&mut self, messages: &[Vec<u8>]) -> Result<Vec<Vec<u8>>, Error> {
        let parse = |bytes: &Vec<u8>| -> Result<Ciphertext, Error> {
            Ok(SeededCiphertext::from_bytes(&self.context, bytes)?.expand())
        };
        let inputs: Vec<Ciphertext> = messages.iter().map(parse).collect::<Result<_, _>>()?;
        let halves = [self.half(&inputs, 0)?, self.half(&inputs, 1)?];
        let ring = self.context.level_ring(0)?;
        let [_, scale] = self.scales;
        let mut answers = Vec::with_capacity(self.layer.outputs());
        let [first, second] = halves;
        for (c0, c1) in first.into_iter().zip(second) {
            let parts = vec![Poly::from_words(ring, c0)?, Poly::from_words(ring, c1)?];
            let mut output = Ciphertext::from_parts(&self.context, parts, 0, scale)?;
            let zero = self.public.encrypt(&self.zero, &mut self.rng)?;
            self.evaluator.add_assign(&mut output, &zero)?;
            answers.push(output.to_bytes());
        }
        Ok(answers)
    }

    /// The layer on one component of every ciphertext, sixteen evaluations at a time.
    fn half(&self, inputs: &[Ciphertext], component: usize) -> Result<Vec<Vec<u64>>, Error> {
        let parts = inputs.iter().filter_map(|c| c.parts().get(component));
        let words: Vec<&[u64]> = parts.map(Poly::words).collect();
        let mut outputs = vec![vec![0; DEGREE]; self.layer.outputs()];
        for first in (0..DEGREE).step_by(STRIP) {
            let positions = std::array::from_fn(|c| (first + c) as u32);
            let load = |words: &&[u64]| self.field.load(words, &positions);
            let strips: Vec<Strip> = words.iter().map(load).collect();
            let sums = self.layer.apply(&self.field, &strips)?;
            for (sum, output) in sums.iter().zip(&mut outputs) {
                self.field.store(sum, &positions, output);
            }
        }
        Ok(outputs)
    }

    /// The outputs of `images` images.
    fn decrypt(&self, messages: &[Vec<u8>], images: usize) -> Result<Vec<Vec<f64>>, Error> {
        let slots = self.context.slots();
        let mut outputs = vec![Vec::with_capacity(messages.len()); images];
        for bytes in messages {
            let plain = self
                .secret
                .decrypt(&Ciphertext::from_bytes(&self.context, bytes)?)?;
            let values = self.encoder.decode_complex(&plain)?;
            for (image, outputs) in outputs.iter_mut().enumerate() {
                let value = values.get(image % slots).copied().unwrap_or_default();
                outputs.push(if image < slots { value.re } else { value.im });
            }
        }
        Ok(outputs)
    }
}

impl Packed for BatchSlots {
    fn setting(&self) -> Setting {
        let chain = self.context.parameters().chain();
        Setting {
            layer: self.name.clone(),
            inputs: self.inputs,
            outputs: self.layer.outputs(),
            packing: Packing::BatchSlots,
            degree: chain.degree(),
            log2_modulus: chain.log2_modulus(),
            security_bits: chain.security_bits(),
            images: 2 * self.context.slots(),
            bytes_keys: self.public.to_bytes().len(),
        }
    }

    fn run(&mut self, images: &[Vec<f64>]) -> Result<Answer, Error> {
        let mut answer = Answer::default();
        for images in images.chunks(2 * self.context.slots()) {
            let up = timed(&mut answer.client, || self.encrypt(images))?;
            let down = timed(&mut answer.server, || self.evaluate(&up))?;
            let decrypt = || self.decrypt(&down, images.len());
            answer.outputs.extend(timed(&mut answer.client, decrypt)?);
            answer.bytes_up += size(&up);
            answer.bytes_down += size(&down);
        }
        Ok(answer)
    }
}
