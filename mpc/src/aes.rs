//! AES-128 as the fixed primitive of hashing and of pseudorandom streams, in batches.
//!
//! Four uses, four shapes:
//!
//! * [`expand_keys`] schedules many keys at once (a garbled gate has a key of its own);
//! * [`ctr`] stretches one seed: block `i` is `AES_k(start + i)`;
//! * [`encrypt_groups`] enciphers consecutive groups of sixteen blocks, each group under its own key;
//! * `hash_groups` and `hash_pairs` do that as the label hash of OT strings, in one pass ([`crate::garble::LabelHash`]).
//!
//! Every kernel computes the same function. The portable one calls the `aes` crate, which is also the oracle
//! of the tests; the others are in the private `kernel` folder. The instruction set is looked at once a call.

mod kernel;

pub(crate) use kernel::portable_encrypt;
#[cfg(target_arch = "x86_64")]
pub(crate) use kernel::{aesni, narrow, registers, vaes512};

use crate::block::Block;
use crate::simd::Simd;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Blocks enciphered under one key by [`encrypt_groups`], and instances garbled abreast.
pub const LANES: usize = 16;

/// A group of hashes: word `i` of entry `l` is bits `32 l .. 32 l + 32` of hash `i`. So sixteen instances lie side by side.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Zeroize)]
#[repr(C, align(64))]
pub struct Limbs(pub [[u32; LANES]; 4]);

impl Limbs {
    /// All zero.
    pub const ZERO: Self = Self([[0; LANES]; 4]);
}

/// An AES-128 key schedule; its first entry is the key.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
#[repr(C, align(16))]
pub struct RoundKeys(pub(crate) [Block; 11]);

impl RoundKeys {
    pub(crate) const ZERO: Self = Self([Block::ZERO; 11]);

    /// The key this schedule was expanded from.
    pub(crate) const fn key(&self) -> Block {
        let [key, ..] = self.0;
        key
    }
}

/// Expands every key of `keys`.
#[must_use]
pub fn expand_keys(simd: Simd, keys: &[Block]) -> Vec<RoundKeys> {
    let mut schedules = vec![RoundKeys::ZERO; keys.len()];
    kernel::expand(simd, keys, &mut schedules);
    schedules
}

/// Expands one key.
pub(crate) fn expand_key(simd: Simd, key: Block) -> RoundKeys {
    let mut schedules = [RoundKeys::ZERO];
    kernel::expand(simd, &[key], &mut schedules);
    let [schedule] = schedules;
    schedule
}

/// Writes the counter-mode stream `out[i] = AES_k(start + i)`, the counter in the low 64 bits.
pub fn ctr(simd: Simd, keys: &RoundKeys, start: u64, out: &mut [Block]) {
    kernel::ctr(simd, keys, start, out);
}

/// Enciphers group `i` of [`LANES`] consecutive blocks under the key `base ^ (first + i)`, in place.
///
/// A last group of fewer blocks is enciphered like the beginning of a whole one.
pub fn encrypt_groups(simd: Simd, base: Block, first: u64, blocks: &mut [Block]) {
    kernel::encrypt_groups(simd, base, first, blocks);
}

/// The label hashes of group `i` of strings under the key `base ^ (first + i)`. Lengths must agree.
pub(crate) fn hash_groups(
    simd: Simd,
    base: Block,
    first: u64,
    strings: &[[Block; LANES]],
    out: &mut [Limbs],
) {
    kernel::hash(simd, base, first, strings, out);
}

/// As [`hash_groups`], of every string and of its sum with `delta`.
pub(crate) fn hash_pairs(
    simd: Simd,
    base: Block,
    first: u64,
    delta: Block,
    strings: &[[Block; LANES]],
    out: [&mut [Limbs]; 2],
) {
    kernel::hash_pairs(simd, base, first, delta, strings, out);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::Simd;
    use aes::Aes128;
    use aes::cipher::{BlockCipherEncrypt, KeyInit};

    fn oracle(key: Block, block: Block) -> Block {
        let mut b = block.to_bytes().into();
        Aes128::new(&key.to_bytes().into()).encrypt_block(&mut b);
        Block::from_bytes(b.into())
    }

    fn some_block(i: u64) -> Block {
        Block([
            i.wrapping_mul(0x9e37_79b9_7f4a_7c15),
            !i.wrapping_mul(0xd1b5_4a32_d192_ed03),
        ])
    }

    #[test]
    fn fips_197_vector() {
        // FIPS 197, appendix C.1.
        let key = Block::from_bytes(core::array::from_fn(|i| i as u8));
        let plain = Block::from_bytes(core::array::from_fn(|i| (i * 0x11) as u8));
        let cipher = 0x69c4_e0d8_6a7b_0430_d8cd_b780_70b4_c55a_u128.to_be_bytes();
        for simd in Simd::all_supported() {
            let mut block = [plain];
            // With first = 0 the group's key is the base itself.
            encrypt_groups(simd, key, 0, &mut block);
            assert_eq!(block[0].to_bytes(), cipher, "{simd}");
        }
    }

    #[test]
    fn schedules_agree_with_the_cipher() {
        for simd in Simd::all_supported() {
            for count in [1usize, 3, 4, 5, 16, 17, 40] {
                let keys: Vec<Block> = (0..count as u64).map(some_block).collect();
                let schedules = expand_keys(simd, &keys);
                for (key, schedule) in keys.iter().zip(&schedules) {
                    let mut out = [Block::ZERO; 3];
                    ctr(simd, schedule, 5, &mut out);
                    for (i, o) in out.iter().enumerate() {
                        assert_eq!(*o, oracle(*key, Block([5 + i as u64, 0])), "{simd} {count}");
                    }
                }
            }
        }
    }

    #[test]
    fn groups_and_streams_agree_with_the_cipher_at_every_length() {
        for simd in Simd::all_supported() {
            for len in [0usize, 1, 7, 15, 16, 17, 31, 32, 33, 64, 65, 130] {
                let base = some_block(99);
                let input: Vec<Block> = (0..len as u64).map(some_block).collect();
                let mut out = input.clone();
                encrypt_groups(simd, base, u64::MAX - 1, &mut out);
                for (i, o) in out.iter().enumerate() {
                    let g = (u64::MAX - 1).wrapping_add(i as u64 / 16);
                    assert_eq!(
                        *o,
                        oracle(base ^ Block([g, 0]), input[i]),
                        "{simd} {len} {i}"
                    );
                }
                let mut stream = vec![Block::ZERO; len];
                let schedule = expand_keys(simd, &[base]);
                ctr(simd, &schedule[0], 1 << 40, &mut stream);
                for (i, o) in stream.iter().enumerate() {
                    assert_eq!(
                        *o,
                        oracle(base, Block([(1 << 40) + i as u64, 0])),
                        "{simd} {len}"
                    );
                }
            }
        }
    }
}
