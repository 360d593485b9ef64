//! Correlated OTs of residues, with the choices still random.
//!
//! The sender holds `P_0` and `P_0 - P_1`, the chooser a random bit `r` and `P_r`. Then the sender's message for `D` is
//! `m = P_0 - P_1 + D`, and the chooser has `P_r + r m = P_0 + r D`.

use crate::garble::{LANES, Limbs, pads_below};
use crate::share::{add_mod, negate_if, select, sub_mod};
use zeroize::{Zeroize, Zeroizing};

/// The sender's half, for one chunk.
pub(super) struct SentPads {
    pub(super) zero: Zeroizing<Vec<u32>>,
    pub(super) difference: Zeroizing<Vec<u32>>,
}

/// The chooser's half, for one chunk: a word of choices for sixteen pads.
pub(super) struct ChosenPads {
    pub(super) choices: Zeroizing<Vec<u16>>,
    pub(super) pads: Zeroizing<Vec<u32>>,
}

impl SentPads {
    pub(super) fn new(len: usize) -> Self {
        Self {
            zero: Zeroizing::new(vec![0; len]),
            difference: Zeroizing::new(vec![0; len]),
        }
    }

    /// Sets the pads of block `block` from the hashes of both strings.
    #[inline(always)]
    pub(super) fn set(&mut self, block: usize, zero: &Limbs, one: &Limbs, modulus: u32) {
        let (zero, one) = (pads_below(zero, modulus), pads_below(one, modulus));
        let zeros = self.zero.as_chunks_mut::<LANES>().0.get_mut(block);
        let differences = self.difference.as_chunks_mut::<LANES>().0.get_mut(block);
        if let (Some(z), Some(d)) = (zeros, differences) {
            *z = zero;
            for (d, (zero, one)) in d.iter_mut().zip(zero.iter().zip(one)) {
                *d = sub_mod(*zero, one, modulus);
            }
        }
    }

    /// The pads from `at` on, which leave this chunk.
    pub(super) fn split_off(&mut self, at: usize) -> Self {
        Self {
            zero: Zeroizing::new(self.zero.split_off(at)),
            difference: Zeroizing::new(self.difference.split_off(at)),
        }
    }

    /// Overwrites the pads, in place.
    pub(super) fn wipe(&mut self) {
        self.zero.as_mut_slice().zeroize();
        self.difference.as_mut_slice().zeroize();
    }
}

impl ChosenPads {
    pub(super) fn new(len: usize) -> Self {
        Self {
            choices: Zeroizing::new(vec![0; len / LANES]),
            pads: Zeroizing::new(vec![0; len]),
        }
    }

    /// Sets the pads of block `block` from the hashes of the chosen strings.
    #[inline(always)]
    pub(super) fn set(&mut self, block: usize, choices: u16, hashes: &Limbs, modulus: u32) {
        if let Some(c) = self.choices.get_mut(block) {
            *c = choices;
        }
        if let Some(pads) = self.pads.as_chunks_mut::<LANES>().0.get_mut(block) {
            *pads = pads_below(hashes, modulus);
        }
    }

    /// The pads from `at` on, a multiple of sixteen, which leave this chunk.
    pub(super) fn split_off(&mut self, at: usize) -> Self {
        Self {
            choices: Zeroizing::new(self.choices.split_off(at / LANES)),
            pads: Zeroizing::new(self.pads.split_off(at)),
        }
    }

    /// Overwrites choices and pads, in place.
    pub(super) fn wipe(&mut self) {
        self.choices.as_mut_slice().zeroize();
        self.pads.as_mut_slice().zeroize();
    }
}

/// The sender's message and share for the product of `number` with a choice that is already corrected by `d`: the pads
/// change places if `d` is 1. Returns `(m, -P)`.
#[inline(always)]
pub(super) fn send_corrected(
    (zero, difference): (u32, u32),
    d: u32,
    number: u32,
    q: u32,
) -> (u32, u32) {
    let first = sub_mod(zero, select(d, difference), q);
    let message = add_mod(negate_if(d, difference, q), number, q);
    (message, sub_mod(0, first, q))
}

/// The sender's share of `c D` once `d = r xor c` is known, where its message was for the random choice `r`:
/// `c D = d D + (1 - 2d) r D`.
#[inline(always)]
pub(super) fn correct_sent(zero: u32, d: u32, number: u32, q: u32) -> u32 {
    add_mod(select(d, number), negate_if(d, sub_mod(0, zero, q), q), q)
}

/// The chooser's share of `c D` likewise, from `P_r` and the message.
#[inline(always)]
pub(super) fn correct_chosen(pad: u32, r: u32, d: u32, message: u32, q: u32) -> u32 {
    negate_if(d, add_mod(pad, select(r, message), q), q)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_of_products_add_up_exhaustively() {
        let q = 7;
        for p0 in 0..q {
            for p1 in 0..q {
                let difference = sub_mod(p0, p1, q);
                for number in 0..q {
                    for r in 0..2 {
                        for c in 0..2 {
                            let (pad, d) = ([p0, p1][r as usize], r ^ c);
                            let (m, own) = send_corrected((p0, difference), d, number, q);
                            let theirs = add_mod(pad, select(c, m), q);
                            assert_eq!(add_mod(own, theirs, q), c * number);
                            let m = add_mod(difference, number, q);
                            let own = correct_sent(p0, d, number, q);
                            let theirs = correct_chosen(pad, r, d, m, q);
                            assert_eq!(add_mod(own, theirs, q), c * number);
                        }
                    }
                }
            }
        }
    }
}
