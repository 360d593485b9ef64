#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]
//! `halfmask eval` and `halfmask inspect` of sum-product networks, as a user runs them.

use std::path::PathBuf;
use std::process::Command;

fn fixture(name: &str) -> String {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../models/tests/spn");
    folder.join(name).to_string_lossy().into_owned()
}

/// Exit code, standard output, standard error.
fn halfmask(arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_halfmask"))
        .args(arguments)
        .env_remove("RUST_LOG")
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let code = output.status.code().unwrap();
    (code, text(output.stdout), text(output.stderr))
}

#[test]
fn every_query() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let expected = std::fs::read_to_string(fixture("mixed.expected.json")).unwrap();
    let expected: serde_json::Value = serde_json::from_str(&expected).unwrap();
    let numbers =
        |value: &serde_json::Value| -> Vec<f64> { serde_json::from_value(value.clone()).unwrap() };
    let rows: Vec<Vec<f64>> = serde_json::from_value(expected["rows"].clone()).unwrap();
    let missing: Vec<Vec<u8>> = serde_json::from_value(expected["missing"].clone()).unwrap();
    // Columns turned around: the header finds them.
    let csv = |hidden: bool| {
        let mut text = String::from("V4,V3,V2,V1,V0\n");
        for (row, missing) in rows.iter().zip(&missing) {
            let fields = row.iter().zip(missing).rev();
            let field = |(x, m): (&f64, &u8)| match hidden && *m == 1 {
                true => String::new(),
                false => x.to_string(),
            };
            text += &fields.map(field).collect::<Vec<_>>().join(",");
            text.push('\n');
        }
        text
    };
    std::fs::write(path("full.csv"), csv(false)).unwrap();
    std::fs::write(path("part.csv"), csv(true)).unwrap();
    let model = fixture("mixed.spn.json");
    let ask = |input: &str, more: &[&str]| {
        let input = path(input);
        let arguments = [&["eval", model.as_str(), "--input", input.as_str()], more].concat();
        let (code, out, error) = halfmask(&arguments);
        assert_eq!((code, error.as_str()), (0, ""), "{arguments:?}");
        out
    };
    let close = |out: &str, expected: &[f64]| {
        let got: Vec<f64> = out.lines().map(|line| line.parse().unwrap()).collect();
        assert_eq!(got.len(), expected.len());
        for (got, expected) in got.iter().zip(expected) {
            assert!((got - expected).abs() < 1e-9, "{got} {expected}");
        }
    };
    close(&ask("full.csv", &[]), &numbers(&expected["full"]));
    let marginal = ask(
        "part.csv",
        &["--query", "marginal", "--arithmetic", "float"],
    );
    close(&marginal, &numbers(&expected["marginal"]));
    let given: Vec<usize> = serde_json::from_value(expected["given"].clone()).unwrap();
    // The first by name, the others by number.
    let mut columns = vec![format!("V{}", given[0])];
    columns.extend(given[1..].iter().map(|v| (v + 1).to_string()));
    let columns = columns.join(",");
    let conditional = ask("full.csv", &["--query", "conditional", "--given", &columns]);
    close(&conditional, &numbers(&expected["conditional"]));

    let json = path("mpe.json");
    let out = ask("part.csv", &["--query", "mpe", "--json", &json]);
    let record: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(&json).unwrap()).unwrap();
    for (r, (line, row)) in out
        .lines()
        .zip(expected["mpe"].as_array().unwrap())
        .enumerate()
    {
        let got: Vec<f64> = line
            .split(',')
            .map(|field| field.parse().unwrap())
            .collect();
        assert_eq!(got, numbers(row), "row {r}");
        assert_eq!(numbers(&record["explanations"][r]), got);
    }
    assert_eq!(record["rows"], rows.len());
    assert_eq!(record["format"], "halfmask");

    let classes = path("classes.txt");
    let class = [
        "--query", "class", "--class", "V3", "--output", &classes, "--json", &json,
    ];
    assert_eq!(ask("full.csv", &class), "");
    let classes = std::fs::read_to_string(&classes).unwrap();
    let record: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(&json).unwrap()).unwrap();
    for (r, line) in classes.lines().enumerate() {
        assert!(line.parse::<usize>().unwrap() < 4);
        assert_eq!(record["classes"][r].to_string(), line);
        // The best class's joint is at least that of the class in the row.
        let joint = record["values"][r].as_f64().unwrap();
        assert!(joint >= numbers(&expected["full"])[r] - 1e-12);
        assert!(record["margins"][r].as_f64().unwrap() >= 0.0);
    }
}

#[test]
fn sizes() {
    let folder = tempfile::tempdir().unwrap();
    let json = folder.path().join("sizes.json");
    let model = fixture("formats.spn.json");
    let (code, out, error) = halfmask(&["inspect", &model, "--json", json.to_str().unwrap()]);
    assert_eq!((code, error.as_str()), (0, ""));
    assert!(out.contains("6 variables, no classes"), "{out}");
    let record: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(json).unwrap()).unwrap();
    assert_eq!(record["counts"]["leaves_by_kind"]["poisson"], 2);
    assert_eq!(record["variables_by_kind"]["histogram"], 2);
    // Rounded text says what was changed.
    let (code, _, error) = halfmask(&["inspect", &fixture("formats.eq.txt")]);
    assert_eq!(code, 0);
    assert!(
        error.contains("histograms added up to other than 1"),
        "{error}"
    );
}

#[test]
fn bad_input_is_one_line_and_exit_code_2() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_string_lossy().into_owned()
    };
    let good = fixture("formats.spn.json");
    let row = write("row.csv", "0,1,2.5,3,4,0.5\n");
    let refused = |model: &str, input: &str, more: &[&str], expected: &str| {
        let (code, out, error) = halfmask(&[&["eval", model, "--input", input], more].concat());
        assert_eq!((code, out.as_str()), (2, ""), "{error}");
        assert_eq!(error.lines().count(), 1, "{error}");
        assert!(error.contains(expected), "{error}");
    };
    let short = write("short.csv", "0,1,2.5,3,4,0.5\n0,1,2.5\n");
    refused(
        &good,
        &short,
        &[],
        "short.csv: row 2 has 3 fields, the network 6 variables",
    );
    let outside = write("outside.csv", "0,1,2.5,3,4,0.5\n0,4,2.5,3,4,0.5\n");
    refused(
        &good,
        &outside,
        &[],
        "row 2, column 2 (V1): 4 is not an integer from 0 to 3",
    );
    let text = write("text.csv", "0,1,2.5,3,4,0.5\n0,1,2.5,3,four,0.5\n");
    refused(
        &good,
        &text,
        &[],
        "row 2, column 5: \"four\" is not a number",
    );
    refused(&good, "none.csv", &[], "none.csv");
    refused("none.spn.json", &row, &[], "none.spn.json");
    let cycle = write(
        "cycle.txt",
        "A ProductNode(B){\n\tB ProductNode(A){\n}\n}\n",
    );
    refused(
        &cycle,
        &row,
        &[],
        "node 0 (A): is below itself: the network has a cycle",
    );
    let unnormalised = write(
        "sum.txt",
        "(0.5*(Bernoulli(V0|p=0.5)) + 0.2*(Bernoulli(V0|p=0.4)))",
    );
    refused(&unnormalised, &row, &[], "weights add up to 0.7, not 1");
    refused(
        &row,
        &row,
        &[],
        "not a sum-product network in a known format",
    );
    refused(
        &good,
        &row,
        &["--query", "class"],
        "neither class roots nor a class variable",
    );
    refused(
        &good,
        &row,
        &["--query", "class", "--class", "3"],
        "other than Bernoulli and categorical",
    );
    refused(&good, &row, &["--query", "conditional"], "--given");
    refused(&good, &row, &["--given", "1"], "--query conditional");
    refused(
        &good,
        &row,
        &["--query", "conditional", "--given", "7"],
        "no variable `7`",
    );
}
