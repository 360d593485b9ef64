//! The correlation, the bytes, the bits.

use super::*;
use crate::channel::{Meter, Part, Phase, Step};
use crate::{channel::Channel, rng::SecureRng, simd::Simd};

const SEED: [u8; 32] = [42; 32];

/// What both parties hold after requests of the given lengths.
struct Run {
    delta: Block,
    keys: Vec<Block>,
    choices: Vec<u16>,
    macs: Vec<Block>,
    receiver_meter: Meter,
}

impl Run {
    /// Fixed seeds, so that two runs can be compared.
    fn new(k: usize, simd: [Simd; 2], requests: &[usize]) -> Self {
        let (mut a, mut b) = Channel::pair();
        let total = requests.iter().sum::<usize>();
        let (mut keys, mut macs) = (vec![Block::ZERO; total], vec![Block::ZERO; total]);
        let mut choices = vec![0_u16; total / GRAIN];
        let delta = std::thread::scope(|scope| {
            let sender = scope.spawn(|| {
                let mut ot =
                    Sender::setup(&mut a, k, &mut SecureRng::from_seed(SEED), simd[0]).unwrap();
                let mut rest = &mut keys[..];
                for &request in requests {
                    let (now, later) = rest.split_at_mut(request);
                    ot.extend(&mut a, now).unwrap();
                    rest = later;
                }
                assert_eq!(ot.position(), total as u64);
                ot.delta().block()
            });
            let mut ot =
                Receiver::setup(&mut b, k, &mut SecureRng::from_seed([1; 32]), simd[1]).unwrap();
            b.enter(Phase::Online, "x", Part::Relu(Step::Ot));
            let (mut rest, mut rest_choices) = (&mut macs[..], &mut choices[..]);
            for &request in requests {
                let (now, later) = rest.split_at_mut(request);
                let (c, later_choices) = rest_choices.split_at_mut(request / GRAIN);
                ot.extend(&mut b, c, now).unwrap();
                (rest, rest_choices) = (later, later_choices);
            }
            assert_eq!(ot.position(), total as u64);
            sender.join().unwrap()
        });
        let receiver_meter = b.take_meter();
        Self {
            delta,
            keys,
            choices,
            macs,
            receiver_meter,
        }
    }

    fn choice(&self, t: usize) -> u64 {
        u64::from(self.choices[t / GRAIN] >> (t % GRAIN) & 1)
    }

    fn check(&self, what: &str) {
        assert_eq!(self.delta.lsb(), 1);
        for (t, (key, mac)) in self.keys.iter().zip(&self.macs).enumerate() {
            assert!(
                *mac == *key ^ self.delta.and_mask(self.choice(t)),
                "{what}: COT {t}"
            );
        }
    }
}

#[test]
fn every_cot_is_correlated() {
    let best = Simd::detect();
    for k in [1, 2, 4, 8] {
        Run::new(k, [best; 2], &[3 * CHUNK]).check(&format!("k = {k}"));
    }
}

#[test]
fn requests_of_any_sizes_draw_on_one_stream() {
    let best = Simd::detect();
    let requests = [
        16,
        48,
        0,
        CHUNK,
        CHUNK - 64,
        16,
        2 * CHUNK + 160,
        32,
        5 * CHUNK,
    ];
    let total = requests.iter().sum::<usize>();
    let parts = Run::new(4, [best; 2], &requests);
    parts.check("parts");
    let whole = Run::new(4, [best; 2], &[total]);
    assert!(parts.keys == whole.keys && parts.macs == whole.macs);
    assert_eq!(parts.choices, whole.choices);
}

#[test]
fn all_levels_give_the_same_bits_and_understand_each_other() {
    for k in [1, 2, 4, 8] {
        let scalar = Run::new(k, [Simd::Scalar; 2], &[CHUNK + 32]);
        scalar.check("scalar");
        for one in Simd::all_supported() {
            for two in Simd::all_supported() {
                let run = Run::new(k, [one, two], &[CHUNK + 32]);
                assert!(
                    run.keys == scalar.keys && run.macs == scalar.macs,
                    "k = {k}, {one}, {two}"
                );
                assert_eq!(run.choices, scalar.choices);
            }
        }
    }
}

#[test]
fn bytes_a_cot_are_as_stated() {
    for (k, per_cot) in [(1, 15.875), (2, 7.875), (4, 3.875), (8, 1.875)] {
        let run = Run::new(k, [Simd::detect(); 2], &[4 * CHUNK]);
        let extension = run
            .receiver_meter
            .sum(|scope| scope.part == Part::Relu(Step::Ot));
        assert_eq!(
            extension.bytes_sent as f64,
            per_cot * 4.0 * CHUNK as f64,
            "k = {k}"
        );
        assert_eq!(extension.bytes_received, 0);
        let setup = run.receiver_meter.sum(|scope| scope.phase == Phase::Setup);
        assert_eq!(setup.bytes_sent, (4 + 32 + 128 / k * (k - 1) * 32) as u64);
        assert_eq!(setup.bytes_received, 128 * 32);
    }
}

/// Counts of ones over 2^16 COTs lie within six standard deviations (each of ~260 counts fails with probability 2e-9).
#[test]
fn choices_keys_and_macs_are_unbiased() {
    let run = Run::new(4, [Simd::detect(); 2], &[1 << 16]);
    let within = |ones: u64, what: &str| {
        let (n, ones) = (f64::from(1 << 16), ones as f64);
        assert!(
            (ones - n / 2.0).abs() < 6.0 * (n / 4.0).sqrt(),
            "{what}: {ones} ones of {n}"
        );
    };
    within((0..1 << 16).map(|t| run.choice(t)).sum(), "choices");
    let neighbours = (1..1 << 16)
        .map(|t| run.choice(t) ^ run.choice(t - 1))
        .sum();
    within(neighbours, "changes between neighbouring choices");
    for bit in 0..128 {
        let count = |blocks: &[Block]| blocks.iter().map(|b| b.0[bit / 64] >> (bit % 64) & 1).sum();
        within(count(&run.keys), &format!("bit {bit} of the keys"));
        within(count(&run.macs), &format!("bit {bit} of the MACs"));
    }
}

#[test]
fn sessions_differ_in_everything() {
    let mut deltas = Vec::new();
    for _ in 0..4 {
        let (mut a, mut b) = Channel::pair();
        let receiver = std::thread::spawn(move || {
            Receiver::setup(
                &mut b,
                8,
                &mut SecureRng::from_os().unwrap(),
                Simd::detect(),
            )
            .unwrap();
        });
        let ot = Sender::setup(
            &mut a,
            8,
            &mut SecureRng::from_os().unwrap(),
            Simd::detect(),
        )
        .unwrap();
        deltas.push(ot.delta().block());
        receiver.join().unwrap();
    }
    for (i, delta) in deltas.iter().enumerate() {
        assert!(deltas[..i].iter().all(|other| other != delta));
    }
}

#[test]
fn parameters_and_lengths_are_checked() {
    for k in [0, 3, 5, 16, 128] {
        let (mut a, _b) = Channel::pair();
        let error = Sender::setup(&mut a, k, &mut SecureRng::from_seed(SEED), Simd::Scalar)
            .err()
            .unwrap();
        assert!(
            error
                .to_string()
                .contains(&format!("{k}, expected 1, 2, 4 or 8")),
            "{error}"
        );
    }
    let (mut a, mut b) = Channel::pair();
    let receiver = std::thread::spawn(move || {
        let mut ot =
            Receiver::setup(&mut b, 4, &mut SecureRng::from_seed(SEED), Simd::Scalar).unwrap();
        let message = |outcome: Result<(), Error>| outcome.unwrap_err().to_string();
        assert!(
            message(ot.extend(&mut b, &mut [0; 2], &mut [Block::ZERO; 24]))
                .contains("multiple of 16")
        );
        assert!(
            message(ot.extend(&mut b, &mut [0; 3], &mut [Block::ZERO; 32]))
                .contains("2 for 32 MACs")
        );
        // A refused request changes nothing.
        ot.extend(&mut b, &mut [0; 2], &mut [Block::ZERO; 32])
            .unwrap();
    });
    let mut ot = Sender::setup(&mut a, 4, &mut SecureRng::from_seed(SEED), Simd::Scalar).unwrap();
    assert!(ot.extend(&mut a, &mut [Block::ZERO; 17]).is_err());
    ot.extend(&mut a, &mut [Block::ZERO; 32]).unwrap();
    receiver.join().unwrap();
}

#[test]
fn counters_end_before_they_repeat() {
    let mut progress = Progress::new("x");
    assert_eq!(progress.begin().unwrap(), 0);
    assert!(matches!(progress.begin(), Err(Error::Poisoned { .. })));
    progress.finish();
    assert_eq!(progress.begin().unwrap(), WIDTH as u64);
    progress.finish();
    progress.counter = STREAM_LIMIT - WIDTH as u64;
    progress.begin().unwrap();
    progress.finish();
    assert!(matches!(progress.begin(), Err(Error::Exhausted { .. })));
}
