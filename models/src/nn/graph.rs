//! The network as a chain of layers over flat tensors.
//!
//! Every tensor is a flat vector in C,H,W order (channel, row, column), so flattening and
//! reshaping are the identity and do not appear. A layer is either *linear*,
//!
//! ```text
//! y[p] = bias(p) + sum over (i, j) in taps(p) of w[j] x[i]
//! ```
//!
//! or a ReLU, `y[p] = max(x[p], 0)`. The geometry (`taps`) is public; the weights are the
//! server's secret. The float evaluation, the fixed-point twin and the encrypted layer all read the
//! same taps, so they cannot disagree about padding or strides.

use std::collections::HashSet;
use std::ops::Range;

use ndarray::{Array1, Array2, Array4};

/// The most elements any tensor between two layers may have, for one image.
///
/// A few bytes of geometry (a pad of 10^9) can ask for any amount of memory; this bounds it.
pub const MAX_TENSOR: usize = 1 << 24;

/// What is wrong with a network or with an input to it.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum NetworkError {
    /// There is no layer at all.
    #[error("the network has no layers")]
    Empty,
    /// Two layers share a name, so reports and ranges could not tell them apart.
    #[error("two layers are named `{0}`")]
    DuplicateName(String),
    /// A layer's input is not the output of the one before.
    #[error("layer `{layer}` takes {expected} values, but the layer before gives {got}")]
    Chain {
        /// The layer's name.
        layer: String,
        /// Values the layer takes.
        expected: usize,
        /// Values it is given.
        got: usize,
    },
    /// A layer is inconsistent in itself.
    #[error("layer `{layer}`: {reason}")]
    Layer {
        /// The layer's name.
        layer: String,
        /// What is wrong.
        reason: String,
    },
    /// The network's own fields are unusable.
    #[error("network `{network}`: {reason}")]
    Field {
        /// The network's name.
        network: String,
        /// What is wrong.
        reason: String,
    },
    /// An input vector has the wrong length.
    #[error("the network takes {expected} values, got {got}")]
    Input {
        /// Values the network takes.
        expected: usize,
        /// Values given.
        got: usize,
    },
}

/// A feed-forward network: a chain of layers from one image to the class scores.
#[derive(Debug, Clone, PartialEq)]
pub struct Network {
    /// The graph's name.
    pub name: String,
    /// Channels, rows, columns of one image.
    pub input: [usize; 3],
    /// The largest absolute value of an input element (1.0 for pixels divided by 255).
    pub input_max: f64,
    /// The layers, first to last.
    pub layers: Vec<Layer>,
}

/// One layer.
#[derive(Debug, Clone, PartialEq)]
#[expect(
    clippy::large_enum_variant,
    reason = "a network has a handful of layers, and most are linear"
)]
pub enum Layer {
    /// Weights and biases.
    Linear(Linear),
    /// `max(x, 0)`, element by element.
    Relu {
        /// The layer's name.
        name: String,
    },
}

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

impl Network {
    /// Elements of one input image.
    #[must_use]
    pub fn inputs(&self) -> usize {
        self.input.iter().product()
    }

    /// Number of class scores: outputs of the last linear layer, or of the input if there is none.
    #[must_use]
    pub fn classes(&self) -> usize {
        self.layers
            .iter()
            .rev()
            .find_map(Layer::linear)
            .map_or_else(|| self.inputs(), Linear::outputs)
    }

    /// The linear layers, first to last.
    pub fn linears(&self) -> impl Iterator<Item = &Linear> {
        self.layers.iter().filter_map(Layer::linear)
    }

    /// Number of ReLU evaluations an image.
    #[must_use]
    pub fn relu_count(&self) -> usize {
        let mut width = self.inputs();
        let mut count: usize = 0;
        for layer in &self.layers {
            match layer {
                Layer::Linear(linear) => width = linear.outputs(),
                Layer::Relu { .. } => count = count.saturating_add(width),
            }
        }
        count
    }

    /// Checks every layer and that each takes what the one before gives.
    ///
    /// # Errors
    /// The first inconsistency, with the layer's name and the numbers.
    pub fn validate(&self) -> Result<(), NetworkError> {
        let field = |reason: String| NetworkError::Field {
            network: self.name.clone(),
            reason,
        };
        let mut width = elements(&self.input).ok_or_else(|| {
            field(format!(
                "input {:?} is empty or exceeds {MAX_TENSOR} elements",
                self.input
            ))
        })?;
        if !(self.input_max.is_finite() && self.input_max > 0.0) {
            return Err(field(format!(
                "input_max is {}, must be positive and finite",
                self.input_max
            )));
        }
        if self.layers.is_empty() {
            return Err(NetworkError::Empty);
        }
        let mut names = HashSet::new();
        for layer in &self.layers {
            if !names.insert(layer.name()) {
                return Err(NetworkError::DuplicateName(layer.name().to_owned()));
            }
            if let Layer::Linear(linear) = layer {
                linear.validate()?;
                if linear.inputs() != width {
                    return Err(NetworkError::Chain {
                        layer: linear.name.clone(),
                        expected: linear.inputs(),
                        got: width,
                    });
                }
                width = linear.outputs();
            }
        }
        Ok(())
    }
}

impl Layer {
    /// The layer's name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Linear(linear) => &linear.name,
            Self::Relu { name } => name,
        }
    }

    /// The linear layer, if it is one.
    #[must_use]
    pub const fn linear(&self) -> Option<&Linear> {
        match self {
            Self::Linear(linear) => Some(linear),
            Self::Relu { .. } => None,
        }
    }
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
fn inside(start: usize, before: usize, kernel: usize, size: usize) -> Range<usize> {
    let first = before.saturating_sub(start).min(kernel);
    let last = (size + before).saturating_sub(start).min(kernel);
    first..last.max(first)
}

/// The product of a shape, if it lies in `1..=MAX_TENSOR`.
pub(crate) fn elements(shape: &[usize]) -> Option<usize> {
    let product = shape
        .iter()
        .try_fold(1usize, |product, &side| product.checked_mul(side))?;
    (1..=MAX_TENSOR).contains(&product).then_some(product)
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

    fn dense(outputs: usize, inputs: usize) -> LinearKind {
        LinearKind::Dense(Dense {
            weights: Array2::ones([outputs, inputs]),
            bias: Array1::zeros(outputs),
        })
    }

    fn linear(name: &str, kind: LinearKind) -> Layer {
        Layer::Linear(Linear {
            name: name.to_owned(),
            kind,
            range: None,
        })
    }

    fn network(layers: Vec<Layer>) -> Network {
        Network {
            name: "test".to_owned(),
            input: [1, 2, 3],
            input_max: 1.0,
            layers,
        }
    }

    #[test]
    fn counts_classes_and_relus() {
        let relu = |name: &str| Layer::Relu {
            name: name.to_owned(),
        };
        let net = network(vec![
            relu("r0"),
            linear("a", dense(4, 6)),
            relu("r1"),
            relu("r2"),
            linear("b", dense(3, 4)),
        ]);
        net.validate().unwrap();
        assert_eq!(
            (
                net.inputs(),
                net.classes(),
                net.relu_count(),
                net.linears().count()
            ),
            (6, 3, 6 + 4 + 4, 2)
        );
    }

    #[test]
    fn refuses_what_does_not_fit() {
        assert_eq!(network(vec![]).validate(), Err(NetworkError::Empty));
        let twice = network(vec![linear("a", dense(6, 6)), linear("a", dense(6, 6))]);
        assert_eq!(
            twice.validate(),
            Err(NetworkError::DuplicateName("a".to_owned()))
        );
        let broken = network(vec![linear("a", dense(4, 6)), linear("b", dense(2, 5))]);
        assert_eq!(
            broken.validate(),
            Err(NetworkError::Chain {
                layer: "b".to_owned(),
                expected: 5,
                got: 4
            })
        );

        let mut empty = network(vec![linear("a", dense(4, 6))]);
        empty.input = [1, 0, 3];
        assert!(
            empty
                .validate()
                .unwrap_err()
                .to_string()
                .contains("[1, 0, 3] is empty")
        );
        empty.input = [usize::MAX, 2, 3];
        assert!(
            empty
                .validate()
                .unwrap_err()
                .to_string()
                .contains("exceeds")
        );
        for input_max in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let mut net = network(vec![linear("a", dense(4, 6))]);
            net.input_max = input_max;
            assert!(
                net.validate()
                    .unwrap_err()
                    .to_string()
                    .contains("input_max")
            );
        }
    }

    #[test]
    fn refuses_inconsistent_layers() {
        let good = conv([1, 2, 3], 2, [2, 2], [1, 1], [0; 4]);
        let check = |edit: &dyn Fn(&mut Conv2d), text: &str| {
            let mut conv = good.clone();
            edit(&mut conv);
            let error = network(vec![linear("c", LinearKind::Conv2d(conv))])
                .validate()
                .unwrap_err()
                .to_string();
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
            kind: dense(4, 6),
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
