//! `log2(1 + 2^-x)` in integers, the same on every machine: both parties build their circuits from it.

/// Fraction bits of the values that [`log2_one_plus_exp2`] returns.
pub(super) const VALUE_BITS: u32 = 40;
/// Fraction bits of intermediate values.
const WORKING_BITS: u32 = 62;

/// `2^(-2^-i)` for `i = 1, 2, ...`, by repeated square roots.
pub(super) fn binary_roots(n: u32) -> Vec<u64> {
    let mut root = 1u128 << (WORKING_BITS - 1);
    (0..n)
        .map(|_| {
            root = (root << WORKING_BITS).isqrt();
            root as u64
        })
        .collect()
}

/// `log2(1 + 2^-x)` for `x = numerator / 2^bits > 0`, where `bits` is the number of `roots`; error below `2^-38`.
pub(super) fn log2_one_plus_exp2(numerator: u64, roots: &[u64]) -> i64 {
    let bits = roots.len() as u32;
    let whole = numerator >> bits;
    let power = roots
        .iter()
        .zip(1..)
        .filter(|&(_, i)| numerator >> (bits - i) & 1 == 1)
        .fold(1u128 << WORKING_BITS, |power, (&root, _)| {
            (power * u128::from(root)) >> WORKING_BITS
        });
    let mut mantissa = (1u128 << WORKING_BITS)
        + u32::try_from(whole)
            .ok()
            .and_then(|whole| power.checked_shr(whole))
            .unwrap_or(0);
    // The logarithm's bits: squaring doubles it, and a mantissa of 2 or more means that the next bit is set.
    let mut log = 0;
    for _ in 0..VALUE_BITS {
        mantissa = (mantissa * mantissa) >> WORKING_BITS;
        let bit = mantissa >> (WORKING_BITS + 1);
        mantissa >>= bit;
        log = log << 1 | bit as i64;
    }
    log
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_floating_point() {
        let roots = binary_roots(17);
        for numerator in (1..20 << 17).step_by(97) {
            let x = numerator as f64 / f64::from(1 << 17);
            let want = (-x).exp2().ln_1p() / std::f64::consts::LN_2;
            let got = log2_one_plus_exp2(numerator, &roots) as f64 / (1u64 << VALUE_BITS) as f64;
            assert!((got - want).abs() < 1e-11, "x {x}: {got} {want}");
        }
        assert_eq!(log2_one_plus_exp2(u64::MAX, &roots), 0);
    }
}
