//! Ciphertexts.
//!
//! ```text
//! ciphertext         level, number of components (1 byte each), scale (8 bytes), components
//! seeded ciphertext  level (1 byte), scale (8 bytes), seed (32 bytes), index (8 bytes), c0
//! ```

use super::cursor::{packed_len, write_poly};
use super::{Kind, open_under, start_under};
use crate::ckks::{Ciphertext, Context, Error, SeededCiphertext};
use std::sync::Arc;

impl Ciphertext {
    /// As bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = start_under(Kind::Ciphertext, self.context.parameters());
        let residues = |part| packed_len(crate::Poly::context(part));
        out.reserve_exact(10 + self.parts.iter().map(residues).sum::<usize>());
        out.extend([self.level as u8, self.parts.len() as u8]);
        out.extend(self.scale.to_le_bytes());
        for part in &self.parts {
            write_poly(&mut out, part);
        }
        out
    }

    /// Reads and checks.
    ///
    /// # Errors
    /// [`FormatError`](super::FormatError) within [`Error::Format`].
    pub fn from_bytes(context: &Arc<Context>, bytes: &[u8]) -> Result<Self, Error> {
        let mut reader = open_under(Kind::Ciphertext, context, bytes)?;
        let level = reader.level(context)?;
        let count = reader.number::<1>("number of components", 2..=3)?;
        let scale = reader.scale()?;
        let ring = context.level_ring(level)?;
        let parts = (0..count)
            .map(|_| reader.poly("ciphertext", ring))
            .collect::<Result<_, _>>()?;
        reader.finish()?;
        Ok(Self {
            context: Arc::clone(context),
            parts,
            level,
            scale,
        })
    }
}

impl SeededCiphertext {
    /// As bytes: c0 and what c1 is expanded from.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = start_under(Kind::SeededCiphertext, self.context.parameters());
        out.push(self.level() as u8);
        out.extend(self.scale.to_le_bytes());
        out.extend(self.seed);
        out.extend(self.index.to_le_bytes());
        write_poly(&mut out, &self.c0);
        out
    }

    /// Reads and checks.
    ///
    /// # Errors
    /// [`FormatError`](super::FormatError) within [`Error::Format`].
    pub fn from_bytes(context: &Arc<Context>, bytes: &[u8]) -> Result<Self, Error> {
        let mut reader = open_under(Kind::SeededCiphertext, context, bytes)?;
        let level = reader.level(context)?;
        let scale = reader.scale()?;
        let seed = reader.array("seed")?;
        let index = u64::from_le_bytes(reader.array("index of the seed")?);
        let c0 = reader.poly("seeded ciphertext", context.level_ring(level)?)?;
        reader.finish()?;
        Ok(Self {
            context: Arc::clone(context),
            c0,
            seed,
            index,
            scale,
        })
    }
}
