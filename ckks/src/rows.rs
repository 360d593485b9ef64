//! What the passes share: their shapes, and memory that is overwritten.

use crate::ring::Ntt;
use crate::{Error, RingContext};

/// Memory that is overwritten when dropped.
pub(crate) struct Wiped<T: Copy + Default>(pub(crate) Box<[T]>);

impl<T: Copy + Default> Wiped<T> {
    pub(crate) fn new(length: usize) -> Self {
        Self(vec![T::default(); length].into())
    }
}

impl<T: Copy + Default> Drop for Wiped<T> {
    fn drop(&mut self) {
        crate::sample::wipe(&mut self.0);
    }
}

/// The only limb of a ring.
pub(crate) fn only_limb(context: &RingContext<u32>) -> Result<&Ntt<u32>, Error> {
    match context.limbs() {
        [limb] => Ok(limb),
        limbs => Err(Error::Length {
            what: "limbs of a packed ciphertext",
            expected: 1,
            got: limbs.len(),
        }),
    }
}

/// Rows of `columns` values each; `columns` is 1 to N.
pub(crate) fn count_rows(
    what: &'static str,
    values: usize,
    columns: usize,
    degree: usize,
) -> Result<usize, Error> {
    if !(1..=degree).contains(&columns) || !values.is_multiple_of(columns) {
        return Err(Error::PartialRow {
            what,
            row: columns,
            got: values,
        });
    }
    Ok(values / columns)
}

/// Refuses another length than that of `rows` rows of `row`.
pub(crate) fn check_length(
    what: &'static str,
    rows: usize,
    row: usize,
    got: usize,
) -> Result<(), Error> {
    let expected = rows
        .checked_mul(row)
        .ok_or(Error::TooLarge { what, rows, row })?;
    if got == expected {
        return Ok(());
    }
    Err(Error::Length {
        what,
        expected,
        got,
    })
}
