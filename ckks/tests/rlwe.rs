//! Keys, encryption and re-randomisation through the public interface, against references that share no
//! code with the crate.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

mod common;

use common::*;
use halfmask_ckks::{
    Ciphertext, CiphertextBatch, ErrorTerm, Poly, PublicKey, PublicSeed, RingContext, SecretKey,
    SecureRng, Word, sample,
};
use std::sync::Arc;

#[test]
fn secrets_are_ternary_and_balanced() {
    let mut rng = SecureRng::from_os().unwrap();
    let mut counts = [0u32; 3];
    for _ in 0..20 {
        let secret = SecretKey::generate(&context(), &mut rng);
        for s in secret_coefficients(&secret) {
            assert!((-1..=1).contains(&s));
            counts[(s + 1) as usize] += 1;
        }
    }
    // 40,960 draws: 13,653 each, standard deviation 95; 7 deviations.
    assert!(
        counts.iter().all(|&c| c.abs_diff(13_653) < 670),
        "{counts:?}"
    );
}

#[test]
fn seeded_ciphertexts_match_a_big_integer_reference_exactly() {
    let context = context();
    let mut rng = SecureRng::from_os().unwrap();
    let secret = SecretKey::generate(&context, &mut rng);
    let s = secret_coefficients(&secret);
    let mut seed = PublicSeed::generate(&mut rng);
    let plain = residues(&mut rng, 2 * N);
    let sent = secret
        .encrypt_batch(plain.clone(), &mut seed, &mut rng)
        .unwrap();
    let received = sent.expand();
    let decrypted = secret.decrypt_batch(&received).unwrap();
    for row in 0..2 {
        let c = &received.words()[row * 2 * N..][..2 * N];
        let mut a = vec![0u32; N];
        sample::expand_uniform(
            sent.seed(),
            sent.first_index() + row as u64,
            &context,
            &mut a,
        )
        .unwrap();
        assert_eq!(&c[N..], a, "c1 is the public expansion");
        let product = negacyclic(&a, &s);
        for i in 0..N {
            let phase = modulo(&(&product[i] + c[i]), u64::from(Q));
            assert_eq!(
                phase,
                u64::from(decrypted[row * N + i]),
                "phase of coefficient {i}"
            );
            let error = centred(phase as i64 - i64::from(plain[row * N + i]), u64::from(Q));
            assert!(error.abs() <= 21, "error {error}");
        }
    }
}

#[test]
fn fresh_noise_has_the_stated_distribution() {
    let context = context();
    let mut rng = SecureRng::from_os().unwrap();
    let secret = SecretKey::generate(&context, &mut rng);
    let mut seed = PublicSeed::generate(&mut rng);
    let plain = residues(&mut rng, 100 * N);
    let sent = secret
        .encrypt_batch(plain.clone(), &mut seed, &mut rng)
        .unwrap();
    let errors = differences(&secret.decrypt_batch(&sent.expand()).unwrap(), &plain);
    let n = errors.len() as f64;
    let mean = errors.iter().sum::<i64>() as f64 / n;
    let variance = errors.iter().map(|e| (e * e) as f64).sum::<f64>() / n;
    // 204,800 samples: deviations of the mean 0.0072, of the variance 0.033; 7 of each.
    assert!(mean.abs() < 0.05, "mean {mean}");
    assert!(
        (variance - sample::ERROR_VARIANCE).abs() < 0.23,
        "variance {variance}"
    );
    assert!(
        errors
            .iter()
            .all(|e| e.unsigned_abs() <= u64::from(sample::ERROR_BOUND))
    );
}

fn round_trip<W: Word>(context: &Arc<RingContext<W>>) {
    let mut rng = SecureRng::from_os().unwrap();
    let secret = SecretKey::generate(context, &mut rng);
    let mut seed = PublicSeed::generate(&mut rng);
    let joint = PublicKey::<W>::joint_seed(
        &PublicKey::<W>::contribution(&mut rng),
        &PublicKey::<W>::contribution(&mut rng),
    );
    let public = PublicKey::generate(&secret, &joint, &mut rng).unwrap();
    let received = PublicKey::from_received(&joint, public.b().unwrap()).unwrap();
    assert_eq!(public, received, "both sides hold one key");
    let signed: Vec<i64> = (0..context.degree() as i64)
        .map(|i| i * 1000 - 999_000)
        .collect();
    let plain = Poly::from_signed(context, &signed).unwrap();
    let symmetric = secret
        .encrypt(&plain, &mut seed, &mut rng)
        .unwrap()
        .expand();
    let asymmetric = received.encrypt(&plain, &mut rng).unwrap();
    let mut sum = symmetric.clone();
    sum.add_assign(&asymmetric).unwrap();
    let mut difference = symmetric.clone();
    difference.sub_assign(&asymmetric).unwrap();
    let limit = 21 * (2 * context.degree() as i64 + 1);
    let check = |ciphertext: &Ciphertext<W>, factor: i64, bound: i64| {
        let decrypted = secret.decrypt(ciphertext).unwrap();
        let mut residues = decrypted.words().chunks(context.degree());
        for modulus in context.moduli() {
            let limb = residues.next().unwrap();
            for (&x, &m) in limb.iter().zip(&signed) {
                let expected = modulus.reduce_signed(factor * m);
                let error = modulus.centre(modulus.sub(x, expected));
                assert!(error.abs() <= bound, "error {error} above {bound}");
            }
        }
    };
    check(&symmetric, 1, 21);
    check(&asymmetric, 1, limit);
    check(&sum, 2, limit + 21);
    check(&difference, 0, limit + 21);
    assert_ne!(symmetric, asymmetric);
}

#[test]
fn both_words_and_several_limbs_round_trip() {
    round_trip(&context());
    let primes = [1_125_899_906_826_241u64, 1_125_899_904_679_937, 998_244_353];
    let primes: Vec<u64> = primes.into_iter().filter(|q| q % 8192 == 1).collect();
    assert!(primes.len() >= 2);
    round_trip(&RingContext::<u64>::new(4096, &primes).unwrap());
    round_trip(&RingContext::<u64>::new(64, &[998_244_353, 1_073_479_681]).unwrap());
}

#[test]
fn plaintexts_are_added_in_the_clear() {
    let context = context();
    let mut rng = SecureRng::from_os().unwrap();
    let secret = SecretKey::generate(&context, &mut rng);
    let mut seed = PublicSeed::generate(&mut rng);
    let (x, y) = (residues(&mut rng, 2 * N), residues(&mut rng, 2 * N));
    let mut batch = secret
        .encrypt_batch(x.clone(), &mut seed, &mut rng)
        .unwrap()
        .expand();
    batch.add_plain(&y).unwrap();
    let sum: Vec<u32> = x.iter().zip(&y).map(|(&x, &y)| (x + y) % Q).collect();
    let errors = differences(&secret.decrypt_batch(&batch).unwrap(), &sum);
    assert!(errors.iter().all(|e| e.abs() <= 21));
    assert!(batch.add_plain(&[Q; 2 * N]).is_err());
    assert!(batch.add_plain(&y[1..]).is_err());
    assert!(batch.add_constants(&[1]).is_err());
}

#[test]
fn the_public_key_rests_on_the_joint_seed() {
    let mut rng = SecureRng::from_os().unwrap();
    let secret = SecretKey::generate(&context(), &mut rng);
    let (one, two) = ([1u8; 32], [2u8; 32]);
    let joint = PublicKey::<u32>::joint_seed(&one, &two);
    assert_ne!(joint, PublicKey::<u32>::joint_seed(&two, &one));
    let public = PublicKey::generate(&secret, &joint, &mut rng).unwrap();
    // With another joint seed the same b is another key: its zeros do not decrypt to zero.
    let foreign = PublicKey::from_received(&one, public.b().unwrap()).unwrap();
    let zero = Poly::zero(&context());
    let noise = |key: &PublicKey<u32>, rng: &mut SecureRng| {
        let phase = secret.decrypt(&key.encrypt(&zero, rng).unwrap()).unwrap();
        differences(phase.words(), &[0; N])
            .iter()
            .map(|e| e.abs())
            .max()
            .unwrap()
    };
    assert!(noise(&public, &mut rng) <= 21 * (2 * N as i64 + 1));
    assert!(noise(&foreign, &mut rng) > i64::from(Q) / 4);
}

#[test]
fn the_flooding_width_is_checked_and_reached() {
    let context = context();
    let mut rng = SecureRng::from_os().unwrap();
    let secret = SecretKey::generate(&context, &mut rng);
    let public = PublicKey::generate(&secret, &[5; 32], &mut rng).unwrap();
    let zero = || CiphertextBatch::from_words(secret.context(), vec![0; 4 * 2 * N]).unwrap();
    for width in [0, u64::MAX] {
        let error = ErrorTerm::Uniform { width };
        assert!(public.rerandomize(&mut zero(), error, &mut rng).is_err());
    }
    let mut batch = zero();
    let width = 1 << 26;
    public
        .rerandomize(&mut batch, ErrorTerm::Uniform { width }, &mut rng)
        .unwrap();
    let errors = differences(&secret.decrypt_batch(&batch).unwrap(), &vec![0; 4 * N]);
    let limit = (width / 2) as i64;
    assert!(errors.iter().all(|e| e.abs() <= limit + 21 * 2 * N as i64));
    // 8,192 uniform values come within a hundredth of both ends.
    assert!(errors.iter().max().unwrap() > &(limit / 100 * 99));
    assert!(errors.iter().min().unwrap() < &(-limit / 100 * 99));
}
