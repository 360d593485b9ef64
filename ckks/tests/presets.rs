//! Every preset from encoding to decoding, through bytes at every step.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

use halfmask_ckks::ckks::{
    Ciphertext, Complex64, Context, Encoder, EvaluationKeys, Evaluator, Parameters, Plaintext,
    Preset, PublicKey, SecretKey, SeededCiphertext,
};
use halfmask_ckks::{PublicSeed, SecureRng};
use std::sync::Arc;

/// The worst slot of `got` against `expected`, in bits: -log2 |error|.
fn worst_bits(got: &[Complex64], expected: &[Complex64]) -> f64 {
    let error = |(x, y): (&Complex64, &Complex64)| (x - y).norm();
    let worst = got.iter().zip(expected).map(error).fold(0.0, f64::max);
    -worst.log2()
}

fn end_to_end(preset: Preset) {
    let mut rng = SecureRng::from_os().unwrap();
    let parameters = Parameters::preset(preset).unwrap();
    let parameters = Parameters::from_bytes(&parameters.to_bytes()).unwrap();
    let context = Context::new(&parameters).unwrap();
    let encoder = Encoder::new(&context).unwrap();

    // The holder of the secret.
    let secret = SecretKey::generate(&context, &mut rng);
    let secret = SecretKey::from_bytes(&context, &secret.to_bytes()).unwrap();
    let public = PublicKey::generate(&secret, &mut rng).unwrap();
    let keys = EvaluationKeys::builder(&secret)
        .relinearization()
        .rotations(&[1])
        .conjugation()
        .build(&mut rng)
        .unwrap();

    // Whoever encrypts.
    let slots = context.slots();
    let wave = |factor: f64| -> Vec<Complex64> {
        let slot = |j: usize| Complex64::from_polar(1.0, factor * j as f64);
        (0..slots).map(slot).collect()
    };
    let (x, y) = (wave(0.37), wave(1.91));
    let public = PublicKey::from_bytes(&context, &public.to_bytes()).unwrap();
    let plain = |values: &[Complex64]| {
        let bytes = encoder.encode_complex(values).unwrap().to_bytes();
        Plaintext::from_bytes(&context, &bytes).unwrap()
    };
    let mut seed = PublicSeed::generate(&mut rng);
    let sent_x = secret.encrypt(&plain(&x), &mut seed, &mut rng).unwrap();
    let sent_y = public.encrypt(&plain(&y), &mut rng).unwrap();

    // Whoever computes: (x y rotated by 1) + conj(x y).
    let keys = EvaluationKeys::from_bytes(&context, &keys.to_bytes()).unwrap();
    let evaluator = Evaluator::new(&context, Arc::new(keys)).unwrap();
    let received_x = SeededCiphertext::from_bytes(&context, &sent_x.to_bytes()).unwrap();
    let received_y = Ciphertext::from_bytes(&context, &sent_y.to_bytes()).unwrap();
    let product = evaluator
        .multiply_relinearize(&received_x.expand(), &received_y)
        .unwrap();
    let product = evaluator.rescale(&product).unwrap();
    let rotated = evaluator.rotate(&product, 1).unwrap();
    let conjugated = evaluator.conjugate(&product).unwrap();
    let sum = evaluator.add(&rotated, &conjugated).unwrap();
    assert_eq!(sum.level(), parameters.max_level() - 1);

    let sum = Ciphertext::from_bytes(&context, &sum.to_bytes()).unwrap();
    let decrypted = secret.decrypt(&sum).unwrap();
    let got = encoder.decode_complex(&decrypted).unwrap();
    let expected: Vec<Complex64> = (0..slots)
        .map(|j| x[(j + 1) % slots] * y[(j + 1) % slots] + (x[j] * y[j]).conj())
        .collect();
    let bits = worst_bits(&got, &expected);
    // The error in a slot, for the largest degree: about 2^14 from the rescale's rounding, and as much
    // from what was encrypted; times 2^3 for the worst of all slots.
    let wanted = sum.scale().log2() - 18.0;
    assert!(bits >= wanted, "{preset:?}: {bits:.1} bits, not {wanted}");
}

#[test]
fn every_preset_runs_end_to_end() {
    for preset in Preset::ALL {
        end_to_end(preset);
    }
}
