//! Two parties in two threads against the clear; what they send; corrupted messages.

mod hostile;

use super::*;
use crate::channel::{Channel, Part, Phase, Step};
use crate::circuit::testing::random_circuit;
use crate::circuit::{Builder, Signedness};
use crate::ot::CotProtocol;
use crate::rng::SecureRng;
use crate::session::{EvaluatorSession, GarblerSession};
use crate::simd::Simd;
use rand_core::Rng;
use sha2::{Digest, Sha256};

/// A program of random circuits: constants, circuits without AND gates or inputs, operations that nobody reads, words read many times.
fn random_program(seed: u8) -> Program {
    let mut rng = SecureRng::from_seed([seed; 32]);
    let mut pick = |n: usize| rng.next_u32() as usize % n;
    let mut p = ProgramBuilder::new();
    let mut templates: Vec<(TemplateId, usize, usize, Vec<usize>)> = Vec::new();
    for i in 0..3 {
        let (inputs, known) = (1 + pick(7), 1 + pick(4));
        let (zeros, none) = (vec![0; inputs], vec![0; known]);
        let (circuit, _) = random_circuit(seed.wrapping_add(i), &zeros, &none);
        let outputs = circuit.outputs();
        let cut = vec![30, outputs - 38, 8];
        templates.push((p.template(circuit), inputs, known, cut));
    }
    // Free: exclusive-or with a constant. And one that reads nothing.
    let mut b = Builder::new();
    let (x, k) = (b.inputs(6), b.knowns(6));
    let k = b.known_word(&k);
    let out = b.xor_word(&x, &k);
    templates.push((p.template(b.build(&out).unwrap()), 6, 6, vec![6]));
    let mut b = Builder::new();
    let k = b.knowns(3);
    let mut out = b.known_word(&k);
    out.push(b.constant(true));
    out.push(b.all(&out.clone()));
    templates.push((p.template(b.build(&out).unwrap()), 0, 3, vec![4, 1]));

    let mut values: Vec<(Value, usize)> = Vec::new();
    for bits in [1, 1, 2, 3, 5, 64] {
        values.push((p.input(bits), bits));
    }
    let mut known: Vec<(KnownWord, usize)> = Vec::new();
    for bits in [1, 1, 2, 3] {
        known.push((p.secret(bits).into(), bits));
        known.push((p.constant(bits).into(), bits));
    }
    for _ in 0..40 {
        let (template, mut inputs, mut knowns, cut) = templates[pick(templates.len())].clone();
        let (mut read, mut of_garbler) = (Vec::new(), Vec::new());
        while inputs > 0 {
            let (value, bits) = values[pick(values.len())];
            if bits <= inputs {
                read.push(value);
                inputs -= bits;
            }
        }
        while knowns > 0 {
            let (word, bits) = known[pick(known.len())];
            if bits <= knowns {
                of_garbler.push(word);
                knowns -= bits;
            }
        }
        let out = p.apply(template, &read, &of_garbler, &cut).unwrap();
        values.extend(out.into_iter().zip(cut));
    }
    // An input itself, one word twice, and the last ones.
    let mut opened = vec![values[5].0, values[20].0, values[20].0];
    opened.extend(values.iter().rev().step_by(5).take(9).map(|v| v.0));
    p.build(&opened).unwrap()
}

/// Constants, secrets and inputs of `rows` rows; high bits that do not count are set at random.
fn words_for(program: &Program, rows: usize, seed: u8) -> [Vec<u64>; 3] {
    let mut rng = SecureRng::from_seed([seed; 32]);
    let mut draw = |n: usize| (0..n).map(|_| rng.next_u64()).collect();
    [
        draw(program.constant_bits().len()),
        draw(program.secret_bits().len() * rows),
        draw(program.input_bits().len() * rows),
    ]
}

fn pair<A: Send, B: Send>(
    scheme: Scheme,
    protocol: CotProtocol,
    threads: usize,
    garbler: impl FnOnce(&mut GarblerSession, &mut Channel) -> A + Send,
    evaluator: impl FnOnce(&mut EvaluatorSession, &mut Channel) -> B + Send,
) -> (A, B) {
    let (mut a, mut b) = Channel::pair();
    let simd = Simd::detect();
    let pool = || {
        let builder = rayon::ThreadPoolBuilder::new().num_threads(threads);
        builder.build().unwrap()
    };
    std::thread::scope(|s| {
        let handle = s.spawn(move || {
            let mut rng = SecureRng::from_seed([1; 32]);
            let mut session =
                GarblerSession::setup_with(&mut a, protocol, scheme, &mut rng, simd).unwrap();
            a.take_meter();
            pool().install(|| garbler(&mut session, &mut a))
        });
        let mut rng = SecureRng::from_seed([2; 32]);
        let mut session =
            EvaluatorSession::setup_with(&mut b, protocol, scheme, &mut rng, simd).unwrap();
        b.take_meter();
        let got = pool().install(|| evaluator(&mut session, &mut b));
        drop(b);
        (handle.join().unwrap(), got)
    })
}

/// Runs a program and checks what is opened against the clear, and the bytes against the formulas.
fn run(program: &Program, scheme: Scheme, protocol: CotProtocol, threads: usize, all: &[usize]) {
    let words: Vec<_> = all
        .iter()
        .map(|rows| words_for(program, *rows, 7))
        .collect();
    let (sent, received) = pair(
        scheme,
        protocol,
        threads,
        |session, ch| {
            for ([constants, secrets, _], rows) in words.iter().zip(all) {
                session
                    .garble_program(ch, "test", program, constants, secrets, *rows)
                    .unwrap();
            }
            ch.take_meter()
        },
        |session, ch| {
            for ([constants, secrets, inputs], rows) in words.iter().zip(all) {
                let got = session.evaluate_program(ch, "test", program, inputs, *rows);
                let want = program.evaluate_rows(constants, secrets, inputs, *rows);
                assert_eq!(got.unwrap(), want.unwrap(), "{rows} rows, {scheme}");
            }
            ch.take_meter()
        },
    );
    let tables: usize = all
        .iter()
        .map(|rows| program.table_bytes(*rows, scheme))
        .sum();
    let [corrections, opened] = [0, 1].map(|i| {
        let each = all.iter().map(|rows| program.bit_bytes(*rows)[i]);
        each.sum::<usize>() as u64
    });
    for (meter, there) in [(&received, false), (&sent, true)] {
        for entry in meter.entries() {
            let (tables, corrections) = match entry.scope.part {
                Part::Function(Step::Tables) => (tables as u64 + opened, 0),
                Part::Function(Step::Corrections) => (0, corrections),
                _ => continue,
            };
            assert_eq!(entry.scope.phase, Phase::Online);
            let tally = &entry.tally;
            let (mine, theirs) = (tally.bytes_sent, tally.bytes_received);
            let (down, up) = if there {
                (mine, theirs)
            } else {
                (theirs, mine)
            };
            assert_eq!((down, up), (tables, corrections), "{}", entry.scope);
        }
    }
}

const ROWS: [usize; 6] = [1, 3, 0, 16, 17, 100];

#[test]
fn opens_what_the_clear_gives() {
    for seed in 0..6 {
        for scheme in Scheme::ALL {
            let threads = 1 + usize::from(seed % 3);
            run(
                &random_program(seed),
                scheme,
                CotProtocol::default(),
                threads,
                &ROWS,
            );
        }
    }
}

#[test]
fn segments_do_not_show() {
    for (seed, labels, inputs, ahead) in [
        // Rows by labels, by inputs; without asking ahead; one row at a time.
        (0, 30_000, 1 << 18, 1 << 20),
        (1, 1 << 24, 76 * 20, 1 << 20),
        (2, 1 << 24, 76 * 20, 76 * 10),
        (3, 1, 1, 0),
    ] {
        let mut program = random_program(seed);
        program.budget = Budget {
            labels,
            inputs,
            ahead,
        };
        let segments: Vec<_> = program.segments(100).collect();
        assert!(segments.len() > 3, "{segments:?}");
        assert!(segments.iter().all(|s| !s.is_empty()));
        assert_eq!(segments.iter().map(Range::len).sum::<usize>(), 100);
        for protocol in [CotProtocol::default(), CotProtocol::Silent] {
            run(&program, Scheme::HalfGates, protocol, 2, &[100, 17]);
        }
    }
}

#[test]
fn labels_stay_within_the_budget() {
    let mut program = random_program(4);
    program.budget.labels = 100_000;
    let rows = program.segments(1000).next().unwrap().len();
    assert!((16..1000).contains(&rows));
    let labels = program.schedule(rows).labels() + 2 * program.segment_ots(rows);
    assert!(labels <= 100_000, "{labels}");
}

/// What is made ahead is not made again: then the garbler sends nothing but tables and permute bits.
#[test]
fn prepared_rows_need_no_refill() {
    let program = random_program(5);
    let [constants, secrets, inputs] = words_for(&program, 40, 1);
    let ((), meter) = pair(
        Scheme::HalfGates,
        CotProtocol::Silent,
        1,
        |s, ch| {
            s.prepare_program(ch, Phase::Offline, "test", &program, 40)
                .unwrap();
            s.garble_program(ch, "test", &program, &constants, &secrets, 40)
                .unwrap();
        },
        |s, ch| {
            s.prepare_program(ch, Phase::Offline, "test", &program, 40)
                .unwrap();
            s.evaluate_program(ch, "test", &program, &inputs, 40)
                .unwrap();
            ch.take_meter()
        },
    );
    let received = |phase| {
        let of_phase = meter.entries().iter().filter(|e| e.scope.phase == phase);
        of_phase.map(|e| e.tally.bytes_received).sum::<u64>()
    };
    let online = program.table_bytes(40, Scheme::HalfGates) + program.bit_bytes(40)[1];
    assert!(received(Phase::Offline) > 0);
    assert_eq!(received(Phase::Online), online as u64);
}

/// Twenty operations that share all their words, and a program without inputs.
#[test]
fn fan_out_and_no_inputs() {
    let mut b = Builder::new();
    let (x, y, k) = (b.inputs(8), b.inputs(8), b.knowns(8));
    let sum = b.add(&x, &y);
    let k = b.known_word(&k);
    let out = b.max(&sum, &k, Signedness::Unsigned);
    let circuit = b.build(&out).unwrap();
    let mut b = Builder::new();
    let k = b.knowns(8);
    let word = b.known_word(&k);
    let given = b.build(&word).unwrap();

    let mut p = ProgramBuilder::new();
    let (circuit, given) = (p.template(circuit), p.template(given));
    let (c, s) = (p.constant(8), p.secret(8));
    let x = p.apply(given, &[], &[s.into()], &[8]).unwrap()[0];
    let same: Vec<Value> = (0..20)
        .map(|_| p.apply(circuit, &[x, x], &[c.into()], &[8]).unwrap()[0])
        .collect();
    let all = p.apply(circuit, &[same[0], same[19]], &[s.into()], &[8]);
    let mut opened = same;
    opened.extend(all.unwrap());
    let program = p.build(&opened).unwrap();
    assert_eq!(program.evaluate(&[3], &[100], &[])[0], 200);
    assert_eq!((program.instances(circuit), program.ots(100)), (21, 0));
    for scheme in Scheme::ALL {
        run(&program, scheme, CotProtocol::default(), 1, &ROWS);
    }
}

/// A single row pays for its own lanes alone, and what nothing opened depends on costs nothing.
#[test]
fn empty_lanes_and_dead_operations_cost_nothing() {
    let mut b = Builder::new();
    let (x, y) = (b.inputs(8), b.inputs(8));
    let sum = b.add(&x, &y);
    let adder = b.build(&sum).unwrap();
    let mut p = ProgramBuilder::new();
    let (adder, again) = (p.template(adder.clone()), p.template(adder));
    assert_eq!(adder, again);
    let x = p.input(8);
    let mut sums = vec![x];
    for _ in 0..5 {
        let last = *sums.last().unwrap();
        sums.extend(p.apply(adder, &[x, last], &[], &[8]).unwrap());
    }
    let program = p.build(&sums[3..4]).unwrap();
    assert_eq!((program.and_gates(), program.instances(adder)), (21, 3));
    assert_eq!(program.table_bytes(1, Scheme::HalfGates), 21 * 32);
    assert_eq!(program.table_bytes(5, Scheme::HalfGates), 5 * 21 * 32);
    assert_eq!(program.table_bytes(16, Scheme::ThreeHalves), 21 * 394);
    assert_eq!(program.table_bytes(1, Scheme::ThreeHalves), 21 * 34);
    assert_eq!(program.evaluate(&[], &[], &[70]), [(4 * 70) & 255]);
}

#[test]
fn wiring_is_checked() {
    let mut b = Builder::new();
    let (x, k) = (b.inputs(2), b.known());
    let out = b.and_known(x[0], k);
    let circuit = b.build(&[out, x[1]]).unwrap();
    let mut p = ProgramBuilder::new();
    let t = p.template(circuit.clone());
    let (x, y, c) = (p.input(1), p.input(2), p.constant(1));
    let k = [c.into()];
    assert!(p.apply(t, &[y], &k, &[2]).is_ok());
    assert!(p.apply(t, &[x, x], &k, &[1, 1]).is_ok());
    for (inputs, known, outputs, what) in [
        (&[x][..], &k[..], &[2][..], "1, expected 2"),
        (&[x, y], &k, &[2], "3, expected 2"),
        (&[y], &[], &[2], "0, expected 1"),
        (&[y], &k, &[1], "1, expected 2"),
        (&[y], &k, &[2, 0], "1 to 64"),
        (&[y], &k, &[65], "1 to 64"),
        (&[Value(99)], &k, &[2], "another program"),
        (&[y], &[Secret(0).into()], &[2], "another program"),
    ] {
        let error = p.apply(t, inputs, known, outputs).unwrap_err();
        assert!(error.to_string().contains(what), "{error}");
    }
    assert!(p.apply(TemplateId(1), &[y], &k, &[2]).is_err());
    assert!(p.build(&[]).is_err());
    assert!(ProgramBuilder::new().build(&[x]).is_err());
    for bits in [0, 65] {
        let mut p = ProgramBuilder::new();
        let x = p.input(4);
        p.secret(bits);
        assert!(p.build(&[x]).unwrap_err().to_string().contains("1 to 64"));
    }
}

/// What the garbler sends of three rows under fixed seeds: tables and permute bits.
#[test]
fn transcript_is_fixed() {
    for (scheme, want) in Scheme::ALL
        .into_iter()
        .zip(["a088063b29b8c6a0", "ee7ecdb288b86e58"])
    {
        let program = random_program(0);
        let [constants, secrets, inputs] = words_for(&program, 3, 1);
        let (_, digest) = pair(
            scheme,
            CotProtocol::default(),
            1,
            |s, ch| {
                s.garble_program(ch, "test", &program, &constants, &secrets, 3)
                    .unwrap();
            },
            |s, ch| {
                s.program_labels(ch, "test", &program, &inputs, 3).unwrap();
                let length = program.table_bytes(3, scheme) + program.bit_bytes(3)[1];
                let mut received = vec![0; length];
                ch.recv(&mut received).unwrap();
                Sha256::digest(&received)
            },
        );
        let digest: String = digest.iter().take(8).map(|b| format!("{b:02x}")).collect();
        assert_eq!(digest, want, "{scheme}");
    }
}
