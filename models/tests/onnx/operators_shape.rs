//! Padding, shapes, constants and names: what vanishes in the import and what stays.

use halfmask_models::nn::float::trace;
use halfmask_models::nn::graph::Layer;
use halfmask_models::onnx::proto::{AttributeProto, NodeProto, TensorProto, data_type};

use crate::common::{
    attribute, boolean, conv_model, dense_model, float, floats, image, int, ints, linears, load,
    longs, metadata, model, node, numbers, tensor_attribute, text, value,
};

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
        ..attribute("value_floats", 6)
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
