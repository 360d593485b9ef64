//! Values modulo 2^L at the top of Q.
//!
//! v = round(x Q / 2^L) is (x Q - rho) / 2^L with rho the representative of x Q modulo 2^L in [-2^(L-1), 2^(L-1)). Modulo q_i the
//! product x Q vanishes, so v = -rho 2^-L (mod q_i): two word multiplications a limb, no division, no branch.

use crate::{Error, RingContext};

/// The constants of one ring and one L.
#[derive(Clone, Debug)]
pub struct Scaling {
    bits: u32,
    /// Q mod 2^64.
    product: u64,
    /// Each modulus, with 2^-L modulo it.
    limbs: Vec<(crate::Modulus<u32>, u32)>,
}

impl Scaling {
    /// For values modulo 2^`bits`.
    ///
    /// # Errors
    /// [`Error::BitWidth`] unless `bits` is in 1..=54.
    pub fn new(context: &RingContext<u32>, bits: u32) -> Result<Self, Error> {
        let max = super::MAX_BITS - 2;
        if !(1..=max).contains(&bits) {
            return Err(Error::BitWidth {
                what: "scaled values",
                bits,
                min: 1,
                max,
            });
        }
        let inverse = |m: &crate::Modulus<u32>| {
            let power = m.reduce(1u64 << bits);
            (*m, m.pow_vartime(power, u64::from(m.value()) - 2))
        };
        Ok(Self {
            bits,
            product: context
                .moduli()
                .fold(1, |p: u64, m| p.wrapping_mul(u64::from(m.value()))),
            limbs: context.moduli().map(inverse).collect(),
        })
    }

    /// The residues of round(x Q / 2^L) for every x, limb by limb: `out` holds one segment of `values.len()` residues a limb.
    ///
    /// # Errors
    /// [`Error::Length`] for another length of `out`.
    pub fn encode(&self, values: &[u32], out: &mut [u32]) -> Result<(), Error> {
        let expected = values.len() * self.limbs.len();
        if out.len() != expected {
            return Err(Error::Length {
                what: "scaled residues",
                expected,
                got: out.len(),
            });
        }
        for ((modulus, inverse), out) in self.limbs.iter().zip(out.chunks_mut(values.len().max(1)))
        {
            for (out, &x) in out.iter_mut().zip(values) {
                let product = u64::from(x).wrapping_mul(self.product);
                let shift = 64 - self.bits;
                let rest = (product.wrapping_shl(shift) as i64) >> shift;
                *out = modulus.mul(modulus.reduce_signed(-rest), *inverse);
            }
        }
        Ok(())
    }
}
