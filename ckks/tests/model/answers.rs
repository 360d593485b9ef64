//! Known answers: what goes in, what the model makes of it, and the files that hold both.

use super::embedding;
use super::ring::{self, Element, Ring};
use super::scheme::{Scheme, SwitchingKey};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, path::PathBuf};

/// All that is drawn at random or chosen.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct Inputs {
    pub degree: usize,
    pub data_primes: Vec<u64>,
    pub special_primes: Vec<u64>,
    /// psi for every prime: evaluations start at it.
    pub roots: Vec<u64>,
    pub log2_scale: u32,
    pub secret: Vec<i64>,
    /// Slots (re, im) of the two messages.
    pub slots: [Vec<(f64, f64)>; 2],
    /// The public seed and the errors of their encryptions, under indices 0 and 1.
    pub seed: [u8; 32],
    pub errors: [Vec<i64>; 2],
    /// The public seed and the errors of the keys for products, rotation by 1 and conjugation.
    pub key_seed: [u8; 32],
    pub key_errors: [Vec<Vec<i64>>; 3],
}

/// Elements by name: coefficients in [0, Q) (of messages and decryptions, centred), space-separated.
pub type Answers = BTreeMap<String, String>;

pub fn text(element: &Element) -> String {
    let numbers: Vec<String> = element.iter().map(ToString::to_string).collect();
    numbers.join(" ")
}

pub fn element(text: &str) -> Element {
    text.split(' ').map(|x| x.parse().unwrap()).collect()
}

impl Inputs {
    /// Draws inputs, the same ones every time.
    pub fn draw(scheme: &Scheme, log2_scale: u32) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(scheme.keys.degree as u64);
        let n = scheme.keys.degree;
        let mut below = |count: usize, bound: u64| -> Vec<i64> {
            let one = |_| (rng.next_u64() % bound) as i64;
            (0..count).map(one).collect()
        };
        let mut centred = |count: usize, bound: i64| -> Vec<i64> {
            let shifted = below(count, 2 * bound as u64 + 1);
            shifted.iter().map(|x| x - bound).collect()
        };
        let mut seed = || {
            let bytes = centred(32, 127);
            std::array::from_fn(|i| bytes[i] as u8)
        };
        let (seed, key_seed) = (seed(), seed());
        let secret = centred(n, 1);
        let mut slots = || {
            // Multiples of 1/64: exact in decimal and in binary.
            let [re, im] = [centred(n / 2, 128), centred(n / 2, 128)];
            let pair = |(re, im): (&i64, &i64)| (*re as f64 / 64.0, *im as f64 / 64.0);
            re.iter().zip(&im).map(pair).collect()
        };
        let slots = [slots(), slots()];
        let errors = [centred(n, 21), centred(n, 21)];
        let digits = scheme.digits(scheme.data - 1);
        let key_errors = std::array::from_fn(|_| (0..digits).map(|_| centred(n, 21)).collect());
        let (data, special) = scheme.keys.primes.split_at(scheme.data);
        Self {
            degree: n,
            data_primes: data.to_vec(),
            special_primes: special.to_vec(),
            roots: scheme.keys.roots.clone(),
            log2_scale,
            secret,
            slots,
            seed,
            errors,
            key_seed,
            key_errors,
        }
    }

    pub fn scheme(&self) -> Scheme {
        let keys = Ring {
            degree: self.degree,
            primes: [&self.data_primes[..], &self.special_primes].concat(),
            roots: self.roots.clone(),
        };
        let data = self.data_primes.len();
        Scheme { keys, data }
    }

    pub fn scale(&self) -> f64 {
        f64::from(self.log2_scale).exp2()
    }

    /// The Galois elements of the second and third key.
    pub fn elements(&self) -> [usize; 2] {
        [5, 2 * self.degree - 1]
    }

    /// Keys from s^2 to s, and from s to s(X^(1/g)) for the two elements g, under consecutive indices
    /// of one seed.
    pub fn keys(&self) -> [SwitchingKey; 3] {
        let scheme = self.scheme();
        let s = scheme.keys.small(&self.secret);
        // 1/g = g^(N-1): the group's order divides N.
        let backwards = |g| {
            let order = 2 * self.degree;
            let inverse = (1..self.degree).fold(1, |x, _| x * g % order);
            scheme.keys.reduce(&ring::automorphism(&s, inverse))
        };
        let [rotated, conjugated] = self.elements().map(backwards);
        let square = scheme.keys.mul(&s, &s);
        let pairs = [(&s, &square), (&rotated, &s), (&conjugated, &s)];
        std::array::from_fn(|i| {
            let ((to, from), errors) = (pairs[i], &self.key_errors[i]);
            let index = (i * errors.len()) as u64;
            scheme.switching_key(to, from, errors, (&self.key_seed, index))
        })
    }

    /// Every answer, by the model alone.
    pub fn answers(&self) -> Answers {
        let mut answers = Answers::new();
        let mut note = |name: &str, parts: &[Element]| {
            for (i, part) in parts.iter().enumerate() {
                answers.insert(format!("{name}, c{i}"), text(part));
            }
        };
        let scheme = self.scheme();
        let (top, secret) = (scheme.data - 1, &self.secret);
        let message = |slots| embedding::encode(slots, self.scale());
        let [x, y] = std::array::from_fn(|i| {
            let (m, error) = (message(&self.slots[i]), &self.errors[i]);
            scheme.encrypt(top, secret, &m, error, (&self.seed, i as u64))
        });
        note("x", &x);
        note("y", &y);
        note("x + y", &scheme.add(top, &x, &y));
        let product = scheme.tensor(top, &x, &y);
        note("x y", &product);
        note("x y rescaled", &scheme.rescale(top, &product));
        let [relinearization, rotation, conjugation] = self.keys();
        let linear = scheme.relinearize(top, &product, &relinearization);
        note("x y relinearised", &linear);
        let [five, minus_one] = self.elements();
        note("x rotated by 1", &scheme.apply(top, &x, five, &rotation));
        let conjugated = scheme.apply(top, &x, minus_one, &conjugation);
        note("x conjugated", &conjugated);
        // One level down, where the last digit may be shorter.
        let lower = scheme.rescale(top, &linear);
        note("x y relinearised, rescaled", &lower);
        let rotated = scheme.apply(top - 1, &lower, five, &rotation);
        note("x y relinearised, rescaled, rotated by 1", &rotated);
        for (name, slots) in ["x", "y"].iter().zip(&self.slots) {
            answers.insert(format!("message {name}"), text(&message(slots)));
        }
        let decrypted = scheme.decrypt(top - 1, secret, &rotated);
        answers.insert("x y rotated by 1, decrypted".into(), text(&decrypted));
        answers
    }

    fn path(name: &str, file: &str) -> PathBuf {
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        root.join(format!("tests/vectors/{name}.{file}.json"))
    }

    pub fn write(&self, name: &str) {
        let inputs = serde_json::to_string(self).unwrap() + "\n";
        std::fs::write(Self::path(name, "inputs"), inputs).unwrap();
        let answers = serde_json::to_string_pretty(&self.answers()).unwrap() + "\n";
        std::fs::write(Self::path(name, "answers"), answers).unwrap();
    }

    pub fn read(name: &str) -> (Self, Answers) {
        let text = |file| std::fs::read_to_string(Self::path(name, file)).unwrap();
        let inputs = serde_json::from_str(&text("inputs")).unwrap();
        (inputs, serde_json::from_str(&text("answers")).unwrap())
    }
}
