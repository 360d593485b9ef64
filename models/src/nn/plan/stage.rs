//! A stage: a linear layer, the maxima over windows that follow it, and what ends it.

use crate::Error;
use crate::nn::graph::MaxPool;
use halfmask_bridge::ckks::ErrorTerm;
use halfmask_bridge::mpc::max_pool::MaxPoolSpec;
use serde::{Deserialize, Serialize};

/// A linear layer and what follows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// The linear layer's name.
    pub name: String,
    /// Ciphertexts in.
    pub inputs: u32,
    /// Ciphertexts out.
    pub outputs: u32,
    /// Outputs become shares modulo `2^share_bits`.
    pub share_bits: u32,
    /// Where the range of the outputs comes from.
    pub range: RangeKind,
    /// Maxima over windows of the shares, one after the other, before the activation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pool: Vec<PoolPlan>,
    /// What is done with the shares.
    pub then: Activation,
}

/// Where a range comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RangeKind {
    /// The largest value seen on training data, with a factor of two of headroom; beyond it values wrap.
    Calibrated,
    /// Interval arithmetic on the integers, noise included, from the range of the layer before: if that holds, so does this.
    Proven,
}

/// A maximum over windows: its geometry is public, since both parties gather the windows of their shares.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PoolPlan {
    /// The layer's name.
    pub name: String,
    /// Bits of a comparison.
    pub width: u32,
    /// Values of a segment ([`halfmask_bridge::mpc::relu::ReluSpec::segment`]).
    pub segment: u32,
    /// Channels, rows, columns of the input.
    pub input: [u32; 3],
    /// Channels, rows, columns of the output.
    pub output: [u32; 3],
    /// Rows, columns of a window.
    pub kernel: [u32; 2],
    /// Steps down and to the right.
    pub strides: [u32; 2],
    /// Absent elements at the top, left, bottom, right.
    pub pads: [u32; 4],
}

/// What ends a stage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, tag = "kind", rename_all = "snake_case")]
pub enum Activation {
    /// ReLU by the sign of a few top bits.
    Relu {
        /// The layer's name.
        name: String,
        /// Bits of the comparison.
        width: u32,
        /// Outputs are inputs over `2^shift`.
        shift: u32,
        /// Both parties multiply their output shares by this.
        multiplier: u32,
        /// Values of a segment ([`halfmask_bridge::mpc::relu::ReluSpec::segment`]).
        segment: u32,
    },
    /// Nothing but the way back to the modulus, after a maximum that no ReLU follows.
    Rescale {
        /// Outputs are inputs over `2^shift`, rounded.
        shift: u32,
        /// Both parties multiply their output shares by this.
        multiplier: u32,
    },
    /// The class, to the client alone.
    Argmax {
        /// Bits of the comparison.
        width: u32,
        /// Width of the uniform error that floods the last layer's noise, in units of `q`.
        flood: u64,
    },
    /// All class scores, to the client alone, rounded to `width` bits.
    ///
    /// **What this reveals** beyond the class: the scores themselves, and `step`, the scale of the last layer's outputs. The
    /// planner makes it a power of two by shrinking the last layer's weight scale, so that it tells no more of the weights
    /// than the shifts of the other layers do: the size of a layer's values within a factor of two.
    Logits {
        /// Bits of a score, sign included.
        width: u32,
        /// Width of the uniform error that floods the last layer's noise, in units of `q`.
        flood: u64,
        /// A score is the opened integer times `2^step`, in the model's units.
        step: i32,
    },
}

impl Stage {
    /// Values that reach the activation: the last pool's outputs, or the linear layer's.
    #[must_use]
    pub fn values(&self) -> u32 {
        self.pool.last().map_or(self.outputs, PoolPlan::outputs)
    }

    /// The absolute value, in units of the shares, below which everything after the conversion is right, noise included: signs
    /// below half the ring, differences of two values (maxima, argmax) below half the ring too.
    #[must_use]
    pub fn limit(&self) -> f64 {
        let ring = f64::from(self.share_bits).exp2();
        let unit = |width: u32| (f64::from(self.share_bits) - f64::from(width)).exp2();
        let then = match &self.then {
            Activation::Relu { width, .. } => ring / 2.0 - 3.0 * unit(*width),
            Activation::Rescale { .. } => ring / 4.0 - 1.0,
            Activation::Argmax { width, .. } => ring / 4.0 - 2.0 * unit(*width),
            Activation::Logits { width, .. } => ring / 2.0 - unit(*width),
        };
        let differences = |pool: &PoolPlan| ring / 4.0 - 2.0 * unit(pool.width);
        self.pool.iter().map(differences).fold(then, f64::min)
    }

    /// The coarsest unit of a comparison or rounding in this stage, in units of the shares; 1 if there is none.
    #[must_use]
    pub fn unit(&self) -> f64 {
        let then = match &self.then {
            Activation::Relu { width, .. }
            | Activation::Argmax { width, .. }
            | Activation::Logits { width, .. } => Some(*width),
            Activation::Rescale { .. } => None,
        };
        let widths = self.pool.iter().map(|pool| pool.width).chain(then);
        let coarsest = widths.min().unwrap_or(self.share_bits);
        (f64::from(self.share_bits) - f64::from(coarsest)).exp2()
    }

    /// Layer names, for messages.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let relu = match &self.then {
            Activation::Relu { name, .. } => Some(name.as_str()),
            Activation::Rescale { .. } | Activation::Argmax { .. } | Activation::Logits { .. } => {
                None
            }
        };
        let pools = self.pool.iter().map(|pool| pool.name.as_str());
        [self.name.as_str()].into_iter().chain(pools).chain(relu)
    }
}

impl PoolPlan {
    /// The plan of a pooling layer on `width` bits.
    ///
    /// # Errors
    /// [`Error::Plan`] for sizes beyond 32 bits.
    pub fn new(pool: &MaxPool, width: u32, segment: u32) -> Result<Self, Error> {
        fn narrow<const N: usize>(pool: &MaxPool, sizes: [usize; N]) -> Result<[u32; N], Error> {
            if let Some(size) = sizes.iter().find(|size| u32::try_from(**size).is_err()) {
                return Err(Error::Plan(format!(
                    "layer {}: a size of {size}",
                    pool.name
                )));
            }
            Ok(sizes.map(|size| size as u32))
        }
        Ok(Self {
            name: pool.name.clone(),
            width,
            segment,
            input: narrow(pool, pool.input)?,
            output: narrow(pool, pool.output)?,
            kernel: narrow(pool, pool.kernel)?,
            strides: narrow(pool, pool.strides)?,
            pads: narrow(pool, pool.pads)?,
        })
    }

    /// The layer's checked geometry.
    ///
    /// # Errors
    /// As [`MaxPool::validate`].
    pub fn geometry(&self) -> Result<MaxPool, Error> {
        let pool = MaxPool {
            name: self.name.clone(),
            input: self.input.map(|n| n as usize),
            output: self.output.map(|n| n as usize),
            kernel: self.kernel.map(|n| n as usize),
            strides: self.strides.map(|n| n as usize),
            pads: self.pads.map(|n| n as usize),
        };
        pool.validate()?;
        Ok(pool)
    }

    /// What the protocol takes, for shares of `share_bits` bits and the geometry's largest window.
    #[must_use]
    pub fn spec(&self, share_bits: u32, window: usize) -> MaxPoolSpec {
        MaxPoolSpec {
            share_bits,
            width: self.width,
            window: u32::try_from(window).unwrap_or(u32::MAX),
            segment: self.segment,
        }
    }

    /// Values out; meaningless before [`PoolPlan::geometry`] has checked them.
    #[must_use]
    pub fn outputs(&self) -> u32 {
        self.output
            .iter()
            .fold(1, |n, side| n.saturating_mul(*side))
    }
}

impl Activation {
    /// The distribution of `e_0` in the conversion before this layer.
    #[must_use]
    pub fn error0(&self) -> ErrorTerm {
        match self {
            Self::Relu { .. } | Self::Rescale { .. } => ErrorTerm::CentredBinomial,
            Self::Argmax { flood, .. } | Self::Logits { flood, .. } => {
                ErrorTerm::Uniform { width: *flood }
            }
        }
    }

    /// Whether this opens the result, and so ends the network.
    #[must_use]
    pub fn opens(&self) -> bool {
        matches!(self, Self::Argmax { .. } | Self::Logits { .. })
    }
}
