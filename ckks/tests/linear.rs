//! The residue GEMM against direct evaluation, over shapes, threads and SIMD levels.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

use halfmask_ckks::{Error, Group, Modulus, ResidueGemm, Simd, Weights};
use std::sync::Arc;

const Q: u32 = 998_244_353;

struct Lcg(u64);

impl Lcg {
    fn next(&mut self) -> u32 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) as u32
    }
    fn weights(&mut self, count: usize) -> Vec<i16> {
        let edge = [i16::MAX, -i16::MAX, i16::MIN, 0];
        (0..count)
            .map(|i| {
                if i % 5 == 0 {
                    edge[(i / 5) % 4]
                } else {
                    self.next() as i16
                }
            })
            .collect()
    }
    fn residues(&mut self, count: usize, q: u32) -> Vec<u32> {
        (0..count)
            .map(|i| if i % 7 == 0 { q - 1 } else { self.next() % q })
            .collect()
    }
}

/// Plain triple loop over (group, values of its weights).
fn reference(
    groups: &[(Group, Vec<i16>)],
    input: &[u32],
    columns: usize,
    rows: usize,
    q: u32,
) -> Vec<u32> {
    let mut out = vec![0; rows * columns];
    for (group, weights) in groups {
        let terms = group.inputs.len();
        for (o, &row) in group.outputs.iter().enumerate() {
            for c in 0..columns {
                let product = |(t, &i): (usize, &u32)| {
                    i128::from(weights[o * terms + t]) * i128::from(input[i as usize * columns + c])
                };
                let sum: i128 = group.inputs.iter().enumerate().map(product).sum();
                out[row as usize * columns + c] = sum.rem_euclid(i128::from(q)) as u32;
            }
        }
    }
    out
}

fn check(groups: Vec<(Group, Vec<i16>)>, input_rows: usize, columns: usize, q: u32) {
    let mut rng = Lcg(columns as u64);
    let input = rng.residues(input_rows * columns, q);
    let rows = groups.iter().map(|(g, _)| g.outputs.len()).sum();
    let expected = reference(&groups, &input, columns, rows, q);
    let modulus = Modulus::new(q).unwrap();
    let gemm = ResidueGemm::new(
        &modulus,
        groups.into_iter().map(|(g, _)| g).collect(),
        input_rows,
    )
    .unwrap();
    for simd in Simd::supported_levels() {
        for threads in [1, 3] {
            let mut out = vec![u32::MAX; rows * columns];
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            pool.install(|| gemm.apply(&input, columns, &mut out, simd))
                .unwrap();
            assert!(
                out == expected,
                "{simd}, {threads} threads, {columns} columns, q {q}"
            );
        }
    }
}

fn dense(rng: &mut Lcg, outputs: usize, terms: usize) -> Vec<(Group, Vec<i16>)> {
    let values = rng.weights(outputs * terms);
    let group = Group {
        inputs: (0..terms as u32).rev().collect(),
        weights: Weights::new(outputs, terms, 1 << 15, &values).unwrap(),
        outputs: (0..outputs as u32).collect(),
    };
    vec![(group, values)]
}

#[test]
fn every_remainder_shape() {
    let mut rng = Lcg(1);
    for outputs in 1..=13 {
        for terms in [1, 2, 7, 25] {
            let columns = [1, 31, 32, 33, 127, 128, 129, 300][(outputs + terms) % 8];
            check(dense(&mut rng, outputs, terms), terms, columns, Q);
        }
    }
    for columns in 1..=140 {
        check(dense(&mut rng, 3, 2), 2, columns, Q);
    }
}

#[test]
fn other_moduli() {
    let mut rng = Lcg(2);
    for q in [12_289, 65_537, (1 << 30) - 35, (1 << 31) - 1] {
        check(dense(&mut rng, 7, 40), 40, 70, q);
    }
}

#[test]
fn a_convolution_shares_its_weights() {
    // 9 x 9 input, 3 x 3 kernel, stride 2, 4 x 4 positions, 5 maps, and a dense layer on the side.
    let mut rng = Lcg(3);
    let values = rng.weights(45);
    let kernel = Weights::new(5, 9, 1 << 15, &values).unwrap();
    let mut groups: Vec<(Group, Vec<i16>)> = (0..16u32)
        .map(|p| {
            let group = Group {
                inputs: (0..9)
                    .map(|k| (p / 4 * 2 + k / 3) * 9 + p % 4 * 2 + k % 3)
                    .collect(),
                weights: Arc::clone(&kernel),
                outputs: (0..5).map(|m| m * 16 + p).collect(),
            };
            (group, values.clone())
        })
        .collect();
    let (mut side, side_values) = dense(&mut rng, 4, 81).remove(0);
    side.outputs = (80..84).collect();
    groups.push((side, side_values));
    check(groups, 81, 260, Q);
}

#[test]
fn a_full_sized_layer() {
    let mut rng = Lcg(4);
    check(dense(&mut rng, 100, 845), 845, 64, Q);
}

#[test]
fn bad_groups_are_refused_with_their_numbers() {
    let modulus = Modulus::new(Q).unwrap();
    let weights = Weights::new(2, 3, 1, &[1; 6]).unwrap();
    let group = |inputs: &[u32], outputs: &[u32]| Group {
        inputs: inputs.to_vec(),
        weights: Arc::clone(&weights),
        outputs: outputs.to_vec(),
    };
    let build = |groups| ResidueGemm::new(&modulus, groups, 3).map(|_| ());
    assert!(build(vec![group(&[0, 1, 2], &[0, 1])]).is_ok());
    assert!(matches!(
        build(vec![group(&[0, 1], &[0, 1])]),
        Err(Error::GroupShape {
            group: 0,
            what: "inputs",
            expected: 3,
            got: 2
        })
    ));
    assert!(matches!(
        build(vec![group(&[0, 1, 2], &[0])]),
        Err(Error::GroupShape {
            what: "outputs",
            ..
        })
    ));
    assert!(matches!(
        build(vec![group(&[0, 1, 3], &[0, 1])]),
        Err(Error::GroupRow {
            what: "inputs",
            row: 3,
            rows: 3,
            ..
        })
    ));
    assert!(matches!(
        build(vec![group(&[0, 1, 2], &[0, 2])]),
        Err(Error::GroupRow {
            what: "outputs",
            row: 2,
            rows: 2,
            ..
        })
    ));
    assert!(matches!(
        build(vec![group(&[0, 1, 2], &[0, 1]), group(&[0, 1, 2], &[2, 1])]),
        Err(Error::OutputCover { row: 1, times: 2 })
    ));
    // 2^62 / (2^15 * 998244352) = 140,985 terms.
    let wide = |terms: usize| Group {
        inputs: vec![0; terms],
        weights: Weights::new(1, terms, 1 << 15, &vec![1; terms]).unwrap(),
        outputs: vec![0],
    };
    assert!(build(vec![wide(140_985)]).is_ok());
    assert!(matches!(
        build(vec![wide(140_986)]),
        Err(Error::Accumulator {
            terms: 140_986,
            max_weight: 32_768,
            ..
        })
    ));
}

#[test]
fn bad_matrices_are_refused() {
    let modulus = Modulus::new(Q).unwrap();
    let (group, _) = dense(&mut Lcg(5), 2, 3).remove(0);
    let gemm = ResidueGemm::new(&modulus, vec![group], 3).unwrap();
    let simd = Simd::detect();
    let mut out = vec![0; 2 * 40];
    assert!(gemm.apply(&[0; 119], 40, &mut out, simd).is_err());
    assert!(gemm.apply(&[0; 120], 40, &mut out[1..], simd).is_err());
    assert!(gemm.apply(&[], usize::MAX, &mut out, simd).is_err());
    let mut input = vec![0; 120];
    input[97] = Q;
    assert!(matches!(
        gemm.apply(&input, 40, &mut out, simd),
        Err(Error::Residue {
            index: 97,
            value: 998_244_353,
            ..
        })
    ));
    assert!(gemm.apply(&[], 0, &mut [], simd).is_ok());
}
