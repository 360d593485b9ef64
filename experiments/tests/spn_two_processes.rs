//! Sum-product networks: `serve` and `infer` by hand over TCP, and `bench spn`.

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
use std::process::Output;

use common::{PATIENCE, Running, error_line, fails, images, run, succeeded, text};
use halfmask::bench::spn::Record;
use halfmask::report::{ClientReport, ServerReport, read};
use serde_json::Value;

/// Five variables, leaves of every kind.
fn model() -> String {
    text(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/tests/spn/mixed.spn.json"))
}

/// Observed, missing and maximised fields; a header that puts columns in another order.
const ROWS: &str = "\
V1,V0,V2,V3,V4
0.5,1,3,2,0.7
-1.25,0,12,,1.2
,,,,
,1,?,1,
-4,0,0,3,2.9
";

fn file(folder: &Path, name: &str, content: &str) -> String {
    let path = folder.join(name);
    fs::write(&path, content).unwrap();
    text(&path)
}

fn serve(more: &[&str]) -> (Running, String) {
    let model = model();
    let fixed = [
        "serve",
        &model,
        "--listen",
        "127.0.0.1:0",
        "--threads",
        "1",
        "--class",
        "V3",
    ];
    Running::listening(&[&fixed, more].concat())
}

fn ask(address: &str, input: &str, output: &str, query: &[&str]) -> Output {
    let fixed = [
        "infer",
        "--connect",
        address,
        "--input",
        input,
        "--output",
        output,
        "--threads",
        "1",
        "--query",
    ];
    run(&[&fixed, query].concat())
}

/// What `eval` writes.
fn eval(arithmetic: &str, input: &str, query: &[&str]) -> String {
    let model = model();
    let fixed = [
        "eval",
        &model,
        "--class",
        "V3",
        "--input",
        input,
        "--arithmetic",
        arithmetic,
        "--query",
    ];
    succeeded(&run(&[&fixed, query].concat()))
}

#[test]
fn every_query_is_what_the_fixed_point_evaluation_gives() {
    let root = tempfile::tempdir().unwrap();
    let rows = file(root.path(), "rows.csv", ROWS);
    let [answers, ours, theirs] =
        ["answers", "client.json", "server.json"].map(|name| text(&root.path().join(name)));
    let queries: [&[&str]; 5] = [
        &["likelihood"],
        &["marginal"],
        &["conditional", "--given", "V0,4"],
        &["mpe"],
        &["class"],
    ];
    let (server, address) = serve(&["--sessions", "6", "--report", &theirs]);
    for query in queries {
        let printed = succeeded(&ask(&address, &rows, &answers, query));
        assert!(printed.contains("answered 5 rows in "), "{printed}");
        let private = fs::read_to_string(&answers).unwrap();
        assert_eq!(private, eval("fixed", &rows, query), "{query:?}");
        let float = eval("float", &rows, query);
        assert_eq!(private.lines().count(), 5, "{query:?}");
        for (private, float) in private.lines().zip(float.lines()) {
            match query[0] {
                "class" => assert_eq!(private, float),
                "mpe" => {
                    let fields =
                        |line: &str| line.split(',').map(str::to_owned).collect::<Vec<_>>();
                    let (private, float) = (fields(private), fields(float));
                    assert_eq!((private.len(), float.len()), (5, 5));
                    assert!(private.iter().all(|field| !field.is_empty()), "{private:?}");
                }
                _ => {
                    let value = |text: &str| text.parse::<f64>().unwrap();
                    let error = (value(private) - value(float)).abs();
                    assert!(error < 1e-3, "{query:?}: {private} and {float}");
                }
            }
        }
    }
    // Rows in several requests, prepared, and counted by both alike.
    let more = [
        "likelihood",
        "--batch",
        "2",
        "--preprocess",
        "--report",
        &ours,
    ];
    succeeded(&ask(&address, &rows, &answers, &more));
    let private = fs::read_to_string(&answers).unwrap();
    assert_eq!(private, eval("fixed", &rows, &["likelihood"]));
    succeeded(&server.output_within(PATIENCE));
    let client: ClientReport = read(ours.as_ref()).unwrap();
    let server: ServerReport = read(theirs.as_ref()).unwrap();
    assert_eq!((client.images, client.batches), (5, 3));
    assert_eq!((server.sessions, server.images, server.batches), (6, 30, 8));
    assert_eq!(client.process.plan_digest, server.process.plan_digest);
}

#[test]
fn rows_that_do_not_fit_are_named_before_anything_about_them_is_sent() {
    let root = tempfile::tempdir().unwrap();
    let [answers, ours] = ["answers", "client.json"].map(|name| text(&root.path().join(name)));
    let theirs = text(&root.path().join("server.json"));
    let good = "1,0.5,3,2,0.7\n";
    let bad: [(&str, &[&str], &[&str]); 6] = [
        ("1,0.5,3,2\n", &["likelihood"], &["row 2", "4 fields"]),
        ("2,0.5,3,2,0.7\n", &["likelihood"], &["row 2", "V0"]),
        ("1,0.5,-1,2,0.7\n", &["mpe"], &["row 2", "V2"]),
        ("1,0.5,3,1.5,0.7\n", &["likelihood"], &["row 2", "V3"]),
        ("1,0.5,3,x,0.7\n", &["likelihood"], &["row 2", "column 4"]),
        (good, &["conditional", "--given", "V9"], &["V9"]),
    ];
    let sessions = bad.len().to_string();
    let (server, address) = serve(&["--sessions", &sessions, "--report", &theirs]);
    for (row, query, words) in bad {
        let rows = file(root.path(), "rows.csv", &format!("{good}{row}{good}"));
        let line = error_line(&ask(&address, &rows, &answers, query), 2);
        for word in words {
            assert!(line.contains(word), "no {word:?} in: {line}");
        }
    }
    succeeded(&server.output_within(PATIENCE));
    let report: ServerReport = read(theirs.as_ref()).unwrap();
    assert_eq!((report.images, report.batches), (0, 0));
    // Goodbyes alone.
    let online = report
        .meter
        .sum(|scope| scope.phase == halfmask_models::bridge::mpc::channel::Phase::Online);
    assert_eq!(online.bytes(), 12 * report.sessions);
    assert!(!Path::new(&answers).exists() && !Path::new(&ours).exists());

    // Files and options are looked at before any connection.
    let missing = text(&root.path().join("none.csv"));
    for (input, more, words) in [
        (&missing, &["likelihood"][..], &["none.csv"][..]),
        (&answers, &["conditional"], &["--given"]),
        (&answers, &["mpe", "--given", "V0"], &["--given"]),
        (&answers, &["mpe", "--images", "3"], &["--images"]),
    ] {
        let line = error_line(&ask("127.0.0.1:9", input, &answers, more), 2);
        assert!(words.iter().all(|word| line.contains(word)), "{line}");
    }
}

#[test]
fn clients_of_the_other_kind_are_refused_on_both_sides() {
    let root = tempfile::tempdir().unwrap();
    let answers = text(&root.path().join("answers"));
    let rows = file(root.path(), "rows.csv", ROWS);
    let kinds = ["neural network", "sum-product network"];
    let both = |output: &Output| {
        let line = error_line(output, 1);
        assert!(kinds.iter().all(|kind| line.contains(kind)), "{line}");
    };
    let (server, address) = serve(&[]);
    both(&common::infer(&address, &answers, &["--images", "1"]));
    both(&server.output_within(PATIENCE));
    let (server, address) = Running::server(&[]);
    both(&ask(&address, &rows, &answers, &["likelihood"]));
    both(&server.output_within(PATIENCE));
}

#[test]
fn servers_refuse_what_makes_no_sense() {
    let root = tempfile::tempdir().unwrap();
    let model = model();
    let serve = |model: &str, more: &[&str], words: &[&str]| {
        let fixed = ["serve", model, "--listen", "127.0.0.1:0"];
        fails(&[&fixed, more].concat(), 2, words);
    };
    for option in [
        ["--relu", "ot"],
        ["--output", "logits"],
        ["--batch", "5"],
        ["--costs", "x.json"],
    ] {
        serve(&model, &option, &[option[0], "sum-product network"]);
    }
    serve(&model, &["--class", "V7"], &["V7"]);
    serve("cryptonets-relu", &["--class", "V3"], &["--class"]);
    let source = fs::read_to_string(&model).unwrap();
    let mut network: Value = serde_json::from_str(&source).unwrap();
    network["nodes"][3]["sum"]["weights"][0] = 0.9.into();
    let broken = file(root.path(), "broken.spn.json", &network.to_string());
    serve(&broken, &[], &["broken.spn.json", "node 3", "weights"]);
    // What is for rows is not for images.
    let [images, answers] = [images(), text(&root.path().join("answers"))];
    let infer = ["infer", "--connect", "127.0.0.1:9", "--input", &images];
    let more = ["--output", &answers, "--given", "V0"];
    fails(&[&infer[..], &more].concat(), 2, &["--given"]);
}

#[test]
fn the_benchmark_compares_every_answer_and_records_itself() {
    let root = tempfile::tempdir().unwrap();
    let [path, less] = ["spn.json", "less.json"].map(|name| text(&root.path().join(name)));
    let empty = text(root.path());
    let model = model();
    let bench = [
        "bench",
        "spn",
        &model,
        "--data",
        &empty,
        "--rows",
        "40",
        "--single",
        "2",
        "--threads",
        "1",
        "--profile",
        "halfmask",
        "--network",
        "loopback,lan",
        "--json",
        &path,
    ];
    let printed = succeeded(&run(&bench));
    assert!(
        printed.contains("mixed") && printed.contains("halfmask"),
        "{printed}"
    );
    let record: Record = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    assert_eq!(record.models.len(), 2);
    for figures in &record.models {
        assert_eq!((figures.variables, figures.rows), (5, 40));
        assert!(figures.data.contains("seed 1"), "{}", figures.data);
        assert!(figures.twin_equal && figures.label_agreement.is_none());
        assert!(figures.max_abs_error_nats.unwrap() < 1e-3);
        let sums =
            figures.circuit.two_child_sums.unwrap() * figures.circuit.two_child_sum_ands.unwrap();
        assert!(figures.circuit.and_gates >= sums && sums > 0);
        assert!(figures.bytes_per_row < figures.bytes_per_row_single as f64);
    }
    let [loopback, lan] = &record.models[..] else {
        panic!("{record:?}")
    };
    assert_eq!(loopback.circuit.and_gates, lan.circuit.and_gates);
    let printed = succeeded(&run(&["check-record", &path]));
    assert!(
        printed.contains("2 runs of sum-product networks"),
        "{printed}"
    );

    let good: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    let keys = [
        "model",
        "profile",
        "network",
        "variables",
        "sums",
        "products",
        "leaves",
        "edges",
        "depth",
        "and_gates",
        "bytes_per_row",
        "rounds",
        "seconds_setup",
        "seconds_row_online",
        "seconds_row_total",
        "rows_per_second",
        "rows",
        "max_abs_error_nats",
        "rmse_nats",
        "label_agreement",
    ];
    for key in keys {
        assert!(good["models"][0].get(key).is_some(), "no {key}");
    }
    assert_eq!(good["models"][1]["network"], "lan");
    let change = |key: &str, value: Value, code| {
        let mut bad = good.clone();
        bad["models"][1][key] = value;
        fs::write(&less, bad.to_string()).unwrap();
        fails(&["check-record", &less], code, &["less.json"]);
    };
    change("rounds", Value::Null, 2);
    change("profile", "other".into(), 2);
    change("rows_per_second", 0.into(), 1);
    change("max_abs_error_nats", 0.002.into(), 1);
    change("twin_equal", false.into(), 1);

    // Every profile gives what it should, and ours needs fewer gates.
    let bench = [
        "bench",
        "spn",
        &model,
        "--data",
        &empty,
        "--rows",
        "4",
        "--single",
        "1",
        "--baseline-rows",
        "1",
        "--profile",
        "halfmask,garbled,cryptospn-32,cryptospn-64",
        "--json",
        &path,
    ];
    let printed = succeeded(&run(&bench));
    assert!(printed.contains("AND than cryptospn-32"), "{printed}");
    let record: Record = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    record.check().unwrap();
    let rows: Vec<usize> = record.models.iter().map(|m| m.rows).collect();
    assert_eq!(rows, [4, 1, 1, 1]);
    let ratios = &record.ratios;
    let times: Vec<f64> = ratios.iter().map(|ratio| ratio.and_gates).collect();
    assert!(times[0] > 1.0 && times[1] > times[0] && times[2] > times[1]);
    assert!(ratios[0].and_gates_published.is_none());
    assert!(ratios[1].and_gates_published.unwrap() > 60.0, "{ratios:?}");

    let nothing = ["bench", "spn", "--network", "loopback,x"];
    fails(&nothing, 2, &["--network"]);
    fails(&["bench", "spn", "--profile", "other"], 2, &["halfmask"]);
    let onnx = ["bench", "spn", &images()];
    fails(&onnx, 2, &["t10k-images"]);
}
