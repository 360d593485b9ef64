//! ONNX import, against files the tests encode themselves and against onnxruntime.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

mod common;
mod errors_file;
mod errors_node;
mod operators_linear;
mod operators_pool;
mod operators_shape;
mod reference;
