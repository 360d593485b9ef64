//! Every operation of the CKKS scheme on one thread, beside SEAL.

use serde_json::Value;

use crate::experiment::definition::{
    self, Artefact, Column, Estimate, Experiment, Job, Plot, Point, Settings, Table, everywhere,
    list, text,
};
use crate::experiment::published::{Published, Source, seal};
use crate::experiment::quantity::{number, quantity};
use crate::experiment::record::{Record, Statistic};
use crate::experiment::selection::Selection;
use crate::plot::{Axis, AxisScale, Bars, Figure, Mark, Stack};

/// The experiment.
pub(super) const EXPERIMENT: Experiment = Experiment {
    id: "ckks-ops",
    shows: "microseconds of every CKKS operation, and bits that are right after products",
    quick: Estimate::new(20, 300),
    full: Estimate::new(110, 300),
    available: everywhere,
    jobs,
    report,
};

fn jobs(settings: &Settings) -> Vec<Job> {
    let job = Job::new("bench ckks", points)
        .option("seconds", settings.by_scale("0.05", "0.2"))
        .times(settings.repetitions(2, 5));
    vec![job]
}

/// One point an operation, and one with sizes and precision a set (`part` is `set`).
fn points(record: &Value) -> Result<Vec<Point>, String> {
    let mut points = Vec::new();
    for set in list(record, "/sets")? {
        let preset = text(set, "/preset")?;
        let whole = Point::at([("part", "set".into()), ("preset", preset.into())])
            .take("degree", "", set, "/degree")?
            .take("log2_modulus", "bit", set, "/log2_modulus")?
            .take("security", "bit", set, "/security_bits")?
            .take("bytes_seeded", "B", set, "/bytes_seeded")?
            .take("bytes_ciphertext", "B", set, "/bytes_ciphertext")?
            .take("bits_fresh", "bit", set, "/precision/fresh_bits")?
            .take("bits_product", "bit", set, "/precision/product_bits")?
            .take("chain_products", "", set, "/precision/chain_products")?
            .take("bits_chain", "bit", set, "/precision/chain_bits")?;
        points.push(whole);
        for operation in list(set, "/operations")? {
            let microseconds = definition::number(operation, "/microseconds/median")?;
            let point = Point::at([
                ("part", "operation".into()),
                ("preset", preset.into()),
                ("operation", text(operation, "/operation")?.into()),
            ]);
            points.push(point.figure("seconds", "s", 1e-6 * microseconds));
        }
    }
    Ok(points)
}

/// A preset beside SEAL at primes of nearly the same sizes.
struct Compared {
    preset: &'static str,
    shape: &'static str,
}

const COMPARED: [Compared; 2] = [
    Compared {
        preset: "N8192Wide",
        shape: "N = 8192, primes of 3 x 50 and 50 bits",
    },
    Compared {
        preset: "N16384Wide",
        shape: "N = 16384, primes of 4 x 48, 4 x 47 and 50 bits",
    },
];

fn report(selection: &Selection) -> Vec<Artefact> {
    let operations = selection.with("part", "operation");
    let mut artefacts = vec![
        Artefact::Table(times(&operations)),
        Artefact::Table(precision(&selection.with("part", "set"))),
    ];
    artefacts.extend(plot(&operations).map(Artefact::Plot));
    artefacts
}

/// SEAL's time of an operation.
fn published(preset: &str, operation: &str) -> Option<&'static Published> {
    seal::at(preset).iter().find(|p| p.what == operation)
}

/// Where SEAL's figures are from.
fn source() -> String {
    let Source {
        citation,
        hardware,
        origin,
        ..
    } = seal::PROGRAM;
    format!("SEAL, {}: {citation}, on {hardware}", origin.name())
}

fn times(operations: &Selection) -> Table {
    let row = |operation: &Value| {
        let name = operation.as_str().unwrap_or_default();
        let here = operations.with("operation", name);
        let cells = COMPARED.iter().flat_map(|Compared { preset, .. }| {
            let ours = here.with("preset", *preset).statistic("seconds");
            [
                ours.map_or_else(absent, |s| quantity(s.median, "s")),
                ours.map_or_else(absent, quartiles),
                published(preset, name).map_or_else(absent, |p| quantity(p.value, p.unit)),
            ]
        });
        std::iter::once(name.to_owned()).chain(cells).collect()
    };
    let shapes = COMPARED.map(|compared| compared.shape).join("; then ");
    let mut columns = vec![Column::words("operation")];
    for _ in COMPARED {
        columns.extend(["median", "quartiles", "SEAL"].map(Column::numbers));
    }
    Table {
        name: "table-ckks",
        caption: format!(
            "CKKS operations on one thread: {shapes}. Encryption is under the secret key, with a seed in place of one half or expanded, or under \
             the public key. {}, at primes of nearly the same sizes. The machines differ: compare shapes, not digits.",
            source()
        ),
        columns,
        rows: operations.distinct("operation").iter().map(row).collect(),
    }
}

fn absent() -> String {
    "-".to_owned()
}

fn quartiles(statistic: &Statistic) -> String {
    let bounds = [statistic.lower_quartile, statistic.upper_quartile];
    bounds.map(|bound| quantity(bound, "s")).join(" to ")
}

fn precision(sets: &Selection) -> Table {
    let row = |set: &&Record| {
        let median = |figure: &str| Some(set.figures.get(figure)?.median);
        let bits = |figure: &str| Some(format!("{:.1}", median(figure)?));
        Some(vec![
            set.parameters.get("preset")?.as_str()?.to_owned(),
            number(median("degree")?),
            number(median("log2_modulus")?),
            quantity(median("bytes_ciphertext")?, "B"),
            bits("bits_fresh")?,
            bits("bits_product")?,
            number(median("chain_products")?),
            bits("bits_chain")?,
        ])
    };
    Table {
        name: "table-ckks-precision",
        caption: "Right bits of the worst slot for values on the unit circle: fresh, after a product, after as many products in a row as \
                  levels and scale allow. All sets reach 128 bits of security."
            .to_owned(),
        columns: vec![
            Column::words("preset"),
            Column::numbers("N"),
            Column::numbers("log2 of the modulus"),
            Column::numbers("ciphertext"),
            Column::numbers("fresh, bits"),
            Column::numbers("one product, bits"),
            Column::numbers("products in a row"),
            Column::numbers("after them, bits"),
        ],
        rows: sets.records().iter().filter_map(row).collect(),
    }
}

fn plot(operations: &Selection) -> Option<Plot> {
    let panels: Vec<Figure> = COMPARED
        .iter()
        .filter_map(|compared| panel(compared, &operations.with("preset", compared.preset)))
        .collect();
    (!panels.is_empty()).then(|| Plot {
        name: "ckks-ops",
        caption: format!(
            "CKKS operations on one thread: bars here, with quartiles over runs; stars {}, at primes of nearly the same sizes.",
            source()
        ),
        figure: Figure::Panels(panels),
    })
}

/// The operations that SEAL has too.
fn panel(compared: &Compared, operations: &Selection) -> Option<Figure> {
    let both: Vec<(&str, &Statistic, &Published)> = operations
        .records()
        .iter()
        .filter_map(|record| {
            let name = record.parameters.get("operation")?.as_str()?;
            let seconds = record.figures.get("seconds")?;
            Some((name, seconds, published(compared.preset, name)?))
        })
        .collect();
    if both.is_empty() {
        return None;
    }
    let mark = |(index, (.., theirs)): (usize, &(&str, &Statistic, &Published))| Mark {
        x: index as f64,
        y: 1e6 * theirs.value,
        label: theirs.system.to_owned(),
    };
    let spread = |(_, s, _): &(&str, &Statistic, &Published)| {
        (1e6 * s.lower_quartile, 1e6 * s.upper_quartile)
    };
    Some(Figure::Bars(Bars {
        title: compared.shape.to_owned(),
        categories: both.iter().map(|(name, ..)| (*name).to_owned()).collect(),
        stacks: vec![Stack {
            spread: Some(both.iter().map(spread).collect()),
            ..Stack::new(
                "Halfmask",
                both.iter().map(|(_, s, _)| 1e6 * s.median).collect(),
            )
        }],
        stacked: false,
        horizontal: true,
        value: Axis::new("time, us", AxisScale::Log10),
        marks: both.iter().enumerate().map(mark).collect(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn record() -> Value {
        let operation = |name: &str, us: f64| json!({"operation": name, "microseconds": {"median": us, "lower_quartile": us, "upper_quartile": us}});
        let set = |preset: &str| {
            json!({
                "preset": preset, "degree": 8192, "log2_modulus": 200, "security_bits": 128,
                "bytes_seeded": 1, "bytes_ciphertext": 2,
                "precision": {"fresh_bits": 20.0, "product_bits": 19.0, "chain_products": 2, "chain_bits": 18.0},
                "operations": [operation("encode", 100.0), operation("serialise", 10.0)],
            })
        };
        json!({"sets": [set("N8192"), set("N8192Wide")]})
    }

    #[test]
    fn operations_and_sets_are_points() {
        let points = points(&record()).unwrap();
        assert_eq!(points.len(), 2 * 3);
        assert!((points[1].figures[0].value / 1e-4 - 1.0).abs() < 1e-12);
        let mut bad = record();
        bad["sets"][1]["operations"][0]["microseconds"] = json!({});
        assert!(
            super::points(&bad)
                .unwrap_err()
                .contains("/microseconds/median")
        );
    }

    #[test]
    fn every_operation_of_seal_is_measured() {
        // The names in the benchmark's record.
        let known = include_str!("../../bench/ckks/operations.rs");
        for compared in &COMPARED {
            assert!(!seal::at(compared.preset).is_empty());
            for figure in seal::at(compared.preset) {
                assert!(
                    known.contains(&format!("\"{}\"", figure.what)),
                    "{}",
                    figure.what
                );
            }
        }
    }
}
