//! Where this project measured other people's programs.

use super::{Origin, Source};

/// A program of others, measured by us: one thread a party, pinned to a core, over loopback.
#[must_use]
pub const fn program(citation: &'static str) -> Source {
    Source {
        citation,
        hardware: "a two-core AMD EPYC (Zen 5, AVX-512 with VAES, about 4.2 GHz, 24 GB), one thread a party over loopback",
        machine: "Zen 5, a core a party",
        origin: Origin::Remeasured,
    }
}
