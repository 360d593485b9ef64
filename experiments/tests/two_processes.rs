//! `serve` and `infer` by hand, over TCP.

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

use common::{
    PATIENCE, Running, error_line, images, infer, labels, run, succeeded, text, twin_classes,
};
use halfmask::report::{ClientReport, ServerReport, read};

#[test]
fn classes_are_the_twins() {
    let root = tempfile::tempdir().unwrap();
    let [classes, ours, theirs] =
        ["classes", "client.json", "server.json"].map(|name| text(&root.path().join(name)));
    let (server, address) = Running::server(&["--report", &theirs]);
    // Three batches of 11, 11 and 10.
    let labels = labels();
    let more = [
        "--images", "32", "--batch", "12", "--labels", &labels, "--report", &ours,
    ];
    let printed = succeeded(&infer(&address, &classes, &more));
    assert!(printed.contains("classified 32 images in "), "{printed}");
    assert!(
        printed.contains("accuracy ") && printed.contains(" of 32)"),
        "{printed}"
    );
    succeeded(&server.output_within(PATIENCE));
    assert_eq!(fs::read_to_string(&classes).unwrap(), twin_classes(32));

    let client: ClientReport = read(ours.as_ref()).unwrap();
    let server: ServerReport = read(theirs.as_ref()).unwrap();
    assert_eq!((client.images, client.batches), (32, 3));
    assert_eq!((server.sessions, server.images, server.batches), (1, 32, 3));
    let (client, server) = (client.meter.total(), server.meter.total());
    assert_eq!(client.bytes_sent, server.bytes_received);
    assert_eq!(client.bytes_received, server.bytes_sent);
}

#[test]
fn a_server_serves_one_client_after_another() {
    let root = tempfile::tempdir().unwrap();
    let classes = text(&root.path().join("classes"));
    let (server, address) = Running::server(&["--sessions", "2"]);
    for simd in ["auto", "scalar"] {
        succeeded(&infer(
            &address,
            &classes,
            &["--images", "3", "--simd", simd],
        ));
        assert_eq!(fs::read_to_string(&classes).unwrap(), twin_classes(3));
    }
    succeeded(&server.output_within(PATIENCE));
}

#[test]
fn the_client_may_be_started_first() {
    let root = tempfile::tempdir().unwrap();
    let classes = text(&root.path().join("classes"));
    // A port that was free a moment ago.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    let images = images();
    let client = Running::start(&[
        "infer",
        "--connect",
        &address,
        "--input",
        &images,
        "--output",
        &classes,
        "--images",
        "2",
    ]);
    std::thread::sleep(std::time::Duration::from_millis(200));
    // An engine of its own choice it would first measure, as long as the machine wants.
    let engine = ["--relu", "gc", "--ot", "softspoken-4"];
    let serve = ["serve", "cryptonets-relu", "--listen", &address];
    let server = Running::start(&[&serve[..], &engine[..]].concat());
    succeeded(&client.output_within(PATIENCE));
    succeeded(&server.output_within(PATIENCE));
    assert_eq!(fs::read_to_string(&classes).unwrap(), twin_classes(2));
}

#[test]
fn the_plan_can_be_pinned() {
    let root = tempfile::tempdir().unwrap();
    let [classes, json] = ["classes", "plan.json"].map(|name| text(&root.path().join(name)));
    // Measured costs may choose another engine each time, which is another plan.
    let engine = ["--relu", "ot", "--ot", "softspoken-4"];
    let inspect = ["inspect", "cryptonets-relu", "--json", &json];
    succeeded(&run(&[&inspect, &engine[..]].concat()));
    let inspection: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(&json).unwrap()).unwrap();
    let digest = inspection["plan_digest"].as_str().unwrap();

    let (server, address) = Running::server(&engine);
    succeeded(&infer(
        &address,
        &classes,
        &["--images", "1", "--expect-plan", digest],
    ));
    succeeded(&server.output_within(PATIENCE));

    fs::remove_file(&classes).unwrap();
    let (server, address) = Running::server(&engine);
    let other = "ab".repeat(32);
    let output = infer(
        &address,
        &classes,
        &["--images", "1", "--expect-plan", &other],
    );
    let line = error_line(&output, 1);
    assert!(line.contains("expects plan abab"), "{line}");
    let line = error_line(&server.output_within(PATIENCE), 1);
    assert!(line.contains("client 127.0.0.1:"), "{line}");
    assert!(!root.path().join("classes").exists());
}

#[test]
fn a_client_that_does_not_fit_leaves_in_order() {
    let root = tempfile::tempdir().unwrap();
    let [small, classes] = ["small", "classes"].map(|name| text(&root.path().join(name)));
    let four = halfmask::data::Images {
        count: 2,
        rows: 2,
        cols: 2,
        pixels: vec![0; 8],
    };
    fs::write(&small, four.encode().unwrap()).unwrap();
    let (server, address) = Running::server(&["--sessions", "2"]);
    let arguments = [
        "infer",
        "--connect",
        &address,
        "--input",
        &small,
        "--output",
        &classes,
    ];
    let line = error_line(&run(&arguments), 2);
    assert!(line.contains("1x2x2") && line.contains("1x28x28"), "{line}");
    let line = error_line(&infer(&address, &classes, &["--batch", "2049"]), 2);
    assert!(line.contains("at most 2048"), "{line}");
    // Neither was the server's failure.
    succeeded(&server.output_within(PATIENCE));
    assert!(!root.path().join("classes").exists());
}

#[cfg(feature = "test-seed")]
#[test]
fn a_seed_fixes_every_byte_counted() {
    let root = tempfile::tempdir().unwrap();
    let seed = "5a".repeat(32);
    let mut classes = Vec::new();
    for name in ["first", "second"] {
        let path = text(&root.path().join(name));
        let (server, address) = Running::server(&["--seed", &seed]);
        succeeded(&infer(&address, &path, &["--images", "8", "--seed", &seed]));
        succeeded(&server.output_within(PATIENCE));
        classes.push(fs::read_to_string(&path).unwrap());
    }
    assert_eq!(classes[0], classes[1]);
}

#[cfg(not(feature = "test-seed"))]
#[test]
fn a_default_build_knows_no_seed() {
    let seed = "5a".repeat(32);
    common::fails(
        &[
            "serve",
            "cryptonets-relu",
            "--listen",
            "127.0.0.1:0",
            "--seed",
            &seed,
        ],
        2,
        &["--seed"],
    );
}
