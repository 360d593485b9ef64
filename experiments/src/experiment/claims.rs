//! What the project claims, and whether the newest records bear it out.
//!
//! A claim names an experiment, how its value is selected from a run, what is claimed, and how far another run may stay behind that and
//! why. [`all`] has them; check, the paper's numbers and README's headline come from there.

mod networks;
mod parts;
mod select;
mod sums;
mod tolerance;

use serde::Serialize;

use super::catalogue;
use super::definition::Scale;
use super::published::Published;
use super::quantity::quantity;
use super::record::Record;
use super::selection::Selection;
use super::store::Store;
use crate::exit::Error;

/// A claim.
#[derive(Clone, Copy, Debug)]
pub struct Claim {
    /// By which tables and the paper name it.
    pub id: &'static str,
    /// What is claimed of, in a line.
    pub statement: &'static str,
    /// Its row in README's headline table, if it has one.
    pub headline: Option<&'static str>,
    /// The experiment whose newest run decides.
    pub experiment: &'static str,
    /// The value in that run, if it has one.
    pub select: fn(&Selection) -> Option<f64>,
    /// Of the value, as [`quantity`] takes it.
    pub unit: &'static str,
    /// What is claimed.
    pub bound: Bound,
    /// How far a run may stay behind, as a share of what is claimed, and why so far.
    pub tolerance: (f64, &'static str),
    /// What others reached.
    pub published: Option<&'static Published>,
}

/// A value claimed, and which side of it is good.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bound {
    /// This or more.
    AtLeast(f64),
    /// This or less.
    AtMost(f64),
}

/// What records say of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Within tolerance.
    Holds,
    /// Out of it.
    Outside,
    /// The newest run has no such value, or there is none.
    NoRecord,
}

impl Verdict {
    /// In words.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::Outside => "OUTSIDE",
            Self::NoRecord => "no record",
        }
    }
}

impl Claim {
    /// The last value within tolerance.
    #[must_use]
    pub fn limit(&self) -> f64 {
        match self.bound {
            Bound::AtLeast(value) => value * (1.0 - self.tolerance.0),
            Bound::AtMost(value) => value * (1.0 + self.tolerance.0),
        }
    }

    /// What a value means for it.
    #[must_use]
    pub fn verdict(&self, measured: Option<f64>) -> Verdict {
        let good = |value| match self.bound {
            Bound::AtLeast(_) => value >= self.limit(),
            Bound::AtMost(_) => value <= self.limit(),
        };
        match measured {
            None => Verdict::NoRecord,
            Some(value) if good(value) => Verdict::Holds,
            Some(_) => Verdict::Outside,
        }
    }

    /// What is claimed, in words.
    #[must_use]
    pub fn claimed(&self) -> String {
        match self.bound {
            Bound::AtLeast(value) => format!("at least {}", quantity(value, self.unit)),
            Bound::AtMost(value) => format!("at most {}", quantity(value, self.unit)),
        }
    }
}

/// Every claim, in the order in which tables show them.
pub fn all() -> impl Iterator<Item = &'static Claim> {
    [networks::CLAIMS, parts::CLAIMS, sums::CLAIMS]
        .into_iter()
        .flatten()
}

/// A claim beside what was measured.
#[derive(Clone, Debug)]
pub struct Assessment<'a> {
    /// The claim.
    pub claim: &'static Claim,
    /// The run that decided; empty if there is none.
    pub run: Selection<'a>,
    /// Its value.
    pub measured: Option<f64>,
}

impl Assessment<'_> {
    /// What it means.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        self.claim.verdict(self.measured)
    }

    /// The value in words.
    #[must_use]
    pub fn shown(&self) -> Option<String> {
        Some(quantity(self.measured?, self.claim.unit))
    }
}

/// The records of all experiments.
#[derive(Clone, Debug, Default)]
pub struct Records(Vec<(&'static str, Vec<Record>)>);

impl Records {
    /// Reads them.
    ///
    /// # Errors
    /// As [`Store::read`].
    pub fn read(store: &Store) -> Result<Self, Error> {
        let of = |id| Ok((id, store.read(id)?));
        let records: Result<_, Error> = catalogue::ALL.iter().map(|e| of(e.id)).collect();
        records.map(Self)
    }

    /// The newest run of an experiment, of this scale if one is given.
    #[must_use]
    pub fn newest(&self, experiment: &str, scale: Option<Scale>) -> Selection<'_> {
        let records = self.0.iter().find(|(id, _)| *id == experiment);
        records.map_or_else(Selection::default, |(_, records)| {
            Selection::newest(records, scale)
        })
    }

    /// Every claim beside what the newest runs say.
    #[must_use]
    pub fn assess(&self, scale: Option<Scale>) -> Vec<Assessment<'_>> {
        let assess = |claim: &'static Claim| {
            let run = self.newest(claim.experiment, scale);
            Assessment {
                claim,
                measured: (claim.select)(&run),
                run,
            }
        };
        all().map(assess).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn claims_are_well_defined() {
        let ids: BTreeSet<&str> = all().map(|claim| claim.id).collect();
        assert_eq!(ids.len(), all().count());
        for claim in all() {
            let known = catalogue::ALL.iter().any(|e| e.id == claim.experiment);
            assert!(known, "{}: no experiment {}", claim.id, claim.experiment);
            assert!((0.0..1.0).contains(&claim.tolerance.0), "{}", claim.id);
            assert_eq!((claim.select)(&Selection::default()), None, "{}", claim.id);
        }
    }

    #[test]
    fn the_tolerance_is_on_the_bad_side() {
        let claim = |bound| Claim {
            bound,
            tolerance: (0.5, ""),
            ..*all().next().unwrap()
        };
        let (least, most) = (claim(Bound::AtLeast(100.0)), claim(Bound::AtMost(100.0)));
        assert_eq!((least.limit(), most.limit()), (50.0, 150.0));
        assert_eq!(least.verdict(Some(50.0)), Verdict::Holds);
        assert_eq!(least.verdict(Some(49.9)), Verdict::Outside);
        assert_eq!(most.verdict(Some(150.1)), Verdict::Outside);
        assert_eq!(most.verdict(None), Verdict::NoRecord);
        assert_eq!(least.verdict(Some(f64::NAN)), Verdict::Outside);
    }
}
