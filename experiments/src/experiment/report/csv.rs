//! The points of a run as CSV, in long form: a line a figure, a column a parameter.

use std::collections::BTreeSet;
use std::fmt::Write;

use serde_json::Value;

use crate::experiment::record::Record;

/// Columns before the parameters.
const RUN: [&str; 3] = ["experiment", "run", "scale"];
/// Columns after them. Those of the machine have a prefix, for `simd` and `cores` may be parameters.
const FIGURE: [&str; 11] = [
    "figure",
    "unit",
    "median",
    "lower_quartile",
    "upper_quartile",
    "repetitions",
    "commit",
    "dirty",
    "machine_cpu",
    "machine_cores",
    "machine_simd",
];

/// All figures of these records, in their order.
#[must_use]
pub fn render(records: &[&Record]) -> String {
    let keys: BTreeSet<&str> = records
        .iter()
        .flat_map(|record| record.parameters.keys().map(String::as_str))
        .collect();
    let mut text = String::new();
    line(
        &mut text,
        RUN.into_iter().chain(keys.iter().copied()).chain(FIGURE),
    );
    for record in records {
        let parameters = keys
            .iter()
            .map(|&key| record.parameters.get(key).map(plain));
        let parameters: Vec<String> = parameters.map(Option::unwrap_or_default).collect();
        let from = &record.provenance;
        let dirty = from
            .dirty
            .map_or_else(String::new, |dirty| dirty.to_string());
        let cores = from.cores.to_string();
        for (name, statistic) in &record.figures {
            let numbers = [
                statistic.median.to_string(),
                statistic.lower_quartile.to_string(),
                statistic.upper_quartile.to_string(),
                record.repetitions.to_string(),
            ];
            let before = [record.experiment.as_str(), &record.run, record.scale.name()];
            let fields = before
                .into_iter()
                .chain(parameters.iter().map(String::as_str))
                .chain([name.as_str(), &statistic.unit])
                .chain(numbers.iter().map(String::as_str))
                .chain([from.commit.as_str(), &dirty, &from.cpu, &cores, &from.simd]);
            line(&mut text, fields);
        }
    }
    text
}

/// A parameter without the quotes of JSON.
fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// Appends a line; fields with a separator, a quote or a line's end are quoted.
fn line<'a>(text: &mut String, fields: impl Iterator<Item = &'a str>) {
    for (i, field) in fields.enumerate() {
        if i > 0 {
            text.push(',');
        }
        if field.contains([',', '"', '\n', '\r']) {
            let _ = write!(text, "\"{}\"", field.replace('"', "\"\""));
        } else {
            text.push_str(field);
        }
    }
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::definition::{Scale, parameters};
    use crate::experiment::store::tests::record;

    #[test]
    fn every_parameter_is_a_column_and_every_figure_a_line() {
        let at = [
            parameters([("batch", 64.into()), ("simd", "avx2".into())]),
            parameters([("layer", "a, \"b\"".into())]),
        ];
        let run = "2026-01-01T00:00:00Z";
        let records = at.map(|at| record(run, Scale::Full, at, &[0.5, 1.5]));
        let text = render(&records.iter().collect::<Vec<_>>());
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 3);
        let header = "experiment,run,scale,batch,layer,simd,figure,unit,median,";
        assert!(lines[0].starts_with(header), "{text}");
        let first = format!("test,{run},full,64,,avx2,seconds,s,1,0.75,1.25,2,");
        assert!(lines[1].starts_with(&first), "{text}");
        let second = format!("test,{run},full,,\"a, \"\"b\"\"\",,seconds,s,");
        assert!(lines[2].starts_with(&second), "{text}");
    }
}
