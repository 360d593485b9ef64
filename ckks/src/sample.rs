//! Randomness: one generator, and the distributions of lattice cryptography.
//!
//! Everything secret comes from [`SecureRng`], ChaCha20 keyed by the operating system. Public
//! polynomials come from [`expand_uniform`], ChaCha20 keyed by a seed that travels. The two never
//! share a key: a [`SecureRng`]'s key is never released, a public seed is 32 bytes of its *output*.
//!
//! Samplers touch memory and branch independently of the values they return. Rejection (uniform,
//! ternary) reveals how many candidates were thrown away, which is independent of those kept.

mod distributions;
pub(crate) mod kernel;
mod keystream;
mod rng;

pub use distributions::{
    ERROR_BOUND, ERROR_VARIANCE, centred_binomial, expand_uniform, ternary, uniform, uniform_bits,
    uniform_width,
};
pub(crate) use distributions::{check_width, expand_element};
pub use rng::{RngStreams, SecureRng};

/// Overwrites a slice at the speed of memory. The compiler is kept from dropping the write by being made to believe that
/// the zeros are read.
pub(crate) fn wipe<T: Copy + Default>(values: &mut [T]) {
    values.fill(T::default());
    std::hint::black_box(values);
}
