//! Hashing labels and correlated-OT strings to pads.
//!
//! The same hash as the gates', under a key of its own domain: group `g` of sixteen strings uses the cipher key
//! `S' xor g`, lane `j` the tweak `j`. A sender hashes `K` and `K xor Delta` under the same `(g, j)`. Every group number is
//! used once in the life of a `Delta` (the caller counts), so pads are independent even where strings repeat.

use crate::aes::{LANES, Limbs, encrypt_groups, hash_groups, hash_pairs};
use crate::block::Block;
use crate::simd::Simd;
use sha2::{Digest, Sha256};

/// The tweaked hash of one domain.
#[derive(Clone, Debug)]
pub struct LabelHash {
    key: Block,
    simd: Simd,
}

/// The orthomorphism `s(L || R) = (L xor R) || L`, `L` the upper half.
#[inline(always)]
pub(crate) fn orthomorphism(x: Block) -> Block {
    let Block([low, high]) = x;
    Block([high, high ^ low])
}

impl LabelHash {
    /// The hash of the domain `domain` in the session with the public seed `session`.
    #[must_use]
    pub fn new(session: &[u8; 32], domain: &str, simd: Simd) -> Self {
        let digest = Sha256::new()
            .chain_update(b"halfmask label hash v1")
            .chain_update(session)
            .chain_update((domain.len() as u64).to_le_bytes())
            .chain_update(domain.as_bytes())
            .finalize();
        let mut key = [0u8; 16];
        for (k, d) in key.iter_mut().zip(digest.iter()) {
            *k = *d;
        }
        Self {
            key: Block::from_bytes(key),
            simd,
        }
    }

    /// The public key of this domain.
    #[must_use]
    pub fn key(&self) -> Block {
        self.key
    }

    /// Replaces every block by its hash; block `i` has group `first_group + i / 16` and lane `i mod 16`.
    pub fn hash(&self, first_group: u64, blocks: &mut [Block], scratch: &mut Vec<Block>) {
        scratch.clear();
        scratch.extend(
            blocks
                .iter()
                .enumerate()
                .map(|(i, x)| orthomorphism(*x) ^ Block([(i % LANES) as u64, 0])),
        );
        blocks.copy_from_slice(scratch);
        encrypt_groups(self.simd, self.key, first_group, blocks);
        for (b, s) in blocks.iter_mut().zip(scratch.iter()) {
            *b ^= *s;
        }
    }

    /// The hashes of whole groups, cut into limbs: group `i` is `first_group + i`. `out` has as many groups as `strings`.
    pub(crate) fn limbs(&self, first_group: u64, strings: &[[Block; LANES]], out: &mut [Limbs]) {
        hash_groups(self.simd, self.key, first_group, strings, out);
    }

    /// What a sender needs: the hashes of `K` and of `K xor delta`, as [`Self::limbs`].
    pub(crate) fn limb_pairs(
        &self,
        first_group: u64,
        delta: Block,
        strings: &[[Block; LANES]],
        out: [&mut [Limbs]; 2],
    ) {
        hash_pairs(self.simd, self.key, first_group, delta, strings, out);
    }
}

/// A uniform 128-bit string as a number below `modulus`: `floor(x modulus / 2^128)`, within `2^-96` of uniform. The modulus
/// `2^32` is written 0 ([`crate::share`]).
#[inline(always)]
#[must_use]
pub fn pad_below(x: Block, modulus: u32) -> u32 {
    let Block([low, high]) = x;
    let m = u128::from(modulus.wrapping_sub(1)) + 1;
    (((u128::from(low) * m) >> 64).wrapping_add(u128::from(high) * m) >> 64) as u32
}

/// [`pad_below`] for sixteen strings in limbs: schoolbook multiplication, of which only the top limb is kept.
#[inline(always)]
#[must_use]
pub(crate) fn pads_below(limbs: &Limbs, modulus: u32) -> [u32; LANES] {
    let Limbs([lowest, second, third, top]) = limbs;
    // Times 2^32.
    if modulus == 0 {
        return *top;
    }
    let m = u64::from(modulus);
    let mut pads = [0; LANES];
    let low = lowest.iter().zip(second);
    for (pad, ((x0, x1), (x2, x3))) in pads.iter_mut().zip(low.zip(third.iter().zip(top))) {
        let mut carry = (u64::from(*x0) * m) >> 32;
        carry = (u64::from(*x1) * m + carry) >> 32;
        carry = (u64::from(*x2) * m + carry) >> 32;
        *pad = ((u64::from(*x3) * m + carry) >> 32) as u32;
    }
    pads
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::SecureRng;

    #[test]
    fn limbs_are_those_of_the_hash_at_every_length() {
        let mut rng = SecureRng::from_seed([3; 32]);
        let mut strings = [[Block::ZERO; LANES]; 37];
        rng.fill_blocks(strings.as_flattened_mut());
        let delta = Block::random(&mut rng);
        for simd in Simd::all_supported() {
            let hash = LabelHash::new(&[7; 32], "test", simd);
            for count in [0, 1, 2, 3, 4, 7, 15, 16, 17, 37] {
                let strings = &strings[..count];
                // Numbers that wrap around, old contents.
                let first = u64::MAX - 3;
                let mut limbs = [(); 3].map(|()| vec![Limbs([[9; LANES]; 4]); count]);
                let [alone, zero, one] = &mut limbs;
                hash.limbs(first, strings, alone);
                hash.limb_pairs(first, delta, strings, [zero, one]);
                for (limbs, shift) in [(alone, Block::ZERO), (zero, Block::ZERO), (one, delta)] {
                    let mut expected: Vec<Block> =
                        strings.as_flattened().iter().map(|x| *x ^ shift).collect();
                    hash.hash(first, &mut expected, &mut Vec::new());
                    for (i, x) in expected.iter().enumerate() {
                        let got: [u32; 4] =
                            std::array::from_fn(|l| limbs[i / LANES].0[l][i % LANES]);
                        let x = x.to_bytes();
                        let x: [u32; 4] = std::array::from_fn(|l| {
                            u32::from_le_bytes(std::array::from_fn(|b| x[4 * l + b]))
                        });
                        assert_eq!(got, x, "{simd}: string {i} of {count} groups");
                    }
                }
            }
        }
    }

    #[test]
    fn pads_of_limbs_are_those_of_blocks() {
        let mut rng = SecureRng::from_seed([4; 32]);
        for round in 0..200 {
            let mut blocks = [Block::ZERO; LANES];
            rng.fill_blocks(&mut blocks);
            [blocks[0], blocks[1]] = [Block([u64::MAX; 2]), Block::ZERO];
            let mut limbs = Limbs::ZERO;
            for (lane, x) in blocks.iter().enumerate() {
                for l in 0..4 {
                    limbs.0[l][lane] = (x.0[l / 2] >> (32 * (l % 2))) as u32;
                }
            }
            let modulus = [0, 1, 2, 998_244_353, u32::MAX, 1 << 31][round % 6];
            let expected = blocks.map(|x| pad_below(x, modulus));
            assert_eq!(pads_below(&limbs, modulus), expected, "{modulus}");
        }
    }

    #[test]
    fn lanes_and_groups_are_separate_and_kernels_agree() {
        let mut seen = std::collections::HashSet::new();
        let mut reference: Option<Vec<[u8; 16]>> = None;
        for simd in Simd::all_supported() {
            let hash = LabelHash::new(&[7; 32], "test", simd);
            let mut blocks = vec![Block([42, 43]); 53];
            hash.hash(1000, &mut blocks, &mut Vec::new());
            let bytes: Vec<[u8; 16]> = blocks.iter().map(|b| b.to_bytes()).collect();
            if let Some(reference) = &reference {
                assert_eq!(*reference, bytes, "{simd}");
            } else {
                // Equal strings in different lanes and groups hash apart.
                assert!(bytes.iter().all(|b| seen.insert(*b)));
                reference = Some(bytes);
            }
        }
        let other = LabelHash::new(&[7; 32], "tesu", Simd::Scalar);
        assert!(other.key() != LabelHash::new(&[7; 32], "test", Simd::Scalar).key());
    }

    #[test]
    fn pads_fill_the_range() {
        assert_eq!(
            pad_below(Block([u64::MAX, u64::MAX]), 998_244_353),
            998_244_352
        );
        assert_eq!(pad_below(Block([0, 0]), 998_244_353), 0);
        assert_eq!(pad_below(Block([0, 1 << 63]), 10), 5);
        assert_eq!(pad_below(Block([7, 0xdead_beef << 32]), 0), 0xdead_beef);
    }
}
