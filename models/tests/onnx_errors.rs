//! Everything the importer refuses, with the words a user will read.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

mod onnx_common;

use std::io::Write;

use halfmask_models::onnx::proto::{
    AttributeProto, DimensionProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto,
    data_type,
};
use halfmask_models::onnx::{MAX_FILE_BYTES, MAX_OPSET, OnnxError, import, import_file};
use onnx_common::{
    attribute, boolean, float, floats, int, ints, load, longs, metadata, model, node, numbers,
    text, value,
};
use prost::Message;

/// Conv, Relu, Flatten, Gemm: a model that imports, to be broken in one place.
fn good() -> ModelProto {
    let nodes = vec![
        node(
            "Conv",
            &["x", "k", "kb"],
            "c",
            vec![ints("strides", &[2, 2])],
        ),
        node("Relu", &["c"], "r", vec![]),
        node("Flatten", &["r"], "f", vec![]),
        node("Gemm", &["f", "w", "b"], "y", vec![int("transB", 1)]),
    ];
    let constants = vec![
        floats("k", &[2, 1, 3, 3], &numbers(18)),
        floats("kb", &[2], &numbers(2)),
        floats("w", &[3, 8], &numbers(24)),
        floats("b", &[3], &numbers(3)),
    ];
    model(&[-1, 1, 5, 5], nodes, constants)
}

#[track_caller]
fn refuse(file: &ModelProto, words: &[&str]) {
    let error = load(file).expect_err("the importer took it").to_string();
    for word in words {
        assert!(error.contains(word), "`{word}` is not in: {error}");
    }
    assert!(!error.contains('\n'), "more than one line: {error}");
}

/// Breaks the good model's graph.
#[track_caller]
fn broken(edit: impl FnOnce(&mut Vec<NodeProto>, &mut Vec<TensorProto>), words: &[&str]) {
    let mut file = good();
    let graph = file.graph.as_mut().unwrap();
    edit(&mut graph.node, &mut graph.initializer);
    refuse(&file, words);
}

#[test]
fn the_good_model_is_good() {
    assert_eq!(load(&good()).unwrap().layers.len(), 3);
}

#[test]
fn foreign_and_truncated_files() {
    let bytes = good().encode_to_vec();
    for end in 0..bytes.len() {
        let error = import(&bytes[..end])
            .expect_err("took a truncated file")
            .to_string();
        assert!(error.starts_with("not an ONNX model: "), "{end}: {error}");
    }
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    png.extend([7; 100]);
    let gzip = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 1, 2, 3];
    for foreign in [
        png.as_slice(),
        &gzip,
        b"hello world, this is text",
        &[0; 64],
        &[0xff; 64],
    ] {
        let error = import(foreign)
            .expect_err("took a foreign file")
            .to_string();
        assert!(error.starts_with("not an ONNX model: "), "{error}");
    }
}

#[test]
fn no_single_byte_makes_it_panic() {
    let bytes = good().encode_to_vec();
    for place in 0..bytes.len() {
        for flip in [0x01, 0x08, 0x80, 0xff] {
            let mut changed = bytes.clone();
            changed[place] ^= flip;
            // Many changes are harmless (a weight, a name): whatever is taken must be consistent.
            if let Ok(network) = import(&changed) {
                network.validate().unwrap();
            }
        }
    }
}

#[test]
fn files_that_cannot_be_read_or_are_too_large() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing.onnx");
    let error = import_file(&missing).unwrap_err();
    assert!(
        matches!(error, OnnxError::Io { .. }) && error.to_string().contains("missing.onnx"),
        "{error}"
    );

    let large = folder.path().join("large.onnx");
    std::fs::File::create(&large)
        .unwrap()
        .set_len(MAX_FILE_BYTES + 1)
        .unwrap();
    let error = import_file(&large).unwrap_err().to_string();
    assert!(
        error.contains("large.onnx") && error.contains("the limit is"),
        "{error}"
    );

    let path = folder.path().join("cut.onnx");
    let bytes = good().encode_to_vec();
    std::fs::File::create(&path)
        .unwrap()
        .write_all(&bytes[..bytes.len() / 2])
        .unwrap();
    let error = import_file(&path).unwrap_err().to_string();
    assert!(
        error.contains("cut.onnx") && error.contains("not an ONNX model"),
        "{error}"
    );
    std::fs::write(&path, &bytes).unwrap();
    assert_eq!(import_file(&path).unwrap(), load(&good()).unwrap());
}

#[test]
fn operator_sets() {
    for version in [0, 6, MAX_OPSET + 1, i64::MAX] {
        let mut file = good();
        file.opset_import[0].version = Some(version);
        refuse(
            &file,
            &[
                "operator set version",
                &version.to_string(),
                "supported: 7 to",
            ],
        );
    }
    let mut file = good();
    file.opset_import = vec![OperatorSetIdProto {
        domain: Some("ai.onnx.ml".to_owned()),
        version: Some(3),
    }];
    refuse(&file, &["no operator set"]);
}

#[test]
fn everything_unsupported_is_listed_at_once() {
    let mut file = good();
    let graph = file.graph.as_mut().unwrap();
    graph.node[0].attribute = vec![
        int("group", 2),
        ints("dilations", &[2, 2]),
        ints("strides", &[1]),
    ];
    graph.node[1].op_type = Some("MaxPool".to_owned());
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
            "node `n_r` (MaxPool); node `Softmax_2` (Softmax); node `n_y` (com.acme.Gemm)",
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
fn graphs_that_are_not_chains() {
    let chain = "the graph is not a chain";
    // A residual connection, both ways of writing it.
    broken(
        |nodes, _| {
            nodes[2] = node("Add", &["c", "r"], "f", vec![]);
        },
        &[chain, "`c` is read 2 times"],
    );
    broken(
        |nodes, _| nodes[2] = node("Add", &["r", "r"], "f", vec![]),
        &[chain, "`r` is read 2 times"],
    );
    broken(
        |nodes, _| nodes.push(node("Relu", &["y"], "z", vec![])),
        &[chain, "the output `y` is also read"],
    );
    broken(
        |nodes, _| nodes.push(node("Relu", &["b"], "z", vec![])),
        &[chain, "off the path", "`n_z`"],
    );
    broken(
        |nodes, _| drop(nodes.remove(2)),
        &[chain, "nothing reads `r`"],
    );
    broken(
        |nodes, _| nodes[1].output = vec!["c".to_owned()],
        &[chain, "`c` is defined twice"],
    );
    broken(
        |_, constants| constants[1].name = Some("k".to_owned()),
        &[chain, "`k` is defined twice"],
    );
    let loop_back = |nodes: &mut Vec<NodeProto>, _: &mut Vec<TensorProto>| {
        nodes[1] = node("Add", &["c", "f"], "r", vec![]);
    };
    broken(loop_back, &[chain, "leads back"]);

    let mut file = good();
    file.graph
        .as_mut()
        .unwrap()
        .input
        .push(value("x2", &[1, 1]));
    refuse(&file, &[chain, "several inputs: `x`, `x2`"]);
    file.graph.as_mut().unwrap().input.clear();
    refuse(&file, &[chain, "no input"]);
    let mut file = good();
    file.graph.as_mut().unwrap().output.clear();
    refuse(&file, &[chain, "0 outputs"]);
    // Nothing between input and output.
    refuse(
        &model(
            &[-1, 3],
            vec![node("Identity", &["x"], "y", vec![])],
            vec![],
        ),
        &["no layers"],
    );
}

#[test]
fn unusable_inputs() {
    let refused = |dims: &[i64], word: &str| {
        let mut file = good();
        file.graph.as_mut().unwrap().input = vec![value("x", dims)];
        refuse(&file, &["graph input `x`", word]);
    };
    refused(&[], "0 dimensions");
    refused(&[10], "1 dimensions");
    refused(&[-1, 1, -1, 5], "only the batch");
    refused(&[0, 1, 5, 5], "batch size 0");
    refused(&[-1, 1, 5, 0], "is empty or too large");
    refused(&[-1, 1 << 40, 1 << 40, 1 << 40], "is empty or too large");
    refused(&[-1, 1, 1, 1, 1], "too many dimensions");
    let mut file = good();
    let tensor = |file: &mut ModelProto| {
        file.graph.as_mut().unwrap().input[0]
            .r#type
            .as_mut()
            .unwrap()
            .tensor_type
            .take()
    };
    let mut kind = tensor(&mut file).unwrap();
    refuse(&file, &["graph input `x`: it is not a tensor"]);
    kind.elem_type = Some(data_type::INT64);
    kind.shape.as_mut().unwrap().dim[0] = DimensionProto {
        dim_value: Some(-5),
        dim_param: None,
    };
    file.graph.as_mut().unwrap().input[0]
        .r#type
        .as_mut()
        .unwrap()
        .tensor_type = Some(kind.clone());
    refuse(&file, &["element type 7"]);
    kind.elem_type = Some(data_type::FLOAT);
    file.graph.as_mut().unwrap().input[0]
        .r#type
        .as_mut()
        .unwrap()
        .tensor_type = Some(kind);
    refuse(&file, &["batch size -5"]);
}

#[test]
fn constants_that_are_not_what_they_say() {
    let weights = |edit: &dyn Fn(&mut TensorProto), words: &[&str]| {
        broken(
            |_, constants| edit(&mut constants[2]),
            &[&["node `n_y` (Gemm): its input 1 (`w`)"], words].concat(),
        );
    };
    weights(
        &|t| t.dims = vec![3, 7],
        &["has 96 bytes of data, shape [3, 7] needs 21 x 4"],
    );
    weights(&|t| t.dims = vec![3, -8], &["negative dimension"]);
    weights(
        &|t| t.dims = vec![i64::MAX, i64::MAX],
        &["too many elements"],
    );
    weights(&|t| t.dims = vec![1 << 20, 1 << 20], &["too many elements"]);
    weights(&|t| t.dims = vec![0, 8], &["needs 0 x 4"]);
    weights(
        &|t| (t.dims, t.raw_data) = (vec![0, 8], None),
        &["is empty"],
    );
    weights(&|t| t.raw_data = None, &["has 0 values", "needs 24"]);
    weights(&|t| t.float_data = vec![1.0], &["both raw and typed"]);
    weights(&|t| t.data_type = Some(10), &["data type float16"]);
    weights(&|t| t.data_type = None, &["data type code 0"]);
    weights(&|t| t.data_location = Some(1), &["external data file"]);
    weights(
        &|t| t.external_data = vec![metadata("location", "w.bin")],
        &["external data file"],
    );
    weights(
        &|t| t.raw_data.as_mut().unwrap()[0..4].copy_from_slice(&f32::NAN.to_le_bytes()),
        &["holds NaN"],
    );
    weights(
        &|t| t.raw_data.as_mut().unwrap()[4..8].copy_from_slice(&f32::INFINITY.to_le_bytes()),
        &["holds inf"],
    );
    weights(
        &|t| t.raw_data.as_mut().unwrap().truncate(95),
        &["has 95 bytes"],
    );
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

#[test]
fn metadata_that_makes_no_sense() {
    for (key, value, word) in [
        ("halfmask.input_max", "big", "not a positive number"),
        ("halfmask.input_max", "-1", "not a positive number"),
        ("halfmask.input_max", "inf", "not a positive number"),
        ("halfmask.range.n_y", "NaN", "not a positive number"),
        ("halfmask.range.n_y", "0", "not a positive number"),
        ("halfmask.range.n_r", "1.0", "no linear layer has this name"),
        (
            "halfmask.range.nothing",
            "1.0",
            "no linear layer has this name",
        ),
    ] {
        let mut file = good();
        file.metadata_props = vec![metadata(key, value)];
        refuse(&file, &[&format!("metadata `{key}` = `{value}`"), word]);
    }
}

#[test]
fn two_layers_of_one_name() {
    broken(
        |nodes, _| nodes[3].name = Some("n_c".to_owned()),
        &["two layers are named `n_c`"],
    );
}
