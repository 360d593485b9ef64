//! Logarithms digit by digit, which judge `exp2` and `log2`.
//!
//! They share nothing with the tables: a logarithm's binary digits are the carries of repeated squaring. Powers are judged by
//! them too, for `2^x (1 + r)` has the logarithm `x + r / ln 2`.

use super::Format;

/// A number `significand 2^exponent`, with its sign.
#[derive(Clone, Copy)]
struct Number {
    negative: bool,
    significand: u64,
    exponent: i32,
}

enum Value {
    Finite(Number),
    Infinite { negative: bool },
    Nan,
}

fn decode(format: Format, word: u64) -> Value {
    let (e, m) = (format.exponent, format.mantissa);
    let (mantissa, field) = (word & ((1 << m) - 1), word >> m & ((1 << e) - 1));
    let negative = word >> (e + m) & 1 == 1;
    if field == (1 << e) - 1 {
        return if mantissa == 0 {
            Value::Infinite { negative }
        } else {
            Value::Nan
        };
    }
    let exponent = field.max(1) as i32 - format.bias() as i32 - m as i32;
    let significand = mantissa | u64::from(field != 0) << m;
    Value::Finite(Number {
        negative,
        significand,
        exponent,
    })
}

fn nan(format: Format) -> u64 {
    ((1 << (format.exponent + 1)) - 1) << (format.mantissa - 1)
}

fn infinity(format: Format) -> u64 {
    ((1 << format.exponent) - 1) << format.mantissa
}

/// Fraction bits of the oracle's numbers; they are right to about `2^-112`.
pub(super) const FRACTION: i32 = 114;

/// The upper half of `z^2`, and the bit below it.
fn square(z: u128) -> (u128, u128) {
    let (high, low) = (z >> 64, z & u128::from(u64::MAX));
    let cross = high * low;
    let middle = ((low * low) >> 64) + ((cross & u128::from(u64::MAX)) << 1);
    (
        high * high + (cross >> 64 << 1) + (middle >> 64),
        middle >> 63 & 1,
    )
}

/// `log2 (significand 2^exponent) 2^114`.
pub(super) fn oracle(significand: u64, exponent: i32) -> i128 {
    let shift = u128::from(significand).leading_zeros();
    let mut z = u128::from(significand) << shift;
    let mut log = i128::from(exponent + 127 - shift as i32);
    for _ in 0..FRACTION {
        let (high, next) = square(z);
        let carry = high >> 127;
        z = if carry == 1 { high } else { high << 1 | next };
        log = log << 1 | carry as i128;
    }
    log
}

fn scaled(x: Number) -> f64 {
    let magnitude = x.significand as f64 * (f64::from(x.exponent)).exp2();
    if x.negative { -magnitude } else { magnitude }
}

/// `x 2^114`, rounded down.
fn fixed(x: Number) -> i128 {
    let shift = x.exponent + FRACTION;
    let magnitude = i128::from(x.significand);
    let magnitude = if shift >= 0 {
        magnitude << shift
    } else {
        magnitude >> (-shift).min(127)
    };
    if x.negative { -magnitude } else { magnitude }
}

/// One, in the oracle's numbers.
pub(super) const UNIT: f64 = (1u128 << FRACTION) as f64;

/// Asserts what holds of `y = 2^x` but for precision, of which it returns relative error and units of the last place.
pub(super) fn power_error(format: Format, x: u64, y: u64) -> (f64, f64) {
    let m = format.mantissa as i32;
    let lowest = 2 - (1 << (format.exponent - 1)) - m;
    let none = (0.0, 0.0);
    let x = match decode(format, x) {
        Value::Finite(x) => x,
        Value::Infinite { negative } => {
            assert_eq!(y, if negative { 0 } else { infinity(format) });
            return none;
        }
        Value::Nan => {
            assert_eq!(y, nan(format));
            return none;
        }
    };
    let real = scaled(x);
    if real >= (format.bias() + 1) as f64 {
        assert_eq!(y, infinity(format), "2^{real}");
        return none;
    }
    // Half of the least positive number, up to the error of a power.
    if real <= f64::from(lowest - 1) {
        assert!(y == 0 || real == f64::from(lowest - 1), "2^{real}");
        return none;
    }
    let Value::Finite(y) = decode(format, y) else {
        panic!("2^{real} is {y:x}")
    };
    assert!(!y.negative);
    if y.significand == 0 {
        // Judged as its upper neighbour would be.
        return (0.0, (real - f64::from(lowest)).exp2());
    }
    // y = 2^(x + excess)
    let excess = (oracle(y.significand, y.exponent) - fixed(x)) as f64 / UNIT;
    let relative = -(-excess * std::f64::consts::LN_2).exp_m1();
    if real.fract() == 0.0 && real >= f64::from(lowest) {
        assert_eq!(relative, 0.0, "2^{real}");
    }
    let normal = y.significand >> m == 1;
    (
        if normal { relative.abs() } else { 0.0 },
        relative.abs() * y.significand as f64,
    )
}

/// Asserts what holds of `y = log2 x` but for precision, of which it returns the absolute error on `[1, 2]`, and units of the
/// last place.
pub(super) fn logarithm_error(format: Format, x: u64, y: u64) -> (f64, f64) {
    let none = (0.0, 0.0);
    let minus = 1 << (format.exponent + format.mantissa);
    let x = match decode(format, x) {
        Value::Finite(x) if x.significand == 0 => {
            assert_eq!(y, infinity(format) | minus);
            return none;
        }
        Value::Finite(x) if !x.negative => x,
        Value::Infinite { negative: false } => {
            assert_eq!(y, infinity(format));
            return none;
        }
        _ => {
            assert_eq!(y, nan(format));
            return none;
        }
    };
    let exact = oracle(x.significand, x.exponent);
    if x.significand.is_power_of_two() && exact == 0 {
        assert_eq!(y, 0);
        return none;
    }
    let word = y;
    let Value::Finite(y) = decode(format, y) else {
        panic!("log2 {} is {y:x}", scaled(x))
    };
    let error = ((fixed(y) - exact) as f64 / UNIT).abs();
    if x.significand.is_power_of_two() {
        assert_eq!(error, 0.0, "log2 {} is {word:x}", scaled(x));
    }
    let inside = (0..=1 << FRACTION).contains(&exact);
    (
        if inside { error } else { 0.0 },
        error / f64::from(y.exponent).exp2(),
    )
}
