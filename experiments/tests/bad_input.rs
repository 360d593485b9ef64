//! Arguments and files that are wrong: one line that says what and where, exit code 2.

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
use std::process::Stdio;

use common::{digits, fails, halfmask, images, labels, names, run, text};

const MODEL: &[u8] = include_bytes!("../../models/cryptonets-relu/model.onnx");

/// A file of a folder with this content, as an argument.
fn file(folder: &Path, name: &str, content: &[u8]) -> String {
    let path = folder.join(name);
    fs::write(&path, content).unwrap();
    text(&path)
}

/// A client of nobody: its files are looked at before any connection.
fn infer_fails(input: &str, output: &str, more: &[&str], words: &[&str]) {
    let fixed = [
        "infer",
        "--connect",
        "127.0.0.1:9",
        "--input",
        input,
        "--output",
        output,
    ];
    fails(&[&fixed, more].concat(), 2, words);
}

#[test]
fn image_files() {
    let root = tempfile::tempdir().unwrap();
    let output = text(&root.path().join("classes"));
    let good = fs::read(images()).unwrap();
    let cut = file(root.path(), "cut.gz", &good[..good.len() / 2]);
    let plain = file(
        root.path(),
        "plain",
        b"\0\0\x08\x03\0\0\0\x02\0\0\0\x1c\0\0\0\x1c....",
    );
    let png = file(root.path(), "a.png", b"\x89PNG\r\n\x1a\n0000000000000000");
    infer_fails(&cut, &output, &[], &["cut.gz"]);
    infer_fails(&plain, &output, &[], &["plain"]);
    infer_fails(&png, &output, &[], &["a.png", "IDX"]);
    infer_fails(&labels(), &output, &[], &["t10k-labels"]);
    infer_fails("/no/such/file", &output, &[], &["/no/such/file"]);
    infer_fails(&text(root.path()), &output, &[], &[&text(root.path())]);
    infer_fails(
        &images(),
        &output,
        &["--images", "1798"],
        &["--images 1798", "1797"],
    );
    infer_fails(
        &images(),
        &output,
        &["--labels", &images()],
        &["t10k-images"],
    );
    infer_fails(
        &images(),
        "/no/such/folder/x",
        &[],
        &["--output", "/no/such/folder"],
    );
    assert_eq!(names(root.path()), ["a.png", "cut.gz", "plain"]);
}

#[test]
fn model_files() {
    let root = tempfile::tempdir().unwrap();
    let serve_fails = |model: &str, words: &[&str]| {
        fails(&["serve", model, "--listen", "127.0.0.1:0"], 2, words);
        fails(&["inspect", model], 2, words);
        fails(&["bench", "cryptonets", "--model", model], 2, words);
    };
    let foreign = file(
        root.path(),
        "foreign.onnx",
        b"\x89PNG\r\n\x1a\n0000000000000000",
    );
    serve_fails(&foreign, &["foreign.onnx", "not an ONNX model"]);
    let cut = file(root.path(), "cut.onnx", &MODEL[..MODEL.len() / 3]);
    serve_fails(&cut, &["cut.onnx"]);
    serve_fails("/no/such.onnx", &["/no/such.onnx"]);

    // The same network with another activation: every unsupported node is named.
    let mut other = MODEL.to_vec();
    let places: Vec<usize> = other
        .windows(6)
        .enumerate()
        .filter(|(_, window)| window == b"\x22\x04Relu")
        .map(|(place, _)| place)
        .collect();
    assert_eq!(places.len(), 2);
    for place in places {
        other[place + 2..place + 6].copy_from_slice(b"Tanh");
    }
    let tanh = file(root.path(), "tanh.onnx", &other);
    serve_fails(
        &tanh,
        &["tanh.onnx", "unsupported", "Tanh", "relu1", "relu2"],
    );
}

#[test]
fn data_folders() {
    let empty = tempfile::tempdir().unwrap();
    let folder = text(empty.path());
    fails(
        &["bench", "cryptonets", "--data", &folder],
        2,
        &["--data", &folder, "t10k-images"],
    );
    let output = halfmask(&["bench", "cryptonets"])
        .env("HALFMASK_DATA", &folder)
        .output()
        .unwrap();
    let line = common::error_line(&output, 2);
    assert!(
        line.contains("$HALFMASK_DATA") && line.contains(&folder),
        "{line}"
    );

    // Images without labels.
    let name = "t10k-images-idx3-ubyte.gz";
    fs::copy(digits().join(name), empty.path().join(name)).unwrap();
    fails(
        &["bench", "cryptonets", "--data", &folder],
        2,
        &["t10k-labels"],
    );
    fails(
        &[
            "bench",
            "cryptonets",
            "--data",
            &text(&digits()),
            "--images",
            "2000",
        ],
        2,
        &["--images 2000", "1797"],
    );
}

#[test]
fn arguments() {
    let data = text(&digits());
    let bench = ["bench", "cryptonets", "--data", &data];
    for (more, words) in [
        (["--batch", "0"], ["--batch", "0"]),
        (["--batch", "4096"], ["--batch 4096", "2048"]),
        (["--images", "x"], ["--images", "x"]),
        (["--timeout", "0"], ["--timeout", "0.01 to 86400"]),
        (["--simd", "sse2"], ["sse2", "avx512"]),
        (["--network", "dsl"], ["dsl", "lan10"]),
        (
            ["--json", "/no/such/folder/x"],
            ["--json", "/no/such/folder"],
        ),
    ] {
        fails(&[&bench[..], &more[..]].concat(), 2, &words);
    }
    fails(&["infer", "--input", "x"], 2, &["--connect", "--output"]);
    fails(
        &["serve", "cryptonets-relu", "--listen", "here"],
        2,
        &["--listen here"],
    );
    fails(&["frobnicate"], 2, &["frobnicate"]);
    fails(
        &["data", "fetch", "mnist", "--mirror", "ftp://x"],
        2,
        &["ftp://x"],
    );
    fails(&["data", "fetch", "imagenet"], 2, &["imagenet", "mnist"]);
}

#[test]
fn help_has_examples() {
    for command in [
        &["--help"][..],
        &["serve", "--help"],
        &["infer", "--help"],
        &["inspect", "--help"],
    ] {
        let output = run(command);
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(
            output.status.success() && text.contains("Examples:"),
            "{text}"
        );
        assert!(text.contains("Usage: halfmask"), "{text}");
    }
}

#[test]
fn a_reader_that_leaves_is_no_panic() {
    for command in [
        &["inspect", "cryptonets-relu"][..],
        &["--help"],
        &["frobnicate"],
    ] {
        let mut child = halfmask(command)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        if command == ["frobnicate"] {
            drop(child.stderr.take());
        }
        let expected = if command == ["frobnicate"] { 2 } else { 0 };
        let output = child.wait_with_output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(expected), "{error}");
        assert!(error.is_empty(), "{error}");
    }
}
