//! A linear layer with small integer weights, on rows of residues.

use crate::Error;
use crate::nn::graph::{Conv2d, Linear, LinearKind};
use halfmask_bridge::ckks::Modulus;
use halfmask_bridge::ckks::linear::centred::{Centred, CentredWeights, STRIP, Strip};

/// Outputs that read the same inputs.
#[derive(Debug)]
struct Group {
    /// A row a term; none where a convolution reads padding.
    inputs: Vec<Option<u32>>,
    outputs: Vec<u32>,
}

/// The layer. Its weights are overwritten on drop.
#[derive(Debug)]
pub struct Layer {
    groups: Vec<Group>,
    weights: CentredWeights,
    /// Of each output, times the scale of the outputs.
    bias: Vec<f64>,
}

impl Layer {
    /// Rounds weights to `weight_scale` times their value and biases to `scale` times, for primes of `bits` bits.
    ///
    /// # Errors
    /// A weight beyond `max_weight`, or primes too wide for sums of even one product.
    pub fn new(
        linear: &Linear,
        weight_scale: f64,
        scale: f64,
        max_weight: u16,
        bits: u32,
    ) -> Result<Self, Error> {
        let round = |w: &f64| (w * weight_scale).round() as i16;
        let (groups, values, rows) = match &linear.kind {
            LinearKind::Conv2d(conv) => {
                let values: Vec<i16> = conv.weights.iter().map(round).collect();
                (positions(conv), values, conv.bias.len())
            }
            LinearKind::Dense(dense) => {
                let group = Group {
                    inputs: (0..dense.inputs() as u32).map(Some).collect(),
                    outputs: (0..dense.outputs() as u32).collect(),
                };
                (
                    vec![group],
                    dense.weights.iter().map(round).collect(),
                    dense.outputs(),
                )
            }
        };
        let bias = match &linear.kind {
            LinearKind::Conv2d(conv) => (0..conv.outputs())
                .filter_map(|p| conv.bias.get(conv.channel(p)))
                .map(|b| b * scale)
                .collect(),
            LinearKind::Dense(dense) => dense.bias.iter().map(|b| b * scale).collect(),
        };
        let terms = values.len() / rows.max(1);
        Ok(Self {
            groups,
            weights: CentredWeights::new(rows, terms, max_weight, bits, &values)?,
            bias,
        })
    }

    /// The largest absolute weight.
    #[must_use]
    pub fn largest(linear: &Linear) -> f64 {
        let of = |weights: &mut dyn Iterator<Item = &f64>| {
            weights.fold(f64::MIN_POSITIVE, |m, w| m.max(w.abs()))
        };
        match &linear.kind {
            LinearKind::Conv2d(conv) => of(&mut conv.weights.iter()),
            LinearKind::Dense(dense) => of(&mut dense.weights.iter()),
        }
    }

    /// Elements of the output.
    #[must_use]
    pub fn outputs(&self) -> usize {
        self.bias.len()
    }

    /// The biases modulo a prime.
    #[must_use]
    pub fn biases(&self, modulus: &Modulus<u64>, field: &Centred) -> Vec<f64> {
        let residue = |&b: &f64| field.constant(residue(modulus, b));
        self.bias.iter().map(residue).collect()
    }

    /// The layer without its biases, on one strip of every input.
    ///
    /// # Errors
    /// A field of a wider prime than the layer was made for.
    pub fn apply(&self, field: &Centred, x: &[Strip]) -> Result<Vec<Strip>, Error> {
        let mut out = vec![[0.0; STRIP]; self.outputs()];
        if let [only] = self.groups.as_slice()
            && only.inputs.len() == x.len()
        {
            self.accumulate(field, x, &mut out)?;
            return Ok(out);
        }
        let mut rows = vec![[0.0; STRIP]; self.weights.terms()];
        for group in &self.groups {
            for (row, input) in rows.iter_mut().zip(&group.inputs) {
                let read = input.and_then(|i| x.get(i as usize));
                *row = read.copied().unwrap_or([0.0; STRIP]);
            }
            let mut sums = vec![[0.0; STRIP]; group.outputs.len()];
            self.accumulate(field, &rows, &mut sums)?;
            for (sum, &output) in sums.iter().zip(&group.outputs) {
                if let Some(row) = out.get_mut(output as usize) {
                    *row = *sum;
                }
            }
        }
        Ok(out)
    }

    fn accumulate(&self, field: &Centred, x: &[Strip], sums: &mut [Strip]) -> Result<(), Error> {
        for (chunk, rows) in x.chunks(self.weights.chunk_terms()).enumerate() {
            field.accumulate(&self.weights, chunk, rows, sums)?;
        }
        Ok(())
    }
}

/// The groups of a convolution: one a position, all channels from the same window.
fn positions(conv: &Conv2d) -> Vec<Group> {
    let [channels, rows, columns] = conv.output;
    let window = conv.weights.len() / channels.max(1);
    (0..rows * columns)
        .map(|position| {
            let mut inputs = vec![None; window];
            for (input, weight) in conv.taps(position) {
                if let Some(slot) = inputs.get_mut(weight) {
                    *slot = Some(input as u32);
                }
            }
            let output = |channel| (channel * rows * columns + position) as u32;
            Group {
                inputs,
                outputs: (0..channels).map(output).collect(),
            }
        })
        .collect()
}

/// round(x) mod q for x of any size: its 53 significant bits times a power of two.
fn residue(modulus: &Modulus<u64>, x: f64) -> u64 {
    let exponent = (x.abs().max(1.0).log2().floor() - 52.0).max(0.0);
    let mantissa = (x / exponent.exp2()).round() as i64;
    let power = modulus.pow_vartime(2, exponent as u64);
    modulus.mul(modulus.reduce_signed(mantissa), power)
}
