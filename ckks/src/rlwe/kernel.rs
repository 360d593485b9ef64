//! Passes over residues compiled for each instruction set: one portable loop each, which the compiler vectorises under the
//! features it is given.

use super::ModulusSwitch;
use crate::simd::versions;
use crate::{Modulus, Word};

versions! {
    /// Switches reduced residues in place.
    fn switch(switch: &ModulusSwitch, residues: &mut [u32]) {
        let switch = *switch;
        for z in residues {
            *z = switch.one(*z);
        }
    }

    /// x = x + y (mod q).
    fn add<W: Word>(modulus: &Modulus<W>, x: &mut [W], y: &[W]) {
        let modulus = *modulus;
        for (x, &y) in x.iter_mut().zip(y) {
            *x = modulus.add(*x, y);
        }
    }

    /// out = x + y (mod q).
    fn sum(modulus: &Modulus<u32>, out: &mut [u32], x: &[u32], y: &[u32]) {
        let modulus = *modulus;
        for (out, (&x, &y)) in out.iter_mut().zip(x.iter().zip(y)) {
            *out = modulus.add(x, y);
        }
    }

    /// out = e (mod q).
    fn lift<W: Word>(modulus: &Modulus<W>, out: &mut [W], small: &[i8]) {
        let modulus = *modulus;
        for (out, &e) in out.iter_mut().zip(small) {
            *out = modulus.lift_small(i32::from(e));
        }
    }

    /// x = x + e (mod q).
    fn add_small<W: Word>(modulus: &Modulus<W>, x: &mut [W], small: &[i8]) {
        let modulus = *modulus;
        for (x, &e) in x.iter_mut().zip(small) {
            *x = modulus.add(*x, modulus.lift_small(i32::from(e)));
        }
    }

    /// x = x + e (mod q) for flooding errors.
    fn add_signed<W: Word>(modulus: &Modulus<W>, x: &mut [W], signed: &[i64]) {
        let modulus = *modulus;
        for (x, &e) in x.iter_mut().zip(signed) {
            *x = modulus.add(*x, modulus.reduce_signed(e));
        }
    }

    /// x = e - x (mod q).
    fn small_minus<W: Word>(modulus: &Modulus<W>, x: &mut [W], small: &[i8]) {
        let modulus = *modulus;
        for (x, &e) in x.iter_mut().zip(small) {
            *x = modulus.sub(modulus.lift_small(i32::from(e)), *x);
        }
    }

    /// x = x + r, the low bits of `mask` alone.
    fn add_masked(mask: u32, x: &mut [u32], r: &[u32]) {
        for (x, &r) in x.iter_mut().zip(r) {
            *x = x.wrapping_add(r) & mask;
        }
    }

    /// out = -r, the low bits of `mask` alone.
    fn negate_masked(mask: u32, out: &mut [u32], r: &[u32]) {
        for (out, &r) in out.iter_mut().zip(r) {
            *out = r.wrapping_neg() & mask;
        }
    }

    /// The largest value.
    fn largest(values: &[u32]) -> u32 {
        values.iter().fold(0, |largest, &x| largest.max(x))
    }

    /// wide = the centred lift of k-bit values (2^(k-1) = `half`) modulo the prime p > 2^k.
    fn centre(half: u64, p: u64, wide: &mut [u64], narrow: &[u32]) {
        let shift = half.trailing_zeros();
        for (wide, &c) in wide.iter_mut().zip(narrow) {
            // c - 2^k + p in the upper half, c in the lower.
            let upper = (u64::from(c) & half) >> shift;
            *wide = u64::from(c) + (upper.wrapping_neg() & (p - (half << 1)));
        }
    }

    /// out = c + the centred residue of the product modulo p, the low bits of `mask` alone.
    fn finish(mask: u32, p: u64, out: &mut [u32], c: &[u32], product: &[u64]) {
        for ((out, &c), &product) in out.iter_mut().zip(c).zip(product) {
            let negative = (p / 2).wrapping_sub(product) >> 63; // 1 when product > p/2
            let exact = product.wrapping_sub(negative.wrapping_neg() & p) as u32;
            *out = c.wrapping_add(exact) & mask;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Simd;

    #[test]
    fn every_level_computes_the_same() {
        let q = 998_244_353u32;
        let modulus = Modulus::new(q).unwrap();
        let x: Vec<u32> = (0..103u32)
            .map(|i| [0, q - 1, 1, q / 2, i * 7_919 % q][i as usize % 5])
            .collect();
        let y: Vec<u32> = x.iter().rev().copied().collect();
        let small: Vec<i8> = (0..103).map(|i| [-21, 21, 0, -1, 1][i % 5]).collect();
        let signed: Vec<i64> = (0..103).map(|i| (i - 50) << 40).collect();
        let p = 1_125_899_906_826_241u64;
        for level in Simd::supported_levels() {
            let simd = level.verify().unwrap();
            let mut out = vec![0; 103];
            sum(simd, &modulus, &mut out, &x, &y);
            let mut added = x.clone();
            add(simd, &modulus, &mut added, &y);
            let mut noisy = x.clone();
            add_small(simd, &modulus, &mut noisy, &small);
            let mut flooded = x.clone();
            add_signed(simd, &modulus, &mut flooded, &signed);
            let mut reversed = x.clone();
            small_minus(simd, &modulus, &mut reversed, &small);
            let mut lifted = x.clone();
            lift(simd, &modulus, &mut lifted, &small);
            let (mut masked, mut negated) = (x.clone(), x.clone());
            add_masked(simd, 1023, &mut masked, &y);
            negate_masked(simd, 1023, &mut negated, &y);
            let narrow: Vec<u32> = x.iter().map(|x| x & 1023).collect();
            let mut wide = vec![0u64; 103];
            centre(simd, 512, p, &mut wide, &narrow);
            let mut back = vec![0; 103];
            finish(simd, 1023, p, &mut back, &vec![5; 103], &wide);
            assert_eq!(largest(simd, &x), q - 1);
            let mod_q = |v: i64| v.rem_euclid(i64::from(q)) as u32;
            for i in 0..103 {
                let (a, b, e) = (i64::from(x[i]), i64::from(y[i]), i64::from(small[i]));
                assert_eq!((out[i], added[i]), (mod_q(a + b), mod_q(a + b)), "{level}");
                assert_eq!(
                    (noisy[i], reversed[i]),
                    (mod_q(a + e), mod_q(e - a)),
                    "{level}"
                );
                assert_eq!(
                    (lifted[i], flooded[i]),
                    (mod_q(e), mod_q(a + signed[i])),
                    "{level}"
                );
                let low = |v: i64| (v & 1023) as u32;
                assert_eq!((masked[i], negated[i]), (low(a + b), low(-b)), "{level}");
                assert_eq!(back[i], (narrow[i] + 5) & 1023, "{level}");
            }
        }
    }
}
