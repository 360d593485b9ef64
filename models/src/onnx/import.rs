//! From bytes to a checked network.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use prost::Message;

use super::builder::Builder;
use super::chain::{self, Step, value_name};
use super::error::OnnxError;
use super::proto::{
    GraphProto, ModelProto, OperatorSetIdProto, StringStringEntryProto, ValueInfoProto, data_type,
};
use super::wire;
use crate::nn::graph::{Layer, Network, elements};

/// The largest model file taken, in bytes.
pub const MAX_FILE_BYTES: u64 = 256 << 20;

/// The oldest operator set taken.
pub const MIN_OPSET: i64 = 7;

/// The newest operator set taken; the supported operators mean the same in all of these.
pub const MAX_OPSET: i64 = 28;

/// The longest name taken.
const MAX_NAME_BYTES: usize = 1024;

/// Reads and imports a model file.
///
/// # Errors
/// Any [`OnnxError`], with the file's name.
pub fn import_file(path: &Path) -> Result<Network, OnnxError> {
    let io = |source| OnnxError::Io {
        path: path.to_owned(),
        source,
    };
    let file = File::open(path).map_err(io)?;
    let inside = |source| OnnxError::File {
        path: path.to_owned(),
        source: Box::new(source),
    };
    let bytes = file.metadata().map_err(io)?.len();
    too_large(bytes).map_err(inside)?;
    let mut content = Vec::new();
    // The file may grow, or be a pipe without a length; one byte more than allowed is enough to tell.
    file.take(MAX_FILE_BYTES + 1)
        .read_to_end(&mut content)
        .map_err(io)?;
    import(&content).map_err(inside)
}

/// Imports a model from the content of a file.
///
/// # Errors
/// Any [`OnnxError`] but those of the file system.
pub fn import(bytes: &[u8]) -> Result<Network, OnnxError> {
    too_large(bytes.len() as u64)?;
    if bytes.is_empty() {
        return Err(OnnxError::NotOnnx("it is empty".to_owned()));
    }
    wire::check(bytes).map_err(OnnxError::NotOnnx)?;
    let model = ModelProto::decode(bytes).map_err(|error| OnnxError::NotOnnx(error.to_string()))?;
    let Some(ir_version) = model.ir_version else {
        return Err(OnnxError::NotOnnx("it has no format version".to_owned()));
    };
    let Some(graph) = model.graph else {
        return Err(OnnxError::NotOnnx(
            "it has no graph (truncated?)".to_owned(),
        ));
    };
    if let Some(name) = unprintable(&graph) {
        let name: String = name.escape_debug().take(80).collect();
        return Err(OnnxError::NotOnnx(format!(
            "the name `{name}` has control characters or more than {MAX_NAME_BYTES} bytes"
        )));
    }
    let opset = opset(&model.opset_import)?;
    tracing::debug!(
        ir_version,
        opset,
        nodes = graph.node.len(),
        "reading an ONNX graph"
    );

    let name = graph
        .name
        .clone()
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "network".to_owned());
    let chain = chain::read(graph)?;
    let (batch, shape) = input_shape(&chain.input)?;
    let input = match *shape.as_slice() {
        [channels, rows, columns] => [channels, rows, columns],
        [rows, columns] => [1, rows, columns],
        [values] => [values, 1, 1],
        _ => {
            return Err(input_error(
                &chain.input,
                format!("shape {shape:?} an image has too many dimensions"),
            ));
        }
    };
    let mut builder = Builder::new(&chain.constants, batch, shape, bytes.len());
    for step in &chain.steps {
        builder
            .apply(step)
            .map_err(|reason| node_error(step, reason))?;
    }
    let layers = builder
        .finish()
        .map_err(|reason| OnnxError::NotAChain(format!("at its end: {reason}")))?;
    let mut network = Network {
        name,
        input,
        input_max: 1.0,
        layers,
    };
    metadata(&mut network, &model.metadata_props)?;
    network.validate()?;
    Ok(network)
}

fn too_large(bytes: u64) -> Result<(), OnnxError> {
    if bytes > MAX_FILE_BYTES {
        return Err(OnnxError::TooLarge {
            bytes,
            limit: MAX_FILE_BYTES,
        });
    }
    Ok(())
}

/// A name in the graph that must not be shown: errors are one line, and a file does not get to steer the terminal.
fn unprintable(graph: &GraphProto) -> Option<&str> {
    let nodes = graph.node.iter().flat_map(|node| {
        let own = node.name.iter().chain(&node.op_type).chain(&node.domain);
        let attributes = node.attribute.iter().flat_map(|attribute| &attribute.name);
        own.chain(attributes).chain(&node.input).chain(&node.output)
    });
    let values = graph
        .input
        .iter()
        .chain(&graph.output)
        .flat_map(|value| &value.name);
    let tensors = graph.initializer.iter().flat_map(|tensor| &tensor.name);
    let mut names = nodes
        .chain(values)
        .chain(tensors)
        .chain(&graph.name)
        .map(String::as_str);
    names.find(|name| name.len() > MAX_NAME_BYTES || name.chars().any(char::is_control))
}

/// The version of the standard operators, checked.
fn opset(sets: &[OperatorSetIdProto]) -> Result<i64, OnnxError> {
    let standard = sets
        .iter()
        .find(|set| matches!(set.domain.as_deref().unwrap_or(""), "" | "ai.onnx"));
    let Some(standard) = standard else {
        return Err(OnnxError::NotOnnx(
            "it names no operator set (truncated?)".to_owned(),
        ));
    };
    let version = standard.version.unwrap_or(0);
    if !(MIN_OPSET..=MAX_OPSET).contains(&version) {
        return Err(OnnxError::Opset {
            version,
            min: MIN_OPSET,
            max: MAX_OPSET,
        });
    }
    Ok(version)
}

/// The batch size, if fixed, and the shape of one image.
fn input_shape(input: &ValueInfoProto) -> Result<(Option<usize>, Vec<usize>), OnnxError> {
    let error = |reason: String| input_error(input, reason);
    let tensor = input
        .r#type
        .as_ref()
        .and_then(|kind| kind.tensor_type.as_ref());
    let tensor = tensor.ok_or_else(|| error("it is not a tensor".to_owned()))?;
    if !matches!(tensor.elem_type, Some(data_type::FLOAT | data_type::DOUBLE)) {
        return Err(error(format!(
            "element type {}, expected float32 or float64",
            tensor.elem_type.unwrap_or(0)
        )));
    }
    let dims = tensor
        .shape
        .as_ref()
        .map_or(&[][..], |shape| shape.dim.as_slice());
    let Some((batch, image)) = dims.split_first().filter(|(_, image)| !image.is_empty()) else {
        return Err(error(format!(
            "{} dimensions, expected a batch of images or vectors",
            dims.len()
        )));
    };
    let batch = match batch.dim_value {
        None => None,
        Some(size) => match usize::try_from(size) {
            Ok(size) if size > 0 => Some(size),
            _ => return Err(error(format!("batch size {size}"))),
        },
    };
    let shape: Option<Vec<usize>> = image
        .iter()
        .map(|dim| dim.dim_value.and_then(|size| usize::try_from(size).ok()))
        .collect();
    let shape = shape.ok_or_else(|| error("only the batch dimension may be open".to_owned()))?;
    if elements(&shape).is_none() {
        return Err(error(format!("shape {shape:?} is empty or too large")));
    }
    Ok((batch, shape))
}

/// Reads the `halfmask.` entries into the network.
fn metadata(network: &mut Network, entries: &[StringStringEntryProto]) -> Result<(), OnnxError> {
    for entry in entries {
        let (key, value) = (
            entry.key.as_deref().unwrap_or(""),
            entry.value.as_deref().unwrap_or(""),
        );
        let Some(key) = key.strip_prefix("halfmask.") else {
            continue;
        };
        let error = |reason: &str| OnnxError::Metadata {
            key: format!("halfmask.{}", key.escape_debug()),
            value: value.escape_debug().take(80).collect(),
            reason: reason.to_owned(),
        };
        let number = || {
            let number = value
                .trim()
                .parse::<f64>()
                .ok()
                .filter(|number| number.is_finite() && *number > 0.0);
            number.ok_or_else(|| error("not a positive number"))
        };
        if key == "input_max" {
            network.input_max = number()?;
        } else if let Some(name) = key.strip_prefix("range.") {
            let range = number()?;
            let linear = network.layers.iter_mut().find_map(|layer| match layer {
                Layer::Linear(linear) if linear.name == name => Some(linear),
                _ => None,
            });
            linear
                .ok_or_else(|| error("no linear layer has this name"))?
                .range = Some(range);
        } else {
            tracing::warn!(key = format!("halfmask.{key}"), "unknown metadata, ignored");
        }
    }
    Ok(())
}

fn input_error(input: &ValueInfoProto, reason: String) -> OnnxError {
    OnnxError::Input {
        input: value_name(input).to_owned(),
        reason,
    }
}

fn node_error(step: &Step, reason: String) -> OnnxError {
    OnnxError::Node {
        node: step.name.clone(),
        operator: step.operator_name.clone(),
        reason,
    }
}
