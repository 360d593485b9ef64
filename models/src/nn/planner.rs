//! From a float network to a public plan and a secret integer network.
//!
//! **Scales.** Let a layer's integer input be `S` times its real input and its weights be quantised with scale `s`, the largest
//! that keeps them below `2^(b-1)` for `b` weight bits. Its integer output is `S s` times the real one. Comparisons are made on the
//! top bits of `q`, so outputs must be large: the planner multiplies by a power of two such that the range of the outputs lies
//! in `(target / 2, target]`, where `target` is `q / 4` before a ReLU and `q / 8` before an argmax (differences must fit). For the
//! first layer the factor is the client's input multiplier; for a later one it is taken from the shift of the ReLU
//! before, whose output is `2^k / q / 2^h` times its input (modulo `2^k` after the switch). ReLU commutes with positive scaling
//! and argmax with it too, so `S` is never undone, and only powers of two become public.
//!
//! **Ranges** are calibrated (from the model file: the largest absolute pre-activation on its training data) or proven (interval
//! arithmetic from the input's range). A calibrated range leaves a factor of two up to the wrap.
//!
//! **Noise.** For every stage the bound of [`halfmask_bridge::ckks::noise`] is computed from the real weights (never published) and
//! must leave `range + noise + rounding` below the half-ring where signs are right; otherwise planning fails.

use crate::Error;
use crate::nn::graph::{Layer, Linear, LinearKind, Network};
use crate::nn::plan::{Activation, InputPlan, PROTOCOL_VERSION, Plan, RangeKind, RingPlan, Stage};
use crate::nn::quantised::{QuantisedNetwork, quantise};
use halfmask_bridge::ckks::Parameters;
use halfmask_bridge::ckks::noise::{NoiseBound, NoiseModel};

/// What the planner may choose freely.
#[derive(Clone, Debug)]
pub struct PlanOptions {
    /// Ring and modulus.
    pub parameters: Parameters,
    /// Bits of a weight, sign included.
    pub weight_bits: u32,
    /// Bits of a ReLU's comparison.
    pub relu_width: u32,
    /// Bits of the argmax's comparison.
    pub argmax_width: u32,
    /// Bits below a comparison's unit that shares keep: noise and rounding stay far below the unit.
    pub guard_bits: u32,
    /// Steps from zero to the largest input.
    pub input_levels: u32,
    /// Values of a segment of a ReLU layer; segments overlap, two at a time.
    pub segment: u32,
}

impl Default for PlanOptions {
    fn default() -> Self {
        Self {
            parameters: Parameters::throughput(),
            weight_bits: 9,
            relu_width: 12,
            argmax_width: 12,
            guard_bits: 10,
            input_levels: 255,
            segment: 1 << 14,
        }
    }
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
    /// One unit of the comparison, in units of the shares.
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
/// [`Error::Plan`] if the network's shape is not linear layers with ReLUs between, or no scale fits.
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
    let pairs = stages(network)?;
    if !(2..=16).contains(&options.weight_bits) {
        return Err(Error::Plan(format!(
            "{} weight bits, expected 2 to 16",
            options.weight_bits
        )));
    }
    let max_weight = ((1u32 << (options.weight_bits - 1)) - 1) as u16;

    let shape = network.input.map(|d| d as u32);
    let mut input = InputPlan {
        shape,
        max: network.input_max,
        levels: options.input_levels,
        multiplier: 1,
    };
    // Integer input over real input of the current layer, and the proven bound of the real input.
    let mut scale = f64::from(input.levels) / network.input_max;
    let mut bound = network.input_max;
    let mut planned: Vec<Stage> = Vec::new();
    let (mut layers, mut report) = (Vec::new(), Vec::new());
    for (i, (linear, relu)) in pairs.iter().enumerate() {
        let argmax = relu.is_none();
        let width = if argmax {
            options.argmax_width
        } else {
            options.relu_width
        };
        let share_bits = width + options.guard_bits;
        let (range, kind) = match linear.range {
            Some(range) => (range, RangeKind::Calibrated),
            None => (proven_range(linear, bound), RangeKind::Proven),
        };
        let target = if argmax { q / 8.0 } else { q / 4.0 };
        let mut weight_scale =
            f64::from(max_weight) / largest_absolute(linear).max(f64::MIN_POSITIVE);
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
                then: Activation::Relu {
                    shift, multiplier, ..
                },
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
        let then = match relu {
            Some(name) => Activation::Relu {
                name: (*name).to_owned(),
                width,
                shift: 0,
                multiplier: 1,
                segment: options.segment,
            },
            None => Activation::Argmax {
                width,
                flood: (u64::from(modulus) >> (width + 2)).max(1),
            },
        };
        let model = NoiseModel {
            degree: options.parameters.degree(),
            error0: then.error0(),
            failure_bits: FAILURE_BITS
                + (layer.linear.outputs() as f64 * options.parameters.degree() as f64).log2(),
        };
        let noise = model.switched_layer(layer.linear.norms(), u64::from(modulus), share_bits);
        let ring = f64::from(share_bits).exp2();
        let unit = f64::from(options.guard_bits).exp2();
        report.push(StageReport {
            name: linear.name.clone(),
            range,
            kind,
            range_of_modulus: range * scale / q,
            noise,
            unit,
            weights: layer.weight_statistics,
        });
        planned.push(Stage {
            name: linear.name.clone(),
            inputs: linear.inputs() as u32,
            outputs: linear.outputs() as u32,
            share_bits,
            range: kind,
            then,
        });
        layers.push(layer);
        bound = range;
        // A ReLU hands on x 2^k / q / 2^h; the shift is chosen by the next layer.
        if i + 1 < pairs.len() {
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
        stages: planned,
    };
    plan.check()?;
    let planned = Planned {
        network: QuantisedNetwork::new(&plan, layers),
        plan,
        report,
    };
    verify(&planned)?;
    Ok(planned)
}

/// Interval arithmetic over the integers themselves, after rounding: every stage's values and noise must stay where
/// signs and differences are right. Calibrated ranges are taken at their word, proven ones are computed.
fn verify(planned: &Planned) -> Result<(), Error> {
    let plan = &planned.plan;
    let q = f64::from(plan.modulus());
    let mut bound =
        vec![f64::from(plan.input.levels) * f64::from(plan.input.multiplier); plan.inputs()];
    let layers = planned.network.layers().iter().map(|l| &l.linear);
    for ((stage, linear), report) in plan.stages.iter().zip(layers).zip(&planned.report) {
        let proven = linear.spread(&bound)?.into_iter().zip(linear.bias());
        let proven = proven.map(|(s, b)| s + b.abs() as f64).fold(0.0, f64::max);
        let (largest, noise) = match stage.range {
            RangeKind::Proven => (proven, report.noise.worst_case),
            RangeKind::Calibrated => (proven.min(report.range_of_modulus * q), report.noise.tail),
        };
        let ring = f64::from(stage.share_bits).exp2();
        let x = largest * ring / q + noise + 1.0;
        let limit = match stage.then {
            Activation::Relu { .. } => ring / 2.0 - 3.0 * report.unit,
            Activation::Argmax { .. } => ring / 4.0 - 2.0 * report.unit,
        };
        if x > limit {
            return Err(Error::Plan(format!(
                "layer {}: values and noise up to {x:.0} exceed {limit:.0} of 2^{}",
                stage.name, stage.share_bits
            )));
        }
        if let Activation::Relu {
            shift, multiplier, ..
        } = stage.then
        {
            let y = (x / f64::from(shift).exp2() + 1.0) * f64::from(multiplier);
            bound = vec![y; linear.outputs()];
        }
    }
    Ok(())
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

/// The linear layers, each with the name of the ReLU that follows; the last has none.
fn stages(network: &Network) -> Result<Vec<(&Linear, Option<&str>)>, Error> {
    let mut pairs: Vec<(&Linear, Option<&str>)> = Vec::new();
    for layer in &network.layers {
        match (layer, pairs.last_mut()) {
            (Layer::Linear(linear), None | Some((_, Some(_)))) => pairs.push((linear, None)),
            (Layer::Linear(linear), Some((before, None))) => {
                return Err(Error::Plan(format!(
                    "layers {} and {} follow each other without an activation; fuse them before export",
                    before.name, linear.name
                )));
            }
            (Layer::Relu { name }, Some((_, after @ None))) => *after = Some(name),
            (Layer::Relu { name }, _) => {
                return Err(Error::Plan(format!(
                    "ReLU {name} does not follow a linear layer"
                )));
            }
        }
    }
    match pairs.last() {
        Some((_, None)) => Ok(pairs),
        _ => Err(Error::Plan(
            "the network must end in a linear layer whose outputs are the classes".into(),
        )),
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
