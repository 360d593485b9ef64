//! Correlated OT by other programs, one thread a party.

use super::{Published, Source, peers::program};

const EMP: Source = program("EMP: emp-ot, commit 5f367d3, 2026");
const MPZ: Source = program("mpz: mpz-ot-core, commit b2017b5, 2026");
const OCELOT: Source = program("swanky: ocelot, commit a6e4728, 2024");

/// A program's figures with a protocol, semi-honest unless it says otherwise.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Extension {
    /// The protocol.
    pub protocol: &'static str,
    /// OTs a second.
    pub rate: Published,
    /// Bytes an OT, both ways; `None` where they were not counted.
    pub bytes: Option<f64>,
}

const fn extension(
    system: &'static str,
    source: &'static Source,
    protocol: &'static str,
    rate: f64,
    bytes: Option<f64>,
    place: &'static str,
) -> Extension {
    Extension {
        protocol,
        rate: Published {
            system,
            what: "correlated OTs a second",
            value: rate,
            unit: "1/s",
            place,
            source,
        },
        bytes,
    }
}

/// Measured one after another on an idle machine unless it says otherwise.
pub const EXTENSIONS: [Extension; 8] = [
    extension("EMP", &EMP, "IKNP", 181e6, Some(15.88), STREAMED),
    extension("EMP", &EMP, "SoftSpoken 2", 114e6, Some(7.88), STREAMED),
    extension("EMP", &EMP, "SoftSpoken 4", 132e6, Some(3.88), STREAMED),
    extension("EMP", &EMP, "SoftSpoken 8", 52e6, Some(1.88), STREAMED),
    extension("EMP", &EMP, "Ferret", 58e6, Some(0.030), STREAMED),
    extension("mpz", &MPZ, "KOS (malicious)", 8.3e6, None, ONE_THREAD),
    extension("mpz", &MPZ, "Ferret", 7.5e6, None, ONE_THREAD),
    extension("ocelot", &OCELOT, "ALSZ", 10.4e6, None, WITH_BASE),
];

const STREAMED: &str = "its own benchmark, 2^26 OTs, set-up included";
const ONE_THREAD: &str = "its own benchmark, both parties in one thread, on a machine under load";
const WITH_BASE: &str = "its own benchmark, 2^18 OTs, base OTs included, on a machine under load";
