//! MP2ML, whose CryptoNets-ReLU this project runs.

use super::{Origin, Published, Source};

/// The paper.
pub const PAPER: Source = Source {
    citation: "Boemer, Cammarota, Demmler, Schneider, Yalame: MP2ML, ARES 2020",
    hardware: "two machines with Intel Xeon Platinum 8180 at 2.5 GHz, 112 cores and 376 GB each, 9.6 Gbit/s and 0.165 ms apart",
    machine: "2 x 112 cores",
    origin: Origin::Published,
};

/// What follows from it.
const DERIVED: Source = Source {
    origin: Origin::Derived,
    ..PAPER
};

const fn published(
    what: &'static str,
    value: f64,
    unit: &'static str,
    place: &'static str,
) -> Published {
    Published {
        system: "MP2ML",
        what,
        value,
        unit,
        place,
        source: &PAPER,
    }
}

/// CryptoNets-ReLU, batches of 2,000 images.
pub const IMAGES_PER_SECOND: Published =
    published("images per second", 33.3, "images/s", "Table 3");
/// CryptoNets-ReLU, one image.
pub const LATENCY: Published = published("latency of one image", 6.79, "s", "Table 3");
/// On the MNIST test set, privately.
pub const ACCURACY: Published = published("private accuracy", 0.9860, "%", "Table 3");
/// On the MNIST test set, in the clear.
pub const PLAIN_ACCURACY: Published =
    published("accuracy in the clear", 0.9864, "%", "beside Table 3");
/// Both ways, offline and online, of 1,000 ReLUs by Yao's circuits at 64 bits.
pub const RELU_BYTES: Published = published("bytes a ReLU", 24.3e3, "B", "Table 2");
/// Offline and online, of 1,000 ReLUs by Yao's circuits at 64 bits.
pub const RELU_SECONDS: Published = published("time of a ReLU", 218e-6, "s", "Table 2");

/// AND gates of the circuit that the paper draws, at 64 bits.
pub const RELU_AND_GATES: Published = Published {
    what: "AND gates a ReLU",
    value: 640.0,
    unit: "",
    place: "the circuit of Figure 1, counted at 64 bits",
    source: &DERIVED,
    ..RELU_BYTES
};
