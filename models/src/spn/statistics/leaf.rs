//! The server's part: leaves become coefficients, and modes.

use super::digits::{POSITION, SQUARE, count_digits, factorial_digits, put_constant, split};
use super::{Encoding, Floors, HALF, POSITION_BITS, RATE_FLOOR, Scale, log2_factorial};
use crate::spn::graph::Distribution;
use std::f64::consts::LOG2_E;

/// `log2` of a Poisson mass.
fn log2_poisson(rate: f64, k: u32) -> f64 {
    f64::from(k) * rate.log2() - rate * LOG2_E - log2_factorial(k)
}

/// The largest.
fn largest(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(f64::NEG_INFINITY, f64::max)
}

impl Scale {
    /// `log2 p`, floored; whether it was.
    fn log2(self, p: f64) -> (f64, bool) {
        let least = -f64::from(self.floor);
        let value = p.log2();
        if value >= least {
            (value, false)
        } else {
            (least, true)
        }
    }
}

impl Encoding {
    /// Writes a leaf's coefficients over a zeroed block. Counts what is floored.
    pub(crate) fn coefficients(
        &self,
        scale: Scale,
        leaf: &Distribution,
        slots: &mut [i64],
        floors: &mut Floors,
    ) {
        let Some((maximised, slots)) = slots.split_last_mut() else {
            return;
        };
        let one = f64::from(scale.fraction + scale.guard).exp2();
        let mut floored = false;
        let mut put = |slot: &mut i64, p: f64| {
            let (log2, low) = scale.log2(p);
            floored |= low;
            *slot = scale.fixed(log2);
        };
        match (self, leaf) {
            (_, Distribution::Bernoulli { p }) => {
                for (value, slot) in slots.iter_mut().enumerate() {
                    let mass = [1.0 - p, *p].get(value).copied().unwrap_or(0.0);
                    put(slot, mass);
                }
                put(maximised, p.max(1.0 - p));
            }
            (_, Distribution::Categorical { p }) => {
                for (value, slot) in slots.iter_mut().enumerate() {
                    put(slot, p.get(value).copied().unwrap_or(0.0));
                }
                put(maximised, largest(p.iter().copied()));
            }
            (Self::Histogram { borders }, Distribution::Histogram { breaks, densities }) => {
                for ((from, to), slot) in borders.iter().zip(borders.iter().skip(1)).zip(slots) {
                    let above = breaks.partition_point(|b| b <= from);
                    let bucket = above.checked_sub(1).and_then(|i| densities.get(i));
                    put(slot, bucket.copied().unwrap_or(0.0) * (to - from));
                }
                let width = self.narrowest(scale).unwrap_or(0.0).exp2();
                put(maximised, largest(densities.iter().copied()) * width);
            }
            (Self::Gaussian { low, high }, Distribution::Gaussian { mean, stdev }) => {
                let unit = (high - low) * (-f64::from(POSITION_BITS)).exp2();
                let least = f64::from(POSITION_BITS.saturating_sub(scale.ratio_bits)).exp2();
                let s = (stdev / unit).max(least);
                floors.deviations += usize::from(stdev / unit < least);
                let m = (mean - low) / unit - HALF as f64;
                let k = LOG2_E / (2.0 * s * s);
                let c = -(s / least).log2();
                let (position, rest) = split(slots, POSITION);
                let (square, constant) = split(rest, SQUARE);
                POSITION.coefficients(position, one * 2.0 * k * m);
                SQUARE.coefficients(square, one * -k);
                put_constant(
                    constant,
                    scale.fixed(c - k * m * m - 2.0 * HALF as f64 * k * m),
                );
                *maximised = scale.fixed(c);
            }
            (Self::Poisson { max }, Distribution::Poisson { rate }) => {
                floors.rates += usize::from(*rate < RATE_FLOOR);
                let rate = rate.max(RATE_FLOOR);
                let (counts, factorials) = (count_digits(*max), factorial_digits(*max, scale));
                let (count, rest) = split(slots, counts);
                let (factorial, constant) = split(rest, factorials);
                counts.coefficients(count, one * rate.log2());
                // The digits are those of a number in the leaf layer's own fixed point.
                factorials.coefficients(factorial, -1.0);
                put_constant(constant, scale.fixed(-rate * LOG2_E));
                *maximised = scale.fixed(log2_poisson(rate, rate.floor() as u32));
            }
            // `of_leaves` has made the encoding of all leaves of the variable.
            _ => {}
        }
        floors.probabilities += usize::from(floored);
    }

    /// Bits in which a most probable value is opened.
    #[must_use]
    pub fn mode_bits(&self) -> usize {
        match self {
            Self::Unused => 0,
            Self::Categorical { values } => {
                (u32::BITS - (values - 1).leading_zeros()).max(1) as usize
            }
            Self::Poisson { max } => (u32::BITS - max.leading_zeros()).max(1) as usize,
            Self::Histogram { .. } | Self::Gaussian { .. } => POSITION_BITS as usize,
        }
    }

    /// A leaf's most probable value in these bits.
    pub(crate) fn mode(&self, leaf: &Distribution) -> u64 {
        let value = leaf.mode();
        match self {
            Self::Unused => 0,
            Self::Categorical { .. } => value as u64,
            Self::Poisson { max } => value.min(f64::from(*max)) as u64,
            Self::Histogram { .. } | Self::Gaussian { .. } => {
                let (low, high) = self.range();
                let steps =
                    ((value - low) / (high - low) * f64::from(POSITION_BITS).exp2()).round();
                steps.clamp(0.0, (2 * HALF - 1) as f64) as u64
            }
        }
    }

    /// The value that these bits stand for: to `2^-24` of the range; exact for integers.
    #[must_use]
    pub fn mode_value(&self, bits: u64) -> f64 {
        match self {
            Self::Unused | Self::Categorical { .. } | Self::Poisson { .. } => bits as f64,
            Self::Histogram { borders } => {
                let (low, high) = self.range();
                let value = low + (high - low) * (bits as f64 * (-f64::from(POSITION_BITS)).exp2());
                if borders.iter().all(|b| b.fract() == 0.0) {
                    value.round()
                } else {
                    value
                }
            }
            Self::Gaussian { low, high } => {
                low + (high - low) * (bits as f64 * (-f64::from(POSITION_BITS)).exp2())
            }
        }
    }
}
