//! The sizes of an iteration.

use super::{ROW_WEIGHT, kernel};
use crate::Error;

/// Sizes of one iteration of silent extension: LPN with regular noise over F₂.
///
/// Of the `samples()` COTs it makes, the last `reserved()` are the base of the next iteration. See [`super`] for how the
/// sizes were chosen, and [`LpnParameters::security`] for what they are worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LpnParameters {
    /// k: entries of the base table, the LPN secret.
    pub dimension: usize,
    /// t: trees, each with one noisy place; the weight of the noise.
    pub bins: usize,
    /// log2 of the leaves of a tree, and so of n / t.
    pub log_bin: u32,
}

impl LpnParameters {
    /// The set in use: n = 2^21, k = 88 · 2^10, t = 2^12. The table takes 1.4 MiB.
    pub const STANDARD: Self = Self {
        dimension: 90_112,
        bins: 4096,
        log_bin: 9,
    };

    /// Leaves of a tree.
    #[must_use]
    pub const fn bin(&self) -> usize {
        1 << self.log_bin
    }

    /// n: COTs an iteration makes.
    #[must_use]
    pub const fn samples(&self) -> usize {
        self.bins << self.log_bin
    }

    /// COTs an iteration takes: k for the table and one for each level of each tree.
    #[must_use]
    pub const fn reserved(&self) -> usize {
        self.dimension + self.bins * self.log_bin as usize
    }

    /// Trees whose COTs are the next iteration's base.
    pub(super) const fn reserved_bins(&self) -> usize {
        self.reserved() >> self.log_bin
    }

    /// COTs an iteration hands out.
    #[must_use]
    pub const fn usable(&self) -> usize {
        self.samples() - self.reserved()
    }

    /// Bytes an iteration sends: a number to compare, and a block for each level of each tree but the first.
    #[must_use]
    pub const fn message_bytes(&self) -> usize {
        8 + self.bins * (self.log_bin as usize - 1) * 16
    }

    /// Checks that the kernels can run the set, and that it yields more than it takes.
    pub(super) fn check(&self) -> Result<(), Error> {
        let fits = (5..=16).contains(&self.log_bin)
            && (1..=1 << 24).contains(&self.dimension)
            && (1..=1 << 24).contains(&self.bins)
            && self.bin().is_multiple_of(kernel::ROWS)
            && self.reserved().is_multiple_of(self.bin())
            && self.reserved() < self.samples();
        if fits {
            Ok(())
        } else {
            Err(Error::Malformed {
                what: "LPN parameters".into(),
                detail: format!("{self:?} with rows of weight {ROW_WEIGHT}"),
            })
        }
    }
}
