//! The single path through a graph, from its input to its output.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use super::error::{OnnxError, Unsupported};
use super::operator::{self, Operator};
use super::proto::{GraphProto, NodeProto, TensorProto, ValueInfoProto};

/// Named constants: initialisers, `Constant` nodes, and `Identity` of these, which share the tensor.
pub(super) type Constants = HashMap<String, Rc<TensorProto>>;

/// A graph that is a single path.
pub(super) struct Chain {
    pub(super) constants: Constants,
    pub(super) input: ValueInfoProto,
    pub(super) steps: Vec<Step>,
}

/// A node on the path.
#[derive(Debug, Clone)]
pub(super) struct Step {
    /// The node's name, or `operator_index` if it has none.
    pub(super) name: String,
    /// The operator's name as written.
    pub(super) operator_name: String,
    pub(super) operator: Operator,
    /// Names of the values it reads.
    pub(super) inputs: Vec<String>,
    /// Which of them is the path; the others are constants or left out.
    pub(super) path_input: usize,
    outputs: Vec<String>,
}

/// Splits a graph into constants and the path.
///
/// # Errors
/// [`OnnxError::Unsupported`] with every unsupported node, or [`OnnxError::NotAChain`].
pub(super) fn read(graph: GraphProto) -> Result<Chain, OnnxError> {
    let steps = operators(&graph.node)?;
    let mut constants = Constants::new();
    let mut defined = HashSet::new();
    for tensor in graph.initializer {
        let name = tensor.name.clone().unwrap_or_default();
        define(&mut defined, &name)?;
        constants.insert(name, Rc::new(tensor));
    }
    let mut inputs = graph
        .input
        .into_iter()
        .filter(|value| !constants.contains_key(value_name(value)));
    let input = match (inputs.next(), inputs.next()) {
        (Some(input), None) => input,
        (None, _) => return Err(OnnxError::NotAChain("it has no input".to_owned())),
        (Some(first), Some(second)) => {
            let names = [value_name(&first), value_name(&second)].join("`, `");
            return Err(OnnxError::NotAChain(format!(
                "it has several inputs: `{names}`"
            )));
        }
    };
    drop(inputs);
    define(&mut defined, value_name(&input))?;
    let output = match graph.output.as_slice() {
        [output] => value_name(output),
        other => {
            return Err(OnnxError::NotAChain(format!(
                "it has {} outputs, expected 1",
                other.len()
            )));
        }
    };

    let mut path = Vec::new();
    for step in steps {
        for name in step.outputs.iter().filter(|name| !name.is_empty()) {
            define(&mut defined, name)?;
        }
        let made = step.outputs.first().cloned().unwrap_or_default();
        let source = step
            .inputs
            .first()
            .and_then(|name| constants.get(name).cloned());
        match (&step.operator, source) {
            (Operator::Constant(tensor), _) => drop(constants.insert(made, Rc::clone(tensor))),
            (Operator::Identity, Some(tensor)) => drop(constants.insert(made, tensor)),
            _ => path.push(step),
        }
    }
    let steps = follow(value_name(&input), output, path)?;
    Ok(Chain {
        constants,
        input,
        steps,
    })
}

/// The name of a graph input or output.
pub(super) fn value_name(value: &ValueInfoProto) -> &str {
    value.name.as_deref().unwrap_or("")
}

fn operators(nodes: &[NodeProto]) -> Result<Vec<Step>, OnnxError> {
    let mut steps = Vec::new();
    let mut unsupported: Vec<Unsupported> = Vec::new();
    for (index, node) in nodes.iter().enumerate() {
        let operator_name = operator::operator_name(node);
        let name = match node.name.as_deref() {
            None | Some("") => format!("{operator_name}_{index}"),
            Some(name) => name.to_owned(),
        };
        match operator::read(node, &name) {
            Ok(operator) => steps.push(Step {
                name,
                operator_name,
                operator,
                inputs: node.input.clone(),
                path_input: 0,
                outputs: node.output.clone(),
            }),
            Err(reason) => unsupported.push(reason),
        }
    }
    if unsupported.is_empty() {
        Ok(steps)
    } else {
        Err(OnnxError::Unsupported(unsupported))
    }
}

/// Walks from `input` to `output`; every step must lie on the way.
fn follow(input: &str, output: &str, mut left: Vec<Step>) -> Result<Vec<Step>, OnnxError> {
    let mut readers: HashMap<String, Vec<(usize, usize)>> = HashMap::new();
    for (index, step) in left.iter().enumerate() {
        for (place, name) in step
            .inputs
            .iter()
            .enumerate()
            .filter(|(_, name)| !name.is_empty())
        {
            readers
                .entry(name.clone())
                .or_default()
                .push((index, place));
        }
    }
    let names = |steps: &[Step]| {
        steps
            .iter()
            .map(|step| format!("`{}`", step.name))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let mut slots: Vec<Option<Step>> = left.drain(..).map(Some).collect();
    let mut path = Vec::with_capacity(slots.len());
    let mut value = input.to_owned();
    loop {
        let next = match readers.get(&value).map_or(&[][..], Vec::as_slice) {
            [] if value == output => break,
            [] => {
                return Err(OnnxError::NotAChain(format!(
                    "nothing reads `{value}`, and it is not the output"
                )));
            }
            [_] if value == output => {
                return Err(OnnxError::NotAChain(format!(
                    "the output `{value}` is also read by a node"
                )));
            }
            [next] => *next,
            several => {
                let count = several.len();
                return Err(OnnxError::NotAChain(format!(
                    "`{value}` is read {count} times, expected once"
                )));
            }
        };
        let (index, place) = next;
        // Every value has one maker and one reader, so no step is taken twice unless the graph is a loop.
        let Some(mut step) = slots.get_mut(index).and_then(Option::take) else {
            return Err(OnnxError::NotAChain(format!(
                "`{value}` leads back to an earlier node"
            )));
        };
        step.path_input = place;
        value = step.outputs.first().cloned().unwrap_or_default();
        path.push(step);
    }
    let left: Vec<Step> = slots.into_iter().flatten().collect();
    if !left.is_empty() {
        return Err(OnnxError::NotAChain(format!(
            "off the path from input to output: {}",
            names(&left)
        )));
    }
    Ok(path)
}

fn define(defined: &mut HashSet<String>, name: &str) -> Result<(), OnnxError> {
    if defined.insert(name.to_owned()) {
        return Ok(());
    }
    Err(OnnxError::NotAChain(format!(
        "the value `{name}` is defined twice"
    )))
}
