//! What packings have in common.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, Instant};

use halfmask_models::Error;
use halfmask_models::bridge::ckks::Simd;
use serde::{Deserialize, Serialize};

use super::Setting;
use super::batch_coefficients::BatchCoefficients;
use super::batch_slots::BatchSlots;
use super::image_slots::ImageSlots;
use super::layer::Layer;

/// The most images that [`Packing::ImageSlots`] is measured for: it pays for every one the same.
const MOST_SINGLE_IMAGES: usize = 64;

/// What a ciphertext holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Packing {
    /// One element of a batch, in coefficients.
    BatchCoefficients,
    /// One element of a batch, in CKKS slots.
    BatchSlots,
    /// One image, in CKKS slots.
    ImageSlots,
}

impl Packing {
    /// Every packing.
    pub const ALL: [Self; 3] = [Self::BatchCoefficients, Self::BatchSlots, Self::ImageSlots];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::BatchCoefficients => "batch-coefficients",
            Self::BatchSlots => "batch-slots",
            Self::ImageSlots => "image-slots",
        }
    }

    /// Whether to measure so many images.
    pub(super) const fn takes(self, images: usize) -> bool {
        match self {
            Self::BatchCoefficients | Self::BatchSlots => true,
            Self::ImageSlots => images <= MOST_SINGLE_IMAGES,
        }
    }

    /// Keys, and the layer's weights as this packing needs them.
    pub(super) fn prepare(self, layer: &Layer, simd: Simd) -> Result<Box<dyn Packed>, Error> {
        Ok(match self {
            Self::BatchCoefficients => Box::new(BatchCoefficients::new(layer, simd)?),
            Self::BatchSlots => Box::new(BatchSlots::new(layer, simd)?),
            Self::ImageSlots => Box::new(ImageSlots::new(layer)?),
        })
    }
}

impl fmt::Display for Packing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Packing {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|packing| packing.name() == text);
        found.ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            format!("packing {text:?}, expected one of {names}")
        })
    }
}

/// A layer in a packing: both parties of it.
pub(super) trait Packed {
    /// What was chosen.
    fn setting(&self) -> Setting;

    /// The layer on some images: the client's part, the server's, the client's again.
    fn run(&mut self, images: &[Vec<f64>]) -> Result<Answer, Error>;
}

/// What a run gave and took.
#[derive(Debug, Default)]
pub(super) struct Answer {
    /// The outputs of each image.
    pub(super) outputs: Vec<Vec<f64>>,
    pub(super) client: Duration,
    pub(super) server: Duration,
    pub(super) bytes_up: usize,
    pub(super) bytes_down: usize,
}

/// Adds to `total` the time that `work` takes.
pub(super) fn timed<T>(total: &mut Duration, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = work();
    *total += start.elapsed();
    result
}

/// Bytes of all messages.
pub(super) fn size(messages: &[Vec<u8>]) -> usize {
    messages.iter().map(Vec::len).sum()
}
