//! What values a variable may take, by the leaves it has.
//!
//! Leaves of one variable must measure the same thing: a mass on categories, a mass on counts, a density on the line, or a density
//! on an interval. A sum over leaves of different kinds would be neither a mass nor a density.

use super::error::{Problem, SpnError};
use super::graph::{Distribution, Node};

/// A variable's values.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Support {
    /// No leaf asks for it: any number, which changes nothing.
    Unused,
    /// 0, 1 … `values - 1`: Bernoulli (2 values) and categorical leaves. A leaf with fewer values gives the others probability 0.
    Categorical {
        /// Number of values.
        values: usize,
    },
    /// Integers from 0: Poisson leaves.
    Count,
    /// Any real number: Gaussian leaves.
    Real,
    /// From `low` to below `high`: histograms. One that covers less has density 0 elsewhere.
    Interval {
        /// The lowest border of any leaf.
        low: f64,
        /// The highest border of any leaf, itself outside.
        high: f64,
    },
}

/// The largest count: integers up to here are exact in float64.
pub const MAX_COUNT: f64 = 9_007_199_254_740_992.0;

impl Support {
    fn of(distribution: &Distribution) -> Self {
        match distribution {
            Distribution::Bernoulli { .. } => Self::Categorical { values: 2 },
            Distribution::Categorical { p } => Self::Categorical { values: p.len() },
            Distribution::Gaussian { .. } => Self::Real,
            Distribution::Poisson { .. } => Self::Count,
            Distribution::Histogram { breaks, .. } => match (breaks.first(), breaks.last()) {
                (Some(&low), Some(&high)) => Self::Interval { low, high },
                _ => Self::Unused,
            },
        }
    }

    /// The values of both, if they are of one kind.
    const fn union(self, other: Self) -> Option<Self> {
        match (self, other) {
            (Self::Unused, any) | (any, Self::Unused) => Some(any),
            (Self::Count, Self::Count) => Some(Self::Count),
            (Self::Real, Self::Real) => Some(Self::Real),
            (Self::Categorical { values: a }, Self::Categorical { values: b }) => {
                Some(Self::Categorical {
                    values: if a > b { a } else { b },
                })
            }
            (Self::Interval { low, high }, Self::Interval { low: l, high: h }) => {
                Some(Self::Interval {
                    low: low.min(l),
                    high: high.max(h),
                })
            }
            _ => None,
        }
    }

    /// Whether a value is possible.
    #[must_use]
    pub fn contains(&self, value: f64) -> bool {
        match *self {
            Self::Unused | Self::Real => value.is_finite(),
            Self::Categorical { values } => {
                value >= 0.0 && value < values as f64 && value.fract() == 0.0
            }
            Self::Count => (0.0..=MAX_COUNT).contains(&value) && value.fract() == 0.0,
            Self::Interval { low, high } => value >= low && value < high,
        }
    }

    /// In words, for errors.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::Unused | Self::Real => "a finite number".into(),
            Self::Categorical { values } => format!("an integer from 0 to {}", values - 1),
            Self::Count => "an integer from 0 to 2^53".into(),
            Self::Interval { low, high } => format!("a number from {low} to below {high}"),
        }
    }

    /// The kind alone, in words.
    const fn kind(&self) -> &'static str {
        match self {
            Self::Unused => "unused",
            Self::Categorical { .. } => "categories",
            Self::Count => "counts",
            Self::Real => "real numbers",
            Self::Interval { .. } => "histogram buckets",
        }
    }
}

/// The values of each variable.
///
/// # Errors
/// [`Problem::MixedKinds`] at the first leaf that does not fit those before, [`Problem::Variable`] for one without a variable.
pub(super) fn of(variables: usize, nodes: &[Node]) -> Result<Vec<Support>, SpnError> {
    let mut supports = vec![Support::Unused; variables];
    for (id, node) in nodes.iter().enumerate() {
        let Node::Leaf {
            variable,
            distribution,
        } = node
        else {
            continue;
        };
        let support = supports
            .get_mut(*variable)
            .ok_or_else(|| Problem::Variable(*variable, variables).at(id))?;
        let own = Support::of(distribution);
        *support = support.union(own).ok_or_else(|| {
            Problem::MixedKinds {
                variable: *variable,
                before: support.kind(),
                here: own.kind(),
            }
            .at(id)
        })?;
    }
    Ok(supports)
}
