//! Integers modulo a power of two through a ring of several limbs, *exactly*.
//!
//! For Q the product of the limbs and values modulo 2^L, a message m stands for round(m Q / 2^L) in R_Q: a wrap of m by 2^L is
//! a wrap by Q and disappears. Integer linear maps act on it as on m, and
//!
//! ```text
//! encode   x -> round(x Q / 2^L), residue by residue                                            Scaling
//! answer   + (b u + e0, a u + e1);  c1 -> 2^k,  c0 -> 2^(L+2);  + r uniform modulo 2^(L+2)      Responder
//! open     round((c0 2^(k-L-2) + c1 s) / 2^(k-L-2)) modulo 2^(L+2)                              WideDecryptor
//! ```
//!
//! gives the key owner x_c with x_c - r = 4 m + d modulo 2^(L+2). As long as d is in [-2, 1], which [`noise`] proves from public
//! shapes, (x_c + x_s + 2) >> 2 = m modulo 2^L for x_s = -r: nothing of the noise is left in the shared value.
//!
//! c0 travels at L + 2 bits, without a loss against k: one rounding of c0, known to nobody, takes the place of the
//! rounding of the evaluator's share. c1 is multiplied by s and needs the k - L - 2 bits more.

mod answer;
pub mod bits;
pub(crate) mod kernel;
pub mod noise;
mod open;
mod scale;
mod switch;
#[cfg(test)]
mod tests;

pub use answer::{Responder, Term};
pub use open::WideDecryptor;
pub use scale::Scaling;
pub use switch::RnsSwitch;

/// Largest k: c1 is cut into two halves of at most 28 bits for decryption.
pub const MAX_BITS: u32 = 56;

/// Widths of one kind of answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Widths {
    /// L + 2: bits of c0, of the mask and of both shares.
    pub share: u32,
    /// k: bits of c1.
    pub second: u32,
}

impl Widths {
    /// Checks 1 <= `share` < `second` <= [`MAX_BITS`].
    ///
    /// # Errors
    /// [`crate::Error::BitWidth`].
    pub fn new(share: u32, second: u32) -> Result<Self, crate::Error> {
        if (2..=MAX_BITS).contains(&second) && (1..second).contains(&share) {
            return Ok(Self { share, second });
        }
        Err(crate::Error::BitWidth {
            what: "answers modulo a power of two",
            bits: second,
            min: share + 1,
            max: MAX_BITS,
        })
    }

    /// Bytes of one answer that carries `values` coefficients of c0, for ring degree `degree`: c1, then c0.
    ///
    /// # Errors
    /// [`crate::Error::TooLarge`].
    pub fn answer_bytes(&self, degree: usize, values: usize) -> Result<usize, crate::Error> {
        let first = bits::packed_bytes(values, self.share)?;
        let second = bits::packed_bytes(degree, self.second)?;
        first.checked_add(second).ok_or(crate::Error::TooLarge {
            what: "answer",
            rows: values,
            row: 1,
        })
    }
}
