//! Benchmarks: real processes, measured by themselves, put together in a record and a table.

pub mod check;
pub mod cryptonets;
pub mod garble;
pub mod he;
pub mod labels;
pub mod ot;
pub mod processes;
pub mod record;
pub mod relu;
pub mod spn;
pub mod summary;
pub mod table;
