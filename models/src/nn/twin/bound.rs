//! How far the protocol's values may lie from the twin's; the twin's documentation derives the formulas.

use crate::nn::graph::MaxPool;

/// The largest of every window, and how far the protocol's may differ where inputs differ by `reach` (empty: not asked)
/// and every level of the tournament may lose up to two units.
pub(super) fn pooled(pool: &MaxPool, x: &[i64], reach: &[f64], unit: f64) -> (Vec<i64>, Vec<f64>) {
    let loss = 2.0 * unit * f64::from(pool.levels());
    let mut values = Vec::with_capacity(pool.outputs());
    let mut reaches = Vec::with_capacity(if reach.is_empty() { 0 } else { pool.outputs() });
    for position in 0..pool.outputs() {
        let window = || pool.taps(position).filter_map(|i| x.get(i).copied());
        let largest = window().max().unwrap_or(0);
        values.push(largest);
        if reach.is_empty() {
            continue;
        }
        let (mut low, mut high) = (f64::NEG_INFINITY, f64::NEG_INFINITY);
        let reach = pool.taps(position).filter_map(|i| reach.get(i));
        for (x, r) in window().zip(reach) {
            low = low.max(x as f64 - r);
            high = high.max(x as f64 + r);
        }
        let largest = largest as f64;
        reaches.push((high - largest).max(largest - low + loss));
    }
    (values, reaches)
}

/// How far a ReLU's output may differ if its input `x` differs by at most `reach`.
pub(super) fn relu(x: f64, reach: f64, unit: f64, shift: u32) -> f64 {
    let scale = f64::from(shift).exp2();
    if x + reach < 0.0 {
        0.0
    } else if x - reach >= 2.0 * unit {
        reach / scale + 1.5
    } else {
        (reach + 2.0 * unit) / scale + 2.0
    }
}

/// How far a rescaled value may differ.
pub(super) fn rescale(reach: f64, shift: u32) -> f64 {
    reach / f64::from(shift).exp2() + 1.5
}

/// Whether the class wins whatever the differences within `reach` and the rounding to units are.
pub(super) fn wins(class: usize, x: &[i64], reach: &[f64], unit: f64) -> bool {
    let value = |i: usize| Some((*x.get(i)? as f64, *reach.get(i)?));
    let Some((largest, own)) = value(class) else {
        return false;
    };
    (0..x.len())
        .all(|j| value(j).is_some_and(|(x, r)| j == class || largest - x > own + r + 2.0 * unit))
}

/// Whether every value stays below the limit whatever the differences.
pub(super) fn inside(x: &[i64], reach: &[f64], limit: f64) -> bool {
    x.len() == reach.len() && x.iter().zip(reach).all(|(x, r)| x.abs() as f64 + r < limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tournament whose comparisons lose by up to two units as badly as they may, over every input within reach.
    #[test]
    fn a_pools_bound_covers_the_worst_tournament() {
        let pool = MaxPool::new("p", [1, 1, 3], [1, 3], [1, 1], [0; 4]).unwrap();
        assert_eq!(pool.levels(), 2);
        let unit = 2;
        let mut reached = 0.0f64;
        for x in [[0i64, 0, 0], [5, 1, -3], [-7, 3, 2], [9, 8, 7]] {
            let reach = [1.0, 0.0, 2.0];
            let (value, bound) = pooled(&pool, &x, &reach, unit as f64);
            assert_eq!(value, [*x.iter().max().unwrap()]);
            for da in -1..=1 {
                for dc in -2..=2 {
                    let (a, b, c) = (x[0] + da, x[1], x[2] + dc);
                    let losers = |p: i64, q: i64| {
                        let close = (p - q).abs() < 2 * unit;
                        if close { vec![p, q] } else { vec![p.max(q)] }
                    };
                    for ab in losers(a, b) {
                        for y in losers(ab, c) {
                            let off = (y - value[0]).abs() as f64;
                            assert!(off <= bound[0], "{x:?} {da} {dc}: {off} > {bound:?}");
                            reached = reached.max(off / bound[0]);
                        }
                    }
                }
            }
        }
        // Close enough to the worst case for the levels to matter.
        assert!(reached > 0.5, "{reached}");
        assert_eq!(pooled(&pool, &[1, 2, 3], &[], 2.0), (vec![3], vec![]));
    }

    #[test]
    fn values_must_be_inside() {
        assert!(inside(&[3, -3], &[0.5, 0.5], 4.0));
        assert!(!inside(&[3, -4], &[0.5, 0.5], 4.0));
        assert!(!inside(&[3], &[], 4.0));
        assert!(wins(1, &[0, 10], &[1.0, 1.0], 2.0));
        assert!(!wins(1, &[5, 10], &[1.0, 1.0], 2.0));
        assert!(!wins(1, &[0, 10], &[], 2.0));
    }
}
