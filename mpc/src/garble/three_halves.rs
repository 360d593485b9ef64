//! Three-halves garbling (Rosulek and Roy, CRYPTO 2021, eprint 2021/749): 24.625 bytes an AND where half-gates take 32.
//!
//! **Algebra.** Labels, `Delta`, free XOR and colour bits are those of half-gates; a drop-in. A label is *sliced* into two halves of
//! 64 bits, `X = (X_L, X_R)`, `L` the low one, with the colour bit. Read such a pair as a vector over `GF(4) = {0, 1, w, w^2}`,
//! `w^2 = w + 1`, on which `w (X_L, X_R) = (X_R, X_L + X_R)`: the orthomorphism of the hash, for nothing. Of wires `a` and `b`
//! let `A_i`, `B_j` be the labels of *colours* `i` and `j` (so `A_i = A_0 + i Delta`), `p_a`, `p_b` the truth values of colour 0. Put
//!
//! ```text
//! z = i + w j       what the evaluator sees: its colours           v = w p_a + w^2 p_b     what it must not see
//! Z = A_0 + w B_0   and so A_i + w B_j = Z + z Delta               r = rho + v z           rho uniform in GF(4)
//! ```
//!
//! With `H` giving half-labels, the evaluator of colours `(i, j)`, who has read `r`, computes (sums and products of pairs by coordinate)
//!
//! ```text
//! C = (H(A_i), H(B_j)) + (1, 1) H(A_i + B_j)                       three hashes of half a label
//!   + (i, j) ((G_0, G_1) + (B_j,L, A_i,R)) + (i + j) (1, 1) G_2    three ciphertexts of half a label
//!   + w^2 r (A_i + w B_j)                                          the dice: which halves go in, decided by r
//! ```
//!
//! and the garbler, with six hashes, makes the zero label and the ciphertexts (`d H(X) = H(X_0) + H(X_1)`)
//!
//! ```text
//! D          = w (v Z + rho Delta) + v^2 Delta
//! (G_0, G_1) = (d H(A), d H(B)) + D + (B_0,L, A_0,R)
//! G_2        = d H(A + B) + D_L + D_R
//! C0         = (H(A_0), H(B_0)) + (1, 1) H(A_0 + B_0) + w^2 rho Z + p_a p_b Delta
//! ```
//!
//! *Correct:* `(i D_L, j D_R) + (i + j) (1, 1) (D_L + D_R) = w z D`, the terms with `B_j,L` and `A_i,R` leave `i j Delta`, and
//! `w^2 (rho + v z)(Z + z Delta) + w z D = w^2 rho Z + (w^2 v z^2 + w v^2 z) Delta`, whose last bracket is the trace of `w v^2 z`, that is
//! `p_a j + p_b i`. In all `C = C0 + (i + p_a)(j + p_b) Delta`.
//!
//! *The control bits* `r`, two for each `z`, travel in five: `r` has the shape of the labels' equations, with bits `h` of the same hashes
//! (bit 64; bits 0 to 63 are the half-label) in place of half-labels and `(p_a, p_b)` in place of `D`:
//!
//! ```text
//! c = rho + (h(A_0), h(B_0)) + (1, 1) h(A_0 + B_0)     (g_0, g_1) = (d h(A), d h(B)) + (p_a, p_b)     g_2 = d h(A + B) + p_a + p_b
//! r = c + (h(A_i), h(B_j)) + (1, 1) h(A_i + B_j) + (i, j) (g_0, g_1) + (i + j) (1, 1) g_2
//! ```
//!
//! This is the scheme of the paper's section 5 for gates of odd parity with `w`-multiplication written for its basis `S_1 = (w^2 | 1)`,
//! `S_2 = (1 | w)` of marginal views; its matrices `V`, `K`, `R_p`, `R_a`, `R_b`, `R_$` are derived from the equations above in the tests.
//! (Its `R_p` lets `B_j,L` in where `i = 0` and `A_i,R` where `j = 0`, ours where they are 1: so its `a`, `b` are `p_a + 1`, `p_b + 1`.)
//!
//! **Hash.** `H` is the engine's re-keyed hash, `AES_{S xor k}(s(x) xor j) xor s(x) xor j`, cut to 65 bits, in a domain of its own: `S` is
//! independent of the half-gates'. Gate `g` has two keys, `k = 2 g` for lanes 0 to 7 and `2 g + 1` for the others, and `j = 4 lane + t` with
//! `t = 0, 1, 2` for `a`, `b`, `a + b`: 24 uses of a key, where the bound in the parent module allows 32, and no `(k, j)` for more than one
//! label and its partner in the life of `Delta`.
//!
//! *Assumption* (the paper's tweakable circular correlation robustness, for naturally derived `x`, on the re-keyed hash): with
//! `O(x, k, j, L) = H(x xor Delta; k, j) xor L(Delta)`, each `(k, j)` asked once, at most 32 to a key, outputs are pseudorandom for any
//! `GF(2)`-linear maps `L` from 128 bits to 64, zero on the 65th. In half-gates `L` is 0 or the identity; here it runs over maps of the *halves*
//! of `Delta`. Naturally derived are uniform strings, earlier outputs and their sums: all there is in a garbled circuit. In the ideal-cipher model the
//! argument of eprint 2019/1168 goes through with the same count: outputs are uniform unless somebody asked the cipher at
//! `s(x xor Delta) xor j` or back from its output, or two inputs meet under one key, `s(x + x') = j + j'`; `L` does not enter these events, as
//! the pad is independent of `Delta` until one of them happens. So about `2^121` work, as for half-gates. Half-labels never weaken the
//! *input*: every hash takes 128 bits that are off by all of `Delta`; cutting an output only hides some of it.
//!
//! **Simulator.** The evaluator has one label a wire and, of each gate, `G_0, G_1, G_2` and five control bits. Of every hash pair of a gate
//! it can compute exactly one side, and each of `(G_0, g_0)`, `(G_1, g_1)`, `(G_2, g_2)` is masked by the side at distance `Delta` of a pair of
//! its own, plus a linear map of `Delta` and of known labels, whose coefficients are `p_a`, `p_b`, `rho`: fixed before the hash is asked. So
//! these six are uniform. `c` is what makes the active `r = rho + v z` come out; `rho` is uniform and enters the view nowhere else unmasked,
//! so `r` is uniform whatever `p_a`, `p_b` and `z`: the *marginal* distribution of the control bits is independent of the truth table, though the
//! joint one over all `z` is not. The simulator draws the table at random and evaluates. The parity of the gate is public; `p_a`, `p_b`, hence the
//! garbler's known bits, are not.
//!
//! `rho` of gate `g` is the first 32 bits, two a lane, of `AES_k(g)` under a secret key that the garbler draws with `Delta`; who knew
//! `rho` would read `v` off `r`.
//!
//! **Where it wins.** It hashes half as much again, under two keys a gate instead of one. Let `g` be the AND/s that the slower party
//! computes and `t` the bytes an AND: over a link of `W` bit/s a scheme runs at `min(g, W / 8 t)`. Three-halves is the faster where its
//! own `g` still outruns the link of the other, `W < 256 g` (`g` below that of half-gates). With the AVX-512 kernels a core garbles about
//! 140 M AND/s and evaluates 280 M (half-gates: 240 M and 470 M): it wins below 36 Gbit/s a garbling core, or 20 Gbit/s where that core
//! also pays for the socket (about 80 M AND/s, measured over loopback TCP; half-gates: 100 M). Both limited by the link, it is 1.30 times
//! as fast: 5.1 M AND/s against 3.9 M at 1 Gbit/s. On loopback and in memory half-gates win by about the same factor.

pub(super) mod coins;
mod kernel;

use super::LANES;

pub(super) use kernel::{evaluate, garble};

/// Bytes of one gate's table in all lanes: sixteen times `(G_0, G_1)`, sixteen times `G_2`, then the control bits.
pub(super) const GATE_BYTES: usize = G2 + 8 * LANES + 2 * 4 + 2;

/// Where `G_2` begins: `(G_0, G_1)` of a lane are sixteen bytes, like a label.
const G2: usize = 16 * LANES;

/// Where the control bits begin: `c` and `(g_0, g_1)` in 32 bits each, lane `i` in bits `2 i` (`L`) and `2 i + 1` (`R`); `g_2` in 16.
const CONTROL: usize = G2 + 8 * LANES;

/// The domain of the gates' hash keys.
pub(super) const DOMAIN: &str = "three-halves";

/// Key schedules a gate takes, eight lanes each.
pub(super) const KEYS: usize = 2;

const _: () = assert!(3 * LANES / KEYS <= super::USES_OF_A_KEY);

/// The control bits of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Control {
    c: u32,
    g: u32,
    g2: u16,
}

impl Control {
    #[inline(always)]
    fn read(table: &[u8; GATE_BYTES]) -> Self {
        let mut control = Self { c: 0, g: 0, g2: 0 };
        if let Some([c0, c1, c2, c3, g0, g1, g2, g3, h0, h1]) = table.last_chunk() {
            control.c = u32::from_le_bytes([*c0, *c1, *c2, *c3]);
            control.g = u32::from_le_bytes([*g0, *g1, *g2, *g3]);
            control.g2 = u16::from_le_bytes([*h0, *h1]);
        }
        control
    }

    #[inline(always)]
    fn write(self, table: &mut [u8; GATE_BYTES]) {
        if let Some(bytes) = table.last_chunk_mut::<{ GATE_BYTES - CONTROL }>() {
            let (c, rest) = bytes.split_at_mut(4);
            let (g, g2) = rest.split_at_mut(4);
            c.copy_from_slice(&self.c.to_le_bytes());
            g.copy_from_slice(&self.g.to_le_bytes());
            g2.copy_from_slice(&self.g2.to_le_bytes());
        }
    }
}

/// Bits `0, 1, …` of `x` to bits `0, 2, …`.
#[inline(always)]
const fn spread(x: u16) -> u32 {
    let x = x as u32;
    let x = (x | x << 8) & 0x00ff_00ff;
    let x = (x | x << 4) & 0x0f0f_0f0f;
    let x = (x | x << 2) & 0x3333_3333;
    (x | x << 1) & 0x5555_5555
}

/// Bits `0, 2, …` of `x` to bits `0, 1, …`.
#[inline(always)]
const fn gather(x: u32) -> u16 {
    let x = x & 0x5555_5555;
    let x = (x | x >> 1) & 0x3333_3333;
    let x = (x | x >> 2) & 0x0f0f_0f0f;
    let x = (x | x >> 4) & 0x00ff_00ff;
    (x | x >> 8) as u16
}

/// The even bits of `x`, each twice.
#[inline(always)]
const fn twice(x: u32) -> u32 {
    (x & 0x5555_5555) * 3
}

#[cfg(test)]
mod algebra_tests;
#[cfg(test)]
mod tests;
