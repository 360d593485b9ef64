//! Figures of other systems, to compare with: each with its source and the machine it was measured on. Nothing here is a result of this project.
//!
//! One file a topic. A figure that its authors did not print, but that follows from what they did, says so ([`Origin::Derived`]); one
//! that this project measured of their program, on another machine than its own records, says that ([`Origin::Remeasured`]).

use serde::Serialize;

pub mod cryptospn;
pub mod garbling;
pub mod mnist;
pub mod mp2ml;
pub mod ot;
pub mod peers;
pub mod relu;
pub mod seal;

/// A figure of another system.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Published {
    /// Whose: `MP2ML`.
    pub system: &'static str,
    /// What was measured.
    pub what: &'static str,
    /// How much.
    pub value: f64,
    /// In what, as [`quantity`](super::quantity::quantity) takes it.
    pub unit: &'static str,
    /// Where in the source, or how derived or measured.
    pub place: &'static str,
    /// Authors, venue and machine.
    pub source: &'static Source,
}

/// Where figures come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source {
    /// Authors, title, venue and year; of a program: its version.
    pub citation: &'static str,
    /// The machines and the network between them.
    pub hardware: &'static str,
    /// The same in a few words, for the label of a mark.
    pub machine: &'static str,
    /// How far the figures are the authors' own.
    pub origin: Origin,
}

/// Whose a figure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// Printed in the source.
    Published,
    /// Computed here from what the source prints.
    Derived,
    /// Measured by this project with the authors' program, elsewhere than its own records.
    Remeasured,
}

impl Origin {
    /// In words.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Published => "published",
            Self::Derived => "derived from what is published",
            Self::Remeasured => "measured by us elsewhere",
        }
    }
}

impl Published {
    /// The label of a mark in a plot: system, machine, and whose figure it is.
    #[must_use]
    pub fn label(&self) -> String {
        let Source {
            machine, origin, ..
        } = self.source;
        format!("{} ({}, {machine})", self.system, origin.name())
    }

    /// A line for captions and tables: where the figure stands, and what it was measured on.
    #[must_use]
    pub fn reference(&self) -> String {
        let Source {
            citation,
            hardware,
            origin,
            ..
        } = self.source;
        let (system, place) = (self.system, self.place);
        format!(
            "{system}, {}: {citation}, {place}; {hardware}",
            origin.name()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_say_whose_and_where() {
        let label = mp2ml::IMAGES_PER_SECOND.label();
        assert_eq!(label, "MP2ML (published, 2 x 112 cores)");
        let line = mp2ml::RELU_AND_GATES.reference();
        for part in ["derived", "ARES 2020", "Figure 1", "8180"] {
            assert!(line.contains(part), "no {part:?} in {line}");
        }
    }
}
