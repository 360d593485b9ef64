//! Garbling and evaluation as the protocol uses them, one core: AND/s by scheme, kernel and circuit; from a garbler to an evaluator
//! over memory and loopback TCP; and a whole ReLU layer between two threads over memory.
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
use halfmask_mpc::channel::{Channel, SEND_BUFFER_BYTES};
use halfmask_mpc::circuit::{Template, argmax, drelu};
use halfmask_mpc::garble::{Evaluator, Garbler, LANES, Scheme};
use halfmask_mpc::relu::{ReluSpec, Target};
use halfmask_mpc::rng::SecureRng;
use halfmask_mpc::session::{EvaluatorSession, GarblerSession};
use halfmask_mpc::simd::Simd;
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

/// Bytes of tables garbled at once: with their labels they stay in the second-level cache. Four batches fill the channel's buffer,
/// so the socket is written to in messages of 512 KiB all the same.
const BATCH: usize = SEND_BUFFER_BYTES / 4;

/// The inputs of a batch that makes about [`BATCH`] bytes.
struct Batch {
    template: Template,
    blocks: usize,
    labels: Vec<Block>,
    known: Vec<u16>,
    flips: Vec<u16>,
    out: Vec<Block>,
}

impl Batch {
    fn new(template: &Template, scheme: Scheme) -> Self {
        let blocks = (BATCH / scheme.table_bytes(template.and_gates(), 1)).max(1);
        let mut labels = vec![Block::ZERO; blocks * template.inputs() * LANES];
        SecureRng::from_os().unwrap().fill_blocks(&mut labels);
        let words = |n: usize, by: usize| (0..blocks * n).map(|i| (i * by) as u16).collect();
        Self {
            blocks,
            labels,
            known: words(template.known(), 40503),
            flips: words(template.inputs(), 25717),
            out: vec![Block::ZERO; blocks * template.outputs() * LANES],
            template: template.clone(),
        }
    }

    fn gates(&self) -> u64 {
        (self.blocks * LANES * self.template.and_gates()) as u64
    }

    fn garble(&mut self, garbler: &mut Garbler, tables: &mut [u8]) {
        let Self {
            template,
            blocks,
            labels,
            known,
            flips,
            out,
        } = self;
        garbler
            .garble(template, *blocks, labels, flips, known, tables, out)
            .unwrap();
    }

    fn evaluate(&mut self, evaluator: &mut Evaluator, tables: &[u8]) {
        evaluator
            .evaluate(
                &self.template,
                self.blocks,
                &self.labels,
                tables,
                &mut self.out,
            )
            .unwrap();
    }
}

fn garbler(scheme: Scheme, simd: Simd) -> Garbler {
    let mut rng = SecureRng::from_os().unwrap();
    let delta = Delta::random(&mut rng);
    Garbler::with_scheme(scheme, delta, &[1; 32], &mut rng, simd)
}

fn gates(c: &mut Criterion) {
    for (name, template) in [
        ("drelu12", drelu(12).unwrap()),
        ("argmax10x14", argmax(10, 14).unwrap()),
    ] {
        for scheme in Scheme::ALL {
            let mut batch = Batch::new(&template, scheme);
            let mut tables = vec![0u8; scheme.table_bytes(template.and_gates(), batch.blocks)];
            let mut group = c.benchmark_group(format!("{name}/{scheme}"));
            group.throughput(Throughput::Elements(batch.gates()));
            for simd in Simd::all_supported() {
                let mut garbler = garbler(scheme, simd);
                group.bench_function(BenchmarkId::new("garble", simd), |b| {
                    b.iter(|| batch.garble(&mut garbler, &mut tables));
                });
                let mut evaluator = Evaluator::with_scheme(scheme, &[1; 32], simd);
                group.bench_function(BenchmarkId::new("evaluate", simd), |b| {
                    b.iter(|| batch.evaluate(&mut evaluator, &tables));
                });
            }
            group.finish();
        }
    }
}

fn tcp() -> (Channel, Channel) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (far, _) = listener.accept().unwrap();
    let timeout = Duration::from_secs(60);
    (
        Channel::tcp(near, timeout).unwrap(),
        Channel::tcp(far, timeout).unwrap(),
    )
}

/// AND/s from a garbler to an evaluator, a thread each: tables are garbled into the channel's buffer and evaluated in it.
fn end_to_end(c: &mut Criterion) {
    let template = drelu(12).unwrap();
    let simd = Simd::detect();
    type Connect = fn() -> (Channel, Channel);
    let links: [(&str, Connect); 2] = [("memory", Channel::pair), ("tcp", tcp)];
    for (link, connect) in links {
        let mut group = c.benchmark_group(format!("end_to_end/{link}"));
        for scheme in Scheme::ALL {
            let batch = Batch::new(&template, scheme);
            let bytes = scheme.table_bytes(template.and_gates(), batch.blocks);
            group.throughput(Throughput::Elements(batch.gates()));
            group.bench_function(scheme.to_string(), |b| {
                b.iter_custom(|iterations| {
                    let (mut near, mut far) = connect();
                    std::thread::scope(|s| {
                        s.spawn(move || {
                            let mut batch = Batch::new(&drelu(12).unwrap(), scheme);
                            let mut garbler = garbler(scheme, simd);
                            for _ in 0..iterations {
                                near.send_with(bytes, |tables| {
                                    batch.garble(&mut garbler, tables);
                                })
                                .unwrap();
                            }
                            near.flush().unwrap();
                        });
                        let mut batch = Batch::new(&template, scheme);
                        let mut evaluator = Evaluator::with_scheme(scheme, &[1; 32], simd);
                        let start = Instant::now();
                        for _ in 0..iterations {
                            far.recv_with(bytes, |tables| batch.evaluate(&mut evaluator, tables))
                                .unwrap();
                        }
                        start.elapsed()
                    })
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
        target: Target::Modulus(998_244_353),
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

criterion_group!(benches, gates, end_to_end, relu);
criterion_main!(benches);
