//! What a value costs on the wire, from the protocols' message sizes alone.
//!
//! Averages over whole blocks of sixteen values; the correlated OTs' own bytes come on top
//! ([`crate::ot::CotProtocol::bytes_per_cot`]).

use super::{ReluProtocol, ReluSpec, ot};
use crate::garble::{LANES, Scheme};
use crate::mp2ml::Mp2mlSpec;

/// Bytes and correlated OTs of a value.
#[derive(Copy, Clone, Debug, Default, PartialEq)]
pub struct Traffic {
    /// Bytes from the evaluator to the garbler.
    pub to_garbler: f64,
    /// Bytes from the garbler to the evaluator.
    pub to_evaluator: f64,
    /// Correlated OTs in which the garbler chooses.
    pub garbler_chooses: f64,
    /// Correlated OTs in which the evaluator chooses.
    pub evaluator_chooses: f64,
}

/// Bytes of a bit.
const BIT: f64 = 1.0 / 8.0;
/// Bytes of a residue in the garbled protocol.
const RESIDUE: f64 = 4.0;

impl ReluProtocol {
    /// What a value of `spec` costs.
    #[must_use]
    pub fn traffic(self, spec: &ReluSpec, scheme: Scheme) -> Traffic {
        let truncation = f64::from(u8::from(spec.truncates()));
        let gates = f64::from(self.and_gates(spec));
        let tables = gates * scheme.gate_bytes() as f64 / LANES as f64;
        match self {
            Self::Garbled => Traffic {
                to_garbler: f64::from(spec.width) * BIT + (truncation + 1.0) * RESIDUE,
                to_evaluator: (truncation + 1.0) * BIT + tables + RESIDUE,
                garbler_chooses: truncation + 1.0,
                evaluator_chooses: f64::from(spec.width),
            },
            Self::Ot => {
                let sizes = ot::Sizes::of(spec);
                let residue = sizes.residue_bytes as f64;
                Traffic {
                    to_garbler: sizes.table_bytes as f64 + (truncation + 1.0) * residue,
                    to_evaluator: (sizes.choices as f64 + truncation + 1.0) * BIT + residue,
                    garbler_chooses: sizes.choices as f64 + truncation + 1.0,
                    evaluator_chooses: 1.0,
                }
            }
            Self::Mp2ml => {
                let word = f64::from(Mp2mlSpec::PUBLISHED_WORD_BITS);
                Traffic {
                    to_garbler: word * BIT,
                    to_evaluator: tables + word * BIT,
                    garbler_chooses: 0.0,
                    evaluator_chooses: word,
                }
            }
        }
    }
}
