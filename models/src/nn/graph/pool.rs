//! Maximum over windows, and its public geometry.

use super::linear::inside;
use super::{Conv2d, MAX_TENSOR, NetworkError, elements};

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
        let [in_rows, in_columns] = self.spans(
            output_position / columns.max(1) % rows.max(1),
            output_position % columns.max(1),
        );
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
        let [_, rows, columns] = self.output;
        let longest = |count: usize, axis: usize| {
            (0..count)
                .map(|i| {
                    let [down, right] = self.spans(i, i);
                    if axis == 0 { down } else { right }.len()
                })
                .max()
                .unwrap_or(0)
        };
        longest(rows, 0) * longest(columns, 1)
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
        let [_, rows, columns] = *output;
        let empty = |[down, right]: [std::ops::Range<usize>; 2], axis: usize| {
            if axis == 0 { down } else { right }.is_empty()
        };
        if (0..rows).any(|y| empty(self.spans(y, 0), 0))
            || (0..columns).any(|x| empty(self.spans(0, x), 1))
        {
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

    /// Rows and columns of the input that a window covers.
    fn spans(&self, row: usize, column: usize) -> [std::ops::Range<usize>; 2] {
        let ([_, height, width], [kernel_rows, kernel_columns]) = (self.input, self.kernel);
        let ([down, right], [top, left, ..]) = (self.strides, self.pads);
        // Offsets inside the kernel, then the input's own coordinates.
        let span = |start: usize, before: usize, kernel: usize, size: usize| {
            let offsets = inside(start, before, kernel, size);
            if offsets.is_empty() {
                return 0..0;
            }
            start + offsets.start - before..start + offsets.end - before
        };
        [
            span(row.saturating_mul(down), top, kernel_rows, height),
            span(column.saturating_mul(right), left, kernel_columns, width),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pool(
        input: [usize; 3],
        kernel: [usize; 2],
        strides: [usize; 2],
        pads: [usize; 4],
    ) -> Result<MaxPool, NetworkError> {
        MaxPool::new("p", input, kernel, strides, pads)
    }

    /// The definition, over a copy of the input whose padding is minus infinity.
    fn by_definition(pool: &MaxPool, x: &[f64]) -> Vec<f64> {
        let [channels, height, width] = pool.input;
        let [top, left, bottom, end] = pool.pads;
        let (rows, columns) = (height + top + bottom, width + left + end);
        let mut y = Vec::new();
        for c in 0..channels {
            let mut padded = vec![f64::NEG_INFINITY; rows * columns];
            for r in 0..height {
                for s in 0..width {
                    padded[(r + top) * columns + s + left] = x[(c * height + r) * width + s];
                }
            }
            for r in (0..=rows - pool.kernel[0]).step_by(pool.strides[0]) {
                for s in (0..=columns - pool.kernel[1]).step_by(pool.strides[1]) {
                    let window = (0..pool.kernel[0])
                        .flat_map(|i| (0..pool.kernel[1]).map(move |j| (i, j)))
                        .map(|(i, j)| padded[(r + i) * columns + s + j]);
                    y.push(window.fold(f64::NEG_INFINITY, f64::max));
                }
            }
        }
        y
    }

    fn apply(pool: &MaxPool, x: &[f64]) -> Vec<f64> {
        (0..pool.outputs())
            .map(|p| pool.taps(p).map(|i| x[i]).fold(f64::NEG_INFINITY, f64::max))
            .collect()
    }

    fn cases() -> Vec<MaxPool> {
        [
            pool([3, 8, 8], [2, 2], [2, 2], [0; 4]),
            pool([2, 7, 9], [3, 3], [2, 2], [1, 1, 1, 1]),
            pool([1, 6, 5], [3, 2], [1, 1], [2, 0, 0, 1]),
            pool([1, 5, 5], [2, 2], [2, 2], [0, 0, 1, 1]),
            // Strides beyond the kernel leave inputs out.
            pool([2, 9, 9], [2, 3], [4, 5], [1, 2, 0, 0]),
            pool([4, 3, 3], [1, 1], [1, 1], [0; 4]),
            MaxPool::global("g", [3, 4, 5]),
        ]
        .into_iter()
        .map(Result::unwrap)
        .collect()
    }

    #[test]
    fn taps_and_windows_match_the_definition() {
        for pool in cases() {
            let x: Vec<f64> = (0..pool.inputs())
                .map(|i| ((i * 37 + 11) % 101) as f64 - 60.0)
                .collect();
            let want = by_definition(&pool, &x);
            assert_eq!(want.len(), pool.outputs());
            assert_eq!(apply(&pool, &x), want, "{pool:?}");
            assert_eq!(pool.taps(pool.outputs()).count(), 0);
            let windows = pool.windows();
            assert_eq!(windows.len(), pool.window() * pool.outputs());
            for (p, want) in want.iter().enumerate() {
                let row = windows.iter().skip(p).step_by(pool.outputs());
                assert_eq!(row.map(|i| x[*i]).fold(f64::NEG_INFINITY, f64::max), *want);
            }
            // In two steps it is the same, for no more comparisons.
            let whole = pool.comparisons();
            let steps = pool.separated();
            let y = steps.iter().fold(x, |x, step| apply(step, &x));
            assert_eq!(y, want);
            assert!(steps.iter().map(MaxPool::comparisons).sum::<usize>() <= whole);
        }
    }

    #[test]
    fn costs_are_counted_on_the_elements_that_are_there() {
        let plain = pool([3, 8, 8], [2, 2], [2, 2], [0; 4]).unwrap();
        assert_eq!(
            (plain.window(), plain.levels(), plain.comparisons()),
            (4, 2, 48 * 3)
        );
        assert_eq!(plain.separated().len(), 1);
        let overlapping = pool([1, 9, 9], [3, 3], [2, 2], [1; 4]).unwrap();
        assert_eq!((overlapping.window(), overlapping.levels()), (9, 4));
        let steps = overlapping.separated();
        assert_eq!(steps.len(), 2);
        // 9 x 5 row windows of 3, then 5 x 5 column windows of 3, for 25 windows of 9.
        assert_eq!(
            steps.iter().map(MaxPool::comparisons).sum::<usize>(),
            90 + 50
        );
        // A kernel that is mostly padding costs what is left of it.
        let wide = pool([1, 2, 2], [3, 3], [1, 1], [1; 4]).unwrap();
        assert_eq!((wide.output, wide.window()), ([1, 2, 2], 4));
        let single = pool([4, 3, 3], [1, 1], [1, 1], [0; 4]).unwrap();
        assert_eq!((single.levels(), single.comparisons()), (0, 0));
    }

    #[test]
    fn refuses_inconsistent_layers() {
        let refuse = |result: Result<MaxPool, NetworkError>, text: &str| {
            let error = result.unwrap_err().to_string();
            assert!(error.contains("`p`") && error.contains(text), "{error}");
        };
        refuse(pool([1, 4, 4], [0, 2], [1, 1], [0; 4]), "must be positive");
        refuse(pool([1, 4, 4], [2, 2], [1, 0], [0; 4]), "must be positive");
        refuse(pool([1, 0, 4], [2, 2], [1, 1], [0; 4]), "is empty");
        refuse(pool([1, 4, 4], [5, 2], [1, 1], [0; 4]), "does not follow");
        refuse(
            pool([1, 4, 4], [2, 2], [1, 1], [usize::MAX; 4]),
            "does not follow",
        );
        refuse(
            pool([1, 4, 4], [2, 2], [2, 2], [2, 0, 0, 0]),
            "padding alone",
        );
        refuse(
            pool([1, 4, 4], [2, 2], [3, 2], [0, 0, 0, 4]),
            "padding alone",
        );
        refuse(
            pool([1, 4096, 4096], [2048, 2048], [1, 1], [0; 4]),
            "too many",
        );
        let mut wrong = pool([1, 4, 4], [2, 2], [2, 2], [0; 4]).unwrap();
        wrong.output = [1, 2, 3];
        refuse(wrong.validate().map(|()| wrong), "does not follow");
    }
}
