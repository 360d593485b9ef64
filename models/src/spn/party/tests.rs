//! Two parties in two threads against the twin, and misbehaving peers.

use super::*;
use crate::Error;
use crate::hello::HELLO_BYTES;
use crate::spn::float::Evaluator;
use crate::spn::graph::{Evidence, Spn};
use crate::spn::lower::{PlanOptions, Planned, plan};
use crate::spn::plan::Plan;
use crate::spn::query::{Answer, Query, QueryKind, Results};
use crate::spn::testing::{Kind, Recipe, no_maxima, rows};
use crate::spn::twin::Twin;
use crate::spn::twin::tests::{queries, recipes};
use halfmask_bridge::exact::PackingChoice;
use halfmask_bridge::mpc::channel::{Channel, Meter, Part, Phase, Step};
use halfmask_bridge::session::{Kernels, Randomness};
use std::time::Duration;

mod hostile;

type Asked<'a> = (&'a Query, &'a [Vec<Evidence>]);

fn planned(spn: &Spn, packing: PackingChoice) -> Planned {
    let options = PlanOptions {
        packing,
        ..PlanOptions::default()
    };
    plan(spn, &options).unwrap()
}

fn server(planned: &Planned) -> Server {
    Server::new(planned.clone(), Kernels::detect()).unwrap()
}

/// Asks in one connection; returns answers, what the server counted of each, and how many rows it served.
fn run(server: &Server, asked: &[Asked], seed: u8) -> Vec<(Answer, Meter)> {
    let (mut a, mut b) = Channel::pair();
    std::thread::scope(|s| {
        let serving = s.spawn(move || {
            let mut connection = server
                .accept(&mut a, Randomness::from_seed([seed; 32]))
                .unwrap();
            let mut meters = Vec::new();
            a.take_meter();
            while connection.serve(&mut a).unwrap().is_some() {
                meters.push(a.take_meter());
            }
            meters
        });
        let random = Randomness::from_seed([seed ^ 0x80; 32]);
        let mut client = Client::connect(&mut b, None, random, Kernels::detect()).unwrap();
        let answers: Vec<_> = asked
            .iter()
            .map(|(query, rows)| client.infer(&mut b, rows, query).unwrap())
            .collect();
        client.finish(&mut b).unwrap();
        answers.into_iter().zip(serving.join().unwrap()).collect()
    })
}

#[test]
fn answers_are_the_twins() {
    for (i, recipe) in recipes().iter().enumerate() {
        let packing = [
            PackingChoice::Auto,
            PackingChoice::Coefficient,
            PackingChoice::Batch,
        ][i % 3];
        let planned = planned(&recipe.build(), packing);
        let twin = Twin::new(&planned).unwrap();
        let all = rows(recipe.kinds, 17, 29);
        let queries = queries(&planned);
        let asked: Vec<Asked> = queries
            .iter()
            .flat_map(|query| [1, 3, 17].map(|count| (query, &all[..count])))
            .collect();
        let answers = run(&server(&planned), &asked, i as u8);
        for ((query, rows), (answer, _)) in asked.iter().zip(answers) {
            assert_eq!(
                answer,
                twin.answer(rows, query).unwrap(),
                "{query:?} {:?} {}",
                recipe.kinds,
                recipe.shared
            );
        }
    }
}

#[test]
fn a_hundred_rows_at_once_and_row_by_row() {
    let recipe = Recipe {
        kinds: &[Kind::Bernoulli; 10],
        shared: false,
        roots: 2,
        class: None,
        seed: 8,
    };
    let planned = planned(&recipe.build(), PackingChoice::Auto);
    let twin = Twin::new(&planned).unwrap();
    let all = rows(recipe.kinds, 100, 31);
    let query = Query::Likelihood;
    let mut asked: Vec<Asked> = vec![(&query, &all)];
    asked.extend(all[..4].chunks(1).map(|row| (&query, row)));
    let answers = run(&server(&planned), &asked, 3);
    for ((query, rows), (answer, _)) in asked.iter().zip(answers) {
        assert_eq!(answer, twin.answer(rows, query).unwrap());
    }
}

/// What a party counted, without times.
fn traffic(meter: &Meter) -> Vec<(String, u64, u64, u64)> {
    let entries = meter.entries().iter();
    entries
        .map(|e| {
            (
                e.scope.to_string(),
                e.tally.bytes_sent,
                e.tally.bytes_received,
                e.tally.messages,
            )
        })
        .collect()
}

#[test]
fn the_server_sees_the_same_of_every_pattern() {
    let kinds = &[
        Kind::Bernoulli,
        Kind::Gaussian,
        Kind::Categorical,
        Kind::Histogram,
        Kind::Poisson,
    ];
    let recipe = Recipe {
        kinds,
        shared: false,
        roots: 1,
        class: None,
        seed: 12,
    };
    let planned = planned(&recipe.build(), PackingChoice::Auto);
    let all = rows(kinds, 60, 37);
    for query in [Query::Likelihood, Query::Mpe] {
        let patterns: Vec<Vec<Vec<Evidence>>> = vec![
            all[..5].to_vec(),
            all[5..10].to_vec(),
            vec![vec![Evidence::Missing; 5]; 5],
            vec![vec![Evidence::Maximised; 5]; 5],
        ];
        let mut seen = Vec::new();
        for (seed, rows) in patterns.iter().enumerate() {
            let asked: Vec<Asked> = vec![(&query, rows)];
            // A connection each, so that nothing is left from the one before.
            seen.extend(
                run(&server(&planned), &asked, seed as u8)
                    .iter()
                    .map(|(_, meter)| traffic(meter)),
            );
        }
        assert!(seen.iter().all(|traffic| traffic == &seen[0]), "{seen:?}");
    }
    // The condition of a conditional, too.
    let mut seen = Vec::new();
    for given in [vec![], vec![0], vec![0, 1, 2, 3, 4]] {
        let query = Query::Conditional { given };
        seen.extend(
            run(&server(&planned), &[(&query, &all[..5])], 1)
                .iter()
                .map(|(_, meter)| traffic(meter)),
        );
    }
    assert!(seen.iter().all(|traffic| traffic == &seen[0]), "{seen:?}");
}

#[test]
fn layers_are_counted_and_rounds_do_not_grow() {
    let recipe = Recipe {
        kinds: &[Kind::Bernoulli; 9],
        shared: false,
        roots: 1,
        class: None,
        seed: 21,
    };
    let planned = planned(&recipe.build(), PackingChoice::Auto);
    let all = rows(recipe.kinds, 3, 1);
    let (_, meter) = run(&server(&planned), &[(&Query::Likelihood, &all)], 0).remove(0);
    for layer in LAYERS {
        let tally = meter.sum(|scope| scope.layer == layer && scope.phase == Phase::Online);
        assert!(
            tally.bytes_sent > 0 && tally.bytes_received > 0,
            "{layer} {tally:?}"
        );
    }
    // What was predicted is what was sent, but for bits that fill up messages' last bytes.
    let cost = cost(
        &planned.plan,
        &planned.shape,
        QueryKind::Likelihood,
        all.len(),
    )
    .unwrap();
    let leaves = meter.sum(|scope| scope.layer == LAYERS[0]);
    assert!(
        leaves.bytes().abs_diff(cost.ciphertext_bytes) < 64,
        "{leaves:?} {cost:?}"
    );
    let tables = meter
        .sum(|scope| scope.part == Part::Function(Step::Tables))
        .bytes_sent;
    // Beside the tables, the permute bits of three words.
    assert!(
        (cost.table_bytes..cost.table_bytes + 256).contains(&tables),
        "{tables} {cost:?}"
    );
    let rounds = meter.total().direction_changes;
    assert!(rounds <= 5, "{rounds}");
}

#[test]
fn preparation_changes_no_answer() {
    let recipe = Recipe {
        kinds: &[Kind::Categorical; 5],
        shared: true,
        roots: 1,
        class: Some(1),
        seed: 2,
    };
    let spn = recipe.build();
    let planned = planned(&spn, PackingChoice::Auto);
    let twin = Twin::new(&planned).unwrap();
    let all = rows(recipe.kinds, 7, 5);
    let server = server(&planned);
    let (mut a, mut b) = Channel::pair();
    std::thread::scope(|s| {
        s.spawn(|| {
            let mut connection = server
                .accept(&mut a, Randomness::from_seed([1; 32]))
                .unwrap();
            while connection.serve(&mut a).unwrap().is_some() {}
        });
        let mut client = Client::connect(
            &mut b,
            None,
            Randomness::from_seed([2; 32]),
            Kernels::detect(),
        )
        .unwrap();
        for query in queries(&planned) {
            client.prepare(&mut b, query.kind(), all.len()).unwrap();
            let mut done = Vec::new();
            let answer = client
                .infer_with(&mut b, &all, &query, |n| done.push(n))
                .unwrap();
            assert_eq!(answer, twin.answer(&all, &query).unwrap());
            assert_eq!(done, [all.len()]);
        }
        client.finish(&mut b).unwrap();
    });
}

#[test]
fn explanations_are_those_of_float64_and_say_nothing_else() {
    let kinds = &[
        Kind::Bernoulli,
        Kind::Categorical,
        Kind::Gaussian,
        Kind::Bernoulli,
        Kind::Poisson,
    ];
    let mut different = 0;
    for seed in 0..3 {
        let recipe = Recipe {
            kinds,
            shared: seed == 2,
            roots: 1,
            class: None,
            seed: 40 + seed,
        };
        let spn = recipe.build();
        let planned = planned(&spn, PackingChoice::Auto);
        let all = rows(kinds, 30, 41);
        let (answer, _) = run(&server(&planned), &[(&Query::Mpe, &all)], 0).remove(0);
        let Results::Completions(completions) = answer.results else {
            panic!()
        };
        let float = Evaluator::new(&spn).mpe(&all).unwrap();
        for ((row, completion), float) in all.iter().zip(completions).zip(float) {
            let mut same = true;
            for ((own, value), float) in row.iter().zip(completion).zip(&float.row) {
                assert_eq!(*own == Evidence::Maximised, value.is_some());
                if let (Some(value), Evidence::Observed(float)) = (value, float) {
                    same &= (value - float).abs() < 1e-5;
                }
            }
            different += usize::from(!same);
        }
    }
    // Of 90 rows those alone whose two best explanations are within rounding of each other.
    assert!(different <= 1, "{different}");
}

#[test]
fn class_labels_are_those_of_float64() {
    for (roots, class) in [(3, None), (1, Some(0))] {
        let recipe = Recipe {
            kinds: &[Kind::Categorical; 5],
            shared: false,
            roots,
            class,
            seed: 77,
        };
        let spn = recipe.build();
        let planned = planned(&spn, PackingChoice::Auto);
        let all = no_maxima(&rows(recipe.kinds, 40, 43));
        let (answer, _) = run(&server(&planned), &[(&Query::Class, &all)], 0).remove(0);
        let Results::Classes(classes) = answer.results else {
            panic!()
        };
        let float = Evaluator::new(&spn).classify(&all).unwrap();
        for (class, float) in classes.iter().zip(float) {
            assert!(
                *class as usize == float.class || float.margin < 2e-3,
                "{class} {float:?}"
            );
        }
    }
}
