//! What is committed of results is what the committed records give, and bears out what is claimed.
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
use std::path::{Path, PathBuf};

use common::{run, succeeded, text};
use halfmask::experiment::catalogue;
use halfmask::experiment::definition::Scale;
use halfmask::experiment::report::{Options, Report};
use halfmask::experiment::store::Store;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Of the newest full runs.
fn report() -> Report {
    Report::of(&Options {
        experiments: catalogue::ALL.to_vec(),
        scale: Some(Scale::Full),
        store: Store::find(Some(root().join("results"))),
        pages: Vec::new(),
    })
    .unwrap()
}

#[test]
fn tables_of_pages_are_of_the_committed_records() {
    let report = report();
    for name in ["README.md", "ARTIFACT.md"] {
        let path = root().join(name);
        let page = fs::read_to_string(&path).unwrap();
        let again = report.page(&path, &page).unwrap();
        assert!(
            page == again,
            "halfmask experiment report --scale full --page {name}"
        );
    }
}

#[test]
fn files_are_of_the_committed_records() {
    for file in report().files {
        // Pixels may differ by the processor's rounding.
        if file.path.extension().is_some_and(|end| end == "png") {
            continue;
        }
        let path = root().join("results").join(&file.path);
        let committed =
            fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert!(
            committed == file.content,
            "{}: halfmask experiment report --scale full",
            path.display()
        );
    }
}

#[test]
fn claims_hold() {
    let results = text(&root().join("results"));
    let check = [
        "experiment",
        "check",
        "--scale",
        "full",
        "--results",
        &results,
    ];
    succeeded(&run(&check));
}
