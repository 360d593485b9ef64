//! Compact bytes for residues. Everything that comes back from bytes is checked: exact length, zero
//! padding, every value below its modulus. Nothing is allocated before the length is known to be right.

mod batches;
mod bitpack;
mod kernel;
mod words;

pub use bitpack::{pack, pack_into, packed_len, unpack_bits, unpack_bits_into, unpack_residues};
pub(crate) use bitpack::{pack_reduced, unpack_checked};
pub(crate) use words::{pack_words, unpack_words};
