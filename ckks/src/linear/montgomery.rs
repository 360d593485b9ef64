//! Reduction of signed 64-bit sums modulo q by two signed Montgomery steps.
//!
//! One step maps x to (x - m q) / 2^32 with m = x q^-1 mod 2^32 taken in [-2^31, 2^31): exact, and
//! congruent to x 2^-32. For |x| < 2^62 the first step gives |r| <= 2^31 - 1, as |x - m q| <
//! 2^62 + 2^31 q and q < 2^31. Multiplied by R2 = 2^64 mod q, centred, |r R2| <= 2^30 q; the second
//! step gives |r'| <= (2^30 q + 2^31 q) / 2^32 < q, congruent to x. Adding q once if negative ends in
//! [0, q). Every multiplication is 32 x 32 -> 64 bits: one instruction in each SIMD set.

use crate::Modulus;

/// The constants of one modulus.
#[derive(Clone, Copy, Debug)]
pub(super) struct Montgomery {
    pub(super) modulus: u32,
    /// q^-1 mod 2^32
    pub(super) inverse: u32,
    /// 2^64 mod q in (-q/2, q/2)
    pub(super) r2: i32,
}

impl Montgomery {
    pub(super) fn new(modulus: &Modulus<u32>) -> Self {
        let q = modulus.value();
        // Newton's iteration doubles the correct low bits of the inverse: 3, 6, 12, 24, 48.
        let mut inverse = q;
        for _ in 0..4 {
            inverse = inverse.wrapping_mul(2u32.wrapping_sub(q.wrapping_mul(inverse)));
        }
        let r2 = modulus.reduce(u64::MAX % u64::from(q) + 1);
        Self {
            modulus: q,
            inverse,
            r2: modulus.centre(r2) as i32,
        }
    }

    #[inline(always)]
    fn step(&self, x: i64) -> i64 {
        let m = (x as u32).wrapping_mul(self.inverse) as i32;
        x.wrapping_sub(i64::from(m) * i64::from(self.modulus)) >> 32
    }

    /// x mod q in [0, q) for |x| < 2^62.
    #[inline(always)]
    pub(super) fn reduce(&self, x: i64) -> u32 {
        let r = self.step(self.step(x) * i64::from(self.r2)) as u32;
        r.min(r.wrapping_add(self.modulus))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reduction_is_exact_over_the_whole_range() {
        for q in [3, 97, 12_289, 998_244_353, (1 << 30) - 35, (1u32 << 31) - 1] {
            let m = Montgomery::new(&Modulus::new(q).unwrap());
            assert_eq!(q.wrapping_mul(m.inverse), 1);
            let wide = i64::from(q);
            let edge = (1i64 << 62) - 1;
            let mut values = vec![0, 1, -1, wide, -wide, wide - 1, 1 - wide, edge, -edge];
            values.extend([
                edge - wide,
                wide - edge,
                1 << 32,
                -(1 << 32),
                (1 << 31),
                -(1 << 31),
            ]);
            let mut x = u64::from(q);
            for _ in 0..20_000 {
                x = x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                values.push(x as i64 >> 2);
            }
            for value in values {
                assert_eq!(
                    i64::from(m.reduce(value)),
                    value.rem_euclid(wide),
                    "{value} mod {q}"
                );
            }
        }
    }
}
