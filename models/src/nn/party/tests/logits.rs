//! Scores on request.

use super::*;
use crate::hello::PublicPlan;
use crate::nn::float::evaluate;
use crate::nn::plan::{Activation, Plan};
use crate::nn::planner::Output;

fn options(bits: u32) -> PlanOptions {
    PlanOptions {
        output: Output::Logits { bits },
        ..PlanOptions::default()
    }
}

#[test]
fn the_step_is_a_public_power_of_two() {
    for bits in [4, 8, 12] {
        let planned = plan(&network(), &options(bits)).unwrap();
        let (spec, step) = planned.plan.scores().unwrap();
        assert_eq!(spec.share_bits - spec.dropped_bits, bits);
        let report = planned.report.last().unwrap();
        let units = report.range / step;
        let full = f64::from(bits).exp2();
        assert!(
            units > full / 8.0 && units <= full / 4.0,
            "{units} of {full}"
        );
        // The integers' scale as planned is what the step says.
        let exact = report.range / report.range_of_modulus / full;
        assert!((exact / step - 1.0).abs() < 1e-9, "{exact} {step}");
    }
    assert!(
        plan(&network(), &PlanOptions::default())
            .unwrap()
            .plan
            .scores()
            .is_none()
    );
}

#[test]
fn scores_are_the_twins_within_the_declared_precision() {
    let network = network();
    for bits in [6, 12] {
        let planned = plan(&network, &options(bits)).unwrap();
        let server = Server::new(planned, Kernels::detect());
        let all = images(25, server.planned());
        let outcome = run(&server, &[&all], 8).pop().unwrap();
        check(&server, &all, &outcome);
        let (Results::Logits { scores, step }, planned) = (&outcome.results, server.planned())
        else {
            panic!("the plan opens scores")
        };
        let range = planned.report.last().unwrap().range;
        let twin = Twin::new(&planned.network);
        let shares = shares(&outcome);
        for (j, image) in all.iter().enumerate() {
            let opened = &scores[j];
            let replayed = replay(&planned.network, image, &shares, j, all.len()).unwrap();
            let exact: Vec<f64> = replayed.logits.iter().map(|r| *r as f64 * step).collect();
            assert_eq!(*opened, exact, "image {j}");
            let want = twin.scores(image, &planned.report).unwrap();
            for ((got, want), bound) in opened.iter().zip(&want.values).zip(&want.bounds) {
                assert!((got - want).abs() <= *bound, "{got} {want} {bound}");
                assert!(*bound < 0.2 * range, "{bound}");
            }
            // In fact a step and the noise of earlier roundings, far from the worst case.
            let reals: Vec<f64> = image.iter().map(|v| *v as f64 / 255.0).collect();
            for (got, want) in opened.iter().zip(evaluate(&network, &reals).unwrap()) {
                assert!(
                    (got - want).abs() <= step + 0.02 * range,
                    "{got} {want} {step}"
                );
            }
        }
    }
}

#[test]
fn more_bits_than_the_flooding_covers_are_refused() {
    let error = plan(&network(), &options(18)).unwrap_err().to_string();
    assert!(error.contains("fewer bits"), "{error}");
    assert!(plan(&network(), &options(40)).is_err());
    assert!(plan(&network(), &options(1)).is_err());
}

#[test]
fn bad_score_plans_are_refused() {
    let good = plan(&network(), &options(12)).unwrap().plan;
    assert_eq!(Plan::from_bytes(&good.to_bytes().unwrap()).unwrap(), good);
    let refuse = |edit: &dyn Fn(&mut u32, &mut u64, &mut i32), want: &str| {
        let mut bad = good.clone();
        let Activation::Logits { width, flood, step } = &mut bad.stages[2].then else {
            panic!("the plan opens scores")
        };
        edit(width, flood, step);
        let error = Plan::from_bytes(&bad.to_bytes().unwrap())
            .unwrap_err()
            .to_string();
        assert!(error.contains(want), "{error}");
    };
    refuse(&|w, _, _| *w = 1, "scores of 1 bits");
    refuse(&|w, _, _| *w = 23, "scores of 23 bits");
    refuse(&|_, f, _| *f = 0, "flooding width 0");
    refuse(&|_, f, _| *f = u64::MAX, "flooding width");
    refuse(&|_, _, s| *s = i32::MIN, "steps of 2^-2147483648");
    let mut early = good.clone();
    early.stages[0].then = good.stages[2].then.clone();
    assert!(
        early
            .check()
            .unwrap_err()
            .to_string()
            .contains("before the last")
    );
}
