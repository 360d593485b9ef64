//! The packing of this module for residues of 64-bit words: value i occupies bits i b to
//! (i + 1) b - 1. A limb has a multiple of eight values, so it ends on a whole byte and needs no padding.
//! The access pattern depends on the width alone.

/// Appends values of `bits` bits (1 to 64), a multiple of eight of them.
pub(crate) fn pack_words(values: &[u64], bits: u32, out: &mut Vec<u8>) {
    debug_assert!((1..=64).contains(&bits) && values.len().is_multiple_of(8));
    out.reserve(values.len() / 8 * bits as usize);
    let (mut pending, mut filled) = (0u128, 0);
    for &value in values {
        pending |= u128::from(value) << filled;
        filled += bits;
        if filled >= 64 {
            out.extend_from_slice(&(pending as u64).to_le_bytes());
            pending >>= 64;
            filled -= 64;
        }
    }
    let last = (pending as u64).to_le_bytes();
    out.extend(last.iter().take(filled as usize / 8));
}

/// Unpacks values of `bits` bits (1 to 64) from as many bytes as [`pack_words`] gave.
pub(crate) fn unpack_words(bytes: &[u8], bits: u32, values: &mut [u64]) {
    debug_assert!((1..=64).contains(&bits));
    debug_assert_eq!(bytes.len() * 8, values.len() * bits as usize);
    let mask = u64::MAX >> (64 - bits);
    let (words, tail) = bytes.as_chunks::<8>();
    let mut last = [0; 8];
    for (to, &from) in last.iter_mut().zip(tail) {
        *to = from;
    }
    let mut words = words.iter().chain(std::iter::once(&last));
    let (mut pending, mut filled) = (0u128, 0);
    for value in values {
        if filled < bits {
            let word = words.next().copied().unwrap_or_default();
            pending |= u128::from(u64::from_le_bytes(word)) << filled;
            filled += 64;
        }
        *value = pending as u64 & mask;
        pending >>= bits;
        filled -= bits;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_width_matches_the_definition_and_comes_back() {
        let mut x = 1u64;
        for bits in 1..=64u32 {
            for count in [8, 32, 40] {
                let values: Vec<u64> = (0..count)
                    .map(|i| {
                        x = x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                        let value = if i % 3 == 0 { u64::MAX } else { x };
                        value >> (64 - bits)
                    })
                    .collect();
                let mut expected = vec![0u8; count * bits as usize / 8];
                for (i, value) in values.iter().enumerate() {
                    for b in 0..bits as usize {
                        let j = i * bits as usize + b;
                        expected[j / 8] |= (((value >> b) & 1) as u8) << (j % 8);
                    }
                }
                let mut packed = vec![0xa5];
                pack_words(&values, bits, &mut packed);
                assert_eq!(packed[1..], expected, "bits {bits} count {count}");
                let mut back = vec![0; count];
                unpack_words(&expected, bits, &mut back);
                assert_eq!(back, values, "bits {bits} count {count}");
            }
        }
    }
}
