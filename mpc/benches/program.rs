//! A tree of 255 circuits of about 250 AND gates, wired together, in 1, 16 and 1024 rows, between two parties of one thread each over
//! loopback TCP: AND/s end to end, OT included; beside it as many independent instances of the same circuit.
//!
//! `cargo bench -p halfmask-mpc --bench program`
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a benchmark: criterion's macros, and inputs of its own making"
)]

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use halfmask_mpc::Error;
use halfmask_mpc::channel::{Channel, Part};
use halfmask_mpc::circuit::{Builder, Signedness, Template};
use halfmask_mpc::evaluate::Function;
use halfmask_mpc::garble::{LANES, Scheme};
use halfmask_mpc::ot::CotProtocol;
use halfmask_mpc::parties::{Bench, Party, run};
use halfmask_mpc::program::{Program, ProgramBuilder, Value};
use halfmask_mpc::rng::SecureRng;
use halfmask_mpc::session::{EvaluatorSession, GarblerSession};
use halfmask_mpc::simd::Simd;
use std::time::Duration;

const BITS: usize = 32;
const LEAVES: usize = 256;

/// Of the size of a two-input log-sum: a maximum and a table's worth of gates on the difference.
fn circuit() -> Template {
    let mut b = Builder::new();
    let (x, y) = (b.inputs(BITS), b.inputs(BITS));
    let larger = b.max(&x, &y, Signedness::Signed);
    let difference = b.sub(&x, &y);
    let distance = b.absolute(&difference);
    let square = b.multiply(&distance[..8], &distance[8..16], 16);
    let out = b.add(&larger, &square);
    b.build(&out).unwrap()
}

fn tree() -> Program {
    let mut p = ProgramBuilder::new();
    let sum = p.template(circuit());
    let mut layer: Vec<Value> = (0..LEAVES).map(|_| p.input(BITS)).collect();
    while layer.len() > 1 {
        layer = layer
            .chunks(2)
            .map(|pair| p.apply(sum, pair, &[], &[BITS]).unwrap()[0])
            .collect();
    }
    p.build(&layer).unwrap()
}

/// Seconds of so many runs of both parties.
fn measure(
    scheme: Scheme,
    garble: impl Fn(&mut GarblerSession, &mut Channel) -> Result<(), Error> + Sync,
    evaluate: impl Fn(&mut EvaluatorSession, &mut Channel) -> Result<(), Error> + Sync,
    iterations: u64,
) -> Duration {
    let bench = Bench {
        network: None,
        threads: 1,
    };
    let (simd, protocol) = (Simd::detect(), CotProtocol::default());
    let garbler = Party::new(
        |ch| {
            let mut rng = SecureRng::from_os()?;
            let mut session = GarblerSession::setup_with(ch, protocol, scheme, &mut rng, simd)?;
            garble(&mut session, ch)?;
            Ok(session)
        },
        |ch, mut session| (0..iterations).try_for_each(|_| garble(&mut session, ch)),
    );
    let evaluator = Party::new(
        |ch| {
            let mut rng = SecureRng::from_os()?;
            let mut session = EvaluatorSession::setup_with(ch, protocol, scheme, &mut rng, simd)?;
            evaluate(&mut session, ch)?;
            Ok(session)
        },
        |ch, mut session| (0..iterations).try_for_each(|_| evaluate(&mut session, ch)),
    );
    let outcome = run(&bench, garbler, evaluator).unwrap();
    Duration::from_secs_f64(outcome.seconds)
}

fn program(c: &mut Criterion) {
    let (program, template) = (tree(), circuit());
    println!(
        "{} AND gates a circuit, {} a row",
        template.and_gates(),
        program.and_gates()
    );
    for scheme in Scheme::ALL {
        for rows in [1usize, 16, 1024] {
            let mut group = c.benchmark_group(format!("program/{scheme}/{rows} rows"));
            group
                .sample_size(10)
                .throughput(Throughput::Elements((rows * program.and_gates()) as u64));
            let inputs: Vec<u64> = (0..(LEAVES * rows) as u64)
                .map(|i| i.wrapping_mul(0x9e37_79b9) >> 8)
                .collect();
            group.bench_function(BenchmarkId::from_parameter("wired"), |b| {
                b.iter_custom(|iterations| {
                    measure(
                        scheme,
                        |s, ch| s.garble_program(ch, "program", &program, &[], &[], rows),
                        |s, ch| {
                            let out = s.evaluate_program(ch, "program", &program, &inputs, rows);
                            out.map(|_| ())
                        },
                        iterations,
                    )
                });
            });
            let instances = (LEAVES - 1) * rows;
            let words = vec![0x5a5au16; instances.div_ceil(LANES) * template.inputs()];
            let function = Function {
                template: &template,
                layer: "function",
                part: Part::Function,
            };
            group.bench_function(BenchmarkId::from_parameter("independent"), |b| {
                b.iter_custom(|iterations| {
                    measure(
                        scheme,
                        |s, ch| s.garble_opened(ch, &function, instances, &[]),
                        |s, ch| {
                            let out = s.evaluate_opened(ch, &function, instances, &words);
                            out.map(|_| ())
                        },
                        iterations,
                    )
                });
            });
            group.finish();
        }
    }
}

criterion_group!(benches, program);
criterion_main!(benches);
