//! A protocol run recomputed from both parties' shares alone.

use super::{Twin, centre, first_largest, round_shift};
use crate::Error;
use crate::nn::graph::MaxPool;
use crate::nn::plan::{Activation, Plan, Stage};
use crate::nn::quantised::QuantisedNetwork;
use halfmask_bridge::mpc::argmax::argmax_reference;
use halfmask_bridge::mpc::rescale::rescale_reference;

/// Both parties' shares of one tensor, `[element][image]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shares {
    /// The client's.
    pub client: Vec<u32>,
    /// The server's.
    pub server: Vec<u32>,
}

/// Both parties' shares within one stage.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StageShares {
    /// After the conversion: the client's are message, noise and mask, the server's the negative mask.
    pub entered: Shares,
    /// After every maximum over windows.
    pub pooled: Vec<Shares>,
}

/// What a replay finds for one image.
#[derive(Clone, Debug, PartialEq)]
pub struct Replay {
    /// The class the protocol opens, or the class of the opened scores.
    pub class: usize,
    /// The scores the protocol opens, as integers; empty if it opens a class.
    pub logits: Vec<i64>,
    /// For each stage the distance of `x` from `m 2^k / q`, largest over its elements, in units of the shares.
    pub noise: Vec<f64>,
    /// For each inner stage the reconstructed outputs, as residues.
    pub outputs: Vec<Vec<u32>>,
}

impl Shares {
    /// The shares of one image.
    fn column(
        &self,
        image: usize,
        images: usize,
        stage: &str,
        expected: usize,
    ) -> Result<Self, Error> {
        let column =
            |x: &[u32]| -> Vec<u32> { x.iter().skip(image).step_by(images).copied().collect() };
        let (client, server) = (column(&self.client), column(&self.server));
        if client.len() != expected || server.len() != expected {
            return Err(Error::Plan(format!(
                "layer {stage}: shares of another shape"
            )));
        }
        Ok(Self { client, server })
    }

    fn pairs(&self) -> impl Iterator<Item = (u32, u32)> {
        self.client.iter().copied().zip(self.server.iter().copied())
    }

    /// The signed values modulo `2^k`.
    fn values(&self, k: u32) -> Vec<i64> {
        self.pairs()
            .map(|(c, s)| centre(i64::from(c) + i64::from(s), 1 << k))
            .collect()
    }
}

/// Recomputes a protocol run for image `image` of `images` from masks and noise alone.
///
/// A tournament's inner shares are fresh randomness that nobody records, so a maximum is not recomputed but checked: it must be
/// one of its window's values, less than the largest by less than two units a level. Everything after it follows bit for bit from
/// the recorded shares.
///
/// # Errors
/// If shares are missing, or a maximum is none.
pub fn replay(
    network: &QuantisedNetwork,
    input: &[i64],
    shares: &[StageShares],
    image: usize,
    images: usize,
) -> Result<Replay, Error> {
    let twin = Twin::new(network);
    let plan = twin.plan();
    let q = i64::from(plan.modulus());
    let mut y = plan.encode(input);
    let mut found = Replay {
        class: 0,
        logits: Vec::new(),
        noise: Vec::new(),
        outputs: Vec::new(),
    };
    for ((stage, linear), shares) in twin.stages().zip(shares) {
        let entered = shares
            .entered
            .column(image, images, &stage.name, linear.outputs())?;
        let exact = linear.plain(&y)?;
        found.noise.push(distance(&entered, &exact, plan, stage));
        let x = through_pools(entered, shares, stage, image, images)?;
        let out = outputs(plan, stage, &x);
        if let Some(spec) = plan.argmax(stage) {
            found.class = argmax_reference(&spec, &x.client, &x.server);
        } else if let Some(spec) = plan.logits(stage) {
            let k = spec.share_bits;
            found.logits = x
                .values(k)
                .into_iter()
                .map(|x| round_shift(x, spec.dropped_bits))
                .collect();
            found.class = first_largest(&found.logits);
        } else {
            // As integers: what the next layer's ciphertexts carry, centred.
            y = out.iter().map(|v| centre(i64::from(*v), q)).collect();
            found.outputs.push(out);
        }
    }
    Ok(found)
}

/// The largest distance of the shared values from `m 2^k / q`.
fn distance(shares: &Shares, exact: &[i64], plan: &Plan, stage: &Stage) -> f64 {
    let q = i64::from(plan.modulus());
    let ring = 1i64 << stage.share_bits;
    let mut worst = 0f64;
    for (m, (c, s)) in exact.iter().zip(shares.pairs()) {
        let x = (i64::from(c) + i64::from(s)).rem_euclid(ring) as f64;
        let exact = m.rem_euclid(q) as f64 * ring as f64 / q as f64;
        let distance = (x - exact).rem_euclid(ring as f64);
        worst = worst.max(distance.min(ring as f64 - distance));
    }
    worst
}

fn through_pools(
    mut x: Shares,
    shares: &StageShares,
    stage: &Stage,
    image: usize,
    images: usize,
) -> Result<Shares, Error> {
    if shares.pooled.len() != stage.pool.len() {
        return Err(Error::Plan(format!(
            "layer {}: shares of {} maxima, expected {}",
            stage.name,
            shares.pooled.len(),
            stage.pool.len()
        )));
    }
    for (plan, pooled) in stage.pool.iter().zip(&shares.pooled) {
        let pool = plan.geometry()?;
        let pooled = pooled.column(image, images, &plan.name, pool.outputs())?;
        let (before, after) = (x.values(stage.share_bits), pooled.values(stage.share_bits));
        let loss = i64::from(pool.levels()) * ((2 << (stage.share_bits - plan.width)) - 1);
        if let Some(position) =
            (0..pool.outputs()).find(|p| !is_maximum(&pool, *p, &before, &after, loss))
        {
            return Err(Error::Plan(format!(
                "layer {}: output {position} of image {image} is no maximum",
                plan.name
            )));
        }
        x = pooled;
    }
    Ok(x)
}

/// Whether an output is one of its window's values and within `loss` of the largest.
fn is_maximum(pool: &MaxPool, position: usize, before: &[i64], after: &[i64], loss: i64) -> bool {
    let window = || pool.taps(position).filter_map(|i| before.get(i).copied());
    match (window().max(), after.get(position)) {
        (Some(largest), Some(y)) => window().any(|x| x == *y) && largest - y <= loss,
        _ => false,
    }
}

/// The activation's outputs as residues; none if the stage opens its result.
fn outputs(plan: &Plan, stage: &Stage, x: &Shares) -> Vec<u32> {
    let q = i64::from(plan.modulus());
    let times = |t: i64, factor: u32| (t * i64::from(factor)).rem_euclid(q) as u32;
    match (&stage.then, plan.relu(stage), plan.rescale(stage)) {
        (Activation::Relu { multiplier, .. }, Some(spec), _) => x
            .pairs()
            .map(|(c, s)| {
                let y = plan.engine.relu.reference(&spec, c, s);
                times(i64::from(y), *multiplier)
            })
            .collect(),
        (Activation::Rescale { multiplier, .. }, _, Some(spec)) => x
            .pairs()
            .map(|(c, s)| times(i64::from(rescale_reference(&spec, c, s)), *multiplier))
            .collect(),
        _ => Vec::new(),
    }
}
