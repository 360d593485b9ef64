//! Both parties over a channel, against the network in the clear.

use super::*;
use crate::nn::float::{argmax, evaluate, trace};
use crate::nn::graph::{Conv2d, Dense, Layer, Linear, LinearKind, Network};
use halfmask_bridge::mpc::channel::Channel;
use halfmask_bridge::session::{Kernels, Randomness};
use ndarray::{Array1, Array2, Array4};

fn wave(i: usize, by: f64) -> f64 {
    (i as f64 * by).sin()
}

/// 1x5x5 -> two maps of 2x2 -> 4 -> 3, with padding at the bottom and on the right.
fn network() -> Network {
    let conv = Conv2d {
        input: [1, 5, 5],
        output: [2, 2, 2],
        kernel: [3, 3],
        strides: [2, 2],
        pads: [0, 0, 1, 1],
        weights: Array4::from_shape_fn([2, 1, 3, 3], |(a, _, b, c)| wave(9 * a + 3 * b + c, 1.7)),
        bias: Array1::from_shape_fn(2, |a| 0.3 * wave(a, 2.1)),
    };
    let dense = |outputs, inputs, by| {
        LinearKind::Dense(Dense {
            weights: Array2::from_shape_fn([outputs, inputs], |(a, b)| {
                0.5 * wave(inputs * a + b + 1, by)
            }),
            bias: Array1::from_shape_fn(outputs, |a| 0.2 * wave(a, by)),
        })
    };
    let linear = |name: &str, kind, range| {
        Layer::Linear(Linear {
            name: name.to_owned(),
            kind,
            range: Some(range),
        })
    };
    let square = |name: &str| Layer::Square {
        name: name.to_owned(),
    };
    Network {
        name: "small".to_owned(),
        input: [1, 5, 5],
        input_max: 1.0,
        layers: vec![
            linear("conv", LinearKind::Conv2d(conv), 4.0),
            square("square1"),
            linear("hidden", dense(4, 8, 0.9), 20.0),
            square("square2"),
            linear("scores", dense(3, 4, 1.3), 200.0),
        ],
    }
}

fn images(count: usize) -> Vec<Vec<f64>> {
    (0..count)
        .map(|t| (0..25).map(|p| wave(t * 31 + p * p, 0.37).abs()).collect())
        .collect()
}

/// Scores of all images, in batches.
fn run(planned: Planned, batches: &[&[Vec<f64>]]) -> Vec<Vec<f64>> {
    let kernels = Kernels::detect();
    let (mut a, mut b) = Channel::pair();
    std::thread::scope(|scope| {
        let server = scope.spawn(move || {
            let server = Server::new(planned, kernels).unwrap();
            let random = Randomness::from_seed([1; 32]);
            let mut connection = server.accept(&mut a, random).unwrap();
            while connection.serve_batch(&mut a).unwrap().is_some() {}
        });
        let random = Randomness::from_seed([2; 32]);
        let mut client = Client::connect(&mut b, None, random, kernels).unwrap();
        let mut scores = Vec::new();
        for batch in batches {
            let rows: Vec<&[f64]> = batch.iter().map(Vec::as_slice).collect();
            scores.extend(client.infer(&mut b, &rows).unwrap());
        }
        client.finish(&mut b).unwrap();
        server.join().unwrap();
        scores
    })
}

#[test]
fn scores_are_the_twins_in_both_packings() {
    let network = network();
    for packing in [Packing::Real, Packing::Complex] {
        let planned = plan(&network, packing).unwrap();
        assert_eq!(planned.plan.max_batch(), 4096 * packing.images());
        let twin = planned.rounded().clone();
        // Imaginary parts are in use in the second batch, if there are any.
        let all = images(4100);
        let cut = planned.plan.max_batch().min(4098);
        let (first, second) = all.split_at(all.len() - cut);
        let scores = run(plan(&network, packing).unwrap(), &[first, second]);
        let report = &planned.report;
        let certify = planned.twin();
        for (image, scores) in all.iter().zip(&scores) {
            let values = trace(&twin, image).unwrap();
            let want = values.last().unwrap();
            for other in 1..3 {
                let gradient = certify.gradient(&values, 25, 0, other);
                let length = gradient.iter().map(|g| g * g).sum::<f64>().sqrt();
                let deviation = (length * report.input_noise).hypot(2.0 * report.flood);
                let moved = (scores[0] - scores[other]) - (want[0] - want[other]);
                // What is beyond first order stays below a tenth.
                assert!(moved.abs() < 8.0 * deviation + 0.1, "{moved}, {packing:?}");
            }
            let (class, certain) = certify.certify(image).unwrap();
            assert!(!certain || argmax(scores) == Some(class));
        }
    }
}

#[test]
fn wide_margins_are_certain() {
    let mut network = network();
    if let Some(Layer::Linear(Linear {
        kind: LinearKind::Dense(scores),
        ..
    })) = network.layers.last_mut()
    {
        scores.bias[1] = 100.0;
    }
    let planned = plan(&network, Packing::Real).unwrap();
    for image in images(8) {
        assert_eq!(planned.twin().certify(&image).unwrap(), (1, true));
    }
}

#[test]
fn gradients_are_those_of_the_network() {
    let network = network();
    let planned = plan(&network, Packing::Real).unwrap();
    let image = images(3).pop().unwrap();
    let twin = planned.rounded();
    let difference = |image: &[f64]| {
        let scores = evaluate(twin, image).unwrap();
        scores[0] - scores[2]
    };
    let values = trace(twin, &image).unwrap();
    let gradient = planned.twin().gradient(&values, 25, 0, 2);
    for (pixel, slope) in gradient.iter().enumerate() {
        let mut moved = image.clone();
        moved[pixel] += 1e-6;
        let found = (difference(&moved) - difference(&image)) / 1e-6;
        assert!(
            (found - slope).abs() < 1e-3 * slope.abs().max(1.0),
            "{found} {slope}"
        );
    }
}

#[test]
fn other_shapes_and_unchecked_plans_are_refused() {
    let mut network = network();
    let good = plan(&network, Packing::Complex).unwrap().plan;
    assert!(good.check().is_ok());
    for wrong in [
        Plan {
            version: 0,
            ..good.clone()
        },
        Plan {
            classes: 0,
            ..good.clone()
        },
        Plan {
            shape: [1, 0, 5],
            ..good.clone()
        },
        Plan {
            shape: [u32::MAX; 3],
            ..good.clone()
        },
        Plan {
            input_scale: f64::NAN,
            ..good.clone()
        },
        Plan {
            log2_output_scale: 200,
            ..good.clone()
        },
    ] {
        assert!(wrong.check().is_err(), "{wrong:?}");
    }
    // A server cannot talk a client into parameters below 128 bits.
    let mut weak = good;
    weak.parameters.degree = 4096;
    weak.parameters.allow_insecure = true;
    assert!(weak.check().is_err());
    assert_eq!("real".parse::<Packing>().unwrap(), Packing::Real);
    assert!("both".parse::<Packing>().is_err());
    network.layers.remove(1);
    let error = plan(&network, Packing::Real).unwrap_err().to_string();
    assert!(error.contains("conv, hidden, square2, scores"), "{error}");
}
