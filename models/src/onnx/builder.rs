//! Operators, one after the other, to layers.

use ndarray::{Array1, Array2, Array4, ArrayView, Axis, IxDyn};

use super::chain::{Constants, Step};
use super::operator::{ConvAttributes, Operator, Padding};
use super::tensor::{self, Tensor};
use crate::nn::graph::{Conv2d, Dense, Layer, Linear, LinearKind, elements};

/// The layers so far and the shape of the value they give.
pub(super) struct Builder<'a> {
    constants: &'a Constants,
    /// The batch size, if the file fixes it.
    batch: Option<usize>,
    /// The shape for one image, without the batch dimension.
    shape: Vec<usize>,
    /// Zeros a `Pad` has added that the next `Conv` has yet to take: top, left, bottom, right.
    pads: Option<[usize; 4]>,
    layers: Vec<Layer>,
}

impl<'a> Builder<'a> {
    pub(super) fn new(constants: &'a Constants, batch: Option<usize>, shape: Vec<usize>) -> Self {
        Self {
            constants,
            batch,
            shape,
            pads: None,
            layers: Vec::new(),
        }
    }

    /// The layers, once every step is applied.
    ///
    /// # Errors
    /// If a `Pad` was last.
    pub(super) fn finish(self) -> Result<Vec<Layer>, String> {
        self.no_pads()?;
        Ok(self.layers)
    }

    /// Applies one node.
    ///
    /// # Errors
    /// One clause that says what about the node is wrong.
    pub(super) fn apply(&mut self, step: &Step) -> Result<(), String> {
        if step.path_input != 0 && step.operator != Operator::Add {
            return Err(format!(
                "the image is its input {}, expected input 0",
                step.path_input
            ));
        }
        match &step.operator {
            Operator::Conv(attributes) => return self.conv(step, attributes),
            Operator::Pad { pads } => return self.pad(step, pads.as_deref()),
            Operator::Identity => return Ok(()),
            Operator::Dropout => return self.dropout(step),
            _ => self.no_pads()?,
        }
        match &step.operator {
            Operator::Gemm {
                alpha,
                beta,
                transposed,
            } => self.gemm(step, *alpha, *beta, *transposed),
            Operator::MatMul => self.gemm(step, 1.0, 0.0, false),
            Operator::Add => self.add(step),
            Operator::BatchNormalization { epsilon } => self.normalise(step, *epsilon),
            Operator::Relu => {
                self.layers.push(Layer::Relu {
                    name: step.name.clone(),
                });
                Ok(())
            }
            Operator::Flatten { axis } => self.flatten(*axis),
            Operator::Reshape { allow_zero } => self.reshape(step, *allow_zero),
            _ => Err("is not expected on the path".to_owned()),
        }
    }

    fn conv(&mut self, step: &Step, attributes: &ConvAttributes) -> Result<(), String> {
        let &[channels, height, width] = self.shape.as_slice() else {
            return Err(format!(
                "its input has shape {:?}, expected channels, rows, columns",
                self.shape
            ));
        };
        let weights = self.required(step, 1)?;
        let &[maps, weight_channels, kernel_rows, kernel_columns] = weights.dims.as_slice() else {
            return Err(format!(
                "its weights have shape {:?}, expected 4 dimensions",
                weights.dims
            ));
        };
        let kernel = [kernel_rows, kernel_columns];
        if weight_channels != channels {
            return Err(format!(
                "its weights take {weight_channels} channels, its input has {channels}"
            ));
        }
        if attributes.kernel.is_some_and(|shape| shape != kernel) {
            return Err(format!(
                "kernel_shape {:?} is not that of the weights, {kernel:?}",
                attributes.kernel
            ));
        }
        let bias = match self.optional(step, 2)? {
            Some(bias) if bias.dims == [maps] => Array1::from_vec(bias.values),
            Some(bias) => {
                return Err(format!(
                    "its bias has shape {:?}, expected [{maps}]",
                    bias.dims
                ));
            }
            None => Array1::zeros(maps),
        };
        let [stride_down, stride_right] = attributes.strides;
        let [pad_top, pad_left, pad_bottom, pad_right] = self.pads.take().unwrap_or_default();
        let explicit = match attributes.padding {
            Padding::Explicit([top, left, bottom, right]) => Some(([top, bottom], [left, right])),
            Padding::Same { end } => {
                // `SAME` looks at its input as it is after a `Pad` before it.
                let rows = sum([height, pad_top, pad_bottom]);
                let columns = sum([width, pad_left, pad_right]);
                rows.zip(columns).and_then(|(rows, columns)| {
                    let vertical = same(rows, kernel_rows, stride_down, end)?;
                    Some((vertical, same(columns, kernel_columns, stride_right, end)?))
                })
            }
        };
        let geometry = explicit.and_then(|([top, bottom], [left, right])| {
            let vertical = [sum([top, pad_top])?, sum([bottom, pad_bottom])?];
            let horizontal = [sum([left, pad_left])?, sum([right, pad_right])?];
            let rows = Conv2d::output_size(height, vertical, kernel_rows, stride_down)?;
            let columns = Conv2d::output_size(width, horizontal, kernel_columns, stride_right)?;
            elements(&[maps, rows, columns])?;
            let ([top, bottom], [left, right]) = (vertical, horizontal);
            Some(([maps, rows, columns], [top, left, bottom, right]))
        });
        let Some((output, pads)) = geometry else {
            return Err(format!(
                "kernel {kernel:?} with strides {:?} and its padding gives no usable output on {height} x {width}",
                attributes.strides
            ));
        };
        let weights = Array4::from_shape_vec(
            [maps, channels, kernel_rows, kernel_columns],
            weights.values,
        )
        .map_err(|error| error.to_string())?;
        let input = [channels, height, width];
        let conv = Conv2d {
            input,
            output,
            kernel,
            strides: attributes.strides,
            pads,
            weights,
            bias,
        };
        self.push(step, LinearKind::Conv2d(conv), output.to_vec());
        Ok(())
    }

    /// `alpha X W + beta C`; `MatMul` is the case without `C`.
    fn gemm(&mut self, step: &Step, alpha: f64, beta: f64, transposed: bool) -> Result<(), String> {
        let &[width] = self.shape.as_slice() else {
            return Err(format!(
                "its input has shape {:?} an image, expected a flat vector",
                self.shape
            ));
        };
        let weights = self.required(step, 1)?;
        let &[first, second] = weights.dims.as_slice() else {
            return Err(format!(
                "its weights have shape {:?}, expected 2 dimensions",
                weights.dims
            ));
        };
        let matrix = Array2::from_shape_vec([first, second], weights.values)
            .map_err(|error| error.to_string())?;
        let matrix = if transposed {
            matrix
        } else {
            matrix.reversed_axes().as_standard_layout().into_owned()
        };
        let (outputs, inputs) = matrix.dim();
        if inputs != width || elements(&[outputs]).is_none() {
            return Err(format!(
                "its weights are {outputs} x {inputs} (outputs x inputs), its input has {width}"
            ));
        }
        let bias = match self.optional(step, 2)? {
            Some(bias) => broadcast(bias, &[outputs])?
                .into_iter()
                .map(|value| beta * value)
                .collect(),
            None => vec![0.0; outputs],
        };
        let dense = Dense {
            weights: matrix * alpha,
            bias: Array1::from_vec(bias),
        };
        self.push(step, LinearKind::Dense(dense), vec![outputs]);
        Ok(())
    }

    fn add(&mut self, step: &Step) -> Result<(), String> {
        let place = if step.path_input == 0 { 1 } else { 0 };
        let shift = broadcast(self.required(step, place)?, &self.shape)?;
        self.fold(&vec![1.0; shift.len()], &shift)
    }

    fn normalise(&mut self, step: &Step, epsilon: f64) -> Result<(), String> {
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
    fn fold(&mut self, factors: &[f64], shifts: &[f64]) -> Result<(), String> {
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

    fn flatten(&mut self, axis: i64) -> Result<(), String> {
        let rank = i64::try_from(self.shape.len())
            .unwrap_or(i64::MAX)
            .saturating_add(1);
        let from_front = if axis < 0 {
            axis.saturating_add(rank)
        } else {
            axis
        };
        if from_front != 1 {
            return Err(format!(
                "axis {axis} would merge or split the batch, only axis 1 is supported"
            ));
        }
        self.shape = vec![self.shape.iter().product()];
        Ok(())
    }

    fn reshape(&mut self, step: &Step, allow_zero: bool) -> Result<(), String> {
        let target = self.integers(step, 1)?.ok_or("its shape is left out")?;
        let shape = self.target(&target, allow_zero);
        self.shape = shape.ok_or_else(|| {
            format!(
                "shape {target:?} does not keep the batch and the {:?} values of an image",
                self.shape
            )
        })?;
        Ok(())
    }

    /// The shape of an image after a `Reshape`, if it keeps the batch dimension.
    fn target(&self, target: &[i64], allow_zero: bool) -> Option<Vec<usize>> {
        let total: usize = self.shape.iter().product();
        let (&batch, rest) = target.split_first()?;
        let batch_is_inferred = batch == -1;
        let batch_is_kept = (batch == 0 && !allow_zero)
            || self
                .batch
                .is_some_and(|fixed| usize::try_from(batch).is_ok_and(|batch| batch == fixed));
        if rest.is_empty() || !(batch_is_inferred || batch_is_kept) {
            return None;
        }
        let mut inferred = None;
        let mut shape = Vec::with_capacity(rest.len());
        for (index, &side) in rest.iter().enumerate() {
            shape.push(match side {
                -1 if !batch_is_inferred && inferred.is_none() => {
                    inferred = Some(index);
                    1
                }
                0 if !allow_zero => *self.shape.get(index)?,
                side => usize::try_from(side).ok()?,
            });
        }
        let known = elements(&shape)?;
        if let Some(side) = inferred.and_then(|index| shape.get_mut(index)) {
            *side = total / known;
        }
        (elements(&shape)? == total).then_some(shape)
    }

    fn pad(&mut self, step: &Step, attribute: Option<&[i64]>) -> Result<(), String> {
        let amounts = match attribute {
            Some(pads) => pads.to_vec(),
            None => self.integers(step, 1)?.ok_or("its pads are left out")?,
        };
        if let Some(value) = self.optional(step, 2)?
            && value.values.iter().any(|&value| value != 0.0)
        {
            return Err(format!(
                "constant value {:?}, only 0 is supported",
                value.values
            ));
        }
        // One entry an axis of the batched tensor: what is added before, then after.
        let rank = self.shape.len() + 1;
        let axes = match self.integers(step, 3)? {
            Some(axes) => axes,
            None => (0i64..).take(rank).collect(),
        };
        let (before, after) = amounts
            .split_at_checked(axes.len())
            .ok_or("it has fewer pads than axes")?;
        if after.len() != before.len() {
            return Err(format!("{} pads for {} axes", amounts.len(), axes.len()));
        }
        let mut pads = self.pads.unwrap_or_default();
        let signed_rank = i64::try_from(rank).unwrap_or(i64::MAX);
        for ((&axis, &before), &after) in axes.iter().zip(before).zip(after) {
            if before == 0 && after == 0 {
                continue;
            }
            let [top, left, bottom, right] = &mut pads;
            let (first, last) = match (
                rank,
                if axis < 0 {
                    axis.saturating_add(signed_rank)
                } else {
                    axis
                },
            ) {
                (4, 2) => (top, bottom),
                (4, 3) => (left, right),
                _ => {
                    return Err(format!(
                        "pads axis {axis}, only rows and columns of an image are supported"
                    ));
                }
            };
            for (side, amount) in [(first, before), (last, after)] {
                let amount =
                    usize::try_from(amount).map_err(|_| format!("negative pad {amount}"))?;
                *side = sum([*side, amount]).ok_or("its pads overflow")?;
            }
        }
        self.pads = (pads != [0; 4]).then_some(pads);
        Ok(())
    }

    fn dropout(&self, step: &Step) -> Result<(), String> {
        // Input 1, the ratio, means nothing at inference; input 2 says whether this is training.
        match self.proto(step, 2)? {
            None => Ok(()),
            Some(training) => {
                match tensor::boolean(training).map_err(|reason| self.about(step, 2, &reason))? {
                    false => Ok(()),
                    true => Err("it is in training mode".to_owned()),
                }
            }
        }
    }

    fn push(&mut self, step: &Step, kind: LinearKind, shape: Vec<usize>) {
        self.layers.push(Layer::Linear(Linear {
            name: step.name.clone(),
            kind,
            range: None,
        }));
        self.shape = shape;
    }

    fn no_pads(&self) -> Result<(), String> {
        match self.pads {
            None => Ok(()),
            Some(pads) => Err(format!(
                "the Pad of {pads:?} before it is not followed by a Conv"
            )),
        }
    }

    /// Input `place` of the node if it is given; it must be a constant.
    fn proto(
        &self,
        step: &Step,
        place: usize,
    ) -> Result<Option<&'a super::proto::TensorProto>, String> {
        match step.inputs.get(place).map(String::as_str) {
            None | Some("") => Ok(None),
            Some(name) => match self.constants.get(name) {
                Some(proto) => Ok(Some(proto)),
                None => Err(format!("its input {place} (`{name}`) is not a constant")),
            },
        }
    }

    fn optional(&self, step: &Step, place: usize) -> Result<Option<Tensor>, String> {
        let proto = self.proto(step, place)?;
        proto
            .map(Tensor::read)
            .transpose()
            .map_err(|reason| self.about(step, place, &reason))
    }

    fn required(&self, step: &Step, place: usize) -> Result<Tensor, String> {
        let tensor = self
            .optional(step, place)?
            .ok_or_else(|| format!("its input {place} is missing"))?;
        if tensor.values.is_empty() {
            return Err(self.about(step, place, &format!("is empty: shape {:?}", tensor.dims)));
        }
        Ok(tensor)
    }

    fn integers(&self, step: &Step, place: usize) -> Result<Option<Vec<i64>>, String> {
        let proto = self.proto(step, place)?;
        proto
            .map(tensor::integers)
            .transpose()
            .map_err(|reason| self.about(step, place, &reason))
    }

    fn about(&self, step: &Step, place: usize, reason: &str) -> String {
        format!(
            "its input {place} (`{}`) {reason}",
            step.inputs.get(place).map_or("", String::as_str)
        )
    }
}

fn sum<const N: usize>(terms: [usize; N]) -> Option<usize> {
    terms.into_iter().try_fold(0usize, usize::checked_add)
}

/// The zeros before and after for an output of `ceil(size / stride)`.
fn same(size: usize, kernel: usize, stride: usize, end: bool) -> Option<[usize; 2]> {
    let outputs = size
        .checked_add(stride)?
        .checked_sub(1)?
        .checked_div(stride)?;
    let covered = outputs
        .checked_sub(1)?
        .checked_mul(stride)?
        .checked_add(kernel)?;
    let total = covered.saturating_sub(size);
    let (less, more) = (total / 2, total - total / 2);
    Some(if end { [less, more] } else { [more, less] })
}

/// A constant spread over the shape of an image: its last axes line up with the image's last, and an
/// axis of 1 repeats. A leading batch axis must be 1.
fn broadcast(constant: Tensor, shape: &[usize]) -> Result<Vec<f64>, String> {
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
