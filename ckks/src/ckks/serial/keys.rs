//! Public and evaluation keys.
//!
//! ```text
//! public key       seed (32 bytes), b
//! switching key    seed (32 bytes), index of a_0 (8 bytes), one b_d a digit
//! evaluation keys  1 and the relinearisation key or 0, number of Galois keys (4 bytes), then by
//!                  growing g: g (4 bytes) and its key
//! ```

use super::cursor::{Reader, write_poly};
use super::{Kind, open_under, start_under};
use crate::ckks::{Context, Error, EvaluationKeys, GaloisKey, PublicKey, SwitchingKey};
use std::sync::Arc;

impl PublicKey {
    /// As bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = start_under(Kind::PublicKey, self.context().parameters());
        out.extend(self.seed());
        write_poly(&mut out, self.b());
        out
    }

    /// Reads and checks, and expands a.
    ///
    /// # Errors
    /// [`FormatError`](super::FormatError) within [`Error::Format`].
    pub fn from_bytes(context: &Arc<Context>, bytes: &[u8]) -> Result<Self, Error> {
        let mut reader = open_under(Kind::PublicKey, context, bytes)?;
        let seed = reader.array("seed")?;
        let b = reader.poly("public key", context.key_ring())?;
        reader.finish()?;
        Self::from_seed(context, seed, b)
    }
}

fn write_switching_key(out: &mut Vec<u8>, key: &SwitchingKey) {
    out.extend(key.seed());
    out.extend(key.index().to_le_bytes());
    for b in key.b() {
        write_poly(out, b);
    }
}

fn read_switching_key(
    reader: &mut Reader<'_>,
    context: &Arc<Context>,
) -> Result<SwitchingKey, Error> {
    let parameters = context.parameters();
    let digits = parameters.digits(parameters.max_level());
    let seed = reader.array("seed")?;
    let index = u64::from_le_bytes(reader.array("index of the seed")?);
    let b = (0..digits)
        .map(|_| reader.poly("switching key", context.key_ring()))
        .collect::<Result<_, _>>()?;
    SwitchingKey::from_seed(context, seed, index, b)
}

impl SwitchingKey {
    /// As bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = start_under(Kind::SwitchingKey, self.context().parameters());
        write_switching_key(&mut out, self);
        out
    }

    /// Reads and checks, and expands the a_d.
    ///
    /// # Errors
    /// [`FormatError`](super::FormatError) within [`Error::Format`], or indices beyond 2^64.
    pub fn from_bytes(context: &Arc<Context>, bytes: &[u8]) -> Result<Self, Error> {
        let mut reader = open_under(Kind::SwitchingKey, context, bytes)?;
        let key = read_switching_key(&mut reader, context)?;
        reader.finish()?;
        Ok(key)
    }
}

impl EvaluationKeys {
    /// As bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = start_under(Kind::EvaluationKeys, self.context().parameters());
        let relinearization = self.relinearization().ok();
        out.push(u8::from(relinearization.is_some()));
        if let Some(key) = relinearization {
            write_switching_key(&mut out, key);
        }
        out.extend((self.galois().len() as u32).to_le_bytes());
        for key in self.galois() {
            out.extend((key.automorphism().element() as u32).to_le_bytes());
            write_switching_key(&mut out, key.switching_key());
        }
        out
    }

    /// Reads and checks, and expands the uniform halves.
    ///
    /// # Errors
    /// [`FormatError`](super::FormatError) within [`Error::Format`], an even Galois element, or indices
    /// beyond 2^64.
    pub fn from_bytes(context: &Arc<Context>, bytes: &[u8]) -> Result<Self, Error> {
        let mut reader = open_under(Kind::EvaluationKeys, context, bytes)?;
        let relinearization = match reader.number::<1>("whether to relinearise", 0..=1)? {
            0 => None,
            _ => Some(read_switching_key(&mut reader, context)?),
        };
        let degree = context.degree() as u64;
        let count = reader.number::<4>("number of Galois keys", 0..=degree)?;
        let (mut galois, mut next) = (Vec::new(), 1);
        for _ in 0..count {
            let element = reader.number::<4>("Galois element", next..=2 * degree - 1)?;
            let key = read_switching_key(&mut reader, context)?;
            galois.push(GaloisKey::from_key(element, key)?);
            next = element + 1;
        }
        reader.finish()?;
        Self::from_keys(context, relinearization, galois)
    }
}
