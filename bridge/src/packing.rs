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
