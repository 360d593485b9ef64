//! Private classification of MNIST with other systems, as Table 3 of the MP2ML paper compares them: each on its authors' machines.

use super::{Origin, Published, Source};

/// Figures that MP2ML quotes from the systems' own papers.
pub const QUOTED: Source = Source {
    citation: "quoted by Boemer and others: MP2ML, ARES 2020",
    hardware: "each system on its own authors' machines",
    machine: "own machines",
    origin: Origin::Published,
};

/// A system's row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Row {
    /// Images a second.
    pub images_per_second: Published,
    /// Seconds of one image or the smallest batch.
    pub latency: Published,
    /// Between 0 and 1; `None` where the paper only assumes that of the topology.
    pub accuracy: Option<f64>,
    /// Why it cannot be compared without a remark.
    pub limitation: &'static str,
}

const fn row(
    system: &'static str,
    limitation: &'static str,
    accuracy: Option<f64>,
    latency: f64,
    images_per_second: f64,
) -> Row {
    let images_per_second = Published {
        system,
        what: "images per second",
        value: images_per_second,
        unit: "images/s",
        place: "Table 3",
        source: &QUOTED,
    };
    Row {
        images_per_second,
        latency: Published {
            what: "latency of one image",
            value: latency,
            unit: "s",
            ..images_per_second
        },
        accuracy,
        limitation,
    }
}

/// All rows but MP2ML's own, slowest first.
pub const ROWS: [Row; 8] = [
    row("Chameleon", "three parties", Some(0.99), 2.24, 1.0),
    row("XONN", "binarised network", Some(0.9864), 0.16, 6.25),
    row(
        "CryptoNets",
        "polynomial activations",
        Some(0.9895),
        250.0,
        16.4,
    ),
    row("GAZELLE", "parameters chosen by hand", None, 0.03, 33.3),
    row("CrypTFlow", "architecture public", None, 0.03, 33.3),
    row(
        "CryptoDL",
        "polynomial activations",
        Some(0.9952),
        320.0,
        45.5,
    ),
    row("SecureNN", "three parties", None, 0.08, 49.23),
    row(
        "nGraph-HE2",
        "client sees activations",
        Some(0.9862),
        0.69,
        2959.0,
    ),
];

/// CryptoNets with squares under CKKS, no interaction.
pub const ENCRYPTED: Published = Published {
    system: "nGraph-HE2",
    what: "images per second, on ciphertexts alone",
    value: 1998.0,
    unit: "images/s",
    place: "abstract",
    source: &Source {
        citation: "Boemer, Costache, Cammarota, Wierzynski: nGraph-HE2, WAHC 2019",
        hardware: "24 threads of its authors' server",
        machine: "24 threads",
        origin: Origin::Published,
    },
};
