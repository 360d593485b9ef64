//! Two parties in two threads against the twin, the replay, and misbehaving peers.

use super::*;
use crate::nn::graph::{Conv2d, Dense, Layer, Linear, LinearKind, Network};
use crate::nn::plan::RangeKind;
use crate::nn::planner::{PlanOptions, Planned, plan};
use crate::nn::twin::{Shares, StageShares, Twin, replay};
use halfmask_bridge::mpc::channel::{Channel, Meter};
use halfmask_bridge::session::{Kernels, Randomness};
use ndarray::{Array1, Array2, Array4};

mod engines;
mod hostile;
mod logits;
mod pool;

/// A repeatable stream of numbers in [-1, 1).
fn noise(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed.wrapping_mul(2).wrapping_add(1);
    move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    }
}

fn dense(
    name: &str,
    outputs: usize,
    inputs: usize,
    range: Option<f64>,
    r: &mut impl FnMut() -> f64,
) -> Layer {
    Layer::Linear(Linear {
        name: name.into(),
        kind: LinearKind::Dense(Dense {
            weights: Array2::from_shape_simple_fn((outputs, inputs), &mut *r),
            bias: Array1::from_shape_simple_fn(outputs, r),
        }),
        range,
    })
}

/// A small network with a padded convolution, two ReLUs, and both kinds of ranges.
fn network() -> Network {
    let mut r = noise(7);
    let conv = Conv2d {
        input: [1, 6, 6],
        output: [2, 3, 3],
        kernel: [3, 3],
        strides: [2, 2],
        pads: [0, 0, 1, 1],
        weights: Array4::from_shape_simple_fn((2, 1, 3, 3), &mut r),
        bias: Array1::from_shape_simple_fn(2, &mut r),
    };
    let relu = |name: &str| Layer::Relu { name: name.into() };
    Network {
        name: "small".into(),
        input: [1, 6, 6],
        input_max: 1.0,
        layers: vec![
            Layer::Linear(Linear {
                name: "conv".into(),
                kind: LinearKind::Conv2d(conv),
                range: None,
            }),
            relu("relu1"),
            dense("fc1", 12, 18, Some(12.0), &mut r),
            relu("relu2"),
            dense("fc2", 5, 12, None, &mut r),
        ],
    }
}

fn images(count: usize, planned: &Planned) -> Vec<Vec<i64>> {
    let mut r = noise(11);
    let input = &planned.plan.input;
    (0..count)
        .map(|_| {
            (0..planned.plan.inputs())
                .map(|_| input.quantise(r().abs()))
                .collect()
        })
        .collect()
}

struct Outcome {
    results: Results,
    client: Recording,
    server: Recording,
    /// What the client counted of the batch.
    meter: Meter,
}

/// Runs batches in one connection, with recorded shares.
fn run(server: &Server, batches: &[&[Vec<i64>]], seed: u8) -> Vec<Outcome> {
    run_prepared(server, batches, &[], seed)
}

/// The same, where before batch `i` the parties prepare for batches of `prepare[i]` images.
fn run_prepared(
    server: &Server,
    batches: &[&[Vec<i64>]],
    prepare: &[&[usize]],
    seed: u8,
) -> Vec<Outcome> {
    let (mut a, mut b) = Channel::pair();
    std::thread::scope(|s| {
        let handle = s.spawn(move || {
            let mut connection = server
                .accept(&mut a, Randomness::from_seed([seed; 32]))
                .unwrap();
            let mut recordings = Vec::new();
            loop {
                connection.recording = Some(Recording::default());
                if connection.serve_batch(&mut a).unwrap().is_none() {
                    return recordings;
                }
                recordings.push(connection.recording.take().unwrap());
            }
        });
        let random = Randomness::from_seed([seed ^ 0xff; 32]);
        let mut client = Client::connect(&mut b, None, random, Kernels::detect()).unwrap();
        let mut outcomes = Vec::new();
        for (i, batch) in batches.iter().enumerate() {
            b.take_meter();
            for images in prepare.get(i).copied().unwrap_or_default() {
                client.prepare(&mut b, *images).unwrap();
            }
            client.recording = Some(Recording::default());
            let slices: Vec<&[i64]> = batch.iter().map(Vec::as_slice).collect();
            let results = client.infer(&mut b, &slices).unwrap();
            outcomes.push((results, client.recording.take().unwrap(), b.take_meter()));
        }
        client.finish(&mut b).unwrap();
        let servers = handle.join().unwrap();
        assert_eq!(servers.len(), outcomes.len());
        let join = |((results, client, meter), server)| Outcome {
            results,
            client,
            server,
            meter,
        };
        outcomes.into_iter().zip(servers).map(join).collect()
    })
}

/// How labels compare.
#[derive(Default)]
struct Agreement {
    /// Proven equal to the twin's beforehand.
    certified: usize,
    /// Not equal to the twin's.
    different: usize,
}

/// What both parties recorded, joined.
fn shares(outcome: &Outcome) -> Vec<StageShares> {
    let join = |client: &[u32], server: &[u32]| Shares {
        client: client.to_vec(),
        server: server.to_vec(),
    };
    let (client, server) = (&outcome.client, &outcome.server);
    let pooled = client.pooled.iter().zip(&server.pooled);
    let entered = client.entered.iter().zip(&server.entered);
    entered
        .zip(pooled)
        .map(|((c, s), (cp, sp))| StageShares {
            entered: join(c, s),
            pooled: cp.iter().zip(sp).map(|(c, s)| join(c, s)).collect(),
        })
        .collect()
}

fn check(server: &Server, images: &[Vec<i64>], outcome: &Outcome) -> Agreement {
    let planned = server.planned();
    let twin = Twin::new(&planned.network);
    let shares = shares(outcome);
    let classes = outcome.results.clone().classes();
    // A comparison errs by two units, and so does every level of every maximum before it.
    let pools = planned.plan.stages.iter().flat_map(|s| &s.pool);
    let levels: u32 = pools.map(|p| p.geometry().unwrap().levels()).sum();
    let q = u64::from(planned.plan.modulus());
    let mut found = Agreement::default();
    for (j, image) in images.iter().enumerate() {
        let replayed = replay(&planned.network, image, &shares, j, images.len()).unwrap();
        assert_eq!(
            replayed.class as u32, classes[j],
            "image {j}: the replayed class"
        );
        for (layer, out) in replayed.outputs.iter().enumerate() {
            for (element, y) in out.iter().enumerate() {
                let at = element * images.len() + j;
                let sum = u64::from(outcome.client.left[layer][at])
                    + u64::from(outcome.server.left[layer][at]);
                assert_eq!(
                    sum % q,
                    u64::from(*y),
                    "image {j} layer {layer} element {element}"
                );
            }
        }
        for (noise, report) in replayed.noise.iter().zip(&planned.report) {
            assert!(
                *noise <= report.noise.tail,
                "{noise} above {:?}",
                report.noise
            );
        }
        let (want, certified) = twin.certify(image, &planned.report).unwrap();
        assert_eq!(want, twin.evaluate(image).unwrap());
        let same = want.class as u32 == classes[j];
        assert!(
            same || !certified,
            "image {j}: certified, but another class"
        );
        found.certified += usize::from(certified);
        found.different += usize::from(!same);
        // Whatever the worst case, labels in fact differ only at near ties: within a few units of the argmax.
        let unit = planned.report.last().unwrap().unit;
        assert!(
            same || (want.margin as f64) < f64::from(4 + 2 * levels) * unit,
            "image {j}: margin {}",
            want.margin
        );
    }
    found
}

#[test]
fn protocol_follows_the_twin_and_replays_bit_for_bit() {
    let planned = plan(&network(), &PlanOptions::default()).unwrap();
    assert_eq!(planned.plan.stages[0].range, RangeKind::Proven);
    assert_eq!(planned.plan.stages[1].range, RangeKind::Calibrated);
    let server = Server::new(planned, Kernels::detect());
    let all = images(90, server.planned());
    // Several batches in one connection: counters and pools must run on.
    let batches: [&[Vec<i64>]; 3] = [&all[..1], &all[1..20], &all[20..]];
    let (mut disagreements, mut certified) = (0, 0);
    for (batch, outcome) in batches.iter().zip(run(&server, &batches, 3)) {
        let found = check(&server, batch, &outcome);
        disagreements += found.different;
        certified += found.certified;
    }
    // Random weights make near ties; a trained network does better.
    assert!(certified >= 20, "{certified} of 90 labels certified");
    assert!(
        disagreements <= 12,
        "{disagreements} of 90 labels differ from the twin"
    );
}

#[test]
fn small_segments_and_scalar_kernels_change_nothing_that_is_computed() {
    let options = PlanOptions {
        segment: 1024,
        ..PlanOptions::default()
    };
    let planned = plan(&network(), &options).unwrap();
    let all = images(70, &planned);
    let scalar = Kernels {
        he: halfmask_bridge::ckks::Simd::Scalar,
        mpc: halfmask_bridge::mpc::simd::Simd::Scalar,
    };
    let server = Server::new(planned, scalar);
    let outcome = run(&server, &[&all], 5).pop().unwrap();
    check(&server, &all, &outcome);
}

#[test]
fn the_same_seeds_give_the_same_run() {
    let server = Server::new(
        plan(&network(), &PlanOptions::default()).unwrap(),
        Kernels::detect(),
    );
    let all = images(3, server.planned());
    let runs: Vec<Outcome> = [9, 9, 10]
        .iter()
        .flat_map(|seed| run(&server, &[&all], *seed))
        .collect();
    assert_eq!(runs[0].client.left, runs[1].client.left);
    assert_ne!(runs[0].client.left, runs[2].client.left);
}

#[test]
fn the_committed_model_runs() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/cryptonets-relu/model.onnx");
    let network = crate::onnx::import_file(std::path::Path::new(path)).unwrap();
    assert_eq!(network.relu_count(), 945);
    let server = Server::new(
        plan(&network, &PlanOptions::default()).unwrap(),
        Kernels::detect(),
    );
    // Strokes on a dark ground.
    let mut r = noise(2);
    let images: Vec<Vec<i64>> = (0..17)
        .map(|i| {
            (0..784)
                .map(|p| {
                    if (p / 28 + p % 28 + i) % 9 < 2 {
                        (200.0 + 50.0 * r()) as i64
                    } else {
                        0
                    }
                })
                .collect()
        })
        .collect();
    let outcome = run(&server, &[&images], 1).pop().unwrap();
    let found = check(&server, &images, &outcome);
    assert!(found.certified > 0, "the bound proves nothing");
}
