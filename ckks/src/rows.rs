//! What the passes share: their shapes, memory that is overwritten, and rows in parallel.

use crate::ring::Ntt;
use crate::{Error, RingContext};
use rayon::prelude::*;

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

/// Runs `each` on every item: in parallel, or on this thread where the pool has no other. (Handing work to a pool of one
/// thread costs two context switches and gains nothing.)
pub(crate) fn for_each<T: Send, S>(
    items: impl Iterator<Item = T>,
    scratch: impl Fn() -> S + Sync + Send,
    each: impl Fn(&mut S, T) -> Result<(), Error> + Sync + Send,
) -> Result<(), Error> {
    if rayon::current_num_threads() == 1 {
        let mut scratch = scratch();
        let mut items = items;
        return items.try_for_each(|item| each(&mut scratch, item));
    }
    items
        .collect::<Vec<T>>()
        .into_par_iter()
        .try_for_each_init(scratch, each)
}
