//! From a float network to a public plan and a secret integer network.
//!
//! **Scales.** Let a layer's integer input be `S` times its real input and its weights be quantised with scale `s`, the largest
//! that keeps them below `2^(b-1)` for `b` weight bits. Its integer output is `S s` times the real one. Comparisons are made on the
//! top bits of `q`, so outputs must be large: the planner multiplies by a power of two such that the range of the outputs lies
//! in `(target / 2, target]`, where `target` is `q / 4` before a ReLU and `q / 8` before a maximum or an argmax (differences must fit). For the
//! first layer the factor is the client's input multiplier; for a later one it is taken from the shift of the ReLU
//! before, whose output is `2^k / q / 2^h` times its input (modulo `2^k` after the switch). ReLU commutes with positive scaling
//! and maxima with it too, so `S` is never undone, and only powers of two become public. Where scores are opened, `S` of the last layer must be
//! known: its weight scale is made smaller, by less than a factor of two, until a unit of the opened scores is a power of two.
//!
//! **Maxima.** ReLU and maximum commute, so the maximum comes first and the ReLU has fewer values. A maximum without a ReLU
//! is followed by a signed change of the modulus.
//!
//! **Ranges** are calibrated (from the model file: the largest absolute pre-activation on its training data) or proven (interval
//! arithmetic from the input's range). A calibrated range leaves a factor of two up to the wrap.
//!
//! **Noise.** For every stage the bound of [`halfmask_bridge::ckks::noise`] is computed from the real weights (never published) and
//! must leave `range + noise + rounding` below [`Stage::limit`], where signs and differences are right; otherwise planning fails.

use crate::Error;
use crate::nn::graph::{Linear, LinearKind, Network};
use crate::nn::plan::{
    Activation, InputPlan, PROTOCOL_VERSION, Plan, PoolPlan, RangeKind, RingPlan, Stage,
};
use crate::nn::quantised::{QuantisedNetwork, quantise};
use chain::{Link, links};
use halfmask_bridge::ckks::noise::{NoiseBound, NoiseModel};
use halfmask_bridge::ckks::{ErrorTerm, Parameters};
use halfmask_bridge::mpc::planner::Engine;
use verify::verify;

mod chain;
mod verify;

/// What the planner may choose freely.
#[derive(Clone, Debug)]
pub struct PlanOptions {
    /// Ring and modulus.
    pub parameters: Parameters,
    /// Bits of a weight, sign included.
    pub weight_bits: u32,
    /// Bits of a ReLU's comparison.
    pub relu_width: u32,
    /// Bits of a comparison in a maximum over windows.
    pub pool_width: u32,
    /// Bits of the argmax's comparison.
    pub argmax_width: u32,
    /// What is opened to the client.
    pub output: Output,
    /// Bits below a comparison's unit that shares keep: noise and rounding stay far below the unit.
    pub guard_bits: u32,
    /// Steps from zero to the largest input.
    pub input_levels: u32,
    /// How comparisons are made, and where correlated OTs come from.
    pub engine: Engine,
    /// Values of a segment of a ReLU layer or of a maximum; segments overlap, two at a time.
    pub segment: u32,
}

impl Default for PlanOptions {
    fn default() -> Self {
        Self {
            parameters: Parameters::throughput(),
            weight_bits: 9,
            relu_width: 12,
            pool_width: 12,
            argmax_width: 12,
            output: Output::Class,
            guard_bits: 10,
            input_levels: 255,
            engine: Engine::default(),
            segment: 1 << 14,
        }
    }
}

/// What is opened to the client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Output {
    /// The class alone.
    #[default]
    Class,
    /// All scores. They tell a client much more about the model than classes do; see [`Activation::Logits`].
    Logits {
        /// Bits of a score, sign included: one unit is between `2^-(bits - 2)` and `2^-(bits - 3)` of the range of scores. At
        /// most what the flooding of the last layer's noise still covers.
        bits: u32,
    },
}

/// What the planner proved about a stage; the server's secret, since it depends on the weights.
#[derive(Clone, Debug)]
pub struct StageReport {
    /// The linear layer's name.
    pub name: String,
    /// Largest absolute output, in real units.
    pub range: f64,
    /// Where it comes from.
    pub kind: RangeKind,
    /// Largest absolute output over the modulus.
    pub range_of_modulus: f64,
    /// Noise after the switch, in units of the shares: worst case, and exceeded by no coefficient of a full batch but with
    /// probability `2^-40`.
    pub noise: NoiseBound,
    /// One unit of the coarsest comparison, in units of the shares.
    pub unit: f64,
    /// Largest and mean absolute weight, as integers.
    pub weights: (i16, f64),
}

/// A planned network: the public plan, the secret integers, and what was proven.
#[derive(Debug)]
pub struct Planned {
    /// For both parties.
    pub plan: Plan,
    /// For the server.
    pub network: QuantisedNetwork,
    /// For the server's log.
    pub report: Vec<StageReport>,
}

/// Failure probability of the tail bound, for a whole batch.
const FAILURE_BITS: f64 = 40.0;

/// Plans a network.
///
/// # Errors
/// [`Error::Plan`] if the network's shape is not linear layers with ReLUs and maxima between, or no scale fits.
pub fn plan(network: &Network, options: &PlanOptions) -> Result<Planned, Error> {
    network.validate()?;
    let [modulus] = options.parameters.moduli() else {
        return Err(Error::Plan(
            "the throughput protocol takes one modulus".into(),
        ));
    };
    let modulus = u32::try_from(*modulus)
        .map_err(|_| Error::Plan(format!("modulus {modulus} is above 32 bits")))?;
    let q = f64::from(modulus);
    let links = links(network)?;
    if !(2..=16).contains(&options.weight_bits) {
        return Err(Error::Plan(format!(
            "{} weight bits, expected 2 to 16",
            options.weight_bits
        )));
    }
    let max_weight = ((1u32 << (options.weight_bits - 1)) - 1) as u16;

    let mut input = InputPlan {
        shape: network.input.map(|d| d as u32),
        max: network.input_max,
        levels: options.input_levels,
        multiplier: 1,
    };
    // Integer input over real input of the current layer, and the proven bound of the real input.
    let mut scale = f64::from(input.levels) / network.input_max;
    let mut bound = network.input_max;
    let mut planned: Vec<Stage> = Vec::new();
    let (mut layers, mut report) = (Vec::new(), Vec::new());
    for (i, link) in links.iter().enumerate() {
        let linear = link.linear;
        let last = i + 1 == links.len();
        let end = End::of(link, last, options);
        let share_bits = end.width(link, options) + options.guard_bits;
        let (range, kind) = match linear.range {
            Some(range) => (range, RangeKind::Calibrated),
            None => (proven_range(linear, bound), RangeKind::Proven),
        };
        let differences = matches!(end, End::Class) || !link.pools.is_empty();
        let target = if differences { q / 8.0 } else { q / 4.0 };
        let mut weight_scale =
            f64::from(max_weight) / largest_absolute(linear).max(f64::MIN_POSITIVE);
        if let End::Logits { .. } = end {
            // `S / q` becomes a power of two.
            let exact = (scale * weight_scale / q).log2();
            weight_scale *= (exact.floor() - exact).exp2();
        }
        // The power of two that brings the outputs into (target / 2, target].
        let exponent = (target / (range * scale * weight_scale)).log2().floor() as i32;
        match planned.last_mut() {
            None => {
                if exponent >= 0 {
                    input.multiplier = power_of_two(exponent, &linear.name)?;
                    scale *= f64::from(input.multiplier);
                } else {
                    weight_scale *= f64::from(exponent).exp2();
                }
            }
            Some(Stage {
                then:
                    Activation::Relu {
                        shift, multiplier, ..
                    }
                    | Activation::Rescale { shift, multiplier },
                ..
            }) => {
                if exponent >= 0 {
                    *multiplier = power_of_two(exponent, &linear.name)?;
                    scale *= f64::from(*multiplier);
                } else {
                    *shift = exponent.unsigned_abs();
                    scale *= f64::from(exponent).exp2();
                }
            }
            Some(_) => {
                return Err(Error::Plan(format!(
                    "layer {} follows the class",
                    linear.name
                )));
            }
        }
        let layer = quantise(linear, max_weight, weight_scale, scale, modulus)?;
        scale *= weight_scale;
        let then = end.activation(modulus, scale / q, options);
        let model = |error0| NoiseModel {
            degree: options.parameters.degree(),
            error0,
            failure_bits: FAILURE_BITS
                + (layer.linear.outputs() as f64 * options.parameters.degree() as f64).log2(),
        };
        let norms = layer.linear.norms();
        let noise = model(then.error0()).switched_layer(norms, u64::from(modulus), share_bits);
        if let Activation::Logits { width, flood, .. } = then {
            // What the flooding must hide, in units of the modulus.
            let hidden = model(ErrorTerm::CentredBinomial).layer(norms).tail;
            if (flood as f64) < 2.0 * hidden {
                return Err(Error::Plan(format!(
                    "layer {}: scores of {width} bits are flooded by a width of {flood}, too little for noise up to {hidden:.0} on either side; ask for fewer bits",
                    linear.name
                )));
            }
        }
        let ring = f64::from(share_bits).exp2();
        let stage = Stage {
            name: linear.name.clone(),
            inputs: linear.inputs() as u32,
            outputs: linear.outputs() as u32,
            share_bits,
            range: kind,
            pool: link
                .pools
                .iter()
                .map(|pool| PoolPlan::new(pool, options.pool_width, options.segment))
                .collect::<Result<_, _>>()?,
            then,
        };
        report.push(StageReport {
            name: linear.name.clone(),
            range,
            kind,
            range_of_modulus: range * scale / q,
            noise,
            unit: stage.unit(),
            weights: layer.weight_statistics,
        });
        planned.push(stage);
        layers.push(layer);
        bound = range;
        // An inner stage hands on x 2^k / q / 2^h; the shift is chosen by the next layer.
        if !last {
            scale *= ring / q;
        }
    }
    let plan = Plan {
        version: PROTOCOL_VERSION,
        model: network.name.clone(),
        ring: RingPlan {
            degree: options.parameters.degree() as u32,
            modulus,
        },
        input,
        engine: options.engine,
        stages: planned,
    };
    plan.check()?;
    let network = QuantisedNetwork::new(&plan, layers);
    let planned = Planned {
        plan,
        network,
        report,
    };
    verify(&planned)?;
    Ok(planned)
}

/// How a stage ends, before its scales are known.
#[derive(Clone, Copy, Debug)]
enum End<'a> {
    Relu(&'a str),
    Rescale,
    Class,
    Logits { bits: u32 },
}

impl<'a> End<'a> {
    fn of(link: &Link<'a>, last: bool, options: &PlanOptions) -> Self {
        match (link.relu, last, options.output) {
            (Some(name), ..) => Self::Relu(name),
            (None, false, _) => Self::Rescale,
            (None, true, Output::Class) => Self::Class,
            (None, true, Output::Logits { bits }) => Self::Logits { bits },
        }
    }

    /// The most bits that anything after the conversion looks at.
    fn width(self, link: &Link<'_>, options: &PlanOptions) -> u32 {
        let pools = if link.pools.is_empty() {
            0
        } else {
            options.pool_width
        };
        pools.max(match self {
            Self::Relu(_) => options.relu_width,
            // What is kept for the next layer's input.
            Self::Rescale => options.relu_width,
            Self::Class => options.argmax_width,
            Self::Logits { bits } => bits,
        })
    }

    /// The activation; `scale` is the integers' scale over the modulus.
    fn activation(self, modulus: u32, scale: f64, options: &PlanOptions) -> Activation {
        // A quarter of the opened unit.
        let flood = |width: u32| (u64::from(modulus).checked_shr(width + 2).unwrap_or(0)).max(1);
        match self {
            Self::Relu(name) => Activation::Relu {
                name: name.to_owned(),
                width: options.relu_width,
                shift: 0,
                multiplier: 1,
                segment: options.segment,
            },
            Self::Rescale => Activation::Rescale {
                shift: 0,
                multiplier: 1,
            },
            Self::Class => Activation::Argmax {
                width: options.argmax_width,
                flood: flood(options.argmax_width),
            },
            Self::Logits { bits } => Activation::Logits {
                width: bits,
                flood: flood(bits),
                // `r` stands for `r q / (S 2^width)`, and `S / q` is a power of two.
                step: -(scale.log2().round() as i32) - bits as i32,
            },
        }
    }
}

/// `2^exponent` as a public multiplier.
fn power_of_two(exponent: i32, layer: &str) -> Result<u32, Error> {
    match u32::try_from(exponent) {
        Ok(e) if e < 24 => Ok(1 << e),
        _ => Err(Error::Plan(format!(
            "layer {layer}: values would need a factor of 2^{exponent}"
        ))),
    }
}

fn largest_absolute(linear: &Linear) -> f64 {
    let max = |m: f64, w: &f64| m.max(w.abs());
    match &linear.kind {
        LinearKind::Conv2d(c) => c.weights.iter().fold(0.0, max),
        LinearKind::Dense(d) => d.weights.iter().fold(0.0, max),
    }
}

/// `max_o (sum |w| bound + |b|)`.
fn proven_range(linear: &Linear, bound: f64) -> f64 {
    let row = |weights: f64, bias: f64| weights * bound + bias.abs();
    match &linear.kind {
        LinearKind::Conv2d(c) => c
            .weights
            .outer_iter()
            .zip(&c.bias)
            .map(|(w, b)| row(w.iter().map(|w| w.abs()).sum(), *b))
            .fold(f64::MIN_POSITIVE, f64::max),
        LinearKind::Dense(d) => d
            .weights
            .outer_iter()
            .zip(&d.bias)
            .map(|(w, b)| row(w.iter().map(|w| w.abs()).sum(), *b))
            .fold(f64::MIN_POSITIVE, f64::max),
    }
}
