//! The correlation, the bytes, the bits. Most tests use sizes that are quick and worth nothing.

use rand_core::Rng;
use sha2::{Digest, Sha256};

use super::*;
use crate::{
    Error,
    channel::{Channel, Part, Phase, Step},
    ot::soft_spoken::GRAIN,
    rng::SecureRng,
    simd::Simd,
};

/// Insecure. 64 trees of 64 leaves; 640 + 384 of the 4,096 COTs are the next base.
const TINY: LpnParameters = LpnParameters {
    dimension: 640,
    bins: 64,
    log_bin: 6,
};

const SEED: [u8; 32] = [42; 32];

/// What both parties hold after requests of the given lengths.
struct Run {
    delta: Block,
    keys: Vec<Block>,
    choices: Vec<u16>,
    macs: Vec<Block>,
}

impl Run {
    fn new(
        parameters: &'static LpnParameters,
        simd: [Simd; 2],
        reserve: u64,
        requests: &[usize],
    ) -> Self {
        let (mut a, mut b) = Channel::pair();
        let total = requests.iter().sum::<usize>();
        let (mut keys, mut macs) = (vec![Block::ZERO; total], vec![Block::ZERO; total]);
        let mut choices = vec![0_u16; total / GRAIN];
        let delta = std::thread::scope(|scope| {
            let sender = scope.spawn(|| {
                let mut rng = SecureRng::from_seed(SEED);
                let mut ot = Sender::setup(&mut a, parameters, &mut rng, simd[0]).unwrap();
                ot.reserve(&mut a, reserve).unwrap();
                let mut rest = &mut keys[..];
                for &request in requests {
                    let (now, later) = rest.split_at_mut(request);
                    ot.extend(&mut a, now).unwrap();
                    rest = later;
                }
                assert_eq!(ot.position(), total as u64);
                ot.delta().block()
            });
            let mut rng = SecureRng::from_seed([1; 32]);
            let mut ot = Receiver::setup(&mut b, parameters, &mut rng, simd[1]).unwrap();
            ot.reserve(&mut b, reserve).unwrap();
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
        Self {
            delta,
            keys,
            choices,
            macs,
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
            assert_eq!((key.lsb(), mac.lsb()), (0, self.choice(t)));
        }
    }
}

#[test]
fn every_cot_of_many_iterations_is_correlated() {
    let best = Simd::detect();
    Run::new(&TINY, [best; 2], 0, &[10 * TINY.usable() + 16]).check("tiny");
}

#[test]
fn the_standard_set_works_over_more_than_one_iteration() {
    let best = Simd::detect();
    let total = LpnParameters::STANDARD.usable() + 4096;
    Run::new(&LpnParameters::STANDARD, [best; 2], 0, &[total]).check("standard");
}

#[test]
fn requests_of_any_sizes_draw_on_one_stream() {
    let best = Simd::detect();
    let requests = [16, 48, 0, 64, 4096, 16, 3 * TINY.usable() + 160, 32, 80];
    let total = requests.iter().sum::<usize>();
    let parts = Run::new(&TINY, [best; 2], 0, &requests);
    parts.check("parts");
    for reserve in [0, 16, 7 * TINY.usable() as u64] {
        let whole = Run::new(&TINY, [best; 2], reserve, &[total]);
        assert!(parts.keys == whole.keys && parts.macs == whole.macs);
        assert_eq!(parts.choices, whole.choices);
    }
}

#[test]
fn all_levels_give_the_same_bits_and_understand_each_other() {
    let requests = [TINY.usable() + 96];
    let scalar = Run::new(&TINY, [Simd::Scalar; 2], 0, &requests);
    scalar.check("scalar");
    for one in Simd::all_supported() {
        for two in Simd::all_supported() {
            let run = Run::new(&TINY, [one, two], 0, &requests);
            assert!(
                run.keys == scalar.keys && run.macs == scalar.macs,
                "{one}, {two}"
            );
        }
    }
}

/// What is reserved moves no byte later, in either direction; the bytes are as stated, and all one way.
#[test]
fn what_is_reserved_needs_no_message() {
    let (mut a, mut b) = Channel::pair();
    let count = 3 * TINY.usable() + 32;
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut rng = SecureRng::from_seed(SEED);
            let mut ot = Sender::setup(&mut a, &TINY, &mut rng, Simd::detect()).unwrap();
            a.enter(Phase::Offline, "x", Part::Relu(Step::Ot));
            ot.reserve(&mut a, count as u64).unwrap();
            ot.reserve(&mut a, 32).unwrap();
            a.enter(Phase::Online, "x", Part::Relu(Step::Ot));
            for _ in 0..count / 16 {
                ot.extend(&mut a, &mut [Block::ZERO; 16]).unwrap();
            }
            a.enter(Phase::Offline, "y", Part::Relu(Step::Ot));
            ot.extend(&mut a, &mut vec![Block::ZERO; TINY.usable()])
                .unwrap();
        });
        let mut rng = SecureRng::from_seed([1; 32]);
        let mut ot = Receiver::setup(&mut b, &TINY, &mut rng, Simd::detect()).unwrap();
        b.enter(Phase::Offline, "x", Part::Relu(Step::Ot));
        ot.reserve(&mut b, count as u64).unwrap();
        ot.reserve(&mut b, 32).unwrap();
        b.enter(Phase::Online, "x", Part::Relu(Step::Ot));
        let (mut choices, mut macs) = (vec![0; count / 16], vec![Block::ZERO; count]);
        ot.extend(&mut b, &mut choices, &mut macs).unwrap();
        b.enter(Phase::Offline, "y", Part::Relu(Step::Ot));
        let (mut choices, mut macs) = (
            vec![0; TINY.usable() / 16],
            vec![Block::ZERO; TINY.usable()],
        );
        ot.extend(&mut b, &mut choices, &mut macs).unwrap();
    });
    for (meter, sent) in [(a.take_meter(), 1), (b.take_meter(), 0)] {
        let online = meter.sum(|scope| scope.phase == Phase::Online);
        assert_eq!((online.bytes_sent, online.bytes_received), (0, 0));
        let reserved = meter.sum(|scope| scope.phase == Phase::Offline && scope.layer == "x");
        let later = meter.sum(|scope| scope.phase == Phase::Offline && scope.layer == "y");
        for (tally, iterations) in [(reserved, 4), (later, 1)] {
            let bytes = iterations * TINY.message_bytes() as u64;
            assert_eq!(tally.bytes_sent, sent * bytes);
            assert_eq!(tally.bytes_received, (1 - sent) * bytes);
        }
    }
}

#[test]
fn the_standard_sizes_are_as_documented() {
    let standard = LpnParameters::STANDARD;
    assert_eq!(standard.samples(), 1 << 21);
    assert_eq!(standard.reserved(), 126_976);
    assert_eq!(standard.usable(), 1_970_176);
    assert_eq!(standard.message_bytes(), 524_296);
    assert!(standard.check().is_ok());
}

/// Counts of ones lie within six standard deviations (each of ~380 counts fails with probability 2e-9).
#[test]
fn choices_keys_and_macs_are_unbiased() {
    let total = 1 << 16;
    let run = Run::new(&LpnParameters::STANDARD, [Simd::detect(); 2], 0, &[total]);
    let within = |ones: u64, of: usize, what: &str| {
        let (n, ones) = (of as f64, ones as f64);
        assert!(
            (ones - n / 2.0).abs() < 6.0 * (n / 4.0).sqrt(),
            "{what}: {ones} ones of {n}"
        );
    };
    within((0..total).map(|t| run.choice(t)).sum(), total, "choices");
    for distance in [1, 2, 8, 16, 512] {
        let changes = (distance..total)
            .map(|t| run.choice(t) ^ run.choice(t - distance))
            .sum();
        within(
            changes,
            total - distance,
            &format!("choices at distance {distance}"),
        );
    }
    for bit in 1..128 {
        let count = |blocks: &[Block]| blocks.iter().map(|b| b.0[bit / 64] >> (bit % 64) & 1).sum();
        within(count(&run.keys), total, &format!("bit {bit} of the keys"));
        within(count(&run.macs), total, &format!("bit {bit} of the MACs"));
    }
}

#[test]
fn no_string_repeats() {
    let run = Run::new(&TINY, [Simd::detect(); 2], 0, &[5 * TINY.usable()]);
    for mut blocks in [run.keys, run.macs] {
        let total = blocks.len();
        blocks.sort_unstable_by_key(|b| b.0);
        blocks.dedup();
        assert_eq!(blocks.len(), total);
    }
}

/// Everything the sender says in two iterations, and what both hold, as a known answer.
#[test]
fn the_transcript_is_fixed() {
    let run = Run::new(&TINY, [Simd::detect(); 2], 0, &[2 * TINY.usable()]);
    let mut hash = Sha256::new();
    for block in run.keys.iter().chain(&run.macs) {
        hash.update(block.to_bytes());
    }
    hash.update(sent_by_a_sender());
    let digest: String = hash.finalize()[..8]
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    assert_eq!(digest, "315df90a582eb0ae");
}

/// What a sender of seed `SEED` sends after set-up, in two iterations.
fn sent_by_a_sender() -> Vec<u8> {
    let (mut a, mut b) = Channel::pair();
    let mut bytes = vec![0; 2 * TINY.message_bytes()];
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut rng = SecureRng::from_seed(SEED);
            let mut ot = Sender::setup(&mut a, &TINY, &mut rng, Simd::detect()).unwrap();
            ot.reserve(&mut a, 2 * TINY.usable() as u64).unwrap();
        });
        let mut rng = SecureRng::from_seed([1; 32]);
        Receiver::setup(&mut b, &TINY, &mut rng, Simd::detect()).unwrap();
        b.recv(&mut bytes).unwrap();
    });
    bytes
}

/// A receiver that has been set up, at the end of a channel at which a sender has been.
fn receiver() -> (Receiver, Channel, Channel) {
    let (mut a, mut b) = Channel::pair();
    let ot = std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut rng = SecureRng::from_seed(SEED);
            Sender::setup(&mut a, &TINY, &mut rng, Simd::detect()).unwrap();
        });
        let mut rng = SecureRng::from_seed([1; 32]);
        Receiver::setup(&mut b, &TINY, &mut rng, Simd::detect()).unwrap()
    });
    (ot, a, b)
}

fn request(ot: &mut Receiver, channel: &mut Channel, count: usize) -> Result<Vec<Block>, Error> {
    let (mut choices, mut macs) = (vec![0; count / 16], vec![Block::ZERO; count]);
    ot.extend(channel, &mut choices, &mut macs)?;
    Ok(macs)
}

#[test]
fn truncated_messages_end_the_receiver() {
    let whole = sent_by_a_sender();
    for cut in [0, 7, 8, 9, 100, TINY.message_bytes() - 1] {
        let (mut ot, mut a, mut b) = receiver();
        a.send(&whole[..cut]).unwrap();
        a.flush().unwrap();
        drop(a);
        let error = request(&mut ot, &mut b, 16).unwrap_err();
        assert!(
            matches!(error, Error::Closed { .. } | Error::Reset { .. }),
            "cut at {cut}: {error}"
        );
        for error in [
            request(&mut ot, &mut b, 16).unwrap_err(),
            ot.reserve(&mut b, 1).unwrap_err(),
        ] {
            assert!(matches!(error, Error::Poisoned { .. }), "{error}");
        }
    }
}

#[test]
fn messages_out_of_place_are_refused_and_garbage_does_no_harm() {
    let whole = sent_by_a_sender();
    // Replayed, skipped, random.
    let mut random = vec![0; whole.len()];
    SecureRng::from_seed([7; 32]).fill_bytes(&mut random);
    let (first, second) = whole.split_at(TINY.message_bytes());
    for bad in [
        [first, first].concat(),
        [second, first].concat(),
        random.clone(),
    ] {
        let (mut ot, mut a, mut b) = receiver();
        a.send(&bad).unwrap();
        a.flush().unwrap();
        let error = request(&mut ot, &mut b, TINY.usable() + 16).unwrap_err();
        assert!(matches!(error, Error::Malformed { .. }), "{error}");
        let error = request(&mut ot, &mut b, 16).unwrap_err();
        assert!(matches!(error, Error::Poisoned { .. }), "{error}");
    }
    // A correction can be any string. A flipped one spoils its tree alone, in this iteration.
    let (mut good, mut a, mut b) = receiver();
    a.send(first).unwrap();
    a.flush().unwrap();
    let expected = request(&mut good, &mut b, TINY.usable()).unwrap();
    for at in [8, 8 + 5 * 16 * 7 + 3] {
        let (mut ot, mut a, mut b) = receiver();
        let mut flipped = first.to_vec();
        flipped[at] ^= 0x10;
        // More than one message, too: what is too much is left for the next.
        a.send(&flipped).unwrap();
        a.send(&random).unwrap();
        a.flush().unwrap();
        let got = request(&mut ot, &mut b, TINY.usable()).unwrap();
        let tree = (at - 8) / (5 * 16);
        for (i, (got, expected)) in got.chunks(64).zip(expected.chunks(64)).enumerate() {
            assert_eq!(got == expected, i != tree, "tree {i}, flip in {tree}");
        }
    }
}

#[test]
fn lengths_and_sizes_are_checked() {
    let (mut ot, _a, mut b) = receiver();
    let error = ot
        .extend(&mut b, &mut [0; 3], &mut [Block::ZERO; 32])
        .unwrap_err();
    assert!(error.to_string().contains("2 for 32 MACs"), "{error}");
    let error = ot
        .extend(&mut b, &mut [], &mut [Block::ZERO; 8])
        .unwrap_err();
    assert!(error.to_string().contains("0 for 8 MACs"), "{error}");
    static BAD: [LpnParameters; 4] = [
        LpnParameters { log_bin: 4, ..TINY },
        LpnParameters {
            dimension: 641,
            ..TINY
        },
        LpnParameters {
            dimension: 6400,
            ..TINY
        },
        LpnParameters {
            dimension: 0,
            bins: 0,
            ..TINY
        },
    ];
    for bad in &BAD {
        let (mut a, _b) = Channel::pair();
        let error = Sender::setup(&mut a, bad, &mut SecureRng::from_seed(SEED), Simd::Scalar)
            .err()
            .unwrap();
        assert!(error.to_string().contains("LPN parameters"), "{error}");
    }
}
