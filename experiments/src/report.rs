//! What a party's process says about its run: counted by its channel, written as JSON.

use std::path::Path;

use halfmask_models::bridge::mpc::channel::Meter;
use serde::{Deserialize, Serialize};

use crate::exit::Error;
use crate::net::Network;
use crate::output;

/// What both parties' processes say about themselves.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Process {
    /// Largest resident memory in bytes; null where the system does not tell.
    pub peak_rss_bytes: Option<u64>,
    /// Threads of its pool.
    pub threads: usize,
    /// Instruction set of its kernels.
    pub simd: String,
    /// Digest of the public plan.
    pub plan_digest: String,
    /// The network that what it sent travelled over.
    pub network: Network,
}

/// A client's run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ClientReport {
    /// Of the process.
    pub process: Process,
    /// Images classified, or rows of evidence answered.
    pub images: usize,
    /// Batches they were split into.
    pub batches: usize,
    /// From the open connection to the end of key generation and base OT.
    pub seconds_setup: f64,
    /// From the first byte of the first request to the last prediction, everything in between included.
    pub seconds_total: f64,
    /// What its channel counted.
    pub meter: Meter,
}

/// A server's run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ServerReport {
    /// Of the process.
    pub process: Process,
    /// Sessions served to their end.
    pub sessions: u64,
    /// Images classified, or rows of evidence answered, in them.
    pub images: usize,
    /// Batches they came in.
    pub batches: usize,
    /// What the channels of these sessions counted.
    pub meter: Meter,
}

/// Images a second: the one figure of merit, computed here alone.
#[must_use]
pub fn images_per_second(images: usize, seconds_total: f64) -> f64 {
    images as f64 / seconds_total.max(f64::MIN_POSITIVE)
}

/// Writes a report, if it was asked for.
///
/// # Errors
/// [`Error::Write`].
pub fn write(report: &impl Serialize, path: Option<&Path>) -> Result<(), Error> {
    path.map_or(Ok(()), |path| write_json(report, path))
}

/// Writes a value as a JSON file, whole or not at all.
///
/// # Errors
/// [`Error::Write`].
pub fn write_json(value: &impl Serialize, path: &Path) -> Result<(), Error> {
    let mut json = serde_json::to_vec_pretty(value).map_err(|error| Error::Write {
        path: path.to_owned(),
        source: error.into(),
    })?;
    json.push(b'\n');
    output::write_whole(path, &json)
}

/// Reads a report that a process of this program wrote.
///
/// # Errors
/// [`Error::Failed`] if it is not there or not a report.
pub fn read<T: for<'a> Deserialize<'a>>(path: &Path) -> Result<T, Error> {
    let text = output::read_text(path).map_err(|error| Error::Failed(error.to_string()))?;
    serde_json::from_str(&text)
        .map_err(|error| Error::Failed(format!("report {}: {error}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use halfmask_models::bridge::mpc::channel::{Channel, Part, Phase, Step};

    #[test]
    fn reports_round_trip() {
        let (mut a, mut b) = Channel::pair();
        a.enter(Phase::Online, "relu1", Part::Relu(Step::Tables));
        a.send(&[1, 2, 3]).unwrap();
        a.flush().unwrap();
        b.recv(&mut [0; 3]).unwrap();
        let report = ClientReport {
            images: 3,
            meter: a.take_meter(),
            ..ClientReport::default()
        };
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("report.json");
        write(&report, Some(&path)).unwrap();
        assert_eq!(read::<ClientReport>(&path).unwrap(), report);
        assert!(read::<ServerReport>(&path).is_err());
    }
}
