//! Garbling and evaluation as the protocol uses them, one core: AND/s by kernel and circuit; and a whole ReLU layer between
//! two threads over memory.
//!
//! `cargo bench -p halfmask-mpc --bench garble`
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a benchmark: criterion's macros, and inputs of its own making"
)]

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use halfmask_mpc::block::{Block, Delta};
use halfmask_mpc::channel::Channel;
use halfmask_mpc::circuit::{Template, argmax, drelu};
use halfmask_mpc::garble::{Evaluator, Garbler, LANES, TABLE_BYTES};
use halfmask_mpc::relu::ReluSpec;
use halfmask_mpc::rng::SecureRng;
use halfmask_mpc::session::{EvaluatorSession, GarblerSession};
use halfmask_mpc::simd::Simd;
use std::time::Instant;

/// Blocks whose tables stay in the second-level cache, as in a chunk of the protocol.
fn blocks(template: &Template) -> usize {
    (512 * 1024 / (template.and_gates() * LANES * TABLE_BYTES)).max(1)
}

fn gates(c: &mut Criterion) {
    for (name, template) in [
        ("drelu12", drelu(12).unwrap()),
        ("argmax10x14", argmax(10, 14).unwrap()),
    ] {
        let blocks = blocks(&template);
        let mut rng = SecureRng::from_os().unwrap();
        let mut labels = vec![Block::ZERO; blocks * template.inputs() * LANES];
        rng.fill_blocks(&mut labels);
        let known: Vec<u16> = (0..blocks * template.known())
            .map(|i| (i * 40503) as u16)
            .collect();
        let flips: Vec<u16> = (0..blocks * template.inputs())
            .map(|i| (i * 25717) as u16)
            .collect();
        let mut tables = vec![0u8; blocks * template.and_gates() * LANES * TABLE_BYTES];
        let mut out = vec![Block::ZERO; blocks * template.outputs() * LANES];
        let mut group = c.benchmark_group(name);
        group.throughput(Throughput::Elements(
            (blocks * LANES * template.and_gates()) as u64,
        ));
        for simd in Simd::all_supported() {
            let mut garbler = Garbler::new(Delta::random(&mut rng), &[1; 32], simd);
            group.bench_function(BenchmarkId::new("garble", simd), |b| {
                b.iter(|| {
                    garbler
                        .garble(
                            &template,
                            blocks,
                            &labels,
                            &flips,
                            &known,
                            &mut tables,
                            &mut out,
                        )
                        .unwrap()
                });
            });
            let mut evaluator = Evaluator::new(&[1; 32], simd);
            group.bench_function(BenchmarkId::new("evaluate", simd), |b| {
                b.iter(|| {
                    evaluator
                        .evaluate(&template, blocks, &labels, &tables, &mut out)
                        .unwrap()
                });
            });
        }
        group.finish();
    }
}

/// ReLU/s of a whole layer, both parties, OT included.
fn relu(c: &mut Criterion) {
    let spec = ReluSpec {
        share_bits: 22,
        width: 12,
        shift: 2,
        modulus: 998_244_353,
        segment: 1 << 16,
    };
    let n = 1 << 18;
    let mut group = c.benchmark_group("relu_layer");
    group
        .throughput(Throughput::Elements(n as u64))
        .sample_size(10);
    group.bench_function("width12", |b| {
        b.iter_custom(|iterations| {
            let (mut a, mut b) = Channel::pair();
            let shares: Vec<u32> = (0..n as u32)
                .map(|i| i.wrapping_mul(2_654_435_761) >> 10)
                .collect();
            std::thread::scope(|s| {
                let theirs = &shares;
                s.spawn(move || {
                    let pool = rayon::ThreadPoolBuilder::new()
                        .num_threads(1)
                        .build()
                        .unwrap();
                    pool.install(|| {
                        let mut rng = SecureRng::from_os().unwrap();
                        let mut session =
                            GarblerSession::setup(&mut a, &mut rng, Simd::detect()).unwrap();
                        let mut y = vec![0; n];
                        for _ in 0..iterations {
                            session.relu(&mut a, "relu", &spec, theirs, &mut y).unwrap();
                        }
                    });
                });
                let pool = rayon::ThreadPoolBuilder::new()
                    .num_threads(1)
                    .build()
                    .unwrap();
                pool.install(|| {
                    let mut rng = SecureRng::from_os().unwrap();
                    let mut session =
                        EvaluatorSession::setup(&mut b, &mut rng, Simd::detect()).unwrap();
                    let mut y = vec![0; n];
                    let start = Instant::now();
                    for _ in 0..iterations {
                        session
                            .relu(&mut b, "relu", &spec, &shares, &mut y)
                            .unwrap();
                    }
                    b.flush().unwrap();
                    start.elapsed()
                })
            })
        });
    });
    group.finish();
}

criterion_group!(benches, gates, relu);
criterion_main!(benches);
