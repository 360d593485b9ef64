//! What an experiment is.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::selection::Selection;
use crate::exit::Error;
use crate::net::Network;
use crate::plot;

/// An experiment.
#[derive(Clone, Copy, Debug)]
pub struct Experiment {
    /// By which the command line, records and results name it.
    pub id: &'static str,
    /// What it shows, in a line.
    pub shows: &'static str,
    /// What `--quick` takes.
    pub quick: Estimate,
    /// What `--full` takes.
    pub full: Estimate,
    /// Whether this machine and this program can run it; else why not.
    pub available: fn() -> Result<(), String>,
    /// The command lines to run.
    pub jobs: fn(&Settings) -> Vec<Job>,
    /// Tables and plots of a run. Points may be missing: a quick run has fewer, and a person may narrow it down.
    pub report: fn(&Selection) -> Vec<Artefact>,
}

/// What a run takes on two cores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// Seconds of wall clock.
    pub seconds: u32,
    /// Megabytes of memory, all processes together.
    pub memory_mb: u32,
}

impl Estimate {
    /// An estimate.
    #[must_use]
    pub const fn new(seconds: u32, memory_mb: u32) -> Self {
        Self { seconds, memory_mb }
    }
}

/// How much to run.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    clap::ValueEnum,
)]
#[serde(rename_all = "lowercase")]
pub enum Scale {
    /// At most two minutes.
    #[default]
    Quick,
    /// Everything, as often as quartiles need.
    Full,
}

impl Scale {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Quick => "quick",
            Self::Full => "full",
        }
    }
}

/// What the user asked for.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// How much.
    pub scale: Scale,
    /// Instead of the networks that the experiment would run over.
    pub networks: Option<Vec<Network>>,
    /// Seed of inputs that are drawn. Keys, masks and labels never come from it.
    pub seed: u64,
    /// Instead of the repetitions that the experiment would run.
    pub repetitions: Option<usize>,
}

impl Settings {
    /// Whether to be quick.
    #[must_use]
    pub fn quick(&self) -> bool {
        self.scale == Scale::Quick
    }

    /// One of two values, by scale.
    pub fn by_scale<T>(&self, quick: T, full: T) -> T {
        match self.scale {
            Scale::Quick => quick,
            Scale::Full => full,
        }
    }

    /// The names of the networks to run over: those asked for, or else the experiment's.
    #[must_use]
    pub fn networks(&self, quick: &[&str], full: &[&str]) -> Vec<String> {
        match &self.networks {
            Some(networks) => networks.iter().map(Network::to_string).collect(),
            None => self
                .by_scale(quick, full)
                .iter()
                .map(|&name| name.to_owned())
                .collect(),
        }
    }

    /// The repetitions of a job: those asked for, or else the experiment's.
    #[must_use]
    pub fn repetitions(&self, quick: usize, full: usize) -> usize {
        self.repetitions
            .unwrap_or_else(|| self.by_scale(quick, full))
            .max(1)
    }
}

/// What distinguishes a point from others, such as `{"network": "lan", "batch": 2048}`.
pub type Parameters = BTreeMap<String, Value>;

/// Parameters from pairs.
#[must_use]
pub fn parameters<const N: usize>(pairs: [(&str, Value); N]) -> Parameters {
    pairs
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect()
}

/// A command line of this program, and what to take from the record that it writes.
#[derive(Clone, Debug)]
pub struct Job {
    /// Without the program's name and without `--json`.
    pub arguments: Vec<String>,
    /// Parameters of all its points.
    pub parameters: Parameters,
    /// How often to run it.
    pub repetitions: usize,
    /// The points of one run, from its record; parameters of the job need not be repeated.
    pub points: fn(&Value) -> Result<Vec<Point>, String>,
}

impl Job {
    /// A job of the words of a command line, run once.
    #[must_use]
    pub fn new(words: &str, points: fn(&Value) -> Result<Vec<Point>, String>) -> Self {
        Self {
            arguments: words.split_whitespace().map(str::to_owned).collect(),
            parameters: Parameters::new(),
            repetitions: 1,
            points,
        }
    }

    /// With an option, which is also a parameter of its points: `--batch 64` and `{"batch": 64}`.
    #[must_use]
    pub fn with(mut self, option: &str, value: impl Into<Value>) -> Self {
        let value = value.into();
        let word = match &value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        self.arguments.extend([format!("--{option}"), word]);
        self.parameters.insert(option.to_owned(), value);
        self
    }

    /// With an option that distinguishes no points.
    #[must_use]
    pub fn option(mut self, option: &str, value: impl ToString) -> Self {
        self.arguments
            .extend([format!("--{option}"), value.to_string()]);
        self
    }

    /// With a parameter that is no option.
    #[must_use]
    pub fn parameter(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.parameters.insert(key.to_owned(), value.into());
        self
    }

    /// Run so often.
    #[must_use]
    pub fn times(mut self, repetitions: usize) -> Self {
        self.repetitions = repetitions;
        self
    }
}

/// What one run of a job measured at some parameters.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Point {
    /// Beside those of the job.
    pub parameters: Parameters,
    /// What was measured.
    pub figures: Vec<Figure>,
}

/// A number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figure {
    /// What of.
    pub name: &'static str,
    /// In what: `1/s`, `s`, `B`, or empty for counts and shares.
    pub unit: &'static str,
    /// How much.
    pub value: f64,
}

impl Point {
    /// A point at these parameters.
    #[must_use]
    pub fn at<const N: usize>(pairs: [(&str, Value); N]) -> Self {
        Self {
            parameters: parameters(pairs),
            figures: Vec::new(),
        }
    }

    /// With a figure.
    #[must_use]
    pub fn figure(mut self, name: &'static str, unit: &'static str, value: f64) -> Self {
        self.figures.push(Figure { name, unit, value });
        self
    }

    /// With the number at a JSON pointer of a record.
    ///
    /// # Errors
    /// If there is none.
    pub fn take(
        self,
        name: &'static str,
        unit: &'static str,
        record: &Value,
        pointer: &str,
    ) -> Result<Self, String> {
        Ok(self.figure(name, unit, number(record, pointer)?))
    }

    /// The same, if it is not null or absent.
    #[must_use]
    pub fn take_if_there(
        self,
        name: &'static str,
        unit: &'static str,
        record: &Value,
        pointer: &str,
    ) -> Self {
        match record.pointer(pointer).and_then(Value::as_f64) {
            Some(value) => self.figure(name, unit, value),
            None => self,
        }
    }
}

/// The number at a JSON pointer.
///
/// # Errors
/// If there is none.
pub fn number(record: &Value, pointer: &str) -> Result<f64, String> {
    record
        .pointer(pointer)
        .and_then(Value::as_f64)
        .ok_or_else(|| format!("no number at {pointer}"))
}

/// The text at a JSON pointer.
///
/// # Errors
/// If there is none.
pub fn text<'a>(record: &'a Value, pointer: &str) -> Result<&'a str, String> {
    record
        .pointer(pointer)
        .and_then(Value::as_str)
        .ok_or_else(|| format!("no text at {pointer}"))
}

/// The list at a JSON pointer.
///
/// # Errors
/// If there is none.
pub fn list<'a>(record: &'a Value, pointer: &str) -> Result<&'a [Value], String> {
    record
        .pointer(pointer)
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .ok_or_else(|| format!("no list at {pointer}"))
}

/// What a report shows of an experiment.
#[derive(Clone, Debug)]
pub enum Artefact {
    /// A plot.
    Plot(Plot),
    /// A table.
    Table(Table),
}

impl Artefact {
    /// The stem of its files.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Plot(plot) => plot.name,
            Self::Table(table) => table.name,
        }
    }
}

/// A plot, and how files and labels name it.
#[derive(Clone, Debug)]
pub struct Plot {
    /// The stem of its files.
    pub name: &'static str,
    /// What it shows, in full sentences.
    pub caption: String,
    /// The plot.
    pub figure: plot::Figure,
}

/// A table, and how files and labels name it.
#[derive(Clone, Debug)]
pub struct Table {
    /// The stem of its files.
    pub name: &'static str,
    /// What it shows, in full sentences.
    pub caption: String,
    /// Its columns.
    pub columns: Vec<Column>,
    /// Its rows, as wide as there are columns.
    pub rows: Vec<Vec<String>>,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// With its unit.
    pub header: String,
    /// Whether to align it to the right.
    pub numeric: bool,
}

impl Column {
    /// A column of words.
    #[must_use]
    pub fn words(header: &str) -> Self {
        Self {
            header: header.to_owned(),
            numeric: false,
        }
    }

    /// A column of numbers.
    #[must_use]
    pub fn numbers(header: &str) -> Self {
        Self {
            header: header.to_owned(),
            numeric: true,
        }
    }
}

/// For experiments that run everywhere.
///
/// # Errors
/// None.
pub const fn everywhere() -> Result<(), String> {
    Ok(())
}

/// Wraps what is wrong with a record of a job.
pub(super) fn unusable(job: &Job, why: &str) -> Error {
    Error::Failed(format!(
        "the record of `halfmask {}`: {why}",
        job.arguments.join(" ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn options_are_parameters() {
        let job = Job::new("bench relu", |_| Ok(Vec::new()))
            .with("batch", 64)
            .with("relu", "gc")
            .option("images", 100)
            .parameter("profile", "x");
        assert_eq!(
            job.arguments,
            [
                "bench", "relu", "--batch", "64", "--relu", "gc", "--images", "100"
            ]
        );
        let expected = [
            ("batch", json!(64)),
            ("profile", json!("x")),
            ("relu", json!("gc")),
        ];
        assert_eq!(job.parameters, parameters(expected));
    }

    #[test]
    fn absent_numbers_are_named() {
        let record = json!({"a": {"b": 2}, "n": null});
        let point = Point::default().take("b", "s", &record, "/a/b").unwrap();
        assert_eq!(point.figures.len(), 1);
        let why = point.clone().take("c", "s", &record, "/a/c").unwrap_err();
        assert!(why.contains("/a/c"), "{why}");
        assert_eq!(point.clone().take_if_there("n", "s", &record, "/n"), point);
    }
}
