//! Benchmarks: real processes, measured by themselves, put together in a record and a table.

pub mod cryptonets;
pub mod labels;
pub mod processes;
pub mod record;
pub mod summary;
pub mod table;
