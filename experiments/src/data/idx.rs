//! The IDX format of MNIST: a big-endian header, then bytes; plain or compressed with gzip.
//!
//! ```text
//! images: 2051 (u32), count, rows, columns (u32 each), then count x rows x columns bytes
//! labels: 2049 (u32), count (u32),                     then count bytes
//! ```
//!
//! A header is not believed: memory grows with the bytes that really come, never beyond what the
//! header announces or [`MAX_BYTES`], and a file that ends early or goes on is refused.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;

use super::DataError;

/// The most content a file may announce, in bytes (decompressed, without the header).
pub const MAX_BYTES: u64 = 1 << 30;

const IMAGES_MAGIC: u32 = 2051;
const LABELS_MAGIC: u32 = 2049;
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// What is wrong in an IDX file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IdxError {
    /// Reading or decompressing failed.
    #[error("cannot be read: {0}")]
    Read(#[from] io::Error),
    /// The header is cut short.
    #[error("not an IDX file of {what}: expected a header of {expected} bytes, got {got}")]
    Header {
        /// Images or labels.
        what: &'static str,
        /// Bytes of the header.
        expected: usize,
        /// Bytes there.
        got: usize,
    },
    /// The magic number is another.
    #[error("not an IDX file of {what}: magic number {got}, expected {expected}")]
    Magic {
        /// Images or labels.
        what: &'static str,
        /// The format's number.
        expected: u32,
        /// The file's.
        got: u32,
    },
    /// A dimension is zero, or there are too many bytes.
    #[error("unusable dimensions {dims:?}: the content must have 1 to {MAX_BYTES} bytes")]
    Dimensions {
        /// Count, rows and columns, or count.
        dims: Vec<u32>,
    },
    /// The content is cut short.
    #[error("truncated: expected {expected} bytes after the header, got {got}")]
    Truncated {
        /// Bytes announced.
        expected: u64,
        /// Bytes there.
        got: u64,
    },
    /// The content goes on after its end.
    #[error("trailing bytes: expected {expected} bytes after the header, there are more")]
    Trailing {
        /// Bytes announced.
        expected: u64,
    },
}

/// Grey images of one size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Images {
    /// Number of images.
    pub count: usize,
    /// Rows of an image.
    pub rows: usize,
    /// Columns of an image.
    pub cols: usize,
    /// `count x rows x cols` grey values, 0 to 255.
    pub pixels: Vec<u8>,
}

/// One label an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labels {
    /// The labels.
    pub values: Vec<u8>,
}

impl Images {
    /// Reads a file, compressed or not.
    ///
    /// # Errors
    /// [`DataError::Io`] or [`DataError::Idx`], with the file's name.
    pub fn open(path: &Path) -> Result<Self, DataError> {
        open(path, Self::read)
    }

    /// Reads images, compressed or not, to the end of the reader.
    ///
    /// # Errors
    /// What is wrong with the content.
    pub fn read(reader: impl Read) -> Result<Self, IdxError> {
        let ([count, rows, cols], pixels) = content(reader, "images", IMAGES_MAGIC)?;
        Ok(Self {
            count,
            rows,
            cols,
            pixels,
        })
    }

    /// The grey values of one image.
    #[must_use]
    pub fn image(&self, index: usize) -> Option<&[u8]> {
        let size = self.rows * self.cols;
        let start = index.checked_mul(size)?;
        self.pixels.get(start..start.checked_add(size)?)
    }

    /// Keeps the first `count` images.
    pub fn truncate(&mut self, count: usize) {
        self.count = self.count.min(count);
        self.pixels.truncate(self.count * self.rows * self.cols);
    }

    /// The content of an uncompressed IDX file, or `None` if a dimension does not fit 32 bits.
    #[must_use]
    pub fn encode(&self) -> Option<Vec<u8>> {
        let mut bytes = IMAGES_MAGIC.to_be_bytes().to_vec();
        for size in [self.count, self.rows, self.cols] {
            bytes.extend(u32::try_from(size).ok()?.to_be_bytes());
        }
        bytes.extend(&self.pixels);
        Some(bytes)
    }
}

impl Labels {
    /// Reads a file, compressed or not.
    ///
    /// # Errors
    /// [`DataError::Io`] or [`DataError::Idx`], with the file's name.
    pub fn open(path: &Path) -> Result<Self, DataError> {
        open(path, Self::read)
    }

    /// Reads labels, compressed or not, to the end of the reader.
    ///
    /// # Errors
    /// What is wrong with the content.
    pub fn read(reader: impl Read) -> Result<Self, IdxError> {
        let ([_], values) = content(reader, "labels", LABELS_MAGIC)?;
        Ok(Self { values })
    }

    /// Keeps the first `count` labels.
    pub fn truncate(&mut self, count: usize) {
        self.values.truncate(count);
    }

    /// The content of an uncompressed IDX file, or `None` if there are 2^32 labels or more.
    #[must_use]
    pub fn encode(&self) -> Option<Vec<u8>> {
        let mut bytes = LABELS_MAGIC.to_be_bytes().to_vec();
        bytes.extend(u32::try_from(self.values.len()).ok()?.to_be_bytes());
        bytes.extend(&self.values);
        Some(bytes)
    }
}

fn open<T>(
    path: &Path,
    read: impl FnOnce(BufReader<File>) -> Result<T, IdxError>,
) -> Result<T, DataError> {
    let file = File::open(path).map_err(|source| DataError::Io {
        path: path.to_owned(),
        source,
    })?;
    read(BufReader::new(file)).map_err(|source| DataError::Idx {
        path: path.to_owned(),
        source,
    })
}

/// The `N` dimensions and the bytes, decompressed if they begin as gzip does.
fn content<const N: usize>(
    mut reader: impl Read,
    what: &'static str,
    magic: u32,
) -> Result<([usize; N], Vec<u8>), IdxError> {
    let mut start = Vec::new();
    reader
        .by_ref()
        .take(GZIP_MAGIC.len() as u64)
        .read_to_end(&mut start)?;
    let compressed = start == GZIP_MAGIC;
    let whole = io::Cursor::new(start).chain(reader);
    if compressed {
        body(MultiGzDecoder::new(whole), what, magic)
    } else {
        body(whole, what, magic)
    }
}

fn body<const N: usize>(
    mut reader: impl Read,
    what: &'static str,
    magic: u32,
) -> Result<([usize; N], Vec<u8>), IdxError> {
    let size = 4 * (N + 1);
    let header = up_to(&mut reader, size as u64)?;
    let (words, _) = header.as_chunks::<4>();
    let mut words = words.iter().map(|&word| u32::from_be_bytes(word));
    if let Some(got) = words.next()
        && got != magic
    {
        return Err(IdxError::Magic {
            what,
            expected: magic,
            got,
        });
    }
    if header.len() != size {
        return Err(IdxError::Header {
            what,
            expected: size,
            got: header.len(),
        });
    }
    let dims: Vec<u32> = words.collect();
    let expected = dims
        .iter()
        .try_fold(1u64, |product, &dim| product.checked_mul(u64::from(dim)));
    let sizes: Vec<usize> = dims
        .iter()
        .filter_map(|&dim| usize::try_from(dim).ok())
        .collect();
    let (Some(expected @ 1..=MAX_BYTES), Ok(sizes)) = (expected, <[usize; N]>::try_from(sizes))
    else {
        return Err(IdxError::Dimensions { dims });
    };
    // One byte more than announced: that there is none is checked, and with it gzip's checksum.
    let bytes = up_to(&mut reader, expected + 1)?;
    match bytes.len() as u64 {
        got if got < expected => Err(IdxError::Truncated { expected, got }),
        got if got > expected => Err(IdxError::Trailing { expected }),
        _ => Ok((sizes, bytes)),
    }
}

/// At most `limit` bytes. Compressed data that ends early is as much as came.
fn up_to(reader: &mut impl Read, limit: u64) -> Result<Vec<u8>, IdxError> {
    let mut bytes = Vec::new();
    match reader.take(limit).read_to_end(&mut bytes) {
        Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => Err(IdxError::Read(error)),
        _ => Ok(bytes),
    }
}

#[cfg(test)]
mod tests;
