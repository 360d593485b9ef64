//! Circuits on ciphertexts.

use super::{Machine, MaskEncoder, Schedule};
use crate::ckks::{Ciphertext, Context, Encoder, Error, Evaluator, RaisedPlaintext};
use rustfft::num_complex::Complex64;
use std::sync::Arc;

impl Machine for Evaluator {
    type Value = Ciphertext;
    type Mask = RaisedPlaintext;

    fn context(&self) -> &Arc<Context> {
        self.context()
    }

    fn level(&self, x: &Ciphertext) -> usize {
        x.level()
    }

    fn scale(&self, x: &Ciphertext) -> f64 {
        x.scale()
    }

    fn add(&self, x: &Ciphertext, y: &Ciphertext) -> Result<Ciphertext, Error> {
        self.add(x, y)
    }

    fn sub(&self, x: &Ciphertext, y: &Ciphertext) -> Result<Ciphertext, Error> {
        self.sub(x, y)
    }

    fn add_scalar(&self, x: &Ciphertext, c: f64) -> Result<Ciphertext, Error> {
        self.add_scalar(x, c)
    }

    fn multiply_scalar(&self, x: &Ciphertext, c: f64, scale: f64) -> Result<Ciphertext, Error> {
        self.multiply_scalar(x, c, scale)
    }

    fn multiply(&self, x: &Ciphertext, y: &Ciphertext) -> Result<Ciphertext, Error> {
        self.multiply(x, y)
    }

    fn square(&self, x: &Ciphertext) -> Result<Ciphertext, Error> {
        self.square(x)
    }

    fn relinearize(&self, x: &Ciphertext) -> Result<Ciphertext, Error> {
        match x.power() {
            1 => Ok(x.clone()),
            _ => self.relinearize(x),
        }
    }

    fn rescale(&self, x: &Ciphertext) -> Result<Ciphertext, Error> {
        self.rescale(x)
    }

    fn drop_to_level(&self, x: &Ciphertext, level: usize) -> Result<Ciphertext, Error> {
        self.drop_to_level(x, level)
    }

    fn rotate(&self, x: &Ciphertext, steps: i64) -> Result<Ciphertext, Error> {
        self.rotate(x, steps)
    }

    fn rotated_sum(
        &self,
        x: &Ciphertext,
        schedule: &Schedule<RaisedPlaintext>,
    ) -> Result<Ciphertext, Error> {
        self.rotated_sum(x, schedule)
    }
}

impl MaskEncoder for Encoder {
    type Mask = RaisedPlaintext;

    fn context(&self) -> &Arc<Context> {
        self.context()
    }

    fn mask(
        &self,
        values: &[Complex64],
        level: usize,
        scale: f64,
    ) -> Result<RaisedPlaintext, Error> {
        RaisedPlaintext::new(&self.encode_sparse(values, level, scale)?)
    }
}
