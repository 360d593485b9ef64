//! `halfmask inspect`: how a model would be evaluated, for the model's owner.

use halfmask_models::hello::PublicPlan;
use std::fmt::Write;
use std::path::PathBuf;

use halfmask_models::bridge::mpc::simd::Simd;
use halfmask_models::nn::plan::{Activation, Plan, PoolPlan, RangeKind, Stage};
use halfmask_models::nn::planner::{Output, StageReport};
use serde::Serialize;

use crate::bench::record::Parameters;
use crate::bench::summary;
use crate::bench::table::{bytes, table};
use crate::cost::{BothWays, Cost};
use crate::engine::{Chosen, EngineOptions};
use crate::exit::Error;
use crate::model::{Model, ModelSource, hexadecimal};
use crate::output;
use crate::report;

/// What to inspect.
#[derive(Clone, Debug)]
pub struct Options {
    /// The model.
    pub model: ModelSource,
    /// What clients learn of an image.
    pub output: Output,
    /// How the engine is chosen.
    pub engine: EngineOptions,
    /// Images a batch that it is chosen for.
    pub batch: usize,
    /// Where to write an [`Inspection`].
    pub json: Option<PathBuf>,
}

/// All that the planner decided and proved.
#[derive(Clone, Debug, Serialize)]
pub struct Inspection {
    /// What clients see of the model.
    pub plan: Plan,
    /// SHA-256 of it.
    pub plan_digest: String,
    /// Why this engine.
    pub engine_reason: String,
    /// Values of a segment of a layer.
    pub segment: u32,
    /// What only the owner sees.
    pub layers: Vec<Layer>,
    /// Bits of security.
    pub security_bits: u32,
    /// Ring, moduli, widths.
    pub parameters: Parameters,
    /// ReLUs of an image.
    pub relus: u64,
    /// Comparisons of all maxima over windows of an image.
    pub pool_comparisons: u64,
    /// Predicted costs.
    pub cost: Cost,
    /// Images in the batches that `bytes_per_image` and the table assume.
    pub batch: usize,
    /// Predicted bytes an image, without set-up.
    pub bytes_per_image: BothWays,
    /// Predicted bytes both ways of a ReLU.
    pub bytes_per_relu: f64,
}

/// A linear layer and what follows.
#[derive(Clone, Debug, Serialize)]
pub struct Layer {
    /// Its name.
    pub name: String,
    /// Values in.
    pub inputs: u32,
    /// Values out.
    pub outputs: u32,
    /// Multiply-adds an image.
    pub multiply_adds: usize,
    /// Largest absolute weight as an integer.
    pub largest_weight: i16,
    /// Mean absolute weight as an integer.
    pub mean_weight: f64,
    /// Largest absolute output in the model's units.
    pub range: f64,
    /// Where the range comes from.
    pub range_kind: RangeKind,
    /// The same over the modulus.
    pub range_of_modulus: f64,
    /// Noise after the switch, worst case, in units of the comparison.
    pub noise_worst_case: f64,
    /// Noise that no coefficient of a batch exceeds but with probability 2^-40, in the same units.
    pub noise_tail: f64,
    /// One unit of the comparison, in the model's units.
    pub unit: f64,
    /// Maxima over windows that follow.
    pub pool: Vec<PoolPlan>,
    /// What follows them.
    pub then: Activation,
}

/// Inspects a model.
///
/// # Errors
/// An unusable model, or a file that cannot be written.
pub fn run(options: &Options) -> Result<(), Error> {
    let simd = Simd::detect();
    let (model, chosen) =
        options
            .model
            .load_for(options.output, &options.engine, options.batch, simd)?;
    let inspection = inspect(&model, &chosen).map_err(|source| Error::Model {
        model: options.model.argument().to_string_lossy().into_owned(),
        source,
    })?;
    if let Some(json) = &options.json {
        report::write_json(&inspection, json)?;
    }
    output::print(&render(&inspection))
}

fn inspect(model: &Model, chosen: &Chosen) -> Result<Inspection, halfmask_models::Error> {
    let planned = &model.planned;
    let plan = &planned.plan;
    let linears = planned.network.layers();
    let layers = plan
        .stages
        .iter()
        .zip(&planned.report)
        .zip(linears)
        .map(|((stage, report), quantised)| layer(stage, report, quantised.linear.multiply_adds()))
        .collect();
    let (cost, batch) = (Cost::of(plan)?, plan.max_batch());
    Ok(Inspection {
        plan: plan.clone(),
        plan_digest: hexadecimal(&plan.digest()?),
        engine_reason: chosen.why.clone(),
        segment: chosen.segment,
        layers,
        security_bits: plan.check()?.security_bits(),
        parameters: summary::parameters(plan),
        relus: plan.relus(),
        pool_comparisons: plan.pool_comparisons()?,
        cost,
        batch,
        bytes_per_image: cost.per_image(batch),
        bytes_per_relu: cost.per_relu(),
    })
}

fn layer(stage: &Stage, report: &StageReport, multiply_adds: usize) -> Layer {
    // The whole ring of shares stands for the modulus, so a unit is this part of it.
    let unit_of_modulus = report.unit / f64::from(stage.share_bits).exp2();
    Layer {
        name: stage.name.clone(),
        inputs: stage.inputs,
        outputs: stage.outputs,
        multiply_adds,
        largest_weight: report.weights.0,
        mean_weight: report.weights.1,
        range: report.range,
        range_kind: report.kind,
        range_of_modulus: report.range_of_modulus,
        noise_worst_case: report.noise.worst_case / report.unit,
        noise_tail: report.noise.tail / report.unit,
        unit: report.range / report.range_of_modulus * unit_of_modulus,
        pool: stage.pool.clone(),
        then: stage.then.clone(),
    }
}

fn render(inspection: &Inspection) -> String {
    let plan = &inspection.plan;
    let [channels, rows, columns] = plan.input.shape;
    let maxima = match inspection.pool_comparisons {
        0 => String::new(),
        comparisons => format!(", {comparisons} comparisons for maxima"),
    };
    let mut text = format!(
        "model {}, input {channels}x{rows}x{columns} in {} steps up to {}, {} ReLUs an image{maxima}\nplan {}\n",
        plan.model, plan.input.levels, plan.input.max, inspection.relus, inspection.plan_digest
    );
    let p = &inspection.parameters;
    let moduli: Vec<String> = p.ring.moduli.iter().map(ToString::to_string).collect();
    let _ = writeln!(
        text,
        "ring degree N = {}: up to {} images a batch, one a coefficient\n\
         modulus q = {}: {} bits, where {} allows {} for 128 bits of security\n\
         security {} bits or more (classical, ternary secret, against known attacks on RLWE)",
        p.ring.degree,
        inspection.batch,
        moduli.join(" x "),
        p.log2_modulus,
        p.ring.table.name(),
        p.log2_modulus_allowed,
        inspection.security_bits
    );
    let _ = writeln!(
        text,
        "comparisons by {}, garbling by {}, segments of {}\n{}\nopens to the client {}",
        plan.engine,
        plan.engine.scheme,
        inspection.segment,
        inspection.engine_reason,
        opened(plan)
    );
    let header = [
        "layer",
        "in",
        "out",
        "multiply-adds",
        "largest weight",
        "mean weight",
        "then",
    ];
    let rows = inspection.layers.iter().map(shape).collect();
    let _ = writeln!(text, "{}", table(&header, rows, 1));
    let header = [
        "layer",
        "range",
        "of q",
        "unit compared",
        "noise, worst case",
        "noise, 2^-40",
    ];
    let rows = inspection.layers.iter().map(precision).collect();
    let _ = writeln!(text, "{}", table(&header, rows, 1));
    let total = inspection.bytes_per_image;
    let cost = &inspection.cost;
    let ciphertexts = cost.ciphertexts.times(1.0 / inspection.batch as f64);
    let line = |name: &str, both: BothWays| {
        let each = [both.client_to_server, both.server_to_client, both.total()];
        std::iter::once(name.to_owned())
            .chain(each.map(bytes))
            .collect()
    };
    let opening = match plan.scores() {
        None => "argmax",
        Some(_) => "scores",
    };
    let mut rows = vec![line("ciphertexts", ciphertexts), line("ReLUs", cost.relus)];
    if inspection.pool_comparisons > 0 {
        rows.push(line("maxima", cost.maxima));
    }
    rows.push(line(opening, cost.argmax));
    rows.push(line("all", total));
    let batch = format!("bytes an image, {} a batch", inspection.batch);
    let header = [
        batch.as_str(),
        "client to server",
        "server to client",
        "both",
    ];
    let _ = writeln!(text, "{}", table(&header, rows, 1));
    let _ = writeln!(
        text,
        "{:.1} bytes and {:.2} AND gates a ReLU",
        inspection.bytes_per_relu,
        cost.relu_and_gates as f64 / cost.relu_count.max(1) as f64
    );
    text
}

/// What a client learns of an image.
fn opened(plan: &Plan) -> String {
    let values = plan.stages.last().map_or(0, Stage::values);
    match plan.scores() {
        None => format!("the class, one of {values}"),
        Some((_, step)) => format!("all {values} scores, rounded to multiples of {step}"),
    }
}

fn shape(layer: &Layer) -> Vec<String> {
    let then = match &layer.then {
        Activation::Relu {
            name,
            width,
            shift,
            multiplier,
            ..
        } => {
            format!("ReLU {name} on {width} bits, over 2^{shift}, times {multiplier}")
        }
        Activation::Rescale { shift, multiplier } => {
            format!("over 2^{shift}, times {multiplier}")
        }
        Activation::Argmax { width, .. } => format!("argmax on {width} bits"),
        Activation::Logits { width, step, .. } => {
            format!("scores of {width} bits in steps of 2^{step}")
        }
    };
    let pools = layer.pool.iter().map(|pool| {
        let ([rows, columns], [down, right]) = (pool.kernel, pool.strides);
        format!(
            "maximum {} of {rows}x{columns} every {down}x{right} on {} bits, ",
            pool.name, pool.width
        )
    });
    let then = pools.collect::<String>() + &then;
    vec![
        layer.name.clone(),
        layer.inputs.to_string(),
        layer.outputs.to_string(),
        layer.multiply_adds.to_string(),
        layer.largest_weight.to_string(),
        format!("{:.1}", layer.mean_weight),
        then,
    ]
}

/// Values in the model's units, noise in units of the comparison.
fn precision(layer: &Layer) -> Vec<String> {
    let kind = match layer.range_kind {
        RangeKind::Calibrated => "calibrated",
        RangeKind::Proven => "proven",
    };
    vec![
        layer.name.clone(),
        format!("{:.4} ({kind})", layer.range),
        format!("{:.3}", layer.range_of_modulus),
        format!("{:.5}", layer.unit),
        format!("{:.3} units", layer.noise_worst_case),
        format!("{:.3} units", layer.noise_tail),
    ]
}
