//! The public plan: all that a client learns of a model, and all it needs.
//!
//! Element counts, activations, moduli, widths, shifts, and the windows of maxima, which both parties gather. Not in it:
//! weights, their scale, the geometry of a linear layer
//! (kernel, strides, which inputs an output reads), true ranges. Multipliers and shifts are powers of two or exponents that
//! the planner derives from ranges, so they tell the size of a layer's values within a factor of two; SECURITY.md says so.

use crate::Error;
use crate::hello::{PlanKind, PublicPlan};
use halfmask_bridge::ckks::{ParametersLiteral, SecurityTable};
use halfmask_bridge::mpc::argmax::ArgmaxSpec;
use halfmask_bridge::mpc::logits::LogitsSpec;
use halfmask_bridge::mpc::planner::Engine;
use halfmask_bridge::mpc::relu::{ReluSpec, Target};
use halfmask_bridge::mpc::rescale::RescaleSpec;
use serde::{Deserialize, Serialize};

mod check;
mod stage;

pub use stage::{Activation, PoolPlan, RangeKind, Stage};

/// The version of plan and protocol.
pub const PROTOCOL_VERSION: u32 = 2;

/// The public plan of a network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// [`PROTOCOL_VERSION`].
    pub version: u32,
    /// The model's name, for people.
    pub model: String,
    /// Ring and modulus. Which table they must satisfy is each party's own business.
    pub ring: RingPlan,
    /// How inputs become integers.
    pub input: InputPlan,
    /// How comparisons are made, and where correlated OTs come from.
    pub engine: Engine,
    /// Linear layers with what follows each, first to last.
    pub stages: Vec<Stage>,
}

/// Ring and modulus.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RingPlan {
    /// Ring degree N.
    pub degree: u32,
    /// The prime q.
    pub modulus: u32,
}

/// How inputs become integers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputPlan {
    /// Channels, rows, columns.
    pub shape: [u32; 3],
    /// The largest absolute input value; larger ones are clipped.
    pub max: f64,
    /// Steps from zero to `max`: an input `v` becomes `round(v levels / max)`.
    pub levels: u32,
    /// The client multiplies the integers by this.
    pub multiplier: u32,
}

impl Plan {
    /// The ring's parameters, under the table that this program insists on.
    #[must_use]
    pub fn parameters(&self) -> ParametersLiteral {
        ParametersLiteral {
            degree: self.ring.degree as usize,
            moduli: vec![u64::from(self.ring.modulus)],
            table: SecurityTable::default(),
            allow_insecure: false,
        }
    }

    /// The modulus `q`.
    #[must_use]
    pub fn modulus(&self) -> u32 {
        self.ring.modulus
    }

    /// The ReLU after a stage, if there is one.
    #[must_use]
    pub fn relu(&self, stage: &Stage) -> Option<ReluSpec> {
        match stage.then {
            Activation::Relu {
                width,
                shift,
                segment,
                ..
            } => Some(ReluSpec {
                share_bits: stage.share_bits,
                width,
                shift,
                target: Target::Modulus(self.modulus()),
                segment,
            }),
            Activation::Rescale { .. } | Activation::Argmax { .. } | Activation::Logits { .. } => {
                None
            }
        }
    }

    /// The argmax after a stage, if there is one.
    #[must_use]
    pub fn argmax(&self, stage: &Stage) -> Option<ArgmaxSpec> {
        match stage.then {
            Activation::Argmax { width, .. } => Some(ArgmaxSpec {
                classes: stage.values(),
                share_bits: stage.share_bits,
                width,
            }),
            Activation::Relu { .. } | Activation::Rescale { .. } | Activation::Logits { .. } => {
                None
            }
        }
    }

    /// The opening of scores after a stage, if there is one.
    #[must_use]
    pub fn logits(&self, stage: &Stage) -> Option<LogitsSpec> {
        match stage.then {
            Activation::Logits { width, .. } => Some(LogitsSpec {
                share_bits: stage.share_bits,
                dropped_bits: stage.share_bits.saturating_sub(width),
            }),
            Activation::Relu { .. } | Activation::Rescale { .. } | Activation::Argmax { .. } => {
                None
            }
        }
    }

    /// The opening of scores at the end and the value of one opened unit, if the plan opens scores.
    #[must_use]
    pub fn scores(&self) -> Option<(LogitsSpec, f64)> {
        let stage = self.stages.last()?;
        match stage.then {
            Activation::Logits { step, .. } => Some((self.logits(stage)?, f64::from(step).exp2())),
            _ => None,
        }
    }

    /// The return to the modulus without a ReLU after a stage, if there is one.
    #[must_use]
    pub fn rescale(&self, stage: &Stage) -> Option<RescaleSpec> {
        match stage.then {
            Activation::Rescale { shift, .. } => Some(RescaleSpec {
                share_bits: stage.share_bits,
                shift,
                modulus: self.modulus(),
            }),
            Activation::Relu { .. } | Activation::Argmax { .. } | Activation::Logits { .. } => None,
        }
    }

    /// ReLUs an image, counted after the maxima before them.
    #[must_use]
    pub fn relus(&self) -> u64 {
        let relu = |s: &&Stage| matches!(s.then, Activation::Relu { .. });
        self.stages
            .iter()
            .filter(relu)
            .map(|s| u64::from(s.values()))
            .sum()
    }

    /// AND gates of all ReLUs of an image.
    #[must_use]
    pub fn relu_and_gates(&self) -> u64 {
        self.stages
            .iter()
            .filter_map(|s| {
                let gates = self.engine.relu.and_gates(&self.relu(s)?);
                Some(u64::from(s.values()) * u64::from(gates))
            })
            .sum()
    }

    /// Comparisons of all maxima over windows of an image.
    ///
    /// # Errors
    /// If a window's geometry is unusable.
    pub fn pool_comparisons(&self) -> Result<u64, Error> {
        let pools = self.stages.iter().flat_map(|s| &s.pool);
        pools
            .map(|pool| Ok(pool.geometry()?.comparisons() as u64))
            .sum()
    }

    /// Images a batch may have.
    #[must_use]
    pub fn max_batch(&self) -> usize {
        self.ring.degree as usize
    }

    /// Input elements of an image.
    #[must_use]
    pub fn inputs(&self) -> usize {
        self.input.shape.iter().map(|s| *s as usize).product()
    }

    /// Quantised input integers as the first layer takes them: clipped to the public range, times the multiplier.
    #[must_use]
    pub fn encode(&self, image: &[i64]) -> Vec<i64> {
        let (levels, factor) = (
            i64::from(self.input.levels),
            i64::from(self.input.multiplier),
        );
        image
            .iter()
            .map(|v| (*v).clamp(-levels, levels) * factor)
            .collect()
    }
}

impl InputPlan {
    /// An input value as an integer, clipped to the public range; not yet multiplied.
    #[must_use]
    pub fn quantise(&self, value: f64) -> i64 {
        let levels = f64::from(self.levels);
        // NaN becomes 0: comparisons with it are false, and the cast saturates.
        (value / self.max * levels).round().clamp(-levels, levels) as i64
    }
}

impl PublicPlan for Plan {
    const KIND: PlanKind = PlanKind::Network;
    /// A plan in JSON is a few kilobytes.
    const MAX_BYTES: u32 = 1 << 20;

    fn accept(&self) -> Result<(), Error> {
        self.check().map(drop)
    }

    fn ring_digest(&self) -> Result<[u8; 32], Error> {
        Ok(self.check()?.digest())
    }
}
