//! The distributions.

use super::SecureRng;
use crate::{Error, Modulus, RingContext, Word};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};
use zeroize::Zeroizing;

/// Largest absolute value of the centred binomial error.
pub const ERROR_BOUND: u32 = 21;
/// Variance of the centred binomial error, 42 coins of variance 1/4: standard deviation 3.24.
pub const ERROR_VARIANCE: f64 = 10.5;

/// Uniform residues by rejection: take consecutive little-endian words, keep the low bits(q) bits,
/// keep the result if it is below q.
fn reject<W: Word>(rng: &mut impl Rng, modulus: &Modulus<W>, out: &mut [W]) {
    let q = modulus.value();
    let mask = u64::MAX >> (64 - modulus.bits());
    let mut candidates = Zeroizing::new([W::default(); 256]);
    let mut filled = 0;
    while filled < out.len() {
        // Never draws more words than are still wanted, so the block size leaves no trace in the
        // result: it is what a word-at-a-time loop would give.
        let wanted = (out.len() - filled).min(candidates.len());
        let candidates = candidates.get_mut(..wanted).unwrap_or_default();
        W::fill(candidates, |bytes| rng.fill_bytes(bytes));
        for word in candidates.iter() {
            let candidate = W::truncate(word.widen() & mask);
            if let Some(slot) = out.get_mut(filled) {
                *slot = candidate;
            }
            filled += usize::from(candidate < q);
        }
    }
}

/// Fills `out` with uniform residues modulo q.
pub fn uniform<W: Word>(rng: &mut SecureRng, modulus: &Modulus<W>, out: &mut [W]) {
    reject(rng, modulus, out);
}

/// Fills `out` with uniform integers below 2^`bits`.
///
/// # Errors
/// [`Error::BitWidth`] unless `bits` is in 1..=32.
pub fn uniform_bits(rng: &mut SecureRng, bits: u32, out: &mut [u32]) -> Result<(), Error> {
    if !(1..=32).contains(&bits) {
        return Err(Error::BitWidth {
            what: "uniform integers",
            bits,
            min: 1,
            max: 32,
        });
    }
    u32::fill(out, |bytes| rng.fill_bytes(bytes));
    let mask = u32::MAX >> (32 - bits);
    out.iter_mut().for_each(|x| *x &= mask);
    Ok(())
}

/// Expands element `index` of a public seed into `out` (one element of the ring, limb-major):
/// ChaCha20 with the seed as key and the index as its 64-bit nonce, limb after limb by the rejection
/// of [`uniform`].
///
/// # Errors
/// [`Error::Length`] unless `out` is one element.
pub fn expand_uniform<W: Word>(
    seed: &[u8; 32],
    index: u64,
    context: &RingContext<W>,
    out: &mut [W],
) -> Result<(), Error> {
    if out.len() != context.element_words() {
        return Err(Error::Length {
            what: "expanded polynomial",
            expected: context.element_words(),
            got: out.len(),
        });
    }
    expand_element(seed, index, context, out);
    Ok(())
}

/// [`expand_uniform`] into an element whose length the caller has by construction.
pub(crate) fn expand_element<W: Word>(
    seed: &[u8; 32],
    index: u64,
    context: &RingContext<W>,
    out: &mut [W],
) {
    let mut rng = ChaCha20Rng::from_seed(*seed);
    rng.set_stream(index);
    for (modulus, limb) in context.moduli().zip(out.chunks_mut(context.degree())) {
        reject(&mut rng, modulus, limb);
    }
}

/// Fills `out` with independent uniform values of {-1, 0, 1}: pairs of bits, 3 rejected.
pub fn ternary(rng: &mut SecureRng, out: &mut [i8]) {
    let mut filled = 0;
    while filled < out.len() {
        let mut word = Zeroizing::new(rng.next_u64());
        for _ in 0..32 {
            if let Some(slot) = out.get_mut(filled) {
                *slot = (*word & 3) as i8 - 1;
            }
            filled += usize::from(*word & 3 != 3);
            *word >>= 2;
        }
    }
    // A rejected candidate is overwritten by the next one: `filled` did not move.
}

/// Coins of one error: 2 * 21.
const COINS: u64 = (1 << 42) - 1;

/// Fills `out` with the centred binomial error: the number of heads among 42 coins, less 21, which
/// is the difference of two sums of 21 coins (CBD(21)). 128 random bits give three errors.
pub fn centred_binomial(rng: &mut SecureRng, out: &mut [i8]) {
    const ERRORS: usize = 3 * 64;
    let mut bytes = Zeroizing::new([0u8; 1024]);
    for part in out.chunks_mut(ERRORS) {
        let wanted = part.len().div_ceil(3) * 16;
        let bytes = bytes.get_mut(..wanted).unwrap_or_default();
        rng.fill_bytes(bytes);
        for (errors, block) in part.chunks_mut(3).zip(bytes.as_chunks::<16>().0) {
            let bits = u128::from_le_bytes(*block);
            for (i, error) in errors.iter_mut().enumerate() {
                *error = ((bits >> (42 * i)) as u64 & COINS).count_ones() as i8 - 21;
            }
        }
    }
}

/// Fills `out` with a flooding error, uniform in [-w/2, w/2) (for odd w, in [-(w-1)/2, (w+1)/2)).
///
/// # Errors
/// [`Error::ErrorWidth`] unless `width` is in 1..=2^62.
pub fn uniform_width(rng: &mut SecureRng, width: u64, out: &mut [i64]) -> Result<(), Error> {
    const MAX: u64 = 1 << 62;
    if width == 0 || width > MAX {
        return Err(Error::ErrorWidth { width, max: MAX });
    }
    let mask = width.next_power_of_two() - 1;
    let half = (width / 2) as i64;
    let mut filled = 0;
    while filled < out.len() {
        let candidate = rng.next_u64() & mask;
        if let Some(slot) = out.get_mut(filled) {
            *slot = candidate as i64 - half;
        }
        filled += usize::from(candidate < width);
    }
    Ok(())
}
