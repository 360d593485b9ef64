//! Parameters: degree (4 bytes), data and special primes (1 byte each), log2 of the scale, security
//! table, whether less than 128 bits is accepted (1 byte each), then the primes, 7 bytes each.

use super::{Kind, open, start};
use crate::SecurityTable;
use crate::ckks::parameters::MAX_PRIMES;
use crate::ckks::{Error, Parameters, ParametersLiteral};
use sha2::{Digest, Sha256};

/// Bytes of a prime below 2^50.
const PRIME: usize = 7;

impl Parameters {
    /// Tells rings apart: SHA-256 over the degree, all primes in order and how many of them are data
    /// primes. Not over the default scale or the security table, on which no object depends.
    pub fn digest(&self) -> [u8; 32] {
        Sha256::new_with_prefix(b"halfmask/ckks/scheme/1")
            .chain_update(self.chain().digest())
            .chain_update((self.data_moduli().len() as u64).to_le_bytes())
            .finalize()
            .into()
    }

    /// As bytes. (As JSON: through `serde`, a [`ParametersLiteral`] that is checked when it is read.)
    pub fn to_bytes(&self) -> Vec<u8> {
        let literal = ParametersLiteral::from(self.clone());
        let mut out = start(Kind::Parameters);
        out.extend((literal.degree as u32).to_le_bytes());
        out.push(literal.data_moduli.len() as u8);
        out.push(literal.special_moduli.len() as u8);
        out.push(literal.log2_scale as u8);
        out.push(match literal.table {
            SecurityTable::Guidelines2024 => 0,
            SecurityTable::Standard2018 => 1,
        });
        out.push(u8::from(literal.allow_insecure));
        for prime in self.chain().moduli() {
            out.extend(prime.to_le_bytes().iter().take(PRIME));
        }
        out
    }

    /// Reads and checks; less than 128 bits of security is refused whatever the bytes say.
    ///
    /// # Errors
    /// [`FormatError`](super::FormatError) within [`Error::Format`], and all that [`Parameters::new`]
    /// refuses.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        read(bytes)?.try_into()
    }

    /// [`Parameters::from_bytes`] that accepts less than 128 bits if the writer did: for experiments.
    ///
    /// # Errors
    /// As [`Parameters::from_bytes`].
    pub fn from_bytes_insecure(bytes: &[u8]) -> Result<Self, Error> {
        Self::new(&read(bytes)?)
    }
}

fn read(bytes: &[u8]) -> Result<ParametersLiteral, Error> {
    let mut reader = open(Kind::Parameters, bytes)?;
    let byte = 0..=u64::from(u8::MAX);
    let primes = 0..=MAX_PRIMES as u64;
    let degree = reader.number::<4>("degree", 0..=u64::from(u32::MAX))? as usize;
    let data = reader.number::<1>("number of data primes", primes.clone())?;
    let special = reader.number::<1>("number of special primes", primes)?;
    let log2_scale = reader.number::<1>("log2 of the scale", byte)? as u32;
    let table = match reader.number::<1>("security table", 0..=1)? {
        0 => SecurityTable::Guidelines2024,
        _ => SecurityTable::Standard2018,
    };
    let allow_insecure = reader.number::<1>("whether insecure is accepted", 0..=1)? == 1;
    let mut primes = |count| {
        let prime = |_| reader.number::<PRIME>("prime", 0..=u64::MAX);
        (0..count).map(prime).collect::<Result<Vec<u64>, _>>()
    };
    let literal = ParametersLiteral {
        degree,
        data_moduli: primes(data)?,
        special_moduli: primes(special)?,
        log2_scale,
        table,
        allow_insecure,
    };
    reader.finish()?;
    Ok(literal)
}
