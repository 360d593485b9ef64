//! `halfmask spn train`: learns a network and says how good it is.

use std::path::{Path, PathBuf};
use std::time::Instant;

use comfy_table::Table as Printed;
use halfmask_models::spn::float::Evaluator;
use halfmask_models::spn::graph::{Evidence, Spn};
use halfmask_models::spn::json;
use halfmask_models::spn::learn::{
    Kind, LearnError, Learned, Learner, Progress, Rows, Settings, Smoothing, Stage, Table, learn,
};
use serde::Serialize;

use super::dataset::{Sheet, Source, Splits};
use crate::exit::Error;
use crate::infer::progress_spinner;
use crate::output::{print, write_whole};

/// What to learn and where to put it.
#[derive(Clone, Debug)]
pub struct Options {
    /// The rows.
    pub source: Source,
    /// How the structure is found.
    pub learner: Learner,
    /// Kind of every column; binary columns are Bernoulli and others Gaussian where it is `None`.
    pub kind: Option<Kind>,
    /// The column that class queries ask for.
    pub class: Option<String>,
    /// Strengths of smoothing of leaves; the best on the validation rows is kept.
    pub smoothing: Vec<f64>,
    /// Most iterations of EM.
    pub iterations: usize,
    /// Of all randomness.
    pub seed: u64,
    /// Where the network goes.
    pub output: PathBuf,
    /// Where the record goes.
    pub json: Option<PathBuf>,
    /// No line an iteration.
    pub quiet: bool,
}

/// What was learned.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Record {
    /// `spn train`.
    pub name: &'static str,
    /// File or set.
    pub data: String,
    /// Rows learned from.
    pub train_rows: usize,
    /// Rows chosen by.
    pub valid_rows: usize,
    /// Rows reported on.
    pub test_rows: usize,
    /// Columns.
    pub variables: usize,
    /// Sums.
    pub sums: usize,
    /// Two-input log-sums that they take.
    pub binary_sums: usize,
    /// Products.
    pub products: usize,
    /// Leaves.
    pub leaves: usize,
    /// Edges.
    pub edges: usize,
    /// Longest path, in edges.
    pub depth: usize,
    /// Nodes with several parents.
    pub shared: usize,
    /// Size of the file.
    pub bytes: usize,
    /// Strength of smoothing that was best.
    pub smoothing: f64,
    /// Of all randomness.
    pub seed: u64,
    /// Mean log-likelihoods, natural.
    pub train: f64,
    /// Of the validation rows.
    pub valid: f64,
    /// Of the test rows.
    pub test: Option<f64>,
    /// Share of test rows whose class is predicted right, where there is a class column.
    pub test_accuracy: Option<f64>,
    /// Wall clock.
    pub seconds: f64,
}

/// Learns.
///
/// # Errors
/// If rows or settings are unusable, or the network cannot be written.
pub fn run(options: &Options) -> Result<Record, Error> {
    let start = Instant::now();
    let splits = options.source.read()?;
    let train = table(&splits.name, &splits.train)?;
    let valid = table(&splits.name, &splits.valid)?;
    let class = options
        .class
        .as_deref()
        .map(|name| column(&splits.train, name))
        .transpose()?;
    let mut kinds = kinds(options.kind, &train);
    if let Some(kind) = class.and_then(|class| kinds.get_mut(class)) {
        *kind = Kind::Categorical;
    }
    if let Some(note) = &splits.note {
        print(&format!("{}: {note}\n", splits.name))?;
    }
    print(&format!(
        "{}: {} rows to learn from, {} to choose by, {} variables\n",
        splits.name,
        train.rows(),
        valid.rows(),
        train.variables()
    ))?;
    let rows = Rows {
        train: &train,
        valid: Some(&valid),
        kinds: &kinds,
        names: &splits.train.names,
        class,
    };
    let (smoothing, learned) = best(options, rows)?;
    let record = record(options, &splits, &learned, smoothing, class, start)?;
    if let Some(path) = &options.json {
        let mut text =
            serde_json::to_vec_pretty(&record).map_err(|error| Error::Failed(error.to_string()))?;
        text.push(b'\n');
        write_whole(path, &text)?;
    }
    print(&format!("{}\n", summary(&record)))?;
    Ok(record)
}

/// The best on the validation rows over the strengths of smoothing.
fn best(options: &Options, rows: Rows<'_>) -> Result<(f64, Learned), Error> {
    let spinner = progress_spinner();
    let mut best: Option<(f64, Learned)> = None;
    let mut failed = None;
    for &leaves in &options.smoothing {
        let settings = Settings {
            learner: options.learner.clone(),
            smoothing: Smoothing {
                leaves,
                weights: 0.1,
            },
            iterations: options.iterations,
            patience: 5,
            seed: options.seed,
        };
        let mut report = |progress: Progress| {
            let line = line(leaves, progress);
            spinner.set_message(line.clone());
            if !options.quiet {
                spinner.suspend(|| failed = print(&format!("{line}\n")).err());
            }
        };
        let learned = learn(rows, &settings, &mut report)
            .map_err(|error| refused(&options.source.data, &error))?;
        let value = |learned: &Learned| learned.valid.unwrap_or(learned.train);
        if best
            .as_ref()
            .is_none_or(|(_, old)| value(&learned) > value(old))
        {
            best = Some((leaves, learned));
        }
    }
    spinner.finish_and_clear();
    match (failed, best) {
        (Some(error), _) => Err(error),
        (None, Some(best)) => Ok(best),
        (None, None) => Err(Error::Usage("--smoothing: no value".into())),
    }
}

fn line(smoothing: f64, progress: Progress) -> String {
    let stage = match progress.stage {
        Stage::Growing => "structure",
        Stage::Fitting => "em",
    };
    let value = |value: Option<f64>| value.map_or_else(|| "-".into(), |v| format!("{v:.4}"));
    format!(
        "smoothing {smoothing}, {stage} {:3}: {:5} sums, train {}, valid {}",
        progress.iteration,
        progress.sums,
        value(progress.train),
        value(progress.valid)
    )
}

fn record(
    options: &Options,
    splits: &Splits,
    learned: &Learned,
    smoothing: f64,
    class: Option<usize>,
    start: Instant,
) -> Result<Record, Error> {
    let mut text = Vec::new();
    json::write(&learned.spn, &mut text).map_err(|error| Error::Failed(error.to_string()))?;
    write_whole(&options.output, &text)?;
    let mean = |sheet: &Sheet| mean(&learned.spn, sheet, &splits.name);
    let counts = learned.spn.counts();
    let accuracy = match (class, &splits.test) {
        (Some(class), Some(test)) => Some(accuracy(&learned.spn, test, class, &splits.name)?),
        _ => None,
    };
    Ok(Record {
        name: "spn train",
        data: splits.name.clone(),
        train_rows: splits.train.rows.len(),
        valid_rows: splits.valid.rows.len(),
        test_rows: splits.test.as_ref().map_or(0, |test| test.rows.len()),
        variables: splits.train.names.len(),
        sums: counts.sums,
        binary_sums: learned.binary_sums,
        products: counts.products,
        leaves: counts.leaves,
        edges: counts.edges,
        depth: counts.depth,
        shared: counts.shared,
        bytes: text.len(),
        smoothing,
        seed: options.seed,
        train: mean(&splits.train)?,
        valid: mean(&splits.valid)?,
        test: splits.test.as_ref().map(mean).transpose()?,
        test_accuracy: accuracy,
        seconds: start.elapsed().as_secs_f64(),
    })
}

/// Mean log-likelihood by the evaluator, which knows nothing of the learner.
fn mean(spn: &Spn, sheet: &Sheet, name: &str) -> Result<f64, Error> {
    let rows: Vec<Vec<Evidence>> = sheet
        .rows
        .iter()
        .map(|row| row.iter().copied().map(Evidence::Observed).collect())
        .collect();
    let values = Evaluator::new(spn)
        .log_likelihood(&rows)
        .map_err(|error| Error::Usage(format!("{name}: {error}")))?;
    Ok(values.iter().sum::<f64>() / values.len().max(1) as f64)
}

fn accuracy(spn: &Spn, sheet: &Sheet, class: usize, name: &str) -> Result<f64, Error> {
    let rows: Vec<Vec<Evidence>> = sheet
        .rows
        .iter()
        .map(|row| {
            let known = |(k, &value)| match k == class {
                true => Evidence::Missing,
                false => Evidence::Observed(value),
            };
            row.iter().enumerate().map(known).collect()
        })
        .collect();
    let classes = Evaluator::new(spn)
        .classify(&rows)
        .map_err(|error| Error::Usage(format!("{name}: {error}")))?;
    let right = classes
        .iter()
        .zip(&sheet.rows)
        .filter(|(found, row)| row.get(class) == Some(&(found.class as f64)))
        .count();
    Ok(right as f64 / sheet.rows.len().max(1) as f64)
}

fn summary(record: &Record) -> String {
    let mut table = Printed::new();
    table.load_style(comfy_table::presets::UTF8_HORIZONTAL_ONLY);
    table.set_header(["rows", "number", "mean log-likelihood"]);
    table.add_row([
        "train",
        &record.train_rows.to_string(),
        &format!("{:.4}", record.train),
    ]);
    table.add_row([
        "valid",
        &record.valid_rows.to_string(),
        &format!("{:.4}", record.valid),
    ]);
    if let Some(test) = record.test {
        table.add_row(["test", &record.test_rows.to_string(), &format!("{test:.4}")]);
    }
    let mut shape = Printed::new();
    shape.load_style(comfy_table::presets::UTF8_HORIZONTAL_ONLY);
    shape.set_header([
        "variables",
        "sums",
        "two-input",
        "products",
        "leaves",
        "edges",
        "depth",
        "bytes",
        "seconds",
    ]);
    shape.add_row([
        record.variables.to_string(),
        record.sums.to_string(),
        record.binary_sums.to_string(),
        record.products.to_string(),
        record.leaves.to_string(),
        record.edges.to_string(),
        record.depth.to_string(),
        record.bytes.to_string(),
        format!("{:.1}", record.seconds),
    ]);
    let accuracy = record.test_accuracy.map_or_else(String::new, |share| {
        format!("\nclasses right on the test rows: {share:.3}")
    });
    format!("{table}\n{shape}{accuracy}")
}

fn table(name: &str, sheet: &Sheet) -> Result<Table, Error> {
    Table::from_rows(&sheet.rows).map_err(|error| refused(Path::new(name), &error))
}

fn kinds(kind: Option<Kind>, train: &Table) -> Vec<Kind> {
    let own = if train.is_binary() {
        Kind::Bernoulli
    } else {
        Kind::Gaussian
    };
    vec![kind.unwrap_or(own); train.variables()]
}

fn column(sheet: &Sheet, name: &str) -> Result<usize, Error> {
    let number = name.parse().ok().filter(|&k: &usize| k < sheet.names.len());
    let found = sheet.names.iter().position(|other| other == name);
    found
        .or(number)
        .ok_or_else(|| Error::Usage(format!("--class {name}: no such column")))
}

fn refused(what: &Path, error: &LearnError) -> Error {
    match error {
        LearnError::Graph(_) => Error::Failed(error.to_string()),
        _ => Error::Usage(format!("{}: {error}", what.display())),
    }
}
