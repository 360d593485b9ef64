//! What is refused, in which words.

use super::*;

fn message<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn scales_that_differ() {
    let mut b = Bench::new();
    let x = b.ciphertext(2, 1, 2f64.powi(30));
    let y = b.ciphertext(2, 1, 2f64.powi(31));
    let want = "add: scales 2^30.0000 and 2^31.0000 differ (2 levels left): rescale both alike, \
                adjust_scale one of them, or encode the plaintext at the ciphertext's scale";
    assert_eq!(message(b.evaluator.add(&x, &y)), want);
    let plain = b.plaintext(2, 2f64.powi(31));
    let want = want.replace("add:", "sub_plain:");
    assert_eq!(message(b.evaluator.sub_plain(&x, &plain)), want);
    // Just outside and just inside the tolerance.
    let off = |part: f64| 2f64.powi(30) * (1.0 + part);
    let outside = b.ciphertext(2, 1, off(1.1e-6));
    let inside = b.ciphertext(2, 1, off(0.9e-6));
    assert!(matches!(
        b.evaluator.sub(&x, &outside),
        Err(Error::ScaleMismatch { .. })
    ));
    assert!(b.evaluator.sub(&x, &inside).is_ok());
}

#[test]
fn products_whose_scale_fills_the_modulus() {
    let mut b = Bench::new();
    let x = b.ciphertext(0, 1, 2f64.powi(25));
    let want = "multiply: the product's scale 2^50.0 does not fit below the modulus 2^50.0 of level 0: \
                rescale an operand first, or encode at a smaller scale";
    assert_eq!(message(b.evaluator.multiply(&x, &x)), want);
    let plain = b.plaintext(2, 2f64.powi(25));
    let want = want.replace("multiply:", "multiply_plain:");
    assert_eq!(message(b.evaluator.multiply_plain(&x, &plain)), want);
    let want = want.replace("multiply_plain:", "multiply_scalar:");
    let scaled = b.evaluator.multiply_scalar(&x, 1.0, 2f64.powi(25));
    assert_eq!(message(scaled), want);
    let smaller = b.ciphertext(0, 1, 2f64.powi(24));
    assert!(b.evaluator.multiply(&x, &smaller).is_err());
    let smaller = b.ciphertext(0, 1, 2f64.powi(23));
    assert!(b.evaluator.multiply(&x, &smaller).is_ok());
}

#[test]
fn levels_and_scales_that_run_out() {
    let mut b = Bench::new();
    let x = b.ciphertext(0, 1, 2f64.powi(30));
    let want = "rescale: needs 1 levels, 0 are left: take parameters with more data primes, or \
                multiply less deep";
    assert_eq!(message(b.evaluator.rescale(&x)), want);
    let y = b.ciphertext(0, 1, 2f64.powi(55));
    assert_eq!(message(b.evaluator.rescale_to(&y, 2.0)), want);
    let adjusted = b.evaluator.adjust_scale(&x, 2f64.powi(30));
    assert_eq!(message(adjusted), want.replace("rescale:", "adjust_scale:"));
    let raised = b.evaluator.drop_to_level(&x, 2);
    let want = want.replace("rescale: needs 1", "drop_to_level: needs 2");
    assert_eq!(message(raised), want);

    let x = b.ciphertext(1, 1, 2f64.powi(30));
    let want = "rescale: dividing the scale 2^30.0 by the prime 2^50.0 of level 1 leaves no precision: \
                multiply first, or drop_to_level without rescaling";
    assert_eq!(message(b.evaluator.rescale(&x)), want);
    let large = b.ciphertext(1, 1, 2f64.powi(60));
    let want = "adjust_scale: from scale 2^60.0 one prime of 2^50.0 does not reach 2^29.0 within one \
                part in 2^20 (1 levels left): adjust before multiplying, while the scale is small";
    assert_eq!(
        message(b.evaluator.adjust_scale(&large, 2f64.powi(29))),
        want
    );
    for nonsense in [f64::NAN, -1.0, 0.0] {
        assert!(b.evaluator.adjust_scale(&x, nonsense).is_err());
    }
    assert!(b.evaluator.adjust_scale(&x, f64::INFINITY).is_err());
}

#[test]
fn ciphertexts_that_were_not_relinearised() {
    let mut b = Bench::new();
    let (x, y) = (b.ciphertext(1, 1, 1e6), b.ciphertext(1, 2, 1e6));
    let want = "multiply: takes ciphertexts of power 1, this one has 2 (1 levels left): relinearize \
                products first";
    assert_eq!(message(b.evaluator.multiply(&x, &y)), want);
    let want = want.replace("multiply:", "square:");
    assert_eq!(message(b.evaluator.square(&y)), want);
    let want = want.replace("square:", "rotate:");
    assert_eq!(message(b.evaluator.rotate(&y, 1)), want);
    let want = want.replace("rotate:", "rotate_many:");
    assert_eq!(message(b.evaluator.rotate_many(&y, &[1])), want);
    let want = want.replace("rotate_many:", "conjugate:");
    assert_eq!(message(b.evaluator.conjugate(&y)), want);
}

#[test]
fn keys_that_were_not_made() {
    let mut b = Bench::new();
    let (x, y) = (b.ciphertext(1, 1, 1e6), b.ciphertext(1, 2, 1e6));
    let e = &b.evaluator;
    assert!(message(e.relinearize(&y)).ends_with("with .relinearization()"));
    assert!(message(e.multiply_relinearize(&x, &x)).ends_with("with .relinearization()"));
    assert!(message(e.rotate(&x, -3)).ends_with("with .rotations(&[-3])"));
    assert!(message(e.rotate_many(&x, &[0, 5])).ends_with("with .rotations(&[5])"));
    assert!(message(e.inner_sum(&x, 4)).ends_with("with .rotations(&[1])"));
    assert!(message(e.conjugate(&x)).ends_with("with .conjugation()"));
    // What needs no key.
    assert_eq!(e.relinearize(&x).unwrap().parts, x.parts);
    assert_eq!(e.rotate(&x, 16).unwrap().parts, x.parts);
    assert_eq!(e.inner_sum(&x, 1).unwrap().parts, x.parts);
    for count in [0, 3, 32] {
        let want = format!("inner sum over {count} slots: must be a power of two of at most 16");
        assert_eq!(message(e.inner_sum(&x, count)), want);
    }
    let foreign = Arc::new(EvaluationKeys::none(&context_of(31)));
    let mixed = Evaluator::new(&b.context, foreign);
    let want = "evaluator: operands belong to different parameters";
    assert_eq!(message(mixed), want);
}

#[test]
fn scalars_that_do_not_fit() {
    let mut b = Bench::new();
    let x = b.ciphertext(0, 1, 2f64.powi(30));
    let want = "add_scalar: the scalar 1048576+0i at scale 2^30.0 does not fit below half the modulus \
                2^50.0 of level 0: take a finite scalar and a scale of at least 1, or stay at a higher \
                level";
    assert_eq!(message(b.evaluator.add_scalar(&x, 1_048_576.0)), want);
    assert!(b.evaluator.add_scalar(&x, 262_144.0).is_ok());
    for nonsense in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert!(b.evaluator.add_scalar(&x, nonsense).is_err());
        assert!(b.evaluator.multiply_scalar(&x, nonsense, 2.0).is_err());
        assert!(b.evaluator.multiply_scalar(&x, 1.0, nonsense).is_err());
        let imaginary = Complex64::new(0.0, nonsense);
        assert!(b.evaluator.multiply_scalar(&x, imaginary, 2.0).is_err());
    }
    assert!(b.evaluator.multiply_scalar(&x, 1.0, 0.5).is_err());
}

#[test]
fn operands_of_other_parameters() {
    let mut b = Bench::new();
    let x = b.ciphertext(2, 1, 1e9);
    let mut other = Bench::new();
    other.context = context_of(31);
    let (foreign, plain) = (other.ciphertext(2, 1, 1e9), other.plaintext(2, 1e9));
    let e = &b.evaluator;
    let want = |operation: &str| format!("{operation}: operands belong to different parameters");
    assert_eq!(message(e.add(&x, &foreign)), want("add"));
    assert_eq!(message(e.multiply(&foreign, &x)), want("multiply"));
    assert_eq!(message(e.add_plain(&x, &plain)), want("add_plain"));
    assert_eq!(message(e.negate(&foreign)), want("negate"));
    assert_eq!(message(e.rescale(&foreign)), want("rescale"));
    assert_eq!(message(e.multiply_by_i(&foreign)), want("multiply_by_i"));
    // Equal parameters prepared twice are the same parameters.
    let again = Bench::new().ciphertext(2, 1, 1e9);
    assert!(e.add(&x, &again).is_ok());
}
