//! The samplers' inner loops, one kernel an instruction set, all bit-identical to the portable ones here.
//!
//! Nothing branches on, or indexes by, the bits that are drawn; how many candidates a rejection keeps is public anyway.

#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "x86_64")]
mod chacha20;

use crate::simd::{Simd, Supported};

/// The next 16 blocks of a ChaCha20 state, whose counter moves on. Only for [`Simd::Avx512`]; other levels leave zeros.
pub(super) fn chacha20(simd: Supported, state: &mut [u32; 16], out: &mut [u32; 256]) {
    match simd.level() {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: a `Supported` level's features are present.
        Simd::Avx512 => unsafe { chacha20::blocks(state, out) },
        _ => out.fill(0),
    }
    let counter = (u64::from(state[12]) | (u64::from(state[13]) << 32)).wrapping_add(16);
    (state[12], state[13]) = (counter as u32, (counter >> 32) as u32);
}

/// Appends those of `words` & `mask` that are below `modulus` to `out`, which has room for all of them; returns how many.
pub(crate) fn reject(
    simd: Supported,
    words: &[u32],
    mask: u32,
    modulus: u32,
    out: &mut [u32],
) -> usize {
    let mut done = 0;
    let mut kept = 0;
    #[cfg(target_arch = "x86_64")]
    if simd.level() == Simd::Avx512 && out.len() >= words.len() {
        // SAFETY: a `Supported` level's features are present.
        (done, kept) = unsafe { avx512::reject(words, mask, modulus, out) };
    }
    let _ = simd;
    for word in words.iter().skip(done) {
        let candidate = word & mask;
        if let Some(slot) = out.get_mut(kept) {
            *slot = candidate;
        }
        kept += usize::from(candidate < modulus);
    }
    kept
}

/// Appends the values of {-1, 0, 1} that the pairs of bits of `words` stand for, 3 rejected, to `out` as far as there is
/// room; returns how many there were. `words` are pairs: 64-bit words, the low half first.
pub(super) fn ternary(simd: Supported, words: &[u32], out: &mut [i8]) -> usize {
    let mut done = 0;
    let mut kept = 0;
    #[cfg(target_arch = "x86_64")]
    if simd.level() == Simd::Avx512 && is_x86_feature_detected!("avx512vbmi2") {
        // SAFETY: a `Supported` level's features are present, and VBMI2 has just been found.
        (done, kept) = unsafe { avx512::ternary(words, out) };
    }
    let _ = simd;
    for &word in words.iter().skip(done) {
        let mut word = word;
        for _ in 0..16 {
            if let Some(slot) = out.get_mut(kept) {
                *slot = (word & 3) as i8 - 1;
            }
            kept += usize::from(word & 3 != 3);
            word >>= 2;
        }
    }
    kept
}

/// Coins of one error: 2 * 21.
const COINS: u64 = (1 << 42) - 1;

/// Errors of one batch of words.
pub(super) const ERRORS: usize = 192;

/// Heads among 42 coins, less 21; 128 bits give three errors.
pub(super) fn binomial(simd: Supported, words: &[u32; 256], out: &mut [i8; ERRORS]) {
    #[cfg(target_arch = "x86_64")]
    if simd.level() == Simd::Avx512
        && is_x86_feature_detected!("avx512vpopcntdq")
        && is_x86_feature_detected!("avx512vbmi")
    {
        // SAFETY: a `Supported` level's features are present, and the two others have just been found.
        return unsafe { avx512::binomial(words, out) };
    }
    let _ = simd;
    for (errors, block) in out
        .as_chunks_mut::<3>()
        .0
        .iter_mut()
        .zip(words.as_chunks::<4>().0)
    {
        let [a, b, c, d] = block.map(u64::from);
        let (low, high) = (a | (b << 32), c | (d << 32));
        let coins = [low, (low >> 42) | (high << 22), high >> 20];
        *errors = coins.map(|c| (c & COINS).count_ones() as i8 - 21);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(seed: u64, count: usize) -> Vec<u32> {
        let mut x = seed;
        let mut next = || {
            x = x
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(seed | 1);
            (x >> 32) as u32
        };
        (0..count).map(|_| next()).collect()
    }

    fn scalar() -> Supported {
        Simd::Scalar.verify().unwrap()
    }

    #[test]
    fn rejection_agrees_at_every_length_and_at_the_edges() {
        for (mask, modulus) in [
            ((1 << 30) - 1, 998_244_353),
            (127, 97),
            (u32::MAX >> 1, (1 << 31) - 1),
        ] {
            for length in (0..70).chain([256]) {
                let mut input = words(length as u64 + 5, length);
                for (slot, edge) in input
                    .iter_mut()
                    .step_by(7)
                    .zip([modulus, modulus - 1, 0, u32::MAX].into_iter().cycle())
                {
                    *slot = edge;
                }
                let mut expected = vec![0; length];
                let kept = reject(scalar(), &input, mask, modulus, &mut expected);
                for level in Simd::supported_levels() {
                    let mut out = vec![0; length];
                    let simd = level.verify().unwrap();
                    assert_eq!(reject(simd, &input, mask, modulus, &mut out), kept);
                    assert_eq!(out[..kept], expected[..kept], "{level} length {length}");
                }
            }
        }
    }

    #[test]
    fn ternary_values_agree_at_every_length() {
        for length in (0..40).step_by(2).chain([128, 256]) {
            let mut input = words(length as u64 + 9, length);
            for (slot, edge) in input
                .iter_mut()
                .step_by(5)
                .zip([0, u32::MAX, 0x5555_5555, 0xaaaa_aaaa].into_iter().cycle())
            {
                *slot = edge;
            }
            for room in [0, 1, 63, 64, 65, 16 * length] {
                let mut expected = vec![0; room];
                let kept = ternary(scalar(), &input, &mut expected);
                for level in Simd::supported_levels() {
                    let mut out = vec![0; room];
                    assert_eq!(ternary(level.verify().unwrap(), &input, &mut out), kept);
                    let valid = kept.min(room);
                    assert_eq!(out[..valid], expected[..valid], "{level} length {length}");
                }
            }
        }
    }

    #[test]
    fn errors_agree() {
        for case in 0..20 {
            let mut input: [u32; 256] = words(case, 256).try_into().unwrap();
            if case == 0 {
                input = [u32::MAX; 256];
            }
            let mut expected = [0; ERRORS];
            binomial(scalar(), &input, &mut expected);
            assert!(case != 0 || expected == [21; ERRORS]);
            for level in Simd::supported_levels() {
                let mut out = [0; ERRORS];
                binomial(level.verify().unwrap(), &input, &mut out);
                assert_eq!(out, expected, "{level}");
            }
        }
    }
}
