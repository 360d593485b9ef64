//! Two parties in two threads against the reference, by both protocols.

mod traffic;
mod wire;

use super::*;
use crate::Error;
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

const GOOD: ReluSpec = ReluSpec {
    share_bits: 22,
    width: 12,
    shift: 6,
    target: Target::Modulus(998_244_353),
    segment: 2048,
};

/// One party's outputs, layer by layer.
type Outputs = Vec<Vec<u32>>;

/// Runs several layers in one session over a pair of channels; returns the evaluator's and the garbler's outputs.
fn run_over(
    (mut a, mut b): (Channel, Channel),
    protocol: ReluProtocol,
    layers: &[(ReluSpec, Shares)],
    simd: Simd,
) -> (Result<Outputs, Error>, Result<Outputs, Error>) {
    fn play(
        party: &mut dyn SharedRelu,
        ch: &mut Channel,
        layers: &[(ReluSpec, Shares)],
        mine: impl Fn(&Shares) -> &[u32],
    ) -> Result<Outputs, Error> {
        layers
            .iter()
            .map(|(spec, shares)| {
                let x = mine(shares);
                let mut y = vec![0; x.len()];
                party.relu(ch, "relu", spec, x, &mut y)?;
                ch.flush()?;
                Ok(y)
            })
            .collect()
    }
    std::thread::scope(|s| {
        let garbler = s.spawn(move || {
            let mut session =
                GarblerSession::setup(&mut a, &mut SecureRng::from_seed([1; 32]), simd)?;
            play(&mut *session.relu_by(protocol), &mut a, layers, |s| {
                &s.garbler
            })
        });
        let evaluator = EvaluatorSession::setup(&mut b, &mut SecureRng::from_seed([2; 32]), simd)
            .and_then(|mut session| {
                play(&mut *session.relu_by(protocol), &mut b, layers, |s| {
                    &s.evaluator
                })
            });
        drop(b);
        (evaluator, garbler.join().unwrap())
    })
}

/// As [`run_over`], where nothing goes wrong: per layer, both parties' outputs.
fn run(
    protocol: ReluProtocol,
    layers: &[(ReluSpec, Shares)],
    simd: Simd,
) -> Vec<(Vec<u32>, Vec<u32>)> {
    let (evaluator, garbler) = run_over(Channel::pair(), protocol, layers, simd);
    evaluator
        .unwrap()
        .into_iter()
        .zip(garbler.unwrap())
        .collect()
}

fn assert_reference(name: &str, layers: &[(ReluSpec, Shares)], outputs: &[(Vec<u32>, Vec<u32>)]) {
    assert_eq!(layers.len(), outputs.len());
    for ((spec, layer), (ye, yg)) in layers.iter().zip(outputs) {
        for (i, (e, g)) in layer.evaluator.iter().zip(&layer.garbler).enumerate() {
            let want = relu_reference(spec, *e, *g);
            let got = add_mod(ye[i], yg[i], spec.modulus());
            assert_eq!(got, want, "{name} {spec:?} value {i}: {e} + {g}");
        }
    }
}

/// Values at the edges of the range, around zero, and anywhere.
fn values(spec: &ReluSpec, n: usize, rng: &mut SecureRng) -> Vec<i32> {
    let range = i64::from(spec.range());
    (0..n)
        .map(|i| {
            let any = (i64::from(rng.next_u32()) % (2 * range + 1)) - range;
            (match i % 5 {
                0 => range,
                1 => -range,
                2 => any % (8 * i64::from(spec.unit())),
                _ => any,
            }) as i32
        })
        .collect()
}

#[test]
fn shares_add_up_to_the_reference_bit_for_bit() {
    let mut rng = SecureRng::from_seed([3; 32]);
    // Odd sizes, empty and single values, several segments, edges of the range and around zero.
    let layers: Vec<(ReluSpec, Shares)> = [0usize, 1, 15, 16, 17, 1024, 5000, 20_000]
        .iter()
        .enumerate()
        .map(|(seed, n)| {
            let values = values(&GOOD, *n, &mut rng);
            (GOOD, share(&values, GOOD.share_bits, seed as u8 + 10))
        })
        .collect();
    for protocol in ReluProtocol::ALL {
        let mut reference = None;
        for simd in Simd::all_supported() {
            let outputs = run(protocol, &layers, simd);
            assert_reference(&format!("{protocol} {simd}"), &layers, &outputs);
            // The same seeds give the same shares on every kernel: the transcript does not depend on it.
            assert!(
                *reference.get_or_insert_with(|| outputs.clone()) == outputs,
                "{simd}"
            );
        }
    }
}

#[test]
fn every_width_and_ring() {
    let mut rng = SecureRng::from_seed([4; 32]);
    let mut layers = Vec::new();
    for width in 3..=32u32 {
        let specs = [
            (32, Target::SameRing, 0),
            (width.min(30), Target::Modulus(2_013_265_921), 0),
            (width, Target::SameRing, 0),
            (width.max(20), Target::Modulus((1 << 31) - 1), 9),
        ];
        for (share_bits, target, shift) in specs {
            let spec = ReluSpec {
                share_bits,
                width: width.min(share_bits),
                shift,
                target,
                segment: 1024,
            };
            spec.validate().unwrap();
            let n = 40 + width as usize;
            // Any shares at all: the protocol computes the reference outside its range too.
            let any: Vec<i32> = (0..n).map(|_| rng.next_u32() as i32).collect();
            layers.push((spec, share(&any, share_bits, width as u8)));
            if spec.unit() < 1 << (share_bits - 3) {
                let values = values(&spec, n, &mut rng);
                layers.push((spec, share(&values, share_bits, width as u8)));
            }
        }
    }
    for protocol in ReluProtocol::ALL {
        let outputs = run(protocol, &layers, Simd::detect());
        assert_reference(&protocol.to_string(), &layers, &outputs);
    }
}

#[test]
fn over_sockets_with_full_buffers() {
    use std::net::{TcpListener, TcpStream};
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (far, _) = listener.accept().unwrap();
    let limit = std::time::Duration::from_secs(20);
    let channels = (
        Channel::tcp(near, limit).unwrap(),
        Channel::tcp_unblocked(far, limit).unwrap(),
    );
    let spec = ReluSpec {
        segment: 1 << 16,
        ..GOOD
    };
    let values = values(&spec, 300_000, &mut SecureRng::from_seed([6; 32]));
    let layers = [(spec, share(&values, spec.share_bits, 7))];
    let (e, g) = run_over(channels, ReluProtocol::Ot, &layers, Simd::detect());
    let outputs: Vec<_> = e.unwrap().into_iter().zip(g.unwrap()).collect();
    assert_reference("sockets", &layers, &outputs);
}

#[test]
fn exhaustive_on_six_bits() {
    let all = || {
        let pairs = (0..64u32).flat_map(|e| (0..64u32).map(move |g| (e, g)));
        let (evaluator, garbler) = pairs.unzip();
        Shares { evaluator, garbler }
    };
    let spec = ReluSpec {
        share_bits: 6,
        width: 6,
        shift: 0,
        target: Target::SameRing,
        segment: 1024,
    };
    let truncated = ReluSpec {
        shift: 2,
        target: Target::Modulus(65537),
        ..spec
    };
    let layers = [(spec, all()), (truncated, all())];
    for protocol in ReluProtocol::ALL {
        let outputs = run(protocol, &layers, Simd::detect());
        assert_reference(&protocol.to_string(), &layers, &outputs);
    }
}

#[test]
fn what_is_prepared_needs_no_ot_later() {
    let (mut a, mut b) = Channel::pair();
    let shares = share(&[77; 5000], 22, 9);
    let (left, right) = (&shares.garbler, &shares.evaluator);
    // Two layers out of one preparation, divided in the middle of a chunk; then more than is left.
    let layers = [0..1500, 1500..3000, 3000..5000];
    let expect = |bytes: Vec<u64>| {
        assert_eq!(bytes[..2], [0, 0], "online OT of what was prepared");
        assert!(bytes[2] > 0);
    };
    fn play(
        party: &mut dyn SharedRelu,
        ch: &mut Channel,
        x: &[u32],
        layers: &[std::ops::Range<usize>],
    ) -> (Vec<u32>, Vec<u64>) {
        party
            .prepare(ch, crate::channel::Phase::Offline, "relu", &GOOD, 2000)
            .unwrap();
        party
            .prepare(ch, crate::channel::Phase::Offline, "relu", &GOOD, 1500)
            .unwrap();
        let (mut y, mut ot) = (vec![0; x.len()], Vec::new());
        for layer in layers {
            ch.take_meter();
            party
                .relu(ch, "relu", &GOOD, &x[layer.clone()], &mut y[layer.clone()])
                .unwrap();
            let part = crate::channel::Part::Relu(crate::channel::Step::Ot);
            let moved = |e: &crate::channel::Entry| e.tally.bytes_sent + e.tally.bytes_received;
            let meter = ch.take_meter();
            ot.push(
                meter
                    .entries()
                    .iter()
                    .filter(|e| e.scope.part == part)
                    .map(moved)
                    .sum(),
            );
        }
        (y, ot)
    }
    std::thread::scope(|s| {
        let layers = &layers;
        let garbler = s.spawn(move || {
            let mut rng = SecureRng::from_seed([1; 32]);
            let mut session = GarblerSession::setup(&mut a, &mut rng, Simd::detect()).unwrap();
            play(
                &mut *session.relu_by(ReluProtocol::Ot),
                &mut a,
                left,
                layers,
            )
        });
        let mut rng = SecureRng::from_seed([2; 32]);
        let mut session = EvaluatorSession::setup(&mut b, &mut rng, Simd::detect()).unwrap();
        let (ye, ot) = play(
            &mut *session.relu_by(ReluProtocol::Ot),
            &mut b,
            right,
            layers,
        );
        expect(ot);
        let (yg, ot) = garbler.join().unwrap();
        expect(ot);
        for (i, (e, g)) in ye.iter().zip(&yg).enumerate() {
            let want = relu_reference(&GOOD, right[i], left[i]);
            assert_eq!(add_mod(*e, *g, GOOD.modulus()), want, "value {i}");
        }
    });
}

#[test]
fn output_shares_are_uniform() {
    // All inputs equal: each party's outputs must still fill the ring evenly.
    let spec = ReluSpec {
        share_bits: 12,
        width: 8,
        shift: 4,
        target: Target::Modulus(65537),
        segment: 1024,
    };
    let n = 64 * 1024;
    for protocol in ReluProtocol::ALL {
        let outputs = run(
            protocol,
            &[(spec, share(&vec![777; n], 12, 5))],
            Simd::detect(),
        );
        for shares in [&outputs[0].0, &outputs[0].1] {
            assert_even(shares, n);
        }
    }
}

fn assert_even(shares: &[u32], n: usize) {
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
