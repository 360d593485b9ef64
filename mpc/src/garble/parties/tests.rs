//! Garbled batches against the plaintext, kernel against kernel, in every scheme.

use super::*;
use crate::circuit::{Builder, argmax, argmax_reference, drelu, drelu_reference};
use crate::rng::SecureRng;
use rand_core::Rng;
use sha2::{Digest, Sha256};

struct Run {
    tables: Vec<u8>,
    active: Vec<Block>,
    bits: Vec<bool>,
}

/// Garbles and evaluates `blocks` blocks; returns the decoded output bits, `[block][wire][lane]`.
fn run(
    scheme: Scheme,
    template: &Template,
    blocks: usize,
    x: &[u16],
    known: &[u16],
    simd: Simd,
    seed: u8,
) -> Run {
    let mut rng = SecureRng::from_seed([seed; 32]);
    let delta = Delta::random(&mut rng);
    let session = [seed ^ 0x5a; 32];
    let mut garbler = Garbler::with_scheme(scheme, delta.clone(), &session, &mut rng, simd);
    let mut evaluator = Evaluator::with_scheme(scheme, &session, simd);
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
    let mut tables = vec![0u8; scheme.table_bytes(template.and_gates(), blocks)];
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
    for (blocks, scheme) in [0usize, 1, 2, 7, 33]
        .into_iter()
        .flat_map(|blocks| Scheme::ALL.map(|scheme| (blocks, scheme)))
    {
        let x = random_words(blocks * template.inputs(), 1);
        let known = random_words(blocks * template.known(), 2);
        let mut reference: Option<Run> = None;
        for simd in Simd::all_supported() {
            let got = run(scheme, &template, blocks, &x, &known, simd, 3);
            for block in 0..blocks {
                let inputs: Vec<u64> = (0..4).map(|w| u64::from(x[block * 4 + w])).collect();
                let bits: Vec<u64> = (0..3).map(|w| u64::from(known[block * 3 + w])).collect();
                for (w, word) in template.evaluate(&inputs, &bits).iter().enumerate() {
                    for lane in 0..LANES {
                        let bit = got.bits[(block * template.outputs() + w) * LANES + lane];
                        assert_eq!(
                            bit,
                            word >> lane & 1 == 1,
                            "{scheme} {simd} block {block} wire {w} lane {lane}"
                        );
                    }
                }
            }
            if let Some(r) = &reference {
                assert!(
                    r.tables == got.tables && r.active == got.active,
                    "{scheme} {simd} differs"
                );
            } else {
                reference = Some(got);
            }
        }
    }
}

#[test]
fn drelu_and_argmax_garbled() {
    let levels = Simd::all_supported();
    for (simd, scheme) in levels
        .into_iter()
        .flat_map(|simd| Scheme::ALL.map(|scheme| (simd, scheme)))
    {
        let (l, blocks) = (12, 9);
        let template = drelu(l).unwrap();
        let x = random_words(blocks * l, 4);
        let known = random_words(blocks * l, 5);
        let got = run(scheme, &template, blocks, &x, &known, simd, 6);
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
            assert_eq!(*bit, want, "{scheme} {simd}");
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
        let got = run(scheme, &template, blocks, &x, &known, simd, 8);
        for block in 0..blocks {
            for lane in 0..LANES {
                let values: Vec<u32> = (0..3).map(|c| gather(&x, block, lane, n, c * l)).collect();
                let index: usize = (0..template.outputs())
                    .map(|w| {
                        usize::from(got.bits[(block * template.outputs() + w) * LANES + lane]) << w
                    })
                    .sum();
                assert_eq!(index, argmax_reference(l, &values), "{scheme} {simd}");
            }
        }
    }
}

#[test]
fn gate_counter_runs_on_between_batches() {
    let template = drelu(4).unwrap();
    for scheme in Scheme::ALL {
        let delta = Delta::new(Block([1, 2]));
        let mut rng = SecureRng::from_seed([1; 32]);
        let mut garbler = Garbler::with_scheme(scheme, delta, &[0; 32], &mut rng, Simd::Scalar);
        let zero = vec![Block([3, 4]); 4 * LANES];
        let known = [0u16; 4];
        let mut out = vec![Block::ZERO; LANES];
        // Same labels, same circuit: only the counter tells the two apart, in every lane and ciphertext.
        let mut all: Vec<Vec<u8>> = Vec::new();
        for _ in 0..2 {
            let mut tables = vec![0u8; garbler.table_bytes(&template, 1)];
            garbler
                .garble(&template, 1, &zero, &[0; 4], &known, &mut tables, &mut out)
                .unwrap();
            for gate in tables.chunks(scheme.gate_bytes()) {
                all.extend(gate.chunks_exact(8).map(<[u8]>::to_vec));
            }
        }
        let count = all.len();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), count, "{scheme}");
    }
}

#[test]
fn parts_of_a_batch_garble_like_the_whole() {
    let template = mixed();
    let blocks = 70;
    let (inputs, known) = (template.inputs(), template.known());
    let mut rng = SecureRng::from_seed([4; 32]);
    let mut zero = vec![Block::ZERO; blocks * inputs * LANES];
    rng.fill_blocks(&mut zero);
    let corrections = random_words(blocks * inputs, 5);
    let bits = random_words(blocks * known, 6);
    for (scheme, simd) in Scheme::ALL
        .into_iter()
        .flat_map(|scheme| Simd::all_supported().into_iter().map(move |s| (scheme, s)))
    {
        let delta = Delta::new(Block([5, 6]));
        let garbler = Garbler::with_scheme(scheme, delta, &[2; 32], &mut rng, simd);
        let garble = |from: usize, to: usize| {
            let n = to - from;
            let mut tables = vec![0u8; garbler.table_bytes(&template, n)];
            let mut out = vec![Block::ZERO; n * template.outputs() * LANES];
            garbler
                .garble_at(
                    100 + (from * template.and_gates()) as u64,
                    &template,
                    n,
                    &zero[from * inputs * LANES..to * inputs * LANES],
                    &corrections[from * inputs..to * inputs],
                    &bits[from * known..to * known],
                    &mut tables,
                    &mut out,
                )
                .unwrap();
            tables
        };
        let whole = garble(0, blocks);
        let parts = [
            garble(0, 1),
            garble(1, 23),
            garble(23, 23),
            garble(23, blocks),
        ]
        .concat();
        assert!(whole == parts, "{scheme} {simd}");
    }
}

/// A circuit of random gates over random earlier wires.
fn random_circuit(seed: u8) -> Template {
    let mut rng = SecureRng::from_seed([seed; 32]);
    let mut b = Builder::new();
    let mut wires = b.inputs(5);
    let known = b.knowns(4);
    for _ in 0..60 {
        let mut pick = || rng.next_u32() as usize;
        let (x, y) = (wires[pick() % wires.len()], wires[pick() % wires.len()]);
        let k = known[pick() % known.len()];
        let wire = match pick() % 6 {
            0 => b.xor(x, y),
            1 => b.not(x),
            2 => b.xor_known(x, k),
            _ => b.and(x, y),
        };
        wires.push(wire);
    }
    b.build(&wires[wires.len() - 20..]).unwrap()
}

#[test]
fn random_circuits_agree_with_the_plaintext() {
    for (seed, scheme) in (0..40).flat_map(|seed| Scheme::ALL.map(|scheme| (seed, scheme))) {
        let template = random_circuit(seed);
        let simd = Simd::all_supported()[usize::from(seed) % Simd::all_supported().len()];
        let x = random_words(template.inputs(), seed ^ 0x11);
        let known = random_words(template.known(), seed ^ 0x22);
        let got = run(scheme, &template, 1, &x, &known, simd, seed);
        let words = |x: &[u16]| x.iter().map(|w| u64::from(*w)).collect::<Vec<_>>();
        let want = template.evaluate(&words(&x), &words(&known));
        for (i, bit) in got.bits.iter().enumerate() {
            let word = want[i / LANES];
            assert_eq!(*bit, word >> (i % LANES) & 1 == 1, "{scheme} {simd} {seed}");
        }
    }
}

#[test]
fn wrong_lengths_are_refused() {
    let template = drelu(4).unwrap();
    let inputs = vec![Block::ZERO; 4 * LANES];
    let mut out = vec![Block::ZERO; LANES];
    for scheme in Scheme::ALL {
        let mut evaluator = Evaluator::with_scheme(scheme, &[0; 32], Simd::Scalar);
        let right = evaluator.table_bytes(&template, 1);
        // Truncated, oversized, and the other scheme's.
        let [half, three] = Scheme::ALL.map(|s| s.table_bytes(template.and_gates(), 1));
        for length in [0, 100, right - 1, right + 1, half + three - right] {
            let err = evaluator
                .evaluate(&template, 1, &inputs, &vec![0; length], &mut out)
                .unwrap_err();
            assert!(err.to_string().contains("garbled tables"), "{err}");
        }
        let overflow = evaluator.evaluate(&template, usize::MAX, &inputs, &[], &mut out);
        assert!(overflow.is_err());
        let tables = vec![0; right];
        evaluator
            .evaluate(&template, 1, &inputs, &tables, &mut out)
            .unwrap();
    }
}

#[test]
fn gate_numbers_end_before_a_key_repeats() {
    let template = drelu(4).unwrap();
    for scheme in Scheme::ALL {
        let mut evaluator = Evaluator::with_scheme(scheme, &[0; 32], Simd::Scalar);
        evaluator.next_gate = u64::MAX / scheme.keys() - 2;
        evaluator.reserve(&template, 1).unwrap();
        let err = evaluator.reserve(&template, 1).unwrap_err();
        assert!(err.to_string().contains("gate counter"), "{err}");
    }
}

#[test]
fn transcripts_are_fixed() {
    let template = mixed();
    for (scheme, want) in [
        (
            Scheme::HalfGates,
            "d412e24fcbb49a90cd6fc8050fa3fcdb85b47904928d5d2d252d50ea75bd000f",
        ),
        (
            Scheme::ThreeHalves,
            "933360bc0b32b89cd17a84be5cbec7a4a76f5e421235c7cf4926e18491da458f",
        ),
    ] {
        for simd in Simd::all_supported() {
            let x = random_words(5 * template.inputs(), 1);
            let known = random_words(5 * template.known(), 2);
            let got = run(scheme, &template, 5, &x, &known, simd, 9);
            let mut digest = Sha256::new();
            digest.update(&got.tables);
            for label in &got.active {
                digest.update(label.to_bytes());
            }
            let hex: String = digest
                .finalize()
                .iter()
                .map(|b| format!("{b:02x}"))
                .collect();
            assert_eq!(hex, want, "{scheme} {simd}");
        }
    }
}
