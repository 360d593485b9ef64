//! A private linear layer from encryption to switched decryption, and what travels on the way.
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
use halfmask_ckks::noise::{LinearLayer, NoiseModel};
use halfmask_ckks::{
    CiphertextBatch, ErrorTerm, Group, Poly, PublicKey, PublicSeed, ResidueGemm, SecretKey,
    SecureRng, SeededBatch, Simd, SwitchedBatch, SwitchedDecryptor, Weights, sample,
};
use rand_core::Rng;

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
