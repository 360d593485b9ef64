//! What a row of a sum-product network costs: gates, bytes, time, over networks, beside CryptoSPN's arithmetic.

use serde_json::Value;

use super::series::sample;
use super::spn::{networks, points};
use crate::experiment::definition::{
    Artefact, Column, Estimate, Experiment, Job, Plot, Settings, Table, everywhere,
};
use crate::experiment::published::cryptospn;
use crate::experiment::quantity::{number, quantity};
use crate::experiment::record::Record;
use crate::experiment::selection::Selection;
use crate::plot::{Axis, AxisScale, Figure, Lines, Mark, Series};

/// The experiment.
pub(super) const EXPERIMENT: Experiment = Experiment {
    id: "spn-cost",
    shows: "gates, bytes and seconds of a row of a sum-product network, over networks, beside CryptoSPN's arithmetic",
    quick: Estimate::new(60, 600),
    full: Estimate::new(450, 1200),
    available: everywhere,
    jobs,
    report,
};

/// Networks of a quick run.
const QUICK: [&str; 3] = ["iris_classifier", "kdd", "nltcs"];
/// Networks whose floating-point rows, megabytes each, also travel over slow links.
const SMALL: [&str; 2] = ["iris_classifier", "nltcs"];
/// Profiles that are run for comparison.
const BASELINES: &str = "garbled,cryptospn-32,cryptospn-64";

fn jobs(settings: &Settings) -> Vec<Job> {
    let links = settings.networks(&["loopback", "lan"], &["loopback", "lan", "wan"]);
    let models = networks(settings, &QUICK);
    let mut jobs = Vec::new();
    for (place, link) in links.iter().enumerate() {
        let near = place == 0;
        let (rows, single) = match near {
            true => (settings.by_scale(256, 1_024), 20),
            // Up to four megabytes a row.
            false => (settings.by_scale(8, 16), 3),
        };
        let bench = |profile: &str| {
            Job::new("bench spn", points)
                .option("profile", profile)
                .option("network", link)
                .option("seed", settings.seed)
        };
        let repetitions = settings.repetitions(1, if near { 3 } else { 1 });
        let ours = bench("halfmask")
            .option("rows", rows)
            .option("single", single);
        jobs.push(over(ours, &models).times(repetitions));
        let few = settings.by_scale(2, 4);
        let baseline = bench(BASELINES)
            .option("rows", few)
            .option("baseline-rows", few);
        if near {
            jobs.push(over(baseline.option("single", few), &models));
        } else {
            let mut small = models.clone();
            small.retain(|model| SMALL.contains(&model.as_str()));
            if !small.is_empty() {
                jobs.push(over(baseline.option("single", 1), &small));
            }
        }
    }
    jobs
}

/// With models as arguments.
fn over(mut job: Job, models: &[String]) -> Job {
    job.arguments.extend_from_slice(models);
    job
}

fn report(selection: &Selection) -> Vec<Artefact> {
    let table = Artefact::Table(table(selection));
    let plot = plot(selection).map(Artefact::Plot);
    std::iter::once(table).chain(plot).collect()
}

/// The first network, where all profiles run on all models.
fn near<'a>(selection: &Selection<'a>) -> Selection<'a> {
    match selection.distinct("network").into_iter().next() {
        Some(network) => selection.with("network", network),
        None => selection.clone(),
    }
}

fn table(selection: &Selection) -> Table {
    let near = near(selection);
    let row = |model: Value| {
        let of_model = near.with("model", model.clone());
        let ours = of_model.with("profile", "halfmask");
        let theirs = of_model.with("profile", "cryptospn-32");
        let median = |figure: &str| ours.median(figure);
        let (gates, rate) = (median("and_gates")?, median("rows_per_second")?);
        let times = |ratio: Option<f64>| ratio.map_or_else(String::new, |x| quantity(x, "x"));
        let published = theirs.median("and_gates_published");
        Some(vec![
            model.as_str()?.replace('_', " "),
            number(median("sums")?),
            number(gates),
            quantity(median("seconds")?, "s"),
            number(rate),
            quantity(median("bytes_per_row")?, "B"),
            median("error_float").map_or_else(String::new, |error| format!("{error:.1e}")),
            times(published.map(|published| published / gates)),
            times(theirs.median("rows_per_second").map(|theirs| rate / theirs)),
        ])
    };
    let rows = near.distinct("model").into_iter().filter_map(row).collect();
    let link = near.distinct("network");
    let link = link.first().and_then(Value::as_str).unwrap_or_default();
    Table {
        name: "table-spn",
        caption: format!(
            "Log-likelihoods of sum-product networks over {link}: sum nodes, AND gates a row, one row by itself, rows in a batch with their traffic, and the largest \
             error against float64, in nats. The last columns are AND gates of the same network by the counts of CryptoSPN's circuits over ours ({}), \
             and our rows a second over those of its arithmetic in 32 bits in this program.",
            cryptospn::CIRCUITS.origin.name()
        ),
        columns: vec![
            Column::words("network"),
            Column::numbers("sums"),
            Column::numbers("AND"),
            Column::numbers("one row"),
            Column::numbers("rows/s"),
            Column::numbers("traffic"),
            Column::numbers("error"),
            Column::numbers("fewer AND"),
            Column::numbers("faster"),
        ],
        rows,
    }
}

/// A figure against the number of sums, a point a model; both axes are logarithmic.
fn scatter(label: String, runs: &Selection, figure: &str) -> Series {
    let point = |record: &&Record| {
        let (sums, y) = (record.figures.get("sums")?, record.figures.get(figure)?);
        (sums.median > 0.0 && y.lower_quartile > 0.0).then(|| sample(sums.median, y, 1.0))
    };
    Series::scatter(label, runs.records().iter().filter_map(point).collect())
}

fn plot(selection: &Selection) -> Option<Plot> {
    let near = near(selection);
    let profiles = [
        ("halfmask", "Halfmask"),
        ("cryptospn-32", "CryptoSPN's arithmetic, 32 bits"),
        ("cryptospn-64", "CryptoSPN's arithmetic, 64 bits"),
    ];
    let by_profile = |figure: &str| -> Vec<Series> {
        profiles
            .iter()
            .map(|(profile, label)| {
                scatter((*label).to_owned(), &near.with("profile", *profile), figure)
            })
            .filter(|series| !series.points.is_empty())
            .collect()
    };
    let gates = by_profile("and_gates");
    if gates.is_empty() {
        return None;
    }
    let seconds = selection
        .distinct("network")
        .into_iter()
        .flat_map(|network| {
            let here = selection.with("network", network.clone());
            let name = network.as_str().unwrap_or_default().to_owned();
            profiles.iter().take(2).map(move |(profile, label)| {
                scatter(
                    format!("{label}, {name}"),
                    &here.with("profile", *profile),
                    "seconds",
                )
            })
        });
    let published = near.with("profile", "cryptospn-32");
    let published = scatter(String::new(), &published, "and_gates_published").points;
    let largest = published.iter().map(|sample| sample.x).fold(0.0, f64::max);
    let marks = published.iter().map(|sample| Mark {
        x: sample.x,
        y: sample.y,
        // One name for all of them.
        label: if sample.x < largest {
            String::new()
        } else {
            cryptospn::TWO_CHILD_SUM_32.system.to_owned()
        },
    });
    let sums = || Axis::new("sum nodes", AxisScale::Log10);
    Some(Plot {
        name: "spn-cost",
        caption: "AND gates (left) and seconds (right) of one row of a sum-product network, a point a network. CryptoSPN's arithmetic is that of its protocol, run by \
                  this program on the same rows; stars are the gates that its published circuits have for the same networks."
            .to_owned(),
        figure: Figure::Panels(vec![
            Figure::Lines(Lines {
                title: "AND gates".to_owned(),
                x: sums(),
                y: Axis::new("AND gates a row", AxisScale::Log10),
                series: gates,
                marks: marks.collect(),
            }),
            Figure::Lines(Lines {
                title: "one row".to_owned(),
                x: sums(),
                y: Axis::new("one row, s", AxisScale::Log10),
                series: seconds.filter(|series| !series.points.is_empty()).collect(),
                marks: Vec::new(),
            }),
        ]),
    })
}

#[cfg(test)]
mod tests {
    use super::super::spn::tests::run;
    use super::super::testing::{artefacts, records};
    use super::*;
    use serde_json::json;

    #[test]
    fn records_become_a_table_and_a_plot() {
        let ours = json!({"models": [run("a_b", "halfmask", 8_000, None, 7_000.0)], "peak_rss_bytes": 1e8});
        let theirs = [run("a_b", "cryptospn-32", 270_000, Some(1_160_000), 250.0)];
        let mut all = records(&EXPERIMENT, 0, &ours);
        all.extend(records(&EXPERIMENT, 1, &json!({"models": theirs})));
        assert_eq!(all[0].parameters["data"], "sampled");
        assert_eq!(all[0].figures["peak_memory"].median, 1e8);
        let (tables, plots) = artefacts(&EXPERIMENT, &all);
        let expected = [
            "a b", "20", "8,000", "1 ms", "7,000", "250 kB", "2.0e-4", "145 x", "28 x",
        ];
        assert_eq!(tables[0].rows, [expected]);
        let Figure::Panels(panels) = &plots[0].figure else {
            panic!("no panels")
        };
        let Figure::Lines(gates) = &panels[0] else {
            panic!("no lines")
        };
        let labels: Vec<&str> = gates.series.iter().map(|s| s.label.as_str()).collect();
        assert_eq!(labels, ["Halfmask", "CryptoSPN's arithmetic, 32 bits"]);
        assert_eq!((gates.marks[0].x, gates.marks[0].y), (20.0, 1_160_000.0));
        assert!(gates.marks[0].label.starts_with("CryptoSPN"));
    }

    #[test]
    fn slow_links_carry_fewer_rows_of_fewer_networks() {
        let settings = Settings {
            networks: Some(vec!["loopback".parse().unwrap(), "wan".parse().unwrap()]),
            ..Settings::default()
        };
        let jobs = jobs(&settings);
        assert_eq!(jobs.len(), 4);
        let wan = &jobs[3].arguments;
        assert!(wan.contains(&"wan".into()) && wan.contains(&BASELINES.into()));
        assert!(!wan.contains(&"kdd".into()) && jobs[1].arguments.contains(&"kdd".into()));
    }
}
