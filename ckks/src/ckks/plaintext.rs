//! An encoded vector.

use super::Context;
use crate::{Evaluation, Poly, sample};
use std::sync::Arc;

/// m in R_{Q_l}, in evaluations, with the scale it was multiplied by. Overwritten on drop: it may be a
/// message.
#[derive(Clone, Debug)]
pub struct Plaintext {
    pub(crate) context: Arc<Context>,
    pub(crate) poly: Poly<Evaluation, u64>,
    pub(crate) scale: f64,
}

impl Plaintext {
    /// The shared tables.
    pub fn context(&self) -> &Arc<Context> {
        &self.context
    }

    /// The level l: the element has l + 1 limbs.
    pub fn level(&self) -> usize {
        self.poly.context().limbs().len() - 1
    }

    /// The factor between slots and coefficients.
    pub fn scale(&self) -> f64 {
        self.scale
    }

    /// m itself.
    pub fn poly(&self) -> &Poly<Evaluation, u64> {
        &self.poly
    }
}

impl Drop for Plaintext {
    fn drop(&mut self) {
        sample::wipe(self.poly.words_mut());
    }
}
