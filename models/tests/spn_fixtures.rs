#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]
//! Every kind of leaf and query against answers of SPFlow 0.0.48 (`tests/spn/generate.py`), and one network in each of its formats.

use std::path::PathBuf;

use halfmask_models::spn::float::{self, Evaluator};
use halfmask_models::spn::graph::{Counts, Evidence, LeafCounts, Spn};
use halfmask_models::spn::import::{self, Format};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    rows: Vec<Vec<f64>>,
    missing: Vec<Vec<u8>>,
    given: Vec<usize>,
    full: Vec<f64>,
    marginal: Vec<f64>,
    conditional: Vec<f64>,
    mpe: Vec<Vec<f64>>,
    mpe_value: Vec<f64>,
    mpe_of_sums: Vec<Vec<f64>>,
}

fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/spn")
        .join(name)
}

fn observed(rows: &[Vec<f64>]) -> Vec<Vec<Evidence>> {
    let row = |row: &Vec<f64>| row.iter().map(|&x| Evidence::Observed(x)).collect();
    rows.iter().map(row).collect()
}

fn close(what: &str, got: &[f64], expected: &[f64]) {
    assert_eq!(got.len(), expected.len());
    for (row, (got, expected)) in got.iter().zip(expected).enumerate() {
        assert!(
            (got - expected).abs() <= 1e-9,
            "{what}, row {row}: {got}, expected {expected}"
        );
    }
}

fn agrees(name: &str) {
    let imported = import::import_file(&fixture(&format!("{name}.spn.json"))).unwrap();
    assert_eq!(imported.format, Format::Halfmask);
    let expected = std::fs::read_to_string(fixture(&format!("{name}.expected.json"))).unwrap();
    let expected: Expected = serde_json::from_str(&expected).unwrap();
    let evaluator = Evaluator::new(&imported.spn);
    let full = observed(&expected.rows);
    let mut partial = full.clone();
    for (row, missing) in partial.iter_mut().zip(&expected.missing) {
        for (field, _) in row.iter_mut().zip(missing).filter(|(_, m)| **m == 1) {
            *field = Evidence::Missing;
        }
    }
    close(
        "full",
        &evaluator.log_likelihood(&full).unwrap(),
        &expected.full,
    );
    let marginal = evaluator.log_likelihood(&partial).unwrap();
    close("marginal", &marginal, &expected.marginal);
    let conditional = evaluator.conditional(&full, &expected.given).unwrap();
    close("conditional", &conditional, &expected.conditional);

    let maximised: Vec<_> = partial
        .iter()
        .map(|row| float::maximise_missing(row))
        .collect();
    let explanations = evaluator.mpe(&maximised).unwrap();
    let values: Vec<f64> = explanations.iter().map(|e| e.value).collect();
    close("mpe", &values, &expected.mpe_value);
    let rows: Vec<_> = explanations.into_iter().map(|e| e.row).collect();
    assert_eq!(rows, observed(&expected.mpe));
    // What SPFlow finds going up by sums is an assignment too, so no better than the best.
    let of_sums = evaluator.mpe(&observed(&expected.mpe_of_sums)).unwrap();
    for (best, other) in values.iter().zip(&of_sums) {
        assert!(*best >= other.value - 1e-12, "{best} {}", other.value);
    }
}

#[test]
fn gaussian_leaves() {
    agrees("gaussian");
}

#[test]
fn poisson_leaves() {
    agrees("poisson");
}

#[test]
fn categorical_leaves() {
    agrees("categorical");
}

#[test]
fn histogram_leaves() {
    agrees("histogram");
}

#[test]
fn leaves_of_all_kinds_below_shared_nodes() {
    agrees("mixed");
}

fn format(name: &str, format: Format) -> (Spn, Vec<String>) {
    let imported = import::import_file(&fixture(name)).unwrap();
    assert_eq!(imported.format, format);
    (imported.spn, imported.notes)
}

/// A row for the network of all formats.
fn row(k: u32) -> Vec<Evidence> {
    let k = f64::from(k);
    [
        k % 2.0,
        k % 4.0,
        k / 3.0 - 2.0,
        k,
        k % 6.0,
        (k * 0.37) % 3.0,
    ]
    .map(Evidence::Observed)
    .to_vec()
}

#[test]
fn every_format_is_the_same_network() {
    let (own, notes) = format("formats.spn.json", Format::Halfmask);
    assert_eq!(notes, [""; 0]);
    let counts = Counts {
        sums: 3,
        products: 9,
        leaves: 16,
        leaves_by_kind: LeafCounts {
            bernoulli: 4,
            categorical: 4,
            gaussian: 2,
            poisson: 2,
            histogram: 4,
        },
        edges: 3 + 6 + 8 + 4 + 8,
        depth: 5,
        shared: 2,
    };
    assert_eq!(own.counts(), counts);

    // Full precision, and shared nodes by their ids: the same nodes, in the same order.
    let (json, notes) = format("formats.legacy.json", Format::LegacyJson);
    assert_eq!((&json, notes.len()), (&own, 0));

    // Text rounds histograms; an equation also loses sharing.
    let rows: Vec<_> = (0..20).map(row).collect();
    let expected = Evaluator::new(&own).log_likelihood(&rows).unwrap();
    for (name, kind, shared) in [
        ("formats.graph.txt", Format::ReferenceGraph, 2),
        ("formats.eq.txt", Format::Equation, 0),
    ] {
        let (text, notes) = format(name, kind);
        assert_eq!(notes.len(), 1);
        assert!(
            notes[0].contains("histograms added up to other than 1"),
            "{notes:?}"
        );
        assert_eq!(text.counts().shared, shared);
        let got = Evaluator::new(&text).log_likelihood(&rows).unwrap();
        for (got, expected) in got.iter().zip(&expected) {
            assert!((got - expected).abs() < 1e-3, "{name}: {got} {expected}");
        }
    }
    let (graph, _) = format("formats.graph.txt", Format::ReferenceGraph);
    assert_eq!(graph.counts(), counts);
}

/// A file cut anywhere, or with any byte replaced, is refused or read: nothing else happens.
#[test]
fn damaged_files_are_errors() {
    for name in [
        "formats.spn.json",
        "formats.legacy.json",
        "formats.graph.txt",
        "formats.eq.txt",
    ] {
        let text = std::fs::read_to_string(fixture(name)).unwrap();
        let text = text.trim_end();
        for end in 0..text.len() {
            let error = import::import(&text[..end]).unwrap_err().to_string();
            assert!(!error.is_empty() && !error.contains('\n'), "{error}");
        }
        let mut refused = 0;
        let others = ["(", ")", "*", "9", "]", "}", "\"", ",", "é"];
        for (at, with) in (0..text.len()).zip(others.iter().cycle()) {
            let damaged = format!("{}{with}{}", &text[..at], &text[at + 1..]);
            refused += usize::from(import::import(&damaged).is_err());
        }
        // Digits, and fields that are not used, may change.
        assert!(refused > text.len() / 4, "{name}: {refused}");
    }
}
