//! What follows a linear layer, on one party's shares: maxima over windows, then ReLU or the way back to the modulus.
//!
//! Both parties gather the windows of their own shares by the plan's public geometry, `[window element][output][image]`;
//! windows that lose elements to padding repeat one, so that every window has as many. The maximum stays modulo `2^k`.

use super::multiply;
use crate::Error;
use crate::nn::plan::{Activation, Plan, Stage};
use halfmask_bridge::mpc::channel::{Channel, Phase};
use halfmask_bridge::mpc::max_pool::max_pool;
use halfmask_bridge::mpc::relu::{ReluProtocol, SharedRelu};
use halfmask_bridge::mpc::rescale::RescaleSpec;
use halfmask_bridge::mpc::session::{EvaluatorSession, GarblerSession};

/// Either party's session.
pub(super) trait Party {
    /// ReLU by a protocol; see [`halfmask_bridge::mpc::relu`].
    fn relu_by(&mut self, protocol: ReluProtocol) -> Box<dyn SharedRelu + '_>;

    /// The way back to the modulus without a ReLU; see [`halfmask_bridge::mpc::rescale`].
    fn rescale(
        &mut self,
        ch: &mut Channel,
        layer: &str,
        spec: &RescaleSpec,
        x: &[u32],
        y: &mut [u32],
    ) -> Result<(), Error>;
}

macro_rules! parties {
    ($($session:ty),*) => {$(
        impl Party for $session {
            fn relu_by(&mut self, protocol: ReluProtocol) -> Box<dyn SharedRelu + '_> {
                <$session>::relu_by(self, protocol)
            }

            fn rescale(
                &mut self,
                ch: &mut Channel,
                layer: &str,
                spec: &RescaleSpec,
                x: &[u32],
                y: &mut [u32],
            ) -> Result<(), Error> {
                Ok(<$session>::rescale(self, ch, layer, spec, x, y)?)
            }
        }
    )*};
}

parties!(GarblerSession, EvaluatorSession);

/// Makes ahead what the non-linear layers of a plan need for `images` images, beyond what is in stock.
pub(super) fn prepare(
    party: &mut impl Party,
    ch: &mut Channel,
    plan: &Plan,
    images: usize,
) -> Result<(), Error> {
    for stage in &plan.stages {
        for level in &stage.pool {
            let pool = level.geometry()?;
            let spec = level.spec(stage.share_bits, pool.window());
            let values = spec.relus() as usize * pool.outputs() * images;
            party.relu_by(plan.engine.relu).prepare(
                ch,
                Phase::Offline,
                &level.name,
                &spec.relu(),
                values,
            )?;
        }
        if let (Some(spec), Activation::Relu { name, .. }) = (plan.relu(stage), &stage.then) {
            let values = stage.values() as usize * images;
            party
                .relu_by(plan.engine.relu)
                .prepare(ch, Phase::Offline, name, &spec, values)?;
        }
    }
    Ok(())
}

/// Runs the maxima of a stage on shares `[element][image]`; `record` sees the shares after each.
pub(super) fn pool(
    party: &mut impl Party,
    ch: &mut Channel,
    plan: &Plan,
    stage: &Stage,
    mut x: Vec<u32>,
    images: usize,
    mut record: impl FnMut(&[u32]),
) -> Result<Vec<u32>, Error> {
    for level in &stage.pool {
        let pool = level.geometry()?;
        let windows = pool.windows();
        let mut gathered = Vec::with_capacity(windows.len() * images);
        for input in windows {
            let row = x.get(input * images..(input + 1) * images).ok_or_else(|| {
                Error::Plan(format!(
                    "layer {}: {} shares, expected {} of {images} images",
                    level.name,
                    x.len(),
                    pool.inputs()
                ))
            })?;
            gathered.extend_from_slice(row);
        }
        if pool.window() > 1 {
            let spec = level.spec(stage.share_bits, pool.window());
            x = vec![0; pool.outputs() * images];
            let mut relu = party.relu_by(plan.engine.relu);
            max_pool(&mut *relu, ch, &level.name, &spec, &gathered, &mut x)?;
        } else {
            x = gathered;
        }
        record(&x);
    }
    Ok(x)
}

/// Runs the activation of an inner stage: shares modulo `2^k` to shares modulo `q`, multiplied by the plan's factor.
pub(super) fn activate(
    party: &mut impl Party,
    ch: &mut Channel,
    plan: &Plan,
    stage: &Stage,
    x: &[u32],
) -> Result<Vec<u32>, Error> {
    let mut y = vec![0; x.len()];
    let factor = match &stage.then {
        Activation::Relu {
            name, multiplier, ..
        } => {
            let spec = plan.relu(stage).ok_or_else(|| opened(stage))?;
            party
                .relu_by(plan.engine.relu)
                .relu(ch, name, &spec, x, &mut y)?;
            *multiplier
        }
        Activation::Rescale { multiplier, .. } => {
            let spec = plan.rescale(stage).ok_or_else(|| opened(stage))?;
            party.rescale(ch, &stage.name, &spec, x, &mut y)?;
            *multiplier
        }
        Activation::Argmax { .. } | Activation::Logits { .. } => return Err(opened(stage)),
    };
    multiply(&mut y, factor, plan.modulus())?;
    Ok(y)
}

fn opened(stage: &Stage) -> Error {
    Error::Plan(format!("layer {} opens its result", stage.name))
}
