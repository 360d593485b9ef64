//! `Add` and `BatchNormalization`: folded into the linear layer before them.

use ndarray::{ArrayView, Axis, IxDyn};

use super::{Builder, Step};
use crate::nn::graph::{Layer, LinearKind};
use crate::onnx::tensor::Tensor;

impl Builder<'_> {
    pub(super) fn add(&mut self, step: &Step) -> Result<(), String> {
        let place = if step.path_input == 0 { 1 } else { 0 };
        let shift = broadcast(self.required(step, place)?, &self.shape)?;
        self.fold(&vec![1.0; shift.len()], &shift)
    }

    pub(super) fn normalise(&mut self, step: &Step, epsilon: f64) -> Result<(), String> {
        let channels = self.shape.first().copied().unwrap_or(0);
        let [scale, bias, mean, variance] = [1, 2, 3, 4].map(|place| self.required(step, place));
        let parameters = [scale?, bias?, mean?, variance?];
        if let Some(wrong) = parameters.iter().find(|tensor| tensor.dims != [channels]) {
            return Err(format!(
                "a parameter has shape {:?}, expected [{channels}]",
                wrong.dims
            ));
        }
        // `y = (x - mean) scale / sqrt(variance + epsilon) + bias`, the same over a channel's plane.
        let plane: usize = self.shape.iter().skip(1).product();
        let [scale, bias, mean, variance] = parameters.map(|tensor| tensor.values);
        let (mut factors, mut shifts) = (Vec::new(), Vec::new());
        for (((scale, bias), mean), variance) in scale.into_iter().zip(bias).zip(mean).zip(variance)
        {
            let spread = variance + epsilon;
            if spread <= 0.0 {
                return Err(format!(
                    "variance {variance} plus epsilon {epsilon} is not positive"
                ));
            }
            let factor = scale / spread.sqrt();
            factors.extend(std::iter::repeat_n(factor, plane));
            shifts.extend(std::iter::repeat_n(bias - mean * factor, plane));
        }
        self.fold(&factors, &shifts)
    }

    /// Puts `y -> factor y + shift`, given for each output, into the linear layer just before.
    pub(super) fn fold(&mut self, factors: &[f64], shifts: &[f64]) -> Result<(), String> {
        let Some(Layer::Linear(linear)) = self.layers.last_mut() else {
            return Err("there is no linear layer directly before it to fold it into".to_owned());
        };
        let name = linear.name.clone();
        let (mut factors, mut shifts) = (factors.to_vec(), shifts.to_vec());
        let (bias, mut rows) = match &mut linear.kind {
            LinearKind::Dense(dense) => (&mut dense.bias, dense.weights.view_mut().into_dyn()),
            LinearKind::Conv2d(conv) => {
                let [maps, ..] = conv.output;
                let uneven = || {
                    format!(
                        "it differs within a channel of `{name}`, which a convolution's bias cannot"
                    )
                };
                factors = by_channel(&factors, maps).ok_or_else(uneven)?;
                shifts = by_channel(&shifts, maps).ok_or_else(uneven)?;
                (&mut conv.bias, conv.weights.view_mut().into_dyn())
            }
        };
        for (mut row, &factor) in rows.axis_iter_mut(Axis(0)).zip(&factors) {
            row *= factor;
        }
        for ((bias, factor), shift) in bias.iter_mut().zip(factors).zip(shifts) {
            *bias = *bias * factor + shift;
        }
        Ok(())
    }
}

/// A constant spread over the shape of an image: its last axes line up with the image's last, and an
/// axis of 1 repeats. A leading batch axis must be 1.
pub(super) fn broadcast(constant: Tensor, shape: &[usize]) -> Result<Vec<f64>, String> {
    let mismatch = || {
        format!(
            "a constant of shape {:?} does not fit values of shape {shape:?}",
            constant.dims
        )
    };
    let dims = match constant.dims.split_first() {
        Some((&batch, rest)) if constant.dims.len() == shape.len() + 1 => {
            if batch == 1 {
                rest
            } else {
                return Err(mismatch());
            }
        }
        _ => constant.dims.as_slice(),
    };
    let view = ArrayView::from_shape(IxDyn(dims), &constant.values).map_err(|_| mismatch())?;
    let spread = view.broadcast(IxDyn(shape)).ok_or_else(mismatch)?;
    Ok(spread.iter().copied().collect())
}

/// The one value of each channel, if the values do not differ within a channel.
fn by_channel(values: &[f64], channels: usize) -> Option<Vec<f64>> {
    let plane = values.len().checked_div(channels)?;
    if plane == 0 || plane * channels != values.len() {
        return None;
    }
    values
        .chunks(plane)
        .map(|plane| {
            let (&first, rest) = plane.split_first()?;
            #[expect(clippy::float_cmp, reason = "copies of one constant, or not")]
            rest.iter().all(|&value| value == first).then_some(first)
        })
        .collect()
}
