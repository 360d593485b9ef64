//! The distributions.

use super::keystream::{BATCH, Keystream};
use super::{SecureRng, kernel, wipe};
use crate::simd::Supported;
use crate::{Error, Modulus, RingContext, Word};
use rand_core::Rng;

/// Largest absolute value of the centred binomial error.
pub const ERROR_BOUND: u32 = 21;
/// Variance of the centred binomial error, 42 coins of variance 1/4: standard deviation 3.24.
pub const ERROR_VARIANCE: f64 = 10.5;

/// Uniform residues by rejection: take consecutive little-endian words, keep the low bits(q) bits,
/// keep the result if it is below q.
fn reject<W: Word>(keystream: &mut Keystream, modulus: &Modulus<W>, out: &mut [W]) {
    let width = (W::BITS / 32) as usize;
    let mask = W::truncate(u64::MAX >> (64 - modulus.bits()));
    let simd = keystream.simd();
    let mut straddling = [0; 2];
    let mut rest = out;
    while !rest.is_empty() {
        // Never draws more words than are still wanted, so the batches leave no trace in the
        // result: it is what a word-at-a-time loop would give.
        let wanted = rest.len() * width;
        let whole = keystream.ahead() / width * width;
        let words = if whole == 0 {
            // The two halves of a wide word lie in two batches.
            let pair = straddling.get_mut(..width).unwrap_or_default();
            keystream.fill(pair);
            pair
        } else {
            keystream.next(wanted.min(whole))
        };
        let kept = W::reject(simd, words, mask, modulus.value(), rest);
        rest = rest.get_mut(kept..).unwrap_or_default();
    }
    wipe(&mut straddling);
}

/// Fills `out` with uniform residues modulo q.
pub fn uniform<W: Word>(rng: &mut SecureRng, modulus: &Modulus<W>, out: &mut [W]) {
    reject(rng.keystream(), modulus, out);
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
    rng.keystream().fill(out);
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
    expand_element(Supported::detect(), seed, index, context, out);
    Ok(())
}

/// [`expand_uniform`] into an element whose length the caller has by construction.
pub(crate) fn expand_element<W: Word>(
    simd: Supported,
    seed: &[u8; 32],
    index: u64,
    context: &RingContext<W>,
    out: &mut [W],
) {
    let mut keystream = Keystream::new(simd, seed, index);
    for (modulus, limb) in context.moduli().zip(out.chunks_mut(context.degree())) {
        reject(&mut keystream, modulus, limb);
    }
}

/// Fills `out` with independent uniform values of {-1, 0, 1}: pairs of bits of 64-bit words, 3 rejected.
pub fn ternary(rng: &mut SecureRng, out: &mut [i8]) {
    let keystream = rng.keystream();
    let simd = keystream.simd();
    let mut words = [0; BATCH];
    let mut rest = out;
    while !rest.is_empty() {
        // No more 64-bit words than are needed even if nothing is rejected, but one.
        let wanted = (rest.len() / 32).clamp(1, BATCH / 2) * 2;
        let words = words.get_mut(..wanted).unwrap_or_default();
        keystream.fill(words);
        let kept = kernel::ternary(simd, words, rest);
        rest = rest.get_mut(kept..).unwrap_or_default();
    }
    wipe(&mut words);
}

/// Fills `out` with the centred binomial error: the number of heads among 42 coins, less 21, which
/// is the difference of two sums of 21 coins (CBD(21)). 128 random bits give three errors.
pub fn centred_binomial(rng: &mut SecureRng, out: &mut [i8]) {
    let keystream = rng.keystream();
    let simd = keystream.simd();
    let mut words = [0; BATCH];
    let mut errors = [0; kernel::ERRORS];
    for part in out.chunks_mut(kernel::ERRORS) {
        let wanted = part.len().div_ceil(3) * 4;
        keystream.fill(words.get_mut(..wanted).unwrap_or_default());
        match <&mut [i8; kernel::ERRORS]>::try_from(&mut *part) {
            Ok(whole) => kernel::binomial(simd, &words, whole),
            Err(_) => {
                kernel::binomial(simd, &words, &mut errors);
                part.copy_from_slice(errors.get(..part.len()).unwrap_or_default());
            }
        }
    }
    wipe(&mut words);
    wipe(&mut errors);
}

/// Refuses a flooding width outside 1..=2^62.
pub(crate) fn check_width(width: u64) -> Result<(), Error> {
    const MAX: u64 = 1 << 62;
    if width == 0 || width > MAX {
        return Err(Error::ErrorWidth { width, max: MAX });
    }
    Ok(())
}

/// Fills `out` with a flooding error, uniform in [-w/2, w/2) (for odd w, in [-(w-1)/2, (w+1)/2)).
///
/// # Errors
/// [`Error::ErrorWidth`] unless `width` is in 1..=2^62.
pub fn uniform_width(rng: &mut SecureRng, width: u64, out: &mut [i64]) -> Result<(), Error> {
    check_width(width)?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng;

    fn rng(seed: u8) -> SecureRng {
        SecureRng::from_seed([seed; 32])
    }

    /// Pearson's statistic, at most `limit` for the fixed seeds here. With d degrees of freedom it has
    /// mean d and variance 2d; limits are five deviations above the mean.
    fn chi_square(counts: &[u64], probabilities: &[f64]) {
        let total = counts.iter().sum::<u64>() as f64;
        let term = |(&c, &p): (&u64, &f64)| (c as f64 - p * total).powi(2) / (p * total);
        let statistic: f64 = counts.iter().zip(probabilities).map(term).sum();
        let d = (counts.len() - 1) as f64;
        let limit = d + 5.0 * (2.0 * d).sqrt();
        assert!(statistic < limit, "chi-square {statistic}, limit {limit}");
        // Too good a fit is as suspicious as a bad one.
        assert!(
            statistic > d - 5.0 * (2.0 * d).sqrt(),
            "chi-square {statistic} of {d}"
        );
    }

    #[test]
    fn uniform_residues_are_uniform() {
        let modulus = Modulus::<u32>::new(97).unwrap();
        let mut out = vec![0; 97_000];
        uniform(&mut rng(1), &modulus, &mut out);
        let mut counts = [0; 97];
        out.iter().for_each(|&x| counts[x as usize] += 1);
        chi_square(&counts, &[1.0 / 97.0; 97]);

        let q = 998_244_353u32;
        uniform(&mut rng(2), &Modulus::new(q).unwrap(), &mut out);
        assert!(out.iter().all(|&x| x < q));
        let mut counts = [0; 64];
        out.iter()
            .for_each(|&x| counts[(u64::from(x) * 64 / u64::from(q)) as usize] += 1);
        chi_square(&counts, &[1.0 / 64.0; 64]);

        let q = 1_125_899_906_826_241u64;
        let mut out = vec![0u64; 64_000];
        uniform(&mut rng(3), &Modulus::new(q).unwrap(), &mut out);
        let mut counts = [0; 64];
        out.iter()
            .for_each(|&x| counts[(u128::from(x) * 64 / u128::from(q)) as usize] += 1);
        chi_square(&counts, &[1.0 / 64.0; 64]);
    }

    #[test]
    fn ternary_values_are_uniform_at_every_length() {
        let mut counts = [0; 3];
        for length in (0..200).chain([5_000, 30_000]) {
            let mut out = vec![7; length];
            ternary(&mut rng(length as u8), &mut out);
            assert!(out.iter().all(|x| (-1..=1).contains(x)));
            if length > 1_000 {
                out.iter().for_each(|&x| counts[(x + 1) as usize] += 1);
            }
        }
        chi_square(&counts, &[1.0 / 3.0; 3]);
    }

    #[test]
    fn errors_are_binomial() {
        let mut out = vec![0i8; 400_000];
        centred_binomial(&mut rng(4), &mut out);
        // Bins -10 and below, -9, .., 9, 10 and above.
        let mut pmf = vec![0.5f64.powi(42)];
        for k in 1..=42 {
            let last = *pmf.last().unwrap();
            pmf.push(last * f64::from(43 - k) / f64::from(k));
        }
        let bin = |e: i32| (e.clamp(-10, 10) + 10) as usize;
        let mut probabilities = [0.0; 21];
        for (k, p) in pmf.iter().enumerate() {
            probabilities[bin(k as i32 - 21)] += p;
        }
        let mut counts = [0; 21];
        out.iter().for_each(|&e| counts[bin(i32::from(e))] += 1);
        chi_square(&counts, &probabilities);
        let n = out.len() as f64;
        let mean = out.iter().map(|&e| f64::from(e)).sum::<f64>() / n;
        let variance = out.iter().map(|&e| f64::from(e).powi(2)).sum::<f64>() / n;
        assert!(mean.abs() < 0.026, "mean {mean}"); // five deviations
        assert!(
            (variance - ERROR_VARIANCE).abs() < 0.12,
            "variance {variance}"
        );
    }

    #[test]
    fn an_error_is_the_coins_it_was_drawn_from() {
        for length in [0, 1, 2, 3, 191, 192, 193, 1000] {
            let mut out = vec![0i8; length];
            centred_binomial(&mut rng(5), &mut out);
            let mut bytes = vec![0u8; length.div_ceil(3) * 16];
            rng(5).fill_bytes(&mut bytes);
            for (i, &e) in out.iter().enumerate() {
                let coin = |j: usize| {
                    let bit = i / 3 * 128 + i % 3 * 42 + j;
                    i8::try_from((bytes[bit / 8] >> (bit % 8)) & 1).unwrap()
                };
                assert_eq!(
                    e,
                    (0..42).map(coin).sum::<i8>() - 21,
                    "error {i} of {length}"
                );
            }
        }
    }

    #[test]
    fn flooding_covers_exactly_its_width() {
        for (width, low, high) in [(1, 0, 0), (2, -1, 0), (10, -5, 4), (11, -5, 5), (16, -8, 7)] {
            let mut out = vec![99i64; 20_000];
            uniform_width(&mut rng(6), width, &mut out).unwrap();
            assert_eq!(
                (*out.iter().min().unwrap(), *out.iter().max().unwrap()),
                (low, high)
            );
            if width > 1 {
                let mut counts = vec![0; width as usize];
                out.iter().for_each(|x| counts[(x - low) as usize] += 1);
                chi_square(&counts, &vec![1.0 / width as f64; width as usize]);
            }
        }
        assert!(uniform_width(&mut rng(6), 1 << 62, &mut [0; 4]).is_ok());
        assert!(matches!(
            uniform_width(&mut rng(6), (1 << 62) + 1, &mut [0]),
            Err(Error::ErrorWidth { .. })
        ));
        assert!(uniform_width(&mut rng(6), 0, &mut [0]).is_err());
    }

    #[test]
    fn masks_fill_their_width() {
        for bits in 1..=32 {
            let mut out = vec![0u32; 200];
            uniform_bits(&mut rng(7), bits, &mut out).unwrap();
            let seen = out.iter().fold(0, |or, x| or | x);
            assert_eq!(seen, u32::MAX >> (32 - bits));
        }
        assert!(uniform_bits(&mut rng(7), 0, &mut [0]).is_err());
        assert!(uniform_bits(&mut rng(7), 33, &mut [0]).is_err());
    }

    #[test]
    fn the_public_expansion_is_the_word_at_a_time_definition() {
        let context = RingContext::<u32>::new(512, &[998_244_353, 12_289]).unwrap();
        let (seed, index) = ([8; 32], 77);
        let mut out = vec![0; 1024];
        expand_uniform(&seed, index, &context, &mut out).unwrap();
        let mut stream = ChaCha20Rng::from_seed(seed);
        stream.set_stream(index);
        let mut expected = Vec::new();
        for (q, mask) in [(998_244_353u32, (1u32 << 30) - 1), (12_289, (1 << 14) - 1)] {
            let before = expected.len();
            while expected.len() < before + 512 {
                let candidate = stream.next_u32() & mask;
                if candidate < q {
                    expected.push(candidate);
                }
            }
        }
        assert_eq!(out, expected);
        let mut other = vec![0; 1024];
        expand_uniform(&seed, index + 1, &context, &mut other).unwrap();
        assert_ne!(out, other);
        expand_uniform(&[9; 32], index, &context, &mut other).unwrap();
        assert_ne!(out, other);
        assert!(expand_uniform(&seed, 0, &context, &mut other[1..]).is_err());
    }
}
