//! Known answers: the crate against an independent big-integer model, and both against committed
//! vectors, which the model writes:
//! `cargo test -p halfmask-ckks --test known_answers -- --ignored write_vectors`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

mod model;

use halfmask_ckks::ckks::{
    Ciphertext, Complex64, Context, Encoder, EvaluationKeys, Evaluator, Parameters,
    ParametersLiteral, Plaintext, PublicKey, SecretKey, SeededCiphertext,
};
use halfmask_ckks::ring::Ntt;
use halfmask_ckks::{Evaluation, Poly, PublicSeed, SecureRng, SecurityTable};
use model::answers::{Answers, Inputs, element};
use model::embedding;
use model::ring::{Element, Ring, automorphism, power};
use model::scheme::Scheme;
use num_bigint::BigInt;
use std::sync::Arc;

/// Name, degree, data primes, special primes, log2 of the scale: one special prime with a digit a
/// prime, and two with the second digit shorter than the first.
type Case = (&'static str, usize, &'static [u64], &'static [u64], u32);
const CASES: [Case; 2] = [
    (
        "n64",
        64,
        &[1_099_511_623_297, 1_073_741_441],
        &[1_099_511_622_529],
        26,
    ),
    (
        "n32",
        32,
        &[34_359_737_281, 134_217_409, 134_217_089],
        &[34_359_736_897, 34_359_736_577],
        26,
    ),
];

fn scheme((_, degree, data, special, _): Case) -> Scheme {
    let primes = [data, special].concat();
    // The only thing taken from the crate: which of the N primitive roots evaluations start from.
    let root = |&q: &u64| {
        let mut x = vec![0; degree];
        x[1] = 1;
        Ntt::<u64>::new(degree, q).unwrap().forward(&mut x).unwrap();
        x[0]
    };
    let roots = primes.iter().map(root).collect();
    let keys = Ring {
        degree,
        primes,
        roots,
    };
    let data = data.len();
    Scheme { keys, data }
}

#[test]
#[ignore = "writes the committed vectors"]
fn write_vectors() {
    for case in CASES {
        Inputs::draw(&scheme(case), case.4).write(case.0);
    }
}

#[test]
fn vectors_are_the_models() {
    for case in CASES {
        let (inputs, answers) = Inputs::read(case.0);
        assert_eq!(inputs, Inputs::draw(&scheme(case), case.4), "{}", case.0);
        assert_eq!(inputs.answers(), answers, "{}", case.0);
    }
}

#[test]
fn evaluations_are_those_of_the_stated_order() {
    for case in CASES {
        let (inputs, _) = Inputs::read(case.0);
        let ring = inputs.scheme().keys;
        let element: Vec<BigInt> = (0..ring.degree as i64)
            .map(|i| BigInt::from(i * i * i - 1000 * i))
            .collect();
        let element = ring.reduce(&element);
        let values = ring.evaluations(&element);
        assert_eq!(ring.interpolate(&values), element);
        let limbs = values.chunks(ring.degree);
        for ((&q, &psi), expected) in ring.primes.iter().zip(&ring.roots).zip(limbs) {
            assert_eq!(power(psi, ring.degree as u64, q), q - 1);
            let mut limb: Vec<u64> = element
                .iter()
                .map(|x| u64::try_from(x % q).unwrap())
                .collect();
            let ntt = Ntt::<u64>::new(ring.degree, q).unwrap();
            ntt.forward(&mut limb).unwrap();
            assert_eq!(limb, expected);
        }
    }
}

/// The model does what it is to do: its own products, switched and rotated, decrypt to slots that are
/// right to a few units of the error.
#[test]
fn the_model_computes_on_slots() {
    for case in CASES {
        let (inputs, answers) = Inputs::read(case.0);
        let scheme = inputs.scheme();
        let decrypted = element(&answers["x y rotated by 1, decrypted"]);
        let scale = inputs.scale().powi(2) / scheme.keys.primes[scheme.data - 1] as f64;
        let slots = embedding::decode(&decrypted, scale);
        let [x, y] = &inputs.slots;
        for (j, (re, im)) in slots.iter().enumerate() {
            let k = (j + 1) % slots.len();
            let ((a, b), (c, d)) = (x[k], y[k]);
            let error = (re - (a * c - b * d)).hypot(im - (a * d + b * c));
            assert!(error < 2e-3, "{} slot {j}: {error}", case.0);
        }
    }
}

/// A case as the crate sees it.
struct Known {
    inputs: Inputs,
    answers: Answers,
    scheme: Scheme,
    context: Arc<Context>,
    secret: SecretKey,
}

fn cases() -> Vec<Known> {
    let open = |case: Case| {
        let (inputs, answers) = Inputs::read(case.0);
        let literal = ParametersLiteral {
            degree: inputs.degree,
            data_moduli: inputs.data_primes.clone(),
            special_moduli: inputs.special_primes.clone(),
            log2_scale: inputs.log2_scale,
            table: SecurityTable::default(),
            allow_insecure: true,
        };
        let context = Context::new(&Parameters::new(&literal).unwrap()).unwrap();
        let scheme = inputs.scheme();
        let bytes = scheme.secret_bytes(&inputs.secret);
        let secret = SecretKey::from_bytes(&context, &bytes).unwrap();
        assert_eq!(*secret.to_bytes(), bytes);
        Known {
            inputs,
            answers,
            scheme,
            context,
            secret,
        }
    };
    CASES.map(open).into()
}

impl Known {
    fn top(&self) -> usize {
        self.scheme.data - 1
    }

    /// The components of an answer, as many as there are.
    fn parts(&self, name: &str) -> Vec<Element> {
        let part = |i| self.answers.get(&format!("{name}, c{i}"));
        (0..3).map_while(part).map(|text| element(text)).collect()
    }

    /// The crate's ciphertext from the model's bytes.
    fn ciphertext(&self, name: &str) -> Ciphertext {
        let (parts, scale) = (self.parts(name), self.inputs.scale());
        let bytes = self.scheme.ciphertext_bytes(self.top(), scale, &parts);
        Ciphertext::from_bytes(&self.context, &bytes).unwrap()
    }

    #[track_caller]
    fn check(&self, got: &Ciphertext, name: &str) {
        let parts = self.parts(name);
        assert_eq!(got.parts().len(), parts.len(), "{name}");
        let ring = self.scheme.level(got.level());
        for (i, (got, expected)) in got.parts().iter().zip(&parts).enumerate() {
            assert_eq!(got.words(), ring.evaluations(expected), "{name}, c{i}");
        }
    }

    /// The largest |coefficient| of b + a s - m.
    fn error(
        &self,
        b: &Element,
        a: &Element,
        secret: &Element,
        m: &Element,
        ring: &Ring,
    ) -> BigInt {
        let phase = ring.add(b, &ring.mul(a, &ring.reduce(secret)));
        let q = ring.modulus();
        let error = |x: &BigInt| BigInt::from(model::ring::centred(x, &q).magnitude().clone());
        ring.sub(&phase, m).iter().map(error).max().unwrap()
    }
}

fn interpolate(ring: &Ring, poly: &Poly<Evaluation, u64>) -> Element {
    ring.interpolate(poly.words())
}

#[test]
fn encoding_rounds_the_embedding() {
    for case in cases() {
        let encoder = Encoder::new(&case.context).unwrap();
        let ring = case.scheme.level(case.top());
        for (name, slots) in ["message x", "message y"].iter().zip(&case.inputs.slots) {
            let message = element(&case.answers[*name]);
            let slots: Vec<Complex64> = slots.iter().map(|&(a, b)| Complex64::new(a, b)).collect();
            let plain = encoder.encode_complex(&slots).unwrap();
            let reduced = ring.reduce(&message);
            assert_eq!(plain.poly().words(), ring.evaluations(&reduced), "{name}");
            let bytes = case
                .scheme
                .plaintext_bytes(case.top(), case.inputs.scale(), &reduced);
            assert_eq!(plain.to_bytes(), bytes, "{name}");
            let read = Plaintext::from_bytes(&case.context, &bytes).unwrap();
            let decoded = encoder.decode_complex(&read).unwrap();
            let expected = embedding::decode(&message, case.inputs.scale());
            for (got, (re, im)) in decoded.iter().zip(expected) {
                assert!((got - Complex64::new(re, im)).norm() < 1e-12, "{name}");
            }
        }
    }
}

#[test]
fn seeded_ciphertexts_expand_and_decrypt() {
    for case in cases() {
        let (scheme, top) = (&case.scheme, case.top());
        for (index, name) in [(0, "x"), (1, "y")] {
            let expected = case.parts(name);
            let from = (&case.inputs.seed, index);
            let bytes = scheme.seeded_bytes(top, case.inputs.scale(), &expected[0], from);
            let sent = SeededCiphertext::from_bytes(&case.context, &bytes).unwrap();
            assert_eq!(sent.to_bytes(), bytes);
            let received = sent.expand();
            case.check(&received, name);
            let bytes = scheme.ciphertext_bytes(top, case.inputs.scale(), &expected);
            assert_eq!(received.to_bytes(), bytes);
            let decrypted = case.secret.decrypt(&received).unwrap();
            let phase = scheme.decrypt(top, &case.inputs.secret, &expected);
            let ring = scheme.level(top);
            let phase = ring.evaluations(&ring.reduce(&phase));
            assert_eq!(decrypted.poly().words(), phase, "{name}");
        }
    }
}

#[test]
fn what_the_crate_encrypts_is_off_by_a_small_error() {
    let mut rng = SecureRng::from_os().unwrap();
    let (one, fresh) = (BigInt::from(1), BigInt::from(21));
    for case in cases() {
        let (scheme, ring) = (&case.scheme, case.scheme.level(case.top()));
        let secret = ring.small(&case.inputs.secret);
        let message = ring.reduce(&element(&case.answers["message x"]));
        let bytes = scheme.plaintext_bytes(case.top(), case.inputs.scale(), &message);
        let plain = Plaintext::from_bytes(&case.context, &bytes).unwrap();
        let mut seed = PublicSeed::generate(&mut rng);
        for index in 0..3 {
            let sent = case.secret.encrypt(&plain, &mut seed, &mut rng).unwrap();
            let c1 = model::expand::uniform(&ring, seed.bytes(), index);
            let c0 = interpolate(&ring, sent.c0());
            let error = case.error(&c0, &c1, &secret, &message, &ring);
            assert!(one <= error && error <= fresh, "{error}");
        }
        let public = PublicKey::generate(&case.secret, &mut rng).unwrap();
        let keys = &scheme.keys;
        let [b, a] = [public.b(), public.a()].map(|half| interpolate(keys, half));
        assert_eq!(a, model::expand::uniform(keys, public.seed(), 0));
        let zero = vec![BigInt::ZERO; ring.degree];
        let error = case.error(&b, &a, &keys.small(&case.inputs.secret), &zero, keys);
        assert!(one <= error && error <= fresh, "{error}");
        let sent = public.encrypt(&plain, &mut rng).unwrap();
        let [c0, c1] = [0, 1].map(|i| interpolate(&ring, &sent.parts()[i]));
        // (e u + e0 + e1 s) / P is below 1; each component is rounded by up to 1/2, c1's times s.
        let bound = BigInt::from(ring.degree / 2 + 2);
        let error = case.error(&c0, &c1, &secret, &message, &ring);
        assert!(one <= error && error <= bound, "{error}");
    }
}

#[test]
fn keys_of_the_crate_encrypt_what_they_switch_from() {
    let mut rng = SecureRng::from_os().unwrap();
    for case in cases() {
        let (scheme, ring) = (&case.scheme, &case.scheme.keys);
        let keys = EvaluationKeys::builder(&case.secret)
            .relinearization()
            .rotations(&[1])
            .conjugation()
            .build(&mut rng)
            .unwrap();
        let s = ring.small(&case.inputs.secret);
        let square = ring.mul(&s, &s);
        let relinearization = keys.relinearization().unwrap();
        let galois = keys.galois().map(|key| {
            let g = key.automorphism().element() as usize;
            let order = 2 * ring.degree;
            let inverse = (1..order).find(|h| g * h % order == 1).unwrap();
            (key.switching_key(), automorphism(&s, inverse), &s)
        });
        let all: Vec<_> = galois
            .chain([(relinearization, s.clone(), &square)])
            .collect();
        assert_eq!(all.len(), 3);
        for (key, to, from) in all {
            for (d, (b, a)) in key.b().iter().zip(key.a()).enumerate() {
                let [b, a] = [b, a].map(|half| interpolate(ring, half));
                let index = key.index() + d as u64;
                assert_eq!(a, model::expand::uniform(ring, key.seed(), index));
                let gadget = scheme.special() * scheme.gadget(d);
                let payload: Element = from.iter().map(|x| x * &gadget).collect();
                let error = case.error(&b, &a, &to, &payload, ring);
                assert!(
                    BigInt::from(1) <= error && error <= BigInt::from(21),
                    "{error}"
                );
            }
        }
        let bytes = keys.to_bytes();
        let again = EvaluationKeys::from_bytes(&case.context, &bytes).unwrap();
        assert_eq!(again.to_bytes(), bytes);
    }
}

#[test]
fn operations_give_the_vectors() {
    for case in cases() {
        let [relinearization, rotation, conjugation] = case.inputs.keys();
        let [five, minus_one] = case.inputs.elements();
        let galois = [(five, &rotation), (minus_one, &conjugation)];
        let bytes =
            case.scheme
                .evaluation_keys_bytes(&case.inputs.key_seed, &relinearization, &galois);
        let keys = EvaluationKeys::from_bytes(&case.context, &bytes).unwrap();
        assert_eq!(keys.to_bytes(), bytes);
        let evaluator = Evaluator::new(&case.context, Arc::new(keys)).unwrap();
        let (x, y) = (case.ciphertext("x"), case.ciphertext("y"));
        case.check(&evaluator.add(&x, &y).unwrap(), "x + y");
        let product = evaluator.multiply(&x, &y).unwrap();
        case.check(&product, "x y");
        case.check(&evaluator.rescale(&product).unwrap(), "x y rescaled");
        let linear = evaluator.relinearize(&product).unwrap();
        case.check(&linear, "x y relinearised");
        let fused = evaluator.multiply_relinearize(&x, &y).unwrap();
        case.check(&fused, "x y relinearised");
        case.check(&evaluator.rotate(&x, 1).unwrap(), "x rotated by 1");
        let hoisted = evaluator.rotate_many(&x, &[1]).unwrap();
        case.check(&hoisted[0], "x rotated by 1");
        case.check(&evaluator.conjugate(&x).unwrap(), "x conjugated");
        let lower = evaluator.rescale(&linear).unwrap();
        case.check(&lower, "x y relinearised, rescaled");
        let rotated = evaluator.rotate(&lower, 1).unwrap();
        case.check(&rotated, "x y relinearised, rescaled, rotated by 1");
        let decrypted = case.secret.decrypt(&rotated).unwrap();
        let ring = case.scheme.level(rotated.level());
        let expected = ring.reduce(&element(&case.answers["x y rotated by 1, decrypted"]));
        assert_eq!(decrypted.poly().words(), ring.evaluations(&expected));
    }
}
