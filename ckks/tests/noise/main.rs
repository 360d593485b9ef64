//! The a-priori noise bound against measured errors, and the precision that the parameters promise.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    missing_docs,
    reason = "tests"
)]

mod bounds;
mod precision;
mod walk;
