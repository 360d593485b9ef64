//! Convolution of an image whose channels sit in the slots of one ciphertext.
//!
//! Output (o, y, x) is the sum over input channels c and kernel positions (k, l) of
//! w\[o\]\[c\]\[k\]\[l\] * image(c, s y + k - p, s x + l - p), with stride s and padding p. It is computed in the
//! slot of image(o, s y, s x), so that (c, k, l) comes from a rotation by c - o blocks, k - p rows and
//! l - p columns. A mask for each rotation holds the weights, and zeros where the padding or the stride
//! drops the term. (The packed convolution of GAZELLE, eprint 2018/073, section 4.4: of its two orders
//! of rotation, rotations by kernel positions are hoisted baby steps of the input, rotations by channels
//! are split between baby and giant steps, see `schedule.rs`.)

use super::{
    Layout, MaskEncoder, Schedule,
    diagonals::{Blocks, Diagonals},
    layout::triples,
};
use crate::ckks::{Context, Error};

/// Shape of a convolution: a square kernel, the same stride and padding both ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvolutionShape {
    /// Output channels.
    pub channels: usize,
    /// Rows and columns of a kernel.
    pub kernel: usize,
    /// Rows and columns from one output to the next.
    pub stride: usize,
    /// Rows and columns of zeros on each side, less than half the kernel.
    pub padding: usize,
}

/// A plan for a convolution.
#[derive(Clone, Debug)]
pub struct Convolution {
    input: Layout,
    output: Layout,
    schedule: Schedule<Vec<f64>>,
}

impl Convolution {
    /// Plans the convolution of images in the layout `input` with `weights` in the order output
    /// channel, input channel, row, column.
    ///
    /// # Errors
    /// A shape that leaves no output or one larger than the input, a wrong number of weights, or too
    /// few slots.
    pub fn plan(
        context: &Context,
        input: Layout,
        shape: ConvolutionShape,
        weights: &[f64],
    ) -> Result<Self, Error> {
        let [channels, ..] = input.shape();
        let output = output_layout(input, shape)?;
        let slots = context.slots();
        input.check(slots)?;
        output.check(slots)?;
        let ConvolutionShape { kernel, .. } = shape;
        let expected = (kernel * kernel).saturating_mul(shape.channels.saturating_mul(channels));
        if weights.len() != expected {
            return Err(Error::Ring(crate::Error::Length {
                what: "convolution weights",
                expected,
                got: weights.len(),
            }));
        }
        let blocks = Blocks::covering(channels, shape.channels, input.block());
        let blocks = blocks.ok_or(Error::TooManyValues {
            operation: "convolution",
            got: input.period().max(output.period()),
            max: slots,
        })?;
        let mut diagonals = Diagonals::zero(blocks);
        let kernels = weights.chunks(kernel * kernel);
        let pairs = (0..shape.channels).flat_map(|o| (0..channels).map(move |c| (o, c)));
        for ((o, c), kernel_weights) in pairs.zip(kernels) {
            let positions = triples(1, kernel, kernel);
            for ([_, k, l], &weight) in positions.zip(kernel_weights) {
                add_weight(&mut diagonals, (input, output), shape, [o, c, k, l], weight);
            }
        }
        Ok(Self {
            input,
            output,
            schedule: Schedule::plan(&diagonals),
        })
    }

    /// Where images are expected.
    pub fn input(&self) -> Layout {
        self.input
    }

    /// Where the outputs are; all other slots of a block are 0.
    pub fn output(&self) -> Layout {
        self.output
    }

    /// Rotations to make keys for.
    pub fn rotations(&self) -> Vec<i64> {
        self.schedule.rotations()
    }

    /// Hoisted rotations and full rotations of one convolution.
    pub fn rotation_counts(&self) -> (usize, usize) {
        self.schedule.rotation_counts()
    }

    /// Levels it takes.
    pub fn depth(&self) -> usize {
        1
    }

    /// Encodes the masks for images at `level`.
    ///
    /// # Errors
    /// A level that is not there, level 0, or weights too large for the modulus.
    pub fn encode<E: MaskEncoder>(
        &self,
        encoder: &E,
        level: usize,
    ) -> Result<Schedule<E::Mask>, Error> {
        self.schedule.encode(encoder, level)
    }
}

/// Outputs on the grid of the input, which they must not outgrow.
fn output_layout(input: Layout, shape: ConvolutionShape) -> Result<Layout, Error> {
    let [_, height, width] = input.shape();
    let ConvolutionShape {
        channels,
        kernel,
        stride,
        padding,
    } = shape;
    let refused = Error::Convolution {
        height,
        width,
        kernel,
        stride,
        padding,
    };
    let outputs = |length: usize| {
        let places = (length + 2 * padding).checked_sub(kernel)?;
        Some(places / stride + 1)
    };
    let padded_too_far = padding > kernel.saturating_sub(1) / 2 || padding >= height.min(width);
    if channels == 0 || stride == 0 || kernel == 0 || padded_too_far {
        return Err(refused);
    }
    match (outputs(height), outputs(width)) {
        (Some(rows), Some(columns)) => Ok(input.strided([channels, rows, columns], stride)),
        _ => Err(refused),
    }
}

/// Enters w\[o\]\[c\]\[k\]\[l\] for all outputs whose term is within the image.
fn add_weight(
    diagonals: &mut Diagonals,
    (input, output): (Layout, Layout),
    shape: ConvolutionShape,
    [o, c, k, l]: [usize; 4],
    weight: f64,
) {
    let [_, height, width] = input.shape();
    let [_, rows, columns] = output.shape();
    let [row, column] = input.strides();
    let inside = |at: usize, tap: usize, length: usize| {
        (shape.padding..length + shape.padding).contains(&(at * shape.stride + tap))
    };
    let positions = triples(1, rows, columns)
        .filter(|&[_, y, x]| inside(y, k, height) && inside(x, l, width))
        .map(|[_, y, x]| y * shape.stride * row + x * shape.stride * column);
    let away = |tap: usize, stride: usize| (tap as i64 - shape.padding as i64) * stride as i64;
    let shift = away(k, row) + away(l, column);
    diagonals.add(o, c, shift, positions.map(|position| (position, weight)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ckks::circuits::{Twin, fixture};

    /// The sum of the module's first line, term by term.
    fn direct(
        image: &[f64],
        weights: &[f64],
        input: [usize; 3],
        shape: ConvolutionShape,
    ) -> Vec<f64> {
        let [channels, height, width] = input;
        let ConvolutionShape {
            kernel,
            stride,
            padding,
            ..
        } = shape;
        let outputs = |length: usize| (length + 2 * padding - kernel) / stride + 1;
        let pixel = |c: usize, y: usize, x: usize| {
            let (y, x) = (y.checked_sub(padding)?, x.checked_sub(padding)?);
            (y < height && x < width).then(|| image[(c * height + y) * width + x])
        };
        triples(shape.channels, outputs(height), outputs(width))
            .map(|[o, y, x]| {
                let terms = triples(channels, kernel, kernel).map(|[c, k, l]| {
                    let weight = weights[((o * channels + c) * kernel + k) * kernel + l];
                    weight * pixel(c, y * stride + k, x * stride + l).unwrap_or(0.0)
                });
                terms.sum()
            })
            .collect()
    }

    fn check(input: Layout, shape: ConvolutionShape) -> (Convolution, Vec<f64>) {
        let context = fixture::context(2048, 3);
        let twin = Twin::new(&context);
        let [channels, ..] = input.shape();
        let weights = shape.channels * channels * shape.kernel * shape.kernel;
        let weights = fixture::values(weights, 7);
        let plan = Convolution::plan(&context, input, shape, &weights).unwrap();
        let image = fixture::values(input.values(), 9);
        let packed = input.pack(&image, context.slots()).unwrap();
        let x = twin.real_vector(&packed).unwrap();
        let y = plan
            .encode(&twin, x.level())
            .unwrap()
            .apply(&twin, &x)
            .unwrap();
        assert_eq!(y.level(), x.level() - plan.depth());
        let expected = direct(&image, &weights, input.shape(), shape);
        // Every slot: outputs in their places, zeros elsewhere, all repeated.
        let expected = plan.output().pack(&expected, context.slots()).unwrap();
        for (slot, (got, expected)) in y.real().iter().zip(&expected).enumerate() {
            assert!(
                (got - expected).abs() < 1e-12,
                "{input:?} {shape:?} slot {slot}"
            );
        }
        (plan, expected)
    }

    #[test]
    fn channels_kernels_strides_and_paddings() {
        for [channels, out] in [[1, 1], [1, 4], [4, 1], [2, 3], [3, 2], [5, 8]] {
            for (kernel, stride, padding) in [(1, 1, 0), (3, 1, 1), (3, 2, 1), (3, 1, 0), (5, 2, 1)]
            {
                let shape = ConvolutionShape {
                    channels: out,
                    kernel,
                    stride,
                    padding,
                };
                check(Layout::packed(channels, 7, 6).unwrap(), shape);
            }
        }
    }

    /// A strided output is the input of another convolution, on the wider grid.
    #[test]
    fn one_after_another() {
        let first = ConvolutionShape {
            channels: 4,
            kernel: 3,
            stride: 2,
            padding: 1,
        };
        let (plan, _) = check(Layout::packed(2, 9, 9).unwrap(), first);
        assert_eq!(plan.output().shape(), [4, 5, 5]);
        assert_eq!(plan.output().strides(), [18, 2]);
        let second = ConvolutionShape {
            channels: 2,
            ..first
        };
        let (plan, _) = check(plan.output(), second);
        assert_eq!(plan.output().shape(), [2, 3, 3]);
    }

    /// One channel to many: the kernel positions alone are rotations, and hoisted.
    #[test]
    fn kernel_positions_are_hoisted() {
        let shape = ConvolutionShape {
            channels: 8,
            kernel: 3,
            stride: 1,
            padding: 1,
        };
        let (plan, _) = check(Layout::packed(1, 8, 8).unwrap(), shape);
        assert_eq!(plan.rotation_counts(), (8, 0));
        assert_eq!(plan.rotations().len(), 8);
    }

    #[test]
    fn refusals_name_the_cause() {
        let context = fixture::context(128, 3);
        let input = Layout::packed(1, 4, 4).unwrap();
        let shape = ConvolutionShape {
            channels: 1,
            kernel: 3,
            stride: 1,
            padding: 1,
        };
        let plan = |shape, weights: usize| {
            Convolution::plan(&context, input, shape, &vec![1.0; weights]).map(|_| ())
        };
        plan(shape, 9).unwrap();
        assert!(plan(shape, 8).is_err());
        for wrong in [
            ConvolutionShape { stride: 0, ..shape },
            ConvolutionShape { kernel: 0, ..shape },
            ConvolutionShape {
                channels: 0,
                ..shape
            },
            ConvolutionShape {
                padding: 2,
                ..shape
            },
            ConvolutionShape { kernel: 7, ..shape },
            ConvolutionShape {
                kernel: usize::MAX,
                padding: usize::MAX / 2,
                ..shape
            },
        ] {
            assert!(
                matches!(plan(wrong, 9), Err(Error::Convolution { .. })),
                "{wrong:?}"
            );
        }
        let many = ConvolutionShape {
            channels: 8,
            ..shape
        };
        assert!(matches!(
            plan(many, 72),
            Err(Error::TooManyValues {
                got: 128,
                max: 64,
                ..
            })
        ));
        let endless = ConvolutionShape {
            channels: usize::MAX,
            ..shape
        };
        assert!(plan(endless, 9).is_err());
        assert!(Layout::packed(0, 4, 4).is_err());
        assert!(Layout::packed(1, usize::MAX, 4).is_err());
        assert!(input.pack(&[1.0], 64).is_err());
        assert!(input.pack(&[1.0; 16], 8).is_err());
        assert!(input.unpack(&[1.0; 15]).is_err());
    }
}
