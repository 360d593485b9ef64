//! Ciphertexts to additive shares and back, exactly; linear layers over batch-packed ciphertexts.
//!
//! * [`session`]: homomorphic keys and the two-party session, set up once a connection;
//! * [`linear`]: a secret integer matrix with biases, on ciphertexts and in the clear;
//! * [`to_shares`]: re-randomise, switch the modulus, mask uniformly;
//! * [`exact`]: a secret integer matrix on small integers, shared modulo a power of two without any error;
//! * [`to_ciphertexts`]: encrypt one share, add the other in the clear.
//!
//! Values lie in matrices `[element][image]`: an element of a tensor is a ciphertext, an image a coefficient. Both crates
//! below are re-exported, so that what builds on the bridge needs no other dependency.

mod error;
pub mod exact;
pub mod linear;
mod packing;
pub mod session;
pub mod to_ciphertexts;
pub mod to_shares;

pub use error::Error;
pub use halfmask_ckks as ckks;
pub use halfmask_mpc as mpc;
