//! The canonical embedding, one root at a time: slot j of m is m(zeta^(5^j)) / scale with
//! zeta = e^(i pi / N).

use num_bigint::BigInt;
use std::f64::consts::PI;

/// zeta^(5^j k) as (cos, sin).
fn root(n: usize, j: usize, k: usize) -> (f64, f64) {
    let mut exponent = k % (2 * n);
    for _ in 0..j {
        exponent = exponent * 5 % (2 * n);
    }
    let angle = PI * exponent as f64 / n as f64;
    (angle.cos(), angle.sin())
}

/// round(scale * 2/N * sum_j Re(z_j zeta^(-5^j k))), N/2 slots (re, im). Values too close to a half to
/// be sure in double precision are refused, so that there is one right answer.
pub fn encode(slots: &[(f64, f64)], scale: f64) -> Vec<BigInt> {
    let n = 2 * slots.len();
    let coefficient = |k: usize| {
        let term = |(j, &(re, im)): (usize, &(f64, f64))| {
            let (cos, sin) = root(n, j, k);
            re * cos + im * sin
        };
        let sum: f64 = slots.iter().enumerate().map(term).sum();
        let value = scale * sum * 2.0 / n as f64;
        let margin = ((value - value.floor()) - 0.5).abs();
        assert!(value.abs() < 2f64.powi(40) && margin > 1e-5, "{value}");
        BigInt::from(value.round() as i64)
    };
    (0..n).map(coefficient).collect()
}

/// The slots of centred coefficients.
pub fn decode(coefficients: &[BigInt], scale: f64) -> Vec<(f64, f64)> {
    let n = coefficients.len();
    let values: Vec<f64> = coefficients
        .iter()
        .map(|x| i64::try_from(x).unwrap() as f64 / scale)
        .collect();
    let slot = |j: usize| {
        values
            .iter()
            .enumerate()
            .fold((0.0, 0.0), |(re, im), (k, x)| {
                let (cos, sin) = root(n, j, k);
                (re + x * cos, im + x * sin)
            })
    };
    (0..n / 2).map(slot).collect()
}
