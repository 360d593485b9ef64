//! The table, from the medians that criterion estimated and wrote.

use super::yardstick::{ALL, OPERATIONS, Operation, REFERENCE_TRANSFORM, Yardstick};
use serde_json::Value;
use std::{path::PathBuf, time::SystemTime};

/// Where criterion wrote, and since when its estimates are of this run.
pub struct Measured {
    output: PathBuf,
    started: SystemTime,
}

impl Measured {
    pub fn new(output: PathBuf, started: SystemTime) -> Self {
        Self { output, started }
    }

    /// The median time of one operation in microseconds; none if it was not run now.
    fn median(&self, set: &Yardstick, operation: &Operation) -> Option<f64> {
        // Criterion's directory names.
        let directory = |name: &str| name.replace(['/', '\\', '?', '*', '"', ':', '<', '>'], "_");
        let mut path = self.output.join(directory(set.name));
        path.extend([&directory(operation.name), "new", "estimates.json"]);
        let modified = std::fs::metadata(&path).ok()?.modified().ok()?;
        if modified < self.started {
            return None;
        }
        let estimates: Value = serde_json::from_slice(&std::fs::read(path).ok()?).ok()?;
        let nanoseconds = estimates.pointer("/median/point_estimate")?.as_f64()?;
        Some(nanoseconds / 1000.0 / operation.times)
    }

    fn named(&self, set: &Yardstick, name: &str) -> Option<f64> {
        let operation = OPERATIONS.iter().find(|o| o.name == name)?;
        self.median(set, operation)
    }
}

/// SEAL's figures on this machine, if the environment names a file of them.
fn peer() -> Option<Value> {
    let path = std::env::var_os("HALFMASK_PEER")?;
    let read = std::fs::read(&path).map_err(|error| error.to_string());
    let parsed = read.and_then(|bytes| serde_json::from_slice(&bytes).map_err(|e| e.to_string()));
    if let Err(error) = &parsed {
        eprintln!("HALFMASK_PEER {}: {error}", path.display());
    }
    parsed.ok()
}

fn cell(value: Option<f64>, digits: usize) -> String {
    value.map_or_else(|| "-".into(), |value| format!("{value:.digits$}"))
}

fn print_set(measured: &Measured, set: &Yardstick, slowdown: Option<f64>, peer: Option<&Value>) {
    println!("\n{}\n", set.name);
    println!("| operation | us | in NTTs | SEAL scaled, us | ratio | SEAL here, us | ratio |");
    println!("|---|---:|---:|---:|---:|---:|---:|");
    let transform = measured.named(set, "NTT forward");
    for operation in &OPERATIONS {
        let Some(time) = measured.median(set, operation) else {
            continue;
        };
        let scaled = set
            .figure(operation.peer)
            .zip(slowdown)
            .map(|(figure, slowdown)| figure * slowdown);
        let here = peer
            .and_then(|peer| peer.get(set.peer)?.get(operation.peer))
            .and_then(Value::as_f64);
        println!(
            "| {} | {time:.1} | {} | {} | {} | {} | {} |",
            operation.name,
            cell(transform.map(|transform| time / transform), 1),
            cell(scaled, 1),
            cell(scaled.map(|scaled| scaled / time), 2),
            cell(here, 1),
            cell(here.map(|here| here / time), 2),
        );
    }
}

/// Prints what was measured in this run.
pub fn print(measured: &Measured) {
    let transform = ALL
        .first()
        .and_then(|set| measured.named(set, "tfhe-ntt forward"));
    let slowdown = transform.map(|transform| transform / REFERENCE_TRANSFORM);
    let peer = peer();
    println!(
        "\nMedians of one thread. A ratio above 1 means faster than SEAL. Hoisted: per rotation."
    );
    println!(
        "SEAL scaled: SEAL 4.4.3 (clang, -march=native, HEXL) on a machine with AVX-512, times {}: the forward\n\
         transform of tfhe-ntt at N = 8192 takes {} us here, {REFERENCE_TRANSFORM} us there.",
        cell(slowdown, 2),
        cell(transform, 2),
    );
    if peer.is_some() {
        println!("SEAL here: measured on this machine, from the file HALFMASK_PEER names.");
    }
    for set in &ALL {
        print_set(measured, set, slowdown, peer.as_ref());
    }
}
