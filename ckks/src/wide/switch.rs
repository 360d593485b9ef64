//! Switching residues of several limbs to a power of two.
//!
//! With P_i = (Q/q_i)^-1 mod q_i the remainder theorem reads x / Q = sum_i x_i P_i / q_i (mod 1). The fractional part is taken in
//! 64-bit fixed point: D_i = floor(2^94 P_i / q_i) and f_i = floor((x_i D_i mod 2^94) / 2^30), summed modulo 2^64. x_i D_i / 2^94
//! falls short of x_i P_i / q_i by less than x_i / 2^94 < 2^-64, the floor by less than 2^-64, so the sum of n limbs
//! lies in (-2n 2^-64, 0] of the true fraction, and rounding it to its k top bits gives x 2^k / Q to within
//! 1/2 + 2n 2^(k-64), modulo 2^k. D_i in 32-bit words makes f_i three products of 32-bit factors: 64-bit SIMD lanes do it.

use super::kernel;
use crate::simd::Supported;
use crate::{Error, RingContext, Simd};

/// The words of D_i, lowest first.
pub(super) type Fraction = [u32; 3];

/// A switch from one ring to one power of two.
#[derive(Clone, Debug)]
pub struct RnsSwitch {
    limbs: Vec<Fraction>,
    moduli: Vec<u32>,
    bits: u32,
}

impl RnsSwitch {
    /// Prepares the switch to 2^`bits`.
    ///
    /// # Errors
    /// [`Error::BitWidth`] unless `bits` is in 1..=56, [`Error::ModulusSize`] for a modulus of more than 30 bits.
    pub fn new(context: &RingContext<u32>, bits: u32) -> Result<Self, Error> {
        if !(1..=super::MAX_BITS).contains(&bits) {
            return Err(Error::BitWidth {
                what: "modulus switch",
                bits,
                min: 1,
                max: super::MAX_BITS,
            });
        }
        let mut limbs = Vec::new();
        for modulus in context.moduli() {
            let q = u64::from(modulus.value());
            if modulus.bits() > 30 {
                return Err(Error::ModulusSize {
                    modulus: q,
                    max_bits: 30,
                });
            }
            let cofactor = context
                .moduli()
                .filter(|other| *other != modulus)
                .fold(1, |p, m| {
                    modulus.mul(p, modulus.reduce(u64::from(m.value())))
                });
            let inverse = modulus.pow_vartime(cofactor, q - 2);
            let fraction = (u128::from(inverse) << 94) / u128::from(q);
            limbs.push([0, 32, 64].map(|shift| (fraction >> shift) as u32));
        }
        Ok(Self {
            limbs,
            moduli: context.moduli().map(crate::Modulus::value).collect(),
            bits,
        })
    }

    /// k of the target 2^k.
    pub fn bits(&self) -> u32 {
        self.bits
    }

    /// Bound on |result - x 2^k / Q| modulo 2^k beyond the half of a rounding.
    pub fn excess(limbs: usize, bits: u32) -> f64 {
        2.0 * limbs as f64 * (f64::from(bits) - 64.0).exp2()
    }

    /// Switches values given limb by limb, a segment of `out.len()` residues each.
    ///
    /// # Errors
    /// [`Error::Length`], a residue not below its modulus, or an unsupported SIMD level.
    pub fn apply(&self, residues: &[u32], out: &mut [u64], simd: Simd) -> Result<(), Error> {
        let simd = simd.verify()?;
        crate::rows::check_length(
            "residues to switch",
            self.limbs.len(),
            out.len(),
            residues.len(),
        )?;
        for (i, (limb, q)) in residues
            .chunks(out.len().max(1))
            .zip(&self.moduli)
            .enumerate()
        {
            crate::ring::check_below("residues to switch", limb, *q, i * out.len())?;
        }
        self.switch(simd, residues, out);
        Ok(())
    }

    /// [`RnsSwitch::apply`] for reduced residues of the right number.
    pub(super) fn switch(&self, simd: Supported, residues: &[u32], out: &mut [u64]) {
        out.fill(0);
        for (fraction, limb) in self.limbs.iter().zip(residues.chunks(out.len().max(1))) {
            kernel::add_fraction(simd, *fraction, out, limb);
        }
        kernel::round_top(simd, self.bits, out);
    }
}
