//! Automorphisms X -> X^g of the ring, g odd modulo 2N.
//!
//! Position j of a limb in evaluations holds f(psi^e(j)), e(j) = 2 br(j) + 1, br reversing log2(N) bits.
//! Since f(X^g) at psi^e is f at psi^(ge), the automorphism moves what stands at e^-1(g e(j)) to j: a
//! permutation, the same for every prime, and no transform (eprint 2018/931, section 3). On coefficients
//! X^i goes to X^(gi mod 2N), and X^(N+k) = -X^k.
//!
//! Slot j of a CKKS vector is the value at zeta^(5^j), so g = 5^k takes slot j + k to slot j, and
//! g = 2N - 1 conjugates (eprint 2018/1043, section 2).

use super::{Coefficient, Evaluation, Poly, RingContext, kernel};
use crate::Error;
use crate::simd::Supported;

/// An automorphism, ready to be applied to elements of any ring of its degree.
#[derive(Clone, Debug)]
pub struct Automorphism {
    element: u64,
    simd: Supported,
    /// `source[j]` is the position that goes to j, in evaluations.
    source: Vec<u32>,
}

/// The g of a left rotation by `steps` slots: 5^steps modulo 2N.
pub fn rotation_element(degree: usize, steps: i64) -> u64 {
    let slots = (degree / 2).max(1) as i64;
    let mask = 2 * degree as u64 - 1;
    let (mut power, mut square) = (1u64, 5u64);
    let mut exponent = steps.rem_euclid(slots);
    while exponent != 0 {
        if exponent & 1 == 1 {
            power = power.wrapping_mul(square) & mask;
        }
        square = square.wrapping_mul(square) & mask;
        exponent >>= 1;
    }
    power
}

/// The g of complex conjugation: -1 modulo 2N.
pub fn conjugation_element(degree: usize) -> u64 {
    2 * degree as u64 - 1
}

impl Automorphism {
    /// Prepares X -> X^element.
    ///
    /// # Errors
    /// [`Error::GaloisElement`] unless `element` is odd and below 2N.
    pub fn new(context: &RingContext<u64>, element: u64) -> Result<Self, Error> {
        let degree = context.degree();
        let twice_degree = 2 * degree as u64;
        if element.is_multiple_of(2) || element >= twice_degree {
            return Err(Error::GaloisElement {
                element,
                twice_degree,
            });
        }
        let shift = 32 - degree.trailing_zeros();
        let reverse = |j: u32| j.reverse_bits() >> shift;
        let from = |j: u32| {
            let exponent = 2 * u64::from(reverse(j)) + 1;
            reverse(((element * exponent % twice_degree) / 2) as u32)
        };
        Ok(Self {
            element,
            simd: Supported::detect(),
            source: (0..degree as u32).map(from).collect(),
        })
    }

    /// g.
    pub fn element(&self) -> u64 {
        self.element
    }

    fn check_degree(&self, degree: usize) -> Result<(), Error> {
        if degree == self.source.len() {
            return Ok(());
        }
        Err(Error::RingMismatch {
            left: self.source.len(),
            right: degree,
        })
    }

    /// f(X^g) in evaluations.
    ///
    /// # Errors
    /// [`Error::RingMismatch`] for an element of another degree.
    pub fn apply(&self, f: &Poly<Evaluation, u64>) -> Result<Poly<Evaluation, u64>, Error> {
        let degree = f.context().degree();
        self.check_degree(degree)?;
        let mut words = vec![0; f.words().len()];
        for (out, limb) in words.chunks_mut(degree).zip(f.words().chunks(degree)) {
            self.permute(out, limb);
        }
        Ok(Poly::from_trusted(f.context(), words))
    }

    /// One limb in evaluations: out(X) = limb(X^g).
    pub(crate) fn permute(&self, out: &mut [u64], limb: &[u64]) {
        kernel::permute(self.simd, out, limb, &self.source);
    }

    /// f(X^g) in coefficients.
    ///
    /// # Errors
    /// [`Error::RingMismatch`] for an element of another degree.
    pub fn apply_coefficients(
        &self,
        f: &Poly<Coefficient, u64>,
    ) -> Result<Poly<Coefficient, u64>, Error> {
        let degree = f.context().degree();
        self.check_degree(degree)?;
        let mut words = vec![0; f.words().len()];
        let limbs = words.chunks_mut(degree).zip(f.words().chunks(degree));
        for (modulus, (out, limb)) in f.context().moduli().zip(limbs) {
            let mut to = 0; // g i modulo 2N
            for &x in limb {
                let wrapped = to & degree;
                if let Some(out) = out.get_mut(to - wrapped) {
                    *out = if wrapped == 0 { x } else { modulus.neg(x) };
                }
                to = (to + self.element as usize) & (2 * degree - 1);
            }
        }
        Ok(Poly::from_trusted(f.context(), words))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use concrete_ntt::prime::largest_prime_in_arithmetic_progression64;
    use std::sync::Arc;

    fn ring(degree: usize) -> Arc<RingContext<u64>> {
        let prime = |bits: u32| {
            let step = 2 * degree as u64;
            largest_prime_in_arithmetic_progression64(step, 1, 1 << (bits - 1), 1 << bits).unwrap()
        };
        RingContext::new(degree, &[prime(50), prime(40)]).unwrap()
    }

    /// X + 2 X^2 + .. with alternating signs.
    fn sample(context: &Arc<RingContext<u64>>) -> Poly<Coefficient, u64> {
        let degree = context.degree() as i64;
        let signed: Vec<i64> = (0..degree)
            .map(|i| if i % 3 == 0 { -i } else { i })
            .collect();
        Poly::from_signed(context, &signed).unwrap()
    }

    #[test]
    fn permuted_evaluations_are_those_of_the_mapped_coefficients() {
        for degree in [32, 64, 1024, 8192, 16_384, 32_768] {
            let context = ring(degree);
            let f = sample(&context);
            let evaluations = f.clone().into_evaluation().unwrap();
            let rotations = [1, -1, 7, degree as i64 / 4].map(|k| rotation_element(degree, k));
            for element in rotations
                .into_iter()
                .chain([1, 3, conjugation_element(degree)])
            {
                let map = Automorphism::new(&context, element).unwrap();
                let mapped = map.apply_coefficients(&f).unwrap();
                let permuted = map.apply(&evaluations).unwrap();
                assert_eq!(permuted, mapped.into_evaluation().unwrap(), "{element}");
            }
        }
    }

    #[test]
    fn coefficients_move_with_their_signs() {
        let context = ring(32);
        // X^31 -> X^93 = X^(2*32 + 29) = X^29, X^11 -> X^33 = -X.
        let mut signed = [0i64; 32];
        (signed[31], signed[11]) = (5, 7);
        let f = Poly::from_signed(&context, &signed).unwrap();
        let map = Automorphism::new(&context, 3).unwrap();
        let mut expected = [0i64; 32];
        (expected[29], expected[1]) = (5, -7);
        let expected = Poly::from_signed(&context, &expected).unwrap();
        assert_eq!(map.apply_coefficients(&f).unwrap(), expected);
    }

    #[test]
    fn rotations_compose_and_wrap() {
        let degree = 64;
        let context = ring(degree);
        let f = sample(&context).into_evaluation().unwrap();
        let rotate = |f: &Poly<Evaluation, u64>, k| {
            let element = rotation_element(degree, k);
            let map = Automorphism::new(&context, element).unwrap();
            map.apply(f).unwrap()
        };
        assert_eq!(rotate(&rotate(&f, 3), -5), rotate(&f, -2));
        assert_eq!(rotate(&f, 32), f);
        assert_eq!(rotation_element(degree, i64::MIN), 1);
    }

    #[test]
    fn unfit_elements_and_rings_are_refused() {
        let (small, large) = (ring(32), ring(64));
        for element in [0, 2, 64, 65, u64::MAX] {
            assert!(matches!(
                Automorphism::new(&small, element),
                Err(Error::GaloisElement { .. })
            ));
        }
        let map = Automorphism::new(&small, 5).unwrap();
        assert!(map.apply_coefficients(&sample(&large)).is_err());
        assert!(map.apply(&Poly::zero(&large)).is_err());
    }
}
