//! What experiments on sum-product networks share: which networks, and what the records of `bench spn` say.

use serde_json::Value;

use crate::experiment::definition::{Point, Settings, list, text};
use crate::spn::source;

/// The networks that there are: all of them, or quickly those of `quick`.
pub(super) fn networks(settings: &Settings, quick: &[&str]) -> Vec<String> {
    let mut names = source::names();
    if settings.quick() {
        names.retain(|name| quick.contains(&name.as_str()));
    }
    names
}

/// Where rows are from, without the folder in which somebody keeps them.
pub(super) fn rows(data: &str) -> &'static str {
    if data.starts_with(source::SAMPLED) {
        "sampled"
    } else {
        "test split"
    }
}

/// The figures of a run: a point for every network and profile.
///
/// # Errors
/// What the record lacks.
pub(super) fn points(record: &Value) -> Result<Vec<Point>, String> {
    let point = |entry: &Value| {
        let name = |key: &str| text(entry, &format!("/{key}"));
        let mut point = Point::at([
            ("model", name("model")?.into()),
            ("profile", name("profile")?.into()),
            ("network", name("network")?.into()),
            ("data", rows(name("data")?).into()),
        ]);
        for (figure, unit, key) in [
            ("variables", "", "variables"),
            ("sums", "", "sums"),
            ("products", "", "products"),
            ("leaves", "", "leaves"),
            ("depth", "", "depth"),
            ("and_gates", "", "and_gates"),
            ("bytes_setup", "B", "bytes_setup"),
            ("bytes_per_row", "B", "bytes_per_row"),
            ("bytes_single_row", "B", "bytes_per_row_single"),
            ("rounds", "", "rounds"),
            ("seconds_setup", "s", "seconds_setup"),
            ("seconds_online", "s", "seconds_row_online"),
            ("seconds", "s", "seconds_row_total"),
            ("rows_per_second", "1/s", "rows_per_second"),
            ("rows", "", "rows"),
        ] {
            point = point.take(figure, unit, entry, &format!("/{key}"))?;
        }
        for (figure, unit, key) in [
            ("and_gates_published", "", "and_gates_published"),
            ("and_gates_sum", "", "two_child_sum_ands"),
            ("two_child_sums", "", "two_child_sums"),
            ("error_float", "nats", "max_abs_error_nats"),
            ("error_float_rms", "nats", "rmse_nats"),
            ("label_agreement", "", "label_agreement"),
        ] {
            point = point.take_if_there(figure, unit, entry, &format!("/{key}"));
        }
        Ok(point)
    };
    let points: Vec<Point> = list(record, "/models")?
        .iter()
        .map(point)
        .collect::<Result<_, String>>()?;
    // Memory is that of the process, whatever it ran: a figure of a network only where it ran no other.
    Ok(match <[Point; 1]>::try_from(points) {
        Ok([only]) => vec![only.take_if_there("peak_memory", "B", record, "/peak_rss_bytes")],
        Err(points) => points,
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use serde_json::json;

    /// An entry of a record of `bench spn`.
    pub fn run(
        model: &str,
        profile: &str,
        gates: u32,
        published: Option<u32>,
        rows_per_second: f64,
    ) -> Value {
        json!({
            "model": model, "profile": profile, "network": "loopback", "data": "sampled from the model, seed 1", "variables": 16,
            "sums": 20, "products": 30, "leaves": 100, "depth": 7, "and_gates": gates, "and_gates_published": published,
            "bytes_setup": 1e6, "bytes_per_row": 2.5e5, "bytes_per_row_single": 4e5, "rounds": 4, "seconds_setup": 0.1,
            "seconds_row_online": 5e-4, "seconds_row_total": 1e-3, "rows_per_second": rows_per_second, "rows": 8,
            "max_abs_error_nats": 2e-4, "rmse_nats": 1e-4, "label_agreement": null
        })
    }

    #[test]
    fn memory_is_that_of_a_process_with_one_network() {
        let one = run("a", "halfmask", 8_000, None, 7_000.0);
        let two = run("b", "halfmask", 9_000, None, 6_000.0);
        let memory = |models: &[&Value]| -> Vec<bool> {
            let record = json!({"models": models, "peak_rss_bytes": 1e8});
            let points = points(&record).unwrap().into_iter();
            let has = |point: Point| {
                point
                    .figures
                    .iter()
                    .any(|figure| figure.name == "peak_memory")
            };
            points.map(has).collect()
        };
        assert_eq!(memory(&[&one]), [true]);
        assert_eq!(memory(&[&one, &two]), [false, false]);
    }

    #[test]
    fn where_rows_are_from_names_no_folder() {
        assert_eq!(rows("sampled from the model, seed 7"), "sampled");
        assert_eq!(rows("../data/debd/nltcs.test.csv.gz"), "test split");
    }

    #[test]
    fn what_is_missing_is_named() {
        let mut entry = run("a", "halfmask", 8_000, None, 7_000.0);
        entry.as_object_mut().unwrap().remove("rounds");
        let why = points(&json!({"models": [entry]})).unwrap_err();
        assert!(why.contains("/rounds"), "{why}");
    }
}
