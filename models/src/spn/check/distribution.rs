//! The parameters of a leaf.

use super::normalise;
use crate::spn::error::Problem;
use crate::spn::graph::{Distribution, MAX_VALUES};
use crate::spn::support;

/// Checks a leaf's parameters, and divides by their sum what nearly adds up to one.
pub(super) fn check(distribution: &mut Distribution) -> Result<(), Problem> {
    match distribution {
        Distribution::Bernoulli { p } => parameter("p", *p, "from 0 to 1", (0.0..=1.0).contains(p)),
        Distribution::Categorical { p } => {
            values(p.len())?;
            for &p in &*p {
                parameter("a probability", p, "from 0 to 1", (0.0..=1.0).contains(&p))?;
            }
            let sum = p.iter().sum();
            match normalise(p, sum) {
                true => Ok(()),
                false => Err(Problem::Mass {
                    what: "probabilities",
                    sum,
                }),
            }
        }
        Distribution::Gaussian { mean, stdev } => {
            parameter("mean", *mean, "finite", mean.is_finite())?;
            let positive = stdev.is_normal() && *stdev > 0.0;
            parameter("stdev", *stdev, "positive", positive)
        }
        Distribution::Poisson { rate } => {
            let positive = rate.is_normal() && *rate > 0.0 && *rate <= support::MAX_COUNT;
            parameter("rate", *rate, "positive, up to 2^53", positive)
        }
        Distribution::Histogram { breaks, densities } => {
            values(densities.len())?;
            if breaks.len() != densities.len() + 1 {
                return Err(Problem::BreakCount(breaks.len(), densities.len()));
            }
            let mut before = f64::NEG_INFINITY;
            for (b, &border) in breaks.iter().enumerate() {
                parameter("a border", border, "finite", border.is_finite())?;
                if border <= before {
                    return Err(Problem::Breaks(b, border));
                }
                before = border;
            }
            for &d in &*densities {
                let possible = d.is_finite() && d >= 0.0;
                parameter("a density", d, "finite and not negative", possible)?;
            }
            let sum = integral(breaks, densities);
            match normalise(densities, sum) {
                true => Ok(()),
                false => Err(Problem::Mass {
                    what: "densities times widths",
                    sum,
                }),
            }
        }
    }
}

/// The integral of a histogram.
pub(in crate::spn) fn integral(breaks: &[f64], densities: &[f64]) -> f64 {
    let widths = breaks.iter().zip(breaks.iter().skip(1)).map(|(a, b)| b - a);
    widths.zip(densities).map(|(width, d)| width * d).sum()
}

const fn values(got: usize) -> Result<(), Problem> {
    match got {
        1..=MAX_VALUES => Ok(()),
        _ => Err(Problem::Values(got, MAX_VALUES)),
    }
}

const fn parameter(
    what: &'static str,
    value: f64,
    must: &'static str,
    holds: bool,
) -> Result<(), Problem> {
    match holds {
        true => Ok(()),
        false => Err(Problem::Parameter { what, value, must }),
    }
}
