use super::*;
use crate::ckks::{Parameters, ParametersLiteral};
use crate::params::SecurityTable;
use crate::ring::{Automorphism, conjugation_element, rotation_element};
use num_bigint::BigInt;
use proptest::prelude::*;
use rustfft::num_traits::{FromPrimitive, ToPrimitive};

/// `primes` of about 45 bits that suit every degree to 32,768.
fn context(degree: usize, primes: usize) -> Arc<Context> {
    let step = 65_536;
    let candidates = (0u64..).map(|i| (1 << 45) + 1 - (i + 1) * step);
    let data_moduli = candidates
        .filter(|&q| concrete_ntt::prime::is_prime64(q))
        .take(primes)
        .collect();
    let literal = ParametersLiteral {
        degree,
        data_moduli,
        special_moduli: Vec::new(),
        log2_scale: 40,
        table: SecurityTable::default(),
        allow_insecure: true,
    };
    Context::new(&Parameters::new(&literal).unwrap()).unwrap()
}

pub(in crate::ckks) fn encoder(degree: usize, primes: usize) -> Encoder {
    Encoder::new(&context(degree, primes)).unwrap()
}

/// Numbers in the unit square, from a fixed sequence.
fn numbers(count: usize, mut state: u64) -> Vec<Complex64> {
    let mut one = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 11) as f64 / f64::from(52).exp2() - 1.0
    };
    (0..count).map(|_| Complex64::new(one(), one())).collect()
}

fn distance(left: &[Complex64], right: &[Complex64]) -> f64 {
    assert_eq!(left.len(), right.len());
    let one = |(a, b): (&Complex64, &Complex64)| (a - b).norm();
    left.iter().zip(right).map(one).fold(0.0, f64::max)
}

/// A plaintext with these coefficients, whatever their size.
fn plaintext(encoder: &Encoder, level: usize, coefficients: &[BigInt], scale: f64) -> Plaintext {
    let ring = encoder.context.level_ring(level).unwrap();
    let mut words = Vec::new();
    for m in ring.moduli() {
        let q = BigInt::from(m.value());
        let residue = |x: &BigInt| u64::try_from(((x % &q) + &q) % &q).unwrap();
        words.extend(coefficients.iter().map(residue));
    }
    let poly = Poly::from_words(ring, words).unwrap();
    Plaintext {
        context: Arc::clone(&encoder.context),
        poly: poly.into_evaluation().unwrap(),
        scale,
    }
}

fn modulus(encoder: &Encoder, level: usize) -> BigInt {
    let ring = encoder.context.level_ring(level).unwrap();
    ring.moduli().map(|m| BigInt::from(m.value())).product()
}

#[test]
fn every_degree_gives_back_what_it_took() {
    for log2 in 5..=15 {
        let encoder = encoder(1 << log2, 2);
        let values = numbers(1 << (log2 - 1), log2);
        let bound = 2.0 * f64::from(1 << (log2 - 1)) / f64::from(40).exp2();
        let encoded = encoder.encode_complex(&values).unwrap();
        assert_eq!((encoded.level(), encoded.scale()), (1, 2f64.powi(40)));
        let decoded = encoder.decode_complex(&encoded).unwrap();
        assert!(distance(&decoded, &values) < bound, "2^{log2}");
        let real: Vec<f64> = values.iter().map(|z| z.im).collect();
        let decoded = encoder.decode(&encoder.encode(&real).unwrap()).unwrap();
        let worst = real.iter().zip(&decoded).map(|(a, b)| (a - b).abs());
        assert!(worst.fold(0.0, f64::max) < bound, "2^{log2}");
        for count in [1, 2, 1 << (log2 - 2), 1 << (log2 - 1)] {
            let sparse = encoder
                .encode_sparse(&values[..count], 0, 2f64.powi(35))
                .unwrap();
            let decoded = encoder.decode_sparse(&sparse, count).unwrap();
            assert!(distance(&decoded, &values[..count]) < 32.0 * bound);
            let all = encoder.decode_complex(&sparse).unwrap();
            assert!(
                all.chunks(count)
                    .all(|part| distance(part, &values[..count]) < 32.0 * bound)
            );
        }
    }
}

#[test]
fn shorter_vectors_are_padded_with_zeros() {
    let encoder = encoder(64, 1);
    let decoded = encoder
        .decode(&encoder.encode(&[1.5, -2.0]).unwrap())
        .unwrap();
    let expected = [1.5, -2.0].into_iter().chain(std::iter::repeat_n(0.0, 30));
    assert!(
        decoded
            .iter()
            .zip(expected)
            .all(|(a, b)| (a - b).abs() < 1e-9)
    );
    assert!(
        encoder
            .decode(&encoder.encode(&[]).unwrap())
            .unwrap()
            .iter()
            .all(|&x| x == 0.0)
    );
}

#[test]
fn constants_are_constant_polynomials() {
    // 1 in every slot is the polynomial 1, i is X^(N/2).
    let encoder = encoder(128, 2);
    for (value, place) in [(Complex64::new(1.0, 0.0), 0), (Complex64::i(), 64)] {
        let encoded = encoder.encode_complex(&[value; 64]).unwrap();
        let coefficients = encoder.coefficients_exact(&encoded).unwrap();
        for (k, m) in coefficients.into_iter().enumerate() {
            assert_eq!(m, BigInt::from(u64::from(k == place) << 40), "X^{k}");
        }
    }
}

#[test]
fn products_of_elements_are_products_of_slots() {
    let encoder = encoder(256, 2);
    let (a, b) = (numbers(128, 5), numbers(128, 6));
    let scale = 2f64.powi(30);
    let [x, y] = [&a, &b].map(|z| encoder.encode_at(z, 1, scale).unwrap());
    let product = Plaintext {
        context: Arc::clone(&encoder.context),
        poly: x.poly.mul(&y.poly).unwrap(),
        scale: scale * scale,
    };
    let expected: Vec<Complex64> = a.iter().zip(&b).map(|(a, b)| a * b).collect();
    assert!(distance(&encoder.decode_complex(&product).unwrap(), &expected) < 1e-6);
}

#[test]
fn automorphisms_rotate_and_conjugate_slots() {
    let encoder = encoder(256, 2);
    let values = numbers(128, 7);
    let encoded = encoder.encode_complex(&values).unwrap();
    let ring = encoded.poly.context();
    let moved = |element| Plaintext {
        context: Arc::clone(&encoder.context),
        poly: Automorphism::new(ring, element)
            .unwrap()
            .apply(&encoded.poly)
            .unwrap(),
        scale: encoded.scale,
    };
    for steps in [0i64, 1, 5, 127, -3] {
        let mut rotated = values.clone();
        rotated.rotate_left(steps.rem_euclid(128) as usize);
        let decoded = encoder
            .decode_complex(&moved(rotation_element(256, steps)))
            .unwrap();
        assert!(distance(&decoded, &rotated) < 1e-9, "{steps}");
    }
    let conjugate: Vec<Complex64> = values.iter().map(Complex64::conj).collect();
    let decoded = encoder
        .decode_complex(&moved(conjugation_element(256)))
        .unwrap();
    assert!(distance(&decoded, &conjugate) < 1e-9);
}

#[test]
fn large_scales_are_exact() {
    let encoder = encoder(32, 8);
    let mut values: Vec<f64> = (0..32).map(|k| (f64::from(k) - 16.0) * 1.2345).collect();
    values[3] = 1.0;
    values[4] = -2f64.powi(-119);
    values[5] = 2f64.powi(-121);
    for log2 in [52, 62, 64, 100, 120, 240, 350] {
        let scale = 2f64.powi(log2);
        let encoded = encoder.encode_coefficients(&values, 7, scale).unwrap();
        let got = encoder.coefficients_exact(&encoded).unwrap();
        for (m, &value) in got.iter().zip(&values) {
            let rounded = (value * scale).round_ties_even();
            assert_eq!(*m, BigInt::from_f64(rounded).unwrap(), "2^{log2} {value}");
        }
        let decoded = encoder.decode_coefficients(&encoded).unwrap();
        for (&got, &value) in decoded.iter().zip(&values) {
            assert!((got - value).abs() <= 17.0 * f64::EPSILON * value.abs() + 1.0 / scale);
        }
    }
}

#[test]
fn the_fast_path_agrees_with_exact_composition_at_the_edges() {
    let encoder = encoder(64, 8);
    for level in 0..8 {
        let q = modulus(&encoder, level);
        let half: BigInt = (&q - 1) / 2;
        let mut edges = vec![half.clone(), -half.clone(), &half - 1, BigInt::ZERO];
        let mut product = BigInt::from(1);
        for m in encoder.context.level_ring(level).unwrap().moduli() {
            // Where a digit turns over, and where the columns end.
            product *= m.value();
            for near in [
                (&product - 1) / 2,
                (&product + 1) / 2,
                product.clone(),
                &product - 1,
            ] {
                edges.extend([near.clone(), -near]);
            }
        }
        edges.retain(|x| x.magnitude() <= half.magnitude());
        edges.extend(
            (0..64).map(|e: u32| (&half >> (6 * e)) * if e.is_multiple_of(2) { 1 } else { -1 }),
        );
        for edges in edges.chunks(64) {
            let mut edges = edges.to_vec();
            edges.resize(64, BigInt::ZERO);
            let encoded = plaintext(&encoder, level, &edges, 1.0);
            assert_eq!(encoder.coefficients_exact(&encoded).unwrap(), edges);
            let limit = (2.0 * level as f64 + 3.0) * f64::EPSILON / 2.0;
            let got = encoder.decode_coefficients(&encoded).unwrap();
            for (got, exact) in got.iter().zip(&edges) {
                let exact = exact.to_f64().unwrap();
                // The oracle's own rounding is half a bit.
                let allowed = exact.abs() * (limit + f64::EPSILON / 2.0);
                assert!(
                    (got - exact).abs() <= allowed,
                    "level {level}: {got} {exact}"
                );
            }
            let (fast, exact) = (
                encoder.decode_complex(&encoded),
                encoder.decode_exact(&encoded),
            );
            let (fast, exact) = (fast.unwrap(), exact.unwrap());
            let largest = exact.iter().map(|z| z.norm()).fold(0.0, f64::max);
            assert!(distance(&fast, &exact) <= 1e-14 * largest);
        }
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let encoder = encoder(64, 2);
    let scale = 2f64.powi(40);
    let zero = Complex64::default();
    assert!(matches!(
        encoder.encode_at(&[zero; 33], 1, scale),
        Err(Error::TooManyValues {
            got: 33,
            max: 32,
            ..
        })
    ));
    assert!(matches!(
        encoder.encode_coefficients(&[0.0; 65], 1, scale),
        Err(Error::TooManyValues {
            got: 65,
            max: 64,
            ..
        })
    ));
    for got in [0, 3, 64] {
        let refused = encoder.encode_sparse(&vec![zero; got], 1, scale);
        assert!(matches!(refused, Err(Error::SparseCount { slots: 32, .. })));
        let encoded = encoder.encode(&[1.0]).unwrap();
        assert!(matches!(
            encoder.decode_sparse(&encoded, got),
            Err(Error::SparseCount { .. })
        ));
    }
    for bad in [0.0, 0.999, -1.0, f64::NAN, f64::INFINITY] {
        assert!(matches!(
            encoder.encode_at(&[zero], 1, bad),
            Err(Error::BadScale { .. })
        ));
    }
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let refused = encoder.encode(&[1.0, 2.0, bad]);
        assert!(matches!(refused, Err(Error::NotFinite { index: 2, .. })));
        let refused = encoder.encode_complex(&[Complex64::new(0.0, bad)]);
        assert!(matches!(refused, Err(Error::NotFinite { index: 0, .. })));
        let refused = encoder.encode_coefficients(&[0.0, bad], 1, scale);
        assert!(matches!(refused, Err(Error::NotFinite { index: 1, .. })));
    }
    assert!(matches!(
        encoder.encode_at(&[zero], 2, scale),
        Err(Error::OutOfLevels {
            needed: 2,
            left: 1,
            ..
        })
    ));
    // Two primes of 45 bits: half their product is 2^89.
    assert!(encoder.encode(&[2f64.powi(48)]).is_ok());
    let message = encoder.encode(&[2f64.powi(55)]).unwrap_err().to_string();
    assert!(
        message.contains("2^90.00") && message.contains("2^89.00") && message.contains("level 1"),
        "{message}"
    );
    assert!(encoder.encode(&[f64::MAX; 32]).is_err());
    let half = modulus(&encoder, 0).to_f64().unwrap() / 2.0;
    assert!(encoder.encode_coefficients(&[half - 1.0], 0, 1.0).is_ok());
    assert!(encoder.encode_coefficients(&[-half - 1.0], 0, 1.0).is_err());
    let foreign = super::tests::encoder(64, 3).encode(&[1.0]).unwrap();
    assert!(matches!(
        encoder.decode(&foreign),
        Err(Error::ContextMismatch { .. })
    ));
}

proptest! {
    #[test]
    fn decoding_inverts_encoding(
        parts in prop::collection::vec(prop::array::uniform2(-1e6f64..1e6), 0..=64),
        log2_scale in 30..60i32, level in 1usize..4,
    ) {
        let encoder = encoder(128, 4);
        let values: Vec<Complex64> = parts.iter().map(|p| Complex64::new(p[0], p[1])).collect();
        let scale = f64::from(log2_scale).exp2();
        let encoded = encoder.encode_at(&values, level, scale).unwrap();
        let decoded = encoder.decode_complex(&encoded).unwrap();
        let (given, rest) = decoded.split_at(values.len());
        let bound = 64.0 / scale + 1e-8;
        prop_assert!(distance(given, &values) < bound);
        prop_assert!(rest.iter().all(|z| z.norm() < bound));
        prop_assert!(distance(&encoder.decode_exact(&encoded).unwrap(), &decoded) < 1e-8);
    }

    #[test]
    fn addition_is_slot_by_slot(a in prop::array::uniform8(-1e3f64..1e3), b in prop::array::uniform8(-1e3f64..1e3)) {
        let encoder = encoder(32, 2);
        let mut sum = encoder.encode(&a).unwrap();
        sum.poly.add_assign(&encoder.encode(&b).unwrap().poly).unwrap();
        let decoded = encoder.decode(&sum).unwrap();
        for (got, (a, b)) in decoded.iter().zip(a.iter().zip(&b)) {
            prop_assert!((got - (a + b)).abs() < 1e-9);
        }
    }
}
