//! The negacyclic number-theoretic transform modulo one prime, over `tfhe-ntt` (imported under its
//! family name `concrete_ntt`).
//!
//! forward(f) lists f(psi^(2j+1)) in bit-reversed order; the inverse comes out N times too large,
//! so a product is forward, [`Ntt::mul_assign_normalize`] (which divides by N), inverse. The
//! library chooses its instructions at run time and reduces by min(r, r - q): no branch depends on
//! the values. The tests compare with a scalar transform and a schoolbook product that share no code with it.

use super::{Modulus, Word};
use crate::{Error, params};

/// The transform of one limb.
#[derive(Clone, Debug)]
pub struct Ntt<W: Word> {
    plan: W::Plan,
    modulus: Modulus<W>,
    degree: usize,
}

impl<W: Word> Ntt<W> {
    /// Prepares the twiddle factors.
    ///
    /// # Errors
    /// If `degree` is no supported power of two or `modulus` no prime congruent to 1 modulo 2N.
    pub fn new(degree: usize, modulus: W) -> Result<Self, Error> {
        params::check_degree(degree)?;
        params::check_modulus(modulus.widen(), degree, W::MAX_MODULUS_BITS)?;
        let plan = W::plan(degree, modulus).ok_or(Error::NotNttPrime {
            modulus: modulus.widen(),
            twice_degree: 2 * degree as u64,
        })?;
        Ok(Self {
            plan,
            modulus: Modulus::new(modulus)?,
            degree,
        })
    }

    /// The prime.
    #[inline]
    pub fn modulus(&self) -> &Modulus<W> {
        &self.modulus
    }

    /// N.
    #[inline]
    pub fn degree(&self) -> usize {
        self.degree
    }

    fn check(&self, values: &[W]) -> Result<(), Error> {
        if values.len() == self.degree {
            return Ok(());
        }
        Err(Error::Length {
            what: "limb",
            expected: self.degree,
            got: values.len(),
        })
    }

    /// Coefficients to evaluations, in place.
    ///
    /// # Errors
    /// [`Error::Length`] unless `values` has N elements.
    #[inline]
    pub fn forward(&self, values: &mut [W]) -> Result<(), Error> {
        self.check(values)?;
        W::forward(&self.plan, values);
        Ok(())
    }

    /// [`Ntt::forward`] for a limb whose length the caller has by construction.
    pub(crate) fn transform(&self, limb: &mut [W]) {
        debug_assert_eq!(limb.len(), self.degree);
        W::forward(&self.plan, limb);
    }

    /// Evaluations to N times the coefficients, in place.
    ///
    /// # Errors
    /// [`Error::Length`] unless `values` has N elements.
    #[inline]
    pub fn inverse_unscaled(&self, values: &mut [W]) -> Result<(), Error> {
        self.check(values)?;
        W::inverse(&self.plan, values);
        Ok(())
    }

    /// Division by N, in place.
    ///
    /// # Errors
    /// [`Error::Length`] unless `values` has N elements.
    #[inline]
    pub fn normalize(&self, values: &mut [W]) -> Result<(), Error> {
        self.check(values)?;
        W::normalize(&self.plan, values);
        Ok(())
    }

    /// left = left * right / N, element by element.
    ///
    /// # Errors
    /// [`Error::Length`] unless both have N elements.
    #[inline]
    pub fn mul_assign_normalize(&self, left: &mut [W], right: &[W]) -> Result<(), Error> {
        self.check(left)?;
        self.check(right)?;
        W::mul_assign_normalize(&self.plan, left, right);
        Ok(())
    }

    /// sum = sum + left * right, element by element.
    ///
    /// # Errors
    /// [`Error::Length`] unless all have N elements.
    #[inline]
    pub fn mul_accumulate(&self, sum: &mut [W], left: &[W], right: &[W]) -> Result<(), Error> {
        self.check(sum)?;
        self.check(left)?;
        self.check(right)?;
        W::mul_accumulate(&self.plan, sum, left, right);
        Ok(())
    }

    /// values = values * factor in the ring, `values` in coefficients and `factor` in evaluations.
    ///
    /// # Errors
    /// [`Error::Length`] unless both have N elements.
    #[inline]
    pub fn mul_transformed(&self, values: &mut [W], factor: &[W]) -> Result<(), Error> {
        self.forward(values)?;
        self.mul_assign_normalize(values, factor)?;
        self.inverse_unscaled(values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Schoolbook negacyclic product, reduced by plain remainders.
    fn schoolbook(a: &[u64], b: &[u64], q: u64) -> Vec<u64> {
        let n = a.len();
        let q = u128::from(q);
        let mut out = vec![0u128; n];
        for (i, &x) in a.iter().enumerate() {
            for (j, &y) in b.iter().enumerate() {
                let product = u128::from(x) * u128::from(y) % q;
                let k = (i + j) % n;
                let signed = if i + j < n {
                    product
                } else {
                    (q - product) % q
                };
                out[k] = (out[k] + signed) % q;
            }
        }
        out.iter().map(|&x| x as u64).collect()
    }

    fn check<W: Word>(n: usize, q: u64) {
        let ntt = Ntt::<W>::new(n, W::truncate(q)).unwrap();
        let mut x = q ^ 0x5851_f42d_4c95_7f2d;
        let mut random = || {
            x = x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(99);
            (x >> 3) % q
        };
        let mut monomial = vec![0; n];
        monomial[n - 1] = q - 1;
        let cases: Vec<Vec<u64>> = vec![
            vec![q - 1; n],
            vec![0; n],
            vec![1; n],
            monomial,
            (0..n).map(|i| if i % 2 == 0 { q - 1 } else { 1 }).collect(),
            (0..n).map(|_| random()).collect(),
            (0..n).map(|_| random()).collect(),
        ];
        let words = |v: &[u64]| v.iter().map(|&x| W::truncate(x)).collect::<Vec<W>>();
        for a in cases
            .iter()
            .filter(|a| n < 512 || *a == &cases[0] || *a == &cases[5])
        {
            let mut round = words(a);
            ntt.forward(&mut round).unwrap();
            assert!(round.iter().all(|v| v.widen() < q), "unreduced evaluation");
            ntt.inverse_unscaled(&mut round).unwrap();
            ntt.normalize(&mut round).unwrap();
            assert_eq!(round, words(a));
            // The long schoolbook products: the all-(q-1) and the random case are enough.
            for b in cases
                .iter()
                .filter(|b| n < 512 || *b == &cases[0] || *b == &cases[6])
            {
                let expected = words(&schoolbook(a, b, q));
                let mut factor = words(b);
                ntt.forward(&mut factor).unwrap();
                let mut product = words(a);
                ntt.mul_transformed(&mut product, &factor).unwrap();
                assert_eq!(product, expected, "n {n} q {q}");

                let mut left = words(a);
                ntt.forward(&mut left).unwrap();
                let mut sum = vec![W::default(); n];
                ntt.mul_accumulate(&mut sum, &left, &factor).unwrap();
                ntt.inverse_unscaled(&mut sum).unwrap();
                ntt.normalize(&mut sum).unwrap();
                assert_eq!(sum, expected, "accumulated, n {n} q {q}");
            }
        }
    }

    fn power(mut a: u64, mut e: u64, q: u64) -> u64 {
        let mut product = 1;
        while e > 0 {
            if e & 1 == 1 {
                product = (u128::from(product) * u128::from(a) % u128::from(q)) as u64;
            }
            a = (u128::from(a) * u128::from(a) % u128::from(q)) as u64;
            e >>= 1;
        }
        product
    }

    /// A scalar transform of our own: the values at all odd powers of a primitive 2N-th root, by the textbook recursion.
    fn scalar_ntt(a: &[u64], q: u64) -> Vec<u64> {
        fn dft(a: &[u64], root: u64, q: u64) -> Vec<u64> {
            if a.len() == 1 {
                return a.to_vec();
            }
            let half = |from: usize| a.iter().skip(from).step_by(2).copied().collect::<Vec<_>>();
            let square = power(root, 2, q);
            let (even, odd) = (dft(&half(0), square, q), dft(&half(1), square, q));
            (0..a.len())
                .map(|i| {
                    let twisted =
                        u128::from(power(root, i as u64, q)) * u128::from(odd[i % odd.len()]);
                    ((u128::from(even[i % even.len()]) + twisted) % u128::from(q)) as u64
                })
                .collect()
        }
        let n = a.len() as u64;
        let psi = (2..)
            .map(|g| power(g, (q - 1) / (2 * n), q))
            .find(|psi| power(*psi, n, q) == q - 1)
            .unwrap();
        let twisted: Vec<u64> = a
            .iter()
            .enumerate()
            .map(|(i, &x)| {
                (u128::from(x) * u128::from(power(psi, i as u64, q)) % u128::from(q)) as u64
            })
            .collect();
        dft(&twisted, power(psi, 2, q), q)
    }

    #[test]
    fn transforms_match_a_scalar_one_at_the_edges() {
        fn check<W: Word>(n: usize, q: u64) {
            let ntt = Ntt::<W>::new(n, W::truncate(q)).unwrap();
            let edges = |i: usize| [0, 1, q - 1, q / 2, q / 2 + 1][i * i % 5];
            for a in [vec![q - 1; n], (0..n).map(edges).collect()] {
                let mut words: Vec<W> = a.iter().map(|&x| W::truncate(x)).collect();
                ntt.forward(&mut words).unwrap();
                // Order and choice of the root are the library's own: the values are the same as a set.
                let mut got: Vec<u64> = words.iter().map(|w| w.widen()).collect();
                let mut want = scalar_ntt(&a, q);
                got.sort_unstable();
                want.sort_unstable();
                assert_eq!(got, want, "n {n} q {q}");
            }
        }
        for n in [64, 2048] {
            check::<u32>(n, 998_244_353);
            check::<u32>(n, prime(n, 30));
            for bits in [30, 49, 50, 51, 60] {
                check::<u64>(n, prime(n, bits));
            }
        }
    }

    fn prime(n: usize, bits: u32) -> u64 {
        concrete_ntt::prime::largest_prime_in_arithmetic_progression64(
            2 * n as u64,
            1,
            1 << (bits - 1),
            1 << bits,
        )
        .unwrap()
    }

    #[test]
    fn products_match_schoolbook_at_the_edges_u32() {
        for n in [32, 64, 256] {
            for q in [prime(n, 20), 998_244_353, prime(n, 30), prime(n, 31)] {
                check::<u32>(n, q);
            }
        }
        check::<u32>(2048, 998_244_353);
    }

    #[test]
    fn products_match_schoolbook_at_the_edges_u64() {
        for n in [32, 256] {
            for bits in [20, 30, 40, 49, 50, 51, 52, 60, 61] {
                check::<u64>(n, prime(n, bits));
            }
        }
        check::<u64>(4096, prime(4096, 50));
    }

    #[test]
    fn wrong_lengths_and_moduli_are_refused() {
        let ntt = Ntt::<u32>::new(64, 998_244_353).unwrap();
        assert!(matches!(
            ntt.forward(&mut [0; 63]),
            Err(Error::Length {
                expected: 64,
                got: 63,
                ..
            })
        ));
        assert!(ntt.mul_assign_normalize(&mut [0; 64], &[0; 65]).is_err());
        assert!(Ntt::<u32>::new(64, 998_244_351).is_err());
        assert!(Ntt::<u32>::new(63, 998_244_353).is_err());
    }
}
