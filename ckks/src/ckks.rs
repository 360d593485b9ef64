//! Leveled RNS-CKKS: approximate arithmetic on vectors of real or complex numbers under encryption.
//!
//! A vector z of N/2 complex slots is encoded as the integer polynomial m = round(scale * embed^-1(z)),
//! and a ciphertext at level l is (c0, c1) over Q_l = q_0 q_1 .. q_l with c0 + c1 s = m + e
//! (Cheon, Kim, Kim, Song, eprint 2016/421, section 3). Q_l is kept in its residue number system and
//! every element in evaluations (eprint 2018/931, section 3).
//!
//! ```text
//! multiply   scales multiply; the product has a third component at s^2
//! relinearise, rotate   hybrid key switching over Q_l P (eprint 2019/688, section 3; 2020/1481)
//! rescale    divides by q_l and drops it: scale / q_l, level l - 1
//! ```

mod ciphertext;
pub mod circuits;
mod context;
mod decrypt;
mod divide;
pub mod encoder;
mod encrypt;
mod error;
mod evaluator;
mod flood;
mod key_switch;
mod keys;
mod noise;
mod parameters;
mod plaintext;
mod powers;
pub mod precision;
mod presets;
mod serial;

pub use ciphertext::Ciphertext;
pub use context::Context;
pub use encoder::Encoder;
pub use encrypt::SeededCiphertext;
pub use error::Error;
pub use evaluator::Evaluator;
pub use key_switch::{Digits, RaisedPlaintext, switch};
pub use keys::{
    EvaluationKeys, EvaluationKeysBuilder, GaloisKey, PublicKey, SecretKey, SwitchingKey,
};
pub use noise::{NoiseEstimate, NoiseModel};
pub use parameters::{Parameters, ParametersLiteral};
pub use plaintext::Plaintext;
pub use powers::SecretPolynomial;
pub use precision::Precision;
pub use presets::Preset;
pub use rustfft::num_complex::Complex64;
pub use serial::{FormatError, Kind};
