//! `experiment report`, `check` and `doctor`, as a user runs them.

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

use common::{error_line, fails, run, succeeded, text};
use halfmask::experiment::definition::{Parameters, Scale, parameters};
use halfmask::experiment::provenance::Provenance;
use halfmask::experiment::record::{Record, Statistic, VERSION};
use halfmask::experiment::store::Store;
use serde_json::Value;

/// Appends a point of `cryptonets-throughput`.
fn append(folder: &Path, scale: Scale, at: Parameters, figures: &[(&str, f64)]) {
    let figures = figures.iter().map(|(name, value)| {
        let statistic = Statistic::of("1/s", vec![0.9 * value, *value, 1.1 * value]).unwrap();
        ((*name).to_owned(), statistic)
    });
    let run = "2026-01-01T00:00:00Z";
    let record = Record {
        version: VERSION,
        experiment: "cryptonets-throughput".into(),
        run: run.into(),
        scale,
        timestamp: run.into(),
        provenance: Provenance::here(),
        command: vec!["bench".into(), "cryptonets".into()],
        seed: 1,
        parameters: at,
        repetitions: 3,
        figures: figures.collect(),
    };
    Store::find(Some(folder.to_owned()))
        .append(&record)
        .unwrap();
}

/// A sweep over batches, which is a plot.
fn append_batches(folder: &Path) {
    for (batch, rate) in [(64_u64, 500.0), (512, 2_000.0), (2_048, 4_000.0)] {
        let at = parameters([
            ("sweep", "batch".into()),
            ("part", "run".into()),
            ("relu", "ot".into()),
            ("network", "loopback".into()),
            ("batch", batch.into()),
        ]);
        append(folder, Scale::Quick, at, &[("images_per_second", rate)]);
    }
}

/// A run over loopback, which a claim is about.
fn append_loopback(folder: &Path, rate: f64) {
    let at = parameters([
        ("sweep", "network".into()),
        ("part", "run".into()),
        ("relu", "auto".into()),
        ("network", "loopback".into()),
    ]);
    append(folder, Scale::Quick, at, &[("images_per_second", rate)]);
}

#[test]
fn records_become_csv_plots_latex_and_pages() {
    let root = tempfile::tempdir().unwrap();
    let results = root.path().join("results");
    append_batches(&results);
    append_loopback(&results, 5_000.0);
    let page = root.path().join("PAGE.md");
    let before = "# P\n<!-- headline: begin -->\n<!-- headline: end -->\nend\n";
    fs::write(&page, before).unwrap();
    let (folder, page_text) = (text(&results), text(&page));
    let report = [
        "experiment",
        "report",
        "--results",
        &folder,
        "--page",
        &page_text,
    ];
    let out = succeeded(&run(&report));
    assert!(
        out.contains("throughput-batch.svg") && out.contains("PAGE.md"),
        "{out}"
    );

    let csv = fs::read_to_string(results.join("cryptonets-throughput.csv")).unwrap();
    assert_eq!(csv.lines().count(), 1 + 4);
    let svg = fs::read_to_string(results.join("plots/throughput-batch.svg")).unwrap();
    assert!(svg.contains("images a batch"));
    let png = fs::read(results.join("plots/throughput-batch.png")).unwrap();
    assert!(png.starts_with(b"\x89PNG"));
    let tex = fs::read_to_string(results.join("tex/throughput-batch.tex")).unwrap();
    assert!(tex.contains("\\label{fig:throughput-batch}") && tex.contains("Quick run of commit"));
    let values = fs::read_to_string(results.join("tex/values.tex")).unwrap();
    assert!(
        values.contains("{halfmask@measured@rate-loopback}{5,000~images/s}"),
        "{values}"
    );
    assert!(results.join("tex/table-claims.tex").is_file());
    let after = fs::read_to_string(&page).unwrap();
    assert!(
        after.contains("| 5,000 images/s | 33.3 images/s | 150 x |"),
        "{after}"
    );
    assert!(
        after.starts_with("# P\n") && after.ends_with("\nend\n"),
        "{after}"
    );

    // The same records give the same files.
    succeeded(&run(&report));
    assert_eq!(fs::read_to_string(&page).unwrap(), after);
    assert_eq!(
        fs::read_to_string(results.join("plots/throughput-batch.svg")).unwrap(),
        svg
    );
}

#[test]
fn nothing_is_written_if_a_page_has_no_place() {
    let root = tempfile::tempdir().unwrap();
    let results = root.path().join("results");
    let page = root.path().join("PAGE.md");
    fs::write(&page, "no markers").unwrap();
    let (folder, page) = (text(&results), text(&page));
    let report = ["experiment", "report", "--results", &folder];
    fails(&report, 2, &["no records", "experiment run"]);
    append_batches(&results);
    fails(
        &[&report[..], &["--page", &page]].concat(),
        2,
        &["PAGE.md", "no place"],
    );
    assert_eq!(fs::read_dir(&results).unwrap().count(), 1);
    fails(
        &[&report[..], &["--scale", "full"]].concat(),
        2,
        &["no records"],
    );
    fails(&[&report[..], &["cryptonet"]].concat(), 2, &["cryptonet"]);
}

#[test]
fn claims_are_judged_by_the_newest_records() {
    let root = tempfile::tempdir().unwrap();
    let folder = text(root.path());
    let check = ["experiment", "check", "--results", &folder];
    let out = succeeded(&run(&check));
    assert!(
        out.contains("rate-loopback") && out.contains("0 hold, 0 do not"),
        "{out}"
    );
    fails(
        &[&check[..], &["--scale", "full"]].concat(),
        1,
        &["have no record"],
    );

    append_loopback(root.path(), 5_000.0);
    let out = succeeded(&run(&[&check[..], &["--json"]].concat()));
    let claims: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(claims[0]["id"], "rate-loopback");
    assert_eq!(claims[0]["verdict"], "holds");
    assert_eq!(claims[0]["published"]["system"], "MP2ML");

    let slow = tempfile::tempdir().unwrap();
    append_loopback(slow.path(), 50.0);
    let folder = text(slow.path());
    let output = run(&["experiment", "check", "--results", &folder]);
    let line = error_line(&output, 1);
    assert!(line.contains("1 do not hold"), "{line}");
    assert!(
        String::from_utf8(output.stdout)
            .unwrap()
            .contains("OUTSIDE")
    );
}

#[test]
fn the_doctor_says_what_runs_here() {
    let out = succeeded(&run(&["experiment", "doctor"]));
    for word in ["processor", "MNIST", "LaTeX", "cryptonets-throughput"] {
        assert!(out.contains(word), "no {word} in {out}");
    }
    let out = succeeded(&run(&["experiment", "doctor", "--json"]));
    let diagnosis: Value = serde_json::from_str(&out).unwrap();
    assert!(diagnosis["experiments"].as_array().unwrap().len() > 1);
}
