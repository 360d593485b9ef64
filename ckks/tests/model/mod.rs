//! CKKS once more, from its definition and for tiny rings: coefficients are big integers, products are
//! schoolbook, the embedding is evaluated root by root. It shares no code with the crate.
#![allow(dead_code, reason = "each test binary uses its own part")]

pub mod answers;
pub mod bytes;
pub mod embedding;
pub mod expand;
pub mod ring;
pub mod scheme;
