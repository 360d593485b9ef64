//! The public plan: all that a client learns of a model, and all it needs.
//!
//! Element counts, activations, moduli, widths and shifts. Not in it: weights, their scale, the geometry of a layer
//! (kernel, strides, which inputs an output reads), true ranges. Multipliers and shifts are powers of two or exponents that
//! the planner derives from ranges, so they tell the size of a layer's values within a factor of two; SECURITY.md says so.

use crate::Error;
use halfmask_bridge::ckks::{ErrorTerm, Parameters, ParametersLiteral, SecurityTable};
use halfmask_bridge::mpc::argmax::ArgmaxSpec;
use halfmask_bridge::mpc::relu::{ReluSpec, Target};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The version of plan and protocol.
pub const PROTOCOL_VERSION: u32 = 1;

/// The most elements a layer may have.
const MAX_ELEMENTS: u32 = 1 << 20;

/// The most values, or labels of an argmax, that a layer may have in a full batch: a plan comes from the peer, and
/// these numbers size buffers.
const MAX_VALUES: u64 = 1 << 26;

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

/// A non-linear layer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, tag = "kind", rename_all = "snake_case")]
pub enum Activation {
    /// ReLU by a garbled sign.
    Relu {
        /// The layer's name.
        name: String,
        /// Bits of the comparison.
        width: u32,
        /// Outputs are inputs over `2^shift`.
        shift: u32,
        /// Both parties multiply their output shares by this.
        multiplier: u32,
        /// Values of a segment ([`ReluSpec::segment`]).
        segment: u32,
    },
    /// The class, to the client alone.
    Argmax {
        /// Bits of the comparison.
        width: u32,
        /// Width of the uniform error that floods the last layer's noise, in units of `q`.
        flood: u64,
    },
}

impl Plan {
    /// Checks a plan, wherever it comes from; returns the checked ring parameters.
    ///
    /// # Errors
    /// [`Error::Plan`] names the first rule that is broken.
    pub fn check(&self) -> Result<Parameters, Error> {
        let fail = |detail: String| Err(Error::Plan(detail));
        if self.version != PROTOCOL_VERSION {
            return fail(format!(
                "version {}, this program speaks {PROTOCOL_VERSION}",
                self.version
            ));
        }
        // The stricter table, 128 bits or nothing: a peer cannot ask for less.
        let parameters = Parameters::new(&self.parameters())?;
        let RingPlan { degree, modulus } = self.ring;
        if modulus >> 31 != 0 {
            return fail(format!("modulus {modulus}, expected below 2^31"));
        }
        let printable = |name: &str| name.len() <= 256 && !name.chars().any(char::is_control);
        let names = self
            .stages
            .iter()
            .flat_map(Stage::names)
            .chain([self.model.as_str()]);
        if let Some(name) = names.into_iter().find(|name| !printable(name)) {
            return fail(format!("unprintable name \"{}\"", name.escape_debug()));
        }
        let input = &self.input;
        let pixels = input.shape.iter().try_fold(1u32, |a, b| a.checked_mul(*b));
        let Some(mut width) = pixels.filter(|p| (1..=MAX_ELEMENTS).contains(p)) else {
            return fail(format!("input shape {:?}", input.shape));
        };
        let reach = u64::from(input.levels) * u64::from(input.multiplier);
        if !(input.max.is_finite() && input.max > 0.0)
            || reach == 0
            || reach >= u64::from(modulus / 2)
        {
            return fail(format!(
                "input of {} levels times {}",
                input.levels, input.multiplier
            ));
        }
        for (i, stage) in self.stages.iter().enumerate() {
            let Stage {
                name,
                inputs,
                outputs,
                ..
            } = stage;
            let values = u64::from(*outputs) * u64::from(degree);
            if values > MAX_VALUES {
                return fail(format!(
                    "layer {name}: {values} values a batch, at most {MAX_VALUES} are taken"
                ));
            }
            if *inputs != width || !(1..=MAX_ELEMENTS).contains(outputs) {
                return fail(format!(
                    "layer {name}: {inputs} inputs of {width} values, {outputs} outputs"
                ));
            }
            width = *outputs;
            let last = i + 1 == self.stages.len();
            match &stage.then {
                Activation::Relu { multiplier, .. } => {
                    if last {
                        return fail(format!("layer {name}: the last layer must end in a class"));
                    }
                    if !multiplier.is_power_of_two() || *multiplier >= modulus {
                        return fail(format!(
                            "layer {name}: multiplier {multiplier}, expected a power of two"
                        ));
                    }
                    self.relu(stage).map_or(Ok(()), |spec| spec.validate())?;
                }
                Activation::Argmax { flood, width } => {
                    if values * u64::from(*width) > MAX_VALUES {
                        return fail(format!(
                            "layer {name}: {outputs} classes of {width} bits are too many"
                        ));
                    }
                    if !last {
                        return fail(format!("layer {name}: a class before the last layer"));
                    }
                    if *flood == 0 || *flood > u64::from(modulus) {
                        return fail(format!("layer {name}: flooding width {flood}"));
                    }
                    self.argmax(stage)
                        .map_or(Ok(()), |spec| spec.template().map(|_| ()))?;
                }
            }
        }
        if self.stages.is_empty() {
            return fail("no layers".into());
        }
        Ok(parameters)
    }

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
            Activation::Argmax { .. } => None,
        }
    }

    /// The argmax after a stage, if there is one.
    #[must_use]
    pub fn argmax(&self, stage: &Stage) -> Option<ArgmaxSpec> {
        match stage.then {
            Activation::Argmax { width, .. } => Some(ArgmaxSpec {
                classes: stage.outputs,
                share_bits: stage.share_bits,
                width,
            }),
            Activation::Relu { .. } => None,
        }
    }

    /// ReLUs an image.
    #[must_use]
    pub fn relus(&self) -> u64 {
        let relu = |s: &&Stage| matches!(s.then, Activation::Relu { .. });
        self.stages
            .iter()
            .filter(relu)
            .map(|s| u64::from(s.outputs))
            .sum()
    }

    /// AND gates of all ReLUs of an image.
    #[must_use]
    pub fn relu_and_gates(&self) -> u64 {
        self.stages
            .iter()
            .filter_map(|s| Some(u64::from(s.outputs) * (u64::from(self.relu(s)?.width) - 2)))
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

    /// Canonical bytes, as they travel.
    ///
    /// # Errors
    /// If the plan cannot be written as JSON.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        serde_json::to_vec(self).map_err(|e| Error::Plan(e.to_string()))
    }

    /// Reads and checks a plan.
    ///
    /// # Errors
    /// [`Error::Plan`] with what is wrong.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let plan: Self = serde_json::from_slice(bytes).map_err(|e| Error::Plan(e.to_string()))?;
        plan.check()?;
        Ok(plan)
    }

    /// SHA-256 of the canonical bytes.
    ///
    /// # Errors
    /// As [`Plan::to_bytes`].
    pub fn digest(&self) -> Result<[u8; 32], Error> {
        Ok(Sha256::digest(self.to_bytes()?).into())
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

impl Stage {
    fn names(&self) -> impl Iterator<Item = &str> {
        let relu = match &self.then {
            Activation::Relu { name, .. } => Some(name.as_str()),
            Activation::Argmax { .. } => None,
        };
        [self.name.as_str()].into_iter().chain(relu)
    }
}

impl Activation {
    /// The distribution of `e_0` in the conversion before this layer.
    #[must_use]
    pub fn error0(&self) -> ErrorTerm {
        match self {
            Self::Relu { .. } => ErrorTerm::CentredBinomial,
            Self::Argmax { flood, .. } => ErrorTerm::Uniform { width: *flood },
        }
    }
}
