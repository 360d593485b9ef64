//! The ring R_q = Z_q\[X\]/(X^N + 1), q a product of word-sized primes.
//!
//! By the Chinese remainder theorem an element is one residue polynomial ("limb") per prime, and
//! each limb is either its N coefficients or its N values at the odd powers of a primitive 2N-th
//! root of unity, where multiplication is element by element. [`Poly`] carries the representation in
//! its type; [`RingContext`] holds the moduli and transforms; [`rns`] maps exactly to big integers.

mod context;
pub(crate) mod convert;
mod galois;
pub(crate) mod kernel;
#[cfg(target_arch = "x86_64")]
mod lanes;
mod modulus;
mod ntt;
pub(crate) mod parallel;
mod poly;
pub(crate) mod pool;
pub mod rns;
mod word;

pub use context::RingContext;
pub(crate) use context::check_below;
pub use galois::{Automorphism, conjugation_element, rotation_element};
pub use modulus::Modulus;
pub use ntt::Ntt;
pub use poly::{Coefficient, Evaluation, Poly, Representation};
pub use word::Word;
