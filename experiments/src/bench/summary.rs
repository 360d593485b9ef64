//! From two processes' reports to the figures of a record.

use std::collections::BTreeMap;

use halfmask_models::bridge::mpc::channel::{self, Meter, Part, Scope, Tally};
use halfmask_models::nn::graph::{LinearKind, Network};
use halfmask_models::nn::plan::{Activation, Plan};

use super::record::{Layer, Parameters, Phase, Phases, Time};
use crate::cost::BothWays;
use crate::exit::Error;
use crate::report::{ClientReport, ServerReport};

/// After set-up: what is paid for every image or batch.
fn per_image(scope: &Scope) -> bool {
    scope.phase != channel::Phase::Setup
}

/// The bytes of a selection each way, as the client counted.
fn both_ways(client: &Meter, select: impl Fn(&Scope) -> bool) -> BothWays {
    let tally = client.sum(select);
    BothWays {
        client_to_server: tally.bytes_sent as f64,
        server_to_client: tally.bytes_received as f64,
    }
}

/// Checks that two reports are of one run: each received what the other sent, part by part.
///
/// # Errors
/// [`Error::Failed`] with the first difference.
pub fn reconcile(client: &ClientReport, server: &ServerReport) -> Result<(), Error> {
    let differ = |what: String| {
        Err(Error::Failed(format!(
            "the processes' reports differ: {what}"
        )))
    };
    if client.process.plan_digest != server.process.plan_digest {
        return differ("another plan".into());
    }
    if client.process.network != server.process.network {
        return differ(format!(
            "network {}, {}",
            client.process.network, server.process.network
        ));
    }
    if (client.images, client.batches) != (server.images, server.batches) {
        return differ(format!(
            "{} images in {} batches, {} in {}",
            client.images, client.batches, server.images, server.batches
        ));
    }
    for entry in client.meter.entries() {
        let theirs = server.meter.sum(|scope| *scope == entry.scope);
        let ours = entry.tally;
        if (ours.bytes_sent, ours.bytes_received) != (theirs.bytes_received, theirs.bytes_sent) {
            return differ(format!(
                "{}: client sent {} and received {}, server received {} and sent {}",
                entry.scope,
                ours.bytes_sent,
                ours.bytes_received,
                theirs.bytes_received,
                theirs.bytes_sent
            ));
        }
    }
    Ok(())
}

/// Bytes an image after set-up.
#[must_use]
pub fn bytes_per_image(client: &ClientReport) -> BothWays {
    both_ways(&client.meter, per_image).times(1.0 / client.images.max(1) as f64)
}

/// Bytes of set-up.
#[must_use]
pub fn bytes_setup(client: &ClientReport) -> BothWays {
    both_ways(&client.meter, |scope| !per_image(scope))
}

/// Bytes both ways of a ReLU: OT, corrections, tables, truncation, multiplexer; no ciphertexts, no set-up.
#[must_use]
pub fn bytes_per_relu(client: &ClientReport, plan: &Plan) -> f64 {
    let tally = client
        .meter
        .sum(|scope| per_image(scope) && scope.part.is_relu());
    tally.bytes() as f64 / (client.images as u64 * plan.relus()).max(1) as f64
}

/// Of [`bytes_per_relu`], those after the input is known.
#[must_use]
pub fn bytes_per_relu_online(client: &ClientReport, plan: &Plan) -> f64 {
    let online = |scope: &Scope| scope.phase == channel::Phase::Online && scope.part.is_relu();
    let tally = client.meter.sum(online);
    tally.bytes() as f64 / (client.images as u64 * plan.relus()).max(1) as f64
}

/// Bytes an image of what was made ahead of the inputs.
#[must_use]
pub fn bytes_offline_per_image(client: &ClientReport) -> BothWays {
    let offline = |scope: &Scope| scope.phase == channel::Phase::Offline;
    both_ways(&client.meter, offline).times(1.0 / client.images.max(1) as f64)
}

/// The client's wall clock while things were made ahead of the inputs.
#[must_use]
pub fn seconds_offline(client: &ClientReport) -> f64 {
    let offline = |scope: &Scope| scope.phase == channel::Phase::Offline;
    client.meter.sum(offline).seconds
}

/// The client's wall clock in ReLU layers, offline and online, over all ReLUs.
#[must_use]
pub fn seconds_per_relu(client: &ClientReport, plan: &Plan) -> f64 {
    let tally = client
        .meter
        .sum(|scope| per_image(scope) && scope.part.is_relu());
    tally.seconds / (client.images as u64 * plan.relus()).max(1) as f64
}

/// Changes of direction a batch, rounded up; the goodbye after the last batch stands for the change that begins the first.
#[must_use]
pub fn rounds(client: &ClientReport) -> u64 {
    let changes = client.meter.sum(per_image).direction_changes;
    changes.div_ceil(client.batches.max(1) as u64)
}

/// The name of a part in `bytes_by_part`.
fn part_name(part: Part) -> &'static str {
    use channel::Step;
    match part {
        Part::Control => "control",
        Part::Keys => "keys",
        Part::BaseOt => "base_ot",
        Part::Ciphertext => "ciphertexts",
        Part::Relu(Step::Ot) => "relu_ot",
        Part::Relu(Step::Corrections) => "relu_corrections",
        Part::Relu(Step::Tables) => "relu_tables",
        Part::Relu(Step::Truncation) => "relu_truncation",
        Part::Relu(Step::Multiplexer) => "relu_multiplexer",
        Part::Argmax(Step::Ot) => "argmax_ot",
        Part::Argmax(Step::Corrections) => "argmax_corrections",
        Part::Argmax(Step::Tables) => "argmax_tables",
        Part::Argmax(Step::Truncation) => "argmax_truncation",
        Part::Argmax(Step::Multiplexer) => "argmax_multiplexer",
        Part::Function(Step::Ot) => "function_ot",
        Part::Function(Step::Corrections) => "function_corrections",
        Part::Function(Step::Tables) => "function_tables",
        Part::Function(Step::Truncation) => "function_truncation",
        Part::Function(Step::Multiplexer) => "function_multiplexer",
    }
}

/// Bytes by part of the protocol, set-up included.
#[must_use]
pub fn bytes_by_part(client: &ClientReport) -> BTreeMap<String, BothWays> {
    let mut parts: BTreeMap<String, BothWays> = BTreeMap::new();
    for entry in client.meter.entries() {
        let bytes = BothWays {
            client_to_server: entry.tally.bytes_sent as f64,
            server_to_client: entry.tally.bytes_received as f64,
        };
        if bytes.total() > 0.0 {
            let sum = parts.entry(part_name(entry.scope.part).into()).or_default();
            *sum = sum.plus(bytes);
        }
    }
    parts
}

fn time(tally: Tally) -> Time {
    Time {
        computing: (tally.seconds - tally.seconds_blocked).max(0.0),
        waiting: tally.seconds_blocked,
    }
}

/// Time by phase and party.
#[must_use]
pub fn phases(client: &ClientReport, server: &ServerReport) -> Phases {
    let of = |phase| Phase {
        client: time(client.meter.sum(|scope| scope.phase == phase)),
        server: time(server.meter.sum(|scope| scope.phase == phase)),
    };
    Phases {
        setup: of(channel::Phase::Setup),
        offline: of(channel::Phase::Offline),
        online: of(channel::Phase::Online),
    }
}

/// Time and bytes by layer, in the order of the network.
#[must_use]
pub fn layers(
    client: &ClientReport,
    server: &ServerReport,
    plan: &Plan,
    network: &Network,
) -> Vec<Layer> {
    let mut names: Vec<(String, &str)> = Vec::new();
    for stage in &plan.stages {
        let linear = network.linears().find(|linear| linear.name == stage.name);
        let kind = match linear.map(|linear| &linear.kind) {
            Some(LinearKind::Conv2d(_)) => "conv2d",
            Some(LinearKind::Dense(_)) => "dense",
            None => "linear",
        };
        names.push((stage.name.clone(), kind));
        let pools = stage
            .pool
            .iter()
            .map(|pool| (pool.name.clone(), "max_pool"));
        names.extend(pools);
        match &stage.then {
            Activation::Relu { name, .. } => names.push((name.clone(), "relu")),
            // Counted with its linear layer.
            Activation::Rescale { .. } => {}
            Activation::Argmax { .. } => names.push(("argmax".to_owned(), "argmax")),
            Activation::Logits { .. } => names.push(("logits".to_owned(), "logits")),
        }
    }
    let layer = |(name, kind): &(String, &str)| layer(client, server, name, kind);
    names.iter().map(layer).collect()
}

/// Time and bytes of what was done under one layer's name after set-up.
#[must_use]
pub fn layer(client: &ClientReport, server: &ServerReport, name: &str, kind: &str) -> Layer {
    let select = |scope: &Scope| per_image(scope) && scope.layer == name;
    let (ours, theirs) = (client.meter.sum(select), server.meter.sum(select));
    Layer {
        name: name.to_owned(),
        kind: kind.to_owned(),
        seconds_client: ours.seconds,
        seconds_client_waiting: ours.seconds_blocked,
        seconds_server: theirs.seconds,
        seconds_server_waiting: theirs.seconds_blocked,
        bytes: ours.bytes(),
    }
}

/// The parameters of a plan.
#[must_use]
pub fn parameters(plan: &Plan) -> Parameters {
    let ring = plan.parameters();
    let compared = |stage: &halfmask_models::nn::plan::Stage| match stage.then {
        Activation::Relu { width, .. }
        | Activation::Argmax { width, .. }
        | Activation::Logits { width, .. } => width,
        // All of them: nothing is compared, nothing dropped.
        Activation::Rescale { .. } => stage.share_bits,
    };
    Parameters {
        log2_modulus: u64::from(u32::BITS - plan.modulus().leading_zeros()),
        log2_modulus_allowed: ring.table.max_log2_modulus(ring.degree),
        ring,
        input_levels: plan.input.levels,
        share_bits: plan.stages.iter().map(|stage| stage.share_bits).collect(),
        compared_bits: plan.stages.iter().map(compared).collect(),
    }
}
