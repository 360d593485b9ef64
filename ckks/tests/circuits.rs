//! Circuits on ciphertexts against their twins in the clear.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a test that cannot be set up must stop"
)]

use halfmask_ckks::SecureRng;
use halfmask_ckks::ckks::circuits::{
    Convolution, ConvolutionShape, Layout, LinearTransform, Polynomial, Twin,
};
use halfmask_ckks::ckks::{
    Ciphertext, Context, Encoder, Error, EvaluationKeys, Evaluator, Parameters, ParametersLiteral,
    Preset, SecretKey,
};
use std::sync::Arc;

/// A key holder and an evaluator of one context.
struct Parties {
    context: Arc<Context>,
    encoder: Encoder,
    secret: SecretKey,
    evaluator: Evaluator,
    rng: SecureRng,
}

impl Parties {
    fn new(parameters: &Parameters, rotations: &[i64]) -> Self {
        let context = Context::new(parameters).unwrap();
        let mut rng = SecureRng::from_os().unwrap();
        let secret = SecretKey::generate(&context, &mut rng);
        let keys = EvaluationKeys::builder(&secret)
            .relinearization()
            .rotations(rotations)
            .build(&mut rng)
            .unwrap();
        Self {
            encoder: Encoder::new(&context).unwrap(),
            evaluator: Evaluator::new(&context, Arc::new(keys)).unwrap(),
            context,
            secret,
            rng,
        }
    }

    fn encrypt(&mut self, values: &[f64]) -> Ciphertext {
        let mut seed = halfmask_ckks::PublicSeed::generate(&mut self.rng);
        let plaintext = self.encoder.encode(values).unwrap();
        let sent = self.secret.encrypt(&plaintext, &mut seed, &mut self.rng);
        sent.unwrap().expand()
    }

    fn decrypt(&self, ciphertext: &Ciphertext) -> Vec<f64> {
        let plaintext = self.secret.decrypt(ciphertext).unwrap();
        self.encoder.decode(&plaintext).unwrap()
    }
}

/// Small and insecure: `levels` primes of 40 bits over one of 50.
fn small(degree: usize, levels: usize) -> Parameters {
    let mut bits = vec![40; levels + 1];
    bits[0] = 50;
    let literal = ParametersLiteral::from_bits(degree, &bits, &[50], 40).unwrap();
    let allow_insecure = true;
    Parameters::new(&ParametersLiteral {
        allow_insecure,
        ..literal
    })
    .unwrap()
}

/// Values in (-1, 1) that look random.
fn values(count: usize) -> Vec<f64> {
    let golden = (5f64.sqrt() - 1.0) / 2.0;
    (0..count)
        .map(|i| 2.0 * ((i as f64 + 0.5) * golden).fract() - 1.0)
        .collect()
}

/// Every slot within `bound`, and the books kept alike.
fn assert_twins(
    parties: &Parties,
    got: &Ciphertext,
    expected: &halfmask_ckks::ckks::circuits::TwinVector,
    bound: f64,
) {
    assert_eq!(got.level(), expected.level());
    assert!((got.scale() / expected.scale() - 1.0).abs() < 1e-9);
    let error = parties
        .decrypt(got)
        .iter()
        .zip(expected.real())
        .map(|(x, y)| (x - y).abs())
        .fold(0.0, f64::max);
    assert!(error < bound, "error 2^{:.1}", error.log2());
    assert!(error > 0.0, "an encrypted result has noise");
}

fn matrix(parameters: &Parameters, [rows, columns]: [usize; 2], bound: f64) {
    let context = Context::new(parameters).unwrap();
    let matrix = values(rows * columns);
    let plan = LinearTransform::plan(&context, &matrix, [rows, columns]).unwrap();
    let mut parties = Parties::new(parameters, &plan.rotations());
    let x = plan.pack(&values(columns)).unwrap();
    let ciphertext = parties.encrypt(&x);
    let level = ciphertext.level();
    let encoded = plan.encode(&parties.encoder, level).unwrap();
    let y = encoded.apply(&parties.evaluator, &ciphertext).unwrap();
    let twin = Twin::new(&parties.context);
    let expected = plan.encode(&twin, level).unwrap();
    let expected = expected.apply(&twin, &twin.real_vector(&x).unwrap());
    assert_twins(&parties, &y, &expected.unwrap(), bound);
}

#[test]
fn matrix_vector_products() {
    for shape in [[16, 16], [3, 100], [100, 3], [256, 256]] {
        matrix(&small(1024, 2), shape, 2f64.powi(-22));
    }
}

#[test]
fn matrix_vector_product_at_a_secure_preset() {
    matrix(
        &Parameters::preset(Preset::N8192).unwrap(),
        [10, 64],
        2f64.powi(-20),
    );
}

#[test]
fn two_convolutions_in_a_row() {
    let parameters = small(2048, 3);
    let context = Context::new(&parameters).unwrap();
    let first = ConvolutionShape {
        channels: 4,
        kernel: 3,
        stride: 2,
        padding: 1,
    };
    let second = ConvolutionShape {
        channels: 2,
        stride: 1,
        ..first
    };
    let input = Layout::packed(1, 12, 12).unwrap();
    let first = Convolution::plan(&context, input, first, &values(36)).unwrap();
    let second = Convolution::plan(&context, first.output(), second, &values(72)).unwrap();
    let mut rotations = first.rotations();
    rotations.extend(second.rotations());
    let mut parties = Parties::new(&parameters, &rotations);

    let x = input.pack(&values(144), context.slots()).unwrap();
    let mut encrypted = parties.encrypt(&x);
    let twin = Twin::new(&parties.context);
    let mut clear = twin.real_vector(&x).unwrap();
    for plan in [&first, &second] {
        let level = encrypted.level();
        let masks = plan.encode(&parties.encoder, level).unwrap();
        encrypted = masks.apply(&parties.evaluator, &encrypted).unwrap();
        let masks = plan.encode(&twin, level).unwrap();
        clear = masks.apply(&twin, &clear).unwrap();
        assert_twins(&parties, &encrypted, &clear, 2f64.powi(-20));
    }
}

fn polynomial(parties: &mut Parties, polynomial: &Polynomial, interval: [f64; 2], bound: f64) {
    let [from, to] = interval;
    let x: Vec<f64> = values(parties.context.slots())
        .iter()
        .map(|x| from + (to - from) * (x + 1.0) / 2.0)
        .collect();
    let ciphertext = parties.encrypt(&x);
    let y = polynomial
        .evaluate(&parties.evaluator, &ciphertext)
        .unwrap();
    assert_eq!(y.level(), ciphertext.level() - polynomial.depth());
    let twin = Twin::new(&parties.context);
    let expected = polynomial.evaluate(&twin, &twin.real_vector(&x).unwrap());
    let expected = expected.unwrap();
    assert_twins(parties, &y, &expected, bound);
    for (x, y) in x.iter().zip(expected.real()) {
        assert!((polynomial.value(*x) - y).abs() < 1e-10);
    }
}

#[test]
fn polynomials_of_all_degrees() {
    let mut parties = Parties::new(&small(1024, 5), &[]);
    for degree in 1..=31 {
        let coefficients = values(degree + 1);
        let power = Polynomial::power(&coefficients).unwrap();
        polynomial(&mut parties, &power, [-1.0, 1.0], 2f64.powi(-20));
        let chebyshev = Polynomial::chebyshev(&coefficients, -1.0..1.0).unwrap();
        polynomial(&mut parties, &chebyshev, [-1.0, 1.0], 2f64.powi(-20));
    }
}

#[test]
fn functions_on_intervals() {
    let mut parties = Parties::new(&small(1024, 7), &[]);
    let logistic = |x: f64| 1.0 / (1.0 + (-x).exp());
    let soft_relu = |x: f64| (x + (x * x + 0.5).sqrt()) / 2.0;
    type Case = (fn(f64) -> f64, usize, [f64; 2]);
    let cases: [Case; 3] = [
        (logistic, 31, [-8.0, 8.0]),
        (soft_relu, 63, [-4.0, 4.0]),
        (f64::exp, 12, [-2.0, 1.0]),
    ];
    for (f, degree, [from, to]) in cases {
        let interpolation = Polynomial::chebyshev_interpolate(f, degree, from..to).unwrap();
        polynomial(&mut parties, &interpolation, [from, to], 2f64.powi(-18));
    }
}

#[test]
fn polynomial_at_a_secure_preset() {
    let mut parties = Parties::new(&Parameters::preset(Preset::N16384).unwrap(), &[]);
    let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
    let sigmoid = Polynomial::chebyshev_interpolate(sigmoid, 15, -6.0..6.0).unwrap();
    polynomial(&mut parties, &sigmoid, [-6.0, 6.0], 2f64.powi(-18));
}

#[test]
fn what_is_missing_is_named() {
    let parameters = small(1024, 2);
    let context = Context::new(&parameters).unwrap();
    let plan = LinearTransform::plan(&context, &values(64), [8, 8]).unwrap();
    let mut parties = Parties::new(&parameters, &[]);
    let ciphertext = parties.encrypt(&[1.0]);
    let encoded = plan.encode(&parties.encoder, ciphertext.level()).unwrap();
    let error = encoded.apply(&parties.evaluator, &ciphertext).unwrap_err();
    assert!(matches!(error, Error::MissingRotationKey { .. }), "{error}");
    let deep = Polynomial::power(&[1.0; 16]).unwrap();
    let error = deep.evaluate(&parties.evaluator, &ciphertext).unwrap_err();
    let message = error.to_string();
    assert!(message.contains("needs 4 levels, 2 are left"), "{message}");
}
