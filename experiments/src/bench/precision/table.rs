//! A record as tables for people.

use std::fmt::Write;

use super::Record;
use crate::bench::table::table;

/// All settings, the float model first.
#[must_use]
pub fn render(record: &Record) -> String {
    let mut text = String::new();
    if let Some(note) = &record.data_note {
        let _ = writeln!(text, "Note: {note}");
    }
    let percent = |share: f64| format!("{:.2} %", 100.0 * share);
    let float = percent(record.float_accuracy);
    let mut rows = vec![
        ["float", "", "", "", &float, "", "", ""]
            .map(str::to_owned)
            .to_vec(),
    ];
    rows.extend(record.points.iter().map(|point| {
        let options = point.options;
        let default = if point.default { " *" } else { "" };
        vec![
            format!("{}{default}", options.relu_width),
            options.weight_bits.to_string(),
            options.guard_bits.to_string(),
            format!("{:.0}", point.and_gates_per_relu),
            percent(point.accuracy),
            percent(point.float_agreement),
            format!("{:.2e}", point.max_error),
            format!("{:.2e}", point.mean_error),
        ]
    }));
    let header = [
        "compared bits",
        "weight bits",
        "guard bits",
        "AND a ReLU",
        "accuracy",
        "as float",
        "largest error",
        "mean error",
    ];
    let _ = writeln!(
        text,
        "{}, {} images of {}; largest score {:.1}",
        record.model, record.images, record.data, record.largest_score
    );
    let _ = writeln!(text, "{}", table(&header, rows, 1));
    for refused in &record.refused {
        let options = refused.options;
        let _ = writeln!(
            text,
            "refused: {} compared bits, {} weight bits, {} guard bits: {}",
            options.relu_width, options.weight_bits, options.guard_bits, refused.why
        );
    }
    text.push_str("* is the default; errors are of scores, against the float model\n");
    text
}
