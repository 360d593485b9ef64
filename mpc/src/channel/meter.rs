//! What a channel carried, by phase, layer and part.

use std::{fmt, ops};

use serde::{Deserialize, Serialize};

/// When in a session something is done.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Once a session: hello, keys, base OT.
    Setup,
    /// Before the input is known.
    Offline,
    /// From the input to the prediction.
    Online,
}

/// A step of a non-linear protocol.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// OT extension.
    Ot,
    /// Correction bits that turn random choices into input bits.
    Corrections,
    /// Garbled tables and decode bits.
    Tables,
    /// Truncation before the multiplexer.
    Truncation,
    /// Arithmetic multiplexer.
    Multiplexer,
}

/// What the bytes are for.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Hellos, digests, batch headers, ends.
    Control,
    /// Homomorphic keys and seeds of keys.
    Keys,
    /// Base OT and the set-up of its extension.
    BaseOt,
    /// Ciphertexts.
    Ciphertext,
    /// A step of a ReLU.
    Relu(Step),
    /// A step of an argmax.
    Argmax(Step),
    /// A step of another garbled function, such as the rounding of logits.
    Function(Step),
}

impl Part {
    /// Whether this belongs to a ReLU (everything but its ciphertexts).
    #[must_use]
    pub const fn is_relu(self) -> bool {
        matches!(self, Self::Relu(_))
    }

    /// Whether this belongs to an argmax.
    #[must_use]
    pub const fn is_argmax(self) -> bool {
        matches!(self, Self::Argmax(_))
    }
}

/// The tag under which a channel counts.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Scope {
    /// When.
    pub phase: Phase,
    /// In which layer of the network; empty outside layers.
    pub layer: String,
    /// For what.
    pub part: Part,
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { phase, layer, part } = self;
        let phase = match phase {
            Phase::Setup => "setup",
            Phase::Offline => "offline",
            Phase::Online => "online",
        };
        let step = |step: &Step| match step {
            Step::Ot => "OT",
            Step::Corrections => "corrections",
            Step::Tables => "tables",
            Step::Truncation => "truncation",
            Step::Multiplexer => "multiplexer",
        };
        let part = match part {
            Part::Control => "control".to_owned(),
            Part::Keys => "keys".to_owned(),
            Part::BaseOt => "base OT".to_owned(),
            Part::Ciphertext => "ciphertexts".to_owned(),
            Part::Relu(s) => format!("ReLU {}", step(s)),
            Part::Argmax(s) => format!("argmax {}", step(s)),
            Part::Function(s) => format!("function {}", step(s)),
        };
        if layer.is_empty() {
            write!(f, "{phase}: {part}")
        } else {
            write!(f, "{phase}: {layer}: {part}")
        }
    }
}

/// Counts and times. Bytes are payload: what the caller sent and received, without TCP/IP headers.
#[derive(Copy, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tally {
    /// Bytes sent (counted when handed to the channel).
    pub bytes_sent: u64,
    /// Bytes received (counted when taken from the channel, not when read ahead).
    pub bytes_received: u64,
    /// Writes to the transport.
    pub messages: u64,
    /// Changes between sending and receiving, in this endpoint's program order.
    pub direction_changes: u64,
    /// Wall-clock seconds while the scope was current.
    pub seconds: f64,
    /// Of these, seconds inside the transport, reading or writing: waiting for the peer, the network, or the kernel.
    pub seconds_blocked: f64,
}

impl Tally {
    /// Bytes both ways.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.bytes_sent + self.bytes_received
    }
}

impl ops::AddAssign for Tally {
    fn add_assign(&mut self, rhs: Self) {
        self.bytes_sent += rhs.bytes_sent;
        self.bytes_received += rhs.bytes_received;
        self.messages += rhs.messages;
        self.direction_changes += rhs.direction_changes;
        self.seconds += rhs.seconds;
        self.seconds_blocked += rhs.seconds_blocked;
    }
}

/// The tallies of all scopes, in the order in which they were first entered.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Meter {
    entries: Vec<Entry>,
}

/// One scope's tally.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// The tag.
    #[serde(flatten)]
    pub scope: Scope,
    /// What was counted under it.
    #[serde(flatten)]
    pub tally: Tally,
}

impl Meter {
    /// All scopes with their tallies, in order of first entry.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The sum over the scopes that `select` accepts.
    #[must_use]
    pub fn sum(&self, select: impl Fn(&Scope) -> bool) -> Tally {
        let mut total = Tally::default();
        for entry in self.entries.iter().filter(|entry| select(&entry.scope)) {
            total += entry.tally;
        }
        total
    }

    /// The sum over everything.
    #[must_use]
    pub fn total(&self) -> Tally {
        self.sum(|_| true)
    }

    /// One tally a layer, over the phases and parts that `select` accepts, in order of first entry.
    #[must_use]
    pub fn by_layer(&self, select: impl Fn(&Scope) -> bool) -> Vec<(String, Tally)> {
        let mut layers: Vec<(String, Tally)> = Vec::new();
        for entry in self.entries.iter().filter(|entry| select(&entry.scope)) {
            match layers
                .iter_mut()
                .find(|(layer, _)| *layer == entry.scope.layer)
            {
                Some((_, tally)) => *tally += entry.tally,
                None => layers.push((entry.scope.layer.clone(), entry.tally)),
            }
        }
        layers
    }

    /// Adds another meter, scope by scope.
    pub fn merge(&mut self, other: &Self) {
        for entry in &other.entries {
            let index = self.slot(entry.scope.phase, &entry.scope.layer, entry.scope.part);
            self.add(index, entry.tally);
        }
    }

    /// The index of a scope, which is added if it is new.
    pub(super) fn slot(&mut self, phase: Phase, layer: &str, part: Part) -> usize {
        let known = self
            .entries
            .iter()
            .position(|e| e.scope.phase == phase && e.scope.part == part && e.scope.layer == layer);
        known.unwrap_or_else(|| {
            let scope = Scope {
                phase,
                layer: layer.to_owned(),
                part,
            };
            self.entries.push(Entry {
                scope,
                tally: Tally::default(),
            });
            self.entries.len() - 1
        })
    }

    /// Adds to the scope at an index that [`Meter::slot`] gave.
    pub(super) fn add(&mut self, index: usize, tally: Tally) {
        if let Some(entry) = self.entries.get_mut(index) {
            entry.tally += tally;
        }
    }

    pub(super) fn scope(&self, index: usize) -> Option<&Scope> {
        self.entries.get(index).map(|entry| &entry.scope)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(bytes: u64) -> Tally {
        Tally {
            bytes_sent: bytes,
            ..Tally::default()
        }
    }

    fn sample() -> Meter {
        let mut meter = Meter::default();
        for (layer, part, bytes) in [
            ("a", Part::Ciphertext, 1),
            ("a", Part::Relu(Step::Tables), 10),
            ("b", Part::Relu(Step::Ot), 100),
            ("b", Part::Argmax(Step::Tables), 1000),
        ] {
            let slot = meter.slot(Phase::Online, layer, part);
            meter.add(slot, sent(bytes));
        }
        meter
    }

    #[test]
    fn sums_by_selection_and_layer() {
        let meter = sample();
        assert_eq!(meter.total().bytes(), 1111);
        assert_eq!(meter.sum(|s| s.part.is_relu()).bytes(), 110);
        assert_eq!(meter.sum(|s| s.part.is_argmax()).bytes(), 1000);
        let layers = meter.by_layer(|s| s.part != Part::Ciphertext);
        let bytes: Vec<_> = layers
            .iter()
            .map(|(l, t)| (l.as_str(), t.bytes()))
            .collect();
        assert_eq!(bytes, [("a", 10), ("b", 1100)]);
    }

    #[test]
    fn merging_adds_scope_by_scope() {
        let mut meter = sample();
        let mut other = sample();
        let slot = other.slot(Phase::Setup, "", Part::BaseOt);
        other.add(slot, sent(5));
        meter.merge(&other);
        assert_eq!(meter.total().bytes(), 2 * 1111 + 5);
        assert_eq!(meter.entries().len(), 5);
        assert_eq!(meter.sum(|s| s.phase == Phase::Setup).bytes(), 5);
    }

    #[test]
    fn scopes_read_well() {
        let scope = Scope {
            phase: Phase::Online,
            layer: "relu1".into(),
            part: Part::Relu(Step::Tables),
        };
        assert_eq!(scope.to_string(), "online: relu1: ReLU tables");
    }
}
