use super::*;
use crate::spn::float::log_density;
use crate::spn::graph::Evidence;
use std::f64::consts::LN_2;

const NARROW: Scale = Scale {
    fraction: 16,
    guard: 0,
    floor: 64,
    ratio_bits: 7,
};
const WIDE: Scale = Scale { guard: 4, ..NARROW };

/// A leaf's log2-density as the protocol finds it, in log2 with the client's part, and whether the value was clipped.
fn value(
    encoding: &Encoding,
    scale: Scale,
    leaf: &Distribution,
    evidence: Evidence,
) -> (f64, bool) {
    let entries = encoding.entries(scale);
    let (mut x, mut theta) = (vec![0u32; entries], vec![0i64; entries]);
    let placed = encoding.place(scale, evidence, &mut x).unwrap();
    encoding.coefficients(scale, leaf, &mut theta, &mut Floors::default());
    let largest = encoding.largest_coefficient(scale);
    assert!(
        theta.iter().all(|t| t.unsigned_abs() <= largest),
        "{theta:?} {largest}"
    );
    assert!(x.iter().all(|x| *x <= LARGEST));
    let sum: i64 = x.iter().zip(&theta).map(|(x, t)| i64::from(*x) * t).sum();
    let log2 = sum as f64 / f64::from(scale.fraction + scale.guard).exp2();
    assert!(
        log2 <= 2e-4 && log2 >= -encoding.depth(scale) - 2e-4,
        "{log2}"
    );
    (log2 + placed.offset, placed.clamped)
}

fn agrees(leaves: &[Distribution], values: &[f64], tolerance: f64) {
    let encoding = Encoding::of_leaves(leaves.iter()).unwrap();
    let scale = if encoding.is_wide() { WIDE } else { NARROW };
    for leaf in leaves {
        for x in values {
            let (got, clamped) = value(&encoding, scale, leaf, Evidence::Observed(*x));
            let want = log_density(leaf, *x) / LN_2;
            assert!(!clamped);
            if want.is_finite() {
                assert!(
                    (got - want).abs() < tolerance,
                    "{leaf:?} at {x}: {got} {want}"
                );
            } else {
                assert!(got < -50.0);
            }
        }
        let (got, _) = value(&encoding, scale, leaf, Evidence::Missing);
        assert!(got == 0.0);
        let (got, _) = value(&encoding, scale, leaf, Evidence::Maximised);
        let want = log_density(leaf, leaf.mode()) / LN_2;
        assert!((got - want).abs() < 2e-5, "{leaf:?}: {got} {want}");
    }
}

#[test]
fn categories_and_buckets() {
    let bernoulli = [0.0, 0.3, 1.0].map(|p| Distribution::Bernoulli { p });
    agrees(&bernoulli, &[0.0, 1.0], 1e-5);
    let categories = [
        Distribution::Categorical {
            p: vec![0.25, 0.75],
        },
        Distribution::Categorical {
            p: vec![0.1, 0.2, 0.7, 0.0],
        },
        Distribution::Bernoulli { p: 0.125 },
    ];
    agrees(&categories, &[0.0, 1.0, 2.0, 3.0], 1e-5);
    let histograms = [
        Distribution::Histogram {
            breaks: vec![0.0, 1e-3, 2.0, 1e3],
            densities: vec![500.0, 0.2, 1e-4],
        },
        Distribution::Histogram {
            breaks: vec![-3.0, 0.5, 0.75],
            densities: vec![0.2, 1.2],
        },
    ];
    agrees(
        &histograms,
        &[-3.0, -0.1, 0.0, 5e-4, 0.5, 0.7, 1.9, 999.0],
        1e-5,
    );
}

#[test]
fn gaussians_from_end_to_end_of_their_range() {
    let leaves = [(0.0, 1.0), (3.0, 0.8), (-20.0, 2.0), (40.0, 1.5)];
    let leaves = leaves.map(|(mean, stdev)| Distribution::Gaussian { mean, stdev });
    agrees(
        &leaves,
        &[-29.0, -20.1, -1.0, 0.0, 0.37, 3.3, 12.0, 40.0, 46.7],
        1e-3,
    );
    // Near the mean, where it matters, the position's rounding does not count.
    agrees(&leaves[..1], &[-2.0, -0.1, 0.0, 1.5], 2e-5);
}

#[test]
fn counts() {
    let leaves = [1e-4, 0.7, 30.0, 3200.0].map(|rate| Distribution::Poisson { rate });
    agrees(&leaves, &[0.0, 1.0, 2.0, 17.0, 400.0, 3200.0, 4095.0], 2e-4);
}

#[test]
fn what_lies_outside_is_clipped_and_said() {
    let gaussian = Distribution::Gaussian {
        mean: 1.0,
        stdev: 1.0,
    };
    let encoding = Encoding::of_leaves([&gaussian].into_iter()).unwrap();
    let Encoding::Gaussian { low, high } = encoding else {
        panic!()
    };
    assert_eq!((low, high), (-3.5, 5.5));
    let end = value(&encoding, WIDE, &gaussian, Evidence::Observed(5.5));
    assert!(!end.1);
    for far in [5.6, 1e6, f64::MAX] {
        assert_eq!(
            value(&encoding, WIDE, &gaussian, Evidence::Observed(far)),
            (end.0, true)
        );
    }
    let poisson = Distribution::Poisson { rate: 2.0 };
    let encoding = Encoding::of_leaves([&poisson].into_iter()).unwrap();
    assert_eq!(encoding, Encoding::Poisson { max: 31 });
    let end = value(&encoding, WIDE, &poisson, Evidence::Observed(31.0));
    assert_eq!(
        value(&encoding, WIDE, &poisson, Evidence::Observed(1e9)),
        (end.0, true)
    );
}

#[test]
fn values_without_support_are_refused() {
    let mut slots = vec![0; 64];
    for (encoding, bad) in [
        (Encoding::Unused, vec![f64::NAN]),
        (
            Encoding::Categorical { values: 3 },
            vec![-1.0, 3.0, 0.5, f64::NAN, f64::INFINITY],
        ),
        (
            Encoding::Histogram {
                borders: vec![0.0, 1.0],
            },
            vec![-0.1, 1.0, f64::NAN, f64::INFINITY],
        ),
        (
            Encoding::Gaussian {
                low: 0.0,
                high: 1.0,
            },
            vec![f64::NAN, f64::INFINITY],
        ),
        (
            Encoding::Poisson { max: 7 },
            vec![-1.0, 0.5, f64::NAN, f64::INFINITY],
        ),
    ] {
        for value in bad {
            let placed = encoding.place(WIDE, Evidence::Observed(value), &mut slots);
            assert!(placed.is_err(), "{encoding:?} {value}");
        }
    }
}

#[test]
fn floors_are_counted() {
    let leaves = [
        Distribution::Gaussian {
            mean: 0.0,
            stdev: 1.0,
        },
        Distribution::Gaussian {
            mean: 0.0,
            stdev: 1e-3,
        },
    ];
    let encoding = Encoding::of_leaves(leaves.iter()).unwrap();
    let mut floors = Floors::default();
    for leaf in &leaves {
        encoding.coefficients(
            WIDE,
            leaf,
            &mut vec![0; encoding.entries(WIDE)],
            &mut floors,
        );
    }
    let bits = Encoding::Categorical { values: 2 };
    for p in [0.0, 0.5, 1e-30] {
        bits.coefficients(
            NARROW,
            &Distribution::Bernoulli { p },
            &mut [0; 3],
            &mut floors,
        );
    }
    assert_eq!(
        floors,
        Floors {
            probabilities: 2,
            deviations: 1,
            ..Floors::default()
        }
    );
}

#[test]
fn modes_come_back() {
    for (leaf, tolerance) in [
        (Distribution::Bernoulli { p: 0.7 }, 0.0),
        (
            Distribution::Categorical {
                p: vec![0.1, 0.2, 0.7],
            },
            0.0,
        ),
        (Distribution::Poisson { rate: 5.3 }, 0.0),
        (
            Distribution::Histogram {
                breaks: vec![0.0, 3.0, 7.0],
                densities: vec![0.1, 0.175],
            },
            0.0,
        ),
        (
            Distribution::Histogram {
                breaks: vec![0.0, 0.5, 7.0],
                densities: vec![1.0, 0.5 / 6.5],
            },
            1e-6,
        ),
        (
            Distribution::Gaussian {
                mean: 0.1,
                stdev: 1.0,
            },
            1e-6,
        ),
    ] {
        let encoding = Encoding::of_leaves([&leaf].into_iter()).unwrap();
        let mode = encoding.mode(&leaf);
        assert!(mode >> encoding.mode_bits() == 0);
        let back = encoding.mode_value(mode);
        assert!((back - leaf.mode()).abs() <= tolerance, "{leaf:?}: {back}");
    }
}
