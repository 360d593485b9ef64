//! Switching ciphertexts from a prime q to a power of two, exactly.
//!
//! z -> round(z 2^k / q) half up, modulo 2^k: floor(y / q) with y = z 2^k + (q - 1)/2, since q is odd
//! and so no tie occurs. With 2^(b-1) < q < 2^b and M = floor(2^(k+b) / q) < 2^32 for k <= 31,
//! t = floor((z M + 2^(b-1)) / 2^b) is floor(y / q) or one less, because z 2^k/q - z M/2^b <
//! z / 2^b < 1; and y - t q in [0, 2q) tells which. All products have 32-bit factors, so it runs on
//! 64-bit SIMD lanes. The rounded pair decrypts to (m + e) 2^k / q + eps0 + eps1 s with |eps| < 1/2.

use super::{CiphertextBatch, SwitchedBatch, kernel};
use crate::{Error, Modulus, Simd};
use rayon::prelude::*;

/// A switch from one modulus to one power of two.
#[derive(Clone, Copy, Debug)]
pub struct ModulusSwitch {
    pub(super) modulus: u64,
    pub(super) bits: u32,
    /// M = floor(2^(bits + shift) / q)
    pub(super) multiplier: u64,
    /// Bits of q.
    pub(super) shift: u32,
}

impl ModulusSwitch {
    /// Prepares the switch from `modulus` to 2^`bits`.
    ///
    /// # Errors
    /// [`Error::BitWidth`] unless `bits` is in 1..=31.
    pub fn new(modulus: &Modulus<u32>, bits: u32) -> Result<Self, Error> {
        if !(1..=31).contains(&bits) {
            return Err(Error::BitWidth {
                what: "modulus switch",
                bits,
                min: 1,
                max: 31,
            });
        }
        let (q, shift) = (u64::from(modulus.value()), modulus.bits());
        Ok(Self {
            modulus: q,
            bits,
            multiplier: (1u64 << (bits + shift)) / q,
            shift,
        })
    }

    /// k of the target 2^k.
    pub fn bits(&self) -> u32 {
        self.bits
    }

    /// Switches one residue.
    #[inline(always)]
    pub(super) fn one(&self, residue: u32) -> u32 {
        let z = u64::from(residue);
        let y = (z << self.bits) + (self.modulus >> 1);
        let t = (z * self.multiplier + (1 << (self.shift - 1))) >> self.shift;
        let rest = y.wrapping_sub(t.wrapping_mul(self.modulus));
        let one_more = (self.modulus - 1).wrapping_sub(rest) >> 63; // 1 when rest >= q
        ((t + one_more) as u32) & (u32::MAX >> (32 - self.bits))
    }

    /// Switches residues in place.
    ///
    /// # Errors
    /// A residue not below q, or an unsupported SIMD level.
    pub fn apply(&self, residues: &mut [u32], simd: Simd) -> Result<(), Error> {
        let simd = simd.verify()?;
        crate::ring::check_below("residues to switch", residues, self.modulus as u32, 0)?;
        residues
            .par_chunks_mut(1 << 14)
            .for_each(|part| kernel::switch(simd, self, part));
        Ok(())
    }
}

impl CiphertextBatch<u32> {
    /// Switches every row to 2^`bits`.
    ///
    /// # Errors
    /// A ring of more than one limb, `bits` outside 1..=31, or an unsupported SIMD level.
    pub fn switch(self, bits: u32, simd: Simd) -> Result<SwitchedBatch, Error> {
        let simd = simd.verify()?;
        let context = std::sync::Arc::clone(self.context());
        let [limb] = context.limbs() else {
            return Err(Error::Length {
                what: "limbs of a ciphertext to switch",
                expected: 1,
                got: context.limbs().len(),
            });
        };
        let switch = ModulusSwitch::new(limb.modulus(), bits)?;
        let row_words = self.row_words();
        let mut words = self.into_words();
        words
            .par_chunks_mut(row_words)
            .for_each(|row| kernel::switch(simd, &switch, row));
        Ok(SwitchedBatch::from_trusted(context.degree(), bits, words))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use num_bigint::BigUint;

    /// round(z 2^k / q) half up mod 2^k with big integers.
    fn reference(z: u32, q: u32, bits: u32) -> u32 {
        let numerator = (BigUint::from(z) << (bits + 1)) + q;
        let rounded = numerator / (BigUint::from(q) * 2u32);
        let reduced = rounded % (BigUint::from(1u32) << bits);
        reduced.iter_u32_digits().next().unwrap_or(0)
    }

    #[test]
    fn every_level_rounds_exactly() {
        for q in [97u32, 65_537, 998_244_353, (1 << 30) - 35, (1 << 31) - 1] {
            let modulus = Modulus::new(q).unwrap();
            let mut values: Vec<u32> = vec![0, 1, 2, q / 2, q / 2 + 1, q - 2, q - 1];
            let mut x = u64::from(q);
            for _ in 0..300 {
                x = x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(7);
                values.push(((x >> 32) % u64::from(q)) as u32);
            }
            for bits in [1, 2, 10, 17, 22, 24, 30, 31] {
                let switch = ModulusSwitch::new(&modulus, bits).unwrap();
                // The residues on both sides of a rounding border, where an inexact quotient shows.
                for i in 0..100u64 {
                    let border = ((2 * i + 1) * u64::from(q)) >> (bits + 1);
                    values.extend([border, border + 1].map(|z| (z % u64::from(q)) as u32));
                }
                let expected: Vec<u32> = values.iter().map(|&z| reference(z, q, bits)).collect();
                for simd in Simd::supported_levels() {
                    let mut out = values.clone();
                    switch.apply(&mut out, simd).unwrap();
                    assert_eq!(out, expected, "q {q} bits {bits} {simd}");
                }
            }
        }
    }

    #[test]
    fn the_top_residue_wraps_to_zero() {
        let switch = ModulusSwitch::new(&Modulus::new(998_244_353).unwrap(), 22).unwrap();
        let mut values = [998_244_352];
        switch.apply(&mut values, Simd::Scalar).unwrap();
        assert_eq!(values, [0]);
    }

    #[test]
    fn bad_input_is_refused() {
        let modulus = Modulus::new(998_244_353).unwrap();
        assert!(ModulusSwitch::new(&modulus, 0).is_err());
        assert!(ModulusSwitch::new(&modulus, 32).is_err());
        let switch = ModulusSwitch::new(&modulus, 22).unwrap();
        assert!(matches!(
            switch.apply(&mut [0, 998_244_353], Simd::Scalar),
            Err(Error::Residue { index: 1, .. })
        ));
    }
}
