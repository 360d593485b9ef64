//! The two linear layers and their public geometry.

use std::ops::Range;

use ndarray::{Array1, Array2, Array4};

use super::{MAX_TENSOR, NetworkError, elements};

/// A linear layer with its calibrated range.
#[derive(Debug, Clone, PartialEq)]
pub struct Linear {
    /// The layer's name.
    pub name: String,
    /// Convolution or dense matrix.
    pub kind: LinearKind,
    /// The largest absolute output (bias included) that calibration saw; `None` if not calibrated.
    pub range: Option<f64>,
}

/// The two linear layers.
#[derive(Debug, Clone, PartialEq)]
pub enum LinearKind {
    /// A two-dimensional convolution.
    Conv2d(Conv2d),
    /// A matrix.
    Dense(Dense),
}

/// A two-dimensional cross-correlation (what ONNX calls `Conv`), group 1, dilation 1, zero padding.
#[derive(Debug, Clone, PartialEq)]
pub struct Conv2d {
    /// Channels, rows, columns of the input.
    pub input: [usize; 3],
    /// Channels, rows, columns of the output.
    pub output: [usize; 3],
    /// Rows, columns of the kernel.
    pub kernel: [usize; 2],
    /// Steps down and to the right.
    pub strides: [usize; 2],
    /// Zeros added at the top, left, bottom, right.
    pub pads: [usize; 4],
    /// Output channel, input channel, kernel row, kernel column; row-major in memory.
    pub weights: Array4<f64>,
    /// One bias an output channel.
    pub bias: Array1<f64>,
}

/// A dense (fully connected) layer, `y = W x + b`.
#[derive(Debug, Clone, PartialEq)]
pub struct Dense {
    /// Outputs by inputs.
    pub weights: Array2<f64>,
    /// One bias an output.
    pub bias: Array1<f64>,
}

impl Linear {
    /// Elements of the input.
    #[must_use]
    pub fn inputs(&self) -> usize {
        match &self.kind {
            LinearKind::Conv2d(conv) => conv.inputs(),
            LinearKind::Dense(dense) => dense.inputs(),
        }
    }

    /// Elements of the output.
    #[must_use]
    pub fn outputs(&self) -> usize {
        match &self.kind {
            LinearKind::Conv2d(conv) => conv.outputs(),
            LinearKind::Dense(dense) => dense.outputs(),
        }
    }

    /// Checks that shapes agree and that every number is finite.
    ///
    /// # Errors
    /// [`NetworkError::Layer`] with this layer's name.
    pub fn validate(&self) -> Result<(), NetworkError> {
        let checked = match &self.kind {
            LinearKind::Conv2d(conv) => conv.check(),
            LinearKind::Dense(dense) => dense.check(),
        };
        let checked = checked.and_then(|()| match self.range {
            Some(range) if !(range.is_finite() && range > 0.0) => {
                Err(format!("range is {range}, must be positive and finite"))
            }
            _ => Ok(()),
        });
        checked.map_err(|reason| NetworkError::Layer {
            layer: self.name.clone(),
            reason,
        })
    }
}

impl Conv2d {
    /// Elements of the input.
    #[must_use]
    pub fn inputs(&self) -> usize {
        self.input.iter().product()
    }

    /// Elements of the output.
    #[must_use]
    pub fn outputs(&self) -> usize {
        self.output.iter().product()
    }

    /// The output channel (index of the bias) of a flat output position.
    #[must_use]
    pub const fn channel(&self, output_position: usize) -> usize {
        let [_, rows, columns] = self.output;
        output_position / (rows * columns)
    }

    /// Rows or columns of the output: `floor((input + pads - kernel) / stride) + 1`, or `None` where
    /// the kernel does not fit or a number overflows.
    #[must_use]
    pub fn output_size(
        input: usize,
        pads: [usize; 2],
        kernel: usize,
        stride: usize,
    ) -> Option<usize> {
        let [before, after] = pads;
        let padded = input.checked_add(before)?.checked_add(after)?;
        padded
            .checked_sub(kernel)?
            .checked_div(stride)?
            .checked_add(1)
    }

    /// The terms of one output: pairs of input index (flat C,H,W) and weight index (flat, row-major
    /// in output channel, input channel, kernel row, kernel column), in ascending order of both.
    /// Taps that fall on padding are left out: which they are is public geometry.
    ///
    /// The layer must have passed [`Linear::validate`]; a position past the output has no taps.
    pub fn taps(&self, output_position: usize) -> impl Iterator<Item = (usize, usize)> + use<> {
        let [channels, height, width] = self.input;
        let [_, rows, columns] = self.output;
        let [kernel_rows, kernel_columns] = self.kernel;
        let [stride_down, stride_right] = self.strides;
        let [top, left, ..] = self.pads;
        let channels = if output_position < self.outputs() {
            0..channels
        } else {
            0..0
        };

        // `max(1)` only keeps the empty case (no outputs) from dividing by zero.
        let channel = output_position / (rows * columns).max(1);
        let y = output_position / columns.max(1) % rows.max(1) * stride_down;
        let x = output_position % columns.max(1) * stride_right;
        let kernel_y = inside(y, top, kernel_rows, height);
        let kernel_x = inside(x, left, kernel_columns, width);
        let first_weight = channel * channels.end * kernel_rows * kernel_columns;

        channels.flat_map(move |c| {
            let kernel_x = kernel_x.clone();
            kernel_y.clone().flat_map(move |ky| {
                kernel_x.clone().map(move |kx| {
                    let input = (c * height + (y + ky - top)) * width + (x + kx - left);
                    let weight = first_weight + (c * kernel_rows + ky) * kernel_columns + kx;
                    (input, weight)
                })
            })
        })
    }

    fn check(&self) -> Result<(), String> {
        let [channels, height, width] = self.input;
        let [maps, rows, columns] = self.output;
        let [kernel_rows, kernel_columns] = self.kernel;
        let [stride_down, stride_right] = self.strides;
        let [top, left, bottom, right] = self.pads;
        for (what, shape) in [("input", &self.input), ("output", &self.output)] {
            elements(shape).ok_or_else(|| {
                format!("{what} {shape:?} is empty or exceeds {MAX_TENSOR} elements")
            })?;
        }
        if kernel_rows == 0 || kernel_columns == 0 || stride_down == 0 || stride_right == 0 {
            return Err(format!(
                "kernel {:?} and strides {:?} must be positive",
                self.kernel, self.strides
            ));
        }
        if Self::output_size(height, [top, bottom], kernel_rows, stride_down) != Some(rows)
            || Self::output_size(width, [left, right], kernel_columns, stride_right)
                != Some(columns)
        {
            return Err(format!(
                "output {:?} does not follow from input {:?}, kernel {:?}, strides {:?}, pads {:?}",
                self.output, self.input, self.kernel, self.strides, self.pads
            ));
        }
        let expected = [maps, channels, kernel_rows, kernel_columns];
        if self.weights.shape() != expected {
            return Err(format!(
                "weights have shape {:?}, expected {expected:?}",
                self.weights.shape()
            ));
        }
        if !self.weights.is_standard_layout() {
            return Err("weights are not row-major in memory".to_owned());
        }
        check_bias(&self.bias, maps)?;
        check_finite(self.weights.iter())
    }
}

impl Dense {
    /// Elements of the input.
    #[must_use]
    pub fn inputs(&self) -> usize {
        self.weights.ncols()
    }

    /// Elements of the output.
    #[must_use]
    pub fn outputs(&self) -> usize {
        self.weights.nrows()
    }

    fn check(&self) -> Result<(), String> {
        let (outputs, inputs) = self.weights.dim();
        if outputs == 0 || inputs == 0 || outputs > MAX_TENSOR || inputs > MAX_TENSOR {
            return Err(format!(
                "matrix of {outputs} by {inputs}: sides must be 1 to {MAX_TENSOR}"
            ));
        }
        if !self.weights.is_standard_layout() {
            return Err("weights are not row-major in memory".to_owned());
        }
        check_bias(&self.bias, outputs)?;
        check_finite(self.weights.iter())
    }
}

/// The kernel offsets `k` in `0..kernel` with `start + k - before` in `0..size`.
pub(super) fn inside(start: usize, before: usize, kernel: usize, size: usize) -> Range<usize> {
    let first = before.saturating_sub(start).min(kernel);
    let last = (size + before).saturating_sub(start).min(kernel);
    first..last.max(first)
}

fn check_bias(bias: &Array1<f64>, outputs: usize) -> Result<(), String> {
    if bias.len() != outputs {
        return Err(format!("{} biases, expected {outputs}", bias.len()));
    }
    check_finite(bias.iter())
}

fn check_finite<'a>(mut values: impl Iterator<Item = &'a f64>) -> Result<(), String> {
    values
        .find(|value| !value.is_finite())
        .map_or(Ok(()), |value| Err(format!("a weight or bias is {value}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conv(
        input: [usize; 3],
        maps: usize,
        kernel: [usize; 2],
        strides: [usize; 2],
        pads: [usize; 4],
    ) -> Conv2d {
        let [channels, height, width] = input;
        let [top, left, bottom, right] = pads;
        let rows = Conv2d::output_size(height, [top, bottom], kernel[0], strides[0]).unwrap();
        let columns = Conv2d::output_size(width, [left, right], kernel[1], strides[1]).unwrap();
        Conv2d {
            input,
            output: [maps, rows, columns],
            kernel,
            strides,
            pads,
            weights: Array4::ones([maps, channels, kernel[0], kernel[1]]),
            bias: Array1::zeros(maps),
        }
    }

    /// The definition, tap by tap, over a copy of the input that really holds the padding.
    fn taps_by_definition(conv: &Conv2d, position: usize) -> Vec<(usize, usize)> {
        let [channels, height, width] = conv.input.map(|n| n as isize);
        let [_, rows, columns] = conv.output;
        let (o, y, x) = (
            position / (rows * columns),
            position / columns % rows,
            position % columns,
        );
        let mut taps = Vec::new();
        for c in 0..channels {
            for ky in 0..conv.kernel[0] {
                for kx in 0..conv.kernel[1] {
                    let row = (y * conv.strides[0] + ky) as isize - conv.pads[0] as isize;
                    let column = (x * conv.strides[1] + kx) as isize - conv.pads[1] as isize;
                    if (0..height).contains(&row) && (0..width).contains(&column) {
                        let weight = ((o * channels as usize + c as usize) * conv.kernel[0] + ky)
                            * conv.kernel[1]
                            + kx;
                        taps.push((((c * height + row) * width + column) as usize, weight));
                    }
                }
            }
        }
        taps
    }

    #[test]
    fn taps_match_the_definition() {
        for conv in [
            conv([1, 28, 28], 5, [5, 5], [2, 2], [0, 0, 1, 1]),
            conv([3, 5, 7], 2, [3, 2], [1, 3], [2, 1, 0, 4]),
            conv([2, 1, 1], 3, [1, 1], [1, 1], [0, 0, 0, 0]),
            // A pad wider than the kernel: whole outputs read nothing but padding.
            conv([1, 2, 2], 1, [2, 2], [1, 1], [3, 0, 3, 5]),
        ] {
            for position in 0..conv.outputs() {
                let taps: Vec<_> = conv.taps(position).collect();
                assert_eq!(
                    taps,
                    taps_by_definition(&conv, position),
                    "{conv:?} at {position}"
                );
            }
            assert_eq!(conv.taps(conv.outputs()).count(), 0);
        }
    }

    #[test]
    fn cryptonets_geometry() {
        let conv = conv([1, 28, 28], 5, [5, 5], [2, 2], [0, 0, 1, 1]);
        assert_eq!(conv.output, [5, 13, 13]);
        let taps: usize = (0..conv.outputs()).map(|p| conv.taps(p).count()).sum();
        // 12x12 positions read 25 pixels, 2x12 at an edge 20, the corner 16, in each of 5 maps.
        assert_eq!(taps, 5 * (144 * 25 + 24 * 20 + 16));
        assert_eq!(
            (
                conv.channel(0),
                conv.channel(168),
                conv.channel(169),
                conv.channel(844)
            ),
            (0, 0, 1, 4)
        );
    }

    #[test]
    fn refuses_inconsistent_layers() {
        let good = conv([1, 2, 3], 2, [2, 2], [1, 1], [0; 4]);
        let check = |edit: &dyn Fn(&mut Conv2d), text: &str| {
            let mut conv = good.clone();
            edit(&mut conv);
            let kind = LinearKind::Conv2d(conv);
            let layer = Linear {
                name: "c".to_owned(),
                kind,
                range: None,
            };
            let error = layer.validate().unwrap_err().to_string();
            assert!(error.contains("`c`") && error.contains(text), "{error}");
        };
        check(&|c| c.output = [2, 2, 2], "does not follow");
        check(&|c| c.pads = [usize::MAX; 4], "does not follow");
        check(&|c| c.strides = [0, 1], "must be positive");
        check(&|c| c.output = [2, 0, 2], "is empty");
        check(
            &|c| c.weights = Array4::ones([2, 1, 2, 3]),
            "weights have shape",
        );
        check(
            &|c| c.weights = Array4::ones([2, 1, 2, 2]).permuted_axes([0, 1, 3, 2]),
            "row-major",
        );
        check(&|c| c.bias = Array1::zeros(3), "3 biases, expected 2");
        check(&|c| c.bias = Array1::from_elem(2, f64::NAN), "NaN");

        let mut ranged = Linear {
            name: "d".to_owned(),
            kind: LinearKind::Dense(Dense {
                weights: Array2::ones([4, 6]),
                bias: Array1::zeros(4),
            }),
            range: Some(2.0),
        };
        ranged.validate().unwrap();
        ranged.range = Some(-2.0);
        assert!(
            ranged
                .validate()
                .unwrap_err()
                .to_string()
                .contains("range is -2")
        );
    }
}
