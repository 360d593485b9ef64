//! The ways to a ReLU behind one trait.

use super::{ReluSpec, Target, relu_reference};
use crate::Error;
use crate::channel::{Channel, Phase};
use crate::mp2ml::{Mp2mlSpec, mp2ml_reference};
use crate::session::{EvaluatorSession, GarblerSession};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// How the sign is computed. Both parties must use the same.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ReluProtocol {
    /// In a garbled circuit: few rounds, many bytes ([`super::garbled`]).
    #[serde(rename = "gc")]
    Garbled,
    /// By look-ups through OT: few bytes, more rounds ([`super::ot`]).
    #[serde(rename = "ot")]
    Ot,
    /// The published circuit on 64-bit words ([`crate::mp2ml`]): the baseline. It rounds exactly, where the others are right
    /// within [`ReluSpec::error_bound`].
    #[serde(rename = "mp2ml")]
    Mp2ml,
}

impl ReluProtocol {
    /// The protocols of this project: both compute [`super::relu_reference`] bit for bit.
    pub const ALL: [Self; 2] = [Self::Garbled, Self::Ot];

    /// Messages of a layer that wait for each other, there and back.
    #[must_use]
    pub fn flights(self, spec: &ReluSpec) -> u32 {
        match self {
            Self::Garbled => 4,
            Self::Ot => super::ot::flights(spec),
            Self::Mp2ml => 3,
        }
    }

    /// The value that the protocol shares, given both input shares: its plaintext twin.
    #[must_use]
    pub fn reference(self, spec: &ReluSpec, evaluator: u32, garbler: u32) -> u32 {
        match (self, published(spec)) {
            (Self::Mp2ml, Ok(spec)) => mp2ml_reference(&spec, evaluator, garbler),
            _ => relu_reference(spec, evaluator, garbler),
        }
    }

    /// AND gates of a value.
    #[must_use]
    pub fn and_gates(self, spec: &ReluSpec) -> u32 {
        match self {
            Self::Garbled => spec.width.saturating_sub(2),
            Self::Ot => 0,
            Self::Mp2ml => (10 * Mp2mlSpec::PUBLISHED_WORD_BITS - 4)
                .saturating_sub(spec.shift.saturating_sub(1)),
        }
    }
}

impl fmt::Display for ReluProtocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Garbled => "gc",
            Self::Ot => "ot",
            Self::Mp2ml => "mp2ml",
        })
    }
}

impl FromStr for ReluProtocol {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text {
            "gc" => Ok(Self::Garbled),
            "ot" => Ok(Self::Ot),
            "mp2ml" => Ok(Self::Mp2ml),
            other => Err(Error::Malformed {
                what: "ReLU protocol".into(),
                detail: format!("{other:?}; expected gc, ot or mp2ml"),
            }),
        }
    }
}

/// One party's side of ReLU on shares, by one protocol.
pub trait SharedRelu {
    /// Does ahead what needs no input, for `count` values of `spec` beyond what is in stock (the stock is bounded); counted under `phase`. Both
    /// parties call it with the same arguments, while no other message is under way. The garbled
    /// protocol reserves correlated OTs, the published one does nothing.
    ///
    /// # Errors
    /// Of the channel and of OT extension; [`Error::Malformed`] for bad parameters.
    fn prepare(
        &mut self,
        ch: &mut Channel,
        phase: Phase,
        layer: &str,
        spec: &ReluSpec,
        count: usize,
    ) -> Result<(), Error>;

    /// `y` receives this party's shares of the ReLU of the shared `x`, in [`ReluSpec::target`]. `layer` tags what the channel
    /// counts. What is not prepared is prepared first. Output may be left in the channel's buffer.
    ///
    /// # Errors
    /// Of the channel; [`Error::Malformed`] for bad parameters or a residue out of range; [`Error::Length`] if `x` and `y` differ
    /// in length.
    fn relu(
        &mut self,
        ch: &mut Channel,
        layer: &str,
        spec: &ReluSpec,
        x: &[u32],
        y: &mut [u32],
    ) -> Result<(), Error>;
}

/// A session seen through one protocol.
struct Garbled<'a, S>(&'a mut S);
struct Ot<'a, S>(&'a mut S);
struct Mp2ml<'a, S>(&'a mut S);

/// Values whose labels are in memory at once: a word of 64 bits takes a kilobyte.
const MP2ML_SEGMENT: u32 = 4096;

/// The published ReLU on the same shares.
fn published(spec: &ReluSpec) -> Result<Mp2mlSpec, Error> {
    spec.validate()?;
    let Target::Modulus(modulus) = spec.target else {
        return Err(Error::Malformed {
            what: "MP2ML ReLU parameters".into(),
            detail: "it has no outputs in the ring of its inputs".into(),
        });
    };
    Ok(Mp2mlSpec {
        input_modulus: 1 << spec.share_bits,
        shift: spec.shift,
        modulus,
        word_bits: Mp2mlSpec::PUBLISHED_WORD_BITS,
        segment: MP2ML_SEGMENT,
    })
}

macro_rules! parties {
    ($($session:ty),*) => {$(
        impl $session {
            /// This party's ReLU by `protocol`.
            pub fn relu_by(&mut self, protocol: ReluProtocol) -> Box<dyn SharedRelu + '_> {
                match protocol {
                    ReluProtocol::Garbled => Box::new(Garbled(self)),
                    ReluProtocol::Ot => Box::new(Ot(self)),
                    ReluProtocol::Mp2ml => Box::new(Mp2ml(self)),
                }
            }
        }

        impl SharedRelu for Garbled<'_, $session> {
            fn prepare(
                &mut self,
                ch: &mut Channel,
                phase: Phase,
                layer: &str,
                spec: &ReluSpec,
                count: usize,
            ) -> Result<(), Error> {
                self.0.prepare_garbled(ch, phase, layer, spec, count)
            }

            fn relu(
                &mut self,
                ch: &mut Channel,
                layer: &str,
                spec: &ReluSpec,
                x: &[u32],
                y: &mut [u32],
            ) -> Result<(), Error> {
                self.0.relu(ch, layer, spec, x, y)
            }
        }

        impl SharedRelu for Ot<'_, $session> {
            fn prepare(
                &mut self,
                ch: &mut Channel,
                phase: Phase,
                layer: &str,
                spec: &ReluSpec,
                count: usize,
            ) -> Result<(), Error> {
                self.0.prepare_ot_relu(ch, phase, layer, spec, count)
            }

            fn relu(
                &mut self,
                ch: &mut Channel,
                layer: &str,
                spec: &ReluSpec,
                x: &[u32],
                y: &mut [u32],
            ) -> Result<(), Error> {
                self.0.ot_relu(ch, layer, spec, x, y)
            }
        }

        impl SharedRelu for Mp2ml<'_, $session> {
            fn prepare(
                &mut self,
                _: &mut Channel,
                _: Phase,
                _: &str,
                spec: &ReluSpec,
                _: usize,
            ) -> Result<(), Error> {
                published(spec).map(drop)
            }

            fn relu(
                &mut self,
                ch: &mut Channel,
                layer: &str,
                spec: &ReluSpec,
                x: &[u32],
                y: &mut [u32],
            ) -> Result<(), Error> {
                self.0.relu_mp2ml(ch, layer, &published(spec)?, x, y)
            }
        }
    )*};
}

parties!(GarblerSession, EvaluatorSession);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        for protocol in [ReluProtocol::Garbled, ReluProtocol::Ot, ReluProtocol::Mp2ml] {
            assert_eq!(
                protocol.to_string().parse::<ReluProtocol>().unwrap(),
                protocol
            );
        }
        assert!("both".parse::<ReluProtocol>().is_err());
    }
}
