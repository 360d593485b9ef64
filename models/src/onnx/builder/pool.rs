//! `MaxPool` and `GlobalMaxPool`.

use super::linear::{same, sum};
use super::{Builder, Step};
use crate::nn::graph::{Conv2d, Layer, MaxPool, NetworkError};
use crate::onnx::operator::{Padding, PoolAttributes};

impl Builder<'_> {
    pub(super) fn max_pool(
        &mut self,
        step: &Step,
        attributes: &PoolAttributes,
    ) -> Result<(), String> {
        let input = self.image()?;
        let [_, height, width] = input;
        let PoolAttributes {
            kernel,
            strides,
            padding,
            ceil,
        } = *attributes;
        let ([kernel_rows, kernel_columns], [down, right]) = (kernel, strides);
        let pads = match padding {
            Padding::Explicit([top, left, bottom, end]) => {
                let rows = hanging(height, [top, bottom], kernel_rows, down, ceil);
                let columns = hanging(width, [left, end], kernel_columns, right, ceil);
                rows.zip(columns)
                    .map(|(bottom, end)| [top, left, bottom, end])
            }
            Padding::Same { end } => {
                let rows = same(height, kernel_rows, down, end);
                let columns = same(width, kernel_columns, right, end);
                rows.zip(columns)
                    .map(|([top, bottom], [left, end])| [top, left, bottom, end])
            }
        };
        let pads = pads.ok_or_else(|| {
            format!("kernel {kernel:?} with strides {strides:?} and its padding gives no usable output on {height} x {width}")
        })?;
        self.pool(MaxPool::new(&step.name, input, kernel, strides, pads))
    }

    pub(super) fn global_max_pool(&mut self, step: &Step) -> Result<(), String> {
        let input = self.image()?;
        self.pool(MaxPool::global(&step.name, input))
    }

    fn pool(&mut self, pool: Result<MaxPool, NetworkError>) -> Result<(), String> {
        let pool = pool.map_err(|error| match error {
            // The node's name is added by the caller.
            NetworkError::Layer { reason, .. } => reason,
            other => other.to_string(),
        })?;
        self.shape = pool.output.to_vec();
        self.layers.push(Layer::MaxPool(pool));
        Ok(())
    }
}

/// The absent elements at the end: as given, or, where sizes are rounded up, as many as the last window hangs over.
/// A last window that would start beyond the input and the padding before it does not exist.
fn hanging(
    size: usize,
    [before, after]: [usize; 2],
    kernel: usize,
    stride: usize,
    ceil: bool,
) -> Option<usize> {
    let floor = Conv2d::output_size(size, [before, after], kernel, stride)?;
    let start = floor.checked_mul(stride)?;
    let covered = start.checked_add(kernel)?;
    let padded = sum([size, before, after])?;
    // One window more than without rounding up, if it adds anything and starts inside.
    let exact = covered.checked_sub(stride)? == padded;
    if !ceil || exact || start >= size.checked_add(before)? {
        return Some(after);
    }
    covered.checked_sub(sum([size, before])?)
}
