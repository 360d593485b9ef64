//! Benchmarks: real processes, measured by themselves, put together in a record and a table.

pub mod check;
pub mod ckks;
pub mod cryptonets;
pub mod garble;
pub mod he;
pub mod labels;
pub mod layer;
pub mod linear;
pub mod maxpool;
pub mod ot;
pub mod precision;
pub mod processes;
pub mod record;
pub mod relu;
pub mod samples;
pub mod spn;
pub mod spn_accuracy;
pub mod summary;
pub mod table;
