//! Every operation of the scheme on one thread, and a table of them beside SEAL's figures.
//!
//! `cargo bench -p halfmask-ckks --bench scheme`. `HALFMASK_PEER` may name a file
//! `{"n8192_50x4": {"encode_complex": microseconds, ..}, "n16384_48x8_50": {..}}` of figures that SEAL
//! reached on this machine.
//!
//! Outputs are new objects, allocated and dropped within the time, except where the name says "in place".
#![allow(
    clippy::unwrap_used,
    missing_docs,
    reason = "a benchmark that cannot be set up must stop"
)]

mod set;
mod table;
mod yardstick;

use criterion::Criterion;
use set::Set;
use std::{path::Path, time::Duration};

fn main() {
    // One thread: the figures are those of a core. A pool that exists already is as small as can be told.
    let _ = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build_global();
    let output = Path::new(env!("CARGO_TARGET_TMPDIR")).join("scheme");
    let started = std::time::SystemTime::now();
    let mut criterion = Criterion::default()
        .output_directory(&output)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_millis(1200))
        .sample_size(20)
        .configure_from_args();
    for yardstick in yardstick::ALL {
        Set::new(yardstick.preset).run(&mut criterion, yardstick.name);
    }
    criterion.final_summary();
    table::print(&table::Measured::new(output, started));
}
