//! What needs a generator with a known key.

use super::*;
use crate::{RingContext, SecureRng, Simd};
use std::collections::HashSet;

fn everything(threads: usize) -> (SeededBatch<u32>, CiphertextBatch<u32>, Vec<u32>) {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .unwrap();
    pool.install(|| {
        let context = RingContext::<u32>::new(64, &[998_244_353]).unwrap();
        let mut rng = SecureRng::from_seed([42; 32]);
        let secret = SecretKey::generate(&context, &mut rng);
        let public = PublicKey::generate(&secret, &[1; 32], &mut rng).unwrap();
        let mut seed = PublicSeed::generate(&mut rng);
        let plain = (0..64 * 40).collect();
        let sent = secret.encrypt_batch(plain, &mut seed, &mut rng).unwrap();
        let mut batch = sent.expand();
        let flood = ErrorTerm::Uniform { width: 1000 };
        public
            .rerandomize(&mut batch, ErrorTerm::CentredBinomial, &mut rng)
            .unwrap();
        public.rerandomize(&mut batch, flood, &mut rng).unwrap();
        let switched = batch.clone().switch(22, Simd::detect()).unwrap();
        let decrypted = SwitchedDecryptor::new(&secret)
            .unwrap()
            .decrypt(&switched)
            .unwrap();
        (sent, batch, decrypted)
    })
}

#[test]
fn results_do_not_depend_on_the_number_of_threads() {
    let one = everything(1);
    for threads in [2, 3, 8] {
        assert!(everything(threads) == one, "{threads} threads");
    }
}

#[test]
fn every_row_has_its_own_randomness() {
    // Encryptions of zero: were two rows to share e, u or a, two rows of the result would agree.
    let context = RingContext::<u32>::new(64, &[998_244_353]).unwrap();
    let mut rng = SecureRng::from_seed([43; 32]);
    let secret = SecretKey::generate(&context, &mut rng);
    let public = PublicKey::generate(&secret, &[1; 32], &mut rng).unwrap();
    let mut seed = PublicSeed::generate(&mut rng);
    let mut errors = HashSet::new();
    let mut masks = HashSet::new();
    for _ in 0..3 {
        let zeros = vec![0; 64 * 20];
        let mut batch = secret
            .encrypt_batch(zeros, &mut seed, &mut rng)
            .unwrap()
            .expand();
        for error in secret.decrypt_batch(&batch).unwrap().chunks(64) {
            assert!(errors.insert(error.to_vec()), "two rows share their error");
        }
        for row in batch.words().chunks(128) {
            assert!(
                masks.insert(row[64..].to_vec()),
                "two rows share their mask"
            );
        }
        let before = batch.words().to_vec();
        public
            .rerandomize(&mut batch, ErrorTerm::CentredBinomial, &mut rng)
            .unwrap();
        let modulus = context.moduli().next().unwrap();
        for (after, before) in batch.words().chunks(128).zip(before.chunks(128)) {
            let zero: Vec<u32> = after
                .iter()
                .zip(before)
                .map(|(&a, &b)| modulus.sub(a, b))
                .collect();
            assert!(masks.insert(zero), "two rows share their re-randomisation");
        }
    }
}

#[test]
fn secrets_do_not_show_in_debug_output() {
    let context = RingContext::<u32>::new(64, &[998_244_353]).unwrap();
    let secret = SecretKey::generate(&context, &mut SecureRng::from_seed([44; 32]));
    assert_eq!(format!("{secret:?}"), "SecretKey { degree: 64, .. }");
    let decryptor = SwitchedDecryptor::new(&secret).unwrap();
    assert_eq!(
        format!("{decryptor:?}"),
        "SwitchedDecryptor { degree: 64, .. }"
    );
}
