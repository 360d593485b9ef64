//! Arithmetic modulo one word-sized odd number, without secret-dependent branches or divisions.
//!
//! Reductions are Barrett's. For x < 2^64: t = floor(x floor(2^64/q) / 2^64) is floor(x/q) or one
//! less, since x/q - x floor(2^64/q)/2^64 < x/2^64 < 1. For x < q^2 with q of k bits and
//! mu = floor(2^(2k)/q): t = floor(floor(x/2^(k-1)) mu / 2^(k+1)) is at most two below floor(x/q)
//! (Handbook of Applied Cryptography, 14.42), every product stays below 2^(2k+2), and x - tq < 3q
//! fits 64 bits for k <= 61. Conditional subtraction is min(r, r - q) on unsigned words.

use super::Word;
use crate::Error;

/// An odd modulus of at most [`Word::MAX_MODULUS_BITS`] bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Modulus<W> {
    value: W,
    bits: u32,
    /// floor(2^64 / q)
    ratio64: u64,
    /// floor(2^(2 bits) / q)
    ratio: u64,
}

impl<W: Word> Modulus<W> {
    /// Precomputes the reductions.
    ///
    /// # Errors
    /// [`Error::ModulusSize`] if `value` is even, below 3 or too wide for the word.
    pub fn new(value: W) -> Result<Self, Error> {
        let q = value.widen();
        if q.is_multiple_of(2) || q < 3 || q >> W::MAX_MODULUS_BITS != 0 {
            return Err(Error::ModulusSize {
                modulus: q,
                max_bits: W::MAX_MODULUS_BITS,
            });
        }
        let bits = q.ilog2() + 1;
        Ok(Self {
            value,
            bits,
            ratio64: u64::MAX / q, // equals floor(2^64 / q): q is odd and does not divide 2^64
            ratio: ((1u128 << (2 * bits)) / u128::from(q)) as u64,
        })
    }

    /// The modulus.
    #[inline]
    pub fn value(&self) -> W {
        self.value
    }

    /// Bits of the modulus: 2^(bits-1) < q < 2^bits.
    #[inline]
    pub fn bits(&self) -> u32 {
        self.bits
    }

    #[inline]
    fn subtract_once(&self, x: u64) -> u64 {
        x.min(x.wrapping_sub(self.value.widen()))
    }

    /// a + b for residues.
    #[inline]
    pub fn add(&self, a: W, b: W) -> W {
        let sum = a.wrapping_add(b);
        sum.min(sum.wrapping_sub(self.value))
    }

    /// a - b for residues.
    #[inline]
    pub fn sub(&self, a: W, b: W) -> W {
        let difference = a.wrapping_sub(b);
        difference.min(difference.wrapping_add(self.value))
    }

    /// -a for a residue.
    #[inline]
    pub fn neg(&self, a: W) -> W {
        self.sub(W::default(), a)
    }

    /// a b for residues.
    #[inline]
    pub fn mul(&self, a: W, b: W) -> W {
        let x = u128::from(a.widen()) * u128::from(b.widen());
        let q = self.value.widen();
        let t = ((x >> (self.bits - 1)) * u128::from(self.ratio)) >> (self.bits + 1);
        let r = (x as u64).wrapping_sub((t as u64).wrapping_mul(q));
        W::truncate(self.subtract_once(self.subtract_once(r)))
    }

    /// x mod q for any 64-bit x.
    #[inline]
    pub fn reduce(&self, x: u64) -> W {
        let t = ((u128::from(x) * u128::from(self.ratio64)) >> 64) as u64;
        W::truncate(self.subtract_once(x.wrapping_sub(t.wrapping_mul(self.value.widen()))))
    }

    /// x mod q for any signed x.
    #[inline]
    pub fn reduce_signed(&self, x: i64) -> W {
        let r = self.reduce(x.unsigned_abs());
        let mask = W::truncate((x >> 63) as u64).widen();
        W::truncate((r.widen() & !mask) | (self.neg(r).widen() & mask))
    }

    /// x mod q for |x| < q, cheaper than [`Modulus::reduce_signed`].
    #[inline]
    pub fn lift_small(&self, x: i32) -> W {
        let word = W::truncate(i64::from(x) as u64);
        word.min(word.wrapping_add(self.value))
    }

    /// a^exponent for a *public* exponent.
    pub fn pow_vartime(&self, mut a: W, mut exponent: u64) -> W {
        let mut power = W::truncate(1);
        while exponent != 0 {
            if exponent & 1 == 1 {
                power = self.mul(power, a);
            }
            a = self.mul(a, a);
            exponent >>= 1;
        }
        power
    }

    /// The representative of `a` in (-q/2, q/2).
    #[inline]
    pub fn centre(&self, a: W) -> i64 {
        let (a, q) = (a.widen(), self.value.widen());
        let above = (q / 2).wrapping_sub(a) >> 63; // 1 when a > q/2
        (a as i64) - ((q & above.wrapping_neg()) as i64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edges(q: u64) -> Vec<u64> {
        vec![0, 1, 2, q / 2, q / 2 + 1, q - 2, q - 1]
    }

    fn check<W: Word>(q: u64) {
        let m = Modulus::<W>::new(W::truncate(q)).unwrap();
        let mut values = edges(q);
        let mut x = 0x9e37_79b9_7f4a_7c15u64;
        for _ in 0..200 {
            x = x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            values.push(x % q);
        }
        for &a in &values {
            for &b in &values {
                let (wa, wb) = (W::truncate(a), W::truncate(b));
                let wide = |v: u128| (v % u128::from(q)) as u64;
                assert_eq!(m.add(wa, wb).widen(), wide(u128::from(a) + u128::from(b)));
                assert_eq!(
                    m.sub(wa, wb).widen(),
                    wide(u128::from(a) + u128::from(q - b))
                );
                assert_eq!(m.mul(wa, wb).widen(), wide(u128::from(a) * u128::from(b)));
            }
            let wa = W::truncate(a);
            assert_eq!(m.neg(wa).widen(), (q - a) % q);
            let centred = m.centre(wa);
            assert_eq!(centred.rem_euclid(q as i64) as u64, a);
            assert!(centred.unsigned_abs() <= q / 2);
        }
        for x in [0, 1, q - 1, q, q + 1, u64::MAX, u64::MAX - 1, 1 << 63] {
            assert_eq!(m.reduce(x).widen(), x % q);
        }
        for x in [
            0,
            1,
            -1,
            i64::MAX,
            i64::MIN,
            q as i64,
            -(q as i64),
            1 - q as i64,
        ] {
            assert_eq!(m.reduce_signed(x).widen(), x.rem_euclid(q as i64) as u64);
        }
        for x in [0, 1, -1, 21, -21] {
            assert_eq!(
                m.lift_small(x).widen(),
                i64::from(x).rem_euclid(q as i64) as u64
            );
        }
        assert_eq!(m.pow_vartime(W::truncate(2), q - 1).widen(), 1); // Fermat
    }

    #[test]
    fn arithmetic_is_exact_at_the_edges() {
        for q in [97, 65_537, 998_244_353, (1 << 31) - 1] {
            check::<u32>(q);
        }
        for q in [97, 998_244_353, 1_125_899_906_826_241, (1 << 61) - 1] {
            check::<u64>(q);
        }
    }

    #[test]
    fn unfit_moduli_are_refused() {
        for q in [0, 1, 2, 1 << 20, 1 << 31, u32::MAX] {
            assert!(Modulus::<u32>::new(q).is_err(), "{q}");
        }
        assert!(Modulus::<u64>::new((1 << 61) + 1).is_err());
    }
}
