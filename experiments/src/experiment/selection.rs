//! The records of one run, narrowed down by parameters.

use serde_json::Value;

use super::definition::Scale;
use super::record::{Record, Statistic};

/// Some records of one run of one experiment.
#[derive(Clone, Debug, Default)]
pub struct Selection<'a> {
    records: Vec<&'a Record>,
}

impl<'a> Selection<'a> {
    /// The newest run of these records, of this scale if one is given.
    #[must_use]
    pub fn newest(records: &'a [Record], scale: Option<Scale>) -> Self {
        let wanted = |record: &&Record| scale.is_none_or(|scale| record.scale == scale);
        // Times in UTC compare as texts; of runs in the same second the later one in the file.
        let newest = records
            .iter()
            .filter(wanted)
            .map(|record| &record.run)
            .max();
        Self {
            records: records
                .iter()
                .filter(wanted)
                .filter(|record| Some(&record.run) == newest)
                .collect(),
        }
    }

    /// Those that have this value of a parameter.
    #[must_use]
    pub fn with(&self, key: &str, value: impl Into<Value>) -> Self {
        let value = value.into();
        self.filter(|record| record.parameters.get(key) == Some(&value))
    }

    /// Those that do not have a parameter.
    #[must_use]
    pub fn without(&self, key: &str) -> Self {
        self.filter(|record| !record.parameters.contains_key(key))
    }

    /// Those that satisfy a condition.
    #[must_use]
    pub fn filter(&self, mut keep: impl FnMut(&Record) -> bool) -> Self {
        Self {
            records: self
                .records
                .iter()
                .copied()
                .filter(|&record| keep(record))
                .collect(),
        }
    }

    /// The records, in the order in which they were measured.
    #[must_use]
    pub fn records(&self) -> &[&'a Record] {
        &self.records
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// The values of a parameter, each once, in the order in which they come first.
    #[must_use]
    pub fn distinct(&self, key: &str) -> Vec<Value> {
        let mut values = Vec::new();
        for value in self
            .records
            .iter()
            .filter_map(|record| record.parameters.get(key))
        {
            if !values.contains(value) {
                values.push(value.clone());
            }
        }
        values
    }

    /// A figure of the only record there is; `None` if there are more or fewer, or it has no such figure.
    #[must_use]
    pub fn statistic(&self, figure: &str) -> Option<&'a Statistic> {
        match self.records.as_slice() {
            [record] => record.figures.get(figure),
            _ => None,
        }
    }

    /// The median of a figure of the only record there is.
    #[must_use]
    pub fn median(&self, figure: &str) -> Option<f64> {
        self.statistic(figure).map(|statistic| statistic.median)
    }

    /// A figure against a parameter that is a number, by rising parameter.
    #[must_use]
    pub fn series(&self, x: &str, figure: &str) -> Vec<(f64, &'a Statistic)> {
        let mut series: Vec<(f64, &Statistic)> = self
            .records
            .iter()
            .filter_map(|record| {
                let x = record.parameters.get(x)?.as_f64()?;
                Some((x, record.figures.get(figure)?))
            })
            .collect();
        series.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        series
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::definition::parameters;
    use crate::experiment::store::tests::record;

    #[test]
    fn the_newest_run_counts() {
        let at =
            |batch: u64, relu: &str| parameters([("batch", batch.into()), ("relu", relu.into())]);
        let records = [
            record("2026-01-01T00:00:00Z", Scale::Full, at(1, "gc"), &[9.0]),
            record("2026-01-02T00:00:00Z", Scale::Quick, at(4, "gc"), &[4.0]),
            record("2026-01-02T00:00:00Z", Scale::Quick, at(2, "gc"), &[2.0]),
            record("2026-01-02T00:00:00Z", Scale::Quick, at(2, "ot"), &[1.0]),
        ];
        let newest = Selection::newest(&records, None);
        assert_eq!(newest.records().len(), 3);
        assert_eq!(newest.distinct("relu"), ["gc", "ot"]);
        let gc = newest.with("relu", "gc");
        let series: Vec<(f64, f64)> = gc
            .series("batch", "seconds")
            .iter()
            .map(|(x, y)| (*x, y.median))
            .collect();
        assert_eq!(series, [(2.0, 2.0), (4.0, 4.0)]);
        assert_eq!(gc.with("batch", 4).median("seconds"), Some(4.0));
        assert_eq!(gc.median("seconds"), None);
        assert!(newest.without("relu").is_empty());

        let full = Selection::newest(&records, Some(Scale::Full));
        assert_eq!(full.median("seconds"), Some(9.0));
        assert!(Selection::newest(&[], None).is_empty());
    }
}
