//! Sums of rotations of plaintexts times rotations, with one mod-down.
//!
//! ```text
//! y = sum_g rot_g( sum_b m_(g, b) rot_b(x) )
//! ```
//!
//! Rotations b share the decomposition of x and stay over Q_l P, as do the inner sums. For a rotation g
//! only the second half of the inner sum is brought down to Q_l and decomposed. The total comes down at
//! the end (eprint 2020/1203, section 4, algorithm 6).

use super::Evaluator;
use crate::ckks::circuits::Schedule;
use crate::ckks::key_switch::{Digits, Raised, RaisedPlaintext};
use crate::ckks::{Ciphertext, Error};

impl Evaluator {
    /// The sum above for the steps and masks of a schedule, not rescaled.
    ///
    /// # Errors
    /// Operands of other parameters, masks of a lower level or at different scales, a scale too large
    /// for the modulus, a ciphertext that is not relinearised, and a missing rotation key.
    pub fn rotated_sum(
        &self,
        ciphertext: &Ciphertext,
        schedule: &Schedule<RaisedPlaintext>,
    ) -> Result<Ciphertext, Error> {
        let operation = "rotated_sum";
        self.check_context(operation, ciphertext.context())?;
        let pair @ [_, c1] = Self::pair(operation, ciphertext)?;
        let level = ciphertext.level();
        let mut scale = None;
        for mask in schedule.masks() {
            self.check_context(operation, mask.context())?;
            if mask.level() < level {
                return Err(Error::OutOfLevels {
                    operation,
                    needed: level,
                    left: mask.level(),
                });
            }
            let first = *scale.get_or_insert(mask.scale());
            Self::check_scales(operation, level, first, mask.scale())?;
        }
        let mask_scale = scale.unwrap_or(1.0);
        let scale = self.product_scale(operation, level, ciphertext.scale(), mask_scale)?;

        let raised = Raised::new(&self.context, pair)?;
        let rotate = |x: &Raised, digits: &Digits, steps: i64| {
            x.apply_galois(digits, self.keys.rotation(steps)?)
        };
        let mut babies = Vec::new();
        let mut digits = None;
        for &steps in schedule.baby_steps() {
            if self.is_identity(steps) {
                babies.push(raised.clone());
                continue;
            }
            let digits = match &digits {
                Some(digits) => digits,
                None => digits.insert(Digits::decompose(&self.context, c1)?),
            };
            babies.push(rotate(&raised, digits, steps)?);
        }
        let mut total: Option<Raised> = None;
        for (steps, terms) in schedule.giant_steps() {
            let pairs: Vec<_> = terms
                .iter()
                .filter_map(|(baby, mask)| Some((mask, babies.get(*baby)?)))
                .collect();
            let Some(mut inner) = Raised::weighted_sum(&pairs) else {
                continue;
            };
            if !self.is_identity(steps) {
                let digits = Digits::decompose(&self.context, &inner.lower(1)?)?;
                inner = rotate(&inner, &digits, steps)?;
            }
            match &mut total {
                None => total = Some(inner),
                Some(total) => total.add_assign(&inner),
            }
        }
        let total = total.unwrap_or(raised);
        let mut sum = ciphertext.with_parts(vec![total.lower(0)?, total.lower(1)?]);
        sum.scale = scale;
        Ok(sum)
    }
}
