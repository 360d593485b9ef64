//! The bytes of objects, written field by field from the format's description.

use super::ring::{Element, Ring};
use super::scheme::{Scheme, SwitchingKey};
use sha2::{Digest, Sha256};

/// The width of each prime, value after value, least significant bit first.
fn pack(ring: &Ring, element: &Element) -> Vec<u8> {
    let mut bits = Vec::new();
    let evaluations = ring.evaluations(element);
    for (&q, limb) in ring.primes.iter().zip(evaluations.chunks(ring.degree)) {
        for value in limb {
            bits.extend((0..=q.ilog2()).map(|b| (value >> b) as u8 & 1));
        }
    }
    let byte = |bits: &[u8]| bits.iter().rev().fold(0, |byte, bit| 2 * byte + bit);
    bits.chunks(8).map(byte).collect()
}

impl Scheme {
    fn digest(&self) -> Vec<u8> {
        let mut chain = Sha256::new_with_prefix(b"halfmask/ckks/parameters/1");
        chain.update((self.keys.degree as u64).to_le_bytes());
        for prime in &self.keys.primes {
            chain.update(prime.to_le_bytes());
        }
        Sha256::new_with_prefix(b"halfmask/ckks/scheme/1")
            .chain_update(chain.finalize())
            .chain_update((self.data as u64).to_le_bytes())
            .finalize()
            .to_vec()
    }

    fn header(&self, kind: u8) -> Vec<u8> {
        [b"HMCK", &[1, kind][..], &self.digest()].concat()
    }

    pub fn plaintext_bytes(&self, level: usize, scale: f64, message: &Element) -> Vec<u8> {
        let mut out = self.header(2);
        out.push(level as u8);
        out.extend(scale.to_le_bytes());
        out.extend(pack(&self.level(level), message));
        out
    }

    pub fn ciphertext_bytes(&self, level: usize, scale: f64, parts: &[Element]) -> Vec<u8> {
        let mut out = self.header(3);
        out.extend([level as u8, parts.len() as u8]);
        out.extend(scale.to_le_bytes());
        for part in parts {
            out.extend(pack(&self.level(level), part));
        }
        out
    }

    /// c0 with what c1 is expanded from.
    pub fn seeded_bytes(
        &self,
        level: usize,
        scale: f64,
        c0: &Element,
        (seed, index): (&[u8; 32], u64),
    ) -> Vec<u8> {
        let mut out = self.header(4);
        out.push(level as u8);
        out.extend(scale.to_le_bytes());
        out.extend(seed);
        out.extend(index.to_le_bytes());
        out.extend(pack(&self.level(level), c0));
        out
    }

    pub fn secret_bytes(&self, secret: &[i64]) -> Vec<u8> {
        let mut out = self.header(8);
        let byte = |quad: &[i64]| {
            quad.iter()
                .rev()
                .fold(0, |byte, s| 4 * byte + (s + 1) as u8)
        };
        out.extend(secret.chunks(4).map(byte));
        out
    }

    /// The key for products and those of Galois elements, all under one seed and in this order.
    pub fn evaluation_keys_bytes(
        &self,
        seed: &[u8; 32],
        relinearization: &SwitchingKey,
        galois: &[(usize, &SwitchingKey)],
    ) -> Vec<u8> {
        let mut index = 0;
        let mut key = |key: &SwitchingKey| {
            let mut out = [&seed[..], &u64::to_le_bytes(index)].concat();
            for [b, _] in key {
                out.extend(pack(&self.keys, b));
                index += 1;
            }
            out
        };
        let mut out = self.header(7);
        out.push(1);
        out.extend(key(relinearization));
        out.extend((galois.len() as u32).to_le_bytes());
        for (element, switching) in galois {
            out.extend((*element as u32).to_le_bytes());
            out.extend(key(switching));
        }
        out
    }
}
