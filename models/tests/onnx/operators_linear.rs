//! Linear operators in every form they may take, against their definition.

use halfmask_models::nn::float::evaluate;
use halfmask_models::nn::graph::{Layer, LinearKind};
use halfmask_models::onnx::proto::{AttributeProto, TensorProto};

use crate::common::{
    conv_model, dense_model, float, floats, image, int, ints, linears, load, model, node, numbers,
    text,
};

/// The definition of `Conv` with one bias a map, on an explicitly padded copy of the image.
fn convolve(
    image: &[f64],
    [channels, height, width]: [usize; 3],
    weights: &[f32],
    [maps, kernel_rows, kernel_columns]: [usize; 3],
    bias: &[f64],
    [down, right]: [usize; 2],
    [top, left, bottom, end]: [usize; 4],
) -> Vec<f64> {
    let (rows, columns) = (height + top + bottom, width + left + end);
    let mut padded = vec![0.0; channels * rows * columns];
    for c in 0..channels {
        for y in 0..height {
            for x in 0..width {
                padded[(c * rows + y + top) * columns + x + left] =
                    image[(c * height + y) * width + x];
            }
        }
    }
    let mut outputs = Vec::new();
    for o in 0..maps {
        for y in (0..=rows - kernel_rows).step_by(down) {
            for x in (0..=columns - kernel_columns).step_by(right) {
                let mut sum = bias[o];
                for c in 0..channels {
                    for ky in 0..kernel_rows {
                        for kx in 0..kernel_columns {
                            let weight = weights
                                [((o * channels + c) * kernel_rows + ky) * kernel_columns + kx];
                            sum +=
                                f64::from(weight) * padded[(c * rows + y + ky) * columns + x + kx];
                        }
                    }
                }
                outputs.push(sum);
            }
        }
    }
    outputs
}

#[test]
fn conv_is_its_definition() {
    for (strides, pads) in [
        ([1, 1], [0; 4]),
        ([2, 1], [0, 0, 1, 1]),
        ([1, 3], [2, 1, 0, 4]),
        ([5, 5], [4, 0, 0, 0]),
    ] {
        for bias in [true, false] {
            let attributes = vec![
                ints("strides", &strides),
                ints("pads", &pads),
                ints("kernel_shape", &[3, 2]),
                ints("dilations", &[1, 1]),
                int("group", 1),
            ];
            let network = load(&conv_model(attributes, bias)).unwrap();
            let biases = if bias { [1.0, -2.0, 0.5] } else { [0.0; 3] };
            let expected = convolve(
                &image(60),
                [2, 5, 6],
                &numbers(36),
                [3, 3, 2],
                &biases,
                strides.map(|i| i as usize),
                pads.map(|i| i as usize),
            );
            assert_eq!(
                evaluate(&network, &image(60)).unwrap(),
                expected,
                "{strides:?} {pads:?}"
            );
        }
    }
}

#[test]
fn automatic_padding_is_explicit_padding() {
    let pads_of = |attributes: Vec<AttributeProto>| match &load(&conv_model(attributes, true))
        .unwrap()
        .layers[0]
    {
        Layer::Linear(linear) => match &linear.kind {
            LinearKind::Conv2d(conv) => (conv.pads, conv.output),
            LinearKind::Dense(_) => panic!("a convolution became dense"),
        },
        other => panic!("a convolution became {other:?}"),
    };
    let auto = |mode: &str, strides: &[i64]| {
        pads_of(vec![text("auto_pad", mode), ints("strides", strides)])
    };
    // 5x6 under a 3x2 kernel: at stride 1, 2 rows and 1 column are missing; at stride 2, 2 rows; at 4, 2 rows, none.
    assert_eq!(auto("SAME_UPPER", &[1, 1]), ([1, 0, 1, 1], [3, 5, 6]));
    assert_eq!(auto("SAME_LOWER", &[1, 1]), ([1, 1, 1, 0], [3, 5, 6]));
    assert_eq!(auto("SAME_UPPER", &[2, 2]), ([1, 0, 1, 0], [3, 3, 3]));
    assert_eq!(auto("SAME_UPPER", &[4, 4]), ([1, 0, 1, 0], [3, 2, 2]));
    assert_eq!(auto("SAME_UPPER", &[3, 5]), ([0, 0, 1, 1], [3, 2, 2]));
    assert_eq!(auto("SAME_LOWER", &[3, 5]), ([1, 1, 0, 0], [3, 2, 2]));
    assert_eq!(auto("VALID", &[1, 1]), ([0; 4], [3, 3, 5]));
    assert_eq!(auto("NOTSET", &[1, 1]), ([0; 4], [3, 3, 5]));
}

#[test]
fn gemm_is_its_definition_in_every_form() {
    let x = image(4);
    let product: Vec<f64> = (0..3)
        .map(|o| {
            (0..4)
                .map(|i| x[i] * f64::from(numbers(12)[i * 3 + o]))
                .sum()
        })
        .collect();
    let expect = |alpha: f64, bias: [f64; 3]| -> Vec<f64> {
        (0..3).map(|o| alpha * product[o] + bias[o]).collect()
    };
    let gemm = |inputs: &[&str], attributes| {
        let network = dense_model(vec![node("Gemm", inputs, "y", attributes)]);
        assert_eq!(network.layers.len(), 1);
        evaluate(&network, &x).unwrap()
    };
    assert_eq!(
        gemm(&["x", "w", "b"], vec![]),
        expect(1.0, [1.0, -2.0, 0.5])
    );
    assert_eq!(
        gemm(&["x", "t", "b"], vec![int("transB", 1)]),
        expect(1.0, [1.0, -2.0, 0.5])
    );
    assert_eq!(
        gemm(&["x", "w", "row"], vec![]),
        expect(1.0, [1.0, -2.0, 0.5])
    );
    assert_eq!(gemm(&["x", "w", "half"], vec![]), expect(1.0, [0.5; 3]));
    assert_eq!(
        gemm(&["x", "w"], vec![float("alpha", 0.25)]),
        expect(0.25, [0.0; 3])
    );
    let scaled = gemm(
        &["x", "t", "b"],
        vec![float("alpha", -2.0), float("beta", 4.0), int("transB", 1)],
    );
    assert_eq!(scaled, expect(-2.0, [4.0, -8.0, 2.0]));
}

#[test]
fn matmul_and_add_are_one_layer() {
    let gemm = dense_model(vec![node("Gemm", &["x", "w", "b"], "y", vec![])]);
    for bias in ["b", "row"] {
        for sides in [["m", bias], [bias, "m"]] {
            let network = dense_model(vec![
                node("MatMul", &["x", "w"], "m", vec![]),
                node("Add", &sides, "y", vec![]),
            ]);
            assert_eq!(linears(&network), linears(&gemm));
        }
    }
}

#[test]
fn consecutive_linear_layers_stay_separate() {
    let constants = vec![floats("w", &[4, 4], &numbers(16))];
    let nodes = vec![
        node("MatMul", &["x", "w"], "m", vec![]),
        node("MatMul", &["m", "w"], "y", vec![]),
    ];
    let network = load(&model(&[-1, 4], nodes, constants)).unwrap();
    assert_eq!((network.layers.len(), network.relu_count()), (2, 0));
}

#[test]
fn add_after_conv_is_a_bias() {
    let expected = load(&conv_model(vec![], true)).unwrap();
    for shape in [&[3, 1, 1][..], &[1, 3, 1, 1]] {
        let mut file = conv_model(vec![], false);
        let graph = file.graph.as_mut().unwrap();
        graph.node[0].output = vec!["c".to_owned()];
        graph.node.push(node("Add", &["c", "d"], "y", vec![]));
        graph
            .initializer
            .push(floats("d", shape, &[1.0, -2.0, 0.5]));
        assert_eq!(linears(&load(&file).unwrap()), linears(&expected));
    }
}

#[test]
fn batch_normalisation_is_folded() {
    let (gamma, beta) = ([2.0f32, -1.0, 0.5], [0.25f32, 1.0, -3.0]);
    let (mean, variance) = ([1.0f32, -0.5, 2.0], [4.0f32, 0.25, 1.0]);
    let constants = |constants: &mut Vec<TensorProto>| {
        for (name, values) in [("g", gamma), ("h", beta), ("mean", mean), ("var", variance)] {
            constants.push(floats(name, &[3], &values));
        }
    };
    let normalise = |outputs: &[f64], plane: usize, epsilon: f32| -> Vec<f64> {
        let channel = |(p, y): (usize, &f64)| {
            let [g, b, m, v] =
                [gamma, beta, mean, variance].map(|values| f64::from(values[p / plane]));
            (y - m) / (v + f64::from(epsilon)).sqrt() * g + b
        };
        outputs.iter().enumerate().map(channel).collect()
    };
    let close = |got: &[f64], expected: &[f64]| {
        assert_eq!(got.len(), expected.len());
        assert!(
            got.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12),
            "{got:?} {expected:?}"
        );
    };
    let inputs = ["c", "g", "h", "mean", "var"];

    let plain = load(&conv_model(vec![], true)).unwrap();
    let mut file = conv_model(vec![], true);
    let graph = file.graph.as_mut().unwrap();
    graph.node[0].output = vec!["c".to_owned()];
    graph.node.push(node(
        "BatchNormalization",
        &inputs,
        "y",
        vec![float("epsilon", 0.125), float("momentum", 0.9)],
    ));
    constants(&mut graph.initializer);
    let network = load(&file).unwrap();
    assert_eq!(network.layers.len(), 1);
    let raw = evaluate(&plain, &image(60)).unwrap();
    close(
        &evaluate(&network, &image(60)).unwrap(),
        &normalise(&raw, raw.len() / 3, 0.125),
    );

    let mut tensors = vec![
        floats("w", &[4, 3], &numbers(12)),
        floats("b", &[3], &[1.0, -2.0, 0.5]),
    ];
    constants(&mut tensors);
    let gemm = node("Gemm", &["x", "w", "b"], "c", vec![]);
    let file = model(
        &[-1, 4],
        vec![gemm, node("BatchNormalization", &inputs, "y", vec![])],
        tensors,
    );
    let raw = evaluate(
        &dense_model(vec![node("Gemm", &["x", "w", "b"], "y", vec![])]),
        &image(4),
    )
    .unwrap();
    close(
        &evaluate(&load(&file).unwrap(), &image(4)).unwrap(),
        &normalise(&raw, 1, 1e-5),
    );
}
