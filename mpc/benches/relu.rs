//! ReLU/s of whole layers by both protocols, between two threads over memory, one core a party: garbled, OT in all, and OT's
//! two phases apart. Prints bytes a ReLU.
//!
//! `cargo bench -p halfmask-mpc --bench relu`
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "a benchmark: criterion's macros, and inputs of its own making"
)]

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use halfmask_mpc::channel::{Channel, Phase};
use halfmask_mpc::relu::{ReluProtocol, ReluSpec, SharedRelu, Target};
use halfmask_mpc::rng::SecureRng;
use halfmask_mpc::session::{EvaluatorSession, GarblerSession};
use halfmask_mpc::simd::Simd;
use std::sync::Barrier;
use std::time::{Duration, Instant};

const VALUES: usize = 1 << 18;

/// What is timed.
#[derive(Copy, Clone, PartialEq)]
enum Timed {
    All,
    Prepare,
    Online,
}

fn specs() -> [(&'static str, ReluSpec); 2] {
    let planned = ReluSpec {
        share_bits: 22,
        width: 12,
        shift: 6,
        target: Target::Modulus(998_244_353),
        segment: 1 << 16,
    };
    let full = ReluSpec {
        share_bits: 32,
        width: 32,
        shift: 0,
        target: Target::SameRing,
        segment: 1 << 16,
    };
    [("width12", planned), ("width32", full)]
}

/// One party's part of `iterations` layers; the time, and bytes both ways.
fn play(
    party: &mut dyn SharedRelu,
    ch: &mut Channel,
    (spec, timed): (&ReluSpec, Timed),
    barrier: &Barrier,
    iterations: u64,
) -> (Duration, u64) {
    let x: Vec<u32> = (0..VALUES as u32)
        .map(|i| i.wrapping_mul(2_654_435_761) >> (32 - spec.share_bits))
        .collect();
    let mut y = vec![0; VALUES];
    let mut time = Duration::ZERO;
    ch.take_meter();
    for _ in 0..iterations {
        barrier.wait();
        let start = Instant::now();
        if timed != Timed::All {
            party
                .prepare(ch, Phase::Offline, "relu", spec, VALUES)
                .unwrap();
            ch.flush().unwrap();
            barrier.wait();
        }
        let prepared = start.elapsed();
        let start = Instant::now();
        party.relu(ch, "relu", spec, &x, &mut y).unwrap();
        ch.flush().unwrap();
        barrier.wait();
        time += match timed {
            Timed::Prepare => prepared,
            Timed::All | Timed::Online => start.elapsed(),
        };
    }
    let total = ch.meter().total();
    (time, total.bytes_sent + total.bytes_received)
}

fn run(protocol: ReluProtocol, spec: &ReluSpec, timed: Timed, iterations: u64) -> (Duration, u64) {
    let (mut a, mut b) = Channel::pair();
    let barrier = &Barrier::new(2);
    let alone = || {
        let builder = rayon::ThreadPoolBuilder::new().num_threads(1);
        builder.build().unwrap()
    };
    std::thread::scope(|s| {
        s.spawn(move || {
            alone().install(|| {
                let mut rng = SecureRng::from_os().unwrap();
                let mut session = GarblerSession::setup(&mut a, &mut rng, Simd::detect()).unwrap();
                let mut party = session.relu_by(protocol);
                play(&mut *party, &mut a, (spec, timed), barrier, iterations);
            });
        });
        alone().install(|| {
            let mut rng = SecureRng::from_os().unwrap();
            let mut session = EvaluatorSession::setup(&mut b, &mut rng, Simd::detect()).unwrap();
            let mut party = session.relu_by(protocol);
            play(&mut *party, &mut b, (spec, timed), barrier, iterations)
        })
    })
}

fn relu(c: &mut Criterion) {
    for (name, spec) in specs() {
        let mut group = c.benchmark_group(name);
        group
            .throughput(Throughput::Elements(VALUES as u64))
            .sample_size(10);
        for (label, protocol, timed) in [
            ("garbled", ReluProtocol::Garbled, Timed::All),
            ("ot", ReluProtocol::Ot, Timed::All),
            ("ot, prepare", ReluProtocol::Ot, Timed::Prepare),
            ("ot, online", ReluProtocol::Ot, Timed::Online),
        ] {
            if timed == Timed::All {
                let (_, bytes) = run(protocol, &spec, timed, 1);
                let each = bytes as f64 / VALUES as f64;
                println!("{name}, {label}: {each:.1} bytes a ReLU in all");
            }
            group.bench_function(BenchmarkId::from_parameter(label), |b| {
                b.iter_custom(|iterations| run(protocol, &spec, timed, iterations).0);
            });
        }
        group.finish();
    }
}

criterion_group!(benches, relu);
criterion_main!(benches);
