//! Files, graphs, constants and metadata the importer refuses, with the words a user will read.

use std::io::Write;

use halfmask_models::onnx::proto::{
    DimensionProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto, data_type,
};
use halfmask_models::onnx::{MAX_FILE_BYTES, MAX_OPSET, OnnxError, import, import_file};
use prost::Message;

use crate::common::{broken, floats, good, load, metadata, model, node, numbers, refuse, value};

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
        nodes[3].input[0] = "nowhere".to_owned();
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
    weights(
        &|t| t.dims = vec![1 << 20, 1 << 20],
        &["has 96 bytes of data", "needs 1099511627776 x 4"],
    );
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

#[test]
fn one_tensor_in_too_many_layers() {
    // 16 KiB of weights, 4096 of them, used 1,100 times: 4.5 million weights in the network.
    let layer = |i: usize| {
        let (from, to) = (
            if i == 0 {
                "x".to_owned()
            } else {
                format!("v{i}")
            },
            format!("v{}", i + 1),
        );
        node(
            "MatMul",
            &[&from, "w"],
            if i == 1099 { "y" } else { &to },
            vec![],
        )
    };
    let weights = vec![floats("w", &[64, 64], &numbers(4096))];
    let file = model(&[-1, 64], (0..1100).map(layer).collect(), weights.clone());
    refuse(&file, &["node `n_v1025` (MatMul)", "too many times over"]);
    let fine = model(
        &[-1, 64],
        vec![node("MatMul", &["x", "w"], "y", vec![])],
        weights,
    );
    assert_eq!(load(&fine).unwrap().layers.len(), 1);
}

#[test]
fn names_that_would_reach_the_terminal() {
    broken(
        |nodes, _| nodes[1].name = Some("a\u{1b}[2J\nb".to_owned()),
        &["not an ONNX model: the name `a\\u{1b}[2J\\nb` has control characters"],
    );
    broken(
        |nodes, _| nodes[2].op_type = Some("Fl\0".to_owned()),
        &["control characters"],
    );
    broken(
        |_, constants| constants[0].name = Some("w".repeat(2000)),
        &["or more than 1024 bytes"],
    );
    let mut file = good();
    file.metadata_props = vec![metadata("halfmask.range.\n", "\r1")];
    refuse(&file, &["metadata `halfmask.range.\\n` = `\\r1`"]);
}
