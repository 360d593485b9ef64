//! ReLUs of other systems, 32-bit values.

use super::{Origin, Published, Source, peers::program};

/// Of CrypTFlow2, millionaires' protocol on IKNP.
const CRYPTFLOW2: Source =
    program("Rathee and others: CrypTFlow2, CCS 2020; EzPC's SCI, commit f24bf3e");
/// Of Cheetah, the same on silent OT.
const CHEETAH: Source =
    program("Huang and others: Cheetah, USENIX Security 2022; OpenCheetah's SCI, commit f71d4d4");
/// Gates counted here, bytes a gate as published.
const HALF_GATES: Source = Source {
    citation: "Zahur, Rosulek, Evans: Two Halves Make a Whole, Eurocrypt 2015",
    hardware: "no machine, but by a formula",
    machine: "formula",
    origin: Origin::Derived,
};

/// Bits of the values.
pub const BITS: f64 = 32.0;

/// Both ways, 2^20 ReLUs; base OTs apart.
pub const CRYPTFLOW2_BYTES: Published = Published {
    system: "CrypTFlow2",
    what: "bytes a ReLU",
    value: 531.5,
    unit: "B",
    place: "its test of ReLUs, three runs",
    source: &CRYPTFLOW2,
};
/// In the same runs.
pub const CRYPTFLOW2_RATE: Published = Published {
    what: "ReLUs a second",
    value: 158e3,
    unit: "1/s",
    ..CRYPTFLOW2_BYTES
};
/// Both ways, 2^20 ReLUs, extension of silent OT included; base OTs apart.
pub const CHEETAH_BYTES: Published = Published {
    system: "Cheetah",
    value: 52.4,
    source: &CHEETAH,
    ..CRYPTFLOW2_BYTES
};
/// In the same runs.
pub const CHEETAH_RATE: Published = Published {
    value: 86e3,
    what: "ReLUs a second",
    unit: "1/s",
    ..CHEETAH_BYTES
};
/// The textbook circuit: add two shares, select, share again; its input labels' OTs come on top.
pub const TEXTBOOK_BYTES: Published = Published {
    system: "textbook circuit",
    what: "bytes a ReLU",
    value: (3.0 * BITS - 2.0) * 32.0,
    unit: "B",
    place: "32 bytes an AND; 3 l - 2 of them add two shares of l bits, select, and share again",
    source: &HALF_GATES,
};
