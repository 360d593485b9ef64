//! `halfmask bench linear`: the linear layers of CryptoNets under encryption, by packing and number of images.
//!
//! | packing | ring | a ciphertext holds | the server computes |
//! |---|---|---|---|
//! | `batch-coefficients` | N = 2048, one prime of 30 bits | one element of up to 2,048 images, one a coefficient | a product of the integer matrix and all ciphertexts, modulo the prime |
//! | `batch-slots` | CKKS, N = 2048, one prime of 38 bits | one element of up to 2,048 images, two a complex slot | the same |
//! | `image-slots` | CKKS, N = 4096, primes of 38 and 30 bits and a special one of 38 | all elements of one image | diagonals times rotations, baby steps and giant steps, and a rescale |
//!
//! The first is what the private protocol runs. A batch costs the first two about the same whether it is of one image or as many as a
//! ciphertext holds; the third pays for every image anew, but sends one ciphertext where they send one an element. Each has the
//! smallest parameters that hold the layer; all reach 128 bits of security by the same table.
//!
//! **What is in the times.** Client: encoding, encrypting, serialising; parsing, decrypting, decoding. Server: parsing,
//! expanding seeds, the layer, one encryption of zero added to each answer (else its halves would tell the weights), serialising.
//! Answers of `batch-coefficients` are additive shares, as the protocol goes on with. No noise floods answers, in no packing. Keys and
//! encoded weights are made before and not in the times; keys are in `bytes_keys`. One thread does everything; nothing
//! travels over a network.
//!
//! **Inputs** are equidistributed in [0, 1); weights are those of the built-in network, biases left out. Every answer is
//! compared with the product in double precision.

mod batch_coefficients;
mod batch_slots;
mod image_slots;
mod layer;
mod packing;

use halfmask_models::bridge::ckks::Simd;
use serde::{Deserialize, Serialize};

pub use packing::Packing;

use super::table::{bytes, table};
use crate::exit::Error;
use crate::machine::{self, Machine};
use crate::model::{BUILT_IN, ModelSource};
use layer::Layer;
use packing::Answer;

/// The largest error that counts as right, of the largest output: weights are rounded to nine bits.
pub const TOLERANCE: f64 = 1.0 / 32.0;

/// What `--json` writes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// `linear`.
    pub name: String,
    /// One entry for each layer and packing.
    pub settings: Vec<Setting>,
    /// One entry for each layer, packing and number of images.
    pub runs: Vec<Run>,
    /// What it ran on.
    pub machine: Machine,
    /// The source's commit, or `unknown`.
    pub commit: String,
}

/// A layer in a packing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Setting {
    /// The layer's name.
    pub layer: String,
    /// Elements of its input.
    pub inputs: usize,
    /// Elements of its output.
    pub outputs: usize,
    /// The packing.
    pub packing: Packing,
    /// Ring degree N.
    pub degree: usize,
    /// log2 of all primes, special ones included, rounded up.
    pub log2_modulus: u64,
    /// Bits of classical security.
    pub security_bits: u32,
    /// Images that share ciphertexts, at most.
    pub images: usize,
    /// Public and rotation keys that the client sends once, in bytes.
    pub bytes_keys: usize,
}

/// A layer in a packing on some images.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// The layer's name.
    pub layer: String,
    /// The packing.
    pub packing: Packing,
    /// Images.
    pub images: usize,
    /// Seconds of the client, all images together.
    pub seconds_client: f64,
    /// Seconds of the server.
    pub seconds_server: f64,
    /// Bytes from client to server.
    pub bytes_up: usize,
    /// Bytes from server to client.
    pub bytes_down: usize,
    /// The largest distance of an output from the product in double precision.
    pub error: f64,
    /// The largest absolute output.
    pub largest: f64,
}

impl Run {
    /// Seconds of both parties for an image.
    #[must_use]
    pub fn seconds_per_image(&self) -> f64 {
        (self.seconds_client + self.seconds_server) / self.images as f64
    }

    /// Whether the outputs are right.
    ///
    /// # Errors
    /// By how much they are not.
    pub fn check(&self) -> Result<(), String> {
        if self.error <= TOLERANCE * self.largest {
            return Ok(());
        }
        Err(format!(
            "{} as {} on {} images: an output is wrong by {:.2e}, and the largest is {:.2e}",
            self.layer, self.packing, self.images, self.error, self.largest
        ))
    }
}

/// What to measure.
#[derive(Clone, Debug)]
pub struct Options {
    /// Packings.
    pub packings: Vec<Packing>,
    /// Names of layers; none for all.
    pub layers: Vec<String>,
    /// Numbers of images.
    pub images: Vec<usize>,
    /// Instruction set.
    pub simd: Simd,
}

/// Measures everything; tells `progress` what it is at.
///
/// # Errors
/// [`Error::Usage`] for a layer that the network does not have; [`Error::Failed`] if an answer is wrong.
pub fn measure(options: &Options, progress: impl Fn(String)) -> Result<Record, Error> {
    let model = ModelSource::parse(BUILT_IN.as_ref()).network()?;
    let most = options.images.iter().copied().max().unwrap_or(1);
    let (mut settings, mut runs) = (Vec::new(), Vec::new());
    for layer in layer::select(&model, &options.layers)? {
        let failed = |error| Error::Failed(format!("bench linear: {}: {error}", layer.name()));
        let images = layer.images(most);
        let expected = layer.products(&images).map_err(failed)?;
        for &packing in &options.packings {
            let mut packed = packing.prepare(&layer, options.simd).map_err(failed)?;
            settings.push(packed.setting());
            let first = |count| images.get(..count).unwrap_or_default();
            // Once for caches and pages, not counted.
            packed.run(first(1)).map_err(failed)?;
            let counts = options.images.iter().copied();
            for count in counts.filter(|&count| packing.takes(count)) {
                progress(format!("{} as {packing}, {count} images", layer.name()));
                let answer = packed.run(first(count)).map_err(failed)?;
                let run = run(&layer, packing, &answer, &expected);
                run.check().map_err(Error::Failed)?;
                runs.push(run);
            }
        }
    }
    Ok(Record {
        name: "linear".into(),
        settings,
        runs,
        machine: Machine::here(options.simd.to_string()),
        commit: machine::commit().hash,
    })
}

/// What a run took, and how far its outputs are from those expected.
fn run(layer: &Layer, packing: Packing, answer: &Answer, expected: &[Vec<f64>]) -> Run {
    let (error, largest) = layer::compare(&answer.outputs, expected);
    Run {
        layer: layer.name().to_owned(),
        packing,
        images: answer.outputs.len(),
        seconds_client: answer.client.as_secs_f64(),
        seconds_server: answer.server.as_secs_f64(),
        bytes_up: answer.bytes_up,
        bytes_down: answer.bytes_down,
        error,
        largest,
    }
}

/// The record for people.
#[must_use]
pub fn render(record: &Record) -> String {
    let rows = record.runs.iter().map(|run| {
        let images = run.images as f64;
        vec![
            run.layer.clone(),
            run.packing.to_string(),
            run.images.to_string(),
            format!("{:.3}", 1e3 * run.seconds_client / images),
            format!("{:.3}", 1e3 * run.seconds_server / images),
            bytes(run.bytes_up as f64 / images),
            bytes(run.bytes_down as f64 / images),
            format!("{:.1e}", run.error / run.largest),
        ]
    });
    let header = [
        "layer",
        "packing",
        "images",
        "client, ms an image",
        "server, ms an image",
        "up, an image",
        "down, an image",
        "error, of the largest",
    ];
    format!("{}\n", table(&header, rows.collect(), 2))
}
