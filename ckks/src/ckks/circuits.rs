//! Circuits on encrypted vectors: linear transforms, convolutions, polynomials.
//!
//! A circuit is planned without keys or data: the plan lists the rotations that keys are needed for
//! and the levels it takes. It is written once, over a [`Machine`], and runs on ciphertexts
//! ([`Evaluator`](super::Evaluator)) or in the clear ([`Twin`]): the same diagonals, the same splitting
//! of a polynomial, the same levels and scales. The twin is what an encrypted result is compared with,
//! step by step if need be; against independent oracles (a direct product, Horner) it is tested itself.
//!
//! ```text
//! matrix_vector, convolution -> diagonals -> schedule (baby steps, giant steps)  \
//! polynomial, chebyshev -> paterson_stockmeyer                                   -> machine
//! ```

mod chebyshev;
mod convolution;
mod diagonals;
mod encrypted;
mod layout;
mod machine;
mod matrix_vector;
mod paterson_stockmeyer;
mod polynomial;
mod schedule;
mod twin;

pub use convolution::{Convolution, ConvolutionShape};
pub use layout::Layout;
pub use machine::{Machine, MaskEncoder};
pub use matrix_vector::LinearTransform;
pub use polynomial::Polynomial;
pub use schedule::Schedule;
pub use twin::{Twin, TwinVector};

#[cfg(test)]
mod fixture {
    //! Small parameters and inputs for the tests of circuits.

    use crate::ckks::{Context, Parameters, ParametersLiteral};
    use crate::params::{SecurityTable, check_modulus};
    use std::sync::Arc;

    /// `levels` primes around 2^40 under one of 49 bits, and a special one of 50; insecure.
    pub(super) fn context(degree: usize, levels: usize) -> Arc<Context> {
        let step = 2 * degree as u64;
        let prime = |x: &u64| check_modulus(*x, degree, 50).is_ok();
        let below = |bits: u32| {
            let first = (1 << bits) + 1 - step;
            (0..).map(move |i| first - i * step).filter(prime)
        };
        let above = (1..).map(|i| (1 << 40) + 1 + i * step).filter(prime);
        let scaled = below(40).zip(above).flat_map(|(low, high)| [low, high]);
        let literal = ParametersLiteral {
            degree,
            data_moduli: below(49).take(1).chain(scaled.take(levels)).collect(),
            special_moduli: below(50).take(1).collect(),
            log2_scale: 40,
            table: SecurityTable::default(),
            allow_insecure: true,
        };
        Context::new(&Parameters::new(&literal).unwrap()).unwrap()
    }

    /// Values in (-1, 1) that look random, by the fractional parts of multiples of the golden ratio.
    pub(super) fn values(count: usize, seed: u64) -> Vec<f64> {
        let golden = (5f64.sqrt() - 1.0) / 2.0;
        let index = |i: usize| i as f64 + 0.5 + (seed * seed) as f64 * 17.3;
        (0..count)
            .map(|i| 2.0 * (index(i) * golden).fract() - 1.0)
            .collect()
    }
}
