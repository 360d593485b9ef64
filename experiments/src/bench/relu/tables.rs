//! The record as tables.

use super::{MaxPoolMode, Mode, Record};
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
        ]
    };
    let rows = record.modes.iter().chain(&record.engines).map(row);
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
    ];
    let relus = table(&header, rows.collect(), 3);
    let row = |m: &MaxPoolMode| {
        vec![
            m.mode.clone(),
            m.cot.clone(),
            format!("{} values of {} bits", m.window, m.value_bits),
            format!("{:.3}", m.windows_per_second / 1e6),
            format!("{:.1}", m.bytes_per_window),
            m.error_bound.to_string(),
        ]
    };
    let rows = record.max_pools.iter().map(row).collect();
    let header = ["maxima", "OT", "window", "M windows/s", "bytes", "error <="];
    format!("{relus}\n{}\n", table(&header, rows, 3))
}
