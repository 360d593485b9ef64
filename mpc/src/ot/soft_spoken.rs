//! SoftSpoken correlated OT extension (Roy, CRYPTO 2022, eprint 2022/192), semi-honest, with the repetition code.
//!
//! **Result.** The sender holds Δ and keys K_t, the receiver random bits r_t and M_t = K_t + r_t Δ (all in F₂¹²⁸).
//!
//! **Algebra.** Δ is cut into n = 128 / k pieces Δ_i of k bits; k is 1, 2, 4 or 8. For each piece there is a punctured tree
//! (see [`super::ggm`]) with 2^k leaves: the receiver knows all, the sender all but the one at Δ_i. Leaf x is stretched to a
//! bit vector r_x, one bit for each OT. The receiver computes
//!
//! ```text
//! u_i = Σ_x r_x          v_i = Σ_x x ⊗ r_x      (k rows: row j sums the r_x with bit j of x set)
//! ```
//!
//! and the sender, for whom the missing leaf has weight 0,
//!
//! ```text
//! w_i = Σ_x (x + Δ_i) ⊗ r_x  =  v_i + Δ_i ⊗ u_i.
//! ```
//!
//! With u = u_0 as everyone's choice, the receiver sends c_i = u_i + u for i = 1 .. n - 1, and the sender adds Δ_i ⊗ c_i:
//! w_i = v_i + Δ_i ⊗ u. All pieces together are 128 rows W = V + Δ ⊗ u; their columns are K_t = M_t + u_t Δ. Since u is
//! defined by the trees, the choices are random, and only n - 1 bits a COT are sent: (128 / k - 1) / 8 bytes
//! (k = 4: 3.875; k = 1, which is IKNP: 15.875). The price is 2^k / k as much AES.
//!
//! **Simulator (semi-honest).** The sender sees the c_i. Each holds the stream of its tree's hole, AES-CTR under a key it
//! does not know, and no other c holds that one: draw all c_i uniformly, then let the ideal functionality take its keys K_t
//! (a function of the sender's leaves and the c_i). The receiver sees nothing after set-up; its choices are its own u,
//! pseudorandom even to the sender by the hole of tree 0. Δ is hidden perfectly by the base OT.
//!
//! **Parameters.** 128-bit leaves and Δ; the lowest bit of Δ is 1 (colour bit of a garbled label), so 127 bits are free,
//! and so are those of what a hash of M + Δ hides. 2^k · 128 / k leaves encrypt the same counters: guessing any of their
//! keys is at most 2^9 times (k = 8: 2^12) as easy as guessing one. A stream ends after 2^40 blocks (2^47 COTs): the
//! birthday bound against AES as a function then stays below 2^-37.
//!
//! Correlated strings are not OT keys: they must be hashed, with an index that never repeats, before they hide anything.
//! [`Sender::position`] and [`Receiver::position`] count alike on both sides and can serve as that index.

mod receiver;
mod sender;

use zeroize::Zeroizing;

pub use receiver::Receiver;
pub use sender::Sender;

use super::kernel;
use crate::{Error, block::Block};

/// COTs made at a time: a whole chunk is in the cache from the leaves to the columns. What a request leaves over waits
/// for the next one.
pub const CHUNK: usize = 4096;

/// Requests are multiples of this: a word of choices.
pub(super) const GRAIN: usize = 16;

/// Blocks of a row of a chunk.
const WIDTH: usize = CHUNK / 128;

/// Blocks from row to row: an odd number of cache lines, so that a column does not fall into one cache set.
const STRIDE: usize = WIDTH + 4;

/// Blocks that one leaf may be stretched to.
const STREAM_LIMIT: u64 = 1 << 40;

const LABEL: &[u8] = b"halfmask SoftSpoken OT v1";

/// Checks k, and gives the number of trees.
fn trees(k: usize) -> Result<usize, Error> {
    match k {
        1 | 2 | 4 | 8 => Ok(128 / k),
        _ => Err(Error::Malformed {
            what: "OT extension parameter k".into(),
            detail: format!("{k}, expected 1, 2, 4 or 8"),
        }),
    }
}

/// Checks a request's length.
pub(super) fn check_request(what: &'static str, length: usize) -> Result<(), Error> {
    if length.is_multiple_of(GRAIN) {
        Ok(())
    } else {
        Err(Error::Length {
            what,
            length,
            expected: format!("a multiple of {GRAIN}"),
        })
    }
}

/// Where the leaves' streams stand, and whether both parties still agree on it.
struct Progress {
    what: &'static str,
    /// Next block of every stream.
    counter: u64,
    /// Set while a chunk is under way, and left set by an error.
    torn: bool,
}

impl Progress {
    const fn new(what: &'static str) -> Self {
        Self {
            what,
            counter: 0,
            torn: false,
        }
    }

    /// Refuses to go on after an error.
    const fn check(&self) -> Result<(), Error> {
        if self.torn {
            Err(Error::Poisoned { what: self.what })
        } else {
            Ok(())
        }
    }

    /// The counter of a new chunk, never given twice; `torn` until [`Progress::finish`].
    fn begin(&mut self) -> Result<u64, Error> {
        self.check()?;
        if self.counter + WIDTH as u64 > STREAM_LIMIT {
            return Err(Error::Exhausted {
                what: self.what,
                used: self.counter,
            });
        }
        self.torn = true;
        let start = self.counter;
        self.counter += WIDTH as u64;
        Ok(start)
    }

    const fn finish(&mut self) {
        self.torn = false;
    }
}

/// Wiped when dropped.
pub(super) fn zeroed(blocks: usize) -> Zeroizing<Vec<Block>> {
    Zeroizing::new(vec![Block::ZERO; blocks])
}

#[cfg(test)]
mod hostile_tests;
#[cfg(test)]
mod tests;
