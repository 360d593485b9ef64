//! Ciphertexts over Q_l P: what key switching leaves before its mod-down.
//!
//! (x_0, x_1) stands for the ciphertext (x_0, x_1) / P. Sums and products with plaintexts commute with
//! the division, so a sum of rotations takes one mod-down for all instead of one for each, and rounds
//! once ("double hoisting": Bossuat, Mouchet, Troncoso-Pastoriza, Hubaux, eprint 2020/1203, section 4).

use super::{Digits, Extended, Inner, limb, limbs};
use crate::ckks::divide::divide_element;
use crate::ckks::{Context, Error, GaloisKey, Plaintext};
use crate::ring::convert::Conversion;
use crate::ring::kernel::{self, Factor};
use crate::ring::parallel::for_each;
use crate::{Evaluation, Poly};
use std::sync::Arc;

/// (x_0, x_1) over Q_l P, in evaluations.
#[derive(Clone, Debug)]
pub(in crate::ckks) struct Raised {
    context: Arc<Context>,
    level: usize,
    /// Limbs of Q_l, then of P.
    halves: [Vec<u64>; 2],
}

/// A plaintext over Q_l P, in evaluations: for products with ciphertexts that are raised to Q_l P.
#[derive(Clone, Debug)]
pub struct RaisedPlaintext {
    context: Arc<Context>,
    level: usize,
    scale: f64,
    /// Limbs of Q_l, then of P.
    words: Vec<u64>,
}

impl RaisedPlaintext {
    /// The plaintext with its residues modulo the special primes.
    ///
    /// # Errors
    /// None for a well-formed plaintext.
    pub fn new(plaintext: &Plaintext) -> Result<Self, Error> {
        let context = plaintext.context();
        let (simd, degree) = (context.simd(), context.degree());
        let moduli: Vec<_> = context.key_ring().moduli().copied().collect();
        let (data, special) = moduli
            .split_at_checked(context.parameters().data_moduli().len())
            .unwrap_or_default();
        let own = data.get(..=plaintext.level()).unwrap_or_default();
        let conversion = Conversion::new(own, special);
        let mut coefficients = plaintext.poly().words().to_vec();
        let ring = context.level_ring(plaintext.level())?;
        for (ntt, limb) in ring.limbs().iter().zip(coefficients.chunks_mut(degree)) {
            ntt.transform_back(limb);
        }
        let mut overflow = vec![0; degree];
        conversion.prepare(simd, &mut coefficients, &mut overflow);
        let mut words = plaintext.poly().words().to_vec();
        for (index, ntt) in context
            .key_ring()
            .limbs()
            .iter()
            .skip(data.len())
            .enumerate()
        {
            let mut residues = vec![0; degree];
            conversion.residues(simd, index, &coefficients, &overflow, &mut residues);
            ntt.transform(&mut residues);
            words.extend(residues);
        }
        Ok(Self {
            context: Arc::clone(context),
            level: plaintext.level(),
            scale: plaintext.scale(),
            words,
        })
    }

    /// The shared tables.
    pub fn context(&self) -> &Arc<Context> {
        &self.context
    }

    /// The level l.
    pub fn level(&self) -> usize {
        self.level
    }

    /// The factor between slots and coefficients.
    pub fn scale(&self) -> f64 {
        self.scale
    }

    /// The residues modulo prime `index` of Q P, which Q_l P has.
    fn limb(&self, index: usize) -> &[u64] {
        limb_of(&self.words, &self.context, self.level, index)
    }
}

/// The residues modulo prime `index` of Q P in words over Q_l P.
fn limb_of<'a>(words: &'a [u64], context: &Context, level: usize, index: usize) -> &'a [u64] {
    let data = context.parameters().data_moduli().len();
    let skipped = if index < data { 0 } else { data - 1 - level };
    limb(words, context.degree(), index - skipped)
}

impl Raised {
    /// P (c_0, c_1).
    pub(in crate::ckks) fn new(
        context: &Arc<Context>,
        parts: [&Poly<Evaluation, u64>; 2],
    ) -> Result<Self, Error> {
        let [c0, c1] = parts;
        let level = c0.context().limbs().len() - 1;
        let ring = context.level_ring(level)?;
        ring.check_same(c0.context())?;
        ring.check_same(c1.context())?;
        let (degree, special) = (context.degree(), context.parameters().special_moduli());
        let raise = |part: &Poly<Evaluation, u64>| {
            let mut words = Vec::with_capacity(part.words().len() + special.len() * degree);
            words.extend_from_slice(part.words());
            for (q, limb) in ring.moduli().zip(words.chunks_mut(degree)) {
                let p = special.iter().fold(1, |p, &s| q.mul(p, q.reduce(s)));
                kernel::scale(context.simd(), q, limb, Factor::new(q, p));
            }
            words.resize(words.len() + special.len() * degree, 0);
            words
        };
        Ok(Self {
            context: Arc::clone(context),
            level,
            halves: [raise(c0), raise(c1)],
        })
    }

    /// The automorphism of (x_0, P c), for the decomposed c: the first half of `self` is x_0.
    pub(in crate::ckks) fn apply_galois(
        &self,
        digits: &Digits,
        key: &GaloisKey,
    ) -> Result<Self, Error> {
        let (context, switching) = (&self.context, key.switching_key());
        if !switching.context().same(context) || digits.level != self.level {
            return Err(Error::ContextMismatch {
                operation: "rotate over Q_l P",
            });
        }
        let sum = Inner {
            digits,
            key: switching,
        };
        let mut out = self.empty();
        let degree = context.degree();
        let [out0, out1] = &mut out.halves;
        let halves = out0.chunks_mut(degree).zip(out1.chunks_mut(degree));
        let automorphism = key.automorphism();
        for_each(
            limbs(context, self.level).zip(halves),
            |(index, (out0, out1))| {
                let Some(ntt) = context.key_ring().limbs().get(index) else {
                    return;
                };
                let (mut k0, mut k1) = (vec![0; degree], vec![0; degree]);
                sum.at(index, ntt, &mut [], [&mut k0, &mut k1]);
                let [x0, _] = &self.halves;
                let x0 = limb_of(x0, context, self.level, index);
                kernel::add_assign(context.simd(), ntt.modulus(), &mut k0, x0);
                automorphism.permute(out0, &k0);
                automorphism.permute(out1, &k1);
            },
        );
        Ok(out)
    }

    /// self + other, of one level.
    pub(in crate::ckks) fn add_assign(&mut self, other: &Self) {
        let (context, degree) = (&self.context, self.context.degree());
        for (x, y) in self.halves.iter_mut().zip(&other.halves) {
            let pairs = x.chunks_mut(degree).zip(y.chunks(degree));
            for (index, (x, y)) in limbs(context, self.level).zip(pairs) {
                if let Some(ntt) = context.key_ring().limbs().get(index) {
                    kernel::add_assign(context.simd(), ntt.modulus(), x, y);
                }
            }
        }
    }

    /// sum m x over the pairs, all x of one level and all m of that level or above; None without pairs.
    pub(in crate::ckks) fn weighted_sum(pairs: &[(&RaisedPlaintext, &Self)]) -> Option<Self> {
        let (_, first) = pairs.first()?;
        let (context, level) = (&first.context, first.level);
        let degree = context.degree();
        let mut out = first.empty();
        for (half, out) in out.halves.iter_mut().enumerate() {
            let limbs = limbs(context, level).zip(out.chunks_mut(degree));
            for_each(limbs, |(index, out)| {
                let Some(ntt) = context.key_ring().limbs().get(index) else {
                    return;
                };
                let operands = pairs.iter().filter_map(|(m, x)| {
                    let x = x.halves.get(half)?;
                    Some((m.limb(index), limb_of(x, context, level, index)))
                });
                let operands: Vec<_> = operands.collect();
                kernel::inner_product(context.simd(), ntt.modulus(), out, &operands);
            });
        }
        Some(out)
    }

    /// x_i / P, rounded.
    pub(in crate::ckks) fn lower(&self, half: usize) -> Result<Poly<Evaluation, u64>, Error> {
        let words = self.halves.get(half).map_or(&[][..], Vec::as_slice);
        divide_element(&self.context, self.level, words)
    }

    fn empty(&self) -> Self {
        let halves = self.halves.each_ref();
        Self {
            context: Arc::clone(&self.context),
            level: self.level,
            halves: halves.map(|half| vec![0; half.len()]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ckks::{Complex64, Encoder, Parameters, ParametersLiteral};

    fn context() -> Arc<Context> {
        let literal = ParametersLiteral::from_bits(64, &[50, 40, 40], &[50, 50], 40).unwrap();
        let literal = ParametersLiteral {
            allow_insecure: true,
            ..literal
        };
        Context::new(&Parameters::new(&literal).unwrap()).unwrap()
    }

    /// Up and down again is exact, alone and times a plaintext, at every level.
    #[test]
    fn raising_and_lowering_is_exact() {
        let context = context();
        let encoder = Encoder::new(&context).unwrap();
        for level in 0..=2 {
            let encode = |seed: f64| {
                let values: Vec<_> = (0..32)
                    .map(|i| (seed * f64::from(i)).sin().into())
                    .collect();
                encoder.encode_at(&values, level, 1e12).unwrap()
            };
            let (c0, c1, mask) = (encode(1.1), encode(2.3), encode(3.7));
            let raised = Raised::new(&context, [c0.poly(), c1.poly()]).unwrap();
            assert_eq!(&raised.lower(0).unwrap(), c0.poly());
            assert_eq!(&raised.lower(1).unwrap(), c1.poly());
            let factor = RaisedPlaintext::new(&mask).unwrap();
            let product = Raised::weighted_sum(&[(&factor, &raised)]).unwrap();
            assert_eq!(
                product.lower(0).unwrap(),
                c0.poly().mul(mask.poly()).unwrap()
            );
        }
    }

    /// A constant has the same small value modulo every prime, also a negative one.
    #[test]
    fn special_residues_are_those_of_the_centred_integer() {
        let context = context();
        let encoder = Encoder::new(&context).unwrap();
        for (value, level) in [(3.0, 0), (-3.0, 1), (-5.0, 2), (7.0, 2)] {
            let constant = [Complex64::new(value, 0.0)];
            let plaintext = encoder.encode_sparse(&constant, level, 1.0).unwrap();
            let raised = RaisedPlaintext::new(&plaintext).unwrap();
            let moduli: Vec<_> = context.key_ring().moduli().collect();
            for index in limbs(&context, level) {
                let expected = moduli[index].reduce_signed(value as i64);
                assert!(raised.limb(index).iter().all(|&x| x == expected));
            }
        }
    }
}
