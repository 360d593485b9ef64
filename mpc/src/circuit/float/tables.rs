//! Taylor coefficients of the piecewise polynomials.

use super::fixed::{LN_2, LOG2_E, exp, ln_ratio, multiply};
use super::piecewise::Piecewise;

/// Powers that are tabulated; [`Piecewise`] takes as many as its precision needs.
const POWERS: i128 = 12;

/// `2^u` on `[0, 1)`: about `c`, the coefficients `2^c (ln 2)^i / i!`.
pub(super) fn power_of_two(index_bits: usize, precision: isize) -> Piecewise {
    let coefficients = (0..1i128 << index_bits)
        .map(|j| {
            let mut c = exp((LN_2 * (2 * j + 1)) >> (index_bits + 1));
            let mut segment = vec![c];
            for i in 1..POWERS {
                c = multiply(c, LN_2) / i;
                segment.push(c);
            }
            segment
        })
        .collect();
    Piecewise {
        index_bits,
        coefficients,
        precision,
    }
}

/// `log2(1 + d) / d`, as a function of `u` in `[0, 1)`: `d = u` for `u < 1/2`, else `d = (u - 1) / 2`.
///
/// About `1 + d = c` the logarithm's coefficients are `l_0 = log2 c`, `l_i = -(-1 / c)^i / (i ln 2)`; the quotient's follow
/// from `g_i (c - 1) + g_(i-1) = l_i`. Close to `d = 0` a step of this recursion loses `k + 1` bits of 104; of the next
/// coefficient `k` bits fewer are wanted.
pub(super) fn log2_quotient(index_bits: usize, precision: isize) -> Piecewise {
    let segments = 1i128 << index_bits;
    let coefficients = (0..segments)
        .map(|j| {
            // c = numerator / denominator
            let upper = 2 * j >= segments;
            let numerator = 2 * segments + 2 * j + 1;
            let denominator = if upper { 4 * segments } else { 2 * segments };
            let divide = |x: i128| x * denominator / (numerator - denominator);
            let mut power = -LOG2_E;
            let mut previous = divide(multiply(LOG2_E, ln_ratio(numerator, denominator)));
            let mut segment = vec![previous];
            for i in 1..POWERS {
                power = -power / numerator * denominator;
                previous = divide(power / i - previous);
                // In the upper half d moves half as fast as u.
                segment.push(if upper { previous >> i } else { previous });
            }
            segment
        })
        .collect();
    Piecewise {
        index_bits,
        coefficients,
        precision,
    }
}
