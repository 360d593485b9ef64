//! The secret key: four coefficients a byte, s + 1 in two bits each, lowest first. Which bytes are
//! touched does not depend on the secret, and only one bit of it, whether all coefficients are
//! ternary, decides anything.

use super::{FormatError, Kind, open_under, start_under};
use crate::ckks::{Context, Error, SecretKey};
use std::sync::Arc;
use zeroize::Zeroizing;

impl SecretKey {
    /// As bytes, overwritten on drop. They are the key: keep them as such.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let header = start_under(Kind::SecretKey, self.context().parameters());
        let (quads, _) = self.ternary().as_chunks::<4>();
        // One allocation: growing would leave copies behind.
        let mut out = Zeroizing::new(Vec::with_capacity(header.len() + quads.len()));
        out.extend(header);
        out.extend(quads.iter().map(|quad| {
            let code = |s: &i8| (s + 1) as u8;
            quad.iter().rev().fold(0, |byte, s| (byte << 2) | code(s))
        }));
        out
    }

    /// Reads and checks.
    ///
    /// # Errors
    /// [`FormatError`] within [`Error::Format`].
    pub fn from_bytes(context: &Arc<Context>, bytes: &[u8]) -> Result<Self, Error> {
        let mut reader = open_under(Kind::SecretKey, context, bytes)?;
        let packed = reader.take("secret", context.degree() / 4)?;
        reader.finish()?;
        let mut ternary = Zeroizing::new(vec![0i8; context.degree()]);
        // The code 3, both bits set, stands for nothing.
        let mut invalid = 0;
        for (byte, quad) in packed.iter().zip(ternary.chunks_mut(4)) {
            invalid |= byte & (byte >> 1) & 0b0101_0101;
            for (shift, s) in (0..8).step_by(2).zip(quad) {
                *s = ((byte >> shift) & 3) as i8 - 1;
            }
        }
        if invalid != 0 {
            return Err(FormatError::Ternary.into());
        }
        Ok(Self::from_ternary(context, ternary))
    }
}
