//! Right bits after decryption: fresh, after a product, after a chain of products.
//!
//! The values lie on the unit circle, so that powers neither grow nor vanish. A chain squares and rescales until no level is
//! left, or the next scale would be below 2^20.

use halfmask_models::Error;
use halfmask_models::bridge::ckks::ckks::{self, Ciphertext, Complex64};
use serde::{Deserialize, Serialize};

use super::setting::Setting;

/// The smallest scale that a chain leaves.
const LEAST_LOG2_SCALE: f64 = 20.0;

/// Right bits of the worst slot: -log2 of the largest absolute error of a real or imaginary part.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Precision {
    /// Of a fresh ciphertext.
    pub fresh_bits: f64,
    /// Of a product of two fresh ciphertexts, relinearised and rescaled.
    pub product_bits: f64,
    /// Products in a row that levels and scale allow.
    pub chain_products: usize,
    /// Of the last of them.
    pub chain_bits: f64,
}

pub(super) fn measure(setting: &Setting) -> Result<Precision, Error> {
    let Setting {
        evaluator, x, y, ..
    } = setting;
    let squares: Vec<Complex64> = setting.values.iter().map(|z| z * z).collect();
    let product = evaluator.rescale(&evaluator.multiply_relinearize(x, y)?)?;
    let (mut power, mut expected) = (x.clone(), setting.values.clone());
    let mut chain_products = 0;
    while can_square(&power) {
        power = evaluator.rescale(&evaluator.square_relinearize(&power)?)?;
        expected = expected.iter().map(|z| z * z).collect();
        chain_products += 1;
    }
    Ok(Precision {
        fresh_bits: bits(setting, x, &setting.values)?,
        product_bits: bits(setting, &product, &squares)?,
        chain_products,
        chain_bits: bits(setting, &power, &expected)?,
    })
}

fn can_square(x: &Ciphertext) -> bool {
    let primes = x.context().parameters().data_moduli();
    let divisor = primes.get(x.level()).map_or(1.0, |&q| q as f64);
    x.level() > 0 && 2.0 * x.scale().log2() - divisor.log2() >= LEAST_LOG2_SCALE
}

fn bits(setting: &Setting, got: &Ciphertext, expected: &[Complex64]) -> Result<f64, Error> {
    let values = setting
        .encoder
        .decode_complex(&setting.secret.decrypt(got)?)?;
    Ok(ckks::Precision::compare(expected, &values)?.worst())
}
