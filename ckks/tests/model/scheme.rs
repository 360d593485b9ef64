//! The scheme over big integers: a ciphertext is its components, all in coefficients.

use super::expand;
use super::ring::{self, Element, Ring, centred};
use num_bigint::BigInt;

/// Parameters: the ring over all primes, data primes first, and how many of those there are.
#[derive(Clone, Debug, PartialEq)]
pub struct Scheme {
    pub keys: Ring,
    pub data: usize,
}

/// From s' to s: (b_d, a_d) for every digit d, over Q P.
pub type SwitchingKey = Vec<[Element; 2]>;

impl Scheme {
    pub fn level(&self, level: usize) -> Ring {
        self.keys.part(0..level + 1)
    }

    /// Special primes, and so data primes in a digit.
    pub fn alpha(&self) -> usize {
        self.keys.primes.len() - self.data
    }

    pub fn special(&self) -> BigInt {
        self.keys.part(self.data..self.keys.primes.len()).modulus()
    }

    /// (m + e - a s, a) with a from the seed.
    pub fn encrypt(
        &self,
        level: usize,
        secret: &[i64],
        message: &[BigInt],
        error: &[i64],
        (seed, index): (&[u8; 32], u64),
    ) -> Vec<Element> {
        let ring = self.level(level);
        let a = expand::uniform(&ring, seed, index);
        let masked = ring.sub(&ring.small(error), &ring.mul(&a, &ring.small(secret)));
        vec![ring.add(message, &masked), a]
    }

    /// sum_i c_i s^i, centred.
    pub fn decrypt(&self, level: usize, secret: &[i64], parts: &[Element]) -> Element {
        let ring = self.level(level);
        let s = ring.small(secret);
        let horner = |sum: Element, part: &Element| ring.add(&ring.mul(&sum, &s), part);
        let zero = vec![BigInt::ZERO; ring.degree];
        let phase = parts.iter().rev().fold(zero, horner);
        let q = ring.modulus();
        phase.iter().map(|x| centred(x, &q)).collect()
    }

    pub fn add(&self, level: usize, x: &[Element], y: &[Element]) -> Vec<Element> {
        let ring = self.level(level);
        x.iter().zip(y).map(|(x, y)| ring.add(x, y)).collect()
    }

    /// (x0 y0, x0 y1 + x1 y0, x1 y1).
    pub fn tensor(&self, level: usize, x: &[Element], y: &[Element]) -> Vec<Element> {
        let ring = self.level(level);
        let cross = ring.add(&ring.mul(&x[0], &y[1]), &ring.mul(&x[1], &y[0]));
        vec![ring.mul(&x[0], &y[0]), cross, ring.mul(&x[1], &y[1])]
    }

    /// round(c / q_l) over Q_(l-1).
    pub fn rescale(&self, level: usize, parts: &[Element]) -> Vec<Element> {
        let ring = self.level(level);
        parts.iter().map(|c| ring.divide(c, level)).collect()
    }

    /// b_d = e_d - a_d s + P g_d s', where g_d is 1 modulo the primes of digit d and 0 modulo the
    /// other data primes; a_d is element index + d of the seed.
    pub fn switching_key(
        &self,
        secret: &[BigInt],
        from: &[BigInt],
        errors: &[Vec<i64>],
        (seed, index): (&[u8; 32], u64),
    ) -> SwitchingKey {
        let ring = &self.keys;
        let digit = |(d, error): (usize, &Vec<i64>)| {
            let a = expand::uniform(ring, seed, index + d as u64);
            let masked = ring.sub(&ring.small(error), &ring.mul(&a, secret));
            let gadget = self.special() * self.gadget(d);
            let payload: Element = from.iter().map(|x| x * &gadget).collect();
            [ring.add(&masked, &payload), a]
        };
        errors.iter().enumerate().map(digit).collect()
    }

    pub fn digits(&self, level: usize) -> usize {
        (level + 1).div_ceil(self.alpha())
    }

    /// Q/D_d ((Q/D_d)^-1 mod D_d).
    pub fn gadget(&self, d: usize) -> BigInt {
        let q = self.level(self.data - 1).modulus();
        let first = d * self.alpha();
        let last = (first + self.alpha()).min(self.data);
        let own = self.keys.part(first..last).modulus();
        let rest = &q / &own;
        // Euler's theorem for a product of distinct primes.
        let totient: BigInt = self.keys.primes[first..last]
            .iter()
            .map(|&p| BigInt::from(p - 1))
            .product();
        &rest * rest.modpow(&(totient - 1), &own)
    }

    /// Digit d of c: its coefficients modulo the product of the digit's primes, centred.
    fn digit(&self, level: usize, c: &[BigInt], d: usize) -> Element {
        let first = d * self.alpha();
        let last = (first + self.alpha()).min(level + 1);
        let own = self.keys.part(first..last).modulus();
        c.iter().map(|x| centred(x, &own)).collect()
    }

    /// round(1/P sum_d digit_d(c) key_d) over Q_l: an encryption of c s' under the key's secret.
    pub fn switch(&self, level: usize, c: &[BigInt], key: &SwitchingKey) -> Vec<Element> {
        // Q_l P, with the special primes last.
        let mut ring = self.level(level);
        let special = self.keys.part(self.data..self.keys.primes.len());
        ring.primes.extend(special.primes);
        ring.roots.extend(special.roots);
        let half = |half: usize| {
            let mut sum = vec![BigInt::ZERO; ring.degree];
            for (d, pair) in key.iter().enumerate().take(self.digits(level)) {
                let digit = self.digit(level, c, d);
                sum = ring.add(&sum, &ring.mul(&digit, &pair[half]));
            }
            ring.divide(&sum, level + 1)
        };
        vec![half(0), half(1)]
    }

    /// (c0, c1) + switch(c2) from s^2.
    pub fn relinearize(&self, level: usize, c: &[Element], key: &SwitchingKey) -> Vec<Element> {
        self.add(level, &c[..2], &self.switch(level, &c[2], key))
    }

    /// (c0, 0) + switch(c1) from s to s(X^(1/g)), under X -> X^g: an encryption of m(X^g) under s.
    pub fn apply(
        &self,
        level: usize,
        c: &[Element],
        element: usize,
        key: &SwitchingKey,
    ) -> Vec<Element> {
        let ring = self.level(level);
        let mut switched = self.switch(level, &c[1], key);
        switched[0] = ring.add(&switched[0], &c[0]);
        let permuted = |part| ring.reduce(&ring::automorphism(part, element));
        switched.iter().map(|part| permuted(part)).collect()
    }
}
