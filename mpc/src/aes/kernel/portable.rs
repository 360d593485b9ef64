//! AES through the `aes` crate: constant time on any machine, and the oracle of the other kernels.

use super::super::{LANES, Limbs, RoundKeys};
use super::RCON;
use crate::block::Block;
use crate::garble::orthomorphism;
use aes::Aes128;
use aes::cipher::{BlockCipherEncrypt, KeyInit};

fn cipher(key: Block) -> Aes128 {
    Aes128::new(&key.to_bytes().into())
}

fn encrypt_with(cipher: &Aes128, blocks: &mut [Block]) {
    let mut buffer = [aes::Block::default(); 64];
    for chunk in blocks.chunks_mut(64) {
        for (b, x) in buffer.iter_mut().zip(chunk.iter()) {
            *b = x.to_bytes().into();
        }
        let (used, _) = buffer.split_at_mut(chunk.len());
        cipher.encrypt_blocks(used);
        for (b, x) in used.iter().zip(chunk.iter_mut()) {
            *x = Block::from_bytes((*b).into());
        }
    }
}

/// Enciphers all blocks under the schedule's key.
pub(crate) fn encrypt(keys: &RoundKeys, blocks: &mut [Block]) {
    encrypt_with(&cipher(keys.key()), blocks);
}

pub(super) fn ctr(keys: &RoundKeys, start: u64, out: &mut [Block]) {
    for (i, block) in out.iter_mut().enumerate() {
        *block = Block([start.wrapping_add(i as u64), 0]);
    }
    encrypt(keys, out);
}

pub(super) fn encrypt_groups(base: Block, first: u64, blocks: &mut [Block]) {
    for (i, group) in blocks.chunks_mut(LANES).enumerate() {
        let key = base ^ Block([first.wrapping_add(i as u64), 0]);
        encrypt_with(&cipher(key), group);
    }
}

/// The label hashes of the strings shifted by `delta`, in passes of their own: the oracle of the fused kernels.
pub(super) fn hash(
    (base, first): (Block, u64),
    delta: Block,
    strings: &[[Block; LANES]],
    out: &mut [Limbs],
) {
    assert!(out.len() == strings.len(), "as many hashes as strings");
    for (i, (strings, Limbs(out))) in strings.iter().zip(out).enumerate() {
        let mut input = *strings;
        for (lane, x) in input.iter_mut().enumerate() {
            *x = orthomorphism(*x ^ delta) ^ Block([lane as u64, 0]);
        }
        let mut hashes = input;
        encrypt_groups(base, first.wrapping_add(i as u64), &mut hashes);
        for (h, x) in hashes.iter_mut().zip(input) {
            *h ^= x;
        }
        for (l, limbs) in out.iter_mut().enumerate() {
            for (limb, h) in limbs.iter_mut().zip(&hashes) {
                *limb = (u128::from_le_bytes(h.to_bytes()) >> (32 * l)) as u32;
            }
        }
    }
}

/// Schedules by FIPS 197, section 5.2. `SubWord` goes through the cipher's last round, so no table is indexed by a secret.
pub(super) fn expand(keys: &[Block], out: &mut [RoundKeys]) {
    for (key, schedule) in keys.iter().zip(out) {
        let mut previous = words(*key);
        let mut rounds = schedule.0.iter_mut();
        if let Some(first) = rounds.next() {
            *first = *key;
        }
        for (round, rcon) in rounds.zip(RCON) {
            let [w0, w1, w2, w3] = previous;
            let n0 = w0 ^ sub_word(w3.rotate_right(8)) ^ rcon;
            let n1 = w1 ^ n0;
            let n2 = w2 ^ n1;
            let n3 = w3 ^ n2;
            previous = [n0, n1, n2, n3];
            *round = Block([
                u64::from(n0) | u64::from(n1) << 32,
                u64::from(n2) | u64::from(n3) << 32,
            ]);
        }
    }
}

fn words(b: Block) -> [u32; 4] {
    let [lo, hi] = b.0;
    [lo as u32, (lo >> 32) as u32, hi as u32, (hi >> 32) as u32]
}

/// The S-box on four bytes: equal columns pass `ShiftRows` unchanged, and `MixColumns` keeps a column of four
/// equal bytes; so a block whose sixteen bytes are one byte goes through a full round as `SubBytes` alone.
fn sub_word(w: u32) -> u32 {
    let mut out = 0u32;
    for shift in [0, 8, 16, 24] {
        let byte = (w >> shift) as u8;
        let mut block: aes::Block = [byte; 16].into();
        aes::hazmat::cipher_round(&mut block, &aes::Block::default());
        let [first, ..] = <[u8; 16]>::from(block);
        out |= u32::from(first) << shift;
    }
    out
}
