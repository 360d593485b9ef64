//! Uniform elements from a public seed, by the stated rule: the ChaCha20 stream of key `seed` and
//! nonce `index`, in little-endian 64-bit words cut to the width of the prime; those not below it are
//! skipped. Limb after limb; the values are evaluations.

use super::ring::{Element, Ring};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};

pub fn uniform(ring: &Ring, seed: &[u8; 32], index: u64) -> Element {
    let mut stream = ChaCha20Rng::from_seed(*seed);
    stream.set_stream(index);
    let mut words = Vec::new();
    for &q in &ring.primes {
        let mask = u64::MAX >> q.leading_zeros();
        let end = words.len() + ring.degree;
        while words.len() < end {
            let word = stream.next_u64() & mask;
            if word < q {
                words.push(word);
            }
        }
    }
    ring.interpolate(&words)
}
