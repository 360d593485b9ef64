//! Fast conversion of residues between sets of primes.
//!
//! Let D = p_1 .. p_k and x be given by its residues x_i. With y_i = [x_i (D/p_i)^-1]_{p_i},
//!
//! ```text
//! x = sum_i y_i (D/p_i) - v D,    v = round(sum_i y_i / p_i)
//! ```
//!
//! is the representative in [-D/2, D/2) of x modulo D, whose residue modulo any other prime follows
//! from those of D/p_i and D (Halevi, Polyakov, Shoup, eprint 2018/117, section 2.2; without v it is
//! the conversion of eprint 2018/931, section 2.1, too large by less than k D). v is computed in
//! doubles: for primes below 2^53 a term errs by less than 2^-52 and the j-th sum by less than j 2^-53, all
//! together by less than eps = k (k + 5) 2^-54. So v is wrong only for x within eps D of +-D/2, and
//! x + D or x - D results then, which serves as well.
//!
//! For k = 1 this is the centred representative of x itself.

use super::{Modulus, kernel, kernel::Factor};
use crate::simd::Supported;

/// From the primes of D to other primes.
#[derive(Clone, Debug)]
pub struct Conversion {
    /// Of the widest source.
    bits: u32,
    sources: Vec<Source>,
    targets: Vec<Target>,
}

#[derive(Clone, Debug)]
struct Source {
    modulus: Modulus<u64>,
    /// (D/p_i)^-1 mod p_i.
    inverse: Factor,
    /// 1/p_i.
    reciprocal: f64,
}

#[derive(Clone, Debug)]
struct Target {
    modulus: Modulus<u64>,
    /// D/p_i mod q.
    cofactors: Vec<u64>,
    /// -D mod q.
    minus_product: u64,
}

impl Conversion {
    /// Prepares the constants. All moduli are distinct primes.
    pub fn new(sources: &[Modulus<u64>], targets: &[Modulus<u64>]) -> Self {
        // The product of all sources but one, modulo q.
        let product = |q: &Modulus<u64>, but: Option<usize>| {
            let others = sources.iter().enumerate().filter(|(i, _)| Some(*i) != but);
            others.fold(1, |product, (_, p)| q.mul(product, q.reduce(p.value())))
        };
        let source = |(i, p): (usize, &Modulus<u64>)| Source {
            modulus: *p,
            inverse: Factor::new(p, p.pow_vartime(product(p, Some(i)), p.value() - 2)),
            reciprocal: 1.0 / p.value() as f64,
        };
        let target = |q: &Modulus<u64>| Target {
            modulus: *q,
            cofactors: (0..sources.len()).map(|i| product(q, Some(i))).collect(),
            minus_product: q.neg(product(q, None)),
        };
        Self {
            bits: sources.iter().map(Modulus::bits).max().unwrap_or(0),
            sources: sources.iter().enumerate().map(source).collect(),
            targets: targets.iter().map(target).collect(),
        }
    }

    /// Turns x_i into y_i, limb-major in place, and gives v, a word a coefficient. Nothing to do for k = 1.
    pub(crate) fn prepare(&self, simd: Supported, limbs: &mut [u64], overflow: &mut [u64]) {
        if self.sources.len() < 2 {
            return;
        }
        let degree = limbs.len() / self.sources.len();
        for (source, limb) in self.sources.iter().zip(limbs.chunks_mut(degree)) {
            kernel::scale(simd, &source.modulus, limb, source.inverse);
        }
        let reciprocals = self.sources.iter().map(|source| source.reciprocal);
        let terms: Vec<(&[u64], f64)> = limbs.chunks(degree).zip(reciprocals).collect();
        kernel::round_sum(simd, overflow, &terms);
    }

    /// The residues modulo target number `target`, from what [`Conversion::prepare`] left. All slices but
    /// `limbs` have one length.
    pub(crate) fn residues(
        &self,
        simd: Supported,
        target: usize,
        limbs: &[u64],
        overflow: &[u64],
        out: &mut [u64],
    ) {
        let Some(target) = self.targets.get(target) else {
            return;
        };
        if let [source] = self.sources.as_slice() {
            return kernel::reduce_centred(simd, &target.modulus, &source.modulus, out, limbs);
        }
        let limbs = limbs.chunks(out.len().max(1));
        let terms = limbs.zip(target.cofactors.iter().copied());
        let correction = [(overflow, target.minus_product)];
        let terms: Vec<(&[u64], u64)> = terms.chain(correction).collect();
        kernel::combine(simd, &target.modulus, self.bits, out, &terms);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ring::rns::RnsBasis;
    use num_bigint::BigInt;

    const PRIMES: [u64; 4] = [
        1_125_899_906_826_241,
        998_244_353,
        1_099_510_054_913,
        (1 << 61) - 1,
    ];
    const OTHERS: [u64; 2] = [12_289, 562_949_952_798_721];

    #[test]
    fn conversions_are_exact_and_centred() {
        let moduli = |primes: &[u64]| -> Vec<Modulus<u64>> {
            primes.iter().map(|&q| Modulus::new(q).unwrap()).collect()
        };
        for count in 1..=PRIMES.len() {
            let sources = RnsBasis::new(&PRIMES[..count]).unwrap();
            let targets = RnsBasis::new(&OTHERS).unwrap();
            let product = BigInt::from(sources.product().clone());
            let half: BigInt = (&product - 1) / 2;
            let near: BigInt = &half - (&product >> 40);
            let (seventh, third): (BigInt, BigInt) = (&product / 7, &product / 3);
            let values: Vec<BigInt> = [0, 1, -1, 12_345, -1i64 << 40]
                .map(BigInt::from)
                .into_iter()
                .map(|x| ((x + &half) % &product) - &half)
                .chain([near.clone(), -near, seventh, -third])
                .collect();
            let conversion = Conversion::new(&moduli(&PRIMES[..count]), &moduli(&OTHERS));
            for simd in crate::Simd::supported_levels() {
                let simd = simd.verify().unwrap();
                let mut limbs: Vec<u64> = (0..count)
                    .flat_map(|i| values.iter().map(move |x| (i, x)))
                    .map(|(i, x)| sources.decompose(x)[i])
                    .collect();
                let mut overflow = vec![0; values.len()];
                conversion.prepare(simd, &mut limbs, &mut overflow);
                for target in 0..OTHERS.len() {
                    let mut out = vec![0; values.len()];
                    conversion.residues(simd, target, &limbs, &overflow, &mut out);
                    let expected: Vec<u64> = values
                        .iter()
                        .map(|x| targets.decompose(x)[target])
                        .collect();
                    assert_eq!(out, expected, "{count} primes");
                }
            }
        }
    }
}
