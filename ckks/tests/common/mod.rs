//! References and generators shared by the integration tests.
#![allow(dead_code, reason = "each test binary uses its own part")]

use halfmask_ckks::{CiphertextBatch, Parameters, RingContext, SecretKey, SecureRng};
use num_bigint::BigInt;
use rand_core::Rng;
use std::sync::Arc;

pub const Q: u32 = 998_244_353;
pub const N: usize = 2048;

pub fn context() -> Arc<RingContext<u32>> {
    RingContext::from_parameters(&Parameters::throughput()).unwrap()
}

pub fn residues(rng: &mut SecureRng, count: usize) -> Vec<u32> {
    (0..count)
        .map(|_| (rng.next_u64() % u64::from(Q)) as u32)
        .collect()
}

/// The representative of x mod q in (-q/2, q/2].
pub fn centred(x: i64, q: u64) -> i64 {
    let r = x.rem_euclid(q as i64);
    if r > q as i64 / 2 { r - q as i64 } else { r }
}

pub fn differences(got: &[u32], expected: &[u32]) -> Vec<i64> {
    let one = |(&g, &e): (&u32, &u32)| centred(i64::from(g) - i64::from(e), u64::from(Q));
    got.iter().zip(expected).map(one).collect()
}

/// Recovers s from the key's own interface: the phase of the ciphertext (0, X^0) is s.
pub fn secret_coefficients(secret: &SecretKey<u32>) -> Vec<i64> {
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
pub fn negacyclic(a: &[u32], s: &[i64]) -> Vec<BigInt> {
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

pub fn modulo(x: &BigInt, q: u64) -> u64 {
    let q = BigInt::from(q);
    let r: BigInt = ((x % &q) + &q) % &q;
    r.iter_u64_digits().next().unwrap_or(0)
}
