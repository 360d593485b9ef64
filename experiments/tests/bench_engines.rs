//! The engines of `bench cryptonets`: with an offline phase, beside the published circuit, and those that are none.

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

use common::{fails, run, succeeded, text, write_data};
use halfmask::bench::record::Record;

/// The record of a short run of the whole network.
fn cryptonets(root: &Path, more: &[&str]) -> (Record, String) {
    write_data(root, 32);
    let data = text(root);
    let path = text(&root.join("record.json"));
    let fixed = ["bench", "cryptonets", "--data", &data, "--json", &path];
    let printed = succeeded(&run(&[&fixed, more].concat()));
    let record = Record::parse(&fs::read_to_string(path).unwrap()).unwrap();
    (record, printed)
}

#[test]
fn an_offline_phase_is_reported_apart() {
    let root = tempfile::tempdir().unwrap();
    let engine = ["--relu", "ot", "--ot", "silent", "--images", "32"];
    let arguments = [&engine[..], &["--preprocess", "--batch", "20"]].concat();
    let (record, printed) = cryptonets(root.path(), &arguments);
    assert!(record.preprocess && record.batches == 2);
    assert_eq!((record.twin_agreement, record.relu.as_str()), (1.0, "ot"));
    assert!(record.bytes_offline_per_image.total() > 0.0);
    assert!(record.seconds_offline > 0.0 && record.seconds_offline < record.seconds_total);
    assert!(record.images_per_second_online > record.images_per_second);
    // The look-ups' messages of twelve compared bits, all correlated OTs being made before.
    let online = record.bytes_per_relu_online;
    assert!((19.75..20.5).contains(&online), "{online}");
    let ot = record.bytes_by_part["relu_ot"].total() / (32.0 * 945.0);
    assert!((record.bytes_per_relu - online - ot).abs() < 1e-9, "{ot}");
    assert!(record.phases.offline.client.computing > 0.0);
    assert!(record.phases.offline.server.computing > 0.0);
    for words in ["offline, before the inputs", "of them online"] {
        assert!(printed.contains(words), "no {words} in\n{printed}");
    }
    // Without it nothing is.
    let (record, _) = cryptonets(root.path(), &engine);
    assert!(!record.preprocess && record.bytes_offline_per_image.total() == 0.0);
    assert_eq!(record.bytes_per_relu_online, record.bytes_per_relu);
}

#[test]
fn the_published_circuit_beside_ours() {
    let root = tempfile::tempdir().unwrap();
    let more = [
        "--profile",
        "mp2ml",
        "--images",
        "16",
        "--ot",
        "softspoken-4",
    ];
    let (record, printed) = cryptonets(root.path(), &more);
    assert_eq!(
        (record.profile.as_str(), record.relu.as_str()),
        ("mp2ml", "mp2ml")
    );
    let ours = record.beside.as_ref().unwrap();
    assert_eq!(ours.profile, "halfmask");
    assert!(ours.images_per_second > 0.0 && ours.accuracy > 0.8 && record.accuracy > 0.8);
    assert!(ours.bytes_per_relu < record.bytes_per_relu / 10.0);
    assert!(ours.and_gates_per_relu <= 10.0);
    // What travelled: 32 bytes an AND gate, besides a word of decode bits. 10 w - 4 gates, less dropped bits.
    let relus = 16.0 * 945.0;
    let tables = record.bytes_by_part["relu_tables"].total() / relus;
    let gates = record.and_gates_per_relu;
    assert!((625.0..=636.0).contains(&gates), "{gates}");
    assert_eq!(tables, 32.0 * gates + 8.0);
    for words in ["mp2ml", "halfmask (", "ratio", "AND a ReLU"] {
        assert!(printed.contains(words), "no {words} in\n{printed}");
    }
}

#[test]
fn engines_that_are_none_are_refused() {
    for command in [
        &["bench", "cryptonets"][..],
        &["inspect", "cryptonets-relu"],
        &["serve", "cryptonets-relu", "--listen", "127.0.0.1:0"],
    ] {
        for (option, value, words) in [
            ("--relu", "both", ["both", "gc, ot or mp2ml"]),
            ("--ot", "iknp", ["iknp", "auto"]),
            ("--ot", "softspoken-3", ["softspoken-3", "auto"]),
            ("--costs", "/no/such/file", ["/no/such/file", "cannot read"]),
            ("--plan-for", "dsl", ["dsl", "lan10"]),
        ] {
            fails(&[command, &[option, value]].concat(), 2, &words);
        }
    }
    fails(
        &["bench", "cryptonets", "--profile", "cheetah"],
        2,
        &["cheetah", "mp2ml"],
    );
    fails(
        &["bench", "relu", "--ot", "ferret"],
        2,
        &["ferret", "silent"],
    );
    fails(&["bench", "relu", "--relus", "0"], 2, &["--relus"]);
}
