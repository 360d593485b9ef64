//! Whether a record of any benchmark is what it must be.

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{garble, he, ot, record, relu, spn};

/// A record of a benchmark.
pub enum AnyRecord {
    /// Of the whole network.
    Cryptonets(Box<record::Record>),
    /// Of the whole network, on ciphertexts alone.
    Encrypted(Box<he::Record>),
    /// Of ReLU layers.
    Relu(relu::Record),
    /// Of garbling.
    Garble(garble::Record),
    /// Of correlated OT.
    Ot(ot::Record),
    /// Of sum-product networks.
    Spn(spn::Record),
}

/// Reads a record of the benchmark that it names.
///
/// # Errors
/// What is missing or of another type.
pub fn parse(text: &str) -> Result<AnyRecord, String> {
    fn of<T: DeserializeOwned>(value: Value) -> Result<T, String> {
        serde_json::from_value(value).map_err(|error| error.to_string())
    }
    let value: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    match value.get("name").and_then(Value::as_str) {
        Some("relu") => of(value).map(AnyRecord::Relu),
        Some("garble") => of(value).map(AnyRecord::Garble),
        Some("ot") => of(value).map(AnyRecord::Ot),
        Some("spn") => of(value).map(AnyRecord::Spn),
        Some("cryptonets") if value.get("protocol").and_then(Value::as_str) == Some("he") => {
            of(value).map(Box::new).map(AnyRecord::Encrypted)
        }
        Some("cryptonets") => record::Record::parse(text)
            .map(Box::new)
            .map(AnyRecord::Cryptonets),
        Some(other) => Err(format!("no benchmark is named {other:?}")),
        None => Err("no key `name`".into()),
    }
}

impl AnyRecord {
    /// Whether the figures are possible; says what the record is of.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn check(&self) -> Result<String, String> {
        match self {
            Self::Cryptonets(record) => {
                record.check()?;
                Ok(format!("{} images", record.images))
            }
            Self::Encrypted(record) => {
                record.check()?;
                Ok(format!("{} images on ciphertexts alone", record.images))
            }
            Self::Relu(record) => check_relu(record),
            Self::Spn(record) => record.check(),
            Self::Garble(record) => {
                some("kernels", &record.kernels)?;
                for kernel in &record.kernels {
                    let name = format!("{} by {}", kernel.scheme, kernel.simd);
                    positive(&name, kernel.garble_and_per_second)?;
                    positive(&name, kernel.evaluate_and_per_second)?;
                    positive(&name, kernel.end_to_end_and_per_second)?;
                    positive(&name, kernel.bytes_per_and)?;
                }
                Ok(format!("{} kernels", record.kernels.len()))
            }
            Self::Ot(record) => {
                some("protocols", &record.protocols)?;
                for figures in &record.protocols {
                    positive(&figures.protocol, figures.cots_per_second)?;
                    // A stock that was made in set-up costs nothing.
                    not_negative(&figures.protocol, figures.bytes_per_cot)?;
                }
                Ok(format!("{} protocols", record.protocols.len()))
            }
        }
    }
}

/// The modes that every record of ReLUs has, and what each must satisfy.
fn check_relu(record: &relu::Record) -> Result<String, String> {
    for (mode, expected) in [("gc", 2), ("ot", 2), ("mp2ml", 1)] {
        let found = record.modes.iter().filter(|m| m.mode == mode).count();
        if found != expected {
            return Err(format!("{found} modes {mode}, expected {expected}"));
        }
    }
    for mode in record.modes.iter().chain(&record.engines) {
        let name = format!("{} on {} bits", mode.mode, mode.width);
        positive(&name, mode.relus as f64)?;
        positive(&name, mode.relus_per_second)?;
        positive(&name, mode.bytes_per_relu)?;
        positive(&name, mode.cots_per_relu)?;
        positive(&name, mode.rounds as f64)?;
        not_negative(&name, mode.and_gates_per_relu)?;
        not_negative(&name, mode.error_bound - mode.error_seen)?;
    }
    record.costs.check().map_err(|error| error.to_string())?;
    Ok(format!("{} ReLU modes", record.modes.len()))
}

fn some<T>(what: &str, entries: &[T]) -> Result<(), String> {
    if entries.is_empty() {
        return Err(format!("no {what}"));
    }
    Ok(())
}

fn positive(what: &str, figure: f64) -> Result<(), String> {
    if figure == 0.0 {
        return Err(format!("{what}: a figure is 0"));
    }
    not_negative(what, figure)
}

fn not_negative(what: &str, figure: f64) -> Result<(), String> {
    if figure.is_finite() && figure >= 0.0 {
        return Ok(());
    }
    Err(format!("{what}: a figure is {figure}"))
}
