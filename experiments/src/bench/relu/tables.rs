//! The record as a table.

use super::{Mode, Record};
use crate::bench::table::table;

/// The record for people.
#[must_use]
pub fn render(record: &Record) -> String {
    let baseline = record.modes.iter().find(|m| m.mode == "mp2ml");
    let row = |m: &Mode| {
        let ratio = baseline.map_or(0.0, |b| m.relus_per_second / b.relus_per_second);
        vec![
            m.mode.clone(),
            m.cot.clone(),
            format!("{} of {}", m.width, m.value_bits),
            format!("{:.3}", m.relus_per_second / 1e6),
            format!("{:.3}", m.online_relus_per_second / 1e6),
            format!("{ratio:.0}"),
            format!("{:.3}", 1e6 / m.relus_per_second),
            format!("{:.1}", m.bytes_per_relu),
            format!("{:.1}", m.online_bytes_per_relu),
            format!("{}", m.and_gates_per_relu),
            format!("{:.1}", m.cots_per_relu),
            m.rounds.to_string(),
            format!("{:.2}", m.error_bound),
            format!("{:.1e}", m.relative_error_bound),
        ]
    };
    let modes = record.modes.iter().chain(&record.engines);
    let rows = modes.chain(&record.widths).map(row);
    let header = [
        "mode",
        "OT",
        "bits",
        "M ReLU/s",
        "online",
        "x mp2ml",
        "us a ReLU",
        "bytes",
        "online",
        "AND",
        "COT",
        "rounds",
        "error <=",
        "of the largest",
    ];
    format!("{}\n", table(&header, rows.collect(), 3))
}
