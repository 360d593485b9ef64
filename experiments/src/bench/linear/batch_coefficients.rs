//! One element of a batch a ciphertext, in coefficients, modulo one 30-bit prime: the private protocol's own.

use std::sync::Arc;

use halfmask_models::Error;
use halfmask_models::bridge::ckks::{
    CiphertextBatch, Encryptor, ErrorTerm, Expander, Masker, Parameters, PublicKey, RingContext,
    SecretKey, SecureRng, Simd, SwitchedDecryptor,
};
use halfmask_models::bridge::linear::IntegerLinear;
use halfmask_models::nn::{he, quantised};

use super::Setting;
use super::layer::{Layer, MAX_WEIGHT};
use super::packing::{Answer, Packed, Packing, timed};

/// Answers are shares modulo 2^22, as the planner has it by default.
const SHARE_BITS: u32 = 22;
/// The share of the modulus that sums may fill: rounding of weights and noise are in the rest.
const FILL: f64 = 0.9;
/// Of the masks and of the encryptions of zero.
const ERROR: ErrorTerm = ErrorTerm::CentredBinomial;

/// The layer and both parties' keys.
pub(super) struct BatchCoefficients {
    name: String,
    parameters: Parameters,
    context: Arc<RingContext<u32>>,
    modulus: u32,
    layer: IntegerLinear,
    /// Factors between values and integers: of inputs and of outputs.
    scales: [f64; 2],
    encryptor: Encryptor,
    expander: Expander,
    masker: Masker,
    decryptor: SwitchedDecryptor,
    bytes_keys: usize,
    simd: Simd,
}

impl BatchCoefficients {
    pub(super) fn new(layer: &Layer, simd: Simd) -> Result<Self, Error> {
        let parameters = Parameters::throughput();
        let context = RingContext::<u32>::from_parameters(&parameters)?;
        let modulus = context.moduli().next().map_or(0, |q| q.value());
        let mut rng = SecureRng::from_os()?.with_simd(simd)?;
        let secret = SecretKey::generate(&context, &mut rng);
        let joint_seed = PublicKey::<u32>::contribution(&mut rng);
        let public = PublicKey::generate(&secret, &joint_seed, &mut rng)?;
        let bytes_keys = public.b()?.to_bytes()?.len() + joint_seed.len();
        let decryptor = SwitchedDecryptor::new(&secret)?;
        let encryptor = Encryptor::new(secret, &mut rng)?;

        let weight_scale = f64::from(MAX_WEIGHT) / he::Layer::largest(layer.linear());
        let largest = weight_scale * layer.bound()?;
        let input_scale = (FILL * f64::from(modulus) / 2.0 / largest).floor();
        let integers = quantised::quantise(
            layer.linear(),
            MAX_WEIGHT,
            weight_scale,
            input_scale,
            modulus,
        )?;
        Ok(Self {
            name: layer.name().to_owned(),
            parameters,
            modulus,
            layer: integers.linear,
            scales: [input_scale, input_scale * weight_scale],
            expander: Expander::new(&context, *encryptor.seed(), simd)?,
            encryptor,
            masker: Masker::new(public, &mut rng)?,
            decryptor,
            context,
            bytes_keys,
            simd,
        })
    }

    /// Values of all images as residues, element by element.
    fn encode(&self, images: &[Vec<f64>]) -> Vec<u32> {
        let [scale, _] = self.scales;
        let modulus = i64::from(self.modulus);
        let residue = |x: f64| ((x * scale).round() as i64).rem_euclid(modulus) as u32;
        let element = |i: usize| {
            let values = images.iter().map(move |image| image.get(i));
            values.map(move |x| residue(x.copied().unwrap_or_default()))
        };
        (0..self.layer.inputs()).flat_map(element).collect()
    }

    /// The sum of both shares, a value: centred, and out of the units of the ring.
    fn decode(&self, own: u32, other: u32) -> f64 {
        let [_, scale] = self.scales;
        let top = 32 - SHARE_BITS;
        let centred = (own.wrapping_add(other) << top) as i32 >> top;
        let unit = f64::from(self.modulus) / f64::from(SHARE_BITS).exp2();
        f64::from(centred) * unit / scale
    }

    /// A batch that fits the ciphertexts.
    fn batch(&mut self, images: &[Vec<f64>], answer: &mut Answer) -> Result<(), Error> {
        let (columns, inputs) = (images.len(), self.layer.inputs());
        let up = timed(&mut answer.client, || -> Result<_, Error> {
            let mut up = vec![0; self.encryptor.packed_bytes(inputs)?];
            let values = self.encode(images);
            self.encryptor.encrypt_into(&values, columns, &mut up)?;
            Ok(up)
        })?;
        answer.bytes_up += up.len();

        let rows = self.layer.outputs();
        let mut server_share = Vec::new();
        let down = timed(&mut answer.server, || -> Result<_, Error> {
            let mut batch = CiphertextBatch::zeros(&self.context, inputs)?;
            self.expander
                .receive_into(&up, None, columns, &mut batch, 0)?;
            let out = self.layer.encrypted(&batch, self.simd)?;
            let bits = SHARE_BITS as usize;
            let mut down = vec![0; rows * 2 * self.context.degree() / 8 * bits];
            self.masker.mask_into(
                &out,
                0..rows,
                SHARE_BITS,
                ERROR,
                columns,
                &mut down,
                &mut server_share,
            )?;
            Ok(down)
        })?;
        answer.bytes_down += down.len();

        let mut client_share = Vec::new();
        timed(&mut answer.client, || {
            self.decryptor.decrypt_packed(
                &down,
                SHARE_BITS,
                rows,
                columns,
                self.simd,
                &mut client_share,
            )
        })?;
        let shares = { client_share.iter() }.zip(&server_share);
        let values: Vec<f64> = shares.map(|(a, b)| self.decode(*a, *b)).collect();
        let of_image = |t: usize| values.iter().skip(t).step_by(columns).copied().collect();
        answer.outputs.extend((0..columns).map(of_image));
        Ok(())
    }
}

impl Packed for BatchCoefficients {
    fn setting(&self) -> Setting {
        Setting {
            layer: self.name.clone(),
            inputs: self.layer.inputs(),
            outputs: self.layer.outputs(),
            packing: Packing::BatchCoefficients,
            degree: self.parameters.degree(),
            log2_modulus: self.parameters.log2_modulus(),
            security_bits: self.parameters.security_bits(),
            images: self.parameters.degree(),
            bytes_keys: self.bytes_keys,
        }
    }

    fn run(&mut self, images: &[Vec<f64>]) -> Result<Answer, Error> {
        let mut answer = Answer::default();
        for images in images.chunks(self.parameters.degree()) {
            self.batch(images, &mut answer)?;
        }
        Ok(answer)
    }
}
