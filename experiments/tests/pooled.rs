//! A network with maxima from its ONNX file to what the client writes: classes and scores, by either protocol.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

mod common;

use std::fs;
use std::path::Path;

use common::{PATIENCE, Running, fails, images, infer, labels, run, succeeded, text};
use halfmask::data::{Images, Labels};
use halfmask_models::nn::float::{argmax, evaluate, trace};
use halfmask_models::nn::graph::Network;
use halfmask_models::nn::planner::{Output, PlanOptions, Planned, plan};
use halfmask_models::nn::twin::Twin;
use halfmask_models::onnx::import;
use halfmask_models::onnx::proto::{
    AttributeProto, DimensionProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto,
    StringStringEntryProto, TensorProto, TensorShapeProto, TensorTypeProto, TypeProto,
    ValueInfoProto, attribute_type, data_type,
};
use prost::Message;

/// Images classified in a test.
const COUNT: usize = 48;
/// Values before the last layer: four maps of 7 x 7.
const FEATURES: usize = 4 * 7 * 7;
const CLASSES: usize = 10;

fn ints(name: &str, values: &[i64]) -> AttributeProto {
    AttributeProto {
        name: Some(name.to_owned()),
        r#type: Some(attribute_type::INTS),
        ints: values.to_vec(),
        ..AttributeProto::default()
    }
}

fn node(
    operator: &str,
    inputs: &[&str],
    output: &str,
    attribute: Vec<AttributeProto>,
) -> NodeProto {
    NodeProto {
        input: inputs.iter().map(|&name| name.to_owned()).collect(),
        output: vec![output.to_owned()],
        name: Some(output.to_owned()),
        op_type: Some(operator.to_owned()),
        attribute,
        domain: None,
    }
}

fn tensor(name: &str, dims: &[i64], values: &[f32]) -> TensorProto {
    let bytes = values.iter().flat_map(|value| value.to_le_bytes());
    TensorProto {
        dims: dims.to_vec(),
        data_type: Some(data_type::FLOAT),
        name: Some(name.to_owned()),
        raw_data: Some(bytes.collect()),
        ..TensorProto::default()
    }
}

fn value(name: &str, dims: &[i64]) -> ValueInfoProto {
    let size = |&size: &i64| DimensionProto {
        dim_value: Some(size),
        dim_param: None,
    };
    ValueInfoProto {
        name: Some(name.to_owned()),
        r#type: Some(TypeProto {
            tensor_type: Some(TensorTypeProto {
                elem_type: Some(data_type::FLOAT),
                shape: Some(TensorShapeProto {
                    dim: dims.iter().map(size).collect(),
                }),
            }),
        }),
    }
}

/// Four edge detectors, ReLU, the largest of 2 x 2, a dense layer; `ranges` are those of the linear layers.
fn file(weights: &[f32], bias: &[f32], ranges: [f64; 2]) -> Vec<u8> {
    let edges: [[f32; 9]; 4] = [
        [1.0, 2.0, 1.0, 0.0, 0.0, 0.0, -1.0, -2.0, -1.0],
        [1.0, 0.0, -1.0, 2.0, 0.0, -2.0, 1.0, 0.0, -1.0],
        [2.0, 1.0, 0.0, 1.0, 0.0, -1.0, 0.0, -1.0, -2.0],
        [0.0, 1.0, 2.0, -1.0, 0.0, 1.0, -2.0, -1.0, 0.0],
    ];
    let pair = ints("strides", &[2, 2]);
    let conv = vec![pair.clone(), ints("pads", &[0, 0, 1, 1])];
    let pool = vec![ints("kernel_shape", &[2, 2]), pair];
    let metadata = |name: &str, range: f64| StringStringEntryProto {
        key: Some(format!("halfmask.range.{name}")),
        value: Some(range.to_string()),
    };
    let graph = GraphProto {
        name: Some("edges".to_owned()),
        node: vec![
            node("Conv", &["x", "edges", "zeros"], "conv", conv),
            node("Relu", &["conv"], "relu", vec![]),
            node("MaxPool", &["relu"], "pool", pool),
            node("Flatten", &["pool"], "flat", vec![]),
            node("Gemm", &["flat", "weights", "bias"], "scores", vec![]),
        ],
        initializer: vec![
            tensor("edges", &[4, 1, 3, 3], &edges.concat()),
            tensor("zeros", &[4], &[0.0; 4]),
            tensor("weights", &[FEATURES as i64, CLASSES as i64], weights),
            tensor("bias", &[CLASSES as i64], bias),
        ],
        input: vec![value("x", &[1, 1, 28, 28])],
        output: vec![value("scores", &[1, CLASSES as i64])],
    };
    let model = ModelProto {
        ir_version: Some(8),
        producer_name: Some("tests".to_owned()),
        graph: Some(graph),
        opset_import: vec![OperatorSetIdProto {
            domain: None,
            version: Some(17),
        }],
        metadata_props: vec![metadata("conv", ranges[0]), metadata("scores", ranges[1])],
    };
    model.encode_to_vec()
}

/// The shipped digits as values from 0 to 1, with their labels.
fn digits() -> Vec<(Vec<f64>, usize)> {
    let images = Images::open(Path::new(&images())).unwrap();
    let labels = Labels::open(Path::new(&labels())).unwrap();
    let image = |index: usize| {
        let pixels = images.image(index).unwrap().iter();
        pixels.map(|pixel| f64::from(*pixel) / 255.0).collect()
    };
    let labels = labels.values.iter().map(|label| usize::from(*label));
    labels
        .enumerate()
        .map(|(i, label)| (image(i), label))
        .collect()
}

struct Cnn {
    /// The model file.
    path: String,
    network: Network,
    /// The first [`COUNT`] of the shipped digits.
    digits: Vec<(Vec<f64>, usize)>,
}

impl Cnn {
    /// Scores are distances from the mean features of each class: not trained, but no toss-up either.
    fn write(folder: &Path) -> Self {
        let digits = digits();
        let blank = import(&file(&[0.0; FEATURES * CLASSES], &[0.0; CLASSES], [1.0; 2])).unwrap();
        let (mut means, mut counts) = (vec![vec![0.0; FEATURES]; CLASSES], [0.0; CLASSES]);
        let mut range = 0.0f64;
        for (image, label) in &digits {
            let layers = trace(&blank, image).unwrap();
            let features = &layers[layers.len() - 2];
            assert_eq!(features.len(), FEATURES);
            counts[*label] += 1.0;
            for (mean, x) in means[*label].iter_mut().zip(features) {
                *mean += x;
            }
            range = layers[0].iter().fold(range, |range, x| range.max(x.abs()));
        }
        for (mean, count) in means.iter_mut().zip(counts) {
            mean.iter_mut().for_each(|x| *x /= count);
        }
        // What all classes have in common decides nothing.
        let common: Vec<f64> = (0..FEATURES)
            .map(|i| means.iter().map(|mean| mean[i]).sum::<f64>() / CLASSES as f64)
            .collect();
        let weight = |i: usize| (i / CLASSES, i % CLASSES);
        let weights: Vec<f32> = (0..FEATURES * CLASSES)
            .map(weight)
            .map(|(i, class)| ((means[class][i] - common[i]) / 8.0) as f32)
            .collect();
        let bias: Vec<f32> = means
            .iter()
            .map(|mean| {
                let square = |x: &[f64]| x.iter().map(|x| x * x).sum::<f64>();
                ((square(&common) - square(mean)) / 16.0) as f32
            })
            .collect();
        let network = import(&file(&weights, &bias, [range, 1.0])).unwrap();
        let largest = digits.iter().fold(0.0f64, |largest, (image, _)| {
            let scores = evaluate(&network, image).unwrap();
            scores
                .iter()
                .fold(largest, |largest, x| largest.max(x.abs()))
        });
        let path = folder.join("edges.onnx");
        let content = file(&weights, &bias, [range, largest]);
        fs::write(&path, &content).unwrap();
        Self {
            path: text(&path),
            network: import(&content).unwrap(),
            digits: digits.into_iter().take(COUNT).collect(),
        }
    }

    fn planned(&self, output: Output) -> Planned {
        let options = PlanOptions {
            output,
            ..PlanOptions::default()
        };
        plan(&self.network, &options).unwrap()
    }

    /// Serves the model once with these options; what `infer` wrote and printed.
    fn run(&self, folder: &Path, serve: &[&str], client: &[&str]) -> (String, String) {
        let output = text(&folder.join("output"));
        let fixed = [
            "serve",
            &self.path,
            "--listen",
            "127.0.0.1:0",
            "--threads",
            "1",
        ];
        let (server, address) = Running::listening(&[&fixed, serve].concat());
        let (labels, count) = (labels(), COUNT.to_string());
        let fixed = ["--images", &count, "--labels", &labels];
        let printed = succeeded(&infer(&address, &output, &[&fixed, client].concat()));
        succeeded(&server.output_within(PATIENCE));
        (fs::read_to_string(&output).unwrap(), printed)
    }

    /// What must be printed of these classes.
    fn accuracy(&self, classes: &[usize]) -> String {
        let pairs = classes.iter().zip(&self.digits);
        let right = pairs.filter(|(class, (_, label))| *class == label).count();
        format!("({right} of {COUNT})")
    }
}

fn equal(a: &[usize], b: &[usize]) -> usize {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).filter(|(a, b)| a == b).count()
}

#[test]
fn classes_are_the_models_by_either_protocol() {
    let root = tempfile::tempdir().unwrap();
    let cnn = Cnn::write(root.path());
    let scores = |(image, _): &(Vec<f64>, usize)| evaluate(&cnn.network, image).unwrap();
    let float: Vec<usize> = cnn
        .digits
        .iter()
        .map(|d| argmax(&scores(d)).unwrap())
        .collect();
    let labels: Vec<usize> = cnn.digits.iter().map(|(_, label)| *label).collect();
    assert!(
        equal(&float, &labels) > COUNT * 7 / 10,
        "{float:?} {labels:?}"
    );
    let runs = [
        ["--relu", "gc", "--ot", "softspoken-4"],
        ["--relu", "ot", "--ot", "softspoken-4"],
        ["--relu", "ot", "--ot", "silent"],
    ];
    let more: [&[&str]; 3] = [&[], &["--batch", "20"], &["--preprocess"]];
    let classes: Vec<Vec<usize>> = std::iter::zip(runs, more)
        .map(|(serve, client)| {
            let (written, printed) = cnn.run(root.path(), &serve, client);
            let classes: Vec<usize> = written.lines().map(|line| line.parse().unwrap()).collect();
            assert_eq!(classes.len(), COUNT);
            assert!(printed.contains(&cnn.accuracy(&classes)), "{printed}");
            assert!(!printed.contains("scores"), "{printed}");
            classes
        })
        .collect();
    for ours in &classes {
        // Near ties alone may differ: from the float model, and between runs.
        assert!(equal(ours, &float) >= COUNT - 3, "{ours:?} {float:?}");
        assert!(equal(ours, &classes[0]) >= COUNT - 2, "{classes:?}");
    }
}

#[test]
fn scores_are_the_models_within_the_declared_precision() {
    let root = tempfile::tempdir().unwrap();
    let cnn = Cnn::write(root.path());
    for (what, bits, relu) in [("logits", 12, "gc"), ("logits:8", 8, "ot")] {
        let planned = cnn.planned(Output::Logits { bits });
        let (_, step) = planned.plan.scores().unwrap();
        let range = planned.report.last().unwrap().range;
        let serve = ["--output", what, "--relu", relu, "--ot", "softspoken-4"];
        let (written, printed) = cnn.run(root.path(), &serve, &[]);
        let mut lines = written.lines();
        let header: Vec<String> = (0..CLASSES).map(|class| format!("class_{class}")).collect();
        assert_eq!(lines.next().unwrap(), header.join(","));
        let rows: Vec<Vec<f64>> = lines
            .map(|line| line.split(',').map(|cell| cell.parse().unwrap()).collect())
            .collect();
        assert_eq!(rows.len(), COUNT);
        let twin = Twin::new(&planned.network);
        for (row, (image, _)) in rows.iter().zip(&cnn.digits) {
            let input = &planned.plan.input;
            let image_levels: Vec<i64> = image.iter().map(|x| input.quantise(*x)).collect();
            let want = twin.scores(&image_levels, &planned.report).unwrap();
            let float = evaluate(&cnn.network, image).unwrap();
            assert_eq!(row.len(), CLASSES);
            for (i, score) in row.iter().enumerate() {
                assert_eq!(score / step, (score / step).round(), "{score} of {step}");
                let (twin, bound) = (want.values[i], want.bounds[i]);
                assert!(bound.is_finite(), "nothing is proven");
                assert!((score - twin).abs() <= bound, "{score} {twin} {bound}");
                // Half a step of rounding; the rest is what weights, activations and maxima are quantised to.
                let off = (score - float[i]).abs();
                assert!(
                    off <= step / 2.0 + 0.02 * range,
                    "{score} {} {step} {range}",
                    float[i]
                );
            }
        }
        let classes: Vec<usize> = rows.iter().map(|row| argmax(row).unwrap()).collect();
        assert!(printed.contains(&cnn.accuracy(&classes)), "{printed}");
        assert!(
            printed.contains(&format!("multiples of {step}")),
            "{printed}"
        );

        let output = run(&[
            "inspect", &cnn.path, "--output", what, "--relu", relu, "--ot", "silent",
        ]);
        let printed = succeeded(&output);
        let opened = format!("opens to the client all 10 scores, rounded to multiples of {step}");
        assert!(printed.contains(&opened), "{printed}");
    }
}

#[test]
fn what_cannot_be_opened_is_refused() {
    let root = tempfile::tempdir().unwrap();
    let cnn = Cnn::write(root.path());
    let refuse = |what: &str, words: &[&str]| {
        let serve = [
            "serve",
            &cnn.path,
            "--listen",
            "127.0.0.1:0",
            "--output",
            what,
        ];
        fails(&serve, 2, words);
        fails(&["inspect", &cnn.path, "--output", what], 2, words);
    };
    refuse(
        "everything",
        &["--output", "everything", "class, logits or logits:BITS"],
    );
    refuse("logits:many", &["--output", "many"]);
    refuse("logits:40", &["edges.onnx", "40"]);
    refuse("logits:18", &["edges.onnx", "fewer bits"]);
    // The published protocol has no maxima.
    let baseline = ["inspect", &cnn.path, "--relu", "mp2ml"];
    fails(&baseline, 2, &["edges.onnx", "takes no maxima"]);
    let printed = succeeded(&run(&[
        "inspect", &cnn.path, "--relu", "gc", "--ot", "silent",
    ]));
    assert!(
        printed.contains("opens to the client the class, one of 10"),
        "{printed}"
    );
    assert!(printed.contains("maximum pool of 2x2"), "{printed}");
}
