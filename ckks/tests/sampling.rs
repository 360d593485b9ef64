//! Statistics of the samplers, thread independence, and determinism under a test seed.
#![cfg(feature = "test-seed")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]
