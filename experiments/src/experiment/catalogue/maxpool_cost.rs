//! Maxima over windows: bytes and time by protocol, window and width.

use serde_json::Value;

use super::series::line;
use crate::experiment::definition::{
    Artefact, Column, Estimate, Experiment, Job, Plot, Point, Settings, Table, everywhere, list,
    number as value, text,
};
use crate::experiment::quantity::{number, quantity};
use crate::experiment::record::Record;
use crate::experiment::selection::Selection;
use crate::plot::{Axis, AxisScale, Figure, Lines, Series};

/// The experiment.
pub(super) const EXPERIMENT: Experiment = Experiment {
    id: "maxpool-cost",
    shows: "bytes and time of a maximum over 2x2 and 3x3 values by protocol and bits of a value",
    quick: Estimate::new(30, 200),
    full: Estimate::new(120, 200),
    available: everywhere,
    jobs,
    report,
};

fn jobs(settings: &Settings) -> Vec<Job> {
    settings
        .networks(&["loopback"], &["loopback", "lan"])
        .iter()
        .map(|network| {
            let maxima = match network.as_str() {
                "loopback" => settings.by_scale(1 << 14, 1 << 17),
                "wan" => 1 << 10,
                _ => settings.by_scale(1 << 12, 1 << 13),
            };
            Job::new("bench maxpool", points)
                .option("maxima", maxima)
                .option("ot", "softspoken-4,silent")
                .with("network", network.as_str())
                .times(settings.repetitions(2, 3))
        })
        .collect()
}

/// The points of a record of `bench maxpool`.
fn points(record: &Value) -> Result<Vec<Point>, String> {
    let whole = Point::at([("part", "run".into())]);
    let mut points = vec![whole.take_if_there("peak_memory", "B", record, "/peak_rss_bytes")];
    for mode in list(record, "/modes")? {
        points.push(point(mode)?);
    }
    Ok(points)
}

fn point(mode: &Value) -> Result<Point, String> {
    let rate = value(mode, "/windows_per_second")?;
    Point::at([
        ("part", "mode".into()),
        ("relu", text(mode, "/mode")?.into()),
        ("ot", text(mode, "/cot")?.into()),
        ("window", text(mode, "/window")?.into()),
        ("value_bits", value(mode, "/value_bits")?.into()),
    ])
    .take("windows", "", mode, "/windows")?
    .figure("windows_per_second", "1/s", rate)
    .figure("seconds_per_window", "s", rate.recip())
    .take(
        "windows_per_second_online",
        "1/s",
        mode,
        "/online_windows_per_second",
    )?
    .take("bytes_per_window", "B", mode, "/bytes_per_window")?
    .take("bytes_up", "B", mode, "/bytes_up_per_window")?
    .take("bytes_down", "B", mode, "/bytes_down_per_window")?
    .take(
        "bytes_per_window_online",
        "B",
        mode,
        "/online_bytes_per_window",
    )?
    .take("and_gates_per_window", "", mode, "/and_gates_per_window")?
    .take("cots_per_window", "", mode, "/cots_per_window")?
    .take("rounds", "", mode, "/rounds")?
    .take("error_bound", "", mode, "/error_bound")?
    .take("error_float", "", mode, "/error_seen")
}

/// Protocols: mode, source of OTs, name.
const PROTOCOLS: [(&str, &str, &str); 3] = [
    ("gc", "softspoken-4", "garbled signs"),
    ("ot", "softspoken-4", "look-ups, SoftSpoken OT"),
    ("ot", "silent", "look-ups, silent OT"),
];

fn report(selection: &Selection) -> Vec<Artefact> {
    let modes = selection.with("part", "mode");
    let plot = plot(&modes.with("network", "loopback"));
    std::iter::once(Artefact::Table(table(&modes)))
        .chain(plot.map(Artefact::Plot))
        .collect()
}

/// A panel a window.
fn plot(modes: &Selection) -> Option<Plot> {
    let panels: Vec<Figure> = modes
        .distinct("window")
        .iter()
        .map(|window| {
            let of_window = modes.with("window", window.clone());
            let series = PROTOCOLS.iter().map(|(relu, ot, name)| {
                let of = of_window.with("relu", *relu).with("ot", *ot);
                line(name, &of.series("value_bits", "bytes_per_window"), 1.0)
            });
            Figure::Lines(Lines {
                title: format!("window of {}", window.as_str().unwrap_or_default()),
                x: Axis::new("bits of a value", AxisScale::Log2),
                y: Axis::new("bytes a window", AxisScale::Log10),
                series: series
                    .filter(|series: &Series| !series.points.is_empty())
                    .collect(),
                marks: Vec::new(),
            })
        })
        .collect();
    (!panels.is_empty()).then(|| Plot {
        name: "maxpool-bytes",
        caption: "Bytes of a maximum over a window, both ways, against the bits of a value, all of which are compared: a tournament of \
                  ReLUs of differences. Silent OT is extended by two million at a time, the first of them in set-up."
            .to_owned(),
        figure: Figure::Panels(panels),
    })
}

fn table(modes: &Selection) -> Table {
    Table {
        name: "table-maxpool",
        caption: "Maxima over windows by protocol and link, both parties on one machine, a thread each; OT extension is in the time, base \
                  OT is not. Online: with everything made ahead that needs no input. A result is one of the window's values, and at most the \
                  error below the largest."
            .to_owned(),
        columns: vec![
            Column::words("network"),
            Column::words("window"),
            Column::words("bits"),
            Column::words("maxima by"),
            Column::numbers("windows"),
            Column::numbers("quartiles"),
            Column::numbers("online"),
            Column::numbers("bytes"),
            Column::numbers("AND"),
            Column::numbers("OTs"),
            Column::numbers("error"),
        ],
        rows: modes.records().iter().filter_map(|r| row(r)).collect(),
    }
}

fn row(record: &Record) -> Option<Vec<String>> {
    let parameter = |key: &str| record.parameters.get(key);
    let word = |key: &str| parameter(key)?.as_str();
    let median = |figure: &str| Some(record.figures.get(figure)?.median);
    let rate = record.figures.get("windows_per_second")?;
    let quartiles = [rate.lower_quartile, rate.upper_quartile];
    let (relu, ot) = (word("relu")?, word("ot")?);
    let known = PROTOCOLS.iter().find(|(r, o, _)| *r == relu && *o == ot);
    Some(vec![
        word("network")?.to_owned(),
        word("window")?.to_owned(),
        number(parameter("value_bits")?.as_f64()?),
        known.map_or_else(
            || format!("{relu} on {ot}"),
            |(_, _, name)| (*name).to_owned(),
        ),
        quantity(rate.median, "1/s"),
        quartiles.map(|rate| quantity(rate, "1/s")).join(" to "),
        quantity(median("windows_per_second_online")?, "1/s"),
        number(median("bytes_per_window")?),
        number(median("and_gates_per_window")?),
        number(median("cots_per_window")?),
        number(median("error_bound")?),
    ])
}

#[cfg(test)]
mod tests {
    use super::super::testing::reported;
    use super::*;
    use serde_json::json;

    #[test]
    fn a_record_becomes_a_table_and_a_panel_a_window() {
        let mode = |mode: &str, ot: &str, window: &str, bits: u32, bytes: f64| {
            json!({
                "mode": mode, "cot": ot, "window": window, "value_bits": bits, "windows": 1000, "windows_per_second": 1e6,
                "online_windows_per_second": 2e6, "bytes_per_window": bytes, "bytes_up_per_window": 10.0,
                "bytes_down_per_window": bytes - 10.0, "online_bytes_per_window": bytes, "and_gates_per_window": 42.0,
                "cots_per_window": 51.0, "rounds": 8, "error_bound": 2, "error_seen": 1
            })
        };
        let record = json!({ "modes": [
            mode("gc", "softspoken-4", "2x2", 16, 1572.0),
            mode("ot", "silent", "2x2", 16, 64.0),
            mode("ot", "silent", "2x2", 8, 40.0),
            mode("ot", "silent", "3x3", 16, 170.0),
        ]});
        let (table, plots) = reported(&EXPERIMENT, &record);
        assert_eq!(table.rows.len(), 4);
        assert_eq!(
            table.rows[1][..5],
            ["loopback", "2x2", "16", "look-ups, silent OT", "1 M/s"]
        );
        let Figure::Panels(panels) = &plots[0].figure else {
            panic!("no panels")
        };
        assert_eq!(panels.len(), 2);
        let Figure::Lines(lines) = &panels[0] else {
            panic!("no lines")
        };
        let look_ups = &lines.series[1];
        assert_eq!(look_ups.label, "look-ups, silent OT");
        let points: Vec<(f64, f64)> = look_ups.points.iter().map(|p| (p.x, p.y)).collect();
        assert_eq!(points, [(8.0, 40.0), (16.0, 64.0)]);
    }
}
