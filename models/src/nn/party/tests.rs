//! Two parties in two threads against the twin, the replay, and misbehaving peers.

use super::*;
use crate::Error;
use crate::nn::graph::{Conv2d, Dense, Layer, Linear, LinearKind, Network};
use crate::nn::plan::{Activation, Plan, RangeKind};
use crate::nn::planner::{PlanOptions, Planned, plan};
use crate::nn::twin::{StageShares, Twin, replay};
use halfmask_bridge::mpc::channel::Channel;
use halfmask_bridge::session::{Kernels, Randomness};
use ndarray::{Array1, Array2, Array4};
use std::time::Duration;

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
    classes: Vec<u32>,
    client: Recording,
    server: Recording,
}

/// Runs batches in one connection, with recorded shares of the last.
fn run(server: &Server, batches: &[&[Vec<i64>]], seed: u8) -> Vec<Outcome> {
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
        for batch in batches {
            client.recording = Some(Recording::default());
            let slices: Vec<&[i64]> = batch.iter().map(Vec::as_slice).collect();
            let classes = client.classify(&mut b, &slices).unwrap();
            outcomes.push((classes, client.recording.take().unwrap()));
        }
        client.finish(&mut b).unwrap();
        let servers = handle.join().unwrap();
        assert_eq!(servers.len(), outcomes.len());
        let join = |((classes, client), server)| Outcome {
            classes,
            client,
            server,
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

fn check(server: &Server, images: &[Vec<i64>], outcome: &Outcome) -> Agreement {
    let planned = server.planned();
    let twin = Twin::new(&planned.network);
    let shares: Vec<StageShares> = outcome
        .client
        .entered
        .iter()
        .zip(&outcome.server.entered)
        .map(|(c, s)| StageShares {
            client: c.clone(),
            server: s.clone(),
        })
        .collect();
    let q = u64::from(planned.plan.modulus());
    let mut found = Agreement::default();
    for (j, image) in images.iter().enumerate() {
        let replayed = replay(&planned.network, image, &shares, j, images.len()).unwrap();
        assert_eq!(
            replayed.class as u32, outcome.classes[j],
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
        let same = want.class as u32 == outcome.classes[j];
        assert!(
            same || !certified,
            "image {j}: certified, but another class"
        );
        found.certified += usize::from(certified);
        found.different += usize::from(!same);
        // Whatever the worst case, labels in fact differ only at near ties: within four units of the argmax.
        let unit = planned.report.last().unwrap().unit;
        assert!(
            same || (want.margin as f64) < 4.0 * unit,
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

/// Connects a real client or server to a peer that does as `peer` says; returns the error.
fn against_client(peer: impl FnOnce(&mut Channel) + Send) -> Error {
    let (mut a, mut b) = Channel::pair_with(1 << 20, Duration::from_secs(5));
    std::thread::scope(|s| {
        s.spawn(move || peer(&mut a));
        let random = Randomness::from_seed([1; 32]);
        Client::connect(&mut b, None, random, Kernels::detect())
            .err()
            .expect("must be refused")
    })
}

fn against_server(peer: impl FnOnce(&mut Channel) + Send) -> Error {
    let server = Server::new(
        plan(&network(), &PlanOptions::default()).unwrap(),
        Kernels::detect(),
    );
    let (mut a, mut b) = Channel::pair_with(1 << 20, Duration::from_secs(5));
    std::thread::scope(|s| {
        s.spawn(move || peer(&mut a));
        server
            .accept(&mut b, Randomness::from_seed([1; 32]))
            .err()
            .expect("must be refused")
    })
}

/// A hello with the given version, role byte and plan length.
fn hello(version: u32, role: u8, plan_bytes: u32) -> Vec<u8> {
    let mut bytes = b"HALFMASK".to_vec();
    bytes.extend_from_slice(&version.to_le_bytes());
    bytes.extend_from_slice(&[role, 0, 0, 0]);
    bytes.resize(80, 7);
    bytes.extend_from_slice(&plan_bytes.to_le_bytes());
    bytes.resize(HELLO_BYTES, 0);
    bytes
}

#[test]
fn strangers_are_refused() {
    let cases: [(&[u8], &str); 5] = [
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "GET / HT"),
        (&hello(2, 1, 10), "version 2"),
        (&hello(1, 2, 10), "not a server"),
        (&hello(1, 1, u32::MAX), "4294967295 bytes"),
        (b"HALFMA", "closed"),
    ];
    for (bytes, want) in cases {
        let err = against_client(|ch| {
            // A server answers: it reads first.
            ch.recv(&mut [0; HELLO_BYTES]).unwrap();
            ch.send(bytes).unwrap();
            ch.flush().unwrap();
        });
        assert!(err.to_string().contains(want), "{err}");
    }
    let err = against_server(|ch| {
        ch.send(&hello(1, 2, 0)).unwrap();
        // The server still says who it is, so that this side can tell what does not match.
        ch.recv(&mut [0; HELLO_BYTES]).unwrap();
    });
    assert!(
        err.to_string()
            .contains("the client expects parameters 0707"),
        "{err}"
    );
    let err = against_server(|ch| {
        ch.send(b"GET / HTTP/1.1\r\n\r\n").unwrap();
        ch.flush().unwrap();
    });
    assert!(err.to_string().contains("GET / HT"), "{err}");
    let err = against_server(|ch| {
        ch.send(&hello(2, 2, 0)).unwrap();
        ch.recv(&mut [0; HELLO_BYTES]).unwrap();
    });
    assert!(err.to_string().contains("version 2"), "{err}");
}

#[test]
fn a_pinned_plan_must_match() {
    let server = Server::new(
        plan(&network(), &PlanOptions::default()).unwrap(),
        Kernels::detect(),
    );
    let (mut a, mut b) = Channel::pair_with(1 << 20, Duration::from_secs(5));
    std::thread::scope(|s| {
        let server = s.spawn(|| {
            server
                .accept(&mut a, Randomness::from_seed([1; 32]))
                .err()
                .unwrap()
        });
        let random = Randomness::from_seed([1; 32]);
        let err = Client::connect(&mut b, Some([5; 32]), random, Kernels::detect())
            .err()
            .unwrap();
        assert!(err.to_string().contains("expects plan 0505"), "{err}");
        assert!(
            server
                .join()
                .unwrap()
                .to_string()
                .contains("expects plan 0505")
        );
    });
}

#[test]
fn bad_plans_are_refused() {
    let good = plan(&network(), &PlanOptions::default()).unwrap().plan;
    assert_eq!(Plan::from_bytes(&good.to_bytes().unwrap()).unwrap(), good);
    let refuse = |edit: &dyn Fn(&mut Plan), want: &str| {
        let mut bad = good.clone();
        edit(&mut bad);
        let err = Plan::from_bytes(&bad.to_bytes().unwrap())
            .unwrap_err()
            .to_string();
        assert!(err.contains(want), "{err}");
    };
    refuse(&|p| p.version = 9, "version 9");
    refuse(&|p| p.stages.clear(), "no layers");
    refuse(&|p| p.stages[1].inputs = 3, "fc1: 3 inputs of 18");
    refuse(&|p| p.stages[1].outputs = u32::MAX, "values a batch");
    refuse(&|p| p.input.levels = 0, "levels");
    refuse(&|p| p.input.max = -1.0, "levels");
    refuse(&|p| p.input.shape = [u32::MAX, 2, 2], "input shape");
    refuse(&|p| p.stages[0].share_bits = 40, "share bits");
    refuse(&|p| p.stages[2].share_bits = 40, "argmax");
    refuse(&|p| p.stages.truncate(2), "must end in a class");
    refuse(&|p| p.ring.degree = 1024, "1024");
    // A server cannot talk a client into a ring without security.
    refuse(&|p| p.ring.degree = 32, "32");
    refuse(&|p| p.ring.modulus = 998_244_352, "998244352");
    refuse(&|p| p.model = "a\nb".into(), "unprintable");
    refuse(&|p| p.stages[0].name = "\u{1b}[31m".into(), "unprintable");
    refuse(&|p| p.stages[0].outputs = 1 << 19, "values a batch");
    let relu = |p: &mut Plan, f: &dyn Fn(&mut u32, &mut u32)| match &mut p.stages[0].then {
        Activation::Relu {
            multiplier,
            segment,
            ..
        } => f(multiplier, segment),
        Activation::Argmax { .. } => panic!("the first stage is a ReLU"),
    };
    refuse(&|p| relu(p, &|m, _| *m = 3), "power of two");
    refuse(&|p| relu(p, &|_, s| *s = 1 << 21), "segment");
    let json = String::from_utf8(good.to_bytes().unwrap()).unwrap();
    let smuggled = json.replace("\"degree\"", "\"allow_insecure\":true,\"degree\"");
    assert!(
        Plan::from_bytes(smuggled.as_bytes())
            .unwrap_err()
            .to_string()
            .contains("allow_insecure")
    );
    // Floats survive the wire.
    let mut odd = good.clone();
    odd.input.max = 9.731_894_477_089_647;
    assert_eq!(
        Plan::from_bytes(&odd.to_bytes().unwrap())
            .unwrap()
            .to_bytes()
            .unwrap(),
        odd.to_bytes().unwrap()
    );
    assert!(Plan::from_bytes(b"{}").is_err() && Plan::from_bytes(b"\xff").is_err());
}

#[test]
fn impossible_batches_are_refused() {
    let server = Server::new(
        plan(&network(), &PlanOptions::default()).unwrap(),
        Kernels::detect(),
    );
    let (mut a, mut b) = Channel::pair_with(1 << 24, Duration::from_secs(5));
    std::thread::scope(|s| {
        let handle = s.spawn(|| {
            let mut connection = server
                .accept(&mut a, Randomness::from_seed([1; 32]))
                .unwrap();
            connection.serve_batch(&mut a).unwrap_err()
        });
        let random = Randomness::from_seed([2; 32]);
        let mut client = Client::connect(&mut b, None, random, Kernels::detect()).unwrap();
        assert!(client.classify(&mut b, &[]).is_err());
        assert!(
            client
                .classify(&mut b, &[&[1, 2, 3]])
                .unwrap_err()
                .to_string()
                .contains("3 values")
        );
        b.send_u32(5000).unwrap();
        b.flush().unwrap();
        assert!(handle.join().unwrap().to_string().contains("5000 images"));
    });
}

#[test]
fn networks_of_another_shape_are_refused() {
    let refuse = |edit: &dyn Fn(&mut Network), want: &str| {
        let mut bad = network();
        edit(&mut bad);
        let err = plan(&bad, &PlanOptions::default()).unwrap_err().to_string();
        assert!(err.contains(want), "{err}");
    };
    refuse(&|n| drop(n.layers.pop()), "must end in a linear layer");
    refuse(&|n| drop(n.layers.remove(1)), "without an activation");
    refuse(
        &|n| {
            n.layers.insert(
                0,
                Layer::Relu {
                    name: "first".into(),
                },
            )
        },
        "does not follow a linear layer",
    );
}
