//! Numbers in base 16, at the client as digits, at the server as their coefficients.

use super::{DIGIT_BITS, LARGEST, POSITION_BITS, Scale, log2_factorial};

/// A number in base 16 whose last digit may be large: it is spread over entries of the same weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Digits {
    /// Digits below the last.
    low: usize,
    /// Entries of the last.
    last: usize,
}

impl Digits {
    /// For numbers up to `max`, at most `most` digits.
    pub(super) const fn new(max: u64, most: usize) -> Self {
        let bits = u64::BITS - max.leading_zeros();
        let mut digits = bits.div_ceil(DIGIT_BITS) as usize;
        if digits > most {
            digits = most;
        }
        let low = digits.saturating_sub(1);
        let last = (max >> (low as u32 * DIGIT_BITS)).div_ceil(LARGEST as u64) as usize;
        Self { low, last }
    }

    pub(super) const fn entries(self) -> usize {
        self.low + self.last
    }

    pub(super) fn put(self, slots: &mut [u32], mut value: u64) {
        for (j, slot) in slots.iter_mut().enumerate() {
            if j < self.low {
                *slot = (value as u32) & LARGEST;
                value >>= DIGIT_BITS;
            } else {
                *slot = value.min(u64::from(LARGEST)) as u32;
                value -= u64::from(*slot);
            }
        }
    }

    /// Coefficients of a number whose unit is worth `unit`, in the leaf layer's units.
    pub(super) fn coefficients(self, slots: &mut [i64], unit: f64) {
        for (j, slot) in slots.iter_mut().enumerate() {
            *slot = (unit * self.weight(j)).round() as i64;
        }
    }

    fn weight(self, j: usize) -> f64 {
        f64::from(DIGIT_BITS * j.min(self.low) as u32).exp2()
    }

    pub(super) fn top(self) -> f64 {
        self.weight(self.low)
    }
}

pub(super) const POSITION: Digits = Digits::new((1 << POSITION_BITS) - 1, 6);
/// `u^2 <= (2^23 - 1)^2`.
pub(super) const SQUARE: Digits = Digits::new((1 << (2 * POSITION_BITS - 2)) - 1, 12);

/// Digits of counts up to `max`.
pub(super) const fn count_digits(max: u32) -> Digits {
    Digits::new(max as u64, 2)
}

/// Digits of `log2 k!` for counts up to `max`.
pub(super) fn factorial_digits(max: u32, scale: Scale) -> Digits {
    Digits::new(scale.fixed(log2_factorial(max)) as u64, 8)
}

/// Statistics 1 and 15.
pub(super) const CONSTANTS: usize = 2;

/// Splits a constant between them.
pub(super) fn put_constant(slots: &mut [i64], value: i64) {
    let large = value / i64::from(LARGEST);
    for (slot, value) in slots
        .iter_mut()
        .zip([value - large * i64::from(LARGEST), large])
    {
        *slot = value;
    }
}

pub(super) fn put_ones(slots: &mut [u32]) {
    for (slot, value) in slots.iter_mut().zip([1, LARGEST]) {
        *slot = value;
    }
}

/// The entries of a number's digits, and the rest.
pub(super) fn split<T>(slots: &mut [T], digits: Digits) -> (&mut [T], &mut [T]) {
    slots.split_at_mut(digits.entries().min(slots.len()))
}
