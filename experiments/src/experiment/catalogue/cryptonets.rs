//! What the records of `bench cryptonets` say, for every experiment that runs it.

use serde_json::Value;

use crate::experiment::definition::{Point, list, number, text};

/// The figures of a run: one point for the whole (`part` is `run`), one a layer and side, and one a phase and side.
///
/// # Errors
/// What the record lacks.
pub(super) fn points(record: &Value) -> Result<Vec<Point>, String> {
    let data = text(record, "/data")?;
    let mut points = vec![whole(record, data)?];
    for layer in list(record, "/layers")? {
        let (name, kind) = (text(layer, "/name")?, text(layer, "/kind")?);
        for side in ["client", "server"] {
            let all = number(layer, &format!("/seconds_{side}"))?;
            let waiting = number(layer, &format!("/seconds_{side}_waiting"))?;
            points.push(
                Point::at([
                    ("part", "layer".into()),
                    ("layer", name.into()),
                    ("kind", kind.into()),
                    ("side", side.into()),
                ])
                .figure("seconds_computing", "s", (all - waiting).max(0.0))
                .figure("seconds_waiting", "s", waiting)
                .take("bytes", "B", layer, "/bytes")?,
            );
        }
    }
    for phase in ["setup", "offline", "online"] {
        for side in ["client", "server"] {
            let at = |what: &str| format!("/phases/{phase}/{side}/{what}");
            points.push(
                Point::at([
                    ("part", "phase".into()),
                    ("phase", phase.into()),
                    ("side", side.into()),
                ])
                .take("seconds_computing", "s", record, &at("computing"))?
                .take("seconds_waiting", "s", record, &at("waiting"))?,
            );
        }
    }
    Ok(points)
}

/// The whole run.
fn whole(record: &Value, data: &str) -> Result<Point, String> {
    let point = Point::at([("part", "run".into()), ("data", data.into())])
        .take("images", "", record, "/images")?
        .take("images_per_second", "1/s", record, "/images_per_second")?
        .take("seconds", "s", record, "/seconds_total")?
        .take("seconds_setup", "s", record, "/seconds_setup")?
        .take("accuracy", "", record, "/accuracy")?
        .take("accuracy_float", "", record, "/plain_accuracy")?
        .take("twin_agreement", "", record, "/twin_agreement")?
        .take("float_agreement", "", record, "/float_agreement")?
        .take("bytes_up", "B", record, "/bytes_per_image/client_to_server")?
        .take(
            "bytes_down",
            "B",
            record,
            "/bytes_per_image/server_to_client",
        )?
        .take(
            "bytes_setup_up",
            "B",
            record,
            "/bytes_setup/client_to_server",
        )?
        .take(
            "bytes_setup_down",
            "B",
            record,
            "/bytes_setup/server_to_client",
        )?
        .take("rounds", "", record, "/rounds")?
        .take("security", "bit", record, "/security_bits")?
        // One process with both parties, or two.
        .take_if_there("peak_memory", "B", record, "/peak_rss_bytes")
        .take_if_there("peak_memory_client", "B", record, "/peak_rss_bytes/client")
        .take_if_there("peak_memory_server", "B", record, "/peak_rss_bytes/server")
        // Of the hybrid protocol alone.
        .take_if_there("seconds_offline", "s", record, "/seconds_offline")
        .take_if_there(
            "images_per_second_online",
            "1/s",
            record,
            "/images_per_second_online",
        )
        .take_if_there("bytes_per_relu", "B", record, "/bytes_per_relu")
        .take_if_there("and_gates_per_relu", "", record, "/and_gates_per_relu")
        .take_if_there("seconds_per_relu", "s", record, "/seconds_per_relu")
        // Of this project's protocol, run in the same minute as a published one.
        .take_if_there(
            "images_per_second_beside",
            "1/s",
            record,
            "/beside/images_per_second",
        )
        .take_if_there(
            "bytes_per_relu_beside",
            "B",
            record,
            "/beside/bytes_per_relu",
        );
    Ok(point)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The committed record of a run.
    const RECORD: &str = include_str!("../../../../results/cryptonets.json");

    #[test]
    fn a_record_becomes_points() {
        let record: Value = serde_json::from_str(RECORD).unwrap();
        let points = points(&record).unwrap();
        // The run, six layers and three phases of two sides.
        assert_eq!(points.len(), 1 + 2 * 6 + 2 * 3);
        let figure = |point: &Point, name: &str| {
            let found = point.figures.iter().find(|figure| figure.name == name);
            found.unwrap().value
        };
        let layers = points
            .iter()
            .filter(|point| point.parameters.get("part") == Some(&"layer".into()));
        let client = layers.filter(|point| point.parameters.get("side") == Some(&"client".into()));
        let bytes: f64 = client.map(|point| figure(point, "bytes")).sum();
        let run = &points[0];
        let all = figure(run, "bytes_up") + figure(run, "bytes_down");
        assert!((bytes / figure(run, "images") / all - 1.0).abs() < 1e-3);
    }

    #[test]
    fn what_is_missing_is_named() {
        let mut record: Value = serde_json::from_str(RECORD).unwrap();
        record.as_object_mut().unwrap().remove("rounds");
        assert!(points(&record).unwrap_err().contains("/rounds"));
    }
}
