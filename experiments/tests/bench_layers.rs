//! `bench relu --width` and `bench maxpool` as a user runs them, and the check of their records.

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

use common::{fails, figures, record_of, run, run_on_something, succeeded};
use serde_json::{Value, json};

#[test]
fn wider_comparisons_cost_more_and_err_less() {
    let root = tempfile::tempdir().unwrap();
    let sources = ["softspoken-4", "silent"];
    let mut arguments = vec!["bench", "relu", "--relus", "4096", "--width", "8,20,32"];
    arguments.extend(["--ot", "softspoken-4,silent"]);
    let (record, path, printed) = record_of(root.path(), "relu.json", &arguments);
    assert_eq!(record["modes"][2]["cot"], sources[0]);
    let widths = record["widths"].as_array().unwrap();
    let of = |mode: &str, cot: &str| -> Vec<&Value> {
        let same = |m: &&Value| m["mode"] == mode && m["cot"] == cot;
        widths.iter().filter(same).collect()
    };
    for sweep in [
        of("gc", sources[0]),
        of("ot", sources[0]),
        of("ot", sources[1]),
    ] {
        let figure = |key: &str| {
            sweep
                .iter()
                .map(|m| m[key].as_f64().unwrap())
                .collect::<Vec<_>>()
        };
        assert_eq!(figure("width"), [8.0, 20.0, 32.0]);
        assert_eq!(figure("value_bits"), [18.0, 30.0, 32.0]);
        assert!(figure("online_bytes_per_relu").is_sorted_by(|a, b| a < b));
        for key in ["relative_error_bound", "relative_error_seen"] {
            assert!(figure(key).is_sorted_by(|a, b| a > b), "{key}: {widths:?}");
        }
        // Values near zero bring out most of what may be lost: two units, each 2^(1-l) of the largest output, but an output is rounded
        // to one of 2^29 values.
        for ((width, bound), seen) in figure("width")
            .iter()
            .zip(figure("relative_error_bound"))
            .zip(figure("relative_error_seen"))
        {
            assert!(
                bound <= (2.0 - width).exp2().max((-28f64).exp2()) && seen >= 0.5 * bound,
                "{width}: {seen} of {bound}"
            );
        }
    }
    assert_eq!(widths.len(), 9);
    assert!(printed.contains("20 of 30"), "{printed}");
    succeeded(&run(&["check-record", &path]));
    fails(&["bench", "relu", "--width", "2"], 2, &["--width"]);
    fails(&["bench", "relu", "--width", "12,33"], 2, &["--width"]);
    fails(&["bench", "relu", "--relus", "0"], 2, &["--relus"]);
}

#[test]
fn maxima_over_windows() {
    let root = tempfile::tempdir().unwrap();
    let arguments = ["bench", "maxpool", "--maxima", "2000", "--bits", "8,32"];
    let (record, path, printed) = record_of(root.path(), "maxpool.json", &arguments);
    run_on_something(&record, "maxpool");
    let modes = record["modes"].as_array().unwrap();
    assert_eq!(modes.len(), 8);
    for mode in modes {
        let keys = [
            "windows_per_second",
            "online_windows_per_second",
            "bytes_per_window",
            "bytes_up_per_window",
            "bytes_down_per_window",
            "online_bytes_per_window",
            "cots_per_window",
            "rounds",
        ];
        figures(mode, &keys, &[]);
        assert_eq!(mode["windows"], 2000);
        // Values less one ReLUs in log2 levels; a comparison of l bits has l - 2 gates.
        let (relus, levels) = if mode["window"] == "2x2" {
            (3, 2)
        } else {
            (8, 4)
        };
        let gates = relus * (mode["value_bits"].as_u64().unwrap() - 2);
        let gates = if mode["mode"] == "gc" { gates } else { 0 };
        assert_eq!(mode["and_gates_per_window"], gates as f64);
        assert_eq!(mode["error_bound"], levels);
        assert!(
            printed.contains(mode["window"].as_str().unwrap()),
            "{printed}"
        );
    }
    succeeded(&run(&["check-record", &path]));
    let arguments = [
        "bench", "maxpool", "--maxima", "1", "--window", "1x3", "--bits", "4",
    ];
    let (one, ..) = record_of(root.path(), "one.json", &arguments);
    assert_eq!(one["modes"][0]["windows"], 1);
    fails(&["bench", "maxpool", "--window", "1x1"], 2, &["--window"]);
    fails(&["bench", "maxpool", "--bits", "33"], 2, &["--bits"]);
    fails(&["bench", "maxpool", "--maxima", "0"], 2, &["--maxima"]);

    let mut bad = record;
    bad["modes"][0]["error_seen"] = json!(3);
    fs::write(&path, bad.to_string()).unwrap();
    fails(&["check-record", &path], 1, &["2x2", "beyond the bound 2"]);
}
