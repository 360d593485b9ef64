//! CryptoNets on MNIST: rates, latency, accuracy, memory, and the published circuit beside.

use super::select::{largest, ratio, smallest};
use super::tolerance::{COUNTED, LINKED, NEAR_TIES, PAGES, RATIO, TIMED};
use super::{Bound, Claim};
use crate::experiment::published::{mnist, mp2ml};
use crate::experiment::record::Record;
use crate::experiment::selection::Selection;

/// The claims, in the order in which tables show them.
pub(super) const CLAIMS: &[Claim] = &[
    Claim {
        id: "rate-loopback",
        statement: "images a second, both parties on two cores with AVX2",
        headline: Some("CryptoNets-ReLU on MNIST, both parties on two cores"),
        experiment: "cryptonets-throughput",
        select: rate_loopback,
        unit: "images/s",
        bound: Bound::AtLeast(1300.0),
        tolerance: TIMED,
        published: Some(&mp2ml::IMAGES_PER_SECOND),
    },
    Claim {
        id: "rate-lan",
        statement: "images a second over 1 Gbit/s and 0.2 ms",
        headline: Some("the same over 1 Gbit/s and 0.2 ms (emulated)"),
        experiment: "cryptonets-throughput",
        select: rate_lan,
        unit: "images/s",
        bound: Bound::AtLeast(1000.0),
        tolerance: LINKED,
        published: Some(&mp2ml::IMAGES_PER_SECOND),
    },
    Claim {
        id: "rate-wan",
        statement: "images a second over 100 Mbit/s and 40 ms",
        headline: Some("the same over 100 Mbit/s and 40 ms (emulated)"),
        experiment: "cryptonets-throughput",
        select: rate_wan,
        unit: "images/s",
        bound: Bound::AtLeast(230.0),
        tolerance: LINKED,
        published: Some(&mp2ml::IMAGES_PER_SECOND),
    },
    Claim {
        id: "accuracy-private",
        statement: "accuracy over the 10,000 test images, privately",
        headline: Some("accuracy, privately, 10,000 test images"),
        experiment: "cryptonets-accuracy",
        select: accuracy,
        unit: "%",
        bound: Bound::AtLeast(0.989),
        tolerance: NEAR_TIES,
        published: Some(&mp2ml::ACCURACY),
    },
    Claim {
        id: "accuracy-plain",
        statement: "accuracy of the float model over the same images",
        headline: None,
        experiment: "cryptonets-accuracy",
        select: accuracy_plain,
        unit: "%",
        bound: Bound::AtLeast(0.989),
        tolerance: COUNTED,
        published: Some(&mp2ml::PLAIN_ACCURACY),
    },
    Claim {
        id: "accuracy-loss",
        statement: "between the two, the worst of all repetitions",
        headline: None,
        experiment: "cryptonets-accuracy",
        select: accuracy_loss,
        unit: "%",
        bound: Bound::AtMost(0.0005),
        tolerance: NEAR_TIES,
        published: None,
    },
    Claim {
        id: "twin-agreement",
        statement: "labels equal to those of the fixed-point twin, the worst of all repetitions",
        headline: None,
        experiment: "cryptonets-accuracy",
        select: twin_agreement,
        unit: "%",
        bound: Bound::AtLeast(0.9995),
        tolerance: NEAR_TIES,
        published: None,
    },
    Claim {
        id: "rate-against-mp2ml",
        statement: "times the images a second of MP2ML's ReLU in the same program, on the same images",
        headline: Some("times faster than MP2ML's ReLU in the same program"),
        experiment: "cryptonets-throughput",
        select: rate_against_mp2ml,
        unit: "x",
        bound: Bound::AtLeast(20.0),
        tolerance: RATIO,
        published: None,
    },
    Claim {
        id: "bytes-against-mp2ml",
        statement: "times fewer bytes a ReLU than MP2ML's ReLU in the same program, over loopback",
        headline: None,
        experiment: "cryptonets-throughput",
        select: bytes_against_mp2ml,
        unit: "x",
        bound: Bound::AtLeast(40.0),
        tolerance: (
            0.5,
            "the planner trades bytes for time by what it measures on the machine",
        ),
        published: None,
    },
    Claim {
        id: "baseline-gates",
        statement: "AND gates a ReLU of MP2ML's circuit as built here: no more than in the paper's figure",
        headline: None,
        experiment: "cryptonets-throughput",
        select: baseline_gates,
        unit: "",
        bound: Bound::AtMost(640.0),
        tolerance: COUNTED,
        published: Some(&mp2ml::RELU_AND_GATES),
    },
    Claim {
        id: "baseline-bytes",
        statement: "bytes a ReLU of MP2ML's circuit as built here: no more than published",
        headline: None,
        experiment: "cryptonets-throughput",
        select: baseline_bytes,
        unit: "B",
        bound: Bound::AtMost(24_300.0),
        tolerance: COUNTED,
        published: Some(&mp2ml::RELU_BYTES),
    },
    Claim {
        id: "memory",
        statement: "peak memory of the larger process, 10,000 images",
        headline: None,
        experiment: "cryptonets-throughput",
        select: memory,
        unit: "B",
        bound: Bound::AtMost(200e6),
        tolerance: PAGES,
        published: None,
    },
    Claim {
        id: "latency-loopback",
        statement: "seconds of one image, set-up apart",
        headline: Some("one image, set-up apart"),
        experiment: "cryptonets-latency",
        select: latency_loopback,
        unit: "s",
        bound: Bound::AtMost(0.25),
        tolerance: TIMED,
        published: Some(&mp2ml::LATENCY),
    },
    Claim {
        id: "latency-wan",
        statement: "seconds of one image over 100 Mbit/s and 40 ms",
        headline: None,
        experiment: "cryptonets-latency",
        select: latency_wan,
        unit: "s",
        bound: Bound::AtMost(2.5),
        tolerance: LINKED,
        published: Some(&mp2ml::LATENCY),
    },
    Claim {
        id: "rate-encrypted",
        statement: "images a second of CryptoNets with squares, on ciphertexts alone",
        headline: Some("CryptoNets with squares, on ciphertexts alone, two cores"),
        experiment: "cryptonets-throughput",
        select: rate_encrypted,
        unit: "images/s",
        bound: Bound::AtLeast(3000.0),
        tolerance: TIMED,
        published: Some(&mnist::ENCRYPTED),
    },
    Claim {
        id: "he-accuracy",
        statement: "its accuracy over the 10,000 test images",
        headline: None,
        experiment: "cryptonets-accuracy",
        select: accuracy_encrypted,
        unit: "%",
        bound: Bound::AtLeast(0.985),
        tolerance: COUNTED,
        published: None,
    },
    Claim {
        id: "he-accuracy-loss",
        statement: "between that and its float model, the worst of all repetitions",
        headline: None,
        experiment: "cryptonets-accuracy",
        select: loss_encrypted,
        unit: "%",
        bound: Bound::AtMost(0.001),
        tolerance: NEAR_TIES,
        published: None,
    },
];

/// Whole runs of CryptoNets whose protocol the planner chose, over one network.
fn planned<'a>(run: &Selection<'a>, network: &str) -> Selection<'a> {
    let run = run.with("part", "run").with("network", network);
    run.with("relu", "auto")
}

/// The same, of the sweep over networks.
fn by_network<'a>(run: &Selection<'a>, network: &str) -> Selection<'a> {
    planned(&run.with("sweep", "network"), network)
}

fn rate_loopback(run: &Selection) -> Option<f64> {
    by_network(run, "loopback").median("images_per_second")
}

fn rate_lan(run: &Selection) -> Option<f64> {
    by_network(run, "lan").median("images_per_second")
}

fn rate_wan(run: &Selection) -> Option<f64> {
    by_network(run, "wan").median("images_per_second")
}

/// The run of the published circuit, with this project's own beside it.
fn published<'a>(run: &Selection<'a>) -> Selection<'a> {
    run.with("sweep", "published").with("part", "run")
}

fn rate_against_mp2ml(run: &Selection) -> Option<f64> {
    ratio(
        &published(run),
        "images_per_second_beside",
        "images_per_second",
    )
}

fn bytes_against_mp2ml(run: &Selection) -> Option<f64> {
    ratio(&published(run), "bytes_per_relu", "bytes_per_relu_beside")
}

fn baseline_gates(run: &Selection) -> Option<f64> {
    published(run).median("and_gates_per_relu")
}

fn baseline_bytes(run: &Selection) -> Option<f64> {
    published(run).median("bytes_per_relu")
}

/// Of the larger process.
fn memory(run: &Selection) -> Option<f64> {
    let runs = by_network(run, "loopback");
    let sides = ["peak_memory_client", "peak_memory_server"];
    largest(sides.iter().filter_map(|side| runs.median(side)))
}

fn rate_encrypted(run: &Selection) -> Option<f64> {
    let runs = run.with("sweep", "encrypted").with("part", "run");
    runs.median("images_per_second")
}

fn latency_loopback(run: &Selection) -> Option<f64> {
    planned(run, "loopback").median("seconds")
}

fn latency_wan(run: &Selection) -> Option<f64> {
    planned(run, "wan").median("seconds")
}

/// A private run over all images of the published test set: by `gc`, `ot` or `he`.
fn all_images<'a>(run: &Selection<'a>, by: &str) -> Selection<'a> {
    let whole = |record: &Record| {
        record
            .figures
            .get("images")
            .is_some_and(|n| n.median == 1e4)
    };
    let run = run.with("part", "private").with("data", "mnist-test");
    run.with("run", by).filter(whole)
}

/// Of all repetitions, the one farthest from the float model.
fn loss(run: &Selection) -> Option<f64> {
    let (private, float) = (run.statistic("accuracy")?, run.median("accuracy_float")?);
    largest(private.values.iter().map(|value| (value - float).abs()))
}

fn accuracy(run: &Selection) -> Option<f64> {
    all_images(run, "ot").median("accuracy")
}

fn accuracy_plain(run: &Selection) -> Option<f64> {
    all_images(run, "ot").median("accuracy_float")
}

fn accuracy_loss(run: &Selection) -> Option<f64> {
    largest([loss(&all_images(run, "gc"))?, loss(&all_images(run, "ot"))?])
}

/// Of all repetitions, the one that agrees least.
fn twin_agreement(run: &Selection) -> Option<f64> {
    let both = ["gc", "ot"].map(|by| all_images(run, by));
    let values = both
        .iter()
        .filter_map(|run| run.statistic("twin_agreement"));
    smallest(values.flat_map(|statistic| statistic.values.iter().copied()))
}

fn accuracy_encrypted(run: &Selection) -> Option<f64> {
    all_images(run, "he").median("accuracy")
}

fn loss_encrypted(run: &Selection) -> Option<f64> {
    loss(&all_images(run, "he"))
}
