//! `bench` as a user runs it, on few images.

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
use std::process::Command;
use std::time::Duration;

use common::{PATIENCE, Running, error_line, run, text, write_data};
use halfmask::bench::record::Record;

/// A benchmark's record and what it printed.
fn bench(root: &Path, more: &[&str]) -> (Record, String) {
    let (data, json) = (text(root), text(&root.join("record.json")));
    let fixed = ["bench", "cryptonets", "--data", &data, "--json", &json];
    let output = run(&[&fixed, more].concat());
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    let record = Record::parse(&fs::read_to_string(&json).unwrap()).unwrap();
    (record, String::from_utf8(output.stdout).unwrap())
}

#[test]
fn a_record_has_every_key_and_sane_figures() {
    let root = tempfile::tempdir().unwrap();
    write_data(root.path(), 48);
    let engine = ["--relu", "gc", "--ot", "softspoken-4"];
    let arguments = [&["--images", "32", "--batch", "20"], &engine[..]].concat();
    let (mut record, printed) = bench(root.path(), &arguments);
    // A build with the feature says so, and its records are not accepted.
    assert_eq!(record.deterministic, cfg!(feature = "test-seed"));
    let checked = run(&["check-record", &text(&root.path().join("record.json"))]);
    assert_eq!(checked.status.success(), !record.deterministic);
    record.deterministic = false;
    record.check().unwrap();

    assert_eq!((record.images, record.batch, record.batches), (32, 20, 2));
    assert_eq!(
        (record.name.as_str(), record.data.as_str()),
        ("cryptonets", "custom")
    );
    assert!(
        record
            .data_note
            .as_ref()
            .unwrap()
            .contains("not the published")
    );
    assert_eq!(record.twin_agreement, 1.0);
    assert!(record.accuracy > 0.8 && record.plain_accuracy > 0.8);
    assert!(record.bytes_per_relu > 300.0 && record.bytes_per_relu < 600.0);
    assert_eq!(
        (record.and_gates_per_relu, record.relus_per_image),
        (10.0, 945)
    );
    assert_eq!(record.security_bits, 128);
    let names: Vec<&str> = record
        .layers
        .iter()
        .map(|layer| layer.name.as_str())
        .collect();
    assert_eq!(names, ["conv1", "relu1", "fc1", "relu2", "fc2", "argmax"]);
    let kinds: Vec<&str> = record
        .layers
        .iter()
        .map(|layer| layer.kind.as_str())
        .collect();
    assert_eq!(
        kinds,
        ["conv2d", "relu", "dense", "relu", "dense", "argmax"]
    );
    if cfg!(target_os = "linux") {
        let peak = record.peak_rss_bytes;
        for bytes in [peak.client.unwrap(), peak.server.unwrap()] {
            assert!((1 << 20..2_000_000_000).contains(&bytes), "{bytes}");
        }
    }
    for words in [
        "images per second",
        "agreement",
        "bytes a ReLU",
        "rounds",
        "peak memory",
        "online",
        "relu1",
    ] {
        assert!(printed.contains(words), "no {words} in\n{printed}");
    }
}

#[test]
fn the_predicted_bytes_are_the_measured_ones() {
    for relu in ["gc", "ot"] {
        predicted_as_measured(&["--relu", relu, "--ot", "softspoken-4"]);
    }
}

fn predicted_as_measured(engine: &[&str]) {
    let root = tempfile::tempdir().unwrap();
    write_data(root.path(), 64);
    let json = text(&root.path().join("plan.json"));
    let arguments = [&["inspect", "cryptonets-relu", "--json", &json], engine].concat();
    assert!(run(&arguments).status.success());
    let plan: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(&json).unwrap()).unwrap();
    let cost: halfmask::cost::Cost = serde_json::from_value(plan["cost"].clone()).unwrap();
    let (record, _) = bench(root.path(), &[&["--images", "64"], engine].concat());
    let (predicted, measured) = (cost.per_image(64), record.bytes_per_image);
    for (what, predicted, measured) in [
        (
            "to the server",
            predicted.client_to_server,
            measured.client_to_server,
        ),
        (
            "to the client",
            predicted.server_to_client,
            measured.server_to_client,
        ),
        ("a ReLU", cost.per_relu(), record.bytes_per_relu),
    ] {
        let ratio = measured / predicted;
        assert!(
            (0.999..1.02).contains(&ratio),
            "bytes {what}: {measured}, predicted {predicted}"
        );
    }
    assert_eq!(record.plan_digest, plan["plan_digest"].as_str().unwrap());
}

#[test]
fn an_emulated_network_is_recorded_and_felt() {
    let root = tempfile::tempdir().unwrap();
    write_data(root.path(), 8);
    let (record, printed) = bench(root.path(), &["--network", "400mbit,10ms"]);
    assert_eq!(record.network, "400mbit,10ms".parse().unwrap());
    assert!(
        printed.contains("400 Mbit/s each way, 10 ms there and back"),
        "{printed}"
    );
    // A round is a change of direction and back; the last answer is not waited for in every one.
    let turns = record.rounds as f64 / 2.0;
    assert!(record.seconds_total > 0.8 * turns * 0.01, "{record:?}");
    assert!(record.seconds_setup > 0.02, "{}", record.seconds_setup);
    let json = fs::read_to_string(root.path().join("record.json")).unwrap();
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(value["network"]["round_trip_seconds"], 0.01);
    common::fails(
        &["bench", "cryptonets", "--network", "dsl"],
        2,
        &["--network", "dsl", "100mbit,40ms"],
    );
}

#[test]
fn two_processes_measure_what_connects_them() {
    let root = tempfile::tempdir().unwrap();
    let json = root.path().join("link.json");
    let network = ["--network", "800mbit,4ms"];
    let (listener, address) =
        Running::listening(&[&["link", "--listen", "127.0.0.1:0"], &network[..]].concat());
    let json_name = text(&json);
    let measure = [
        &[
            "link",
            "--connect",
            &address,
            "--bytes",
            "1000000",
            "--json",
            &json_name,
        ],
        &network[..],
    ];
    let output = run(&measure.concat());
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(listener.output_within(PATIENCE).status.success());
    let measured: halfmask::link::Measured = halfmask::report::read(&json).unwrap();
    let seconds = |name: &str| {
        let test = measured.tests.iter().find(|test| test.name == name);
        test.map(|test| test.seconds / test.turns as f64).unwrap()
    };
    // Never faster than the network: 4 ms there and back, 10.6 ms for the bytes.
    assert!(seconds("round trips") >= 0.004);
    assert!(seconds("long transfer, back") >= 0.0146);
}

#[test]
fn records_that_lie_are_refused() {
    let root = tempfile::tempdir().unwrap();
    write_data(root.path(), 16);
    let (mut record, _) = bench(root.path(), &[]);
    record.deterministic = false;
    record.check().unwrap();
    let lies: [fn(&mut Record); 7] = [
        |r| r.images_per_second *= 2.0,
        |r| r.twin_agreement = 0.5,
        |r| r.accuracy = 1.5,
        |r| r.security_bits = 100,
        |r| r.deterministic = true,
        |r| r.layers.clear(),
        |r| r.bytes_per_image.client_to_server *= 3.0,
    ];
    for (index, lie) in lies.iter().enumerate() {
        let mut record = record.clone();
        lie(&mut record);
        assert!(record.check().is_err(), "lie {index}");
    }
    let path = root.path().join("less.json");
    let mut value = serde_json::to_value(&record).unwrap();
    value.as_object_mut().unwrap().remove("rounds");
    fs::write(&path, value.to_string()).unwrap();
    common::fails(&["check-record", &text(&path)], 2, &["less.json", "rounds"]);
}

/// The process of a command that the benchmark started.
#[cfg(target_os = "linux")]
fn child(parent: u32, command: &str) -> Option<String> {
    let processes = fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    processes
        .map(|entry| entry.path())
        .find(|path| {
            let read = |name: &str| fs::read_to_string(path.join(name)).unwrap_or_default();
            // The fourth field of stat is the parent, the second a name in parentheses.
            let parent_of = read("stat")
                .rsplit(')')
                .next()
                .and_then(|rest| rest.split_whitespace().nth(1).map(str::to_owned));
            parent_of == Some(parent.to_string())
                && read("cmdline").split('\0').nth(1) == Some(command)
        })
        .map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
}

#[cfg(target_os = "linux")]
#[test]
fn a_killed_process_ends_the_benchmark() {
    let root = tempfile::tempdir().unwrap();
    write_data(root.path(), 1797);
    let (data, json) = (text(root.path()), text(&root.path().join("record.json")));
    for (command, name) in [("serve", "server"), ("infer", "client")] {
        let mut bench = Running::start(&[
            "bench",
            "cryptonets",
            "--data",
            &data,
            "--json",
            &json,
            "--batch",
            "8",
        ]);
        bench.wait_for_line("halfmask: 8 of 1797 images");
        let victim = child(bench.id(), command).unwrap();
        assert!(
            Command::new("kill")
                .args(["-9", &victim])
                .status()
                .unwrap()
                .success()
        );
        let other = child(
            bench.id(),
            if command == "serve" { "infer" } else { "serve" },
        );
        let mut output = bench.output_within(Duration::from_secs(5));
        let text = String::from_utf8(output.stderr).unwrap();
        output.stderr = text
            .lines()
            .filter(|l| !l.ends_with(" images"))
            .flat_map(|l| [l, "\n"])
            .collect::<String>()
            .into();
        let line = error_line(&output, 1);
        assert!(
            line.contains(&format!("error: the {name} process failed (signal: 9")),
            "{line}"
        );
        if let Some(other) = other {
            assert!(!Path::new("/proc").join(other).exists());
        }
        assert!(!Path::new(&json).exists());
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_killed_benchmark_leaves_no_process() {
    let root = tempfile::tempdir().unwrap();
    write_data(root.path(), 1797);
    let data = text(root.path());
    // Killed, it cannot remove its folder of temporary files: the test's own goes with it.
    let mut bench = Running::spawn(
        common::halfmask(&["bench", "cryptonets", "--data", &data, "--batch", "8"])
            .env("TMPDIR", root.path()),
    );
    bench.wait_for_line("halfmask: 8 of 1797 images");
    let children = ["serve", "infer"].map(|command| child(bench.id(), command).unwrap());
    bench.kill();
    let deadline = std::time::Instant::now() + PATIENCE;
    for process in children {
        let status = Path::new("/proc").join(process).join("status");
        let running = || fs::read_to_string(&status).is_ok_and(|text| !text.contains("(zombie)"));
        while running() {
            assert!(std::time::Instant::now() < deadline, "{}", status.display());
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}
