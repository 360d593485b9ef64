//! Two parties in two threads against the reference.

use super::*;
use crate::channel::Channel;
use crate::rng::SecureRng;
use crate::session::{EvaluatorSession, GarblerSession};
use crate::share::{add_mod, low_mask};
use crate::simd::Simd;
use rand_core::Rng;

struct Shares {
    evaluator: Vec<u32>,
    garbler: Vec<u32>,
}

fn share(values: &[i32], bits: u32, seed: u8) -> Shares {
    let mut rng = SecureRng::from_seed([seed; 32]);
    let garbler: Vec<u32> = values
        .iter()
        .map(|_| rng.next_u32() & low_mask(bits))
        .collect();
    let evaluator = values
        .iter()
        .zip(&garbler)
        .map(|(v, g)| (*v as u32).wrapping_sub(*g) & low_mask(bits))
        .collect();
    Shares { evaluator, garbler }
}

/// Runs several layers in one session; returns both parties' outputs.
fn run(spec: ReluSpec, layers: &[Shares], simd: Simd) -> Vec<(Vec<u32>, Vec<u32>)> {
    let (mut a, mut b) = Channel::pair();
    std::thread::scope(|s| {
        let garbler = s.spawn(move || {
            let mut session =
                GarblerSession::setup(&mut a, &mut SecureRng::from_seed([1; 32]), simd).unwrap();
            layers
                .iter()
                .map(|l| {
                    let mut y = vec![0; l.garbler.len()];
                    session
                        .relu(&mut a, "relu", &spec, &l.garbler, &mut y)
                        .unwrap();
                    y
                })
                .collect::<Vec<_>>()
        });
        let mut session =
            EvaluatorSession::setup(&mut b, &mut SecureRng::from_seed([2; 32]), simd).unwrap();
        let evaluator: Vec<Vec<u32>> = layers
            .iter()
            .map(|l| {
                let mut y = vec![0; l.evaluator.len()];
                session
                    .relu(&mut b, "relu", &spec, &l.evaluator, &mut y)
                    .unwrap();
                b.flush().unwrap();
                y
            })
            .collect();
        evaluator.into_iter().zip(garbler.join().unwrap()).collect()
    })
}

#[test]
fn shares_add_up_to_the_reference_bit_for_bit() {
    let spec = ReluSpec {
        share_bits: 22,
        width: 12,
        shift: 6,
        modulus: 998_244_353,
        segment: 2048,
    };
    let mut rng = SecureRng::from_seed([3; 32]);
    let range = spec.range() as i32;
    // Odd sizes, empty and single values, several segments, edges of the range and around zero.
    let layers: Vec<Shares> = [0usize, 1, 15, 16, 17, 1024, 5000]
        .iter()
        .enumerate()
        .map(|(seed, n)| {
            let values: Vec<i32> = (0..*n)
                .map(|i| match i % 5 {
                    0 => range,
                    1 => -range,
                    2 => (rng.next_u32() % 8192) as i32 - 4096,
                    _ => (rng.next_u32() % (2 * range as u32)) as i32 - range,
                })
                .collect();
            share(&values, spec.share_bits, seed as u8 + 10)
        })
        .collect();
    let mut reference: Option<Vec<(Vec<u32>, Vec<u32>)>> = None;
    for simd in Simd::all_supported() {
        let outputs = run(spec, &layers, simd);
        for (layer, (ye, yg)) in layers.iter().zip(&outputs) {
            for (i, (e, g)) in layer.evaluator.iter().zip(&layer.garbler).enumerate() {
                let want = relu_reference(&spec, *e, *g);
                assert_eq!(
                    add_mod(ye[i], yg[i], spec.modulus),
                    want,
                    "{simd} value {i}"
                );
            }
        }
        // The same seeds give the same shares on every kernel: the transcript does not depend on it.
        if let Some(reference) = &reference {
            assert!(*reference == outputs, "{simd}");
        } else {
            reference = Some(outputs);
        }
    }
}

#[test]
fn output_shares_are_uniform() {
    // All inputs equal: each party's outputs must still fill the ring evenly.
    let spec = ReluSpec {
        share_bits: 12,
        width: 8,
        shift: 4,
        modulus: 65537,
        segment: 1024,
    };
    let n = 64 * 1024;
    let outputs = run(spec, &[share(&vec![777; n], 12, 5)], Simd::detect());
    for shares in [&outputs[0].0, &outputs[0].1] {
        let mut cells = [0f64; 64];
        for y in shares {
            cells[(*y as usize * 64 / 65537).min(63)] += 1.0;
        }
        let expected = n as f64 / 64.0;
        let chi: f64 = cells
            .iter()
            .map(|c| (c - expected).powi(2) / expected)
            .sum();
        // 63 degrees of freedom: mean 63, deviation 11; seeds are fixed, so this is a fact, not a gamble.
        assert!(chi < 120.0, "chi square {chi}");
    }
}

#[test]
fn lengths_must_agree_and_garbage_is_refused() {
    let spec = ReluSpec {
        share_bits: 22,
        width: 12,
        shift: 6,
        modulus: 998_244_353,
        segment: 1024,
    };
    let (mut a, mut b) = Channel::pair();
    std::thread::scope(|s| {
        let garbler = s.spawn(move || {
            let simd = Simd::detect();
            let mut session =
                GarblerSession::setup(&mut a, &mut SecureRng::from_seed([1; 32]), simd).unwrap();
            let err = session
                .relu(&mut a, "relu", &spec, &[1, 2], &mut [0])
                .unwrap_err();
            assert!(err.to_string().contains("ReLU outputs"), "{err}");
            // The peer answers with ones instead of the protocol.
            session.relu(&mut a, "relu", &spec, &[1; 16], &mut [0; 16])
        });
        let _session =
            EvaluatorSession::setup(&mut b, &mut SecureRng::from_seed([2; 32]), Simd::detect())
                .unwrap();
        b.send(&[0xff; 1 << 20]).unwrap();
        b.flush().unwrap();
        let err = garbler.join().unwrap().unwrap_err();
        assert!(err.to_string().contains("is not below"), "{err}");
    });
}
