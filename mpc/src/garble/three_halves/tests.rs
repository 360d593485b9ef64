//! Gates against the definition, with a hash written a second time; what the evaluator sees of the control bits; corrupted tables; a
//! fixed vector. Whole circuits are tested with the other scheme's, in `parties`.

use super::coins::Coins;
use super::*;
use crate::aes::{RoundKeys, expand_key};
use crate::block::{Block, Delta};
use crate::circuit::{Builder, Template};
use crate::garble::kernel::{Job, Secrets};
use crate::rng::SecureRng;
use crate::simd::Simd;
use aes::Aes128;
use aes::cipher::{BlockCipherEncrypt, KeyInit};
use rand_core::Rng;
use sha2::{Digest, Sha256};

const FIRST: u64 = 1_000_003;

/// One AND gate a block, with everything its two parties know.
struct Gates {
    blocks: usize,
    hash_key: Block,
    delta: Block,
    /// Zero labels of `a` and `b`, `[block][wire][lane]`.
    zero: Vec<Block>,
    /// Active labels, likewise.
    active: Vec<Block>,
    rho: Vec<u32>,
    tables: Vec<u8>,
    /// Zero labels of the outputs.
    out: Vec<Block>,
    template: Template,
}

impl Gates {
    fn garbled(blocks: usize, simd: Simd, seed: u8) -> Self {
        let mut rng = SecureRng::from_seed([seed; 32]);
        let mut b = Builder::new();
        let wires = b.inputs(2);
        let and = b.and(wires[0], wires[1]);
        let template = b.build(&[and]).unwrap();
        let hash_key = Block::random(&mut rng);
        let delta = Delta::random(&mut rng).block();
        let mut zero = vec![Block::ZERO; blocks * 2 * LANES];
        rng.fill_blocks(&mut zero);
        let active = zero
            .iter()
            .map(|z| *z ^ delta.and_mask(u64::from(rng.next_u32())))
            .collect();
        let coins = expand_key(simd, Block::random(&mut rng));
        let mut stream = Coins::new(&coins, simd);
        let rho = (0..blocks as u64).map(|i| stream.next(FIRST + i)).collect();
        let mut gates = Self {
            blocks,
            hash_key,
            delta,
            zero,
            active,
            rho,
            tables: vec![0; blocks * GATE_BYTES],
            out: vec![Block::ZERO; blocks * LANES],
            template,
        };
        gates.garble(simd, &coins);
        gates
    }

    fn job(&self) -> Job<'_> {
        Job {
            template: &self.template,
            hash_key: self.hash_key,
            first_gate: FIRST,
            blocks: self.blocks,
        }
    }

    fn garble(&mut self, simd: Simd, coins: &RoundKeys) {
        let (mut tables, mut out) = (self.tables.clone(), self.out.clone());
        let secrets = Secrets {
            delta: self.delta,
            inputs: &self.zero,
            corrections: &vec![0; 2 * self.blocks],
            known: &[],
        };
        garble(simd, &self.job(), &secrets, coins, &mut tables, &mut out);
        (self.tables, self.out) = (tables, out);
    }

    fn evaluate(&self, simd: Simd, tables: &[u8]) -> Vec<Block> {
        let mut out = vec![Block::ZERO; self.blocks * LANES];
        evaluate(simd, &self.job(), &self.active, tables, &mut out);
        out
    }

    fn table(&self, block: usize) -> &[u8; GATE_BYTES] {
        &self.tables.as_chunks().0[block]
    }

    /// Zero and active label of wire `w`.
    fn labels(&self, block: usize, w: usize, lane: usize) -> (Block, Block) {
        let at = (2 * block + w) * LANES + lane;
        (self.zero[at], self.active[at])
    }

    /// The control bit of `H(x)`, `t` = 0, 1, 2 for `a`, `b`, `a + b`: written from the documentation.
    fn bit(&self, x: Block, block: usize, lane: usize, t: u64) -> u64 {
        let k = 2 * (FIRST + block as u64) + (lane / 8) as u64;
        let key = self.hash_key ^ Block([k, 0]);
        let [low, high] = x.0;
        let s = Block([high ^ (4 * lane as u64 + t), low ^ high]);
        let mut b = s.to_bytes().into();
        Aes128::new(&key.to_bytes().into()).encrypt_block(&mut b);
        (Block::from_bytes(b.into()) ^ s).0[1] & 1
    }

    /// The `r` that the evaluator decodes, `r_L + 2 r_R`.
    fn decode(&self, block: usize, lane: usize) -> u64 {
        let ((_, a), (_, b)) = (self.labels(block, 0, lane), self.labels(block, 1, lane));
        let (i, j) = (a.lsb(), b.lsb());
        let Control { c, g, g2 } = Control::read(self.table(block));
        let hab = self.bit(a ^ b, block, lane, 2) ^ (u64::from(g2 >> lane) & (i ^ j));
        let side = |h: u64, colour: u64, bit: usize| {
            h ^ hab ^ u64::from(c >> bit & 1) ^ (u64::from(g >> bit) & colour)
        };
        side(self.bit(a, block, lane, 0), i, 2 * lane)
            | side(self.bit(b, block, lane, 1), j, 2 * lane + 1) << 1
    }
}

/// `x y` in GF(4), elements as `x_L + 2 x_R`.
fn product(x: u64, y: u64) -> u64 {
    let w = |x: u64| x >> 1 | ((x ^ x >> 1) & 1) << 1;
    ((y & 1) * x) ^ ((y >> 1) * w(x))
}

#[test]
fn every_colour_truth_table_and_coin() {
    for simd in Simd::all_supported() {
        let gates = Gates::garbled(200, simd, 1);
        let got = gates.evaluate(simd, &gates.tables);
        let mut seen = [0usize; 64];
        for (n, got) in got.iter().enumerate() {
            let (block, lane) = (n / LANES, n % LANES);
            let ((a0, a), (b0, b)) = (gates.labels(block, 0, lane), gates.labels(block, 1, lane));
            let truth = u64::from(a != a0 && b != b0);
            assert!(
                *got == gates.out[n] ^ gates.delta.and_mask(truth),
                "{simd} {block} {lane}"
            );
            // r = rho + v z, with v = w p_a + w^2 p_b and z = i + w j.
            let rho = u64::from(gates.rho[block] >> (2 * lane) & 3);
            let v = b0.lsb() | (a0.lsb() ^ b0.lsb()) << 1;
            let z = a.lsb() | b.lsb() << 1;
            assert_eq!(gates.decode(block, lane), rho ^ product(v, z), "{simd}");
            seen[(a0.lsb() | b0.lsb() << 1 | z << 2 | rho << 4) as usize] += 1;
        }
        assert!(seen.iter().all(|count| *count > 0), "{seen:?}");
    }
}

#[test]
fn what_the_evaluator_decodes_does_not_depend_on_the_truth_table() {
    // Given the colours, r, the ciphertexts' control bits and the colour of the output are uniform for each of the garbler's
    // four truth tables.
    let gates = Gates::garbled(1 << 12, Simd::detect(), 2);
    let got = gates.evaluate(Simd::detect(), &gates.tables);
    let mut counts = vec![[0u32; 256]; 16];
    for (n, label) in got.iter().enumerate() {
        let (block, lane) = (n / LANES, n % LANES);
        let ((a0, a), (b0, b)) = (gates.labels(block, 0, lane), gates.labels(block, 1, lane));
        let hidden = a0.lsb() | b0.lsb() << 1 | a.lsb() << 2 | b.lsb() << 3;
        let Control { c, g, g2 } = Control::read(gates.table(block));
        let view = gates.decode(block, lane)
            | u64::from(c >> (2 * lane) & 3) << 2
            | u64::from(g >> (2 * lane) & 3) << 4
            | u64::from(g2 >> lane & 1) << 6
            | label.lsb() << 7;
        counts[hidden as usize][view as usize] += 1;
    }
    for (hidden, counts) in counts.iter().enumerate() {
        let total: u32 = counts.iter().sum();
        let mean = f64::from(total) / 256.0;
        let chi2: f64 = counts
            .iter()
            .map(|c| (f64::from(*c) - mean).powi(2) / mean)
            .sum();
        // 255 degrees of freedom: mean 255, deviation 22.6. The seed is fixed.
        assert!((150.0..380.0).contains(&chi2), "{hidden:04b} {chi2}");
    }
}

#[test]
fn a_flipped_bit_changes_the_label_of_whoever_reads_it_and_no_other() {
    for simd in Simd::all_supported() {
        let gates = Gates::garbled(1, simd, 3);
        let good = gates.evaluate(simd, &gates.tables);
        for bit in 0..8 * GATE_BYTES {
            let mut tables = gates.tables.clone();
            tables[bit / 8] ^= 1 << (bit % 8);
            let bad = gates.evaluate(simd, &tables);
            // The lane whose bit it is, and whether G_0 (0), G_1 (1), G_2 (2) or the coin's part (3) of it.
            let (lane, part) = match bit / 8 {
                byte @ 0..G2 => (byte / 16, byte % 16 / 8),
                byte @ G2..CONTROL => ((byte - G2) / 8, 2),
                _ => match bit - 8 * CONTROL {
                    n @ 0..32 => (n / 2, 3),
                    n @ 32..64 => ((n - 32) / 2, n % 2),
                    n => (n - 64, 2),
                },
            };
            let ((_, a), (_, b)) = (gates.labels(0, 0, lane), gates.labels(0, 1, lane));
            let (i, j) = (a.lsb(), b.lsb());
            let reads = [i, j, i ^ j, 1][part] == 1;
            for n in 0..LANES {
                assert_eq!(good[n] != bad[n], n == lane && reads, "{simd} bit {bit}");
            }
        }
    }
}

#[test]
fn the_transcript_is_fixed() {
    for simd in Simd::all_supported() {
        let gates = Gates::garbled(9, simd, 4);
        let mut digest = Sha256::new();
        digest.update(&gates.tables);
        for label in gates.out.iter().chain(&gates.evaluate(simd, &gates.tables)) {
            digest.update(label.to_bytes());
        }
        let hex: String = digest
            .finalize()
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect();
        assert_eq!(
            hex, "b4f5d0e5988b277b41725aea88a8fa887e5c97475554e7519cc5732f0218778b",
            "{simd}"
        );
    }
}

#[test]
fn masks_of_lanes() {
    for x in [0u16, 1, 0x8000, 0xffff, 0x1234, 0xdead] {
        let wide = spread(x);
        for bit in 0..16 {
            assert_eq!(wide >> (2 * bit) & 3, u32::from(x >> bit & 1));
        }
        assert_eq!(gather(wide), x);
        assert_eq!(gather(wide | 0xaaaa_aaaa), x);
        assert_eq!(twice(wide), 3 * wide);
        assert_eq!(twice(wide | 0xaaaa_aaaa), 3 * wide);
    }
    let control = Control {
        c: 0x0123_4567,
        g: 0x89ab_cdef,
        g2: 0xbeef,
    };
    let mut table = [0xff; GATE_BYTES];
    control.write(&mut table);
    assert_eq!(Control::read(&table), control);
    assert_eq!(table[CONTROL - 1], 0xff);
    assert_eq!(table[CONTROL], 0x67);
}
