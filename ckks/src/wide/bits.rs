//! Integers of up to 56 bits, least significant bit first, without gaps; the last byte is padded with zeros.

use crate::Error;

fn check_bits(bits: u32) -> Result<(), Error> {
    if (1..=super::MAX_BITS).contains(&bits) {
        return Ok(());
    }
    Err(Error::BitWidth {
        what: "packed integers",
        bits,
        min: 1,
        max: super::MAX_BITS,
    })
}

/// Bytes that `count` integers of `bits` bits take.
///
/// # Errors
/// `bits` outside 1..=56, or [`Error::TooLarge`].
pub fn packed_bytes(count: usize, bits: u32) -> Result<usize, Error> {
    check_bits(bits)?;
    let total = count.checked_mul(bits as usize).ok_or(Error::TooLarge {
        what: "packed integers",
        rows: count,
        row: bits as usize,
    })?;
    Ok(total.div_ceil(8))
}

fn check_length(count: usize, bits: u32, got: usize) -> Result<(), Error> {
    let expected = packed_bytes(count, bits)?;
    if got == expected {
        return Ok(());
    }
    Err(Error::Length {
        what: "packed integers",
        expected,
        got,
    })
}

/// Packs integers of `bits` bits (higher bits are dropped) into a slice of exactly their packed length.
///
/// # Errors
/// `bits` outside 1..=56, or the wrong length.
pub fn pack(values: &[u64], bits: u32, out: &mut [u8]) -> Result<(), Error> {
    check_length(values.len(), bits, out.len())?;
    let mask = (1u64 << bits) - 1;
    let (mut held, mut count) = (0u128, 0);
    let mut rest = out;
    for value in values {
        held |= u128::from(value & mask) << count;
        count += bits;
        if count >= 64 {
            // 64 packed bits are still to be written, so there are eight bytes.
            let Some((head, tail)) = std::mem::take(&mut rest).split_first_chunk_mut::<8>() else {
                break;
            };
            *head = (held as u64).to_le_bytes();
            rest = tail;
            held >>= 64;
            count -= 64;
        }
    }
    for (byte, from) in rest.iter_mut().zip(held.to_le_bytes()) {
        *byte = from;
    }
    Ok(())
}

/// Unpacks as many integers of `bits` bits as `values` has elements.
///
/// # Errors
/// `bits` outside 1..=56, the wrong number of bytes, or padding bits that are not zero.
pub fn unpack(bytes: &[u8], bits: u32, values: &mut [u64]) -> Result<(), Error> {
    check_length(values.len(), bits, bytes.len())?;
    let used = (values.len() * bits as usize) % 8;
    if let Some(&byte) = bytes.last()
        && used != 0
        && byte >> used != 0
    {
        return Err(Error::Padding {
            what: "packed integers",
            byte,
        });
    }
    let mask = (1u64 << bits) - 1;
    let (mut held, mut count) = (0u128, 0);
    let mut rest = bytes;
    for value in values {
        if count < bits {
            let (word, taken) = match rest.split_first_chunk::<8>() {
                Some((head, tail)) => {
                    rest = tail;
                    (u64::from_le_bytes(*head), 64)
                }
                None => {
                    let tail = std::mem::take(&mut rest);
                    let word = tail.iter().rev().fold(0, |w, b| (w << 8) | u64::from(*b));
                    (word, 8 * tail.len() as u32)
                }
            };
            held |= u128::from(word) << count;
            count += taken;
        }
        *value = held as u64 & mask;
        held >>= bits;
        count = count.saturating_sub(bits);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_width_matches_the_definition_and_comes_back() {
        for bits in 1..=56u32 {
            for count in [0, 1, 2, 7, 8, 9, 63, 64, 65] {
                let mut x = u64::from(bits);
                let values: Vec<u64> = (0..count)
                    .map(|i| {
                        x = x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                        (if i % 3 == 0 { u64::MAX } else { x >> 3 }) & ((1 << bits) - 1)
                    })
                    .collect();
                let mut bytes = vec![0xaa; packed_bytes(count, bits).unwrap()];
                pack(&values, bits, &mut bytes).unwrap();
                for (i, value) in values.iter().enumerate() {
                    for b in 0..bits as usize {
                        let at = i * bits as usize + b;
                        let bit = bytes[at / 8] >> (at % 8) & 1;
                        assert_eq!(u64::from(bit), value >> b & 1, "{bits} {count}");
                    }
                }
                let mut back = vec![1; count];
                unpack(&bytes, bits, &mut back).unwrap();
                assert_eq!(back, values, "{bits} {count}");
            }
        }
    }

    #[test]
    fn malformed_bytes_are_refused() {
        let mut values = [0; 3];
        assert!(matches!(
            unpack(&[0; 15], 41, &mut values),
            Err(Error::Length {
                expected: 16,
                got: 15,
                ..
            })
        ));
        let mut bytes = [0; 16];
        bytes[15] = 0x08;
        assert!(matches!(
            unpack(&bytes, 41, &mut values),
            Err(Error::Padding { byte: 8, .. })
        ));
        assert!(unpack(&[], 57, &mut []).is_err());
        assert!(packed_bytes(usize::MAX, 2).is_err());
    }
}
