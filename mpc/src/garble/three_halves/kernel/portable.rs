//! The gate written as the equations of the module's documentation, AES from the `aes` crate: the oracle.
#![expect(
    clippy::indexing_slicing,
    reason = "arrays of LANES entries indexed by lane"
)]

use super::{Coins, Control, G2, GATE_BYTES, KEYS};
use crate::aes::{RoundKeys, portable_encrypt};
use crate::block::{Block, blocks_from_bytes, blocks_to_bytes};
use crate::garble::LANES;
use crate::garble::hash::orthomorphism;
use crate::garble::kernel::interpreter::{self, AndGate, KEYS_AHEAD};
use crate::garble::kernel::portable::Portable;
use crate::garble::kernel::{Job, Lanes, Secrets};

struct ThreeHalves;

/// `H` and `h` of all lanes: the half-label in the low word, the control bit in the lowest bit of the high one.
fn hash(keys: &[RoundKeys; KEYS], x: [Block; LANES], t: u64) -> [Block; LANES] {
    let mut lane = 0;
    let tweaked = x.map(|x| {
        lane += 1;
        orthomorphism(x) ^ Block([4 * (lane - 1) + t, 0])
    });
    let mut out = tweaked;
    for (keys, lanes) in keys.iter().zip(out.chunks_mut(LANES / KEYS)) {
        portable_encrypt(keys, lanes);
    }
    core::array::from_fn(|i| out[i] ^ tweaked[i])
}

/// `r x` for `r = r_L + r_R w`, given as two bits.
fn times([l, r]: [u64; 2], x: Block) -> Block {
    x.and_mask(l) ^ orthomorphism(x).and_mask(r)
}

/// `(x_L, y_L)`: from two hashes, a pair of half-labels.
fn low(x: Block, y: Block) -> Block {
    Block([x.0[0], y.0[0]])
}

/// `(h(x), h(y))`: from two hashes, a pair of control bits.
fn bits(x: Block, y: Block) -> [u64; 2] {
    [x.0[1] & 1, y.0[1] & 1]
}

/// `(x_L, y_R)`.
fn cross(x: Block, y: Block) -> Block {
    Block([x.0[0], y.0[1]])
}

fn xor([a, b]: [u64; 2], [c, d]: [u64; 2]) -> [u64; 2] {
    [a ^ c, b ^ d]
}

impl AndGate for ThreeHalves {
    type Set = Portable;
    type Table = [u8; GATE_BYTES];
    type Keys = [RoundKeys; KEYS];
    const KEYS: usize = KEYS;

    fn keys(schedules: &[RoundKeys; KEYS_AHEAD]) -> &[Self::Keys] {
        schedules.as_chunks().0
    }

    fn tables(bytes: &[u8]) -> &[Self::Table] {
        bytes.as_chunks().0
    }

    fn tables_mut(bytes: &mut [u8]) -> &mut [Self::Table] {
        bytes.as_chunks_mut().0
    }

    unsafe fn garble(
        keys: &[RoundKeys; KEYS],
        coins: u32,
        delta: Block,
        a: &Lanes,
        b: &Lanes,
        table: &mut [u8; GATE_BYTES],
    ) -> Lanes {
        let (p_a, p_b) = (a.0.map(Block::lsb), b.0.map(Block::lsb));
        // Labels of colour 0, then of colour 1.
        let a0: [Block; LANES] = core::array::from_fn(|i| a.0[i] ^ delta.and_mask(p_a[i]));
        let b0: [Block; LANES] = core::array::from_fn(|i| b.0[i] ^ delta.and_mask(p_b[i]));
        let ab0: [Block; LANES] = core::array::from_fn(|i| a0[i] ^ b0[i]);
        let (ha0, ha1) = (hash(keys, a0, 0), hash(keys, a0.map(|x| x ^ delta), 0));
        let (hb0, hb1) = (hash(keys, b0, 1), hash(keys, b0.map(|x| x ^ delta), 1));
        let (hab0, hab1) = (hash(keys, ab0, 2), hash(keys, ab0.map(|x| x ^ delta), 2));

        let mut control = Control { c: 0, g: 0, g2: 0 };
        let mut g01 = [Block::ZERO; LANES];
        let mut out = [Block::ZERO; LANES];
        for i in 0..LANES {
            let rho = [
                u64::from(coins >> (2 * i) & 1),
                u64::from(coins >> (2 * i + 1) & 1),
            ];
            // w p_a + w^2 p_b and its square w^2 p_a + w p_b.
            let v = [p_b[i], p_a[i] ^ p_b[i]];
            let v2 = [p_a[i], p_a[i] ^ p_b[i]];
            let z = a0[i] ^ orthomorphism(b0[i]);
            let d = orthomorphism(times(v, z) ^ times(rho, delta)) ^ times(v2, delta);
            let (da, db, dab) = (ha0[i] ^ ha1[i], hb0[i] ^ hb1[i], hab0[i] ^ hab1[i]);

            g01[i] = low(da, db) ^ d ^ cross(b0[i], a0[i]);
            let g2 = dab.0[0] ^ d.0[0] ^ d.0[1];
            table[G2 + 8 * i..][..8].copy_from_slice(&g2.to_le_bytes());
            let w2z = z ^ orthomorphism(z);
            out[i] = low(ha0[i], hb0[i])
                ^ low(hab0[i], hab0[i])
                ^ times(rho, w2z)
                ^ delta.and_mask(p_a[i] & p_b[i]);

            let [c_l, c_r] = xor(rho, xor(bits(ha0[i], hb0[i]), bits(hab0[i], hab0[i])));
            let [g_l, g_r] = xor(bits(da, db), [p_a[i], p_b[i]]);
            let [g2, _] = bits(dab, dab);
            control.c |= ((c_l | c_r << 1) as u32) << (2 * i);
            control.g |= ((g_l | g_r << 1) as u32) << (2 * i);
            control.g2 |= ((g2 ^ p_a[i] ^ p_b[i]) as u16) << i;
        }
        blocks_to_bytes(&g01, &mut table[..G2]);
        control.write(table);
        Lanes(out)
    }

    unsafe fn evaluate(
        keys: &[RoundKeys; KEYS],
        a: &Lanes,
        b: &Lanes,
        table: &[u8; GATE_BYTES],
    ) -> Lanes {
        let (a, b) = (a.0, b.0);
        let (ha, hb) = (hash(keys, a, 0), hash(keys, b, 1));
        let hab = hash(keys, core::array::from_fn(|i| a[i] ^ b[i]), 2);
        let control = Control::read(table);
        let mut g01 = [Block::ZERO; LANES];
        blocks_from_bytes(&table[..G2], &mut g01);
        let mut g2 = [0u64; LANES];
        for (word, bytes) in g2.iter_mut().zip(table[G2..].as_chunks().0) {
            *word = u64::from_le_bytes(*bytes);
        }
        Lanes(core::array::from_fn(|n| {
            let (i, j) = (a[n].lsb(), b[n].lsb());
            let c = [
                u64::from(control.c >> (2 * n) & 1),
                u64::from(control.c >> (2 * n + 1) & 1),
            ];
            let g = [
                i & u64::from(control.g >> (2 * n)),
                j & u64::from(control.g >> (2 * n + 1)),
            ];
            let third = (i ^ j) & u64::from(control.g2 >> n);
            let pad = xor(bits(ha[n], hb[n]), bits(hab[n], hab[n]));
            let r = xor(xor(c, pad), xor(g, [third, third]));

            let own = g01[n] ^ cross(b[n], a[n]);
            let own = cross(own.and_mask(i), own.and_mask(j));
            let z = a[n] ^ orthomorphism(b[n]);
            low(ha[n], hb[n])
                ^ low(hab[n], hab[n])
                ^ own
                ^ Block([g2[n], g2[n]]).and_mask(i ^ j)
                ^ times(r, z ^ orthomorphism(z))
        }))
    }
}

pub(super) fn garble(
    job: &Job<'_>,
    secrets: &Secrets<'_>,
    coins: &mut Coins<'_>,
    tables: &mut [u8],
    outputs: &mut [Block],
) {
    // SAFETY: `Portable` needs no CPU feature.
    unsafe {
        interpreter::garble::<ThreeHalves>(job, secrets, |g| coins.next(g), tables, outputs);
    }
}

pub(super) fn evaluate(job: &Job<'_>, inputs: &[Block], tables: &[u8], outputs: &mut [Block]) {
    // SAFETY: `Portable` needs no CPU feature.
    unsafe { interpreter::evaluate::<ThreeHalves>(job, inputs, tables, outputs) }
}
