//! The record as tables for people.

use std::fmt::Write;

use super::record::{Figures, Record};
use crate::bench::table::{bytes, table};

/// All tables of a record.
#[must_use]
pub fn render(record: &Record) -> String {
    let mut text = String::new();
    if record.debug_assertions {
        text.push_str("Note: a build with debug assertions: not one to measure (use --release)\n");
    }
    let header = [
        "model",
        "profile",
        "network",
        "sums",
        "edges",
        "AND a row",
        "AND a sum",
        "bytes a row",
        "rounds",
        "set-up",
        "row, online",
        "row",
        "rows/s",
        "largest error",
        "RMSE",
        "labels",
    ];
    let rows = record.models.iter().map(row).collect();
    let _ = writeln!(text, "{}", table(&header, rows, 3));
    for ratio in &record.ratios {
        let published = ratio.and_gates_published;
        let published =
            published.map(|times| format!(" ({times:.1} times fewer than its published circuits)"));
        let _ = writeln!(
            text,
            "{}, {}: {:.1} times fewer AND than {}{}, {:.1} times the rows a second, {:.1} times fewer bytes",
            ratio.model,
            ratio.network,
            ratio.and_gates,
            ratio.against,
            published.unwrap_or_default(),
            ratio.rows_per_second,
            ratio.bytes_per_row
        );
    }
    for figures in &record.models {
        notes(&mut text, figures);
    }
    text.push_str("errors in nats against float64; every answer is bit for bit what the evaluation in the clear gives\n");
    text
}

fn row(figures: &Figures) -> Vec<String> {
    let milliseconds = |seconds: f64| format!("{:.2} ms", 1e3 * seconds);
    let small = |error: Option<f64>| error.map_or_else(|| "-".into(), |e| format!("{e:.1e}"));
    let ands = figures.circuit.two_child_sum_ands;
    let labels = figures.label_agreement;
    vec![
        figures.model.clone(),
        figures.profile.to_string(),
        figures.network.to_string(),
        figures.sums.to_string(),
        figures.edges.to_string(),
        figures.circuit.and_gates.to_string(),
        ands.map_or_else(|| "-".into(), |ands| ands.to_string()),
        bytes(figures.bytes_per_row),
        figures.rounds.to_string(),
        format!("{:.2} s", figures.seconds_setup),
        milliseconds(figures.seconds_row_online),
        milliseconds(figures.seconds_row_total),
        format!("{:.1}", figures.rows_per_second),
        small(figures.max_abs_error_nats),
        small(figures.rmse_nats),
        labels.map_or_else(|| "-".into(), |share| format!("{:.2} %", 100.0 * share)),
    ]
}

fn notes(text: &mut String, figures: &Figures) {
    let Figures {
        model,
        profile,
        network,
        rows,
        clamped_rows,
        impossible_rows,
        ..
    } = figures;
    let _ = writeln!(
        text,
        "{model} by {profile}, {network}: {rows} rows ({})",
        figures.data
    );
    if figures.floored > 0 {
        let _ = writeln!(
            text,
            "  {} leaves or weights raised to floors: errors include what that changes",
            figures.floored
        );
    }
    if *clamped_rows > 0 {
        let _ = writeln!(
            text,
            "  {clamped_rows} with values outside public ranges, not compared"
        );
    }
    if *impossible_rows > 0 {
        let _ = writeln!(
            text,
            "  {impossible_rows} of likelihood 0 in float64, not compared"
        );
    }
    for apart in &figures.labels_apart {
        let _ = writeln!(
            text,
            "  row {}: class {}, in float64 {} by {:.1e} nats",
            apart.row, apart.class, apart.float_class, apart.margin
        );
    }
}
