//! The points of a record as CSV, and the best of them for people.

use std::fmt::Write;

use super::{Point, Record};
use crate::bench::table::table;

/// One table a model.
#[must_use]
pub fn render(record: &Record) -> String {
    let mut text = String::new();
    for model in record.models() {
        let points: Vec<&Point> = record.points.iter().filter(|p| p.model == model).collect();
        if let Some(Point { rows, data, .. }) = points.first() {
            let _ = writeln!(text, "{model}, {rows} rows ({data})");
        }
        let _ = writeln!(text, "{}", summary(&points));
    }
    text.push_str("cheapest first, without those that another beats in gates and largest error; * is the default\n");
    text
}

/// The points of a model that no other beats in both gates and largest error, and the default.
fn summary(points: &[&Point]) -> comfy_table::Table {
    let error = |point: &Point| point.max_abs_error_nats.unwrap_or_default();
    let beaten = |point: &Point| {
        points.iter().any(|other| {
            let gates = other.network_ands.cmp(&point.network_ands);
            let error = error(other).total_cmp(&error(point));
            gates.is_le() && error.is_le() && (gates.is_lt() || error.is_lt())
        })
    };
    let mut kept: Vec<&&Point> = points.iter().filter(|p| p.default || !beaten(p)).collect();
    kept.sort_by_key(|point| point.network_ands);
    let small = |error: Option<f64>| error.map_or_else(|| "-".into(), |e| format!("{e:.1e}"));
    let rows = kept.into_iter().map(|point| {
        let default = if point.default { " *" } else { "" };
        vec![
            format!("{} bits, {}{default}", point.fraction_bits, point.level),
            point.segments.to_string(),
            point.two_child_sum_ands.to_string(),
            point.network_ands.to_string(),
            small(point.max_abs_error_nats),
            small(point.rmse_nats),
            small(point.mean_error_nats),
        ]
    });
    let header = [
        "fraction, level",
        "segments",
        "AND a sum",
        "AND a row",
        "largest error",
        "RMSE",
        "mean error",
    ];
    table(&header, rows.collect(), 1)
}

/// One line a point.
pub(super) fn csv(points: &[Point]) -> String {
    let mut text = String::from(
        "model,rows,clamped_rows,impossible_rows,fraction_bits,word_bits,level,segments,digits,digit_products,guard_bits,dither_bits,\
         two_child_sum_ands,network_ands,max_abs_error_nats,rmse_nats,mean_error_nats,default\n",
    );
    let number = |error: Option<f64>| error.map_or_else(String::new, |error| error.to_string());
    for point in points {
        // Names may have anything in them.
        let model = point.model.replace('"', "\"\"");
        let _ = writeln!(
            text,
            "\"{model}\",{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}",
            point.rows,
            point.clamped_rows,
            point.impossible_rows,
            point.fraction_bits,
            point.word_bits,
            point.level,
            point.segments,
            point.digits,
            point.digit_products,
            point.guard_bits,
            point.dither_bits,
            point.two_child_sum_ands,
            point.network_ands,
            number(point.max_abs_error_nats),
            number(point.rmse_nats),
            number(point.mean_error_nats),
            u8::from(point.default),
        );
    }
    text
}
