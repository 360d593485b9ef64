//! Batch packing: image `j` in coefficient `j`, zeros above.

use crate::Error;

/// Rows of a message: enough to keep both sides busy, few enough for the cache.
pub(crate) const ROWS_A_MESSAGE: usize = 32;

/// Checks a batch size against the ring.
pub(crate) fn check_images(images: usize, degree: usize) -> Result<(), Error> {
    if (1..=degree).contains(&images) {
        return Ok(());
    }
    Err(Error::Batch { images, degree })
}

/// Rows of `images` values as rows of `degree` coefficients.
pub(crate) fn pad_rows(values: &[u32], images: usize, degree: usize) -> Vec<u32> {
    let mut padded = vec![0; values.len() / images * degree];
    for (to, from) in padded
        .chunks_exact_mut(degree)
        .zip(values.chunks_exact(images))
    {
        if let Some(to) = to.get_mut(..images) {
            to.copy_from_slice(from);
        }
    }
    padded
}

/// The first `images` of every row of `degree` coefficients, appended to `out`.
pub(crate) fn take_rows(coefficients: &[u32], images: usize, degree: usize, out: &mut Vec<u32>) {
    for row in coefficients.chunks_exact(degree) {
        out.extend_from_slice(row.get(..images).unwrap_or_default());
    }
}
