//! Where the values of an image sit in the slots.

use crate::ckks::Error;
use crate::params;

/// Channels of one image in a vector: value (c, y, x) in slot c * block + y * row + x * column, and the
/// whole repeated after the channels, rounded up to a power of two.
///
/// A strided convolution leaves its outputs where they are computed, `row` and `column` apart by the
/// stride, with zeros between: nothing is moved together, which would cost more rotations and a level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Channels, rows and columns.
    shape: [usize; 3],
    block: usize,
    row: usize,
    column: usize,
}

impl Layout {
    /// Row by row without gaps; a block is height * width rounded up to a power of two.
    ///
    /// # Errors
    /// An empty image, or one larger than any ring.
    pub fn packed(channels: usize, height: usize, width: usize) -> Result<Self, Error> {
        let needed = height.saturating_mul(width).saturating_mul(channels);
        let block = height.checked_mul(width);
        let block = block.and_then(usize::checked_next_power_of_two);
        let layout = block.map(|block| Self {
            shape: [channels, height, width],
            block,
            row: width,
            column: 1,
        });
        layout
            .filter(|layout| needed > 0 && layout.checked_period().is_some())
            .ok_or(Error::TooManyValues {
                operation: "layout of an image",
                got: needed,
                max: params::MAX_DEGREE / 2,
            })
    }

    /// Other channels on the same grid, every `stride`-th row and column of it.
    pub(super) fn strided(self, shape: [usize; 3], stride: usize) -> Self {
        Self {
            shape,
            row: self.row.saturating_mul(stride),
            column: self.column.saturating_mul(stride),
            ..self
        }
    }

    /// Channels, rows, columns.
    pub fn shape(&self) -> [usize; 3] {
        self.shape
    }

    /// Slots of a channel.
    pub fn block(&self) -> usize {
        self.block
    }

    /// Slots from a row to the next, and from a column to the next.
    pub fn strides(&self) -> [usize; 2] {
        [self.row, self.column]
    }

    /// Slots after which the image is repeated.
    pub fn period(&self) -> usize {
        self.checked_period().unwrap_or(usize::MAX)
    }

    fn checked_period(&self) -> Option<usize> {
        let [channels, _, _] = self.shape;
        channels
            .checked_next_power_of_two()?
            .checked_mul(self.block)
    }

    /// Number of values.
    pub fn values(&self) -> usize {
        self.shape.iter().product()
    }

    /// The slots of all values, channel by channel, row by row.
    pub fn slots(&self) -> impl Iterator<Item = usize> {
        let Self {
            shape: [channels, height, width],
            block,
            row,
            column,
        } = *self;
        let values = triples(channels, height, width);
        values.map(move |[c, y, x]| c * block + y * row + x * column)
    }

    /// The image, channel by channel and row by row, in a vector of `slots`.
    ///
    /// # Errors
    /// A wrong number of values, or too few slots.
    pub fn pack(&self, image: &[f64], slots: usize) -> Result<Vec<f64>, Error> {
        if image.len() != self.values() {
            return Err(Error::Ring(crate::Error::Length {
                what: "image",
                expected: self.values(),
                got: image.len(),
            }));
        }
        self.check(slots)?;
        let mut packed = vec![0.0; self.period()];
        for (slot, &value) in self.slots().zip(image) {
            if let Some(place) = packed.get_mut(slot) {
                *place = value;
            }
        }
        Ok(repeat(&packed, slots))
    }

    /// The image out of the slots, channel by channel and row by row.
    ///
    /// # Errors
    /// Too few slots.
    pub fn unpack(&self, slots: &[f64]) -> Result<Vec<f64>, Error> {
        take(slots, self.slots())
    }

    /// Whether it fits.
    pub(super) fn check(&self, slots: usize) -> Result<(), Error> {
        if self.period() <= slots {
            return Ok(());
        }
        Err(Error::TooManyValues {
            operation: "layout of an image",
            got: self.period(),
            max: slots,
        })
    }
}

/// All [i, j, k] below the bounds, the last fastest.
pub(super) fn triples(a: usize, b: usize, c: usize) -> impl Iterator<Item = [usize; 3]> {
    (0..a).flat_map(move |i| (0..b).flat_map(move |j| (0..c).map(move |k| [i, j, k])))
}

/// `period`, a divisor of `slots`, over all slots.
pub(super) fn repeat(period: &[f64], slots: usize) -> Vec<f64> {
    period.iter().copied().cycle().take(slots).collect()
}

/// Some of the slots.
pub(super) fn take(
    slots: &[f64],
    indices: impl IntoIterator<Item = usize>,
) -> Result<Vec<f64>, Error> {
    let value = |index| {
        slots.get(index).copied().ok_or(Error::TooManyValues {
            operation: "unpack",
            got: index + 1,
            max: slots.len(),
        })
    };
    indices.into_iter().map(value).collect()
}
