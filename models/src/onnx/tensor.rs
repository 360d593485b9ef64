//! Constant tensors: `TensorProto` to checked numbers.

use super::proto::{TensorProto, data_type};

/// A real constant.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tensor {
    /// The shape; empty for a scalar.
    pub(super) dims: Vec<usize>,
    /// Row-major values, as many as the shape says, all finite.
    pub(super) values: Vec<f64>,
}

impl Tensor {
    /// Reads a `float32` or `float64` tensor.
    ///
    /// # Errors
    /// One clause that says what is wrong.
    pub(super) fn read(proto: &TensorProto) -> Result<Self, String> {
        let (dims, count) = shape(proto)?;
        let values: Vec<f64> = match proto.data_type.unwrap_or(0) {
            data_type::FLOAT => {
                let values = data(proto, count, &proto.float_data, f32::from_le_bytes)?;
                values.into_iter().map(f64::from).collect()
            }
            data_type::DOUBLE => data(proto, count, &proto.double_data, f64::from_le_bytes)?,
            other => {
                return Err(format!(
                    "has data type {} where float32 or float64 is needed",
                    type_name(other)
                ));
            }
        };
        match values.iter().find(|value| !value.is_finite()) {
            Some(value) => Err(format!("holds {value}")),
            None => Ok(Self { dims, values }),
        }
    }
}

/// Reads an `int64` tensor of rank 0 or 1.
///
/// # Errors
/// One clause that says what is wrong.
pub(super) fn integers(proto: &TensorProto) -> Result<Vec<i64>, String> {
    let (dims, count) = shape(proto)?;
    match proto.data_type.unwrap_or(0) {
        data_type::INT64 if dims.len() <= 1 => {
            data(proto, count, &proto.int64_data, i64::from_le_bytes)
        }
        data_type::INT64 => Err(format!("has shape {dims:?} where a list is needed")),
        other => Err(format!(
            "has data type {} where int64 is needed",
            type_name(other)
        )),
    }
}

/// Reads a boolean scalar.
///
/// # Errors
/// One clause that says what is wrong.
pub(super) fn boolean(proto: &TensorProto) -> Result<bool, String> {
    let (_, count) = shape(proto)?;
    if proto.data_type != Some(data_type::BOOL) || count != 1 {
        return Err("is not a single boolean".to_owned());
    }
    let raw = data(proto, count, &[], |[byte]: [u8; 1]| i32::from(byte));
    let value = if proto.raw_data.is_some() {
        raw?
    } else {
        proto.int32_data.clone()
    };
    match value.as_slice() {
        [value] => Ok(*value != 0),
        _ => Err("is not a single boolean".to_owned()),
    }
}

fn shape(proto: &TensorProto) -> Result<(Vec<usize>, usize), String> {
    if proto.data_location.unwrap_or(0) != 0 || !proto.external_data.is_empty() {
        return Err(
            "is in an external data file, which is not supported: save the model as one file"
                .to_owned(),
        );
    }
    let dims: Option<Vec<usize>> = proto
        .dims
        .iter()
        .map(|&dim| usize::try_from(dim).ok())
        .collect();
    let dims = dims.ok_or_else(|| format!("has a negative dimension in {:?}", proto.dims))?;
    // How many there may be is bounded by the data that must be there; an empty tensor is legal (no pads).
    let count = dims
        .iter()
        .try_fold(1usize, |product, &dim| product.checked_mul(dim));
    let count = count.ok_or_else(|| format!("has too many elements: shape {dims:?}"))?;
    Ok((dims, count))
}

/// The values, from the raw bytes or the typed field, if there are exactly `count`.
fn data<T: Copy, const BYTES: usize>(
    proto: &TensorProto,
    count: usize,
    typed: &[T],
    decode: fn([u8; BYTES]) -> T,
) -> Result<Vec<T>, String> {
    match &proto.raw_data {
        Some(_) if !typed.is_empty() => Err("has both raw and typed data".to_owned()),
        Some(raw) => {
            let (words, rest) = raw.as_chunks::<BYTES>();
            if words.len() != count || !rest.is_empty() {
                let dims = &proto.dims;
                return Err(format!(
                    "has {} bytes of data, shape {dims:?} needs {count} x {BYTES}",
                    raw.len()
                ));
            }
            Ok(words.iter().copied().map(decode).collect())
        }
        None if typed.len() != count => Err(format!(
            "has {} values, shape {:?} needs {count}",
            typed.len(),
            proto.dims
        )),
        None => Ok(typed.to_vec()),
    }
}

fn type_name(code: i32) -> String {
    let name = match code {
        1 => "float32",
        2 => "uint8",
        3 => "int8",
        6 => "int32",
        7 => "int64",
        8 => "string",
        9 => "bool",
        10 => "float16",
        11 => "float64",
        16 => "bfloat16",
        _ => return format!("code {code}"),
    };
    name.to_owned()
}
