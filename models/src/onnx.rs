//! ONNX import: a model file becomes a [`Network`](crate::nn::graph::Network).
//!
//! Supported: a chain of `Conv` (group 1, dilation 1), `Gemm`, `MatMul`, `Add` of a constant, `Relu`,
//! `MaxPool` (two dimensions, dilation 1, without indices), `GlobalMaxPool`, `Flatten`, `Reshape`, `Identity`, `Dropout`, `Constant`, `Pad` (zeros, before a `Conv`) and
//! `BatchNormalization` (after a linear layer), in `float32` or `float64`. Biases, padding and
//! normalisation are folded into the linear layer they belong to; dropout, flatten and reshape vanish.
//! Anything else is refused, and everything that is unsupported is reported at once.
//!
//! A file is not trusted: its size is bounded before it is read, its message count before it is
//! decoded (`wire`), every dimension against the data that is really there.
//!
//! Two kinds of model metadata are read: `halfmask.input_max`, the largest absolute input (default 1),
//! and `halfmask.range.<node>`, the largest absolute output that calibration saw at the linear layer
//! `<node>`, after everything folded into it.

mod attributes;
mod builder;
mod chain;
mod error;
mod import;
mod operator;
pub mod proto;
mod tensor;
mod wire;

pub use error::{OnnxError, Unsupported};
pub use import::{MAX_FILE_BYTES, MAX_OPSET, MIN_OPSET, import, import_file};
