//! One line of `results/raw/ID.jsonl`: where, when, what, how often, and the figures.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::definition::{Parameters, Scale};
use super::provenance::Provenance;

/// The version of this format.
pub const VERSION: u32 = 1;

/// What repetitions of a job measured at one point.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// [`VERSION`].
    pub version: u32,
    /// The experiment's id.
    pub experiment: String,
    /// The run that it belongs to: when that began, in UTC.
    pub run: String,
    /// How much was run.
    pub scale: Scale,
    /// When the last repetition ended, in UTC.
    pub timestamp: String,
    /// Source, compiler, machine.
    pub provenance: Provenance,
    /// What was run, without the program's name; data folders are left out.
    pub command: Vec<String>,
    /// Seed of inputs that were drawn.
    pub seed: u64,
    /// What distinguishes the point.
    pub parameters: Parameters,
    /// How often it was measured.
    pub repetitions: usize,
    /// What was measured, by name.
    pub figures: BTreeMap<String, Statistic>,
}

/// A figure over repetitions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statistic {
    /// `1/s`, `s`, `B`, or empty for counts and shares.
    pub unit: String,
    /// The median.
    pub median: f64,
    /// The lower quartile, interpolated between values.
    pub lower_quartile: f64,
    /// The upper quartile.
    pub upper_quartile: f64,
    /// Every repetition's, in order.
    pub values: Vec<f64>,
}

impl Statistic {
    /// The quartiles of values; `None` if there are none or one is not finite.
    #[must_use]
    pub fn of(unit: &str, values: Vec<f64>) -> Option<Self> {
        if values.is_empty() || !values.iter().all(|value| value.is_finite()) {
            return None;
        }
        let mut sorted = values.clone();
        sorted.sort_by(f64::total_cmp);
        Some(Self {
            unit: unit.to_owned(),
            median: quantile(&sorted, 0.5),
            lower_quartile: quantile(&sorted, 0.25),
            upper_quartile: quantile(&sorted, 0.75),
            values,
        })
    }
}

/// The quantile of sorted values, linear between neighbours.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = share * (sorted.len().saturating_sub(1)) as f64;
    let below = place.floor();
    let at = |index: f64| sorted.get(index as usize).copied().unwrap_or(f64::NAN);
    let (low, high) = (at(below), at(place.ceil()));
    low + (high - low) * (place - below)
}

impl Record {
    /// Reads a line, and checks that its figures are what its values say.
    ///
    /// # Errors
    /// What is wrong.
    pub fn parse(line: &str) -> Result<Self, String> {
        let record: Self = serde_json::from_str(line).map_err(|error| error.to_string())?;
        if record.version != VERSION {
            return Err(format!(
                "format {} is not {VERSION}, which this program reads",
                record.version
            ));
        }
        for (name, statistic) in &record.figures {
            if statistic.values.len() != record.repetitions {
                return Err(format!(
                    "{name}: {} values of {} repetitions",
                    statistic.values.len(),
                    record.repetitions
                ));
            }
            let again = Statistic::of(&statistic.unit, statistic.values.clone());
            if again.as_ref() != Some(statistic) {
                return Err(format!("{name}: the quartiles are not those of its values"));
            }
        }
        Ok(record)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quartiles_interpolate() {
        let of = |values: &[f64]| {
            let s = Statistic::of("s", values.to_vec()).unwrap();
            (s.lower_quartile, s.median, s.upper_quartile)
        };
        assert_eq!(of(&[3.0]), (3.0, 3.0, 3.0));
        assert_eq!(of(&[2.0, 1.0]), (1.25, 1.5, 1.75));
        assert_eq!(of(&[5.0, 1.0, 3.0, 2.0, 4.0]), (2.0, 3.0, 4.0));
        assert_eq!(Statistic::of("s", vec![]), None);
        assert_eq!(Statistic::of("s", vec![1.0, f64::NAN]), None);
    }

    #[test]
    fn a_changed_line_is_noticed() {
        let record = Record {
            version: VERSION,
            experiment: "x".into(),
            run: "2026-01-01T00:00:00Z".into(),
            scale: Scale::Full,
            timestamp: "2026-01-01T00:00:01Z".into(),
            provenance: Provenance::here(),
            command: vec!["bench".into()],
            seed: 1,
            parameters: Parameters::new(),
            repetitions: 2,
            figures: [(
                "seconds".to_owned(),
                Statistic::of("s", vec![0.1, 0.3]).unwrap(),
            )]
            .into(),
        };
        let line = serde_json::to_string(&record).unwrap();
        assert_eq!(Record::parse(&line).unwrap(), record);
        for (from, to, what) in [
            ("0.3]", "0.4]", "quartiles"),
            ("[0.1,", "[", "1 values"),
            ("\"version\":1", "\"version\":2", "format 2"),
            ("\"seed\":1", "\"sead\":1", "sead"),
        ] {
            let changed = line.replace(from, to);
            assert_ne!(changed, line);
            let why = Record::parse(&changed).unwrap_err();
            assert!(why.contains(what), "{why}");
        }
    }
}
