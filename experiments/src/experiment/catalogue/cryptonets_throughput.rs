//! CryptoNets-ReLU on MNIST: images a second by batch, protocol, threads and network, and where the time goes.
//!
//! A parameter `sweep` tells the jobs apart: `network` (protocols over the named networks), `batch`, `threads`, `link` (a grid of
//! rates and round trips), `published` (the circuit of MP2ML beside ours) and `encrypted` (no interaction).

use serde_json::Value;

use super::cryptonets::points;
use super::series::line;
use crate::experiment::definition::{
    Artefact, Column, Estimate, Experiment, Job, Plot, Settings, Table, everywhere,
};
use crate::experiment::published::{mnist, mp2ml};
use crate::experiment::quantity::{number, quantity};
use crate::experiment::record::{Record, Statistic};
use crate::experiment::selection::Selection;
use crate::plot::{Axis, AxisScale, Bars, Figure, Lines, Mark, Series, Stack};

/// The experiment.
pub(super) const EXPERIMENT: Experiment = Experiment {
    id: "cryptonets-throughput",
    shows: "images a second by batch, protocol, threads and network; where the time goes; MP2ML's circuit beside it",
    quick: Estimate::new(75, 600),
    full: Estimate::new(1350, 1200),
    available: everywhere,
    jobs,
    report,
};

/// ReLU by whichever is cheaper, by garbled signs, by look-ups on oblivious transfer.
const ENGINES: [&str; 3] = ["auto", "gc", "ot"];
/// Images a batch.
const BATCHES: [u64; 6] = [64, 128, 256, 512, 1024, 2048];
/// Rates of the grid, bits a second.
const RATES: [(&str, f64); 5] = [
    ("50mbit", 50e6),
    ("100mbit", 100e6),
    ("200mbit", 200e6),
    ("500mbit", 500e6),
    ("1gbit", 1e9),
];
/// Its round trips.
const ROUND_TRIPS: [&str; 3] = ["200us", "10ms", "40ms"];

fn jobs(settings: &Settings) -> Vec<Job> {
    let mut jobs = by_network(settings);
    jobs.extend(by_batch(settings));
    jobs.extend(by_threads(settings));
    if settings.networks.is_none() {
        jobs.extend(by_link(settings));
    }
    let near = settings.networks(&["loopback"], &["loopback"]);
    for network in near.iter().take(1) {
        let published = bench("published", settings.by_scale(64, 500))
            .with("network", network.as_str())
            .with("profile", "mp2ml")
            .parameter("relu", "mp2ml");
        jobs.push(published.times(settings.repetitions(1, 3)));
        let encrypted = bench("encrypted", settings.by_scale(1_000, 10_000))
            .with("network", network.as_str())
            .with("protocol", "he");
        jobs.push(encrypted.times(settings.repetitions(1, 3)));
    }
    jobs
}

fn bench(sweep: &str, images: u64) -> Job {
    Job::new("bench cryptonets", points)
        .parameter("sweep", sweep)
        .with("images", images)
}

/// Protocols over networks; fewer images where they take long.
fn by_network(settings: &Settings) -> Vec<Job> {
    let networks = settings.networks(
        &["loopback", "lan", "wan"],
        &["loopback", "lan10", "lan", "wan"],
    );
    let mut jobs = Vec::new();
    for network in &networks {
        for relu in settings.by_scale(&ENGINES[..1], &ENGINES[..]) {
            let images = match (network.as_str(), *relu) {
                ("loopback" | "lan10", _) => settings.by_scale(1_000, 10_000),
                ("wan", "gc") => settings.by_scale(128, 512),
                ("lan", "gc") | ("wan", _) => settings.by_scale(256, 2_048),
                _ => settings.by_scale(1_000, 4_096),
            };
            let job = bench("network", images)
                .with("network", network.as_str())
                .with("relu", *relu);
            jobs.push(job.times(settings.repetitions(2, 5)));
        }
    }
    jobs
}

fn by_batch(settings: &Settings) -> Vec<Job> {
    let mut jobs = Vec::new();
    for relu in settings.by_scale(&ENGINES[2..], &ENGINES[1..]) {
        for batch in settings.by_scale(&BATCHES[2..4], &BATCHES[..]) {
            let job = bench("batch", settings.by_scale(1_000, 4_096))
                .with("relu", *relu)
                .with("batch", *batch)
                .parameter("network", "loopback");
            jobs.push(job.times(settings.repetitions(1, 3)));
        }
    }
    jobs
}

/// From one thread a process to all cores for each of the two.
fn by_threads(settings: &Settings) -> Vec<Job> {
    let cores = crate::machine::cores() as u64;
    let mut counts = vec![1];
    while counts.last().is_some_and(|last| last * 2 <= cores) {
        counts.extend(counts.last().map(|last| last * 2));
    }
    counts
        .into_iter()
        .map(|threads| {
            bench("threads", settings.by_scale(1_000, 10_000))
                .with("relu", "ot")
                .with("threads", threads)
                .parameter("network", "loopback")
                .times(settings.repetitions(1, 3))
        })
        .collect()
}

/// A grid of rates and round trips.
fn by_link(settings: &Settings) -> Vec<Job> {
    let mut jobs = Vec::new();
    for round_trip in settings.by_scale(&ROUND_TRIPS[..1], &ROUND_TRIPS[..]) {
        for (rate, bits) in settings.by_scale(&RATES[3..], &RATES[..]) {
            let job = bench("link", settings.by_scale(256, 1_024))
                .with("network", format!("{rate},{round_trip}"))
                .parameter("bits_per_second", *bits)
                .parameter("round_trip", *round_trip);
            jobs.push(job.times(settings.repetitions(1, 3)));
        }
    }
    jobs
}

fn report(selection: &Selection) -> Vec<Artefact> {
    let runs = selection.with("part", "run");
    let plots = [
        batch_plot(&runs.with("sweep", "batch")),
        link_plot(&runs.with("sweep", "link")),
        time_plot(&selection.with("sweep", "network").with("side", "client")),
    ];
    let table = Artefact::Table(table(&runs));
    let plots = plots.into_iter().flatten().map(Artefact::Plot);
    std::iter::once(table).chain(plots).collect()
}

/// How a run's protocol is called.
fn protocol(record: &Record) -> &'static str {
    let parameter = |key: &str| record.parameters.get(key).and_then(Value::as_str);
    match (parameter("protocol"), parameter("relu")) {
        (Some("he"), _) => "ciphertexts alone",
        (_, Some("gc")) => "garbled signs",
        (_, Some("ot")) => "look-ups on OT",
        (_, Some("mp2ml")) => "MP2ML's circuit",
        _ => "as planned",
    }
}

fn table(runs: &Selection) -> Table {
    let shown = runs.filter(|record| {
        let sweep = record.parameters.get("sweep").and_then(Value::as_str);
        matches!(
            sweep,
            Some("network" | "published" | "encrypted" | "threads")
        )
    });
    let rows = shown
        .records()
        .iter()
        .filter_map(|record| {
            let median = |figure: &str| Some(record.figures.get(figure)?.median);
            let rate = record.figures.get("images_per_second")?;
            let quartiles = [rate.lower_quartile, rate.upper_quartile];
            let threads = record.parameters.get("threads");
            Some(vec![
                record.parameters.get("network")?.as_str()?.to_owned(),
                match threads {
                    Some(threads) => format!("{}, threads a party: {threads}", protocol(record)),
                    None => protocol(record).to_owned(),
                },
                number(rate.median),
                quartiles.map(number).join(" to "),
                quantity(median("bytes_up")?, "B"),
                quantity(median("bytes_down")?, "B"),
                median("bytes_per_relu").map_or_else(String::new, |bytes| quantity(bytes, "B")),
                number(median("rounds")?),
                quantity(median("accuracy")?, "%"),
            ])
        })
        .collect();
    Table {
        name: "table-throughput",
        caption: format!(
            "CryptoNets on MNIST, both parties on one machine, traffic an image and rounds a batch. {} classified {} images a second on {}.",
            mp2ml::IMAGES_PER_SECOND.system,
            mp2ml::IMAGES_PER_SECOND.value,
            mp2ml::IMAGES_PER_SECOND.source.hardware,
        ),
        columns: vec![
            Column::words("network"),
            Column::words("ReLU by"),
            Column::numbers("images/s"),
            Column::numbers("quartiles"),
            Column::numbers("up"),
            Column::numbers("down"),
            Column::numbers("a ReLU"),
            Column::numbers("rounds"),
            Column::numbers("accuracy"),
        ],
        rows,
    }
}

fn batch_plot(runs: &Selection) -> Option<Plot> {
    let series: Vec<Series> = [("ot", "look-ups on OT"), ("gc", "garbled signs")]
        .into_iter()
        .map(|(relu, label)| {
            line(
                label,
                &runs.with("relu", relu).series("batch", "images_per_second"),
                1.0,
            )
        })
        .filter(|series| !series.points.is_empty())
        .collect();
    if series.is_empty() {
        return None;
    }
    let client_aided = mnist::ROWS.iter().map(|row| row.images_per_second);
    let client_aided = client_aided.filter(|figure| figure.system == "nGraph-HE2");
    let marks = std::iter::once(mp2ml::IMAGES_PER_SECOND)
        .chain(client_aided)
        .map(|figure| Mark {
            x: PUBLISHED_BATCH,
            y: figure.value,
            label: figure.label(),
        })
        .collect();
    Some(Plot {
        name: "throughput-batch",
        caption: "Images a second against the images of a batch, over loopback. MP2ML's batch had 2,000 images, nGraph-HE2's 2,048; \
                  in the latter the client sees all activations."
            .to_owned(),
        figure: Figure::Lines(Lines {
            title: String::new(),
            x: Axis::new("images a batch", AxisScale::Log2),
            y: Axis::new("images/s", AxisScale::Log10),
            series,
            marks,
        }),
    })
}

/// Images of a batch in the runs that MP2ML published; nGraph-HE2's had 2,048.
const PUBLISHED_BATCH: f64 = 2_000.0;

fn link_plot(runs: &Selection) -> Option<Plot> {
    let series: Vec<Series> = runs
        .distinct("round_trip")
        .into_iter()
        .map(|round_trip| {
            let label = format!("round trip {}", round_trip.as_str().unwrap_or_default());
            let of = runs.with("round_trip", round_trip);
            let in_mbit: Vec<(f64, &Statistic)> = of
                .series("bits_per_second", "images_per_second")
                .into_iter()
                .map(|(bits, statistic)| (bits / 1e6, statistic))
                .collect();
            line(&label, &in_mbit, 1.0)
        })
        .collect();
    if series.is_empty() {
        return None;
    }
    Some(Plot {
        name: "throughput-network",
        caption: "Images a second against the link's rate, a line a round trip; the planner chooses protocol and source of OT for each link. \
                  Links are emulated. MP2ML's link had 9.6 Gbit/s and 0.165 ms."
            .to_owned(),
        figure: Figure::Lines(Lines {
            title: String::new(),
            x: Axis::new("rate of the link, Mbit/s", AxisScale::Log10),
            y: Axis::new("images/s", AxisScale::Log10),
            series,
            marks: vec![Mark {
                x: MP2ML_MBIT,
                y: mp2ml::IMAGES_PER_SECOND.value,
                label: mp2ml::IMAGES_PER_SECOND.label(),
            }],
        }),
    })
}

/// The rate of MP2ML's link.
const MP2ML_MBIT: f64 = 9_600.0;

/// Stacked bars of shares of the client's time: by layer, and by phase. Totals differ too much to stand side by side.
fn time_plot(runs: &Selection) -> Option<Plot> {
    let bars: Vec<(String, Selection)> = runs
        .distinct("network")
        .into_iter()
        .flat_map(|network| {
            let of_network = runs.with("network", network.clone());
            let engines = of_network.distinct("relu");
            engines.into_iter().map(move |relu| {
                let words = [&network, &relu].map(|word| word.as_str().unwrap_or_default());
                (words.join(", "), of_network.with("relu", relu))
            })
        })
        .collect();
    let stack = |label: String, key: &str, value: &Value, figures: &[&str]| {
        let values = bars.iter().map(|(_, runs)| {
            let one = runs.with(key, value.clone());
            figures.iter().filter_map(|figure| one.median(figure)).sum()
        });
        Stack::new(label, values.collect())
    };
    let (computing, waiting) = ("seconds_computing", "seconds_waiting");
    let layers = runs.distinct("layer");
    let layers = layers.iter().map(|layer| {
        let name = layer.as_str().unwrap_or_default().to_owned();
        stack(name, "layer", layer, &[computing, waiting])
    });
    let phases = [
        ("setup", "set-up"),
        ("offline", "offline"),
        ("online", "online"),
    ];
    let phases = phases.iter().flat_map(|(phase, name)| {
        let phase = Value::from(*phase);
        [(computing, "computing"), (waiting, "waiting")]
            .map(|(figure, what)| stack(format!("{name}, {what}"), "phase", &phase, &[figure]))
    });
    let panel = |title: &str, stacks: Vec<Stack>| {
        let totals: Vec<f64> = (0..bars.len())
            .map(|bar| {
                stacks
                    .iter()
                    .filter_map(|stack| stack.values.get(bar))
                    .sum()
            })
            .collect();
        // What takes no time anywhere needs no colour.
        let stacks = stacks.into_iter();
        let stacks = stacks.filter(|stack| stack.values.iter().any(|value| *value > 0.0));
        let stacks = stacks.map(|mut stack| {
            for (value, total) in stack.values.iter_mut().zip(&totals) {
                *value *= 100.0 / total.max(f64::MIN_POSITIVE);
            }
            stack
        });
        Figure::Bars(Bars {
            title: title.to_owned(),
            categories: bars.iter().map(|(name, _)| name.clone()).collect(),
            stacks: stacks.collect(),
            stacked: true,
            horizontal: true,
            value: Axis::new("share of the client's time, %", AxisScale::Linear),
            marks: Vec::new(),
        })
    };
    (!bars.is_empty()).then(|| Plot {
        name: "time-split",
        caption: "Where the client's time goes: by layer (left) and by phase, computing or waiting for the server and the network (right), by network \
                  and protocol. Set-up is once a connection."
            .to_owned(),
        figure: Figure::Panels(vec![
            panel("by layer", layers.collect()),
            panel("by phase", phases.collect()),
        ]),
    })
}
