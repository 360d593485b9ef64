//! Maxima over windows: planned, run, replayed, and plans with impossible windows.

use super::*;
use crate::hello::PublicPlan;
use crate::nn::float::evaluate;
use crate::nn::graph::MaxPool;
use crate::nn::plan::{Activation, Plan};

fn conv(name: &str, input: [usize; 3], maps: usize, r: &mut impl FnMut() -> f64) -> Layer {
    let [channels, height, width] = input;
    Layer::Linear(Linear {
        name: name.into(),
        kind: LinearKind::Conv2d(Conv2d {
            input,
            output: [maps, height, width],
            kernel: [3, 3],
            strides: [1, 1],
            pads: [1; 4],
            weights: Array4::from_shape_simple_fn((maps, channels, 3, 3), &mut *r),
            bias: Array1::from_shape_simple_fn(maps, r),
        }),
        range: None,
    })
}

fn relu(name: &str) -> Layer {
    Layer::Relu { name: name.into() }
}

fn pool(
    name: &str,
    input: [usize; 3],
    kernel: usize,
    stride: usize,
    pad: usize,
) -> (Layer, [usize; 3]) {
    let pool = MaxPool::new(name, input, [kernel; 2], [stride; 2], [pad; 4]).unwrap();
    let output = pool.output;
    (Layer::MaxPool(pool), output)
}

/// Every place a maximum may have: after a ReLU, before one, without any, in a row, and before the classes.
pub(super) fn pooled_network() -> Network {
    let mut r = noise(21);
    let (pool1, shape1) = pool("pool1", [2, 6, 6], 2, 2, 0);
    let (pool2, shape2) = pool("pool2", [3, 3, 3], 3, 2, 1);
    let (pool3, shape3) = pool("pool3", shape2, 2, 1, 0);
    let classes = [5, 2, 2];
    let (pool4, _) = pool("pool4", classes, 2, 2, 0);
    Network {
        name: "pooled".into(),
        input: [1, 6, 6],
        input_max: 1.0,
        layers: vec![
            conv("conv1", [1, 6, 6], 2, &mut r),
            relu("relu1"),
            pool1,
            relu("relu1b"),
            conv("conv2", shape1, 3, &mut r),
            pool2,
            pool3,
            dense("fc1", 20, shape3.iter().product(), None, &mut r),
            relu("relu2"),
            dense("fc2", 20, 20, Some(40.0), &mut r),
            pool4,
        ],
    }
}

#[test]
fn a_relu_moves_behind_the_maximum() {
    let network = pooled_network();
    let planned = plan(&network, &PlanOptions::default()).unwrap();
    let stages = &planned.plan.stages;
    let names: Vec<Vec<&str>> = stages
        .iter()
        .map(|s| s.pool.iter().map(|p| p.name.as_str()).collect())
        .collect();
    assert_eq!(
        names,
        [
            vec!["pool1"],
            vec!["pool2/columns", "pool2", "pool3"],
            vec![],
            vec!["pool4"]
        ]
    );
    assert!(matches!(&stages[0].then, Activation::Relu { name, .. } if name == "relu1"));
    assert!(matches!(stages[1].then, Activation::Rescale { .. }));
    assert!(matches!(stages[3].then, Activation::Argmax { .. }));
    let widths: Vec<_> = stages.iter().map(|s| (s.outputs, s.values())).collect();
    assert_eq!(widths, [(72, 18), (27, 3), (20, 20), (20, 5)]);
    // 72 + 18 + 20 as the network is written.
    assert_eq!((network.relu_count(), planned.plan.relus()), (110, 18 + 20));
    // Padding leaves two of pool2's three columns and rows: one comparison each.
    let comparisons = 18 * 3 + (18 + 12) + 3 * 3 + 5 * 3;
    assert_eq!(planned.plan.pool_comparisons().unwrap(), comparisons);
    for report in [&planned.report[0], &planned.report[1], &planned.report[3]] {
        assert!(report.range_of_modulus <= 1.0 / 8.0, "{report:?}");
        assert!(report.range_of_modulus > 1.0 / 16.0, "{report:?}");
    }
    assert!(planned.report[2].range_of_modulus > 1.0 / 8.0);
}

#[test]
fn the_twin_follows_the_float_network_through_maxima() {
    let network = pooled_network();
    let planned = plan(&network, &PlanOptions::default()).unwrap();
    let twin = Twin::new(&planned.network);
    let report = planned.report.last().unwrap();
    let stage = planned.plan.stages.last().unwrap();
    // Scores in the model's units: the range stands for this part of the shares' ring.
    let scale = report.range_of_modulus / report.range * f64::from(stage.share_bits).exp2();
    let mut largest = 0.0f64;
    for image in images(30, &planned) {
        let reals: Vec<f64> = image.iter().map(|v| *v as f64 / 255.0).collect();
        let want = evaluate(&network, &reals).unwrap();
        let got = twin.evaluate(&image).unwrap();
        for (x, y) in got.scores.iter().zip(&want) {
            let off = (*x as f64 / scale - y).abs();
            assert!(off < 0.05 * report.range, "{off} of {}", report.range);
            largest = largest.max(y.abs());
        }
    }
    assert!(largest > 0.2 * report.range, "{largest}");
}

#[test]
fn a_run_with_maxima_follows_the_twin_and_replays() {
    let planned = plan(&pooled_network(), &PlanOptions::default()).unwrap();
    let server = Server::new(planned, Kernels::detect());
    let all = images(40, server.planned());
    let batches: [&[Vec<i64>]; 2] = [&all[..3], &all[3..]];
    let mut found = Agreement::default();
    for (batch, outcome) in batches.iter().zip(run(&server, &batches, 4)) {
        assert_eq!(
            outcome
                .client
                .pooled
                .iter()
                .map(Vec::len)
                .collect::<Vec<_>>(),
            [1, 3, 0, 1]
        );
        let part = check(&server, batch, &outcome);
        found.different += part.different;
        // A share changed after a maximum is noticed.
        let mut wrong = shares(&outcome);
        wrong[0].pooled[0].client[0] ^= 1 << 15;
        let network = &server.planned().network;
        let error = replay(network, &batch[0], &wrong, 0, batch.len()).unwrap_err();
        assert!(error.to_string().contains("pool1: output 0"), "{error}");
    }
    assert!(found.different <= 8, "{} of 40 labels", found.different);
}

#[test]
fn a_small_network_is_certified_through_its_maximum() {
    let mut r = noise(5);
    let (pool, shape) = pool("pool", [2, 6, 6], 2, 2, 0);
    let network = Network {
        name: "cnn".into(),
        input: [1, 6, 6],
        input_max: 1.0,
        layers: vec![
            conv("conv", [1, 6, 6], 2, &mut r),
            relu("relu"),
            pool,
            dense("fc", 5, shape.iter().product(), None, &mut r),
        ],
    };
    let server = Server::new(
        plan(&network, &PlanOptions::default()).unwrap(),
        Kernels::detect(),
    );
    let all = images(40, server.planned());
    let outcome = run(&server, &[&all], 6).pop().unwrap();
    let found = check(&server, &all, &outcome);
    assert!(found.certified >= 10, "{} of 40 labels", found.certified);
    assert!(found.different <= 4, "{} of 40 labels", found.different);
}

#[test]
fn chains_with_maxima_in_other_places_are_refused() {
    let refuse = |edit: &dyn Fn(&mut Vec<Layer>), want: &str| {
        let mut bad = pooled_network();
        edit(&mut bad.layers);
        let error = plan(&bad, &PlanOptions::default()).unwrap_err().to_string();
        assert!(error.contains(want), "{error}");
    };
    let (first, _) = pool("first", [1, 6, 6], 1, 1, 0);
    refuse(
        &|layers| layers.insert(0, first.clone()),
        "MaxPool first does not follow a linear layer",
    );
    refuse(
        &|layers| layers.push(relu("last")),
        "must end in a linear layer",
    );
    let wide = PlanOptions {
        pool_width: 40,
        ..PlanOptions::default()
    };
    assert!(plan(&pooled_network(), &wide).is_err());
}

#[test]
fn bad_windows_are_refused() {
    let good = plan(&pooled_network(), &PlanOptions::default())
        .unwrap()
        .plan;
    assert_eq!(Plan::from_bytes(&good.to_bytes().unwrap()).unwrap(), good);
    let refuse = |edit: &dyn Fn(&mut Plan), want: &str| {
        let mut bad = good.clone();
        edit(&mut bad);
        let error = Plan::from_bytes(&bad.to_bytes().unwrap())
            .unwrap_err()
            .to_string();
        assert!(error.contains(want), "{error}");
    };
    refuse(&|p| p.stages[0].pool[0].input = [2, 6, 8], "of 72 values");
    refuse(
        &|p| p.stages[0].pool[0].input = [u32::MAX; 3],
        "of 72 values",
    );
    refuse(
        &|p| p.stages[0].pool[0].input = [3, 4, 6],
        "does not follow",
    );
    refuse(
        &|p| p.stages[0].pool[0].output = [2, 3, 4],
        "does not follow",
    );
    refuse(
        &|p| p.stages[0].pool[0].output = [u32::MAX; 3],
        "values an image",
    );
    refuse(&|p| p.stages[0].pool[0].kernel = [0, 2], "must be positive");
    refuse(
        &|p| p.stages[0].pool[0].pads = [u32::MAX; 4],
        "does not follow",
    );
    refuse(
        &|p| {
            p.stages[0].pool[0].pads = [2, 0, 2, 0];
            p.stages[0].pool[0].output = [2, 5, 3];
        },
        "padding alone",
    );
    refuse(&|p| p.stages[0].pool[0].width = 2, " 2 compared bits");
    refuse(&|p| p.stages[0].pool[0].width = 23, " 23 compared bits");
    refuse(&|p| p.stages[0].pool[0].segment = 1000, "segment 1000");
    refuse(&|p| p.stages[0].pool.clear(), "conv2: 18 inputs of 72");
    refuse(
        &|p| {
            let again = p.stages[0].pool[0].clone();
            p.stages[0].pool.push(again);
        },
        "pool1: input [2, 6, 6] of 18 values",
    );
    refuse(
        &|p| p.stages[0].pool = vec![p.stages[0].pool[0].clone(); 9],
        "9 pools",
    );
    refuse(
        &|p| p.stages[0].pool[0].name = "\u{7}".into(),
        "unprintable",
    );
    // A window a value sees all of the others: too many to gather.
    refuse(
        &|p| {
            p.stages[0].outputs = 1 << 14;
            let pool = &mut p.stages[0].pool[0];
            (pool.input, pool.output) = ([1, 128, 128], [1, 127, 127]);
            (pool.kernel, pool.strides, pool.pads) = ([128, 128], [1, 1], [63, 63, 63, 63]);
        },
        "too many",
    );
    refuse(
        &|p| {
            p.stages[0].outputs = 1 << 14;
            let pool = &mut p.stages[0].pool[0];
            (pool.input, pool.output) = ([1, 128, 128], [1, 128, 128]);
            (pool.kernel, pool.strides, pool.pads) = ([3, 3], [1, 1], [1; 4]);
        },
        "values in all windows",
    );
    let rescaled = |p: &mut Plan, s: u32, m: u32| {
        p.stages[1].then = Activation::Rescale {
            shift: s,
            multiplier: m,
        };
    };
    refuse(&|p| rescaled(p, 21, 1), "rescaling");
    refuse(&|p| rescaled(p, 0, 3), "power of two");
    refuse(
        &|p| {
            p.stages[3].then = Activation::Rescale {
                shift: 0,
                multiplier: 1,
            };
        },
        "must end in a class",
    );
}

#[test]
fn plans_without_maxima_are_written_as_before() {
    let plan = plan(&network(), &PlanOptions::default()).unwrap().plan;
    let json = String::from_utf8(plan.to_bytes().unwrap()).unwrap();
    assert!(!json.contains("pool"), "{json}");
}
