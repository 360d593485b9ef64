//! Every supported operator, in every form it may take, against a direct evaluation of its definition.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

mod onnx_common;

use halfmask_models::nn::float::{evaluate, trace};
use halfmask_models::nn::graph::{Layer, LinearKind, Network};
use halfmask_models::onnx::proto::{AttributeProto, ModelProto, NodeProto, TensorProto, data_type};
use onnx_common::{
    boolean, float, floats, image, int, ints, linears, load, longs, metadata, model, node, numbers,
    tensor_attribute, text, value,
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

/// A convolution of 2x5x6 with three maps and a 3x2 kernel, and more of its nodes and constants.
fn conv_model(attributes: Vec<AttributeProto>, bias: bool) -> ModelProto {
    let inputs: &[&str] = if bias { &["x", "w", "b"] } else { &["x", "w"] };
    let constants = vec![
        floats("w", &[3, 2, 3, 2], &numbers(36)),
        floats("b", &[3], &[1.0, -2.0, 0.5]),
    ];
    model(
        &[-1, 2, 5, 6],
        vec![node("Conv", inputs, "y", attributes)],
        constants,
    )
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
        Layer::Relu { .. } => panic!("a convolution became a ReLU"),
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

fn dense_model(nodes: Vec<NodeProto>) -> Network {
    let constants = vec![
        floats("w", &[4, 3], &numbers(12)),
        floats("t", &[3, 4], &transposed()),
        floats("b", &[3], &[1.0, -2.0, 0.5]),
        floats("row", &[1, 3], &[1.0, -2.0, 0.5]),
        floats("half", &[], &[0.5]),
    ];
    load(&model(&[-1, 4], nodes, constants)).unwrap()
}

fn transposed() -> Vec<f32> {
    let w = numbers(12);
    (0..12).map(|i| w[i % 4 * 3 + i / 4]).collect()
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

#[test]
fn pads_are_folded_into_the_convolution() {
    let expected = load(&conv_model(vec![ints("pads", &[1, 2, 3, 4])], true)).unwrap();
    let with_pad = |pad: NodeProto, constants: Vec<TensorProto>, attributes| {
        let mut file = conv_model(attributes, true);
        let graph = file.graph.as_mut().unwrap();
        graph.node[0].input[0] = "p".to_owned();
        graph.node.insert(0, pad);
        graph.initializer.extend(constants);
        load(&file).unwrap()
    };
    let whole = [0, 0, 1, 2, 0, 0, 3, 4];
    let forms = [
        (
            node(
                "Pad",
                &["x"],
                "p",
                vec![
                    ints("pads", &whole),
                    float("value", 0.0),
                    text("mode", "constant"),
                ],
            ),
            vec![],
        ),
        (
            node("Pad", &["x", "pads"], "p", vec![]),
            vec![longs("pads", &whole)],
        ),
        (
            node("Pad", &["x", "pads", "zero"], "p", vec![]),
            vec![longs("pads", &whole), floats("zero", &[], &[0.0])],
        ),
        (
            node("Pad", &["x", "pads", "", "axes"], "p", vec![]),
            vec![longs("pads", &[2, 1, 4, 3]), longs("axes", &[-1, 2])],
        ),
    ];
    for (pad, constants) in forms {
        assert_eq!(
            linears(&with_pad(pad, constants, vec![])),
            linears(&expected)
        );
    }
    // Both a Pad and the convolution's own: they add up, and SAME looks at the padded image.
    let pad = || node("Pad", &["x", "pads"], "p", vec![]);
    let some = |pads: &[i64]| vec![longs("pads", pads)];
    let both = with_pad(
        pad(),
        some(&[0, 0, 1, 0, 0, 0, 1, 4]),
        vec![ints("pads", &[0, 2, 2, 0])],
    );
    assert_eq!(linears(&both), linears(&expected));
    let same = with_pad(
        pad(),
        some(&[0, 0, 1, 2, 0, 0, 0, 0]),
        vec![text("auto_pad", "SAME_UPPER")],
    );
    assert_eq!(
        linears(&same),
        linears(&load(&conv_model(vec![ints("pads", &[2, 2, 1, 1])], true)).unwrap())
    );
}

#[test]
fn shapes_and_inference_nodes_vanish() {
    let constants = || {
        vec![
            floats("w", &[90, 2], &numbers(180)),
            floats("k", &[3, 2, 3, 2], &numbers(36)),
            floats("ratio", &[], &[0.5]),
            boolean("no", false),
        ]
    };
    let run = |batch: i64, flatten: Vec<NodeProto>, more: Vec<TensorProto>| {
        let mut nodes = vec![
            node("Identity", &["x"], "i", vec![]),
            node("Conv", &["i", "k"], "c", vec![]),
        ];
        nodes.push(node("Relu", &["c"], "r", vec![]));
        nodes.push(node("Dropout", &["r", "ratio", "no"], "d", vec![]));
        nodes.extend(flatten);
        nodes.push(node("MatMul", &["f", "w"], "y", vec![]));
        let mut all = constants();
        // 2x5x12 -> 3x3x11 = 99 is not 90, so the image is 2x5x11: 3 maps of 3x10.
        all.extend(more);
        load(&model(&[batch, 2, 5, 11], nodes, all)).unwrap()
    };
    let expected = run(-1, vec![node("Flatten", &["d"], "f", vec![])], vec![]);
    assert_eq!(
        expected.layers.iter().map(Layer::name).collect::<Vec<_>>(),
        ["n_c", "n_r", "n_y"]
    );
    assert_eq!(
        (expected.input, expected.classes(), expected.relu_count()),
        ([2, 5, 11], 2, 90)
    );

    assert_eq!(
        run(
            -1,
            vec![node("Flatten", &["d"], "f", vec![int("axis", -3)])],
            vec![]
        ),
        expected
    );
    let old = |name| node("Dropout", &["d"], name, vec![float("ratio", 0.25)]);
    assert_eq!(
        run(
            -1,
            vec![old("e"), node("Flatten", &["e"], "f", vec![])],
            vec![]
        ),
        expected
    );
    for (batch, shape) in [
        (-1, &[-1, 90][..]),
        (-1, &[0, -1]),
        (-1, &[0, 90]),
        (1, &[1, 90]),
        (7, &[7, -1]),
    ] {
        let reshape = node("Reshape", &["d", "shape"], "f", vec![]);
        assert_eq!(
            run(batch, vec![reshape], vec![longs("shape", shape)]),
            expected,
            "{shape:?}"
        );
    }
    // There and back: a reshape to an image, copying a dimension, is no more than a view.
    let there = node("Reshape", &["d", "there"], "g", vec![int("allowzero", 0)]);
    let back = node("Flatten", &["g"], "f", vec![]);
    assert_eq!(
        run(-1, vec![there, back], vec![longs("there", &[-1, 0, 15, 2])]),
        expected
    );
}

#[test]
fn every_encoding_of_a_constant_is_the_same() {
    let values = numbers(12);
    let doubles: Vec<f64> = values.iter().copied().map(f64::from).collect();
    let double = TensorProto {
        data_type: Some(data_type::DOUBLE),
        raw_data: None,
        ..floats("w", &[4, 3], &[])
    };
    let encodings = [
        floats("w", &[4, 3], &values),
        TensorProto {
            raw_data: None,
            float_data: values.clone(),
            ..floats("w", &[4, 3], &[])
        },
        TensorProto {
            double_data: doubles.clone(),
            ..double.clone()
        },
        TensorProto {
            raw_data: Some(
                doubles
                    .iter()
                    .flat_map(|value| value.to_le_bytes())
                    .collect(),
            ),
            ..double
        },
    ];
    let expected = dense_model(vec![node("MatMul", &["x", "w"], "y", vec![])]);
    for tensor in encodings {
        let initializer = load(&model(
            &[-1, 4],
            vec![node("MatMul", &["x", "w"], "y", vec![])],
            vec![tensor.clone()],
        ))
        .unwrap();
        assert_eq!(initializer, expected);
        let constant = node(
            "Constant",
            &[],
            "c",
            vec![tensor_attribute("value", tensor)],
        );
        let nodes = vec![
            constant,
            node("Identity", &["c"], "w", vec![]),
            node("MatMul", &["x", "w"], "y", vec![]),
        ];
        assert_eq!(load(&model(&[-1, 4], nodes, vec![])).unwrap(), expected);
    }
}

#[test]
fn constant_nodes_of_every_kind() {
    let list = AttributeProto {
        floats: vec![1.0, -2.0, 0.5],
        ..onnx_common::attribute("value_floats", 6)
    };
    let gemm = |constant| dense_model(vec![constant, node("Gemm", &["x", "w", "c"], "y", vec![])]);
    let expected = dense_model(vec![node("Gemm", &["x", "w", "b"], "y", vec![])]);
    assert_eq!(gemm(node("Constant", &[], "c", vec![list])), expected);
    let expected = dense_model(vec![node("Gemm", &["x", "w", "half"], "y", vec![])]);
    assert_eq!(
        gemm(node("Constant", &[], "c", vec![float("value_float", 0.5)])),
        expected
    );
    let shape = node("Constant", &[], "shape", vec![ints("value_ints", &[0, 4])]);
    let nodes = vec![
        shape,
        node("Reshape", &["x", "shape"], "v", vec![]),
        node("MatMul", &["v", "w"], "y", vec![]),
    ];
    assert_eq!(
        dense_model(nodes),
        dense_model(vec![node("MatMul", &["x", "w"], "y", vec![])])
    );
}

#[test]
fn metadata_and_names() {
    let constants = vec![floats("w", &[4, 4], &numbers(16))];
    let mut nodes = vec![
        node("MatMul", &["x", "w"], "m", vec![]),
        node("Relu", &["m"], "r", vec![]),
        node("MatMul", &["r", "w"], "y", vec![]),
    ];
    nodes[1].name = None;
    nodes[2].name = Some(String::new());
    let mut file = model(&[-1, 4], nodes, constants);
    file.metadata_props = vec![
        metadata("halfmask.input_max", "2.5"),
        metadata("halfmask.range.n_m", "31.25"),
        metadata("halfmask.note", "ignored"),
        metadata("other.range.nothing", "ignored"),
    ];
    // Files before format version 4 list the initialisers among the inputs.
    file.graph
        .as_mut()
        .unwrap()
        .input
        .insert(0, value("w", &[4, 4]));
    let network = load(&file).unwrap();
    assert_eq!(
        (network.name.as_str(), network.input, network.input_max),
        ("tiny", [4, 1, 1], 2.5)
    );
    assert_eq!(
        network.layers.iter().map(Layer::name).collect::<Vec<_>>(),
        ["n_m", "Relu_1", "MatMul_2"]
    );
    let ranges: Vec<_> = network
        .layers
        .iter()
        .filter_map(Layer::linear)
        .map(|linear| linear.range)
        .collect();
    assert_eq!(ranges, [Some(31.25), None]);

    file.metadata_props.clear();
    file.graph.as_mut().unwrap().name = None;
    let network = load(&file).unwrap();
    assert_eq!((network.name.as_str(), network.input_max), ("network", 1.0));
}

#[test]
fn the_node_order_in_the_file_does_not_matter() {
    let constants = vec![floats("w", &[4, 4], &numbers(16))];
    let nodes = vec![
        node("Relu", &["m"], "y", vec![]),
        node("MatMul", &["x", "w"], "m", vec![]),
    ];
    let network = load(&model(&[-1, 4], nodes, constants)).unwrap();
    let outputs = trace(&network, &image(4)).unwrap();
    assert_eq!(outputs.len(), 2);
    assert!(
        outputs[0].iter().any(|&value| value < 0.0) && outputs[1].iter().all(|&value| value >= 0.0)
    );
}
