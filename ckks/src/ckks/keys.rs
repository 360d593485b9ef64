//! Keys: the secret, the public key, and the keys that evaluation needs.
//!
//! Every public half is an encryption of zero (b, a) with b + a s = e, a uniform and expanded from a
//! public seed straight in evaluations: a uniform element has uniform evaluations, so no transform is
//! needed and the seed stands for it when the key travels.

mod evaluation;
mod public;
pub(super) mod secret;
mod switching;

pub use evaluation::{EvaluationKeys, EvaluationKeysBuilder, GaloisKey};
pub use public::PublicKey;
pub use secret::SecretKey;
pub use switching::SwitchingKey;
