//! Nodes the importer refuses, with the words a user will read.

use halfmask_models::onnx::OnnxError;
use halfmask_models::onnx::proto::{AttributeProto, NodeProto, TensorProto};

use crate::common::{
    attribute, boolean, broken, float, floats, good, int, ints, load, longs, model, node, numbers,
    refuse, text,
};

#[test]
fn everything_unsupported_is_listed_at_once() {
    let mut file = good();
    let graph = file.graph.as_mut().unwrap();
    graph.node[0].attribute = vec![
        int("group", 2),
        ints("dilations", &[2, 2]),
        ints("strides", &[1]),
    ];
    graph.node[1].op_type = Some("AveragePool".to_owned());
    graph.node[2] = node("Softmax", &["r"], "f", vec![int("axis", 1)]);
    graph.node[2].name = None;
    graph.node[3].domain = Some("com.acme".to_owned());
    match load(&file).unwrap_err() {
        OnnxError::Unsupported(all) => assert_eq!(all.len(), 4),
        other => panic!("{other}"),
    }
    refuse(
        &file,
        &[
            "unsupported: node `n_c` (Conv): attribute group = 2, attribute dilations = [2, 2], attribute strides = [1]; ",
            "node `n_r` (AveragePool); node `Softmax_2` (Softmax); node `n_y` (com.acme.Gemm)",
        ],
    );
}

#[test]
fn unsupported_attributes() {
    let conv = |attributes: Vec<AttributeProto>, words: &[&str]| {
        broken(
            |nodes, _| nodes[0].attribute = attributes,
            &[&["node `n_c` (Conv)"], words].concat(),
        );
    };
    conv(
        vec![ints("pads", &[0, -1, 0, 0])],
        &["attribute pads = [0, -1, 0, 0]"],
    );
    conv(
        vec![text("auto_pad", "OTHER")],
        &["attribute auto_pad = OTHER"],
    );
    conv(
        vec![text("auto_pad", "VALID"), ints("pads", &[0, 0, 1, 1])],
        &["auto_pad = VALID and pads together"],
    );
    conv(
        vec![int("strides", 2)],
        &["attribute strides of type 2 where type 7 is expected"],
    );
    conv(vec![int("surprise", 2)], &["attribute surprise"]);
    conv(vec![int("group", 1), int("group", 1)], &["attribute group"]);
    broken(
        |nodes, _| nodes[3].attribute.push(int("transA", 1)),
        &["`n_y` (Gemm): attribute transA = 1"],
    );
    let pad = |attribute| {
        broken(
            |nodes, _| nodes[1] = node("Pad", &["c"], "r", vec![attribute]),
            &["`n_r` (Pad)"],
        )
    };
    pad(text("mode", "reflect"));
    pad(float("value", 1.0));
    let constant = |attributes| {
        broken(
            |nodes, _| nodes.push(node("Constant", &[], "z", attributes)),
            &["no value of a supported kind"],
        );
    };
    constant(vec![]);
    constant(vec![attribute("value_strings", 8)]);
}

#[test]
fn shapes_that_do_not_fit() {
    let node_y = "node `n_y` (Gemm)";
    broken(
        |_, c| c[2] = floats("w", &[3, 7], &numbers(21)),
        &[node_y, "3 x 7", "its input has 8"],
    );
    broken(
        |_, c| c[2] = floats("w", &[24], &numbers(24)),
        &[node_y, "expected 2 dimensions"],
    );
    broken(
        |_, c| c[3] = floats("b", &[2], &numbers(2)),
        &[node_y, "shape [2] does not fit values of shape [3]"],
    );
    broken(
        |_, c| c[3] = floats("b", &[3, 1], &numbers(3)),
        &[node_y, "does not fit"],
    );
    broken(
        |n, _| n[3].input[1] = "nowhere".to_owned(),
        &[node_y, "its input 1 (`nowhere`) is not a constant"],
    );
    broken(
        |n, _| n[3].input.truncate(1),
        &[node_y, "its input 1 is missing"],
    );
    broken(
        |n, _| n[3].input.swap(0, 1),
        &[node_y, "the image is its input 1"],
    );
    broken(
        |n, _| {
            n[3].input[0] = "r".to_owned();
            n.remove(2);
        },
        &[node_y, "expected a flat vector"],
    );
    let node_c = "node `n_c` (Conv)";
    broken(
        |_, c| c[0] = floats("k", &[1, 2, 3, 3], &numbers(18)),
        &[node_c, "take 2 channels, its input has 1"],
    );
    broken(
        |_, c| c[0] = floats("k", &[2, 9], &numbers(18)),
        &[node_c, "expected 4 dimensions"],
    );
    broken(
        |_, c| c[1] = floats("kb", &[1], &numbers(1)),
        &[node_c, "bias has shape [1], expected [2]"],
    );
    broken(
        |n, _| n[0].attribute.push(ints("kernel_shape", &[2, 3])),
        &[node_c, "is not that of the weights"],
    );
    broken(
        |n, _| n[0].attribute = vec![ints("strides", &[0, 1])],
        &[node_c, "no usable output"],
    );
    broken(
        |n, _| n[0].attribute = vec![ints("pads", &[i64::MAX; 4])],
        &[node_c, "no usable output"],
    );
    broken(
        |n, _| n[0].attribute = vec![ints("pads", &[1 << 20; 4])],
        &[node_c, "no usable output"],
    );
    broken(
        |_, c| c[0] = floats("k", &[2, 1, 6, 3], &numbers(36)),
        &[node_c, "no usable output on 5 x 5"],
    );
    broken(
        |n, _| n[2].attribute.push(int("axis", 2)),
        &["node `n_f` (Flatten)", "axis 2"],
    );
    broken(|n, _| n[2].attribute.push(int("axis", i64::MIN)), &["axis"]);
    let flat = model(
        &[-1, 9],
        good().graph.unwrap().node,
        good().graph.unwrap().initializer,
    );
    refuse(&flat, &[node_c, "expected channels, rows, columns"]);
}

#[test]
fn reshapes_that_touch_the_batch() {
    for shape in [
        &[][..],
        &[-1],
        &[8],
        &[-1, 4],
        &[-1, -1],
        &[0, -1, -1],
        &[2, 4],
        &[-1, 2, 5],
        &[0, 3, -1],
        &[-1, -8],
    ] {
        broken(
            |nodes, constants| {
                nodes[2] = node("Reshape", &["r", "shape"], "f", vec![]);
                constants.push(longs("shape", shape));
            },
            &["node `n_f` (Reshape)", "does not keep the batch"],
        );
    }
    broken(
        |nodes, constants| {
            nodes[2] = node("Reshape", &["r", "shape"], "f", vec![int("allowzero", 1)]);
            constants.push(longs("shape", &[0, 8]));
        },
        &["does not keep the batch"],
    );
    broken(
        |nodes, _| nodes[2] = node("Reshape", &["r"], "f", vec![]),
        &["its shape is left out"],
    );
    broken(
        |nodes, _| nodes[2] = node("Reshape", &["r", "b"], "f", vec![]),
        &["where int64 is needed"],
    );
}

#[test]
fn nodes_that_cannot_be_folded() {
    let after_relu = "no linear layer directly before";
    broken(
        |nodes, constants| {
            nodes[2] = node("Add", &["r", "one"], "q", vec![]);
            nodes.insert(3, node("Flatten", &["q"], "f", vec![]));
            constants.push(floats("one", &[], &[1.0]));
        },
        &["node `n_q` (Add)", after_relu],
    );
    let before_relu = |bias: TensorProto, words: &[&str]| {
        broken(
            |nodes, constants| {
                nodes[1] = node("Add", &["c", "d"], "r", vec![]);
                constants.push(bias);
            },
            &[&["node `n_r` (Add)"], words].concat(),
        );
    };
    before_relu(
        floats("d", &[2, 2, 2], &numbers(8)),
        &["differs within a channel of `n_c`"],
    );
    before_relu(
        floats("d", &[2], &numbers(2)),
        &["differs within a channel"],
    );
    before_relu(floats("d", &[3], &numbers(3)), &["does not fit"]);
    before_relu(floats("d", &[2, 2, 2, 2], &numbers(16)), &["does not fit"]);
    before_relu(
        floats("d", &[1, 1, 2, 2, 2], &numbers(8)),
        &["does not fit"],
    );

    let normalise = |at: &str, variance: f32, channels: i64, words: &[&str]| {
        broken(
            |nodes, constants| {
                let inputs = [at, "s", "s", "s", "v"];
                nodes[if at == "c" { 1 } else { 2 }] =
                    node("BatchNormalization", &inputs, "q", vec![]);
                let tail = nodes
                    .iter()
                    .position(|n| n.name.as_deref() == Some("n_q"))
                    .unwrap()
                    + 1;
                nodes.truncate(tail);
                nodes.push(node("Relu", &["q"], "y", vec![]));
                constants.push(floats("s", &[channels], &numbers(channels as usize)));
                constants.push(floats("v", &[channels], &vec![variance; channels as usize]));
            },
            &[&["node `n_q` (BatchNormalization)"], words].concat(),
        );
    };
    normalise("c", -1.0, 2, &["variance -1", "is not positive"]);
    normalise("c", 1.0, 3, &["a parameter has shape [3], expected [2]"]);
    normalise("r", 1.0, 2, &[after_relu]);

    let pad = |pad: NodeProto, more: Vec<TensorProto>, words: &[&str]| {
        broken(
            |nodes, constants| {
                nodes[0].input[0] = "p".to_owned();
                nodes.insert(0, pad);
                constants.extend(more);
            },
            words,
        );
    };
    let all = |pads: &[i64]| node("Pad", &["x"], "p", vec![ints("pads", pads)]);
    pad(all(&[0, 1, 0, 0, 0, 0, 0, 0]), vec![], &["pads axis 1"]);
    pad(
        all(&[0, 0, -1, 0, 0, 0, 0, 0]),
        vec![],
        &["negative pad -1"],
    );
    pad(all(&[0, 0, 1]), vec![], &["fewer pads than axes"]);
    pad(all(&[0; 9]), vec![], &["9 pads for 4 axes"]);
    pad(
        node("Pad", &["x"], "p", vec![]),
        vec![],
        &["its pads are left out"],
    );
    let value = vec![longs("pads", &[0; 8]), floats("one", &[], &[1.0])];
    pad(
        node("Pad", &["x", "pads", "one"], "p", vec![]),
        value,
        &["only 0 is supported"],
    );
    broken(
        |nodes, _| {
            nodes[1] = node(
                "Pad",
                &["c"],
                "r",
                vec![ints("pads", &[0, 0, 1, 1, 0, 0, 0, 0])],
            )
        },
        &["node `n_f` (Flatten)", "is not followed by a Conv"],
    );

    let training = |flag| {
        broken(
            |nodes, constants| {
                nodes[2] = node("Dropout", &["r", "", "flag"], "q", vec![]);
                nodes.insert(3, node("Flatten", &["q"], "f", vec![]));
                constants.push(flag);
            },
            &["node `n_q` (Dropout)"],
        );
    };
    training(boolean("flag", true));
    training(floats("flag", &[], &[1.0]));
}
