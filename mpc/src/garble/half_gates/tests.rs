//! Garbled batches against the plaintext, kernel against kernel.

use super::*;
use crate::circuit::{Builder, argmax, argmax_reference, drelu, drelu_reference};
use crate::rng::SecureRng;
use rand_core::Rng;

struct Run {
    tables: Vec<u8>,
    active: Vec<Block>,
    bits: Vec<bool>,
}

/// Garbles and evaluates `blocks` blocks; returns the decoded output bits, `[block][wire][lane]`.
fn run(template: &Template, blocks: usize, x: &[u16], known: &[u16], simd: Simd, seed: u8) -> Run {
    let mut rng = SecureRng::from_seed([seed; 32]);
    let delta = Delta::random(&mut rng);
    let session = [seed ^ 0x5a; 32];
    let mut garbler = Garbler::new(delta.clone(), &session, simd);
    let mut evaluator = Evaluator::new(&session, simd);
    let zero: Vec<Block> = (0..blocks * template.inputs() * LANES)
        .map(|_| Block::random(&mut rng))
        .collect();
    // Half of the strings are off by Delta, and corrected.
    let corrections = random_words(blocks * template.inputs(), seed);
    let active: Vec<Block> = zero
        .iter()
        .enumerate()
        .map(|(i, z)| {
            let bit = (x[i / LANES] ^ corrections[i / LANES]) >> (i % LANES);
            *z ^ delta.block().and_mask(u64::from(bit))
        })
        .collect();
    let mut tables = vec![0u8; blocks * template.and_gates() * LANES * TABLE_BYTES];
    let mut out0 = vec![Block::ZERO; blocks * template.outputs() * LANES];
    let mut out = out0.clone();
    garbler
        .garble(
            template,
            blocks,
            &zero,
            &corrections,
            known,
            &mut tables,
            &mut out0,
        )
        .unwrap();
    evaluator
        .evaluate(template, blocks, &active, &tables, &mut out)
        .unwrap();
    let bits = out0
        .iter()
        .zip(&out)
        .map(|(z, a)| {
            assert!(*a == *z || *a == *z ^ delta.block(), "not a label");
            *a != *z
        })
        .collect();
    Run {
        tables,
        active: out,
        bits,
    }
}

fn random_words(n: usize, seed: u8) -> Vec<u16> {
    let mut rng = SecureRng::from_seed([seed; 32]);
    (0..n).map(|_| rng.next_u32() as u16).collect()
}

/// A circuit of every gate kind with reuse of wires, so that AND(x, x) and shared labels occur.
fn mixed() -> Template {
    let mut b = Builder::new();
    let x = b.inputs(4);
    let k = b.knowns(3);
    let a = b.and(x[0], x[0]);
    let c = b.and(a, x[1]);
    let d = b.xor_known(c, k[0]);
    let e = b.not(d);
    let f = b.majority_known(x[2], k[1], e);
    let g = b.and_known(x[3], k[2]);
    let h = b.xor(f, g);
    let i = b.and(h, c);
    b.build(&[i, h, d, x[0]]).unwrap()
}

#[test]
fn every_gate_agrees_with_the_plaintext_and_every_kernel_with_every_other() {
    let template = mixed();
    for blocks in [0usize, 1, 2, 7, 33] {
        let x = random_words(blocks * template.inputs(), 1);
        let known = random_words(blocks * template.known(), 2);
        let mut reference: Option<Run> = None;
        for simd in Simd::all_supported() {
            let got = run(&template, blocks, &x, &known, simd, 3);
            for block in 0..blocks {
                let inputs: Vec<u64> = (0..4).map(|w| u64::from(x[block * 4 + w])).collect();
                let bits: Vec<u64> = (0..3).map(|w| u64::from(known[block * 3 + w])).collect();
                for (w, word) in template.evaluate(&inputs, &bits).iter().enumerate() {
                    for lane in 0..LANES {
                        let bit = got.bits[(block * template.outputs() + w) * LANES + lane];
                        assert_eq!(
                            bit,
                            word >> lane & 1 == 1,
                            "{simd} block {block} wire {w} lane {lane}"
                        );
                    }
                }
            }
            if let Some(r) = &reference {
                assert!(
                    r.tables == got.tables && r.active == got.active,
                    "{simd} differs"
                );
            } else {
                reference = Some(got);
            }
        }
    }
}

#[test]
fn drelu_and_argmax_garbled() {
    for simd in Simd::all_supported() {
        let (l, blocks) = (12, 9);
        let template = drelu(l).unwrap();
        let x = random_words(blocks * l, 4);
        let known = random_words(blocks * l, 5);
        let got = run(&template, blocks, &x, &known, simd, 6);
        let gather = |w: &[u16], block: usize, lane: usize, n: usize, o: usize| {
            (0..l)
                .map(|i| u32::from(w[block * n + o + i] >> lane & 1) << i)
                .sum::<u32>()
        };
        for (i, bit) in got.bits.iter().enumerate() {
            let (block, lane) = (i / LANES, i % LANES);
            let want = drelu_reference(
                l,
                gather(&x, block, lane, l, 0),
                gather(&known, block, lane, l, 0),
            );
            assert_eq!(*bit, want, "{simd}");
        }

        let template = argmax(3, l).unwrap();
        let n = 3 * l;
        let mut x = random_words(blocks * n, 7);
        let known = vec![0u16; blocks * n];
        for block in 0..blocks {
            for class in 0..3 {
                // Stay within the range whose differences fit: the top three bits equal.
                let top = block * n + class * l + l - 1;
                x[top - 1] = x[top];
                x[top - 2] = x[top];
            }
        }
        let got = run(&template, blocks, &x, &known, simd, 8);
        for block in 0..blocks {
            for lane in 0..LANES {
                let values: Vec<u32> = (0..3).map(|c| gather(&x, block, lane, n, c * l)).collect();
                let index: usize = (0..template.outputs())
                    .map(|w| {
                        usize::from(got.bits[(block * template.outputs() + w) * LANES + lane]) << w
                    })
                    .sum();
                assert_eq!(index, argmax_reference(l, &values), "{simd}");
            }
        }
    }
}

#[test]
fn gate_counter_runs_on_between_batches() {
    let template = drelu(4).unwrap();
    let delta = Delta::new(Block([1, 2]));
    let mut garbler = Garbler::new(delta, &[0; 32], Simd::Scalar);
    let zero = vec![Block([3, 4]); 4 * LANES];
    let known = [0u16; 4];
    let mut tables = [
        vec![0u8; 2 * LANES * TABLE_BYTES],
        vec![0u8; 2 * LANES * TABLE_BYTES],
    ];
    let mut out = vec![Block::ZERO; LANES];
    for t in &mut tables {
        garbler
            .garble(&template, 1, &zero, &[0; 4], &known, t, &mut out)
            .unwrap();
    }
    // Same labels, same circuit: only the counter tells the two apart, in every lane and half-gate.
    let rows = |t: &[u8]| t.chunks(16).map(<[u8]>::to_vec).collect::<Vec<_>>();
    let mut all: Vec<Vec<u8>> = tables.iter().flat_map(|t| rows(t)).collect();
    let count = all.len();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), count);
}

#[test]
fn wrong_lengths_are_refused() {
    let template = drelu(4).unwrap();
    let mut evaluator = Evaluator::new(&[0; 32], Simd::Scalar);
    let inputs = vec![Block::ZERO; 4 * LANES];
    let mut out = vec![Block::ZERO; LANES];
    let err = evaluator
        .evaluate(&template, 1, &inputs, &[0; 100], &mut out)
        .unwrap_err();
    assert!(err.to_string().contains("garbled tables"), "{err}");
    assert!(
        evaluator
            .evaluate(&template, usize::MAX, &inputs, &[], &mut out)
            .is_err()
    );
}
