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
    /// A number of an exact matrix's public shape is out of range.
    #[error("{what}: {value} is not in {min}..={max}")]
    Range {
        /// Which number.
        what: &'static str,
        /// Its value.
        value: u64,
        /// The smallest allowed.
        min: u64,
        /// The largest allowed.
        max: u64,
    },
    /// Values of an exact matrix of this shape might not be exact.
    #[error(
        "{inputs} inputs with coefficients of {coefficient_bits} bits modulo 2^{share_bits}: noise may reach {quarters:.2} quarters \
         of a unit, which must be below 1"
    )]
    Noise {
        /// The bound on the noise.
        quarters: f64,
        /// Inputs a row.
        inputs: usize,
        /// Bits of coefficients.
        coefficient_bits: u32,
        /// Bits of results.
        share_bits: u32,
    },
    /// A coefficient of an exact matrix passes its bound (its value is not told: it is a secret).
    #[error("coefficient of input {input} in output {output} has more than {bits} bits")]
    Coefficient {
        /// The output.
        output: usize,
        /// The input.
        input: usize,
        /// The bound.
        bits: u32,
    },
    /// An input of an exact matrix passes its bound.
    #[error("input {input} of row {row} is {value}, above {bound}")]
    Input {
        /// The row.
        row: usize,
        /// The input.
        input: usize,
        /// Its value.
        value: u32,
        /// The bound.
        bound: u32,
    },
    /// The parties' shapes of an exact matrix differ.
    #[error("{what} of the exact matrix: {here} here, {there} at the other party")]
    Disagree {
        /// Which number.
        what: &'static str,
        /// Of this party.
        here: u64,
        /// Of the other.
        there: u64,
    },
}
