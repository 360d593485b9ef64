//! The measured values, and the check that every mode's outputs must pass.

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
