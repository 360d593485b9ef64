//! The equations of the module's documentation, checked symbolically for every truth table and every coin, and the paper's
//! matrices derived from them.
//!
//! A half-label is a linear form: a mask over the variables `A_0,L A_0,R B_0,L B_0,R Delta_L Delta_R` (bits 0 to 5) and the
//! half-hashes `H(A_0) H(A_1) H(B_0) H(B_1) H(A_0+B_0) H(A_0+B_1)` (bits 6 to 11).

/// A pair of linear forms `(L, R)`.
type Pair = [u16; 2];

const A0: Pair = [1, 1 << 1];
const B0: Pair = [1 << 2, 1 << 3];
const DELTA: Pair = [1 << 4, 1 << 5];

/// The half-hash of colour `bit`: of `a` (0), `b` (1), `a + b` (2).
fn h(wire: usize, bit: usize) -> u16 {
    1 << (6 + 2 * wire + bit)
}

fn add(x: Pair, y: Pair) -> Pair {
    [x[0] ^ y[0], x[1] ^ y[1]]
}

fn w([l, r]: Pair) -> Pair {
    [r, l ^ r]
}

/// `x` if the bit is set.
fn when(bit: usize, x: u16) -> u16 {
    if bit == 1 { x } else { 0 }
}

/// `r x` for `r = r_L + r_R w`.
fn times([l, r]: [usize; 2], x: Pair) -> Pair {
    let wx = w(x);
    add(
        [when(l, x[0]), when(l, x[1])],
        [when(r, wx[0]), when(r, wx[1])],
    )
}

/// The product in GF(4).
fn product(r: [usize; 2], s: [usize; 2]) -> [usize; 2] {
    times(r, s.map(|x| x as u16)).map(usize::from)
}

/// One garbled gate, in linear forms.
struct Gate {
    v: [usize; 2],
    rho: [usize; 2],
    g01: Pair,
    g2: u16,
    c0: Pair,
}

fn garble(p_a: usize, p_b: usize, rho: [usize; 2]) -> Gate {
    let v = [p_b, p_a ^ p_b];
    let z = add(A0, w(B0));
    let d = add(
        w(add(times(v, z), times(rho, DELTA))),
        times(product(v, v), DELTA),
    );
    let both = |wire: usize| h(wire, 0) ^ h(wire, 1);
    let rest = add(times(rho, w(w(z))), times([p_a & p_b, 0], DELTA));
    Gate {
        v,
        rho,
        g01: add(add([both(0), both(1)], d), [B0[0], A0[1]]),
        g2: both(2) ^ d[0] ^ d[1],
        c0: add([h(0, 0) ^ h(2, 0), h(1, 0) ^ h(2, 0)], rest),
    }
}

/// The control bits of colours `i`, `j`.
fn control(gate: &Gate, i: usize, j: usize) -> [usize; 2] {
    let vz = product(gate.v, [i, j]);
    [gate.rho[0] ^ vz[0], gate.rho[1] ^ vz[1]]
}

/// The labels' part of the evaluator's equation, without hashes and ciphertexts.
fn dice(r: [usize; 2], i: usize, j: usize) -> Pair {
    let (a, b) = (add(A0, times([i, 0], DELTA)), add(B0, times([j, 0], DELTA)));
    let own = [when(i, b[0]), when(j, a[1])];
    add(times(r, w(w(add(a, w(b))))), own)
}

fn evaluate(gate: &Gate, i: usize, j: usize) -> Pair {
    let own = [when(i, gate.g01[0]), when(j, gate.g01[1])];
    let third = when(i ^ j, gate.g2);
    let hashes = [h(0, i) ^ h(2, i ^ j), h(1, j) ^ h(2, i ^ j)];
    add(
        add(hashes, [own[0] ^ third, own[1] ^ third]),
        dice(control(gate, i, j), i, j),
    )
}

fn bits(n: usize) -> [usize; 2] {
    [n & 1, n >> 1]
}

/// Every `(p_a, p_b)`, `rho` and `(i, j)`.
fn cases() -> impl Iterator<Item = (Gate, [usize; 2], [usize; 2])> {
    (0..64).map(|n| {
        let ([p_a, p_b], rho, ij) = (bits(n & 3), bits(n >> 2 & 3), bits(n >> 4));
        (garble(p_a, p_b, rho), [p_a, p_b], ij)
    })
}

#[test]
fn the_evaluator_gets_the_label_of_and() {
    for (gate, [p_a, p_b], [i, j]) in cases() {
        let truth = (i ^ p_a) & (j ^ p_b);
        let want = add(gate.c0, times([truth, 0], DELTA));
        assert_eq!(
            evaluate(&gate, i, j),
            want,
            "{p_a}{p_b} {:?} {i}{j}",
            gate.rho
        );
    }
}

/// The eight equations, `L` and `R` of colours 00, 01, 10, 11: which of `C_L, C_R, G_0, G_1, G_2` each contains.
fn v_matrix() -> [u16; 8] {
    core::array::from_fn(|row| {
        let ([right, j], i) = (bits(row & 3), row >> 2);
        let own = when(if right == 1 { j } else { i }, 4 << right);
        1 << right | own | when(i ^ j, 1 << 4)
    })
}

fn rank(rows: &[u16]) -> usize {
    let mut rows = rows.to_vec();
    let mut rank = 0;
    for bit in 0..16 {
        if let Some(at) = (rank..rows.len()).find(|&r| rows[r] >> bit & 1 == 1) {
            rows.swap(rank, at);
            let pivot = rows[rank];
            for (i, row) in rows.iter_mut().enumerate() {
                if i != rank && *row >> bit & 1 == 1 {
                    *row ^= pivot;
                }
            }
            rank += 1;
        }
    }
    rank
}

/// Rows of the cokernel `K` of `V`, as masks over the eight equations.
const K: [u8; 3] = [0b0101_0101, 0b1010_1010, 0b0010_0111];

fn k_times(rows: &[u16; 8]) -> [u16; 3] {
    K.map(|k| {
        (0..8)
            .filter(|row| k >> row & 1 == 1)
            .fold(0, |sum, row| sum ^ rows[row])
    })
}

#[test]
fn k_is_the_cokernel_and_the_hashes_fit() {
    let v = v_matrix();
    assert_eq!((rank(&v), rank(&K.map(u16::from))), (5, 3));
    assert_eq!(k_times(&v), [0; 3]);
    let hashes: [u16; 8] = core::array::from_fn(|row| {
        let ([right, j], i) = (bits(row & 3), row >> 2);
        h(right, if right == 1 { j } else { i }) ^ h(2, i ^ j)
    });
    assert_eq!(k_times(&hashes), [0; 3]);
}

#[test]
fn the_dice_fit_the_truth_table() {
    // K (R + [0 0 t]) = 0: the constraint on R, for every truth table and every coin.
    for p in 0..4 {
        for rho in 0..4 {
            let [p_a, p_b] = bits(p);
            let gate = garble(p_a, p_b, bits(rho));
            let rows: [u16; 8] = core::array::from_fn(|row| {
                let ([right, j], i) = (bits(row & 3), row >> 2);
                let truth = (i ^ p_a) & (j ^ p_b);
                dice(control(&gate, i, j), i, j)[right] ^ when(truth, DELTA[right])
            });
            assert_eq!(k_times(&rows), [0; 3]);
        }
    }
}

#[test]
fn the_papers_basis_and_compressed_matrices() {
    // S_1 and S_2 over A_L A_R B_L B_R: what r = 1 and r = w let in.
    let view = |r| {
        let [l, right] = times(r, w(w(add(A0, w(B0)))));
        [l, right].map(|x| [0, 1, 2, 3].map(|bit| x >> bit & 1))
    };
    assert_eq!(view([1, 0]), [[1, 1, 1, 0], [1, 0, 0, 1]]);
    assert_eq!(view([0, 1]), [[1, 0, 0, 1], [0, 1, 1, 1]]);
    // R_a and R_b in that basis, rows 00, 01, 10, 11.
    let column = |p_a, p_b| {
        let gate = garble(p_a, p_b, [0, 0]);
        [(0, 0), (0, 1), (1, 0), (1, 1)].map(|(i, j)| control(&gate, i, j))
    };
    assert_eq!(column(1, 0), [[0, 0], [1, 1], [0, 1], [1, 0]]);
    assert_eq!(column(0, 1), [[0, 0], [1, 0], [1, 1], [0, 1]]);
}

#[test]
fn every_marginal_view_is_uniform_whatever_the_truth_table() {
    // The rows of the joint distribution do tell the truth table apart; each of them alone does not.
    let mut joint = std::collections::HashSet::new();
    for p in 0..4 {
        let [p_a, p_b] = bits(p);
        for ij in 0..4 {
            let [i, j] = bits(ij);
            let mut seen = [0; 4];
            for rho in 0..4 {
                let [l, r] = control(&garble(p_a, p_b, bits(rho)), i, j);
                seen[l + 2 * r] += 1;
            }
            assert_eq!(seen, [1; 4]);
        }
        for rho in 0..4 {
            let gate = garble(p_a, p_b, bits(rho));
            joint.insert([(0, 0), (0, 1), (1, 0), (1, 1)].map(|(i, j)| control(&gate, i, j)));
        }
    }
    assert_eq!(joint.len(), 16);
}

#[test]
fn every_ciphertext_is_masked_by_a_hash_that_the_evaluator_lacks() {
    // Whatever the colours, the three ciphertexts contain the three inactive hashes, one each.
    for (gate, _, [i, j]) in cases() {
        let inactive = [h(0, i ^ 1), h(1, j ^ 1), h(2, i ^ j ^ 1)];
        let ciphertexts = [gate.g01[0], gate.g01[1], gate.g2];
        for (n, c) in ciphertexts.iter().enumerate() {
            for (m, mask) in inactive.iter().enumerate() {
                assert_eq!(c & mask != 0, n == m);
            }
        }
    }
}
