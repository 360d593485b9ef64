//! `halfmask spn train` as a user runs it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use halfmask_models::spn::json;
use serde_json::Value;

fn halfmask(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_halfmask"))
        .current_dir(folder)
        .env_remove("HALFMASK_DATA")
        .args(["spn", "train"])
        .args(arguments)
        .output()
        .unwrap()
}

/// Rows in which the second field follows the first and the third is its own.
fn rows(count: u32) -> String {
    (0..count)
        .map(|i| {
            let (a, b, c) = (i % 2, (i % 2) ^ u32::from(i % 11 == 0), i / 2 % 2);
            format!("{a},{b},{c}\n")
        })
        .collect()
}

#[test]
fn learns_writes_and_repeats() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("rows.csv"), rows(600)).unwrap();
    fs::write(folder.path().join("test.csv"), rows(88)).unwrap();
    for learner in ["learnspn", "rat"] {
        let mut texts = Vec::new();
        for output in ["one.spn.json", "two.spn.json"] {
            let arguments = [
                "--data",
                "rows.csv",
                "--test",
                "test.csv",
                "--learner",
                learner,
                "--output",
                output,
                "--json",
                "record.json",
            ];
            let run = halfmask(folder.path(), &arguments);
            let shown = String::from_utf8(run.stdout).unwrap();
            assert!(run.status.success(), "{shown}");
            assert!(run.stderr.is_empty(), "no progress without a terminal");
            assert!(
                shown.contains("valid -") && shown.contains("every 10th row"),
                "{shown}"
            );
            texts.push(fs::read_to_string(folder.path().join(output)).unwrap());
        }
        assert_eq!(texts[0], texts[1]);
        let spn = json::read(&texts[0]).unwrap();
        assert_eq!(spn.variables().len(), 3);
        let record: Value =
            serde_json::from_str(&fs::read_to_string(folder.path().join("record.json")).unwrap())
                .unwrap();
        // Entropies: 1, H(1/11) and 1 bits.
        let bound = -(2.0 * 2f64.ln() + 0.3046);
        let test = record["test"].as_f64().unwrap();
        assert!(
            (test - bound).abs() < 0.02,
            "{learner}: {test} against {bound}"
        );
        assert_eq!(record["train_rows"], 540);
    }
}

#[test]
fn bad_input_is_one_line_and_code_2() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("rows.csv"), rows(60)).unwrap();
    fs::write(folder.path().join("ragged.csv"), "0,1\n1\n").unwrap();
    for (arguments, part) in [
        (&["--data", "nothing"][..], "nothing.train.csv"),
        (&["--data", "ragged.csv"], "row 1 has 1 fields"),
        (&["--data", "rows.csv", "--class", "age"], "--class age"),
        (
            &["--data", "rows.csv", "--learner", "rat", "--depth", "0"],
            "at least 1",
        ),
        (&["--data", "rows.csv", "--smoothing=-1"], "--smoothing"),
    ] {
        let arguments = [arguments, &["--output", "model.spn.json"]].concat();
        let run = halfmask(folder.path(), &arguments);
        let text = String::from_utf8(run.stderr).unwrap();
        assert_eq!(run.status.code(), Some(2), "{text}");
        assert!(
            text.contains(part) && text.trim().lines().count() == 1,
            "{text}"
        );
        assert!(!folder.path().join("model.spn.json").exists());
    }
}
