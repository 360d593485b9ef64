//! `bench relu`, `bench garble` and `bench ot` as a user runs them, and the check of their records.

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

use common::{fails, figures, record_of, run, run_on_something, succeeded, text};
use serde_json::{Value, json};

#[test]
fn relu_modes_side_by_side_and_their_costs_used() {
    let root = tempfile::tempdir().unwrap();
    let arguments = ["bench", "relu", "--relus", "20480"];
    let (record, path, printed) = record_of(root.path(), "relu.json", &arguments);
    run_on_something(&record, "relu");
    let modes = record["modes"].as_array().unwrap();
    let shape = |mode: &Value| {
        let bits = ["width", "value_bits"].map(|key| mode[key].as_u64().unwrap());
        (mode["mode"].as_str().unwrap().to_owned(), bits)
    };
    let shapes: Vec<_> = modes.iter().map(shape).collect();
    let want = [
        ("gc", [12, 22]),
        ("gc", [32, 32]),
        ("ot", [12, 22]),
        ("ot", [32, 32]),
        ("mp2ml", [64, 64]),
    ];
    assert_eq!(shapes, want.map(|(mode, bits)| (mode.to_owned(), bits)));
    let keys = [
        "relus",
        "relus_per_second",
        "bytes_per_relu",
        "bytes_up_per_relu",
        "bytes_down_per_relu",
        "and_gates_per_relu",
        "cots_per_relu",
        "rounds",
        "error_bound",
        "relative_error_bound",
    ];
    for mode in modes {
        let no_gates: &[&str] = if mode["mode"] == "ot" {
            &["and_gates_per_relu"]
        } else {
            &[]
        };
        figures(mode, &keys, no_gates);
        assert!(mode["error_seen"].as_f64().unwrap() <= mode["error_bound"].as_f64().unwrap());
        assert!(
            printed.contains(mode["mode"].as_str().unwrap()),
            "{printed}"
        );
    }
    let of = |mode: usize, key: &str| modes[mode][key].as_f64().unwrap();
    assert_eq!((of(0, "relus"), of(4, "relus")), (20_480.0, 640.0));
    let gates: Vec<f64> = (0..5).map(|mode| of(mode, "and_gates_per_relu")).collect();
    // 10 w - 4 on words of 64 bits, less the bits that rounding to 16 drops, but one.
    assert_eq!(gates, [10.0, 30.0, 0.0, 0.0, 636.0 - 5.0]);
    // The published circuit rounds exactly; at full width a sign is wrong within a unit.
    assert_eq!(
        (of(4, "error_bound"), of(1, "error_bound")),
        (0.5, of(3, "error_bound"))
    );
    assert!(of(0, "error_bound") > of(1, "error_bound"));
    // Half-gates: 32 bytes an AND, and more for inputs and outputs.
    for (mode, rest) in [(0, 20.0..140.0), (1, 20.0..240.0), (4, 16.0..300.0)] {
        let bytes = of(mode, "bytes_per_relu") - 32.0 * gates[mode];
        assert!(rest.contains(&bytes), "{}: {bytes}", modes[mode]);
    }
    assert!(of(2, "online_bytes_per_relu") < 25.0 && of(3, "online_bytes_per_relu") < 50.0);
    succeeded(&run(&["check-record", &path]));

    // The record's costs are taken as they are, and what they say is followed.
    for (slow, quick) in [("gc", "ot"), ("ot", "gc")] {
        let mut doctored = record.clone();
        for relu in doctored["costs"]["relus"].as_array_mut().unwrap() {
            relu[1]["seconds"] = json!(if relu[0] == slow { 1.0 } else { 1e-6 });
        }
        let path = text(&root.path().join("doctored.json"));
        fs::write(&path, doctored.to_string()).unwrap();
        let arguments = [
            "inspect",
            "cryptonets-relu",
            "--batch",
            "10",
            "--costs",
            &path,
        ];
        let (plan, ..) = record_of(root.path(), "plan.json", &arguments);
        let why = plan["engine_reason"].as_str().unwrap();
        assert!(why.starts_with(&format!("ReLU by {quick} on ")), "{why}");
        // 9450 values, a second each.
        assert!(
            why.contains(&format!("{slow} on softspoken-4 9450.")),
            "{why}"
        );
        assert_eq!(plan["plan"]["engine"]["relu"], quick);
    }
    let refuse = |content: &str, words: &[&str]| {
        let path = text(&root.path().join("bad.json"));
        fs::write(&path, content).unwrap();
        for more in [&[][..], &["--relu", "gc", "--ot", "silent"]] {
            let arguments = ["inspect", "cryptonets-relu", "--costs", &path];
            let words = [&["--costs", "bad.json"], words].concat();
            fails(&[&arguments, more].concat(), 2, &words);
        }
    };
    let with = |key: &str, figure: Value| {
        let mut costs = record["costs"].clone();
        costs["relus"][0][1][key] = figure;
        costs.to_string()
    };
    refuse(&with("seconds", json!(-1e-9)), &["gc costs -0.000000001"]);
    refuse(&with("to_garbler", json!(1e300)), &["gc costs 1"]);
    refuse(&with("seconds", json!(null)), &["null"]);
    refuse(
        &with("seconds", json!("x")).replace("\"x\"", "NaN"),
        &["line 1"],
    );
    refuse(
        &with("seconds", json!("x")).replace("\"x\"", "1e999"),
        &["out of range"],
    );
    refuse("{\"relus\": []}", &["missing field"]);
    refuse("[1, 2]", &["invalid"]);
    refuse("", &["EOF"]);
    let mut none = record["costs"].clone();
    none["relus"] = json!([]);
    let path = text(&root.path().join("none.json"));
    fs::write(&path, none.to_string()).unwrap();
    fails(
        &["inspect", "cryptonets-relu", "--costs", &path],
        2,
        &["no engine"],
    );
    fails(
        &["inspect", "cryptonets-relu", "--costs", "/no/such"],
        2,
        &["/no/such"],
    );
}

#[test]
fn kernels_of_every_instruction_set() {
    let root = tempfile::tempdir().unwrap();
    let arguments = ["bench", "garble", "--seconds", "0.05"];
    let (record, path, printed) = record_of(root.path(), "garble.json", &arguments);
    run_on_something(&record, "garble");
    let kernels = record["kernels"].as_array().unwrap();
    for kernel in kernels {
        let rates = [
            "garble_and_per_second",
            "evaluate_and_per_second",
            "end_to_end_and_per_second",
        ];
        figures(kernel, &rates, &[]);
        let bytes = kernel["bytes_per_and"].as_f64().unwrap();
        match kernel["scheme"].as_str().unwrap() {
            "half-gates" => assert_eq!(bytes, 32.0),
            "three-halves" => assert!((24.0..=25.0).contains(&bytes), "{bytes}"),
            other => panic!("scheme {other}"),
        }
    }
    for simd in halfmask_models::bridge::mpc::simd::Simd::all_supported() {
        let of = |k: &&Value| k["simd"] == simd.to_string();
        assert_eq!(kernels.iter().filter(of).count(), 2, "{simd}");
        assert!(printed.contains(&simd.to_string()), "{printed}");
    }
    succeeded(&run(&["check-record", &path]));
    fails(&["bench", "garble", "--seconds", "0"], 2, &["--seconds"]);
    fails(&["bench", "garble", "--simd", "sse"], 2, &["--simd", "sse"]);
}

#[test]
fn every_source_of_correlated_ots() {
    let root = tempfile::tempdir().unwrap();
    let arguments = ["bench", "ot", "--cots", "200000"];
    let (record, path, printed) = record_of(root.path(), "ot.json", &arguments);
    run_on_something(&record, "ot");
    let protocols = record["protocols"].as_array().unwrap();
    let bytes: Vec<(&str, f64)> = protocols
        .iter()
        .map(|entry| {
            figures(entry, &["cots_per_second"], &[]);
            let name = entry["protocol"].as_str().unwrap();
            assert!(printed.contains(name), "{printed}");
            (name, entry["bytes_per_cot"].as_f64().unwrap())
        })
        .collect();
    let names = [
        "softspoken-1",
        "softspoken-2",
        "softspoken-4",
        "softspoken-8",
        "silent",
    ];
    let mut found: Vec<&str> = bytes.iter().map(|(name, _)| *name).collect();
    found.sort_by_key(|name| names.iter().position(|known| known == name));
    assert_eq!(found, names);
    for (name, bytes) in bytes {
        // 128 / k - 1 bits. Silent: nothing, or refills, as its stock has it.
        let want = match name.strip_prefix("softspoken-") {
            Some(k) => {
                let exact = (128.0 / k.parse::<f64>().unwrap() - 1.0) / 8.0;
                0.999 * exact..=1.01 * exact
            }
            None => 0.0..=8.0,
        };
        assert!(want.contains(&bytes), "{name}: {bytes}");
    }
    succeeded(&run(&["check-record", &path]));
    let one = ["bench", "ot", "--cots", "1", "--protocol", "softspoken-2"];
    let (record, ..) = record_of(root.path(), "one.json", &one);
    assert_eq!(record["protocols"].as_array().unwrap().len(), 1);
    fails(
        &["bench", "ot", "--protocol", "iknp"],
        2,
        &["iknp", "softspoken"],
    );
    fails(&["bench", "ot", "--cots", "0"], 2, &["--cots"]);
}

#[test]
fn records_that_lie_are_refused() {
    let root = tempfile::tempdir().unwrap();
    let arguments = ["bench", "ot", "--cots", "1", "--protocol", "softspoken-8"];
    let (record, ..) = record_of(root.path(), "ot.json", &arguments);
    let path = text(&root.path().join("bad.json"));
    let refuse = |edit: &dyn Fn(&mut Value), code: i32, words: &[&str]| {
        let mut bad = record.clone();
        edit(&mut bad);
        fs::write(&path, bad.to_string()).unwrap();
        fails(
            &["check-record", &path],
            code,
            &[&["bad.json"], words].concat(),
        );
    };
    refuse(&|r| r["name"] = json!("iknp"), 2, &["iknp"]);
    refuse(&|r| r["name"] = json!("relu"), 2, &["modes"]);
    refuse(
        &|r| drop(r.as_object_mut().unwrap().remove("name")),
        2,
        &["name"],
    );
    refuse(&|r| r["protocols"] = json!([]), 1, &["no protocols"]);
    refuse(
        &|r| r["protocols"][0]["cots_per_second"] = json!(0.0),
        1,
        &["softspoken-8"],
    );
    refuse(
        &|r| r["protocols"][0]["bytes_per_cot"] = json!(-1.0),
        1,
        &["softspoken-8"],
    );
}
