//! The noise of fresh ciphertexts, and what must not depend on how they are made.

use super::*;
use crate::Coefficient;
use crate::ckks::{Parameters, ParametersLiteral, Preset};

fn small_context() -> Arc<Context> {
    let mut literal =
        ParametersLiteral::from_bits(256, &[50, 40, 40, 40, 40], &[50; 2], 40).unwrap();
    literal.allow_insecure = true;
    Context::new(&Parameters::new(&literal).unwrap()).unwrap()
}

/// Any element: the scheme does not look into its plaintexts.
pub(crate) fn plaintext(context: &Arc<Context>, level: usize, rng: &mut SecureRng) -> Plaintext {
    let ring = context.level_ring(level).unwrap();
    let mut poly = Poly::zero(ring);
    let seed = PublicSeed::generate(rng);
    sample::expand_element(context.simd(), seed.bytes(), 0, ring, poly.words_mut());
    Plaintext {
        context: Arc::clone(context),
        poly,
        scale: 2f64.powi(30),
    }
}

/// Coefficients of the difference, centred; it must be small in all limbs alike.
pub(crate) fn difference(left: &Plaintext, right: &Plaintext) -> Vec<i64> {
    let mut poly = left.poly.clone();
    poly.sub_assign(&right.poly).unwrap();
    let poly: Poly<Coefficient, u64> = poly.into_coefficient().unwrap();
    let limbs = poly
        .context()
        .moduli()
        .zip(poly.words().chunks(poly.context().degree()));
    let mut limbs = limbs.map(|(q, limb)| limb.iter().map(|&x| q.centre(x)).collect::<Vec<_>>());
    let first = limbs.next().unwrap();
    assert!(limbs.all(|limb| limb == first), "limbs disagree");
    first
}

pub(crate) fn variance(noise: &[i64]) -> f64 {
    noise.iter().map(|&x| (x as f64).powi(2)).sum::<f64>() / noise.len() as f64
}

#[test]
fn noise_is_within_its_bound_at_every_level_of_every_preset() {
    let contexts = Preset::ALL.map(|p| Context::new(&Parameters::preset(p).unwrap()).unwrap());
    for context in contexts.into_iter().chain([small_context()]) {
        let mut rng = SecureRng::from_seed([1; 32]);
        let secret = SecretKey::generate(&context, &mut rng);
        let public = PublicKey::generate(&secret, &mut rng).unwrap();
        let mut seed = PublicSeed::generate(&mut rng);
        let n = context.degree() as f64;
        for level in 0..=context.parameters().max_level() {
            let plain = plaintext(&context, level, &mut rng);
            let sent = secret.encrypt(&plain, &mut seed, &mut rng).unwrap();
            let symmetric = secret.decrypt(&sent.expand()).unwrap();
            assert_eq!(
                (symmetric.level(), symmetric.scale()),
                (level, plain.scale())
            );
            let noise = difference(&symmetric, &plain);
            assert!(noise.iter().all(|e| e.abs() <= 21));
            assert!((variance(&noise) / 10.5 - 1.0).abs() < 10.0 / n.sqrt());

            let received = public.encrypt(&plain, &mut rng).unwrap();
            assert_eq!((received.level(), received.power()), (level, 1));
            let noise = difference(&secret.decrypt(&received).unwrap(), &plain);
            let expected = (1.0 + 2.0 * n / 3.0) / 12.0;
            assert!((variance(&noise) / expected - 1.0).abs() < 16.0 / n.sqrt());
        }
    }
}

#[test]
fn public_noise_is_whole_without_special_primes() {
    let mut literal = ParametersLiteral::from_bits(1024, &[50, 40], &[], 40).unwrap();
    literal.allow_insecure = true;
    let context = Context::new(&Parameters::new(&literal).unwrap()).unwrap();
    let mut rng = SecureRng::from_seed([7; 32]);
    let secret = SecretKey::generate(&context, &mut rng);
    let public = PublicKey::generate(&secret, &mut rng).unwrap();
    for level in 0..2 {
        let plain = plaintext(&context, level, &mut rng);
        let received = public.encrypt(&plain, &mut rng).unwrap();
        let noise = difference(&secret.decrypt(&received).unwrap(), &plain);
        let expected = 10.5 * (4.0 * 1024.0 / 3.0 + 1.0);
        assert!((variance(&noise) / expected - 1.0).abs() < 0.5);
    }
}

#[test]
fn the_expansion_is_the_seed_s_element_and_indices_differ() {
    let context = small_context();
    let mut rng = SecureRng::from_seed([2; 32]);
    let secret = SecretKey::generate(&context, &mut rng);
    let mut seed = PublicSeed::generate(&mut rng);
    let plain = plaintext(&context, 2, &mut rng);
    let first = secret.encrypt(&plain, &mut seed, &mut rng).unwrap();
    let second = secret.encrypt(&plain, &mut seed, &mut rng).unwrap();
    assert_eq!((first.index(), second.index()), (0, 1));
    assert_eq!(first.seed(), second.seed());
    let mut a = vec![0; 3 * 256];
    let ring = context.level_ring(2).unwrap();
    sample::expand_uniform(first.seed(), 0, ring, &mut a).unwrap();
    let (first, second) = (first.expand(), second.expand());
    assert_eq!(first.parts()[1].words(), a);
    assert_ne!(first.parts()[1], second.parts()[1]);
    assert_ne!(first.parts()[0], second.parts()[0]);
}

#[test]
fn foreign_operands_are_refused() {
    let mut rng = SecureRng::from_seed([3; 32]);
    let (context, other) = (small_context(), {
        let parameters = Parameters::preset(Preset::N4096).unwrap();
        Context::new(&parameters).unwrap()
    });
    let secret = SecretKey::generate(&context, &mut rng);
    let public = PublicKey::generate(&secret, &mut rng).unwrap();
    let mut seed = PublicSeed::generate(&mut rng);
    let foreign = plaintext(&other, 0, &mut rng);
    let refused = |error: Error| assert!(matches!(error, Error::ContextMismatch { .. }), "{error}");
    refused(secret.encrypt(&foreign, &mut seed, &mut rng).unwrap_err());
    refused(public.encrypt(&foreign, &mut rng).unwrap_err());
    let stranger = SecretKey::generate(&other, &mut rng);
    let sent = stranger.encrypt(&foreign, &mut seed, &mut rng).unwrap();
    refused(secret.decrypt(&sent.expand()).unwrap_err());
    let rebuilt = PublicKey::from_seed(&context, *public.seed(), public.b().clone()).unwrap();
    assert_eq!(rebuilt.a(), public.a());
    assert!(PublicKey::from_seed(&other, *public.seed(), public.b().clone()).is_err());
}

#[test]
fn secrets_do_not_show_in_debug_output() {
    let context = small_context();
    let secret = SecretKey::generate(&context, &mut SecureRng::from_seed([4; 32]));
    assert_eq!(format!("{secret:?}"), "SecretKey { degree: 256, .. }");
    let plain = plaintext(&context, 0, &mut SecureRng::from_seed([5; 32]));
    assert!(format!("{:?}", plain.poly).starts_with("Poly<Evaluation> of"));
}

#[test]
fn results_do_not_depend_on_the_number_of_threads() {
    let everything = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        pool.build().unwrap().install(|| {
            let context = small_context();
            let mut rng = SecureRng::from_seed([6; 32]);
            let secret = SecretKey::generate(&context, &mut rng);
            let public = PublicKey::generate(&secret, &mut rng).unwrap();
            let mut seed = PublicSeed::generate(&mut rng);
            let plain = plaintext(&context, 4, &mut rng);
            let sent = secret.encrypt(&plain, &mut seed, &mut rng).unwrap();
            let received = public.encrypt(&plain, &mut rng).unwrap();
            let decrypted = secret.decrypt(&received).unwrap();
            (sent.c0, received.parts, decrypted.poly.clone())
        })
    };
    let one = everything(1);
    for threads in [2, 5] {
        assert!(everything(threads) == one, "{threads} threads");
    }
}
