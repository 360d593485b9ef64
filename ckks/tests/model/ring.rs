//! Z_Q[X]/(X^N + 1) for Q a product of primes, an element being its N coefficients in [0, Q).

use num_bigint::BigInt;

pub type Element = Vec<BigInt>;

/// The ring over some primes, each with the root that its evaluations start from.
#[derive(Clone, Debug, PartialEq)]
pub struct Ring {
    pub degree: usize,
    pub primes: Vec<u64>,
    /// psi of each prime, a primitive 2N-th root of unity.
    pub roots: Vec<u64>,
}

/// x mod q in [0, q).
pub fn modulo(x: &BigInt, q: &BigInt) -> BigInt {
    let r = x % q;
    if r < BigInt::ZERO { r + q } else { r }
}

/// The representative of x mod q in (-q/2, q/2).
pub fn centred(x: &BigInt, q: &BigInt) -> BigInt {
    let r = modulo(x, q);
    if &r + &r > *q { r - q } else { r }
}

fn word(x: &BigInt) -> u64 {
    u64::try_from(x).unwrap()
}

pub fn power(base: u64, exponent: u64, q: u64) -> u64 {
    word(&BigInt::from(base).modpow(&BigInt::from(exponent), &BigInt::from(q)))
}

/// 1/x modulo the prime q, by Fermat.
pub fn inverse(x: &BigInt, q: u64) -> BigInt {
    x.modpow(&BigInt::from(q - 2), &BigInt::from(q))
}

/// The coefficients of f(X^g) over the integers.
pub fn automorphism(f: &[BigInt], g: usize) -> Element {
    let n = f.len();
    let mut out = vec![BigInt::ZERO; n];
    for (i, x) in f.iter().enumerate() {
        let k = i * g % (2 * n);
        out[k % n] = if k < n { x.clone() } else { -x };
    }
    out
}

impl Ring {
    /// The ring over the primes `from..to` of this one.
    pub fn part(&self, range: std::ops::Range<usize>) -> Self {
        Self {
            degree: self.degree,
            primes: self.primes[range.clone()].to_vec(),
            roots: self.roots[range].to_vec(),
        }
    }

    pub fn modulus(&self) -> BigInt {
        self.primes.iter().map(|&q| BigInt::from(q)).product()
    }

    pub fn reduce(&self, f: &[BigInt]) -> Element {
        let q = self.modulus();
        f.iter().map(|x| modulo(x, &q)).collect()
    }

    pub fn small(&self, f: &[i64]) -> Element {
        self.reduce(&f.iter().map(|&x| BigInt::from(x)).collect::<Vec<_>>())
    }

    pub fn add(&self, f: &[BigInt], g: &[BigInt]) -> Element {
        self.reduce(&f.iter().zip(g).map(|(x, y)| x + y).collect::<Vec<_>>())
    }

    pub fn sub(&self, f: &[BigInt], g: &[BigInt]) -> Element {
        self.reduce(&f.iter().zip(g).map(|(x, y)| x - y).collect::<Vec<_>>())
    }

    pub fn mul(&self, f: &[BigInt], g: &[BigInt]) -> Element {
        let n = self.degree;
        let mut out = vec![BigInt::ZERO; n];
        for (i, x) in f.iter().enumerate() {
            for (j, y) in g.iter().enumerate() {
                if i + j < n {
                    out[i + j] += x * y;
                } else {
                    out[i + j - n] -= x * y;
                }
            }
        }
        self.reduce(&out)
    }

    /// round(f / p) modulo Q / p, where p is the product of the primes from `kept` on.
    pub fn divide(&self, f: &[BigInt], kept: usize) -> Element {
        let p = self.part(kept..self.primes.len()).modulus();
        let quotient = |x: &BigInt| (x - centred(x, &p)) / &p;
        self.part(0..kept)
            .reduce(&f.iter().map(quotient).collect::<Vec<_>>())
    }

    /// Limb by limb the values f(psi^(2 r(j) + 1)), where r reverses the log2 N bits of j.
    pub fn evaluations(&self, f: &[BigInt]) -> Vec<u64> {
        let limb = |(&q, &psi): (&u64, &u64)| {
            let value = |j: usize| {
                let q_big = BigInt::from(q);
                let x = power(psi, self.exponent(j), q);
                let horner = |sum: BigInt, c: &BigInt| modulo(&(sum * x + c), &q_big);
                word(&f.iter().rev().fold(BigInt::ZERO, horner))
            };
            (0..self.degree).map(value).collect::<Vec<_>>()
        };
        self.primes.iter().zip(&self.roots).flat_map(limb).collect()
    }

    fn exponent(&self, j: usize) -> u64 {
        let reversed = j.reverse_bits() >> (usize::BITS - self.degree.ilog2());
        2 * reversed as u64 + 1
    }

    /// The element with these evaluations: f_k = 1/N sum_j f(x_j) x_j^-k, then the Chinese remainder
    /// theorem.
    pub fn interpolate(&self, evaluations: &[u64]) -> Element {
        let n = self.degree;
        let modulus = self.modulus();
        let mut out = vec![BigInt::ZERO; n];
        for ((&q, &psi), values) in self
            .primes
            .iter()
            .zip(&self.roots)
            .zip(evaluations.chunks(n))
        {
            let cofactor = &modulus / q;
            let weight = &cofactor * inverse(&cofactor, q) * inverse(&BigInt::from(n), q);
            for (k, out) in out.iter_mut().enumerate() {
                let mut sum = BigInt::ZERO;
                for (j, &value) in values.iter().enumerate() {
                    // x^-k = x^(2N - k) for a 2N-th root of unity x
                    let exponent = self.exponent(j) * (2 * n - k) as u64 % (2 * n as u64);
                    sum += BigInt::from(power(psi, exponent, q)) * value;
                }
                *out += &weight * (sum % q);
            }
        }
        self.reduce(&out)
    }
}
