//! Oblivious transfer: base OT, correlated OT end to end for every k, bit transposition.
//!
//! "End to end" is two threads over an in-memory pair, both working at once; the figure is COTs a second of the pair.
//! On a machine with two free cores that is one core a party. Output buffers are reused and cache-sized, as a consumer's are.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "benchmarks"
)]

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use halfmask_mpc::{
    block::Block,
    channel::Channel,
    ot::{CHUNK, CotReceiver, CotSender, transpose},
    rng::SecureRng,
    simd::Simd,
};

/// COTs an iteration.
const BATCH: usize = 64 * CHUNK;
/// COTs a request.
const REQUEST: usize = 4 * CHUNK;

fn setup(k: usize, simd: Simd) -> ((Channel, CotSender), (Channel, CotReceiver)) {
    let (mut a, mut b) = Channel::pair();
    let receiver = std::thread::spawn(move || {
        let ot = CotReceiver::setup(&mut b, k, &mut SecureRng::from_os().unwrap(), simd).unwrap();
        (b, ot)
    });
    let ot = CotSender::setup(&mut a, k, &mut SecureRng::from_os().unwrap(), simd).unwrap();
    ((a, ot), receiver.join().unwrap())
}

fn base(c: &mut Criterion) {
    c.bench_function("ot/setup of one direction, k = 4", |b| {
        b.iter(|| setup(4, Simd::detect()))
    });
}

/// Time for `iterations` batches with both parties at work.
fn both(parties: &mut ((Channel, CotSender), (Channel, CotReceiver)), iterations: u64) -> Duration {
    let ((a, sender), (b, receiver)) = parties;
    let start = Instant::now();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut keys = vec![Block::ZERO; REQUEST];
            for _ in 0..iterations * (BATCH / REQUEST) as u64 {
                sender.extend(a, &mut keys).unwrap();
                black_box(&keys);
            }
        });
        let (mut macs, mut choices) = (vec![Block::ZERO; REQUEST], vec![0; REQUEST / 16]);
        for _ in 0..iterations * (BATCH / REQUEST) as u64 {
            receiver.extend(b, &mut choices, &mut macs).unwrap();
            black_box((&macs, &choices));
        }
    });
    start.elapsed()
}

fn extension(c: &mut Criterion) {
    let mut group = c.benchmark_group("ot/COT");
    group.throughput(Throughput::Elements(BATCH as u64));
    for simd in Simd::all_supported() {
        for k in [1, 2, 4, 8] {
            if simd != Simd::detect() && k != 4 {
                continue;
            }
            let mut parties = setup(k, simd);
            group.bench_function(format!("k = {k}, {simd}"), |b| {
                b.iter_custom(|n| both(&mut parties, n))
            });
        }
    }
}

fn transposition(c: &mut Criterion) {
    let mut group = c.benchmark_group("ot/transposition of 128 x 4096 bits");
    let (width, stride) = (32, 36);
    group.throughput(Throughput::Bytes(128 * 16 * width as u64));
    let mut rows = vec![Block::ZERO; 128 * stride];
    SecureRng::from_os().unwrap().fill_blocks(&mut rows);
    let mut columns = vec![Block::ZERO; 128 * width];
    for simd in Simd::all_supported() {
        group.bench_function(simd.to_string(), |b| {
            b.iter(|| {
                transpose(simd, black_box(&rows), stride, &mut columns).unwrap();
                black_box(&columns);
            });
        });
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20).warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2));
    targets = base, extension, transposition
}
criterion_main!(benches);
