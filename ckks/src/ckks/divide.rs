//! Division by P: from pairs over Q_l P to pairs over Q_l.
//!
//! k_i = (x_i - [x_i]_P) / P with the centred remainder: if x_0 + x_1 s = P m + e modulo Q_l P, then
//! k_0 + k_1 s = m + e / P + r_0 + r_1 s with the rounding errors r_i in (-1/2, 1/2)
//! (eprint 2018/931, section 3; eprint 2019/688, section 3). For uniform remainders and the ternary s of
//! variance 2/3 the rounding has variance (1 + 2N/3) / 12 a coefficient.
//!
//! The special limbs of x_0, x_1 are made first and taken to coefficients; every data limb is then made,
//! reduced and finished while it is in the cache.

use super::{Context, Error};
use crate::ring::convert::Conversion;
use crate::ring::kernel::{self, Factor};
use crate::ring::parallel::{for_each, for_each_with};
use crate::ring::pool::Scratch;
use crate::ring::{Automorphism, Ntt};
use crate::{Evaluation, Modulus, Poly};

/// Constants of the division.
#[derive(Debug)]
pub(super) struct DivisionTables {
    /// From P to the data primes.
    pub(super) conversion: Conversion,
    /// P^-1 modulo the data primes.
    pub(super) inverse: Vec<Factor>,
}

impl DivisionTables {
    /// `moduli` are those of Q P, the first `data` those of Q.
    pub(super) fn new(moduli: &[Modulus<u64>], data: usize) -> Self {
        let (data, special) = moduli.split_at_checked(data).unwrap_or_default();
        let inverse = |q: &Modulus<u64>| {
            let p = special.iter().fold(1, |p, s| q.mul(p, q.reduce(s.value())));
            Factor::new(q, q.pow_vartime(p, q.value() - 2))
        };
        Self {
            conversion: Conversion::new(special, data),
            inverse: data.iter().map(inverse).collect(),
        }
    }
}

/// A pair (x_0, x_1) over Q_l P, made limb by limb.
pub(super) trait Extended: Sync {
    /// The shared tables.
    fn context(&self) -> &Context;
    /// l.
    fn level(&self) -> usize;
    /// Words of memory that [`Extended::at`] needs.
    fn scratch(&self) -> usize;
    /// Writes x_0 and x_1 at limb `index` of Q P, whose transform is `ntt`, in evaluations.
    fn at(&self, index: usize, ntt: &Ntt<u64>, scratch: &mut [u64], out: [&mut [u64]; 2]);
}

/// What is done to (k_0, k_1) while they are in the cache.
#[derive(Default)]
pub(super) struct Finish<'a> {
    /// Added to k_0 and k_1.
    pub(super) onto: [Option<&'a Poly<Evaluation, u64>>; 2],
    /// Applied last.
    pub(super) automorphism: Option<&'a Automorphism>,
}

/// Limb `index` of limb-major words; empty past the last.
pub(super) fn limb(words: &[u64], degree: usize, index: usize) -> &[u64] {
    let start = index * degree;
    words.get(start..start + degree).unwrap_or_default()
}

/// The special limbs of x_0 and x_1, prepared for conversion.
struct Remainders {
    limbs: [Scratch; 2],
    overflow: [Vec<u64>; 2],
}

impl Remainders {
    fn new(x: &impl Extended) -> Self {
        let context = x.context();
        let degree = context.degree();
        let data = context.parameters().data_moduli().len();
        let words = context.parameters().special_moduli().len() * degree;
        let (mut x0, mut x1) = (Scratch::new(words), Scratch::new(words));
        let halves = x0.chunks_mut(degree).zip(x1.chunks_mut(degree));
        let special = context.key_ring().limbs().iter().enumerate().skip(data);
        let memory = || Scratch::new(x.scratch());
        for_each_with(
            special.zip(halves),
            memory,
            |scratch, ((index, ntt), (x0, x1))| {
                x.at(index, ntt, scratch, [&mut *x0, &mut *x1]);
                ntt.transform_back(x0);
                ntt.transform_back(x1);
            },
        );
        let mut overflow = [vec![0; degree], vec![0; degree]];
        for (x, overflow) in [&mut x0, &mut x1].into_iter().zip(&mut overflow) {
            let conversion = &context.division_tables().conversion;
            conversion.prepare(context.simd(), x, overflow);
        }
        Self {
            limbs: [x0, x1],
            overflow,
        }
    }
}

/// (k_0, k_1), finished.
///
/// # Errors
/// [`crate::Error::RingMismatch`] unless what is added is of the same level.
pub(super) fn divide(
    x: &impl Extended,
    finish: &Finish,
) -> Result<[Poly<Evaluation, u64>; 2], Error> {
    let (context, degree) = (x.context(), x.context().degree());
    let (simd, tables) = (context.simd(), context.division_tables());
    let ring = context.level_ring(x.level())?;
    for onto in finish.onto.into_iter().flatten() {
        ring.check_same(onto.context())?;
    }
    let remainders = Remainders::new(x);
    let (mut k0, mut k1) = (Poly::unspecified(ring), Poly::unspecified(ring));
    let halves = k0.words_mut().chunks_mut(degree);
    let halves = halves.zip(k1.words_mut().chunks_mut(degree));
    let data = ring.limbs().iter().zip(&tables.inverse).enumerate();
    let memory = || (Scratch::new(x.scratch()), Scratch::new(degree));
    for_each_with(
        data.zip(halves),
        memory,
        |(scratch, rest), ((index, (ntt, inverse)), (k0, k1))| {
            x.at(index, ntt, scratch, [&mut *k0, &mut *k1]);
            let halves = remainders.limbs.iter().zip(&remainders.overflow);
            for ((k, onto), (limbs, overflow)) in [k0, k1].into_iter().zip(finish.onto).zip(halves)
            {
                // Without special primes P = 1: nothing to divide by.
                if !limbs.is_empty() {
                    tables
                        .conversion
                        .residues(simd, index, limbs, overflow, rest);
                    ntt.transform(rest);
                    kernel::sub_scale(simd, ntt.modulus(), k, rest, *inverse);
                }
                if let Some(onto) = onto {
                    kernel::add_assign(simd, ntt.modulus(), k, limb(onto.words(), degree, index));
                }
                if let Some(automorphism) = finish.automorphism {
                    rest.copy_from_slice(k);
                    automorphism.permute(k, rest);
                }
            }
        },
    );
    Ok([k0, k1])
}

/// x / P, rounded, for one element over Q_l P: limbs of Q_l, then of P, in evaluations.
pub(super) fn divide_element(
    context: &Context,
    level: usize,
    words: &[u64],
) -> Result<Poly<Evaluation, u64>, Error> {
    let (simd, degree, tables) = (context.simd(), context.degree(), context.division_tables());
    let ring = context.level_ring(level)?;
    let (data, special) = words
        .split_at_checked(ring.element_words())
        .unwrap_or_default();
    let mut special = Scratch::copy_of(special);
    let specials = context.key_ring().limbs().iter();
    let specials = specials.skip(context.parameters().data_moduli().len());
    for_each(specials.zip(special.chunks_mut(degree)), |(ntt, limb)| {
        ntt.transform_back(limb);
    });
    let mut overflow = vec![0; degree];
    tables.conversion.prepare(simd, &mut special, &mut overflow);
    let mut quotient = Poly::unspecified(ring);
    quotient.words_mut().copy_from_slice(data);
    let limbs = ring.limbs().iter().zip(&tables.inverse).enumerate();
    for_each_with(
        limbs.zip(quotient.words_mut().chunks_mut(degree)),
        || Scratch::new(degree),
        |rest, ((index, (ntt, inverse)), x)| {
            tables
                .conversion
                .residues(simd, index, &special, &overflow, rest);
            ntt.transform(rest);
            kernel::sub_scale(simd, ntt.modulus(), x, rest, *inverse);
        },
    );
    Ok(quotient)
}
