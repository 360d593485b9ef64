//! `Pad`, `Conv`, `Gemm` and `MatMul`.

use ndarray::{Array1, Array2, Array4};

use super::fold::broadcast;
use super::{Builder, Step};
use crate::nn::graph::{Conv2d, Dense, LinearKind, elements};
use crate::onnx::operator::{ConvAttributes, Padding};

impl Builder<'_> {
    pub(super) fn pad(&mut self, step: &Step, attribute: Option<&[i64]>) -> Result<(), String> {
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

    pub(super) fn conv(&mut self, step: &Step, attributes: &ConvAttributes) -> Result<(), String> {
        let [channels, height, width] = self.image()?;
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
        self.push(step, LinearKind::Conv2d(conv), output.to_vec())
    }

    /// `alpha X W + beta C`; `MatMul` is the case without `C`.
    pub(super) fn gemm(
        &mut self,
        step: &Step,
        alpha: f64,
        beta: f64,
        transposed: bool,
    ) -> Result<(), String> {
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
        self.push(step, LinearKind::Dense(dense), vec![outputs])
    }
}

pub(super) fn sum<const N: usize>(terms: [usize; N]) -> Option<usize> {
    terms.into_iter().try_fold(0usize, usize::checked_add)
}

/// The zeros before and after for an output of `ceil(size / stride)`.
pub(super) fn same(size: usize, kernel: usize, stride: usize, end: bool) -> Option<[usize; 2]> {
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
