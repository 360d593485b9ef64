//! What the modes run on, and the check of what they make of it.

use halfmask_models::bridge::mpc::planner::Engine;
use halfmask_models::bridge::mpc::relu::{ReluProtocol, ReluSpec, Target};

use crate::exit::Error;

/// Units of the comparison around zero in which every second value lies: there signs can be wrong.
const NEAR: u64 = 4;

/// Shares of values of which half lie all over the range in which the specification states its bound, half near zero:
/// `(evaluator's, garbler's)`.
pub(super) fn shares(spec: &ReluSpec, count: usize) -> (Vec<u32>, Vec<u32>) {
    let mask = u32::MAX >> (32 - spec.share_bits);
    let all = u64::from(spec.range());
    let near = (NEAR * u64::from(spec.unit())).min(all);
    (0..count as u64)
        .map(|i| {
            let range = if i % 2 == 0 { all } else { near };
            let spread = i.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let x = (spread >> 20) % (2 * range + 1);
            let garbler = (spread.rotate_left(29) as u32) & mask;
            let evaluator = (x as u32).wrapping_sub(range as u32).wrapping_sub(garbler) & mask;
            (evaluator, garbler)
        })
        .unzip()
}

/// The largest difference from `max(x, 0) / 2^h` that a protocol has, in units of the output.
pub(super) fn error_bound(relu: ReluProtocol, spec: &ReluSpec) -> f64 {
    match relu {
        ReluProtocol::Garbled | ReluProtocol::Ot => spec.error_bound(),
        // Rounded exactly.
        ReluProtocol::Mp2ml => 0.5,
    }
}

/// Largest difference from `max(x, 0) / 2^h`; an error if it exceeds the bound.
pub(super) fn check(
    spec: &ReluSpec,
    x: (&[u32], &[u32]),
    y: (&[u32], &[u32]),
    engine: Engine,
) -> Result<f64, Error> {
    let bound = error_bound(engine.relu, spec);
    let ring = 1i64 << spec.share_bits;
    let modulus = match spec.target {
        Target::Modulus(q) => i64::from(q),
        Target::SameRing => ring,
    };
    let value = |a: &u32, b: &u32, n: i64| {
        let sum = (i64::from(*a) + i64::from(*b)).rem_euclid(n);
        if sum > n / 2 { sum - n } else { sum }
    };
    let mut worst = 0f64;
    let pairs = x.0.iter().zip(x.1).zip(y.0.iter().zip(y.1));
    for ((x0, x1), (y0, y1)) in pairs {
        let exact = value(x0, x1, ring).max(0) as f64 / f64::from(spec.shift).exp2();
        worst = worst.max((value(y0, y1, modulus) as f64 - exact).abs());
    }
    if worst > bound {
        return Err(Error::Failed(format!(
            "bench relu: {engine}: an output is off by {worst}, the bound is {bound}"
        )));
    }
    Ok(worst)
}

#[cfg(test)]
mod tests {
    use halfmask_models::bridge::mpc::garble::Scheme;
    use halfmask_models::bridge::mpc::ot::CotProtocol;

    use super::super::MODULUS;
    use super::*;

    fn spec() -> ReluSpec {
        ReluSpec {
            share_bits: 22,
            width: 12,
            shift: 6,
            target: Target::Modulus(MODULUS),
            segment: 1 << 14,
        }
    }

    #[test]
    fn shares_cover_the_range_and_look_like_shares() {
        let spec = spec();
        let (evaluator, garbler) = shares(&spec, 10_000);
        let ring = 1 << spec.share_bits;
        let values: Vec<i64> = std::iter::zip(&evaluator, &garbler)
            .map(|(a, b)| {
                assert!(*a < ring && *b < ring);
                let sum = i64::from((a + b) % ring);
                if sum > i64::from(ring / 2) {
                    sum - i64::from(ring)
                } else {
                    sum
                }
            })
            .collect();
        let range = i64::from(spec.range());
        let (low, high) = (values.iter().min().unwrap(), values.iter().max().unwrap());
        assert!((-range..-range * 9 / 10).contains(low), "{low} of {range}");
        assert!((range * 9 / 10..=range).contains(high), "{high} of {range}");
        let near = 4 * i64::from(spec.unit());
        let close = values.iter().filter(|x| x.abs() <= near).count();
        assert!((5000..5500).contains(&close), "{close} near zero");
        for shares in [evaluator, garbler] {
            let upper = shares.iter().filter(|x| **x >= ring / 2).count();
            assert!((4500..5500).contains(&upper), "{upper} in the upper half");
        }
    }

    /// What every mode is checked by must see an error: a wrong sign, and an output a little off.
    #[test]
    fn outputs_beyond_the_bound_are_noticed() {
        let spec = spec();
        let (evaluator, garbler) = shares(&spec, 1000);
        for relu in [ReluProtocol::Garbled, ReluProtocol::Ot, ReluProtocol::Mp2ml] {
            let engine = Engine {
                relu,
                cot: CotProtocol::default(),
                scheme: Scheme::default(),
            };
            let mut y: Vec<u32> = std::iter::zip(&evaluator, &garbler)
                .map(|(e, g)| relu.reference(&spec, *e, *g))
                .collect();
            let zero = vec![0; y.len()];
            let seen = |y: &[u32]| check(&spec, (&evaluator, &garbler), (y, &zero), engine);
            assert!(seen(&y).unwrap() <= error_bound(relu, &spec));
            let (last, bound) = (y[999], error_bound(relu, &spec) as u32);
            for off in [bound + 2, MODULUS - bound - 2] {
                y[999] = (last + off) % MODULUS;
                let error = seen(&y).unwrap_err().to_string();
                assert!(error.contains("is off by"), "{error}");
            }
        }
    }
}
