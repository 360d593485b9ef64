//! Every model that comes with the program, once: how well, how fast, with how many bytes and how much memory.

use serde_json::Value;

use super::{cryptonets, spn};
use crate::experiment::definition::{
    Artefact, Column, Estimate, Experiment, Job, Point, Settings, Table, everywhere,
};
use crate::experiment::quantity::{number, quantity};
use crate::experiment::record::Record;
use crate::experiment::selection::Selection;

/// The experiment.
pub(super) const EXPERIMENT: Experiment = Experiment {
    id: "zoo",
    shows: "every committed model: accuracy or error, seconds, bytes and memory",
    quick: Estimate::new(90, 600),
    full: Estimate::new(240, 1200),
    available: everywhere,
    jobs,
    report,
};

/// Sum-product networks of a quick run.
const QUICK: [&str; 6] = [
    "dna",
    "iris_classifier",
    "nips100_poisson",
    "nltcs",
    "wine_gaussian",
    "wine_histogram",
];

fn jobs(settings: &Settings) -> Vec<Job> {
    let repetitions = settings.repetitions(1, 3);
    let mut jobs = Vec::new();
    for (model, protocol) in [("cryptonets-relu", "hybrid"), ("cryptonets-square", "he")] {
        for (part, images) in [("batch", settings.by_scale(1_000, 10_000)), ("one", 1)] {
            jobs.push(
                Job::new("bench cryptonets", images_of)
                    .with("model", model)
                    .with("protocol", protocol)
                    .parameter("part", part)
                    .option("images", images)
                    .times(repetitions),
            );
        }
    }
    // A process a network: its memory is its own.
    jobs.extend(spn::networks(settings, &QUICK).into_iter().map(|model| {
        let mut job = Job::new("bench spn", spn::points)
            .parameter("part", "rows")
            .option("profile", "halfmask")
            .option("rows", settings.by_scale(128, 512))
            .option("seed", settings.seed);
        job.arguments.push(model);
        job.times(repetitions)
    }));
    jobs
}

/// The run as a whole.
fn images_of(record: &Value) -> Result<Vec<Point>, String> {
    let points = cryptonets::points(record)?.into_iter();
    let mut run: Vec<Point> = points.take(1).collect();
    for point in &mut run {
        // The jobs tell their own.
        point.parameters.remove("part");
    }
    Ok(run)
}

fn report(selection: &Selection) -> Vec<Artefact> {
    let images = selection.with("part", "batch");
    let rows = selection.with("part", "rows");
    let images = images.records().iter();
    let images = images.filter_map(|record| network(record, selection));
    let rows = rows.records().iter().filter_map(|record| spn_row(record));
    vec![Artefact::Table(Table {
        name: "table-zoo",
        caption: "Every model that comes with the program, evaluated privately over loopback: neural networks on images (accuracy, the float model's in \
                  brackets), sum-product networks on rows (largest error of a log-likelihood against float64, and classes where there are). One input is by itself, after set-up; inputs a second, \
                  traffic and memory (both parties) are of a batch."
            .to_owned(),
        columns: vec![
            Column::words("model"),
            Column::words("protocol"),
            Column::numbers("quality"),
            Column::numbers("one input"),
            Column::numbers("inputs/s"),
            Column::numbers("traffic"),
            Column::numbers("memory"),
        ],
        rows: images.chain(rows).collect(),
    })]
}

/// A neural network's row.
fn network(record: &Record, all: &Selection) -> Option<Vec<String>> {
    let median = |figure: &str| Some(record.figures.get(figure)?.median);
    let model = record.parameters.get("model")?;
    let protocol = record.parameters.get("protocol")?.as_str()?;
    let one = all.with("part", "one").with("model", model.clone());
    let memory = median("peak_memory")
        .or_else(|| Some(median("peak_memory_client")? + median("peak_memory_server")?));
    Some(vec![
        model.as_str()?.to_owned(),
        protocol.to_owned(),
        format!(
            "{} ({})",
            quantity(median("accuracy")?, "%"),
            quantity(median("accuracy_float")?, "%")
        ),
        one.median("seconds")
            .map_or_else(String::new, |seconds| quantity(seconds, "s")),
        number(median("images_per_second")?),
        quantity(median("bytes_up")? + median("bytes_down")?, "B"),
        memory.map_or_else(String::new, |bytes| quantity(bytes, "B")),
    ])
}

/// A sum-product network's row.
fn spn_row(record: &Record) -> Option<Vec<String>> {
    let median = |figure: &str| Some(record.figures.get(figure)?.median);
    let error = median("error_float").map(|error| format!("{error:.1e} nats"));
    let classes =
        median("label_agreement").map(|share| format!("{} same class", quantity(share, "%")));
    let quality: Vec<String> = error.into_iter().chain(classes).collect();
    Some(vec![
        record.parameters.get("model")?.as_str()?.replace('_', " "),
        "SPN".to_owned(),
        quality.join(", "),
        quantity(median("seconds")?, "s"),
        number(median("rows_per_second")?),
        quantity(median("bytes_per_row")?, "B"),
        median("peak_memory").map_or_else(String::new, |bytes| quantity(bytes, "B")),
    ])
}

#[cfg(test)]
mod tests {
    use super::super::spn::tests::run;
    use super::super::testing::{artefacts, records};
    use super::*;
    use serde_json::json;

    /// The committed record of a run.
    const HYBRID: &str = include_str!("../../../../results/cryptonets.json");

    #[test]
    fn every_kind_of_model_is_a_row() {
        let hybrid: Value = serde_json::from_str(HYBRID).unwrap();
        let mut encrypted = hybrid.clone();
        encrypted["peak_rss_bytes"] = 3e8.into();
        let rows = [run("a_b", "halfmask", 8_000, None, 7_000.0)];
        let rows = json!({"models": rows, "peak_rss_bytes": 2e8});
        let mut all = records(&EXPERIMENT, 0, &hybrid);
        all.extend(records(&EXPERIMENT, 1, &hybrid));
        all.extend(records(&EXPERIMENT, 2, &encrypted));
        all.extend(records(&EXPERIMENT, 4, &rows));
        let (tables, plots) = artefacts(&EXPERIMENT, &all);
        assert!(plots.is_empty());
        let shown = &tables[0].rows;
        let protocols: Vec<&str> = shown.iter().map(|row| row[1].as_str()).collect();
        assert_eq!(protocols, ["hybrid", "he", "SPN"]);
        // One image of the second was not measured; all else was.
        assert!(shown[1][3].is_empty());
        assert!(
            shown
                .iter()
                .flatten()
                .filter(|cell| cell.is_empty())
                .count()
                == 1
        );
        assert!(shown[0][2].contains(" % (") && shown[2][2] == "2.0e-4 nats");
        assert_eq!([&shown[1][6], &shown[2][6]], ["300 MB", "200 MB"]);
    }
}
