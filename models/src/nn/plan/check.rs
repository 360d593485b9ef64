//! The rules a plan must keep, wherever it comes from: every number sizes a buffer or a loop.

use super::{Activation, PROTOCOL_VERSION, Plan, Stage};
use crate::Error;
use halfmask_bridge::ckks::Parameters;
use halfmask_bridge::mpc::relu::ReluProtocol;

/// The most elements a layer may have.
const MAX_ELEMENTS: u32 = 1 << 20;

/// The most values, or labels of an argmax, that a layer may have in a full batch: a plan comes from the peer, and
/// these numbers size buffers.
const MAX_VALUES: u64 = 1 << 26;

/// Shares have at most this many bits: what the conversion of ciphertexts takes.
const MAX_SHARE_BITS: u32 = 31;

/// The most maxima over windows after one linear layer.
const MAX_POOLS: usize = 8;

/// The largest power of two, up or down, between opened integers and scores.
const MAX_STEP: u32 = 256;

fn fail<T>(detail: String) -> Result<T, Error> {
    Err(Error::Plan(detail))
}

impl Plan {
    /// Checks a plan, wherever it comes from; returns the checked ring parameters.
    ///
    /// # Errors
    /// [`Error::Plan`] names the first rule that is broken.
    pub fn check(&self) -> Result<Parameters, Error> {
        if self.version != PROTOCOL_VERSION {
            return fail(format!(
                "version {}, this program speaks {PROTOCOL_VERSION}",
                self.version
            ));
        }
        // The stricter table, 128 bits or nothing: a peer cannot ask for less.
        let parameters = Parameters::new(&self.parameters())?;
        if self.modulus() >> 31 != 0 {
            return fail(format!("modulus {}, expected below 2^31", self.modulus()));
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
        let mut width = self.check_input()?;
        for (i, stage) in self.stages.iter().enumerate() {
            let Stage {
                name,
                inputs,
                outputs,
                ..
            } = stage;
            self.bounded(name, "values", u64::from(*outputs))?;
            if *inputs != width || !(1..=MAX_ELEMENTS).contains(outputs) {
                return fail(format!(
                    "layer {name}: {inputs} inputs of {width} values, {outputs} outputs"
                ));
            }
            self.check_pools(stage)?;
            width = stage.values();
            self.check_activation(stage, i + 1 == self.stages.len())?;
        }
        if self.stages.is_empty() {
            return fail("no layers".into());
        }
        Ok(parameters)
    }

    /// Returns the number of input elements.
    fn check_input(&self) -> Result<u32, Error> {
        let (input, modulus) = (&self.input, self.modulus());
        let pixels = input.shape.iter().try_fold(1u32, |a, b| a.checked_mul(*b));
        let Some(width) = pixels.filter(|p| (1..=MAX_ELEMENTS).contains(p)) else {
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
        Ok(width)
    }

    fn bounded(&self, layer: &str, what: &str, an_image: u64) -> Result<(), Error> {
        match an_image.checked_mul(u64::from(self.ring.degree)) {
            Some(values) if values <= MAX_VALUES => Ok(()),
            _ => fail(format!(
                "layer {layer}: {an_image} {what} an image, at most {MAX_VALUES} values a batch are taken"
            )),
        }
    }

    fn check_pools(&self, stage: &Stage) -> Result<(), Error> {
        if stage.pool.len() > MAX_POOLS {
            return fail(format!(
                "layer {}: {} pools follow, at most {MAX_POOLS} are taken",
                stage.name,
                stage.pool.len()
            ));
        }
        if self.engine.relu == ReluProtocol::Mp2ml && !stage.pool.is_empty() {
            return fail(format!(
                "layer {}: the published ReLU takes no maxima over windows",
                stage.name
            ));
        }
        let mut width = u64::from(stage.outputs);
        for pool in &stage.pool {
            let name = &pool.name;
            let product = |shape: &[u32; 3]| {
                let side = |n: u64, side: &u32| n.checked_mul(u64::from(*side));
                shape.iter().try_fold(1, side).unwrap_or(u64::MAX)
            };
            if product(&pool.input) != width {
                return fail(format!(
                    "layer {name}: input {:?} of {width} values",
                    pool.input
                ));
            }
            self.bounded(name, "values", product(&pool.output))?;
            let geometry = pool.geometry()?;
            width = geometry.outputs() as u64;
            pool.spec(stage.share_bits, geometry.window()).validate()?;
            let windowed = width * geometry.window() as u64;
            self.bounded(name, "values in all windows", windowed)?;
        }
        Ok(())
    }

    fn check_activation(&self, stage: &Stage, last: bool) -> Result<(), Error> {
        let (name, modulus) = (&stage.name, self.modulus());
        match (last, stage.then.opens()) {
            (true, false) => {
                return fail(format!("layer {name}: the last layer must end in a class"));
            }
            (false, true) => return fail(format!("layer {name}: a class before the last layer")),
            _ => {}
        }
        match &stage.then {
            Activation::Relu { multiplier, .. } | Activation::Rescale { multiplier, .. } => {
                if !multiplier.is_power_of_two() || *multiplier >= modulus {
                    return fail(format!(
                        "layer {name}: multiplier {multiplier}, expected a power of two"
                    ));
                }
                self.relu(stage).map_or(Ok(()), |spec| spec.validate())?;
                self.rescale(stage).map_or(Ok(()), |spec| spec.validate())?;
            }
            Activation::Argmax { flood, width } | Activation::Logits { flood, width, .. } => {
                let classes = u64::from(stage.values());
                self.bounded(name, "labels", classes * u64::from(*width))?;
                if *flood == 0 || *flood > u64::from(modulus) {
                    return fail(format!("layer {name}: flooding width {flood}"));
                }
            }
        }
        if let Some(spec) = self.argmax(stage) {
            spec.template()?;
        }
        if let Activation::Logits { width, step, .. } = stage.then {
            let k = stage.share_bits;
            if !(3..=MAX_SHARE_BITS).contains(&k) || !(2..=k).contains(&width) {
                return fail(format!(
                    "layer {name}: scores of {width} bits of {k} share bits, expected 2 to {k} of at most {MAX_SHARE_BITS}"
                ));
            }
            if step.unsigned_abs() > MAX_STEP {
                return fail(format!("layer {name}: scores in steps of 2^{step}"));
            }
        }
        Ok(())
    }
}
