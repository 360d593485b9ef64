//! A ReLU by every protocol: bytes, time and error by the width of the comparison, and time over slower links.
//!
//! A parameter `part` tells points apart: `mode` (the planner's width and full 32 bits, and MP2ML's circuit), `width` (the sweep) and
//! `run` (the process).

use halfmask_models::bridge::mpc::mp2ml::Mp2mlSpec;
use serde_json::Value;

use super::series::{line, scatter};
use crate::experiment::definition::{
    Artefact, Column, Estimate, Experiment, Job, Plot, Point, Settings, Table, everywhere, list,
    number as value, text,
};
use crate::experiment::published::peers::sources;
use crate::experiment::published::{Published, mp2ml, relu};
use crate::experiment::quantity::{number, quantity};
use crate::experiment::record::Record;
use crate::experiment::selection::Selection;
use crate::plot::{Axis, AxisScale, Figure, Lines, Mark, Series};

/// The experiment.
pub(super) const EXPERIMENT: Experiment = Experiment {
    id: "relu-cost",
    shows: "bytes, time and error of a ReLU by protocol and width of the comparison; time over slower links",
    quick: Estimate::new(30, 200),
    full: Estimate::new(240, 200),
    available: everywhere,
    jobs,
    report,
};

/// Bits compared.
const WIDTHS: &str = "8,10,12,16,20,24,32";
const FEW_WIDTHS: &str = "8,12,16,24,32";
/// Where the sweep's look-ups have their OTs from; elsewhere it is the second.
const SOURCES: &str = "silent,softspoken-4";

fn jobs(settings: &Settings) -> Vec<Job> {
    settings
        .networks(&["loopback"], &["loopback", "lan10", "lan", "wan"])
        .iter()
        .map(|network| {
            let job = Job::new("bench relu", points).with("network", network.as_str());
            match network.as_str() {
                "loopback" => job
                    .option("relus", settings.by_scale(1 << 17, 1 << 19))
                    .option("ot", SOURCES)
                    .option("width", settings.by_scale(FEW_WIDTHS, WIDTHS))
                    .times(settings.repetitions(2, 5)),
                // A ReLU of the published circuit takes 20 kB.
                "wan" => job
                    .option("relus", 1 << 14)
                    .times(settings.repetitions(1, 2)),
                _ => job
                    .option("relus", settings.by_scale(1 << 15, 1 << 17))
                    .times(settings.repetitions(1, 2)),
            }
        })
        .collect()
}

/// The points of a record of `bench relu`.
fn points(record: &Value) -> Result<Vec<Point>, String> {
    let whole = Point::at([("part", "run".into())]);
    let mut points = vec![whole.take_if_there("peak_memory", "B", record, "/peak_rss_bytes")];
    for (part, key) in [("mode", "/modes"), ("width", "/widths")] {
        for mode in list(record, key)? {
            points.push(point(part, mode)?);
        }
    }
    Ok(points)
}

fn point(part: &str, mode: &Value) -> Result<Point, String> {
    let rate = value(mode, "/relus_per_second")?;
    Point::at([
        ("part", part.into()),
        ("relu", text(mode, "/mode")?.into()),
        ("ot", text(mode, "/cot")?.into()),
        ("width", value(mode, "/width")?.into()),
        ("value_bits", value(mode, "/value_bits")?.into()),
    ])
    .take("relus", "", mode, "/relus")?
    .figure("relus_per_second", "1/s", rate)
    .figure("seconds_per_relu", "s", rate.recip())
    .take(
        "relus_per_second_online",
        "1/s",
        mode,
        "/online_relus_per_second",
    )?
    .take("bytes_per_relu", "B", mode, "/bytes_per_relu")?
    .take("bytes_up", "B", mode, "/bytes_up_per_relu")?
    .take("bytes_down", "B", mode, "/bytes_down_per_relu")?
    .take("bytes_per_relu_online", "B", mode, "/online_bytes_per_relu")?
    .take("and_gates_per_relu", "", mode, "/and_gates_per_relu")?
    .take("cots_per_relu", "", mode, "/cots_per_relu")?
    .take("rounds", "", mode, "/rounds")?
    .take("error_bound", "", mode, "/error_bound")?
    .take("error_float", "", mode, "/error_seen")?
    .take("relative_error_bound", "", mode, "/relative_error_bound")?
    .take("relative_error_float", "", mode, "/relative_error_seen")
}

/// Protocols of the sweep: mode, source of OTs, name.
const SWEPT: [(&str, &str, &str); 3] = [
    ("gc", "softspoken-4", "garbled signs"),
    ("ot", "softspoken-4", "look-ups, SoftSpoken OT"),
    ("ot", "silent", "look-ups, silent OT"),
];

fn report(selection: &Selection) -> Vec<Artefact> {
    let modes = selection.with("part", "mode");
    let sweep = selection.with("part", "width");
    let plots = [bytes_plot(&sweep, &modes), error_plot(&sweep)];
    std::iter::once(Artefact::Table(table(&modes)))
        .chain(plots.into_iter().flatten().map(Artefact::Plot))
        .collect()
}

/// A figure against the width, a line a protocol.
fn by_width(sweep: &Selection, figure: &str, scale: f64) -> Vec<Series> {
    let series = SWEPT.iter().map(|(relu, ot, name)| {
        let of = sweep.with("relu", *relu).with("ot", *ot);
        line(name, &of.series("width", figure), scale)
    });
    series.filter(|series| !series.points.is_empty()).collect()
}

fn width_axis() -> Axis {
    Axis::new("bits compared", AxisScale::Log2)
}

fn bytes_plot(sweep: &Selection, modes: &Selection) -> Option<Plot> {
    let mut series = by_width(sweep, "bytes_per_relu", 1.0);
    if series.is_empty() {
        return None;
    }
    let published = modes.with("relu", "mp2ml").with("network", "loopback");
    let published = published.series("width", "bytes_per_relu");
    series.push(scatter("MP2ML's circuit, here", &published, 1.0));
    let marks = [
        (f64::from(Mp2mlSpec::PUBLISHED_WORD_BITS), mp2ml::RELU_BYTES),
        (relu::BITS, relu::TEXTBOOK_BYTES),
        (relu::BITS, relu::CRYPTFLOW2_BYTES),
        (relu::BITS, relu::CHEETAH_BYTES),
    ]
    .map(|(x, figure)| Mark {
        x,
        y: figure.value,
        label: figure.system.to_owned(),
    });
    Some(Plot {
        name: "relu-bytes",
        caption: format!(
            "Bytes a ReLU, both ways, against the bits compared. Silent OT is extended by two million at a time, the first of them in set-up. {}",
            sources(&[
                mp2ml::RELU_BYTES,
                relu::TEXTBOOK_BYTES,
                relu::CRYPTFLOW2_BYTES,
                relu::CHEETAH_BYTES
            ])
        ),
        figure: Figure::Lines(Lines {
            title: String::new(),
            x: width_axis(),
            y: Axis::new("bytes a ReLU", AxisScale::Log10),
            series,
            marks: marks.into(),
        }),
    })
}

fn table(modes: &Selection) -> Table {
    let mut rows: Vec<Vec<String>> = modes.records().iter().filter_map(|r| row(r)).collect();
    if !rows.is_empty() {
        let word = f64::from(Mp2mlSpec::PUBLISHED_WORD_BITS);
        rows.extend([
            elsewhere(word, mp2ml::RELU_BYTES, mp2ml::RELU_SECONDS.value.recip()),
            elsewhere(
                relu::BITS,
                relu::CRYPTFLOW2_BYTES,
                relu::CRYPTFLOW2_RATE.value,
            ),
            elsewhere(relu::BITS, relu::CHEETAH_BYTES, relu::CHEETAH_RATE.value),
        ]);
    }
    Table {
        name: "table-relu",
        caption: format!(
            "ReLUs by protocol and link, both parties on one machine, a thread each; OT extension is in the time, base OT is not. Online: with everything \
             made ahead that needs no input. The error is the bound on the difference from the exact ReLU, as a part of the largest output. \
             Others' figures: {}",
            sources(&[
                mp2ml::RELU_SECONDS,
                relu::CRYPTFLOW2_RATE,
                relu::CHEETAH_RATE
            ])
        ),
        columns: vec![
            Column::words("network"),
            Column::words("ReLU by"),
            Column::words("bits"),
            Column::numbers("ReLUs"),
            Column::numbers("quartiles"),
            Column::numbers("online"),
            Column::numbers("bytes"),
            Column::numbers("AND"),
            Column::numbers("rounds"),
            Column::numbers("error"),
        ],
        rows,
    }
}

fn row(record: &Record) -> Option<Vec<String>> {
    let parameter = |key: &str| record.parameters.get(key);
    let median = |figure: &str| Some(record.figures.get(figure)?.median);
    let rate = record.figures.get("relus_per_second")?;
    let quartiles = [rate.lower_quartile, rate.upper_quartile];
    let name = match parameter("relu")?.as_str()? {
        "gc" => "garbled signs".to_owned(),
        "ot" => format!("look-ups, {}", parameter("ot")?.as_str()?),
        _ => "MP2ML's circuit".to_owned(),
    };
    let (width, of) = (
        parameter("width")?.as_f64()?,
        parameter("value_bits")?.as_f64()?,
    );
    Some(vec![
        parameter("network")?.as_str()?.to_owned(),
        name,
        format!("{width} of {of}"),
        quantity(rate.median, "1/s"),
        quartiles.map(|rate| quantity(rate, "1/s")).join(" to "),
        quantity(median("relus_per_second_online")?, "1/s"),
        number(median("bytes_per_relu")?),
        number(median("and_gates_per_relu")?),
        number(median("rounds")?),
        number(median("relative_error_bound")?),
    ])
}

/// A row of what was measured elsewhere.
fn elsewhere(bits: f64, bytes: Published, rate: f64) -> Vec<String> {
    let none = String::new;
    vec![
        bytes.source.machine.to_owned(),
        format!("{}, {}", bytes.system, bytes.source.origin.name()),
        number(bits),
        quantity(rate, "1/s"),
        none(),
        none(),
        number(bytes.value),
        none(),
        none(),
        none(),
    ]
}

/// Error and time side by side.
fn error_plot(sweep: &Selection) -> Option<Plot> {
    let looked_up = sweep.with("relu", "ot").with("ot", "silent");
    let errors = vec![
        line(
            "bound",
            &looked_up.series("width", "relative_error_bound"),
            1.0,
        ),
        scatter(
            "largest seen",
            &looked_up.series("width", "relative_error_float"),
            1.0,
        ),
    ];
    if errors.iter().any(|series| series.points.is_empty()) {
        return None;
    }
    let panel = |y: Axis, series: Vec<Series>| {
        Figure::Lines(Lines {
            title: String::new(),
            x: width_axis(),
            y,
            series,
            marks: Vec::new(),
        })
    };
    Some(Plot {
        name: "relu-error",
        caption: "Left: the largest difference from the exact ReLU as a part of the largest output; garbled signs and look-ups compute \
                  the same function. Shares are ten bits wider than what is compared, 32 bits at most; half of the values lie near zero, \
                  where alone anything is lost. Right: time of a ReLU over loopback, OT extension included."
            .to_owned(),
        figure: Figure::Panels(vec![
            panel(Axis::new("error, of the largest output", AxisScale::Log10), errors),
            panel(Axis::new("us a ReLU", AxisScale::Log10), by_width(sweep, "seconds_per_relu", 1e6)),
        ]),
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::reported;
    use super::*;
    use serde_json::json;

    fn mode(mode: &str, ot: &str, width: u32, bytes: f64) -> Value {
        json!({
            "mode": mode, "cot": ot, "width": width, "value_bits": 22, "relus": 1000, "relus_per_second": 4e6,
            "online_relus_per_second": 5e6, "bytes_per_relu": bytes, "bytes_up_per_relu": 12.0, "bytes_down_per_relu": bytes - 12.0,
            "online_bytes_per_relu": bytes, "and_gates_per_relu": 10.0, "cots_per_relu": 14.0, "rounds": 4,
            "error_bound": 32.0, "error_seen": 31.0, "relative_error_bound": 1e-3, "relative_error_seen": 9e-4
        })
    }

    #[test]
    fn a_record_becomes_a_table_and_plots() {
        let record = json!({
            "peak_rss_bytes": 1e8,
            "modes": [mode("gc", "softspoken-4", 12, 388.0), mode("mp2ml", "softspoken-4", 64, 20456.0)],
            "widths": [mode("ot", "silent", 8, 20.0), mode("ot", "silent", 16, 30.0), mode("gc", "softspoken-4", 8, 250.0)],
        });
        let (table, plots) = reported(&EXPERIMENT, &record);
        // Two of ours, three measured elsewhere.
        assert_eq!(table.rows.len(), 5);
        assert_eq!(table.rows[0][1..4], ["garbled signs", "12 of 22", "4 M/s"]);
        assert_eq!(table.rows[4][1], "Cheetah, measured by us elsewhere");
        let names: Vec<&str> = plots.iter().map(|plot| plot.name).collect();
        assert_eq!(names, ["relu-bytes", "relu-error"]);
        let Figure::Lines(bytes) = &plots[0].figure else {
            panic!("no lines")
        };
        let points: Vec<Vec<(f64, f64)>> = bytes
            .series
            .iter()
            .map(|series| series.points.iter().map(|p| (p.x, p.y)).collect())
            .collect();
        assert_eq!(
            points,
            [
                vec![(8.0, 250.0)],
                vec![(8.0, 20.0), (16.0, 30.0)],
                vec![(64.0, 20456.0)]
            ]
        );
        let Figure::Panels(panels) = &plots[1].figure else {
            panic!("no panels")
        };
        let Figure::Lines(times) = &panels[1] else {
            panic!("no lines")
        };
        assert_eq!(times.series[0].points[0].y, 0.25);
    }
}
