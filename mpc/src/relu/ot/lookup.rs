//! Look-ups of one bit in tables of up to sixteen, sixteen instances abreast.
//!
//! A table is a `u16`, entry `i` in bit `i`; the index is up to four bits, each a word over the sixteen instances. All steps are
//! masks and constant shifts, the same for every value.
#![expect(
    clippy::indexing_slicing,
    reason = "arrays of sixteen lanes, four index bits"
)]

use crate::garble::{LANES, Limbs};

/// One 16-bit word for each of sixteen instances.
pub(super) type Lanes = [u16; LANES];

/// The indices with bit `j` set: what index bit `j` is as a table.
const INDEX: [u16; 4] = [0xaaaa, 0xcccc, 0xf0f0, 0xff00];

/// Bits of an index at most.
const MAX_CHOICES: u32 = 4;

/// One step of the carry chain: bits `first .. first + bits` of both parties, and the carry into `first`.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) struct Lookup {
    pub(super) first: u32,
    pub(super) bits: u32,
}

impl Lookup {
    /// The steps of a comparison of `width` bits: its bits `1 .. width - 1`. The first step takes four, since its carry is the
    /// sender's own; later ones three.
    pub(super) fn chain(width: u32) -> Vec<Self> {
        let mut steps = Vec::new();
        let mut first = 1;
        while first + 1 < width {
            let most = MAX_CHOICES - u32::from(first > 1);
            let bits = most.min(width - 1 - first);
            steps.push(Self { first, bits });
            first += bits;
        }
        steps
    }

    /// Whether the carry comes in as shares of both parties.
    pub(super) const fn shares_carry(self) -> bool {
        self.first > 1
    }

    /// Bits of the index: OTs of one look-up.
    pub(super) const fn choices(self) -> usize {
        self.bits as usize + self.shares_carry() as usize
    }

    /// Bytes of a table on the wire.
    pub(super) const fn table_bytes(self) -> usize {
        if self.choices() > 3 { 2 } else { 1 }
    }

    /// The tables of the carry out of these bits for the garbler's bits (and its share of the carry) as the index, masked by
    /// `mask`. `values`: the evaluator's bits; `carry`: its share of the carry in.
    #[inline(always)]
    pub(super) fn tables(self, values: &[u32; LANES], carry: u16, mask: u16) -> Lanes {
        let mut out = spread(carry);
        let theirs = if self.shares_carry() {
            INDEX[self.bits as usize]
        } else {
            0
        };
        for c in &mut out {
            *c ^= theirs;
        }
        let mut bits = [0u16; LANES];
        for (b, v) in bits.iter_mut().zip(values) {
            *b = (v >> self.first) as u16;
        }
        for (t, index) in INDEX.iter().enumerate().take(self.bits as usize) {
            for (c, b) in out.iter_mut().zip(&bits) {
                let e = ((b << (15 - t)) as i16 >> 15) as u16;
                *c ^= (e ^ *c) & (index ^ *c);
            }
        }
        let mask = spread(mask);
        for (c, m) in out.iter_mut().zip(mask) {
            *c ^= m;
        }
        out
    }
}

/// Bit `i` of the word as a mask in lane `i`.
#[inline(always)]
pub(super) fn spread(word: u16) -> Lanes {
    core::array::from_fn(|lane| (word.wrapping_mul(1 << (15 - lane)) as i16 >> 15) as u16)
}

/// The lowest bits of the lanes as a word.
#[inline(always)]
pub(super) fn gather(lanes: &Lanes) -> u16 {
    let mut word = 0;
    for (lane, x) in lanes.iter().enumerate() {
        word |= (x & 1).wrapping_mul(1 << lane);
    }
    word
}

/// `table[i xor d]` as a table, `d` given by its bits.
#[inline(always)]
pub(super) fn permute(tables: &mut Lanes, d: &[u16]) {
    for (j, word) in d.iter().enumerate() {
        let (shift, low) = (1 << j, !INDEX[j]);
        for (t, m) in tables.iter_mut().zip(spread(*word)) {
            let swapped = (*t >> shift & low) | (*t & low) << shift;
            *t ^= (*t ^ swapped) & m;
        }
    }
}

/// `table[index]`, the index given by its bits.
#[inline(always)]
pub(super) fn entry(mut tables: Lanes, index: &[u16]) -> u16 {
    for (j, word) in index.iter().enumerate().rev() {
        for (t, m) in tables.iter_mut().zip(spread(*word)) {
            *t ^= (*t ^ *t >> (1 << j)) & m;
        }
    }
    gather(&tables)
}

/// The sender's random tables: bit `i` is the sum of bit `i` of one hash from each OT, that of string `i_j` from OT `j`.
#[inline(always)]
pub(super) fn random_tables(zero: &[Limbs], one: &[Limbs]) -> Lanes {
    let mut sum = [0u32; LANES];
    for ((Limbs([zero, ..]), Limbs([one, ..])), index) in zero.iter().zip(one).zip(INDEX) {
        let index = u32::from(index);
        for (t, (zero, one)) in sum.iter_mut().zip(zero.iter().zip(one)) {
            *t ^= zero ^ ((zero ^ one) & index);
        }
    }
    sum.map(|t| t as u16)
}

/// The entry that the chooser knows of [`random_tables`], at its random choices.
#[inline(always)]
pub(super) fn random_entry(hashes: &[Limbs], choices: &[u16]) -> u16 {
    let mut sum = [0u32; LANES];
    for Limbs([hashes, ..]) in hashes {
        for (t, h) in sum.iter_mut().zip(hashes) {
            *t ^= h;
        }
    }
    entry(sum.map(|t| t as u16), choices)
}

/// Bit 16 of the sum of both hashes of an OT: random to the chooser, who knows one of them, and independent of all pads.
#[inline(always)]
pub(super) fn random_mask(Limbs([zero, ..]): &Limbs, Limbs([one, ..]): &Limbs) -> u16 {
    let mut bits = [0; LANES];
    for (bit, (zero, one)) in bits.iter_mut().zip(zero.iter().zip(one)) {
        *bit = ((zero ^ one) >> 16) as u16;
    }
    gather(&bits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::SecureRng;
    use rand_core::Rng;

    #[test]
    fn chains_cover_the_middle_bits() {
        for width in 3..=32 {
            let chain = Lookup::chain(width);
            let mut next = 1;
            for step in &chain {
                assert_eq!(step.first, next);
                assert!(step.bits > 0 && step.choices() <= 4, "{width}: {step:?}");
                next += step.bits;
            }
            assert_eq!(next, width - 1);
            let choices: usize = chain.iter().map(|s| s.choices()).sum();
            assert_eq!(choices, width as usize - 2 + chain.len() - 1);
        }
        assert_eq!(Lookup::chain(12).len(), 3);
        assert_eq!(Lookup::chain(32).len(), 10);
    }

    /// Bit `j` of each lane's value as a word.
    fn words<const N: usize>(values: &[u32; LANES]) -> [u16; N] {
        core::array::from_fn(|j| gather(&core::array::from_fn(|i| (values[i] >> j) as u16)))
    }

    #[test]
    fn tables_hold_the_carry_exhaustively() {
        for (first, bits) in [(1, 1), (1, 4), (2, 1), (5, 2), (5, 3)] {
            let step = Lookup { first, bits };
            for e in 0..1u32 << bits {
                for carry in 0..2u32 {
                    for mask in 0..2u32 {
                        // A different lane for every mask bit: all lanes alike but for noise around the bits.
                        let values = core::array::from_fn(|i| (e << first) | (i as u32 & 1));
                        let tables = step.tables(
                            &values,
                            0u16.wrapping_sub(carry as u16),
                            0u16.wrapping_sub(mask as u16),
                        );
                        for index in 0..1u32 << step.choices() {
                            let garbler = index & ((1 << bits) - 1);
                            let carry = carry ^ index >> bits;
                            let out = (e + garbler + carry) >> bits;
                            for t in tables {
                                assert_eq!(u32::from(t) >> index & 1, out ^ mask);
                            }
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn permuting_and_choosing_agree() {
        let mut rng = SecureRng::from_seed([1; 32]);
        for _ in 0..200 {
            let tables: Lanes = core::array::from_fn(|_| rng.next_u32() as u16);
            let d: [u32; LANES] = core::array::from_fn(|_| rng.next_u32() & 15);
            let index: [u32; LANES] = core::array::from_fn(|_| rng.next_u32() & 15);
            let mut permuted = tables;
            permute(&mut permuted, &words::<4>(&d));
            let got = entry(permuted, &words::<4>(&index));
            for lane in 0..LANES {
                let want = tables[lane] >> (index[lane] ^ d[lane]) & 1;
                assert_eq!(got >> lane & 1, want, "lane {lane}");
            }
        }
    }

    #[test]
    fn the_chooser_knows_its_entry_and_no_other() {
        let mut rng = SecureRng::from_seed([2; 32]);
        let mut random = || {
            Limbs(core::array::from_fn(|_| {
                core::array::from_fn(|_| rng.next_u32())
            }))
        };
        let zero: [Limbs; 4] = core::array::from_fn(|_| random());
        let one: [Limbs; 4] = core::array::from_fn(|_| random());
        let tables = random_tables(&zero, &one);
        let r: [u32; LANES] = core::array::from_fn(|_| rng.next_u32() & 15);
        let choices = words::<4>(&r);
        let mut chosen = zero;
        for (j, chosen) in chosen.iter_mut().enumerate() {
            for (lane, r) in r.iter().enumerate() {
                if r >> j & 1 == 1 {
                    chosen.0[0][lane] = one[j].0[0][lane];
                }
            }
        }
        let got = random_entry(&chosen, &choices);
        for lane in 0..LANES {
            assert_eq!(got >> lane & 1, tables[lane] >> r[lane] & 1);
        }
        // Every other entry depends on a string that the chooser lacks.
        for lane in 0..LANES {
            for j in 0..4 {
                let (mut zero, mut one) = (zero, one);
                let lost = if r[lane] >> j & 1 == 1 {
                    &mut zero
                } else {
                    &mut one
                };
                lost[j].0[0][lane] = !lost[j].0[0][lane];
                let changed = random_tables(&zero, &one)[lane] ^ tables[lane];
                let depends = (0..16).filter(|i| (i ^ r[lane]) >> j & 1 == 1);
                assert_eq!(changed, depends.fold(0, |w, i| w | 1u16 << i));
            }
        }
    }
}
