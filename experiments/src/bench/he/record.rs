//! The record of a run on ciphertexts alone. Keys that the record of the hybrid protocol has mean the same here.

use std::collections::BTreeMap;

use halfmask_models::bridge::ckks::ckks::ParametersLiteral;
use halfmask_models::nn::he::{Packing, Plan, Report};
use serde::{Deserialize, Serialize};

use super::{Measured, Options};
use crate::bench::labels::Agreement;
use crate::bench::record::{Layer, Phases};
use crate::bench::summary;
use crate::cost::BothWays;
use crate::data::Dataset;
use crate::exit::Error;
use crate::machine::{self, Machine};
use crate::net::Network;
use crate::random::Source;
use crate::report::images_per_second;

/// A run. Shares are between 0 and 1, times in seconds of wall clock.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// `cryptonets`.
    pub name: String,
    /// `he`.
    pub protocol: String,
    /// Images of a slot.
    pub packing: Packing,
    /// What connected the parties.
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
    /// Of each batch, from its pixels to its predictions.
    pub seconds_batches: Vec<f64>,
    /// Keys, once a connection.
    pub seconds_setup: f64,
    /// Of the private classes.
    pub accuracy: f64,
    /// Of the float model.
    pub plain_accuracy: f64,
    /// Private classes equal to the integer twin's.
    pub twin_agreement: f64,
    /// Private classes equal to the float model's.
    pub float_agreement: f64,
    /// Images whose private class is not the twin's.
    pub twin_disagreements: Vec<usize>,
    /// Classes that the twin's bound calls certain before the run, as a share of the images.
    pub certified: f64,
    /// Payload bytes after set-up.
    pub bytes_per_image: BothWays,
    /// Payload bytes of set-up, once a connection.
    pub bytes_setup: BothWays,
    /// Changes of direction a batch, as the client counts.
    pub rounds: u64,
    /// Time and bytes of input, network and scores.
    pub layers: Vec<Layer>,
    /// Time by phase.
    pub phases: Phases,
    /// Payload bytes by part, all phases.
    pub bytes_by_part: BTreeMap<String, BothWays>,
    /// Largest resident memory of the process, which holds both parties; null where the system does not tell.
    pub peak_rss_bytes: Option<u64>,
    /// Bits of security that the parameters have by the published table.
    pub security_bits: u32,
    /// Ring, moduli, scales.
    pub parameters: Parameters,
    /// Digest of the public plan.
    pub plan_digest: String,
    /// Threads of each party.
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
    /// Whether randomness came from a seed: nothing in it is private.
    pub deterministic: bool,
    /// When, in UTC.
    pub timestamp: String,
}

/// Parameters of the run, as the planner derived them from weights and ranges.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Parameters {
    /// Ring degree, moduli, and the security table they are checked against.
    #[serde(flatten)]
    pub ring: ParametersLiteral,
    /// Bits of the largest modulus, that of the keys.
    pub log2_modulus: f64,
    /// The most that the table allows at this degree.
    pub log2_modulus_allowed: u64,
    /// Factor between pixels and what is encrypted.
    pub input_scale: f64,
    /// log2 of the scale after each linear layer.
    pub log2_scales: Vec<f64>,
    /// Standard deviation of a pixel's encryption noise, in units of a pixel.
    pub input_noise: f64,
    /// log2 of the bound of the flooding noise.
    pub flood_bits: u32,
    /// Standard deviation of a score's flooding noise, in units of a score.
    pub flood: f64,
}

const LAYERS: [(&str, &str); 3] = [
    ("input", "encryption"),
    ("network", "evaluation"),
    ("scores", "key switch"),
];

pub(super) fn of(
    options: &Options,
    plan: &Plan,
    report: &Report,
    batch: usize,
    data: &Dataset,
    measured: &Measured,
    agreement: Agreement,
) -> Result<Record, Error> {
    let (client, server) = (&measured.client, &measured.server);
    let parameters = plan.check().map_err(|source| Error::Model {
        model: plan.model.clone(),
        source,
    })?;
    let commit = machine::commit();
    let images = client.images;
    Ok(Record {
        name: "cryptonets".into(),
        protocol: "he".into(),
        packing: plan.packing,
        network: options.network,
        model: plan.model.clone(),
        data: data.name.into(),
        data_note: data.note.clone(),
        images,
        batch,
        batches: client.batches,
        images_per_second: images_per_second(images, client.seconds_total),
        seconds_total: client.seconds_total,
        seconds_batches: measured.seconds_batches.clone(),
        seconds_setup: client.seconds_setup,
        accuracy: agreement.accuracy,
        plain_accuracy: agreement.plain_accuracy,
        twin_agreement: agreement.twin,
        float_agreement: agreement.float,
        twin_disagreements: agreement.twin_disagreements,
        certified: agreement.certified,
        bytes_per_image: summary::bytes_per_image(client),
        bytes_setup: summary::bytes_setup(client),
        rounds: summary::rounds(client),
        layers: LAYERS
            .map(|(name, kind)| summary::layer(client, server, name, kind))
            .to_vec(),
        phases: summary::phases(client, server),
        bytes_by_part: summary::bytes_by_part(client),
        peak_rss_bytes: machine::peak_memory(),
        security_bits: parameters.chain().security_bits(),
        parameters: Parameters {
            log2_modulus: log2(parameters.chain().moduli()),
            log2_modulus_allowed: plan
                .parameters
                .table
                .max_log2_modulus(plan.parameters.degree),
            ring: plan.parameters.clone(),
            input_scale: plan.input_scale,
            log2_scales: report.scales.iter().map(|s| s.log2()).collect(),
            input_noise: report.input_noise,
            flood_bits: report.flood_bits,
            flood: report.flood,
        },
        plan_digest: client.process.plan_digest.clone(),
        threads: options.threads,
        machine: Machine::here(client.process.simd.clone()),
        commit: commit.hash,
        dirty: commit.dirty,
        rustc: machine::compiler().into(),
        debug_assertions: cfg!(debug_assertions),
        deterministic: Source::default().deterministic(),
        timestamp: machine::timestamp(),
    })
}

fn log2(moduli: &[u64]) -> f64 {
    moduli.iter().map(|&q| (q as f64).log2()).sum()
}

impl Record {
    /// Whether the figures are possible, agree with each other, and are those of a good and private run.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn check(&self) -> Result<(), String> {
        let rule = |holds: bool, what: String| if holds { Ok(()) } else { Err(what) };
        rule(
            self.images > 0 && self.batch > 0 && self.batches == self.seconds_batches.len(),
            format!("{} images in {} batches", self.images, self.batches),
        )?;
        let speed = images_per_second(self.images, self.seconds_total);
        rule(
            (self.images_per_second / speed - 1.0).abs() < 1e-9,
            format!("{} images/s", self.images_per_second),
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
        let differ = self.twin_disagreements.len();
        rule(
            differ <= (self.images / 1000).max(3),
            format!("{differ} disagreements with the twin"),
        )?;
        rule(
            (1.0 - differ as f64 / self.images as f64 - self.twin_agreement).abs() < 1e-9,
            format!("{differ} disagreements with the twin"),
        )?;
        // Within 0.1 points of the float model, or two images where there are few.
        rule(
            (self.accuracy - self.plain_accuracy).abs() <= (2.0 / self.images as f64).max(1e-3),
            format!(
                "accuracy {}, of the float model {}",
                self.accuracy, self.plain_accuracy
            ),
        )?;
        for (what, figure) in [
            ("seconds_total", self.seconds_total),
            ("seconds_setup", self.seconds_setup),
            ("bytes to the server", self.bytes_per_image.client_to_server),
            ("bytes to the client", self.bytes_per_image.server_to_client),
            ("flood", self.parameters.flood),
        ] {
            rule(
                figure.is_finite() && figure > 0.0,
                format!("{what}: {figure}"),
            )?;
        }
        let modulus = [
            &self.parameters.ring.data_moduli[..],
            &self.parameters.ring.special_moduli[..],
        ]
        .concat();
        rule(
            (log2(&modulus) - self.parameters.log2_modulus).abs() < 1e-6
                && self.parameters.log2_modulus <= self.parameters.log2_modulus_allowed as f64,
            format!("log2 of the modulus is {}", self.parameters.log2_modulus),
        )?;
        rule(
            self.security_bits >= 128,
            format!("{} bits of security", self.security_bits),
        )?;
        rule(
            !self.deterministic,
            "the run was deterministic: nothing in it was private".into(),
        )?;
        let bytes: u64 = self.layers.iter().map(|layer| layer.bytes).sum();
        let all = self.bytes_per_image.total() * self.images as f64;
        rule(
            (all - bytes as f64).abs() <= 64.0 * (self.batches + 1) as f64,
            format!("layers have {bytes} bytes, the run has {all:.0}"),
        )
    }
}
