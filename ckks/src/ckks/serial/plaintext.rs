//! A plaintext: level (1 byte), scale (8 bytes), residues.

use super::cursor::write_poly;
use super::{Kind, open_under, start_under};
use crate::ckks::{Context, Error, Plaintext};
use std::sync::Arc;

impl Plaintext {
    /// As bytes. They are the message: whoever keeps them keeps it.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = start_under(Kind::Plaintext, self.context.parameters());
        out.push(self.level() as u8);
        out.extend(self.scale.to_le_bytes());
        write_poly(&mut out, &self.poly);
        out
    }

    /// Reads and checks.
    ///
    /// # Errors
    /// [`FormatError`](super::FormatError) within [`Error::Format`].
    pub fn from_bytes(context: &Arc<Context>, bytes: &[u8]) -> Result<Self, Error> {
        let mut reader = open_under(Kind::Plaintext, context, bytes)?;
        let level = reader.level(context)?;
        let scale = reader.scale()?;
        let poly = reader.poly("plaintext", context.level_ring(level)?)?;
        reader.finish()?;
        Ok(Self {
            context: Arc::clone(context),
            poly,
            scale,
        })
    }
}
