//! What maxima are taken of, and the check of what comes out.

use halfmask_models::bridge::mpc::max_pool::{MaxPoolSpec, max_pool_reference};
use halfmask_models::bridge::mpc::planner::Engine;

use crate::exit::Error;

/// Values of all windows in the order in which [`halfmask_models::bridge::mpc::max_pool::max_pool`] takes them: of every second window
/// next to each other, of the others all over the range in which differences fit the ring.
pub(super) fn of(spec: &MaxPoolSpec, windows: usize) -> Vec<i64> {
    // Below 2^(k-2) - 3/2 each.
    let largest = (1u64 << (spec.share_bits - 2)) - 2;
    (0..windows as u64 * u64::from(spec.window))
        .map(|i| {
            let spread = i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
            let near = i % windows as u64 % 2 == 1;
            let range = if near { largest.min(2) } else { largest };
            (spread % (2 * range + 1)) as i64 - range as i64
        })
        .collect()
}

/// Shares of values: the evaluator's and the garbler's.
pub(super) fn shares(spec: &MaxPoolSpec, values: &[i64]) -> (Vec<u32>, Vec<u32>) {
    let mask = u32::MAX >> (32 - spec.share_bits);
    let split = |(i, x): (usize, &i64)| {
        let garbler = ((i as u64).wrapping_mul(0xd134_2543_de82_ef95) >> 32) as u32 & mask;
        ((*x as u32).wrapping_sub(garbler) & mask, garbler)
    };
    values.iter().enumerate().map(split).unzip()
}

/// How far results are from the maxima at most; an error if it exceeds the bound.
pub(super) fn check(
    spec: &MaxPoolSpec,
    values: &[i64],
    (evaluator, garbler): (&[u32], &[u32]),
    engine: Engine,
) -> Result<u64, Error> {
    let unused = 32 - spec.share_bits;
    let sums = evaluator.iter().zip(garbler);
    let results = sums.map(|(a, b)| i64::from((a.wrapping_add(*b) << unused) as i32 >> unused));
    let maxima = max_pool_reference(spec, values);
    let errors = maxima.iter().zip(results).map(|(a, b)| a.abs_diff(b));
    let worst = errors.max().unwrap_or(0);
    if worst > spec.error_bound() {
        return Err(Error::Failed(format!(
            "bench maxpool: {engine}: a maximum is off by {worst}, the bound is {}",
            spec.error_bound()
        )));
    }
    Ok(worst)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(share_bits: u32) -> MaxPoolSpec {
        MaxPoolSpec {
            share_bits,
            width: share_bits,
            window: 9,
            segment: 1 << 14,
        }
    }

    #[test]
    fn values_fill_the_range_and_come_close() {
        for bits in [8, 16, 24, 32] {
            let spec = spec(bits);
            let values = of(&spec, 1000);
            let limit = 1 << (bits - 2);
            let largest = values.iter().map(|x| x.abs()).max().unwrap();
            assert!((limit * 9 / 10..limit - 1).contains(&largest), "{largest}");
            let window = |p| values.iter().skip(p).step_by(1000);
            let (low, high) = (window(1).min().unwrap(), window(1).max().unwrap());
            assert!((1..=4).contains(&(high - low)), "{low} to {high}");
        }
    }

    /// A wrong maximum must be seen, on either side and at the top of the ring.
    #[test]
    fn results_beyond_the_bound_are_noticed() {
        let engine = Engine::default();
        for bits in [8, 32] {
            let spec = spec(bits);
            let values = of(&spec, 100);
            let (mut evaluator, garbler) = shares(&spec, &max_pool_reference(&spec, &values));
            let seen = |evaluator: &[u32]| check(&spec, &values, (evaluator, &garbler), engine);
            assert_eq!(seen(&evaluator).unwrap(), 0);
            let (right, bound) = (evaluator[99], spec.error_bound() as u32);
            evaluator[99] = right.wrapping_sub(bound);
            assert_eq!(seen(&evaluator).unwrap(), u64::from(bound));
            for wrong in [right.wrapping_sub(bound + 1), right.wrapping_add(bound + 1)] {
                evaluator[99] = wrong;
                let error = seen(&evaluator).unwrap_err().to_string();
                assert!(error.contains("is off by"), "{error}");
            }
        }
    }
}
