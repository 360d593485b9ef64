//! Linear layers over batch-packed ciphertexts: a matrix product over residues.
//!
//! Row i of the input is ciphertext i (c0 | c1); output row o is sum over i of w_{o,i} row_i mod q,
//! because scalar multiplication and addition of ciphertexts act on every residue alike. The matrix
//! is given in *groups* that share input rows and weights: a fully connected layer is one group, a
//! convolution one a position, all with the same [`Weights`].
//!
//! # Why no reduction is needed inside
//! Weights have at most 15 bits and a public bound w, residues are below q < 2^31; [`ResidueGemm::new`]
//! refuses a layer whose number of terms times w (q - 1) could reach 2^62, and one signed Montgomery
//! reduction per output residue finishes.
//!
//! # Timing
//! Which rows a group reads and writes is public geometry. Weights are secret: every weight is
//! multiplied, zero or not, and nothing branches on one.

pub mod centred;
pub mod digits;
mod gemm;
mod kernel;
mod layout;
mod montgomery;

pub use gemm::ResidueGemm;
pub use layout::{Group, Weights};
