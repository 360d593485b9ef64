//! Ring elements, typed by representation: the wrong domain does not compile.

use super::kernel;
use super::parallel::for_each;
use super::{Modulus, RingContext, Word};
use crate::Error;
use crate::simd::Supported;
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
pub struct Poly<R, W: Word> {
    context: Arc<RingContext<W>>,
    words: Vec<W>,
    representation: PhantomData<R>,
}

impl<R, W: Word> Clone for Poly<R, W> {
    fn clone(&self) -> Self {
        let mut words = W::take(self.words.len());
        words.copy_from_slice(&self.words);
        Self {
            context: Arc::clone(&self.context),
            words,
            representation: PhantomData,
        }
    }
}

impl<R, W: Word> Drop for Poly<R, W> {
    fn drop(&mut self) {
        W::give(std::mem::take(&mut self.words));
    }
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
        let mut zero = Self::unspecified(context);
        zero.words.fill(W::default());
        zero
    }

    /// An element to be overwritten: its words are whatever a former one left.
    pub(crate) fn unspecified(context: &Arc<RingContext<W>>) -> Self {
        Self::from_trusted(context, W::take(context.element_words()))
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
    pub fn into_words(mut self) -> Vec<W> {
        std::mem::take(&mut self.words)
    }

    pub(crate) fn words_mut(&mut self) -> &mut [W] {
        &mut self.words
    }

    fn retype<S>(mut self) -> Poly<S, W> {
        Poly {
            context: Arc::clone(&self.context),
            words: std::mem::take(&mut self.words),
            representation: PhantomData,
        }
    }

    /// Runs `f` on every limb of this element.
    fn on_limbs(&mut self, f: impl Fn(&Modulus<W>, &mut [W]) + Send + Sync) {
        let limbs = self.words.chunks_mut(self.context.degree());
        for_each(self.context.moduli().zip(limbs), |(modulus, limb)| {
            f(modulus, limb);
        });
    }

    /// Runs `f` on every pair of limbs of this element and the other.
    fn with_limbs(
        &mut self,
        other: &Self,
        f: impl Fn(&Modulus<W>, &mut [W], &[W]) + Send + Sync,
    ) -> Result<(), Error> {
        self.context.check_same(&other.context)?;
        let degree = self.context.degree();
        let limbs = self.words.chunks_mut(degree);
        let limbs = limbs.zip(other.words.chunks(degree));
        for_each(
            self.context.moduli().zip(limbs),
            |(modulus, (left, right))| {
                f(modulus, left, right);
            },
        );
        Ok(())
    }

    /// self + other.
    ///
    /// # Errors
    /// [`Error::RingMismatch`].
    pub fn add_assign(&mut self, other: &Self) -> Result<(), Error> {
        let simd = Supported::detect();
        self.with_limbs(other, |m, x, y| kernel::add_assign(simd, m, x, y))
    }

    /// self - other.
    ///
    /// # Errors
    /// [`Error::RingMismatch`].
    pub fn sub_assign(&mut self, other: &Self) -> Result<(), Error> {
        let simd = Supported::detect();
        self.with_limbs(other, |m, x, y| kernel::sub_assign(simd, m, x, y))
    }

    /// -self.
    pub fn negate(&mut self) {
        let simd = Supported::detect();
        self.on_limbs(|m, x| kernel::negate(simd, m, x));
    }

    /// Multiplies by a signed integer.
    pub fn scale(&mut self, factor: i64) {
        let simd = Supported::detect();
        self.on_limbs(|m, x| W::scale(simd, m, x, m.reduce_signed(factor)));
    }
}

impl Poly<Evaluation, u64> {
    /// self = self * other in the ring.
    ///
    /// # Errors
    /// [`Error::RingMismatch`].
    pub fn mul_assign(&mut self, other: &Self) -> Result<(), Error> {
        let simd = Supported::detect();
        self.with_limbs(other, |m, x, y| kernel::mul_assign(simd, m, x, y))
    }

    /// self = self + left * right in the ring.
    ///
    /// # Errors
    /// [`Error::RingMismatch`].
    pub fn mul_add(&mut self, left: &Self, right: &Self) -> Result<(), Error> {
        self.context.check_same(&left.context)?;
        self.context.check_same(&right.context)?;
        let (degree, simd) = (self.context.degree(), Supported::detect());
        let operands = left.words.chunks(degree).zip(right.words.chunks(degree));
        let limbs = self.words.chunks_mut(degree).zip(operands);
        for_each(self.context.moduli().zip(limbs), |(m, (sum, (x, y)))| {
            kernel::mul_add(simd, m, sum, x, y);
        });
        Ok(())
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
        let lift = |m: &Modulus<W>| signed.iter().map(|&x| m.reduce_signed(x)).collect();
        let words: Vec<Vec<W>> = context.moduli().map(lift).collect();
        Ok(Self::from_trusted(context, words.concat()))
    }

    /// The same element in evaluations.
    ///
    /// # Errors
    /// None for a well-formed element.
    pub fn into_evaluation(mut self) -> Result<Poly<Evaluation, W>, Error> {
        let degree = self.context.degree();
        let limbs = self.words.chunks_mut(degree);
        for_each(self.context.limbs().iter().zip(limbs), |(ntt, limb)| {
            ntt.transform(limb);
        });
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
        let limbs = self.words.chunks_mut(degree);
        for_each(self.context.limbs().iter().zip(limbs), |(ntt, limb)| {
            ntt.transform_back(limb);
        });
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
        for_each(
            self.context.limbs().iter().zip(limbs),
            |(ntt, (sum, (left, right)))| {
                ntt.accumulate(sum, left, right);
            },
        );
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
    fn fused_products_are_products_and_sums() {
        let context = RingContext::<u64>::new(64, &[998_244_353, 1_125_899_906_826_241]).unwrap();
        let poly = |f: fn(i64) -> i64| {
            let signed: Vec<i64> = (0..64).map(f).collect();
            let poly = Poly::from_signed(&context, &signed).unwrap();
            poly.into_evaluation().unwrap()
        };
        let (a, b, c) = (poly(|i| i - 7), poly(|i| 5 - i * i), poly(|i| -i));
        let mut product = a.clone();
        product.mul_assign(&b).unwrap();
        assert_eq!(product, a.mul(&b).unwrap());
        let mut fused = c.clone();
        fused.mul_add(&a, &b).unwrap();
        product.add_assign(&c).unwrap();
        assert_eq!(fused, product);
        let foreign = RingContext::<u64>::new(64, &[998_244_353]).unwrap();
        assert!(fused.mul_add(&a, &Poly::zero(&foreign)).is_err());
        assert!(fused.mul_assign(&Poly::zero(&foreign)).is_err());
    }

    #[test]
    fn results_do_not_depend_on_the_threads() {
        let context = RingContext::<u64>::new(64, &[998_244_353, 1_125_899_906_826_241]).unwrap();
        let run = || {
            let signed: Vec<i64> = (0..64).map(|i| i * i - 99).collect();
            let a = Poly::from_signed(&context, &signed).unwrap();
            let a = a.into_evaluation().unwrap();
            let mut sum = a.mul(&a).unwrap();
            sum.sub_assign(&a).unwrap();
            sum.into_coefficient().unwrap()
        };
        let pool = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        let results = [1, 3].map(|threads| pool(threads).unwrap().install(run));
        assert_eq!(results[0], results[1]);
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
