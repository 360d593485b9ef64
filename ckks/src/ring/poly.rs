//! Ring elements, typed by representation: the wrong domain does not compile.

use super::{RingContext, Word};
use crate::Error;
use std::{marker::PhantomData, sync::Arc};

mod sealed {
    pub trait Sealed {}
}

/// How a [`Poly`]'s words are to be read. Implemented by [`Coefficient`] and [`Evaluation`] alone.
pub trait Representation: sealed::Sealed + Clone + Send + Sync + 'static {
    /// Name for `Debug`.
    const NAME: &'static str;
}

/// The N coefficients, constant term first.
#[derive(Clone, Debug)]
pub struct Coefficient;
/// The N evaluations, in the transform's order.
#[derive(Clone, Debug)]
pub struct Evaluation;

impl sealed::Sealed for Coefficient {}
impl sealed::Sealed for Evaluation {}
impl Representation for Coefficient {
    const NAME: &'static str = "Coefficient";
}
impl Representation for Evaluation {
    const NAME: &'static str = "Evaluation";
}

/// An element of R_q: limb-major residues, every word below its limb's modulus.
#[derive(Clone)]
pub struct Poly<R, W: Word> {
    context: Arc<RingContext<W>>,
    words: Vec<W>,
    representation: PhantomData<R>,
}

impl<R: Representation, W: Word> std::fmt::Debug for Poly<R, W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The words may be a secret.
        write!(f, "Poly<{}> of {} words", R::NAME, self.words.len())
    }
}

impl<R: Representation, W: Word> PartialEq for Poly<R, W> {
    fn eq(&self, other: &Self) -> bool {
        self.context.same_ring(&other.context) && self.words == other.words
    }
}

impl<R: Representation, W: Word> Poly<R, W> {
    /// The zero element.
    pub fn zero(context: &Arc<RingContext<W>>) -> Self {
        Self::from_trusted(context, vec![W::default(); context.element_words()])
    }

    /// Takes limb-major residues.
    ///
    /// # Errors
    /// Wrong length, or a residue not below its modulus.
    pub fn from_words(context: &Arc<RingContext<W>>, words: Vec<W>) -> Result<Self, Error> {
        if words.len() != context.element_words() {
            return Err(Error::Length {
                what: "polynomial",
                expected: context.element_words(),
                got: words.len(),
            });
        }
        context.check_residues("polynomial", &words)?;
        Ok(Self::from_trusted(context, words))
    }

    /// The caller vouches for length and residues.
    pub(crate) fn from_trusted(context: &Arc<RingContext<W>>, words: Vec<W>) -> Self {
        Self {
            context: Arc::clone(context),
            words,
            representation: PhantomData,
        }
    }

    /// The ring.
    pub fn context(&self) -> &Arc<RingContext<W>> {
        &self.context
    }

    /// Limb-major residues.
    pub fn words(&self) -> &[W] {
        &self.words
    }

    /// The words themselves.
    pub fn into_words(self) -> Vec<W> {
        self.words
    }

    pub(crate) fn words_mut(&mut self) -> &mut [W] {
        &mut self.words
    }

    fn retype<S>(self) -> Poly<S, W> {
        Poly {
            context: self.context,
            words: self.words,
            representation: PhantomData,
        }
    }

    fn zip_with(
        &mut self,
        other: &Self,
        op: impl Fn(&super::Modulus<W>, W, W) -> W,
    ) -> Result<(), Error> {
        self.context.check_same(&other.context)?;
        let degree = self.context.degree();
        let limbs = self
            .words
            .chunks_mut(degree)
            .zip(other.words.chunks(degree));
        for (modulus, (left, right)) in self.context.moduli().zip(limbs) {
            for (a, &b) in left.iter_mut().zip(right) {
                *a = op(modulus, *a, b);
            }
        }
        Ok(())
    }

    /// self + other.
    ///
    /// # Errors
    /// [`Error::RingMismatch`].
    pub fn add_assign(&mut self, other: &Self) -> Result<(), Error> {
        self.zip_with(other, |m, a, b| m.add(a, b))
    }

    /// self - other.
    ///
    /// # Errors
    /// [`Error::RingMismatch`].
    pub fn sub_assign(&mut self, other: &Self) -> Result<(), Error> {
        self.zip_with(other, |m, a, b| m.sub(a, b))
    }

    /// -self.
    pub fn negate(&mut self) {
        let degree = self.context.degree();
        for (modulus, limb) in self.context.moduli().zip(self.words.chunks_mut(degree)) {
            for a in limb {
                *a = modulus.neg(*a);
            }
        }
    }

    /// Multiplies by a signed integer.
    pub fn scale(&mut self, factor: i64) {
        let degree = self.context.degree();
        for (modulus, limb) in self.context.moduli().zip(self.words.chunks_mut(degree)) {
            let factor = modulus.reduce_signed(factor);
            for a in limb {
                *a = modulus.mul(*a, factor);
            }
        }
    }
}

impl<W: Word> Poly<Coefficient, W> {
    /// Reduces N signed coefficients into every limb.
    ///
    /// # Errors
    /// [`Error::Length`] unless there are N coefficients.
    pub fn from_signed(context: &Arc<RingContext<W>>, signed: &[i64]) -> Result<Self, Error> {
        if signed.len() != context.degree() {
            return Err(Error::Length {
                what: "coefficients",
                expected: context.degree(),
                got: signed.len(),
            });
        }
        let lift = |m: &super::Modulus<W>| signed.iter().map(|&x| m.reduce_signed(x)).collect();
        let words: Vec<Vec<W>> = context.moduli().map(lift).collect();
        Ok(Self::from_trusted(context, words.concat()))
    }

    /// The same element in evaluations.
    ///
    /// # Errors
    /// None for a well-formed element.
    pub fn into_evaluation(mut self) -> Result<Poly<Evaluation, W>, Error> {
        let degree = self.context.degree();
        for (ntt, limb) in self
            .context
            .limbs()
            .iter()
            .zip(self.words.chunks_mut(degree))
        {
            ntt.forward(limb)?;
        }
        Ok(self.retype())
    }
}

impl<W: Word> Poly<Evaluation, W> {
    /// The same element in coefficients.
    ///
    /// # Errors
    /// None for a well-formed element.
    pub fn into_coefficient(mut self) -> Result<Poly<Coefficient, W>, Error> {
        let degree = self.context.degree();
        for (ntt, limb) in self
            .context
            .limbs()
            .iter()
            .zip(self.words.chunks_mut(degree))
        {
            ntt.inverse_unscaled(limb)?;
            ntt.normalize(limb)?;
        }
        Ok(self.retype())
    }

    /// self * other in the ring.
    ///
    /// # Errors
    /// [`Error::RingMismatch`].
    pub fn mul(&self, other: &Self) -> Result<Self, Error> {
        self.context.check_same(&other.context)?;
        let mut product = Self::zero(&self.context);
        let degree = self.context.degree();
        let operands = self.words.chunks(degree).zip(other.words.chunks(degree));
        let limbs = product.words.chunks_mut(degree).zip(operands);
        for (ntt, (sum, (left, right))) in self.context.limbs().iter().zip(limbs) {
            ntt.mul_accumulate(sum, left, right)?;
        }
        Ok(product)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ring_axioms_over_two_limbs() {
        let context = RingContext::<u64>::new(64, &[998_244_353, 12_289]).unwrap();
        let poly = |f: fn(i64) -> i64| {
            let signed: Vec<i64> = (0..64).map(f).collect();
            Poly::from_signed(&context, &signed).unwrap()
        };
        let (a, b) = (poly(|i| i * i - 900), poly(|i| 17 - 3 * i));
        let product = |x: &Poly<Coefficient, u64>, y: &Poly<Coefficient, u64>| {
            let x = x.clone().into_evaluation().unwrap();
            let y = y.clone().into_evaluation().unwrap();
            x.mul(&y).unwrap().into_coefficient().unwrap()
        };
        assert_eq!(product(&a, &b), product(&b, &a));
        // (a + b)(a - b) = a^2 - b^2
        let mut sum = a.clone();
        sum.add_assign(&b).unwrap();
        let mut difference = a.clone();
        difference.sub_assign(&b).unwrap();
        let mut squares = product(&a, &a);
        squares.sub_assign(&product(&b, &b)).unwrap();
        assert_eq!(product(&sum, &difference), squares);
        // X^64 = -1
        let x_32 = poly(|i| i64::from(i == 32));
        let mut minus_one = poly(|i| i64::from(i == 0));
        minus_one.negate();
        assert_eq!(product(&x_32, &x_32), minus_one);
        let mut scaled = b.clone();
        scaled.scale(-5);
        assert_eq!(product(&b, &poly(|i| if i == 0 { -5 } else { 0 })), scaled);
    }

    #[test]
    fn foreign_and_malformed_elements_are_refused() {
        let small = RingContext::<u32>::new(32, &[12_289]).unwrap();
        let large = RingContext::<u32>::new(64, &[12_289]).unwrap();
        let mut a = Poly::<Coefficient, u32>::zero(&small);
        assert!(matches!(
            a.add_assign(&Poly::zero(&large)),
            Err(Error::RingMismatch {
                left: 32,
                right: 64
            })
        ));
        let mut words = vec![0; 32];
        words[7] = 12_289;
        assert!(matches!(
            Poly::<Coefficient, u32>::from_words(&small, words),
            Err(Error::Residue {
                index: 7,
                value: 12_289,
                modulus: 12_289,
                ..
            })
        ));
        assert!(Poly::<Coefficient, u32>::from_words(&small, vec![0; 33]).is_err());
        // An equal ring built twice is the same ring.
        let again = RingContext::<u32>::new(32, &[12_289]).unwrap();
        assert!(a.add_assign(&Poly::zero(&again)).is_ok());
    }
}
