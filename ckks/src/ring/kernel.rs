//! Passes over residues of one limb, each behind one safe function.
//!
//! All residues are canonical, in [0, q), before and after: so every instruction set gives the same
//! words. Slices of one call have one length; what is longer is left alone.
//!
//! | q | `avx512`, `avx2` | `scalar` |
//! |---|---|---|
//! | below 2^50 | [`doubles`]: exact products in double precision, eight or four lanes | [`portable`] |
//! | 2^50 and more | [`portable`] | [`portable`] |
//!
//! Sums are integer loops that the compiler vectorises for each level.

#[cfg(target_arch = "x86_64")]
mod doubles;
mod portable;
#[cfg(test)]
mod tests;

#[cfg(target_arch = "x86_64")]
use super::lanes::{avx2::Avx2, avx512::Avx512};
use super::{Modulus, Word};
use crate::simd::versions;
use crate::simd::{Simd, Supported};

/// A constant factor w modulo q with floor(w 2^64 / q), so that a product costs no wide division
/// (Shoup's trick): w x - floor(w' x / 2^64) q lies in [0, 2q).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Factor {
    value: u64,
    quotient: u64,
}

impl Factor {
    /// Prepares the residue `value`.
    pub fn new(modulus: &Modulus<u64>, value: u64) -> Self {
        let value = modulus.reduce(value);
        let quotient = ((u128::from(value) << 64) / u128::from(modulus.value())) as u64;
        Self { value, quotient }
    }

    /// Prepares 1/x modulo a prime, for a *public* x.
    pub fn inverse(modulus: &Modulus<u64>, x: u64) -> Self {
        let exponent = modulus.value() - 2;
        Self::new(modulus, modulus.pow_vartime(modulus.reduce(x), exponent))
    }

    /// The residue.
    pub fn value(self) -> u64 {
        self.value
    }

    /// self x mod q for any 64-bit x.
    #[inline(always)]
    pub(crate) fn times(self, modulus: &Modulus<u64>, x: u64) -> u64 {
        let t = ((u128::from(self.quotient) * u128::from(x)) >> 64) as u64;
        let q = modulus.value();
        let r = self.value.wrapping_mul(x).wrapping_sub(t.wrapping_mul(q));
        r.min(r.wrapping_sub(q))
    }
}

versions! {
    /// x = x + y.
    fn add_assign<W: Word>(modulus: &Modulus<W>, x: &mut [W], y: &[W]) {
        let modulus = *modulus;
        for (x, &y) in x.iter_mut().zip(y) {
            *x = modulus.add(*x, y);
        }
    }

    /// x = x - y.
    fn sub_assign<W: Word>(modulus: &Modulus<W>, x: &mut [W], y: &[W]) {
        let modulus = *modulus;
        for (x, &y) in x.iter_mut().zip(y) {
            *x = modulus.sub(*x, y);
        }
    }

    /// x = -x.
    fn negate<W: Word>(modulus: &Modulus<W>, x: &mut [W]) {
        let modulus = *modulus;
        for x in x {
            *x = modulus.neg(*x);
        }
    }

    /// x = w x by the plain product: for words that have no [`Factor`].
    fn scale_plain<W: Word>(modulus: &Modulus<W>, x: &mut [W], w: W) {
        let modulus = *modulus;
        for x in x {
            *x = modulus.mul(*x, w);
        }
    }
}

/// A function of [`doubles`] for the levels and moduli that have it, of [`portable`] for the others.
macro_rules! kernels {
    ($(
        $(#[$doc:meta])*
        fn $name:ident($modulus:ident, $($arg:ident: $type:ty),* $(,)?) $(if $condition:expr)?;
    )*) => {$(
        $(#[$doc])*
        pub(crate) fn $name(simd: Supported, $modulus: &Modulus<u64>, $($arg: $type),*) {
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
            fn avx512($modulus: &Modulus<u64>, $($arg: $type),*) {
                // SAFETY: the features are enabled here.
                unsafe { doubles::$name::<Avx512>($modulus, $($arg),*) }
            }

            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma")]
            fn avx2($modulus: &Modulus<u64>, $($arg: $type),*) {
                // SAFETY: the features are enabled here.
                unsafe { doubles::$name::<Avx2>($modulus, $($arg),*) }
            }

            match simd.level() {
                #[cfg(target_arch = "x86_64")]
                // SAFETY: a `Supported` level's features are present.
                Simd::Avx512 if fits($modulus) $(&& $condition)? => unsafe { avx512($modulus, $($arg),*) },
                #[cfg(target_arch = "x86_64")]
                // SAFETY: a `Supported` level's features are present.
                Simd::Avx2 if fits($modulus) $(&& $condition)? => unsafe { avx2($modulus, $($arg),*) },
                _ => portable::$name($modulus, $($arg),*),
            }
        }
    )*};
}

/// Bits of the largest residues that are exact doubles in products.
pub(crate) const DOUBLE_BITS: u32 = 50;

/// Whether products modulo q are exact in double precision.
#[cfg(target_arch = "x86_64")]
fn fits(modulus: &Modulus<u64>) -> bool {
    modulus.bits() <= DOUBLE_BITS
}

kernels! {
    /// x = x y.
    fn mul_assign(modulus, x: &mut [u64], y: &[u64]);

    /// out = x y.
    fn mul(modulus, out: &mut [u64], x: &[u64], y: &[u64]);

    /// out = out + x y.
    fn mul_add(modulus, out: &mut [u64], x: &[u64], y: &[u64]);

    /// out = sum_i x_i y_i, the pairs' products added before one reduction where that fits.
    fn inner_product(modulus, out: &mut [u64], pairs: &[(&[u64], &[u64])]);

    /// out = sum_i w_i x_i for words x_i below 2^bits and residues w_i.
    fn combine(modulus, bits: u32, out: &mut [u64], terms: &[(&[u64], u64)]) if bits <= DOUBLE_BITS;

    /// The tensor product of (x0, x1) and (y0, y1): x0 y0, x0 y1 + x1 y0, x1 y1.
    fn tensor(modulus, out: [&mut [u64]; 3], x: [&[u64]; 2], y: [&[u64]; 2]);

    /// x = w x.
    fn scale(modulus, x: &mut [u64], w: Factor);

    /// x = w (x - y): the last step of a rescale or of a key switch.
    fn sub_scale(modulus, x: &mut [u64], y: &[u64], w: Factor);

    /// out = centred(x) mod q, where x are residues modulo `from` and centred(x) their
    /// representatives in (-p/2, p/2).
    fn reduce_centred(modulus, from: &Modulus<u64>, out: &mut [u64], x: &[u64]) if fits(from);
}

/// Columns whose sums are kept at a time.
const COLUMNS: usize = 64;

versions! {
    /// out = round(sum_i r_i x_i) in doubles, term by term.
    fn round_sum(out: &mut [u64], terms: &[(&[u64], f64)]) {
        for (block, out) in out.chunks_mut(COLUMNS).enumerate() {
            let mut sums = [0.0; COLUMNS];
            for (x, r) in terms {
                let x = x.get(block * COLUMNS..).unwrap_or_default();
                for (sum, &x) in sums.iter_mut().zip(x) {
                    *sum += x as f64 * r;
                }
            }
            for (out, sum) in out.iter_mut().zip(sums) {
                *out = sum.round_ties_even() as u64;
            }
        }
    }

    /// out_i = x_{index_i}: an automorphism on evaluations. The indices are public.
    fn permute(out: &mut [u64], x: &[u64], index: &[u32]) {
        for (out, &i) in out.iter_mut().zip(index) {
            *out = x.get(i as usize).copied().unwrap_or_default();
        }
    }
}
