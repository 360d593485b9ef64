//! Exact Chinese remaindering between residues and big integers.
//!
//! For distinct primes q_i and Q = prod q_i, x = sum_i [x_i (Q/q_i)^-1]_{q_i} (Q/q_i) mod Q.
//! Exactness costs big integers: this is for decoding, tests and bounds, never for a hot path, and it
//! is not constant time.

use super::Modulus;
use crate::Error;
use num_bigint::{BigInt, BigUint};

/// A set of distinct primes and its reconstruction constants.
#[derive(Clone, Debug)]
pub struct RnsBasis {
    moduli: Vec<Modulus<u64>>,
    product: BigUint,
    /// Q/q_i and the inverse of Q/q_i modulo q_i.
    terms: Vec<(BigUint, u64)>,
}

/// x mod q for a word-sized q.
fn remainder(x: &BigUint, q: u64) -> u64 {
    (x % q).iter_u64_digits().next().unwrap_or(0)
}

impl RnsBasis {
    /// Prepares the basis.
    ///
    /// # Errors
    /// No modulus, one given twice, one too wide or not prime (the inverses need primes).
    pub fn new(primes: &[u64]) -> Result<Self, Error> {
        if primes.is_empty() {
            return Err(Error::NoModulus);
        }
        let mut moduli = Vec::with_capacity(primes.len());
        for (i, &q) in primes.iter().enumerate() {
            if primes.iter().take(i).any(|&p| p == q) {
                return Err(Error::RepeatedModulus(q));
            }
            if !concrete_ntt::prime::is_prime64(q) {
                return Err(Error::NotNttPrime {
                    modulus: q,
                    twice_degree: 1,
                });
            }
            moduli.push(Modulus::<u64>::new(q)?);
        }
        let product: BigUint = primes.iter().map(|&q| BigUint::from(q)).product();
        let term = |m: &Modulus<u64>| {
            let cofactor = &product / m.value();
            let inverse = m.pow_vartime(remainder(&cofactor, m.value()), m.value() - 2);
            (cofactor, inverse)
        };
        let terms = moduli.iter().map(term).collect();
        Ok(Self {
            moduli,
            product,
            terms,
        })
    }

    /// Q, the product of all primes.
    pub fn product(&self) -> &BigUint {
        &self.product
    }

    /// The integer in [0, Q) with these residues, one a prime.
    ///
    /// # Errors
    /// Wrong number of residues, or one not below its prime.
    pub fn compose(&self, residues: &[u64]) -> Result<BigUint, Error> {
        if residues.len() != self.moduli.len() {
            return Err(Error::Length {
                what: "residues",
                expected: self.moduli.len(),
                got: residues.len(),
            });
        }
        let mut sum = BigUint::ZERO;
        let limbs = self.moduli.iter().zip(&self.terms).zip(residues);
        for (index, ((modulus, (cofactor, inverse)), &residue)) in limbs.enumerate() {
            if residue >= modulus.value() {
                return Err(Error::Residue {
                    what: "residues",
                    index,
                    value: residue,
                    modulus: modulus.value(),
                });
            }
            sum += cofactor * modulus.mul(residue, *inverse);
        }
        Ok(sum % &self.product)
    }

    /// The representative in (-Q/2, Q/2).
    ///
    /// # Errors
    /// As [`RnsBasis::compose`].
    pub fn compose_centred(&self, residues: &[u64]) -> Result<BigInt, Error> {
        let x = self.compose(residues)?;
        if &x + &x > self.product {
            return Ok(BigInt::from(x) - BigInt::from(self.product.clone()));
        }
        Ok(BigInt::from(x))
    }

    /// The residues of any integer.
    pub fn decompose(&self, x: &BigInt) -> Vec<u64> {
        let magnitude = x.magnitude();
        let one = |m: &Modulus<u64>| {
            let r = remainder(magnitude, m.value());
            if x.sign() == num_bigint::Sign::Minus {
                m.neg(r)
            } else {
                r
            }
        };
        self.moduli.iter().map(one).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PRIMES: [u64; 3] = [998_244_353, 1_125_899_906_826_241, (1 << 61) - 1];

    #[test]
    fn edges_of_the_range_survive() {
        let basis = RnsBasis::new(&PRIMES).unwrap();
        let q = BigInt::from(basis.product().clone());
        let half: BigInt = (&q - 1) / 2;
        for x in [
            BigInt::ZERO,
            BigInt::from(1),
            BigInt::from(-1),
            half.clone(),
            -half.clone(),
        ] {
            assert_eq!(basis.compose_centred(&basis.decompose(&x)).unwrap(), x);
        }
        // One past the middle wraps to the other end.
        let wrapped = basis
            .compose_centred(&basis.decompose(&(&half + 1)))
            .unwrap();
        assert_eq!(wrapped, -half);
        let largest = PRIMES.map(|q| q - 1);
        assert_eq!(BigInt::from(basis.compose(&largest).unwrap()), q - 1);
    }

    #[test]
    fn malformed_input_is_refused() {
        let basis = RnsBasis::new(&PRIMES).unwrap();
        assert!(matches!(
            basis.compose(&[0, 0]),
            Err(Error::Length {
                expected: 3,
                got: 2,
                ..
            })
        ));
        assert!(matches!(
            basis.compose(&[0, PRIMES[1], 0]),
            Err(Error::Residue { index: 1, .. })
        ));
        assert!(RnsBasis::new(&[]).is_err());
        assert!(RnsBasis::new(&[97, 97]).is_err());
        assert!(RnsBasis::new(&[91]).is_err());
    }

    proptest! {
        #[test]
        fn composition_inverts_decomposition(digits in prop::array::uniform2(any::<u64>()), negative: bool) {
            let basis = RnsBasis::new(&PRIMES).unwrap();
            let magnitude: BigInt = (BigInt::from(digits[0]) * BigInt::from(digits[1])) >> 1;
            let x = if negative { -magnitude } else { magnitude };
            prop_assert_eq!(basis.compose_centred(&basis.decompose(&x)).unwrap(), x);
        }

        #[test]
        fn composition_is_a_ring_homomorphism(a: u64, b: u64) {
            let basis = RnsBasis::new(&PRIMES).unwrap();
            let product = BigInt::from(a) * BigInt::from(b);
            let ra = basis.decompose(&BigInt::from(a));
            let rb = basis.decompose(&BigInt::from(b));
            let rab: Vec<u64> = PRIMES.iter().zip(ra.iter().zip(&rb))
                .map(|(&q, (&x, &y))| Modulus::<u64>::new(q).unwrap().mul(x, y)).collect();
            prop_assert_eq!(BigInt::from(basis.compose(&rab).unwrap()), product);
        }
    }
}
