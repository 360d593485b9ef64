//! Whether a record of any benchmark is what it must be.

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{ckks, garble, he, linear, maxpool, ot, precision, record, relu, spn, spn_accuracy};

/// A record of a benchmark.
pub enum AnyRecord {
    /// Of the whole network.
    Cryptonets(Box<record::Record>),
    /// Of the whole network, on ciphertexts alone.
    Encrypted(Box<he::Record>),
    /// Of ReLU layers.
    Relu(relu::Record),
    /// Of maxima over windows.
    MaxPool(maxpool::Record),
    /// Of garbling.
    Garble(garble::Record),
    /// Of correlated OT.
    Ot(ot::Record),
    /// Of the CKKS scheme.
    Ckks(ckks::Record),
    /// Of linear layers under encryption.
    Linear(linear::Record),
    /// Of sum-product networks.
    Spn(spn::Record),
    /// Of accuracy by precision.
    Precision(precision::Record),
    /// Of the precision of sum-product networks.
    SpnAccuracy(spn_accuracy::Record),
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
        Some("maxpool") => of(value).map(AnyRecord::MaxPool),
        Some("garble") => of(value).map(AnyRecord::Garble),
        Some("ot") => of(value).map(AnyRecord::Ot),
        Some("ckks") => of(value).map(AnyRecord::Ckks),
        Some("linear") => of(value).map(AnyRecord::Linear),
        Some("precision") => of(value).map(AnyRecord::Precision),
        Some("spn") => of(value).map(AnyRecord::Spn),
        Some("spn-accuracy") => of(value).map(AnyRecord::SpnAccuracy),
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
            Self::MaxPool(record) => check_maxpool(record),
            Self::Precision(record) => record.check(),
            Self::Spn(record) => record.check(),
            Self::Ckks(record) => check_ckks(record),
            Self::Linear(record) => check_linear(record),
            Self::SpnAccuracy(record) => record.check(),
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
    let modes = record.modes.iter().chain(&record.engines);
    for mode in modes.chain(&record.widths) {
        let name = format!("{} on {} bits", mode.mode, mode.width);
        positive(&name, mode.relus as f64)?;
        positive(&name, mode.relus_per_second)?;
        positive(&name, mode.online_relus_per_second)?;
        positive(&name, mode.bytes_per_relu)?;
        adds_up(
            &name,
            mode.bytes_per_relu,
            [mode.bytes_up_per_relu, mode.bytes_down_per_relu],
        )?;
        positive(&name, mode.cots_per_relu)?;
        positive(&name, mode.rounds as f64)?;
        not_negative(&name, mode.and_gates_per_relu)?;
        positive(&name, mode.relative_error_bound)?;
        not_negative(&name, mode.error_bound - mode.error_seen)?;
        not_negative(&name, mode.relative_error_bound - mode.relative_error_seen)?;
    }
    record.costs.check().map_err(|error| error.to_string())?;
    Ok(format!("{} ReLU modes", record.modes.len()))
}

/// Every operation takes time, quartiles are in order, and products lose bits but not all.
fn check_ckks(record: &ckks::Record) -> Result<String, String> {
    some("sets", &record.sets)?;
    for set in &record.sets {
        some("operations", &set.operations)?;
        for operation in &set.operations {
            let name = format!("{}, {}", set.preset, operation.operation);
            let times = operation.microseconds;
            positive(&name, times.lower_quartile)?;
            not_negative(&name, times.median - times.lower_quartile)?;
            not_negative(&name, times.upper_quartile - times.median)?;
        }
        let precision = set.precision;
        positive(&set.preset, precision.chain_products as f64)?;
        positive(&set.preset, precision.product_bits)?;
        positive(&set.preset, precision.chain_bits)?;
        // The worst slot varies from key to key.
        not_negative(
            &set.preset,
            precision.fresh_bits + 1.0 - precision.product_bits,
        )?;
        enough(&set.preset, set.security_bits)?;
    }
    Ok(format!("{} parameter sets", record.sets.len()))
}

/// Every output is right, and whatever is sent and computed is something.
fn check_linear(record: &linear::Record) -> Result<String, String> {
    some("settings", &record.settings)?;
    some("runs", &record.runs)?;
    for setting in &record.settings {
        let name = format!("{} as {}", setting.layer, setting.packing);
        enough(&name, setting.security_bits)?;
        positive(&name, setting.images as f64)?;
        positive(&name, setting.bytes_keys as f64)?;
    }
    for run in &record.runs {
        let name = format!("{} as {} on {}", run.layer, run.packing, run.images);
        positive(&name, run.images as f64)?;
        positive(&name, run.seconds_client)?;
        positive(&name, run.seconds_server)?;
        positive(&name, run.bytes_up as f64)?;
        positive(&name, run.bytes_down as f64)?;
        positive(&name, run.error)?;
        run.check()?;
    }
    Ok(format!("{} linear layers", record.runs.len()))
}

fn enough(what: &str, security_bits: u32) -> Result<(), String> {
    if security_bits >= 128 {
        return Ok(());
    }
    Err(format!("{what}: {security_bits} bits of security"))
}

/// What every mode of a record of maxima must satisfy.
fn check_maxpool(record: &maxpool::Record) -> Result<String, String> {
    some("modes", &record.modes)?;
    for mode in &record.modes {
        let name = format!(
            "{} on {} of {} bits",
            mode.mode, mode.window, mode.value_bits
        );
        positive(&name, mode.windows as f64)?;
        positive(&name, mode.windows_per_second)?;
        positive(&name, mode.online_windows_per_second)?;
        positive(&name, mode.bytes_per_window)?;
        let ways = [mode.bytes_up_per_window, mode.bytes_down_per_window];
        adds_up(&name, mode.bytes_per_window, ways)?;
        positive(&name, mode.cots_per_window)?;
        positive(&name, mode.rounds as f64)?;
        not_negative(&name, mode.and_gates_per_window)?;
        if mode.error_seen > mode.error_bound {
            let (seen, bound) = (mode.error_seen, mode.error_bound);
            return Err(format!(
                "{name}: an error of {seen} beyond the bound {bound}"
            ));
        }
    }
    Ok(format!("{} kinds of maxima", record.modes.len()))
}

/// Bytes both ways are those of either way.
fn adds_up(what: &str, bytes: f64, ways: [f64; 2]) -> Result<(), String> {
    let sum: f64 = ways.iter().sum();
    if (bytes - sum).abs() > 1e-6 * bytes {
        return Err(format!("{what}: {bytes} bytes both ways, but {sum} by way"));
    }
    ways.iter().try_for_each(|bytes| not_negative(what, *bytes))
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
