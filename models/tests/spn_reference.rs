#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]
//! Log-likelihoods that SPFlow computed for two networks, reproduced from each of the formats it writes.
//!
//! The networks and the rows are not part of the repository: without them the tests say so and pass.

use std::io::Read;
use std::path::PathBuf;

use halfmask_models::spn::float::Evaluator;
use halfmask_models::spn::graph::Evidence;
use halfmask_models::spn::{import, json};

const ROWS: usize = 1000;

fn data() -> Option<PathBuf> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    if !root.join("spn").is_dir() {
        println!("skipped: no reference networks in {}", root.display());
        return None;
    }
    Some(root)
}

fn gunzip(path: PathBuf) -> String {
    let mut text = String::new();
    let file = std::fs::File::open(path).unwrap();
    flate2::read::GzDecoder::new(file)
        .read_to_string(&mut text)
        .unwrap();
    text
}

fn numbers(line: &str) -> Vec<f64> {
    line.split(',')
        .map(|field| field.parse().unwrap())
        .collect()
}

/// The first rows of a test split with the variables that `marginal(row, column)` chooses missing.
fn rows(data: &[Vec<f64>], marginal: impl Fn(usize, usize) -> bool) -> Vec<Vec<Evidence>> {
    let evidence = |(r, row): (usize, &Vec<f64>)| {
        let fields = row.iter().enumerate().map(|(v, &x)| match marginal(r, v) {
            true => Evidence::Missing,
            false => Evidence::Observed(x),
        });
        fields.collect()
    };
    data.iter().enumerate().map(evidence).collect()
}

fn reproduces(name: &str, ending: &str, sizes: [usize; 5]) {
    let Some(root) = data() else { return };
    let imported = import::import_file(&root.join(format!("spn/{name}.{ending}"))).unwrap();
    assert_eq!(imported.notes, [""; 0]);
    let counts = imported.spn.counts();
    let got = [counts.sums, counts.products, counts.leaves, counts.edges];
    assert_eq!(got, sizes[..4]);
    assert!(counts.depth >= sizes[4], "{}", counts.depth);

    let test = gunzip(root.join(format!("debd/{name}.test.csv.gz")));
    let test: Vec<_> = test.lines().take(ROWS).map(numbers).collect();
    let mask = gunzip(root.join(format!("spn/{name}.rowmask.csv.gz")));
    let mask: Vec<_> = mask.lines().map(numbers).collect();
    let read =
        |ending: &str| std::fs::read_to_string(root.join(format!("spn/{name}.{ending}"))).unwrap();
    let meta: serde_json::Value = serde_json::from_str(&read("meta.json")).unwrap();
    let fixed: Vec<usize> =
        serde_json::from_value(meta["fixed_marginalised_vars"].clone()).unwrap();
    let expected: Vec<_> = read("ll.csv").lines().skip(1).map(numbers).collect();
    assert_eq!((test.len(), mask.len(), expected.len()), (ROWS, ROWS, ROWS));

    let evaluator = Evaluator::new(&imported.spn);
    let mut worst = 0f64;
    for (column, rows) in [
        rows(&test, |_, _| false),
        rows(&test, |_, v| fixed.contains(&v)),
        rows(&test, |r, v| mask[r][v] == 1.0),
    ]
    .iter()
    .enumerate()
    {
        let got = evaluator.log_likelihood(rows).unwrap();
        for (r, (got, expected)) in got.iter().zip(&expected).enumerate() {
            let error = (got - expected[column + 1]).abs();
            worst = worst.max(error);
            assert!(error <= 1e-9, "{name} row {r}: {got} {expected:?}");
        }
    }
    println!("{name}.{ending}: largest difference {worst:e} nats");

    let mut own = Vec::new();
    json::write(&imported.spn, &mut own).unwrap();
    let own = String::from_utf8(own).unwrap();
    assert_eq!(import::import(&own).unwrap().spn, imported.spn);
}

const NLTCS: [usize; 5] = [173, 356, 1190, 1718, 23];
const MSNBC: [usize; 5] = [213, 434, 1201, 1847, 27];

#[test]
fn nltcs_from_a_node_list() {
    reproduces("nltcs", "json", NLTCS);
}

#[test]
fn msnbc_from_a_node_list() {
    reproduces("msnbc", "json", MSNBC);
}

#[test]
fn nltcs_from_an_equation() {
    reproduces("nltcs", "eq.txt", NLTCS);
}

#[test]
fn msnbc_from_an_equation() {
    reproduces("msnbc", "eq.txt", MSNBC);
}

#[test]
fn nltcs_from_a_reference_graph() {
    reproduces("nltcs", "graph.txt", NLTCS);
}

#[test]
fn msnbc_from_a_reference_graph() {
    reproduces("msnbc", "graph.txt", MSNBC);
}
