//! Conversions on one core, both parties taking turns in one thread of memory channels: time an element of 2,048 images. In all, and
//! what is left of it after preparation.
//!
//! `cargo bench -p halfmask-bridge`
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "a benchmark: criterion's macros, and inputs of its own making"
)]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use halfmask_bridge::ckks::{ErrorTerm, Parameters};
use halfmask_bridge::mpc::channel::Channel;
use halfmask_bridge::mpc::planner::Engine;
use halfmask_bridge::session::{ClientSession, Kernels, Randomness, ServerSession};
use std::time::{Duration, Instant};

const ELEMENTS: usize = 32;
const IMAGES: usize = 2048;

fn conversions(c: &mut Criterion) {
    let (mut a, mut b) = Channel::pair();
    let parameters = Parameters::throughput();
    let (mut server, mut client) = std::thread::scope(|s| {
        let handle = s.spawn(|| {
            ServerSession::setup(
                &mut a,
                &parameters,
                Engine::default(),
                Randomness::from_os().unwrap(),
                Kernels::detect(),
            )
            .unwrap()
        });
        let random = Randomness::from_os().unwrap();
        let client = ClientSession::setup(
            &mut b,
            &parameters,
            Engine::default(),
            random,
            Kernels::detect(),
        )
        .unwrap();
        (handle.join().unwrap(), client)
    });
    let values: Vec<u32> = (0..ELEMENTS * IMAGES)
        .map(|i| i as u32 * 7919)
        .map(|v| v % 998_244_353)
        .collect();

    let mut group = c.benchmark_group("conversion");
    group.throughput(Throughput::Elements((ELEMENTS * IMAGES) as u64));
    let pool = rayon_pool();
    group.bench_function("shares_to_ciphertexts", |bench| {
        pool.install(|| {
            bench.iter(|| {
                client
                    .send_encrypted(&mut b, "in", &values, IMAGES)
                    .unwrap();
                b.flush().unwrap();
                server
                    .receive_encrypted(&mut a, "in", ELEMENTS, Some(&values), IMAGES)
                    .unwrap()
            });
        });
    });
    let prepared = [(ELEMENTS, ErrorTerm::CentredBinomial)];
    group.bench_function("shares_to_ciphertexts_online", |bench| {
        pool.install(|| {
            bench.iter_custom(|rounds| {
                let mut online = Duration::ZERO;
                for _ in 0..rounds {
                    client.prepare(ELEMENTS).unwrap();
                    server.prepare(ELEMENTS, &[]).unwrap();
                    let start = Instant::now();
                    client
                        .send_encrypted(&mut b, "in", &values, IMAGES)
                        .unwrap();
                    b.flush().unwrap();
                    server
                        .receive_encrypted(&mut a, "in", ELEMENTS, Some(&values), IMAGES)
                        .unwrap();
                    online += start.elapsed();
                }
                online
            });
        });
    });
    client
        .send_encrypted(&mut b, "in", &values, IMAGES)
        .unwrap();
    b.flush().unwrap();
    let batch = server
        .receive_encrypted(&mut a, "in", ELEMENTS, None, IMAGES)
        .unwrap();
    group.bench_function("ciphertexts_to_shares", |bench| {
        pool.install(|| {
            bench.iter(|| {
                let error0 = ErrorTerm::CentredBinomial;
                let mine = server
                    .send_as_shares(&mut a, "out", &batch, 22, error0, IMAGES)
                    .unwrap();
                a.flush().unwrap();
                (
                    mine,
                    client
                        .receive_shares(&mut b, "out", ELEMENTS, 22, IMAGES)
                        .unwrap(),
                )
            });
        });
    });
    group.bench_function("ciphertexts_to_shares_online", |bench| {
        pool.install(|| {
            bench.iter_custom(|rounds| {
                let mut online = Duration::ZERO;
                for _ in 0..rounds {
                    server.prepare(0, &prepared).unwrap();
                    let start = Instant::now();
                    let error0 = ErrorTerm::CentredBinomial;
                    server
                        .send_as_shares(&mut a, "out", &batch, 22, error0, IMAGES)
                        .unwrap();
                    a.flush().unwrap();
                    client
                        .receive_shares(&mut b, "out", ELEMENTS, 22, IMAGES)
                        .unwrap();
                    online += start.elapsed();
                }
                online
            });
        });
    });
    group.finish();
}

fn rayon_pool() -> rayon::ThreadPool {
    rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .unwrap()
}

criterion_group!(benches, conversions);
criterion_main!(benches);
