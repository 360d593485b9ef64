//! Randomness made before its input, and the passes that use it up.
//!
//! Nothing of what makes an encryption costly depends on the message:
//!
//! ```text
//! key owner   Enc(m) = (m + z, a)        z = e - a s for a = expand(seed, i)              Encryptor
//! evaluator   c1 = a                     the same expansion, once the seed is known        Expander
//! evaluator   (c0, c1) + (z0, z1), + r   (z0, z1) = (b u + e0, a u + e1), r uniform        Masker
//! ```
//!
//! so z, a, (z0, z1) and r may be made ahead, as many as [`PREPARED_BYTES`] allow; what is not there when it is needed is made
//! then. Element i of a sequence draws from stream i of a key of that sequence: what is sent does not depend on
//! what was made ahead, nor on the number of threads.
//!
//! **Once.** An element leaves its queue by value, is used by the function that takes it, and is overwritten when
//! dropped. A z used for two messages would give away their difference, an r used twice that of two results.
//!
//! What travels is packed at the width of its modulus. All of this is for rings of one 32-bit limb.

mod encryptor;
mod expander;
mod masker;
#[cfg(test)]
mod tests;

pub use encryptor::Encryptor;
pub use expander::Expander;
pub use masker::Masker;

/// Bytes that one [`Encryptor`], [`Expander`] or [`Masker`] holds ready, at most: 256 MiB.
pub const PREPARED_BYTES: usize = 1 << 28;
