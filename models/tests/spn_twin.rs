#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]
//! The integer twin against float64 on two networks learned by SPFlow, 1,000 test rows each: whole, and with variables missing.
//!
//! The networks and the rows are not part of the repository: without them the tests say so and pass.

use std::io::Read;
use std::path::PathBuf;

use halfmask_models::spn::float::Evaluator;
use halfmask_models::spn::graph::Evidence;
use halfmask_models::spn::import;
use halfmask_models::spn::lower::{PlanOptions, plan};
use halfmask_models::spn::query::{Query, Results};
use halfmask_models::spn::twin::Twin;

const ROWS: usize = 1000;

fn gunzip(path: PathBuf) -> Vec<Vec<f64>> {
    let mut text = String::new();
    let file = std::fs::File::open(path).unwrap();
    flate2::read::GzDecoder::new(file)
        .read_to_string(&mut text)
        .unwrap();
    let lines = text.lines().take(ROWS);
    lines
        .map(|line| {
            line.split(',')
                .map(|field| field.parse().unwrap())
                .collect()
        })
        .collect()
}

fn within_a_thousandth(name: &str) {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    if !root.join("spn").is_dir() {
        println!("skipped: no reference networks in {}", root.display());
        return;
    }
    let spn = import::import_file(&root.join(format!("spn/{name}.json")))
        .unwrap()
        .spn;
    let test = gunzip(root.join(format!("debd/{name}.test.csv.gz")));
    let mask = gunzip(root.join(format!("spn/{name}.rowmask.csv.gz")));
    let planned = plan(&spn, &PlanOptions::default()).unwrap();
    let shape = &planned.shape;
    println!(
        "{name}: {} leaf groups, {} two-input sums, {} baked constants, {} statistics, words of {} bits, {:?}",
        shape.groups,
        shape.log_sums,
        shape.baked,
        shape.statistics,
        shape.widths.word,
        planned.floors
    );
    let (float, twin) = (Evaluator::new(&spn), Twin::new(&planned).unwrap());
    let evidence = |missing: &dyn Fn(usize, usize) -> bool| -> Vec<Vec<Evidence>> {
        let rows = test.iter().enumerate();
        let field = |r, (v, x): (usize, &f64)| {
            if missing(r, v) {
                Evidence::Missing
            } else {
                Evidence::Observed(*x)
            }
        };
        rows.map(|(r, row)| row.iter().enumerate().map(|f| field(r, f)).collect())
            .collect()
    };
    let all = evidence(&|_, _| false);
    let marginal = evidence(&|r, v| mask[r][v] == 1.0);
    let given: Vec<usize> = (0..test[0].len() / 2).collect();
    let cases = [
        (
            "likelihood",
            &all,
            Query::Likelihood,
            float.log_likelihood(&all).unwrap(),
        ),
        (
            "marginal",
            &marginal,
            Query::Likelihood,
            float.log_likelihood(&marginal).unwrap(),
        ),
        (
            "conditional",
            &all,
            Query::Conditional {
                given: given.clone(),
            },
            float.conditional(&all, &given).unwrap(),
        ),
    ];
    for (what, rows, query, expected) in cases {
        let answer = twin.answer(rows, &query).unwrap();
        let Results::LogLikelihoods(values) = answer.results else {
            panic!()
        };
        let errors: Vec<f64> = values.iter().zip(&expected).map(|(a, b)| a - b).collect();
        let worst = errors.iter().fold(0.0f64, |w, e| w.max(e.abs()));
        let mean = errors.iter().sum::<f64>() / ROWS as f64;
        let rmse = (errors.iter().map(|e| e * e).sum::<f64>() / ROWS as f64).sqrt();
        println!("{name} {what}: max {worst:.2e}, RMSE {rmse:.2e}, mean {mean:+.1e} nats");
        assert!(worst <= 1e-3, "{name} {what}: {worst}");
    }
}

#[test]
fn nltcs_within_a_thousandth() {
    within_a_thousandth("nltcs");
}

#[test]
fn msnbc_within_a_thousandth() {
    within_a_thousandth("msnbc");
}
