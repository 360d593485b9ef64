//! Sum-product networks in fixed point: how far log-likelihoods are from float64, against the AND gates of a sum.

use serde_json::Value;

use super::spn::{networks, rows};
use crate::experiment::definition::{
    Artefact, Estimate, Experiment, Job, Plot, Point, Settings, everywhere, list, number, text,
};
use crate::experiment::published::cryptospn;
use crate::experiment::selection::Selection;
use crate::plot::{Axis, AxisScale, Figure, Lines, Mark, Sample, Series};

/// The experiment.
pub(super) const EXPERIMENT: Experiment = Experiment {
    id: "spn-accuracy",
    shows: "error of log-likelihoods against AND gates of a sum, by fraction bits and tables",
    quick: Estimate::new(60, 400),
    full: Estimate::new(180, 400),
    available: everywhere,
    jobs,
    report,
};

/// Networks of a quick run.
const QUICK: [&str; 2] = ["iris_classifier", "nltcs"];
/// Networks that the plot shows: binary variables, from 23 sums to 299; categories; counts; reals.
const SHOWN: [&str; 5] = ["nltcs", "plants", "dna", "nips100_poisson", "wine_gaussian"];

fn jobs(settings: &Settings) -> Vec<Job> {
    let mut job = Job::new("bench spn-accuracy", points)
        .option("rows", settings.by_scale(200, 1_024))
        .option("seed", settings.seed);
    job.arguments.extend(networks(settings, &QUICK));
    // Integers: repetitions would measure the same.
    vec![job]
}

fn points(record: &Value) -> Result<Vec<Point>, String> {
    let point = |entry: &Value| {
        let bits = |key: &str| number(entry, &format!("/{key}")).map(|n| Value::from(n as u64));
        let default = entry.get("default").and_then(Value::as_bool);
        let point = Point::at([
            ("model", text(entry, "/model")?.into()),
            ("data", rows(text(entry, "/data")?).into()),
            ("fraction_bits", bits("fraction_bits")?),
            ("segments", bits("segments")?),
            ("level", text(entry, "/level")?.into()),
            ("default", default.ok_or("no truth at /default")?.into()),
        ]);
        Ok(point
            .take("rows", "", entry, "/rows")?
            .take("and_gates_sum", "", entry, "/two_child_sum_ands")?
            .take("and_gates", "", entry, "/network_ands")?
            .take_if_there("error_float", "nats", entry, "/max_abs_error_nats")
            .take_if_there("error_float_rms", "nats", entry, "/rmse_nats")
            .take_if_there("error_float_mean", "nats", entry, "/mean_error_nats"))
    };
    list(record, "/points")?.iter().map(point).collect()
}

fn report(selection: &Selection) -> Vec<Artefact> {
    plot(selection).map(Artefact::Plot).into_iter().collect()
}

/// Largest error against AND gates of a sum.
fn samples(points: &Selection) -> Vec<Sample> {
    let sample = |record: &&crate::experiment::record::Record| {
        let median = |figure: &str| Some(record.figures.get(figure)?.median);
        let (x, y) = (median("and_gates_sum")?, median("error_float")?);
        (y > 0.0).then(|| Sample::exact(x, y))
    };
    points.records().iter().filter_map(sample).collect()
}

/// Those that no cheaper one is as good as, cheapest first.
fn best(mut samples: Vec<Sample>) -> Vec<Sample> {
    samples.sort_by(|a, b| a.x.total_cmp(&b.x).then(a.y.total_cmp(&b.y)));
    let mut smallest = f64::INFINITY;
    samples.retain(|sample| {
        let better = sample.y < smallest;
        smallest = smallest.min(sample.y);
        better
    });
    samples
}

fn plot(selection: &Selection) -> Option<Plot> {
    let models = selection.distinct("model");
    let named = |model: &Value| SHOWN.iter().any(|name| model == name);
    let few = models.len() <= SHOWN.len();
    let mut shown: Vec<Series> = models
        .iter()
        .filter(|model| few || named(model))
        .map(|model| {
            let name = model.as_str().unwrap_or_default().replace('_', " ");
            Series::line(name, best(samples(&selection.with("model", model.clone()))))
        })
        .filter(|series| !series.points.is_empty())
        .collect();
    let defaults = selection.with("default", true);
    if shown.is_empty() || samples(&defaults).is_empty() {
        return None;
    }
    let of_shown =
        defaults.filter(|record| few || record.parameters.get("model").is_some_and(named));
    shown.push(Series::scatter("planned by default", samples(&of_shown)));
    let sum = cryptospn::TWO_CHILD_SUM_64;
    let error = cryptospn::LOG2_64_ERROR;
    let panel = |title: &str, series: Vec<Series>, marks: Vec<Mark>| {
        Figure::Lines(Lines {
            title: title.to_owned(),
            x: Axis::new("AND gates of a sum", AxisScale::Log10),
            y: Axis::new("largest error, nats", AxisScale::Log10),
            series,
            marks,
        })
    };
    Some(Plot {
        name: "spn-error-ands",
        caption: format!(
            "Largest error of a log-likelihood over a network's rows, against float64, by AND gates of a two-child sum. Left: the best of all numbers of fraction bits and \
             tables, by network, and what is planned by default. Right: the default on every network, beside one sum node of CryptoSPN in 64 bits, \
             of {:.0} AND gates, whose logarithm is off by up to {} (log2) on 1.2 % of mantissas ({}).",
            sum.value,
            error.value,
            error.source.origin.name()
        ),
        figure: Figure::Panels(vec![
            panel("fraction bits and tables", shown, Vec::new()),
            panel(
                "beside CryptoSPN",
                vec![Series::scatter("planned by default", samples(&defaults))],
                vec![Mark {
                    x: sum.value,
                    y: error.value * std::f64::consts::LN_2,
                    label: error.system.to_owned(),
                }],
            ),
        ]),
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{artefacts, records};
    use super::*;
    use serde_json::json;

    fn design(model: &str, sum: u32, error: Option<f64>, default: bool) -> Value {
        json!({
            "model": model, "data": "data/debd/x.test.csv.gz", "rows": 100, "fraction_bits": 16, "segments": sum, "level": "fine",
            "default": default, "two_child_sum_ands": sum, "network_ands": 10 * sum, "max_abs_error_nats": error, "rmse_nats": error,
            "mean_error_nats": error
        })
    }

    #[test]
    fn a_record_becomes_a_plot() {
        let record = json!({"points": [
            design("nltcs", 300, Some(2e-4), true), design("nltcs", 400, Some(3e-4), false), design("nltcs", 500, Some(1e-4), false),
            design("empty", 300, None, true)
        ]});
        let records = records(&EXPERIMENT, 0, &record);
        assert_eq!(records[0].parameters["data"], "test split");
        let (tables, plots) = artefacts(&EXPERIMENT, &records);
        assert!(tables.is_empty());
        let Figure::Panels(panels) = &plots[0].figure else {
            panic!("no panels")
        };
        let [Figure::Lines(lines), Figure::Lines(beside)] = panels.as_slice() else {
            panic!("no lines")
        };
        let names: Vec<&str> = lines.series.iter().map(|s| s.label.as_str()).collect();
        assert_eq!(names, ["nltcs", "planned by default"]);
        let sums: Vec<f64> = lines.series[0].points.iter().map(|s| s.x).collect();
        assert_eq!(sums, [300.0, 500.0]);
        assert_eq!(beside.series[0].points.len(), 1);
        assert_eq!(beside.marks[0].x, 75_740.0);
        assert!((beside.marks[0].y - 0.0113 * 2f64.ln()).abs() < 1e-12);
    }

    #[test]
    fn the_best_are_those_that_nothing_cheaper_matches() {
        let points = [(3.0, 1.0), (1.0, 4.0), (2.0, 4.0), (2.0, 2.0), (4.0, 1.5)];
        let points = points.map(|(x, y)| Sample::exact(x, y));
        let kept = best(points.to_vec());
        let kept: Vec<(f64, f64)> = kept.iter().map(|s| (s.x, s.y)).collect();
        assert_eq!(kept, [(1.0, 4.0), (2.0, 2.0), (3.0, 1.0)]);
    }
}
