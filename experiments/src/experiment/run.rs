//! `halfmask experiment run`: the jobs of experiments, one after another, each a process of this program.
//!
//! A process a repetition: every one starts cold, and its peak memory is its own. A job that fails costs its own records alone; the
//! others still run, and the command then fails.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use serde_json::Value;

use super::definition::{Experiment, Job, Parameters, Point, Settings, unusable};
use super::provenance::Provenance;
use super::record::{Record, Statistic, VERSION};
use super::store::Store;
use crate::bench::table::table;
use crate::exit::{Error, PREFIX, complain, one_line};
use crate::infer::progress_bar;
use crate::machine;
use crate::output;

/// What to run.
#[derive(Clone, Debug)]
pub struct Options {
    /// The experiments.
    pub experiments: Vec<&'static Experiment>,
    /// How much of them.
    pub settings: Settings,
    /// The data folder that the user names.
    pub data: Option<PathBuf>,
    /// Where records go.
    pub store: Store,
}

/// Runs experiments and appends their records.
///
/// # Errors
/// [`Error::Usage`] if one is not available here, [`Error::Failed`] if a job failed, [`Error::Write`].
pub fn run(options: &Options) -> Result<(), Error> {
    for experiment in &options.experiments {
        (experiment.available)()
            .map_err(|why| Error::Usage(format!("experiment {}: {why}", experiment.id)))?;
    }
    if cfg!(debug_assertions) {
        complain_softly("a build with debug assertions: not one to measure (use --release)");
    }
    let mut rows = Vec::new();
    let mut failures = 0;
    for experiment in &options.experiments {
        let began = Instant::now();
        let (records, failed) = one(options, experiment)?;
        failures += failed;
        rows.push(vec![
            experiment.id.to_owned(),
            records.to_string(),
            format!("{:.0} s", began.elapsed().as_secs_f64()),
            options.store.file(experiment.id).display().to_string(),
        ]);
    }
    let header = ["experiment", "records", "time", "appended to"];
    output::print(&format!("{}\n", table(&header, rows, 1)))?;
    match failures {
        0 => Ok(()),
        1 => Err(Error::Failed("a job failed: see above".into())),
        n => Err(Error::Failed(format!("{n} jobs failed: see above"))),
    }
}

fn complain_softly(note: &str) {
    eprintln!("halfmask: {note}");
}

/// Runs an experiment; returns how many records it appended and how many jobs failed.
fn one(options: &Options, experiment: &Experiment) -> Result<(usize, usize), Error> {
    let jobs = (experiment.jobs)(&options.settings);
    let provenance = Provenance::here();
    let began = machine::timestamp();
    let bar = progress_bar(jobs.iter().map(|job| job.repetitions).sum(), "runs");
    let (mut records, mut failures) = (0, 0);
    for job in &jobs {
        let measured = measure(job, options.data.as_deref(), || bar.inc(1));
        match measured.and_then(|runs| join(job, &runs)) {
            Ok(points) => {
                for (parameters, figures) in points {
                    options.store.append(&Record {
                        version: VERSION,
                        experiment: experiment.id.to_owned(),
                        run: began.clone(),
                        scale: options.settings.scale,
                        timestamp: machine::timestamp(),
                        provenance: provenance.clone(),
                        command: job.arguments.clone(),
                        seed: options.settings.seed,
                        parameters,
                        repetitions: job.repetitions,
                        figures,
                    })?;
                    records += 1;
                }
            }
            Err(error) => {
                failures += 1;
                bar.suspend(|| complain(&error.to_string()));
            }
        }
    }
    bar.finish_and_clear();
    Ok((records, failures))
}

/// The points of every repetition of a job.
fn measure(
    job: &Job,
    data: Option<&Path>,
    mut done: impl FnMut(),
) -> Result<Vec<Vec<Point>>, Error> {
    (0..job.repetitions)
        .map(|_| {
            let record = child(&job.arguments, data);
            done();
            (job.points)(&record?).map_err(|why| unusable(job, &why))
        })
        .collect()
}

/// Runs this program with these arguments, and reads the record that it writes.
fn child(arguments: &[String], data: Option<&Path>) -> Result<Value, Error> {
    let system = |what: &str| {
        let what = what.to_owned();
        move |source| Error::System { what, source }
    };
    let program = env::current_exe().map_err(system("find this program's file"))?;
    let folder = tempfile::Builder::new()
        .prefix("halfmask-")
        .tempdir()
        .map_err(system("make a folder for a record"))?;
    let file = folder.path().join("record.json");
    let mut command = Command::new(program);
    command
        .args(arguments)
        .args([OsStr::new("--json"), file.as_os_str()])
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    if let Some(data) = data {
        // Not an argument: where somebody keeps data is no part of a record.
        command.env("HALFMASK_DATA", data);
    }
    let output = command.output().map_err(system("start a job"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let line = said.lines().rev().find(|line| !line.trim().is_empty());
        let line = line.unwrap_or("it said nothing");
        return Err(Error::Failed(one_line(&format!(
            "`halfmask {}` failed ({}): {}",
            arguments.join(" "),
            output.status,
            line.strip_prefix(PREFIX).unwrap_or(line)
        ))));
    }
    let failed = |why: String| {
        Error::Failed(format!(
            "the record of `halfmask {}`: {why}",
            arguments.join(" ")
        ))
    };
    let text = fs::read_to_string(&file).map_err(|error| failed(error.to_string()))?;
    serde_json::from_str(&text).map_err(|error| failed(error.to_string()))
}

/// A point over all repetitions.
type Joined = (Parameters, std::collections::BTreeMap<String, Statistic>);

/// Puts together what every repetition says of the same point.
fn join(job: &Job, runs: &[Vec<Point>]) -> Result<Vec<Joined>, Error> {
    let broken = |why: &str| unusable(job, why);
    let first = runs.first().ok_or_else(|| broken("no repetitions"))?;
    let mut joined: Vec<Joined> = Vec::with_capacity(first.len());
    for (index, point) in first.iter().enumerate() {
        let same = runs
            .iter()
            .map(|run| {
                run.get(index)
                    .filter(|other| run.len() == first.len() && alike(point, other))
            })
            .collect::<Option<Vec<_>>>()
            .ok_or_else(|| broken("repetitions measured different points"))?;
        let mut parameters = job.parameters.clone();
        parameters.extend(point.parameters.clone());
        if joined.iter().any(|(other, _)| *other == parameters) {
            return Err(broken("two points with the same parameters"));
        }
        let mut figures = std::collections::BTreeMap::new();
        for (place, figure) in point.figures.iter().enumerate() {
            let values = same
                .iter()
                .filter_map(|point| point.figures.get(place))
                .map(|figure| figure.value)
                .collect();
            let statistic = Statistic::of(figure.unit, values)
                .ok_or_else(|| broken(&format!("{} is not a finite number", figure.name)))?;
            figures.insert(figure.name.to_owned(), statistic);
        }
        joined.push((parameters, figures));
    }
    Ok(joined)
}

/// Whether two points differ in the values of their figures alone.
fn alike(a: &Point, b: &Point) -> bool {
    let names = |point: &Point| -> Vec<(&str, &str)> {
        point
            .figures
            .iter()
            .map(|figure| (figure.name, figure.unit))
            .collect()
    };
    a.parameters == b.parameters && names(a) == names(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(batch: u64, seconds: f64) -> Point {
        Point::at([("batch", batch.into())]).figure("seconds", "s", seconds)
    }

    fn job() -> Job {
        Job::new("bench relu", |_| Ok(Vec::new())).parameter("relu", "gc")
    }

    #[test]
    fn repetitions_are_joined_point_by_point() {
        let runs = [
            vec![point(1, 1.0), point(2, 5.0)],
            vec![point(1, 3.0), point(2, 5.0)],
        ];
        let joined = join(&job(), &runs).unwrap();
        assert_eq!(joined.len(), 2);
        assert_eq!(joined[0].0.len(), 2);
        assert_eq!(joined[0].1["seconds"].values, [1.0, 3.0]);
        assert_eq!(joined[0].1["seconds"].median, 2.0);
    }

    #[test]
    fn points_that_do_not_fit_are_refused() {
        let more = point(1, 1.0).figure("bytes", "B", 1.0);
        for (runs, what) in [
            (vec![vec![point(1, 1.0)], vec![point(2, 1.0)]], "different"),
            (vec![vec![point(1, 1.0)], vec![]], "different"),
            (vec![vec![point(1, 1.0)], vec![more]], "different"),
            (vec![vec![point(1, 1.0), point(1, 2.0)]], "same parameters"),
            (vec![vec![point(1, f64::INFINITY)]], "seconds is not"),
        ] {
            let error = join(&job(), &runs).unwrap_err();
            assert!(error.to_string().contains(what), "{error}");
            assert_eq!(error.exit_code(), 1);
        }
    }
}
