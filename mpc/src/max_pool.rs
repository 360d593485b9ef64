//! MaxPool of shared values: any window, by either ReLU protocol.
//!
//! `max(a, b) = b + ReLU(a - b)` in the ring `2^k` of the shares, without truncation ([`Target::SameRing`]): differences and sums are
//! local, so the maximum of a window of `m` values takes `m - 1` ReLUs in a tournament of `ceil(log2 m)` levels. A level of all
//! windows is one ReLU layer.
//!
//! **Bound.** A ReLU drops a difference of at most `2u - 1`, `u = 2^(k-l)` the unit of the comparison ([`crate::relu`]); one that it
//! passes it passes exactly. So the result is always one of the values of the window, and below the maximum by at most
//! `2u - 1` a level: [`MaxPoolSpec::error_bound`]; with `l = k` by at most one a level. All differences need
//! `|a - b| <= 2^(k-1) - 3u`, to which it is enough that every `|a| < 2^(k-2) - 3u / 2`. Which of two values that close wins depends
//! on the shares, which are fresh at every level.
//!
//! **Bytes** for a window of 2 x 2 and 16-bit shares: three ReLUs of `l = k = 16`, on OT 15.4 bytes each besides 20 OTs, garbled 458
//! bytes besides 17. With SoftSpoken OT (`k = 4`) that is 279 and 1572 bytes a window in all.
//!
//! **Simulator.** That of the ReLU, at every level; its outputs are fresh uniform shares.

use crate::Error;
use crate::channel::Channel;
use crate::relu::{ReluSpec, SharedRelu, Target};
use zeroize::Zeroizing;

/// Public parameters of a MaxPool layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaxPoolSpec {
    /// `k`: values are shared modulo `2^k`.
    pub share_bits: u32,
    /// `l`: bits of a comparison, `3 <= l <= k`.
    pub width: u32,
    /// Values of a window, at least 1.
    pub window: u32,
    /// See [`ReluSpec::segment`].
    pub segment: u32,
}

impl MaxPoolSpec {
    /// The ReLU of the differences.
    #[must_use]
    pub const fn relu(&self) -> ReluSpec {
        ReluSpec {
            share_bits: self.share_bits,
            width: self.width,
            shift: 0,
            target: Target::SameRing,
            segment: self.segment,
        }
    }

    /// Checks the parameters against each other.
    ///
    /// # Errors
    /// [`Error::Malformed`] with the first rule that is broken.
    pub fn validate(&self) -> Result<(), Error> {
        if self.window == 0 {
            return Err(Error::Malformed {
                what: "MaxPool parameters".into(),
                detail: "a window of no values".into(),
            });
        }
        self.relu().validate()
    }

    /// Levels of the tournament: `ceil(log2 window)`.
    #[must_use]
    pub const fn levels(&self) -> u32 {
        u32::BITS - self.window.saturating_sub(1).leading_zeros()
    }

    /// ReLUs a window.
    #[must_use]
    pub const fn relus(&self) -> u32 {
        self.window.saturating_sub(1)
    }

    /// How far the result may be below the maximum.
    #[must_use]
    pub fn error_bound(&self) -> u64 {
        u64::from(self.levels()) * (2 * u64::from(self.relu().unit()) - 1)
    }
}

/// One party's part: `y` receives its shares of the maxima, one for each position.
///
/// `x` holds the window's values one after the other, each for all positions: value `j` of position `p` at
/// `x[j * positions + p]`. Who sends and receives first and last is as in [`SharedRelu::relu`].
///
/// # Errors
/// As [`SharedRelu::relu`]; [`Error::Length`] unless `x` has `window` values for each of `y`.
pub fn max_pool(
    party: &mut dyn SharedRelu,
    ch: &mut Channel,
    layer: &str,
    spec: &MaxPoolSpec,
    x: &[u32],
    y: &mut [u32],
) -> Result<(), Error> {
    spec.validate()?;
    let (positions, window) = (y.len(), spec.window as usize);
    if Some(x.len()) != positions.checked_mul(window) {
        return Err(Error::Length {
            what: "MaxPool inputs",
            length: x.len(),
            expected: format!("{window} for each of {positions} outputs"),
        });
    }
    if positions == 0 {
        return Ok(());
    }
    let mask = crate::share::low_mask(spec.share_bits);
    let mut values = Zeroizing::new(x.to_vec());
    while values.len() > positions {
        // The first half against the second; the middle one of an odd number waits.
        let count = values.len() / positions;
        let (a, b) = values.split_at(count.div_ceil(2) * positions);
        let pairs = b.len();
        let differences = a.iter().zip(b).map(|(a, b)| a.wrapping_sub(*b) & mask);
        let differences: Zeroizing<Vec<u32>> = Zeroizing::new(differences.collect());
        // With room for the value that waits: growing would leave a copy behind.
        let mut greater = Zeroizing::new(Vec::with_capacity(a.len()));
        greater.resize(pairs, 0);
        party.relu(ch, layer, &spec.relu(), &differences, &mut greater)?;
        for (g, b) in greater.iter_mut().zip(b) {
            *g = g.wrapping_add(*b) & mask;
        }
        greater.extend(a.iter().skip(pairs));
        values = greater;
    }
    y.copy_from_slice(&values);
    Ok(())
}

/// The maxima of plain values, laid out as in [`max_pool`]: what the protocol computes, up to [`MaxPoolSpec::error_bound`].
#[must_use]
pub fn max_pool_reference(spec: &MaxPoolSpec, x: &[i64]) -> Vec<i64> {
    let positions = x.len() / (spec.window as usize).max(1);
    let mut rows = x.chunks(positions.max(1));
    let mut best = rows.next().unwrap_or_default().to_vec();
    for row in rows {
        for (best, x) in best.iter_mut().zip(row) {
            *best = (*best).max(*x);
        }
    }
    best
}

#[cfg(test)]
mod tests;
