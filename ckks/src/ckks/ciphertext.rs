//! An encrypted vector.

use super::Context;
use crate::{Evaluation, Poly};
use std::sync::Arc;

/// Components c_0, c_1 (and c_2 after a multiplication that was not relinearised) in R_{Q_l}, in
/// evaluations: sum_i c_i s^i = m + e.
#[derive(Clone, Debug)]
pub struct Ciphertext {
    pub(crate) context: Arc<Context>,
    /// Two or three.
    pub(crate) parts: Vec<Poly<Evaluation, u64>>,
    pub(crate) level: usize,
    pub(crate) scale: f64,
}

impl Ciphertext {
    /// The shared tables.
    pub fn context(&self) -> &Arc<Context> {
        &self.context
    }

    /// The level l: rescales that are left.
    pub fn level(&self) -> usize {
        self.level
    }

    /// The factor between slots and coefficients.
    pub fn scale(&self) -> f64 {
        self.scale
    }

    /// Number of components less one: 1, or 2 before relinearisation.
    pub fn power(&self) -> usize {
        self.parts.len() - 1
    }

    /// The components.
    pub fn parts(&self) -> &[Poly<Evaluation, u64>] {
        &self.parts
    }

    /// Other components of the same level and scale.
    pub(crate) fn with_parts(&self, parts: Vec<Poly<Evaluation, u64>>) -> Self {
        Self {
            context: Arc::clone(&self.context),
            parts,
            level: self.level,
            scale: self.scale,
        }
    }
}
