//! Tests of learning.

use std::collections::BTreeSet;

use super::family::Family;
use super::network::{Leaf, Network, Part};
use super::random::Random;
use super::rat::RatShape;
use super::*;
use crate::spn::float::Evaluator;
use crate::spn::graph::{Distribution, Evidence};

const NONE: Smoothing = Smoothing {
    leaves: 0.0,
    weights: 0.0,
};
const SOME: Smoothing = Smoothing {
    leaves: 1.0,
    weights: 0.1,
};

/// Two hidden causes, each of three variables, and two variables of their own.
fn planted(rows: usize, seed: u64) -> Table {
    let mut random = Random::new(seed);
    let rows: Vec<Vec<f64>> = (0..rows)
        .map(|_| {
            let mut bit = |p: f64| f64::from(random.unit() < p);
            let causes = [bit(0.4), bit(0.6)];
            let mut row = Vec::new();
            for cause in causes {
                row.extend((0..3).map(|_| bit(0.1 + 0.8 * cause)));
            }
            row.extend([bit(0.3), bit(0.7)]);
            row
        })
        .collect();
    Table::from_rows(&rows).unwrap()
}

fn names(count: usize) -> Vec<String> {
    (0..count).map(|i| format!("V{i}")).collect()
}

fn settings(learner: Learner) -> Settings {
    Settings {
        learner,
        smoothing: SOME,
        iterations: 20,
        patience: 3,
        seed: 7,
    }
}

fn learned(learner: Learner) -> (Learned, Table) {
    let (train, valid) = (planted(2000, 1), planted(500, 2));
    let (kinds, names) = (vec![Kind::Bernoulli; 8], names(8));
    let rows = Rows {
        train: &train,
        valid: Some(&valid),
        kinds: &kinds,
        names: &names,
        class: None,
    };
    let result = learn(rows, &settings(learner), &mut |_| {}).unwrap();
    (result, valid)
}

fn small_rat() -> RatShape {
    RatShape {
        depth: 2,
        repetitions: 3,
        sums: 2,
        inputs: 2,
    }
}

#[test]
fn em_without_smoothing_never_lowers_the_likelihood() {
    let table = planted(700, 3);
    let families = table.families(&[Kind::Bernoulli; 8]).unwrap();
    let mut network = small_rat().network(&families, 5).unwrap();
    let mut values = Vec::new();
    for _ in 0..40 {
        let pass = em::expect(&network, &families, &table, None);
        values.push(pass.mean);
        em::maximise(&mut network, &families, &pass, NONE);
    }
    assert!(
        values.windows(2).all(|pair| pair[1] >= pair[0] - 1e-10),
        "{values:?}"
    );
    assert!(values[39] > values[0] + 0.1, "{values:?}");
}

#[test]
fn em_of_classes_trains_each_root_on_its_rows() {
    // Two roots that share a sum: label k starts at root k.
    let rows: Vec<Vec<f64>> = (0..200).map(|i| vec![f64::from(i % 4 == 0)]).collect();
    let table = Table::from_rows(&rows).unwrap();
    let families = table.families(&[Kind::Bernoulli]).unwrap();
    let leaf = |p| Part::Product {
        leaves: vec![Leaf {
            variable: 0,
            distribution: Distribution::Bernoulli { p },
        }],
        inner: Vec::new(),
    };
    let mut network = Network {
        parts: vec![leaf(0.4), leaf(0.6)],
        roots: vec![0, 1],
    };
    let labels: Vec<usize> = (0..200).map(|i| usize::from(i % 4 == 0)).collect();
    let pass = em::expect(&network, &families, &table, Some(&labels));
    em::maximise(&mut network, &families, &pass, NONE);
    for (part, expected) in [(0, 0.0), (1, 1.0)] {
        let Part::Product { leaves, .. } = &network.parts[part] else {
            unreachable!()
        };
        let Distribution::Bernoulli { p } = leaves[0].distribution else {
            unreachable!()
        };
        assert!((p - expected).abs() < 1e-5, "{p}");
    }
    let mean = em::mean_log_likelihood(&network, &families, &table, Some(&labels));
    assert!(mean > -1e-4, "{mean}");
}

#[test]
fn planted_structure_is_found() {
    let (result, valid) = learned(Learner::LearnSpn(Growth::default()));
    let families = valid.families(&[Kind::Bernoulli; 8]).unwrap();
    let independent =
        em::mean_log_likelihood(&Network::independent(&families), &families, &valid, None);
    let value = result.valid.unwrap();
    // The two causes carry 0.73 nats; a mixture over everything would need four components.
    assert!(value > independent + 0.6, "{value} against {independent}");
    assert!((2..=4).contains(&result.binary_sums), "{result:?}");
    let counts = result.spn.counts();
    assert_eq!(counts.shared, 0, "a tree");
}

#[test]
fn the_stated_likelihood_is_that_of_the_evaluator() {
    for learner in [
        Learner::LearnSpn(Growth::default()),
        Learner::Rat(small_rat()),
    ] {
        let (result, valid) = learned(learner);
        let rows: Vec<Vec<Evidence>> = (0..valid.rows())
            .map(|row| {
                let values = valid.columns.iter().map(|column| column[row]);
                values.map(Evidence::Observed).collect()
            })
            .collect();
        let values = Evaluator::new(&result.spn).log_likelihood(&rows).unwrap();
        let mean = values.iter().sum::<f64>() / rows.len() as f64;
        assert!((mean - result.valid.unwrap()).abs() < 1e-9, "{mean}");
        // A distribution: all 256 rows together have probability one.
        let all: Vec<Vec<Evidence>> = (0..256)
            .map(|bits| {
                let bit = |k| Evidence::Observed(f64::from(bits >> k & 1));
                (0..8).map(bit).collect()
            })
            .collect();
        let total: f64 = Evaluator::new(&result.spn)
            .log_likelihood(&all)
            .unwrap()
            .iter()
            .map(|v| v.exp())
            .sum();
        assert!((total - 1.0).abs() < 1e-9, "{total}");
    }
}

#[test]
fn the_same_seed_gives_the_same_model() {
    for learner in [
        Learner::LearnSpn(Growth::default()),
        Learner::Rat(small_rat()),
    ] {
        let once = learned(learner.clone()).0;
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(1)
            .build()
            .unwrap();
        assert_eq!(once, pool.install(|| learned(learner).0));
    }
}

#[test]
fn random_region_graphs_have_their_shape() {
    let families = vec![Family::Bernoulli { mean: 0.5 }; 13];
    let shape = RatShape {
        depth: 3,
        repetitions: 4,
        sums: 3,
        inputs: 2,
    };
    let network = shape.network(&families, 11).unwrap();
    assert_eq!(network, shape.network(&families, 11).unwrap());
    assert_ne!(network, shape.network(&families, 12).unwrap());
    // 8 lowest regions of 2 inputs, 4 and 2 regions of 3 sums a repetition, and the root.
    let count = |wanted: fn(&Part) -> bool| network.parts.iter().filter(|p| wanted(p)).count();
    assert_eq!(
        count(|p| matches!(p, Part::Sum { .. })),
        4 * (4 + 2) * 3 + 1
    );
    assert_eq!(
        count(|p| matches!(p, Part::Product { leaves, .. } if !leaves.is_empty())),
        4 * 8 * 2
    );
    assert_eq!(
        count(|p| matches!(p, Part::Product { inner, .. } if !inner.is_empty())),
        4 * (4 * 4 + 2 * 9 + 9)
    );
    let Part::Sum { children, .. } = &network.parts[network.roots[0]] else {
        unreachable!()
    };
    assert_eq!(children.len(), 4 * 9);
    // Halves differ by at most one variable.
    let widths: BTreeSet<usize> = network
        .parts
        .iter()
        .filter_map(|part| match part {
            Part::Product { leaves, .. } if !leaves.is_empty() => Some(leaves.len()),
            _ => None,
        })
        .collect();
    assert_eq!(widths, BTreeSet::from([1, 2]));
    let spn = network.to_spn(&names(13), vec![1.0], None).unwrap();
    assert_eq!(spn.counts().leaves, 4 * 13 * 2);
}

#[test]
fn every_kind_of_leaf_is_learned() {
    let mut random = Random::new(9);
    let rows: Vec<Vec<f64>> = (0..900)
        .map(|_| {
            let cause = random.below(2) as f64;
            let normal = (0..12).map(|_| random.unit()).sum::<f64>() - 6.0;
            let count = (0..6).filter(|_| random.unit() < 0.2 + 0.6 * cause).count();
            vec![
                cause,
                2.0 * cause - f64::from(random.unit() < 0.1).min(cause),
                normal + 5.0 * cause,
                count as f64,
                10.0 * cause + random.unit(),
            ]
        })
        .collect();
    let table = Table::from_rows(&rows).unwrap();
    let kinds = [
        Kind::Bernoulli,
        Kind::Categorical,
        Kind::Gaussian,
        Kind::Poisson,
        Kind::Histogram,
    ];
    let names = names(5);
    let data = Rows {
        train: &table,
        valid: None,
        kinds: &kinds,
        names: &names,
        class: Some(0),
    };
    let families = table.families(&kinds).unwrap();
    let before = em::mean_log_likelihood(&Network::independent(&families), &families, &table, None);
    for learner in [
        Learner::LearnSpn(Growth::default()),
        Learner::Rat(small_rat()),
    ] {
        let result = learn(data, &settings(learner), &mut |_| {}).unwrap();
        assert!(result.train > before + 1.0, "{} {before}", result.train);
        let unknown: Vec<Vec<Evidence>> = rows
            .iter()
            .map(|row| {
                let mut row: Vec<Evidence> = row.iter().copied().map(Evidence::Observed).collect();
                row[0] = Evidence::Missing;
                row
            })
            .collect();
        let classes = Evaluator::new(&result.spn).classify(&unknown).unwrap();
        let right = classes
            .iter()
            .zip(&rows)
            .filter(|(class, row)| class.class as f64 == row[0])
            .count();
        assert!(right > 880, "{right} of 900");
    }
}

#[test]
fn bad_rows_and_settings_are_named() {
    assert!(matches!(Table::from_rows(&[]), Err(LearnError::Empty)));
    let ragged = [vec![0.0, 1.0], vec![1.0]];
    assert!(matches!(
        Table::from_rows(&ragged),
        Err(LearnError::Width {
            row: 1,
            got: 1,
            expected: 2
        })
    ));
    let table = Table::from_rows(&[vec![0.0, 1.0], vec![1.0, 2.0]]).unwrap();
    let error = table.families(&[Kind::Bernoulli; 2]).unwrap_err();
    assert!(
        matches!(
            error,
            LearnError::Value {
                row: 1,
                variable: 1,
                ..
            }
        ),
        "{error}"
    );
    assert!(table.families(&[Kind::Bernoulli]).is_err());
    let huge = RatShape {
        repetitions: usize::MAX,
        ..RatShape::default()
    };
    let families = vec![Family::Bernoulli { mean: 0.5 }; 4];
    assert!(matches!(
        huge.network(&families, 1),
        Err(LearnError::Settings(_))
    ));
    let none = RatShape { sums: 0, ..huge };
    assert!(matches!(
        none.network(&families, 1),
        Err(LearnError::Settings(_))
    ));
}
