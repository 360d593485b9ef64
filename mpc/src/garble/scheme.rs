//! The garbling schemes and what they cost on the wire.

use super::{kernel, three_halves};
use crate::Error;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// How AND gates are garbled. Everything else is common: labels of one scheme can be inputs of the other.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scheme {
    /// Half-gates (eprint 2014/756): 32 bytes an AND, 4 hashes to garble and 2 to evaluate.
    #[default]
    HalfGates,
    /// Three-halves (eprint 2021/749): 24.625 bytes an AND, 6 hashes to garble and 3 to evaluate.
    ThreeHalves,
}

impl Scheme {
    /// All schemes.
    pub const ALL: [Self; 2] = [Self::HalfGates, Self::ThreeHalves];

    /// Bytes of one AND gate's table in all [`LANES`](super::LANES) lanes: 512 or 394.
    #[must_use]
    pub const fn gate_bytes(self) -> usize {
        match self {
            Self::HalfGates => kernel::GATE_BYTES,
            Self::ThreeHalves => three_halves::GATE_BYTES,
        }
    }

    /// Bytes of the tables of `blocks` blocks of a template with `and_gates` AND gates; `usize::MAX` where that overflows.
    #[must_use]
    pub const fn table_bytes(self, and_gates: usize, blocks: usize) -> usize {
        self.gate_bytes()
            .saturating_mul(and_gates)
            .saturating_mul(blocks)
    }

    /// Hash keys a gate takes: the gate counter must stay below `2^64 / keys`.
    pub(super) const fn keys(self) -> u64 {
        match self {
            Self::HalfGates => 1,
            Self::ThreeHalves => three_halves::KEYS as u64,
        }
    }

    /// The domain of the gates' hash keys.
    pub(super) const fn domain(self) -> &'static str {
        match self {
            Self::HalfGates => "half-gates",
            Self::ThreeHalves => three_halves::DOMAIN,
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::HalfGates => "half-gates",
            Self::ThreeHalves => "three-halves",
        })
    }
}

impl FromStr for Scheme {
    type Err = Error;

    /// Parses `half-gates` or `three-halves`.
    fn from_str(text: &str) -> Result<Self, Error> {
        Self::ALL
            .into_iter()
            .find(|scheme| scheme.to_string() == text)
            .ok_or_else(|| Error::Malformed {
                what: "garbling scheme".into(),
                detail: format!("{text:?}; expected half-gates or three-halves"),
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::garble::{LANES, TABLE_BYTES};

    #[test]
    fn names_and_sizes() {
        for scheme in Scheme::ALL {
            assert_eq!(scheme.to_string().parse::<Scheme>().unwrap(), scheme);
        }
        assert!("two-halves".parse::<Scheme>().is_err());
        assert_eq!(Scheme::HalfGates.gate_bytes(), LANES * TABLE_BYTES);
        // 3 halves of 64 bits and 5 bits, for each of sixteen lanes.
        assert_eq!(Scheme::ThreeHalves.gate_bytes() * 8, LANES * (3 * 64 + 5));
        assert_eq!(Scheme::ThreeHalves.table_bytes(10, 3), 30 * 394);
        assert_eq!(Scheme::ThreeHalves.table_bytes(2, usize::MAX), usize::MAX);
    }
}
