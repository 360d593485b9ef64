//! Nodes to typed operators, gathering everything that is unsupported.

use std::rc::Rc;

use super::attributes::Attributes;
use super::error::Unsupported;
use super::proto::{NodeProto, TensorProto, data_type};

/// A supported operator with its attributes checked.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Operator {
    Conv(ConvAttributes),
    Gemm {
        alpha: f64,
        beta: f64,
        transposed: bool,
    },
    MatMul,
    Add,
    Relu,
    /// Supported with the constant exponent 2.
    Pow,
    MaxPool(PoolAttributes),
    GlobalMaxPool,
    Flatten {
        axis: i64,
    },
    Reshape {
        allow_zero: bool,
    },
    Identity,
    Dropout,
    Constant(Rc<TensorProto>),
    /// Before operator set 11 the pads are an attribute.
    Pad {
        pads: Option<Vec<i64>>,
    },
    BatchNormalization {
        epsilon: f64,
    },
}

/// Attributes of `Conv`; those left out are fixed at what is supported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ConvAttributes {
    pub(super) kernel: Option<[usize; 2]>,
    pub(super) strides: [usize; 2],
    pub(super) padding: Padding,
}

/// Attributes of `MaxPool`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PoolAttributes {
    pub(super) kernel: [usize; 2],
    pub(super) strides: [usize; 2],
    pub(super) padding: Padding,
    /// Whether a last window may hang over the edge.
    pub(super) ceil: bool,
}

/// How a `Conv` or `MaxPool` pads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Padding {
    /// Top, left, bottom, right.
    Explicit([usize; 4]),
    /// Output size is input size over stride, rounded up; an odd zero goes to the end or the beginning.
    Same { end: bool },
}

impl Operator {
    /// Whether the operator may have a second output that is not supported here.
    fn takes_one_output(&self) -> bool {
        matches!(self, Self::MaxPool(_))
    }
}

/// Reads one node.
///
/// # Errors
/// Everything about it that is unsupported.
pub(super) fn read(node: &NodeProto, name: &str) -> Result<Operator, Unsupported> {
    let operator = operator_name(node);
    let mut attributes = Attributes::of(node);
    let Some(parsed) = parse(&operator, &mut attributes) else {
        return Err(Unsupported {
            node: name.to_owned(),
            operator,
            reasons: Vec::new(),
        });
    };
    if parsed.takes_one_output()
        && let Some(output) = node.output.get(1).filter(|name| !name.is_empty())
    {
        attributes.refuse(format!("output 1 (`{output}`), the indices"));
    }
    let reasons = attributes.finish();
    if reasons.is_empty() {
        Ok(parsed)
    } else {
        Err(Unsupported {
            node: name.to_owned(),
            operator,
            reasons,
        })
    }
}

/// The operator's name, with its domain unless that is the standard one.
pub(super) fn operator_name(node: &NodeProto) -> String {
    let operator = node.op_type.as_deref().unwrap_or("no operator");
    match node.domain.as_deref().unwrap_or("") {
        "" | "ai.onnx" => operator.to_owned(),
        domain => format!("{domain}.{operator}"),
    }
}

fn parse(operator: &str, attributes: &mut Attributes<'_>) -> Option<Operator> {
    Some(match operator {
        "Conv" => Operator::Conv(conv(attributes)),
        "Gemm" => {
            attributes.only("transA", 0);
            Operator::Gemm {
                alpha: attributes.float("alpha", 1.0),
                beta: attributes.float("beta", 1.0),
                transposed: attributes.int("transB", 0) != 0,
            }
        }
        "MatMul" => Operator::MatMul,
        "Add" => Operator::Add,
        "Relu" => Operator::Relu,
        "Pow" => Operator::Pow,
        "MaxPool" => Operator::MaxPool(max_pool(attributes)),
        "GlobalMaxPool" => Operator::GlobalMaxPool,
        "Flatten" => Operator::Flatten {
            axis: attributes.int("axis", 1),
        },
        "Reshape" => Operator::Reshape {
            allow_zero: attributes.int("allowzero", 0) != 0,
        },
        "Identity" => Operator::Identity,
        "Dropout" => {
            attributes.ignore("seed");
            attributes.ignore("ratio");
            Operator::Dropout
        }
        "Constant" => Operator::Constant(Rc::new(constant(attributes))),
        "Pad" => Operator::Pad {
            pads: pad(attributes),
        },
        "BatchNormalization" => {
            attributes.ignore("momentum");
            attributes.only("training_mode", 0);
            attributes.only("spatial", 1);
            Operator::BatchNormalization {
                epsilon: attributes.float("epsilon", 1e-5),
            }
        }
        _ => return None,
    })
}

fn conv(attributes: &mut Attributes<'_>) -> ConvAttributes {
    attributes.only("group", 1);
    dilations(attributes);
    let auto_pad = attributes.string("auto_pad", "NOTSET");
    ConvAttributes {
        padding: padding(attributes, &auto_pad),
        kernel: attributes.sizes("kernel_shape"),
        strides: attributes.sizes("strides").unwrap_or([1, 1]),
    }
}

fn max_pool(attributes: &mut Attributes<'_>) -> PoolAttributes {
    dilations(attributes);
    attributes.only("storage_order", 0);
    if !attributes.has("kernel_shape") {
        attributes.refuse("attribute kernel_shape left out".to_owned());
    }
    let auto_pad = attributes.string("auto_pad", "NOTSET");
    let ceil = attributes.int("ceil_mode", 0) != 0;
    if ceil && auto_pad == "VALID" {
        // The standard's formula rounds down, onnxruntime rounds up.
        attributes.refuse("attributes auto_pad = VALID and ceil_mode together".to_owned());
    }
    PoolAttributes {
        padding: padding(attributes, &auto_pad),
        // Refused already where it does not have this form.
        kernel: attributes.sizes("kernel_shape").unwrap_or([1, 1]),
        strides: attributes.sizes("strides").unwrap_or([1, 1]),
        ceil,
    }
}

fn dilations(attributes: &mut Attributes<'_>) {
    if let Some(dilations) = attributes.ints("dilations")
        && dilations.iter().any(|&dilation| dilation != 1)
    {
        attributes.refuse(format!("attribute dilations = {dilations:?}"));
    }
}

fn padding(attributes: &mut Attributes<'_>, auto_pad: &str) -> Padding {
    let pads = attributes.sizes("pads");
    if auto_pad != "NOTSET" && pads.is_some_and(|pads| pads != [0; 4]) {
        attributes.refuse(format!(
            "attributes auto_pad = {} and pads together",
            auto_pad.escape_debug()
        ));
    }
    match auto_pad {
        "NOTSET" => Padding::Explicit(pads.unwrap_or_default()),
        "VALID" => Padding::Explicit([0; 4]),
        "SAME_UPPER" => Padding::Same { end: true },
        "SAME_LOWER" => Padding::Same { end: false },
        other => {
            attributes.refuse(format!("attribute auto_pad = {}", other.escape_debug()));
            Padding::Explicit([0; 4])
        }
    }
}

fn pad(attributes: &mut Attributes<'_>) -> Option<Vec<i64>> {
    let mode = attributes.string("mode", "constant");
    if mode != "constant" {
        attributes.refuse(format!("attribute mode = {}", mode.escape_debug()));
    }
    let value = attributes.float("value", 0.0);
    if value != 0.0 {
        attributes.refuse(format!("attribute value = {value}"));
    }
    attributes.ints("pads").map(<[i64]>::to_vec)
}

fn constant(attributes: &mut Attributes<'_>) -> TensorProto {
    let floats = |values: Vec<f32>, dims| TensorProto {
        dims,
        data_type: Some(data_type::FLOAT),
        float_data: values,
        ..Default::default()
    };
    let ints = |values: Vec<i64>, dims| TensorProto {
        dims,
        data_type: Some(data_type::INT64),
        int64_data: values,
        ..Default::default()
    };
    // Lengths are those of lists already in memory, so they fit.
    let list = |length: usize| vec![i64::try_from(length).unwrap_or(i64::MAX)];
    if let Some(tensor) = attributes.tensor("value") {
        tensor.clone()
    } else if let Some(values) = attributes.floats("value_floats") {
        floats(values.to_vec(), list(values.len()))
    } else if let Some(values) = attributes.ints("value_ints") {
        ints(values.to_vec(), list(values.len()))
    } else if attributes.has("value_float") {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the attribute is a float32"
        )]
        floats(
            vec![attributes.float("value_float", 0.0) as f32],
            Vec::new(),
        )
    } else if attributes.has("value_int") {
        ints(vec![attributes.int("value_int", 0)], Vec::new())
    } else {
        attributes.refuse("no value of a supported kind".to_owned());
        TensorProto::default()
    }
}
