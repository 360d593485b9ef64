//! One image, from its pixels to its class: how long, over which network, by which protocol.

use super::cryptonets::points;
use crate::experiment::definition::{
    Artefact, Column, Estimate, Experiment, Job, Plot, Settings, Table, everywhere,
};
use crate::experiment::published::mp2ml;
use crate::experiment::quantity::{number, quantity};
use crate::experiment::record::Statistic;
use crate::experiment::selection::Selection;
use crate::plot::{Axis, AxisScale, Bars, Figure, Mark, Stack};

/// The experiment.
pub(super) const EXPERIMENT: Experiment = Experiment {
    id: "cryptonets-latency",
    shows: "seconds of one image by network and protocol, set-up apart",
    quick: Estimate::new(40, 400),
    full: Estimate::new(150, 400),
    available: everywhere,
    jobs,
    report,
};

/// ReLU by whichever is cheaper, by garbled signs, by look-ups on oblivious transfer.
const ENGINES: [&str; 3] = ["auto", "gc", "ot"];

fn jobs(settings: &Settings) -> Vec<Job> {
    let networks = settings.networks(
        &["loopback", "lan", "wan"],
        &["loopback", "lan10", "lan", "wan"],
    );
    let repetitions = settings.repetitions(3, 9);
    let mut jobs = Vec::new();
    for network in &networks {
        for relu in settings.by_scale(&ENGINES[..1], &ENGINES[..]) {
            jobs.push(one_image(network).with("relu", *relu).times(repetitions));
        }
    }
    // Where the published one runs in a moment.
    let near = networks.first().map_or("loopback", String::as_str);
    let published = one_image(near)
        .parameter("relu", "mp2ml")
        .with("profile", "mp2ml");
    jobs.push(published.times(repetitions));
    jobs
}

fn one_image(network: &str) -> Job {
    Job::new("bench cryptonets", points)
        .option("images", 1)
        .with("network", network)
}

fn report(selection: &Selection) -> Vec<Artefact> {
    let runs = selection.with("part", "run");
    let mut artefacts = vec![Artefact::Table(table(&runs))];
    artefacts.extend(plot(&runs).map(Artefact::Plot));
    artefacts
}

/// By what a run was made.
const LABELS: [(&str, &str); 4] = [
    ("auto", "Halfmask, as planned"),
    ("gc", "garbled signs"),
    ("ot", "look-ups on OT"),
    ("mp2ml", "MP2ML's circuit"),
];

fn table(runs: &Selection) -> Table {
    let rows = runs
        .records()
        .iter()
        .filter_map(|record| {
            let parameter = |key: &str| record.parameters.get(key)?.as_str();
            let median = |figure: &str| Some(record.figures.get(figure)?.median);
            let seconds = record.figures.get("seconds")?;
            let range = [seconds.lower_quartile, seconds.upper_quartile];
            Some(vec![
                parameter("network")?.to_owned(),
                label(parameter("relu")?).to_owned(),
                quantity(seconds.median, "s"),
                range.map(|bound| quantity(bound, "s")).join(" to "),
                quantity(median("seconds_setup")?, "s"),
                quantity(median("bytes_up")? + median("bytes_down")?, "B"),
                number(median("rounds")?),
            ])
        })
        .collect();
    Table {
        name: "table-latency",
        caption: format!(
            "One image, from its pixels to its class. Set-up (keys, base OT) is once a connection and not in the latency. {} took {} on {}.",
            mp2ml::LATENCY.system,
            quantity(mp2ml::LATENCY.value, mp2ml::LATENCY.unit),
            mp2ml::LATENCY.source.hardware,
        ),
        columns: vec![
            Column::words("network"),
            Column::words("ReLU by"),
            Column::numbers("latency"),
            Column::numbers("quartiles"),
            Column::numbers("set-up"),
            Column::numbers("traffic"),
            Column::numbers("rounds"),
        ],
        rows,
    }
}

fn label(relu: &str) -> &str {
    LABELS
        .iter()
        .find(|(name, _)| *name == relu)
        .map_or(relu, |(_, label)| label)
}

fn plot(runs: &Selection) -> Option<Plot> {
    let networks = runs.distinct("network");
    let stacks: Vec<Stack> = LABELS
        .iter()
        .filter_map(|(relu, label)| {
            let of_relu = runs.with("relu", *relu);
            let seconds: Vec<Option<&Statistic>> = networks
                .iter()
                .map(|network| {
                    of_relu
                        .with("network", network.clone())
                        .statistic("seconds")
                })
                .collect();
            // What was not run has no bar.
            seconds.iter().any(Option::is_some).then(|| Stack {
                spread: Some(
                    seconds
                        .iter()
                        .map(|s| s.map_or((0.0, 0.0), |s| (s.lower_quartile, s.upper_quartile)))
                        .collect(),
                ),
                ..Stack::new(
                    *label,
                    seconds
                        .iter()
                        .map(|s| s.map_or(0.0, |s| s.median))
                        .collect(),
                )
            })
        })
        .collect();
    if stacks.is_empty() {
        return None;
    }
    // The network that is like MP2ML's.
    let alike = networks.iter().position(|network| network == "lan10");
    Some(Plot {
        name: "latency",
        caption: "Latency of one image by network, set-up apart; the published figure is of two machines on a 9.6 Gbit/s link."
            .to_owned(),
        figure: Figure::Bars(Bars {
            title: String::new(),
            categories: networks
                .iter()
                .filter_map(|network| network.as_str().map(str::to_owned))
                .collect(),
            stacks,
            stacked: false,
            horizontal: false,
            value: Axis::new("latency of one image, s", AxisScale::Log10),
            marks: vec![Mark {
                x: alike.unwrap_or(0) as f64,
                y: mp2ml::LATENCY.value,
                label: mp2ml::LATENCY.label(),
            }],
        }),
    })
}
