//! The integer network that the server evaluates: secret weights, public geometry.

use crate::Error;
use crate::nn::graph::{Conv2d, Dense, Linear, LinearKind};
use crate::nn::plan::Plan;
use halfmask_bridge::linear::{Block, IntegerLinear, Matrix};
use std::collections::BTreeMap;

/// A quantised layer.
#[derive(Debug)]
pub struct QuantisedLayer {
    /// Integer weights and biases.
    pub linear: IntegerLinear,
    /// Largest and mean absolute weight.
    pub weight_statistics: (i16, f64),
}

/// All layers, in the order of the plan's stages.
#[derive(Debug)]
pub struct QuantisedNetwork {
    plan: Plan,
    layers: Vec<QuantisedLayer>,
}

impl QuantisedNetwork {
    pub(crate) fn new(plan: &Plan, layers: Vec<QuantisedLayer>) -> Self {
        Self {
            plan: plan.clone(),
            layers,
        }
    }

    /// The public plan these integers belong to.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The layers, in the order of the plan's stages.
    #[must_use]
    pub fn layers(&self) -> &[QuantisedLayer] {
        &self.layers
    }
}

/// Rounds a layer's weights to `weight_scale` times their value, and its biases to `weight_scale * input_scale` times.
///
/// # Errors
/// [`Error::Plan`] if a weight leaves 16 bits or a bias the modulus; otherwise as [`IntegerLinear::new`].
pub fn quantise(
    linear: &Linear,
    max_weight: u16,
    weight_scale: f64,
    input_scale: f64,
    modulus: u32,
) -> Result<QuantisedLayer, Error> {
    let bias_scale = weight_scale * input_scale;
    let rounding = Rounding {
        layer: &linear.name,
        max_weight,
        weight_scale,
        bias_scale,
        modulus,
    };
    let (blocks, bias, weights) = match &linear.kind {
        LinearKind::Dense(dense) => rounding.dense(dense)?,
        LinearKind::Conv2d(conv) => rounding.conv(conv)?,
    };
    let largest = weights.iter().map(|w| w.unsigned_abs()).max().unwrap_or(0);
    let sum: f64 = weights.iter().map(|w| f64::from(w.unsigned_abs())).sum();
    Ok(QuantisedLayer {
        linear: IntegerLinear::new(modulus, linear.inputs(), blocks, bias)?,
        weight_statistics: (largest as i16, sum / weights.len().max(1) as f64),
    })
}

struct Rounding<'a> {
    layer: &'a str,
    max_weight: u16,
    weight_scale: f64,
    bias_scale: f64,
    modulus: u32,
}

type Rounded = (Vec<Block>, Vec<i64>, Vec<i16>);

impl Rounding<'_> {
    fn weights<'a>(&self, weights: impl Iterator<Item = &'a f64>) -> Result<Vec<i16>, Error> {
        let round = |w: &f64| {
            let v = (w * self.weight_scale).round();
            if v.abs() <= f64::from(self.max_weight) {
                Ok(v as i16)
            } else {
                Err(Error::Plan(format!(
                    "layer {}: weight {w} becomes {v}, beyond {}",
                    self.layer, self.max_weight
                )))
            }
        };
        weights.map(round).collect()
    }

    fn bias(&self, bias: f64) -> Result<i64, Error> {
        let v = (bias * self.bias_scale).round();
        if v.abs() < f64::from(self.modulus) / 2.0 {
            Ok(v as i64)
        } else {
            Err(Error::Plan(format!(
                "layer {}: bias {bias} becomes {v}, beyond half of {}",
                self.layer, self.modulus
            )))
        }
    }

    fn dense(&self, dense: &Dense) -> Result<Rounded, Error> {
        let weights = self.weights(dense.weights.iter())?;
        let matrix = Matrix::new(dense.outputs(), dense.inputs(), self.max_weight, &weights)?;
        let block = Block {
            inputs: (0..dense.inputs() as u32).collect(),
            outputs: (0..dense.outputs() as u32).collect(),
            matrix,
        };
        let bias = dense
            .bias
            .iter()
            .map(|b| self.bias(*b))
            .collect::<Result<_, _>>()?;
        Ok((vec![block], bias, weights))
    }

    /// One block an output position: all maps there read the same inputs. Positions whose kernels lose the same taps to
    /// padding share one matrix.
    fn conv(&self, conv: &Conv2d) -> Result<Rounded, Error> {
        let weights = self.weights(conv.weights.iter())?;
        let [maps, rows, columns] = conv.output;
        let positions = rows * columns;
        let kernel = weights.len() / maps.max(1);
        let mut matrices: BTreeMap<Vec<usize>, Matrix> = BTreeMap::new();
        let mut blocks = Vec::with_capacity(positions);
        for position in 0..positions {
            // The taps of map 0; map m's weights lie m kernels further on.
            let (inputs, taps): (Vec<u32>, Vec<usize>) =
                conv.taps(position).map(|(i, w)| (i as u32, w)).unzip();
            if taps.is_empty() {
                return Err(Error::Plan(format!(
                    "layer {}: an output reads nothing but padding",
                    self.layer
                )));
            }
            let matrix = match matrices.get(&taps) {
                Some(matrix) => matrix.clone(),
                None => {
                    let values: Vec<i16> = (0..maps)
                        .flat_map(|m| taps.iter().map(move |t| m * kernel + t))
                        .map(|i| weights.get(i).copied().unwrap_or(0))
                        .collect();
                    let matrix = Matrix::new(maps, taps.len(), self.max_weight, &values)?;
                    matrices.insert(taps, matrix.clone());
                    matrix
                }
            };
            let outputs = (0..maps)
                .map(|m| (m * positions + position) as u32)
                .collect();
            blocks.push(Block {
                inputs,
                outputs,
                matrix,
            });
        }
        let maps_bias = conv
            .bias
            .iter()
            .map(|b| self.bias(*b))
            .collect::<Result<Vec<_>, _>>()?;
        let bias = maps_bias
            .iter()
            .flat_map(|b| std::iter::repeat_n(*b, positions))
            .collect();
        Ok((blocks, bias, weights))
    }
}
