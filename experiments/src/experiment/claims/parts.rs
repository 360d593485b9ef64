//! The parts: ReLU and maxima, garbling, oblivious transfer, CKKS, linear layers.

use super::select::{largest, medians};
use super::tolerance::{COUNTED, NOISE, STOCK, TIMED};
use super::{Bound, Claim};
use crate::experiment::published::{garbling, mp2ml, relu};
use crate::experiment::record::Record;
use crate::experiment::selection::Selection;

/// The claims, in the order in which tables show them.
pub(super) const CLAIMS: &[Claim] = &[
    Claim {
        id: "relu-bytes-ot",
        statement: "bytes a ReLU by look-ups on silent oblivious transfer, 12 bits compared",
        headline: Some("bytes a ReLU, look-ups on silent OT"),
        experiment: "relu-cost",
        select: relu_bytes_ot,
        unit: "B",
        bound: Bound::AtMost(25.0),
        tolerance: STOCK,
        published: Some(&mp2ml::RELU_BYTES),
    },
    Claim {
        id: "relu-bytes-garbled",
        statement: "bytes a ReLU with garbled signs, 12 bits compared",
        headline: Some("bytes a ReLU, garbled signs"),
        experiment: "relu-cost",
        select: relu_bytes_garbled,
        unit: "B",
        bound: Bound::AtMost(400.0),
        tolerance: COUNTED,
        published: Some(&mp2ml::RELU_BYTES),
    },
    Claim {
        id: "relu-bytes-32",
        statement: "bytes a ReLU by look-ups on silent oblivious transfer, 32 bits compared",
        headline: None,
        experiment: "relu-cost",
        select: relu_bytes_wide,
        unit: "B",
        bound: Bound::AtMost(48.0),
        tolerance: STOCK,
        published: Some(&relu::CHEETAH_BYTES),
    },
    Claim {
        id: "relu-rate-32",
        statement: "ReLUs a second by the same, one thread a party",
        headline: None,
        experiment: "relu-cost",
        select: relu_rate_wide,
        unit: "1/s",
        bound: Bound::AtLeast(400e3),
        tolerance: TIMED,
        published: Some(&relu::CHEETAH_RATE),
    },
    Claim {
        id: "relu-error",
        statement: "largest error of a ReLU seen, as a share of the proven bound",
        headline: None,
        experiment: "relu-cost",
        select: relu_error,
        unit: "",
        bound: Bound::AtMost(1.0),
        tolerance: COUNTED,
        published: None,
    },
    Claim {
        id: "maxpool-bytes",
        statement: "bytes of a maximum over 2 x 2 values of 16 bits, silent oblivious transfer",
        headline: None,
        experiment: "maxpool-cost",
        select: maxpool_bytes,
        unit: "B",
        bound: Bound::AtMost(70.0),
        tolerance: STOCK,
        published: None,
    },
    Claim {
        id: "garble-rate",
        statement: "AND gates garbled a second by half-gates, one thread, the best instruction set",
        headline: None,
        experiment: "garbling",
        select: garbled_rate,
        unit: "1/s",
        bound: Bound::AtLeast(45e6),
        tolerance: TIMED,
        published: Some(&garbling::GARBLE[0]),
    },
    Claim {
        id: "three-halves-bytes",
        statement: "bytes an AND gate by three-halves",
        headline: None,
        experiment: "garbling",
        select: bytes_per_and,
        unit: "B",
        bound: Bound::AtMost(24.7),
        tolerance: COUNTED,
        published: None,
    },
    Claim {
        id: "ot-rate",
        statement: "correlated OTs a second by SoftSpoken with k = 4, one thread a party",
        headline: None,
        experiment: "ot",
        select: ot_rate,
        unit: "1/s",
        bound: Bound::AtLeast(50e6),
        tolerance: TIMED,
        published: None,
    },
    Claim {
        id: "ot-softspoken-bytes",
        statement: "bytes of such an OT",
        headline: None,
        experiment: "ot",
        select: ot_bytes,
        unit: "B",
        bound: Bound::AtMost(4.0),
        tolerance: COUNTED,
        published: None,
    },
    Claim {
        id: "ot-silent-bytes",
        statement: "bytes of a silent correlated OT",
        headline: None,
        experiment: "ot",
        select: ot_bytes_silent,
        unit: "B",
        bound: Bound::AtMost(0.3),
        tolerance: STOCK,
        published: None,
    },
    Claim {
        id: "ckks-product-bits",
        statement: "bits right in the worst slot after one product under CKKS, N = 8192, scale 2^40",
        headline: None,
        experiment: "ckks-ops",
        select: bits_product,
        unit: "bits",
        bound: Bound::AtLeast(20.0),
        tolerance: NOISE,
        published: None,
    },
    Claim {
        id: "ckks-chain-bits",
        statement: "the same after all products that the levels of N = 16384 allow",
        headline: None,
        experiment: "ckks-ops",
        select: bits_chain,
        unit: "bits",
        bound: Bound::AtLeast(18.0),
        tolerance: NOISE,
        published: None,
    },
    Claim {
        id: "ckks-multiply",
        statement: "multiply and relinearise, N = 8192, three primes of 50 bits, one thread",
        headline: None,
        experiment: "ckks-ops",
        select: multiply_time,
        unit: "s",
        bound: Bound::AtMost(1.2e-3),
        tolerance: TIMED,
        published: None,
    },
    Claim {
        id: "linear-error",
        statement: "largest error of an encrypted linear layer, as a share of its largest output, any packing",
        headline: None,
        experiment: "linear-layers",
        select: linear_error,
        unit: "",
        bound: Bound::AtMost(0.01),
        tolerance: NOISE,
        published: None,
    },
];

/// ReLUs of a width in the sweep over widths.
fn relu<'a>(run: &Selection<'a>, width: f64, relu: &str, ot: &str) -> Selection<'a> {
    let run = run.with("part", "width").with("width", width);
    let run = run.with("relu", relu).with("ot", ot);
    run.with("network", "loopback")
}

fn relu_bytes_garbled(run: &Selection) -> Option<f64> {
    relu(run, 12.0, "gc", "softspoken-4").median("bytes_per_relu")
}

fn relu_bytes_ot(run: &Selection) -> Option<f64> {
    relu(run, 12.0, "ot", "silent").median("bytes_per_relu")
}

fn relu_bytes_wide(run: &Selection) -> Option<f64> {
    relu(run, 32.0, "ot", "silent").median("bytes_per_relu")
}

fn relu_rate_wide(run: &Selection) -> Option<f64> {
    relu(run, 32.0, "ot", "silent").median("relus_per_second")
}

/// The largest error seen, as a share of the bound that is proven.
fn relu_error(run: &Selection) -> Option<f64> {
    let share = |record: &&Record| {
        let figure = |name: &str| Some(record.figures.get(name)?.median);
        Some(figure("error_float")? / figure("error_bound")?)
    };
    largest(run.records().iter().filter_map(share))
}

fn maxpool_bytes(run: &Selection) -> Option<f64> {
    let run = run.with("network", "loopback").with("window", "2x2");
    let run = run
        .with("value_bits", 16.0)
        .with("relu", "ot")
        .with("ot", "silent");
    run.median("bytes_per_window")
}

fn garbled_rate(run: &Selection) -> Option<f64> {
    largest(medians(
        &run.with("scheme", "half-gates"),
        "garbled_per_second",
    ))
}

fn bytes_per_and(run: &Selection) -> Option<f64> {
    largest(medians(
        &run.with("scheme", "three-halves"),
        "bytes_per_and",
    ))
}

fn ot_rate(run: &Selection) -> Option<f64> {
    run.with("ot", "softspoken-4").median("cots_per_second")
}

fn ot_bytes(run: &Selection) -> Option<f64> {
    run.with("ot", "softspoken-4").median("bytes_per_cot")
}

fn ot_bytes_silent(run: &Selection) -> Option<f64> {
    run.with("ot", "silent").median("bytes_per_cot")
}

/// A figure of a parameter set.
fn of_set(run: &Selection, preset: &str, figure: &str) -> Option<f64> {
    run.with("part", "set")
        .with("preset", preset)
        .median(figure)
}

fn bits_product(run: &Selection) -> Option<f64> {
    of_set(run, "N8192", "bits_product")
}

fn bits_chain(run: &Selection) -> Option<f64> {
    of_set(run, "N16384", "bits_chain")
}

fn multiply_time(run: &Selection) -> Option<f64> {
    let run = run.with("part", "operation").with("preset", "N8192Wide");
    let operation = run.with("operation", "multiply, relinearise");
    operation.median("seconds")
}

/// The largest error of a linear layer, relative to its largest output, of any packing.
fn linear_error(run: &Selection) -> Option<f64> {
    largest(medians(&run.with("part", "run"), "error_float"))
}
