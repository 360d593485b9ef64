//! Every operation's measured error is within its bound, and the bound is within 2^6 of it.

use crate::walk::{Encryption, Setup, Walk, climb, extremes};
use halfmask_ckks::ckks::Complex64;

type Step = fn(&Setup, &Walk, &Walk) -> Walk;

/// One operation, or a few, on two encryptions of one message.
const STEPS: [(&str, Step); 14] = [
    ("encrypt", |_, x, _| x.clone()),
    ("add", |s, x, y| add(s, x, y)),
    ("add to itself", |s, x, _| add(s, x, x)),
    ("multiply_plain", |s, x, _| multiply_plain(s, x)),
    ("multiply_scalar", |s, x, _| multiply_scalar(s, x)),
    ("multiply_integer", |s, x, _| Walk {
        ciphertext: s.evaluator.multiply_integer(&x.ciphertext, -7).unwrap(),
        exact: x.exact.iter().map(|z| z * -7.0).collect(),
        estimate: s.model.multiply_integer(&x.estimate, -7),
    }),
    ("multiply", |s, x, y| s.multiply(x, y)),
    ("square", |s, x, _| s.multiply(x, x)),
    ("multiply, rescale", |s, x, y| s.rescale(&s.multiply(x, y))),
    ("multiply, rescale, relinearize", |s, x, y| {
        let e = &s.evaluator;
        let product = e.multiply(&x.ciphertext, &y.ciphertext).unwrap();
        let rescaled = e.rescale(&product).unwrap();
        let estimate = s.model.rescale(&s.model.multiply(&x.estimate, &y.estimate));
        Walk {
            ciphertext: e.relinearize(&rescaled).unwrap(),
            exact: x.exact.iter().zip(&y.exact).map(|(x, y)| x * y).collect(),
            estimate: s.model.key_switch(&estimate),
        }
    }),
    ("two products", |s, x, y| {
        let product = s.rescale(&s.multiply(x, y));
        s.rescale(&s.multiply(&product, &product))
    }),
    ("rotate", |s, x, _| {
        let mut exact = x.exact.clone();
        exact.rotate_left(3);
        Walk {
            ciphertext: s.evaluator.rotate(&x.ciphertext, 3).unwrap(),
            exact,
            estimate: s.model.key_switch(&x.estimate),
        }
    }),
    ("conjugate", |s, x, _| Walk {
        ciphertext: s.evaluator.conjugate(&x.ciphertext).unwrap(),
        exact: x.exact.iter().map(|z| z.conj()).collect(),
        estimate: s.model.key_switch(&x.estimate),
    }),
    ("inner_sum", |s, x, _| {
        let slots = x.exact.len();
        let sum = |j| (0..4).map(|k| x.exact[(j + k) % slots]).sum();
        Walk {
            ciphertext: s.evaluator.inner_sum(&x.ciphertext, 4).unwrap(),
            exact: (0..slots).map(sum).collect(),
            estimate: s.model.inner_sum(&x.estimate, 4),
        }
    }),
];

fn add(s: &Setup, x: &Walk, y: &Walk) -> Walk {
    Walk {
        ciphertext: s.evaluator.add(&x.ciphertext, &y.ciphertext).unwrap(),
        exact: x.exact.iter().zip(&y.exact).map(|(x, y)| x + y).collect(),
        estimate: s.model.add(&x.estimate, &y.estimate),
    }
}

fn multiply_plain(s: &Setup, x: &Walk) -> Walk {
    let (level, scale) = (x.ciphertext.level(), x.ciphertext.scale());
    let plain = s.encoder.encode_at(&x.exact, level, scale).unwrap();
    let estimate = s.encoded(&x.exact, level, scale);
    Walk {
        ciphertext: s.evaluator.multiply_plain(&x.ciphertext, &plain).unwrap(),
        exact: x.exact.iter().map(|z| z * z).collect(),
        estimate: s.model.multiply(&x.estimate, &estimate),
    }
}

fn multiply_scalar(s: &Setup, x: &Walk) -> Walk {
    let (value, scale) = (Complex64::new(0.3, -0.7), 2f64.powi(30));
    let product = s.evaluator.multiply_scalar(&x.ciphertext, value, scale);
    let scalar = s.model.scalar(value.norm(), scale, x.ciphertext.level());
    Walk {
        ciphertext: product.unwrap(),
        exact: x.exact.iter().map(|z| z * value).collect(),
        estimate: s.model.multiply(&x.estimate, &scalar),
    }
}

#[test]
fn measured_errors_are_within_their_bounds_and_not_far_below() {
    for degree in [1024, 4096] {
        let mut s = Setup::small(degree);
        for encryption in [Encryption::Symmetric, Encryption::Public] {
            // Slots and coefficients: the largest measured share of the bound.
            let mut shares = [[0f64; 2]; STEPS.len()];
            for message in extremes(s.slots()) {
                let zeros = [s.zero(encryption), s.zero(encryption)];
                let [x, y] = zeros.map(|zero| s.start(&zero, encryption, &message));
                for ((name, step), shares) in STEPS.iter().zip(&mut shares) {
                    let result = step(&s, &x, &y);
                    let (e, m) = (&result.estimate, &s.model);
                    assert_eq!(e.level, result.ciphertext.level());
                    assert!((e.scale / result.ciphertext.scale() - 1.0).abs() < 1e-12);
                    let share = [
                        s.slot_error(&result) / m.slot_error(e),
                        // The reference is encoded, so it is rounded itself.
                        (s.coefficient_error(&result) - 0.5) / m.coefficient_error(e),
                    ];
                    let what = format!("{name}, N = {degree}, {encryption:?}: {share:?}");
                    assert!(share.iter().all(|&share| share <= 1.0), "{what}");
                    assert!(m.slot_error(e) <= m.worst_slot_error(e), "{what}");
                    assert!(m.headroom_bits(e) > 0.0, "{what}");
                    for (most, share) in shares.iter_mut().zip(share) {
                        *most = most.max(share);
                    }
                }
            }
            for ((name, _), shares) in STEPS.iter().zip(shares) {
                let loose = shares.map(|share| -share.log2());
                let what = format!("{name}, N = {degree}, {encryption:?}: {loose:?} bits");
                assert!(loose.iter().all(|&bits| bits <= 6.0), "{what}");
            }
        }
    }
}

#[test]
fn no_message_found_by_search_passes_the_bound() {
    for (degree, rounds) in [(1024, 120), (8192, 12)] {
        let mut s = Setup::small(degree);
        for encryption in [Encryption::Symmetric, Encryption::Public] {
            let zeros = [s.zero(encryption), s.zero(encryption)];
            for (name, step) in STEPS {
                if !["multiply, rescale", "square", "rotate"].contains(&name) {
                    continue;
                }
                let share = climb(s.slots(), rounds, |message| {
                    let [x, y] = [&zeros[0], &zeros[1]].map(|z| s.start(z, encryption, message));
                    let result = step(&s, &x, &y);
                    s.slot_error(&result) / s.model.slot_error(&result.estimate)
                });
                assert!(share <= 1.0, "{name}, N = {degree}: {share}");
            }
        }
    }
}

#[test]
fn sums_of_separate_encryptions_grow_like_the_root_of_their_number() {
    let mut s = Setup::small(1024);
    let message = vec![Complex64::ZERO; s.slots()];
    let zero = s.zero(Encryption::Public);
    let mut sum = s.start(&zero, Encryption::Public, &message);
    for _ in 1..64 {
        let zero = s.zero(Encryption::Public);
        let next = s.start(&zero, Encryption::Public, &message);
        let estimate = s.model.add_independent(&sum.estimate, &next.estimate);
        let added = s
            .evaluator
            .add_assign(&mut sum.ciphertext, &next.ciphertext);
        added.unwrap();
        sum.estimate = estimate;
    }
    let share = s.slot_error(&sum) / s.model.slot_error(&sum.estimate);
    assert!((2f64.powi(-6)..=1.0).contains(&share), "{share}");
}
