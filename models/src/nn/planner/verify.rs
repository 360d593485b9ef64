//! What a plan must prove before it is used.

use super::Planned;
use crate::Error;
use crate::nn::plan::{Activation, RangeKind};

/// Interval arithmetic over the integers themselves, after rounding: every stage's values and noise must stay where
/// signs and differences are right. Calibrated ranges are taken at their word, proven ones are computed. A maximum is one of its
/// window's values, so it keeps the interval.
pub(super) fn verify(planned: &Planned) -> Result<(), Error> {
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
        let limit = stage.limit();
        if x > limit {
            return Err(Error::Plan(format!(
                "layer {}: values and noise up to {x:.0} exceed {limit:.0} of 2^{}",
                stage.name, stage.share_bits
            )));
        }
        if let Activation::Relu {
            shift, multiplier, ..
        }
        | Activation::Rescale { shift, multiplier } = stage.then
        {
            let y = (x / f64::from(shift).exp2() + 1.0) * f64::from(multiplier);
            bound = vec![y; stage.values() as usize];
        }
    }
    Ok(())
}
