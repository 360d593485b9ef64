//! Circuits between two parties, through the public interface and with the system's randomness.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

use halfmask_mpc::argmax::{ArgmaxSpec, argmax_reference};
use halfmask_mpc::channel::{Channel, Part};
use halfmask_mpc::circuit::bristol::{Imported, Owner};
use halfmask_mpc::circuit::{Builder, Signedness, Template};
use halfmask_mpc::evaluate::{Function, words};
use halfmask_mpc::logits::{LogitsSpec, logits_reference};
use halfmask_mpc::rng::SecureRng;
use halfmask_mpc::session::{EvaluatorSession, GarblerSession};
use halfmask_mpc::simd::Simd;
use rand_core::Rng;

/// Runs both parties, each on its own thread; returns what they return.
fn pair<A: Send, B>(
    garbler: impl FnOnce(&mut GarblerSession, &mut Channel) -> A + Send,
    evaluator: impl FnOnce(&mut EvaluatorSession, &mut Channel) -> B,
) -> (A, B) {
    let (mut a, mut b) = Channel::pair();
    std::thread::scope(|s| {
        let handle = s.spawn(move || {
            let mut rng = SecureRng::from_os().unwrap();
            let mut session = GarblerSession::setup(&mut a, &mut rng, Simd::detect()).unwrap();
            garbler(&mut session, &mut a)
        });
        let mut rng = SecureRng::from_os().unwrap();
        let mut session = EvaluatorSession::setup(&mut b, &mut rng, Simd::detect()).unwrap();
        let got = evaluator(&mut session, &mut b);
        (handle.join().unwrap(), got)
    })
}

/// Opens `template` on words of the evaluator and of the garbler, one instance for each entry.
fn open(
    template: &Template,
    e: &[Vec<u64>],
    g: &[Vec<u64>],
    lengths: (&[usize], &[usize]),
) -> Vec<u64> {
    let function = Function {
        template,
        layer: "test",
        part: Part::Function,
    };
    let instances = e.len();
    let pack = |values: &[Vec<u64>], lengths: &[usize]| {
        let wires: usize = lengths.iter().sum();
        let mut bits = vec![0; instances.div_ceil(16) * wires];
        let mut offset = 0;
        for (word, length) in lengths.iter().enumerate() {
            let column: Vec<u64> = values.iter().map(|v| v[word]).collect();
            words::write(&column, *length, &mut bits, wires, offset);
            offset += length;
        }
        bits
    };
    let (x, k) = (pack(e, lengths.0), pack(g, lengths.1));
    let ((), opened) = pair(
        |s, ch| s.garble_opened(ch, &function, instances, &k).unwrap(),
        |s, ch| s.evaluate_opened(ch, &function, instances, &x).unwrap(),
    );
    let outputs = template.outputs();
    words::read(&opened, outputs, 0, outputs, instances)
}

fn draw(rng: &mut SecureRng, lengths: &[usize]) -> Vec<u64> {
    lengths.iter().map(|l| rng.next_u64() >> (64 - l)).collect()
}

#[test]
fn words_garbled_as_in_the_clear() {
    let mut b = Builder::new();
    let (x, n, k) = (b.inputs(12), b.inputs(4), b.knowns(12));
    let k = b.known_word(&k);
    let product = b.multiply_signed(&x, &k, 24);
    let shifted = b.shift_right(&product, &n, Signedness::Signed);
    let index = b.priority_encode(&x);
    let mut out = b.max(&shifted, &k, Signedness::Unsigned);
    out.extend(index.index);
    out.extend(
        b.lookup(
            &n,
            &[7, 1, 6, 2, 5, 3, 4, 0, 9, 8, 10, 11, 13, 12, 15, 14],
            4,
        )
        .unwrap(),
    );
    let t = b.build(&out).unwrap();

    let mut rng = SecureRng::from_os().unwrap();
    let e: Vec<_> = (0..500).map(|_| draw(&mut rng, &[12, 4])).collect();
    let g: Vec<_> = (0..500).map(|_| draw(&mut rng, &[12])).collect();
    let got = open(&t, &e, &g, (&[12, 4], &[12]));
    for ((e, g), got) in e.iter().zip(&g).zip(got) {
        let signed = |v: u64| ((v << 52) as i64) >> 52;
        let product = (signed(e[0]) * signed(g[0])) >> e[1];
        let max = (product as u64 & 0xff_ffff).max(g[0]);
        let top = u64::from(e[0].checked_ilog2().unwrap_or(0));
        let table = [7, 1, 6, 2, 5, 3, 4, 0, 9, 8, 10, 11, 13, 12, 15, 14];
        assert_eq!(got, max | top << 24 | table[e[1] as usize] << 28);
    }
}

#[test]
fn an_imported_circuit_runs_whoever_owns_its_inputs() {
    let text = include_str!("vectors/adder_2_bits_old.txt");
    let mut rng = SecureRng::from_os().unwrap();
    for owners in [
        [Owner::Evaluator, Owner::Garbler],
        [Owner::Garbler, Owner::Evaluator],
        [Owner::Evaluator, Owner::Evaluator],
        [Owner::Garbler, Owner::Garbler],
    ] {
        let t = Imported::parse(text, &owners).unwrap().template;
        let (e, g): (&[usize], &[usize]) = match t.inputs() {
            0 => (&[], &[2, 2]),
            2 => (&[2], &[2]),
            _ => (&[2, 2], &[]),
        };
        let inputs: Vec<_> = (0..50).map(|_| draw(&mut rng, e)).collect();
        let known: Vec<_> = (0..50).map(|_| draw(&mut rng, g)).collect();
        let got = open(&t, &inputs, &known, (e, g));
        for (i, got) in got.iter().enumerate() {
            let sum: u64 = inputs[i].iter().chain(&known[i]).sum();
            assert_eq!(*got, sum, "{owners:?}");
        }
    }
}

#[test]
fn shares_of_an_output_are_balanced() {
    // Shares of zero: x and not x, by a gate that the builder cannot see through.
    let mut b = Builder::new();
    let (x, y) = (b.input(), b.input());
    let out = b.and(x, y);
    let t = b.build(&[out]).unwrap();
    let function = Function {
        template: &t,
        layer: "test",
        part: Part::Function,
    };
    let inputs = vec![0u16; 2 * 1000];
    let (mine, theirs) = pair(
        |s, ch| s.garble_shared(ch, &function, 16_000, &[]).unwrap(),
        |s, ch| s.evaluate_shared(ch, &function, 16_000, &inputs).unwrap(),
    );
    assert_eq!(mine, theirs);
    let ones: u32 = mine.iter().map(|w| w.count_ones()).sum();
    // 16,000 fair bits: a standard deviation of 63.
    assert!((7500..8500).contains(&ones), "{ones}");
}

#[test]
fn argmax_of_any_number_of_classes() {
    let mut rng = SecureRng::from_os().unwrap();
    for classes in [1usize, 2, 3, 17, 300] {
        let spec = ArgmaxSpec {
            classes: classes as u32,
            share_bits: 20,
            width: 12,
        };
        let instances = 21;
        let n = classes * instances;
        let values: Vec<u32> = (0..n)
            .map(|_| (rng.next_u32() % 9).wrapping_sub(4).wrapping_mul(0x4000))
            .collect();
        let garbler: Vec<u32> = (0..n).map(|_| rng.next_u32() >> 12).collect();
        let evaluator: Vec<u32> = values
            .iter()
            .zip(&garbler)
            .map(|(v, g)| v.wrapping_sub(*g) & 0xf_ffff)
            .collect();
        let ((), got) = pair(
            |s, ch| s.argmax(ch, "argmax", &spec, &garbler).unwrap(),
            |s, ch| s.argmax(ch, "argmax", &spec, &evaluator).unwrap(),
        );
        for (i, class) in got.iter().enumerate() {
            let column =
                |x: &[u32]| -> Vec<u32> { (0..classes).map(|c| x[c * instances + i]).collect() };
            let want = argmax_reference(&spec, &column(&evaluator), &column(&garbler));
            assert_eq!(*class as usize, want, "{classes} classes, instance {i}");
        }
    }
}

#[test]
fn logits_open_rounded_to_the_evaluator() {
    let mut rng = SecureRng::from_os().unwrap();
    for (share_bits, dropped_bits) in [(22, 10), (31, 16), (8, 0), (8, 7)] {
        let spec = LogitsSpec {
            share_bits,
            dropped_bits,
        };
        for n in [0usize, 1, 10, 1000] {
            let e: Vec<u32> = (0..n)
                .map(|_| rng.next_u32() >> (32 - share_bits))
                .collect();
            let g: Vec<u32> = (0..n)
                .map(|_| rng.next_u32() >> (32 - share_bits))
                .collect();
            let ((), got) = pair(
                |s, ch| s.logits(ch, "logits", &spec, &g).unwrap(),
                |s, ch| s.logits(ch, "logits", &spec, &e).unwrap(),
            );
            let want: Vec<i32> = e
                .iter()
                .zip(&g)
                .map(|(e, g)| logits_reference(&spec, *e, *g))
                .collect();
            assert_eq!(got, want, "{spec:?}");
        }
    }
}
