//! Fixed-point arithmetic on public numbers, for the coefficients of tables: integers alone, so that every machine makes the
//! same tables.
//!
//! A number `v` stands for `v / 2^104`; magnitudes stay below `2^14`.

/// Fraction bits.
pub(super) const FRACTION: usize = 104;

/// The number one.
pub(super) const ONE: i128 = 1 << FRACTION;

/// `ln 2`, rounded down.
pub(super) const LN_2: i128 = 0x00b1_7217_f7d1_cf79_abc9_e3b3_9803;

/// `1 / ln 2`, rounded down.
pub(super) const LOG2_E: i128 = 0x0171_5476_52b8_2fe1_777d_0ffd_a0d2;

/// `a b`, up to one unit short in magnitude.
pub(super) fn multiply(a: i128, b: i128) -> i128 {
    const LOW: u128 = u64::MAX as u128;
    let (x, y) = (a.unsigned_abs(), b.unsigned_abs());
    let (x1, x0, y1, y0) = (x >> 64, x & LOW, y >> 64, y & LOW);
    let (cross, other) = (x1 * y0, x0 * y1);
    let middle = ((x0 * y0) >> 64) + (cross & LOW) + (other & LOW);
    // The product is (x1 y1 + high parts) 2^128 + middle 2^64 + ...
    let top = x1 * y1 + (cross >> 64) + (other >> 64);
    let magnitude = ((top << 24) + (middle >> 40)).cast_signed();
    if (a < 0) == (b < 0) {
        magnitude
    } else {
        -magnitude
    }
}

/// `e^x` for `|x| <= 1`, by its power series.
pub(super) fn exp(x: i128) -> i128 {
    let (mut sum, mut term) = (ONE, ONE);
    for n in 1.. {
        term = multiply(term, x) / n;
        if term == 0 {
            break;
        }
        sum += term;
    }
    sum
}

/// `ln(a / b)` for positive `a, b < 2^20`, `a / b` in `[1/2, 2]`: `2 artanh((a - b) / (a + b))` by its power series.
pub(super) fn ln_ratio(a: i128, b: i128) -> i128 {
    let z = (a - b) * ONE / (a + b);
    let square = multiply(z, z);
    let (mut sum, mut power) = (0, z);
    for n in (1..).step_by(2) {
        let term = power / n;
        if term == 0 {
            break;
        }
        sum += 2 * term;
        power = multiply(power, square);
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_exact_to_a_unit() {
        assert_eq!(multiply(3 * ONE, -5 * ONE), -15 * ONE);
        assert_eq!(multiply(ONE / 3, ONE * 3), ONE - 1);
        assert_eq!(multiply(-ONE + 1, -ONE), ONE - 1);
        // Carries out of every partial product.
        let x = (1 << 110) - 1;
        assert_eq!(multiply(x, x), (1 << 116) - (1 << 7));
    }

    #[test]
    fn constants_agree_with_series() {
        assert!((ln_ratio(2, 1) - LN_2).abs() < 100);
        assert!((multiply(LN_2, LOG2_E) - ONE).abs() <= 4);
        assert!((exp(LN_2) - 2 * ONE).abs() < 100);
        assert!((exp(ln_ratio(3, 4)) * 4 - 3 * ONE).abs() < 400);
    }
}
