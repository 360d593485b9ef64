//! Oblivious transfer: set-up, correlated OT end to end by every protocol, bit transposition.
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
    ot::{CHUNK, CotProtocol, CotReceiver, CotSender, silent::LpnParameters, transpose},
    rng::SecureRng,
    simd::Simd,
};

/// COTs a request.
const REQUEST: usize = 4 * CHUNK;

/// Requests an iteration: for silent extension, one of its own iterations.
fn requests(protocol: CotProtocol) -> usize {
    match protocol {
        CotProtocol::Silent => LpnParameters::STANDARD.usable() / REQUEST,
        CotProtocol::SoftSpoken { .. } => 16,
    }
}

type Parties = ((Channel, CotSender), (Channel, CotReceiver));

fn setup(protocol: CotProtocol, simd: Simd) -> Parties {
    let (mut a, mut b) = Channel::pair();
    let receiver = std::thread::spawn(move || {
        let mut rng = SecureRng::from_os().unwrap();
        let ot = CotReceiver::setup(&mut b, protocol, &mut rng, simd).unwrap();
        (b, ot)
    });
    let mut rng = SecureRng::from_os().unwrap();
    let ot = CotSender::setup(&mut a, protocol, &mut rng, simd).unwrap();
    ((a, ot), receiver.join().unwrap())
}

fn base(c: &mut Criterion) {
    for protocol in [CotProtocol::SoftSpoken { k: 4 }, CotProtocol::Silent] {
        c.bench_function(&format!("ot/setup of one direction, {protocol}"), |b| {
            b.iter(|| setup(protocol, Simd::detect()))
        });
    }
}

/// Time for `requests` requests with both parties at work.
fn both(parties: &mut Parties, requests: usize) -> Duration {
    let ((a, sender), (b, receiver)) = parties;
    let start = Instant::now();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut keys = vec![Block::ZERO; REQUEST];
            for _ in 0..requests {
                sender.extend(a, &mut keys).unwrap();
                black_box(&keys);
            }
        });
        let (mut macs, mut choices) = (vec![Block::ZERO; REQUEST], vec![0; REQUEST / 16]);
        for _ in 0..requests {
            receiver.extend(b, &mut choices, &mut macs).unwrap();
            black_box((&macs, &choices));
        }
    });
    start.elapsed()
}

fn extension(c: &mut Criterion) {
    let mut group = c.benchmark_group("ot/COT");
    let mut bytes = Vec::new();
    for simd in Simd::all_supported() {
        for protocol in [
            CotProtocol::SoftSpoken { k: 1 },
            CotProtocol::SoftSpoken { k: 2 },
            CotProtocol::SoftSpoken { k: 4 },
            CotProtocol::SoftSpoken { k: 8 },
            CotProtocol::Silent,
        ] {
            let usual = [CotProtocol::SoftSpoken { k: 4 }, CotProtocol::Silent];
            if simd != Simd::detect() && !usual.contains(&protocol) {
                continue;
            }
            let requests = requests(protocol);
            let mut parties = setup(protocol, simd);
            // What set-up sent does not count.
            parties.0.0.take_meter();
            group.throughput(Throughput::Elements((requests * REQUEST) as u64));
            group.bench_function(format!("{protocol}, {simd}"), |b| {
                b.iter_custom(|n| both(&mut parties, requests * n as usize))
            });
            let ((mut channel, sender), _) = parties;
            let total = channel.take_meter().total();
            let moved = (total.bytes_sent + total.bytes_received) as f64;
            if simd == Simd::detect() && moved > 0.0 {
                bytes.push((protocol, moved / sender.position() as f64));
            }
        }
    }
    group.finish();
    for (protocol, bytes) in bytes {
        println!("{protocol}: {bytes:.3} bytes a COT");
    }
}

/// Silent extension after `reserve`, without a message: the part that can be on a request's path.
fn reserved(c: &mut Criterion) {
    let mut group = c.benchmark_group("ot/reserved COT");
    group.throughput(Throughput::Elements(REQUEST as u64));
    let ((mut a, mut sender), (mut b, mut receiver)) = setup(CotProtocol::Silent, Simd::detect());
    let mut reserve = |sender: &mut CotSender, receiver: &mut CotReceiver, n: u64| {
        let count = n * REQUEST as u64;
        std::thread::scope(|scope| {
            scope.spawn(|| sender.reserve(&mut a, count).unwrap());
            receiver.reserve(&mut b, count).unwrap();
        });
    };
    let (mut end, _peer) = Channel::pair();
    let (mut macs, mut choices) = (vec![Block::ZERO; REQUEST], vec![0; REQUEST / 16]);
    for side in ["sender", "receiver"] {
        group.bench_function(format!("silent, {side}"), |bench| {
            bench.iter_custom(|n| {
                reserve(&mut sender, &mut receiver, n);
                let mut spent = [Duration::ZERO; 2];
                for _ in 0..n {
                    let start = Instant::now();
                    sender.extend(&mut end, &mut macs).unwrap();
                    spent[0] += start.elapsed();
                    let start = Instant::now();
                    receiver.extend(&mut end, &mut choices, &mut macs).unwrap();
                    spent[1] += start.elapsed();
                }
                spent[usize::from(side == "receiver")]
            });
        });
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
    targets = base, extension, reserved, transposition
}
criterion_main!(benches);
