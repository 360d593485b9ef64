//! `MaxPool` and `GlobalMaxPool`: geometry, and values against onnxruntime.

use halfmask_models::nn::float::{evaluate, trace};
use halfmask_models::nn::graph::{Layer, MaxPool, Network};
use halfmask_models::onnx::import;
use halfmask_models::onnx::proto::AttributeProto;

use crate::common::{floats, good, int, ints, load, model, node, numbers, refuse, text};

#[derive(serde::Deserialize)]
struct Reference {
    name: String,
    model: String,
    input: Vec<f64>,
    output_shape: Vec<usize>,
    output: Vec<f64>,
}

fn bytes(hex: &str) -> Vec<u8> {
    hex.as_bytes()
        .chunks_exact(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

fn pools(network: &Network) -> Vec<&MaxPool> {
    fn pool(layer: &Layer) -> Option<&MaxPool> {
        match layer {
            Layer::MaxPool(pool) => Some(pool),
            _ => None,
        }
    }
    network.layers.iter().filter_map(pool).collect()
}

#[test]
fn pooling_is_onnxruntimes() {
    let file = include_bytes!("max_pool/reference.json");
    let all: Vec<Reference> = serde_json::from_slice(file).unwrap();
    assert_eq!(all.len(), 17);
    for reference in all {
        let name = &reference.name;
        let network = import(&bytes(&reference.model)).unwrap_or_else(|e| panic!("{name}: {e}"));
        let got = evaluate(&network, &reference.input).unwrap();
        assert_eq!(got, reference.output, "{name}");
        let [pool] = pools(&network)[..] else {
            panic!("{name}: one layer pools")
        };
        if network.layers.len() == 1 {
            assert_eq!(pool.output.to_vec(), reference.output_shape, "{name}");
        }
    }
}

/// A pool of 2x5x6 values.
fn pool_of(attributes: Vec<AttributeProto>) -> MaxPool {
    let file = model(
        &[-1, 2, 5, 6],
        vec![node("MaxPool", &["x"], "y", attributes)],
        vec![],
    );
    pools(&load(&file).unwrap())[0].clone()
}

#[test]
fn sizes_are_rounded_as_asked() {
    let kernel = || ints("kernel_shape", &[2, 3]);
    let shape = |attributes| {
        let pool = pool_of(attributes);
        (pool.output, pool.pads, pool.window())
    };
    let strides = || ints("strides", &[2, 2]);
    assert_eq!(
        shape(vec![kernel(), strides()]),
        ([2, 2, 2], [0; 4], 6),
        "down"
    );
    assert_eq!(
        shape(vec![kernel(), strides(), int("ceil_mode", 1)]),
        ([2, 3, 3], [0, 0, 1, 1], 6),
        "up: the last windows hang over"
    );
    // Windows that would start beyond the image are none.
    assert_eq!(
        shape(vec![
            ints("kernel_shape", &[1, 1]),
            ints("strides", &[3, 4]),
            int("ceil_mode", 1)
        ]),
        ([2, 2, 2], [0; 4], 1)
    );
    assert_eq!(
        shape(vec![kernel(), strides(), text("auto_pad", "SAME_UPPER")]),
        ([2, 3, 3], [0, 0, 1, 1], 6)
    );
    assert_eq!(
        shape(vec![kernel(), strides(), text("auto_pad", "SAME_LOWER")]),
        ([2, 3, 3], [1, 1, 0, 0], 6)
    );
}

#[test]
fn pooling_stands_between_other_layers() {
    let mut file = good();
    let graph = file.graph.as_mut().unwrap();
    let attributes = vec![ints("kernel_shape", &[2, 1])];
    graph
        .node
        .insert(2, node("MaxPool", &["r"], "m", attributes));
    graph.node[3].input[0] = "m".to_owned();
    graph.initializer[2] = floats("w", &[3, 4], &numbers(12));
    let network = load(&file).unwrap();
    let names: Vec<&str> = network.layers.iter().map(Layer::name).collect();
    assert_eq!(names, ["n_c", "n_r", "n_m", "n_y"]);
    let values = trace(&network, &crate::common::image(25)).unwrap();
    let [relu, pool] = [&values[1], &values[2]];
    let want: Vec<f64> = [0, 1, 4, 5]
        .iter()
        .map(|&i: &usize| relu[i].max(relu[i + 2]))
        .collect();
    assert_eq!(*pool, want);

    // A constant after it has no linear layer to go into.
    graph_after_pool("Add", "no linear layer directly before");
}

fn graph_after_pool(operator: &str, words: &str) {
    let nodes = vec![
        node("Conv", &["x", "k"], "c", vec![]),
        node("GlobalMaxPool", &["c"], "m", vec![]),
        node(operator, &["m", "b"], "y", vec![]),
    ];
    let constants = vec![
        floats("k", &[2, 1, 3, 3], &numbers(18)),
        floats("b", &[2, 1, 1], &[1.0, 2.0]),
    ];
    refuse(&model(&[-1, 1, 5, 5], nodes, constants), &[words]);
}

#[test]
fn unusable_pools_are_refused() {
    let refuse = |attributes: Vec<AttributeProto>, words: &[&str]| {
        let nodes = vec![node("MaxPool", &["x"], "y", attributes)];
        refuse(&model(&[-1, 1, 4, 4], nodes, vec![]), words);
    };
    let kernel = || ints("kernel_shape", &[2, 2]);
    refuse(vec![], &["`n_y` (MaxPool)", "kernel_shape left out"]);
    refuse(
        vec![ints("kernel_shape", &[2])],
        &["unsupported", "attribute kernel_shape = [2]"],
    );
    refuse(
        vec![
            kernel(),
            ints("dilations", &[2, 1]),
            int("storage_order", 1),
            text("auto_pad", "VALID"),
            int("ceil_mode", 1),
        ],
        &[
            "dilations = [2, 1]",
            "storage_order = 1",
            "auto_pad = VALID and ceil_mode",
        ],
    );
    refuse(
        vec![kernel(), int("count_include_pad", 1)],
        &["count_include_pad"],
    );
    refuse(
        vec![kernel(), ints("strides", &[0, 1])],
        &["node `n_y` (MaxPool)", "strides [0, 1]"],
    );
    refuse(vec![ints("kernel_shape", &[0, 1])], &["must be positive"]);
    refuse(vec![ints("kernel_shape", &[5, 2])], &["no usable output"]);
    refuse(
        vec![kernel(), ints("pads", &[2, 0, 0, 0])],
        &["window of padding alone"],
    );
    refuse(
        vec![kernel(), ints("pads", &[i64::MAX, 0, i64::MAX, 0])],
        &["MaxPool"],
    );
}

#[test]
fn indices_and_flat_inputs_are_refused() {
    let mut pool = node("MaxPool", &["x"], "y", vec![ints("kernel_shape", &[2, 2])]);
    pool.output.push("where".to_owned());
    refuse(
        &model(&[-1, 1, 4, 4], vec![pool], vec![]),
        &["unsupported", "output 1 (`where`), the indices"],
    );
    for operator in ["MaxPool", "GlobalMaxPool"] {
        let attributes = match operator {
            "MaxPool" => vec![ints("kernel_shape", &[2, 2])],
            _ => vec![],
        };
        let nodes = vec![node(operator, &["x"], "y", attributes)];
        refuse(
            &model(&[-1, 16], nodes, vec![]),
            &[operator, "expected channels, rows, columns"],
        );
    }
    // A `Pad` before it adds zeros, which a maximum would see.
    let nodes = vec![
        node(
            "Pad",
            &["x"],
            "p",
            vec![ints("pads", &[0, 0, 1, 1, 0, 0, 1, 1])],
        ),
        node("MaxPool", &["p"], "y", vec![ints("kernel_shape", &[2, 2])]),
    ];
    refuse(
        &model(&[-1, 1, 4, 4], nodes, vec![]),
        &["not followed by a Conv"],
    );
}
