//! Two parties in two threads against the plaintext, and corrupted messages.

use super::*;
use crate::channel::Channel;
use crate::circuit::testing::random_circuit;
use crate::circuit::{Builder, Signedness};
use crate::rng::SecureRng;
use crate::session::{EvaluatorSession, GarblerSession};
use crate::simd::Simd;
use rand_core::Rng;
use sha2::{Digest, Sha256};

fn words_of(n: usize, seed: u8) -> Vec<u16> {
    let mut rng = SecureRng::from_seed([seed; 32]);
    (0..n).map(|_| rng.next_u32() as u16).collect()
}

/// Circuits of every kind: constants, known bits alone, no AND gates, no inputs, no outputs.
fn circuits() -> Vec<Template> {
    let mut all = Vec::new();
    let mut b = Builder::new();
    let (x, y, k) = (b.inputs(9), b.inputs(9), b.knowns(9));
    let product = b.multiply(&x, &y, 18);
    let k = b.known_word(&k);
    let sum = b.add(&product, &k);
    let mut out = b.max(&sum, &x, Signedness::Signed);
    out.push(b.constant(true));
    out.extend(b.and_word(k[0], &k));
    out.extend(
        b.lookup(&x[..4], &[3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8], 4)
            .unwrap(),
    );
    all.push(b.build(&out).unwrap());

    let mut b = Builder::new();
    let (x, k) = (b.inputs(3), b.knowns(3));
    let k = b.known_word(&k);
    let out = b.xor_word(&x, &k);
    all.push(b.build(&out).unwrap());

    let mut b = Builder::new();
    let k = b.knowns(4);
    let mut out = b.known_word(&k);
    out.push(b.all(&out.clone()));
    all.push(b.build(&out).unwrap());

    let mut b = Builder::new();
    let x = b.inputs(2);
    let _dead = b.and(x[0], x[1]);
    all.push(b.build(&[]).unwrap());
    all.extend((0..8).map(|seed| random_circuit(seed, &[0; 3], &[0; 2]).0));
    all
}

fn pair<A: Send, B>(
    garbler: impl FnOnce(&mut GarblerSession, &mut Channel) -> A + Send,
    evaluator: impl FnOnce(&mut EvaluatorSession, &mut Channel) -> B,
) -> (A, B) {
    let (mut a, mut b) = Channel::pair();
    let simd = Simd::detect();
    std::thread::scope(|s| {
        let handle = s.spawn(move || {
            let mut rng = SecureRng::from_seed([1; 32]);
            let mut session = GarblerSession::setup(&mut a, &mut rng, simd).unwrap();
            garbler(&mut session, &mut a)
        });
        let mut rng = SecureRng::from_seed([2; 32]);
        let mut session = EvaluatorSession::setup(&mut b, &mut rng, simd).unwrap();
        let got = evaluator(&mut session, &mut b);
        drop(b);
        (handle.join().unwrap(), got)
    })
}

fn plain(template: &Template, blocks: usize, inputs: &[u16], known: &[u16]) -> Vec<u16> {
    let wide = |words: &[u16]| words.iter().map(|w| u64::from(*w)).collect::<Vec<_>>();
    (0..blocks)
        .flat_map(|block| {
            let inputs = &inputs[block * template.inputs()..][..template.inputs()];
            let known = &known[block * template.known()..][..template.known()];
            template.evaluate(&wide(inputs), &wide(known))
        })
        .map(|word| word as u16)
        .collect()
}

#[test]
fn outputs_are_those_of_the_plaintext() {
    for template in circuits() {
        for instances in [0usize, 1, 16, 100, 1500] {
            let blocks = instances.div_ceil(LANES);
            let inputs = words_of(blocks * template.inputs(), 3);
            let known = words_of(blocks * template.known(), 4);
            let function = Function {
                template: &template,
                layer: "test",
                part: Part::Function,
            };
            let (mine, (theirs, opened)) = pair(
                |session, ch| {
                    let share = session
                        .garble_shared(ch, &function, instances, &known)
                        .unwrap();
                    session
                        .garble_opened(ch, &function, instances, &known)
                        .unwrap();
                    share
                },
                |session, ch| {
                    let share = session
                        .evaluate_shared(ch, &function, instances, &inputs)
                        .unwrap();
                    let open = session
                        .evaluate_opened(ch, &function, instances, &inputs)
                        .unwrap();
                    (share, open)
                },
            );
            let want = plain(&template, blocks, &inputs, &known);
            assert_eq!(opened, want);
            let sum: Vec<u16> = mine.iter().zip(&theirs).map(|(a, b)| a ^ b).collect();
            assert_eq!(sum, want);
        }
    }
}

#[test]
fn several_segments_are_one_function() {
    // 3000 input wires: a segment is 43 blocks.
    let mut b = Builder::new();
    let (x, k) = (b.inputs(3000), b.known());
    let parity = b.parity(&x);
    let out = b.and_known(parity, k);
    let template = b.build(&[out]).unwrap();
    let function = Function {
        template: &template,
        layer: "test",
        part: Part::Function,
    };
    assert_eq!(function.segment(), 43);
    let blocks = 100;
    let (inputs, known) = (words_of(blocks * 3000, 5), words_of(blocks, 6));
    let (_, opened) = pair(
        |s, ch| {
            s.garble_opened(ch, &function, blocks * LANES, &known)
                .unwrap()
        },
        |s, ch| {
            s.evaluate_opened(ch, &function, blocks * LANES, &inputs)
                .unwrap()
        },
    );
    assert_eq!(opened, plain(&template, blocks, &inputs, &known));
}

#[test]
fn wrong_lengths_are_refused() {
    let template = circuits().remove(1);
    let function = Function {
        template: &template,
        layer: "test",
        part: Part::Function,
    };
    let (a, b) = pair(
        |s, ch| s.garble_shared(ch, &function, 17, &[0; 5]).unwrap_err(),
        |s, ch| s.evaluate_shared(ch, &function, 16, &[0; 4]).unwrap_err(),
    );
    assert!(a.to_string().contains("2 blocks of 3"), "{a}");
    assert!(b.to_string().contains("1 blocks of 3"), "{b}");
}

#[test]
fn a_peer_that_stops_is_an_error() {
    let template = circuits().remove(0);
    let function = Function {
        template: &template,
        layer: "test",
        part: Part::Function,
    };
    let known = words_of(template.known(), 1);
    let inputs = words_of(template.inputs(), 2);
    let (garbler, ()) = pair(
        |s, ch| s.garble_opened(ch, &function, 16, &known),
        |_, _| (),
    );
    assert!(garbler.is_err());
    let (_, evaluator) = pair(
        |s, ch| {
            // Takes the corrections, sends half of the tables, and goes.
            let mut keys = vec![Block::ZERO; template.inputs() * LANES];
            s.labels.extend(ch, &mut keys).unwrap();
            ch.recv(&mut vec![0; 2 * template.inputs()]).unwrap();
            ch.send(&vec![7; s.garbler.table_bytes(function.template, 1) / 2])
                .unwrap();
            ch.flush().unwrap();
        },
        |s, ch| s.evaluate_opened(ch, &function, 16, &inputs),
    );
    assert!(matches!(evaluator, Err(Error::Closed { .. })));
}

/// Corrections, tables and permute bits under fixed seeds. It changes with the OT that the session uses.
#[test]
fn transcript_is_fixed() {
    let template = circuits().remove(0);
    let function = Function {
        template: &template,
        layer: "test",
        part: Part::Function,
    };
    let known = words_of(template.known() * 3, 1);
    let inputs = words_of(template.inputs() * 3, 2);
    let (_, digest) = pair(
        |s, ch| s.garble_opened(ch, &function, 48, &known).unwrap(),
        |s, ch| {
            let mut corrections = vec![0u16; 3 * template.inputs()];
            let mut labels = vec![Block::ZERO; corrections.len() * LANES];
            s.labels.extend(ch, &mut corrections, &mut labels).unwrap();
            for (r, x) in corrections.iter_mut().zip(&inputs) {
                *r ^= x;
            }
            let mut hash = Sha256::new();
            for d in &corrections {
                ch.send(&d.to_le_bytes()).unwrap();
                hash.update(d.to_le_bytes());
            }
            let mut received = vec![
                0;
                3 * (s.evaluator.table_bytes(function.template, 1)
                    + 2 * template.outputs())
            ];
            ch.recv(&mut received).unwrap();
            hash.update(&received);
            hash.finalize()
        },
    );
    let digest: String = digest.iter().take(8).map(|b| format!("{b:02x}")).collect();
    assert_eq!(digest, "9d3d07bbf29e7ece");
}
