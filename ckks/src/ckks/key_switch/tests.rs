//! Switching is right for every secret, level and shape of digits, within its noise.

use super::*;
use crate::PublicSeed;
use crate::SecureRng;
use crate::ckks::encrypt::tests::{difference, plaintext, variance};
use crate::ckks::{
    Ciphertext, EvaluationKeys, Parameters, ParametersLiteral, Plaintext, Preset, SecretKey,
};

const DEGREE: usize = 512;

/// Data primes of 50, 45, 45, .. bits and `special` special ones.
fn context(data: usize, special: usize) -> Arc<Context> {
    let bits = [vec![50], vec![45; data - 1]].concat();
    let mut literal = ParametersLiteral::from_bits(DEGREE, &bits, &vec![50; special], 45).unwrap();
    literal.allow_insecure = true;
    Context::new(&Parameters::new(&literal).unwrap()).unwrap()
}

/// One special prime; two, in pairs; pairs and a rest; triples and a rest of one and of two.
const SHAPES: [(usize, usize); 6] = [(1, 1), (4, 1), (4, 2), (5, 2), (7, 3), (5, 3)];

/// The variance that the module's documentation states.
fn expected(context: &Context, level: usize) -> f64 {
    let (parameters, n) = (context.parameters(), context.degree() as f64);
    let product = |primes: &[u64]| primes.iter().map(|&q| q as f64).product::<f64>();
    let p = product(parameters.special_moduli());
    let digits: f64 = (0..parameters.digits(level))
        .map(|d| product(&parameters.data_moduli()[parameters.digit(d, level)]) / p)
        .map(|ratio| ratio * ratio)
        .sum();
    10.5 * n * digits / 12.0 + (1.0 + 2.0 * n / 3.0) / 12.0
}

struct Fixture {
    context: Arc<Context>,
    secret: SecretKey,
    keys: EvaluationKeys,
    rng: SecureRng,
}

fn fixture(data: usize, special: usize) -> Fixture {
    let context = context(data, special);
    let mut rng = SecureRng::from_seed([data as u8; 32]);
    let secret = SecretKey::generate(&context, &mut rng);
    let builder = EvaluationKeys::builder(&secret).relinearization();
    let builder = builder.rotations(&[1, -3, 7]).conjugation();
    let keys = builder.build(&mut rng).unwrap();
    Fixture {
        context,
        secret,
        keys,
        rng,
    }
}

impl Fixture {
    fn decrypt(&self, parts: &[Poly<Evaluation, u64>]) -> Plaintext {
        let ciphertext = Ciphertext {
            context: Arc::clone(&self.context),
            level: parts[0].context().limbs().len() - 1,
            parts: parts.to_vec(),
            scale: 1.0,
        };
        self.secret.decrypt(&ciphertext).unwrap()
    }

    fn random(&mut self, level: usize) -> Poly<Evaluation, u64> {
        plaintext(&self.context, level, &mut self.rng).poly.clone()
    }

    /// Both decrypt to the same but for the noise of one switch.
    fn check(&self, left: &Plaintext, right: &Plaintext) {
        let measured = variance(&difference(left, right));
        let ratio = measured / expected(&self.context, left.level());
        // Digits that are all of P's size leave no slack but the sampling's.
        assert!(
            (0.5..1.5).contains(&ratio),
            "level {}: {ratio}",
            left.level()
        );
    }
}

#[test]
fn relinearisation_keeps_the_phase_at_every_level() {
    for (data, special) in SHAPES {
        let mut f = fixture(data, special);
        for level in 0..data {
            let parts = [f.random(level), f.random(level), f.random(level)];
            let key = f.keys.relinearization().unwrap();
            let relinearised = relinearize([&parts[0], &parts[1], &parts[2]], key).unwrap();
            f.check(&f.decrypt(&relinearised), &f.decrypt(&parts));
            // The switch alone, onto nothing.
            let zero = Poly::zero(parts[2].context());
            let alone = switch(&parts[2], key).unwrap();
            let [mut k0, mut k1] = alone.clone();
            k0.add_assign(&parts[0]).unwrap();
            k1.add_assign(&parts[1]).unwrap();
            assert_eq!([k0, k1], relinearised);
            let square = [zero.clone(), zero, parts[2].clone()];
            f.check(&f.decrypt(&alone), &f.decrypt(&square));
        }
    }
}

#[test]
fn automorphisms_commute_with_decryption_hoisted_or_not() {
    for (data, special) in SHAPES {
        let mut f = fixture(data, special);
        for level in 0..data {
            let parts = [f.random(level), f.random(level)];
            let digits = Digits::decompose(&f.context, &parts[1]).unwrap();
            assert_eq!(digits.level(), level);
            let keys = [1, -3, 7].map(|steps| f.keys.rotation(steps).unwrap());
            for key in keys.into_iter().chain([f.keys.conjugation().unwrap()]) {
                let mapped = apply_galois([&parts[0], &parts[1]], key).unwrap();
                let mut plain = f.decrypt(&parts);
                plain.poly = key.automorphism().apply(&plain.poly).unwrap();
                f.check(&f.decrypt(&mapped), &plain);
                assert_eq!(digits.apply_galois(&parts[0], key).unwrap(), mapped);
                let alone = switch(&parts[1], key.switching_key()).unwrap();
                assert_eq!(digits.switch(key.switching_key()).unwrap(), alone);
            }
        }
    }
}

#[test]
fn extreme_elements_switch_within_the_worst_case() {
    // All residues 0, q - 1 or about q/2: nothing overflows, nothing is lost at the edges.
    for (data, special) in [(4, 1), (5, 2)] {
        let f = fixture(data, special);
        let ring = f.context.level_ring(data - 1).unwrap();
        for pick in [|_: u64| 0, |q| q - 1, |q| q / 2, |q| q / 2 + 1] {
            let residues = ring.moduli().flat_map(|q| vec![pick(q.value()); DEGREE]);
            let coefficients = Poly::from_words(ring, residues.collect()).unwrap();
            let element = crate::Poly::<crate::Coefficient, u64>::into_evaluation(coefficients);
            let element = element.unwrap();
            let zero = Poly::zero(ring);
            let switched = switch(&element, f.keys.relinearization().unwrap()).unwrap();
            let square = [zero.clone(), zero, element];
            let noise = difference(&f.decrypt(&switched), &f.decrypt(&square));
            let digits = f.context.parameters().digits(data - 1);
            let worst = (21 * digits * DEGREE / 2 + DEGREE) as i64;
            assert!(noise.iter().all(|e| e.abs() <= worst));
        }
    }
}

#[test]
fn keys_are_exactly_those_asked_for() {
    let f = fixture(4, 2);
    let slots = DEGREE as i64 / 2;
    assert_eq!(f.keys.galois().len(), 4);
    assert!(f.keys.rotation(slots - 3).is_ok());
    assert!(matches!(
        f.keys.rotation(2),
        Err(Error::MissingRotationKey { steps: 2 })
    ));
    let none = EvaluationKeys::none(&f.context);
    let missing = none.relinearization().unwrap_err().to_string();
    assert!(missing.contains(".relinearization()"), "{missing}");
    let missing = none.rotation(-5).unwrap_err().to_string();
    assert!(missing.contains(".rotations(&[-5])"), "{missing}");
    let missing = none.conjugation().unwrap_err().to_string();
    assert!(missing.contains(".conjugation()"), "{missing}");

    let mut rng = SecureRng::from_seed([9; 32]);
    let builder = EvaluationKeys::builder(&f.secret).rotations(&[0, 1, 1, slots + 1]);
    let keys = builder.inner_sum(8).build(&mut rng).unwrap();
    assert_eq!(keys.galois().len(), 3); // 1, 2, 4
    assert!(keys.relinearization().is_err());
    for count in [0, 3, DEGREE] {
        let refused = EvaluationKeys::builder(&f.secret)
            .inner_sum(count)
            .build(&mut rng);
        assert!(matches!(refused, Err(Error::InnerSum { count: c, slots: 256 }) if c == count));
    }
}

#[test]
fn keys_are_rebuilt_from_what_travels() {
    let mut f = fixture(5, 2);
    let parts = [f.random(3), f.random(3)];
    let key = f.keys.rotation(7).unwrap();
    let old = key.switching_key();
    let rebuild = |b: &[Poly<Evaluation, u64>]| {
        SwitchingKey::from_seed(&f.context, *old.seed(), old.index(), b.to_vec())
    };
    let new = GaloisKey::from_key(key.automorphism().element(), rebuild(old.b()).unwrap());
    let new = new.unwrap();
    assert_eq!(new.switching_key().a(), old.a());
    let keys = EvaluationKeys::from_keys(&f.context, None, vec![new]).unwrap();
    assert_eq!(
        apply_galois([&parts[0], &parts[1]], keys.rotation(7).unwrap()).unwrap(),
        apply_galois([&parts[0], &parts[1]], key).unwrap()
    );
    assert!(rebuild(&old.b()[1..]).is_err());
    assert!(rebuild(&[&old.b()[1..], &parts[..1]].concat()).is_err());
    assert!(GaloisKey::from_key(4, old.clone()).is_err());
    let wrapping = SwitchingKey::from_seed(&f.context, [0; 32], u64::MAX - 1, old.b().to_vec());
    assert!(wrapping.is_err());
    // No two keys share an index of their seed.
    let mut indices: Vec<u64> = f.keys.galois().map(|k| k.switching_key().index()).collect();
    indices.push(f.keys.relinearization().unwrap().index());
    indices.sort_unstable();
    assert_eq!(indices, [0, 3, 6, 9, 12]);
}

#[test]
fn foreign_elements_and_missing_special_primes_are_refused() {
    let mut f = fixture(4, 1);
    let other = fixture(4, 2);
    let element = f.random(2);
    let key = other.keys.relinearization().unwrap();
    let digits = Digits::decompose(&f.context, &element).unwrap();
    assert!(matches!(
        digits.switch(key),
        Err(Error::ContextMismatch { .. })
    ));
    let onto = f.random(1);
    assert!(
        digits
            .apply_galois(&onto, f.keys.rotation(1).unwrap())
            .is_err()
    );
    let foreign = Context::new(&Parameters::preset(Preset::N4096).unwrap()).unwrap();
    assert!(Digits::decompose(&foreign, &element).is_err());

    let mut literal = ParametersLiteral::from_bits(1024, &[25], &[], 20).unwrap();
    literal.allow_insecure = true;
    let context = Context::new(&Parameters::new(&literal).unwrap()).unwrap();
    let secret = SecretKey::generate(&context, &mut f.rng);
    let build = EvaluationKeys::builder(&secret).relinearization();
    assert!(matches!(
        build.build(&mut f.rng),
        Err(Error::NoSpecialPrimes)
    ));
    let element = plaintext(&context, 0, &mut f.rng).poly.clone();
    assert!(Digits::decompose(&context, &element).is_err());
}

#[test]
fn results_do_not_depend_on_the_number_of_threads() {
    let everything = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        pool.build().unwrap().install(|| {
            let mut f = fixture(5, 2);
            let parts = [f.random(4), f.random(4)];
            let key = f.keys.rotation(1).unwrap();
            let digits = Digits::decompose(&f.context, &parts[1]).unwrap();
            assert_eq!(
                digits.apply_galois(&parts[0], key).unwrap(),
                apply_galois([&parts[0], &parts[1]], key).unwrap()
            );
            apply_galois([&parts[0], &parts[1]], key).unwrap()
        })
    };
    let one = everything(1);
    assert_eq!(everything(2), one);
    assert_eq!(everything(3), one);
}

/// The seeds of two key sets differ, so that no a is shared.
#[test]
fn key_sets_have_seeds_of_their_own() {
    let f = fixture(4, 1);
    let mut rng = SecureRng::from_seed([10; 32]);
    let mut build = || {
        let keys = EvaluationKeys::builder(&f.secret).relinearization();
        keys.build(&mut rng).unwrap()
    };
    let (first, second) = (build(), build());
    let seed = |keys: &EvaluationKeys| *keys.relinearization().unwrap().seed();
    assert_ne!(seed(&first), seed(&second));
    let fresh = PublicSeed::generate(&mut SecureRng::from_seed([10; 32]));
    assert_eq!(fresh.bytes(), &seed(&first));
}
