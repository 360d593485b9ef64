//! Garbling by other programs, one thread: AND gates a second of AES circuits by half-gates.

use super::{Published, Source, peers::program};

const EMP: Source = program("EMP: emp-tool, commit 1eef346, 2026");
const MPZ: Source = program("mpz: mpz-garble-core 0.1.0-alpha.6, commit b2017b5, 2026");
const SWANKY: Source = program("swanky: fancy-garbling, commit a6e4728, 2024");

const fn rate(
    system: &'static str,
    source: &'static Source,
    what: &'static str,
    value: f64,
    place: &'static str,
) -> Published {
    Published {
        system,
        what,
        value,
        unit: "1/s",
        place,
        source,
    }
}

/// Gates garbled a second.
pub const GARBLE: [Published; 3] = [
    rate(
        "EMP",
        &EMP,
        "AND gates garbled",
        29.8e6,
        "output thrown away",
    ),
    rate(
        "mpz",
        &MPZ,
        "AND gates garbled",
        22.5e6,
        "its own benchmark",
    ),
    rate(
        "swanky",
        &SWANKY,
        "AND gates garbled",
        18.2e6,
        "its own benchmark",
    ),
];

/// Gates evaluated a second.
pub const EVALUATE: [Published; 3] = [
    rate(
        "EMP",
        &EMP,
        "AND gates evaluated",
        43.0e6,
        "tables from memory",
    ),
    rate(
        "mpz",
        &MPZ,
        "AND gates evaluated",
        18.4e6,
        "its own benchmark, on a machine under load",
    ),
    rate(
        "swanky",
        &SWANKY,
        "AND gates evaluated",
        31.3e6,
        "its own benchmark",
    ),
];

/// Gates a second of a garbler and an evaluator joined by TCP.
pub const END_TO_END: [Published; 1] = [rate(
    "EMP",
    &EMP,
    "AND gates over TCP",
    25.0e6,
    "its own test, five runs, 21.5 to 26.2 million",
)];

/// Bytes of a gate by half-gates, which all of them use.
pub const HALF_GATE_BYTES: f64 = 32.0;
