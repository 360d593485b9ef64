//! The linear layers of CryptoNets under encryption: packings by number of images, and where they cross.

use serde_json::Value;

use super::series::line;
use crate::experiment::definition::{
    Artefact, Column, Estimate, Experiment, Job, Plot, Point, Settings, Table, everywhere, list,
    number, text,
};
use crate::experiment::quantity::{number as digits, quantity};
use crate::experiment::record::{Record, Statistic};
use crate::experiment::selection::Selection;
use crate::plot::{Axis, AxisScale, Figure, Lines};

/// The experiment.
pub(super) const EXPERIMENT: Experiment = Experiment {
    id: "linear-layers",
    shows: "time and bytes of linear layers under encryption by packing and number of images",
    quick: Estimate::new(30, 500),
    full: Estimate::new(150, 800),
    available: everywhere,
    jobs,
    report,
};

const QUICK: &str = "1,4,16,64,256,2048";
const FULL: &str = "1,2,4,8,16,32,64,128,256,512,1024,2048,4096,8192";

fn jobs(settings: &Settings) -> Vec<Job> {
    let job = Job::new("bench linear", points)
        .option("images", settings.by_scale(QUICK, FULL))
        .times(settings.repetitions(1, 5));
    vec![job]
}

/// One point a run, figures of an image, and one a setting (`part` is `setting`).
fn points(record: &Value) -> Result<Vec<Point>, String> {
    let mut points = Vec::new();
    for setting in list(record, "/settings")? {
        let point = at("setting", setting)?
            .take("inputs", "", setting, "/inputs")?
            .take("outputs", "", setting, "/outputs")?
            .take("degree", "", setting, "/degree")?
            .take("log2_modulus", "bit", setting, "/log2_modulus")?
            .take("security", "bit", setting, "/security_bits")?
            .take("images_per_ciphertext", "", setting, "/images")?
            .take("bytes_keys", "B", setting, "/bytes_keys")?;
        points.push(point);
    }
    for run in list(record, "/runs")? {
        let images = number(run, "/images")?;
        let each = |what: &str| Ok::<_, String>(number(run, what)? / images);
        let (client, server) = (each("/seconds_client")?, each("/seconds_server")?);
        let mut point = at("run", run)?
            .figure("seconds", "s", client + server)
            .figure("seconds_client", "s", client)
            .figure("seconds_server", "s", server)
            .figure("bytes_up", "B", each("/bytes_up")?)
            .figure("bytes_down", "B", each("/bytes_down")?)
            .figure(
                "error_float",
                "",
                number(run, "/error")? / number(run, "/largest")?,
            );
        let count = run.get("images").cloned().unwrap_or_default();
        point.parameters.insert("images".to_owned(), count);
        points.push(point);
    }
    Ok(points)
}

fn at(part: &str, entry: &Value) -> Result<Point, String> {
    Ok(Point::at([
        ("part", part.into()),
        ("layer", text(entry, "/layer")?.into()),
        ("packing", text(entry, "/packing")?.into()),
    ]))
}

/// The packing whose cost is a number of images times that of one.
const SINGLE: &str = "image-slots";

/// Packings as figures name them.
const PACKINGS: [(&str, &str); 3] = [
    ("batch-coefficients", "batch in coefficients, 30-bit prime"),
    ("batch-slots", "batch in CKKS slots"),
    (SINGLE, "image in CKKS slots"),
];

fn report(selection: &Selection) -> Vec<Artefact> {
    let mut artefacts = vec![Artefact::Table(table(selection))];
    artefacts.extend(plot(selection).map(Artefact::Plot));
    artefacts
}

/// A layer's name with its shape.
fn title(settings: &Selection, layer: &str) -> String {
    let settings = settings.with("layer", layer);
    let first = settings.records().first();
    let size = |figure: &str| Some(digits(first?.figures.get(figure)?.median));
    match (size("inputs"), size("outputs")) {
        (Some(inputs), Some(outputs)) => format!("{layer}: {inputs} to {outputs}"),
        _ => layer.to_owned(),
    }
}

fn plot(selection: &Selection) -> Option<Plot> {
    let (runs, settings) = (
        selection.with("part", "run"),
        selection.with("part", "setting"),
    );
    let panels: Vec<Figure> = runs
        .distinct("layer")
        .iter()
        .filter_map(|layer| {
            let layer = layer.as_str()?;
            let of_layer = runs.with("layer", layer);
            let series = PACKINGS.iter().map(|(packing, label)| {
                let seconds = of_layer
                    .with("packing", *packing)
                    .series("images", "seconds");
                line(label, &seconds, 1e3)
            });
            Some(Figure::Lines(Lines {
                title: title(&settings, layer),
                x: Axis::new("images", AxisScale::Log2),
                y: Axis::new("time an image, ms", AxisScale::Log10),
                series: series.filter(|series| !series.points.is_empty()).collect(),
                marks: Vec::new(),
            }))
        })
        .collect();
    (!panels.is_empty()).then(|| Plot {
        name: "linear-packings",
        caption: "Linear layers of CryptoNets under encryption on one thread, client and server together, by packing. A batch costs nearly \
                  the same until its ciphertexts are full, at 2,048 images; an image of its own ciphertext always costs the same and is not \
                  run beyond 64. All parameters reach 128 bits of security."
            .to_owned(),
        figure: Figure::Panels(panels),
    })
}

fn table(selection: &Selection) -> Table {
    let (runs, settings) = (
        selection.with("part", "run"),
        selection.with("part", "setting"),
    );
    Table {
        name: "table-linear",
        caption: "A linear layer under encryption, by packing: client and server on one thread, client apart; bytes both ways; the most \
                  images of a run, and one. A batch is cheaper than images of their own ciphertexts from so many images on, between \
                  measured numbers by interpolation. Keys are sent once. The error is of the largest output."
            .to_owned(),
        columns: vec![
            Column::words("layer"),
            Column::words("packing"),
            Column::numbers("one image"),
            Column::numbers("traffic"),
            Column::numbers("images"),
            Column::numbers("time an image"),
            Column::numbers("of it client"),
            Column::numbers("traffic an image"),
            Column::numbers("keys"),
            Column::numbers("error"),
            Column::numbers("cheaper from"),
        ],
        rows: settings
            .records()
            .iter()
            .filter_map(|setting| row(&runs, &settings, setting))
            .collect(),
    }
}

fn row(runs: &Selection, settings: &Selection, setting: &Record) -> Option<Vec<String>> {
    let parameter = |key: &str| setting.parameters.get(key)?.as_str();
    let (layer, packing) = (parameter("layer")?, parameter("packing")?);
    let of_layer = runs.with("layer", layer);
    let own = of_layer.with("packing", packing);
    let seconds = own.series("images", "seconds");
    let most = seconds.last()?.0;
    let least = seconds.first()?.0;
    let at = |images: f64| {
        own.filter(|record| record.parameters.get("images").and_then(Value::as_f64) == Some(images))
    };
    let (most_run, least_run) = (at(most), at(least));
    let traffic = |run: &Selection| {
        Some(quantity(
            run.median("bytes_up")? + run.median("bytes_down")?,
            "B",
        ))
    };
    let time = |run: &Selection, figure: &str| Some(quantity(run.median(figure)?, "s"));
    let single = of_layer.with("packing", SINGLE).series("images", "seconds");
    let crossing = (packing != SINGLE).then(|| crossing(&seconds, &single));
    let cheaper_from = crossing
        .flatten()
        .map_or_else(|| "-".to_owned(), |n| digits(n.ceil()));
    Some(vec![
        title(settings, layer),
        packing.to_owned(),
        time(&least_run, "seconds")?,
        traffic(&least_run)?,
        digits(most),
        time(&most_run, "seconds")?,
        time(&most_run, "seconds_client")?,
        traffic(&most_run)?,
        quantity(setting.figures.get("bytes_keys")?.median, "B"),
        format!("{:.1e}", most_run.median("error_float")?),
        cheaper_from,
    ])
}

/// The number of images from which a batch takes less time an image than single images do: the latter cost the same however many they
/// are, and the former falls as a power of their number between measured points.
fn crossing(batch: &[(f64, &Statistic)], single: &[(f64, &Statistic)]) -> Option<f64> {
    let target = single.last()?.1.median.ln();
    let (fewest, at_once) = batch.first()?;
    if at_once.median.ln() <= target {
        return Some(*fewest);
    }
    let points: Vec<(f64, f64)> = batch.iter().map(|(n, s)| (n.ln(), s.median.ln())).collect();
    points.windows(2).find_map(|pair| {
        let [(x0, y0), (x1, y1)] = *pair else {
            return None;
        };
        (y0 > target && y1 <= target).then(|| (x0 + (x1 - x0) * (y0 - target) / (y0 - y1)).exp())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::catalogue::testing::reported;
    use serde_json::json;

    #[test]
    fn figures_are_of_an_image() {
        let setting = json!({
            "layer": "fc1", "packing": "batch-slots", "inputs": 845, "outputs": 100, "degree": 2048, "log2_modulus": 38,
            "security_bits": 128, "images": 2048, "bytes_keys": 10,
        });
        let run = json!({
            "layer": "fc1", "packing": "batch-slots", "images": 4, "seconds_client": 1.0, "seconds_server": 3.0,
            "bytes_up": 8, "bytes_down": 4, "error": 0.1, "largest": 2.0,
        });
        let record = json!({"settings": [setting], "runs": [run]});
        let points = points(&record).unwrap();
        assert_eq!(points[1].parameters.get("images"), Some(&json!(4)));
        let figure = |name: &str| {
            points[1]
                .figures
                .iter()
                .find(|f| f.name == name)
                .unwrap()
                .value
        };
        assert_eq!(figure("seconds"), 1.0);
        assert_eq!([figure("bytes_up"), figure("bytes_down")], [2.0, 1.0]);
        assert_eq!(figure("error_float"), 0.05);
        let (table, plots) = reported(&EXPERIMENT, &record);
        assert_eq!((table.rows.len(), plots.len()), (1, 1));
        assert!(
            super::points(&json!({"settings": []}))
                .unwrap_err()
                .contains("/runs")
        );
    }

    #[test]
    fn packings_cross_between_points() {
        let statistic = |seconds: f64| Statistic::of("s", vec![seconds]).unwrap();
        // A batch of 1.6 s, whatever is in it, against 0.1 s an image.
        let batch: Vec<(f64, Statistic)> = [1.0, 4.0, 64.0].map(|n| (n, statistic(1.6 / n))).into();
        let batch: Vec<(f64, &Statistic)> = batch.iter().map(|(n, s)| (*n, s)).collect();
        let of = |seconds: f64| {
            let one = statistic(seconds);
            crossing(&batch, &[(1.0, &one)])
        };
        assert!((of(0.1).unwrap() - 16.0).abs() < 1e-9);
        // Never, and from the first image on.
        assert_eq!(of(1e-3), None);
        assert_eq!(of(2.0), Some(1.0));
    }
}
