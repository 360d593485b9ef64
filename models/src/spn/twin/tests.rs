use super::*;
use crate::spn::float::Evaluator;
use crate::spn::lower::{PlanOptions, plan};
use crate::spn::plan::Precision;
use crate::spn::testing::{Kind, Noise, Recipe, no_maxima, rows};

/// Networks of every kind of leaf, alone and together, trees and not, with both kinds of classes.
pub(crate) fn recipes() -> Vec<Recipe<'static>> {
    const BITS: &[Kind] = &[Kind::Bernoulli; 7];
    const CATEGORIES: &[Kind] = &[Kind::Categorical; 4];
    const HISTOGRAMS: &[Kind] = &[Kind::Histogram; 4];
    const GAUSSIANS: &[Kind] = &[Kind::Gaussian; 5];
    const COUNTS: &[Kind] = &[Kind::Poisson; 3];
    const MIXED: &[Kind] = &[
        Kind::Bernoulli,
        Kind::Gaussian,
        Kind::Categorical,
        Kind::Histogram,
        Kind::Poisson,
        Kind::Bernoulli,
    ];
    let mut recipes = Vec::new();
    for (i, kinds) in [BITS, CATEGORIES, HISTOGRAMS, GAUSSIANS, COUNTS, MIXED]
        .into_iter()
        .enumerate()
    {
        for shared in [false, true] {
            let class = if shared {
                kinds
                    .iter()
                    .position(|k| matches!(k, Kind::Categorical | Kind::Bernoulli))
            } else {
                None
            };
            let roots = if shared { 1 } else { 1 + 2 * (i % 2) };
            recipes.push(Recipe {
                kinds,
                shared,
                roots,
                class,
                seed: 3 + i as u64,
            });
        }
    }
    recipes.push(Recipe {
        kinds: BITS,
        shared: true,
        roots: 3,
        class: None,
        seed: 99,
    });
    recipes
}

pub(crate) fn queries(planned: &Planned) -> Vec<Query> {
    let mut queries = vec![
        Query::Likelihood,
        Query::Conditional { given: vec![0, 2] },
        Query::Mpe,
    ];
    if planned.plan.classes.is_some() {
        queries.push(Query::Class);
    }
    queries
}

#[test]
fn the_program_opens_what_the_twin_says() {
    for recipe in recipes() {
        let planned = plan(&recipe.build(), &PlanOptions::default()).unwrap();
        let (plan, shape) = (&planned.plan, &planned.shape);
        let twin = Twin::new(&planned).unwrap();
        let mut noise = Noise::new(5);
        let rows = rows(recipe.kinds, 9, 17);
        for query in queries(&planned) {
            let encoded = Encoded::new(plan, shape, &query, &rows).unwrap();
            let program = crate::spn::circuits::program(plan, shape, query.kind()).unwrap();
            let constants = planned.constants(query.kind());
            let groups = plan.copies(query.kind()) * shape.groups;
            let bits = shape.widths.share + 2;
            let (matrix, offsets) = planned.matrix();
            let (mut inputs, mut secrets) = (Vec::new(), Vec::new());
            for (r, statistics) in encoded
                .statistics
                .chunks(shape.statistics * plan.copies(query.kind()))
                .enumerate()
            {
                for x in statistics.chunks(shape.statistics) {
                    for (row, offset) in matrix.chunks(shape.statistics).zip(&offsets) {
                        let m: i64 = row
                            .iter()
                            .zip(x)
                            .map(|(w, x)| w * i64::from(*x))
                            .sum::<i64>()
                            + offset;
                        let mask = u64::MAX >> (64 - bits);
                        let client = (noise.unit() * (1u64 << bits) as f64) as u64;
                        // The sum of shares may be off by less than two.
                        let off = noise.below(4) as u64;
                        inputs.push(client & mask);
                        secrets
                            .push(((m as u64) << 2).wrapping_add(off).wrapping_sub(client) & mask);
                    }
                }
                let words = encoded.flags.len() / encoded.rows;
                inputs.extend(&encoded.flags[r * words..(r + 1) * words]);
            }
            assert_eq!(secrets.len(), groups * rows.len());
            let opened = program
                .evaluate_rows(&constants, &secrets, &inputs, rows.len())
                .unwrap();
            assert_eq!(
                opened,
                twin.opened(&encoded).unwrap(),
                "{query:?} {:?} shared {}",
                recipe.kinds,
                recipe.shared
            );
        }
    }
}

#[test]
fn likelihoods_are_those_of_float64() {
    for recipe in recipes() {
        let spn = recipe.build();
        let planned = plan(&spn, &PlanOptions::default()).unwrap();
        let twin = Twin::new(&planned).unwrap();
        let float = Evaluator::new(&spn);
        let rows = no_maxima(&rows(recipe.kinds, 200, 23));
        let answer = twin.answer(&rows, &Query::Likelihood).unwrap();
        let exact = float.log_likelihood(&rows).unwrap();
        let (mut worst, mut square) = (0.0f64, 0.0);
        let fixed = answer.log_likelihoods().unwrap().iter();
        for ((fixed, exact), clamped) in fixed.zip(&exact).zip(&answer.clamped) {
            if *clamped {
                continue;
            }
            if *exact == f64::NEG_INFINITY {
                assert!(*fixed < -40.0);
                continue;
            }
            worst = worst.max((fixed - exact).abs());
            square += (fixed - exact).powi(2);
        }
        println!(
            "{:?} shared {}: max {worst:.2e} rms {:.2e} {:?}",
            recipe.kinds,
            recipe.shared,
            (square / 200.0).sqrt(),
            planned.shape.widths
        );
        assert!(worst < 1e-3, "{:?} {worst}", recipe.kinds);
        let clamped = answer.clamped.iter().filter(|clamped| **clamped).count();
        let bounded = !recipe.kinds.contains(&Kind::Gaussian);
        assert!(clamped <= if bounded { 0 } else { 50 }, "{clamped}");
    }
}

#[test]
fn coarser_sums_cost_precision_alone() {
    let recipe = &recipes()[0];
    let spn = recipe.build();
    let rows = no_maxima(&rows(recipe.kinds, 100, 3));
    let exact = Evaluator::new(&spn).log_likelihood(&rows).unwrap();
    let mut gates = Vec::new();
    for (precision, limit) in [
        (Precision::Fine, 1e-3),
        (Precision::Medium, 1.5e-3),
        (Precision::Coarse, 3e-3),
    ] {
        let options = PlanOptions {
            precision,
            ..PlanOptions::default()
        };
        let planned = plan(&spn, &options).unwrap();
        let answer = Twin::new(&planned)
            .unwrap()
            .answer(&rows, &Query::Likelihood)
            .unwrap();
        let errors = answer.log_likelihoods().unwrap().iter().zip(&exact);
        let worst = errors
            .filter(|(_, exact)| exact.is_finite())
            .map(|(a, b)| (a - b).abs());
        let worst = worst.fold(0.0, f64::max);
        assert!(worst <= limit, "{precision:?}: {worst}");
        let kind = crate::spn::query::QueryKind::Likelihood;
        gates.push(
            crate::spn::party::cost(&planned.plan, &planned.shape, kind, 1)
                .unwrap()
                .and_gates,
        );
    }
    assert!(gates[0] > gates[1] && gates[1] > gates[2], "{gates:?}");
}

#[test]
fn a_sum_errs_less_than_the_width_of_words_allows_for() {
    for fraction in 13..=20u32 {
        for precision in [Precision::Fine, Precision::Medium, Precision::Coarse] {
            let design = precision.design();
            let Ok(log_sum) = LogSum::with(40, fraction, design) else {
                continue;
            };
            let unit = f64::from(fraction).exp2();
            let mut worst = 0f64;
            for d in (0..17i64 << fraction).step_by(61) {
                let exact = (-(d as f64) / unit).exp2().ln_1p() / std::f64::consts::LN_2 * unit;
                let got = [log_sum.reference(d, 0) - d, log_sum.reference(-d, 0)];
                worst = got
                    .iter()
                    .map(|g| (*g as f64 - exact).abs())
                    .fold(worst, f64::max);
            }
            println!("{fraction} {precision:?} {worst:.1}");
            let allowed = crate::spn::plan::UNITS << fraction.saturating_sub(16);
            assert!(worst <= allowed as f64, "{fraction} {precision:?} {worst}");
        }
    }
}

#[test]
fn a_class_query_ignores_the_classes_own_field() {
    let recipe = Recipe {
        kinds: &[Kind::Categorical; 4],
        shared: false,
        roots: 1,
        class: Some(1),
        seed: 4,
    };
    let planned = plan(&recipe.build(), &PlanOptions::default()).unwrap();
    let plan = &planned.plan;
    let mut row = vec![Evidence::Missing; 4];
    row[1] = Evidence::Observed(99.5);
    let rows = [row];
    Encoded::check(plan, &Query::Class, &rows).unwrap();
    Twin::new(&planned)
        .unwrap()
        .answer(&rows, &Query::Class)
        .unwrap();
    assert!(Encoded::check(plan, &Query::Likelihood, &rows).is_err());
}
