//! Garbling and evaluation by instruction set and scheme.

use serde_json::Value;

use crate::experiment::definition::{
    Artefact, Column, Estimate, Experiment, Job, Plot, Point, Settings, Table, everywhere, list,
    text,
};
use crate::experiment::published::peers::sources;
use crate::experiment::published::{Published, garbling};
use crate::experiment::quantity::{number, quantity};
use crate::experiment::record::Record;
use crate::experiment::selection::Selection;
use crate::plot::{Axis, AxisScale, Bars, Figure, Mark, Stack};

/// The experiment.
pub(super) const EXPERIMENT: Experiment = Experiment {
    id: "garbling",
    shows: "AND gates a second, garbled, evaluated and over TCP, by instruction set and scheme",
    quick: Estimate::new(12, 200),
    full: Estimate::new(60, 200),
    available: everywhere,
    jobs,
    report,
};

/// What is done with gates: the name of its figure, of its key in a record, and in words.
const WORK: [(&str, &str, &str); 3] = [
    ("garbled_per_second", "/garble_and_per_second", "garble"),
    (
        "evaluated_per_second",
        "/evaluate_and_per_second",
        "evaluate",
    ),
    (
        "end_to_end_per_second",
        "/end_to_end_and_per_second",
        "garble, send, evaluate",
    ),
];

fn jobs(settings: &Settings) -> Vec<Job> {
    vec![
        Job::new("bench garble", points)
            .option("seconds", settings.by_scale("0.2", "0.5"))
            .times(settings.repetitions(2, 5)),
    ]
}

/// The points of a record of `bench garble`.
fn points(record: &Value) -> Result<Vec<Point>, String> {
    list(record, "/kernels")?
        .iter()
        .map(|kernel| {
            let mut point = Point::at([
                ("simd", text(kernel, "/simd")?.into()),
                ("scheme", text(kernel, "/scheme")?.into()),
            ])
            .take("bytes_per_and", "B", kernel, "/bytes_per_and")?;
            for (figure, key, _) in WORK {
                point = point.take(figure, "1/s", kernel, key)?;
            }
            Ok(point)
        })
        .collect()
}

fn report(selection: &Selection) -> Vec<Artefact> {
    std::iter::once(Artefact::Table(table(selection)))
        .chain(plot(selection).map(Artefact::Plot))
        .collect()
}

/// Whose kernel a record is of.
fn kernel(record: &Record) -> Option<String> {
    let word = |key: &str| record.parameters.get(key)?.as_str();
    Some(format!("{}, {}", word("scheme")?, word("simd")?))
}

/// The figures of other programs, by the place of the work among [`WORK`].
fn others() -> [&'static [Published]; 3] {
    [
        &garbling::GARBLE,
        &garbling::EVALUATE,
        &garbling::END_TO_END,
    ]
}

fn plot(selection: &Selection) -> Option<Plot> {
    let stacks: Vec<Stack> = selection
        .records()
        .iter()
        .filter_map(|record| {
            let rates = WORK.map(|(figure, ..)| record.figures.get(figure));
            let rates: Vec<_> = rates.into_iter().collect::<Option<_>>()?;
            Some(Stack {
                spread: Some(
                    rates
                        .iter()
                        .map(|rate| (rate.lower_quartile / 1e6, rate.upper_quartile / 1e6))
                        .collect(),
                ),
                ..Stack::new(
                    kernel(record)?,
                    rates.iter().map(|rate| rate.median / 1e6).collect(),
                )
            })
        })
        .collect();
    // The first of the others, which is the quickest: more would hide each other.
    let marks = others()
        .into_iter()
        .enumerate()
        .filter_map(|(place, figures)| {
            figures.first().map(|figure| Mark {
                x: place as f64,
                y: figure.value / 1e6,
                label: figure.system.to_owned(),
            })
        });
    (!stacks.is_empty()).then(|| Plot {
        name: "garbling",
        caption: format!(
            "AND gates a second, one thread a party; bars with quartiles are ours, by scheme and instruction set. {}",
            sources(others().into_iter().filter_map(<[Published]>::first))
        ),
        figure: Figure::Bars(Bars {
            title: String::new(),
            categories: WORK.iter().map(|(.., name)| (*name).to_owned()).collect(),
            stacks,
            stacked: false,
            horizontal: false,
            value: Axis::new("million AND/s", AxisScale::Log10),
            marks: marks.collect(),
        }),
    })
}

fn table(selection: &Selection) -> Table {
    let ours = selection.records().iter().filter_map(|record| {
        let mut row = vec![
            kernel(record)?,
            number(record.figures.get("bytes_per_and")?.median),
        ];
        for (figure, ..) in WORK {
            let rate = record.figures.get(figure)?;
            let quartiles = [rate.lower_quartile, rate.upper_quartile];
            row.push(quantity(rate.median, "1/s"));
            row.push(quartiles.map(|rate| quantity(rate, "1/s")).join(" to "));
        }
        Some(row)
    });
    let mut rows: Vec<Vec<String>> = ours.collect();
    if !rows.is_empty() {
        rows.extend(garbling::GARBLE.iter().map(elsewhere));
    }
    Table {
        name: "table-garbling",
        caption: format!(
            "AND gates a second, one thread a party, with quartiles; the last is a garbler and an evaluator over TCP. Others' figures: {}",
            sources(others().into_iter().flatten())
        ),
        columns: vec![
            Column::words("scheme, instructions"),
            Column::numbers("bytes an AND"),
            Column::numbers("garble"),
            Column::numbers("quartiles"),
            Column::numbers("evaluate"),
            Column::numbers("quartiles"),
            Column::numbers("over TCP"),
            Column::numbers("quartiles"),
        ],
        rows,
    }
}

/// Another program's row; what was not measured of it stays empty.
fn elsewhere(garble: &Published) -> Vec<String> {
    let mut row = vec![
        format!("{}, {}", garble.system, garble.source.origin.name()),
        number(garbling::HALF_GATE_BYTES),
    ];
    for figures in others() {
        let rate = figures.iter().find(|rate| rate.system == garble.system);
        row.push(rate.map_or_else(String::new, |rate| quantity(rate.value, "1/s")));
        row.push(String::new());
    }
    row
}

#[cfg(test)]
mod tests {
    use super::super::testing::reported;
    use super::*;
    use serde_json::json;

    #[test]
    fn a_record_becomes_bars_and_a_table() {
        let kernel = |simd: &str, rate: f64| {
            json!({
                "simd": simd, "scheme": "half-gates", "bytes_per_and": 32.0, "garble_and_per_second": rate,
                "evaluate_and_per_second": 2.0 * rate, "end_to_end_and_per_second": rate / 2.0
            })
        };
        let record = json!({ "kernels": [kernel("avx2", 1e8), kernel("scalar", 2e7)] });
        let (table, plots) = reported(&EXPERIMENT, &record);
        assert_eq!(table.rows.len(), 5);
        assert_eq!(table.rows[0][..3], ["half-gates, avx2", "32", "100 M/s"]);
        // Not measured over TCP.
        assert_eq!(table.rows[3][6], "");
        let Figure::Bars(bars) = &plots[0].figure else {
            panic!("no bars")
        };
        assert_eq!(bars.stacks[0].values, [100.0, 200.0, 50.0]);
        assert_eq!(bars.categories.len(), 3);
        assert_eq!(bars.marks.len(), 3);
        assert!(bars.marks.iter().all(|mark| mark.label == "EMP"));
    }
}
