//! From residues to numbers without big integers.
//!
//! A coefficient |x| < Q/2 is written in mixed radix with centred digits |d_i| < q_i/2 (Garner; Knuth,
//! The Art of Computer Programming 2, section 4.3.2):
//!
//! ```text
//! x = d_0 + q_0 (d_1 + q_1 (d_2 + ..)),   d_i = (..((x_i - d_0) q_0^-1 - d_1) q_1^-1 ..) mod q_i
//! ```
//!
//! The digits are unique: the primes are odd, so that they take each of Q values once. Column j of the
//! scheme subtracts d_j from all limbs above and divides by q_j. When nothing is left above, all
//! further digits are 0, and the columns end: a value of 2^60 takes two of them whatever the level.
//!
//! Horner's rule in doubles then errs by at most (2L + 1) 2^-53 of |x| for L digits. Let y be an inner
//! value, an integer, and u = 2^-53. The first nonzero y is a digit, hence exact. A step gives
//! z = d + q y, of which |z| >= q (|y| - 1/2), so that q |y| / |z| <= 2 in the first step (|y| >= 1) and
//! at most 1 + 1/q in later ones (|y| >= q/2): the error of y, that of the product and that of the sum
//! add up to 2u + u after the first step and by less than 2u + O(u/q) in each further one. Small values
//! are therefore as accurate as large ones; no bits are lost to cancellation against Q.

use super::{Encoder, kernel, scratch};
use crate::RingContext;
use crate::ckks::{Error, Plaintext};
use crate::ring::kernel::{reduce_centred, sub_scale};
use crate::ring::parallel::try_for_each_with;
use crate::sample::wipe;
use rustfft::num_complex::Complex64;

/// Coefficients handled at a time: their limbs stay in the first-level cache.
const BLOCK: usize = 256;

impl Encoder {
    /// The real parts of all N/2 slots.
    ///
    /// # Errors
    /// [`Error::ContextMismatch`].
    pub fn decode(&self, plaintext: &Plaintext) -> Result<Vec<f64>, Error> {
        let slots = self.context.slots();
        self.decode_slots(plaintext, slots, |z| z.re)
    }

    /// All N/2 slots.
    ///
    /// # Errors
    /// [`Error::ContextMismatch`].
    pub fn decode_complex(&self, plaintext: &Plaintext) -> Result<Vec<Complex64>, Error> {
        self.decode_slots(plaintext, self.context.slots(), |z| z)
    }

    /// The `count` slots of a sparse encoding: each the mean of its N/(2 `count`) copies.
    ///
    /// # Errors
    /// [`Error::ContextMismatch`], and [`Error::SparseCount`] unless `count` is a power of two of at
    /// most N/2.
    pub fn decode_sparse(
        &self,
        plaintext: &Plaintext,
        count: usize,
    ) -> Result<Vec<Complex64>, Error> {
        self.check_sparse("decode sparse", count)?;
        self.decode_slots(plaintext, count, |z| z)
    }

    /// All N coefficients, divided by the scale.
    ///
    /// # Errors
    /// [`Error::ContextMismatch`].
    pub fn decode_coefficients(&self, plaintext: &Plaintext) -> Result<Vec<f64>, Error> {
        let mut buffers = self.pool.take(self.context.slots(), 0);
        self.fold(plaintext, &mut buffers)?;
        let low = buffers.folded.iter().map(|c| c.re / plaintext.scale);
        let high = buffers.folded.iter().map(|c| c.im / plaintext.scale);
        Ok(low.chain(high).collect())
    }

    fn decode_slots<T>(
        &self,
        plaintext: &Plaintext,
        count: usize,
        part: impl Fn(Complex64) -> T,
    ) -> Result<Vec<T>, Error> {
        let embedding = &self.embedding;
        let mut buffers = self.pool.take(self.context.slots(), embedding.scratch());
        self.fold(plaintext, &mut buffers)?;
        let slots = embedding.to_slots(count, 1.0 / plaintext.scale, &mut buffers);
        Ok(slots.map(part).collect())
    }

    /// The folded coefficients as doubles.
    fn fold(&self, plaintext: &Plaintext, buffers: &mut scratch::Buffers) -> Result<(), Error> {
        if !self.context.same(&plaintext.context) {
            return Err(Error::ContextMismatch {
                operation: "decode",
            });
        }
        let scratch::Buffers { folded, words, .. } = buffers;
        words.clear();
        words.extend_from_slice(plaintext.poly.words());
        let ring = plaintext.poly.context();
        let degree = ring.degree();
        let limbs = ring.limbs().iter().zip(words.chunks_mut(degree));
        try_for_each_with(limbs, || (), |(), (ntt, limb)| ntt.inverse(limb))?;
        let half = degree / 2;
        let block = BLOCK.min(half);
        let mut sums = [0.0; BLOCK];
        let sum = sums.get_mut(..block).unwrap_or_default();
        for (part, low) in folded.chunks_mut(block).zip((0..half).step_by(block)) {
            self.compose(ring, words, low, sum);
            part.iter_mut().zip(&*sum).for_each(|(c, &m)| c.re = m);
            self.compose(ring, words, low + half, sum);
            part.iter_mut().zip(&*sum).for_each(|(c, &m)| c.im = m);
        }
        wipe(&mut sums);
        Ok(())
    }

    /// The coefficients from `first` on as doubles, as many as `sums`; their residues in `words` turn
    /// into digits.
    fn compose(&self, ring: &RingContext<u64>, words: &mut [u64], first: usize, sums: &mut [f64]) {
        let simd = self.context.simd();
        let degree = ring.degree();
        let block = first..first + sums.len();
        let mut centred = [0; BLOCK];
        let centred = centred.get_mut(..sums.len()).unwrap_or_default();
        let mut digits = 0;
        for (column, divisor) in ring.moduli().enumerate() {
            digits += 1;
            let (done, above) = words.split_at_mut(digits * degree);
            let digit = done.chunks(degree).next_back().unwrap_or_default();
            let digit = digit.get(block.clone()).unwrap_or_default();
            let inverses = self.inverses.get(column).map_or(&[][..], Vec::as_slice);
            let mut left = 0;
            let limbs = above.chunks_mut(degree).zip(ring.moduli().skip(digits));
            for ((limb, modulus), &inverse) in limbs.zip(inverses) {
                let limb = limb.get_mut(block.clone()).unwrap_or_default();
                reduce_centred(simd, modulus, divisor, centred, digit);
                sub_scale(simd, modulus, limb, centred, inverse);
                left |= kernel::union(simd, limb);
            }
            if left == 0 {
                break;
            }
        }
        wipe(centred);
        sums.fill(0.0);
        let limbs = words.chunks(degree).zip(ring.limbs()).take(digits);
        for (limb, ntt) in limbs.rev() {
            let digit = limb.get(block.clone()).unwrap_or_default();
            kernel::horner(simd, ntt.modulus(), sums, digit);
        }
    }
}
