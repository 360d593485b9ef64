//! CryptoSPN, whose protocol this project runs as a profile, and the circuits that come with its program.
//!
//! No figure of a data set is quoted: only what follows from the circuits themselves.

use halfmask_models::spn::garbled::PublishedCounts;

use super::{Origin, Published, Source};

/// The circuits, as they count.
pub const CIRCUITS: Source = Source {
    citation: "Treiber, Molina, Weinert, Schneider, Kersting: CryptoSPN, ECAI 2020; its program's circuits fp_nostatus",
    hardware: "gates counted, nothing timed",
    machine: "gates counted",
    origin: Origin::Derived,
};

/// The circuits, as they compute.
pub const EVALUATED: Source = Source {
    hardware: "evaluated bit by bit in the clear",
    machine: "circuit evaluated",
    origin: Origin::Remeasured,
    ..CIRCUITS
};

/// A sum of two children in binary32.
pub const TWO_CHILD_SUM_32: Published = Published {
    system: "CryptoSPN, 32 bits",
    what: "AND gates of a two-child sum",
    value: PublishedCounts::BITS32.sum(2) as f64,
    unit: "",
    place: "2 (ADD + EXP2) + ADD + LOG2",
    source: &CIRCUITS,
};

/// A sum of two children in binary64.
pub const TWO_CHILD_SUM_64: Published = Published {
    system: "CryptoSPN, 64 bits",
    value: PublishedCounts::BITS64.sum(2) as f64,
    ..TWO_CHILD_SUM_32
};

/// The largest error of the binary64 logarithm, in units of log2: on 1.2 % of mantissas, elsewhere below 1e-15.
pub const LOG2_64_ERROR: Published = Published {
    system: "CryptoSPN, 64 bits",
    what: "largest error of a sum node, log2",
    value: 0.0113,
    unit: "",
    place: "circuit fp_nostatus_log2_64",
    source: &EVALUATED,
};
