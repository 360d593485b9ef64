//! The public plan: what the client must know to encrypt and to read the scores.
//!
//! Not in it: weights, their scales, geometry. The scale of the scores is a power of two, so that it tells
//! the product of the weight scales within a factor of two.

use crate::Error;
use crate::hello::{PlanKind, PublicPlan};
use crate::nn::graph::MAX_TENSOR;
use crate::nn::plan::PROTOCOL_VERSION;
use halfmask_bridge::ckks::SecurityTable;
use halfmask_bridge::ckks::ckks::{Parameters, ParametersLiteral};
use serde::{Deserialize, Serialize};
use std::str::FromStr;

/// How images lie in slots.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Packing {
    /// One image a slot.
    Real,
    /// Two: the real and the imaginary part.
    #[default]
    Complex,
}

impl Packing {
    /// Images of a slot.
    #[must_use]
    pub const fn images(self) -> usize {
        match self {
            Self::Real => 1,
            Self::Complex => 2,
        }
    }
}

impl FromStr for Packing {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text {
            "real" => Ok(Self::Real),
            "complex" => Ok(Self::Complex),
            other => Err(Error::Plan(format!(
                "packing {other:?}, expected real or complex"
            ))),
        }
    }
}

/// The public plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// [`PROTOCOL_VERSION`].
    pub version: u32,
    /// The model's name, for people.
    pub model: String,
    /// Ring and moduli. The table is each party's own business.
    pub parameters: ParametersLiteral,
    /// Images of a slot.
    pub packing: Packing,
    /// Channels, rows, columns of an image.
    pub shape: [u32; 3],
    /// The factor between pixels and what is encrypted.
    pub input_scale: f64,
    /// log2 of the factor between scores and what is decrypted, before the last primes are divided away.
    pub log2_output_scale: u32,
    /// Number of classes.
    pub classes: u32,
}

/// The most classes of a plan.
const MAX_CLASSES: u32 = 1 << 16;

impl Plan {
    /// The parameters, checked against the table that this program insists on.
    ///
    /// # Errors
    /// What the scheme refuses.
    pub fn check(&self) -> Result<Parameters, Error> {
        let refuse = |what: String| Err(Error::Plan(what));
        if self.version != PROTOCOL_VERSION {
            return refuse(format!(
                "version {}, expected {PROTOCOL_VERSION}",
                self.version
            ));
        }
        let pixels = self
            .shape
            .iter()
            .try_fold(1u32, |n, &side| n.checked_mul(side));
        if !pixels.is_some_and(|n| n > 0 && n as usize <= MAX_TENSOR) {
            return refuse(format!("images of shape {:?}", self.shape));
        }
        if !(1..=MAX_CLASSES).contains(&self.classes) {
            return refuse(format!("{} classes", self.classes));
        }
        if !(self.input_scale.is_finite() && self.input_scale >= 1.0) {
            return refuse(format!("input scale {}", self.input_scale));
        }
        let literal = ParametersLiteral {
            table: SecurityTable::default(),
            allow_insecure: false,
            ..self.parameters.clone()
        };
        let parameters = Parameters::new(&literal)?;
        let log2_modulus: f64 = parameters
            .data_moduli()
            .iter()
            .map(|&q| (q as f64).log2())
            .sum();
        if f64::from(self.log2_output_scale) + 1.0 > log2_modulus {
            return refuse(format!(
                "scores at scale 2^{} do not fit the modulus 2^{log2_modulus:.1}",
                self.log2_output_scale
            ));
        }
        Ok(parameters)
    }

    /// Values of an image.
    #[must_use]
    pub fn inputs(&self) -> usize {
        self.shape.iter().map(|&side| side as usize).product()
    }

    /// Images a batch may have.
    #[must_use]
    pub fn max_batch(&self) -> usize {
        self.parameters.degree / 2 * self.packing.images()
    }

    /// The factor between scores and what is decrypted.
    #[must_use]
    pub fn output_scale(&self) -> f64 {
        f64::from(self.log2_output_scale).exp2()
    }
}

impl PublicPlan for Plan {
    const KIND: PlanKind = PlanKind::Encrypted;
    const MAX_BYTES: u32 = 1 << 16;

    fn accept(&self) -> Result<(), Error> {
        self.check().map(drop)
    }

    fn ring_digest(&self) -> Result<[u8; 32], Error> {
        Ok(self.check()?.digest())
    }
}
