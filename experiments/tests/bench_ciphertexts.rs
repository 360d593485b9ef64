//! `bench ckks` and `bench linear` as a user runs them, and the check of their records.

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

use common::{fails, run, succeeded, text};
use serde_json::{Value, json};

/// A command's record, its file, and what it printed.
fn record_of(folder: &Path, name: &str, arguments: &[&str]) -> (Value, String, String) {
    let path = text(&folder.join(name));
    let printed = succeeded(&run(&[arguments, &["--json", &path]].concat()));
    let record: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    for key in ["cpu", "simd"] {
        let said = record["machine"][key].as_str();
        assert!(said.is_some_and(|said| !said.is_empty()), "{key}");
    }
    assert!(record["commit"].as_str().is_some_and(|c| !c.is_empty()));
    succeeded(&run(&["check-record", &path]));
    (record, path, printed)
}

/// Checks that an edited record is refused, and why.
#[track_caller]
fn refuse(record: &Value, folder: &Path, edit: impl Fn(&mut Value), word: &str) {
    let path = text(&folder.join("bad.json"));
    let mut bad = record.clone();
    edit(&mut bad);
    fs::write(&path, bad.to_string()).unwrap();
    fails(&["check-record", &path], 1, &["bad.json", word]);
}

const OPERATIONS: [&str; 19] = [
    "NTT forward",
    "NTT inverse",
    "encode",
    "decode",
    "encrypt, seeded",
    "encrypt, expanded",
    "encrypt, public key",
    "decrypt",
    "add",
    "multiply plain",
    "multiply",
    "square",
    "rescale",
    "relinearise",
    "multiply, relinearise",
    "rotate",
    "rotate, 8 hoisted",
    "serialise",
    "deserialise",
];

#[test]
fn every_operation_of_the_scheme() {
    let root = tempfile::tempdir().unwrap();
    let arguments = ["bench", "ckks", "--preset", "n4096", "--preset", "N8192"];
    let brief = [&arguments[..], &["--seconds", "0.01"]].concat();
    let (record, _, printed) = record_of(root.path(), "ckks.json", &brief);
    assert_eq!(record["name"], "ckks");
    let sets = record["sets"].as_array().unwrap();
    for (set, (preset, degree, chain)) in sets.iter().zip([("N4096", 4096, 1), ("N8192", 8192, 2)])
    {
        assert_eq!(
            (&set["preset"], &set["degree"]),
            (&json!(preset), &json!(degree))
        );
        let operations = set["operations"].as_array().unwrap();
        let names: Vec<&str> = operations
            .iter()
            .map(|operation| operation["operation"].as_str().unwrap())
            .collect();
        assert_eq!(names, OPERATIONS);
        let median = |name: &str| {
            let index = names.iter().position(|n| *n == name).unwrap();
            operations[index]["microseconds"]["median"]
                .as_f64()
                .unwrap()
        };
        // What contains many of another takes longer, however noisy the machine.
        assert!(median("multiply, relinearise") > median("multiply"));
        assert!(median("encrypt, public key") > median("NTT forward"));
        assert!(names.iter().all(|name| printed.contains(name)), "{printed}");
        // As many products as the preset is meant for, and bits of the scale left.
        let precision = |key: &str| set["precision"][key].as_f64().unwrap();
        assert_eq!(precision("chain_products"), f64::from(chain));
        assert!(precision("chain_bits") > 8.0 && precision("fresh_bits") < 40.0);
        let bytes = |key: &str| set[key].as_u64().unwrap();
        assert!(bytes("bytes_seeded") < bytes("bytes_ciphertext"));
    }
    let edit = |key: &'static str, value: Value| {
        move |record: &mut Value| record["sets"][0][key] = value.clone()
    };
    refuse(
        &record,
        root.path(),
        edit("operations", json!([])),
        "no operations",
    );
    refuse(
        &record,
        root.path(),
        edit("security_bits", json!(120)),
        "120 bits",
    );
    let slow = |record: &mut Value| {
        record["sets"][1]["operations"][3]["microseconds"]["lower_quartile"] = json!(1e9);
    };
    refuse(&record, root.path(), slow, "N8192, decode");
    let lossless =
        |record: &mut Value| record["sets"][1]["precision"]["product_bits"] = json!(64.0);
    refuse(&record, root.path(), lossless, "N8192");
    fails(
        &["bench", "ckks", "--preset", "N1"],
        2,
        &["--preset", "N8192Wide"],
    );
    fails(&["bench", "ckks", "--seconds", "0"], 2, &["--seconds"]);
}

#[test]
fn linear_layers_by_packing() {
    let root = tempfile::tempdir().unwrap();
    let arguments = ["bench", "linear", "--images", "1,3,65"];
    let (record, _, printed) = record_of(root.path(), "linear.json", &arguments);
    assert_eq!(record["name"], "linear");
    let runs = record["runs"].as_array().unwrap();
    // Three layers: two batch packings on three numbers of images, single images on at most 64.
    assert_eq!(runs.len(), 3 * (2 * 3 + 2));
    for setting in record["settings"].as_array().unwrap() {
        assert_eq!(setting["security_bits"], 128, "{setting}");
        let of =
            |run: &&Value| run["layer"] == setting["layer"] && run["packing"] == setting["packing"];
        let bytes = |run: &Value| {
            let bytes = ["bytes_up", "bytes_down"].map(|key| run[key].as_u64().unwrap());
            let images = run["images"].as_u64().unwrap();
            if setting["images"] == 1 {
                bytes.map(|b| b / images)
            } else {
                bytes
            }
        };
        // Batches cost the same whatever is in them; single images the same each.
        let of_all: Vec<[u64; 2]> = runs.iter().filter(of).map(bytes).collect();
        assert!(
            of_all.windows(2).all(|pair| pair[0] == pair[1]),
            "{setting}: {of_all:?}"
        );
        assert!(printed.contains(setting["packing"].as_str().unwrap()));
    }
    let wrong = |record: &mut Value| record["runs"][2]["error"] = json!(1e3);
    refuse(&record, root.path(), wrong, "wrong by");
    let silent = |record: &mut Value| record["runs"][2]["bytes_down"] = json!(0);
    refuse(&record, root.path(), silent, "a figure is 0");
    let weak = |record: &mut Value| record["settings"][2]["security_bits"] = json!(100);
    refuse(&record, root.path(), weak, "100 bits");
}

#[test]
fn a_batch_beyond_one_ciphertext_takes_another() {
    let root = tempfile::tempdir().unwrap();
    let mut arguments = vec!["bench", "linear", "--images", "2048,2049", "--layer", "fc2"];
    arguments.extend([
        "--packing",
        "batch-slots",
        "--packing",
        "batch-coefficients",
    ]);
    let (record, ..) = record_of(root.path(), "linear.json", &arguments);
    let runs = record["runs"].as_array().unwrap();
    for pair in runs.chunks(2) {
        for key in ["bytes_up", "bytes_down"] {
            let [one, two] = [0, 1].map(|i| pair[i][key].as_u64().unwrap());
            assert_eq!(two, 2 * one, "{key}");
        }
    }
}

#[test]
fn what_is_not_there_is_refused() {
    fails(
        &["bench", "linear", "--layer", "fc9"],
        2,
        &["--layer fc9", "fc1"],
    );
    fails(
        &["bench", "linear", "--packing", "x"],
        2,
        &["--packing", "image-slots"],
    );
    fails(&["bench", "linear", "--images", "0"], 2, &["--images"]);
    fails(&["bench", "linear", "--images", "1,"], 2, &["--images"]);
    let arguments = ["bench", "linear", "--json", "/no/such/folder/x.json"];
    fails(&arguments, 2, &["--json", "/no/such/folder"]);
}
