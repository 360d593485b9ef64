//! The shipped models against onnxruntime, on the shipped digits.

use std::io::Read;
use std::path::Path;

use halfmask_models::nn::float::{argmax, classify, evaluate};
use halfmask_models::nn::graph::{Layer, LinearKind, Network};
use halfmask_models::onnx::import_file;
use sha2::{Digest, Sha256};

/// The folders of the two models: with ReLU, and with squares.
const MODELS: [(&str, &str); 2] = [
    (
        concat!(env!("CARGO_MANIFEST_DIR"), "/cryptonets-relu"),
        "relu",
    ),
    (
        concat!(env!("CARGO_MANIFEST_DIR"), "/cryptonets-square"),
        "square",
    ),
];
const DIGITS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../experiments/digits");

#[derive(serde::Deserialize)]
struct Reference {
    model_sha256: String,
    images: Vec<Entry>,
}

#[derive(serde::Deserialize)]
struct Entry {
    index: usize,
    label: u8,
    logits: Vec<f64>,
}

fn gunzip(name: &str) -> Vec<u8> {
    let file = std::fs::File::open(Path::new(DIGITS).join(name)).unwrap();
    let mut content = Vec::new();
    flate2::read::GzDecoder::new(file)
        .read_to_end(&mut content)
        .unwrap();
    content
}

fn pixels(images: &[u8], index: usize) -> Vec<f64> {
    images[16..]
        .chunks_exact(784)
        .nth(index)
        .unwrap()
        .iter()
        .map(|&pixel| f64::from(pixel) / 255.0)
        .collect()
}

#[test]
fn the_architecture_is_that_of_cryptonets() {
    for (folder, activation) in MODELS {
        architecture(&Path::new(folder).join("model.onnx"), activation);
    }
}

fn architecture(model: &Path, activation: &str) {
    let Network {
        input,
        input_max,
        layers,
        ..
    } = import_file(model).unwrap();
    assert_eq!((input, input_max), ([1, 28, 28], 1.0));
    let [first, second] = [1, 2].map(|i| format!("{activation}{i}"));
    assert_eq!(
        layers.iter().map(Layer::name).collect::<Vec<_>>(),
        ["conv1", &first, "fc1", &second, "fc2"]
    );
    let linears: Vec<_> = layers.iter().filter_map(Layer::linear).collect();
    assert!(
        linears
            .iter()
            .all(|linear| linear.range.is_some_and(|range| range > 1.0))
    );
    let shapes: Vec<_> = linears
        .iter()
        .map(|linear| (linear.inputs(), linear.outputs()))
        .collect();
    assert_eq!(shapes, [(784, 845), (845, 100), (100, 10)]);
    let LinearKind::Conv2d(conv) = &linears[0].kind else {
        panic!("the first layer is not a convolution")
    };
    assert_eq!(
        (conv.output, conv.kernel, conv.strides, conv.pads),
        ([5, 13, 13], [5, 5], [2, 2], [0, 0, 1, 1])
    );
}

#[test]
fn float_evaluation_is_onnxruntimes() {
    for (folder, _) in MODELS {
        compare(Path::new(folder));
    }
}

fn compare(folder: &Path) {
    let (model, reference) = (folder.join("model.onnx"), folder.join("reference.json"));
    let reference: Reference = serde_json::from_slice(&std::fs::read(reference).unwrap()).unwrap();
    let digest: String = Sha256::digest(std::fs::read(&model).unwrap())
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    assert_eq!(
        digest, reference.model_sha256,
        "model.onnx and reference.json are not of one making"
    );
    assert!(reference.images.len() >= 20);
    let network = import_file(&model).unwrap();
    let (images, labels) = (
        gunzip("t10k-images-idx3-ubyte.gz"),
        gunzip("t10k-labels-idx1-ubyte.gz"),
    );
    for Entry {
        index,
        label,
        logits,
    } in reference.images
    {
        assert_eq!(labels[8 + index], label);
        let image = pixels(&images, index);
        let ours = evaluate(&network, &image).unwrap();
        assert_eq!(ours.len(), logits.len());
        for (ours, theirs) in ours.iter().zip(&logits) {
            // onnxruntime adds 845 terms in single precision.
            assert!(
                (ours - theirs).abs() < 1e-4,
                "digit {index}: {ours} against {theirs}"
            );
        }
        assert_eq!(
            classify(&network, &image).unwrap(),
            argmax(&logits).unwrap()
        );
    }
}
