//! What can go wrong with data, and the exit code it means.

use std::io;
use std::path::PathBuf;

use super::fetch::FetchError;
use super::idx::IdxError;

/// Data could not be read, found or fetched. Every message is one line.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// A file could not be opened or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file is not what it should be.
    #[error("{}: {source}", path.display())]
    Idx {
        /// The file.
        path: PathBuf,
        /// What is wrong in it.
        source: IdxError,
    },
    /// A folder the user named has no MNIST test set.
    #[error("no MNIST test set in {} (from {origin}): {missing}", folder.display())]
    Missing {
        /// The folder.
        folder: PathBuf,
        /// What named it.
        origin: &'static str,
        /// The files looked for.
        missing: String,
    },
    /// Images and labels do not belong together.
    #[error("{}: {images} images but {labels} labels", folder.display())]
    Counts {
        /// The folder both are in.
        folder: PathBuf,
        /// Number of images.
        images: usize,
        /// Number of labels.
        labels: usize,
    },
    /// A download failed.
    #[error(transparent)]
    Fetch(#[from] FetchError),
}

impl DataError {
    /// The exit code of the command: 2 for wrong usage or input, 1 for a run that failed.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Fetch(FetchError::Mirror { .. })
            | Self::Io { .. }
            | Self::Idx { .. }
            | Self::Missing { .. }
            | Self::Counts { .. } => 2,
            Self::Fetch(_) => 1,
        }
    }
}
