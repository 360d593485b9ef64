//! How far a run may stay behind a claim, as a share of it, and why.

/// Tolerance of what is counted: it has none.
pub(super) const COUNTED: (f64, &str) = (0.0, "counted, not timed: the same on every machine");
/// Of rates.
pub(super) const TIMED: (f64, &str) = (
    0.5,
    "processors differ twofold, and a shared machine loses a third in busy hours",
);
/// Of rates over slow links.
pub(super) const LINKED: (f64, &str) = (
    0.3,
    "the emulated link limits it, and processors that differ twofold what is left",
);
/// Of labels and what is counted of them.
pub(super) const NEAR_TIES: (f64, &str) = (
    0.0005,
    "classes that nearly tie fall either way, by the run's encryption noise",
);
/// Of what encryption noise decides.
pub(super) const NOISE: (f64, &str) = (0.1, "the noise is drawn anew in each run");
/// Of memory.
pub(super) const PAGES: (f64, &str) = (0.5, "allocators and systems keep pages differently");
/// Of bytes where OTs are made in stocks.
pub(super) const STOCK: (f64, &str) = (
    0.1,
    "silent OTs are made in stocks, and a run may end with one half used",
);
/// Of ratios of two rates.
pub(super) const RATIO: (f64, &str) = (
    0.3,
    "both rates are of the same minutes, but wide instructions help them unequally",
);
