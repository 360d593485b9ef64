//! Encryption, re-randomisation, switching and linear layers through the public interface, against
//! references that share no code with the crate.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

use halfmask_ckks::noise::{LinearLayer, NoiseModel};
use halfmask_ckks::{
    Ciphertext, CiphertextBatch, ErrorTerm, Group, Parameters, Poly, PublicKey, PublicSeed,
    ResidueGemm, RingContext, SecretKey, SecureRng, SeededBatch, Simd, SwitchedBatch,
    SwitchedDecryptor, Weights, Word, sample,
};
use num_bigint::BigInt;
use rand_core::Rng;
use std::sync::Arc;

const Q: u32 = 998_244_353;
const N: usize = 2048;

fn context() -> Arc<RingContext<u32>> {
    RingContext::from_parameters(&Parameters::throughput()).unwrap()
}

fn residues(rng: &mut SecureRng, count: usize) -> Vec<u32> {
    (0..count)
        .map(|_| (rng.next_u64() % u64::from(Q)) as u32)
        .collect()
}

/// The representative of x mod q in (-q/2, q/2].
fn centred(x: i64, q: u64) -> i64 {
    let r = x.rem_euclid(q as i64);
    if r > q as i64 / 2 { r - q as i64 } else { r }
}

fn differences(got: &[u32], expected: &[u32]) -> Vec<i64> {
    let one = |(&g, &e): (&u32, &u32)| centred(i64::from(g) - i64::from(e), u64::from(Q));
    got.iter().zip(expected).map(one).collect()
}

/// Recovers s from the key's own interface: the phase of the ciphertext (0, X^0) is s.
fn secret_coefficients(secret: &SecretKey<u32>) -> Vec<i64> {
    let mut words = vec![0u32; 2 * N];
    words[N] = 1;
    let batch = CiphertextBatch::from_words(secret.context(), words).unwrap();
    let phase = secret.decrypt_batch(&batch).unwrap();
    phase
        .iter()
        .map(|&x| centred(i64::from(x), u64::from(Q)))
        .collect()
}

/// a s mod X^N + 1 over the integers.
fn negacyclic(a: &[u32], s: &[i64]) -> Vec<BigInt> {
    let n = a.len();
    let mut out = vec![BigInt::ZERO; n];
    for (j, &s) in s.iter().enumerate().filter(|(_, s)| **s != 0) {
        for (i, &a) in a.iter().enumerate() {
            let product = BigInt::from(a) * s;
            if i + j < n {
                out[i + j] += product;
            } else {
                out[i + j - n] -= product;
            }
        }
    }
    out
}

fn modulo(x: &BigInt, q: u64) -> u64 {
    let q = BigInt::from(q);
    let r: BigInt = ((x % &q) + &q) % &q;
    r.iter_u64_digits().next().unwrap_or(0)
}

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

/// A layer with small and extreme weights over `rows` fresh ciphertexts, as groups.
fn layer(rng: &mut SecureRng, outputs: usize, terms: usize, max: i32) -> (ResidueGemm, Vec<i16>) {
    let mut weight = || ((rng.next_u64() % (2 * max as u64 + 1)) as i64 - i64::from(max)) as i16;
    let weights: Vec<i16> = (0..outputs * terms).map(|_| weight()).collect();
    let group = Group {
        inputs: (0..terms as u32).collect(),
        weights: Weights::new(outputs, terms, max as u16, &weights).unwrap(),
        outputs: (0..outputs as u32).collect(),
    };
    let context = context();
    let modulus = context.moduli().next().unwrap();
    (
        ResidueGemm::new(modulus, vec![group], terms).unwrap(),
        weights,
    )
}

#[test]
fn a_private_linear_layer_decrypts_to_the_exact_integers_within_the_bounds() {
    const TERMS: usize = 50;
    const OUTPUTS: usize = 7;
    let context = context();
    let mut rng = SecureRng::from_os().unwrap();
    let secret = SecretKey::generate(&context, &mut rng);
    let public = PublicKey::generate(&secret, &[9; 32], &mut rng).unwrap();
    let decryptor = SwitchedDecryptor::new(&secret).unwrap();
    let mut seed = PublicSeed::generate(&mut rng);
    let plain = residues(&mut rng, TERMS * N);
    let (gemm, weights) = layer(&mut rng, OUTPUTS, TERMS, 255);
    let bytes = secret
        .encrypt_batch(plain.clone(), &mut seed, &mut rng)
        .unwrap()
        .to_bytes()
        .unwrap();
    let received = SeededBatch::from_bytes(&context, *seed.bytes(), 0, TERMS, &bytes)
        .unwrap()
        .expand();
    let constants: Vec<i64> = (0..OUTPUTS as i64)
        .map(|o| o * 1_000_003 - 3_000_000)
        .collect();

    // The exact integers, modulo q.
    let mut expected = vec![0u64; OUTPUTS * N];
    for o in 0..OUTPUTS {
        for i in 0..N {
            let product =
                |t: usize| i64::from(weights[o * TERMS + t]) * i64::from(plain[t * N + i]);
            let sum: i64 = (0..TERMS).map(product).sum::<i64>() + constants[o];
            expected[o * N + i] = sum.rem_euclid(i64::from(Q)) as u64;
        }
    }
    let norms = LinearLayer::from_weights(&weights, TERMS);
    for error0 in [
        ErrorTerm::CentredBinomial,
        ErrorTerm::Uniform { width: 1 << 20 },
    ] {
        let model = NoiseModel {
            degree: N,
            error0,
            failure_bits: 40.0,
        };
        let bound = model.layer(norms);
        for simd in Simd::supported_levels() {
            let mut output = gemm.apply_batch(&received, simd).unwrap();
            output.add_constants(&constants).unwrap();
            let before = output.clone();
            public.rerandomize(&mut output, error0, &mut rng).unwrap();
            assert!(
                output
                    .words()
                    .iter()
                    .zip(before.words())
                    .filter(|(a, b)| a == b)
                    .count()
                    < 100,
                "re-randomisation changes every component"
            );
            let phase = secret.decrypt_batch(&output).unwrap();
            let mut largest = 0;
            for (&x, &m) in phase.iter().zip(&expected) {
                let error = centred(i64::from(x) - m as i64, u64::from(Q)).abs();
                assert!(
                    error as f64 <= bound.tail && bound.tail <= bound.worst_case,
                    "{error}"
                );
                largest = error.max(largest);
            }
            // The bound is not vacuous: the largest of 14,336 errors is within a factor of four.
            assert!(
                largest as f64 > bound.tail / 4.0,
                "{largest} against {}",
                bound.tail
            );

            for bits in [18, 22, 26] {
                let switched = output.clone().switch(bits, simd).unwrap();
                let bytes = switched.to_bytes().unwrap();
                assert_eq!(bytes.len(), OUTPUTS * 2 * N * bits as usize / 8);
                let arrived = SwitchedBatch::from_bytes(N, bits, OUTPUTS, &bytes).unwrap();
                assert_eq!(arrived, switched);
                let limit = model.switched_layer(norms, u64::from(Q), bits).tail;
                let modulus = f64::from(1u32 << bits);
                for (&x, &m) in decryptor.decrypt(&arrived).unwrap().iter().zip(&expected) {
                    let exact = m as f64 * modulus / f64::from(Q);
                    let distance = (f64::from(x) - exact).rem_euclid(modulus);
                    let distance = distance.min(modulus - distance);
                    assert!(distance <= limit, "{distance} above {limit} at {bits} bits");
                }
            }
        }
    }
}

#[test]
fn switched_decryption_is_exact_at_the_edges() {
    let context = context();
    let mut rng = SecureRng::from_os().unwrap();
    let secret = SecretKey::generate(&context, &mut rng);
    let s = secret_coefficients(&secret);
    let decryptor = SwitchedDecryptor::new(&secret).unwrap();
    for bits in [1, 8, 22, 31] {
        let (half, top) = (1u32 << (bits - 1), u32::MAX >> (32 - bits));
        // c1 follows the signs of s, so that one coefficient reaches the largest possible product.
        let mut aligned = vec![0u32; N];
        for (j, &s) in s.iter().enumerate() {
            let i = (N - j) % N;
            let sign = if j == 0 { s } else { -s };
            aligned[i] = if sign < 0 { half } else { half - 1 };
        }
        let random: Vec<u32> = (0..N).map(|_| rng.next_u32() & top).collect();
        let cases = [
            vec![0; N],
            vec![top; N],
            vec![half; N],
            vec![half - 1; N],
            aligned,
            random,
        ];
        for c1 in cases {
            let c0: Vec<u32> = (0..N).map(|_| rng.next_u32() & top).collect();
            let batch =
                SwitchedBatch::from_words(N, bits, [c0.clone(), c1.clone()].concat()).unwrap();
            let decrypted = decryptor.decrypt(&batch).unwrap();
            let product = negacyclic(&c1, &s);
            for i in 0..N {
                let expected = modulo(&(&product[i] + c0[i]), 1 << bits);
                assert_eq!(
                    u64::from(decrypted[i]),
                    expected,
                    "coefficient {i}, {bits} bits"
                );
            }
        }
    }
}

#[test]
fn masks_shift_the_decryption_and_nothing_else() {
    let context = context();
    let mut rng = SecureRng::from_os().unwrap();
    let secret = SecretKey::generate(&context, &mut rng);
    let mut seed = PublicSeed::generate(&mut rng);
    let batch = secret
        .encrypt_batch(residues(&mut rng, 3 * N), &mut seed, &mut rng)
        .unwrap()
        .expand();
    let mut switched = batch.switch(22, Simd::detect()).unwrap();
    let decryptor = SwitchedDecryptor::new(&secret).unwrap();
    let before = decryptor.decrypt(&switched).unwrap();
    let mut masks = vec![0; 3 * N];
    sample::uniform_bits(&mut rng, 22, &mut masks).unwrap();
    switched.add_masks(&masks).unwrap();
    let after = decryptor.decrypt(&switched).unwrap();
    for ((&a, &b), &r) in after.iter().zip(&before).zip(&masks) {
        assert_eq!(a, (b + r) % (1 << 22));
    }
    assert!(switched.add_masks(&masks[1..]).is_err());
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
fn received_data_is_checked() {
    let context = context();
    let mut rng = SecureRng::from_os().unwrap();
    let secret = SecretKey::generate(&context, &mut rng);
    let mut seed = PublicSeed::generate(&mut rng);
    let sent = secret
        .encrypt_batch(residues(&mut rng, 2 * N), &mut seed, &mut rng)
        .unwrap();
    let bytes = sent.to_bytes().unwrap();
    let parse = |rows, bytes: &[u8]| {
        SeededBatch::<u32>::from_bytes(&context, *seed.bytes(), 0, rows, bytes)
    };
    assert_eq!(parse(2, &bytes).unwrap(), sent);
    assert!(parse(2, &bytes[1..]).is_err());
    assert!(parse(3, &bytes).is_err());
    assert!(parse(usize::MAX, &bytes).is_err());
    let mut tampered = bytes;
    tampered[N * 30 / 8..][..4].fill(0xff); // coefficient 0 of row 1 becomes 2^30 - 1
    let message = parse(2, &tampered).unwrap_err().to_string();
    assert!(message.contains("element 2048 is 1073741823"), "{message}");
    assert!(SeededBatch::from_parts(&context, [0; 32], u64::MAX, vec![0; N]).is_err());
    assert!(CiphertextBatch::from_words(&context, vec![0; 2 * N + 1]).is_err());
    assert!(CiphertextBatch::from_words(&context, vec![Q; 2 * N]).is_err());
    assert!(SwitchedBatch::from_words(N, 22, vec![1 << 22; 2 * N]).is_err());
    assert!(SwitchedBatch::from_words(N, 32, vec![0; 2 * N]).is_err());
    assert!(SwitchedBatch::from_bytes(N, 22, usize::MAX / 2, &[0]).is_err());
    assert!(SwitchedBatch::from_bytes(N + 1, 22, 0, &[]).is_err());
    let b = vec![0xff; N * 30 / 8];
    assert!(Poly::from_bytes(&context, &b).is_err());
    let other = SwitchedBatch::from_words(N / 2, 22, vec![0; N]).unwrap();
    assert!(
        SwitchedDecryptor::new(&secret)
            .unwrap()
            .decrypt(&other)
            .is_err()
    );
    // Plaintexts are refused before an index is spent.
    let spent = seed.next_index();
    assert!(
        secret
            .encrypt_batch(vec![Q; N], &mut seed, &mut rng)
            .is_err()
    );
    assert!(
        secret
            .encrypt_batch(vec![0; N + 1], &mut seed, &mut rng)
            .is_err()
    );
    assert_eq!(seed.next_index(), spent);
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
