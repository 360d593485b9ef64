//! How cost grows with threads, batch and model.
//!
//! A parameter `sweep` tells the jobs apart: `threads`, `batch` and `model`; `system` says what ran.

use serde_json::Value;

use super::cryptonets;
use super::series::line;
use crate::experiment::definition::{
    Artefact, Estimate, Experiment, Job, Plot, Point, Settings, everywhere, list, text,
};
use crate::experiment::selection::Selection;
use crate::machine;
use crate::plot::{Axis, AxisScale, Figure, Lines, Series};

/// The experiment.
pub(super) const EXPERIMENT: Experiment = Experiment {
    id: "scaling",
    shows: "rates and memory by threads, batch and model size",
    quick: Estimate::new(45, 500),
    full: Estimate::new(180, 1500),
    available: everywhere,
    jobs,
    report,
};

/// What runs, by the name in the legend: CryptoNets with ReLU by either protocol, with squares, and a random network.
const LOOK_UPS: System = System("look-ups on OT", "bench cryptonets --relu ot");
const GARBLED: System = System("garbled signs", "bench cryptonets --relu gc");
const ENCRYPTED: System = System("ciphertexts alone", "bench cryptonets --protocol he");
const SUMS: System = System("sum-product network", "bench spn --profile halfmask");

/// A name and a command line.
#[derive(Clone, Copy)]
struct System(&'static str, &'static str);

impl System {
    fn job(self, sweep: &str, points: fn(&Value) -> Result<Vec<Point>, String>) -> Job {
        Job::new(self.1, points)
            .parameter("sweep", sweep)
            .parameter("system", self.0)
            .parameter("network", "loopback")
    }

    fn images(self, sweep: &str, images: u64) -> Job {
        self.job(sweep, run).with("images", images)
    }

    fn rows(self, sweep: &str, splits: u64, settings: &Settings) -> Job {
        let mut job = self.job(sweep, networks).parameter("splits", splits);
        job.arguments.push(format!("random-{splits}"));
        job.with("rows", settings.by_scale(8_u64, 32))
            .option("single", settings.by_scale(2, 5))
            .option("seed", settings.seed)
    }
}

/// Splits of the root of random networks: about 4,500 edges each.
const SPLITS: [u64; 6] = [1, 2, 4, 8, 16, 24];
/// Images a batch: of the hybrid protocol, and on ciphertexts alone.
const BATCHES: [u64; 6] = [64, 128, 256, 512, 1024, 2048];
const ENCRYPTED_BATCHES: [u64; 4] = [1024, 2048, 4096, 8192];

fn jobs(settings: &Settings) -> Vec<Job> {
    let mut jobs = by_threads(settings);
    jobs.extend(by_batch(settings));
    let splits = settings.by_scale(&SPLITS[..2], &SPLITS[..]);
    jobs.extend(
        splits
            .iter()
            .map(|&splits| SUMS.rows("model", splits, settings)),
    );
    let repetitions = settings.repetitions(1, 3);
    jobs.into_iter().map(|job| job.times(repetitions)).collect()
}

/// From one thread a party to one a core.
fn by_threads(settings: &Settings) -> Vec<Job> {
    let cores = machine::cores() as u64;
    let counts = (0..)
        .map(|power| 1_u64 << power)
        .take_while(|count| *count <= cores);
    counts
        .flat_map(|threads| {
            let images = |many| settings.by_scale(512, many);
            [
                LOOK_UPS.images("threads", images(8_192)),
                GARBLED.images("threads", images(4_096)),
                ENCRYPTED.images("threads", images(8_192)),
                SUMS.rows("threads", settings.by_scale(1, 8), settings),
            ]
            .map(|job| job.with("threads", threads))
        })
        .collect()
}

/// Four batches of each size; one on ciphertexts alone, where a batch takes the same time whatever its size.
fn by_batch(settings: &Settings) -> Vec<Job> {
    let hybrid = settings.by_scale(&BATCHES[2..4], &BATCHES[..]).iter();
    let hybrid = hybrid.map(|&batch| LOOK_UPS.images("batch", 4 * batch).with("batch", batch));
    let encrypted = settings.by_scale(&ENCRYPTED_BATCHES[..1], &ENCRYPTED_BATCHES[..]);
    let encrypted = encrypted
        .iter()
        .map(|&batch| ENCRYPTED.images("batch", batch).with("batch", batch));
    hybrid.chain(encrypted).collect()
}

/// The whole of a run of `bench cryptonets`, with the memory of both parties.
fn run(record: &Value) -> Result<Vec<Point>, String> {
    let whole = cryptonets::points(record)?.into_iter().take(1);
    // Two processes, or one with both parties.
    let of = |side: &str| record.pointer(side).and_then(Value::as_f64);
    let both = of("/peak_rss_bytes/client").zip(of("/peak_rss_bytes/server"));
    Ok(whole
        .map(|point| match both {
            Some((client, server)) => point.figure("peak_memory", "B", client + server),
            None => point,
        })
        .collect())
}

/// The networks of a record of `bench spn`; its memory is theirs, for there is one.
fn networks(record: &Value) -> Result<Vec<Point>, String> {
    list(record, "/models")?
        .iter()
        .map(|model| {
            let point = Point::at([
                ("part", "run".into()),
                ("model", text(model, "/model")?.into()),
            ]);
            Ok(point
                .take("edges", "", model, "/edges")?
                .take("and_gates", "", model, "/and_gates")?
                .take("rows_per_second", "1/s", model, "/rows_per_second")?
                .take("seconds", "s", model, "/seconds_row_total")?
                .take("seconds_online", "s", model, "/seconds_row_online")?
                .take("bytes_per_row", "B", model, "/bytes_per_row")?
                .take("rounds", "", model, "/rounds")?
                .take_if_there("error_float", "nat", model, "/max_abs_error_nats")
                .take_if_there("peak_memory", "B", record, "/peak_rss_bytes"))
        })
        .collect()
}

fn report(selection: &Selection) -> Vec<Artefact> {
    let runs = selection.with("part", "run");
    let plots = [
        threads_plot(&runs.with("sweep", "threads")),
        batch_plot(&runs.with("sweep", "batch")),
        model_plot(&runs.with("sweep", "model")),
    ];
    plots.into_iter().flatten().map(Artefact::Plot).collect()
}

/// Rates against threads, each as a multiple of its own with one thread.
fn threads_plot(runs: &Selection) -> Option<Plot> {
    let systems = [LOOK_UPS, GARBLED, ENCRYPTED, SUMS];
    let series = systems.iter().filter_map(|System(name, _)| {
        let of = runs.with("system", *name);
        let rates = ["images_per_second", "rows_per_second"];
        let rates = rates.map(|rate| of.series("threads", rate));
        let rates = rates.into_iter().find(|rates| !rates.is_empty())?;
        let alone = rates.iter().find(|(threads, _)| *threads == 1.0)?.1.median;
        Some(line(name, &rates, alone.recip()))
    });
    let panel = Lines {
        title: String::new(),
        x: Axis::new("threads a party", AxisScale::Log2),
        y: Axis::new("rate, of that with one thread", AxisScale::Linear),
        series: series.collect(),
        marks: Vec::new(),
    };
    let caption = "Rate by threads of each party, as a multiple of that with one thread. Both parties share one machine: with as many \
                   threads each as it has cores they compete, except where one computes at a time."
        .to_owned();
    plot("scaling-threads", caption, vec![panel])
}

/// Images a second and memory against the batch.
fn batch_plot(runs: &Selection) -> Option<Plot> {
    let panel = |label: &str, figure: &str, scale: f64| Lines {
        title: String::new(),
        x: Axis::new("images a batch", AxisScale::Log2),
        y: Axis::new(label, AxisScale::Log10),
        series: [LOOK_UPS, ENCRYPTED]
            .iter()
            .map(|System(name, _)| {
                line(
                    name,
                    &runs.with("system", *name).series("batch", figure),
                    scale,
                )
            })
            .filter(|series: &Series| !series.points.is_empty())
            .collect(),
        marks: Vec::new(),
    };
    let caption = "CryptoNets by images a batch over loopback. Left: images a second, set-up left out. Right: peak memory of both parties together."
        .to_owned();
    plot(
        "scaling-batch",
        caption,
        vec![
            panel("images/s", "images_per_second", 1.0),
            panel("memory (MB)", "peak_memory", 1e-6),
        ],
    )
}

/// Time, traffic and memory of a row against the size of a random network.
fn model_plot(runs: &Selection) -> Option<Plot> {
    let against_edges = |name: &str, figure: &str, scale: f64| {
        let records = runs.records().iter();
        let mut points: Vec<_> = records
            .filter_map(|record| {
                Some((
                    record.figures.get("edges")?.median,
                    record.figures.get(figure)?,
                ))
            })
            .collect();
        points.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        line(name, &points, scale)
    };
    let panel = |label: &str, series: Vec<Series>| Lines {
        title: String::new(),
        x: Axis::new("edges of the network", AxisScale::Log10),
        y: Axis::new(label, AxisScale::Log10),
        series: series
            .into_iter()
            .filter(|series| !series.points.is_empty())
            .collect(),
        marks: Vec::new(),
    };
    let caption = "Random sum-product networks over 64 variables by their edges, over loopback. Left: seconds of a single row, in all and with \
                   everything made ahead that needs no input. Right: traffic of a row, and peak memory of both parties together, \
                   which keep what they make ahead for a row."
        .to_owned();
    plot(
        "scaling-model",
        caption,
        vec![
            panel(
                "time a row (s)",
                vec![
                    against_edges("in all", "seconds", 1.0),
                    against_edges("online", "seconds_online", 1.0),
                ],
            ),
            panel(
                "size (MB)",
                vec![
                    against_edges("traffic a row", "bytes_per_row", 1e-6),
                    against_edges("memory", "peak_memory", 1e-6),
                ],
            ),
        ],
    )
}

/// A plot of these panels that have data.
fn plot(name: &'static str, caption: String, panels: Vec<Lines>) -> Option<Plot> {
    let mut panels: Vec<Figure> = panels
        .into_iter()
        .filter(|panel| !panel.series.is_empty())
        .map(Figure::Lines)
        .collect();
    let figure = match panels.len() {
        0 => return None,
        1 => panels.remove(0),
        _ => Figure::Panels(panels),
    };
    Some(Plot {
        name,
        caption,
        figure,
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{artefacts, records};
    use super::*;
    use serde_json::json;

    const HYBRID: &str = include_str!("../../../../results/cryptonets.json");
    const ENCRYPTED_RUN: &str = include_str!("../../../../results/cryptonets-he.json");

    /// What a job might write.
    fn written(job: &Job) -> Value {
        let system = job.parameters.get("system").and_then(Value::as_str);
        match system {
            Some(name) if name == SUMS.0 => json!({
                "peak_rss_bytes": 1e8,
                "models": [{
                    "model": "random-1", "edges": 4500, "and_gates": 800_000, "rows_per_second": 50.0,
                    "seconds_row_total": 0.02, "seconds_row_online": 0.01, "bytes_per_row": 2.5e7, "rounds": 20,
                    "max_abs_error_nats": 1e-4
                }],
            }),
            Some(name) if name == ENCRYPTED.0 => serde_json::from_str(ENCRYPTED_RUN).unwrap(),
            _ => serde_json::from_str(HYBRID).unwrap(),
        }
    }

    #[test]
    fn runs_become_three_plots() {
        let jobs = jobs(&Settings::default());
        let all = jobs.iter().enumerate();
        let all: Vec<_> = all
            .flat_map(|(number, job)| records(&EXPERIMENT, number, &written(job)))
            .collect();
        assert_eq!(all.len(), jobs.len());
        let (tables, plots) = artefacts(&EXPERIMENT, &all);
        assert!(tables.is_empty());
        let names: Vec<&str> = plots.iter().map(|plot| plot.name).collect();
        assert_eq!(names, ["scaling-threads", "scaling-batch", "scaling-model"]);

        let Figure::Lines(threads) = &plots[0].figure else {
            panic!("no lines")
        };
        let labels: Vec<&str> = threads.series.iter().map(|s| s.label.as_str()).collect();
        assert_eq!(labels, [LOOK_UPS.0, GARBLED.0, ENCRYPTED.0, SUMS.0]);
        // The same record for all numbers of threads.
        let points = threads.series.iter().flat_map(|series| &series.points);
        assert!(
            points
                .map(|point| point.y)
                .all(|rate| (rate - 1.0).abs() < 1e-12)
        );

        let Figure::Panels(panels) = &plots[1].figure else {
            panic!("no panels")
        };
        let Figure::Lines(memory) = &panels[1] else {
            panic!("no lines")
        };
        let both = serde_json::from_str::<Value>(HYBRID).unwrap();
        let both = ["client", "server"].map(|side| both["peak_rss_bytes"][side].as_f64().unwrap());
        assert_eq!(
            memory.series[0].points[0].y,
            1e-6 * both.iter().sum::<f64>()
        );
        for plot in plots {
            crate::plot::svg(&plot.figure).unwrap();
        }
    }
}
