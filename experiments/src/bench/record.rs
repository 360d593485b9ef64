//! The record of a run: what `--json` writes. Its keys are a contract; more may be added.

use std::collections::BTreeMap;

use halfmask_models::bridge::ckks::ParametersLiteral;
use halfmask_models::bridge::mpc::planner::Engine;
use serde::{Deserialize, Serialize};

use crate::cost::BothWays;
use crate::machine::Machine;
use crate::net::Network;
use crate::report::images_per_second;

/// A run. Shares are between 0 and 1, times in seconds of wall clock, `images` counts all batches.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The benchmark.
    pub name: String,
    /// `hybrid` or `he`.
    pub protocol: String,
    /// `halfmask` or `mp2ml`.
    pub profile: String,
    /// How ReLU is evaluated.
    pub relu: String,
    /// How ReLU and other circuits were evaluated, and where correlated OTs came from.
    #[serde(default)]
    pub engine: Option<Engine>,
    /// Why this engine.
    #[serde(default)]
    pub engine_reason: String,
    /// Values of a segment of a ReLU layer.
    #[serde(default)]
    pub segment: u32,
    /// Whether what needs no input was made ahead of each batch.
    #[serde(default)]
    pub preprocess: bool,
    /// What connected the processes.
    pub network: Network,
    /// The model's name.
    pub model: String,
    /// The data set.
    pub data: String,
    /// What must be said about the choice of data.
    pub data_note: Option<String>,
    /// Images classified.
    pub images: usize,
    /// The largest batch asked for.
    pub batch: usize,
    /// Batches run.
    pub batches: usize,
    /// `images / seconds_total`.
    pub images_per_second: f64,
    /// From the first byte of the first request to the last prediction.
    pub seconds_total: f64,
    /// `images / (seconds_total - seconds_offline)`.
    #[serde(default)]
    pub images_per_second_online: f64,
    /// Of `seconds_total`, what was made ahead of the inputs.
    #[serde(default)]
    pub seconds_offline: f64,
    /// Key generation and base OT, once a connection.
    pub seconds_setup: f64,
    /// Of the private classes.
    pub accuracy: f64,
    /// Of the float model.
    pub plain_accuracy: f64,
    /// Private classes equal to the fixed-point twin's.
    pub twin_agreement: f64,
    /// Private classes equal to the float model's.
    pub float_agreement: f64,
    /// Images whose private class is not the twin's.
    pub twin_disagreements: Vec<usize>,
    /// Classes that the twin's bound proves before the run, as a share of the images.
    pub certified: f64,
    /// Payload bytes after set-up.
    pub bytes_per_image: BothWays,
    /// Of them, those of what was made ahead of the inputs.
    #[serde(default)]
    pub bytes_offline_per_image: BothWays,
    /// Payload bytes of set-up, once a connection.
    pub bytes_setup: BothWays,
    /// Bytes both ways of OT, corrections, tables, truncation and multiplexer.
    pub bytes_per_relu: f64,
    /// Of them, those after the input is known.
    #[serde(default)]
    pub bytes_per_relu_online: f64,
    /// Garbled gates of a ReLU.
    pub and_gates_per_relu: f64,
    /// ReLUs of an image.
    pub relus_per_image: u64,
    /// Wall clock of the client in ReLU layers, offline and online, over all ReLUs.
    #[serde(default)]
    pub seconds_per_relu: f64,
    /// Changes of direction a batch, as the client counts.
    pub rounds: u64,
    /// Time and bytes by layer.
    pub layers: Vec<Layer>,
    /// Time by phase.
    pub phases: Phases,
    /// Payload bytes by part of the protocol, all phases.
    pub bytes_by_part: BTreeMap<String, BothWays>,
    /// Largest resident memory; null where the system does not tell.
    pub peak_rss_bytes: PeakMemory,
    /// Bits of security that the parameters have by the published table.
    pub security_bits: u32,
    /// Ring, moduli, widths.
    pub parameters: Parameters,
    /// Digest of the public plan.
    pub plan_digest: String,
    /// Threads of each process.
    pub threads: usize,
    /// What it ran on.
    pub machine: Machine,
    /// The source's commit, or `unknown`.
    pub commit: String,
    /// Whether tracked files differ from the commit.
    pub dirty: Option<bool>,
    /// The compiler.
    pub rustc: String,
    /// Whether the program was built with debug assertions: not a build to measure.
    pub debug_assertions: bool,
    /// Whether the program was built for tests, with randomness from a seed: nothing in it is private.
    pub deterministic: bool,
    /// When, in UTC.
    pub timestamp: String,
    /// The same images with this project's own protocol, in a run of the baseline.
    #[serde(default)]
    pub beside: Option<Beside>,
}

/// Figures of a run beside the one recorded, in the same minute.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Beside {
    /// `halfmask`.
    pub profile: String,
    /// Its engine.
    pub engine: Option<Engine>,
    /// As in the record.
    pub images_per_second: f64,
    /// As in the record.
    pub and_gates_per_relu: f64,
    /// As in the record.
    pub bytes_per_relu: f64,
    /// As in the record.
    pub seconds_per_relu: f64,
    /// As in the record.
    pub accuracy: f64,
}

impl Beside {
    /// The figures of a record.
    #[must_use]
    pub fn of(record: &Record) -> Self {
        Self {
            profile: record.profile.clone(),
            engine: record.engine,
            images_per_second: record.images_per_second,
            and_gates_per_relu: record.and_gates_per_relu,
            bytes_per_relu: record.bytes_per_relu,
            seconds_per_relu: record.seconds_per_relu,
            accuracy: record.accuracy,
        }
    }
}

/// A layer of the network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Layer {
    /// Its name in the model.
    pub name: String,
    /// `conv2d`, `dense`, `relu` or `argmax`.
    pub kind: String,
    /// Wall clock of the client while it was at this layer.
    pub seconds_client: f64,
    /// Of it, waiting for the network or the peer.
    pub seconds_client_waiting: f64,
    /// Wall clock of the server while it was at this layer.
    pub seconds_server: f64,
    /// Of it, waiting for the network or the peer.
    pub seconds_server_waiting: f64,
    /// Payload bytes both ways, all batches.
    pub bytes: u64,
}

/// A phase's wall clock, split.
#[derive(Copy, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Time {
    /// Computing.
    pub computing: f64,
    /// Waiting for the network or the peer.
    pub waiting: f64,
}

/// A phase, both parties.
#[derive(Copy, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Phase {
    /// The client's time.
    pub client: Time,
    /// The server's time.
    pub server: Time,
}

/// All phases.
#[derive(Copy, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Phases {
    /// Once a session.
    pub setup: Phase,
    /// Before the input is known.
    pub offline: Phase,
    /// From the input to the class.
    pub online: Phase,
}

/// Bytes of each process.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeakMemory {
    /// Of the client.
    pub client: Option<u64>,
    /// Of the server.
    pub server: Option<u64>,
}

/// Parameters of the run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Parameters {
    /// Ring degree, moduli, and the security table they are checked against.
    #[serde(flatten)]
    pub ring: ParametersLiteral,
    /// Bits of the ciphertext modulus.
    pub log2_modulus: u64,
    /// The most that the table allows at this degree.
    pub log2_modulus_allowed: u64,
    /// Steps from zero to the largest input.
    pub input_levels: u32,
    /// Bits of each stage's shares.
    pub share_bits: Vec<u32>,
    /// Bits that each non-linear layer compares.
    pub compared_bits: Vec<u32>,
}

/// The keys that every record has.
const KEYS: [&str; 26] = [
    "name",
    "protocol",
    "profile",
    "relu",
    "network",
    "data",
    "images",
    "batch",
    "images_per_second",
    "seconds_total",
    "seconds_setup",
    "accuracy",
    "plain_accuracy",
    "twin_agreement",
    "bytes_per_image",
    "bytes_per_relu",
    "and_gates_per_relu",
    "rounds",
    "layers",
    "peak_rss_bytes",
    "security_bits",
    "parameters",
    "machine",
    "commit",
    "deterministic",
    "timestamp",
];

impl Record {
    /// Reads a record.
    ///
    /// # Errors
    /// What is missing or of another type.
    pub fn parse(text: &str) -> Result<Self, String> {
        let value: serde_json::Value = serde_json::from_str(text).map_err(|e| e.to_string())?;
        for key in KEYS {
            if value.get(key).is_none() {
                return Err(format!("no key `{key}`"));
            }
        }
        serde_json::from_value(value).map_err(|error| error.to_string())
    }

    /// Whether the figures are possible, agree with each other, and are those of a good and private run.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn check(&self) -> Result<(), String> {
        let rule = |holds: bool, what: String| if holds { Ok(()) } else { Err(what) };
        let speed = images_per_second(self.images, self.seconds_total);
        rule(
            self.images > 0 && self.batch > 0 && self.batches > 0,
            "no images".into(),
        )?;
        rule(
            (self.images_per_second / speed - 1.0).abs() < 1e-9,
            format!(
                "{} images/s, {} in {} s",
                self.images_per_second, self.images, self.seconds_total
            ),
        )?;
        for (what, share) in [
            ("accuracy", self.accuracy),
            ("plain_accuracy", self.plain_accuracy),
            ("twin_agreement", self.twin_agreement),
            ("float_agreement", self.float_agreement),
            ("certified", self.certified),
        ] {
            rule((0.0..=1.0).contains(&share), format!("{what} is {share}"))?;
        }
        // Near ties are rare, but a handful of images may have a few of them.
        let allowed = (self.images / 2000).max(3);
        rule(
            self.twin_disagreements.len() <= allowed,
            format!(
                "{} disagreements with the twin in {} images",
                self.twin_disagreements.len(),
                self.images
            ),
        )?;
        let differ = self.twin_disagreements.len() as f64 / self.images as f64;
        rule(
            (1.0 - differ - self.twin_agreement).abs() < 1e-9,
            format!(
                "{} disagreements with the twin",
                self.twin_disagreements.len()
            ),
        )?;
        for (what, figure) in [
            ("seconds_total", self.seconds_total),
            ("seconds_setup", self.seconds_setup),
            ("bytes_per_relu", self.bytes_per_relu),
            (
                "bytes from client to server",
                self.bytes_per_image.client_to_server,
            ),
            (
                "bytes from server to client",
                self.bytes_per_image.server_to_client,
            ),
        ] {
            rule(
                figure.is_finite() && figure > 0.0,
                format!("{what}: {figure}"),
            )?;
        }
        // Look-ups on OT need no gates.
        rule(
            self.and_gates_per_relu.is_finite()
                && (self.and_gates_per_relu > 0.0) == (self.relu != "ot"),
            format!(
                "{} AND gates a ReLU by {}",
                self.and_gates_per_relu, self.relu
            ),
        )?;
        rule(self.rounds > 0, "no rounds".into())?;
        rule(
            self.security_bits >= 128,
            format!("{} bits of security", self.security_bits),
        )?;
        rule(
            !self.deterministic,
            "the run was deterministic: nothing in it was private".into(),
        )?;
        rule(!self.layers.is_empty(), "no layers".into())?;
        let bytes: u64 = self.layers.iter().map(|layer| layer.bytes).sum();
        let all = self.bytes_per_image.total() * self.images as f64;
        // What belongs to no layer is a few bytes a batch.
        rule(
            (all - bytes as f64).abs() <= 64.0 * (self.batches + 1) as f64,
            format!("layers have {bytes} bytes, the run has {all:.0}"),
        )?;
        for layer in &self.layers {
            let times = [layer.seconds_client, layer.seconds_server];
            rule(
                layer.bytes > 0 && times.iter().all(|t| t.is_finite() && *t >= 0.0),
                format!("layer {}: {} bytes, {times:?} s", layer.name, layer.bytes),
            )?;
        }
        Ok(())
    }
}
