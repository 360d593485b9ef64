//! Values of b bits, least significant bit first, without gaps: value i occupies bits i b to
//! (i + 1) b - 1 of the string, whose bit j is bit j mod 8 of byte j / 8. The last byte is padded with
//! zeros.
//!
//! Eight values are exactly b bytes, so both directions work in groups of eight, each value being one
//! unaligned 64-bit access at byte (i b) / 8 of its group (7 + 32 bits at most).

use super::kernel;
use crate::simd::Supported;
use crate::{Error, ring::check_below};

/// Bytes that `count` values of `bits` bits take, or `None` if that overflows.
pub fn packed_len(count: usize, bits: u32) -> Option<usize> {
    count.checked_mul(bits as usize).map(|b| b.div_ceil(8))
}

fn check_bits(bits: u32) -> Result<(), Error> {
    if (1..=32).contains(&bits) {
        return Ok(());
    }
    Err(Error::BitWidth {
        what: "packed values",
        bits,
        min: 1,
        max: 32,
    })
}

fn length(count: usize, bits: u32) -> Result<usize, Error> {
    check_bits(bits)?;
    packed_len(count, bits).ok_or(Error::TooLarge {
        what: "packed values",
        rows: count,
        row: bits as usize,
    })
}

/// Packs values of `bits` bits.
///
/// # Errors
/// `bits` outside 1..=32, or a value of more bits.
pub fn pack(values: &[u32], bits: u32) -> Result<Vec<u8>, Error> {
    let mut out = vec![0; length(values.len(), bits)?];
    pack_into(values, bits, &mut out)?;
    Ok(out)
}

/// Packs values of `bits` bits into a slice of exactly their packed length.
///
/// # Errors
/// `bits` outside 1..=32, a value of more bits, or the wrong length.
pub fn pack_into(values: &[u32], bits: u32, out: &mut [u8]) -> Result<(), Error> {
    let expected = length(values.len(), bits)?;
    if out.len() != expected {
        return Err(Error::Length {
            what: "packed bytes",
            expected,
            got: out.len(),
        });
    }
    if bits < 32 {
        check_below("values to pack", values, 1u32 << bits, 0)?;
    }
    pack_reduced(Supported::detect(), values, bits, out);
    Ok(())
}

/// [`pack_into`] for values of at most `bits` bits and an `out` of their packed length.
pub(crate) fn pack_reduced(simd: Supported, values: &[u32], bits: u32, out: &mut [u8]) {
    let done = kernel::pack(simd, values, bits, out);
    let values = values.get(done..).unwrap_or_default();
    let out = out.get_mut(done / 8 * bits as usize..).unwrap_or_default();
    let (groups, rest) = values.as_chunks::<8>();
    let (body, tail) = out.split_at_mut(groups.len() * bits as usize);
    for (group, bytes) in groups.iter().zip(body.chunks_exact_mut(bits as usize)) {
        bytes.copy_from_slice(
            pack_group(group, bits)
                .get(..bytes.len())
                .unwrap_or_default(),
        );
    }
    let mut last = [0; 8];
    for (slot, &value) in last.iter_mut().zip(rest) {
        *slot = value;
    }
    tail.copy_from_slice(
        pack_group(&last, bits)
            .get(..tail.len())
            .unwrap_or_default(),
    );
}

/// Eight values to `bits` bytes, zero-padded to 32.
#[inline]
fn pack_group(values: &[u32; 8], bits: u32) -> [u8; 32] {
    let [a, b, c, d, e, f, g, h] = values.map(u64::from);
    // Pairs to 2b <= 64 bits, pairs of pairs to 4b <= 128, and both of those side by side.
    let quad = |a: u64, b: u64, c: u64, d: u64| {
        u128::from(a | (b << bits)) | (u128::from(c | (d << bits)) << (2 * bits))
    };
    let (low, high) = (quad(a, b, c, d), quad(e, f, g, h));
    let width = 4 * bits;
    let (joined, carried) = if width == 128 {
        (low, high)
    } else {
        (low | (high << width), high >> (128 - width))
    };
    let mut bytes = [0; 32];
    let (first, second) = bytes.split_at_mut(16);
    first.copy_from_slice(&joined.to_le_bytes());
    second.copy_from_slice(&carried.to_le_bytes());
    bytes
}

/// Eight values from `bits` bytes that start `bytes`, which holds at least `bits` + 7.
#[inline]
fn unpack_group(bytes: &[u8; 40], bits: u32, mask: u32) -> [u32; 8] {
    let value = |i: u32| {
        let (byte, shift) = ((i * bits / 8) as usize, i * bits % 8);
        let word = bytes.get(byte..).and_then(|b| b.first_chunk::<8>());
        let word = u64::from_le_bytes(word.copied().unwrap_or_default());
        (word >> shift) as u32 & mask
    };
    std::array::from_fn(|i| value(i as u32))
}

/// Unpacks `count` values of `bits` bits.
///
/// # Errors
/// `bits` outside 1..=32, the wrong number of bytes, or padding bits that are not zero.
pub fn unpack_bits(bytes: &[u8], bits: u32, count: usize) -> Result<Vec<u32>, Error> {
    check_length(bytes, bits, count)?;
    let mut values = vec![0u32; count];
    unpack_bits_into(bytes, bits, &mut values)?;
    Ok(values)
}

fn check_length(bytes: &[u8], bits: u32, count: usize) -> Result<(), Error> {
    let expected = length(count, bits)?;
    if bytes.len() == expected {
        return Ok(());
    }
    Err(Error::Length {
        what: "packed bytes",
        expected,
        got: bytes.len(),
    })
}

/// Unpacks values of `bits` bits, as many as `values` has elements.
///
/// # Errors
/// As [`unpack_bits`].
pub fn unpack_bits_into(bytes: &[u8], bits: u32, values: &mut [u32]) -> Result<(), Error> {
    check_length(bytes, bits, values.len())?;
    let used = (values.len() * bits as usize) % 8;
    if let Some(&byte) = bytes.last()
        && used != 0
        && byte >> used != 0
    {
        return Err(Error::Padding {
            what: "packed bytes",
            byte,
        });
    }
    unpack_checked(Supported::detect(), bytes, bits, values);
    Ok(())
}

/// [`unpack_bits_into`] for a width, a length and a padding that have been checked.
pub(crate) fn unpack_checked(simd: Supported, bytes: &[u8], bits: u32, values: &mut [u32]) {
    let done = kernel::unpack(simd, bytes, bits, values);
    let values = values.get_mut(done..).unwrap_or_default();
    let mut rest = bytes.get(done / 8 * bits as usize..).unwrap_or_default();
    let mask = u32::MAX >> (32 - bits);
    let stride = bits as usize;
    for group in values.chunks_mut(8) {
        let mut padded = [0; 40];
        let window = match rest.first_chunk::<40>() {
            Some(window) => window,
            None => {
                for (to, &from) in padded.iter_mut().zip(rest) {
                    *to = from;
                }
                &padded
            }
        };
        for (slot, value) in group.iter_mut().zip(unpack_group(window, bits, mask)) {
            *slot = value;
        }
        rest = rest.get(stride..).unwrap_or_default();
    }
}

/// Unpacks `count` residues modulo `modulus`, packed at the modulus's width (the bits of
/// `modulus` - 1).
///
/// # Errors
/// As [`unpack_bits`], or a value not below the modulus, named by index and value.
pub fn unpack_residues(bytes: &[u8], count: usize, modulus: u32) -> Result<Vec<u32>, Error> {
    let bits = 32 - modulus.saturating_sub(1).leading_zeros();
    let values = unpack_bits(bytes, bits, count)?;
    check_below("received residues", &values, modulus, 0)?;
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Simd;
    use proptest::prelude::*;

    /// Bit by bit, straight from the definition.
    fn reference(values: &[u32], bits: u32) -> Vec<u8> {
        let mut out = vec![0u8; (values.len() * bits as usize).div_ceil(8)];
        for (i, value) in values.iter().enumerate() {
            for b in 0..bits as usize {
                let j = i * bits as usize + b;
                out[j / 8] |= (((value >> b) & 1) as u8) << (j % 8);
            }
        }
        out
    }

    #[test]
    fn every_width_and_remainder_matches_the_definition() {
        let mut x = 1u64;
        for bits in 1..=32 {
            for count in (0..=33).chain([64, 100]) {
                let values: Vec<u32> = (0..count)
                    .map(|i| {
                        x = x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                        let value = if i % 3 == 0 {
                            u32::MAX
                        } else {
                            (x >> 32) as u32
                        };
                        value >> (32 - bits)
                    })
                    .collect();
                let packed = pack(&values, bits).unwrap();
                assert_eq!(
                    packed,
                    reference(&values, bits),
                    "bits {bits} count {count}"
                );
                assert_eq!(unpack_bits(&packed, bits, count).unwrap(), values);
                for level in Simd::supported_levels() {
                    let simd = level.verify().unwrap();
                    let (mut again, mut back) = (vec![0; packed.len()], vec![0; count]);
                    pack_reduced(simd, &values, bits, &mut again);
                    unpack_checked(simd, &packed, bits, &mut back);
                    assert_eq!((&again, &back), (&packed, &values), "{level} bits {bits}");
                }
            }
        }
    }

    #[test]
    fn malformed_bytes_are_refused_with_their_numbers() {
        let q = 998_244_353;
        let packed = pack(&[1, q - 1, 3], 30).unwrap();
        assert_eq!(unpack_residues(&packed, 3, q).unwrap(), [1, q - 1, 3]);
        assert!(matches!(
            unpack_residues(&packed, 4, q),
            Err(Error::Length {
                expected: 15,
                got: 12,
                ..
            })
        ));
        let mut long = packed.clone();
        long.push(0);
        assert!(unpack_residues(&long, 3, q).is_err());
        let bad = pack(&[1, q, 3], 30).unwrap();
        assert!(matches!(
            unpack_residues(&bad, 3, q),
            Err(Error::Residue {
                index: 1,
                value: 998_244_353,
                modulus: 998_244_353,
                ..
            })
        ));
        let mut padded = packed;
        padded[11] |= 0x40;
        assert!(matches!(
            unpack_residues(&padded, 3, q),
            Err(Error::Padding { .. })
        ));
        assert!(matches!(
            pack(&[0, 1 << 22], 22),
            Err(Error::Residue { index: 1, .. })
        ));
        assert!(pack(&[0], 0).is_err());
        assert!(pack(&[0], 33).is_err());
        assert!(unpack_bits(&[0], 0, 1).is_err());
        // A count that no memory could hold is refused before anything is allocated.
        assert!(matches!(
            unpack_bits(&[0], 32, usize::MAX / 8),
            Err(Error::TooLarge { .. })
        ));
        assert!(matches!(
            unpack_bits(&[0], 32, 1 << 40),
            Err(Error::Length { .. })
        ));
    }

    proptest! {
        #[test]
        fn any_bytes_either_unpack_to_what_packs_back_or_are_refused(
            bytes in prop::collection::vec(any::<u8>(), 0..200), bits in 1u32..=32, slack in 0usize..3,
        ) {
            let count = bytes.len() * 8 / bits as usize + slack;
            if let Ok(values) = unpack_bits(&bytes, bits, count) {
                prop_assert_eq!(pack(&values, bits).unwrap(), bytes);
            }
        }
    }
}
