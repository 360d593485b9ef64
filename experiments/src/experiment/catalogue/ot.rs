//! Correlated OT by protocol: rate against bytes.

use serde_json::Value;

use super::series::sample;
use crate::experiment::definition::{
    Artefact, Column, Estimate, Experiment, Job, Plot, Point, Settings, Table, everywhere, list,
    text,
};
use crate::experiment::published::ot::{EXTENSIONS, Extension};
use crate::experiment::published::peers::sources;
use crate::experiment::quantity::{number, quantity};
use crate::experiment::record::Record;
use crate::experiment::selection::Selection;
use crate::plot::{Axis, AxisScale, Figure, Lines, Mark, Series};

/// The experiment.
pub(super) const EXPERIMENT: Experiment = Experiment {
    id: "ot",
    shows: "correlated OTs a second, bytes of one and bytes of set-up, by protocol",
    quick: Estimate::new(10, 200),
    full: Estimate::new(60, 200),
    available: everywhere,
    jobs,
    report,
};

fn jobs(settings: &Settings) -> Vec<Job> {
    vec![
        Job::new("bench ot", points)
            .option("cots", settings.by_scale(1 << 24, 1 << 27))
            .times(settings.repetitions(2, 5)),
    ]
}

/// The points of a record of `bench ot`.
fn points(record: &Value) -> Result<Vec<Point>, String> {
    list(record, "/protocols")?
        .iter()
        .map(|figures| {
            Point::at([("ot", text(figures, "/protocol")?.into())])
                .take("cots", "", record, "/cots")?
                .take("cots_per_second", "1/s", figures, "/cots_per_second")?
                .take("bytes_per_cot", "B", figures, "/bytes_per_cot")?
                .take("bytes_setup", "B", figures, "/bytes_setup")
        })
        .collect()
}

fn report(selection: &Selection) -> Vec<Artefact> {
    std::iter::once(Artefact::Table(table(selection)))
        .chain(plot(selection).map(Artefact::Plot))
        .collect()
}

fn protocol(record: &Record) -> Option<&str> {
    record.parameters.get("ot")?.as_str()
}

fn plot(selection: &Selection) -> Option<Plot> {
    let series: Vec<Series> = selection
        .records()
        .iter()
        .filter_map(|record| {
            let bytes = record.figures.get("bytes_per_cot")?.median;
            let rate = record.figures.get("cots_per_second")?;
            // Nothing was sent where the stock of set-up sufficed.
            let points = (bytes > 0.0).then(|| sample(bytes, rate, 1e-6));
            Some(Series::scatter(
                protocol(record)?,
                points.into_iter().collect(),
            ))
        })
        .collect();
    let marks = EXTENSIONS.iter().filter_map(|other| {
        Some(Mark {
            x: other.bytes?,
            y: other.rate.value / 1e6,
            label: format!("{} {}", other.rate.system, other.protocol),
        })
    });
    (!series.is_empty()).then(|| Plot {
        name: "ot",
        caption: format!(
            "Correlated OTs a second against bytes of one, a thread a party over loopback TCP; up and left is better. {}",
            sources(EXTENSIONS.iter().filter(|other| other.bytes.is_some()).map(|other| &other.rate))
        ),
        figure: Figure::Lines(Lines {
            title: String::new(),
            x: Axis::new("bytes a COT", AxisScale::Log10),
            y: Axis::new("million COT/s", AxisScale::Log10),
            series,
            marks: marks.collect(),
        }),
    })
}

fn table(selection: &Selection) -> Table {
    let ours = selection.records().iter().filter_map(|record| {
        let rate = record.figures.get("cots_per_second")?;
        let quartiles = [rate.lower_quartile, rate.upper_quartile];
        let bytes = |figure: &str| Some(record.figures.get(figure)?.median);
        Some(vec![
            protocol(record)?.to_owned(),
            quantity(rate.median, "1/s"),
            quartiles.map(|rate| quantity(rate, "1/s")).join(" to "),
            number(bytes("bytes_per_cot")?),
            quantity(bytes("bytes_setup")?, "B"),
        ])
    });
    let mut rows: Vec<Vec<String>> = ours.collect();
    if !rows.is_empty() {
        rows.extend(EXTENSIONS.iter().map(elsewhere));
    }
    Table {
        name: "table-ot",
        caption: format!(
            "Correlated OTs, a thread a party over loopback TCP; set-up is not in our rates. Others' figures: {}",
            sources(EXTENSIONS.iter().map(|other| &other.rate))
        ),
        columns: vec![
            Column::words("protocol"),
            Column::numbers("OTs"),
            Column::numbers("quartiles"),
            Column::numbers("bytes"),
            Column::numbers("set-up"),
        ],
        rows,
    }
}

/// Another program's row; what was not counted of it stays empty.
fn elsewhere(other: &Extension) -> Vec<String> {
    vec![
        format!(
            "{} {}: {}",
            other.rate.system, other.protocol, other.rate.place
        ),
        quantity(other.rate.value, "1/s"),
        String::new(),
        other.bytes.map_or_else(String::new, number),
        String::new(),
    ]
}

#[cfg(test)]
mod tests {
    use super::super::testing::reported;
    use super::*;
    use serde_json::json;

    #[test]
    fn a_record_becomes_points_and_a_table() {
        let protocol = |name: &str, bytes: f64| json!({ "protocol": name, "cots_per_second": 1e8, "bytes_per_cot": bytes, "bytes_setup": 7204 });
        let record = json!({
            "cots": 1000, "protocols": [protocol("softspoken-4", 3.875), protocol("silent", 0.0)]
        });
        let (table, plots) = reported(&EXPERIMENT, &record);
        assert_eq!(table.rows.len(), 2 + EXTENSIONS.len());
        assert_eq!(
            table.rows[0],
            [
                "softspoken-4",
                "100 M/s",
                "100 M/s to 100 M/s",
                "3.875",
                "7.204 kB"
            ]
        );
        let Figure::Lines(lines) = &plots[0].figure else {
            panic!("no lines")
        };
        assert_eq!(lines.series[0].points[0].x, 3.875);
        assert!(
            lines.series[1].points.is_empty(),
            "0 has no place on this axis"
        );
    }
}
