//! `bench spn-accuracy` and `bench precision`: what is swept in the clear, as a user runs it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

mod common;

use std::fs;
use std::path::Path;

use common::{error_line, fails, run, succeeded, text, write_data};
use halfmask::bench::precision::Record;
use serde_json::Value;

#[test]
fn log_sums_of_every_precision() {
    let root = tempfile::tempdir().unwrap();
    let [csv, record, none] = ["accuracy.csv", "accuracy.json", "none.spn.json"]
        .map(|name| text(&root.path().join(name)));
    let empty = text(root.path());
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/tests/spn/mixed.spn.json");
    let model = text(&model);
    let sweep = |model: &str| {
        run(&[
            "bench",
            "spn-accuracy",
            model,
            "--data",
            &empty,
            "--rows",
            "60",
            "--fraction",
            "12,16",
            "--csv",
            &csv,
            "--json",
            &record,
        ])
    };
    let line = error_line(&sweep(&none), 2);
    assert!(line.contains("none.spn.json"), "{line}");
    assert!(!Path::new(&csv).exists() && !Path::new(&record).exists());
    let printed = succeeded(&sweep(&model));
    assert!(printed.contains("16 bits, coarse *"), "{printed}");
    let written = fs::read_to_string(&csv).unwrap();
    let lines: Vec<Vec<&str>> = written
        .lines()
        .map(|line| line.split(',').collect())
        .collect();
    assert_eq!(lines.len(), 1 + 2 * 4 * 3);
    assert!(lines.iter().all(|line| line.len() == lines[0].len()));
    let column = |name: &str| lines[0].iter().position(|c| *c == name).unwrap();
    let number = |line: &[&str], name: &str| line[column(name)].parse::<f64>().unwrap();
    let defaults = lines[1..]
        .iter()
        .filter(|line| line[column("default")] == "1");
    let defaults: Vec<&Vec<&str>> = defaults.collect();
    assert_eq!(defaults.len(), 1);
    let default = defaults[0];
    assert!(number(default, "max_abs_error_nats") < 1e-3);
    // The record has the same points, and is checked.
    let checked = succeeded(&run(&["check-record", &record]));
    assert!(checked.contains("24 designs"), "{checked}");
    let mut value: Value = serde_json::from_str(&fs::read_to_string(&record).unwrap()).unwrap();
    let points = value["points"].as_array_mut().unwrap();
    for (point, line) in points.iter().zip(&lines[1..]) {
        for key in ["two_child_sum_ands", "network_ands", "max_abs_error_nats"] {
            assert_eq!(point[key].as_f64().unwrap(), number(line, key));
        }
    }
    points[0]["rmse_nats"] = 1.into();
    fs::write(&record, value.to_string()).unwrap();
    fails(&["check-record", &record], 1, &["12 bits, fine"]);
    // Fewer bits and a coarser table cost less, and are further off.
    let coarse = lines[1..]
        .iter()
        .find(|line| line[column("fraction_bits")] == "12" && line[column("segments")] == "14")
        .unwrap();
    for gates in ["two_child_sum_ands", "network_ands"] {
        assert!(number(coarse, gates) < number(default, gates));
    }
    assert!(number(coarse, "rmse_nats") > number(default, "rmse_nats"));
    // What the network takes by default is what inspection says.
    let json = text(&root.path().join("inspection.json"));
    let printed = succeeded(&run(&["inspect", &model, "--json", &json]));
    assert!(printed.contains("a row, mpe"), "{printed}");
    let inspection: Value = serde_json::from_str(&fs::read_to_string(&json).unwrap()).unwrap();
    let likelihood = &inspection["private"]["queries"][0];
    assert_eq!(likelihood["query"], "likelihood");
    assert_eq!(
        likelihood["and_gates"].as_f64().unwrap(),
        number(default, "network_ands")
    );
}

#[test]
fn precision_one_option_at_a_time() {
    let root = tempfile::tempdir().unwrap();
    write_data(root.path(), 40);
    let (data, json) = (text(root.path()), text(&root.path().join("record.json")));
    let bench = ["bench", "precision", "--data", &data, "--json", &json];
    let sweep = [
        "--relu-width",
        "3,7,9,12",
        "--weight-bits",
        "3,9",
        "--guard-bits",
        "4,10",
    ];
    let printed = succeeded(&run(&[&bench[..], &sweep].concat()));
    let record: Record = serde_json::from_str(&fs::read_to_string(&json).unwrap()).unwrap();
    record.check().unwrap();
    assert_eq!((record.images, record.data.as_str()), (40, "custom"));
    // The default once, and what the planner refuses with its reason.
    assert_eq!(record.points.len() + record.refused.len(), 1 + 3 + 1 + 1);
    assert_eq!(record.points.iter().filter(|p| p.default).count(), 1);
    let [refused] = record.refused.as_slice() else {
        panic!("{:?}", record.refused);
    };
    assert_eq!(refused.options.relu_width, 3);
    assert!(printed.contains(&refused.why), "{printed}");
    let at = |relu_width: u32, weight_bits: u32| {
        let mut points = record.points.iter();
        let here = |o: &halfmask::bench::precision::Precision| {
            (o.relu_width, o.weight_bits, o.guard_bits) == (relu_width, weight_bits, 10)
        };
        points.find(|p| here(&p.options)).unwrap()
    };
    let default = at(12, 9);
    assert!(default.default);
    assert_eq!(default.float_agreement, 1.0);
    assert!(default.accuracy > 0.8 && record.float_accuracy > 0.8);
    assert!(default.max_error < 0.05 * record.largest_score);
    // Fewer bits cost fewer gates, or are further off.
    assert!(at(7, 9).and_gates_per_relu < at(9, 9).and_gates_per_relu);
    assert!(at(7, 9).mean_error > at(9, 9).mean_error);
    assert!(at(12, 3).mean_error > default.mean_error);

    let checked = succeeded(&run(&["check-record", &json]));
    assert!(checked.contains("40 images"), "{checked}");
    let mut value = serde_json::to_value(&record).unwrap();
    value["points"][0]["mean_error"] = 1e9.into();
    fs::write(&json, value.to_string()).unwrap();
    fails(&["check-record", &json], 1, &["mean"]);

    let squares = ["bench", "precision", "--model", "cryptonets-square"];
    fails(&squares, 2, &["--protocol he"]);
    fails(
        &["bench", "precision", "--relu-width", "0"],
        2,
        &["--relu-width"],
    );
    let more = ["--images", "41"];
    fails(&[&bench[..], &more].concat(), 2, &["--images 41"]);
}
