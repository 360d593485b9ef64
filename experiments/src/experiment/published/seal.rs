//! SEAL, the reference among CKKS libraries, at the parameters nearest to two of this project's presets.

use super::{Origin, Published, Source};

/// The program as it was run.
pub const PROGRAM: Source = Source {
    citation: "Microsoft SEAL 4.4.3 (commit 356f2e6) with HEXL 1.2.6, clang 14, -march=native",
    hardware: "one core of a 2-core AMD EPYC (Zen 5, AVX-512 with IFMA, about 4.2 GHz), 24 GB; medians of 9 runs",
    machine: "Zen 5, AVX-512",
    origin: Origin::Remeasured,
};

/// Four primes of 50 bits, as the preset has them.
const SAME: &str = "N = 8192, primes of 50, 50, 50 and 50 bits";
/// As many primes, two of them wider.
const WIDER: &str = "N = 8192, primes of 60, 49, 49 and 60 bits";
/// Nearly the preset's.
const LARGE: &str = "N = 16384, primes of 3 x 48 and 6 x 49 bits, one of them special";

const fn time(what: &'static str, microseconds: f64, place: &'static str) -> Published {
    Published {
        system: "SEAL",
        what,
        value: 1e-6 * microseconds,
        unit: "s",
        place,
        source: &PROGRAM,
    }
}

/// Times by this project's names of the operations, for the preset `N8192Wide`.
pub const N8192_WIDE: [Published; 13] = [
    time("NTT forward", 8.0, WIDER),
    time("NTT inverse", 9.1, WIDER),
    time("encode", 117.0, SAME),
    time("decode", 425.0, WIDER),
    time("encrypt, expanded", 652.0, WIDER),
    time("encrypt, public key", 838.0, WIDER),
    time("decrypt", 22.6, WIDER),
    time("add", 4.1, WIDER),
    time("multiply plain", 16.0, SAME),
    time("multiply", 29.0, SAME),
    time("multiply, relinearise", 462.0, SAME),
    time("rescale", 73.0, SAME),
    time("rotate", 452.0, SAME),
];

/// Times for the preset `N16384Wide`.
pub const N16384_WIDE: [Published; 12] = [
    time("encode", 486.0, LARGE),
    time("decode", 3162.0, LARGE),
    time("encrypt, expanded", 2953.0, LARGE),
    time("encrypt, public key", 2404.0, LARGE),
    time("decrypt", 120.0, LARGE),
    time("add", 45.0, LARGE),
    time("multiply plain", 106.0, LARGE),
    time("multiply", 179.0, LARGE),
    time("relinearise", 5680.0, LARGE),
    time("multiply, relinearise", 5923.0, LARGE),
    time("rescale", 449.0, LARGE),
    time("rotate", 5859.0, LARGE),
];

/// The figures at a preset; none where SEAL was not run.
#[must_use]
pub fn at(preset: &str) -> &'static [Published] {
    match preset {
        "N8192Wide" => &N8192_WIDE,
        "N16384Wide" => &N16384_WIDE,
        _ => &[],
    }
}
