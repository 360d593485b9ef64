//! The circuit against the reference, and two parties in two threads.

use super::*;
use crate::channel::Channel;
use crate::circuit::testing::assert_computes;
use crate::rng::SecureRng;
use crate::session::{EvaluatorSession, GarblerSession};
use crate::simd::Simd;
use rand_core::Rng;

const PRIME: u32 = 998_244_353;

fn spec(input_modulus: u64, shift: u32, modulus: u32, word_bits: u32) -> Mp2mlSpec {
    Mp2mlSpec {
        input_modulus,
        shift,
        modulus,
        word_bits,
        segment: 100,
    }
}

#[test]
fn gate_counts_are_those_of_the_published_circuit() {
    for w in [8usize, 32, 64] {
        assert_eq!(relu(w, 0).unwrap().and_gates(), 10 * w - 4);
        for h in [1usize, 6] {
            assert_eq!(relu(w, h).unwrap().and_gates(), 10 * w - 4 - (h - 1));
        }
    }
    assert_eq!(relu(64, 0).unwrap().and_gates(), 636);
    assert!(relu(65, 0).is_err() && relu(8, 8).is_err());
}

#[test]
fn circuit_agrees_with_the_reference_on_any_residues() {
    for spec in [
        spec(1 << 32, 8, PRIME, 64),
        spec(u64::from(PRIME), 0, PRIME, 64),
        spec(1 << 22, 6, PRIME, 31),
        spec(16, 2, 7, 6),
    ] {
        spec.validate().unwrap();
        let (w, m, q) = (
            spec.word_bits as usize,
            spec.input_modulus,
            u64::from(spec.modulus),
        );
        let template = relu(w, spec.shift as usize).unwrap();
        let mut rng = SecureRng::from_seed([w as u8; 32]);
        for case in 0..2000u64 {
            // Every pair of shares where that is possible; else random ones, edges among them.
            let edge = |v: u64, m: u64| {
                [0, 1, m / 2, m / 2 + 1, m - 1, v % m, v % m][(v >> 40) as usize % 7]
            };
            let (e, g) = if m <= 40 {
                (case % m, case / m % m)
            } else {
                (edge(rng.next_u64(), m), edge(rng.next_u64(), m))
            };
            let mask = edge(rng.next_u64(), q);
            let words = [g, mask, m - 1, m, (m - 1) / 2, q - 1, q];
            let bits = |v: u64| (0..w).map(move |i| v >> i & 1);
            let out = template.evaluate(
                &bits(e).collect::<Vec<_>>(),
                &words.into_iter().flat_map(bits).collect::<Vec<_>>(),
            );
            let got = out
                .iter()
                .enumerate()
                .fold(0u64, |v, (i, b)| v | (b & 1) << i);
            let want = u64::from(mp2ml_reference(&spec, e as u32, g as u32));
            assert_eq!(got, (want + mask) % q, "{spec:?} e {e} g {g} mask {mask}");
        }
    }
    // Exhaustive: m = 4, q = 3 on words of four bits, with the constants as the garbler gives them.
    let template = relu(4, 0).unwrap();
    assert_computes(&template, &[4], &[4; 7], |e, g| {
        // The circuit is a function of any words; check it as such.
        let sum = (e[0] + g[0]) & 15;
        let sum = if sum > g[2] {
            sum.wrapping_sub(g[3]) & 15
        } else {
            sum
        };
        let value = if sum > g[4] { 0 } else { sum };
        let masked = (value + g[1]) & 15;
        if masked > g[5] {
            masked.wrapping_sub(g[6]) & 15
        } else {
            masked
        }
    });
}

#[test]
fn reference_is_the_rounded_relu() {
    for (m, h) in [(1u64 << 8, 0), (1 << 8, 3), (251, 0), (251, 4)] {
        let spec = spec(m, h, 257, 64);
        spec.validate().unwrap();
        let half = (m as i64 - 1) / 2;
        for x in -(m as i64 - 1 - half)..=half {
            for e in 0..m as i64 {
                let g = (x - e).rem_euclid(m as i64);
                let want = (x.max(0) as f64 / f64::from(1 << h) + 0.5).floor() as u32;
                assert_eq!(
                    mp2ml_reference(&spec, e as u32, g as u32),
                    want,
                    "m {m} x {x} e {e}"
                );
            }
        }
    }
}

struct Outcome {
    evaluator: Vec<u32>,
    garbler: Vec<u32>,
    bytes: u64,
}

fn run(spec: Mp2mlSpec, evaluator: &[u32], garbler: &[u32]) -> Outcome {
    let (mut a, mut b) = Channel::pair();
    let simd = Simd::detect();
    std::thread::scope(|s| {
        let handle = s.spawn(move || {
            let mut rng = SecureRng::from_seed([1; 32]);
            let mut session = GarblerSession::setup(&mut a, &mut rng, simd).unwrap();
            let mut y = vec![0; garbler.len()];
            session
                .relu_mp2ml(&mut a, "relu", &spec, garbler, &mut y)
                .unwrap();
            y
        });
        let mut rng = SecureRng::from_seed([2; 32]);
        let mut session = EvaluatorSession::setup(&mut b, &mut rng, simd).unwrap();
        let mut y = vec![0; evaluator.len()];
        session
            .relu_mp2ml(&mut b, "relu", &spec, evaluator, &mut y)
            .unwrap();
        let bytes = b.meter().sum(|scope| scope.part.is_relu()).bytes();
        Outcome {
            evaluator: y,
            garbler: handle.join().unwrap(),
            bytes,
        }
    })
}

#[test]
fn two_parties_share_the_reference() {
    for spec in [
        spec(1 << 22, 6, PRIME, 64),
        spec(u64::from(PRIME), 0, PRIME, 64),
        spec(1 << 16, 0, 65_537, 18),
    ] {
        let mut rng = SecureRng::from_seed([3; 32]);
        // Several segments, the last one not of whole blocks.
        let n = 333;
        let mut draw = || -> Vec<u32> {
            (0..n)
                .map(|_| (rng.next_u64() % spec.input_modulus) as u32)
                .collect()
        };
        let (e, g) = (draw(), draw());
        let y = run(spec, &e, &g);
        for i in 0..n {
            let sum = (y.evaluator[i] + y.garbler[i]) % spec.modulus;
            assert_eq!(sum, mp2ml_reference(&spec, e[i], g[i]), "{i}");
        }
        // The evaluator's shares are masked: hardly two are equal, wherever outputs are zero.
        let mut shares = y.evaluator.clone();
        shares.sort_unstable();
        shares.dedup();
        assert!(shares.len() > n - 10, "{}", shares.len());
    }
}

#[test]
fn traffic_is_the_circuits() {
    let spec = Mp2mlSpec {
        segment: 4096,
        ..spec(1 << 32, 0, (1 << 31) - 1, 64)
    };
    assert!(
        spec.validate().is_err(),
        "the largest output is the modulus"
    );
    let spec = Mp2mlSpec { shift: 1, ..spec };
    let n = 4096;
    let x = vec![0; n];
    let y = run(spec, &x, &x);
    // Tables, corrections, permute bits; and OT extension of 3.9 bytes a wire, in whole chunks.
    let exact = 636 * 32 + 8 + 8;
    let per_relu = y.bytes as f64 / n as f64;
    assert!(
        per_relu > f64::from(exact) && per_relu < f64::from(exact) + 64.0 * 4.5,
        "{per_relu}"
    );
}

#[test]
fn impossible_parameters_and_shares_are_refused() {
    let good = spec(1 << 22, 6, PRIME, 64);
    good.validate().unwrap();
    for bad in [
        spec(1, 6, PRIME, 64),
        spec((1 << 32) + 1, 6, PRIME, 64),
        spec(1 << 22, 32, PRIME, 64),
        spec(1 << 22, 6, 1 << 31, 64),
        spec(1 << 22, 0, 1 << 20, 64),
        spec(1 << 22, 6, PRIME, 65),
        spec(1 << 22, 6, PRIME, 30),
        Mp2mlSpec { segment: 0, ..good },
    ] {
        assert!(bad.validate().is_err(), "{bad:?}");
    }
    let (mut a, mut b) = Channel::pair();
    let mut rng = SecureRng::from_seed([1; 32]);
    std::thread::scope(|s| {
        let handle = s.spawn(move || {
            let mut rng = SecureRng::from_seed([2; 32]);
            EvaluatorSession::setup(&mut b, &mut rng, Simd::detect()).unwrap();
        });
        let mut session = GarblerSession::setup(&mut a, &mut rng, Simd::detect()).unwrap();
        let too_large = session.relu_mp2ml(&mut a, "relu", &good, &[1 << 22], &mut [0]);
        assert!(too_large.unwrap_err().to_string().contains("share 0"));
        assert!(
            session
                .relu_mp2ml(&mut a, "relu", &good, &[0], &mut [])
                .is_err()
        );
        handle.join().unwrap();
    });
}

#[test]
fn an_output_that_is_no_residue_is_refused() {
    let spec = spec(1 << 22, 6, PRIME, 64);
    let template = relu(64, 6).unwrap();
    let (mut a, mut b) = Channel::pair();
    std::thread::scope(|s| {
        let handle = s.spawn(move || {
            let mut rng = SecureRng::from_seed([1; 32]);
            let mut session = GarblerSession::setup(&mut a, &mut rng, Simd::detect()).unwrap();
            // A garbler that breaks the rules: its mask is no residue.
            let known = parties::garbler_bits(&spec, &[0; 16], &[u32::MAX; 16]);
            let function = parties::function(&template, "relu");
            session
                .garble_opened(&mut a, &function, 16, &known)
                .unwrap();
        });
        let mut rng = SecureRng::from_seed([2; 32]);
        let mut session = EvaluatorSession::setup(&mut b, &mut rng, Simd::detect()).unwrap();
        let error = session.relu_mp2ml(&mut b, "relu", &spec, &[0; 16], &mut [0; 16]);
        let error = error.unwrap_err().to_string();
        assert!(
            error.contains("output 0") && error.contains("998244353"),
            "{error}"
        );
        handle.join().unwrap();
    });
}
