//! What follows a linear layer, on one party's shares: maxima over windows, then ReLU or the way back to the modulus.
//!
//! Both parties gather the windows of their own shares by the plan's public geometry, `[window element][output][image]`;
//! windows that lose elements to padding repeat one, so that every window has as many. The maximum stays modulo `2^k`.

use super::multiply;
use crate::Error;
use crate::nn::plan::{Activation, Plan, Stage};
use halfmask_bridge::mpc::channel::Channel;
use halfmask_bridge::mpc::relu::ReluSpec;
use halfmask_bridge::mpc::share::{low_mask, round_shift};

/// Public parameters of a maximum over windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaxPoolSpec {
    /// `k`: values are shared modulo `2^k`.
    pub share_bits: u32,
    /// `l`: bits of a comparison, `3 <= l <= k`.
    pub width: u32,
    /// Values of a window, at least 1.
    pub window: u32,
    /// Values of a segment ([`ReluSpec::segment`]).
    pub segment: u32,
}

impl MaxPoolSpec {
    /// Checks the parameters against each other.
    ///
    /// # Errors
    /// [`Error::Plan`] with the first rule that is broken.
    pub fn validate(&self) -> Result<(), Error> {
        let Self {
            share_bits: k,
            width: l,
            window,
            segment,
        } = *self;
        if window == 0 || !(3..=31).contains(&k) || !(3..=k).contains(&l) {
            return Err(Error::Plan(format!(
                "maximum of {window} values on {l} compared bits of {k} share bits"
            )));
        }
        if segment == 0 || !segment.is_multiple_of(ReluSpec::CHUNK) || segment > 1 << 20 {
            return Err(Error::Plan(format!("maximum in a segment of {segment}")));
        }
        Ok(())
    }
}

/// Public parameters of a change from `2^k` to `q` without a ReLU: `round(x / 2^h) mod q` of signed `|x| < 2^(k-2)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RescaleSpec {
    /// `k`: inputs are shared modulo `2^k`.
    pub share_bits: u32,
    /// `h`: outputs are inputs over `2^h`.
    pub shift: u32,
    /// `q`: outputs are shared modulo this number below `2^31`.
    pub modulus: u32,
}

impl RescaleSpec {
    /// Checks the parameters against each other.
    ///
    /// # Errors
    /// [`Error::Plan`] with the first rule that is broken.
    pub fn validate(&self) -> Result<(), Error> {
        let Self {
            share_bits: k,
            shift: h,
            modulus: q,
        } = *self;
        if !(3..=31).contains(&k) || h > k - 2 {
            return Err(Error::Plan(format!("rescaling {k} share bits by 2^{h}")));
        }
        if q >> 31 != 0 || u64::from(q) <= (1u64 << (k - h)) + 2 {
            return Err(Error::Plan(format!(
                "rescaling to the modulus {q}, expected above 2^{} + 2 and below 2^31",
                k - h
            )));
        }
        Ok(())
    }
}

/// Public parameters of the opening of scores: `round(x / 2^d)` of signed `x`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogitsSpec {
    /// `k`: scores are shared modulo `2^k`.
    pub share_bits: u32,
    /// `d`: low bits that are rounded away.
    pub dropped_bits: u32,
}

/// One party's side of the layers on shares.
pub(super) trait Nonlinear {
    /// ReLU; see [`halfmask_bridge::mpc::relu`].
    fn relu(
        &mut self,
        ch: &mut Channel,
        layer: &str,
        spec: &ReluSpec,
        x: &[u32],
        y: &mut [u32],
    ) -> Result<(), Error>;

    /// The largest of every window, `x` as `[window element][position]`.
    fn max_pool(
        &mut self,
        ch: &mut Channel,
        layer: &str,
        spec: &MaxPoolSpec,
        x: &[u32],
        y: &mut [u32],
    ) -> Result<(), Error>;

    /// `round(x / 2^h) mod q`.
    fn rescale(
        &mut self,
        ch: &mut Channel,
        layer: &str,
        spec: &RescaleSpec,
        x: &[u32],
        y: &mut [u32],
    ) -> Result<(), Error>;
}

/// Runs the maxima of a stage on shares `[element][image]`; `record` sees the shares after each.
pub(super) fn pool(
    party: &mut impl Nonlinear,
    ch: &mut Channel,
    stage: &Stage,
    mut x: Vec<u32>,
    images: usize,
    mut record: impl FnMut(&[u32]),
) -> Result<Vec<u32>, Error> {
    for plan in &stage.pool {
        let pool = plan.geometry()?;
        let windows = pool.windows();
        let mut gathered = Vec::with_capacity(windows.len() * images);
        for input in windows {
            let row = x.get(input * images..(input + 1) * images).ok_or_else(|| {
                Error::Plan(format!(
                    "layer {}: {} shares, expected {} of {images} images",
                    plan.name,
                    x.len(),
                    pool.inputs()
                ))
            })?;
            gathered.extend_from_slice(row);
        }
        if pool.window() > 1 {
            let spec = plan.spec(stage.share_bits, pool.window());
            x = vec![0; pool.outputs() * images];
            party.max_pool(ch, &plan.name, &spec, &gathered, &mut x)?;
        } else {
            x = gathered;
        }
        record(&x);
    }
    Ok(x)
}

/// Runs the activation of an inner stage: shares modulo `2^k` to shares modulo `q`, multiplied by the plan's factor.
pub(super) fn activate(
    party: &mut impl Nonlinear,
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
            party.relu(ch, name, &spec, x, &mut y)?;
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

/// The value modulo `q` that [`Nonlinear::rescale`] shares, given both input shares: its plaintext twin.
///
/// `x + 2^(k-2)` is not negative and below one half, so its truncation is that of [`halfmask_bridge::mpc::share`]; the offset is
/// taken off again afterwards.
#[must_use]
pub fn rescale_reference(spec: &RescaleSpec, evaluator: u32, garbler: u32) -> u32 {
    let RescaleSpec {
        share_bits: k,
        shift: h,
        modulus: q,
    } = *spec;
    let shifted = garbler.wrapping_add(1 << (k - 2)) & low_mask(k);
    let wrap = i64::from((evaluator | shifted) >> (k - 1));
    let t = i64::from(round_shift(evaluator, h)) + i64::from(round_shift(shifted, h))
        - (wrap << (k - h))
        - i64::from(round_shift(1 << (k - 2), h));
    t.rem_euclid(i64::from(q)) as u32
}

// What the two-party layer does not offer yet is refused outside of tests; tests run its ideal functionality.

#[cfg(not(test))]
mod parties {
    use super::{LogitsSpec, MaxPoolSpec, Nonlinear, RescaleSpec};
    use crate::Error;
    use halfmask_bridge::mpc::channel::Channel;
    use halfmask_bridge::mpc::relu::ReluSpec;
    use halfmask_bridge::mpc::session::{EvaluatorSession, GarblerSession};

    fn missing<T>(what: &str) -> Result<T, Error> {
        Err(Error::Plan(format!("{what} on shares is not connected")))
    }

    macro_rules! party {
        ($session:ty) => {
            impl Nonlinear for $session {
                fn relu(
                    &mut self,
                    ch: &mut Channel,
                    layer: &str,
                    spec: &ReluSpec,
                    x: &[u32],
                    y: &mut [u32],
                ) -> Result<(), Error> {
                    Ok(<$session>::relu(self, ch, layer, spec, x, y)?)
                }

                fn max_pool(
                    &mut self,
                    _: &mut Channel,
                    _: &str,
                    _: &MaxPoolSpec,
                    _: &[u32],
                    _: &mut [u32],
                ) -> Result<(), Error> {
                    missing("MaxPool")
                }

                fn rescale(
                    &mut self,
                    _: &mut Channel,
                    _: &str,
                    _: &RescaleSpec,
                    _: &[u32],
                    _: &mut [u32],
                ) -> Result<(), Error> {
                    missing("rescaling")
                }
            }
        };
    }

    party!(GarblerSession);
    party!(EvaluatorSession);

    pub(in crate::nn::party) fn evaluate_logits(
        _: &mut EvaluatorSession,
        _: &mut Channel,
        _: &LogitsSpec,
        _: &[u32],
    ) -> Result<Vec<i32>, Error> {
        missing("opening scores")
    }

    pub(in crate::nn::party) fn garble_logits(
        _: &mut GarblerSession,
        _: &mut Channel,
        _: &LogitsSpec,
        _: &[u32],
    ) -> Result<(), Error> {
        missing("opening scores")
    }
}

#[cfg(test)]
#[path = "ideal.rs"]
mod parties;

pub(super) use parties::{evaluate_logits, garble_logits};
