//! From a float network to a public plan and secret integers.
//!
//! Weights of layer l become integers of at most [`MAX_WEIGHT`] with the largest scale W_l. With pixels at
//! scale D, doubled by the split under conjugation, values grow as
//!
//! ```text
//! S_1 = 2 D W_1      S_2 = S_1^2 W_2      S_3 = S_2^2 W_3
//! ```
//!
//! and nothing is divided. D makes the encryption noise of a slot a 256th of the largest pixel (one standard
//! deviation: below what a grey level is). W_3 is lowered by less than a factor of two, so that S_3 is a power of
//! two. The primes are the narrowest that hold twice S_3 times the calibrated range of the scores, with
//! [`HEADROOM`]: narrower primes add more terms between two reductions.

use super::layer::Layer;
use super::plan::{Packing, Plan};
use super::twin::Twin;
use crate::Error;
use crate::nn::graph::{self, Linear, Network};
use crate::nn::plan::PROTOCOL_VERSION;
use halfmask_bridge::ckks::ckks::ParametersLiteral;
use std::f64::consts::SQRT_2;

/// The largest absolute integer weight: seven bits with the sign.
pub const MAX_WEIGHT: u16 = 63;

/// Scores beyond the calibrated range that still do not wrap, as a factor.
const HEADROOM: f64 = 4.0;
/// Standard deviations of pixel noise in the largest pixel.
const NOISE_STEPS: f64 = 256.0;
/// Variance of an error coefficient.
const ERROR_VARIANCE: f64 = 10.5;
/// Ring degree, number of data primes, bits of the special prime.
const DEGREE: usize = 8192;
const PRIMES: usize = 3;
const SPECIAL_BITS: u32 = 50;
/// Narrowest and widest data primes.
const PRIME_BITS: std::ops::RangeInclusive<u32> = 36..=45;
/// Statistical security of the flooding, in bits, over all coefficients of a batch's scores.
const STATISTICAL_BITS: f64 = 40.0;

/// What was derived; the server's secret, since it depends on the weights.
#[derive(Clone, Debug)]
pub struct Report {
    /// Scale of the integer weights, a layer each.
    pub weight_scales: Vec<f64>,
    /// Scale of the values after each linear layer.
    pub scales: Vec<f64>,
    /// Standard deviation of a pixel's encryption noise, in units of a pixel.
    pub input_noise: f64,
    /// log2 of the flooding noise's bound.
    pub flood_bits: u32,
    /// Standard deviation of a score's flooding noise, in units of a score.
    pub flood: f64,
}

/// A planned network.
#[derive(Debug)]
pub struct Planned {
    /// For both parties.
    pub plan: Plan,
    /// For the server's log and the twin.
    pub report: Report,
    pub(super) layers: [Layer; 3],
    twin: Network,
}

impl Planned {
    /// The network with its weights as they are in the integers.
    #[must_use]
    pub fn rounded(&self) -> &Network {
        &self.twin
    }

    /// The integer network in the clear.
    #[must_use]
    pub fn twin(&self) -> Twin<'_> {
        Twin::new(&self.twin, &self.report)
    }
}

/// Plans a network of three linear layers with squares between.
///
/// # Errors
/// [`Error::Plan`] for another shape, an uncalibrated last layer, or scores too large for the modulus.
pub fn plan(network: &Network, packing: Packing) -> Result<Planned, Error> {
    network.validate()?;
    let linears = shape(network)?;
    let range = linears[2]
        .range
        .ok_or_else(|| Error::Plan(format!("layer {} has no calibrated range", linears[2].name)))?;
    let slot_noise = (ERROR_VARIANCE * DEGREE as f64 / 2.0).sqrt();
    let input_scale = (slot_noise * NOISE_STEPS / network.input_max).max(1.0);
    let mut weight_scales = linears.map(|linear| f64::from(MAX_WEIGHT) / Layer::largest(linear));
    let mut scales = [0.0; 3];
    let mut values = 2.0 * input_scale;
    for (scale, weights) in scales.iter_mut().zip(weight_scales) {
        *scale = values * weights;
        values = *scale * *scale;
    }
    let log2_output_scale = scales[2].log2().floor();
    let lowered = (log2_output_scale - scales[2].log2()).exp2();
    weight_scales[2] *= lowered;
    scales[2] *= lowered;

    let needed = 1.0 + log2_output_scale + (SQRT_2 * HEADROOM * range).log2();
    // The largest primes of a size are just below a power of two.
    let bits = ((needed + 0.01) / PRIMES as f64).ceil() as u32;
    if !PRIME_BITS.contains(&bits) {
        return Err(Error::Plan(format!(
            "scores of 2^{needed:.1} need {PRIMES} primes of {bits} bits, {} to {} are supported",
            PRIME_BITS.start(),
            PRIME_BITS.end()
        )));
    }
    let parameters =
        ParametersLiteral::from_bits(DEGREE, &[bits; PRIMES], &[SPECIAL_BITS], bits / 2)?;
    let flood_bits =
        (switch_noise() + STATISTICAL_BITS + (DEGREE as f64 * linears[2].outputs() as f64).log2())
            .ceil();
    // A slot's real part sums N coefficients of variance 4^f / 3, each times a cosine.
    let flood = (flood_bits - log2_output_scale).exp2() * (DEGREE as f64 / 6.0).sqrt();
    if flood * 64.0 > range {
        return Err(Error::Plan(format!(
            "flooding by 2^{flood_bits} would drown scores of {range} at scale 2^{log2_output_scale}"
        )));
    }
    let report = Report {
        weight_scales: weight_scales.to_vec(),
        scales: scales.to_vec(),
        input_noise: slot_noise / input_scale,
        flood_bits: flood_bits as u32,
        flood,
    };
    let ([l0, l1, l2], [w0, w1, w2], [s0, s1, s2]) = (linears, weight_scales, scales);
    let layer = |linear, weights, scale| Layer::new(linear, weights, scale, MAX_WEIGHT, bits);
    Ok(Planned {
        plan: Plan {
            version: PROTOCOL_VERSION,
            model: network.name.clone(),
            parameters,
            packing,
            shape: network.input.map(|side| side as u32),
            input_scale,
            log2_output_scale: log2_output_scale as u32,
            classes: linears[2].outputs() as u32,
        },
        layers: [layer(l0, w0, s0)?, layer(l1, w1, s1)?, layer(l2, w2, s2)?],
        twin: super::twin::rounded(network, &weight_scales),
        report,
    })
}

/// log2 of a bound on a coefficient of what the key switches of a degree-4 polynomial add.
///
/// A switch adds, to each coefficient, PRIMES N products of a digit (uniform, below q < P) and an error, over P, and
/// the rounding by P of both components: a slot has sqrt(N) of that. It is multiplied by up to three powers of s or its
/// conjugate, whose slots have deviation sqrt(2N/3). 13 switches; six deviations each.
fn switch_noise() -> f64 {
    let n = DEGREE as f64;
    let products = PRIMES as f64 * n * ERROR_VARIANCE / 12.0;
    let rounding = (2.0 * n / 3.0 + 1.0) / 12.0;
    let slot = 6.0 * (n * (products + rounding)).sqrt();
    let secret = 6.0 * (2.0 * n / 3.0).sqrt();
    (13.0 * slot * secret.powi(3)).log2()
}

/// The three linear layers, if squares and nothing else lie between.
fn shape(network: &Network) -> Result<[&Linear; 3], Error> {
    use graph::Layer::{Linear, Square};
    match network.layers.as_slice() {
        [
            Linear(first),
            Square { .. },
            Linear(second),
            Square { .. },
            Linear(third),
        ] => Ok([first, second, third]),
        layers => {
            let names: Vec<&str> = layers.iter().map(graph::Layer::name).collect();
            Err(Error::Plan(format!(
                "on ciphertexts alone, three linear layers with squares between are evaluated; this network is {}",
                names.join(", ")
            )))
        }
    }
}
