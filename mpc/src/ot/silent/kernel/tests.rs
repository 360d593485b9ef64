use super::*;
use crate::{aes::expand_keys, rng::SecureRng};

const KEY: Block = Block([3, 4]);

fn random(count: usize, seed: u8) -> Vec<Block> {
    let mut blocks = vec![Block::ZERO; count];
    SecureRng::from_seed([seed; 32]).fill_blocks(&mut blocks);
    blocks
}

fn sum(blocks: impl IntoIterator<Item = Block>) -> Block {
    blocks.into_iter().fold(Block::ZERO, |a, b| a ^ b)
}

/// The tree by its definition, level by level: leaves before their lowest bit is cleared, and left sums.
fn naive(first: Block, delta: Block, depth: usize) -> (Vec<Block>, Vec<Block>) {
    let keys = expand_keys(Simd::Scalar, &[KEY]);
    let hash = |x: Block| {
        let sigma = Block([x.0[1], x.0[0] ^ x.0[1]]);
        let mut y = [sigma];
        crate::aes::portable_encrypt(&keys[0], &mut y);
        y[0] ^ sigma
    };
    let mut nodes = vec![first, first ^ delta];
    let mut sums = Vec::new();
    for _ in 1..depth {
        let left: Vec<Block> = nodes.iter().map(|&x| hash(x)).collect();
        let right: Vec<Block> = left.iter().zip(&nodes).map(|(&l, &x)| l ^ x).collect();
        sums.push(sum(left.iter().copied()));
        nodes = [left, right].concat();
    }
    (nodes, sums)
}

#[test]
fn whole_trees_follow_the_definition_at_every_level() {
    for depth in 2..=11 {
        let [first, delta] = [random(1, 1)[0], random(1, 2)[0]];
        let (expected, expected_sums) = naive(first, delta, depth);
        // Every level of a correlated tree sums to Δ.
        assert!(sum(expected.iter().copied()) == delta);
        for simd in Simd::all_supported() {
            let mut leaves = vec![Block::mask(1); 1 << depth];
            let mut sums = vec![Block::ZERO; depth - 1];
            grow(simd, KEY, first, delta, &mut leaves, &mut sums);
            assert!(sums == expected_sums, "{simd}, depth {depth}: sums");
            for (i, (leaf, expected)) in leaves.iter().zip(&expected).enumerate() {
                assert!(
                    *leaf == *expected & CLEAR_LSB,
                    "{simd}, depth {depth}, leaf {i}"
                );
            }
        }
    }
}

#[test]
fn punctured_trees_miss_one_leaf_by_delta() {
    for depth in 2..=10 {
        let (first, delta) = (random(1, 1)[0], random(1, 2)[0]);
        let delta = Block([delta.0[0] | 1, delta.0[1]]);
        let mut whole = vec![Block::ZERO; 1 << depth];
        let mut sums = vec![Block::ZERO; depth - 1];
        grow(Simd::Scalar, KEY, first, delta, &mut whole, &mut sums);
        for hole in (0..1_u32 << depth).step_by(if depth > 6 { 37 } else { 1 }) {
            let beside: Vec<Block> = (0..depth)
                .map(|level| {
                    let left = if level == 0 { first } else { sums[level - 1] };
                    // The side that the path leaves: right (left sum + Δ) where the path turns left.
                    left ^ delta.and_mask(u64::from(hole >> level & 1 ^ 1))
                })
                .collect();
            for simd in Simd::all_supported() {
                let mut leaves = vec![Block::mask(1); 1 << depth];
                rebuild(simd, KEY, hole, &beside, &mut leaves);
                for (i, (leaf, whole)) in leaves.iter().zip(&whole).enumerate() {
                    let off = delta.and_mask(u64::from(i as u32 == hole));
                    assert!(
                        *leaf == *whole ^ off,
                        "{simd}, depth {depth}, {hole}, leaf {i}"
                    );
                    assert_eq!(leaf.lsb(), u64::from(i as u32 == hole));
                }
            }
        }
    }
}

/// The punctured party's view does not depend on what hangs on the path: trees with other nodes there give it the same.
#[test]
fn garbage_on_the_path_cancels() {
    let beside = random(5, 9);
    let mut reference = vec![Block::ZERO; 32];
    rebuild(Simd::Scalar, KEY, 0b01101, &beside, &mut reference);
    for simd in Simd::all_supported() {
        for old in [0, 1] {
            let mut leaves = vec![Block::mask(old); 32];
            rebuild(simd, KEY, 0b01101, &beside, &mut leaves);
            assert!(leaves == reference, "{simd}");
        }
    }
}

#[test]
fn every_level_encodes_alike() {
    let keys = expand_keys(Simd::Scalar, &[KEY]);
    for size in [1, 2, 1000, 65_536, 81_920] {
        let base = random(size, 3);
        let before = random(3 * ROWS, 4);
        let start = u64::MAX - 100;
        let mut expected = before.clone();
        encode(Simd::Scalar, &keys[0], start, &base, &mut expected);
        if size == 1 {
            // Ten times the same entry is nothing.
            assert!(expected == before);
        } else {
            assert!(expected != before);
        }
        for simd in Simd::all_supported() {
            let mut out = before.clone();
            encode(simd, &keys[0], start, &base, &mut out);
            assert!(out == expected, "{simd}, base of {size}");
        }
    }
}

/// The first row by hand: ten words of AES(start), AES(start + 1), AES(start + 2), lowest word first.
#[test]
fn rows_are_drawn_from_the_counter_stream() {
    let keys = expand_keys(Simd::Scalar, &[KEY]);
    let base = random(777, 5);
    let mut out = vec![Block::ZERO; ROWS];
    encode(Simd::detect(), &keys[0], 40, &base, &mut out);
    let mut stream = [Block::ZERO; 3];
    crate::aes::ctr(Simd::Scalar, &keys[0], 40, &mut stream);
    let words: Vec<u32> = stream
        .iter()
        .flat_map(|b| b.to_bytes())
        .collect::<Vec<u8>>()
        .as_chunks::<4>()
        .0
        .iter()
        .map(|w| u32::from_le_bytes(*w))
        .collect();
    let row = sum(words[..10]
        .iter()
        .map(|&w| base[((u64::from(w) * 777) >> 32) as usize]));
    assert!(out[0] == row);
}
