//! What is wrong with bytes, and where.

use super::Kind;

/// Why bytes were refused. Offsets count bytes from the start of the object.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// The bytes end too early.
    #[error("{what} at byte {offset}: needs {needed} bytes, {left} are left")]
    Truncated {
        /// The field.
        what: &'static str,
        /// Where it starts.
        offset: usize,
        /// Its length in bytes.
        needed: usize,
        /// Bytes there are.
        left: usize,
    },

    /// The bytes do not end where the object does.
    #[error("the object ends at byte {offset}, {extra} more bytes follow")]
    Trailing {
        /// End of the object.
        offset: usize,
        /// Bytes after it.
        extra: usize,
    },

    /// Not a CKKS object at all.
    #[error("bytes start with {0:02x?}, not with the mark of a CKKS object")]
    Magic([u8; 4]),

    /// A version this library does not read.
    #[error("format version {got}, this library reads version {supported}")]
    Version {
        /// The version found.
        got: u8,
        /// The version understood.
        supported: u8,
    },

    /// Another kind of object.
    #[error("expected {expected}, got kind {got}")]
    Kind {
        /// The kind asked for.
        expected: Kind,
        /// The number found.
        got: u8,
    },

    /// An object of other parameters.
    #[error(
        "parameters' digest starts with {got:016x}, expected {expected:016x}: load the object with the parameters it was made for"
    )]
    Parameters {
        /// First eight bytes of the digest expected, big-endian.
        expected: u64,
        /// First eight bytes of the digest found, big-endian.
        got: u64,
    },

    /// A number outside its range.
    #[error("{what} at byte {offset}: {value} is not in {min}..={max}")]
    Range {
        /// The field.
        what: &'static str,
        /// Where it starts.
        offset: usize,
        /// Its value.
        value: u64,
        /// Smallest value allowed.
        min: u64,
        /// Largest value allowed.
        max: u64,
    },

    /// A scale that is not a finite number of at least 1.
    #[error("scale at byte {offset}: {value} is not a finite number of at least 1")]
    Scale {
        /// Where it starts.
        offset: usize,
        /// Its value.
        value: f64,
    },

    /// A residue that is not reduced.
    #[error(
        "{what}, limb {limb}, starting at byte {offset}: residue {index} is {value}, not below {modulus}"
    )]
    Residue {
        /// The field.
        what: &'static str,
        /// The limb.
        limb: usize,
        /// Where the limb starts.
        offset: usize,
        /// Position in the limb.
        index: usize,
        /// Its value.
        value: u64,
        /// The limb's modulus.
        modulus: u64,
    },

    /// A secret that is not ternary (where is not told: it is a secret).
    #[error("the secret has a coefficient outside -1, 0, 1")]
    Ternary,
}
