//! The client's part: values become statistics.

use super::digits::{POSITION, SQUARE, count_digits, factorial_digits, put_ones, split};
use super::{Encoding, HALF, POSITION_BITS, Scale, log2_factorial};
use crate::spn::graph::Evidence;
use crate::spn::support::MAX_COUNT;

/// What became of one value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Placed {
    /// It was moved into the public range.
    pub(crate) clamped: bool,
    /// What the client adds to the log2-likelihood.
    pub(crate) offset: f64,
}

impl Encoding {
    /// A value's position in a Gaussian variable's range, in `2^-24` of it.
    pub(crate) fn position(&self, value: f64) -> i64 {
        let (low, high) = self.range();
        let steps = (value - low) / (high - low) * f64::from(POSITION_BITS).exp2();
        // From 1, so that the square has 46 bits. An overflow to infinity is clipped like any other.
        steps.round().clamp(1.0, (2 * HALF - 1) as f64) as i64
    }

    /// Writes a value's statistics over a zeroed block.
    ///
    /// # Errors
    /// What the value must be, if it is not.
    pub(crate) fn place(
        &self,
        scale: Scale,
        evidence: Evidence,
        slots: &mut [u32],
    ) -> Result<Placed, String> {
        let mut placed = Placed {
            clamped: false,
            offset: 0.0,
        };
        match evidence {
            Evidence::Missing => {}
            Evidence::Maximised => {
                if let Some(last) = slots.last_mut() {
                    *last = 1;
                    placed.offset = self.narrowest(scale).map_or(0.0, |w| -w);
                }
            }
            Evidence::Observed(value) => {
                placed.clamped = self.place_value(scale, value, slots, &mut placed.offset)?;
            }
        }
        Ok(placed)
    }

    fn place_value(
        &self,
        scale: Scale,
        value: f64,
        slots: &mut [u32],
        offset: &mut f64,
    ) -> Result<bool, String> {
        let integer = |limit: f64| value >= 0.0 && value <= limit && value.fract() == 0.0;
        let one_hot = |slots: &mut [u32], index: usize| {
            if let Some(slot) = slots.get_mut(index) {
                *slot = 1;
            }
        };
        match self {
            Self::Unused if value.is_finite() => Ok(false),
            Self::Unused => Err("a finite number".into()),
            Self::Categorical { values } => {
                if !integer(f64::from(*values) - 1.0) {
                    return Err(format!("an integer from 0 to {}", values - 1));
                }
                one_hot(slots, value as usize);
                Ok(false)
            }
            Self::Histogram { borders } => {
                let above = borders.partition_point(|b| *b <= value);
                match (
                    above.checked_sub(1).and_then(|i| borders.get(i)),
                    borders.get(above),
                ) {
                    (Some(from), Some(to)) if value.is_finite() => {
                        one_hot(slots, above - 1);
                        *offset = -(to - from).log2();
                        Ok(false)
                    }
                    _ => Err(format!(
                        "a number from {} to below {}",
                        borders.first().copied().unwrap_or_default(),
                        borders.last().copied().unwrap_or_default()
                    )),
                }
            }
            Self::Gaussian { low, high } => {
                if !value.is_finite() {
                    return Err("a finite number".into());
                }
                let t = self.position(value);
                let u = t - HALF;
                let (position, rest) = split(slots, POSITION);
                let (square, rest) = split(rest, SQUARE);
                POSITION.put(position, t as u64);
                SQUARE.put(square, (u * u) as u64);
                put_ones(rest);
                *offset = self.narrowest(scale).map_or(0.0, |w| -w);
                Ok(value < *low || value > *high)
            }
            Self::Poisson { max } => {
                if !integer(MAX_COUNT) {
                    return Err("an integer from 0 to 2^53".into());
                }
                let k = value.min(f64::from(*max)) as u32;
                let (counts, factorials) = (count_digits(*max), factorial_digits(*max, scale));
                let (count, rest) = split(slots, counts);
                let (factorial, rest) = split(rest, factorials);
                counts.put(count, u64::from(k));
                factorials.put(factorial, scale.fixed(log2_factorial(k)) as u64);
                put_ones(rest);
                Ok(value > f64::from(*max))
            }
        }
    }
}
