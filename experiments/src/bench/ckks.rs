//! `halfmask bench ckks`: every operation of the CKKS scheme on one thread, and how many bits are right after products.
//!
//! Operations are those that a program calls: their results are new objects, allocated and dropped within the time. Ciphertexts
//! are fresh, at the highest level, all slots in use.

mod operations;
mod precision;
mod setting;

use std::time::Duration;

use halfmask_models::Error as ModelError;
use halfmask_models::bridge::ckks::Simd;
use halfmask_models::bridge::ckks::ckks::Preset;
use serde::{Deserialize, Serialize};

pub use precision::Precision;

use super::samples::Microseconds;
use super::table::{bytes, table};
use crate::exit::Error;
use crate::machine::{self, Machine};
use setting::Setting;

/// Presets that are measured unless others are asked for: at each degree the one with the most precision and the one that uses
/// the whole modulus.
pub const PRESETS: [Preset; 4] = [
    Preset::N8192,
    Preset::N8192Wide,
    Preset::N16384,
    Preset::N16384Wide,
];

/// What `--json` writes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// `ckks`.
    pub name: String,
    /// One entry for each parameter set.
    pub sets: Vec<Set>,
    /// What it ran on.
    pub machine: Machine,
    /// The source's commit, or `unknown`.
    pub commit: String,
}

/// The figures of a parameter set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Set {
    /// The preset's name.
    pub preset: String,
    /// Ring degree N.
    pub degree: usize,
    /// Primes of a fresh ciphertext.
    pub data_primes: usize,
    /// log2 of all primes, special ones included, rounded up.
    pub log2_modulus: u64,
    /// Bits of classical security.
    pub security_bits: u32,
    /// A serialised fresh ciphertext, a seed in place of one half, in bytes.
    pub bytes_seeded: usize,
    /// A serialised ciphertext, in bytes.
    pub bytes_ciphertext: usize,
    /// Every operation.
    pub operations: Vec<Operation>,
    /// Right bits of fresh ciphertexts and of products.
    pub precision: Precision,
}

/// How long an operation takes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Operation {
    /// What is done.
    pub operation: String,
    /// How long that takes.
    pub microseconds: Microseconds,
}

/// What to measure.
#[derive(Clone, Debug)]
pub struct Options {
    /// Parameter sets.
    pub presets: Vec<Preset>,
    /// Time spent on each operation.
    pub time: Duration,
}

/// The preset of a name, whatever its case.
///
/// # Errors
/// The names there are.
pub fn preset(name: &str) -> Result<Preset, String> {
    let known = Preset::ALL.into_iter();
    let found = { known.clone() }.find(|p| format!("{p:?}").eq_ignore_ascii_case(name));
    found.ok_or_else(|| {
        let names: Vec<String> = known.map(|p| format!("{p:?}")).collect();
        format!("no preset {name}, there are {}", names.join(", "))
    })
}

/// Measures everything; tells `progress` the preset it is at.
///
/// # Errors
/// Of the scheme; none is expected.
pub fn measure(options: &Options, progress: impl Fn(String)) -> Result<Record, Error> {
    let mut sets = Vec::new();
    for preset in &options.presets {
        progress(format!("{preset:?}"));
        let set = measure_set(*preset, options.time);
        sets.push(set.map_err(|error| Error::Failed(format!("bench ckks: {preset:?}: {error}")))?);
    }
    Ok(Record {
        name: "ckks".into(),
        sets,
        machine: Machine::here(Simd::detect().to_string()),
        commit: machine::commit().hash,
    })
}

fn measure_set(preset: Preset, time: Duration) -> Result<Set, ModelError> {
    let setting = Setting::new(preset)?;
    let parameters = setting.context.parameters();
    Ok(Set {
        preset: format!("{preset:?}"),
        degree: parameters.degree(),
        data_primes: parameters.data_moduli().len(),
        log2_modulus: parameters.chain().log2_modulus(),
        security_bits: parameters.chain().security_bits(),
        bytes_seeded: setting.sent.to_bytes().len(),
        bytes_ciphertext: setting.x.to_bytes().len(),
        operations: operations::measure(&setting, time)?,
        precision: precision::measure(&setting)?,
    })
}

/// The record for people.
#[must_use]
pub fn render(record: &Record) -> String {
    let mut text = String::new();
    for set in &record.sets {
        let rows = set.operations.iter().map(|o| {
            let t = o.microseconds;
            let row = [t.median, t.lower_quartile, t.upper_quartile];
            let cells = row.iter().map(|us| format!("{us:.1}"));
            std::iter::once(o.operation.clone()).chain(cells).collect()
        });
        let name = format!("{}, us", set.preset);
        let header = [name.as_str(), "median", "lower quartile", "upper quartile"];
        let p = set.precision;
        text += &format!(
            "{}\n{} bits of modulus, {} primes of data; a fresh ciphertext {}, a computed one {}; right bits of the worst slot: \
             fresh {:.1}, after one product {:.1}, after {} in a row {:.1}\n",
            table(&header, rows.collect(), 1),
            set.log2_modulus,
            set.data_primes,
            bytes(set.bytes_seeded as f64),
            bytes(set.bytes_ciphertext as f64),
            p.fresh_bits,
            p.product_bits,
            p.chain_products,
            p.chain_bits,
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presets_are_found_by_name() {
        for known in Preset::ALL {
            assert_eq!(preset(&format!("{known:?}").to_lowercase()), Ok(known));
        }
        assert!(preset("N8191").unwrap_err().contains("N8192Wide"));
    }
}
