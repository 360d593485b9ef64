//! Two parties in two threads against the maximum, by both protocols.

use super::*;
use crate::channel::{Part, Step};
use crate::relu::{ReluProtocol, relu_reference};
use crate::rng::SecureRng;
use crate::session::{EvaluatorSession, GarblerSession};
use crate::share::{low_mask, signed};
use crate::simd::Simd;
use rand_core::Rng;

/// Both parties' outputs, and the bytes both ways without OT extension.
fn run(
    protocol: ReluProtocol,
    spec: &MaxPoolSpec,
    evaluator: &[u32],
    garbler: &[u32],
) -> (Vec<u32>, Vec<u32>, u64) {
    let (mut a, mut b) = Channel::pair();
    let positions = evaluator.len() / spec.window as usize;
    std::thread::scope(|s| {
        let theirs = s.spawn(move || {
            let mut rng = SecureRng::from_seed([1; 32]);
            let mut session = GarblerSession::setup(&mut a, &mut rng, Simd::detect()).unwrap();
            let mut y = vec![0; positions];
            let mut party = session.relu_by(protocol);
            max_pool(&mut *party, &mut a, "pool", spec, garbler, &mut y).unwrap();
            a.flush().unwrap();
            y
        });
        let mut rng = SecureRng::from_seed([2; 32]);
        let mut session = EvaluatorSession::setup(&mut b, &mut rng, Simd::detect()).unwrap();
        b.take_meter();
        let mut y = vec![0; positions];
        let mut party = session.relu_by(protocol);
        max_pool(&mut *party, &mut b, "pool", spec, evaluator, &mut y).unwrap();
        b.flush().unwrap();
        let entries = b.meter().entries().iter();
        let bytes = entries
            .filter(|e| e.scope.part != Part::Relu(Step::Ot))
            .map(|e| e.tally.bytes_sent + e.tally.bytes_received)
            .sum();
        (y, theirs.join().unwrap(), bytes)
    })
}

fn share(values: &[i64], bits: u32, rng: &mut SecureRng) -> (Vec<u32>, Vec<u32>) {
    values
        .iter()
        .map(|v| {
            let g = rng.next_u32() & low_mask(bits);
            ((*v as u32).wrapping_sub(g) & low_mask(bits), g)
        })
        .unzip()
}

#[test]
fn any_window_within_the_bound() {
    let mut rng = SecureRng::from_seed([3; 32]);
    for (share_bits, width, window) in [
        (16, 16, 4),
        (16, 16, 1),
        (16, 16, 2),
        (22, 12, 9),
        (32, 32, 3),
        (32, 20, 5),
        (8, 8, 7),
    ] {
        let spec = MaxPoolSpec {
            share_bits,
            width,
            window,
            segment: 1024,
        };
        let quarter = 1i64 << (share_bits - 2);
        let most = quarter - 2 * i64::from(spec.relu().unit());
        let positions = 101;
        // Whole range, ties, and neighbours.
        let values: Vec<i64> = (0..positions * window as usize)
            .map(|i| {
                let any = i64::from(rng.next_u32()) % (2 * most + 1) - most;
                match i % positions % 4 {
                    0 => most - (any & 3),
                    1 => -most + (any & 1),
                    _ => any,
                }
            })
            .collect();
        let want = max_pool_reference(&spec, &values);
        let (e, g) = share(&values, share_bits, &mut rng);
        for protocol in ReluProtocol::ALL {
            let (ye, yg, _) = run(protocol, &spec, &e, &g);
            assert_eq!(ye.len(), want.len());
            for (p, want) in want.iter().enumerate() {
                let sum = ye[p].wrapping_add(yg[p]) & low_mask(share_bits);
                let got = i64::from(signed(sum, share_bits));
                let below = (want - got) as u64;
                assert!(
                    below <= spec.error_bound(),
                    "{protocol} {spec:?} {p}: {got} for {want}"
                );
                let window = (0..window as usize).map(|j| values[j * positions + p]);
                assert!(
                    window.clone().any(|v| v == got),
                    "{protocol} {spec:?} {p}: {got}"
                );
            }
        }
    }
}

#[test]
fn a_single_comparison_is_the_reference_bit_for_bit() {
    let spec = MaxPoolSpec {
        share_bits: 6,
        width: 6,
        window: 2,
        segment: 1024,
    };
    // All shares of all differences, against zero.
    let mut e: Vec<u32> = (0..4096).map(|i| i % 64).collect();
    let mut g: Vec<u32> = (0..4096).map(|i| i / 64).collect();
    let want: Vec<u32> = e
        .iter()
        .zip(&g)
        .map(|(e, g)| relu_reference(&spec.relu(), *e, *g))
        .collect();
    e.extend([0; 4096]);
    g.extend([0; 4096]);
    for protocol in ReluProtocol::ALL {
        let (ye, yg, _) = run(protocol, &spec, &e, &g);
        for (p, want) in want.iter().enumerate() {
            assert_eq!((ye[p] + yg[p]) % 64, *want, "{protocol} {p}");
        }
    }
}

#[test]
fn a_window_of_four_16_bit_values_takes_little() {
    let spec = MaxPoolSpec {
        share_bits: 16,
        width: 16,
        window: 4,
        segment: 1 << 14,
    };
    let x = vec![5; 4 * (1 << 14)];
    let each = |protocol| run(protocol, &spec, &x, &x).2 as f64 / f64::from(1 << 14);
    assert_eq!(each(ReluProtocol::Ot), 3.0 * 15.375);
    assert_eq!(each(ReluProtocol::Garbled), 3.0 * 458.125);
}

#[test]
fn bad_parameters_are_refused() {
    let (mut a, _b) = Channel::pair();
    struct Idle;
    impl SharedRelu for Idle {
        fn prepare(
            &mut self,
            _: &mut Channel,
            _: crate::channel::Phase,
            _: &str,
            _: &ReluSpec,
            _: usize,
        ) -> Result<(), Error> {
            Ok(())
        }
        fn relu(
            &mut self,
            _: &mut Channel,
            _: &str,
            _: &ReluSpec,
            _: &[u32],
            _: &mut [u32],
        ) -> Result<(), Error> {
            Ok(())
        }
    }
    let good = MaxPoolSpec {
        share_bits: 16,
        width: 16,
        window: 4,
        segment: 1024,
    };
    let mut call = |spec: MaxPoolSpec, inputs: usize, outputs: usize| {
        max_pool(
            &mut Idle,
            &mut a,
            "pool",
            &spec,
            &vec![0; inputs],
            &mut vec![0; outputs],
        )
    };
    call(good, 8, 2).unwrap();
    assert!(call(good, 7, 2).is_err());
    assert!(call(MaxPoolSpec { window: 0, ..good }, 0, 2).is_err());
    assert!(call(MaxPoolSpec { width: 17, ..good }, 8, 2).is_err());
}
