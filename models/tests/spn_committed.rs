//! The committed networks: every stated log-likelihood is that of the file, on the data sets where they are at hand.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use halfmask_models::spn::float::Evaluator;
use halfmask_models::spn::graph::{Evidence, Spn};
use halfmask_models::spn::json;
use serde_json::Value;

/// Average test log-likelihoods of LearnSPN, from the literature; see the cards.
const PUBLISHED: [(&str, f64); 7] = [
    ("nltcs", -6.110),
    ("plants", -12.977),
    ("baudio", -40.503),
    ("jester", -53.480),
    ("bnetflix", -57.328),
    ("accidents", -30.038),
    ("dna", -82.523),
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("spn")
}

fn models() -> Vec<(String, Spn, Value)> {
    let mut names: Vec<String> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().join("model.spn.json").is_file())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
        .into_iter()
        .map(|name| {
            let read = |file: &str| fs::read_to_string(folder().join(&name).join(file)).unwrap();
            let spn = json::read(&read("model.spn.json")).unwrap();
            let record = serde_json::from_str(&read("record.json")).unwrap();
            (name, spn, record)
        })
        .collect()
}

fn rows(path: &Path) -> Option<Vec<Vec<Evidence>>> {
    let mut text = String::new();
    let file = File::open(path).ok()?;
    GzDecoder::new(file).read_to_string(&mut text).unwrap();
    let number = |field: &str| field.parse::<f64>().map(Evidence::Observed);
    let parse = |line: &str| {
        line.split(',')
            .map(number)
            .collect::<Result<Vec<_>, _>>()
            .ok()
    };
    // A header is the one line that does not parse.
    Some(text.lines().filter_map(parse).collect())
}

#[test]
fn records_describe_the_files() {
    let models = models();
    assert!(models.len() >= PUBLISHED.len());
    let mut total = 0;
    for (name, spn, record) in models {
        let counts = spn.counts();
        for (field, count) in [
            ("variables", spn.variables().len()),
            ("sums", counts.sums),
            ("products", counts.products),
            ("leaves", counts.leaves),
            ("edges", counts.edges),
            ("depth", counts.depth),
            ("shared", counts.shared),
        ] {
            assert_eq!(
                record[field].as_u64().unwrap(),
                count as u64,
                "{name} {field}"
            );
        }
        let path = folder().join(&name).join("model.spn.json");
        let bytes = fs::metadata(path).unwrap().len();
        assert_eq!(record["bytes"].as_u64().unwrap(), bytes, "{name}");
        assert!(bytes < 1_500_000, "{name}: {bytes}");
        total += bytes;
        let card = fs::read_to_string(folder().join(&name).join("CARD.md")).unwrap();
        let value = record["test"]
            .as_f64()
            .or(record["valid"].as_f64())
            .unwrap();
        assert!(
            card.contains(&format!("{value:.4}")),
            "{name}: card without {value:.4}"
        );
    }
    assert!(total < 8_000_000, "{total}");
}

#[test]
fn within_two_per_cent_of_published_values() {
    let models = models();
    for (name, published) in PUBLISHED {
        let (_, _, record) = models.iter().find(|model| model.0 == name).unwrap();
        let value = record["test"].as_f64().unwrap();
        assert!(
            value >= published * 1.02,
            "{name}: {value} against {published}"
        );
    }
}

#[test]
fn stated_likelihoods_are_those_of_the_files() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let mut checked = 0;
    for (name, spn, record) in models() {
        let Some(stated) = record["test"].as_f64() else {
            continue;
        };
        let places = [
            data.join("debd").join(format!("{name}.test.csv.gz")),
            data.join("queries").join(format!("{name}.test.csv.gz")),
        ];
        let Some(rows) = places.iter().find_map(|path| rows(path)) else {
            println!("{name}: skipped, no test rows at hand");
            continue;
        };
        let values = Evaluator::new(&spn).log_likelihood(&rows).unwrap();
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        assert!(
            (mean - stated).abs() < 1e-9,
            "{name}: {mean}, stated {stated}"
        );
        checked += 1;
    }
    println!("{checked} networks checked on test rows");
}
