//! What can go wrong in a conversion.

/// An error of the bridge.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// From the ring and encryption layer.
    #[error(transparent)]
    Ckks(#[from] halfmask_ckks::Error),
    /// From the two-party layer.
    #[error(transparent)]
    Mpc(#[from] halfmask_mpc::Error),
    /// A matrix `[element][image]` has the wrong size.
    #[error("{what}: {got} values, expected {rows} elements of {images} images")]
    Shape {
        /// The matrix.
        what: &'static str,
        /// Values found.
        got: usize,
        /// Elements expected.
        rows: usize,
        /// Images expected.
        images: usize,
    },
    /// More images than a ciphertext has coefficients, or none.
    #[error("a batch of {images} images: a ciphertext takes 1 to {degree}")]
    Batch {
        /// Images asked for.
        images: usize,
        /// Ring degree.
        degree: usize,
    },
    /// A linear layer's parts do not fit together.
    #[error("linear layer: {0}")]
    Linear(String),
}
