//! Small ONNX files, encoded with the importer's own message structures.

use halfmask_models::nn::graph::{Layer, Linear, Network};
use halfmask_models::onnx::proto::{
    AttributeProto, DimensionProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto,
    StringStringEntryProto, TensorProto, TensorShapeProto, TensorTypeProto, TypeProto,
    ValueInfoProto, attribute_type, data_type,
};
use halfmask_models::onnx::{OnnxError, import};
use prost::Message;

/// A value's type; a negative size is an open one.
pub fn value(name: &str, dims: &[i64]) -> ValueInfoProto {
    let dim = dims.iter().map(|&size| match size {
        size if size < 0 => DimensionProto {
            dim_value: None,
            dim_param: Some("batch".to_owned()),
        },
        size => DimensionProto {
            dim_value: Some(size),
            dim_param: None,
        },
    });
    let shape = TensorShapeProto { dim: dim.collect() };
    let tensor = TensorTypeProto {
        elem_type: Some(data_type::FLOAT),
        shape: Some(shape),
    };
    ValueInfoProto {
        name: Some(name.to_owned()),
        r#type: Some(TypeProto {
            tensor_type: Some(tensor),
        }),
    }
}

/// A graph from `x` to `y`.
pub fn model(input: &[i64], nodes: Vec<NodeProto>, initializers: Vec<TensorProto>) -> ModelProto {
    let graph = GraphProto {
        node: nodes,
        name: Some("tiny".to_owned()),
        initializer: initializers,
        input: vec![value("x", input)],
        output: vec![value("y", &[])],
    };
    ModelProto {
        ir_version: Some(8),
        producer_name: Some("tests".to_owned()),
        graph: Some(graph),
        opset_import: vec![OperatorSetIdProto {
            domain: None,
            version: Some(17),
        }],
        metadata_props: Vec::new(),
    }
}

/// A node named after its output, `n_<output>`.
pub fn node(
    operator: &str,
    inputs: &[&str],
    output: &str,
    attributes: Vec<AttributeProto>,
) -> NodeProto {
    NodeProto {
        input: inputs.iter().map(|&name| name.to_owned()).collect(),
        output: vec![output.to_owned()],
        name: Some(format!("n_{output}")),
        op_type: Some(operator.to_owned()),
        attribute: attributes,
        domain: None,
    }
}

pub fn int(name: &str, value: i64) -> AttributeProto {
    AttributeProto {
        i: Some(value),
        ..attribute(name, attribute_type::INT)
    }
}

pub fn ints(name: &str, values: &[i64]) -> AttributeProto {
    AttributeProto {
        ints: values.to_vec(),
        ..attribute(name, attribute_type::INTS)
    }
}

pub fn float(name: &str, value: f32) -> AttributeProto {
    AttributeProto {
        f: Some(value),
        ..attribute(name, attribute_type::FLOAT)
    }
}

pub fn text(name: &str, value: &str) -> AttributeProto {
    AttributeProto {
        s: Some(value.as_bytes().to_vec()),
        ..attribute(name, attribute_type::STRING)
    }
}

pub fn tensor_attribute(name: &str, value: TensorProto) -> AttributeProto {
    AttributeProto {
        t: Some(value),
        ..attribute(name, attribute_type::TENSOR)
    }
}

pub fn attribute(name: &str, kind: i32) -> AttributeProto {
    AttributeProto {
        name: Some(name.to_owned()),
        r#type: Some(kind),
        ..Default::default()
    }
}

pub fn floats(name: &str, dims: &[i64], values: &[f32]) -> TensorProto {
    TensorProto {
        dims: dims.to_vec(),
        data_type: Some(data_type::FLOAT),
        name: Some(name.to_owned()),
        raw_data: Some(
            values
                .iter()
                .flat_map(|value| value.to_le_bytes())
                .collect(),
        ),
        ..Default::default()
    }
}

pub fn longs(name: &str, values: &[i64]) -> TensorProto {
    TensorProto {
        dims: vec![values.len() as i64],
        data_type: Some(data_type::INT64),
        name: Some(name.to_owned()),
        int64_data: values.to_vec(),
        ..Default::default()
    }
}

pub fn boolean(name: &str, value: bool) -> TensorProto {
    TensorProto {
        data_type: Some(data_type::BOOL),
        name: Some(name.to_owned()),
        raw_data: Some(vec![u8::from(value)]),
        ..Default::default()
    }
}

/// `count` different numbers in no simple order, multiples of 1/8 and so exact in every float type.
pub fn numbers(count: usize) -> Vec<f32> {
    (0..count)
        .map(|i| ((i * 37 + 11) % 41) as f32 / 8.0 - 2.5)
        .collect()
}

/// The same as image values.
pub fn image(count: usize) -> Vec<f64> {
    (0..count)
        .map(|i| ((i * 29 + 5) % 31) as f64 / 4.0 - 3.0)
        .collect()
}

pub fn metadata(key: &str, value: &str) -> StringStringEntryProto {
    StringStringEntryProto {
        key: Some(key.to_owned()),
        value: Some(value.to_owned()),
    }
}

pub fn load(model: &ModelProto) -> Result<Network, OnnxError> {
    import(&model.encode_to_vec())
}

/// The network's linear layers without their names, for comparing what two files mean.
pub fn linears(network: &Network) -> Vec<Linear> {
    let anonymous = |linear: &Linear| Linear {
        name: String::new(),
        ..linear.clone()
    };
    network
        .layers
        .iter()
        .filter_map(Layer::linear)
        .map(anonymous)
        .collect()
}

/// Conv, Relu, Flatten, Gemm: a model that imports, to be broken in one place.
pub fn good() -> ModelProto {
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
pub fn refuse(file: &ModelProto, words: &[&str]) {
    let error = load(file).expect_err("the importer took it").to_string();
    for word in words {
        assert!(error.contains(word), "`{word}` is not in: {error}");
    }
    assert!(!error.contains('\n'), "more than one line: {error}");
}

/// Breaks the good model's graph.
#[track_caller]
pub fn broken(edit: impl FnOnce(&mut Vec<NodeProto>, &mut Vec<TensorProto>), words: &[&str]) {
    let mut file = good();
    let graph = file.graph.as_mut().unwrap();
    edit(&mut graph.node, &mut graph.initializer);
    refuse(&file, words);
}

/// A convolution of 2x5x6 with three maps and a 3x2 kernel, and more of its nodes and constants.
pub fn conv_model(attributes: Vec<AttributeProto>, bias: bool) -> ModelProto {
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

pub fn dense_model(nodes: Vec<NodeProto>) -> Network {
    let constants = vec![
        floats("w", &[4, 3], &numbers(12)),
        floats("t", &[3, 4], &transposed()),
        floats("b", &[3], &[1.0, -2.0, 0.5]),
        floats("row", &[1, 3], &[1.0, -2.0, 0.5]),
        floats("half", &[], &[0.5]),
    ];
    load(&model(&[-1, 4], nodes, constants)).unwrap()
}

pub fn transposed() -> Vec<f32> {
    let w = numbers(12);
    (0..12).map(|i| w[i % 4 * 3 + i / 4]).collect()
}
