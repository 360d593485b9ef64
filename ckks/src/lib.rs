#![doc = include_str!("../README.md")]
//!
//! # The ladder
//! Each rung uses only those below it:
//!
//! ```text
//! ckks     leveled RNS-CKKS: approximate arithmetic on slots
//! wide     integers modulo a power of two through several limbs, exactly
//! ahead    randomness made before its input, and the passes that use it up
//! linear   a matrix of secret integers times a column of ciphertexts (a GEMM over residues)
//! rlwe     keys, seeded and public-key encryption, re-randomisation, modulus switching
//! sample   uniform, ternary and centred binomial samplers on an OS-seeded ChaCha20
//! ring     Z_q[X]/(X^N + 1): residues, NTT, polynomials typed by representation, exact CRT
//! params   degree and moduli, checked against published security tables
//! ```
//!
//! # Where the algebra comes from
//!
//! | what | source | module |
//! |---|---|---|
//! | the scheme, its noise | Cheon, Kim, Kim, Song, eprint 2016/421, sections 3 and 4 | [`ckks`], [`ckks::NoiseModel`] |
//! | residue number systems, rescaling by one prime | Cheon, Han, Kim, Kim, Song, eprint 2018/931, sections 3 and 4 | [`ckks::Evaluator::rescale`] |
//! | hybrid key switching: special primes and digits | Han, Ki, eprint 2019/688, section 3; Halevi, Shoup, eprint 2020/1481 | [`ckks::SwitchingKey`] |
//! | rotations that share a decomposition | Halevi, Shoup, eprint 2018/244, section 5; Juvekar and others, eprint 2018/073 | [`ckks::Evaluator::rotate_many`] |
//! | matrix times vector; polynomials by Paterson and Stockmeyer, scales that agree exactly | Bossuat and others, eprint 2020/1203, sections 4 and 5 | circuits |
//! | attacks on published decryptions, and the cure | Li, Micciancio, eprint 2020/1533; and others, eprint 2022/816 | [`ckks::encoder::rounding`] |
//!
//! # Batch packing without slots
//! One ciphertext per tensor element, the batch in its coefficients. A plaintext is an element m of
//! R_q itself, *unscaled*: an encryption is a pair with c0 + c1 s = m + e (mod q), and decryption
//! returns m + e. A linear layer is then y_o = sum_i w_{o,i} c_i for small integers w: scalar times
//! ciphertext, no transform, no rotation, no relinearisation ([`linear`]).
//!
//! # Security
//! IND-CPA under decision-RLWE with ternary secrets and errors of standard deviation 3.24
//! ([`params`]). Decryption returns the noise with the message: a decrypted value must not be
//! published without the treatment that its protocol prescribes.
//!
//! ```
//! use halfmask_ckks::{Parameters, PublicSeed, RingContext, SecretKey, SecureRng};
//!
//! # fn main() -> Result<(), halfmask_ckks::Error> {
//! let parameters = Parameters::throughput();
//! let context = RingContext::<u32>::from_parameters(&parameters)?;
//! let mut rng = SecureRng::from_os()?;
//! let secret = SecretKey::generate(&context, &mut rng);
//! let mut seed = PublicSeed::generate(&mut rng);
//!
//! let message = vec![123_456_789u32; parameters.degree()];
//! let sent = secret.encrypt_batch(message, &mut seed, &mut rng)?; // c0 and a 32-byte seed travel
//! let received = sent.expand();
//! let decrypted = secret.decrypt_batch(&received)?;
//! assert!(decrypted.iter().all(|&x| x.abs_diff(123_456_789) <= 21));
//! # Ok(())
//! # }
//! ```

pub mod ahead;
pub mod ckks;
mod error;
pub mod linear;
pub mod noise;
pub mod params;
pub mod ring;
pub mod rlwe;
mod rows;
pub mod sample;
pub mod simd;
pub mod wide;
pub mod wire;

pub use ahead::{Encryptor, Expander, Masker};
pub use error::Error;
pub use linear::{Group, ResidueGemm, Weights};
pub use params::{Parameters, ParametersLiteral, SecurityTable};
pub use ring::{Coefficient, Evaluation, Modulus, Poly, RingContext, Word};
pub use rlwe::{
    Ciphertext, CiphertextBatch, ErrorTerm, PublicKey, PublicSeed, SecretKey, SeededBatch,
    SeededCiphertext, SwitchedBatch, SwitchedDecryptor,
};
pub use sample::{RngStreams, SecureRng};
pub use simd::{Simd, SimdChoice};
