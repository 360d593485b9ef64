//! Hybrid key switching: from an element c that multiplies a secret s' to two that multiply 1 and s.
//!
//! ```text
//! decompose   c_d = [c]_{D_d}, centred, for every digit d, as an integer modulo all primes of Q_l P
//! inner       (x_0, x_1) = sum_d c_d (b_d, a_d):   x_0 + x_1 s = P c s' + sum_d c_d e_d  modulo Q_l P
//! divide      k_i = (x_i - [x_i]_P) / P,  centred:  k_0 + k_1 s = c s' + noise           modulo Q_l
//! ```
//!
//! (eprint 2019/688, section 3; eprint 2020/1481; [`super::SwitchingKey`] holds the b_d, a_d.) The
//! residues of c_d modulo its own primes are c's, so their evaluations are there already: with r = l + 1
//! data primes, k special primes and n digits there are r inverse transforms and n (r + k) - r forward
//! ones in the decomposition, 2 k inverse and 2 r forward ones in the division: 20 for r = 3, k = 1.
//!
//! All digits of one limb are transformed, multiplied and summed before the next limb, in a few buffers
//! of N words; only the special limbs of x_0, x_1 are kept whole. [`Digits`] keeps everything instead:
//! where several automorphisms of one ciphertext are wanted, they share the decomposition (hoisting,
//! eprint 2018/244, section 5).
//!
//! # Noise
//! One coefficient of c_d is uniform in (-D_d/2, D_d/2) and e_d has variance 10.5, so
//! sum_d c_d e_d / P has variance at most 10.5 N sum_d D_d^2 / (12 P^2); the division adds (1 + 2N/3) / 12.

mod raised;

pub(super) use raised::Raised;
pub use raised::RaisedPlaintext;

use super::divide::{Extended, Finish, divide, limb};
use super::{Context, Error, GaloisKey, SwitchingKey};
use crate::ring::convert::Conversion;
use crate::ring::pool::Scratch;
use crate::ring::{Ntt, kernel, parallel::for_each};
use crate::{Evaluation, Modulus, Poly};
use std::ops::Range;
use std::sync::Arc;

/// Conversions of digits.
#[derive(Debug)]
pub(super) struct DigitTables {
    /// By digit and its number of primes less one, to all primes of Q P.
    conversions: Vec<Vec<Conversion>>,
}

impl DigitTables {
    /// Prepares the conversions. `moduli` are those of Q P; each digit is a range of the data primes.
    pub(super) fn new(moduli: &[Modulus<u64>], digits: impl Iterator<Item = Range<usize>>) -> Self {
        let of_digit = |digit: Range<usize>| {
            let prefixes = digit.clone().map(|last| digit.start..last + 1);
            let primes = prefixes.map(|part| moduli.get(part).unwrap_or_default());
            primes.map(|part| Conversion::new(part, moduli)).collect()
        };
        Self {
            conversions: digits.map(of_digit).collect(),
        }
    }

    /// The conversion of digit `digit`, `primes` of whose primes are left.
    fn get(&self, digit: usize, primes: usize) -> Option<&Conversion> {
        self.conversions.get(digit)?.get(primes.checked_sub(1)?)
    }
}

/// Where the digits of an element come from, limb by limb.
trait Decomposed: Sync {
    fn context(&self) -> &Context;
    fn level(&self) -> usize;
    /// The evaluations of every digit at one limb of Q P, in `scratch` or where they are.
    fn at<'a>(&'a self, limb: usize, scratch: &'a mut [u64]) -> Vec<&'a [u64]>;
}

/// The limbs of Q P that Q_l P has, data first.
fn limbs(context: &Context, level: usize) -> impl Iterator<Item = usize> + use<> {
    let data = context.parameters().data_moduli().len();
    (0..level + 1).chain(data..context.key_ring().limbs().len())
}

/// An element in evaluations and its digits in coefficients, ready for conversion.
struct Coefficients<'a> {
    context: &'a Context,
    evaluations: &'a Poly<Evaluation, u64>,
    limbs: Scratch,
    /// N words a digit, for digits of more than one prime.
    overflow: Vec<u64>,
}

impl<'a> Coefficients<'a> {
    fn new(context: &'a Context, element: &'a Poly<Evaluation, u64>) -> Result<Self, Error> {
        let (parameters, degree) = (context.parameters(), context.degree());
        let ring = element.context();
        let level = ring.limbs().len() - 1;
        ring.check_same(context.level_ring(level)?)?;
        let digits = parameters.digits(level);
        if digits == 0 {
            return Err(Error::NoSpecialPrimes);
        }
        let mut limbs = Scratch::copy_of(element.words());
        for_each(
            ring.limbs().iter().zip(limbs.chunks_mut(degree)),
            |(ntt, limb)| {
                ntt.transform_back(limb);
            },
        );
        let size = parameters.digit_size();
        let mut overflow = match size {
            1 => Vec::new(),
            _ => vec![0; digits * degree],
        };
        let parts = limbs.chunks_mut(size * degree);
        for (digit, part) in parts.enumerate() {
            let start = (digit * degree).min(overflow.len());
            let end = (start + degree).min(overflow.len());
            let overflow = overflow.get_mut(start..end).unwrap_or_default();
            if let Some(conversion) = context.digit_tables().get(digit, part.len() / degree) {
                conversion.prepare(context.simd(), part, overflow);
            }
        }
        Ok(Self {
            context,
            evaluations: element,
            limbs,
            overflow,
        })
    }

    fn digits(&self) -> usize {
        self.context.parameters().digits(self.level())
    }

    /// Digit `digit` at limb `limb` of Q P, in evaluations.
    fn convert(&self, digit: usize, index: usize, out: &mut [u64]) {
        let (context, degree) = (self.context, self.context.degree());
        let own = context.parameters().digit(digit, self.level());
        let part = self.limbs.get(own.start * degree..own.end * degree);
        let conversion = context.digit_tables().get(digit, own.len());
        let ntt = context.key_ring().limbs().get(index);
        if let (Some(part), Some(conversion), Some(ntt)) = (part, conversion, ntt) {
            let overflow = limb(&self.overflow, degree, digit);
            conversion.residues(context.simd(), index, part, overflow, out);
            ntt.transform(out);
        }
    }
}

impl Decomposed for Coefficients<'_> {
    fn context(&self) -> &Context {
        self.context
    }

    fn level(&self) -> usize {
        self.evaluations.context().limbs().len() - 1
    }

    fn at<'a>(&'a self, index: usize, scratch: &'a mut [u64]) -> Vec<&'a [u64]> {
        let degree = self.context.degree();
        let parameters = self.context.parameters();
        let digits = scratch.chunks_mut(degree).enumerate().take(self.digits());
        digits
            .map(|(digit, out)| {
                if parameters.digit(digit, self.level()).contains(&index) {
                    return limb(self.evaluations.words(), degree, index);
                }
                self.convert(digit, index, out);
                &*out
            })
            .collect()
    }
}

/// All digits of an element at all limbs, in evaluations: what rotations of one ciphertext share.
#[derive(Clone, Debug)]
pub struct Digits {
    context: Arc<Context>,
    level: usize,
    /// Limb of Q_l P, then digit, then N words.
    words: Scratch,
}

impl Digits {
    /// Decomposes c, usually c_1 of a ciphertext.
    ///
    /// # Errors
    /// [`crate::Error::RingMismatch`] unless c is of a level of `context`, [`Error::NoSpecialPrimes`].
    pub fn decompose(
        context: &Arc<Context>,
        element: &Poly<Evaluation, u64>,
    ) -> Result<Self, Error> {
        let coefficients = Coefficients::new(context, element)?;
        let (degree, level) = (context.degree(), coefficients.level());
        let row = coefficients.digits() * degree;
        let mut words = Scratch::new(limbs(context, level).count() * row);
        for_each(
            limbs(context, level).zip(words.chunks_mut(row)),
            |(index, row)| {
                for (digit, out) in row.chunks_mut(degree).enumerate() {
                    if context.parameters().digit(digit, level).contains(&index) {
                        out.copy_from_slice(limb(element.words(), degree, index));
                    } else {
                        coefficients.convert(digit, index, out);
                    }
                }
            },
        );
        Ok(Self {
            context: Arc::clone(context),
            level,
            words,
        })
    }

    /// The level of the element.
    pub fn level(&self) -> usize {
        self.level
    }

    /// (k_0, k_1) with k_0 + k_1 s = c s' + noise.
    ///
    /// # Errors
    /// [`Error::ContextMismatch`].
    pub fn switch(&self, key: &SwitchingKey) -> Result<[Poly<Evaluation, u64>; 2], Error> {
        switch_with(self, key, &Finish::default())
    }

    /// The automorphism of (c_0, c) for the decomposed c.
    ///
    /// # Errors
    /// [`Error::ContextMismatch`], or [`crate::Error::RingMismatch`] unless c_0 is of the same level.
    pub fn apply_galois(
        &self,
        c0: &Poly<Evaluation, u64>,
        key: &GaloisKey,
    ) -> Result<[Poly<Evaluation, u64>; 2], Error> {
        switch_with(self, key.switching_key(), &Finish::galois(c0, key))
    }
}

impl Decomposed for Digits {
    fn context(&self) -> &Context {
        &self.context
    }

    fn level(&self) -> usize {
        self.level
    }

    fn at<'a>(&'a self, index: usize, _: &'a mut [u64]) -> Vec<&'a [u64]> {
        let degree = self.context.degree();
        let digits = self.context.parameters().digits(self.level);
        let row = limbs(&self.context, self.level).position(|limb| limb == index);
        let row = row.map_or(&[][..], |row| limb(&self.words, digits * degree, row));
        row.chunks(degree).collect()
    }
}

impl<'a> Finish<'a> {
    fn galois(c0: &'a Poly<Evaluation, u64>, key: &'a GaloisKey) -> Self {
        Self {
            onto: [Some(c0), None],
            automorphism: Some(key.automorphism()),
        }
    }
}

/// (k_0, k_1) with k_0 + k_1 s = c s' + noise, for the key from s' to s.
///
/// # Errors
/// As [`Digits::decompose`] and [`Digits::switch`].
pub fn switch(
    element: &Poly<Evaluation, u64>,
    key: &SwitchingKey,
) -> Result<[Poly<Evaluation, u64>; 2], Error> {
    let source = Coefficients::new(key.context(), element)?;
    switch_with(&source, key, &Finish::default())
}

/// The relinearisation (c_0 + k_0, c_1 + k_1) of (c_0, c_1, c_2), k for c_2.
///
/// # Errors
/// As [`switch`], or [`crate::Error::RingMismatch`] unless all are of one level.
pub(super) fn relinearize(
    [c0, c1, c2]: [&Poly<Evaluation, u64>; 3],
    key: &SwitchingKey,
) -> Result<[Poly<Evaluation, u64>; 2], Error> {
    let finish = Finish {
        onto: [Some(c0), Some(c1)],
        automorphism: None,
    };
    switch_with(&Coefficients::new(key.context(), c2)?, key, &finish)
}

/// The automorphism of a ciphertext (c_0, c_1).
///
/// # Errors
/// As [`relinearize`].
pub(super) fn apply_galois(
    [c0, c1]: [&Poly<Evaluation, u64>; 2],
    key: &GaloisKey,
) -> Result<[Poly<Evaluation, u64>; 2], Error> {
    let switching = key.switching_key();
    let source = Coefficients::new(switching.context(), c1)?;
    switch_with(&source, switching, &Finish::galois(c0, key))
}

/// (x_0, x_1) = sum_d c_d (b_d, a_d), limb by limb.
struct Inner<'a, D> {
    digits: &'a D,
    key: &'a SwitchingKey,
}

impl<D: Decomposed> Extended for Inner<'_, D> {
    fn context(&self) -> &Context {
        self.digits.context()
    }

    fn level(&self) -> usize {
        self.digits.level()
    }

    fn scratch(&self) -> usize {
        let context = self.digits.context();
        context.degree() * context.parameters().digits(self.digits.level())
    }

    fn at(&self, index: usize, ntt: &Ntt<u64>, scratch: &mut [u64], out: [&mut [u64]; 2]) {
        let context = self.digits.context();
        let digits = self.digits.at(index, scratch);
        for (out, half) in out.into_iter().zip([self.key.b(), self.key.a()]) {
            let keys = half
                .iter()
                .map(|key| limb(key.words(), context.degree(), index));
            let pairs: Vec<_> = digits.iter().copied().zip(keys).collect();
            kernel::inner_product(context.simd(), ntt.modulus(), out, &pairs);
        }
    }
}

fn switch_with(
    digits: &impl Decomposed,
    key: &SwitchingKey,
    finish: &Finish,
) -> Result<[Poly<Evaluation, u64>; 2], Error> {
    if !key.context().same(digits.context()) {
        return Err(Error::ContextMismatch {
            operation: "switch keys",
        });
    }
    divide(&Inner { digits, key }, finish)
}

#[cfg(test)]
mod tests;
