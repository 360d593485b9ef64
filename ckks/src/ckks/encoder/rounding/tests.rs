use super::*;
use crate::ckks::encoder::tests::encoder;
use crate::{Evaluation, Poly, sample};
use rustfft::num_complex::Complex64;

const DEGREE: usize = 1_024;

type Element = Poly<Evaluation, u64>;

/// (c_0, c_1) and what it decrypts to.
struct Sample {
    ciphertext: [Element; 2],
    decrypted: Plaintext,
}

fn small(encoder: &Encoder, sampler: impl Fn(&mut [i8])) -> Element {
    let mut small = vec![0; DEGREE];
    sampler(&mut small);
    let signed: Vec<i64> = small.into_iter().map(i64::from).collect();
    let ring = encoder.context().level_ring(1).unwrap();
    Poly::from_signed(ring, &signed)
        .unwrap()
        .into_evaluation()
        .unwrap()
}

fn secret(encoder: &Encoder) -> Element {
    let mut rng = SecureRng::from_seed([1; 32]);
    let rng = std::cell::RefCell::new(&mut rng);
    small(encoder, |out| sample::ternary(&mut rng.borrow_mut(), out))
}

/// Encrypts with the error of this seed.
fn encrypt(encoder: &Encoder, secret: &Element, values: &[f64], seed: u8) -> Sample {
    let ring = encoder.context().level_ring(1).unwrap();
    let mut words = vec![0; ring.element_words()];
    sample::expand_uniform(&[9; 32], 0, ring, &mut words).unwrap();
    let c1 = Poly::from_words(ring, words).unwrap();
    let rng = std::cell::RefCell::new(SecureRng::from_seed([seed; 32]));
    let error = small(encoder, |out| {
        sample::centred_binomial(&mut rng.borrow_mut(), out)
    });
    let mut decrypted = encoder.encode(values).unwrap();
    decrypted.poly.add_assign(&error).unwrap();
    let mut c0 = decrypted.poly.clone();
    c0.sub_assign(&c1.mul(secret).unwrap()).unwrap();
    Sample {
        ciphertext: [c0, c1],
        decrypted,
    }
}

/// (m' - c_0) / c_1 for what the attacker believes to be m + e.
fn attack(encoder: &Encoder, [c0, c1]: &[Element; 2], seen: &[Complex64]) -> Element {
    let mut numerator = encoder.encode_complex(seen).unwrap().poly.clone();
    numerator.sub_assign(c0).unwrap();
    let ring = encoder.context().level_ring(1).unwrap();
    let limbs = ring.moduli().zip(c1.words().chunks(DEGREE));
    let inverse = limbs.flat_map(|(m, limb)| {
        let q = m.value();
        assert!(limb.iter().all(|&x| x != 0), "c_1 is a unit");
        limb.iter().map(move |&x| m.pow_vartime(x, q - 2))
    });
    let inverse = Poly::from_words(ring, inverse.collect()).unwrap();
    numerator.mul(&inverse).unwrap()
}

fn complex(values: &[f64]) -> Vec<Complex64> {
    values.iter().map(|&re| Complex64::new(re, 0.0)).collect()
}

/// 21 N / scale: no error of a fresh symmetric encryption is larger in a slot.
fn error_bound() -> f64 {
    f64::from(sample::ERROR_BOUND) * DEGREE as f64 / f64::from(40).exp2()
}

fn declared(bits: i32, flooding: Flooding) -> Declared {
    Declared {
        bits,
        error_bound: error_bound(),
        flooding,
    }
}

#[test]
fn a_raw_decoding_gives_the_key_away_and_a_published_one_does_not() {
    let encoder = encoder(DEGREE, 2);
    let key = secret(&encoder);
    let values: Vec<f64> = (0..512).map(|j| f64::from(j - 256) / 256.0).collect();
    let first = encrypt(&encoder, &key, &values, 2);
    let raw = encoder.decode_complex(&first.decrypted).unwrap();
    assert_eq!(attack(&encoder, &first.ciphertext, &raw), key);

    let mut rng = SecureRng::from_seed([3; 32]);
    let declared = declared(20, Flooding::None);
    let mut publish = |sample: &Sample| {
        encoder
            .decode_published(&sample.decrypted, &declared, &mut rng)
            .unwrap()
    };
    let published = publish(&first);
    assert_eq!(published.values(), values);
    let guess = attack(&encoder, &first.ciphertext, &complex(published.values()));
    assert_ne!(guess, key);
    // Another error gives another raw decoding and the same publication: it cannot tell them apart.
    let second = encrypt(&encoder, &key, &values, 4);
    assert_ne!(encoder.decode_complex(&second.decrypted).unwrap(), raw);
    assert_eq!(publish(&second), published);
}

#[test]
fn flooding_hides_the_error_at_a_boundary() {
    let encoder = encoder(DEGREE, 2);
    let unit = f64::from(-4).exp2();
    // A message on the boundary between 0 and one unit, and errors of either sign.
    let rises = |error: f64, flooding: Flooding| {
        let values = vec![unit / 2.0 + error; DEGREE / 2];
        let plaintext = encoder.encode(&values).unwrap();
        let mut rng = SecureRng::from_seed([5; 32]);
        let declared = declared(4, flooding);
        let published = encoder
            .decode_published(&plaintext, &declared, &mut rng)
            .unwrap();
        let at = |x: &&f64| **x == unit;
        assert!(published.values().iter().all(|&x| x == 0.0 || x == unit));
        published.values().iter().filter(at).count()
    };
    let bound = error_bound() * 0.9;
    let counts = [bound, -bound].map(|error| rises(error, Flooding::None));
    assert_eq!(counts, [512, 0], "rounding alone shows the sign");
    let gaussian = Flooding::Gaussian {
        statistical_bits: 16,
        decryptions: 1,
    };
    // 512 fair coins: 256 with deviation 11.3.
    for error in [bound, -bound] {
        assert!(rises(error, gaussian).abs_diff(256) < 57);
    }
}

#[test]
fn the_deviation_is_that_of_the_theorem() {
    let flooding = Flooding::Gaussian {
        statistical_bits: 20,
        decryptions: 4,
    };
    let declared = Declared {
        bits: 4,
        error_bound: 0.5,
        flooding,
    };
    let sigma = declared.deviation(16);
    assert_eq!(sigma, 8.0 * 8.0 * 1_024.0 * 0.5);
    let divergence = 4.0 * 16.0 * 0.25 / (2.0 * sigma * sigma);
    assert_eq!(divergence, f64::from(-27).exp2());

    let mut rng = SecureRng::from_seed([6; 32]);
    let samples: Vec<f64> = (0..20_000).flat_map(|_| gaussian_pair(&mut rng)).collect();
    let moment = |power| samples.iter().map(|x| x.powi(power)).sum::<f64>() / 40_000.0;
    // Five deviations of each moment's estimate.
    for (power, expected, variance) in
        [(1, 0.0, 1.0), (2, 1.0, 2.0), (3, 0.0, 15.0), (4, 3.0, 96.0)]
    {
        let limit = 5.0 * (variance / 40_000f64).sqrt();
        assert!((moment(power) - expected).abs() < limit, "moment {power}");
    }
    assert!(samples.iter().all(|x| x.abs() < LARGEST_SAMPLE));
}

#[test]
fn precision_that_the_noise_does_not_allow_is_refused() {
    let encoder = encoder(DEGREE, 2);
    let mut rng = SecureRng::from_seed([7; 32]);
    let plaintext = encoder.encode(&[1.0]).unwrap();
    let mut decode = |declared| encoder.decode_published(&plaintext, &declared, &mut rng);
    // 21 * 1024 / 2^40 = 2^-25.6: half a unit of 2^-24 is enough, half of 2^-25 is not.
    assert!(decode(declared(24, Flooding::None)).is_ok());
    assert!(matches!(
        decode(declared(25, Flooding::None)),
        Err(Error::PrecisionNotReached { unit, error, .. })
            if unit == -25.0 && (error + 25.6).abs() < 0.1
    ));
    let flooding = Flooding::Gaussian {
        statistical_bits: 30,
        decryptions: 1_000,
    };
    assert!(decode(declared(20, flooding)).is_err());
    for bad in [f64::NAN, f64::INFINITY, -1.0] {
        let declared = Declared {
            error_bound: bad,
            ..declared(10, Flooding::None)
        };
        assert!(matches!(decode(declared), Err(Error::OutOfRange { .. })));
    }
    for (statistical_bits, decryptions) in [(0, 1), (129, 1), (1, 0), (1, u64::MAX)] {
        let flooding = Flooding::Gaussian {
            statistical_bits,
            decryptions,
        };
        assert!(matches!(
            decode(declared(0, flooding)),
            Err(Error::OutOfRange { .. })
        ));
    }
    let nothing_to_hide = Declared {
        error_bound: 0.0,
        ..declared(0, flooding)
    };
    assert!(matches!(
        decode(nothing_to_hide),
        Err(Error::OutOfRange {
            what: "error bound",
            ..
        })
    ));
    assert!(decode(declared(61, Flooding::None)).is_err());
    // A double does not have 60 fractional bits of a value near 1.
    let exact = Declared {
        bits: 60,
        error_bound: 0.0,
        flooding: Flooding::None,
    };
    assert!(decode(exact).is_err());
}

#[test]
fn published_values_serialise_as_a_list() {
    let encoder = encoder(32, 1);
    let plaintext = encoder.encode(&[0.3, -0.01]).unwrap();
    let declared = Declared {
        bits: 2,
        error_bound: 1e-6,
        flooding: Flooding::None,
    };
    let mut rng = SecureRng::from_seed([8; 32]);
    let published = encoder
        .decode_published(&plaintext, &declared, &mut rng)
        .unwrap();
    let json = serde_json::to_string(&published).unwrap();
    assert!(json.starts_with("[0.25,0.0,0.0,"), "{json}");
}
