//! RLWE encryption of unscaled ring elements.
//!
//! With a ternary secret s, an encryption of m in R_q is (c0, c1) with c0 + c1 s = m + e.
//!
//! ```text
//! symmetric, seeded   c1 = a = expand(seed, index),  c0 = m + e - a s        (c0, seed, index travel)
//! public key          b = e - a s, a = expand(H(joint seed), 0)
//! encryption of zero  (b u + e0, a u + e1):  phase  e u + e0 + e1 s
//! modulus switch      round(c0 2^k / q), round(c1 2^k / q):  phase  (m + e) 2^k / q + eps0 + eps1 s
//! ```
//!
//! # Re-randomisation, and why
//! A linear layer with secret weights maps (c0_i, c1_i) to sum w_i (c0_i, c1_i). The key owner knows
//! every c1_i and would solve for the weights. The evaluator therefore adds a fresh encryption of zero
//! under a public key whose a is the hash of a *jointly* chosen seed: a key owner who chose a freely
//! could take a = 0 and undo it. Then c1 is pseudorandom to the key owner (RLWE with secret u, error
//! e1 and public a), and c0 = (phase) - c1 s. What remains to be hidden is the phase itself: its
//! message is masked by the protocol above this crate, and its error holds sum w_i e_i and
//! e u + e0 + e1 s: it must not be opened unmasked ([`ErrorTerm::Uniform`] floods where a protocol
//! opens a rounded value).
//!
//! # Fresh randomness
//! A pair (seed, index) must serve one message: [`PublicSeed`] hands each index out once and cannot be
//! cloned. All batch operations draw from [`crate::RngStreams`], a stream a row, so results do not
//! depend on the number of threads.

mod batch;
mod ciphertext;
mod encrypt;
pub(crate) mod kernel;
mod modswitch;
mod public_key;
mod rerandomize;
mod secret_key;
mod seed;
mod switched;
#[cfg(test)]
mod tests;

pub use batch::{CiphertextBatch, SeededBatch};
pub use ciphertext::{Ciphertext, SeededCiphertext};
pub use modswitch::ModulusSwitch;
pub use public_key::PublicKey;
pub use rerandomize::ErrorTerm;
pub use secret_key::SecretKey;
pub use seed::PublicSeed;
pub use switched::{SwitchedBatch, SwitchedDecryptor};
