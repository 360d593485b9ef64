//! Residues and words of sixteen values on the wire.

use crate::Error;
use crate::garble::LANES;
use crate::share::power_of_two;

/// Writes residues in as many bytes each, two or four, as the slice has room for.
#[inline(always)]
pub(super) fn write_residue(values: &[u32; LANES], bytes: &mut [u8]) {
    if bytes.len() < 4 * LANES {
        for (v, b) in values.iter().zip(bytes.as_chunks_mut::<2>().0) {
            *b = (*v as u16).to_le_bytes();
        }
    } else {
        for (v, b) in values.iter().zip(bytes.as_chunks_mut::<4>().0) {
            *b = v.to_le_bytes();
        }
    }
}

/// Reads what [`write_residue`] wrote and refuses a residue that is not below `modulus`.
#[inline(always)]
pub(super) fn read_residues(
    what: &'static str,
    bytes: &[u8],
    modulus: u32,
) -> Result<[u32; LANES], Error> {
    let mut values = [0u32; LANES];
    if bytes.len() < 4 * LANES {
        for (v, b) in values.iter_mut().zip(bytes.as_chunks::<2>().0) {
            *v = u32::from(u16::from_le_bytes(*b));
        }
    } else {
        for (v, b) in values.iter_mut().zip(bytes.as_chunks::<4>().0) {
            *v = u32::from_le_bytes(*b);
        }
    }
    let mut largest = 0;
    for v in values {
        largest = largest.max(v);
    }
    if modulus == power_of_two(32) || largest < modulus {
        return Ok(values);
    }
    Err(Error::Malformed {
        what: what.into(),
        detail: format!("residue {largest} is not below {modulus}"),
    })
}

/// Word `i` of a message.
#[inline(always)]
pub(super) fn read_word(bytes: &[u8], i: usize) -> u16 {
    bytes
        .as_chunks::<2>()
        .0
        .get(i)
        .map_or(0, |b| u16::from_le_bytes(*b))
}
