//! An encrypted vector.

use super::encoder::check_scale;
use super::{Context, Error};
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
    /// The ciphertext of components c_0, c_1 (and c_2) that were computed element by element.
    ///
    /// # Errors
    /// [`Error::Coefficients`] unless there are two or three; [`crate::Error::RingMismatch`] unless all are of
    /// `level`; [`Error::OutOfLevels`], [`Error::BadScale`] below 1.
    pub fn from_parts(
        context: &Arc<Context>,
        parts: Vec<Poly<Evaluation, u64>>,
        level: usize,
        scale: f64,
    ) -> Result<Self, Error> {
        let ring = context.level_ring(level)?;
        check_scale("ciphertext", scale)?;
        if !(2..=3).contains(&parts.len()) {
            return Err(Error::Coefficients {
                power: 0,
                expected: 2,
                got: parts.len(),
            });
        }
        for part in &parts {
            ring.check_same(part.context())?;
        }
        Ok(Self {
            context: Arc::clone(context),
            parts,
            level,
            scale,
        })
    }

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ckks::{Parameters, Preset};

    #[test]
    fn parts_of_another_shape_are_refused() {
        let context = Context::new(&Parameters::preset(Preset::N4096).unwrap()).unwrap();
        let zeros = |level: usize, count: usize| -> Vec<_> {
            let ring = context.level_ring(level).unwrap();
            (0..count).map(|_| Poly::zero(ring)).collect()
        };
        let made = |parts, level, scale| Ciphertext::from_parts(&context, parts, level, scale);
        assert_eq!(made(zeros(0, 2), 0, 2.0).unwrap().power(), 1);
        assert_eq!(made(zeros(1, 3), 1, 2.0).unwrap().power(), 2);
        assert!(matches!(
            made(zeros(1, 1), 1, 2.0),
            Err(Error::Coefficients { got: 1, .. })
        ));
        assert!(made(zeros(1, 4), 1, 2.0).is_err());
        assert!(matches!(
            made(zeros(0, 2), 1, 2.0),
            Err(Error::Ring(crate::Error::RingMismatch { .. }))
        ));
        assert!(matches!(
            made(zeros(1, 2), 2, 2.0),
            Err(Error::OutOfLevels { .. })
        ));
        assert!(matches!(
            made(zeros(1, 2), 1, 0.5),
            Err(Error::BadScale { .. })
        ));
    }
}
