//! Sum-product networks, and the sizes of all models.

use super::select::{largest, medians, smallest};
use super::tolerance::{COUNTED, LINKED, PAGES, RATIO, TIMED};
use super::{Bound, Claim};
use crate::experiment::published::cryptospn;
use crate::experiment::record::Record;
use crate::experiment::selection::Selection;

/// The claims, in the order in which tables show them.
pub(super) const CLAIMS: &[Claim] = &[
    Claim {
        id: "spn-error",
        statement: "largest error of a log-likelihood against float64, all committed sum-product networks",
        headline: Some("sum-product networks: largest error of a log-likelihood"),
        experiment: "spn-cost",
        select: sums_error,
        unit: "nats",
        bound: Bound::AtMost(1e-3),
        tolerance: COUNTED,
        published: None,
    },
    Claim {
        id: "spn-sum-ands",
        statement: "AND gates of a two-child sum, the most of all networks",
        headline: Some("AND gates of a two-child sum"),
        experiment: "spn-cost",
        select: sum_gates,
        unit: "",
        bound: Bound::AtMost(350.0),
        tolerance: COUNTED,
        published: Some(&cryptospn::TWO_CHILD_SUM_32),
    },
    Claim {
        id: "spn-ands-ratio",
        statement: "times fewer AND gates than by CryptoSPN's published counts in 32 bits, the least of all networks",
        headline: Some("times fewer AND gates a row than CryptoSPN's circuits take"),
        experiment: "spn-cost",
        select: gates_against_published,
        unit: "x",
        bound: Bound::AtLeast(100.0),
        tolerance: COUNTED,
        published: None,
    },
    Claim {
        id: "spn-ands-ratio-built",
        statement: "times fewer AND gates than CryptoSPN's arithmetic with float circuits built here, the least of all networks",
        headline: None,
        experiment: "spn-cost",
        select: gates_against_built,
        unit: "x",
        bound: Bound::AtLeast(20.0),
        tolerance: COUNTED,
        published: None,
    },
    Claim {
        id: "spn-rate-ratio",
        statement: "times the rows a second of the same, the least of all networks",
        headline: None,
        experiment: "spn-cost",
        select: rows_against_built,
        unit: "x",
        bound: Bound::AtLeast(13.0),
        tolerance: RATIO,
        published: None,
    },
    Claim {
        id: "spn-latency",
        statement: "one row of the NLTCS network",
        headline: Some("one row of the NLTCS network"),
        experiment: "spn-cost",
        select: row_time,
        unit: "s",
        bound: Bound::AtMost(0.01),
        tolerance: TIMED,
        published: None,
    },
    Claim {
        id: "spn-latency-wan",
        statement: "one row of the NLTCS network over 100 Mbit/s and 40 ms",
        headline: None,
        experiment: "spn-cost",
        select: row_time_wan,
        unit: "s",
        bound: Bound::AtMost(0.5),
        tolerance: LINKED,
        published: None,
    },
    Claim {
        id: "spn-throughput",
        statement: "rows a second of the NLTCS network, in a batch",
        headline: Some("rows of the NLTCS network, in a batch"),
        experiment: "spn-cost",
        select: row_rate,
        unit: "rows/s",
        bound: Bound::AtLeast(1000.0),
        tolerance: TIMED,
        published: None,
    },
    Claim {
        id: "spn-default-error",
        statement: "largest error with the settings that networks get by default",
        headline: None,
        experiment: "spn-accuracy",
        select: default_error,
        unit: "nats",
        bound: Bound::AtMost(1e-3),
        tolerance: COUNTED,
        published: None,
    },
    Claim {
        id: "zoo-memory",
        statement: "memory of both parties, the most of all committed models",
        headline: None,
        experiment: "zoo",
        select: memory_of_models,
        unit: "B",
        bound: Bound::AtMost(1e9),
        tolerance: PAGES,
        published: None,
    },
    Claim {
        id: "spn-large-memory",
        statement: "memory of both parties for a sum-product network of 100,000 edges",
        headline: None,
        experiment: "scaling",
        select: memory_of_edges,
        unit: "B",
        bound: Bound::AtMost(500e6),
        tolerance: PAGES,
        published: None,
    },
];

/// This project's protocol, or a profile to compare with, over one network.
fn sums<'a>(run: &Selection<'a>, profile: &str, network: &str) -> Selection<'a> {
    run.with("profile", profile).with("network", network)
}

fn sums_error(run: &Selection) -> Option<f64> {
    largest(medians(&sums(run, "halfmask", "loopback"), "error_float"))
}

fn sum_gates(run: &Selection) -> Option<f64> {
    largest(medians(&sums(run, "halfmask", "loopback"), "and_gates_sum"))
}

/// The smallest ratio, of all models, between this project's protocol and CryptoSPN's arithmetic in 32 bits.
fn against_floats(
    run: &Selection,
    ratio: impl Fn(&Selection, &Selection) -> Option<f64>,
) -> Option<f64> {
    let (ours, floats) = (
        sums(run, "halfmask", "loopback"),
        sums(run, "cryptospn-32", "loopback"),
    );
    let models = ours.distinct("model").into_iter();
    smallest(models.filter_map(|model| {
        ratio(
            &ours.with("model", model.clone()),
            &floats.with("model", model),
        )
    }))
}

fn gates_against_published(run: &Selection) -> Option<f64> {
    against_floats(run, |ours, floats| {
        Some(floats.median("and_gates_published")? / ours.median("and_gates")?)
    })
}

fn gates_against_built(run: &Selection) -> Option<f64> {
    against_floats(run, |ours, floats| {
        Some(floats.median("and_gates")? / ours.median("and_gates")?)
    })
}

fn rows_against_built(run: &Selection) -> Option<f64> {
    against_floats(run, |ours, floats| {
        Some(ours.median("rows_per_second")? / floats.median("rows_per_second")?)
    })
}

/// The network that figures of one row are of.
fn nltcs<'a>(run: &Selection<'a>, network: &str) -> Selection<'a> {
    sums(run, "halfmask", network).with("model", "nltcs")
}

fn row_time(run: &Selection) -> Option<f64> {
    nltcs(run, "loopback").median("seconds")
}

fn row_time_wan(run: &Selection) -> Option<f64> {
    nltcs(run, "wan").median("seconds")
}

fn row_rate(run: &Selection) -> Option<f64> {
    nltcs(run, "loopback").median("rows_per_second")
}

/// The settings that a network gets without being asked for others.
fn default_error(run: &Selection) -> Option<f64> {
    largest(medians(&run.with("default", true), "error_float"))
}

/// Both parties in one process, or the sum of two.
fn memory_of_models(run: &Selection) -> Option<f64> {
    let both = |record: &&Record| {
        let median = |figure: &str| Some(record.figures.get(figure)?.median);
        let sum = || Some(median("peak_memory_client")? + median("peak_memory_server")?);
        median("peak_memory").or_else(sum)
    };
    largest(run.records().iter().filter_map(both))
}

/// Of networks of 100,000 edges or more.
fn memory_of_edges(run: &Selection) -> Option<f64> {
    let large = |record: &Record| record.figures.get("edges").is_some_and(|n| n.median >= 1e5);
    largest(medians(
        &run.with("sweep", "model").filter(large),
        "peak_memory",
    ))
}
