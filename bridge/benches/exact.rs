//! Exact matrices on one core, both parties taking turns in one thread of memory channels: one row (48 inputs, 400 outputs), and 1,024.
//!
//! `cargo bench -p halfmask-bridge --bench exact`
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "a benchmark: criterion's macros, and inputs of its own making"
)]

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use halfmask_bridge::ckks::SecureRng;
use halfmask_bridge::exact::{ExactClient, ExactMatrix, ExactServer, ExactSpec, PackingChoice};
use halfmask_bridge::mpc::channel::Channel;
use halfmask_bridge::session::Kernels;
use std::time::{Duration, Instant};

const SPEC: ExactSpec = ExactSpec {
    share_bits: 30,
    inputs: 48,
    outputs: 400,
    input_bound: 255,
    coefficient_bits: 22,
    packing: PackingChoice::Auto,
};

fn exact(c: &mut Criterion) {
    let one = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .unwrap();
    let (mut a, mut b) = Channel::pair_with(1 << 26, Duration::from_secs(60));
    let (mut server, mut client) = std::thread::scope(|s| {
        let handle = s.spawn(|| {
            let mut random = SecureRng::from_os().unwrap();
            ExactServer::setup(&mut a, &SPEC, &[1; 32], &mut random, Kernels::detect()).unwrap()
        });
        let mut random = SecureRng::from_os().unwrap();
        let client =
            ExactClient::setup(&mut b, &SPEC, &[1; 32], &mut random, Kernels::detect()).unwrap();
        (handle.join().unwrap(), client)
    });
    let coefficients: Vec<i64> = (0..SPEC.inputs * SPEC.outputs)
        .map(|i| i as i64 * 7919 % (1 << 22))
        .collect();
    let matrix = ExactMatrix::new(&SPEC, &coefficients, &vec![5; SPEC.outputs]).unwrap();

    let mut group = c.benchmark_group("exact");
    group.sample_size(10);
    for rows in [1usize, 16, 1024] {
        let x: Vec<u32> = (0..rows * SPEC.inputs).map(|i| i as u32 % 256).collect();
        matrix.prepare(rows).unwrap();
        group.throughput(Throughput::Elements(rows as u64));
        // Time of: the client's encryption; the server; the client's opening; all three.
        let mut run = |part: usize| {
            let mut times = [Duration::ZERO; 3];
            one.install(|| {
                let start = Instant::now();
                client.send(&mut b, "x", &x, rows).unwrap();
                times[0] = start.elapsed();
                let start = Instant::now();
                server.apply(&mut a, "x", &matrix, rows).unwrap();
                times[1] = start.elapsed();
                let start = Instant::now();
                client.receive(&mut b, "x", rows).unwrap();
                times[2] = start.elapsed();
            });
            times
                .get(part)
                .copied()
                .unwrap_or_else(|| times.iter().sum())
        };
        for (part, name) in ["send", "apply", "receive", "all"].into_iter().enumerate() {
            group.bench_function(BenchmarkId::new(name, rows), |bench| {
                bench.iter_custom(|rounds| (0..rounds).map(|_| run(part)).sum());
            });
        }
    }
    group.finish();
}

criterion_group!(benches, exact);
criterion_main!(benches);
