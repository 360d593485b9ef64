//! Rows drawn from a network, for models without data.

use std::f64::consts::TAU;

use halfmask_models::spn::graph::{Distribution, Evidence, Node, Spn};

/// A small generator; nothing secret comes from it.
struct Random(u64);

impl Random {
    /// SplitMix64 (Steele, Lea, Flood, OOPSLA 2014).
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// In [0, 1).
    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// An index with probability proportional to its weight.
    fn choose(&mut self, weights: impl Iterator<Item = f64> + Clone) -> usize {
        let mut left = self.unit() * weights.clone().sum::<f64>();
        let mut last = 0;
        for (i, weight) in weights.enumerate() {
            if weight > 0.0 {
                last = i;
                left -= weight;
                if left < 0.0 {
                    break;
                }
            }
        }
        last
    }

    fn value(&mut self, distribution: &Distribution) -> f64 {
        match distribution {
            Distribution::Bernoulli { p } => f64::from(self.unit() < *p),
            Distribution::Categorical { p } => self.choose(p.iter().copied()) as f64,
            Distribution::Gaussian { mean, stdev } => {
                // Box and Muller.
                let (radius, angle) = ((1.0 - self.unit()).ln(), TAU * self.unit());
                mean + stdev * (-2.0 * radius).sqrt() * angle.cos()
            }
            Distribution::Poisson { rate } => {
                // Arrivals within `rate` of exponential gaps.
                let (mut left, mut count) = (*rate, 0.0);
                loop {
                    left += (1.0 - self.unit()).ln();
                    if left < 0.0 {
                        return count;
                    }
                    count += 1.0;
                }
            }
            Distribution::Histogram { breaks, densities } => {
                let buckets = breaks.windows(2).zip(densities);
                let bounds = |pair: &[f64]| (pair.first().copied(), pair.last().copied());
                let width = |pair: &[f64]| match bounds(pair) {
                    (Some(low), Some(high)) => high - low,
                    _ => 0.0,
                };
                let bucket = self.choose(buckets.map(|(pair, density)| width(pair) * density));
                let pair = breaks.get(bucket..).unwrap_or_default();
                let low = pair.first().copied().unwrap_or_default();
                low + self.unit() * width(pair.get(..2).unwrap_or_default())
            }
        }
    }
}

/// Complete rows.
pub(super) fn rows(spn: &Spn, count: usize, seed: u64) -> Vec<Vec<Evidence>> {
    let mut random = Random(seed);
    (0..count).map(|_| row(spn, &mut random)).collect()
}

fn row(spn: &Spn, random: &mut Random) -> Vec<Evidence> {
    let mut row = vec![Evidence::Missing; spn.variables().len()];
    let root = random.choose(spn.prior().iter().copied());
    let mut below: Vec<usize> = spn.roots().get(root).copied().into_iter().collect();
    while let Some(node) = below.pop().and_then(|id| spn.nodes().get(id)) {
        match node {
            Node::Sum { children, weights } => {
                let child = random.choose(weights.iter().copied());
                below.extend(children.get(child));
            }
            Node::Product { children } => below.extend(children),
            Node::Leaf {
                variable,
                distribution,
            } => {
                if let Some(field) = row.get_mut(*variable) {
                    *field = Evidence::Observed(random.value(distribution));
                }
            }
        }
    }
    row
}

#[cfg(test)]
mod tests {
    use super::*;
    use halfmask_models::spn::float::Evaluator;
    use halfmask_models::spn::import;

    #[test]
    fn samples_of_every_leaf_kind_follow_the_network() {
        let text = include_str!("../../../models/tests/spn/mixed.spn.json");
        let spn = import::import(text).unwrap().spn;
        let rows = rows(&spn, 20_000, 1);
        assert_eq!(rows, super::rows(&spn, 20_000, 1));
        let evaluator = Evaluator::new(&spn);
        let values = evaluator.log_likelihood(&rows).unwrap();
        assert!(values.iter().all(|value| value.is_finite()));
        // The frequency of a value of a categorical variable against its marginal.
        let mut query = vec![Evidence::Missing; spn.variables().len()];
        query[3] = Evidence::Observed(2.0);
        let expected = evaluator.log_likelihood(&[query]).unwrap()[0].exp();
        let hits = rows.iter().filter(|row| row[3] == Evidence::Observed(2.0));
        let seen = hits.count() as f64 / rows.len() as f64;
        assert!((seen - expected).abs() < 0.015, "{seen} {expected}");
    }
}
