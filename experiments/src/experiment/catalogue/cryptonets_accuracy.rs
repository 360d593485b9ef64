//! CryptoNets on the test images: how often private classes are right, and with how few bits they would still be.
//!
//! A parameter `part` tells points apart: `private` (runs of the protocols), `precision` (settings evaluated in the clear by the fixed-point twin)
//! and `float` (the model without quantisation).

use serde_json::Value;

use crate::experiment::definition::{
    Artefact, Column, Estimate, Experiment, Job, Plot, Point, Settings, Table, everywhere, list,
    number, text,
};
use crate::experiment::published::mp2ml;
use crate::experiment::quantity::{number as digits, quantity};
use crate::experiment::selection::Selection;
use crate::plot::{Axis, AxisScale, Figure, Lines, Mark, Sample, Series};

/// The experiment.
pub(super) const EXPERIMENT: Experiment = Experiment {
    id: "cryptonets-accuracy",
    shows: "accuracy of private classes by protocol, and of the fixed-point twin by bits of comparisons and weights",
    quick: Estimate::new(60, 600),
    full: Estimate::new(180, 1200),
    available: everywhere,
    jobs,
    report,
};

/// How a private run is called in tables, by its parameter `run`.
const RUNS: [(&str, &str); 4] = [
    ("gc", "garbled signs"),
    ("ot", "look-ups on OT"),
    ("he", "squares, ciphertexts alone"),
    ("mp2ml", "MP2ML's circuit"),
];

/// What the precision sweep varies.
const OPTIONS: [&str; 3] = ["relu_width", "weight_bits", "guard_bits"];
/// Of it, what the plot shows: guard bits serve the proof of the noise's bound, answers hardly depend on them.
const SHOWN: [(&str, &str); 2] = [
    ("relu_width", "compared bits of a ReLU"),
    ("weight_bits", "bits of a weight"),
];

/// Bits that the circuit of MP2ML compares.
const PUBLISHED_BITS: f64 = 64.0;

fn jobs(settings: &Settings) -> Vec<Job> {
    let images = settings.by_scale(1_000, 10_000);
    let private = |run: &str, images: u64| {
        Job::new("bench cryptonets", private)
            .parameter("run", run)
            .option("images", images)
    };
    vec![
        Job::new("bench precision", precision).option("images", images),
        private("gc", images).option("relu", "gc"),
        private("ot", images).option("relu", "ot"),
        private("he", images).option("protocol", "he"),
        // Slow, and no more than a check that the circuit is right.
        private("mp2ml", settings.by_scale(50, 500)).option("profile", "mp2ml"),
    ]
    .into_iter()
    .map(|job| job.times(settings.repetitions(1, 1)))
    .collect()
}

fn private(record: &Value) -> Result<Vec<Point>, String> {
    let disagreements = list(record, "/twin_disagreements")?.len();
    let point = Point::at([
        ("part", "private".into()),
        ("data", text(record, "/data")?.into()),
    ])
    .take("images", "", record, "/images")?
    .take("accuracy", "", record, "/accuracy")?
    .take("accuracy_float", "", record, "/plain_accuracy")?
    .take("twin_agreement", "", record, "/twin_agreement")?
    .take("float_agreement", "", record, "/float_agreement")?
    .take("certified", "", record, "/certified")?
    .figure("twin_disagreements", "", disagreements as f64);
    Ok(vec![point])
}

fn precision(record: &Value) -> Result<Vec<Point>, String> {
    let data = || text(record, "/data").map(Value::from);
    let float = Point::at([("part", "float".into()), ("data", data()?)])
        .take("images", "", record, "/images")?
        .take("accuracy", "", record, "/float_accuracy")?
        .take("largest_score", "", record, "/largest_score")?;
    let mut points = vec![float];
    for entry in list(record, "/points")? {
        let bits =
            |key: &str| number(entry, &format!("/{key}")).map(|bits| Value::from(bits as u64));
        points.push(
            Point::at([
                ("part", "precision".into()),
                ("data", data()?),
                ("relu_width", bits("relu_width")?),
                ("weight_bits", bits("weight_bits")?),
                ("guard_bits", bits("guard_bits")?),
                ("default", entry.get("default").cloned().unwrap_or_default()),
            ])
            .take("images", "", record, "/images")?
            .take("accuracy", "", entry, "/accuracy")?
            .take("float_agreement", "", entry, "/float_agreement")?
            .take("error_float", "", entry, "/max_error")?
            .take("error_float_mean", "", entry, "/mean_error")?
            .take("and_gates_per_relu", "", entry, "/and_gates_per_relu")?,
        );
    }
    Ok(points)
}

fn report(selection: &Selection) -> Vec<Artefact> {
    let table = Artefact::Table(table(selection));
    let plot = plot(selection).map(Artefact::Plot);
    std::iter::once(table).chain(plot).collect()
}

fn table(selection: &Selection) -> Table {
    let private = selection.with("part", "private");
    let mut rows: Vec<Vec<String>> = RUNS
        .iter()
        .filter_map(|(run, label)| {
            let of_run = private.with("run", *run);
            let median = |figure: &str| of_run.median(figure);
            Some(vec![
                (*label).to_owned(),
                digits(median("images")?),
                quantity(median("accuracy")?, "%"),
                quantity(median("accuracy_float")?, "%"),
                quantity(median("float_agreement")?, "%"),
                digits(median("twin_disagreements")?),
            ])
        })
        .collect();
    if !rows.is_empty() {
        let [private, plain] = [mp2ml::ACCURACY, mp2ml::PLAIN_ACCURACY];
        rows.push(vec![
            format!("{}, {}", private.system, private.source.origin.name()),
            "10,000".to_owned(),
            quantity(private.value, "%"),
            quantity(plain.value, "%"),
            String::new(),
            String::new(),
        ]);
    }
    let data = private.distinct("data");
    let data: Vec<&str> = data.iter().filter_map(Value::as_str).collect();
    Table {
        name: "table-accuracy",
        caption: format!(
            "Accuracy of private classes on {}, beside the float model's on the same images; the row of squares is of another model. \
             A disagreement is an image whose private class is not that of the fixed-point twin.",
            data.join(", ")
        ),
        columns: vec![
            Column::words("run"),
            Column::numbers("images"),
            Column::numbers("private"),
            Column::numbers("float model"),
            Column::numbers("same class as float"),
            Column::numbers("twin disagreements"),
        ],
        rows,
    }
}

/// Accuracy, and errors of scores, against bits.
fn plot(selection: &Selection) -> Option<Plot> {
    let points = selection.with("part", "precision");
    let standard = points.with("default", true);
    let [standard] = standard.records() else {
        return None;
    };
    // One option varies, the others are what they are by default.
    let varied = |varied: &str| {
        let others = OPTIONS.iter().filter(|option| **option != varied);
        others.fold(points.clone(), |points, option| {
            match standard.parameters.get(*option) {
                Some(value) => points.with(option, value.clone()),
                None => points,
            }
        })
    };
    let lines = |figure: &str, factor: f64| -> Vec<Series> {
        SHOWN
            .iter()
            .map(|(option, label)| {
                let series = varied(option).series(option, figure).into_iter();
                let points = series.map(|(x, s)| Sample::exact(x, s.median * factor));
                Series::line(*label, points.collect())
            })
            .collect()
    };
    let float = selection.with("part", "float");
    let largest = float.median("largest_score").filter(|score| *score > 0.0)?;
    let mut accuracy = lines("accuracy", 100.0);
    let points = accuracy.iter().flat_map(|series| &series.points);
    let least = points.map(|point| point.x).fold(PUBLISHED_BITS, f64::min);
    let in_float = 100.0 * float.median("accuracy")?;
    accuracy.push(Series::line(
        "float model",
        [least, PUBLISHED_BITS]
            .map(|x| Sample::exact(x, in_float))
            .to_vec(),
    ));
    let bits = || Axis::new("bits", AxisScale::Log2);
    let images = float.median("images").map_or_else(String::new, digits);
    Some(Plot {
        name: "accuracy-precision",
        caption: format!(
            "Accuracy (left) and error of scores relative to the largest (right) of CryptoNets-ReLU on {images} test images by bits, one option varied, \
             the others at their defaults; evaluated by the fixed-point twin, which is the protocol but for its bounded noise. MP2ML's circuit has words of \
             64 bits."
        ),
        figure: Figure::Panels(vec![
            Figure::Lines(Lines {
                title: "accuracy".to_owned(),
                x: bits(),
                y: Axis::new("accuracy, %", AxisScale::Linear),
                series: accuracy,
                marks: vec![Mark {
                    x: PUBLISHED_BITS,
                    y: 100.0 * mp2ml::ACCURACY.value,
                    label: mp2ml::ACCURACY.label(),
                }],
            }),
            Figure::Lines(Lines {
                title: "mean error of a score".to_owned(),
                x: bits(),
                y: Axis::new("mean error / largest score", AxisScale::Log10),
                series: lines("error_float_mean", 1.0 / largest),
                marks: Vec::new(),
            }),
        ]),
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{artefacts, records};
    use super::*;
    use serde_json::json;

    fn setting(relu_width: u32, weight_bits: u32, accuracy: f64, default: bool) -> Value {
        json!({
            "relu_width": relu_width, "weight_bits": weight_bits, "guard_bits": 10, "default": default, "accuracy": accuracy,
            "float_agreement": accuracy, "max_error": 0.5, "mean_error": 0.08, "and_gates_per_relu": relu_width - 2
        })
    }

    #[test]
    fn records_become_a_table_and_a_plot() {
        let swept = json!({
            "data": "mnist-test", "images": 1000, "float_accuracy": 0.991, "largest_score": 8.0,
            "points": [setting(12, 9, 0.99, true), setting(6, 9, 0.5, false), setting(12, 4, 0.9, false)]
        });
        let run = json!({
            "data": "mnist-test", "images": 1000, "accuracy": 0.99, "plain_accuracy": 0.991, "twin_agreement": 0.999,
            "float_agreement": 0.998, "certified": 0.7, "twin_disagreements": [17]
        });
        let mut all = records(&EXPERIMENT, 0, &swept);
        all.extend(records(&EXPERIMENT, 1, &run));
        let (tables, plots) = artefacts(&EXPERIMENT, &all);
        // Ours and the published one.
        let rows = &tables[0].rows;
        assert_eq!(rows.len(), 2);
        assert_eq!(
            rows[0],
            [
                "garbled signs",
                "1,000",
                "99.00 %",
                "99.10 %",
                "99.80 %",
                "1"
            ]
        );
        assert_eq!(rows[1][2..4], ["98.60 %", "98.64 %"]);

        let Figure::Panels(panels) = &plots[0].figure else {
            panic!("no panels")
        };
        let series = |panel: usize| match &panels[panel] {
            Figure::Lines(lines) => &lines.series,
            _ => panic!("no lines"),
        };
        let points = |series: &Series| -> Vec<(f64, f64)> {
            series
                .points
                .iter()
                .map(|sample| (sample.x, sample.y))
                .collect()
        };
        // Each line has the default and what differs from it in its option alone.
        assert_eq!(points(&series(0)[0]), [(6.0, 50.0), (12.0, 99.0)]);
        assert_eq!(points(&series(0)[1]), [(4.0, 90.0), (9.0, 99.0)]);
        assert_eq!(points(&series(0)[2]), [(4.0, 99.1), (64.0, 99.1)]);
        assert_eq!(points(&series(1)[0]), [(6.0, 0.01), (12.0, 0.01)]);
    }

    #[test]
    fn what_a_record_lacks_is_named() {
        let without =
            json!({"data": "mnist-test", "images": 1, "float_accuracy": 1.0, "largest_score": 1.0});
        assert!(precision(&without).unwrap_err().contains("/points"));
        assert!(
            private(&without)
                .unwrap_err()
                .contains("/twin_disagreements")
        );
    }
}
