//! What `bench spn-accuracy --json` writes.

use serde::{Deserialize, Serialize};

use crate::machine::{self, Machine};

/// A record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// `spn-accuracy`.
    pub name: String,
    /// Every model with every design.
    pub points: Vec<Point>,
    /// What it ran on.
    pub machine: Machine,
    /// When, in UTC.
    pub timestamp: String,
    /// The source's commit, or `unknown`.
    pub commit: String,
    /// Whether tracked files differ from it.
    pub dirty: Option<bool>,
}

/// One model with one design of the log-sum.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// The model's name.
    pub model: String,
    /// Where the rows are from.
    pub data: String,
    /// Rows evaluated.
    pub rows: usize,
    /// Of them, those with values outside their public ranges; no error counts them.
    pub clamped_rows: usize,
    /// Of the others, those that float64 gives likelihood 0; no error counts them.
    pub impossible_rows: usize,
    /// Fraction bits of a log2-likelihood.
    pub fraction_bits: u32,
    /// All its bits.
    pub word_bits: u32,
    /// `fine`, `medium` or `coarse`.
    pub level: String,
    /// Segments of the table.
    pub segments: u32,
    /// Digits of the distance within a segment that enter linearly.
    pub digits: usize,
    /// Products of digits that enter.
    pub digit_products: usize,
    /// Bits below the unit in every product.
    pub guard_bits: u32,
    /// Further bits of the constants.
    pub dither_bits: u32,
    /// AND gates of a sum of two children.
    pub two_child_sum_ands: usize,
    /// AND gates of a row's likelihood.
    pub network_ands: usize,
    /// Largest difference from float64; null if no row was compared.
    pub max_abs_error_nats: Option<f64>,
    /// Root of the mean square of the differences.
    pub rmse_nats: Option<f64>,
    /// Mean of the differences.
    pub mean_error_nats: Option<f64>,
    /// Whether it is the design that networks are planned with.
    pub default: bool,
}

impl Record {
    /// The record of these points, here and now.
    pub(super) fn new(points: Vec<Point>) -> Self {
        let commit = machine::commit();
        Self {
            name: "spn-accuracy".into(),
            points,
            // Plain integers: no kernel has a part in them.
            machine: Machine::here("scalar".into()),
            timestamp: machine::timestamp(),
            commit: commit.hash,
            dirty: commit.dirty,
        }
    }

    /// Models, in the order of the points.
    #[must_use]
    pub fn models(&self) -> Vec<&str> {
        let mut models: Vec<&str> = self.points.iter().map(|p| p.model.as_str()).collect();
        models.dedup();
        models
    }

    /// Whether the figures are possible; says what the record is of.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn check(&self) -> Result<String, String> {
        let rule = |holds: bool, what: String| if holds { Ok(()) } else { Err(what) };
        rule(!self.points.is_empty(), "no points".into())?;
        for point in &self.points {
            let Point {
                model,
                fraction_bits,
                level,
                segments,
                ..
            } = point;
            point.check().map_err(|why| {
                format!("{model}, {fraction_bits} bits, {level}, {segments} segments: {why}")
            })?;
        }
        Ok(format!("{} designs of log-sums", self.points.len()))
    }
}

impl Point {
    fn check(&self) -> Result<(), String> {
        let rule = |holds: bool, what: &str| if holds { Ok(()) } else { Err(what.to_owned()) };
        rule(self.rows > 0, "no rows")?;
        rule(
            self.clamped_rows + self.impossible_rows <= self.rows,
            "more rows left out than there are",
        )?;
        rule(self.two_child_sum_ands > 0, "a sum without gates")?;
        rule(
            self.fraction_bits < self.word_bits,
            "more fraction bits than bits",
        )?;
        let errors = [
            self.max_abs_error_nats,
            self.rmse_nats,
            self.mean_error_nats,
        ];
        let compared = self.clamped_rows + self.impossible_rows < self.rows;
        let there = |e: &Option<f64>| e.is_some_and(f64::is_finite) == compared;
        rule(errors.iter().all(there), "errors without rows, or none")?;
        let [largest, mean_square, mean] = errors.map(Option::unwrap_or_default);
        // Sums of many squares are rounded.
        rule(
            mean.abs() <= mean_square * (1.0 + 1e-9) && mean_square <= largest * (1.0 + 1e-9),
            "mean, root of the mean square and largest error are out of order",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_must_fit_each_other_and_the_rows() {
        let good = Point {
            model: "m".into(),
            data: "d".into(),
            rows: 10,
            clamped_rows: 2,
            impossible_rows: 0,
            fraction_bits: 16,
            word_bits: 28,
            level: "coarse".into(),
            segments: 28,
            digits: 3,
            digit_products: 1,
            guard_bits: 2,
            dither_bits: 0,
            two_child_sum_ands: 300,
            network_ands: 9000,
            max_abs_error_nats: Some(3e-4),
            rmse_nats: Some(1e-4),
            mean_error_nats: Some(-5e-5),
            default: true,
        };
        let check = |change: fn(&mut Point)| {
            let mut point = good.clone();
            change(&mut point);
            Record::new(vec![point]).check()
        };
        assert_eq!(check(|_| {}), Ok("1 designs of log-sums".into()));
        let lies: [fn(&mut Point); 5] = [
            |p| p.rows = 1,
            |p| p.max_abs_error_nats = Some(1e-5),
            |p| p.mean_error_nats = Some(-2e-4),
            |p| p.rmse_nats = None,
            |p| p.clamped_rows = 10,
        ];
        for (index, lie) in lies.into_iter().enumerate() {
            let why = check(lie).unwrap_err();
            assert!(why.starts_with("m, 16 bits"), "lie {index}: {why}");
        }
        assert!(Record::new(Vec::new()).check().is_err());
    }
}
