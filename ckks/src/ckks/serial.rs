//! Compact, versioned, checked bytes.
//!
//! ```text
//! header   "HMCK" | version: 1 byte | kind: 1 byte | digest of the parameters: 32 bytes
//! body     numbers little-endian; residues limb by limb, each packed at the width of its prime
//! ```
//!
//! The digest refuses an object that was made for another ring, whose residues could pass for valid.
//! Halves that are uniform travel as the seed that they are expanded from. Parameters stand without a
//! digest: they are what the others are checked against. There is no checksum: bytes that were changed
//! on the way are refused or give another valid object, so where that matters they must be
//! authenticated.
//!
//! Reading trusts nothing: every field is checked against its range, every residue against its prime;
//! no more is allocated than a constant times the bytes received; bytes after the object are refused.
//!
//! Sizes in bytes, without the header's 38 (6 for parameters); b(Q) is the sum of the widths of the
//! data primes at the object's level, b(QP) that of all primes, d the number of digits:
//!
//! | object | bytes | N = 8192, 3 x 50 + 50 bits | N = 16384, 4 x 48, 4 x 47 + 50 bits |
//! |---|---|---|---|
//! | parameters | 9 + 7 a prime | 37 | 72 |
//! | secret key | N/4 | 2,048 | 4,096 |
//! | public key | 32 + N b(QP)/8 | 204,832 | 880,672 |
//! | switching key | 40 + d N b(QP)/8 | 614,440 | 7,045,160 |
//! | evaluation keys | 5, a switching key each, 4 a Galois key | | |
//! | plaintext | 9 + N b(Q)/8 | 153,609 | 778,249 |
//! | seeded ciphertext | 49 + N b(Q)/8 | 153,649 | 778,289 |
//! | ciphertext | 10 + 2 N b(Q)/8 | 307,210 | 1,556,490 |

mod ciphertext;
mod cursor;
mod error;
mod keys;
mod parameters;
mod plaintext;
mod secret;

pub use error::FormatError;

use super::{Context, Parameters};
use cursor::Reader;

const MAGIC: [u8; 4] = *b"HMCK";
const VERSION: u8 = 1;

/// What bytes hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// [`Parameters`].
    Parameters = 1,
    /// [`Plaintext`](super::Plaintext).
    Plaintext = 2,
    /// [`Ciphertext`](super::Ciphertext).
    Ciphertext = 3,
    /// [`SeededCiphertext`](super::SeededCiphertext).
    SeededCiphertext = 4,
    /// [`PublicKey`](super::PublicKey).
    PublicKey = 5,
    /// [`SwitchingKey`](super::SwitchingKey).
    SwitchingKey = 6,
    /// [`EvaluationKeys`](super::EvaluationKeys).
    EvaluationKeys = 7,
    /// [`SecretKey`](super::SecretKey).
    SecretKey = 8,
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = match self {
            Self::Parameters => "parameters",
            Self::Plaintext => "a plaintext",
            Self::Ciphertext => "a ciphertext",
            Self::SeededCiphertext => "a seeded ciphertext",
            Self::PublicKey => "a public key",
            Self::SwitchingKey => "a switching key",
            Self::EvaluationKeys => "evaluation keys",
            Self::SecretKey => "a secret key",
        };
        write!(f, "{name} (kind {})", *self as u8)
    }
}

/// Magic, version and kind.
fn start(kind: Kind) -> Vec<u8> {
    let mut out = MAGIC.to_vec();
    out.extend([VERSION, kind as u8]);
    out
}

/// Checks magic, version and kind.
fn open(kind: Kind, bytes: &[u8]) -> Result<Reader<'_>, FormatError> {
    let mut reader = Reader::new(bytes);
    let magic = reader.array("mark")?;
    if magic != MAGIC {
        return Err(FormatError::Magic(magic));
    }
    let got = reader.byte("version")?;
    if got != VERSION {
        return Err(FormatError::Version {
            got,
            supported: VERSION,
        });
    }
    let got = reader.byte("kind")?;
    if got != kind as u8 {
        return Err(FormatError::Kind {
            expected: kind,
            got,
        });
    }
    Ok(reader)
}

/// The header of an object under `parameters`.
fn start_under(kind: Kind, parameters: &Parameters) -> Vec<u8> {
    let mut out = start(kind);
    out.extend(parameters.digest());
    out
}

/// Checks the header of an object under `context`.
fn open_under<'a>(
    kind: Kind,
    context: &Context,
    bytes: &'a [u8],
) -> Result<Reader<'a>, FormatError> {
    let mut reader = open(kind, bytes)?;
    let (expected, got) = (
        context.parameters().digest(),
        reader.array::<32>("digest of the parameters")?,
    );
    if got == expected {
        return Ok(reader);
    }
    let head = |digest: [u8; 32]| {
        let head = digest.first_chunk().copied().unwrap_or_default();
        u64::from_be_bytes(head)
    };
    Err(FormatError::Parameters {
        expected: head(expected),
        got: head(got),
    })
}

#[cfg(test)]
mod tests;
