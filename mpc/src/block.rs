//! 128-bit blocks: wire labels, OT strings, PRG seeds, and the global offset Δ.
//!
//! A [`Block`] is an element of F₂¹²⁸ under XOR. Both the garbler's free-XOR offset and the OT sender's correlation are
//! the same [`Delta`], whose lowest bit is fixed to 1 (point and permute), so that 127 of its bits are free.

use std::{
    fmt,
    ops::{BitAnd, BitXor, BitXorAssign, Not},
};

use rand_core::CryptoRng;
use subtle::{Choice, ConstantTimeEq};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Bytes in a [`Block`].
pub const BLOCK_BYTES: usize = 16;

/// 128 bits, little-endian: word 0 holds bits 0..64, word 1 bits 64..128.
///
/// `Debug` prints no contents, since blocks are mostly secrets.
#[derive(Copy, Clone, Default, PartialEq, Eq)]
#[repr(C, align(16))]
pub struct Block(pub [u64; 2]);

impl Block {
    /// The all-zero block.
    pub const ZERO: Self = Self([0, 0]);

    /// The block of these 16 bytes, little-endian.
    #[must_use]
    #[inline(always)]
    pub const fn from_bytes(bytes: [u8; BLOCK_BYTES]) -> Self {
        let value = u128::from_le_bytes(bytes);
        Self([value as u64, (value >> 64) as u64])
    }

    /// These 128 bits as 16 bytes, little-endian.
    #[must_use]
    #[inline(always)]
    pub const fn to_bytes(self) -> [u8; BLOCK_BYTES] {
        let Self([low, high]) = self;
        ((low as u128) | ((high as u128) << 64)).to_le_bytes()
    }

    /// Bit 0 (the colour bit of a label): 0 or 1.
    #[must_use]
    #[inline(always)]
    pub const fn lsb(self) -> u64 {
        let Self([low, _]) = self;
        low & 1
    }

    /// All ones if the lowest bit of `bit` is 1, else all zeros, without a branch.
    #[must_use]
    #[inline(always)]
    pub const fn mask(bit: u64) -> Self {
        let word = (bit & 1).wrapping_neg();
        Self([word, word])
    }

    /// `self` if the lowest bit of `bit` is 1, else zero, without a branch.
    #[must_use]
    #[inline(always)]
    pub fn and_mask(self, bit: u64) -> Self {
        self & Self::mask(bit)
    }

    /// A uniform block.
    #[must_use]
    pub fn random(rng: &mut (impl CryptoRng + ?Sized)) -> Self {
        Self([rng.next_u64(), rng.next_u64()])
    }
}

/// Writes `blocks` to `bytes`, 16 little-endian bytes each. Copies the shorter of the two lengths.
#[inline]
pub fn blocks_to_bytes(blocks: &[Block], bytes: &mut [u8]) {
    for (block, chunk) in blocks.iter().zip(bytes.chunks_exact_mut(BLOCK_BYTES)) {
        chunk.copy_from_slice(&block.to_bytes());
    }
}

/// Reads `blocks` from `bytes`, 16 little-endian bytes each. Copies the shorter of the two lengths.
#[inline]
pub fn blocks_from_bytes(bytes: &[u8], blocks: &mut [Block]) {
    for (block, chunk) in blocks.iter_mut().zip(bytes.as_chunks::<BLOCK_BYTES>().0) {
        *block = Block::from_bytes(*chunk);
    }
}

impl BitXor for Block {
    type Output = Self;

    #[inline(always)]
    fn bitxor(self, rhs: Self) -> Self {
        let (Self([a, b]), Self([c, d])) = (self, rhs);
        Self([a ^ c, b ^ d])
    }
}

impl BitXorAssign for Block {
    #[inline(always)]
    fn bitxor_assign(&mut self, rhs: Self) {
        *self = *self ^ rhs;
    }
}

impl BitAnd for Block {
    type Output = Self;

    #[inline(always)]
    fn bitand(self, rhs: Self) -> Self {
        let (Self([a, b]), Self([c, d])) = (self, rhs);
        Self([a & c, b & d])
    }
}

impl Not for Block {
    type Output = Self;

    #[inline(always)]
    fn not(self) -> Self {
        let Self([a, b]) = self;
        Self([!a, !b])
    }
}

impl ConstantTimeEq for Block {
    fn ct_eq(&self, other: &Self) -> Choice {
        self.0.ct_eq(&other.0)
    }
}

impl Zeroize for Block {
    fn zeroize(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Block(..)")
    }
}

/// The global offset Δ of one party in one direction: lowest bit 1, 127 bits uniform. Zeroised when dropped.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Delta(Block);

impl Delta {
    /// A uniform offset.
    #[must_use]
    pub fn random(rng: &mut (impl CryptoRng + ?Sized)) -> Self {
        Self::new(Block::random(rng))
    }

    /// The offset `block` with its lowest bit set to 1.
    #[must_use]
    pub const fn new(block: Block) -> Self {
        let Block([low, high]) = block;
        Self(Block([low | 1, high]))
    }

    /// The offset as a block.
    #[must_use]
    #[inline(always)]
    pub const fn block(&self) -> Block {
        self.0
    }
}

impl fmt::Debug for Delta {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Delta(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::SecureRng;

    #[test]
    fn bytes_are_little_endian() {
        let mut bytes = [0_u8; 16];
        for (i, byte) in bytes.iter_mut().enumerate() {
            *byte = i as u8;
        }
        let block = Block::from_bytes(bytes);
        assert_eq!(block.0, [0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908]);
        assert_eq!(block.to_bytes(), bytes);
    }

    #[test]
    fn slices_round_trip() {
        let mut rng = SecureRng::from_seed([1; 32]);
        let blocks: Vec<Block> = (0..37).map(|_| Block::random(&mut rng)).collect();
        let mut bytes = vec![0_u8; 37 * BLOCK_BYTES];
        blocks_to_bytes(&blocks, &mut bytes);
        let mut back = vec![Block::ZERO; 37];
        blocks_from_bytes(&bytes, &mut back);
        assert!(blocks == back);
        assert_eq!(bytes[16..32], blocks[1].to_bytes());
    }

    #[test]
    fn masks_select() {
        let block = Block([3, 5]);
        assert!(block.and_mask(0) == Block::ZERO);
        assert!(block.and_mask(1) == block);
        assert!(block.and_mask(2) == Block::ZERO);
        assert!(!Block::ZERO == Block::mask(1));
    }

    #[test]
    fn delta_has_lowest_bit_one() {
        let mut rng = SecureRng::from_seed([2; 32]);
        for _ in 0..64 {
            assert_eq!(Delta::random(&mut rng).block().lsb(), 1);
        }
    }

    #[test]
    fn debug_hides_contents() {
        let shown = format!(
            "{:?} {:?}",
            Block([0xdead, 0xbeef]),
            Delta::new(Block([0xdead, 0xbeef]))
        );
        assert_eq!(shown, "Block(..) Delta(..)");
    }
}
