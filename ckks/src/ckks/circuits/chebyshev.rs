//! The Chebyshev basis T_0 = 1, T_1 = u, T_2 = 2 u^2 - 1, ..
//!
//! With u = cos t, T_i = cos(i t), hence T_i T_j = (T_(i+j) + T_|i-j|) / 2, from which products and the
//! division below follow (Bossuat, Mouchet, Troncoso-Pastoriza, Hubaux, eprint 2020/1203, section 5).

use super::{Machine, twin::prime};
use crate::ckks::Error;
use std::f64::consts::PI;
use std::ops::Range;

/// Coefficients below this fraction of the largest, 2^-46, are rounding errors of the interpolation.
const ROUNDING: f64 = 1.0 / (1u64 << 46) as f64;

/// Coefficients of the interpolation at the d + 1 nodes u_k = cos(pi (k + 1/2) / (d + 1)):
/// c_i = (2 - \[i = 0\]) / (d + 1) sum_k f(u_k) cos(pi i (k + 1/2) / (d + 1)).
pub(super) fn interpolate(
    f: impl Fn(f64) -> f64,
    degree: usize,
    interval: &Range<f64>,
) -> Result<Vec<f64>, Error> {
    const LARGEST: usize = 1 << 12;
    if degree > LARGEST {
        return Err(Error::Polynomial {
            reason: "interpolation stops at degree 4096",
        });
    }
    let nodes = degree + 1;
    // cos(pi i (k + 1/2) / nodes), its argument reduced exactly.
    let cosine = |i: usize, k: usize| {
        let turns = i * (2 * k + 1) % (4 * nodes);
        (PI * turns as f64 / (2 * nodes) as f64).cos()
    };
    let (middle, half) = (
        (interval.start + interval.end) / 2.0,
        (interval.end - interval.start) / 2.0,
    );
    let values: Vec<f64> = (0..nodes)
        .map(|k| f(middle + half * cosine(1, k)))
        .collect();
    let mut coefficients: Vec<f64> = (0..nodes)
        .map(|i| {
            let terms = values.iter().enumerate();
            let sum: f64 = terms.map(|(k, y)| y * cosine(i, k)).sum();
            let weight = if i == 0 { 1.0 } else { 2.0 };
            weight / nodes as f64 * sum
        })
        .collect();
    let largest = coefficients.iter().fold(0.0f64, |max, c| max.max(c.abs()));
    for c in &mut coefficients {
        if c.abs() <= largest * ROUNDING {
            *c = 0.0;
        }
    }
    Ok(coefficients)
}

/// sum_i c_i T_i(u) by b_i = c_i + 2 u b_(i+1) - b_(i+2).
pub(super) fn clenshaw(coefficients: &[f64], u: f64) -> f64 {
    let Some((constant, rest)) = coefficients.split_first() else {
        return 0.0;
    };
    let (first, second) = rest.iter().rev().fold((0.0, 0.0), |(next, after), c| {
        (c + 2.0 * u * next - after, next)
    });
    constant + u * first - second
}

/// (q, r) with p = q T_m + r and deg r < m, for m <= deg p < 2 m: T_(m+i) = 2 T_m T_i - T_(m-i).
pub(super) fn divide(mut coefficients: Vec<f64>, m: usize) -> (Vec<f64>, Vec<f64>) {
    let mut quotient = coefficients.split_off(m.min(coefficients.len()));
    for (i, c) in quotient.iter_mut().enumerate().skip(1) {
        if let Some(remainder) = coefficients.get_mut(m - i) {
            *remainder -= *c;
        }
        *c *= 2.0;
    }
    (quotient, coefficients)
}

/// u = (2 x - from - to) / (to - from), one level lower and at the scale of x.
pub(super) fn map_interval<K: Machine>(
    machine: &K,
    x: &K::Value,
    from: f64,
    to: f64,
) -> Result<K::Value, Error> {
    let step = prime(machine.context(), machine.level(x))?;
    let scaled = machine.multiply_scalar(x, 2.0 / (to - from), step)?;
    let centred = machine.add_scalar(&scaled, -(from + to) / (to - from))?;
    machine.rescale(&centred)
}
