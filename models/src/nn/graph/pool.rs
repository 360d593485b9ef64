//! Maximum over windows, and its public geometry.

use std::ops::Range;

use super::linear::inside;
use super::{Conv2d, MAX_TENSOR, NetworkError, elements};

#[cfg(test)]
mod tests;

/// The most kernel elements of all windows together, padding left out, that a layer may have for one image.
const MAX_WINDOWED: usize = 1 << 26;

/// `y[p] = max over i in taps(p) of x[i]`: the largest value of every window of each channel.
///
/// Padding is absent, not zero: it never wins, and a window of padding alone is refused. What ONNX calls
/// `ceil_mode` (a last window that hangs over the edge) is a wider pad at the bottom or right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MaxPool {
    /// The layer's name.
    pub name: String,
    /// Channels, rows, columns of the input.
    pub input: [usize; 3],
    /// Channels, rows, columns of the output.
    pub output: [usize; 3],
    /// Rows, columns of a window.
    pub kernel: [usize; 2],
    /// Steps down and to the right.
    pub strides: [usize; 2],
    /// Absent elements at the top, left, bottom, right.
    pub pads: [usize; 4],
}

impl MaxPool {
    /// A pooling layer; its output's shape follows from the rest.
    ///
    /// # Errors
    /// As [`MaxPool::validate`].
    pub fn new(
        name: &str,
        input: [usize; 3],
        kernel: [usize; 2],
        strides: [usize; 2],
        pads: [usize; 4],
    ) -> Result<Self, NetworkError> {
        let mut pool = Self {
            name: name.to_owned(),
            input,
            output: [0; 3],
            kernel,
            strides,
            pads,
        };
        pool.output = pool.shape().unwrap_or_default();
        pool.validate()?;
        Ok(pool)
    }

    /// One window a channel: the whole of it.
    ///
    /// # Errors
    /// As [`MaxPool::validate`].
    pub fn global(name: &str, input: [usize; 3]) -> Result<Self, NetworkError> {
        let [_, height, width] = input;
        Self::new(name, input, [height, width], [1, 1], [0; 4])
    }

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

    /// The inputs of one window, flat C,H,W, in ascending order; padding is left out. A position past the output
    /// has none.
    ///
    /// The layer must have passed [`MaxPool::validate`].
    pub fn taps(&self, output_position: usize) -> impl Iterator<Item = usize> + use<> {
        let [_, height, width] = self.input;
        let [_, rows, columns] = self.output;
        // `max(1)` only keeps the empty case (no outputs) from dividing by zero.
        let channel = output_position / (rows * columns).max(1);
        let [down, right] = self.axes();
        let in_rows = down.span(output_position / columns.max(1) % rows.max(1));
        let in_columns = right.span(output_position % columns.max(1));
        let in_rows = if output_position < self.outputs() {
            in_rows
        } else {
            0..0
        };
        in_rows.flat_map(move |y| {
            in_columns
                .clone()
                .map(move |x| (channel * height + y) * width + x)
        })
    }

    /// Elements of the largest window, padding left out.
    #[must_use]
    pub fn window(&self) -> usize {
        self.axes().map(Axis::longest).iter().product()
    }

    /// Levels of a tournament over the largest window.
    #[must_use]
    pub fn levels(&self) -> u32 {
        self.window().max(1).next_power_of_two().trailing_zeros()
    }

    /// Comparisons an image, if every window is filled up to the largest.
    #[must_use]
    pub fn comparisons(&self) -> usize {
        self.outputs() * self.window().saturating_sub(1)
    }

    /// The inputs of all windows, `[window element][output]`. A window that loses elements to padding repeats its last one,
    /// which changes no maximum.
    #[must_use]
    pub fn windows(&self) -> Vec<usize> {
        let (window, outputs) = (self.window(), self.outputs());
        let mut all = vec![0; window * outputs];
        for position in 0..outputs {
            let (mut taps, mut last) = (self.taps(position), 0);
            for slot in all.iter_mut().skip(position).step_by(outputs) {
                last = taps.next().unwrap_or(last);
                *slot = last;
            }
        }
        all
    }

    /// The same maximum in two steps, along rows and then along columns, where that takes fewer comparisons: windows
    /// that overlap share their rows.
    #[must_use]
    pub fn separated(self) -> Vec<Self> {
        let ([kernel_rows, kernel_columns], [down, right]) = (self.kernel, self.strides);
        let [top, left, bottom, end] = self.pads;
        let across = Self::new(
            &format!("{}/columns", self.name),
            self.input,
            [1, kernel_columns],
            [1, right],
            [0, left, 0, end],
        );
        let Ok(across) = across else {
            return vec![self];
        };
        let along = Self::new(
            &self.name,
            across.output,
            [kernel_rows, 1],
            [down, 1],
            [top, 0, bottom, 0],
        );
        match along {
            Ok(along)
                if along.output == self.output
                    && across.comparisons() + along.comparisons() < self.comparisons() =>
            {
                vec![across, along]
            }
            _ => vec![self],
        }
    }

    /// Checks that shapes agree and that no window is empty.
    ///
    /// # Errors
    /// [`NetworkError::Layer`] with this layer's name.
    pub fn validate(&self) -> Result<(), NetworkError> {
        self.check().map_err(|reason| NetworkError::Layer {
            layer: self.name.clone(),
            reason,
        })
    }

    fn check(&self) -> Result<(), String> {
        let Self {
            input,
            output,
            kernel,
            strides,
            pads,
            ..
        } = self;
        if elements(input).is_none() {
            return Err(format!(
                "input {input:?} is empty or exceeds {MAX_TENSOR} elements"
            ));
        }
        if kernel.contains(&0) || strides.contains(&0) {
            return Err(format!(
                "kernel {kernel:?} and strides {strides:?} must be positive"
            ));
        }
        let follows = self.shape();
        if follows != Some(*output) || elements(output).is_none() {
            return Err(format!(
                "output {output:?} does not follow from input {input:?}, kernel {kernel:?}, strides {strides:?}, pads {pads:?}"
            ));
        }
        if self.axes().iter().any(Axis::has_empty) {
            return Err(format!(
                "kernel {kernel:?} with strides {strides:?} and pads {pads:?} has a window of padding alone on {input:?}"
            ));
        }
        match self.window().checked_mul(self.outputs()) {
            Some(windowed) if windowed <= MAX_WINDOWED => Ok(()),
            _ => Err(format!(
                "{} windows of {} elements are too many",
                self.outputs(),
                self.window()
            )),
        }
    }

    /// The output's shape as it follows from the rest.
    fn shape(&self) -> Option<[usize; 3]> {
        let ([channels, height, width], [kernel_rows, kernel_columns]) = (self.input, self.kernel);
        let ([down, right], [top, left, bottom, end]) = (self.strides, self.pads);
        let rows = Conv2d::output_size(height, [top, bottom], kernel_rows, down)?;
        let columns = Conv2d::output_size(width, [left, end], kernel_columns, right)?;
        Some([channels, rows, columns])
    }

    /// Rows and columns.
    fn axes(&self) -> [Axis; 2] {
        let ([_, height, width], [_, rows, columns]) = (self.input, self.output);
        let ([kernel_rows, kernel_columns], [down, right]) = (self.kernel, self.strides);
        let [top, left, ..] = self.pads;
        let axis = |size, count, kernel, stride, before| Axis {
            size,
            count,
            kernel,
            stride,
            before,
        };
        [
            axis(height, rows, kernel_rows, down, top),
            axis(width, columns, kernel_columns, right, left),
        ]
    }
}

/// Windows along one axis; `before` elements of padding come first.
#[derive(Clone, Copy)]
struct Axis {
    size: usize,
    count: usize,
    kernel: usize,
    stride: usize,
    before: usize,
}

impl Axis {
    /// What window `index` covers of the input.
    fn span(self, index: usize) -> Range<usize> {
        let start = index.saturating_mul(self.stride);
        let offsets = inside(start, self.before, self.kernel, self.size);
        if offsets.is_empty() {
            return 0..0;
        }
        start + offsets.start - self.before..start + offsets.end - self.before
    }

    /// Whether a window covers padding alone: windows move one way, so the first or the last does.
    fn has_empty(&self) -> bool {
        self.count > 0 && [0, self.count - 1].iter().any(|i| self.span(*i).is_empty())
    }

    /// Elements of the largest window. A window's size rises with its start until it leaves the padding before the input or reaches
    /// that after it, and falls from the other of the two on: the largest lies next to one of these.
    fn longest(self) -> usize {
        let turns = [
            self.before,
            (self.before + self.size).saturating_sub(self.kernel),
        ];
        let near = turns.into_iter().flat_map(|turn| {
            let index = turn.checked_div(self.stride).unwrap_or(0);
            [index, index.saturating_add(1)]
        });
        near.map(|index| self.span(index.min(self.count.saturating_sub(1))).len())
            .max()
            .unwrap_or(0)
    }
}
