//! Two parties in two threads against the program in the clear, that against float64, and what it costs and shows.

use super::*;
use crate::hello::PublicPlan;
use crate::spn::circuits;
use crate::spn::float::Evaluator;
use crate::spn::graph::{self, Distribution, Evidence, Spn, Variable};
use crate::spn::lower::{self, PlanOptions};
use crate::spn::query::QueryKind;
use crate::spn::testing::{Kind, Recipe, no_maxima, rows};
use halfmask_bridge::mpc::channel::{Channel, Meter};
use halfmask_bridge::session::{Kernels, Randomness};

mod hostile;

const MIXED: &[Kind] = &[
    Kind::Bernoulli,
    Kind::Gaussian,
    Kind::Categorical,
    Kind::Histogram,
    Kind::Poisson,
    Kind::Bernoulli,
];

const EVERY_KIND: [&[Kind]; 6] = [
    &[Kind::Bernoulli; 4],
    &[Kind::Categorical; 3],
    &[Kind::Histogram; 3],
    &[Kind::Gaussian; 2],
    &[Kind::Poisson; 2],
    MIXED,
];

fn network(kinds: &[Kind], shared: bool, roots: usize, seed: u64) -> Spn {
    let recipe = Recipe {
        kinds,
        shared,
        roots,
        class: None,
        seed,
    };
    recipe.build()
}

fn planned(spn: &Spn, profile: Profile, scopes: Scopes) -> Planned {
    let options = GarbledOptions {
        scopes,
        ..GarbledOptions::new(profile)
    };
    plan(spn, &options).unwrap()
}

fn lls(answer: &crate::spn::query::Answer) -> &[f64] {
    answer.log_likelihoods().unwrap()
}

/// Asks in one connection, after preparing for the first request; returns answers and what the server counted of each.
fn run(server: &Server, asked: &[&[Vec<Evidence>]]) -> Vec<(Vec<f64>, Meter)> {
    let (mut a, mut b) = Channel::pair();
    std::thread::scope(|s| {
        let serving = s.spawn(move || {
            let random = Randomness::from_seed([1; 32]);
            let mut connection = server.accept(&mut a, random).unwrap();
            let mut meters = Vec::new();
            a.take_meter();
            while connection.serve(&mut a).unwrap().is_some() {
                meters.push(a.take_meter());
            }
            meters
        });
        let random = Randomness::from_seed([2; 32]);
        let mut client = Client::connect(&mut b, None, random, Kernels::detect()).unwrap();
        assert_eq!(client.cost(), server.planned().cost());
        client.prepare(&mut b, asked[0].len()).unwrap();
        let answers: Vec<_> = asked
            .iter()
            .map(|rows| lls(&client.infer(&mut b, rows).unwrap()).to_vec())
            .collect();
        client.finish(&mut b).unwrap();
        answers.into_iter().zip(serving.join().unwrap()).collect()
    })
}

#[test]
fn two_parties_open_what_the_program_says() {
    for (i, kinds) in EVERY_KIND.into_iter().enumerate() {
        for (j, profile) in Profile::ALL.into_iter().enumerate() {
            let scopes = [Scopes::Hidden, Scopes::Public][(i + j) % 2];
            let spn = network(kinds, j == 1, 1 + i % 2, 7 + i as u64);
            let server = Server::new(planned(&spn, profile, scopes), Kernels::detect());
            let all = no_maxima(&rows(kinds, 18, 5));
            let expected = server.planned().evaluate(&all).unwrap();
            let answers = run(&server, &[&all, &all[3..4]]);
            // Bit for bit, infinities included.
            let bits = |v: &[f64]| v.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
            assert_eq!(
                bits(&answers[0].0),
                bits(lls(&expected)),
                "{kinds:?} {profile:?}"
            );
            assert_eq!(bits(&answers[1].0), bits(&lls(&expected)[3..4]));
        }
    }
}

#[test]
fn every_profile_is_near_float64() {
    for (i, kinds) in EVERY_KIND.into_iter().enumerate() {
        for shared in [false, true] {
            let spn = network(kinds, shared, 1 + 2 * (i % 2), 40 + i as u64);
            let all = no_maxima(&rows(kinds, 50, 6));
            let float = Evaluator::new(&spn).log_likelihood(&all).unwrap();
            for (profile, tolerance) in [
                (Profile::Fixed, 1e-3),
                (Profile::Cryptospn32, 1e-4),
                (Profile::Cryptospn64, 1e-9),
            ] {
                for scopes in [Scopes::Hidden, Scopes::Public] {
                    let answer = planned(&spn, profile, scopes).evaluate(&all).unwrap();
                    let mut compared = 0;
                    for ((got, want), clamped) in
                        lls(&answer).iter().zip(&float).zip(&answer.clamped)
                    {
                        // Fixed point has a floor where float64 has less, or nothing.
                        if *clamped || profile == Profile::Fixed && *want < -30.0 {
                            continue;
                        }
                        compared += 1;
                        assert!(
                            got == want || (got - want).abs() <= tolerance * want.abs().max(1.0),
                            "{kinds:?} {shared} {profile:?} {scopes:?}: {got} {want}"
                        );
                    }
                    assert!(compared > 25, "{kinds:?} {profile:?}: {compared} rows");
                }
            }
        }
    }
}

/// Two components, each a product of Bernoulli leaves whose success is rare, with the variables in the given orders.
fn two_products(orders: [[usize; 4]; 2]) -> Spn {
    let mut nodes = Vec::new();
    for (c, order) in orders.iter().enumerate() {
        let first = nodes.len();
        for (i, variable) in order.iter().enumerate() {
            nodes.push(graph::Node::Leaf {
                variable: *variable,
                distribution: Distribution::Bernoulli {
                    p: 1e-17 * (1 + i + 2 * c) as f64,
                },
            });
        }
        nodes.push(graph::Node::Product {
            children: (first..first + 4).collect(),
        });
    }
    nodes.push(graph::Node::Sum {
        children: vec![4, 9],
        weights: vec![0.25, 0.75],
    });
    let names = (0..4).map(|i| Variable {
        name: format!("V{i}"),
    });
    Spn::new(names.collect(), nodes, vec![10], vec![1.0], None).unwrap()
}

#[test]
fn sums_do_not_underflow() {
    let spn = two_products([[0, 1, 2, 3]; 2]);
    let rows = [vec![Evidence::Observed(1.0); 4]];
    let [want] = *Evaluator::new(&spn).log_likelihood(&rows).unwrap() else {
        panic!()
    };
    // Terms are below 2^-149, the least positive number of binary32.
    assert!(want < -150.0 * std::f64::consts::LN_2);
    for (profile, tolerance) in [(Profile::Cryptospn32, 1e-4), (Profile::Cryptospn64, 1e-10)] {
        let answer = planned(&spn, profile, Scopes::Hidden)
            .evaluate(&rows)
            .unwrap();
        let got = lls(&answer)[0];
        assert!((got - want).abs() < tolerance, "{profile:?} {got} {want}");
    }
}

/// What a party counted, without times.
fn traffic(meter: &Meter) -> Vec<(String, u64, u64, u64)> {
    let entries = meter.entries().iter();
    let tally = |e: &halfmask_bridge::mpc::channel::Entry| {
        let t = e.tally;
        (
            e.scope.to_string(),
            t.bytes_sent,
            t.bytes_received,
            t.messages,
        )
    };
    entries.map(tally).collect()
}

#[test]
fn scopes_do_not_show() {
    let orders = [
        [[0, 1, 2, 3], [0, 1, 2, 3]],
        [[0, 1, 2, 3], [3, 1, 0, 2]],
        [[2, 3, 1, 0], [1, 0, 3, 2]],
    ];
    let rows = vec![
        vec![Evidence::Observed(1.0); 4],
        vec![Evidence::Missing; 4],
        [1.0, 0.0, 0.0, 1.0].map(Evidence::Observed).to_vec(),
    ];
    for profile in [Profile::Fixed, Profile::Cryptospn32] {
        let mut seen = Vec::new();
        let mut plans = Vec::new();
        let mut secrets = Vec::new();
        for order in orders {
            let planned = planned(&two_products(order), profile, Scopes::Hidden);
            plans.push(planned.plan().to_bytes().unwrap());
            secrets.push(planned.constants.to_vec());
            let (_, meter) = run(&Server::new(planned, Kernels::detect()), &[&rows]).remove(0);
            seen.push(traffic(&meter));
        }
        // The models differ, in nothing that the client sees.
        assert!(secrets[0] != secrets[1] && secrets[1] != secrets[2]);
        assert!(plans.iter().all(|plan| *plan == plans[0]));
        assert!(seen.iter().all(|traffic| *traffic == seen[0]), "{seen:?}");
        // With public scopes they differ in the plan.
        let public = orders.map(|o| planned(&two_products(o), profile, Scopes::Public));
        assert_ne!(public[0].plan(), public[1].plan());
    }
}

#[test]
fn costs_add_up() {
    for (kinds, profile) in EVERY_KIND.into_iter().zip(Profile::ALL.into_iter().cycle()) {
        let spn = network(kinds, true, 1, 3);
        let hidden = *planned(&spn, profile, Scopes::Hidden).cost();
        let Cost {
            total,
            without_shift,
            sums,
            shift,
            products,
            leaves,
            selection,
            ..
        } = hidden;
        assert_eq!(total, sums + shift + products + leaves + selection);
        assert_eq!(total - shift, without_shift);
        let public = *planned(&spn, profile, Scopes::Public).cost();
        assert_eq!((public.selection, public.switches), (0, 0));
        assert_eq!((public.sums, public.products), (sums, products));
        // Without missing variables less.
        let options = GarbledOptions {
            missing: false,
            ..GarbledOptions::new(profile)
        };
        let complete = *plan(&spn, &options).unwrap().cost();
        assert!(complete.leaves < leaves && complete.selection <= selection);
    }
    // Two products of four leaves, a sum of two: by hand.
    let options = GarbledOptions {
        missing: false,
        scopes: Scopes::Public,
        ..GarbledOptions::new(Profile::Cryptospn32)
    };
    let cost = *plan(&two_products([[0, 1, 2, 3]; 2]), &options)
        .unwrap()
        .cost();
    assert_eq!(cost.leaves, 8 * 32);
    assert_eq!(cost.published32, 35_619 + 6 * 1_857 + 8 * 32);
    assert_eq!(cost.published64, 75_740 + 6 * 4_363 + 8 * 64);
    assert!(cost.sums < 35_619 && cost.products < 6 * 1_857);
}

/// AND gates of the protocol proper, and of the published circuits in 32 bits.
fn ratio(spn: &Spn) -> f64 {
    let own = lower::plan(spn, &PlanOptions::default()).unwrap();
    let own = circuits::program(&own.plan, &own.shape, QueryKind::Likelihood).unwrap();
    let own = own.and_gates() as f64;
    let float = *planned(spn, Profile::Cryptospn32, Scopes::Hidden).cost();
    let (ours, published) = (float.total as f64 / own, float.published32 as f64 / own);
    println!("{own} gates: {ours:.1} times fewer than cryptospn-32, {published:.1} than published");
    published
}

#[test]
fn halfmask_takes_sixty_times_fewer_gates_than_published() {
    assert!(ratio(&network(&[Kind::Bernoulli; 8], false, 1, 2)) >= 60.0);
    for name in ["nltcs", "msnbc"] {
        let path = format!("../../shared/data/spn/{name}.json");
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
        if !path.is_file() {
            println!("skipped: no {}", path.display());
            continue;
        }
        let spn = crate::spn::import::import_file(&path).unwrap().spn;
        assert!(ratio(&spn) >= 60.0, "{name}");
    }
}
