//! What `bench precision --json` writes.

use halfmask_models::nn::planner::PlanOptions;
use serde::{Deserialize, Serialize};

use super::Sweep;
use crate::machine::{self, Machine};

/// A record. Shares are between 0 and 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// `precision`.
    pub name: String,
    /// The model's name.
    pub model: String,
    /// The data set.
    pub data: String,
    /// What must be said about the choice of data.
    pub data_note: Option<String>,
    /// Images evaluated.
    pub images: usize,
    /// Of the float model.
    pub float_accuracy: f64,
    /// The float model's largest score of any image, without its sign: what errors are to be compared with.
    pub largest_score: f64,
    /// Every setting that the planner accepts.
    pub points: Vec<Point>,
    /// The others.
    pub refused: Vec<Refused>,
    /// What it ran on.
    pub machine: Machine,
    /// When, in UTC.
    pub timestamp: String,
    /// The source's commit, or `unknown`.
    pub commit: String,
    /// Whether tracked files differ from it.
    pub dirty: Option<bool>,
}

/// What is varied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Precision {
    /// Bits of a ReLU's comparison.
    pub relu_width: u32,
    /// Bits of a weight, sign included.
    pub weight_bits: u32,
    /// Bits of shares below a comparison's unit.
    pub guard_bits: u32,
}

/// One setting.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// The setting.
    #[serde(flatten)]
    pub options: Precision,
    /// Whether it is the planner's default.
    pub default: bool,
    /// Of the fixed-point twin.
    pub accuracy: f64,
    /// Classes equal to the float model's.
    pub float_agreement: f64,
    /// Largest difference of a score from the float model's, over all images and classes.
    pub max_error: f64,
    /// Mean of the differences, without their signs.
    pub mean_error: f64,
    /// Garbled gates of a ReLU's comparison.
    pub and_gates_per_relu: f64,
}

/// A setting that the planner refuses.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Refused {
    /// The setting.
    #[serde(flatten)]
    pub options: Precision,
    /// Its reason.
    pub why: String,
}

impl Default for Precision {
    fn default() -> Self {
        let planner = PlanOptions::default();
        Self {
            relu_width: planner.relu_width,
            weight_bits: planner.weight_bits,
            guard_bits: planner.guard_bits,
        }
    }
}

impl Precision {
    /// The planner's options, all others at their defaults.
    pub(super) fn plan_options(self) -> PlanOptions {
        PlanOptions {
            relu_width: self.relu_width,
            weight_bits: self.weight_bits,
            guard_bits: self.guard_bits,
            ..PlanOptions::default()
        }
    }
}

impl Sweep<'_> {
    /// The record of these points, here and now.
    pub(super) fn record(&self, points: Vec<Point>, refused: Vec<Refused>) -> Record {
        let labels = self.data.labels.values.iter().map(|l| usize::from(*l));
        let right = labels.zip(&self.classes).filter(|(a, b)| a == *b).count();
        let scores = self.scores.iter().flatten();
        let commit = machine::commit();
        Record {
            name: "precision".into(),
            model: self.network.name.clone(),
            data: self.data.name.into(),
            data_note: self.data.note.clone(),
            images: self.data.images.count,
            float_accuracy: right as f64 / self.data.images.count as f64,
            largest_score: scores.fold(0.0, |largest, score| largest.max(score.abs())),
            points,
            refused,
            // Plain integers: no kernel has a part in them.
            machine: Machine::here("scalar".into()),
            timestamp: machine::timestamp(),
            commit: commit.hash,
            dirty: commit.dirty,
        }
    }
}

impl Record {
    /// Whether the figures are possible; says what the record is of.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn check(&self) -> Result<String, String> {
        let rule = |holds: bool, what: String| if holds { Ok(()) } else { Err(what) };
        let share = |what: &str, share: f64| {
            let holds = (0.0..=1.0).contains(&share);
            rule(holds, format!("{what} is {share}"))
        };
        rule(self.images > 0, "no images".into())?;
        share("float_accuracy", self.float_accuracy)?;
        let defaults = self.points.iter().filter(|p| p.default).count();
        rule(defaults == 1, format!("{defaults} points are the default"))?;
        for point in &self.points {
            let Precision {
                relu_width,
                weight_bits,
                guard_bits,
            } = point.options;
            let place = format!("width {relu_width}, weights {weight_bits}, guard {guard_bits}");
            share(&format!("{place}: accuracy"), point.accuracy)?;
            share(&format!("{place}: float_agreement"), point.float_agreement)?;
            let Point {
                max_error,
                mean_error,
                ..
            } = point;
            rule(
                // Sums of many errors are rounded.
                *mean_error >= 0.0 && *mean_error <= *max_error * (1.0 + 1e-9),
                format!("{place}: mean error {mean_error}, largest {max_error}"),
            )?;
            // Who is right with one is wrong only where both differ.
            let apart = (point.accuracy - self.float_accuracy).abs();
            rule(
                apart <= 1.0 - point.float_agreement + 1e-9,
                format!("{place}: accuracies further apart than classes"),
            )?;
        }
        Ok(format!(
            "{} settings on {} images",
            self.points.len(),
            self.images
        ))
    }
}
