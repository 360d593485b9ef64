//! Deviations and bounds, for slots and coefficients side by side.

/// A quantity as the slots see it and as the coefficients do.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Size {
    /// Of the value at a root of unity.
    pub(super) slot: f64,
    /// Of a coefficient (deviations), or of the vector of coefficients (2-norm, for bounds).
    pub(super) coefficient: f64,
}

impl Size {
    pub(super) fn map(self, f: impl Fn(f64) -> f64) -> Self {
        Self {
            slot: f(self.slot),
            coefficient: f(self.coefficient),
        }
    }

    pub(super) fn zip(self, other: Self, f: impl Fn(f64, f64) -> f64) -> Self {
        Self {
            slot: f(self.slot, other.slot),
            coefficient: f(self.coefficient, other.coefficient),
        }
    }

    pub(super) fn plus(self, other: Self) -> Self {
        self.zip(other, |a, b| a + b)
    }

    /// Deviation of a sum of independent terms.
    pub(super) fn and(self, other: Self) -> Self {
        self.zip(other, f64::hypot)
    }

    pub(super) fn times(self, factor: f64) -> Self {
        self.map(|x| x * factor)
    }
}
