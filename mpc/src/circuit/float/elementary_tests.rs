//! `exp2` and `log2` against logarithms bit by bit, and against native ones.

use super::oracle::{FRACTION, UNIT, logarithm_error, oracle, power_error};
use super::{Format, exp2, log2};
use crate::Error;
use crate::circuit::{Builder, Template, Wire};
use crate::rng::SecureRng;
use rand_core::Rng;

const HALF: Format = Format {
    exponent: 5,
    mantissa: 10,
};
const BRAIN: Format = Format {
    exponent: 8,
    mantissa: 7,
};
const TINY: Format = Format {
    exponent: 4,
    mantissa: 3,
};

type Function = fn(&mut Builder, Format, &[Wire]) -> Result<Vec<Wire>, Error>;

fn template(format: Format, function: Function) -> Template {
    let mut b = Builder::new();
    let x = b.inputs(format.bits());
    let y = function(&mut b, format, &x).unwrap();
    assert_eq!(y.len(), format.bits());
    b.build(&y).unwrap()
}

fn transpose(words: &[u64], bits: usize) -> Vec<u64> {
    let bit = |i| {
        words
            .iter()
            .enumerate()
            .fold(0, |s, (lane, w)| s | (w >> i & 1) << lane)
    };
    (0..bits).map(bit).collect()
}

/// Calls `check(x, y)` for every argument.
fn for_each(t: &Template, arguments: impl Iterator<Item = u64>, mut check: impl FnMut(u64, u64)) {
    let mut arguments = arguments.peekable();
    while arguments.peek().is_some() {
        let batch: Vec<u64> = arguments.by_ref().take(64).collect();
        let results = transpose(
            &t.evaluate(&transpose(&batch, t.inputs()), &[]),
            batch.len(),
        );
        batch.iter().zip(results).for_each(|(&x, y)| check(x, y));
    }
}

/// The greatest errors seen.
#[derive(Default, Debug)]
struct Errors {
    /// Of normal powers relative, of logarithms on `[1, 2]` absolute.
    bound: f64,
    /// In units of the result's last place.
    ulps: f64,
}

fn measure(
    t: &Template,
    arguments: impl Iterator<Item = u64>,
    error: impl Fn(u64, u64) -> (f64, f64),
) -> Errors {
    let mut errors = Errors::default();
    for_each(t, arguments, |x, y| {
        let (bound, ulps) = error(x, y);
        errors.bound = errors.bound.max(bound);
        errors.ulps = errors.ulps.max(ulps);
    });
    errors
}

/// Arguments with exponents from `-e - 4` to `e + 1`, half of them with a run of equal bits at the end, where the errors of
/// rows add up.
fn moderate(format: Format, seed: u8) -> impl Iterator<Item = u64> {
    let (e, m) = (format.exponent, format.mantissa);
    let mut rng = SecureRng::from_seed([seed; 32]);
    std::iter::repeat_with(move || {
        let (mantissa, kind) = (rng.next_u64() & ((1 << m) - 1), rng.next_u64());
        let run = (1 << (kind >> 8 & 63).min(m as u64)) - 1;
        let mantissa = match kind & 3 {
            0 => mantissa | run,
            1 => mantissa & !run,
            _ => mantissa,
        };
        let field = format.bias() - e as u64 - 4 + (kind >> 16 & 0xffff) % (2 * e as u64 + 6);
        let sign = kind >> 2 & 1;
        mantissa | (field | sign << e) << m
    })
}

/// `count` floats of either sign with exponents around one's, and any patterns.
fn double_patterns(count: usize, seed: u8) -> impl Iterator<Item = u64> {
    let mut rng = SecureRng::from_seed([seed ^ 0xff; 32]);
    let any = std::iter::repeat_with(move || rng.next_u64()).take(count / 8);
    moderate(Format::F64, seed)
        .take(count - count / 8)
        .chain(any)
}

/// Both sides of every border of the tables' segments.
fn borders() -> impl Iterator<Item = f64> {
    (-1024..1024).flat_map(|i| {
        let border = f64::from(i) / 256.0;
        (-3i64..=3).map(move |step| f64::from_bits(border.to_bits().wrapping_add_signed(step)))
    })
}

/// Mantissas at the ends and in the middle, with exponents at the ends and around one's.
fn edges(format: Format) -> Vec<u64> {
    let (e, m) = (format.exponent as u64, format.mantissa);
    let mut words = Vec::new();
    for field in [
        0,
        1,
        2,
        format.bias() - 1,
        format.bias(),
        format.bias() + 1,
        (1 << e) - 2,
        (1 << e) - 1,
    ] {
        for mantissa in [
            0,
            1,
            2,
            (1 << (m - 1)) - 1,
            1 << (m - 1),
            (1 << m) - 2,
            (1 << m) - 1,
        ] {
            words.extend([0, 1].map(|sign| (sign << e | field) << m | mantissa));
        }
    }
    words
}

#[test]
fn gates_are_below_the_published_counts() {
    for (format, function, gates, published) in [
        (Format::F32, exp2 as Function, 1110, 9_740),
        (Format::F64, exp2, 4611, 21_431),
        (Format::F32, log2, 1779, 10_568),
        (Format::F64, log2, 7184, 19_789),
    ] {
        let t = template(format, function);
        assert_eq!(t.and_gates(), gates);
        assert!(t.and_gates() <= published);
    }
}

#[test]
fn oracle_is_right() {
    // log2 3 + log2 5 = log2 15, and powers of two have integer logarithms.
    let third = oracle(3, -7) + oracle(5, 7) - oracle(15, 0);
    assert!(third.abs() < 8, "{third}");
    assert_eq!(oracle(1 << 40, -45), -5 << FRACTION);
    for x in [3u64, 1_000_003, (1 << 53) - 1, (1 << 52) + 1] {
        let native = (x as f64).log2();
        assert!((oracle(x, 0) as f64 / UNIT - native).abs() <= native * f64::EPSILON);
    }
    // log2(1 + h) = (h - h^2 / 2 + ...) / ln 2
    let h = 2f64.powi(-52);
    let log = oracle((1 << 52) + 1, -52) as f64 / UNIT;
    assert!((log / (h * std::f64::consts::LOG2_E) - 1.0).abs() < 1e-15);
}

#[test]
fn small_formats_exhaustively() {
    for format in [TINY, BRAIN, HALF] {
        let all = || 0..1 << format.bits();
        let errors = measure(&template(format, exp2), all(), |x, y| {
            power_error(format, x, y)
        });
        let unit = 0.5f64.powi(format.mantissa as i32);
        assert!(
            errors.bound <= 0.58 * unit && errors.ulps <= 0.7,
            "{format:?} {errors:?}"
        );
        let errors = measure(&template(format, log2), all(), |x, y| {
            logarithm_error(format, x, y)
        });
        assert!(errors.ulps <= 0.64, "{format:?} {errors:?}");
    }
}

/// Words that are drawn, and those around the tables' borders, the integers, and one.
fn double_arguments(count: usize, seed: u8) -> (Vec<u64>, Vec<u64>) {
    let integers = (-1_100..1_100)
        .flat_map(|i| [-1, 0, 1].map(|step| f64::from(i).to_bits().wrapping_add_signed(step)));
    let powers = double_patterns(count, seed)
        .chain(borders().map(f64::to_bits))
        .chain(integers)
        .chain(edges(Format::F64));
    let one =
        (0..52).flat_map(|i| [1.0 + 0.5f64.powi(i), 1.0 - 0.5f64.powi(i + 1)].map(f64::to_bits));
    let logarithms = double_patterns(count, seed ^ 1)
        .chain(borders().map(|x| (1.0 + x / 4.0).to_bits()))
        .chain(one)
        .chain(edges(Format::F64));
    (powers.collect(), logarithms.collect())
}

fn check_doubles(count: usize, seed: u8) -> (Errors, Errors) {
    let format = Format::F64;
    let (powers, logarithms) = double_arguments(count, seed);
    let power = measure(&template(format, exp2), powers.into_iter(), |x, y| {
        power_error(format, x, y)
    });
    assert!(power.bound <= 1.53e-16 && power.ulps <= 0.7, "{power:?}");
    let logarithm = measure(&template(format, log2), logarithms.into_iter(), |x, y| {
        logarithm_error(format, x, y)
    });
    assert!(
        logarithm.bound <= 7.2e-17 && logarithm.ulps <= 0.79,
        "{logarithm:?}"
    );
    (power, logarithm)
}

#[test]
fn doubles() {
    check_doubles(50_000, 2);
}

/// Asserts what holds of `y = 2^x`; returns a normal result's relative error.
fn single_power_error(x: f32, y: f32) -> f64 {
    let exact = f64::from(x).exp2();
    if x.is_nan() || exact >= 2f64.powi(128) {
        assert_eq!(
            y.to_bits(),
            if x.is_nan() { 0x7fc0_0000 } else { 0x7f80_0000 }
        );
        return 0.0;
    }
    let error = (f64::from(y) - exact).abs();
    if exact < f64::from(f32::MIN_POSITIVE) {
        assert!(
            error <= 0.6 * 2f64.powi(-149) && y.is_sign_positive(),
            "2^{x:e} is {y:e}"
        );
        return 0.0;
    }
    error / exact
}

/// Asserts what holds of `y = log2 x`; returns the error, absolute and in units of the last place.
fn single_logarithm_error(x: f32, y: f32) -> (f64, f64) {
    let exact = f64::from(x).log2();
    if exact.is_nan() || exact.is_infinite() || exact == 0.0 {
        let bits = if exact.is_nan() {
            0x7fc0_0000
        } else {
            (exact as f32).to_bits()
        };
        assert_eq!(y.to_bits(), bits, "log2 {x:e} is {y:e}");
        return (0.0, 0.0);
    }
    let unit = f64::from(y.abs().next_up()) - f64::from(y.abs());
    let error = (f64::from(y) - exact).abs();
    let inside = (0.0..=1.0).contains(&exact);
    (if inside { error } else { 0.0 }, error / unit)
}

fn float(word: u64) -> f32 {
    f32::from_bits(word as u32)
}

fn single_power_errors(arguments: impl Iterator<Item = u64>) -> Errors {
    let power = template(Format::F32, exp2);
    measure(&power, arguments, |x, y| {
        (single_power_error(float(x), float(y)), 0.0)
    })
}

fn single_logarithm_errors(arguments: impl Iterator<Item = u64>) -> Errors {
    let logarithm = template(Format::F32, log2);
    measure(&logarithm, arguments, |x, y| {
        single_logarithm_error(float(x), float(y))
    })
}

#[test]
fn singles() {
    let one = u64::from(1f32.to_bits());
    // Every mantissa on [1, 2].
    let errors = single_logarithm_errors(one..=one + (1 << 23));
    assert!(errors.bound <= 3.4e-8 && errors.ulps <= 0.64, "{errors:?}");
    // One in 16,381 of all patterns, and the edges.
    let sample = || (0..1 << 32).step_by(16_381).chain(edges(Format::F32));
    let errors = single_logarithm_errors(sample());
    assert!(errors.ulps <= 0.64, "{errors:?}");
    let errors = single_power_errors(sample().chain(moderate(Format::F32, 3).take(250_000)));
    assert!(errors.bound <= 7.1e-8, "{errors:?}");
}

/// Every float of either sign from 1/8 to 4, and one in 61 of all: minutes.
#[test]
#[ignore = "a hundred and fifty million patterns"]
fn many_single_powers() {
    let singles = near_one().flat_map(|x| [x, x | 1 << 31]);
    let errors = single_power_errors(singles.chain((0..1 << 32).step_by(61)));
    println!("{errors:?}");
    assert!(errors.bound <= 7.1e-8, "{errors:?}");
}

#[test]
#[ignore = "a hundred million patterns"]
fn many_single_logarithms() {
    let errors = single_logarithm_errors(near_one().chain((0..1 << 32).step_by(61)));
    println!("{errors:?}");
    assert!(errors.bound <= 3.4e-8 && errors.ulps <= 0.64, "{errors:?}");
}

fn near_one() -> impl Iterator<Item = u64> {
    0.125f32.to_bits().into()..4f32.to_bits().into()
}

#[test]
#[ignore = "twice sixteen million patterns"]
fn many_doubles() {
    let mut worst = [Errors::default(), Errors::default()];
    for seed in 32..48 {
        let (power, logarithm) = check_doubles(1 << 20, 2 * seed);
        for (worst, errors) in worst.iter_mut().zip([power, logarithm]) {
            worst.bound = worst.bound.max(errors.bound);
            worst.ulps = worst.ulps.max(errors.ulps);
        }
    }
    println!("{worst:?}");
}
