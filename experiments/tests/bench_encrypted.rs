//! `bench cryptonets --protocol he` as a user runs it, on few images.

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

use common::{fails, run, text, write_data};
use halfmask::bench::he::Record;

#[test]
fn both_packings_classify_and_their_records_are_checked() {
    let root = tempfile::tempdir().unwrap();
    write_data(root.path(), 24);
    let (data, json) = (text(root.path()), text(&root.path().join("record.json")));
    let fixed = ["bench", "cryptonets", "--protocol", "he", "--data", &data];
    for packing in ["real", "complex"] {
        let more = ["--json", &json, "--packing", packing, "--batch", "16"];
        let output = run(&[&fixed[..], &more].concat());
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{error}");
        let printed = String::from_utf8(output.stdout).unwrap();
        let record: Record = serde_json::from_slice(&fs::read(&json).unwrap()).unwrap();
        let checked = run(&["check-record", &json]);
        assert_eq!(checked.status.success(), !record.deterministic);
        assert_eq!((record.images, record.batches, record.rounds), (24, 2, 2));
        assert!(record.accuracy > 0.8 && record.twin_agreement > 0.9);
        assert!(record.certified > 0.5);
        for words in ["images per second", packing, "flooding", "128 bits"] {
            assert!(printed.contains(words), "no {words} in\n{printed}");
        }
        // A record whose figures do not agree is refused.
        let wrong = Record {
            images_per_second: 2.0 * record.images_per_second,
            ..record
        };
        assert!(wrong.check().is_err());
    }
}

#[test]
fn what_cannot_run_is_refused() {
    let he = ["bench", "cryptonets", "--protocol", "he"];
    let with = |more: &[&'static str]| [&he[..], more].concat();
    let relu = with(&["--model", "cryptonets-relu"]);
    fails(&relu, 2, &["three linear layers with squares"]);
    fails(&with(&["--packing", "both"]), 2, &["real or complex"]);
    fails(&with(&["--batch", "8193"]), 2, &["at most 8192"]);
}
