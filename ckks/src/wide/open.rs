//! The key owner's side of answers.
//!
//! c1 s modulo 2^k for ternary s: c1 = low + 2^h high with h = ceil(k / 2) <= 28. The integer products of the halves with s have
//! coefficients of at most N 2^h <= 2^43 in absolute value, so modulo a prime of 50 bits their centred residues are the
//! integers themselves, and the sum is taken modulo 2^64.

use super::{Widths, bits, kernel};
use crate::ring::Ntt;
use crate::ring::parallel::try_for_each_with;
use crate::rows::{Wiped, check_length};
use crate::simd::Supported;
use crate::{Error, SecretKey, Simd};
use zeroize::Zeroizing;

/// The secret key prepared for answers.
pub struct WideDecryptor {
    ntt: Ntt<u64>,
    secret: Zeroizing<Vec<u64>>,
    simd: Supported,
}

impl std::fmt::Debug for WideDecryptor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "WideDecryptor {{ degree: {}, .. }}", self.ntt.degree())
    }
}

/// Memory of one decryption, overwritten at the end.
struct Scratch {
    second: Vec<u64>,
    first: Vec<u64>,
    low: Wiped<u64>,
    high: Wiped<u64>,
}

impl WideDecryptor {
    /// Prepares a secret key.
    ///
    /// # Errors
    /// An unsupported SIMD level.
    pub fn new(secret: &SecretKey<u32>, simd: Simd) -> Result<Self, Error> {
        let degree = secret.context().degree();
        let step = 2 * degree as u64;
        let (low, high) = (1 << 49, 1 << 50);
        let prime =
            concrete_ntt::prime::largest_prime_in_arithmetic_progression64(step, 1, low, high);
        let prime = prime.ok_or(Error::NotNttPrime {
            modulus: high,
            twice_degree: step,
        })?;
        let ntt = Ntt::<u64>::new(degree, prime)?;
        let lift = |&s: &i8| ntt.modulus().reduce_signed(i64::from(s));
        let lifted: Vec<u64> = secret.ternary().iter().map(lift).collect();
        let mut lifted = Zeroizing::new(lifted);
        ntt.transform(&mut lifted);
        Ok(Self {
            ntt,
            secret: lifted,
            simd: simd.verify()?,
        })
    }

    /// Opens answers that carry `positions.len()` coefficients of c0 each, those of `positions`, into as many shares each, modulo
    /// 2^[`Widths::share`].
    ///
    /// # Errors
    /// Lengths that do not fit, a position not below N, or padding that is not zero.
    pub fn open(
        &self,
        bytes: &[u8],
        widths: Widths,
        positions: &[u32],
        out: &mut [u64],
    ) -> Result<(), Error> {
        let degree = self.ntt.degree();
        super::answer::check_positions(positions, degree)?;
        let answer = widths.answer_bytes(degree, positions.len())?;
        let answers = bytes.len() / answer;
        check_length("answers", answers, answer, bytes.len())?;
        check_length("shares", answers, positions.len(), out.len())?;
        try_for_each_with(
            bytes
                .chunks_exact(answer)
                .zip(out.chunks_mut(positions.len().max(1))),
            || Scratch {
                second: vec![0; degree],
                first: vec![0; positions.len()],
                low: Wiped::new(degree),
                high: Wiped::new(degree),
            },
            |scratch, (bytes, out)| self.one(bytes, widths, positions, out, scratch),
        )
    }

    fn one(
        &self,
        bytes: &[u8],
        widths: Widths,
        positions: &[u32],
        out: &mut [u64],
        scratch: &mut Scratch,
    ) -> Result<(), Error> {
        let second = bits::packed_bytes(self.ntt.degree(), widths.second)?;
        let (second, first) = bytes.split_at_checked(second).unwrap_or_default();
        bits::unpack(second, widths.second, &mut scratch.second)?;
        bits::unpack(first, widths.share, &mut scratch.first)?;
        let half = widths.second.div_ceil(2);
        let (low, high) = (&mut scratch.low.0, &mut scratch.high.0);
        kernel::split(self.simd, half, &scratch.second, low, high);
        self.ntt.mul_transformed(low, &self.secret)?;
        self.ntt.mul_transformed(high, &self.secret)?;
        let p = self.ntt.modulus().value();
        kernel::join(self.simd, half, p, low, high);
        let lost = widths.second - widths.share;
        let mask = (1u64 << widths.share) - 1;
        for ((out, first), at) in out.iter_mut().zip(&scratch.first).zip(positions) {
            let product = high.get(*at as usize).copied().unwrap_or_default();
            let phase = (first << lost).wrapping_add(product);
            *out = (phase.wrapping_add(1 << (lost - 1)) >> lost) & mask;
        }
        Ok(())
    }
}
