//! Algebraic laws. What holds in the ring holds residue by residue; what rounding touches holds to a
//! stated number of bits.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

use halfmask_ckks::ckks::{
    Ciphertext, Complex64, Context, Encoder, EvaluationKeys, Evaluator, Parameters,
    ParametersLiteral, SecretKey,
};
use halfmask_ckks::{PublicSeed, SecureRng};
use proptest::prelude::*;
use std::sync::{Arc, LazyLock};

const SLOTS: usize = 64;
const STEPS: i64 = 5;

struct Setting {
    context: Arc<Context>,
    encoder: Encoder,
    evaluator: Evaluator,
    secret: SecretKey,
}

/// N = 128, three levels, a 40-bit scale, keys for rotations up to 2 * STEPS.
static SETTING: LazyLock<Setting> = LazyLock::new(|| {
    let mut literal =
        ParametersLiteral::from_bits(2 * SLOTS, &[50, 40, 40, 40], &[50], 40).unwrap();
    literal.allow_insecure = true;
    let context = Context::new(&Parameters::new(&literal).unwrap()).unwrap();
    let mut rng = SecureRng::from_os().unwrap();
    let secret = SecretKey::generate(&context, &mut rng);
    let steps: Vec<i64> = (-STEPS..=2 * STEPS).collect();
    let keys = EvaluationKeys::builder(&secret)
        .relinearization()
        .rotations(&steps)
        .conjugation()
        .inner_sum(SLOTS)
        .build(&mut rng)
        .unwrap();
    Setting {
        encoder: Encoder::new(&context).unwrap(),
        evaluator: Evaluator::new(&context, Arc::new(keys)).unwrap(),
        context,
        secret,
    }
});

type Slots = Vec<Complex64>;

/// Slots of the unit square, some of them at its corners.
fn slots() -> impl Strategy<Value = Slots> {
    let number = || prop_oneof![4 => -1.0..1.0, 1 => prop::sample::select(vec![-1.0, 0.0, 1.0])];
    let slot = (number(), number()).prop_map(|(re, im)| Complex64::new(re, im));
    prop::collection::vec(slot, SLOTS)
}

impl Setting {
    fn encrypt(&self, values: &Slots) -> Ciphertext {
        let mut rng = SecureRng::from_os().unwrap();
        let mut seed = PublicSeed::generate(&mut rng);
        let plain = self.encoder.encode_complex(values).unwrap();
        let sent = self.secret.encrypt(&plain, &mut seed, &mut rng).unwrap();
        sent.expand()
    }

    fn decrypt(&self, ciphertext: &Ciphertext) -> Slots {
        let plain = self.secret.decrypt(ciphertext).unwrap();
        self.encoder.decode_complex(&plain).unwrap()
    }

    /// x y, relinearised and rescaled.
    fn product(&self, x: &Ciphertext, y: &Ciphertext) -> Ciphertext {
        let product = self.evaluator.multiply_relinearize(x, y).unwrap();
        self.evaluator.rescale(&product).unwrap()
    }
}

/// Every slot to `bits` bits after the point.
#[track_caller]
fn close(got: &Slots, expected: &Slots, bits: i32) {
    for (j, (got, expected)) in got.iter().zip(expected).enumerate() {
        let error = (got - expected).norm();
        assert!(
            error < 2f64.powi(-bits),
            "slot {j}: {got} for {expected}, {:.1} bits",
            -error.log2()
        );
    }
}

#[track_caller]
fn same(left: &Ciphertext, right: &Ciphertext) {
    assert_eq!(left.parts(), right.parts());
    assert_eq!((left.level(), left.scale()), (right.level(), right.scale()));
}

fn map(x: &Slots, y: &Slots, op: fn(Complex64, Complex64) -> Complex64) -> Slots {
    x.iter().zip(y).map(|(&x, &y)| op(x, y)).collect()
}

fn rotated(x: &Slots, steps: i64) -> Slots {
    let from = |j: usize| (j as i64 + steps).rem_euclid(SLOTS as i64) as usize;
    (0..SLOTS).map(|j| x[from(j)]).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn operations_are_those_on_slots(x in slots(), y in slots(), factor in -4.0..4.0f64) {
        let s = &*SETTING;
        let (a, b) = (s.encrypt(&x), s.encrypt(&y));
        let evaluator = &s.evaluator;
        close(&s.decrypt(&a), &x, 28);
        close(&s.decrypt(&evaluator.add(&a, &b).unwrap()), &map(&x, &y, |x, y| x + y), 27);
        close(&s.decrypt(&evaluator.sub(&a, &b).unwrap()), &map(&x, &y, |x, y| x - y), 27);
        close(&s.decrypt(&evaluator.negate(&a).unwrap()), &map(&x, &y, |x, _| -x), 28);
        close(&s.decrypt(&s.product(&a, &b)), &map(&x, &y, |x, y| x * y), 24);
        let plain = s.encoder.encode_complex(&y).unwrap();
        let sum = evaluator.add_plain(&a, &plain).unwrap();
        close(&s.decrypt(&sum), &map(&x, &y, |x, y| x + y), 27);
        let product = evaluator.multiply_plain(&a, &plain).unwrap();
        let product = evaluator.rescale(&product).unwrap();
        close(&s.decrypt(&product), &map(&x, &y, |x, y| x * y), 25);
        let scaled = evaluator.multiply_scalar(&a, factor, s.context.parameters().scale());
        let scaled = evaluator.rescale(&scaled.unwrap()).unwrap();
        let expected: Slots = x.iter().map(|x| x * factor).collect();
        close(&s.decrypt(&scaled), &expected, 24);
        let turned = evaluator.multiply_by_i(&a).unwrap();
        close(&s.decrypt(&turned), &map(&x, &y, |x, _| x * Complex64::i()), 28);
    }

    #[test]
    fn sums_and_tensor_products_form_a_commutative_ring(
        x in slots(), y in slots(), z in slots(),
    ) {
        let s = &*SETTING;
        let [a, b, c] = [&x, &y, &z].map(|slots| s.encrypt(slots));
        let add = |a: &Ciphertext, b: &Ciphertext| s.evaluator.add(a, b).unwrap();
        let multiply = |a: &Ciphertext, b: &Ciphertext| s.evaluator.multiply(a, b).unwrap();
        same(&add(&a, &b), &add(&b, &a));
        same(&add(&add(&a, &b), &c), &add(&a, &add(&b, &c)));
        same(&multiply(&a, &b), &multiply(&b, &a));
        same(&multiply(&a, &add(&b, &c)), &add(&multiply(&a, &b), &multiply(&a, &c)));
        same(&s.evaluator.square(&a).unwrap(), &multiply(&a, &a));
        let negated = s.evaluator.negate(&b).unwrap();
        same(&s.evaluator.sub(&a, &b).unwrap(), &add(&a, &negated));
        same(&multiply(&a, &negated), &s.evaluator.negate(&multiply(&a, &b)).unwrap());
        // Dropping a level commutes with all of it.
        let drop = |a: &Ciphertext| s.evaluator.drop_to_level(a, 1).unwrap();
        same(&multiply(&drop(&a), &b), &drop(&multiply(&a, &b)));
        same(&add(&a, &drop(&b)), &drop(&add(&a, &b)));
    }

    #[test]
    fn products_associate_up_to_the_error(x in slots(), y in slots(), z in slots()) {
        let s = &*SETTING;
        let [a, b, c] = [&x, &y, &z].map(|slots| s.encrypt(slots));
        let left = s.product(&s.product(&a, &b), &c);
        let right = s.product(&a, &s.product(&b, &c));
        prop_assert_eq!((left.level(), left.scale()), (right.level(), right.scale()));
        close(&s.decrypt(&left), &s.decrypt(&right), 22);
        let expected = map(&map(&x, &y, |x, y| x * y), &z, |x, y| x * y);
        close(&s.decrypt(&left), &expected, 22);
    }

    #[test]
    fn rotations_compose_and_conjugation_undoes_itself(
        x in slots(), y in slots(), k in -STEPS..=STEPS, l in 0..=STEPS,
    ) {
        let s = &*SETTING;
        let (a, b) = (s.encrypt(&x), s.encrypt(&y));
        let rotate = |a: &Ciphertext, k| s.evaluator.rotate(a, k).unwrap();
        close(&s.decrypt(&rotate(&a, k)), &rotated(&x, k), 26);
        let twice = rotate(&rotate(&a, k), l);
        close(&s.decrypt(&twice), &s.decrypt(&rotate(&a, k + l)), 26);
        let conjugate = |a: &Ciphertext| s.evaluator.conjugate(a).unwrap();
        close(&s.decrypt(&conjugate(&a)), &map(&x, &y, |x, _| x.conj()), 26);
        close(&s.decrypt(&conjugate(&conjugate(&a))), &x, 26);
        // Automorphisms of the ring: of sums and of products.
        let sum = s.evaluator.add(&a, &b).unwrap();
        let sum_of_rotated = s.evaluator.add(&rotate(&a, k), &rotate(&b, k)).unwrap();
        close(&s.decrypt(&rotate(&sum, k)), &s.decrypt(&sum_of_rotated), 25);
        let product = rotate(&s.product(&a, &b), k);
        let product_of_rotated = s.product(&rotate(&a, k), &rotate(&b, k));
        close(&s.decrypt(&product), &s.decrypt(&product_of_rotated), 23);
        // Rotating by all slots, or by none, changes nothing.
        same(&rotate(&a, 0), &a);
        same(&rotate(&a, SLOTS as i64), &a);
    }

    #[test]
    fn hoisted_rotations_are_the_rotations(x in slots(), k in -STEPS..=STEPS) {
        let s = &*SETTING;
        let a = s.encrypt(&x);
        let steps = [k, 0, 1, STEPS];
        let many = s.evaluator.rotate_many(&a, &steps).unwrap();
        prop_assert_eq!(many.len(), steps.len());
        for (hoisted, k) in many.iter().zip(steps) {
            close(&s.decrypt(hoisted), &rotated(&x, k), 26);
        }
    }

    #[test]
    fn inner_sums_are_sums_of_rotations(x in slots()) {
        let s = &*SETTING;
        let a = s.encrypt(&x);
        for count in [1, 8, SLOTS] {
            let sum = s.decrypt(&s.evaluator.inner_sum(&a, count).unwrap());
            let term = |k: usize| rotated(&x, k as i64);
            let zero = vec![Complex64::ZERO; SLOTS];
            let expected = (0..count).map(term).fold(zero, |sum, x| map(&sum, &x, |x, y| x + y));
            close(&sum, &expected, 19);
        }
    }

    #[test]
    fn rescaling_is_linear_up_to_rounding(x in slots(), y in slots()) {
        let s = &*SETTING;
        let (a, b) = (s.encrypt(&x), s.encrypt(&y));
        let (p, q) = (s.evaluator.multiply(&a, &b).unwrap(), s.evaluator.square(&a).unwrap());
        let rescale = |a: &Ciphertext| s.evaluator.rescale(a).unwrap();
        let of_sum = rescale(&s.evaluator.add(&p, &q).unwrap());
        let sum_of = s.evaluator.add(&rescale(&p), &rescale(&q)).unwrap();
        // Each of three roundings is off by at most 1/2 in each coefficient of each component.
        let ring = of_sum.parts()[0].context();
        for (left, right) in of_sum.parts().iter().zip(sum_of.parts()) {
            let mut difference = left.clone();
            difference.sub_assign(right).unwrap();
            let difference = difference.into_coefficient().unwrap();
            for (modulus, limb) in ring.moduli().zip(difference.words().chunks(2 * SLOTS)) {
                prop_assert!(limb.iter().all(|&x| modulus.centre(x).abs() <= 1));
            }
        }
        // A rescale keeps the value and divides the scale by its prime.
        let (before, after) = (s.decrypt(&p), s.decrypt(&rescale(&p)));
        close(&before, &after, 26);
        let last = *s.context.parameters().data_moduli().last().unwrap() as f64;
        prop_assert!((rescale(&p).scale() * last / p.scale() - 1.0).abs() < 1e-12);
        // Relinearisation keeps the value, level and scale.
        let linear = s.evaluator.relinearize(&p).unwrap();
        prop_assert_eq!((linear.level(), linear.scale()), (p.level(), p.scale()));
        close(&s.decrypt(&linear), &before, 40);
    }
}
