//! Argmax of shared values, opened to the evaluator alone.
//!
//! For every instance `classes` values are shared modulo `2^k`. Both parties switch to the top `l` bits ([`crate::share`]);
//! one circuit ([`crate::circuit::argmax`]) adds and compares; the index is opened to the evaluator ([`crate::evaluate`]: flow and
//! simulator there), which learns it and nothing else; the garbler learns nothing. Every value needs `|x| < 2^(k-2) - 2^(k-l)`, so
//! that differences fit.
//!
//! Rounding may move each value by one unit `2^(k-l)`: the index is a true maximum of values each within one unit.

mod parties;
mod spec;

pub use spec::{ArgmaxSpec, argmax_reference};
