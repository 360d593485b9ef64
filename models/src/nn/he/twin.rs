//! The integer network in the clear, and how far the encrypted one may be from it.
//!
//! The encrypted network computes the same polynomial at noisy pixels x + e, e of known deviation and independent
//! across pixels, and adds flooding. To first order a difference of two scores moves by (their gradient) . e: a
//! normal variable, whose deviation is that gradient's length times e's. [`Twin::certify`] calls a class certain
//! when it leads every other by [`DEVIATIONS`] of that.

use super::planner::Report;
use crate::nn::float::{argmax, trace};
use crate::nn::graph::{Layer, Linear, LinearKind, Network, NetworkError};

/// Standard deviations within which a difference of scores stays: 1.2e-15 is the chance of more.
const DEVIATIONS: f64 = 8.0;

/// The integer network of a plan, in real units.
#[derive(Clone, Copy, Debug)]
pub struct Twin<'a> {
    network: &'a Network,
    report: &'a Report,
}

/// A network with its weights rounded to multiples of 1 / scale.
pub(super) fn rounded(network: &Network, scales: &[f64]) -> Network {
    let mut network = network.clone();
    let linears = network.layers.iter_mut().filter_map(|layer| match layer {
        Layer::Linear(linear) => Some(linear),
        _ => None,
    });
    for (linear, scale) in linears.zip(scales) {
        let round = |w: f64| (w * scale).round() / scale;
        match &mut linear.kind {
            LinearKind::Conv2d(conv) => conv.weights.mapv_inplace(round),
            LinearKind::Dense(dense) => dense.weights.mapv_inplace(round),
        }
    }
    network
}

impl<'a> Twin<'a> {
    pub(super) fn new(network: &'a Network, report: &'a Report) -> Self {
        Self { network, report }
    }

    /// The class of an image, and whether the encrypted network certainly has the same.
    ///
    /// # Errors
    /// If the image does not fit the network.
    pub fn certify(&self, image: &[f64]) -> Result<(usize, bool), NetworkError> {
        let values = trace(self.network, image)?;
        let scores = values.last().ok_or(NetworkError::Empty)?;
        let class = argmax(scores).ok_or(NetworkError::Empty)?;
        let best = scores.get(class).copied().unwrap_or_default();
        let flood = 2f64.sqrt() * self.report.flood;
        let mut certain = true;
        for (other, score) in scores.iter().enumerate().filter(|(o, _)| *o != class) {
            let gradient = self.gradient(&values, image.len(), class, other);
            let length = gradient.iter().map(|g| g * g).sum::<f64>().sqrt();
            let deviation = (length * self.report.input_noise).hypot(flood);
            certain &= best - score > DEVIATIONS * deviation;
        }
        Ok((class, certain))
    }

    /// The gradient of a difference of two scores by the pixels.
    pub(super) fn gradient(
        &self,
        values: &[Vec<f64>],
        pixels: usize,
        plus: usize,
        minus: usize,
    ) -> Vec<f64> {
        let outputs = values.last().map_or(0, Vec::len);
        let mut gradient = vec![0.0; outputs];
        for (at, sign) in [(plus, 1.0), (minus, -1.0)] {
            if let Some(entry) = gradient.get_mut(at) {
                *entry = sign;
            }
        }
        for (l, layer) in self.network.layers.iter().enumerate().rev() {
            let before = l.checked_sub(1).and_then(|l| values.get(l));
            let width = before.map_or(pixels, Vec::len);
            gradient = match layer {
                Layer::Linear(linear) => transposed(linear, &gradient, width),
                _ => {
                    let before = before.into_iter().flatten();
                    gradient
                        .iter()
                        .zip(before)
                        .map(|(g, x)| 2.0 * g * x)
                        .collect()
                }
            };
        }
        gradient
    }
}

/// The transpose of a linear layer's matrix, times a vector.
fn transposed(linear: &Linear, vector: &[f64], width: usize) -> Vec<f64> {
    let mut out = vec![0.0; width];
    match &linear.kind {
        LinearKind::Dense(dense) => {
            for (row, v) in dense.weights.rows().into_iter().zip(vector) {
                for (out, w) in out.iter_mut().zip(row) {
                    *out += w * v;
                }
            }
        }
        LinearKind::Conv2d(conv) => {
            let weights = conv.weights.as_slice().unwrap_or_default();
            for (position, v) in vector.iter().enumerate() {
                for (input, weight) in conv.taps(position) {
                    if let (Some(out), Some(w)) = (out.get_mut(input), weights.get(weight)) {
                        *out += w * v;
                    }
                }
            }
        }
    }
    out
}
