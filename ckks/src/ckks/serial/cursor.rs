//! Reading and writing fields, all little-endian.

use super::FormatError;
use crate::ckks::Context;
use crate::ring::{Representation, check_below};
use crate::wire::{pack_words, unpack_words};
use crate::{Poly, RingContext};
use std::{ops::RangeInclusive, sync::Arc};

/// Bytes not yet read. Whatever a field declares, no more is taken than there is.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
    offset: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self {
            rest: bytes,
            offset: 0,
        }
    }

    pub(super) fn take(
        &mut self,
        what: &'static str,
        count: usize,
    ) -> Result<&'a [u8], FormatError> {
        let Some((field, rest)) = self.rest.split_at_checked(count) else {
            return Err(FormatError::Truncated {
                what,
                offset: self.offset,
                needed: count,
                left: self.rest.len(),
            });
        };
        self.rest = rest;
        self.offset += count;
        Ok(field)
    }

    pub(super) fn array<const L: usize>(
        &mut self,
        what: &'static str,
    ) -> Result<[u8; L], FormatError> {
        let mut field = [0; L];
        field.copy_from_slice(self.take(what, L)?);
        Ok(field)
    }

    pub(super) fn byte(&mut self, what: &'static str) -> Result<u8, FormatError> {
        self.array::<1>(what).map(|[byte]| byte)
    }

    /// A number of `L` <= 8 bytes that lies in `range`.
    pub(super) fn number<const L: usize>(
        &mut self,
        what: &'static str,
        range: RangeInclusive<u64>,
    ) -> Result<u64, FormatError> {
        let offset = self.offset;
        let field = self.array::<L>(what)?;
        let value = field.iter().rfold(0, |x, &b| (x << 8) | u64::from(b));
        if range.contains(&value) {
            return Ok(value);
        }
        Err(FormatError::Range {
            what,
            offset,
            value,
            min: *range.start(),
            max: *range.end(),
        })
    }

    /// A level of `context`.
    pub(super) fn level(&mut self, context: &Context) -> Result<usize, FormatError> {
        let max = context.parameters().max_level() as u64;
        Ok(self.number::<1>("level", 0..=max)? as usize)
    }

    /// A finite scale of at least 1, as every operation keeps it.
    pub(super) fn scale(&mut self) -> Result<f64, FormatError> {
        let offset = self.offset;
        let value = f64::from_le_bytes(self.array("scale")?);
        if value.is_finite() && value >= 1.0 {
            return Ok(value);
        }
        Err(FormatError::Scale { offset, value })
    }

    /// An element of `ring`. Nothing is allocated before its bytes are known to be there.
    pub(super) fn poly<R: Representation>(
        &mut self,
        what: &'static str,
        ring: &Arc<RingContext<u64>>,
    ) -> Result<Poly<R, u64>, FormatError> {
        let mut offset = self.offset;
        let mut packed = self.take(what, packed_len(ring))?;
        let mut words = vec![0; ring.element_words()];
        let limbs = words.chunks_mut(ring.degree()).zip(ring.moduli());
        for (limb, (words, modulus)) in limbs.enumerate() {
            let (bytes, rest) = packed.split_at(limb_len(ring.degree(), modulus.bits()));
            unpack_words(bytes, modulus.bits(), words);
            let modulus = modulus.value();
            if let Err(crate::Error::Residue { index, value, .. }) =
                check_below(what, words, modulus, 0)
            {
                return Err(FormatError::Residue {
                    what,
                    limb,
                    offset,
                    index,
                    value,
                    modulus,
                });
            }
            packed = rest;
            offset += bytes.len();
        }
        Ok(Poly::from_trusted(ring, words))
    }

    /// Refuses bytes after the object.
    pub(super) fn finish(self) -> Result<(), FormatError> {
        if self.rest.is_empty() {
            return Ok(());
        }
        Err(FormatError::Trailing {
            offset: self.offset,
            extra: self.rest.len(),
        })
    }
}

/// Bytes of one limb: N is a multiple of eight.
fn limb_len(degree: usize, bits: u32) -> usize {
    degree / 8 * bits as usize
}

/// Bytes of an element of `ring`.
pub(super) fn packed_len(ring: &RingContext<u64>) -> usize {
    let limb = |m: &crate::Modulus<u64>| limb_len(ring.degree(), m.bits());
    ring.moduli().map(limb).sum()
}

/// Appends every limb at the width of its prime.
pub(super) fn write_poly<R: Representation>(out: &mut Vec<u8>, poly: &Poly<R, u64>) {
    let ring = poly.context();
    out.reserve_exact(packed_len(ring));
    for (modulus, limb) in ring.moduli().zip(poly.words().chunks(ring.degree())) {
        pack_words(limb, modulus.bits(), out);
    }
}
